"""The periods in which a chart shows a series, and what a series' values are in them.

CloudWatch's own periods are the finest there is; a chart of two weeks has no room for 20,160 minutes. Sums may be added up,
an average is weighted, and of a percentile only the highest can be told. A period without a data point stays None.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from data_access.capacity.series import Series, floor_time

# Seconds. All but the last two divide a day, so that periods of UTC are those of any whole hour's clock.
_NICE = (60, 300, 900, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 604_800, 2_592_000)
MOST_PERIODS = 1_500  # of a line, below what one trace may have
MOST_COLUMNS = 110  # so that one can be seen, and hit


@dataclass(frozen=True, slots=True)
class Periods:
    """The periods of a window: the first begins with the window or in it. `starts` are in UTC."""

    since: datetime
    until: datetime
    seconds: int
    starts: tuple[datetime, ...]

    @classmethod
    def of(cls, since: datetime, until: datetime, *, least: int = 60, most: int = MOST_PERIODS) -> Periods:
        """Periods of a round length that are not shorter than `least` seconds, and at most `most` of them."""
        length = (until - since).total_seconds()
        seconds = next((one for one in _NICE if one >= least and length / one <= most), _NICE[-1])
        step, at, starts = timedelta(seconds=seconds), floor_time(since, seconds), list[datetime]()
        while at < until:
            starts.append(at)
            at += step
        return cls(since, until, seconds, tuple(starts))

    def read(self, clock: tzinfo) -> list[datetime]:
        """The starts as they are read on a clock, without their zone."""
        return [at.astimezone(clock).replace(tzinfo=None) for at in self.starts]

    def length_of(self, start: datetime) -> float:
        """Seconds of a period that are in the window: the first and the last can be cut."""
        return (min(start + timedelta(seconds=self.seconds), self.until) - max(start, self.since)).total_seconds()

    def _fold(self, series: Series, values: Sequence[float], fold: Callable[[Sequence[float]], float]) -> list[float | None]:
        found: list[float | None] = []
        begin = 0
        for start in self.starts:
            end = bisect_left(series.times, start + timedelta(seconds=self.seconds), begin)
            found.append(fold(values[begin:end]) if end > begin else None)
            begin = end
        return found

    def sums(self, series: Series) -> list[float | None]:
        """What was counted; of a Sum or a SampleCount."""
        return self._fold(series, series.values, sum)

    def highest_rate(self, series: Series) -> list[float | None]:
        """The highest of CloudWatch's own periods in each, in units a second; of a Sum."""
        return [None if value is None else value / series.metric.period for value in self._fold(series, series.values, max)]

    def average_rate(self, series: Series) -> list[float | None]:
        """Units a second over the whole of each period; of a Sum. Where a part is not known, neither is the average."""
        if series.status != "complete":
            return [None] * len(self.starts)
        return [
            None if total is None else total / self.length_of(start) for start, total in zip(self.starts, self.sums(series), strict=True)
        ]

    def highest(self, series: Series) -> list[float | None]:
        return self._fold(series, series.values, max)

    def levels(self, series: Series) -> list[float | None]:
        """What was set then, such as provisioned units: its mean, in every period that one of the series' own lies in."""
        coarse = series.metric.period
        if coarse <= self.seconds:
            return self._fold(series, series.values, lambda values: sum(values) / len(values))
        known = dict(zip(series.times, series.values, strict=True))
        return [known.get(floor_time(start, coarse)) for start in self.starts]

    def weighted(self, average: Series, calls: Series) -> list[float | None]:
        """The average of each period, by calls."""
        weights = dict(zip(calls.times, calls.values, strict=True))
        products = [value * weights.get(at, 0.0) for at, value in zip(average.times, average.values, strict=True)]
        counts = [weights.get(at, 0.0) for at in average.times]
        totals, numbers = self._fold(average, products, sum), self._fold(average, counts, sum)
        return [total / number if total is not None and number else None for total, number in zip(totals, numbers, strict=True)]


def added(rows: Iterable[Sequence[float | None]]) -> list[float | None]:
    """Sums by place; None where nobody knows anything."""
    return [sum(known) if (known := [value for value in column if value is not None]) else None for column in zip(*rows, strict=True)]


def chart_clock(zone: tzinfo, since: datetime, until: datetime) -> tzinfo:
    """By which clock a chart of a window is drawn: the zone's, or UTC where its clocks change in it, and an hour would be there twice."""
    at, offsets = since, {since.astimezone(zone).utcoffset(), until.astimezone(zone).utcoffset()}
    while at < until and len(offsets) == 1:
        at += timedelta(days=1)
        offsets.add(min(at, until).astimezone(zone).utcoffset())
    return zone if len(offsets) == 1 else UTC


def length_words(seconds: int) -> str:
    """A period in words: "minute", "5 minutes", "3 hours", "day"."""
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds % size == 0:
            count = seconds // size
            return name if count == 1 else f"{count} {name}s"
    return f"{seconds} seconds"
