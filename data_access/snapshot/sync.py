"""Bring the snapshot of one system up to date: everything the first time, then what is new.

    1. one sync at a time in a state folder (a lock), what is broken is set aside
    2. read: all of it into the staging folder (full.py), or only what is new (news.py)
    3. settle it in DuckDB (finish.py), commit the four tables, and only then write down what is valid (state.py)

What fails or is stopped before the end of 3 leaves the last good state; a full read goes on where it was left.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from data_access.dynamo.aws import Source
from data_access.snapshot import full as full_read
from data_access.snapshot import news
from data_access.snapshot.build import Built, rebuild
from data_access.snapshot.locking import lock
from data_access.snapshot.state import State
from data_access.snapshot.store import Store
from data_access.snapshot.trouble import trouble
from data_access.snapshot.update import update
from data_access.snapshot.work import opened


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a sync is going to do. `units` are read units, `items` as DescribeTable counts them.

    `rate` is in units a second, None where there is no limit.
    """

    system: str
    full: bool
    method: str
    blind_spots: tuple[str, ...]
    items: int
    units: float
    usd: float | None
    rate: float | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sync is. `share` is from 0 to 1, None where it is not known; `notice` is a sentence to show once."""

    system: str
    stage: str
    items: int = 0
    units: float = 0.0
    share: float | None = None
    notice: str | None = None


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync did. `items` were read for `units`; rows are messages: `new_rows` came, `removed_rows` went."""

    system: str
    method: str
    blind_spots: tuple[str, ...]
    full: bool
    items: int
    units: float
    usd: float | None
    estimated_units: float
    seconds: float
    conversations: int
    messages: int
    new_rows: int
    removed_rows: int
    notice: str | None = None


def estimate(source: Source, store: Store, *, full: bool = False) -> Estimate:
    """What `sync` would do now, and what that costs. Reads no item. Raises AwsError, SnapshotError."""
    state = None if full else store.states().get(source.id)
    found = None if state is None else news.plan(source, state, partial(store.ask, state))
    if found is not None:
        return Estimate(source.id, False, found.method, found.blind_spots, 0, found.units, found.usd, source.scan_rate)
    steps = full_read.everything(source)
    units = sum(step.estimated_units for step in steps.values())
    return Estimate(source.id, True, _method(source), (), full_read.expected_items(source), units, full_read.usd(steps), source.scan_rate)


def sync(
    source: Source,
    store: Store,
    *,
    full: bool = False,
    progress: Callable[[Progress], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Synced:
    """Bring one system up to date; `full` reads everything again and finds what an index cannot show.

    The budget of Scans does not apply: whoever calls this has seen the estimate. Raises AwsError, SyncRunning, SyncStopped,
    SnapshotError.
    """
    began = time.monotonic()
    with trouble("The snapshot cannot be written", store.place), lock(store):
        notice = store.prepare()
        if notice:
            progress(Progress(source.id, "set aside", notice=notice))
        state = store.states().get(source.id)
        found = None if full or state is None else _news(source, store, state, progress, cancelled)
        estimated, built = found or _everything(source, store, state, progress, cancelled)
        store.vacuum()
    return _synced(built, estimated, time.monotonic() - began, notice)


def staging_folder(store: Store, system: str) -> Path:
    return store.state / "staging" / system


def _everything(
    source: Source,
    store: Store,
    state: State | None,
    progress: Callable[[Progress], None],
    cancelled: Callable[[], bool],
) -> tuple[float, Built]:
    """The read units that were expected, and what was built."""

    def reading(so_far: full_read.Reading) -> None:
        share = min(1.0, so_far.items / so_far.expected) if so_far.expected else None
        progress(Progress(source.id, "reading", so_far.items, so_far.units, share))

    estimated = sum(step.estimated_units for step in full_read.everything(source).values())
    folder = staging_folder(store, source.id)
    return estimated, rebuild(source, store, state, folder, _method(source), reading, _writing(source, progress), cancelled)


def _news(
    source: Source,
    store: Store,
    state: State,
    progress: Callable[[Progress], None],
    cancelled: Callable[[], bool],
) -> tuple[float, Built] | None:
    """The same of what is new; None where everything is to be read."""

    def reading(items: int, units: float) -> None:
        progress(Progress(source.id, "reading", items, units))

    with opened(store, state, staging_folder(store, f"{source.id}-update")) as work:
        route = news.plan(source, state, work.ask)
        return route and (route.units, update(source, store, state, work, route, reading, _writing(source, progress), cancelled))


def _writing(source: Source, progress: Callable[[Progress], None]) -> Callable[[int, float], None]:
    return lambda items, units: progress(Progress(source.id, "writing", items, units, 1.0))


def _method(source: Source) -> str:
    tables = " and ".join(source.place.tables[key] for key in source.place.system.tables)
    return f"a Scan of {tables}"


def _synced(built: Built, estimated: float, seconds: float, notice: str | None) -> Synced:
    now = built.state.coverage
    return Synced(
        now.system,
        now.method,
        now.blind_spots,
        built.full,
        now.items,
        now.units,
        now.usd,
        estimated,
        seconds,
        now.conversations,
        now.messages,
        built.new_rows,
        built.removed_rows,
        notice,
    )
