"""Messages, from items of a message table or from the list inside a conversation's item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NamedTuple

from data_access.items.parts import Parts, parts
from data_access.items.tool_calls import ToolCallReader
from data_access.items.values import identifier, is_list, is_map, opened, text, time
from data_access.models import Address, Message, Role
from data_access.systems.spec import System, drift

_LAST = datetime.max.replace(tzinfo=UTC)
_NO_PROBLEMS: tuple[str, ...] = ()


class Draft(NamedTuple):
    """A stored message before its place in the conversation is known."""

    item: Mapping[str, Any]
    sent_at: datetime | None
    address: Address


class MessageReader:
    """Reads one system's messages. The order of a message table's items is their time; of a list, the list's own."""

    def __init__(self, system: System) -> None:
        table = system.messages
        own = table.parts() if table else {a.part: name for name, a in system.message.items() if a.part}
        known = drift()
        self._parts: Parts = parts(own, known.message)
        self._roles = {word: Role(role) for role, words in known.roles.items() for word in words}
        self._tools = ToolCallReader(system)
        self._plain = self._parts.paths["content"][0][0]
        getter = self._parts.getter
        self._content, self._role, self._sent_at = getter("content"), getter("role"), getter("sent_at")
        self._metadata, self._calls, self._id = getter("metadata"), getter("tool_calls"), getter("message_id")
        self._conversation = getter("conversation_id")

    def draft(self, item: Mapping[str, Any], address: Address) -> Draft:
        return Draft(item, time(self._sent_at(item)), address)

    def conversation_id(self, item: Mapping[str, Any]) -> str | None:
        return identifier(self._conversation(item))

    def part(self, item: Mapping[str, Any], part: str) -> Any:
        return self._parts.get(item, part)

    def alone(self, draft: Draft) -> Message:
        """A message apart from its conversation: its position is 0, and no answer time is known."""
        return self._message(draft, 0, None)

    def sequence(self, drafts: Iterable[Draft]) -> tuple[Message, ...]:
        """Messages in the order of their times; those without a time stay behind those with one."""
        ordered = sorted(drafts, key=lambda draft: draft.sent_at or _LAST)
        if any(one.sent_at == other.sent_at for one, other in pairwise(ordered)):
            # No index promises an order for equal times, and each access path has its own: this one is always the same.
            ordered.sort(key=lambda draft: (draft.sent_at or _LAST, self._answers(draft), str(draft.address.key)))
        return self._number(ordered)

    def _answers(self, draft: Draft) -> bool:
        """Whether it comes behind a question of the same second."""
        said = self._role(draft.item)
        return not isinstance(said, str) or self._roles.get(said.strip().lower()) not in (Role.USER, Role.SYSTEM)

    def embedded(self, stored: Any, address: Address) -> tuple[tuple[Message, ...], tuple[str, ...]]:
        """The messages of a conversation's item, in stored order, and what was odd about the list."""
        value, trouble = opened(stored)
        elements: Any = [] if value is None else value
        if trouble or not is_list(elements):
            return (), (f"the messages cannot be read: {trouble or 'they are not a list'}",)
        drafts = [self.draft(element if is_map(element) else {self._plain: element}, address) for element in elements]
        return self._number(drafts), ()

    def _number(self, drafts: Sequence[Draft]) -> tuple[Message, ...]:
        messages: list[Message] = []
        before: Message | None = None
        for position, draft in enumerate(drafts, start=1):
            before = self._message(draft, position, before)
            messages.append(before)
        return tuple(messages)

    def _message(self, draft: Draft, position: int, before: Message | None) -> Message:
        item, sent_at, address = draft
        content = self._content(item)
        problems = _NO_PROBLEMS
        if type(content) is not str:
            content, odd = text(content)
            problems = (odd,) if odd else problems
        said = self._role(item)
        role = self._roles.get(said) if isinstance(said, str) else None
        if role is None:
            role, problems = self._odd_role(said, problems)
        if sent_at is None:
            odd_time = self._sent_at(item)
            problems = (*problems, "there is no time" if odd_time is None else "the time cannot be read")
        metadata = self._metadata(item)
        if isinstance(metadata, str):
            metadata, trouble = opened(metadata)
            problems = (*problems, f"the metadata cannot be read: {trouble}") if trouble else problems
        stored_calls = self._calls(item)
        calls, odd_calls = self._tools.read(stored_calls) if stored_calls is not None else ((), _NO_PROBLEMS)
        response = None
        if (
            role is Role.ASSISTANT
            and before is not None
            and before.role is Role.USER
            and sent_at is not None
            and before.sent_at is not None
        ):
            waited = (sent_at - before.sent_at).total_seconds()
            response = waited if waited >= 0 else None
        return Message(
            position,
            role,
            content,
            sent_at,
            calls,
            metadata,
            identifier(self._id(item)),
            response,
            address,
            self._parts.extra(item),
            problems + odd_calls,
        )

    def _odd_role(self, said: Any, problems: tuple[str, ...]) -> tuple[Role, tuple[str, ...]]:
        """A role in other letters is understood; an unknown one is shown as the assistant's, and said."""
        role = self._roles.get(said.strip().lower()) if isinstance(said, str) else None
        if role is not None:
            return role, problems
        trouble = "there is no role" if said is None else "the role is not a known one"
        return Role.ASSISTANT, (*problems, f"{trouble}: shown as the assistant's")
