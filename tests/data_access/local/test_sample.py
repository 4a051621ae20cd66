"""The sample data: the same every time, in the guides' layouts, with every special case in it."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest

from data_access.local.sample import LANDMARKS, fill, items, store
from data_access.local.sample.store import to_wire

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

UNTIL = datetime(2026, 11, 20, 4, tzinfo=UTC)
KEYS = {
    "remo-user-data": ("user_id", "data_type"),
    "ai-agent-sessions": ("id", "tenantId"),
    "ai-agent-messages": ("id",),
    "ai4ai-chat-sessions": ("user_id", "session_id"),
    "ai4ai-chat-messages": ("session_id", "timestamp"),
    "cg-chatbot-conversations": ("conversation_id", "user_id"),
}
INDEXES = {
    "ai-agent-sessions": {"TenantUserIndex": ("tenantId", "userId")},
    "ai-agent-messages": {"SessionTimestampIndex": ("sessionId", "timestamp"), "TenantTimestampIndex": ("tenantId", "timestamp")},
    "cg-chatbot-conversations": {"user_id-created_at-index": ("user_id", "created_at")},
}
SCRIPTS = {
    "Latin": "[a-z]",
    "Cyrillic": "[\u0430-\u044f]",
    "Hebrew": "[\u05d0-\u05ea]",
    "Arabic": "[\u0627-\u064a]",
    "Devanagari": "[\u0905-\u0939]",
    "kana": "[\u3041-\u30fa]",
    "Han": "[\u4e00-\u9fff]",
    "emoji": "[\U0001f300-\U0001faff]",
}

Tables = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def tables() -> Tables:
    found: Tables = defaultdict(list)
    for table, item in items(until=UNTIL):
        found[table].append(item)
    return found


def size(value: Any) -> int:
    """Bytes of an attribute's value by DynamoDB's rules."""
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, bytes):
        return len(value)
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, dict):
        return 3 + sum(len(name.encode()) + size(part) + 1 for name, part in value.items())
    if isinstance(value, list | set):
        return 3 + sum(size(part) + 1 for part in value)
    return (len(Decimal(value).as_tuple().digits) + 1) // 2 + 2


def item_size(item: dict[str, Any]) -> int:
    return sum(len(name.encode()) + size(value) for name, value in item.items())


def embedded(item: dict[str, Any]) -> list[dict[str, Any]]:
    """The messages inside a remo or cg item that is as its guide says."""
    data = item.get("data", item)
    found = data.get("messages") if isinstance(data, dict) else None
    return found if isinstance(found, list) else []


def all_messages(tables: Tables) -> Iterator[dict[str, Any]]:
    for table in ("ai-agent-messages", "ai4ai-chat-messages"):
        yield from tables[table]
    for table in ("remo-user-data", "cg-chatbot-conversations"):
        for item in tables[table]:
            yield from embedded(item)


def tool_calls(message: dict[str, Any]) -> list[Any]:
    metadata = message.get("metadata")
    if isinstance(metadata, str):
        try:
            metadata = json.loads(metadata)
        except ValueError:
            return []
    found = message.get("tool_calls") or (metadata or {}).get("tool_calls") or []
    return [call for call in found if isinstance(call, dict)] if isinstance(found, list) else []


def session(tables: Tables, table: str, name: str, value: str) -> list[dict[str, Any]]:
    return [item for item in tables[table] if item.get(name) == value]


def test_is_the_same_every_time(tables: Tables) -> None:
    again: Tables = defaultdict(list)
    for table, item in items(until=UNTIL, seed=7):
        again[table].append(item)
    assert again == tables
    other = [item for _, item in islice(items(until=UNTIL, seed=8), 5)]
    assert other != tables["remo-user-data"][:5]


def test_is_about_twenty_thousand_messages(tables: Tables) -> None:
    assert 18_500 <= sum(1 for _ in all_messages(tables)) <= 22_000
    counts = {table: len(found) for table, found in tables.items()}
    assert counts.keys() == KEYS.keys()
    assert counts["remo-user-data"] > 1_000
    assert counts["ai-agent-messages"] > 6_000
    assert counts["ai4ai-chat-messages"] > 5_000
    assert counts["cg-chatbot-conversations"] > 400
    kinds = Counter(item["data_type"] for item in tables["remo-user-data"])
    assert {"conversation_memory", "conversation_context", "user_preferences", "reminder_data", "todo_data"} < kinds.keys()


def test_keys_are_there_unique_and_of_the_right_type(tables: Tables) -> None:
    for table, names in KEYS.items():
        seen = {tuple(item[name] for name in names) for item in tables[table]}
        assert len(seen) == len(tables[table])
        for item in tables[table]:
            for name in names:
                number = table == "ai4ai-chat-messages" and name == "timestamp"
                assert isinstance(item[name], int | Decimal if number else str)
                assert item[name] != ""
        for attributes in INDEXES.get(table, {}).values():
            # DynamoDB refuses an item with an empty or mistyped index key; without one it is just not in the index.
            assert all(isinstance(item[name], str) and item[name] for item in tables[table] for name in attributes if name in item)


@pytest.mark.parametrize("until", [UNTIL, datetime(2027, 6, 6, 12, tzinfo=UTC)])
def test_spans_90_days_up_to_the_end_time_and_not_beyond(until: datetime) -> None:
    sent: dict[str, list[datetime]] = defaultdict(list)
    long = 0
    for table, item in items(until=until):
        if LANDMARKS.drifted_ai_agent_session in item.values() or LANDMARKS.drifted_ai4ai_session in item.values():
            continue
        long += item.get("sessionId") == LANDMARKS.long_session
        if table == "ai-agent-messages":
            sent[table].append(datetime.fromisoformat(item["timestamp"]))
        elif table == "ai4ai-chat-messages":
            sent[table].append(datetime.fromtimestamp(item["timestamp"] / 1000, UTC))
        elif item.get("user_id") not in (*LANDMARKS.drifted_remo_users, LANDMARKS.drifted_user):
            sent[table] += [datetime.fromisoformat(m["timestamp"]).replace(tzinfo=UTC) for m in embedded(item)]
    assert long == 2_000
    for table in ("remo-user-data", "ai-agent-messages", "ai4ai-chat-messages", "cg-chatbot-conversations"):
        times = sorted(sent[table])
        assert until - timedelta(days=90) <= times[0] <= until - timedelta(days=88)
        assert until - timedelta(hours=1) <= times[-1] < until
        assert sum(at > until - timedelta(days=1) for at in times) > 10
        assert len({at.date() for at in times}) > 60


def test_follows_the_working_day_and_week_and_grows(tables: Tables) -> None:
    times = [datetime.fromisoformat(m["timestamp"]) for m in tables["ai-agent-messages"] if re.search(r"\.\d{3}Z$", m.get("timestamp", ""))]
    weekend = sum(at.weekday() > 4 for at in times) / len(times)
    assert 0.02 < weekend < 0.2
    older = sum(at.replace(tzinfo=UTC) < UNTIL - timedelta(days=60) for at in times)
    newer = sum(at.replace(tzinfo=UTC) > UNTIL - timedelta(days=30) for at in times)
    assert newer > 1.4 * older


def test_no_slot_or_date_is_left_open(tables: Tables) -> None:
    everything = json.dumps([tables[table] for table in tables], default=str, ensure_ascii=False)
    assert "@{" not in everything
    assert set(re.findall(r"\$([a-z][a-z0-9_]*)", everything)) <= {"x", "s", "{7*7}"}  # formulas


def test_texts_are_in_many_scripts_and_of_many_lengths(tables: Tables) -> None:
    texts = [m["content"] for m in all_messages(tables) if isinstance(m.get("content"), str)]
    for script, pattern in SCRIPTS.items():
        assert sum(bool(re.search(pattern, text)) for text in texts) > 25, script
    answers = sorted(
        len(m["content"]) for m in all_messages(tables) if m.get("role") in ("agent", "assistant") and isinstance(m["content"], str)
    )
    questions = sorted(len(m["content"]) for m in all_messages(tables) if m.get("role") == "user" and isinstance(m["content"], str))
    assert answers[len(answers) // 2] > 2 * questions[len(questions) // 2]
    assert answers[-100] > 6 * answers[len(answers) // 2]
    for mark in ("```python", "```json", "|---", "- [ ]", "1. ", "> "):
        assert sum(mark in text for text in texts) > 10, mark


def test_tool_calls_succeed_fail_and_get_lost(tables: Tables) -> None:
    fate: Counter[str] = Counter()
    for message in all_messages(tables):
        for call in tool_calls(message):
            result = call.get("result")
            failed = isinstance(result, dict) and ("error" in result or result.get("status") == "error")
            fate["lost" if "result" not in call else "failed" if failed else "ok"] += 1
    assert fate["ok"] > 5_000
    assert 300 < fate["failed"] < fate["ok"] / 3
    assert 50 < fate["lost"] < fate["failed"]


def test_metadata_of_ai4ai_is_json_text(tables: Tables) -> None:
    texts = [m["metadata"] for m in tables["ai4ai-chat-messages"] if m["session_id"] != LANDMARKS.drifted_ai4ai_session and "metadata" in m]
    assert len(texts) > 800
    assert all(json.loads(text)["tool_calls"] for text in texts)


def test_nothing_is_larger_than_an_item_may_be(tables: Tables) -> None:
    sizes = {item.get("conversation_id"): item_size(item) for item in tables["cg-chatbot-conversations"]}
    assert 390_000 <= sizes.pop(LANDMARKS.large_conversation) <= 405_000
    assert max(sizes.values()) < 100_000
    large = session(tables, "cg-chatbot-conversations", "conversation_id", LANDMARKS.large_conversation)[0]
    results = [size(call.get("result")) for message in large["messages"] for call in tool_calls(message)]
    assert max(results) > 256 * 1024


def test_people_are_in_two_tenants_and_look_alike(tables: Tables) -> None:
    tenants = defaultdict(set)
    for item in tables["ai-agent-sessions"]:
        tenants[item.get("userId")].add(item["tenantId"])
    assert len({item["tenantId"] for item in tables["ai-agent-sessions"]}) == 8
    for user in LANDMARKS.two_tenant_users:
        assert tenants[user] == set(LANDMARKS.two_tenants)
    assert set(LANDMARKS.lookalike_ai_agent_users) < tenants.keys()
    assert set(LANDMARKS.lookalike_remo_users) < {item["user_id"] for item in tables["remo-user-data"]}
    assert len(set(LANDMARKS.lookalike_remo_users)) == len(LANDMARKS.lookalike_remo_users) == 5


def test_orphans_and_empty_conversations(tables: Tables) -> None:
    for orphan in LANDMARKS.orphaned_ai_agent_sessions:
        assert session(tables, "ai-agent-messages", "sessionId", orphan)
        assert not session(tables, "ai-agent-sessions", "id", orphan)
    for orphan in LANDMARKS.orphaned_ai4ai_sessions:
        assert session(tables, "ai4ai-chat-messages", "session_id", orphan)
        assert not session(tables, "ai4ai-chat-sessions", "session_id", orphan)
    assert session(tables, "ai-agent-sessions", "id", LANDMARKS.empty_ai_agent_session)
    assert not session(tables, "ai-agent-messages", "sessionId", LANDMARKS.empty_ai_agent_session)
    assert session(tables, "ai4ai-chat-sessions", "session_id", LANDMARKS.empty_ai4ai_session)
    assert not session(tables, "ai4ai-chat-messages", "session_id", LANDMARKS.empty_ai4ai_session)
    assert not embedded(session(tables, "cg-chatbot-conversations", "conversation_id", LANDMARKS.empty_cg_conversation)[0])
    assert not embedded(session(tables, "remo-user-data", "user_id", LANDMARKS.empty_remo_user)[0])


def test_only_the_marked_users_have_expired(tables: Tables) -> None:
    now = int(UNTIL.timestamp())
    ttls = [(i["user_id"], i["ttl"]) for i in tables["remo-user-data"] if i["user_id"] not in LANDMARKS.drifted_remo_users]
    assert {user for user, ttl in ttls if ttl < now} == set(LANDMARKS.expired_remo_users)
    assert all(now - ttl < 3 * 86400 for _, ttl in ttls)


def test_hostile_text_is_in_every_system(tables: Tables) -> None:
    places = [
        embedded(session(tables, "remo-user-data", "user_id", LANDMARKS.hostile_remo_user)[0]),
        session(tables, "ai-agent-messages", "sessionId", LANDMARKS.hostile_ai_agent_session),
        session(tables, "ai4ai-chat-messages", "session_id", LANDMARKS.hostile_ai4ai_session),
        embedded(session(tables, "cg-chatbot-conversations", "conversation_id", LANDMARKS.hostile_cg_conversation)[0]),
    ]
    marks = ("<script>", "![status](https://tracker.example/pixel.png)", "javascript:", "\u202e", "\u200b", "\x1b[31m", "=HYPERLINK(")
    for messages in places:
        text = "\n".join(m["content"] for m in messages)
        for mark in (*marks, "```mermaid", r"\href{", ":red[", ":material/home:", "<iframe"):
            assert mark in text
        assert any("<script>" in json.dumps(tool_calls(m)) for m in messages)


def test_drift_is_in_every_system(tables: Tables) -> None:
    first = LANDMARKS.drifted_remo_users[0]
    remo = next(i for i in session(tables, "remo-user-data", "user_id", first) if i["data_type"] == "conversation_memory")
    cg = session(tables, "cg-chatbot-conversations", "conversation_id", LANDMARKS.drifted_cg_conversations[0])[0]
    agent = session(tables, "ai-agent-messages", "sessionId", LANDMARKS.drifted_ai_agent_session)
    chat = session(tables, "ai4ai-chat-messages", "session_id", LANDMARKS.drifted_ai4ai_session)
    for messages in (embedded(remo), embedded(cg), agent, chat):
        assert {"human", "ai", "bot", None} < {m.get("role") for m in messages}
        assert {str, list, int, dict, type(None)} <= {type(m["content"]) for m in messages}
        assert any("checksum" in m for m in messages)
    assert {str, int, Decimal, type(None)} == {type(m.get("timestamp")) for m in embedded(cg)}
    assert {item["id"] for item in tables["ai-agent-messages"] if "timestamp" not in item} == set(LANDMARKS.sparse_ai_agent_messages)
    assert {str, dict} <= {type(m.get("metadata")) for m in agent}
    assert {str, dict} <= {type(m.get("metadata")) for m in chat}
    assert "title" not in cg
    assert "message_count" not in cg


def test_ids_do_not_look_like_those_of_real_dialogues_loaded_beside(tables: Tables) -> None:
    """The dialogues that the benchmarks load have ids of these forms: both can be in one table."""
    users = {i.get("user_id") or i.get("userId") for found in tables.values() for i in found}
    assert not [u for u in users if u and re.fullmatch(r"did:privy:cm\w+|user-\d{5}|ap-southeast-2:.*|0{8}-.*", u)]


def create(client: DynamoDBClient, names: dict[str, str]) -> None:
    """As the setup guides say."""
    for table, key in KEYS.items():
        indexes = INDEXES.get(table, {})
        used = {*key, *(name for index in indexes.values() for name in index)}
        number = "timestamp" if table == "ai4ai-chat-messages" else ""
        spec: dict[str, Any] = {
            "TableName": names[table],
            "KeySchema": schema(key),
            "AttributeDefinitions": [{"AttributeName": n, "AttributeType": "N" if n == number else "S"} for n in sorted(used)],
            "BillingMode": "PAY_PER_REQUEST",
        }
        if indexes:
            spec["GlobalSecondaryIndexes"] = [
                {"IndexName": name, "KeySchema": schema(k), "Projection": {"ProjectionType": "ALL"}} for name, k in indexes.items()
            ]
        client.create_table(**spec)


def schema(key: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(key, ("HASH", "RANGE"), strict=False)]


def test_fills_tables_of_any_name(dynamodb: DynamoDBClient, tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every special case, and a part of the everyday ones: the whole takes ten seconds."""
    part = [(table, item) for table, found in tables.items() for item in (*found[:40], *found[-120:])]
    part += [
        ("cg-chatbot-conversations", i) for i in tables["cg-chatbot-conversations"] if i["conversation_id"] == LANDMARKS.large_conversation
    ]
    part = list({json.dumps([t, *(i[k] for k in KEYS[t])], default=str): (t, i) for t, i in part}.values())
    monkeypatch.setattr(store, "items", lambda **_: iter(part))
    names = {table: f"{table}-prod" for table in KEYS}
    create(dynamodb, names)
    told: list[int] = []

    counts = fill(dynamodb, until=UNTIL, names=names, progress=told.append)

    assert counts == Counter(names[table] for table, _ in part)
    assert max(told) == len(part)
    for name, count in counts.items():
        pages = dynamodb.get_paginator("scan").paginate(TableName=name, Select="COUNT")
        assert sum(page["Count"] for page in pages) == count
    stored = dynamodb.get_item(TableName=names["ai-agent-messages"], Key={"id": {"S": LANDMARKS.sparse_ai_agent_messages[0]}})
    assert "timestamp" not in stored.get("Item", {"timestamp": "no item"})


class Refusing:
    """A client whose tables take one item a request, or none."""

    def __init__(self, takes: int) -> None:
        self.takes, self.stored = takes, 0

    def batch_write_item(self, *, RequestItems: dict[str, list[Any]]) -> dict[str, Any]:  # noqa: N803
        requests = [(table, request) for table, found in RequestItems.items() for request in found]
        assert len(requests) <= 25
        self.stored += len(requests[: self.takes])
        left: dict[str, list[Any]] = defaultdict(list)
        for table, request in requests[self.takes :]:
            left[table].append(request)
        return {"UnprocessedItems": dict(left)}


def test_repeats_what_was_not_processed(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(store.time, "sleep", pauses.append)
    monkeypatch.setattr(store, "items", lambda **_: iter([("remo-user-data", item) for item in tables["remo-user-data"][:9]]))
    client: Any = Refusing(takes=1)
    assert fill(client, until=UNTIL) == {"remo-user-data": 9}
    assert client.stored == 9
    assert pauses == sorted(pauses)
    with pytest.raises(TimeoutError, match="9 items were refused"):
        fill(Refusing(takes=0), until=UNTIL)  # pyright: ignore[reportArgumentType]


def test_wire_form_is_exact_and_refuses_floats() -> None:
    value = {"n": Decimal("0.30000000000000000001"), "b": b"\x00", "s": {"b", "a"}, "i": {2, 1}, "l": [True, None, 1]}
    assert to_wire(value) == {
        "M": {
            "n": {"N": "0.30000000000000000001"},
            "b": {"B": b"\x00"},
            "s": {"SS": ["a", "b"]},
            "i": {"NS": ["1", "2"]},
            "l": {"L": [{"BOOL": True}, {"NULL": True}, {"N": "1"}]},
        }
    }
    with pytest.raises(TypeError, match="float"):
        to_wire(0.1)
