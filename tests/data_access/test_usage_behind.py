"""From a number to its conversations, and numbers that must agree with each other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_access.snapshot.hot import Hot
from data_access.usage import METRICS, Cell, UsageFilter, conversations_behind, usage, zone_of
from data_access.windows import day_begins
from tests.data_access import usage_oracle
from tests.data_access.asked import BEGIN, END, NOW, Rows, hot, invented, message, talk

ZONES = ("UTC", "America/New_York", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe")


@cache
def made() -> tuple[Hot, Rows]:
    rows = invented(3)
    return hot(rows), rows


WINDOWS = [
    UsageFilter(since=BEGIN, until=END, zone="America/New_York"),
    UsageFilter(zone="Asia/Kathmandu"),
    UsageFilter(
        system="ai_agent",
        since=datetime(2026, 3, 1, 0, 7, tzinfo=UTC),
        until=datetime(2026, 3, 30, 22, 1, tzinfo=UTC),
        zone="Europe/Berlin",
    ),
]
Cells = Callable[[dict[str, Any]], list[tuple[Cell, int]]]
SERIES: dict[str, Cells] = {
    "days": lambda row: [
        (Cell(day=row["day"]), row["conversations_active"]),
        (Cell(of="started", day=row["day"]), row["conversations_started"]),
    ],
    "weeks": lambda row: [(Cell(week=row["from"]), row["conversations_active"])],
    "months": lambda row: [(Cell(month=row["from"]), row["conversations_active"])],
    "heatmap": lambda row: [(Cell(weekday=row["weekday"], hour=row["hour"]), row["conversations"])],
    "lengths": lambda row: [(Cell(length=(row["low"], row["high"])), row["conversations"])],
    "tools": lambda row: [
        (Cell(tool=row["tool"]), row["conversations"]),
        (Cell(tool=row["tool"], failed=True), row["failed_conversations"]),
    ],
    "tenants": lambda row: [(Cell(system=row["system"], tenant=row["tenant_id"]), row["conversations"])],
    "users": lambda row: [(Cell(system=row["system"], user=row["user_id"]), row["conversations"])],
    "systems": lambda row: [(Cell(system=row["system"]), row["conversations"])],
}


@pytest.mark.parametrize("wanted", WINDOWS, ids=["days", "everything", "ragged"])
@pytest.mark.parametrize("name", SERIES)
def test_every_number_of_a_series_opens_as_many_conversations(name: str, wanted: UsageFilter) -> None:
    copy, _ = made()
    rows = usage(copy, wanted, now=NOW).series[name]
    cells = [cell for row in rows for cell in SERIES[name](dict(row))]
    assert any(count for _, count in cells)
    # Every fifth cell of long series: they are all made the same way.
    for cell, count in cells[:: max(1, len(cells) // 20)]:
        behind = conversations_behind(copy, wanted, cell, now=NOW)
        assert len(behind) == len(set(behind)) == count, cell


@pytest.mark.parametrize("wanted", WINDOWS, ids=["days", "everything", "ragged"])
def test_the_numbers_above_the_charts_open_as_many(wanted: UsageFilter) -> None:
    copy, _ = made()
    found = usage(copy, wanted, now=NOW).metrics
    assert len(conversations_behind(copy, wanted, Cell(), now=NOW)) == found["conversations_active"]
    assert len(conversations_behind(copy, wanted, Cell(of="started"), now=NOW)) == found["conversations_started"]
    assert len(conversations_behind(copy, wanted, Cell(of="listed"), now=NOW)) == found["conversations_listed"]
    assert len(conversations_behind(copy, wanted, Cell(of="empty"), now=NOW)) == found["empty_sessions"]


def test_they_are_the_ones_that_were_counted() -> None:
    copy, rows = made()
    wanted = WINDOWS[0]
    truth = usage_oracle.oracle(rows, wanted, NOW)
    said = truth.said
    local = said.local_sent_at.dt
    monday_nine = said[(local.day_of_week == 0) & (local.hour == 9)]
    assert _keys(conversations_behind(copy, wanted, Cell(weekday=0, hour=9), now=NOW)) == set(monday_nine.conv)
    tuesday = date(2026, 3, 10)
    assert _keys(conversations_behind(copy, wanted, Cell(day=tuesday), now=NOW)) == set(said[said.day_sent_at == tuesday].conv)
    calls = truth.within(truth.calls)
    failed = calls[(calls.tool == "book") & (calls.status == "error")]
    assert _keys(conversations_behind(copy, wanted, Cell(tool="book", failed=True), now=NOW)) == set(failed.conv)
    on_tuesdays = failed[failed.local_sent_at.dt.day_of_week == 1]
    assert _keys(conversations_behind(copy, wanted, Cell(tool="book", failed=True, weekday=1), now=NOW)) == set(on_tuesdays.conv)


def test_a_cell_that_the_filter_excludes_is_empty() -> None:
    copy, _ = made()
    assert conversations_behind(copy, UsageFilter(system="cg"), Cell(system="remo"), now=NOW) == []
    assert conversations_behind(copy, UsageFilter(), Cell(tool="never called"), now=NOW) == []
    assert conversations_behind(copy, UsageFilter(), Cell(user="' OR 1=1 --"), now=NOW) == []


def test_latest_activity_comes_first() -> None:
    rows = [talk([message(1, "user", BEGIN + timedelta(days=n), conversation_id=f"c{n}")]) for n in (1, 3, 2)]
    both = {name: [row for one in rows for row in one[name]] for name in ("messages", "conversations")}
    assert [key.conversation_id for key in conversations_behind(hot(both), UsageFilter(), Cell())] == ["c3", "c2", "c1"]


anywhere = st.integers(0, 51 * 86_400_000_000).map(lambda n: BEGIN + n * timedelta(microseconds=1))
moments = anywhere | st.integers(0, 51 * 96).map(lambda n: BEGIN + n * timedelta(minutes=15))


@settings(max_examples=15, deadline=None)
@given(
    st.lists(moments, min_size=3, max_size=3, unique=True).map(sorted), st.sampled_from(ZONES), st.sampled_from((None, "cg", "ai_agent"))
)
def test_what_adds_up_does_for_any_split_of_a_window(times: list[datetime], zone: str, system: str | None) -> None:
    copy, _ = made()
    since, middle, until = times

    def of(first: datetime, last: datetime) -> Any:
        return usage(copy, UsageFilter(system, since=first, until=last, zone=zone), now=NOW).metrics

    whole, left, right = of(since, until), of(since, middle), of(middle, until)
    for name, metric in METRICS.items():
        if metric.adds:
            assert whole[name] == left[name] + right[name], name
        elif metric.of == "now":
            assert whole[name] == left[name] == right[name], name
    assert max(left["active_users"], right["active_users"]) <= whole["active_users"] <= left["active_users"] + right["active_users"]


@settings(max_examples=10, deadline=None)
@given(st.dates(date(2026, 2, 17), date(2026, 4, 4)), st.sampled_from(ZONES))
def test_a_day_of_a_long_window_is_that_day_alone(day: date, zone: str) -> None:
    copy, _ = made()
    where = zone_of(zone)
    alone = UsageFilter(since=day_begins(day, where), until=day_begins(day + timedelta(days=1), where), zone=zone)
    found = usage(copy, alone, now=NOW)
    row = next(row for row in usage(copy, UsageFilter(zone=zone), now=NOW).series["days"] if row["day"] == day)
    assert found.series["days"] == [row]
    for name in ("active_users", "new_users", "conversations_started", "conversations_active", "messages", "response_p50", "response_p95"):
        assert found.metrics[name] == row[name], name
    assert sum(cell["messages"] for cell in found.series["heatmap"]) == row["messages"]


@settings(max_examples=10, deadline=None)
@given(moments, moments, st.sampled_from(ZONES))
def test_series_add_up_to_their_metrics(since: datetime, until: datetime, zone: str) -> None:
    if since >= until:
        return
    copy, _ = made()
    found = usage(copy, UsageFilter(since=since, until=until, zone=zone), now=NOW, top=1_000)
    metrics = found.metrics
    for name in ("messages", "user_messages", "assistant_messages", "system_messages", "tool_messages", "tokens"):
        assert sum(row[name] for row in found.series["days"]) == metrics[name]
    for name in ("new_users", "conversations_started"):
        assert sum(row[name] for row in found.series["days"]) == metrics[name]
    for name, part in (("heatmap", "messages"), ("weeks", "messages"), ("months", "messages"), ("systems", "messages")):
        assert sum(row[part] for row in found.series[name]) == metrics["messages"]
    for name in ("lengths", "systems"):
        assert sum(row["conversations"] for row in found.series[name]) == metrics["conversations_active"]
    assert sum(row["calls"] for row in found.series["tools"]) == metrics["tool_calls"]
    assert sum(row["of"] for row in found.series["retention"] if row["week"] == 0) == metrics["new_users"]


def _keys(behind: Any) -> set[Any]:
    return {(key.system, key.conversation_id, key.tenant_id, key.user_id) for key in behind}
