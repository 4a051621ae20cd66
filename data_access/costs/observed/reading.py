"""What the tables of some systems cost in a window, from DynamoDB, CloudWatch, the price list and the snapshot.

What fails is said in `problems` and takes nothing else with it: a table that vanished has no lines, what CloudWatch does not
tell is unknown, and so is what has no price.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from data_access.capacity.series import Answer, Metric, Series
from data_access.costs.observed.allowance import free_usd
from data_access.costs.observed.clock import Span, span_of
from data_access.costs.observed.described import TableSeen, look_at
from data_access.costs.observed.lines import resources_of
from data_access.costs.observed.model import Observed, ResourceCosts, add
from data_access.costs.observed.traffic import metrics_of
from data_access.costs.prices import Prices
from data_access.dynamo.aws import CONCURRENCY, Source
from data_access.errors import AwsError, DataAccessError, UsageError
from data_access.snapshot.sizes import Stored


class Readable(Protocol):
    """What is needed of CloudWatch. `sample` where it is played."""

    @property
    def sample(self) -> bool: ...

    def read(self, metrics: Sequence[Metric], since: datetime, until: datetime, /) -> Answer: ...


class PriceSource(Protocol):
    """What is needed of the price book."""

    def prices(self, region: str, /) -> Prices: ...


@dataclass(frozen=True, slots=True)
class _Seen:
    source: Source
    table: TableSeen


def observe(
    sources: Mapping[str, Source],
    cloudwatches: Mapping[str, Readable],
    book: PriceSource,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    now: datetime | None = None,
    free_tier: bool = False,
    stored: Mapping[str, Mapping[str, Stored]] | None = None,
    keepers: Mapping[str, Any] | None = None,
    region: str | None = None,
) -> Observed:
    """Every table and every global secondary index of the systems in `sources`, in whole hours of UTC.

    `stored` is, by system, what the snapshot knows to lie in each live table: for tables of which DescribeTable has no size.
    `keepers` are the clients that know a system's backups where its source's own does not: in local mode. `region` prices
    everything as in that Region. Raises UsageError: a wrong window, a `region` that is not known.
    """
    span = span_of(since, until, now or datetime.now(UTC))
    fixed = book.prices(region) if region is not None else None
    seen, problems = _look(sources, stored or {}, keepers or {})
    series, own_usd, unanswered = _count(sources, cloudwatches, seen, span)
    problems += unanswered
    prices: dict[str, Prices] = {}
    for here in dict.fromkeys(region or one.source.place.region for one in seen):
        try:
            prices[here] = fixed or book.prices(here)
        except UsageError as error:
            problems.append(error)
    resources: list[ResourceCosts] = []
    owners: dict[tuple[str, str], list[ResourceCosts]] = {}
    for one in seen:
        here = one.source.place.region
        made = resources_of(one.source.id, here, one.table, series.get(one.source.id, {}), span, prices.get(region or here))
        resources += made
        owners.setdefault((one.table.account, region or here), []).extend(made)
    off = month_off = None
    if free_tier:
        off, month_off = (
            add(free_usd(made, prices[here], span.months, projected=full) for (_, here), made in owners.items() if here in prices)
            for full in (False, True)
        )
    total = _less(add(resource.usd for resource in resources), off)
    # A table whose lines are all too young, or not known, would make of a month's sum less than the month so far.
    young = any(line.usd is not None and line.month_usd is None for resource in resources for line in resource.lines)
    return Observed(
        span.since,
        span.until,
        tuple(resources),
        off,
        total,
        total if span.is_month_so_far else None,
        None if young else _less(add(resource.month_usd for resource in resources), month_off),
        prices,
        tuple(_once(problems)),
        own_usd,
        any(cloudwatches[system].sample for system in sources if system in cloudwatches),
        free_tier,
    )


def _look(
    sources: Mapping[str, Source], stored: Mapping[str, Mapping[str, Stored]], keepers: Mapping[str, Any]
) -> tuple[list[_Seen], list[DataAccessError]]:
    """Every table that is there, in the order of the systems and of their files."""

    def one(source: Source, name: str) -> TableSeen | AwsError:
        try:
            return look_at(source, name, stored.get(source.id, {}).get(name), keepers.get(source.id))
        except AwsError as error:
            return error

    wanted = [(source, name) for source in sources.values() for name in source.place.tables.values()]
    with ThreadPoolExecutor(CONCURRENCY, "costs") as pool:
        found = list(pool.map(one, *zip(*wanted, strict=True))) if wanted else []
    seen: list[_Seen] = []
    problems: list[DataAccessError] = []
    for (source, _), table in zip(wanted, found, strict=True):
        if isinstance(table, AwsError):
            problems.append(table)
        else:
            seen.append(_Seen(source, table))
            problems += table.problems
    return seen, problems


def _count(
    sources: Mapping[str, Source], cloudwatches: Mapping[str, Readable], seen: list[_Seen], span: Span
) -> tuple[dict[str, Mapping[Metric, Series]], float, list[DataAccessError]]:
    """Series by system, what asking for them cost, and what failed."""
    series: dict[str, Mapping[Metric, Series]] = {}
    usd = 0.0
    problems: list[DataAccessError] = []
    for system in sources:
        metrics = tuple(metric for one in seen if one.source.id == system for metric in metrics_of(one.table, span))
        # There is nothing to ask for in the first moment of a month.
        if system in cloudwatches and metrics and span.since < span.until:
            answer = cloudwatches[system].read(metrics, span.since, span.until)
            series[system] = answer.series
            usd += answer.usd
            problems += answer.problems
    return series, usd, problems


def _less(usd: float | None, off: float | None) -> float | None:
    return usd if usd is None or off is None else max(0.0, usd - off)


def _once(problems: list[DataAccessError]) -> list[DataAccessError]:
    """Each said once: several systems may meet the same closed door."""
    return list({(type(problem), str(problem)): problem for problem in problems}.values())
