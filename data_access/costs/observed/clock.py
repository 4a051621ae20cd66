"""The window of an account of costs, and what share of a month it is.

AWS's months are calendar months in UTC, of 672 to 744 hours; storage is billed by the hours it lay there. So a window's share
of a month is its hours by the hours of the month they fall in, and the shares of a window's parts add up to its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from data_access.errors import UsageError

# Below a day of usage there is no night in it: a month made from it would be no better than a guess.
LEAST = timedelta(hours=24)
# Windows that reach to now end at a full five minutes, so that one answer serves everybody for as long.
STEP = timedelta(minutes=5)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Whole hours of UTC, `[since, until)`; only a window that reaches to this moment ends within an hour.

    It is empty in the first moment of a month. `is_month_so_far` when it began with this month and ends now.
    """

    since: datetime
    until: datetime
    is_month_so_far: bool

    @property
    def months(self) -> float:
        """The window as a share of a month, or a number of months."""
        return months_between(self.since, self.until)

    @property
    def hours(self) -> float:
        return (self.until - self.since) / _HOUR

    def month_of(self, usd: float | None) -> float | None:
        """A whole month's dollars at the window's rate; None where the window is too short to say."""
        return None if usd is None or self.until - self.since < LEAST else usd / self.months


def span_of(since: datetime | None, until: datetime | None, now: datetime) -> Span:
    """The window that is meant; by default this month so far. What is after `now` has not been used yet and is left out.

    Raises UsageError: times without a zone, a window without a whole hour, one that begins after it ends or after now.
    """
    if any(when is not None and when.tzinfo is None for when in (since, until, now)):
        raise UsageError("A time of the window has no time zone.", "Give aware times.")
    now = now.astimezone(UTC)
    end = now if until is None or until > now else _hour(until.astimezone(UTC))
    begin = month_begins(end) if since is None else _hour(since.astimezone(UTC))
    if since is not None and begin >= now:
        raise UsageError("The window has not begun yet.", "Let it begin in the past.")
    if begin > end or (begin == end and not end == now):
        raise UsageError("The window has no whole hour in it.", "Let it begin an hour or more before it ends.")
    return Span(begin, end, begin == month_begins(now) and end == now)


def this_time(now: datetime | None = None) -> datetime:
    """The last full five minutes."""
    return _EPOCH + ((now or datetime.now(UTC)) - _EPOCH) // STEP * STEP


def month_begins(when: datetime) -> datetime:
    return when.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_month(when: datetime) -> datetime:
    return month_begins(month_begins(when) + timedelta(days=31))


def months_between(since: datetime, until: datetime) -> float:
    """Months in `[since, until)`, each hour as a share of its own month; 0 where it is empty."""
    total = 0.0
    while since < until:
        first, after = month_begins(since), next_month(since)
        total += (min(after, until) - since) / (after - first)
        since = after
    return total


def _hour(when: datetime) -> datetime:
    return when.replace(minute=0, second=0, microsecond=0)
