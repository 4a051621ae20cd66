"""Where an update works: one database with the rows that are valid now, and what it reads beside them.

    old_<table>      views of the files that are valid, each row with its place (`filename`, `file_row_number`)
    staged_<kind>    tables of what was read (staged.py), which DuckDB takes to the disk when they are many

To open a database takes as long as many questions, and so does a file's description that is read again for each of them: an
update has one of the first, which is opened while the first items are read, and little of the second.
"""

# ruff: noqa: S608 - statements are put together from this package's own names; what was typed or stored is a value
from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from data_access.snapshot import finish, staging
from data_access.snapshot.batch import Batch
from data_access.snapshot.build import rows_of
from data_access.snapshot.relations import parquet
from data_access.snapshot.schema import TABLES
from data_access.snapshot.staged import STAGED
from data_access.snapshot.state import State
from data_access.snapshot.store import Store

# To give a database's memory back takes as long as the commits: nobody waits for it.
_closing = ThreadPoolExecutor(1, thread_name_prefix="close")

# So much of what was read waits in memory, and then goes into the tables together.
_WAITING_BYTES = 16 * 1024 * 1024
_PLACED = ", filename = true, file_row_number = true"
_NOWHERE = "'' AS filename, 0::BIGINT AS file_row_number"


@dataclass(frozen=True, slots=True)
class Work:
    """`old` is for each table the valid files' paths, and where they lie on this machine."""

    opening: Future[duckdb.DuckDBPyConnection]
    folder: Path
    old: Mapping[str, tuple[Sequence[str], Sequence[str]]]
    arrivals: Arrivals

    @property
    def database(self) -> duckdb.DuckDBPyConnection:
        """Waits until it is there."""
        return self.opening.result()

    def ask(self, table: str, query: str) -> list[Any]:
        """One question to the rows of a table that are valid now: `{rows}` in the query is where they are."""
        return self.database.execute(query.format(rows=f"old_{table}")).fetchall()


@contextmanager
def opened(store: Store, state: State, folder: Path) -> Generator[Work]:
    """Nothing of it is left afterwards: an update that was stopped begins anew, it is short."""
    staging.clear(folder)
    staging.make(folder)
    old = {table: (list(state.files[table]), store.fetch(state.files[table], folder / "old")) for table in TABLES}
    with ThreadPoolExecutor(1, thread_name_prefix="open") as aside:
        opening = aside.submit(_open, folder, state.coverage.messages, {table: places for table, (_, places) in old.items()})
        try:
            yield Work(opening, folder, old, Arrivals(opening.result))
        finally:
            if opening.exception() is None:
                _closing.submit(opening.result().close)
            staging.clear(folder)


def _open(folder: Path, messages: int, old: Mapping[str, Sequence[str]]) -> duckdb.DuckDBPyConnection:
    """The database with the views of what is valid now, and with the tables of what will be read."""
    database = finish.work_database(folder, messages)
    for table, places in old.items():
        columns = ", ".join(name for name in TABLES[table].names if name != "system")
        source = parquet(places, more=_PLACED) if places else f"(SELECT *, {_NOWHERE} FROM {rows_of(None, table)})"
        database.execute(f"CREATE VIEW old_{table} AS SELECT {columns}, filename, file_row_number FROM {source}")
    for kind, schema in STAGED.items():
        columns = ", ".join(f"{field.name} {finish.TYPES[field.type]}" for field in schema)
        database.execute(f"CREATE TABLE staged_{kind} ({columns})")
    database.execute("CREATE TABLE whole (conversation_id VARCHAR); CREATE TABLE gone (item_key VARCHAR)")
    return database


class Arrivals:
    """What was read so far, from any thread. `unplaced` are messages that name no conversation."""

    def __init__(self, database: Callable[[], duckdb.DuckDBPyConnection]) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._waiting: dict[str, list[pa.RecordBatch]] = {kind: [] for kind in STAGED}
        self.items, self.units, self.unplaced = 0, 0.0, 0

    def add(self, batch: Batch, *, items: int, units: float) -> None:
        """Keep a page: its rows are seen after `settle`."""
        found = batch.tables()
        with self._lock:
            for kind, rows in found.items():
                self._waiting[kind].append(rows)
            self.items += items
            self.units += units
            self.unplaced += batch.unplaced
            if sum(rows.nbytes for several in self._waiting.values() for rows in several) > _WAITING_BYTES:
                self._settle()

    def settle(self) -> None:
        with self._lock:
            self._settle()

    def _settle(self) -> None:
        # A connection of its own: somebody may be asking the other one.
        with self._database().cursor() as database:
            for kind, several in self._waiting.items():
                if several:
                    database.register("arrived", pa.Table.from_batches(several))
                    database.execute(f"INSERT INTO staged_{kind} FROM arrived")
                    several.clear()
