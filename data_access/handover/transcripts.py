"""One conversation as it is written down: the model's Conversation, its messages, and the Markdown of a single export."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from data_access.conversations import Replay
from data_access.dynamo.codec import decode_item
from data_access.dynamo.meter import Measured
from data_access.dynamo.plan import Plan
from data_access.export import as_markdown
from data_access.handover.staging import Staged, Staging
from data_access.models import Address, Conversation, Message, Problem, Role, ToolStatus
from data_access.people.belonging import Shape

Chunk = tuple[Message, ...]
_NOTHING = Measured(0.0, 0.0, 0, 0, 0.0)


class Transcript:
    """A conversation with its messages some hundreds at a time, as often as they are asked for."""

    def __init__(self, shape: Shape, staging: Staging, staged: Staged, user_id: str) -> None:
        self._chunks = _chunks(shape, staging, staged)
        self.conversation = _conversation(shape, staged, self._chunks, user_id)

    def messages(self) -> Iterator[Message]:
        for chunk in self._chunks():
            yield from chunk

    def markdown(self) -> Iterator[bytes]:
        """What as_markdown makes of the whole, piece by piece."""
        front = self._markdown(()).rstrip(b"\n")
        yield front
        for chunk in self._chunks():
            # Each piece comes with the same front: what is behind it is wanted.
            yield self._markdown(chunk)[len(front) : -1]
        yield b"\n"

    def _markdown(self, messages: Chunk) -> bytes:
        return as_markdown(Replay(self.conversation, messages, (), Plan(()), _NOTHING))


def _chunks(shape: Shape, staging: Staging, staged: Staged) -> Callable[[], Iterator[Chunk]]:
    table = shape.messages
    if table is None:
        assert staged.wire is not None, "without a table of messages only items tell of conversations"
        item = decode_item(staged.wire)
        messages, _ = shape.conversations.embedded_messages(item, _address(shape, staged, item))
        return lambda: iter((messages,))
    reader, keys = shape.conversations.messages, table.keys
    found = staging.messages(staged, reader, keys)
    first = tuple(islice(found, 2))
    # Most conversations are short: those are read once. A long one is read as often as it is needed.
    return lambda: iter(first) if len(first) < 2 else staging.messages(staged, reader, keys)


def _address(shape: Shape, staged: Staged, item: dict[str, object]) -> Address:
    return Address(staged.table, {key: item.get(key) for key in shape.conversations.table.keys})


def _conversation(shape: Shape, staged: Staged, chunks: Callable[[], Iterator[Chunk]], user_id: str) -> Conversation:
    telling = _Telling()
    for chunk in chunks():
        telling.add(chunk)
    reader = shape.conversations
    if staged.wire is not None:
        item = decode_item(staged.wire)
        address = _address(shape, staged, item)
        trouble = reader.embedded_messages(item, address)[1] if shape.messages is None else ()
        found = reader.conversation(item, address, telling.messages(), trouble)
    else:
        # Only messages that name the person are found without a conversation.
        found = replace(
            reader.orphaned(staged.conversation_id, {}, telling.messages(), "these messages have no conversation of their own"),
            tenant_id=staged.tenant_id,
            user_id=user_id,
        )
    problems = found.problems
    if telling.odd:
        problems = (*problems, Problem(f"{telling.odd} of its messages {'is' if telling.odd == 1 else 'are'} odd"))
    return replace(found, message_count=telling.count, problems=problems)


class _Telling:
    """The few messages that tell all that a summary says: first and last, first question, last answer, each tool and failure once."""

    def __init__(self) -> None:
        self.count = self.odd = 0
        self._kept: dict[str, Message] = {}
        self._tools: set[tuple[str, bool]] = set()

    def add(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self.count += 1
            self.odd += bool(message.problems)
            self._times(message)
            if message.role is Role.USER:
                self._kept.setdefault("asked", message)
            elif message.role is Role.ASSISTANT:
                self._kept["answered"] = message
            calls = {(call.name, call.status is ToolStatus.ERROR) for call in message.tool_calls} - self._tools
            if calls:
                self._tools |= calls
                self._kept[f"tool {message.position}"] = message

    def _times(self, message: Message) -> None:
        if message.sent_at is None:
            return
        first, last = self._kept.get("first"), self._kept.get("last")
        if first is None or first.sent_at is None or message.sent_at < first.sent_at:
            self._kept["first"] = message
        if last is None or last.sent_at is None or message.sent_at > last.sent_at:
            self._kept["last"] = message

    def messages(self) -> Chunk:
        """In order, each once. Their problems are counted by the caller."""
        chosen = {message.position: message for message in self._kept.values()}
        return tuple(replace(chosen[position], problems=()) for position in sorted(chosen))
