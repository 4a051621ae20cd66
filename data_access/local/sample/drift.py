"""Items that are not as the setup guides say: what years of changing clients leave in a table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from data_access.local.sample.layouts import TENANTS, Row
from data_access.local.sample.oddities import LANDMARKS
from data_access.local.sample.times import epoch, iso, milliseconds, naive

CALL: dict[str, Any] = {"tool": "lookup", "args": {"id": 17, "ratio": Decimal("0.30000000000000000001")}, "result": {"ok": True}}
PARTS = [
    {"type": "text", "text": "Two parts: first the text,"},
    {"type": "image_url", "image_url": {"url": "https://tracker.example/part.png"}},
    {"type": "text", "text": "then another one."},
]
UNKNOWN: dict[str, Any] = {
    "schema_version": Decimal("2.10"),
    "labels": {"beta", "imported"},
    "shard_numbers": {1, 2, 3},
    "checksum": b"\x00\xff\x10drift",
    "deleted_by": None,
    "ledger_number": 12345678901234567890123456789012345678,
}
BROKEN_JSON = '{"tool_calls": [{"tool": "lookup", "args": {"id": 17}'


def drifted(until: datetime) -> Iterator[Row]:
    start = (until - timedelta(days=2, hours=7)).replace(microsecond=250_000)
    yield from _remo(start)
    yield from _ai_agent(start)
    yield from _ai4ai(start)
    yield from _cg(start)


def _times(start: datetime) -> list[Any]:
    """The same clock, told in every way that was met; the last ones can not be read, or are not there."""
    at = [start + timedelta(minutes=n) for n in range(9)]
    return [
        naive(at[0]),
        iso(at[1]),
        at[2].astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat(),
        epoch(at[3]),
        milliseconds(at[4]),
        str(epoch(at[5])),
        str(milliseconds(at[6])),
        Decimal(milliseconds(at[7])) / 1000,
        f"{at[8]:%Y-%m-%d %H:%M:%S}",
        "yesterday",
        None,
    ]


def _messages(start: datetime) -> list[dict[str, Any]]:
    """Embedded messages, one kind of drift each."""
    said: list[tuple[Any, Any]] = [
        ("human", "My client writes role human and times without a zone."),
        ("ai", "And I answer as ai, with milliseconds and a Z."),
        ("bot", "I am the bot of an older version, with an offset of +05:30."),
        ("user", PARTS),
        ("assistant", 42),
        ("USER", "Epoch seconds as text."),
        ("model", {"text": "Content that is a map.", "format": "markdown"}),
        ("tool", '{"rows": 3, "status": "ok"}'),
        ("developer", "A role that no guide knows, and a time with a space in it."),
        ("user", ""),
        ("assistant", None),
    ]
    found = [{"role": role, "content": content, "timestamp": at} for (role, content), at in zip(said, _times(start), strict=True)]
    del found[-1]["timestamp"]
    found[1]["tool_calls"] = json.dumps([{"tool": "lookup", "args": {"id": 17}, "result": {"error": "not found"}}])
    found[2]["tool_calls"] = [
        {"name": "lookup", "arguments": '{"id": 17}'},
        CALL,
        {"tool": "lookup", "args": None, "result": None},
        "lookup",
    ]
    found[4]["metadata"] = BROKEN_JSON
    found[6] |= UNKNOWN
    found.append({"content": "No role and no time at all."})
    return found


def _remo(start: datetime) -> Iterator[Row]:
    first, second, third = LANDMARKS.drifted_remo_users
    base: dict[str, Any] = {"user_id": first, "timestamp": epoch(start)}
    memory = {
        "conversation_id": 20240101,
        "conversation_start_time": milliseconds(start),
        "memory_type": "summary",
        "messages": _messages(start),
    }
    yield "remo-user-data", base | {"data_type": "conversation_memory", "ttl": str(epoch(start) + 90 * 86400), "data": memory} | UNKNOWN
    yield "remo-user-data", base | {"data_type": "calendar_cache", "data": {"events": []}}
    yield "remo-user-data", {"user_id": first, "data_type": "user_preferences"}
    text = json.dumps({"conversation_id": "conv_text", "messages": [{"role": "user", "content": "My whole memory is one JSON text."}]})
    yield (
        "remo-user-data",
        {"user_id": second, "data_type": "conversation_memory", "data": text, "timestamp": str(milliseconds(start)), "ttl": 0},
    )
    yield "remo-user-data", {"user_id": second, "data_type": "todo_data", "data": '["unclosed', "ttl": "never"}
    yield "remo-user-data", {"user_id": third, "data_type": "conversation_memory", "data": {"messages": "none"}, "ttl": milliseconds(start)}


def _ai_agent(start: datetime) -> Iterator[Row]:
    """Times are a key of the indexes here, and so are always text; two messages have none and are in no index."""
    session, tenant = LANDMARKS.drifted_ai_agent_session, TENANTS[0].name
    yield (
        "ai-agent-sessions",
        {
            "id": session,
            "tenantId": tenant,
            "userId": LANDMARKS.drifted_user,
            "isActive": "true",
            "createdAt": milliseconds(start),
            "metadata": '{"channel": "web", "tags": ["imported"]}',
        }
        | UNKNOWN,
    )
    sparse = list(LANDMARKS.sparse_ai_agent_messages)
    for n, message in enumerate(_messages(start)):
        at = message.pop("timestamp", None)
        item: dict[str, Any] = {"id": f"drift-{n:02d}", "tenantId": tenant, "sessionId": session, "userId": LANDMARKS.drifted_user}
        if isinstance(at, str) and at != "yesterday":
            item["timestamp"] = at
        elif sparse and n in (4, 11):
            item["id"] = sparse.pop()
        else:
            item["timestamp"] = (start + timedelta(minutes=n)).isoformat(timespec="milliseconds")
        calls = message.pop("tool_calls", None)
        if calls is not None:
            # Once as the text that it became, once inside a Map.
            item["metadata"] = json.dumps({"tool_calls": json.loads(calls)}) if isinstance(calls, str) else {"tool_calls": calls}
        yield "ai-agent-messages", message | item


def _ai4ai(start: datetime) -> Iterator[Row]:
    """The time is the sort key: always a Number, though not always in milliseconds."""
    session = LANDMARKS.drifted_ai4ai_session
    chat: dict[str, Any] = {"user_id": LANDMARKS.drifted_user, "session_id": session, "created_at": epoch(start), "message_count": "many"}
    yield "ai4ai-chat-sessions", chat | UNKNOWN
    for n, message in enumerate(_messages(start)):
        at = start + timedelta(minutes=n)
        key = {3: epoch(at), 5: Decimal(milliseconds(at)) + Decimal("0.5"), 7: milliseconds(at) * 1000}.get(n, milliseconds(at))
        calls = message.pop("tool_calls", None)
        if calls is not None:
            # Here a Map is the drift; the guide's form is text.
            message["metadata"] = {"tool_calls": calls}
        yield "ai4ai-chat-messages", message | {"session_id": session, "timestamp": key}


def _cg(start: datetime) -> Iterator[Row]:
    first, second, third = LANDMARKS.drifted_cg_conversations
    user = LANDMARKS.drifted_user
    yield (
        "cg-chatbot-conversations",
        {"conversation_id": first, "user_id": user, "created_at": str(epoch(start)), "messages": _messages(start)} | UNKNOWN,
    )
    text = json.dumps([{"role": "user", "content": "All my messages are one JSON text."}, {"role": "assistant", "content": "So they are."}])
    later = {
        "conversation_id": second,
        "user_id": user,
        "title": 7,
        "messages": text,
        "message_count": Decimal("2.0"),
        "updated_at": milliseconds(start),
    }
    yield "cg-chatbot-conversations", later  # without created_at: in no index
    yield (
        "cg-chatbot-conversations",
        {"conversation_id": third, "user_id": user, "created_at": iso(start), "messages": None, "message_count": -1},
    )
