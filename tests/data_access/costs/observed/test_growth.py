"""Growth by month, doubling, and what a time to live saves: by hand, and against loops over the rows."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import pytest

from data_access.costs.observed import Observed, grow
from data_access.costs.observed.growth import DAYS_A_MONTH, Month
from data_access.windows import EPOCH, QUARTER
from tests.data_access.asked import NOW, Row, Rows, conversation, hot, message
from tests.data_access.costs.observed.holdings import CONTAINERS, MESSAGES, key, sized
from tests.data_access.costs.observed.test_attribution import line, observed, resource


def daily(days: int, size: int = 900, *, now: datetime = NOW, expires_at: datetime | None = None) -> Rows:
    """A message a day, each an item of its own with 1,000 bytes in storage, up to yesterday."""
    times = [now - timedelta(days=n) for n in range(days, 0, -1)]
    said = [message(n + 1, "user", at, bytes=size, item_table="m", expires_at=expires_at) for n, at in enumerate(times)]
    return {"messages": said, "conversations": [conversation(said, bytes=size * days, item_table=None, has_session=False)]}


def storage(usd: float | None, table: str = "m") -> Observed:
    return observed(resource("cg", table, None, line("storage", usd)), resource("cg", table, "i", line("storage", usd)))


def test_what_came_month_by_month() -> None:
    (table,) = grow(hot(daily(62)), now=NOW).tables  # NOW is 2 April: from 30 January on.
    assert (table.system, table.table, table.items, table.bytes, table.undated_bytes) == ("cg", "m", 62, 62_000, 0)
    assert table.months == (
        Month(date(2026, 1, 1), 2, 1_800 + 200, 2_000),
        Month(date(2026, 2, 1), 28, 28_000, 30_000),
        Month(date(2026, 3, 1), 31, 31_000, 61_000),
        Month(date(2026, 4, 1), 1, 1_000, 62_000),
    )
    assert table.bytes_a_month == pytest.approx(1_000 * DAYS_A_MONTH)
    assert table.doubling_months == pytest.approx(62 / DAYS_A_MONTH)


def test_a_month_without_anything_is_there() -> None:
    said = [message(1, "user", NOW - timedelta(days=days), bytes=900, item_table="m") for days in (70, 1)]
    rows = {"messages": said, "conversations": [conversation(said, bytes=1_800, item_table=None, has_session=False)]}
    (table,) = grow(hot(rows), now=NOW).tables
    assert [(month.month.month, month.items, month.total_bytes) for month in table.months] == [
        (1, 1, 1_000),
        (2, 0, 1_000),
        (3, 0, 1_000),
        (4, 1, 2_000),
    ]


def test_the_rate_is_of_the_last_three_months() -> None:
    old, new = daily(300, 4_900)["messages"], daily(45, 900)["messages"]
    said = [*(row for row in old if row["sent_at"] < NOW - timedelta(days=90)), *new]
    rows = {"messages": said, "conversations": [conversation(said, bytes=1, item_table=None, has_session=False)]}
    (table,) = grow(hot(rows), now=NOW).tables
    assert table.bytes_a_month == pytest.approx(45 * 1_000 / 90 * DAYS_A_MONTH)


def test_no_doubling_where_too_little_is_known_or_nothing_grows() -> None:
    (young,) = grow(hot(daily(13)), now=NOW).tables
    assert (young.bytes_a_month, young.doubling_months) == (None, None)
    (table,) = grow(hot(daily(14)), now=NOW).tables
    assert table.doubling_months is not None
    # All that is there expires within the month: more than comes in.
    (shrinking,) = grow(hot(daily(60, expires_at=NOW + timedelta(days=10))), now=NOW).tables
    assert shrinking.expiring_bytes == 60_000
    assert shrinking.bytes_a_month == pytest.approx(-1_000 * DAYS_A_MONTH)
    assert shrinking.doubling_months is None
    (still,) = grow(hot(daily(60)), now=NOW + timedelta(days=400)).tables
    assert (still.bytes_a_month, still.doubling_months) == (0.0, None)
    # Times to come, from a clock that was wrong.
    (ahead,) = grow(hot(daily(20, now=NOW + timedelta(days=90))), now=NOW).tables
    assert ahead.doubling_months is None
    assert ahead.saving(0).items == 0


def test_a_time_to_live_takes_what_is_older() -> None:
    (table,) = grow(hot(daily(60)), storage(3.0), now=NOW).tables
    assert table.month_usd == 6.0  # With its index.
    assert [(one.days, one.items, one.bytes, one.usd_a_month) for one in table.curve((0, 1, 30, 60, 61))] == [
        (0, 60, 60_000, pytest.approx(6.0)),
        (1, 60, 60_000, pytest.approx(6.0)),
        (30, 31, 31_000, pytest.approx(3.1)),
        (60, 1, 1_000, pytest.approx(0.1)),
        (61, 0, 0, 0.0),
    ]
    for unknown in (None, storage(None), storage(3.0, "another")):
        (table,) = grow(hot(daily(60)), unknown, now=NOW).tables
        assert (table.month_usd, table.saving(30).usd_a_month, table.saving(30).items) == (None, None, 31)


def test_an_embedded_conversation_is_as_old_as_its_last_activity() -> None:
    times = [NOW - timedelta(days=days) for days in (50, 40, 5)]
    said = [message(n + 1, "user", at, bytes=1_000, item_table="t") for n, at in enumerate(times)]
    rows = {"messages": said, "conversations": [conversation(said, bytes=3_400, item_table="t")]}
    (table,) = grow(hot(rows), now=NOW).tables
    assert (table.items, table.bytes) == (1, 3_500)
    # What came when: the item's own 400 bytes and the 100 of storage with its first message.
    assert [(day, items, size) for day, items, size in table.days] == [
        ((NOW - timedelta(days=50)).date(), 1, 1_500),
        ((NOW - timedelta(days=40)).date(), 0, 1_000),
        ((NOW - timedelta(days=5)).date(), 0, 1_000),
    ]
    assert [(one.items, one.bytes) for one in table.curve((5, 6))] == [(1, 3_500), (0, 0)]


@pytest.mark.parametrize("seed", range(4))
def test_ages_and_days_are_those_of_the_rows(seed: int) -> None:
    rows = sized(seed)
    found = grow(hot(rows), now=NOW)
    for table in found.tables:
        kept = list(_items(rows, table.table))
        assert (table.items, table.bytes) == (len(kept), sum(size for _, size in kept))
        for days in (0, 1, 7, 20, 45):
            old = [size for age, size in kept if age is not None and age >= days]
            assert (table.saving(days).items, table.saving(days).bytes) == (len(old), sum(old))
        assert sum(size for _, _, size in table.days) + table.undated_bytes == table.bytes
        assert table.months[-1].total_bytes == table.bytes - table.undated_bytes


def _items(rows: Rows, table: str) -> list[tuple[int | None, int]]:
    """Age in days, to the quarter of an hour, and size in storage of each item."""

    def age(when: datetime | None) -> int | None:
        return None if when is None else ((NOW - EPOCH) // QUARTER - (when - EPOCH) // QUARTER) // 96

    apart: dict[Any, int] = {}
    found: list[tuple[int | None, int]] = []

    def add(when: datetime | None, row: Row, size: int) -> None:
        if row["item_table"] == table:
            found.append((age(when), size + 100))

    for row in rows["messages"]:
        if row["system"] in MESSAGES:
            apart[key(row)] = apart.get(key(row), 0) + row["bytes"]
            add(row["sent_at"], row, row["bytes"])
    for row in rows["conversations"]:
        add(row["last_activity_at"], row, row["bytes"] - apart.get(key(row), 0))
    for row in rows["user_records"]:
        add(row["updated_at"], row, row["bytes"])
    return found


def test_systems_and_everything_together() -> None:
    rows = sized(1)
    found = grow(
        hot(rows), observed(*(resource(system, table, None, line("storage", 1.0, 2.0)) for system, table in CONTAINERS.items())), now=NOW
    )
    one, every = found.of("ai_agent"), found.of()
    assert one is not None
    assert every is not None
    mine = [table for table in found.tables if table.system == "ai_agent"]
    assert {table.table for table in mine} == {"ai-agent-messages", "ai-agent-sessions"}
    for together, tables in ((one, mine), (every, list(found.tables))):
        assert together.bytes == sum(table.bytes for table in tables)
        assert together.items == sum(table.items for table in tables)
        assert together.undated_bytes == sum(table.undated_bytes for table in tables)
        assert together.months[-1].total_bytes == sum(table.bytes - table.undated_bytes for table in tables)
        for days in (0, 10, 30):
            assert together.saving(days).bytes == sum(table.saving(days).bytes for table in tables)
    assert one.month_usd is None  # Of its messages' table nobody knows the price.
    assert found.of("nobody") is None


def test_nothing_stored_grows_not() -> None:
    assert grow(hot({}), now=NOW).tables == ()
    assert grow(hot({}), now=NOW).of() is None


def test_numbers_of_any_window_hold_at_random() -> None:
    rng = Random(5)
    rows = sized(9)
    copy = hot(rows)
    for _ in range(5):
        now = NOW + timedelta(seconds=rng.uniform(-5e6, 5e6))
        for table in grow(copy, now=now).tables:
            curve = [one.bytes for one in table.curve(range(0, 200, 7))]
            assert curve == sorted(curve, reverse=True)
            assert curve[0] <= table.bytes
