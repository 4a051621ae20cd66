"""A question to CloudWatch and its answer, in plain values.

Times are aware and in UTC, the start of the period they stand for. CloudWatch stores nothing for a period
without traffic, so a period that is not in a series is "no data point", never 0; `coverage` says how many
of the window's periods have one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from data_access.errors import DataAccessError

Status = Literal["complete", "partial", "denied", "throttled", "failed"]


@dataclass(frozen=True, slots=True)
class Metric:
    """What is asked: a metric of namespace AWS/DynamoDB, its statistic, its period in seconds and its dimensions."""

    name: str
    stat: str
    period: int
    table: str | None = None
    index: str | None = None
    operation: str | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """The data points of one metric in `[since, until)`; only periods that have one, ascending."""

    metric: Metric
    since: datetime
    until: datetime
    times: tuple[datetime, ...]
    values: tuple[float, ...]
    status: Status

    @property
    def expected(self) -> int:
        """The number of periods that begin in the window."""
        return periods_within(self.since, self.until, self.metric.period)

    @property
    def coverage(self) -> float:
        """The share of the window's periods that have a data point, 0 to 1; 0 for an empty window."""
        expected = self.expected
        return min(1.0, len(self.times) / expected) if expected else 0.0

    @property
    def total(self) -> float | None:
        """The sum of the values; None without any data point. Only a Sum or a SampleCount may be added up."""
        return sum(self.values) if self.values else None

    @property
    def peak(self) -> float | None:
        """The highest value; None without any data point."""
        return max(self.values, default=None)

    @property
    def latest(self) -> float | None:
        """The value of the last data point; None without any."""
        return self.values[-1] if self.values else None

    def rates(self) -> tuple[float, ...]:
        """Each value divided by this series' own period: units a second, of a Sum."""
        return tuple(value / self.metric.period for value in self.values)


@dataclass(frozen=True, slots=True)
class Answer:
    """Series by the metric asked for, and what the question cost.

    `asked` counts the metrics CloudWatch was asked for (0 if all came from memory), `requests` its calls and
    `usd` their price. `as_of` is when the oldest of the data was read; `sample` says that it is sample data.
    """

    series: Mapping[Metric, Series]
    asked: int
    requests: int
    usd: float
    problems: tuple[DataAccessError, ...]
    as_of: datetime
    sample: bool


def periods_within(since: datetime, until: datetime, period: int) -> int:
    """How many periods of that many seconds, counted from the epoch as CloudWatch does, begin in `[since, until)`."""
    first, end = -(-_seconds(since) // period), -(-_seconds(until) // period)
    return max(0, int(end - first))


def floor_time(moment: datetime, period: int) -> datetime:
    """The start of the period that holds the moment."""
    return _EPOCH + timedelta(seconds=_seconds(moment) // period * period)


def ceil_time(moment: datetime, period: int) -> datetime:
    """The first start of a period that is not before the moment."""
    return _EPOCH + timedelta(seconds=-(-_seconds(moment) // period) * period)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _seconds(moment: datetime) -> float:
    return (moment - _EPOCH).total_seconds()
