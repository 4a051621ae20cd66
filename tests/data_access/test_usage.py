"""Every metric and every series against pandas, on made-up rows and on the sample data."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from data_access.errors import UsageError
from data_access.snapshot.hot import Hot
from data_access.usage import METRICS, SERIES, UsageFilter, Window, usage
from tests.data_access import usage_oracle
from tests.data_access.asked import BEGIN, END, NOW, Rows, from_sample, hot, invented, message, talk

DAY = timedelta(days=1)
SAMPLE_UNTIL = datetime(2026, 4, 1, 9, tzinfo=UTC)


@cache
def made(source: str) -> tuple[Hot, Rows, datetime]:
    rows = from_sample(SAMPLE_UNTIL) if source == "sample" else invented(int(source))
    return hot(rows), rows, SAMPLE_UNTIL if source == "sample" else NOW


FILTERS = {
    "everything": UsageFilter(),
    "utc days": UsageFilter(since=BEGIN, until=END),
    "across a change of clocks": UsageFilter(
        since=datetime(2026, 3, 6, 5, tzinfo=UTC), until=datetime(2026, 3, 12, 4, tzinfo=UTC), zone="America/New_York"
    ),
    "the short day in Berlin": UsageFilter(
        since=datetime(2026, 3, 28, 23, tzinfo=UTC), until=datetime(2026, 3, 29, 22, tzinfo=UTC), zone="Europe/Berlin"
    ),
    "ragged ends": UsageFilter(
        since=datetime(2026, 2, 28, 11, 3, 7, 5, tzinfo=UTC),
        until=datetime(2026, 3, 19, 17, 44, 59, 999_999, tzinfo=UTC),
        zone="Asia/Kathmandu",
    ),
    "open end": UsageFilter(since=datetime(2026, 3, 11, 7, 1, tzinfo=UTC), zone="America/Los_Angeles"),
    "open beginning": UsageFilter(until=datetime(2026, 3, 11, 7, 1, tzinfo=UTC), zone="Pacific/Auckland"),
    "a system": UsageFilter(system="remo", since=BEGIN, until=END, zone="Australia/Lord_Howe"),
    "a tenant": UsageFilter(tenant="t1", since=BEGIN + DAY, until=END),
    "a user of several systems": UsageFilter(user="demo", since=BEGIN, until=END),
    "all at once": UsageFilter(system="ai_agent", tenant="t2", user="u3", since=BEGIN, until=END),
    "nobody": UsageFilter(user="nobody", since=BEGIN, until=END),
    "a system that is not there": UsageFilter(system="nothing", since=BEGIN, until=END),
    "before everything": UsageFilter(since=datetime(2020, 1, 1, tzinfo=UTC), until=datetime(2020, 1, 2, tzinfo=UTC)),
    "a microsecond": UsageFilter(since=datetime(2026, 3, 1, tzinfo=UTC), until=datetime(2026, 3, 1, 0, 0, 0, 1, tzinfo=UTC)),
}


@pytest.mark.parametrize("wanted", FILTERS.values(), ids=FILTERS.keys())
@pytest.mark.parametrize("source", ["1", "2", "sample"])
def test_every_number_is_what_pandas_finds(source: str, wanted: UsageFilter) -> None:
    copy, rows, now = made(source)
    found = usage(copy, wanted, now=now, top=10_000)
    truth = usage_oracle.oracle(rows, wanted, now)
    assert set(found.metrics) == set(METRICS)
    assert found.metrics == pytest.approx(usage_oracle.metrics(truth), abs=1e-6)
    assert set(found.series) == set(SERIES)
    for name, expected in usage_oracle.series(truth).items():
        assert _sorted(found.series[name]) == [pytest.approx(row, abs=1e-6) for row in _sorted(expected)], name


@pytest.mark.parametrize(
    "wanted", [f for f in FILTERS.values() if f.since and f.until], ids=[n for n, f in FILTERS.items() if f.since and f.until]
)
def test_the_previous_period_is_the_window_before(wanted: UsageFilter) -> None:
    copy, _, now = made("1")
    found = usage(copy, wanted, now=now)
    before = found.previous_window
    assert before is not None
    assert before.until == wanted.since
    same = UsageFilter(wanted.system, wanted.tenant, wanted.user, before.since, before.until, wanted.zone)
    assert found.previous == {name: value for name, value in usage(copy, same, now=now).metrics.items() if METRICS[name].of == "window"}


def test_windows_without_an_end_have_no_period_before() -> None:
    copy, _, now = made("1")
    found = usage(copy, FILTERS["open end"], now=now)
    assert found.previous_window is None
    assert found.previous == {}


@pytest.mark.parametrize("end", ["9999-12-31T23:59:59+00:00", "9999-12-30T00:00:00+00:00", "9999-12-31T23:59:59-12:00"])
def test_a_window_may_not_end_where_the_calendar_does(end: str) -> None:
    copy, _, now = made("1")
    with pytest.raises(UsageError, match="end of the calendar"):
        usage(copy, UsageFilter(until=datetime.fromisoformat(end)), now=now)
    with pytest.raises(UsageError, match="end of the calendar"):
        usage(copy, UsageFilter(since=datetime(1, 1, 1, tzinfo=UTC), until=END), now=now)


def test_an_empty_snapshot_has_zeros_and_nothing_to_divide() -> None:
    found = usage(hot({}), UsageFilter(since=BEGIN, until=BEGIN + 3 * DAY))
    assert set(found.metrics.values()) <= {0, None}
    assert [row["messages"] for row in found.series["days"]] == [0, 0, 0]
    assert usage(hot({}), UsageFilter()).series["days"] == []
    assert found.heat_bounds == ()


def test_one_message() -> None:
    found = usage(hot(talk([message(1, "user", BEGIN)])), UsageFilter(since=BEGIN, until=BEGIN + DAY))
    assert found.metrics["messages"] == found.metrics["active_users"] == found.metrics["conversations_active"] == 1
    assert found.metrics["messages_per_conversation"] == found.metrics["stickiness"] == 1
    assert found.metrics["duration_median"] is None
    outside = usage(hot(talk([message(1, "user", BEGIN)])), UsageFilter(since=BEGIN - DAY, until=BEGIN))
    assert outside.metrics["messages"] == 0, "windows end before their until"


def test_one_time_on_all_messages_is_no_response_time() -> None:
    rows = talk([message(n, ("assistant", "user")[n % 2], BEGIN, response_seconds=None if n % 2 else 0.0) for n in range(1, 7)])
    found = usage(hot(rows), UsageFilter()).metrics
    assert found["response_p50"] is None
    assert (found["responses_timed"], found["responses_left_out"]) == (0, 3)


def test_times_in_whole_seconds_lose_their_ties_only() -> None:
    answers = [0.0, 2.0, 0.0, 4.0, 0.001]
    rows: list[Any] = []
    for n, seconds in enumerate(answers):
        asked = BEGIN + timedelta(minutes=n)
        rows.append(message(2 * n + 1, "user", asked))
        rows.append(message(2 * n + 2, "assistant", asked + timedelta(seconds=seconds), response_seconds=seconds))
    found = usage(hot(talk(rows)), UsageFilter()).metrics
    assert (found["responses_timed"], found["responses_left_out"]) == (2, 3)
    assert found["response_p50"] == 3.0


def test_half_past_eleven_in_the_west_is_that_day() -> None:
    late = datetime(2026, 3, 3, 7, 30, tzinfo=UTC)  # 23:30 on the second at UTC-8
    found = usage(
        hot(talk([message(1, "user", late)])),
        UsageFilter(since=datetime(2026, 3, 2, 8, tzinfo=UTC), until=datetime(2026, 3, 4, 8, tzinfo=UTC), zone="America/Los_Angeles"),
    )
    assert [(str(row["day"]), row["messages"], row["new_users"], row["conversations_started"]) for row in found.series["days"]] == [
        ("2026-03-02", 1, 1, 1),
        ("2026-03-03", 0, 0, 0),
    ]
    assert [(row["weekday"], row["hour"]) for row in found.series["heatmap"] if row["messages"]] == [(0, 23)]


def test_a_spike_does_not_set_the_colours() -> None:
    rows = [message(n, "user", BEGIN + timedelta(hours=n), conversation_id=f"c{n}") for n in range(1, 100)]
    rows += [message(1, "user", BEGIN, conversation_id=f"x{n}") for n in range(500)]
    low, *_, high = usage(hot({"messages": rows}), UsageFilter()).heat_bounds
    assert (low, high) == (1, 1)


def test_expired_rows_count_until_they_expire() -> None:
    rows = talk([message(1, "user", BEGIN, expires_at=NOW), message(2, "assistant", BEGIN + timedelta(seconds=3))])
    copy = hot(rows)
    assert usage(copy, UsageFilter(), now=NOW - timedelta(seconds=1)).metrics["messages"] == 2
    assert usage(copy, UsageFilter(), now=NOW).metrics["messages"] == 1


def test_a_time_to_live_of_long_ago_is_none() -> None:
    """DynamoDB keeps what should have gone more than five years ago: usually a zero."""
    rows = talk([message(1, "user", BEGIN, expires_at=datetime(1970, 1, 1, tzinfo=UTC))])
    assert usage(hot(rows), UsageFilter(), now=NOW).metrics["messages"] == 1


def test_the_window_and_the_age_are_in_the_answer() -> None:
    copy = hot(talk([message(1, "user", BEGIN)]), synced={"cg": NOW, "remo": NOW - DAY})
    assert usage(copy, UsageFilter()).as_of == NOW - DAY
    found = usage(copy, UsageFilter(system="cg", since=BEGIN, until=END))
    assert (found.as_of, found.window) == (NOW, Window(BEGIN, END))


def _sorted(rows: Any) -> list[dict[str, Any]]:
    plain = [{name: str(value) if isinstance(value, date) else value for name, value in row.items()} for row in rows]
    return sorted(plain, key=lambda row: [str(value) for value in row.values()])
