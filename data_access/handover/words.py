"""What an archive says about itself: README, manifest, and the columns of its sheets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from data_access.handover.zipped import File
from data_access.items.values import iso, to_json
from data_access.models import Conversation, Message, UserRecord
from data_access.people.model import Person, SystemData

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "conversations": (
        *("system", "conversation_id", "tenant_id", "title", "started_at", "last_activity_at", "message_count", "first_user_message"),
        *("last_assistant_message", "tools", "failed_tools", "expires_at", "transcript"),
    ),
    "messages": ("system", "conversation_id", "tenant_id", "position", "role", "sent_at", "content", "tools", "message_id"),
    "records": ("system", "kind", "updated_at", "expires_at", "data"),
}

_README = """\
Everything that was stored about one person
===========================================

Read on {made_at} (UTC). What was written later is not in it.

transcripts/            each conversation as a document to read
conversations.csv       the conversations, for a spreadsheet; so are messages.csv and records.csv
conversations.jsonl     the same for programs, one JSON object a line, with every digit; so are messages.jsonl and records.jsonl
items/                  every stored item as the database keeps it (DynamoDB's JSON), a file for each table
manifest.json           how much there is, what was read and what could not be, and the SHA-256 of every other file

Times are ISO 8601 in UTC. In the CSV files, an apostrophe was put before text that a spreadsheet would run as a formula,
and text of more than 32,767 characters, which no cell can hold, is cut. The .jsonl files have it as it is.
Records are what is kept beside conversations: preferences, reminders, to-dos and the like.
"""


def readme(made_at: datetime) -> str:
    return _README.format(made_at=iso(made_at.replace(microsecond=0)))


def conversation_row(one: Conversation, transcript: str) -> Sequence[Any]:
    return (
        *(one.system, one.conversation_id, one.tenant_id, one.title, one.started_at, one.last_activity_at, one.message_count),
        *(one.first_user_message, one.last_assistant_message, ", ".join(one.tools), ", ".join(one.failed_tools), one.expires_at),
        transcript,
    )


def message_row(of: Conversation, one: Message) -> Sequence[Any]:
    tools = ", ".join(f"{call.name} ({call.status.value})" for call in one.tool_calls)
    place = (of.system, of.conversation_id, of.tenant_id, one.position)
    return (*place, one.role.value, one.sent_at, one.content, tools, one.message_id)


def record_row(one: UserRecord) -> Sequence[Any]:
    return (one.system, one.kind, one.updated_at, one.expires_at, one.data if isinstance(one.data, str) else to_json(one.data))


def manifest(form: str, version: int, person: Person, files: Sequence[File]) -> dict[str, Any]:
    """The manifest as plain values. `complete` is False where something could not be read."""
    return {
        "format": form,
        "version": version,
        "user_id": person.user_id,
        "tenants": person.tenants,
        "read_at": person.read_at,
        "complete": not person.unread,
        "items": person.items,
        "bytes": person.bytes,
        "systems": [_system(one) for one in person.systems],
        "files": [{"name": file.name, "bytes": file.bytes, "sha256": file.sha256} for file in files],
    }


def _system(one: SystemData) -> dict[str, Any]:
    return {
        "system": one.system,
        "title": one.title,
        "conversations": len(one.conversations),
        "orphaned_conversations": one.orphans,
        "messages": one.messages,
        "tenants": one.tenants,
        "tables": {name: {"items": table.items, "bytes": table.bytes} for name, table in one.tables.items()},
        "records": [{"kind": kind.kind, "items": kind.items} for kind in one.records],
        "looked_for_by": one.sweep.by,
        "snapshot_of": one.sweep.as_of,
        "not_readable": [{"table": unread.table, "code": unread.code, "message": str(unread.error)} for unread in one.unread],
        "notes": one.notes,
    }
