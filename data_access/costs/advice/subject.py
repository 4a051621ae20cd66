"""All that is known of one live table, and whether its minutes can be judged by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor

from data_access.capacity.report import Flow, TableCapacity
from data_access.capacity.series import Series
from data_access.costs.advice.model import Unjudged
from data_access.costs.advice.snapshot import Held
from data_access.costs.observed import ResourceCosts, TableGrowth
from data_access.costs.prices import Prices, Rates
from data_access.systems.check import TableHealth
from data_access.systems.spec import Table

DAYS = 14  # CloudWatch keeps minutes for 15
LEAST_DAYS = 3
LEAST_READABLE = 0.9
MOST_PERIOD = 300  # seconds; an hour's mean says nothing of a peak
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Subject:
    """One live table with its indexes. `capacity` is None where CloudWatch's report has it not; `layout` where no system's file has
    it; `health`, `growth` and `held` where nobody looked, or there is no snapshot.
    """

    system: str
    table: str
    own: ResourceCosts
    indexes: tuple[ResourceCosts, ...]
    layout: Table | None
    capacity: TableCapacity | None
    prices: Prices | None
    health: TableHealth | None
    growth: TableGrowth | None
    held: Held | None
    since: datetime
    until: datetime
    sample: bool

    @property
    def region(self) -> str:
        return self.own.region

    @property
    def rates(self) -> Rates:
        """Of the table's class. Raises Unjudged where the Region has no prices."""
        return self.priced.rates(self.own.table_class)

    @property
    def priced(self) -> Prices:
        """Raises Unjudged where the Region has no prices."""
        if self.prices is None:
            raise Unjudged("The prices of its Region are not known.")
        return self.prices

    @property
    def counted(self) -> TableCapacity:
        """Raises Unjudged where CloudWatch's report has it not."""
        if self.capacity is None:
            raise Unjudged("What CloudWatch counted of this table is not known.")
        return self.capacity

    @property
    def dated(self) -> str:
        """Where the prices are from."""
        return f"Prices: {self.priced.source} of {self.priced.dated} ({self.priced.region}), without the free tier."

    @property
    def begins(self) -> datetime:
        """The start of the window, or of the table where it is younger. The sample is older than the local table that it lies in."""
        created = None if self.sample or self.capacity is None else self.capacity.live.created_at
        return self.since if created is None else max(self.since, created)

    @property
    def days(self) -> float:
        return max(0.0, (self.until - self.begins) / timedelta(days=1))

    @property
    def throttled(self) -> float | None:
        """Throttled requests of the table and all its indexes; None where not all of them are known."""
        series = [flow.throttles for _, flow in self.counted.flows()]
        return None if any(one.status != "complete" for one in series) else sum(one.total or 0.0 for one in series)

    def flows(self, index: str | None) -> tuple[Flow, Flow]:
        """Reads and writes of the table alone (None), or of one index. Raises Unjudged."""
        found = tuple(flow for name, flow in self.counted.flows() if name == index)
        if len(found) != 2:
            raise Unjudged("What CloudWatch counted of this index is not known.")
        return found[0], found[1]


@dataclass(frozen=True, slots=True)
class Minutes:
    """Units a second of each minute, those without a data point as 0; `points` is the share that have one, `readable` the share
    that CloudWatch was able to tell of."""

    rates: tuple[float, ...]
    period: int
    points: float
    readable: float

    @property
    def mean(self) -> float:
        return sum(self.rates) / len(self.rates)

    @property
    def most(self) -> float:
        return max(self.rates)

    def percentile(self, share: float) -> float:
        """The smallest rate that is not below this share of all minutes."""
        return sorted(self.rates)[max(0, ceil(share * len(self.rates)) - 1)]


def minutes_of(subject: Subject, series: Series) -> Minutes:
    """A Sum of units as a rate by minute: each value divided by its own period.

    A minute without a data point had no traffic, if CloudWatch answered in full and knows the table at all. Raises Unjudged.
    """
    readable = _readable(subject, series)
    period = series.metric.period
    if period > MOST_PERIOD:
        raise Unjudged(f"CloudWatch has values of {period // 60} minutes only for this window: a peak is not seen in them.")
    begin = subject.begins
    count = floor((subject.until - begin) / _MINUTE)
    rates = [0.0] * count
    for at, value in zip(series.times, series.values, strict=True):
        first = floor((at - begin) / _MINUTE)
        for minute in range(max(0, first), min(count, first + max(1, period // 60))):
            rates[minute] = value / period
    return Minutes(tuple(rates), period, series.coverage, readable)


def check_readable(subject: Subject) -> float:
    """The least share of the window that CloudWatch could tell of, over all that was consumed. Raises Unjudged."""
    return min(_readable(subject, flow.consumed) for _, flow in subject.counted.flows())


def is_alive(capacity: TableCapacity) -> bool:
    """Whether CloudWatch knows the table: any data point of it or of an index of it."""
    return any(flow.consumed.values or (flow.provisioned is not None and flow.provisioned.values) for _, flow in capacity.flows())


def _readable(subject: Subject, series: Series) -> float:
    if series.status in ("denied", "throttled", "failed"):
        raise Unjudged(
            {
                "denied": "CloudWatch may not be asked by this identity.",
                "throttled": "CloudWatch was asked too often.",
                "failed": "CloudWatch did not answer.",
            }[series.status]
        )
    if subject.days < LEAST_DAYS:
        raise Unjudged(f"Only {subject.days:.1f} days are known; {LEAST_DAYS} are needed.")
    if not is_alive(subject.counted):
        raise Unjudged("CloudWatch has nothing of this table in the window: no traffic, or not known there.")
    readable = 1.0 if series.status == "complete" else series.coverage
    if readable < LEAST_READABLE:
        raise Unjudged(f"CloudWatch gave only a part of it: {readable:.0%} of the window, and {LEAST_READABLE:.0%} are needed.")
    return readable


def seen(subject: Subject, minutes: Sequence[Minutes]) -> str:
    """Window and coverage, in a sentence."""
    points = [one.points for one in minutes]
    low, high = min(points), max(points)
    share = f"{low:.1%}" if f"{low:.1%}" == f"{high:.1%}" else f"{low:.1%} to {high:.1%}"
    length = "minutes" if all(one.period == 60 for one in minutes) else "periods of up to five minutes"
    return f"CloudWatch, {words(subject)}: data points in {share} of the {length}; in the others nothing was consumed."


def words(subject: Subject) -> str:
    """The window: 14.0 days until 20 Nov 2026 12:00 UTC."""
    sample = " (sample data)" if subject.sample else ""
    return f"{subject.days:.1f} days until {subject.until.day} {subject.until:%b %Y %H:%M} UTC{sample}"


def length_factor(subject: Subject) -> tuple[float, str]:
    """How far the window is one to go by: a week has every day of the week in it, two have them twice."""
    return 0.6 + 0.4 * min(1.0, subject.days / DAYS), f"{subject.days:.1f} of {DAYS} days"


def all_resources(subject: Subject) -> Iterator[ResourceCosts]:
    yield subject.own
    yield from subject.indexes
