"""When a request came in, as the page of a person takes it: the due date goes by the calendar of whoever looks."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from data_access.erasure.model import due_date
from pages.ui.person_scope import _moment


@pytest.mark.parametrize(
    "zone, day, due",
    [
        ("Europe/Berlin", date(2026, 1, 31), date(2026, 2, 28)),  # in UTC it is the 30th still, and a month later the 1st of March here
        ("Europe/Berlin", date(2028, 1, 31), date(2028, 2, 29)),
        ("Europe/Berlin", date(2026, 3, 1), date(2026, 4, 1)),  # over the change of the clocks
        ("Australia/Sydney", date(2026, 1, 31), date(2026, 2, 28)),
        ("Australia/Sydney", date(2026, 3, 31), date(2026, 4, 30)),
        ("America/Los_Angeles", date(2026, 1, 31), date(2026, 2, 28)),
        ("UTC", date(2026, 1, 31), date(2026, 2, 28)),
    ],
)
def test_a_month_is_one_of_the_viewers_calendar(zone: str, day: date, due: date) -> None:
    here = ZoneInfo(zone)
    received = _moment(day, date(2030, 1, 1), here)
    assert received.astimezone(here) == datetime(day.year, day.month, day.day, tzinfo=here)
    assert due_date(received).astimezone(UTC).astimezone(here).date() == due


def test_today_is_this_moment_by_the_same_calendar() -> None:
    here = ZoneInfo("Pacific/Auckland")
    before = datetime.now(UTC)
    received = _moment(before.astimezone(here).date(), before.astimezone(here).date(), here)
    assert before <= received <= datetime.now(UTC)
    assert received.utcoffset() == datetime.now(here).utcoffset()
