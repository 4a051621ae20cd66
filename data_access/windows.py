"""Windows of time, and the one clock by which every day, hour, week and month of a zone is told.

Windows are half-open, [since, until). A day is a day of the zone's calendar: 23 or 25 hours long when the clocks change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from data_access.errors import UsageError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
QUARTERS_A_DAY = 96
_FIRST_DAY = EPOCH.toordinal()
_MICROSECOND = timedelta(microseconds=1)
_Days = np.ndarray[Any, np.dtype[np.int64]]


def zone_of(name: str) -> ZoneInfo:
    """The zone with this name, such as Europe/Berlin. Raises UsageError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"There is no time zone {name!r}.", "Write it like Europe/Berlin, America/New_York or UTC.") from None


def local_day(when: datetime, zone: ZoneInfo) -> date:
    """The day of an aware time on the zone's calendar: for every table, chart and export that shows one."""
    return when.astimezone(zone).date()


def day_begins(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a local day, in UTC. Where the clocks skip midnight, that is when the day begins after it."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def day_number(day: date) -> int:
    return day.toordinal() - _FIRST_DAY


def number_day(number: int) -> date:
    return date.fromordinal(number + _FIRST_DAY)


def micros(when: datetime) -> int:
    """Microseconds since 1970, exact."""
    return (when - EPOCH) // _MICROSECOND


@dataclass(frozen=True, slots=True)
class Window:
    """[since, until), aware times; None is without an end on that side."""

    since: datetime | None
    until: datetime | None

    def __post_init__(self) -> None:
        if self.since is None or self.until is None:
            return
        if self.since == self.until:
            raise UsageError("The window has no length: it begins and ends at the same time.", "Windows end before their until.")
        if self.since > self.until:
            raise UsageError("The window begins after it ends.", "Exchange since and until.")

    def before(self, zone: ZoneInfo) -> Window | None:
        """The window of the same length that ends where this one begins; None where this one has no length.

        From midnight to midnight the length is in days, so that a week before a change of clocks is a week too.
        """
        if self.since is None or self.until is None:
            return None
        since, until = self.since.astimezone(zone), self.until.astimezone(zone)
        try:
            if _at_midnight(since, zone) and _at_midnight(until, zone):
                return Window(day_begins(since.date() - (until.date() - since.date()), zone), self.since)
            return Window(self.since - (self.until - self.since), self.since)
        except (OverflowError, ValueError):
            return None


def _at_midnight(when: datetime, zone: ZoneInfo) -> bool:
    return day_begins(when.date(), zone) == when


@dataclass(frozen=True, slots=True)
class Clock:
    """The zone's offset from UTC over a stretch of time: `offsets[n]` quarters of an hour before `changes[n]`, the last one after."""

    changes: tuple[int, ...]
    offsets: tuple[int, ...]

    @classmethod
    def of(cls, zone: ZoneInfo, since: datetime, until: datetime) -> Clock:
        """Good from since to until. Times far outside of what zones know about keep the nearest offset."""
        years = range(max(1970, min(since.year, 2100)), min(2101, max(until.year, 1970) + 1))
        changes = [change for year in years for change in _changes(zone, year)]
        start = datetime(years.start, 1, 1, tzinfo=UTC)
        return cls(tuple(at for at, _ in changes), (_offset(zone, start), *(offset for _, offset in changes)))

    def local(self, quarter: str = "quarter") -> str:
        """SQL for the number of the local quarter: by whole numbers, since converting time zones row by row is slow."""
        if not self.changes:
            return f"({quarter} + {self.offsets[0]})"
        cases = " ".join(f"WHEN {quarter} < {at} THEN {offset}" for at, offset in zip(self.changes, self.offsets, strict=False))
        return f"({quarter} + CASE {cases} ELSE {self.offsets[-1]} END)"

    def day(self, quarter: str = "quarter") -> str:
        """SQL for the local day, as a number of days since 1970-01-01."""
        return _floor(self.local(quarter), QUARTERS_A_DAY)

    def slot(self, quarter: str = "quarter") -> str:
        """SQL for the hour of the local week: 0 is Monday from 00:00, 167 Sunday from 23:00."""
        hour = _floor(f"({self.local(quarter)} + {3 * QUARTERS_A_DAY})", 4)
        return f"({hour} % 168 + 168) % 168"


@dataclass(frozen=True, slots=True)
class Calendar:
    """Weeks or months: the first day of the one that a day is in, by number, for SQL and for arrays."""

    sql: Callable[[str], str]
    starts: Callable[[_Days], _Days]

    def start(self, day: date) -> date:
        return number_day(int(self.starts(np.array([day_number(day)]))[0]))


# 1970-01-01 was a Thursday.
WEEK = Calendar(lambda day: f"({_floor(f'({day} + 3)', 7)} * 7 - 3)", lambda day: (day + 3) // 7 * 7 - 3)
MONTH = Calendar(
    lambda day: f"date_diff('day', DATE '1970-01-01', date_trunc('month', DATE '1970-01-01' + {day})::DATE)::INTEGER",
    lambda day: day.astype("M8[D]").astype("M8[M]").astype("M8[D]").astype(np.int64),
)


def _floor(number: str, by: int) -> str:
    # DuckDB's // rounds to zero. The shift is a multiple of all that is divided by, and longer ago than any time.
    return f"(({number} + {by * 10_000_000}) // {by} - 10000000)"


@lru_cache(maxsize=4096)
def _changes(zone: ZoneInfo, year: int) -> tuple[tuple[int, int], ...]:
    """When the offset changes in a year (UTC) and to what, both in quarters of an hour."""
    start = datetime(year, 1, 1, tzinfo=UTC)
    days = (datetime(year + 1, 1, 1, tzinfo=UTC) - start).days
    return tuple(_between(zone, [start + timedelta(days=n) for n in range(days + 1)]))


def _between(zone: ZoneInfo, moments: list[datetime]) -> Iterable[tuple[int, int]]:
    before = _offset(zone, moments[0])
    for day, following in pairwise(moments):
        if (after := _offset(zone, following)) == before:
            continue
        low, high = 0, QUARTERS_A_DAY
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _offset(zone, day + middle * QUARTER) == before else (low, middle)
        yield (day + high * QUARTER - EPOCH) // QUARTER, after
        before = after


def _offset(zone: ZoneInfo, when: datetime) -> int:
    # Since 1972 every zone is a whole number of quarters from UTC.
    found = when.astimezone(zone).utcoffset()
    assert found is not None, "an aware time has an offset"
    return found // QUARTER
