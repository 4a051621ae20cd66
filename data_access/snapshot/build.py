"""A system's rows built anew from a full read, and put in the place of the old ones."""

# ruff: noqa: S608 - statements are put together from this package's own names; what was typed or stored is a value
from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from data_access.costs.prices import read_price
from data_access.dynamo.aws import Source
from data_access.dynamo.read import Reader
from data_access.snapshot import finish, full, staging
from data_access.snapshot.forgotten import Register
from data_access.snapshot.relations import parquet
from data_access.snapshot.schema import TABLES
from data_access.snapshot.staged import STAGED
from data_access.snapshot.state import Coverage, State
from data_access.snapshot.store import Store
from data_access.snapshot.trouble import trouble


@dataclass(frozen=True, slots=True)
class Built:
    """What a sync left. `new_rows` and `removed_rows` are messages."""

    state: State
    full: bool
    new_rows: int
    removed_rows: int


def rebuild(
    source: Source,
    store: Store,
    old: State | None,
    folder: Path,
    method: str,
    progress: Callable[[full.Reading], None],
    writing: Callable[[int, float], None],
    cancelled: Callable[[], bool],
) -> Built:
    """Read everything, or go on with a read that was left, and replace the system's rows."""
    began = time.monotonic()
    with trouble("What is read cannot be kept", str(folder)):
        staged = staging.Staging(folder, full.fingerprint(source))
        before = staged.checkpoint.seconds
        try:
            full.read_everything(source, Reader(source, None), staged, progress=progress, cancelled=cancelled)
        finally:
            staged.checkpoint.seconds = before + time.monotonic() - began
    read = staged.checkpoint
    writing(read.items, read.units)
    with trouble("The snapshot cannot be written", store.place):
        state, new, removed = finish_read(source, store, old, staged, method)
    staged.clear()
    return Built(state, True, new, removed)


def finish_read(source: Source, store: Store, old: State | None, staged: staging.Staging, method: str) -> tuple[State, int, int]:
    began = time.monotonic()
    inside = source.place.system.messages is None
    now = datetime.now(UTC)
    register = Register(store)
    out = staged.folder / "out"
    staging.clear(out)
    database = finish.work_database(staged.folder)
    try:
        for kind, schema in STAGED.items():
            staged_view(database, kind, [str(path) for path in staged.chunks(kind)], schema)
        forgotten = register.met(database, source.id)
        finish.settle(database, inside=inside, now=now, forgotten=forgotten)
        new = {
            table: finish.write(database, select, out / table) for table, select in finish.selects(database, inside=inside, now=now).items()
        }
        found = {
            table: rows_of(f"(SELECT * FROM {parquet(file.path for file in new[table])})" if new[table] else None, table)
            for table in TABLES
        }
        counts = counted(database, found)
        latest = newest(database, found["messages"])
        olds = store.fetch(old.files["messages"], staged.folder / "old") if old else []
        came, went = differences(database, found["messages"], rows_of(parquet(olds) if olds else None, "messages"), inside=inside)
    finally:
        database.close()
    files = store.commit(source.id, new)
    read = staged.checkpoint
    seconds = read.seconds + time.monotonic() - began
    coverage = make_coverage(source, counts, read.unplaced, now, read.began_at, read.began_at, method, (), read.items, read.units, seconds)
    state = State(coverage, files, read.units, seconds, latest)
    store.save(state)
    register.check_again(source.id)
    return state, came, went


def make_coverage(
    source: Source,
    counts: Mapping[str, int | datetime | None],
    unplaced: int,
    now: datetime,
    began_at: datetime,
    full_at: datetime,
    method: str,
    blind_spots: tuple[str, ...],
    items: int,
    units: float,
    seconds: float,
) -> Coverage:
    price = read_price(source.place.region)

    def number(name: str) -> int:
        found = counts.get(name)
        return found if isinstance(found, int) else 0

    first, last = counts.get("first_at"), counts.get("last_at")
    return Coverage(
        system=source.id,
        conversations=number("conversations"),
        messages=number("messages"),
        tool_calls=number("tool_calls"),
        user_records=number("user_records"),
        first_at=first if isinstance(first, datetime) else None,
        last_at=last if isinstance(last, datetime) else None,
        bad_items=number("bad") + unplaced,
        unplaced=unplaced,
        synced_at=now,
        began_at=began_at,
        full_at=full_at,
        method=method,
        blind_spots=blind_spots,
        items=items,
        units=units,
        usd=None if price is None else units * price.usd_per_unit,
        seconds=seconds,
    )


def staged_view(database: duckdb.DuckDBPyConnection, kind: str, paths: Sequence[str], schema: pa.Schema) -> None:
    """`staged_<kind>` over chunk files, or empty."""
    if paths:
        quoted = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
        database.execute(f"CREATE OR REPLACE TEMP VIEW staged_{kind} AS SELECT * FROM read_parquet([{quoted}])")
    else:
        database.register(f"staged_{kind}", schema.empty_table())


def rows_of(source: str | None, table: str) -> str:
    """What to select from for a table's rows, or for none."""
    if source is not None:
        return source
    columns = ", ".join(f"NULL AS {name}" for name in TABLES[table].names if name != "system")
    return f"({finish.typed(table, f'SELECT {columns} WHERE false')})"


def counted(database: duckdb.DuckDBPyConnection, found: Mapping[str, str]) -> dict[str, int | datetime | None]:
    """What coverage says of rows: `found` maps each table to what is to be selected from."""
    return summed(counted_of(database, table, found[table]) for table in TABLES)


def counted_of(database: duckdb.DuckDBPyConnection, table: str, source: str) -> dict[str, int | datetime | None]:
    """The same of one table: the rows under its name, `bad` of them with something odd, and the messages' first and last time."""
    # As a number: a value of the type TIMESTAMP loses its zone twice on its way through Python.
    times = ("first_at", "last_at") if table == "messages" else ()
    columns = ["count(*)"]
    columns += ["count(*) FILTER (problems > 0)"] if "problems" in TABLES[table].names else ["0"]
    columns += ["epoch_us(min(sent_at))", "epoch_us(max(sent_at))"] if times else []
    rows, bad, *found = database.execute(f"SELECT {', '.join(columns)} FROM {source}").fetchall()[0]
    moments = {name: None if value is None else datetime.fromtimestamp(value / 1e6, UTC) for name, value in zip(times, found, strict=True)}
    return {table: rows, "bad": bad} | moments


def newest(database: duckdb.DuckDBPyConnection, messages: str) -> dict[str, datetime]:
    """The newest time of a message by tenant."""
    rows = database.execute(f"SELECT tenant_id, epoch_us(max(sent_at)) FROM {messages} WHERE tenant_id IS NOT NULL GROUP BY 1").fetchall()
    return {tenant: datetime.fromtimestamp(at / 1e6, UTC) for tenant, at in rows if at is not None}


def summed(counts: Iterable[Mapping[str, int | datetime | None]]) -> dict[str, int | datetime | None]:
    """What was counted of several tables, together."""
    everything: dict[str, int | datetime | None] = {}
    bad = 0
    for one in counts:
        everything |= one
        bad += found if isinstance(found := one["bad"], int) else 0
    return everything | {"bad": bad}


def differences(database: duckdb.DuckDBPyConnection, new: str, old: str, *, inside: bool) -> tuple[int, int]:
    """How many messages came and how many went. One is the same as long as its item is, and its place inside an item."""
    key = "hash(item_key, position)" if inside else "hash(item_key)"
    came, went = database.execute(
        f"""
        SELECT count(*) FILTER (NOT was), count(*) FILTER (NOT is_there) FROM (
            SELECT bool_or(is_there) AS is_there, bool_or(NOT is_there) AS was FROM (
                SELECT {key} AS h, true AS is_there FROM {new} UNION ALL SELECT {key} AS h, false AS is_there FROM {old}
            ) GROUP BY h
        )
        """
    ).fetchall()[0]
    return came, went
