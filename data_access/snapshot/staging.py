"""What a sync has read so far, on this machine's disk: rows in chunks, and how far each segment of each Scan came.

A page is one chunk for each kind of row, written before the checkpoint that says so. A sync that was killed goes on from
the checkpoint: a page that is in it is not read again, and one that is not is read into the same file.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter, ValidationError

from data_access.snapshot.batch import Batch

# What was read longer ago says too little about what is there now.
KEEP = timedelta(hours=24)
_VERSION = 1
_FILE = "checkpoint.json"


@dataclass(slots=True)
class Segment:
    """How far one segment of a Scan came: pages read, and the key to go on after."""

    pages: int = 0
    after: dict[str, Any] | None = None
    done: bool = False


@dataclass(slots=True)
class Checkpoint:
    fingerprint: str
    began_at: datetime
    tables: dict[str, list[Segment]] = field(default_factory=dict[str, list[Segment]])
    items: int = 0
    units: float = 0.0
    unplaced: int = 0
    seconds: float = 0.0
    version: int = _VERSION


_CHECKPOINT = TypeAdapter(Checkpoint)


class Staging:
    """The staging folder of one system. Its owner alone can look into it, and it is gone when the sync is done."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        found = _load(folder)
        fits = found is not None and found.fingerprint == fingerprint and datetime.now(UTC) - found.began_at < KEEP
        self.resumed = fits and _is_whole(folder)
        if found is not None and self.resumed:
            self.checkpoint = found
        else:
            clear(folder)
            self.checkpoint = Checkpoint(fingerprint, datetime.now(UTC))
        make(folder)

    def segments(self, table: str, wanted: int) -> list[Segment]:
        """The segments of a table's Scan: as many as when it began."""
        with self._lock:
            return self.checkpoint.tables.setdefault(table, [Segment() for _ in range(wanted)])

    def add(self, table: str, number: int, batch: Batch, *, after: Mapping[str, Any] | None, items: int, units: float) -> None:
        """Keep one page of a segment: its rows first, then the checkpoint that a later sync goes on from."""
        segment = self.checkpoint.tables[table][number]
        for kind, rows in batch.tables().items():
            _write(self.folder / f"{kind}-{table}-{number:05d}-{segment.pages:06d}.parquet", rows)
        with self._lock:
            segment.pages += 1
            segment.after, segment.done = None if after is None else dict(after), after is None
            self.checkpoint.items += items
            self.checkpoint.units += units
            self.checkpoint.unplaced += batch.unplaced
            _replace(self.folder / _FILE, json.dumps(asdict(self.checkpoint), default=datetime.isoformat).encode())

    def chunks(self, kind: str) -> list[Path]:
        return sorted(self.folder.glob(f"{kind}-*.parquet"))

    def clear(self) -> None:
        clear(self.folder)


def make(folder: Path) -> None:
    # One after the other: mkdir gives a parent that it makes the usual mode.
    for each in (folder.parent.parent, folder.parent, folder):
        each.mkdir(mode=0o700, exist_ok=True)


def clear(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _load(folder: Path) -> Checkpoint | None:
    try:
        found = _CHECKPOINT.validate_json((folder / _FILE).read_bytes())
    except (OSError, ValidationError):
        return None
    return found if found.version == _VERSION else None


def _is_whole(folder: Path) -> bool:
    """After a power cut a chunk can be torn although its checkpoint is there."""
    try:
        for path in folder.glob("*.parquet"):
            pq.read_metadata(path)
    except (OSError, pa.ArrowException):
        return False
    return True


def _write(path: Path, rows: pa.RecordBatch) -> None:
    part = path.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        pq.write_table(pa.Table.from_batches([rows]), file, compression="snappy", use_dictionary=False, write_statistics=False)
    part.replace(path)


def _replace(path: Path, data: bytes) -> None:
    part = path.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    part.replace(path)
