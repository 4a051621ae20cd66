"""Windows and the clock: the same local day whoever asks, on days of 23, 24 and 25 hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data_access.errors import UsageError
from data_access.snapshot.loading import quarter_of
from data_access.windows import MONTH, WEEK, Clock, Window, day_begins, day_number, local_day, number_day, zone_of

ZONES = ("UTC", "America/New_York", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia")
times = st.datetimes(datetime(2012, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - its zone is given apart

connection = duckdb.connect()


@settings(max_examples=30, deadline=None)
@given(st.lists(times, min_size=1, max_size=60), st.sampled_from(ZONES))
@example([datetime(2026, 11, 1, 5, 59, 59, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC)], "America/New_York")
@example([datetime(2026, 3, 3, 7, 30, tzinfo=UTC)], "America/Los_Angeles")
def test_the_clock_of_the_database_is_the_calendar_of_the_zone(moments: list[datetime], name: str) -> None:
    zone = zone_of(name)
    clock = Clock.of(zone, min(moments), max(moments))
    connection.execute(
        "CREATE OR REPLACE TABLE moments AS SELECT unnest(?::TIMESTAMP[]) AS moment", [[when.replace(tzinfo=None) for when in moments]]
    )
    day = clock.day(quarter_of("moment"))
    slot = clock.slot(quarter_of("moment"))
    found = connection.execute(f"SELECT {day}, {slot}, {WEEK.sql(day)}, {MONTH.sql(day)} FROM moments").fetchall()
    for when, (day_of, slot, week, month) in zip(moments, found, strict=True):
        local = when.astimezone(zone)
        expected = local_day(when, zone)
        assert number_day(day_of) == expected
        assert slot == local.weekday() * 24 + local.hour
        assert number_day(week) == expected - timedelta(days=local.weekday()) == WEEK.start(expected)
        assert number_day(month) == expected.replace(day=1) == MONTH.start(expected)


@pytest.mark.parametrize(
    "when",
    [datetime(1712, 5, 4, 1, 23, tzinfo=UTC), datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), datetime(9998, 1, 1, tzinfo=UTC)],
)
def test_absurd_times_have_a_day_too(when: datetime) -> None:
    clock = Clock.of(zone_of("UTC"), when, when)
    day = clock.day(quarter_of("?::TIMESTAMP"))
    values = [when.replace(tzinfo=None)] * day.count("?")
    found = (
        duckdb.connect().execute(f"SELECT {day}, {clock.slot(quarter_of('$1::TIMESTAMP'))}".replace("?", "$1"), values[:1]).fetchall()[0]
    )
    assert found == (day_number(when.date()), when.weekday() * 24 + when.hour)


def test_a_day_begins_at_its_midnight_or_where_the_clocks_skip_it() -> None:
    assert day_begins(date(2026, 3, 8), zone_of("America/New_York")) == datetime(2026, 3, 8, 5, tzinfo=UTC)
    assert day_begins(date(2026, 3, 9), zone_of("America/New_York")) == datetime(2026, 3, 9, 4, tzinfo=UTC)
    # Cairo goes from 23:59:59 to 01:00.
    assert local_day(day_begins(date(2026, 4, 24), zone_of("Africa/Cairo")), zone_of("Africa/Cairo")) == date(2026, 4, 24)


def test_the_window_before_has_as_many_days() -> None:
    zone = zone_of("America/New_York")
    window = Window(day_begins(date(2026, 3, 8), zone), day_begins(date(2026, 3, 15), zone))
    assert window.before(zone) == Window(day_begins(date(2026, 3, 1), zone), window.since)
    after = Window(day_begins(date(2026, 3, 9), zone), day_begins(date(2026, 3, 16), zone))
    assert after.before(zone) == Window(day_begins(date(2026, 3, 2), zone), after.since)


def test_the_window_before_has_the_same_length_when_it_is_no_days() -> None:
    since = datetime(2026, 3, 8, 12, tzinfo=UTC)
    assert Window(since, since + timedelta(hours=5)).before(zone_of("UTC")) == Window(since - timedelta(hours=5), since)
    assert Window(since, None).before(zone_of("UTC")) is None
    assert Window(datetime(1, 1, 1, tzinfo=UTC), since).before(zone_of("UTC")) is None


def test_wrong_windows_and_zones_are_said() -> None:
    noon = datetime(2026, 3, 8, 12, tzinfo=UTC)
    with pytest.raises(UsageError, match="no length"):
        Window(noon, noon)
    with pytest.raises(UsageError, match="begins after it ends"):
        Window(noon, noon - timedelta(seconds=1))
    for name in ("Mars/Phobos", "", "../etc/passwd", "/etc/localtime", "Europe", "a" * 500, "Europe/Berlin\x00"):
        with pytest.raises(UsageError, match="There is no time zone"):
            zone_of(name)
