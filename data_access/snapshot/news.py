"""Only what is new."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from data_access.dynamo.aws import Source
from data_access.snapshot.build import Built
from data_access.snapshot.state import State
from data_access.snapshot.store import Store


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    blind_spots: tuple[str, ...]
    units: float
    usd: float | None


def plan(source: Source, store: Store, state: State) -> Route | None:
    return None


def update(
    source: Source,
    store: Store,
    state: State,
    folder: Path,
    progress: Callable[[int, float], None],
    writing: Callable[[int, float], None],
    cancelled: Callable[[], bool],
) -> Built | None:
    return None
