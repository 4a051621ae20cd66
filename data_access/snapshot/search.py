"""Search over all conversations: words in what was said and in what tools were asked.

API for the page and the command line:

    found = search(hot, 'refund "late order" -test', SearchFilter(system="ai_agent", since=..., limit=20))
    found.hits                       conversations: key, title, times, matching (turns), turns, score
    found.hits[0].turns              the first matching turns: position, role, sent_at, snippet, marks (ranges in the snippet)
    found.searched_conversations, found.searched_messages, found.stopped_early, found.seconds

Rules, which the page states too:

- All words must be in the same message, in its text or in the names and arguments of its tool calls. A word is found inside
  longer ones: refund also finds refunds. "Quoted words" must follow each other. -word leaves out messages that have it.
- Case, accents, width and optional marks do not count, in any script: see fold.py.
- Newest first: conversations by their newest matching turn. The search walks back in time and stops when it has enough.
- Best first: a turn scores each word by how often it has it, less in a long text (count ÷ (count + length ÷ 400 characters));
  a conversation has the score of its best turn and a tenth of it for each other, up to ten, halved when its newest matching
  turn is a year older than the newest of all. The newest 1,000 matching turns are compared.
- Messages that have expired are not searched.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from data_access.errors import UsageError
from data_access.models import Role
from data_access.snapshot.fold import bounds, first
from data_access.snapshot.hot import ConversationKey, Hot, rows, utc
from data_access.snapshot.matching import ROLES, Matches, Place, Ranked, SearchFilter, Words, words_of
from data_access.snapshot.within import read_at

__all__ = ["MOST_TURNS", "Found", "Hit", "SearchFilter", "Turn", "Words", "search", "words_of"]

MOST_TURNS = 20
_SNIPPET = 240
_BEFORE = 60


@dataclass(frozen=True, slots=True)
class Turn:
    """One matching message. `marks` are half-open ranges of characters in `snippet`; `in_tools` says that it is from a tool call.
    `cut` says on which sides the snippet leaves something out."""

    position: int
    role: Role
    sent_at: datetime | None
    snippet: str
    marks: tuple[tuple[int, int], ...]
    in_tools: bool
    cut: tuple[bool, bool]


@dataclass(frozen=True, slots=True)
class Hit:
    """One conversation. `matching` counts all its matching turns; `turns` are the first MOST_TURNS, in order."""

    key: ConversationKey
    title: str | None
    started_at: datetime | None
    last_activity_at: datetime | None
    message_count: int | None
    matching: int
    turns: tuple[Turn, ...]
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """`searched_…` is what was looked at: with `stopped_early`, older messages were not, since there were enough hits."""

    hits: tuple[Hit, ...]
    searched_conversations: int
    searched_messages: int
    stopped_early: bool
    seconds: float
    as_of: datetime | None


def search(hot: Hot, text: str, wanted: SearchFilter, *, now: datetime | None = None, mask: Callable[[str], str] | None = None) -> Found:
    """Conversations with messages that match. `mask` is put on whole texts before a piece is cut out of them.

    Raises UsageError: nothing to look for, a window without length, no texts loaded.
    """
    began = time.perf_counter()
    words = words_of(text)
    wanted.check()
    if hot.texts is None:
        raise UsageError("This copy of the snapshot was loaded without texts.", "Load it with them to search.")
    place = Place(hot, hot.texts, wanted, now or datetime.now(UTC))
    matches = Matches(hot.texts, words, place, wanted)
    convs, stop, early = matches.newest() if wanted.order == "newest" else matches.best()
    conversations, messages = place.counted(stop)
    hits = tuple(_hits(hot, words, convs, wanted.tools, mask or _as_it_is))
    return Found(hits, conversations, messages, early, time.perf_counter() - began, read_at(hot, wanted.system, wanted.within))


def _as_it_is(text: str) -> str:
    return text


def _hits(hot: Hot, words: Words, convs: Ranked, tools: bool, mask: Callable[[str], str]) -> Iterator[Hit]:
    if not convs:
        return
    shown = {conv: sorted(several, reverse=True)[:MOST_TURNS] for conv, (several, _) in convs.items()}
    with hot.cursor() as cursor:
        about = {
            row[0]: row[1:]
            for row in rows(
                cursor,
                "SELECT conv, system, conversation_id, tenant_id, user_id, title, started_at, last_activity_at, message_count"
                " FROM conversations WHERE conv IN (SELECT unnest(?::INTEGER[]))",
                [list(convs)],
            )
        }
        wanted = [row for several in shown.values() for row in several]
        said = {
            row[0]: row[1:]
            for row in rows(
                cursor,
                "SELECT n, position, role, sent_at, content, arguments FROM messages"
                " WHERE n BETWEEN ? AND ? AND n IN (SELECT unnest(?::INTEGER[]))",
                [min(wanted), max(wanted), wanted],
            )
        }
    for conv, (several, score) in convs.items():
        system, conversation_id, tenant, user, title, started, last, count = about[conv]
        turns = sorted((_turn(words, said[row], tools, mask) for row in shown[conv]), key=lambda turn: turn.position)
        key = ConversationKey(system, conversation_id, tenant, user)
        yield Hit(key, title and mask(title), utc(started), utc(last), count, len(several), tuple(turns), score)


def _turn(words: Words, row: tuple[Any, ...], tools: bool, mask: Callable[[str], str]) -> Turn:
    position, role, sent_at, content, arguments = row
    stored, in_tools = str(content or ""), False
    at = first(stored, words.all_of)
    if at is None and tools and arguments:
        stored, in_tools = str(arguments), True
        at = first(stored, words.all_of)
    text = mask(stored)
    if text != stored:  # What was found may be hidden now.
        at = first(text, words.all_of)
    start = max(0, (at or 0) - _BEFORE)
    snippet = text[start : start + _SNIPPET]
    marks = bounds(snippet, words.all_of)
    if not marks and at is not None:  # A phrase that is longer than the snippet.
        marks = ((at - start, len(snippet)),)
    return Turn(position, ROLES[int(role)], utc(sent_at), snippet, marks, in_tools, (start > 0, start + _SNIPPET < len(text)))
