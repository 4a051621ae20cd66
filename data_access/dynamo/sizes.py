"""What an estimate can ask of somebody who knows the sizes of stored items, such as the snapshot.

The planner knows what an operation evaluates; how much that is, only one who has read it can say. Nothing here does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Span:
    """Times from `since` to before `until`, in UTC; None is without an end on that side."""

    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Extent:
    """The items of one table that a Query, GetItem or Scan evaluates, by what they are.

    `table` is the live name. `parts` are the parts that the key fixes, and `present` those that an item must have to be in the index.
    `timed` is the part whose time lies in `span`; None where no sort key range is asked for.
    """

    table: str
    parts: Mapping[str, str]
    present: frozenset[str] = frozenset()
    timed: str | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """The conversations whose messages are read by a Query each, as reading goes on after the first steps (gathering.py).

    `sessions` are the extents in which they were found. `said` is the extent of messages that were read before them, None where none
    were: then a conversation with a message in it is read only where `window` does not hold all of it, and one without only where
    its own times do not say that it lies outside. `messages` is the live table of messages.
    """

    sessions: tuple[Extent, ...]
    said: Extent | None
    window: Span
    messages: str


@dataclass(frozen=True, slots=True)
class Size:
    """Items and their bytes, by DynamoDB's rule for the size of an item."""

    items: int
    bytes: int


class Sizes(Protocol):
    """Answers are None where nothing is known; none raises."""

    @property
    def as_of(self) -> datetime | None:
        """When the items were read."""
        ...

    def evaluated(self, extent: Extent) -> Size | None: ...

    def each(self, reach: Reach) -> Sequence[int] | None:
        """The bytes that each Query evaluates."""
        ...
