"""The traffic of the sample: from its own items, the same each time, nothing where nothing happened."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from data_access.capacity.metrics import CATALOGUE
from data_access.costs.index_writes import TableShape, write_units
from data_access.costs.size import item_bytes
from data_access.local.sample import items, traffic
from data_access.local.sample.store import to_wire
from data_access.local.sample.traffic import NEVER_READ, SPIKE_INDEX, SPIKE_TABLE, Signal, Traffic, play, units_of
from data_access.systems.spec import built_in

UNTIL = datetime(2026, 11, 20, 4, tzinfo=UTC)
WRITES, READS = "ConsumedWriteCapacityUnits", "ConsumedReadCapacityUnits"


@pytest.fixture(scope="module")
def seen() -> Traffic:
    return traffic(UNTIL)


@pytest.fixture(scope="module")
def stored() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for table, item in items(until=UNTIL):
        found[table].append(item)
    return found


def wire(item: dict[str, Any]) -> dict[str, Any]:
    return {name: to_wire(value) for name, value in item.items()}


def test_it_is_the_same_each_time(seen: Traffic) -> None:
    play.cache_clear()
    assert traffic(UNTIL) == seen


def test_every_series_is_one_that_exists(seen: Traffic) -> None:
    tables = {table.name: table for system in built_in().values() for table in system.tables.values()}
    for signal, points in seen.items():
        kind = CATALOGUE[signal.name]
        assert (signal.table is None) == (kind.scope == "account")
        assert (signal.operation is not None) == (kind.scope == "operation")
        if signal.index is not None:
            assert kind.scope == "table and index"
            assert signal.index in tables[signal.table or ""].indexes
        assert list(points.times) == sorted(points.times)
        assert len(points.times) == len(points.values) > 0
        assert UNTIL.timestamp() - 90 * 86_400 <= points.times[0]
        assert points.times[-1] < UNTIL.timestamp()


def test_writes_of_messages_are_what_the_rules_say(seen: Traffic, stored: dict[str, list[dict[str, Any]]]) -> None:
    table = built_in()["ai_agent"].tables["messages"]
    shape = TableShape.of(table)
    at = {item["timestamp"]: item for item in stored["ai-agent-messages"] if isinstance(item.get("timestamp"), str)}
    by_time = dict(zip(*seen[Signal(WRITES, "ai-agent-messages", "TenantTimestampIndex")], strict=True))
    compared = 0
    for time, item in list(at.items())[::40]:
        moment = datetime.fromisoformat(time)
        if moment.tzinfo is None or moment.timestamp() not in by_time:
            continue
        ruled = write_units(shape, None, wire(item))
        assert ruled.gsis["TenantTimestampIndex"] == by_time[moment.timestamp()]
        assert ruled.table == units_of(item_bytes(wire(item)), 1_024)
        compared += 1
    assert compared > 150


def test_an_embedded_layout_writes_the_whole_item_with_each_message(seen: Traffic, stored: dict[str, list[dict[str, Any]]]) -> None:
    table = "cg-chatbot-conversations"
    whole = sum(units_of(item_bytes(wire(item)), 1_024) for item in stored[table])
    assert sum(seen[Signal(WRITES, table)].values) > 4 * whole
    assert max(seen[Signal(WRITES, table)].values) == max(units_of(item_bytes(wire(item)), 1_024) for item in stored[table])
    # Every attribute is in the index, so its entry is written as often and as large.
    assert seen[Signal(WRITES, table, "user_id-created_at-index")] == seen[Signal(WRITES, table)]


def test_an_index_that_is_written_and_never_read(seen: Traffic) -> None:
    assert sum(seen[Signal(WRITES, "ai-agent-sessions", NEVER_READ)].values) > 1_000
    assert Signal(READS, "ai-agent-sessions", NEVER_READ) not in seen
    # A Query of an index reads nothing of its table.
    assert Signal(READS, "ai-agent-messages") not in seen
    assert Signal(READS, "ai-agent-messages", SPIKE_INDEX) in seen


def test_nothing_happens_where_nobody_talks(seen: Traffic) -> None:
    minutes = {at // 60 for at in seen[Signal(WRITES, "cg-chatbot-conversations")].times}
    assert len(minutes) < 90 * 1440 / 20


def test_the_spike_is_at_a_minute_with_conversations_in_it(seen: Traffic, stored: dict[str, list[dict[str, Any]]]) -> None:
    points = seen[Signal("WriteThrottleEvents", SPIKE_TABLE, SPIKE_INDEX)]
    minute = datetime.fromtimestamp(points.times[0] // 60 * 60, UTC)
    assert timedelta(hours=36) < UNTIL - minute <= timedelta(hours=60)
    texts = [item["timestamp"] for item in stored[SPIKE_TABLE] if isinstance(item.get("timestamp"), str)]
    assert any(text.startswith(f"{minute:%Y-%m-%dT%H:%M}") for text in texts)
    reasons = seen[Signal("WriteKeyRangeThroughputThrottleEvents", SPIKE_TABLE, SPIKE_INDEX)]
    assert reasons == points


def test_there_is_something_of_everything(seen: Traffic) -> None:
    names = {signal.name for signal in seen}
    assert {
        "UserErrors",
        "SystemErrors",
        "ConditionalCheckFailedRequests",
        "TimeToLiveDeletedItemCount",
        "SuccessfulRequestLatency",
    } <= names
    # Nothing is provisioned on demand, and so nothing is used of it.
    assert not any("Provisioned" in name and "Throttle" not in name for name in names)
