"""What lies in the live tables by the snapshot, against what a Scan of them brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from data_access.costs.size import item_bytes
from data_access.snapshot.hot import load
from data_access.snapshot.sizes import Spread, Stored, by_table, conversation_bytes, conversation_messages, message_bytes
from data_access.snapshot.store import Store
from data_access.snapshot.sync import sync
from tests.data_access.asked import BEGIN, conversation, hot, message, talk
from tests.data_access.conftest import OpenSource
from tests.data_access.layouts import SYSTEMS, put
from tests.data_access.snapshot.conftest import load_lasting

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Messages without a session, in a tenant of their own and in none; and one that two sessions own, since it names no tenant.
_ODD = [
    ("ai-agent-messages", {"id": "m1", "sessionId": "lost", "tenantId": "acme", "role": "user", "content": "x" * 5_000}),
    ("ai-agent-messages", {"id": "m2", "sessionId": "gone", "role": "user", "content": "Grüße", "timestamp": "2026-05-04T08:00:00Z"}),
    ("ai-agent-sessions", {"id": "both", "tenantId": "acme", "userId": "u"}),
    ("ai-agent-sessions", {"id": "both", "tenantId": "other", "userId": "v"}),
    ("ai-agent-messages", {"id": "m3", "sessionId": "both", "role": "user", "content": "ours", "timestamp": "2026-05-04T08:00:00Z"}),
    ("ai-agent-messages", {"id": "m4", "sessionId": "both", "tenantId": "other", "role": "user", "content": "o"}),
    ("ai4ai-chat-sessions", {"user_id": "u", "session_id": "empty", "title": "Nothing was said"}),
    ("remo-user-data", {"user_id": "u", "data_type": "todo_data", "data": {"todos": [{"completed": True}]}}),
    ("remo-user-data", {"user_id": "u", "data_type": "something else", "data": "x" * 999}),
]


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_table_is_counted_as_a_scan_counts_it(
    system: str, dynamodb: DynamoDBClient, open_source: OpenSource, store: Store, always_update: None
) -> None:
    load_lasting(dynamodb, system)
    source = open_source(system)
    put(dynamodb, [(table, item) for table, item in _ODD if table in source.place.tables.values()])
    sync(source, store)
    expected = {table: _scanned(dynamodb, table) for table in source.place.tables.values()}
    assert all(stored.items for stored in expected.values())
    assert by_table(load(store, texts=False), system) == expected


def _scanned(client: DynamoDBClient, table: str) -> Stored:
    items = [item for page in client.get_paginator("scan").paginate(TableName=table) for item in page["Items"]]
    return Stored(len(items), sum(map(item_bytes, items)))


def test_how_large_messages_and_conversations_are() -> None:
    said = [message(n, "user", BEGIN, bytes=100 * n, item_table="cg") for n in range(1, 11)]
    rows = {name: list(several) for name, several in talk(said, bytes=7_000, item_table="cg").items()}
    rows["conversations"].append(conversation([], conversation_id="c2", bytes=200, item_table="cg") | {"conversation_id": "c2"})
    copy = hot(rows)
    spread = message_bytes(copy, "cg")
    assert spread is not None
    assert spread == message_bytes(copy, None)
    assert (spread.count, spread.mean, spread.p50, spread.most) == (10, 550, 550, 1_000)
    assert spread.p95 == pytest.approx(955)
    assert conversation_messages(copy, "cg") == Spread(2, 5, 5, 9.5, 10)
    assert conversation_bytes(copy, "cg") == Spread(2, 3_600, 3_600, 6_660, 7_000)
    assert by_table(copy, "cg") == {"cg": Stored(2, 7_200)}


def test_nothing_is_known_of_what_is_not_there() -> None:
    copy = hot({})
    assert by_table(copy, "cg") == {}
    assert message_bytes(copy, None) is conversation_messages(copy, "cg") is conversation_bytes(copy, None) is None
