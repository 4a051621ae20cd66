"""What lies at the snapshot's place and beside it: how much, how large, what was left half-way, and who is at work."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data_access.dynamo.aws import Source
from data_access.errors import AwsError, SnapshotError, SyncRunning
from data_access.snapshot.full import fingerprint
from data_access.snapshot.locking import lock
from data_access.snapshot.schema import TABLES
from data_access.snapshot.staging import KEEP
from data_access.snapshot.state import Coverage
from data_access.snapshot.store import Store, system_of
from data_access.snapshot.trouble import trouble


@dataclass(frozen=True, slots=True)
class Left:
    """A full read that did not come to its end, as far as it came. `fingerprint` says of which tables."""

    system: str
    fingerprint: str
    items: int
    units: float
    began_at: datetime


@dataclass(frozen=True, slots=True)
class Holding:
    """`coverage` is empty where `broken` says why nothing can be read. `bytes` is by system, with files that are about to go.

    `left` are full reads that can be gone on with. `elsewhere` says that another process is syncing: then they are its own.
    """

    coverage: Mapping[str, Coverage]
    bytes: Mapping[str, int]
    left: Mapping[str, Left]
    elsewhere: bool
    broken: SnapshotError | None = None


def look(store: Store, sources: Mapping[str, Source] | None = None) -> Holding:
    """Look without touching anything. With `sources`, only what their next full read goes on from counts as left.

    Raises SnapshotError where the place cannot be reached at all.
    """
    sizes: dict[str, int] = {}
    with trouble("The snapshot cannot be read", store.place):
        for table in TABLES:
            for path, found in store.files.listed(table).items():
                if system := system_of(path):
                    sizes[system] = sizes.get(system, 0) + found.size
        folders = [path for path in (store.state / "staging").glob("*") if path.is_dir()]
    left = {one.system: one for one in map(_left, folders) if one is not None}
    if sources is not None:
        left = {name: one for name, one in left.items() if name in sources and _is_of(one, sources[name])}
    coverage: Mapping[str, Coverage] = {}
    broken = None
    try:
        coverage = store.coverage()
    except SnapshotError as error:
        broken = error
    return Holding(coverage, sizes, left, busy(store, folders), broken)


def busy(store: Store, folders: list[Path] | None = None) -> bool:
    """Whether somebody writes here. The lock is tried only where there is work in progress, so as not to be in the way."""
    if not (folders if folders is not None else any((store.state / "staging").glob("*"))):
        return False
    try:
        with lock(store):
            return False
    except SyncRunning:
        return True
    except OSError:
        return False


def _is_of(left: Left, source: Source) -> bool:
    """Whether the read can be gone on with. Not while its tables cannot be described: then they say so themselves."""
    try:
        return left.fingerprint == fingerprint(source)
    except AwsError:
        return False


def _left(folder: Path) -> Left | None:
    try:
        found: dict[str, Any] = json.loads((folder / "checkpoint.json").read_bytes())
        began = datetime.fromisoformat(found["began_at"])
        one = Left(folder.name, str(found["fingerprint"]), int(found["items"]), float(found["units"]), began)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return one if datetime.now(UTC) - began < KEEP else None
