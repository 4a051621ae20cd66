"""Every rule on every table and index: advice, and what was not judged or needs none, each with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from data_access.capacity.report import CapacityReport
from data_access.costs.advice.indexes import judge_heavy, judge_projection, judge_unused
from data_access.costs.advice.keeping import judge_expiry, judge_large, judge_recovery
from data_access.costs.advice.mode import judge_mode, judge_size
from data_access.costs.advice.model import Advice, Fine, Rule, Skipped, Unjudged, ordered
from data_access.costs.advice.partitions import judge_index_partitions, judge_table_partitions
from data_access.costs.advice.snapshot import Held, hold
from data_access.costs.advice.subject import DAYS, Subject
from data_access.costs.advice.table_class import judge_class
from data_access.costs.observed import Growth, Observed, ResourceCosts, grow, this_time
from data_access.settings import Place
from data_access.snapshot.hot import Hot
from data_access.systems.check import TableHealth

_TABLE_RULES: tuple[tuple[Rule, Callable[[Subject], Iterator[Advice]]], ...] = (
    ("billing mode", judge_mode),
    ("right size", judge_size),
    ("table class", judge_class),
    ("time to live", judge_expiry),
    ("recovery", judge_recovery),
    ("large items", judge_large),
    ("hot partition", judge_table_partitions),
)
_INDEX_RULES: tuple[tuple[Rule, Callable[[Subject, ResourceCosts], Iterator[Advice]]], ...] = (
    ("unused index", judge_unused),
    ("projection", judge_projection),
    ("write-heavy index", judge_heavy),
    ("hot partition", lambda subject, index: judge_index_partitions(subject, index.index or "")),
)


def window(now: datetime | None = None) -> tuple[datetime, datetime]:
    """What advice is judged by: the last two weeks, to the last full hour. CloudWatch keeps minutes for 15 days, and is paid for each
    question: two weeks are hardly another after five minutes."""
    until = this_time(now).replace(minute=0)
    return until - timedelta(days=DAYS), until


def advise(
    observed: Observed,
    capacity: Mapping[str, CapacityReport],
    places: Mapping[str, Place],
    *,
    health: Mapping[str, Sequence[TableHealth]] | None = None,
    growth: Growth | None = None,
    held: Mapping[tuple[str, str], Held] | None = None,
) -> tuple[tuple[Advice, ...], tuple[Skipped, ...]]:
    """Advice by dollars, the most first, and what was skipped.

    `observed` and the reports in `capacity` are of one window, see `window`; prices are those of `observed`. `health`, by system,
    says whether a time to live is on; `growth` and `held` (by system and table) are the snapshot's. What is not given is not
    judged by. Savings are a month's, without the free tier.
    """
    advice: list[Advice] = []
    skipped: list[Skipped] = []
    for subject in _subjects(observed, capacity, places, health or {}, growth, held or {}):
        for rule, judge in _TABLE_RULES:
            _apply(rule, subject, None, lambda judge=judge, subject=subject: judge(subject), advice, skipped)
        for index in subject.indexes:
            for rule, judge_index in _INDEX_RULES:
                _apply(
                    rule,
                    subject,
                    index.index,
                    lambda judge=judge_index, subject=subject, index=index: judge(subject, index),
                    advice,
                    skipped,
                )
    return ordered(advice), (*_absent(observed, places), *skipped)


def advise_from(
    observed: Observed,
    capacity: Mapping[str, CapacityReport],
    places: Mapping[str, Place],
    health: Mapping[str, Sequence[TableHealth]],
    hot: Hot | None,
) -> tuple[tuple[Advice, ...], tuple[Skipped, ...]]:
    """As `advise`, with what the snapshot knows. Raises SnapshotError."""
    growth = None if hot is None else grow(hot, observed, now=observed.until)
    held = None if hot is None else hold(hot, observed.since, observed.until)
    return advise(observed, capacity, places, health=health, growth=growth, held=held)


def _apply(
    rule: Rule,
    subject: Subject,
    index: str | None,
    judge: Callable[[], Iterator[Advice]],
    advice: list[Advice],
    skipped: list[Skipped],
) -> None:
    try:
        advice += judge()
    except Unjudged as why:
        skipped.append(Skipped(rule, subject.table, index, str(why), subject.system))
    except Fine as why:
        skipped.append(Skipped(rule, subject.table, index, str(why), subject.system, fine=True))


def _subjects(
    observed: Observed,
    capacity: Mapping[str, CapacityReport],
    places: Mapping[str, Place],
    health: Mapping[str, Sequence[TableHealth]],
    growth: Growth | None,
    held: Mapping[tuple[str, str], Held],
) -> Iterator[Subject]:
    """Every table that was observed, with its indexes."""
    grown = {} if growth is None else {(one.system, one.table): one for one in growth.tables}
    for own in observed.resources:
        if own.index is not None:
            continue
        place = places.get(own.system)
        key = None if place is None else next((key for key, name in place.tables.items() if name == own.table), None)
        report = capacity.get(own.system)
        yield Subject(
            system=own.system,
            table=own.table,
            own=own,
            indexes=tuple(one for one in observed.of(own.system) if one.table == own.table and one.index is not None),
            layout=None if place is None or key is None else place.system.tables[key],
            capacity=None if report is None else next((one for one in report.tables if one.live.name == own.table), None),
            prices=observed.prices.get(own.region),
            health=next((one for one in health.get(own.system, ()) if one.name == own.table), None),
            growth=grown.get((own.system, own.table)),
            held=held.get((own.system, own.table)),
            since=observed.since if report is None else report.since,
            until=observed.until if report is None else report.until,
            sample=observed.sample or (report is not None and report.sample),
        )


def _absent(observed: Observed, places: Mapping[str, Place]) -> Iterator[Skipped]:
    """Tables of the systems that could not be observed at all: one that vanished, one that nobody may describe."""
    there = {(one.system, one.table) for one in observed.resources}
    for system, place in places.items():
        for table in place.tables.values():
            if (system, table) not in there:
                why = next((str(problem) for problem in observed.problems if problem.table == table), "The table could not be read.")
                yield Skipped("billing mode", table, None, why, system)
