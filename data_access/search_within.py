"""Find words inside one conversation: in what was said, and in the names, arguments and results of tool calls."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from data_access.items.values import to_json
from data_access.models import Message


@dataclass(frozen=True, slots=True)
class Hit:
    """One turn that has the words: how often in its text, and how often in its tool calls."""

    position: int
    in_content: int
    in_tools: int

    @property
    def count(self) -> int:
        return self.in_content + self.in_tools


def fold(text: str) -> str:
    """Text without the differences that a reader does not mean: case, width, composed or decomposed letters."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def find_in(messages: Sequence[Message], text: str) -> tuple[Hit, ...]:
    """The turns that contain the text, in order. Runs of white space in the question count as one space."""
    wanted = fold(" ".join(text.split()))
    if not wanted:
        return ()
    hits = (
        Hit(
            message.position,
            _count(message.content, wanted),
            sum(_count(part, wanted) for part in _tool_texts(message)),
        )
        for message in messages
    )
    return tuple(hit for hit in hits if hit.count)


def _count(text: str, wanted: str) -> int:
    folded = fold(text)
    if " " in wanted:
        folded = " ".join(folded.split())
    return folded.count(wanted)


def _tool_texts(message: Message) -> Iterator[str]:
    for call in message.tool_calls:
        yield call.name
        for value in (call.arguments, call.result):
            if isinstance(value, str):
                yield value
            elif value is not None:
                yield to_json(value)
