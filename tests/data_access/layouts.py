"""A few dozen conversations in the four guides' layouts, put in by plain boto3, and what a reader must find.

Nothing here uses the code under test: tables, items and the truth are written down a second time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeSerializer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SYSTEMS = ("remo", "ai_agent", "ai4ai", "cg")
BASE = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
Item = dict[str, Any]


def _table(name: str, keys: Sequence[str], types: dict[str, str], indexes: dict[str, Sequence[str]] | None = None) -> dict[str, Any]:
    def schema(pair: Sequence[str]) -> list[dict[str, str]]:
        return [{"AttributeName": a, "KeyType": t} for a, t in zip(pair, ("HASH", "RANGE"), strict=False)]

    made: dict[str, Any] = {
        "TableName": name,
        "KeySchema": schema(keys),
        "AttributeDefinitions": [{"AttributeName": a, "AttributeType": t} for a, t in types.items()],
        "BillingMode": "PAY_PER_REQUEST",
    }
    if indexes:
        made["GlobalSecondaryIndexes"] = [
            {"IndexName": n, "KeySchema": schema(k), "Projection": {"ProjectionType": "ALL"}} for n, k in indexes.items()
        ]
    return made


TABLES: dict[str, list[dict[str, Any]]] = {
    "remo": [_table("remo-user-data", ("user_id", "data_type"), {"user_id": "S", "data_type": "S"})],
    "ai_agent": [
        _table(
            "ai-agent-sessions",
            ("id", "tenantId"),
            {"id": "S", "tenantId": "S", "userId": "S"},
            {"TenantUserIndex": ("tenantId", "userId")},
        ),
        _table(
            "ai-agent-messages",
            ("id",),
            {"id": "S", "sessionId": "S", "timestamp": "S", "tenantId": "S"},
            {"SessionTimestampIndex": ("sessionId", "timestamp"), "TenantTimestampIndex": ("tenantId", "timestamp")},
        ),
    ],
    "ai4ai": [
        _table("ai4ai-chat-sessions", ("user_id", "session_id"), {"user_id": "S", "session_id": "S"}),
        _table("ai4ai-chat-messages", ("session_id", "timestamp"), {"session_id": "S", "timestamp": "N"}),
    ],
    "cg": [
        _table(
            "cg-chatbot-conversations",
            ("conversation_id", "user_id"),
            {"conversation_id": "S", "user_id": "S", "created_at": "S"},
            {"user_id-created_at-index": ("user_id", "created_at")},
        )
    ],
}


@dataclass(frozen=True)
class Call:
    name: str
    arguments: Any
    result: Any
    status: str


@dataclass(frozen=True)
class Turn:
    role: str
    content: str
    sent_at: datetime
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True)
class Talk:
    """One conversation as it happened."""

    system: str
    conversation_id: str
    user_id: str
    turns: tuple[Turn, ...]
    tenant_id: str | None = None
    title: str | None = None

    @property
    def started_at(self) -> datetime:
        return self.turns[0].sent_at

    @property
    def last_activity_at(self) -> datetime:
        return self.turns[-1].sent_at

    def summary(self) -> dict[str, Any]:
        """What a list must say of it, by the model's names."""
        calls = [call for turn in self.turns for call in turn.calls]
        return {
            "system": self.system,
            "conversation_id": self.conversation_id,
            "user_id": self.user_id,
            "tenant_id": self.tenant_id,
            "title": self.title,
            "started_at": self.started_at,
            "last_activity_at": self.last_activity_at,
            "message_count": len(self.turns),
            "first_user_message": next((t.content for t in self.turns if t.role == "user"), None),
            "last_assistant_message": next((t.content for t in reversed(self.turns) if t.role == "assistant"), None),
            "tools": tuple(dict.fromkeys(c.name for c in calls)),
            "failed_tools": tuple(dict.fromkeys(c.name for c in calls if c.status == "error")),
        }

    def said(self) -> list[tuple[Any, ...]]:
        """What a replay must show, message by message."""
        return [
            (n, t.role, t.content, t.sent_at, tuple((c.name, c.arguments, c.result, c.status) for c in t.calls))
            for n, t in enumerate(self.turns, start=1)
        ]


_CALLS = (
    Call("search", {"query": "4K renders", "limit": 10}, [{"id": 1}, {"id": 2}], "ok"),
    Call("book", {"when": "tomorrow"}, {"error": "no seats"}, "error"),
    Call("notify", {"who": "wörld 世界"}, None, "no_result"),
)
# Look-alike ids on purpose: one is the beginning of the other, or differs in case.
USERS = {
    "remo": ("did:privy:cm1", "did:privy:cm10", "did:privy:CM1"),
    "ai_agent": ("user-1", "user-10", "User-1", "user-2"),
    "ai4ai": ("ap-southeast-2:0001", "ap-southeast-2:0002", "ap-southeast-2:00010"),
    "cg": ("demo", "demo2", "3f1c-1"),
}


def _turns(seed: int, start: datetime, count: int) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    now = start
    for n in range(count):
        role = "user" if n % 2 == 0 else "assistant"
        calls = _CALLS[(seed + n) % 4 :][:2] if role == "assistant" else ()
        turns.append(Turn(role, f"{role} {seed}.{n}: grüße, 日本 “{'x' * (n * 7)}”", now, calls))
        now += timedelta(seconds=3 + (seed * 7 + n * 31) % 400)
    return tuple(turns)


def talks(system: str) -> list[Talk]:
    """The conversations of one system, the same every time; a user of ai_agent is in two tenants."""
    found: list[Talk] = []
    for number, user in enumerate(USERS[system]):
        for n in range(1 if system == "remo" else 1 + (number + 2) % 4):
            seed = len(found)
            turns = _turns(seed, BASE + timedelta(days=seed, hours=number), 1 + (seed * 3) % 9)
            tenant = ("acme" if (number + n) % 2 else "acme-eu") if system == "ai_agent" else None
            title = f"About {seed}" if system in ("ai4ai", "cg") else None
            found.append(Talk(system, f"{system}-{seed:04d}", user, turns, tenant, title))
    return found


def iso(when: datetime, suffix: str = "Z") -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%S") + suffix


def _call(call: Call, names: tuple[str, str]) -> Item:
    made = {names[0]: call.name, names[1]: call.arguments}
    return made if call.status == "no_result" else made | {"result": call.result}


def _embedded(talk: Talk, suffix: str) -> list[Item]:
    return [
        {"role": t.role, "content": t.content, "timestamp": iso(t.sent_at, suffix)}
        | ({"tool_calls": [_call(c, ("tool", "args")) for c in t.calls]} if t.calls else {})
        for t in talk.turns
    ]


def items(talk: Talk) -> Iterator[tuple[str, Item]]:
    """The items that the chatbot would have written for it."""
    first, last = talk.started_at, talk.last_activity_at
    if talk.system == "remo":
        base = {"user_id": talk.user_id, "timestamp": iso(last, ""), "ttl": int(last.timestamp()) + 86_400}
        memory = {"conversation_id": talk.conversation_id, "conversation_start_time": iso(first, ""), "last_activity": iso(last, "")}
        data = memory | {"memory_type": "buffer", "messages": _embedded(talk, "")}
        yield "remo-user-data", base | {"data_type": "conversation_memory", "data": data}
        for kind, value in (("user_preferences", {"theme": "dark"}), ("reminder_data", {"reminders": []}), ("todo_data", {"todos": []})):
            yield "remo-user-data", base | {"data_type": kind, "data": value}
    elif talk.system == "ai_agent":
        own = {"tenantId": talk.tenant_id, "userId": talk.user_id}
        times = {"createdAt": iso(first, ".000Z"), "updatedAt": iso(last, ".000Z")}
        yield "ai-agent-sessions", own | times | {"id": talk.conversation_id, "isActive": False, "metadata": {"source": "test"}}
        for n, turn in enumerate(talk.turns):
            item: Item = own | {"id": f"{talk.conversation_id}-m{n}", "sessionId": talk.conversation_id, "content": turn.content}
            item |= {"role": "user" if turn.role == "user" else "agent", "timestamp": iso(turn.sent_at, ".000Z")}
            if turn.calls:
                item["metadata"] = {"tool_calls": [_call(c, ("name", "arguments")) for c in turn.calls], "model": "m-1"}
            yield "ai-agent-messages", item
    elif talk.system == "ai4ai":
        times = {"created_at": iso(first, ""), "updated_at": iso(last, "")}
        yield (
            "ai4ai-chat-sessions",
            times | {"user_id": talk.user_id, "session_id": talk.conversation_id, "title": talk.title, "message_count": len(talk.turns)},
        )
        for n, turn in enumerate(talk.turns):
            item = {"session_id": talk.conversation_id, "timestamp": int(turn.sent_at.timestamp()) * 1000, "message_id": f"m{n}"}
            item |= {"role": turn.role, "content": turn.content}
            if turn.calls:
                item["metadata"] = json.dumps({"tool_calls": [_call(c, ("name", "arguments")) for c in turn.calls]})
            yield "ai4ai-chat-messages", item
    else:
        times = {"created_at": iso(first), "updated_at": iso(last)}
        own = {"conversation_id": talk.conversation_id, "user_id": talk.user_id, "title": talk.title}
        yield "cg-chatbot-conversations", own | times | {"messages": _embedded(talk, "Z"), "message_count": len(talk.turns)}


def create(client: DynamoDBClient, *systems: str) -> None:
    for system in systems:
        for table in TABLES[system]:
            client.create_table(**table)


def put(client: DynamoDBClient, rows: Iterator[tuple[str, Item]] | Sequence[tuple[str, Item]]) -> None:
    """Write plain items as they are."""
    serialize = TypeSerializer().serialize
    puts = [(table, {"PutRequest": {"Item": {name: serialize(value) for name, value in item.items()}}}) for table, item in rows]
    write(client, puts)


def empty(client: DynamoDBClient, system: str) -> None:
    """Delete every item of the system's tables, or make the tables."""
    there = client.list_tables()["TableNames"]
    for table in TABLES[system]:
        name, keys = table["TableName"], [key["AttributeName"] for key in table["KeySchema"]]
        if name not in there:
            client.create_table(**table)
            continue
        found = client.scan(TableName=name)["Items"]
        write(client, [(name, {"DeleteRequest": {"Key": {key: item[key] for key in keys}}}) for item in found])


def write(client: DynamoDBClient, requests: Sequence[tuple[str, Any]]) -> None:
    for at in range(0, len(requests), 25):
        batch: dict[str, Any] = {}
        for table, request in requests[at : at + 25]:
            batch.setdefault(table, []).append(request)
        client.batch_write_item(RequestItems=batch)


def load(client: DynamoDBClient, *systems: str) -> dict[str, list[Talk]]:
    """Tables and conversations of the systems; returns the truth."""
    create(client, *systems)
    truth = {system: talks(system) for system in systems}
    for found in truth.values():
        put(client, (row for talk in found for row in items(talk)))
    return truth
