"""One clock: the zone, and time in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pages.ui import filters, times

NOW = datetime(2026, 11, 20, 7, 33, tzinfo=UTC)
LOS_ANGELES = ZoneInfo("America/Los_Angeles")


def test_late_evening_is_on_the_local_day() -> None:
    at = datetime(2026, 11, 20, 7, 30, tzinfo=UTC)  # 23:30 the day before, eight hours west
    assert times.moment(at, LOS_ANGELES) == "2026-11-19 23:30"
    assert times.moment(None, LOS_ANGELES) == "–"


@pytest.mark.parametrize(
    "seconds, words",
    [
        (0, "0 s"),
        (0.42, "0.4 s"),
        (8, "8 s"),
        (59.6, "1 min"),
        (252, "4 min 12 s"),
        (3600, "1 h"),
        (3605, "1 h"),
        (4320, "1 h 12 min"),
        (266_400, "3 d 2 h"),
        (-5, "−5 s"),
        (None, "–"),
    ],
)
def test_durations(seconds: float | None, words: str) -> None:
    assert times.duration(seconds) == words


@pytest.mark.parametrize(
    "back, words",
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=3), "3 hours ago"),
        (timedelta(days=2, hours=1), "2 days ago"),
        (timedelta(days=-2), "in 2 days"),
        (timedelta(days=800), "2 years ago"),
    ],
)
def test_ago(back: timedelta, words: str) -> None:
    assert times.ago(NOW - back, NOW) == words


def test_a_preset_slides_in_steps_so_that_one_question_stays_one() -> None:
    first = filters.window("24h", (), UTC_ZONE, NOW)
    assert first == filters.window("24h", (), UTC_ZONE, NOW + timedelta(minutes=1))
    assert first == (datetime(2026, 11, 19, 7, 30, tzinfo=UTC), None)
    assert filters.window("all", (), UTC_ZONE, NOW) == (None, None)


def test_days_are_whole_days_of_the_viewers_zone_across_a_clock_change() -> None:
    since, until = filters.window("custom", (date(2026, 10, 31), date(2026, 11, 1)), LOS_ANGELES, NOW)
    assert since is not None
    assert until is not None
    assert since.astimezone(UTC) == datetime(2026, 10, 31, 7, tzinfo=UTC)
    assert until.astimezone(UTC) == datetime(2026, 11, 2, 8, tzinfo=UTC)
    assert filters.window("custom", (date(2026, 10, 31),), LOS_ANGELES, NOW) == (None, None)


UTC_ZONE = ZoneInfo("UTC")
