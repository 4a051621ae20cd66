"""Take a person out of the snapshot so that the bytes are gone, and keep them from coming back.

First it is written down who is not to come back (forgotten.py), then the rows go: files with rows of the person are written
again without them and deleted, in the tables, in the staging folder and among what was set aside. A sync that is at work
meanwhile sees the first before it commits, or after, and takes the rows out again.
"""

# ruff: noqa: S608 - statements are put together from this package's own names; what was typed or stored is a value
from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from data_access.errors import SnapshotError
from data_access.snapshot import finish, staging
from data_access.snapshot.build import counted, rows_of
from data_access.snapshot.forgotten import Register
from data_access.snapshot.locking import lock
from data_access.snapshot.relations import parquet
from data_access.snapshot.schema import TABLES
from data_access.snapshot.state import State
from data_access.snapshot.store import NewFile, Store
from data_access.snapshot.trouble import trouble

# How long an erasure waits for a sync to end. A stopped or finished one lets it in at once.
WAIT_SECONDS = 60.0
_NO_TALKS: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Removed:
    """Rows that went, by table, and how many files were written again."""

    rows: Mapping[str, int]
    files: int


@dataclass(frozen=True, slots=True)
class Part:
    """What of a user is meant, each None for any: these tenants, this kind of record or the conversations of it, this conversation."""

    tenants: tuple[str, ...] | None = None
    kind: str | None = None
    conversation: str | None = None


def forget(
    store: Store,
    user_id: str,
    system: str | None = None,
    *,
    at: datetime | None = None,
    talks: Iterable[tuple[str, str]] = _NO_TALKS,
    part: Part | None = None,
    wait_seconds: float = WAIT_SECONDS,
) -> Removed:
    """Remove every row of a user from all tables, of one system or of all of them, and everything older for ever.

    `at` is the time of the erasure (now if not given): rows that are newer may come back with a later sync. `talks` are further
    conversations of the user, as system and id, that the snapshot may not know. Can be repeated: what is gone stays gone.
    Of a `part` the rows go, those of `talks` that name nobody with them, and nothing is written down: the rest of the user is to
    be read on, and what is gone from the tables is not found there by a later sync.
    Raises SnapshotError, and SyncRunning when a sync does not end in time; the erasure is written down even then.
    """
    when = (at or datetime.now(UTC)).astimezone(UTC)
    named = list(talks)
    if part is None:
        Register(store).add(user_id, system, [*_talks(store, user_id, system), *named], when)
    with trouble("The snapshot cannot be written", store.place), lock(store, wait_seconds):
        _clear_work(store)
        removed: dict[str, int] = dict.fromkeys(TABLES, 0)
        files = 0
        for name, state in store.states().items():
            if system is None or name == system:
                gone = _users_rows(user_id) if part is None else _part_rows(user_id, [talk for one, talk in named if one == name], part)
                rows, written = _without(store, state, gone)
                files += written
                for table, count in rows.items():
                    removed[table] += count
        if store.files.is_local:
            # Under the lock nobody else writes here: what is not valid is left over, and may hold the person's rows.
            store.align()
            store.vacuum(timedelta(0))
        else:
            store.vacuum(replaced=True)
        store.tidy_modes()
        return Removed(removed, files)


def sweep(store: Store, system: str) -> None:
    """Take out of a system everything older than what is written down: under the lock of a sync that has just committed."""
    state = store.states().get(system)
    if state is None:
        return
    with finish.work_database(store.state / "staging") as database:
        for kind, table in (("conversations", "conversations"), ("messages", "messages"), ("user_records", "user_records")):
            paths = store.fetch(state.files[table], store.state / "staging" / "sweep")
            database.execute(f"CREATE TEMP VIEW staged_{kind} AS SELECT * FROM {rows_of(parquet(paths) if paths else None, table)}")
        met = Register(store).met(database, system)
    if met.users or met.talks:
        _without(store, state, {table: _older(table, met.users, met.talks) for table in TABLES})
        store.vacuum(replaced=True)


def _talks(store: Store, user_id: str, system: str | None) -> list[tuple[str, str]]:
    """The user's conversations in systems whose messages have a table of their own: those may name no user."""
    with store.connection(expired=True) as database:
        found = database.execute(
            "SELECT DISTINCT system, conversation_id FROM conversations WHERE user_id = ? AND (? IS NULL OR system = ?) "
            "AND item_table IS DISTINCT FROM (SELECT any_value(item_table) FROM messages WHERE messages.system = conversations.system)",
            [user_id, system, system],
        ).fetchall()
    return [(row[0], row[1]) for row in found]


_Gone = Mapping[str, tuple[str, list[object]]]


def _users_rows(user_id: str) -> _Gone:
    """The condition of a user's rows in each table, with its values."""
    return {table: ("user_id = ?", [user_id]) for table in TABLES}


def _part_rows(user_id: str, talks: list[str], part: Part) -> _Gone:
    listed = "IN (SELECT unnest(?::VARCHAR[]))"
    within, values = f"(user_id = ? OR (user_id IS NULL AND conversation_id {listed}))", list[object]([user_id, talks])
    record, own = "user_id = ?", list[object]([user_id])
    if part.tenants is not None:
        within, values = f"{within} AND tenant_id {listed}", [*values, list(part.tenants)]
        record, own = f"{record} AND tenant_id {listed}", [*own, list(part.tenants)]
    if part.kind is not None:
        within, values = f"{within} AND conversation_id {listed}", [*values, talks]
        record, own = f"{record} AND kind = ?", [*own, part.kind]
    if part.conversation is not None:
        within, values = f"{within} AND conversation_id = ?", [*values, part.conversation]
        record, own = "false", []
    return {table: (record, own) if table == "user_records" else (within, values) for table in TABLES}


def _older(table: str, users: Mapping[str, datetime], talks: Mapping[str, datetime]) -> tuple[str, list[object]]:
    when = {"messages": "sent_at", "tool_calls": "sent_at", "conversations": "last_activity_at", "user_records": "updated_at"}[table]
    parts: list[str] = []
    values: list[object] = []
    for user, at in users.items():
        parts.append(f"(user_id = ? AND ({when} IS NULL OR {when} <= ?))")
        values += [user, at.replace(tzinfo=None)]
    if table != "user_records":
        for talk, at in talks.items():
            parts.append(f"(user_id IS NULL AND conversation_id = ? AND ({when} IS NULL OR {when} <= ?))")
            values += [talk, at.replace(tzinfo=None)]
    return " OR ".join(parts) or "false", values


def _without(store: Store, state: State, gone: _Gone) -> tuple[dict[str, int], int]:
    """Write the files again that hold such rows, without them. Returns rows by table, and files."""
    work = store.state / "staging" / f"forget-{secrets.token_hex(4)}"
    work.mkdir(mode=0o700, parents=True)
    try:
        with finish.work_database(work) as database:
            return _rewrite(store, state, gone, database, work)
    finally:
        staging.clear(work)


def _rewrite(store: Store, state: State, gone: _Gone, database: duckdb.DuckDBPyConnection, work: Path) -> tuple[dict[str, int], int]:
    system = state.coverage.system
    removed: dict[str, int] = {}
    new: dict[str, list[NewFile]] = {}
    kept: dict[str, list[str]] = {}
    sources: dict[str, str] = {}
    files = 0
    for table in TABLES:
        paths = list(state.files[table])
        places = store.fetch(paths, work / "old")
        condition, values = gone[table]
        found: dict[str, int] = {}
        if places:
            query = f"SELECT filename, count(*) FROM {parquet(places, more=', filename = true')} WHERE {condition} GROUP BY 1"
            found = dict(database.execute(query, values).fetchall())
        removed[table] = sum(found.values())
        kept[table] = [path for path, place in zip(paths, places, strict=True) if place not in found]
        new[table] = []
        if found:
            # Through a table, since a COPY takes no values: the id is never a part of a statement.
            database.execute(
                f"CREATE OR REPLACE TEMP TABLE rest AS FROM {parquet(sorted(found))} WHERE NOT coalesce({condition}, false)",
                values,
            )
            new[table] = finish.write(database, [finish.typed(table, "FROM rest")], work / "out" / table)
            files += len(found)
        stay = [place for path, place in zip(paths, places, strict=True) if path in set(kept[table])]
        everything = [*stay, *(str(file.path) for file in new[table])]
        sources[table] = rows_of(parquet(everything) if everything else None, table)
    if not files:
        return removed, 0
    counts = counted(database, sources)
    active = store.commit(system, new, kept)
    coverage = state.coverage
    numbers = {name: value for name in TABLES if isinstance(value := counts[name], int)}
    first, last, bad = counts["first_at"], counts["last_at"], counts["bad"]
    store.save(
        replace(
            state,
            files=active,
            coverage=replace(
                coverage,
                conversations=numbers["conversations"],
                messages=numbers["messages"],
                tool_calls=numbers["tool_calls"],
                user_records=numbers["user_records"],
                first_at=first if isinstance(first, datetime) else None,
                last_at=last if isinstance(last, datetime) else None,
                bad_items=(bad if isinstance(bad, int) else 0) + coverage.unplaced,
            ),
        )
    )
    return removed, files


def _clear_work(store: Store) -> None:
    """What was read and not finished, and what was set aside, is not looked through: it goes as a whole."""
    folder = store.state / "staging"
    staging.clear(folder)
    if folder.exists():
        raise SnapshotError("The staging folder cannot be deleted.", f"Delete {folder} by hand: it may hold rows of the person.")
    store.files.delete(list(store.files.listed("set-aside")))
