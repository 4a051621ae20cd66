"""What the independent reader saw: sweeps, what is left and why, what is new, and what it could not read.

Times are aware and in UTC, units are read request units, money is in US dollars. Nothing here but Leftovers names an item.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson


class Seen(StrEnum):
    """What an item is that is there after the deletes.

    leftover: its own time is not after the cut-off, or it has none. upsert_stub: keys and update fields only, made again by an
    update of what was deleted. late_write: written after the cut-off into a conversation that was erased. index_entry: gone from
    the table, and an index still shows it. new_activity: begun after the cut-off; nobody asked for that to be erased.
    """

    LEFTOVER = "leftover"
    STUB = "upsert_stub"
    LATE = "late_write"
    INDEX = "index_entry"
    NEW = "new_activity"


# What the worker is to erase again: an entry of an index goes by itself, and what is new is not to be touched.
TO_ERASE = frozenset((Seen.LEFTOVER, Seen.STUB, Seen.LATE))


@dataclass(frozen=True, slots=True)
class Residual:
    """Items of one table that are still there, by class and by how they were found. `why` is a sentence without any id."""

    system: str
    table: str
    count: int
    why: str
    kind: Seen


@dataclass(frozen=True, slots=True)
class Unread:
    """What could not be read: `code` is the error's, `why` its sentence. `index` None: the table itself."""

    system: str
    table: str
    code: str
    why: str
    index: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What one sweep found in one table: what is left of any class, and what is new."""

    system: str
    table: str
    residuals: int
    new_activity: int


@dataclass(frozen=True, slots=True)
class Sweep:
    """One look. `checked_keys` are the frozen keys that were read, `found` names every table that was looked at.

    `scanned` are the tables that were read from end to end; `read_units` is None-free and what DynamoDB said it cost.
    """

    at: datetime
    checked_keys: int
    found: tuple[Found, ...]
    scanned: tuple[str, ...]
    read_units: float
    usd: float | None
    seconds: float
    clean: bool


@dataclass(frozen=True, slots=True)
class Leftover:
    """One item to erase again, once a guard was found for it: `key` is what boto3 takes."""

    system: str
    table: str
    key: Mapping[str, Any]
    kind: Seen
    conversation: str | None = None


@dataclass(slots=True)
class Leftovers:
    """Keys that are left, packed: about 200 bytes each. In memory only, since they are a user's."""

    _lines: list[bytes] = field(default_factory=list[bytes], repr=False)

    def add(self, one: Leftover) -> None:
        key = {name: _to_json(value) for name, value in one.key.items()}
        self._lines.append(orjson.dumps((one.system, one.table, key, one.kind, one.conversation)))

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[Leftover]:
        for line in self._lines:
            system, table, key, kind, conversation = orjson.loads(line)
            yield Leftover(system, table, {name: _from_json(value) for name, value in key.items()}, Seen(kind), conversation)


@dataclass(slots=True)
class Looked:
    """What one sweep came to."""

    checked: int = 0
    residuals: list[Residual] = field(default_factory=list[Residual])
    found: list[Found] = field(default_factory=list[Found])
    scanned: list[str] = field(default_factory=list[str])
    unread: dict[tuple[str, str, str | None], Unread] = field(default_factory=dict[tuple[str, str, "str | None"], Unread])
    leftovers: Leftovers = field(default_factory=Leftovers)
    units: float = 0.0
    usd: float | None = 0.0

    @property
    def stale(self) -> bool:
        return any(residual.kind is Seen.INDEX for residual in self.residuals)

    @property
    def clean(self) -> bool:
        return not self.residuals and not self.unread


@dataclass(frozen=True, slots=True)
class Verification:
    """All sweeps of one verification. `residuals`, `leftovers`, `new_activity` and `unread` are as the last sweep saw them.

    `clean`: the last sweeps, as many as were asked for, found nothing that is left and could read everything, a Scan included
    wherever an index could have missed an item. `index_lag` is for how many seconds an index was seen to show what was gone.
    """

    sweeps: tuple[Sweep, ...]
    residuals: tuple[Residual, ...]
    new_activity: tuple[Found, ...]
    unread: tuple[Unread, ...]
    leftovers: Leftovers
    clean: bool
    index_lag: float = 0.0

    @property
    def read_units(self) -> float:
        return sum(sweep.read_units for sweep in self.sweeps)

    @property
    def usd(self) -> float | None:
        """None where a price is not known."""
        dollars = [sweep.usd for sweep in self.sweeps]
        return None if None in dollars else sum(usd for usd in dollars if usd is not None)

    @property
    def left(self) -> int:
        return sum(residual.count for residual in self.residuals)


def _to_json(value: Mapping[str, Any]) -> dict[str, str]:
    """A key's value for JSON, which has no bytes; what a read brought is base64 already."""
    ((tag, content),) = value.items()
    return {tag: base64.b64encode(content).decode() if isinstance(content, bytes) else content}


def _from_json(value: Mapping[str, str]) -> dict[str, Any]:
    ((tag, content),) = value.items()
    return {tag: base64.b64decode(content) if tag == "B" else content}
