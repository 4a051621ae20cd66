"""The snapshot's tables: four Delta Lake tables in a folder or a bucket, read with DuckDB, written one commit a table.

    <place>/messages/ conversations/ tool_calls/ user_records/     the tables, partitioned by system
    <place>/state/<system>.json                                    what is valid now (state.py)
    <place>/forgotten/                                             what must not come back (forgotten.py)
    <place>/set-aside/<time>/                                      tables of another version, or broken ones

Parquet files are written by DuckDB and committed as they are: the log then holds no value of any row, neither in the
statistics nor in a predicate, and forgetting a user has to look at data files only.
"""

# ruff: noqa: S608 - statements are put together from this package's own names; what was typed or stored is a value
from __future__ import annotations

import hashlib
import json
import re
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake._internal import RemoveAction  # pyright: ignore[reportMissingImports] # the only place that has it
from deltalake.exceptions import TableNotFoundError
from deltalake.transaction import AddAction

from data_access.errors import SnapshotError, SnapshotOff
from data_access.settings import Settings
from data_access.snapshot import state as states
from data_access.snapshot.files import Files, Folder, open_files
from data_access.snapshot.relations import kept, parquet, system_of
from data_access.snapshot.schema import TABLES, VERSION
from data_access.snapshot.state import Coverage, State
from data_access.snapshot.trouble import trouble

_DESCRIPTION = f"dynascope schema {VERSION}"
_STATE_NAME = re.compile(r"state/([a-z][a-z0-9_]{0,31})\.json")
GRACE = timedelta(minutes=15)  # for who reads the Delta tables from outside, and may still need a file that was replaced
_READERS = 8


@dataclass(frozen=True, slots=True)
class NewFile:
    """A Parquet file that is written and not committed yet. `path` is on this machine."""

    path: Path
    rows: int


class Store:
    """The snapshot at one place. It holds nothing open: any number of them, in any process, read while one writes."""

    def __init__(self, place: str, state: Path | None = None) -> None:
        """`state` is the folder of this machine for the lock and for work that is not done yet; beside a local place if not given."""
        self.place = place
        self.state = state or (Path(".local") if place.startswith("s3://") else Path(place).absolute().parent)
        with trouble("The snapshot cannot be reached", place):
            self.files: Files = open_files(place)

    # Reading

    def states(self) -> Mapping[str, State]:
        """What is valid now, by system. Raises SnapshotError where it is of another version or broken."""
        found: dict[str, State] = {}
        for system, data in self._state_files().items():
            state = states.load(data)
            if state is None:
                raise SnapshotError("The snapshot was made by another version, or is damaged.", "Run a sync: it is built again.")
            found[system] = state
        return found

    def coverage(self) -> Mapping[str, Coverage]:
        return {system: state.coverage for system, state in self.states().items()}

    def version(self) -> str:
        """Another text whenever anything in the snapshot is another. Raises SnapshotError."""
        digest = hashlib.sha256()
        for system, data in sorted(self._state_files().items()):
            digest.update(system.encode() + b"\0" + data)
        return digest.hexdigest()

    def active(self, table: str, systems: Iterable[str] | None = None) -> list[str]:
        """The paths of the files that hold a table's rows."""
        wanted = None if systems is None else set(systems)
        return [path for system, state in self.states().items() if wanted is None or system in wanted for path in state.files[table]]

    def connection(self, *, expired: bool = False) -> duckdb.DuckDBPyConnection:
        """DuckDB with a view for each of the four tables, as it is now. Rows whose time to live has passed are left out.

        Open one for each question: a connection goes on showing what was valid when it was made. Raises SnapshotError.
        """
        with trouble("The snapshot cannot be read", self.place):
            database = duckdb.connect()
            database.execute("SET TimeZone = 'UTC'")
            found = self.states()
            for name in TABLES:
                paths = [path for state in found.values() for path in state.files[name]]
                source = self._source(database, name, paths)
                columns = ", ".join(TABLES[name].names)
                database.execute(f"CREATE TEMP VIEW {name} AS SELECT {columns} FROM {source}{'' if expired else kept(name)}")
            return database

    def ask(self, state: State, table: str, query: str) -> list[Any]:
        """One question to the rows of one table and system, expired ones too: `{rows}` in the query is where they are."""
        with trouble("The snapshot cannot be read", self.place), duckdb.connect() as database:
            return database.execute(query.format(rows=self._source(database, table, state.files[table]))).fetchall()

    def arrow(self, table: str, columns: Sequence[str] | None = None, systems: Iterable[str] | None = None) -> pa.Table:
        """A table's rows, expired ones too, in memory. Raises SnapshotError."""
        schema = TABLES[table]
        with trouble("The snapshot cannot be read", self.place):
            return self._load(table, self.active(table, systems), columns or schema.names)

    def _source(self, database: duckdb.DuckDBPyConnection, table: str, paths: Sequence[str]) -> str:
        if self.files.is_local and paths:
            return parquet((self.files.uri(path) for path in paths), hive=True)
        # DuckDB cannot load httpfs at run time, so a bucket's files come through Arrow.
        database.register(f"{table}_rows", self._load(table, paths, TABLES[table].names))
        return f"{table}_rows"

    def _load(self, table: str, paths: Sequence[str], columns: Sequence[str]) -> pa.Table:
        schema = pa.schema([TABLES[table].field(name) for name in columns])
        stored = [name for name in columns if name != "system"]

        def one(path: str) -> pa.Table:
            data = Path(self.files.uri(path)) if self.files.is_local else pa.BufferReader(self._must_read(path))
            # A file and not a dataset: the folder's name must not be read for a column a second time.
            rows = pq.ParquetFile(data).read(columns=stored)
            if "system" in columns:
                rows = rows.append_column("system", pa.repeat(system_of(path), rows.num_rows))
            return rows.select(list(columns)).cast(schema)

        with ThreadPoolExecutor(_READERS) as pool:
            found = list(pool.map(one, paths))
        return pa.concat_tables(found) if found else schema.empty_table()

    def fetch(self, paths: Sequence[str], folder: Path) -> list[str]:
        """The files on this machine: as they lie there, or copies of a bucket's in `folder`."""
        if self.files.is_local:
            return [self.files.uri(path) for path in paths]

        def one(path: str) -> str:
            target = folder / path
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            target.write_bytes(self._must_read(path))
            return str(target)

        with ThreadPoolExecutor(_READERS) as pool:
            return list(pool.map(one, paths))

    def _must_read(self, path: str) -> bytes:
        data = self.files.read(path)
        if data is None:
            raise SnapshotError("A file of the snapshot is missing.", "Run a full sync: it is set aside and built again.")
        return data

    def _state_files(self) -> dict[str, bytes]:
        with trouble("The snapshot cannot be read", self.place):
            found: dict[str, bytes] = {}
            for path in sorted(self.files.listed("state")):
                name = _STATE_NAME.fullmatch(path)
                data = self.files.read(path) if name else None
                if name and data is not None:
                    found[name[1]] = data
            return found

    # Writing: only under the lock of a sync (sync.py)

    def prepare(self) -> str | None:
        """Make what is missing. What is of another version or broken is set aside: then the sentence that says so."""
        with trouble("The snapshot cannot be written", self.place):
            wrong, missing = self._checked()
            if wrong:
                self._set_aside()
                missing = list(TABLES)
            for name in missing:
                DeltaTable.create(
                    self.files.uri(name),
                    TABLES[name],
                    partition_by=["system"],
                    description=_DESCRIPTION,
                    # Without statistics in the log, which would keep the smallest and largest user id.
                    configuration={"delta.dataSkippingNumIndexedCols": "0"},
                    storage_options=self.files.options,
                )
            self.tidy_modes()
        return f"The snapshot {wrong}: it was set aside, and is built again." if wrong else None

    def _checked(self) -> tuple[str | None, list[str]]:
        """Why what is there cannot be used, None where it can or where there is nothing; and the tables that are not there."""
        stored = self._state_files()
        known = {system: states.load(data) for system, data in stored.items()}
        if None in known.values():
            return "was made by another version, or is damaged", []
        needed = {name: {path for state in known.values() if state for path in state.files[name]} for name in TABLES}
        missing: list[str] = []

        def one(name: str) -> str | None:
            try:
                table = self._delta(name)
                if table.metadata().description != _DESCRIPTION:
                    return "was made by another version"
                if pa.schema(table.schema().to_arrow()).names != TABLES[name].names:
                    return "has other columns than this version's"
            except TableNotFoundError:
                missing.append(name)
                return "has lost a table" if stored or self.files.listed(name) else None
            except Exception:
                return "is damaged"
            return "has lost a file" if needed[name] and not needed[name] <= set(self.files.listed(name)) else None

        with ThreadPoolExecutor(len(TABLES)) as pool:
            return next((wrong for wrong in pool.map(one, TABLES) if wrong), None), missing

    def _set_aside(self) -> None:
        to = f"set-aside/{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
        for name in ("state", *TABLES):
            if self.files.listed(name):
                self.files.move(name, f"{to}/{name}")

    def commit(
        self, system: str, new: Mapping[str, Sequence[NewFile]], kept: Mapping[str, Sequence[str]] | None = None
    ) -> dict[str, tuple[str, ...]]:
        """Make each table's rows of a system the given new files and those of the old ones that are kept.

        Returns the active files. They are seen once `save` has written them down. Raises SnapshotError, SyncConflict.
        """

        def one(table: str) -> tuple[str, ...]:
            added = {f"{table}/system={system}/{file.path.name}": file for file in new.get(table, ()) if file.rows}
            sizes = {path: file.path.stat().st_size for path, file in added.items()}
            for path, file in added.items():
                self.files.put(path, file.path)
            wanted = (*(kept or {}).get(table, ()), *added)
            self._commit(table, system, wanted, {path: (sizes[path], file.rows) for path, file in added.items()})
            return wanted

        # At once: none of them is seen before `save`, so that the order says nothing.
        with trouble("The snapshot cannot be written", self.place), ThreadPoolExecutor(len(TABLES)) as pool:
            return dict(zip(TABLES, pool.map(one, TABLES), strict=True))

    def _commit(self, table: str, system: str, wanted: Sequence[str], added: Mapping[str, tuple[int, int]]) -> None:
        """One transaction that leaves exactly the wanted files, whatever a sync before it had left half done."""
        delta = self._delta(table)
        # The whole partition, not only what changed: a sync that ended half-way may have left other files in it.
        held = {path for uri in delta.file_uris() if system_of(path := self._relative(table, uri)) == system}
        now = int(time.time() * 1000)
        gone = held - set(wanted)
        actions: list[Any] = [RemoveAction(path[len(table) + 1 :], True, now, None, {"system": system}) for path in gone]
        for path in wanted:
            if path not in held:
                size, rows = added.get(path) or (self.files.listed(path.rpartition("/")[0])[path].size, None)
                stats = "{}" if rows is None else json.dumps({"numRecords": rows})
                actions.append(AddAction(path[len(table) + 1 :], size, {"system": system}, now, True, stats))
        if actions:
            delta.create_write_transaction(actions, "append", TABLES[table], ["system"])

    def _delta(self, table: str) -> DeltaTable:
        return DeltaTable(self.files.uri(table), storage_options=self.files.options)

    def _relative(self, table: str, uri: str) -> str:
        return f"{table}/{uri[len(self.files.uri(table)) :].lstrip('/')}"

    def save(self, state: State) -> None:
        """From here on readers see it."""
        with trouble("The snapshot cannot be written", self.place):
            self.files.write(states.path(state.coverage.system), states.dump(state))
            self.tidy_modes()

    def vacuum(self, grace: timedelta = GRACE, *, replaced: bool = False) -> int:
        """Delete the files that nothing needs any more, and return how many.

        Not the young ones, which a reader may be at or a sync of another machine may be going to commit; with `replaced` all
        those that a commit has replaced.
        """
        with trouble("The snapshot cannot be tidied up", self.place):
            needed = {path for state in self.states().values() for several in state.files.values() for path in several}
            before, at_once = datetime.now(UTC) - grace, self._replaced() if replaced else set[str]()
            gone = [
                path
                for table in TABLES
                for path, found in self.files.listed(table).items()
                if path.endswith(".parquet")
                and "/_delta_log/" not in path
                and path not in needed
                and (found.written_at <= before or path in at_once)
            ]
            self.files.delete(gone)
            return len(gone)

    def _replaced(self) -> set[str]:
        """What the log says was removed."""
        found: set[str] = set()
        for table in TABLES:
            if DeltaTable.is_deltatable(self.files.uri(table), self.files.options):
                gone = self._delta(table).vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=True)
                found |= {f"{table}/{path}" for path in gone}
        return found

    def align(self) -> None:
        """Make the Delta tables what is valid: without what a sync that ended half-way had committed."""
        found = self.states()
        with trouble("The snapshot cannot be written", self.place):
            for table in TABLES:
                if not DeltaTable.is_deltatable(self.files.uri(table), self.files.options):
                    continue
                uris = self._delta(table).file_uris()
                for system in {system_of(self._relative(table, uri)) for uri in uris}:
                    self._commit(table, system, found[system].files[table] if system in found else (), {})

    def tidy_modes(self) -> None:
        if isinstance(self.files, Folder):
            self.files.tighten()


def open_store(settings: Settings) -> Store:
    """The snapshot of this configuration. Raises SnapshotOff."""
    if not settings.snapshot.on:
        raise SnapshotOff(
            "The snapshot is turned off.", "Remove `snapshot = false` from dynascope.toml to answer questions about everything."
        )
    return Store(settings.snapshot.place or str(settings.state / "snapshot"), settings.state)
