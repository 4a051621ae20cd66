"""What the readers return: one model over every layout.

All times are aware datetimes in UTC. Numbers from DynamoDB are `int` where they are whole and
`Decimal` otherwise, never rounded. Everything is frozen: a page can hold it, nobody can change it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"
    TOOL = "tool"


class ToolStatus(StrEnum):
    OK = "ok"
    ERROR = "error"
    NO_RESULT = "no_result"


@dataclass(frozen=True, slots=True)
class Address:
    """Where an item lies: what the raw view shows and what erasure will delete.

    `key` maps the key attributes of the base table to their values; `index` is the global secondary
    index that the item was read through, None for the table itself.
    """

    table: str
    key: Mapping[str, Any]
    index: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something odd in a stored item: shown beside it, never a reason to leave it out."""

    text: str
    address: Address | None = None


@dataclass(frozen=True, slots=True)
class ToolCall:
    name: str
    arguments: Any
    result: Any
    status: ToolStatus


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. `position` counts from 1; `content` is text whatever was stored.

    `response_seconds` is set on an assistant turn that follows a user turn, when both have a time.
    """

    position: int
    role: Role
    content: str
    sent_at: datetime | None
    tool_calls: tuple[ToolCall, ...]
    metadata: Any
    message_id: str | None
    response_seconds: float | None
    address: Address
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation, whatever tables it lies in.

    `message_count` is the number of messages found, not the stored count. `duration_seconds` is the time
    from `started_at` to `last_activity_at`. `tools` names each tool once, in order of first use.
    """

    system: str
    conversation_id: str
    user_id: str | None
    tenant_id: str | None
    title: str | None
    started_at: datetime | None
    last_activity_at: datetime | None
    message_count: int
    first_user_message: str | None
    last_assistant_message: str | None
    tools: tuple[str, ...]
    failed_tools: tuple[str, ...]
    is_active: bool | None
    expires_at: datetime | None
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])
    address: Address | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def duration_seconds(self) -> float | None:
        if self.started_at is None or self.last_activity_at is None:
            return None
        return (self.last_activity_at - self.started_at) / timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class UserRecord:
    """What a system keeps about a user beside conversations: preferences, reminders, todos …"""

    system: str
    kind: str
    updated_at: datetime | None
    expires_at: datetime | None
    data: Any
    address: Address


@dataclass(frozen=True, slots=True)
class Filter:
    """Which conversations. The window is half-open, [since, until), and a conversation is in it when any of its activity is."""

    system: str
    user_id: str | None = None
    tenant_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    conversation_id: str | None = None
