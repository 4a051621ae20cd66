"""Rows for questions about everything: made up with every special case, and made from the sample data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pyarrow as pa

from data_access.items.conversations import ConversationReader
from data_access.items.values import identifier
from data_access.local.sample import items
from data_access.models import Address, Message, UserRecord
from data_access.snapshot.hot import Hot
from data_access.snapshot.schema import TABLES
from data_access.systems.spec import built_in

Row = dict[str, Any]
Rows = Mapping[str, list[Row]]
# Clocks change in New York on 8 March and in Berlin on 29 March.
BEGIN = datetime(2026, 2, 16, tzinfo=UTC)
END = datetime(2026, 4, 6, tzinfo=UTC)
NOW = datetime(2026, 4, 2, 10, 7, 30, tzinfo=UTC)


_TOPICS = {"user_preferences": "preferences", "reminder_data": "reminders", "todo_data": "todos"}


def hot(rows: Rows, version: str = "1", *, texts: bool = False, synced: Mapping[str, datetime] | None = None) -> Hot:
    return Hot.from_arrow(arrow(rows), version, texts=texts, synced=synced)


def arrow(rows: Rows) -> dict[str, Any]:
    table: Any = pa.Table
    return {name: table.from_pylist([_naive(row) for row in rows.get(name, [])], schema) for name, schema in TABLES.items()}


def _naive(row: Row) -> Row:
    return {name: value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value for name, value in row.items()}


def message(position: int, role: str, sent_at: datetime | None, **other: Any) -> Row:
    """A message of cg's conversation c1 by user u1, unless it says otherwise."""
    return {
        "system": "cg",
        "conversation_id": "c1",
        "user_id": "u1",
        "tenant_id": None,
        "position": position,
        "role": role,
        "content": f"{role} {position}",
        "sent_at": sent_at,
        "problems": 0,
        "orphaned": False,
        "tool_calls": 0,
    } | other


def conversation(messages: list[Row], **other: Any) -> Row:
    """The row of the conversation that some messages are."""
    times = [row["sent_at"] for row in messages if row["sent_at"] is not None]
    first = messages[0] if messages else {"system": "cg", "conversation_id": "c1", "user_id": "u1", "tenant_id": None}
    return {
        **{name: first[name] for name in ("system", "conversation_id", "user_id", "tenant_id")},
        "title": "A talk",
        "started_at": min(times, default=None),
        "last_activity_at": max(times, default=None),
        "message_count": len(messages),
        "has_session": True,
    } | other


def talk(messages: list[Row], **other: Any) -> Rows:
    return {"messages": messages, "conversations": [conversation(messages, **other)]}


def invented(seed: int, conversations: int = 160) -> Rows:
    """Every special case at random: ids that systems and tenants share, ties, gaps, expiry around NOW, empty sessions."""
    rng = Random(seed)
    rows: dict[str, list[Row]] = {name: [] for name in TABLES}
    for number in range(conversations):
        system = rng.choice(("cg", "remo", "ai_agent"))
        key = {
            "system": system,
            # Tenants and users use each other's conversation ids.
            "conversation_id": f"c{rng.randrange(conversations // 2)}-{number if rng.random() < 0.8 else 0}",
            "user_id": rng.choice((None, *(f"u{n}" for n in range(30)))) if rng.random() < 0.9 else "demo",
            "tenant_id": f"t{rng.randrange(4)}" if system == "ai_agent" else None,
        }
        if any(all(row[name] == value for name, value in key.items()) for row in rows["conversations"]):
            continue
        own = _said(rng, key)
        rows["messages"] += own
        has_session = bool(rng.random() < 0.95 or not own)
        for row in own:
            row["orphaned"] = not has_session
        summary = conversation(own, has_session=has_session) | key
        if summary["started_at"] is None or rng.random() < 0.2:
            early = BEGIN + timedelta(seconds=rng.uniform(0, 45 * 86_400))
            summary["started_at"] = min(early, summary["started_at"] or early)
            summary["last_activity_at"] = max(summary["started_at"], summary["last_activity_at"] or early)
        if rng.random() < 0.03:
            summary["started_at"] = summary["last_activity_at"] = None
        summary["expires_at"] = _expiry(rng)
        rows["conversations"].append(summary)
        for row in own:
            for ordinal in range(rng.choice((0, 0, 0, 1, 2)) if row["role"] == "assistant" else 0):
                rows["tool_calls"].append(
                    {name: row[name] for name in (*key, "position", "sent_at", "expires_at")}
                    | {
                        "ordinal": ordinal + 1,
                        "tool": rng.choice(("find", "book", "notify")),
                        "status": rng.choice(("ok", "ok", "error", "no_result")),
                        "seconds": rng.choice((None, rng.uniform(0.1, 9))),
                    }
                )
    for n in range(30):
        for kind in ("user_preferences", "reminder_data", "todo_data", "other"):
            if rng.random() < 0.5:
                rows["user_records"].append(
                    {
                        "system": "remo",
                        "user_id": f"u{n}",
                        "tenant_id": None,
                        "kind": kind,
                        "topic": _TOPICS.get(kind),
                        "expires_at": _expiry(rng),
                        "open": rng.randrange(4) if "_data" in kind else None,
                        "done": rng.randrange(4) if "_data" in kind else None,
                    }
                )
    return rows


def _said(rng: Random, key: Row) -> list[Row]:
    said: list[Row] = []
    at = BEGIN + timedelta(seconds=rng.uniform(0, 47 * 86_400))
    if rng.random() < 0.3:
        at = at.replace(microsecond=0)
    if rng.random() < 0.1:
        at = at.replace(hour=0, minute=0, second=0, microsecond=0)
    together = rng.random() < 0.1
    before: Row | None = None
    for position in range(1, rng.choice((0, 1, 1, 2, 3, 4, 8, 30)) + 1):
        role = rng.choice(("system", "tool", "user", "assistant")) if rng.random() < 0.2 else ("assistant", "user")[position % 2]
        if not together:
            at += timedelta(seconds=rng.choice((0, 0.001, 1, rng.uniform(0, 30), rng.uniform(0, 30), rng.uniform(0, 90_000))))
        row = message(position, role, None if rng.random() < 0.02 else at - timedelta(seconds=20 * (rng.random() < 0.02))) | key
        waited = None
        if role == "assistant" and before is not None and before["role"] == "user" and row["sent_at"] and before["sent_at"]:
            waited = (row["sent_at"] - before["sent_at"]).total_seconds()
        row["response_seconds"] = waited if waited is not None and waited >= 0 else None
        row["tokens"] = rng.choice((None, rng.randrange(900)))
        row["expires_at"] = _expiry(rng)
        said.append(row)
        before = row
    return said


def _expiry(rng: Random) -> datetime | None:
    """Seldom; and then often in the very quarter of an hour of NOW."""
    return rng.choice(
        (*[None] * 12, NOW, NOW - timedelta(seconds=rng.uniform(0, 400)), NOW + timedelta(seconds=rng.uniform(0, 400)), *_far(rng))
    )


def _far(rng: Random) -> tuple[datetime, ...]:
    return NOW + timedelta(days=rng.uniform(-20, 0)), NOW + timedelta(days=rng.uniform(0, 6)), NOW + timedelta(days=rng.uniform(0, 60))


def from_sample(until: datetime) -> Rows:
    """The sample data as rows."""
    return from_items(items(until=until))


def from_items(given: Iterable[tuple[str, Row]]) -> Rows:
    """Stored items, each with its table's name, as rows: put together here and not by the sync."""
    stored: dict[str, list[Row]] = defaultdict(list)
    for table, item in given:
        stored[table].append(item)
    rows: dict[str, list[Row]] = {name: [] for name in TABLES}
    for system in built_in().values():
        shape = ConversationReader(system)
        apart: dict[str | None, list[Row]] = defaultdict(list)
        if system.messages is not None:
            for item in stored[system.messages.name]:
                apart[shape.messages.conversation_id(item)].append(item)
        for item in stored[system.conversations.name]:
            address = Address(shape.table.name, {key: item.get(key) for key in shape.table.keys})
            if shape.holds(item) != "conversation":
                rows["user_records"].append(_record(shape.record(item, address), item))
                continue
            if system.messages is None:
                messages, trouble = shape.embedded_messages(item, address)
            else:
                own = identifier(shape.part(item, "conversation_id"))
                drafts = [shape.messages.draft(one, address) for one in apart.pop(own, [])]
                messages, trouble = shape.messages.sequence(drafts), ()
            _add(rows, shape.conversation(item, address, messages, trouble), messages, has_session=True)
        for conversation_id, several in apart.items():
            if conversation_id is not None:
                messages = shape.messages.sequence([shape.messages.draft(one, Address("", {})) for one in several])
                _add(rows, shape.orphaned(conversation_id, several[0], messages, "no session"), messages, has_session=False)
    return rows


def _add(rows: dict[str, list[Row]], found: Any, messages: tuple[Message, ...], *, has_session: bool) -> None:
    key = {name: getattr(found, name) for name in ("system", "conversation_id", "user_id", "tenant_id")}
    names = ("title", "started_at", "last_activity_at", "message_count", "is_active", "expires_at")
    rows["conversations"].append(key | {name: getattr(found, name) for name in names} | {"has_session": has_session})
    for one in messages:
        tokens = one.metadata.get("tokens") if isinstance(one.metadata, dict) else None
        rows["messages"].append(
            key
            | {name: getattr(one, name) for name in ("position", "content", "sent_at", "response_seconds")}
            | {
                "role": one.role.value,
                "arguments": " ".join(f"{call.name} {call.arguments}" for call in one.tool_calls) or None,
                "tokens": int(tokens) if isinstance(tokens, int) else None,
                "expires_at": found.expires_at,
                "orphaned": not has_session,
                "problems": len(one.problems),
            }
        )
        rows["tool_calls"] += [
            key
            | {"position": one.position, "ordinal": n, "sent_at": one.sent_at, "tool": call.name, "status": call.status.value}
            | {"seconds": None, "expires_at": found.expires_at}
            for n, call in enumerate(one.tool_calls, start=1)
        ]


def _record(record: UserRecord, item: Row) -> Row:
    lists = [value for value in record.data.values() if isinstance(value, list)] if isinstance(record.data, dict) else []
    entries = [entry for several in lists for entry in several if isinstance(entry, dict) and "completed" in entry]
    return {
        "system": record.system,
        "user_id": identifier(item.get("user_id")),
        "tenant_id": None,
        "kind": record.kind,
        "topic": _TOPICS.get(record.kind),
        "updated_at": record.updated_at,
        "expires_at": record.expires_at,
        "open": sum(1 for entry in entries if not entry["completed"]),
        "done": sum(1 for entry in entries if entry["completed"]),
    }
