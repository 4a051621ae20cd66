"""A row of the snapshot says what lists and replays say of the same items, whatever is stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from data_access.conversations import plan_list
from data_access.costs.size import item_bytes
from data_access.dynamo.aws import Source
from data_access.gathering import Gathering
from data_access.items.values import to_json
from data_access.local.sample.drift import drifted
from data_access.local.sample.layouts import ai4ai, ai_agent, cg, remo
from data_access.local.sample.oddities import LANDMARKS, oddities
from data_access.local.sample.store import to_wire
from data_access.models import Conversation, Filter, Message
from data_access.snapshot.rows import RowReader
from data_access.snapshot.store import Store
from data_access.snapshot.sync import sync
from data_access.systems.create import create_tables
from data_access.systems.spec import built_in
from tests.data_access.conftest import OpenSource
from tests.data_access.layouts import SYSTEMS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Row = dict[str, Any]
NOW = datetime.now(UTC).replace(microsecond=0)


def rows(store: Store, table: str, system: str) -> list[Row]:
    return store.arrow(table, systems=[system]).to_pylist()


def naive(when: datetime | None) -> datetime | None:
    return None if when is None else when.astimezone(UTC).replace(tzinfo=None)


def key_of(row: Row) -> tuple[Any, ...]:
    return row["conversation_id"], row["tenant_id"], row["user_id"]


def expected_conversation(one: Conversation) -> Row:
    fields = ("system", "conversation_id", "tenant_id", "user_id", "title", "message_count", "first_user_message", "last_assistant_message")
    row: Row = {name: getattr(one, name) for name in fields}
    row |= {name: naive(getattr(one, name)) for name in ("started_at", "last_activity_at", "expires_at")}
    row |= {"tools": list(one.tools), "failed_tools": list(one.failed_tools), "is_active": one.is_active, "problems": len(one.problems)}
    return row | {"has_session": one.address is not None}


def expected_message(one: Message) -> Row:
    row: Row = {name: getattr(one, name) for name in ("position", "message_id", "content", "response_seconds")}
    row |= {"role": one.role.value, "sent_at": naive(one.sent_at), "problems": len(one.problems), "tool_calls": len(one.tool_calls)}
    row["failed_tool_calls"] = sum(call.status == "error" for call in one.tool_calls)
    return row | {"item_key": {name: str(value) for name, value in one.address.key.items()}}


def live(source: Source) -> dict[tuple[Any, ...], tuple[Conversation, tuple[Message, ...]]]:
    """Every conversation that has not expired, with its messages, as a list of everything reads them."""
    wanted = Filter(source.id)
    gathered = Gathering(source, wanted)
    gathered.run(plan_list(source, wanted), allow_scan=True)
    return {
        (one.conversation_id, one.tenant_id, one.user_id): (one, messages)
        for one, messages in gathered.conversations()
        if one.expires_at is None or one.expires_at > NOW or one.expires_at < NOW - timedelta(days=5 * 365)
    }


def grouped(found: list[Row]) -> dict[tuple[Any, ...], list[Row]]:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in sorted(found, key=lambda row: (row["position"], row.get("ordinal", 0))):
        groups.setdefault(key_of(row), []).append(row)
    return groups


def agree(source: Source, store: Store) -> int:
    """Compare every conversation, and every message with its tool calls; returns how many conversations there are."""
    known = live(source)
    found = {key_of(row): row for row in rows(store, "conversations", source.id)}
    messages, calls = grouped(rows(store, "messages", source.id)), grouped(rows(store, "tool_calls", source.id))
    assert set(found) == set(known)
    assert set(messages) | set(calls) <= set(found)
    for key, (one, said) in known.items():
        wanted = expected_conversation(one)
        own, called = messages.get(key, []), calls.get(key, [])
        times = [message.sent_at for message in said if message.sent_at]
        compared = said
        assert [row["position"] for row in own] == list(range(1, len(said) + 1))
        if len(set(times)) < len(times) and source.place.system.messages:
            # Messages of one time have no order that DynamoDB promises: only what does not hang on it is compared.
            assert sorted(row["content"] for row in own) == sorted(message.content for message in said)
            wanted = {name: value for name, value in wanted.items() if name not in ORDERED}
            compared = ()
        assert {name: found[key][name] for name in wanted} == wanted
        for row, message in zip(own, compared, strict=False):
            expected = expected_message(message) | {"content": same_letters(message.content)}
            stored_key = {name: str(value) for name, value in orjson.loads(row["item_key"]).items()}
            row |= {"content": same_letters(row["content"]), "item_key": stored_key}
            assert {name: row[name] for name in expected} == expected
            seen = [(call["ordinal"], call["tool"], call["status"]) for call in called if call["position"] == row["position"]]
            assert seen == [(n, call.name, call.status.value) for n, call in enumerate(message.tool_calls, start=1)]
    return len(known)


def same_letters(content: str) -> str:
    """A Map as text has its names in whatever order the engine sends them."""
    return "".join(sorted(content)) if '{"' in content else content


ORDERED = ("first_user_message", "last_assistant_message", "tools", "failed_tools")


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_sample_data_with_all_its_oddities(
    dynamodb: DynamoDBClient, open_source: OpenSource, store: Store, odd_items: list[tuple[str, Row]], system: str
) -> None:
    source = open_source(system)
    create_tables(source)
    names = set(source.place.tables.values())
    put_all(dynamodb, [(table, item) for table, item in odd_items if table in names])
    synced = sync(source, store)
    assert agree(source, store) == synced.conversations
    assert any(one.problems for one, _ in live(source).values()), "the sample has odd conversations in every system"
    assert store.coverage()[system].bad_items > 0


@pytest.fixture(scope="module")
def odd_items() -> list[tuple[str, Row]]:
    """Every special case of the sample but its longest conversation, and some everyday ones of each system to be among them."""
    items = [row for system in (remo, ai_agent, ai4ai, cg) for row in islice(system(Random(7), NOW), 150)]
    items += [*oddities(Random(8), NOW), *drifted(NOW)]
    return [(table, item) for table, item in items if LANDMARKS_LEFT_OUT.isdisjoint(map(str, item.values()))]


def put_all(client: DynamoDBClient, items: list[tuple[str, Row]]) -> None:
    keyed = {(table, to_json([item[name] for name in KEYS[table]])): (table, item) for table, item in items}
    rows = list(keyed.values())
    for start in range(0, len(rows), 25):
        requests: Row = {}
        for table, item in rows[start : start + 25]:
            wire = {name: to_wire(value) for name, value in item.items()}
            requests.setdefault(table, []).append({"PutRequest": {"Item": wire}})
        while requests:
            requests = client.batch_write_item(RequestItems=requests)["UnprocessedItems"]  # type: ignore[assignment]


# The longest session and the largest item take moto half a minute, and show nothing more here.
LANDMARKS_LEFT_OUT = {LANDMARKS.long_session, LANDMARKS.large_conversation}
KEYS = {
    "remo-user-data": ("user_id", "data_type"),
    "ai-agent-sessions": ("id", "tenantId"),
    "ai-agent-messages": ("id",),
    "ai4ai-chat-sessions": ("user_id", "session_id"),
    "ai4ai-chat-messages": ("session_id", "timestamp"),
    "cg-chatbot-conversations": ("conversation_id", "user_id"),
}


def wire(item: Row) -> Row:
    return {name: to_wire(value) for name, value in item.items()}


def read_one(system: str, table: str, item: Row) -> dict[str, list[Row]]:
    known = built_in()[system]
    reader = RowReader(known, {key: one.name for key, one in known.tables.items()})
    found = reader.read(known.tables[table], [wire(item)], 0).tables()
    return {name: rows.to_pylist() for name, rows in found.items()}


MESSAGE: Row = {"id": "m", "sessionId": "s", "role": "agent", "content": "x", "timestamp": "2026-05-04T08:00:00Z"}


@pytest.mark.parametrize(
    "metadata, tokens",
    [
        ({"tokens": 12}, 12),
        ({"tokens": "12"}, 12),
        ({"total_tokens": 7}, 7),
        ({"usage": {"total_tokens": 9}}, 9),
        ({"usage": {"prompt_tokens": 4, "completion_tokens": 5}}, 9),
        ({"input_tokens": 4, "output_tokens": 5, "total_tokens": 11}, 11),
        ('{"usage": {"input_tokens": 3}}', 3),
        ({"tokens": -1}, None),
        ({"tokens": "many"}, None),
        ({"tokens": True}, None),
        ({"tokens": Decimal("1E100")}, None),
        ({}, None),
    ],
)
def test_tokens_under_any_of_their_names(metadata: Any, tokens: int | None) -> None:
    (row,) = read_one("ai_agent", "messages", MESSAGE | {"metadata": metadata})["messages"]
    assert row["tokens"] == tokens


@pytest.mark.parametrize(
    "call, seconds",
    [
        ({"duration_ms": 1500}, 1.5),
        ({"durationMs": "250"}, 0.25),
        ({"seconds": Decimal("2.5")}, 2.5),
        ({"duration": 3}, 3.0),
        ({"duration": "soon"}, None),
        ({"duration": -1}, None),
        ({}, None),
    ],
)
def test_the_time_of_a_tool_call(call: Row, seconds: float | None) -> None:
    calls = [{"tool": "find", "args": {"b": 1, "a": Decimal("0.1")}, "result": 1} | call, "odd"]
    (row,) = read_one("ai_agent", "messages", MESSAGE | {"metadata": {"tool_calls": calls}})["messages"]
    assert [one["seconds"] for one in row["calls"]] == [seconds, None]
    assert (row["tool_calls"], row["failed_tool_calls"]) == (2, 0)
    assert row["arguments"].splitlines()[0] == 'find {"a": 0.1, "b": 1}'


@pytest.mark.parametrize(
    "data, counts",
    [
        ({"reminders": [{"completed": True}, {"completed": False}, {"completed": "done"}, {"title": "x"}, "odd"]}, (3, 2)),
        ({"reminders": []}, (0, 0)),
        ({"reminders": '[{"completed": true}]'}, (0, 1)),
        ('{"reminders": [{"completed": false}]}', (1, 0)),
        ({"reminders": "broken"}, (0, 0)),
        ({}, (0, 0)),
    ],
)
def test_open_and_done_entries_of_a_record(data: Any, counts: tuple[int, int]) -> None:
    item = {"user_id": "u", "data_type": "reminder_data", "data": data, "timestamp": "2026-05-04T08:00:00Z"}
    (row,) = read_one("remo", "user_data", item)["user_records"]
    assert (row["open"], row["done"]) == counts
    (other,) = read_one("remo", "user_data", item | {"data_type": "user_preferences"})["user_records"]
    assert (other["open"], other["done"]) == (None, None)


def test_sizes_are_the_items_and_a_message_inside_has_its_share() -> None:
    item = {"conversation_id": "c", "user_id": "u", "messages": [{"role": "user", "content": "x" * n} for n in (10, 300)]}
    found = read_one("cg", "conversations", item)
    (conversation,) = found["conversations"]
    shares = [row["bytes"] for row in found["messages"]]
    assert conversation["bytes"] == item_bytes(wire(item))
    assert shares[1] - shares[0] == 290
    assert sum(shares) < conversation["bytes"] < sum(shares) + 60


def test_half_of_a_surrogate_pair_breaks_nothing() -> None:
    (row,) = read_one("ai_agent", "messages", MESSAGE | {"content": {"text": "a"}, "metadata": '{"tokens": 1, "x": "\\ud800"}'})["messages"]
    assert (row["content"], row["tokens"]) == ("a", 1)


def test_a_message_of_no_conversation_is_counted() -> None:
    known = built_in()["ai_agent"]
    reader = RowReader(known, {key: one.name for key, one in known.tables.items()})
    batch = reader.read(known.tables["messages"], [wire({"id": "m", "content": "x"})], 0)
    assert (batch.unplaced, batch.tables()) == (1, {})
