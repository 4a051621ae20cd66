"""One conversation as a file: Markdown to read, JSON to work with.

The JSON is the model, field for field, with every digit. Neither file's name holds a user's id.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime, tzinfo
from enum import Enum
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

from data_access.conversations import Replay
from data_access.file_names import safe_name
from data_access.items.values import iso, to_json
from data_access.models import Conversation, Message, ToolCall, ToolStatus

UTC = ZoneInfo("UTC")
_STATUS = {ToolStatus.OK: "ok", ToolStatus.ERROR: "failed", ToolStatus.NO_RESULT: "no result recorded"}


def plain(value: Any) -> Any:
    """A model object as plain values for JSON: names as in the model, times as ISO 8601 in UTC."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in cast("Sequence[Any]", value)]
    return value


def as_json(replay: Replay) -> bytes:
    """The conversation and its messages. Numbers keep every digit; binary is {"base64": …}."""
    document = {"conversation": plain(replay.conversation), "messages": plain(replay.messages)}
    return _utf8(to_json(document, indent=2) + "\n")


def as_markdown(replay: Replay, zone: tzinfo = UTC) -> bytes:
    """The conversation as a document, its times in one zone. What was said is quoted as it was written."""
    parts = [_front(replay.conversation, zone), *(_turn(message, zone) for message in replay.messages)]
    return _utf8("\n\n".join(parts) + "\n")


def file_name(conversation: Conversation, extension: Literal["md", "json"]) -> str:
    """A name that every file system takes, made from the system and the conversation's id.

    An id that had to be changed, or that holds the user's own id, gets a short hash, so that two conversations keep two names.
    """
    stored = conversation.conversation_id
    shown = stored.replace(conversation.user_id, "") if conversation.user_id else stored
    return f"{safe_name(conversation.system)}-{safe_name(stored, extension, instead=shown)}"


def _front(conversation: Conversation, zone: tzinfo) -> str:
    facts: list[tuple[str, str | None]] = [
        ("System", conversation.system),
        ("Conversation", conversation.conversation_id),
        ("User", conversation.user_id),
        ("Tenant", conversation.tenant_id),
        ("Started", _when(conversation.started_at, zone)),
        ("Last activity", _when(conversation.last_activity_at, zone)),
        ("Messages", str(conversation.message_count)),
        ("Tools", ", ".join(conversation.tools) or None),
        ("Expires", _when(conversation.expires_at, zone)),
    ]
    rows = [f"- {name}: {_line(value)}" for name, value in facts if value]
    return "\n".join((f"# {_line(conversation.title or 'Conversation')}", "", *rows))


def _turn(message: Message, zone: tzinfo) -> str:
    head = [f"## {message.position}. {message.role.value}", _when(message.sent_at, zone) or "no time"]
    if message.response_seconds is not None:
        head.append(f"answered in {message.response_seconds:.1f} s")
    parts = [" · ".join(head), *(f"*{_line(problem)}*" for problem in message.problems)]
    if message.content.strip():
        parts.append(_quoted(message.content))
    parts += [_call(call) for call in message.tool_calls]
    return "\n\n".join(parts)


def _call(call: ToolCall) -> str:
    parts = [f"**Tool: {_line(call.name)}** ({_STATUS[call.status]})"]
    if call.arguments is not None:
        parts += ["Arguments:", _fenced(call.arguments)]
    if call.result is not None:
        parts += ["Result:", _fenced(call.result)]
    return "\n\n".join(parts)


def _quoted(text: str) -> str:
    # A quotation keeps a message's own headings from becoming headings of the document.
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _fenced(value: Any) -> str:
    body, language = (value, "") if isinstance(value, str) else (to_json(value, indent=2), "json")
    ticks = "`" * max(3, max((len(run) for run in re.findall(r"`+", body)), default=0) + 1)
    return f"{ticks}{language}\n{body}\n{ticks}"


def _line(text: str) -> str:
    """One line, in which Markdown finds nothing to do."""
    return re.sub(r"([\\`*_{}\[\]<>#|!])", r"\\\1", " ".join(text.split()))


def _when(when: datetime | None, zone: tzinfo) -> str | None:
    return when.astimezone(zone).isoformat(sep=" ", timespec="seconds") if when else None


def _utf8(text: str) -> bytes:
    # Half a surrogate pair cannot be written as UTF-8; DynamoDB does not store one either, but JSON inside a text can.
    return text.encode("utf-8", "replace")
