"""Windows and months: their ends, their lengths, and that a window's parts add up to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from random import Random

import pytest

from data_access.costs.observed.clock import Span, month_begins, months_between, next_month, span_of, this_time
from data_access.errors import UsageError


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    "now, since, months",
    [
        (at(2026, 11, 16), at(2026, 11, 1), 0.5),
        (at(2026, 2, 15), at(2026, 2, 1), 14 / 28),
        (at(2028, 2, 15), at(2028, 2, 1), 14 / 29),  # a leap year
        (at(2028, 2, 29, 23, 59), at(2028, 2, 1), (29 * 1_440 - 1) / (29 * 1_440)),
        (at(2026, 12, 31, 12), at(2026, 12, 1), 30.5 / 31),
        (at(2027, 1, 1, 0, 1), at(2027, 1, 1), 1 / (31 * 1_440)),  # the first minute of a month, and of a year
        (at(2027, 1, 1), at(2027, 1, 1), 0.0),
    ],
)
def test_this_month_so_far(now: datetime, since: datetime, months: float) -> None:
    span = span_of(None, None, now)
    assert (span.since, span.until, span.is_month_so_far) == (since, now, True)
    assert span.months == pytest.approx(months)


def test_a_month_is_told_in_utc_wherever_now_is() -> None:
    there = datetime(2026, 12, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))  # still November in UTC
    assert span_of(None, None, there).since == at(2026, 11, 1)


def test_a_window_is_of_whole_hours_and_ends_no_later_than_now() -> None:
    now = at(2026, 11, 20, 9, 41)
    assert span_of(at(2026, 11, 3, 4, 59), at(2026, 11, 5, 6, 1), now) == Span(at(2026, 11, 3, 4), at(2026, 11, 5, 6), False)
    assert span_of(at(2026, 11, 3), at(2027, 1, 1), now) == Span(at(2026, 11, 3), now, False)
    assert span_of(at(2026, 11, 1), None, now).is_month_so_far
    # The end alone: the month that it lies in.
    assert span_of(None, at(2026, 10, 9), now) == Span(at(2026, 10, 1), at(2026, 10, 9), False)


@pytest.mark.parametrize(
    "since, until",
    [
        (at(2026, 11, 3, 4, 10), at(2026, 11, 3, 4, 50)),
        (at(2026, 11, 4), at(2026, 11, 3)),
        (at(2026, 11, 21), None),
        (datetime(2026, 11, 1), None),  # noqa: DTZ001
    ],
)
def test_a_wrong_window_is_refused(since: datetime, until: datetime | None) -> None:
    with pytest.raises(UsageError):
        span_of(since, until, at(2026, 11, 20, 9, 41))


def test_the_parts_of_a_window_add_up_to_it() -> None:
    rng = Random(4)
    for _ in range(300):
        ends = sorted(at(2027, 1, 1) + timedelta(hours=rng.randrange(20_000)) for _ in range(rng.randrange(2, 9)))
        parts = [months_between(first, after) for first, after in pairwise(ends)]
        assert sum(parts) == pytest.approx(months_between(ends[0], ends[-1]))


def test_every_month_is_one_month_long() -> None:
    month = at(2026, 1, 1)
    for number in range(1, 40):
        assert months_between(month, next_month(month)) == pytest.approx(1)
        assert months_between(at(2026, 1, 1), next_month(month)) == pytest.approx(number)
        assert month_begins(next_month(month) - timedelta(microseconds=1)) == month
        month = next_month(month)


def test_a_short_window_says_nothing_of_a_month() -> None:
    assert Span(at(2026, 11, 1), at(2026, 11, 1, 23, 59), True).month_of(1.0) is None
    assert Span(at(2026, 11, 1), at(2026, 11, 2), True).month_of(1.0) == pytest.approx(30)
    assert Span(at(2026, 11, 1), at(2026, 11, 2), True).month_of(None) is None


def test_a_window_to_now_ends_at_full_five_minutes() -> None:
    assert this_time(at(2026, 11, 20, 9, 44, 59)) == at(2026, 11, 20, 9, 40)
    assert this_time(at(2026, 12, 1)) == at(2026, 12, 1)
