"""Who was there when: counting each conversation or person once a day, week, month or hour.

Rows come in the order of who and then when, so that a row is new in its bucket when who or the bucket differs from the row
before. One walk over the rows then counts without a hash table, several times faster than COUNT(DISTINCT).
"""

# ruff: noqa: S608 - what goes into statements is written here or is a whole number: see Scope

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np

from data_access.usage.scope import Scope
from data_access.windows import QUARTERS_A_DAY, Calendar

# Whole numbers of whatever width the database gave them.
Ints = np.ndarray[Any, np.dtype[Any]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]
HOURS_A_WEEK = 168
_FEW = 1_000_000
_DAY_BITS = 24
_DAY_SHIFT = 1 << (_DAY_BITS - 1)


@dataclass(frozen=True, slots=True)
class Presence:
    """Rows in the order of `who` and `day`."""

    who: Ints
    day: Ints

    def count(self) -> int:
        return int(np.count_nonzero(_changes(self.who)))

    def by_day(self) -> dict[int, int]:
        return tally(self.day[_changes(self.who, self.day)])

    def by(self, calendar: Calendar) -> dict[int, int]:
        bucket = calendar.starts(self.day)
        return tally(bucket[_changes(self.who, bucket)])

    def since(self, day: int) -> Presence:
        late = self.day >= day
        return Presence(self.who[late], self.day[late])

    def distinct(self) -> Presence:
        """Each day of each once."""
        first = _changes(self.who, self.day)
        return Presence(self.who[first], self.day[first])


@dataclass(frozen=True, slots=True)
class Talks:
    """The active conversations: number, messages in the window, times of the first and the last of them in microseconds."""

    conv: Ints
    length: Ints
    first_at: Ints
    last_at: Ints


@dataclass(frozen=True, slots=True)
class Activity:
    """The window's messages of users and of the assistant, a row for each conversation and quarter of an hour, in that order.

    `local` counts quarters of the zone's own time, `person` is -1 where nobody is named.
    """

    conv: Ints
    person: Ints
    local: Ints
    asked: Ints
    messages: Ints
    first_at: Ints
    last_at: Ints

    @classmethod
    def of(cls, cursor: duckdb.DuckDBPyConnection, scope: Scope) -> Activity:
        found = cursor.execute(
            f"""
            SELECT conv, coalesce(person, -1) AS person, {scope.clock.local()} AS local, asked, asked + answered AS messages,
                epoch_us(first_at) AS first_at, epoch_us(last_at) AS last_at
            FROM {scope.activity()} WHERE asked + answered > 0"""
        ).fetchnumpy()
        columns: dict[str, Ints] = {name: np.asarray(column) for name, column in found.items()}
        if scope.is_ragged:
            # Rows of the window's ends come behind the others.
            order = np.lexsort((columns["local"], columns["conv"]))
            columns = {name: column[order] for name, column in columns.items()}
        return cls(**columns)

    @property
    def conversations(self) -> Presence:
        return Presence(self.conv, self.local // QUARTERS_A_DAY)

    @property
    def people(self) -> Presence:
        """Who wrote on which day."""
        wrote = (self.asked > 0) & (self.person >= 0)
        day = self.local[wrote] // QUARTERS_A_DAY
        packed = (self.person[wrote].astype(np.int64) << _DAY_BITS) + (day + _DAY_SHIFT)
        packed.sort()
        return Presence(packed >> _DAY_BITS, (packed & ((1 << _DAY_BITS) - 1)) - _DAY_SHIFT).distinct()

    def talks(self) -> Talks:
        starts = np.flatnonzero(_changes(self.conv))
        if not len(starts):
            return Talks(self.conv, self.messages, self.first_at, self.last_at)
        return Talks(
            self.conv[starts],
            np.add.reduceat(self.messages, starts, dtype=np.int64),
            np.minimum.reduceat(self.first_at, starts),
            np.maximum.reduceat(self.last_at, starts),
        )

    def by_slot(self) -> tuple[Ints, Ints]:
        """Messages, and conversations active, in each of the 168 hours of the week."""
        if not len(self.conv):
            return np.zeros(HOURS_A_WEEK, np.int64), np.zeros(HOURS_A_WEEK, np.int64)
        # 1970 began on a Thursday, three days into its week.
        hour = (self.local + 3 * QUARTERS_A_DAY) // 4
        slot = hour % HOURS_A_WEEK
        messages = np.bincount(slot, self.messages, HOURS_A_WEEK).astype(np.int64)
        once = _changes(self.conv, hour)
        conv, hour, slot = self.conv[once], hour[once], slot[once]
        # The same hour of another week is another row, in the few conversations that are as old as that.
        starts = np.flatnonzero(_changes(conv))
        ends = np.append(starts[1:], len(conv))
        long = np.repeat(hour[ends - 1] - hour[starts] >= HOURS_A_WEEK, ends - starts)
        conversations = np.bincount(slot[~long], minlength=HOURS_A_WEEK)
        pairs = np.unique(conv[long].astype(np.int64) * HOURS_A_WEEK + slot[long])
        return messages, conversations + np.bincount(pairs % HOURS_A_WEEK, minlength=HOURS_A_WEEK)


def _changes(*columns: Ints) -> Flags:
    """Where a row differs from the one before it in any of the columns."""
    changed: Flags = np.zeros(len(columns[0]), np.bool_)
    changed[:1] = True
    for column in columns:
        changed[1:] |= column[1:] != column[:-1]
    return changed


def tally(values: Ints) -> dict[int, int]:
    """How often each value is there."""
    if not len(values):
        return {}
    low, high = int(values.min()), int(values.max())
    if high - low < _FEW:
        counts = np.bincount(values - low)
        found = np.flatnonzero(counts)
        return dict(zip((found + low).tolist(), counts[found].tolist(), strict=True))
    found, counts = np.unique(values, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))
