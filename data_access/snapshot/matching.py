"""What a search asks for, and the messages that have it, found one by one from the newest back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import duckdb
import numpy as np

from data_access.errors import UsageError
from data_access.models import Role
from data_access.snapshot.fold import fold
from data_access.snapshot.hot import Hot
from data_access.snapshot.texts import Texts
from data_access.snapshot.within import Within
from data_access.windows import Window, micros

MOST_COMPARED = 1_000
_LONGEST_QUESTION = 1_000
# After so many messages with the leading word, of which a smaller share fits, another way is quicker.
_LOOKED = 1_000
_FITTING = 0.05
_UNKNOWN = np.iinfo(np.int64).min
ROLES = (Role.USER, Role.ASSISTANT, Role.SYSTEM, Role.TOOL)
_USUAL_LENGTH = 400
_YEAR = 365 * 86_400 * 1e6
# The quotation marks of many languages, to the straight one.
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»「」『』＂", '"'))
_PART = re.compile(r'(-?)"([^"]*)"?|(\S+)')

_Mask = np.ndarray[Any, np.dtype[np.bool_]]
_Rows = np.ndarray[Any, np.dtype[np.int64]]
# Conversations by number, with their matching rows and their score.
Ranked = dict[int, tuple[list[int], float | None]]


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """Where to look. The window is half-open; `tools` also looks into the names and arguments of tool calls.

    `within` is the part of the snapshot that there is for who asks, None for all of it.
    """

    system: str | None = None
    tenant: str | None = None
    user: str | None = None
    role: Role | None = None
    since: datetime | None = None
    until: datetime | None = None
    tools: bool = True
    order: Literal["newest", "best"] = "newest"
    limit: int = 20
    within: Within | None = None

    def check(self) -> None:
        """Raises UsageError for a wrong window or limit."""
        if any(when is not None and when.tzinfo is None for when in (self.since, self.until)):
            raise UsageError("A time of the window has no time zone.", "Give aware times.")
        if self.limit < 1:
            raise UsageError("The limit is below one.", "Leave it out, or give a number above zero.")
        Window(self.since, self.until)


@dataclass(frozen=True, slots=True)
class Words:
    """What a question asks for, folded: `all_of` must be there, the longest first, and `none_of` must not."""

    all_of: tuple[str, ...]
    none_of: tuple[str, ...]


def words_of(text: str) -> Words:
    """The words and phrases of a question. Raises UsageError when it names nothing to look for."""
    if len(text) > _LONGEST_QUESTION:
        raise UsageError(f"The search has more than {_LONGEST_QUESTION:,} characters.", "Shorten it.")
    wanted: list[str] = []
    unwanted: list[str] = []
    for match in _PART.finditer(text.translate(_QUOTES)):
        word = match[3]
        without = match[1] == "-" if word is None else len(word) > 1 and word[0] == "-"
        folded = fold((match[2] if word is None else word[1:] if without else word).replace('"', " "))
        if folded:
            (unwanted if without else wanted).append(folded)
    if not wanted:
        raise UsageError("The search names no word to look for.", 'Give a word, or a "phrase"; -word only leaves messages out.')
    return Words(tuple(sorted(dict.fromkeys(wanted), key=len, reverse=True)), tuple(dict.fromkeys(unwanted)))


class Place:
    """Where to look: a stretch of rows, and which rows of it."""

    def __init__(self, hot: Hot, texts: Texts, wanted: SearchFilter, now: datetime) -> None:
        since, until = wanted.since, wanted.until
        self._hot = hot
        self._texts = texts
        # Newest first, so the row numbers rise as the times fall; rows without a time are behind all others.
        falling = texts.sent_at[::-1]
        self.since = 0 if until is None else texts.rows - int(np.searchsorted(falling, micros(until), "left"))
        self.until = texts.rows if since is None else texts.rows - int(np.searchsorted(falling, micros(since), "left"))
        if until is not None and since is None:
            self.until -= int(np.searchsorted(falling, _UNKNOWN, "right"))
        self.until = max(self.since, self.until)
        self._own = _conversations(hot, texts, wanted)
        self._role = None if wanted.role is None else ROLES.index(wanted.role)
        self._now = micros(now)
        self._expires = texts.expires_at if texts.expires_at is not None and int(texts.expires_at.min()) <= self._now else None

    @property
    def _all(self) -> bool:
        return self._own is None and self._role is None and self._expires is None

    def has(self, row: int) -> bool:
        texts = self._texts
        return (
            (self._own is None or bool(self._own[texts.conv[row]]))
            and (self._role is None or texts.role[row] == self._role)
            and (self._expires is None or self._expires[row] > self._now)
        )

    def rows_of(self, convs: Sequence[int]) -> _Rows:
        """All rows of some conversations that are to be searched, newest first."""
        flags = np.zeros(self._texts.conversations, np.bool_)
        flags[list(convs)] = True
        found = np.flatnonzero(flags[self._texts.conv[self.since : self.until]]) + self.since
        return found if self._all else np.array([row for row in found if self.has(int(row))], np.int64)

    def counted(self, stop: int) -> tuple[int, int]:
        """How many conversations and messages were searched, up to a row."""
        texts, looked = self._texts, slice(self.since, stop)
        if self._all and stop - self.since == texts.rows:
            return texts.with_messages, texts.rows
        convs = texts.conv[looked]
        if not self._all:
            mask: _Mask = np.ones(len(convs), np.bool_)
            if self._own is not None:
                mask &= self._own[convs]
            if self._role is not None:
                mask &= texts.role[looked] == self._role
            if self._expires is not None:
                mask &= self._expires[looked] > self._now
            convs = convs[mask]
        flags = np.zeros(texts.conversations, np.bool_)
        flags[convs] = True
        return int(np.count_nonzero(flags)), len(convs)


def _conversations(hot: Hot, texts: Texts, wanted: SearchFilter) -> _Mask | None:
    """Which conversations may be searched, by number; None for all."""
    given = {"system": wanted.system, "tenant_id": wanted.tenant, "user_id": wanted.user}
    named = {column: value for column, value in given.items() if value is not None}
    if not named and wanted.within is None:
        return None
    terms = [f"{column} = ?" for column in named]
    values: list[Any] = list(named.values())
    if wanted.within is not None:
        term, more = wanted.within.condition()
        terms, values = [*terms, term], [*values, *more]
    mask: _Mask = np.zeros(texts.conversations, np.bool_)
    with hot.cursor() as cursor:
        question = f"SELECT conv FROM conversations WHERE {' AND '.join(terms)}"  # noqa: S608 - columns are named above
        found = cursor.execute(question, values).fetchnumpy()
    mask[np.asarray(found["conv"])] = True
    return mask


class Matches:
    """The rows that match, found as they are asked for."""

    def __init__(self, texts: Texts, words: Words, place: Place, wanted: SearchFilter) -> None:
        self._texts = texts
        self._place = place
        self._tools = wanted.tools
        self._limit = wanted.limit
        lead = words.all_of[0]
        if len(words.all_of) > 1:
            # The rarest word leads the way: a few thousand messages tell which one that is.
            lead = min(words.all_of, key=texts.frequency)
        self._lead = lead
        self._words = tuple(word.encode() for word in words.all_of)
        self._others = tuple(word for word in self._words if word != lead.encode())
        self._none = tuple(word.encode() for word in words.none_of)

    def _rows(self) -> Iterator[int]:
        """Messages with the leading word, each looked at on its own: quick where the word is rare, or most of them fit."""
        simple = not self._others and not self._none and self._tools
        fitting = 0
        for looked, row in enumerate(self._texts.having(self._lead, self._place.since, self._place.until), start=1):
            if self._place.has(row) and (simple or self._fits(row)):
                fitting += 1
                yield row
            if looked % _LOOKED == 0 and not simple and fitting < looked * _FITTING:
                yield from self._rows_by_columns(row + 1)
                return

    def _rows_by_columns(self, since: int) -> Iterator[int]:
        """The same from a row on, for words that are frequent and seldom together: by blocks of columns."""
        # Without tool calls, a word to be left out may stand in them.
        without = self._none if self._tools else ()
        conditions = ["contains(text, ?)"] * len(self._words) + ["NOT contains(text, ?)"] * len(without)
        question = f"SELECT n FROM texts WHERE n >= ? AND n < ? AND {' AND '.join(conditions)} ORDER BY n"  # noqa: S608 - words are bound
        words = [word.decode() for word in (*self._words, *without)]
        with duckdb.connect() as connection:
            for block in self._texts.blocks(since, self._place.until):
                connection.register("texts", block)
                for (row,) in connection.execute(question, [since, self._place.until, *words]).fetchall():
                    if self._place.has(row) and self._fits(row):
                        yield row

    def _fits(self, row: int) -> bool:
        said, tools = self._texts.text(row)
        return all(_has(word, said, tools, self._tools) for word in self._words) and not any(
            _has(word, said, tools, self._tools) for word in self._none
        )

    def newest(self) -> tuple[Ranked, int, bool]:
        """Conversations with their matching rows, how far the search went, and whether it stopped before the end."""
        found: dict[int, list[int]] = {}
        stop, early = self._place.until, False
        for row in self._rows():
            conv = int(self._texts.conv[row])
            if conv not in found and len(found) == self._limit:
                stop, early = row, True
                break
            found.setdefault(conv, []).append(row)
        if early:
            self._complete(found, stop)
        return {conv: (several, None) for conv, several in found.items()}, stop, early

    def _complete(self, found: dict[int, list[int]], stop: int) -> None:
        """Of conversations that were found, the turns behind the row at which the search stopped are wanted too."""
        for row in self._place.rows_of(list(found)):
            if row >= stop and self._fits(int(row)):
                found[int(self._texts.conv[row])].append(int(row))

    def best(self) -> tuple[Ranked, int, bool]:
        found: dict[int, list[tuple[int, float]]] = {}
        stop, early = self._place.until, False
        for count, row in enumerate(self._rows()):
            if count == MOST_COMPARED:
                stop, early = row, True
                break
            found.setdefault(int(self._texts.conv[row]), []).append((row, self._score(row)))
        newest = max((int(self._texts.sent_at[several[0][0]]) for several in found.values()), default=0)
        scored = {conv: self._of(several, newest) for conv, several in found.items()}
        best = sorted(scored, key=lambda conv: (-scored[conv], found[conv][0][0]))[: self._limit]
        matching = {conv: [row for row, _ in found[conv]] for conv in best}
        if early:
            self._complete(matching, stop)
        return {conv: (matching[conv], scored[conv]) for conv in best}, stop, early

    def _score(self, row: int) -> float:
        said, tools = self._texts.text(row)
        text = said + b"\x00" + tools if self._tools else said
        counts = [text.count(word) for word in self._words]
        return sum(count / (count + len(text) / _USUAL_LENGTH) for count in counts) / len(counts)

    def _of(self, several: list[tuple[int, float]], newest: int) -> float:
        age = max(0, newest - max(0, int(self._texts.sent_at[several[0][0]])))
        best = max(score for _, score in several)
        return float(best * (1 + min(len(several) - 1, 10) / 10) * 0.5 ** (age / _YEAR))


def _has(word: bytes, said: bytes, tools: bytes, with_tools: bool) -> bool:
    return word in said or (with_tools and word in tools)
