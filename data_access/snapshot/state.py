"""What the last sync of a system left: how much, how old, and which files of the four tables hold it.

One small JSON file a system, written after the tables' commits: whoever reads follows it, so nobody ever sees the messages
of one sync beside the conversations of another, and a sync that ends half-way changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from data_access.snapshot.schema import VERSION


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of one system the snapshot holds, and how old it is.

    `first_at` to `last_at` is the time of its messages. `bad_items` counts conversations and messages with something odd
    in them, and messages that belong to no conversation (`unplaced`). `units` and `usd` are what the last sync read.
    `method` says how it was read, `blind_spots` what such a read cannot see, `full_at` when everything was read.
    """

    system: str
    conversations: int
    messages: int
    tool_calls: int
    user_records: int
    first_at: datetime | None
    last_at: datetime | None
    bad_items: int
    unplaced: int
    synced_at: datetime
    began_at: datetime
    full_at: datetime
    method: str
    blind_spots: tuple[str, ...]
    items: int
    units: float
    usd: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class State:
    """`files` are the active files by table, as paths in the place. `full_units` and `full_seconds` are the last full read's.

    `latest` is the newest time of a message by tenant that any sync has met, from where an update goes on; None where it was not kept.
    """

    coverage: Coverage
    files: Mapping[str, tuple[str, ...]]
    full_units: float = 0.0
    full_seconds: float = 0.0
    latest: Mapping[str, datetime] | None = None
    version: int = VERSION
    extra: Mapping[str, str] = field(default_factory=dict[str, str])


_STATE = TypeAdapter(State)


def path(system: str) -> str:
    """Where it is in the place."""
    return f"state/{system}.json"


def dump(state: State) -> bytes:
    return _STATE.dump_json(state)


def load(data: bytes) -> State | None:
    """None where it is broken, or of another version."""
    try:
        state = _STATE.validate_json(data)
    except ValidationError:
        return None
    return state if state.version == VERSION else None
