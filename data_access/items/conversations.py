"""Conversations and user records, from a session's item, an item with everything inside, or messages alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from data_access.items.messages import MessageReader
from data_access.items.parts import Parts, parts
from data_access.items.values import flag, identifier, opened, time
from data_access.models import Address, Conversation, Filter, Message, Problem, Role, ToolStatus, UserRecord
from data_access.systems.spec import Holds, System, Table

# Stored times may be finer than the messages' own: only a larger difference is a contradiction.
_SAME = timedelta(seconds=1)


class ConversationReader:
    """Reads the items of the table that holds one system's conversations."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.table: Table = system.conversations
        self.messages = MessageReader(system)
        self._parts: dict[str | None, Parts] = {kind: parts(self.table.parts(kind)) for kind in (None, *self.table.kinds)}
        self._kind_attribute = self.table.parts().get("kind")

    def holds(self, item: Mapping[str, Any]) -> Holds:
        """What an item is. A kind that the system's file does not name is a record: it is the user's all the same."""
        if self.table.holds is not None:
            return self.table.holds
        kind = self.table.kinds.get(str(self.kind(item)))
        return kind.holds if kind else "record"

    def kind(self, item: Mapping[str, Any]) -> str | None:
        return identifier(item.get(self._kind_attribute)) if self._kind_attribute else None

    def part(self, item: Mapping[str, Any], part: str) -> Any:
        return self._of(item).get(item, part)

    def _of(self, item: Mapping[str, Any]) -> Parts:
        return self._parts.get(self.kind(item)) or self._parts[None]

    def embedded_messages(self, item: Mapping[str, Any], address: Address) -> tuple[tuple[Message, ...], tuple[str, ...]]:
        return self.messages.embedded(self.part(item, "messages"), address)

    def conversation(
        self, item: Mapping[str, Any], address: Address, messages: Sequence[Message], trouble: Sequence[str] = ()
    ) -> Conversation:
        """A conversation from its item and its messages."""
        own = self._of(item)
        conversation_id = identifier(own.get(item, "conversation_id"))
        problems = [Problem(text, address) for text in trouble]
        if conversation_id is None:
            # The key still names it: better an odd id that can be opened than a conversation that is lost.
            conversation_id = "/".join(str(value) for value in address.key.values())
            problems.append(Problem("there is no conversation id: its key stands for it", address))
        started, odd_start = _time(own.get(item, "started_at"), "start")
        last, odd_last = _time(own.get(item, "last_activity_at"), "last activity")
        problems += [Problem(text, address) for text in (odd_start, odd_last) if text]
        metadata, odd_metadata = opened(own.get(item, "metadata"))
        if odd_metadata:
            problems.append(Problem(f"the metadata cannot be read: {odd_metadata}", address))
        title = own.get(item, "title")
        extra = dict(own.extra(item)) | ({"metadata": metadata} if metadata is not None else {})
        return _summary(
            Conversation(
                system=self.system.id,
                conversation_id=conversation_id,
                user_id=identifier(own.get(item, "user_id")),
                tenant_id=identifier(own.get(item, "tenant_id")),
                title=title if isinstance(title, str) and title else None,
                started_at=started,
                last_activity_at=last,
                message_count=len(messages),
                first_user_message=None,
                last_assistant_message=None,
                tools=(),
                failed_tools=(),
                is_active=flag(own.get(item, "is_active")),
                expires_at=time(own.get(item, "expires_at")),
                extra=extra,
                address=address,
                problems=tuple(problems),
            ),
            messages,
        )

    def orphaned(self, conversation_id: str, first: Mapping[str, Any], messages: Sequence[Message], trouble: str) -> Conversation:
        """A conversation that only its messages tell of."""
        return _summary(
            Conversation(
                system=self.system.id,
                conversation_id=conversation_id,
                user_id=identifier(self.messages.part(first, "user_id")),
                tenant_id=identifier(self.messages.part(first, "tenant_id")),
                title=None,
                started_at=None,
                last_activity_at=None,
                message_count=len(messages),
                first_user_message=None,
                last_assistant_message=None,
                tools=(),
                failed_tools=(),
                is_active=None,
                expires_at=None,
                problems=(Problem(trouble, messages[0].address),) if messages else (),
            ),
            messages,
        )

    def record(self, item: Mapping[str, Any], address: Address) -> UserRecord:
        own = self._of(item)
        return UserRecord(
            system=self.system.id,
            kind=self.kind(item) or self.table.name,
            updated_at=time(own.get(item, "updated_at")),
            expires_at=time(own.get(item, "expires_at")),
            data=own.get(item, "data"),
            address=address,
        )


def _time(stored: Any, name: str) -> tuple[datetime | None, str | None]:
    parsed = time(stored)
    return parsed, f"the time of its {name} cannot be read" if stored is not None and parsed is None else None


def _summary(base: Conversation, messages: Sequence[Message]) -> Conversation:
    """Fill in what the messages tell: times that are missing or contradicted, first and last words, tools."""
    times = [message.sent_at for message in messages if message.sent_at is not None]
    started, last = base.started_at, base.last_activity_at
    if times:
        first_sent, last_sent = min(times), max(times)
        if started is None or first_sent < started - _SAME:
            started = first_sent
        if last is None or last_sent > last + _SAME:
            last = last_sent
    started, last = started or last, last or started
    calls = [call for message in messages for call in message.tool_calls]
    odd = sum(1 for message in messages if message.problems)
    problems = base.problems
    if odd and base.address is not None:
        problems = (*problems, Problem(f"{odd} of its messages {'is' if odd == 1 else 'are'} odd: the replay says how", base.address))
    return replace(
        base,
        started_at=started,
        last_activity_at=last,
        first_user_message=next((m.content for m in messages if m.role is Role.USER), None),
        last_assistant_message=next((m.content for m in reversed(messages) if m.role is Role.ASSISTANT), None),
        tools=tuple(dict.fromkeys(call.name for call in calls)),
        failed_tools=tuple(dict.fromkeys(call.name for call in calls if call.status is ToolStatus.ERROR)),
        problems=problems,
    )


def in_window(conversation: Conversation, wanted: Filter) -> bool:
    """Whether the time from its start to its last activity overlaps [since, until).

    A conversation without any time is in every window: a filter on time must not hide bad data.
    """
    started, last = conversation.started_at, conversation.last_activity_at
    if started is None or last is None:
        return True
    return (wanted.until is None or started < wanted.until) and (wanted.since is None or last >= wanted.since)
