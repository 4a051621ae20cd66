"""Reading what is new on the way that news.py chose, and weaving it into what is there."""

# ruff: noqa: S608 - statements are put together from this package's own names; what was typed or stored is a value
from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from data_access.dynamo.aws import CONCURRENCY, Source
from data_access.dynamo.codec import Item
from data_access.dynamo.plan import Operation, Step
from data_access.dynamo.read import Reader
from data_access.errors import SyncStopped
from data_access.snapshot import finish, full, news, staging, weave
from data_access.snapshot.build import Built, counted, make_coverage, rows_of, staged_view
from data_access.snapshot.forgotten import Register
from data_access.snapshot.news import Route, Way
from data_access.snapshot.relations import parquet
from data_access.snapshot.rows import RowReader
from data_access.snapshot.schema import TABLES
from data_access.snapshot.staged import STAGED
from data_access.snapshot.state import State
from data_access.snapshot.store import Store
from data_access.systems.spec import Table

_ITEMS = 5_000


def update(
    source: Source,
    store: Store,
    state: State,
    route: Route,
    folder: Path,
    progress: Callable[[int, float], None],
    writing: Callable[[int, float], None],
    cancelled: Callable[[], bool],
) -> Built:
    """Raises AwsError, SyncStopped, SnapshotError. Nothing is kept of an update that was stopped: it is short."""
    staging.clear(folder)
    run = _Update(source, store, state, route, folder, progress, cancelled)
    try:
        return run.run(writing)
    finally:
        run.database.close()
        staging.clear(folder)


class _Update:
    def __init__(
        self,
        source: Source,
        store: Store,
        state: State,
        route: Route,
        folder: Path,
        progress: Callable[[int, float], None],
        cancelled: Callable[[], bool],
    ) -> None:
        self._source, self._store, self._state, self._route = source, store, state, route
        self._progress, self._cancelled = progress, cancelled
        self._began_at, self._began = datetime.now(UTC), time.monotonic()
        self._inside = source.place.system.messages is None
        self._staged = staging.Staging(folder, "update")
        self._rows = RowReader(source.place.system, source.place.tables)
        self._reader = Reader(source, None)
        self._tasks = 0
        self._lock = threading.Lock()
        self.database: duckdb.DuckDBPyConnection = finish.work_database(folder, state.coverage.messages)

    def run(self, writing: Callable[[int, float], None]) -> Built:
        register = Register(self._store)
        places = self._open_old()
        for name in ("whole (conversation_id VARCHAR)", "gone (item_key VARCHAR)"):
            self.database.execute(f"CREATE TEMP TABLE {name}")
        {Way.TENANTS: self._tenants, Way.SESSIONS: self._sessions, Way.USERS: self._users}[self._route.way]()
        self._views()
        writing(self._staged.checkpoint.items, self._staged.checkpoint.units)
        now = datetime.now(UTC)
        forgotten = register.met(self.database, self._source.id)
        files, came, went, counts = self._state.files, 0, 0, None
        if self._route.way is not Way.TENANTS:
            weave.fresh(self.database, inside=self._inside)
        if weave.affected(self.database, now=now):
            woven = weave.weave(self.database, places, self._staged.folder / "out", inside=self._inside, now=now, forgotten=forgotten)
            came, went = woven.came, woven.went
            counts = counted(
                self.database,
                {
                    table: _union([*(str(file.path) for file in woven.new[table]), *self._where(places[table], woven.kept[table])], table)
                    for table in TABLES
                },
            )
            files = self._store.commit(self._source.id, woven.new, woven.kept)
        state = self._said(counts, now, files)
        self._store.save(state)
        register.check_again(self._source.id)
        return Built(state, False, came, went)

    def _said(self, counts: Mapping[str, int | datetime | None] | None, now: datetime, files: Mapping[str, tuple[str, ...]]) -> State:
        before, read = self._state.coverage, self._staged.checkpoint
        seconds = time.monotonic() - self._began
        unplaced = before.unplaced + read.unplaced
        coverage = make_coverage(
            self._source,
            counts or {},
            unplaced,
            now,
            self._began_at,
            before.full_at,
            self._route.method,
            self._route.blind_spots,
            read.items,
            read.units,
            seconds,
        )
        if counts is None:
            same = ("conversations", "messages", "tool_calls", "user_records", "first_at", "last_at")
            coverage = replace(coverage, bad_items=before.bad_items + read.unplaced, **{name: getattr(before, name) for name in same})
        return replace(self._state, coverage=coverage, files=files)

    def _open_old(self) -> dict[str, tuple[list[str], list[str]]]:
        """The valid files of each table: their paths, and where they lie on this machine; and views `old_<table>` of them."""
        found: dict[str, tuple[list[str], list[str]]] = {}
        for table in TABLES:
            paths = list(self._state.files[table])
            places = self._store.fetch(paths, self._staged.folder / "old")
            found[table] = (paths, places)
            columns = ", ".join(name for name in TABLES[table].names if name != "system")
            self.database.execute(f"CREATE TEMP VIEW old_{table} AS SELECT {columns} FROM {_union(places, table)}")
        return found

    def _where(self, old: tuple[list[str], list[str]], kept: list[str]) -> list[str]:
        return [place for path, place in zip(*old, strict=True) if path in set(kept)]

    # The three ways

    def _tenants(self) -> None:
        messages = self._table(self._source.place.system.messages)
        self._read(messages, news.tenant_steps(self._source, self._route))
        self._views()
        pairs = self._touched_sessions()
        if pairs:
            per_tenant = dict(self._ask("SELECT tenant_id, count(*) FROM old_conversations GROUP BY 1"))
            steps, by_key = news.session_steps(self._source, pairs, per_tenant)
            self._read(self._source.place.system.conversations, steps)
            self._views()
            if by_key:
                # A session that was asked for by its key and was not there is gone.
                self.database.execute(
                    "INSERT INTO gone SELECT item_key FROM old_conversations AS o "
                    "WHERE o.has_session AND (o.conversation_id, o.tenant_id) IN (FROM asked) "
                    "AND o.item_key NOT IN (SELECT item_key FROM staged_conversations)"
                )

    def _touched_sessions(self) -> list[tuple[str, str | None]]:
        """Conversation and tenant of every message that is new, and of the conversations that are there under such an id."""
        weave.fresh(self.database, inside=self._inside)
        self.database.execute(
            "CREATE OR REPLACE TEMP TABLE asked AS SELECT DISTINCT conversation_id, tenant_id FROM ("
            "SELECT conversation_id, tenant_id FROM fresh UNION ALL "
            "SELECT conversation_id, tenant_id FROM old_conversations SEMI JOIN fresh USING (conversation_id)) "
            "WHERE tenant_id IS NOT NULL"
        )
        return self._ask("SELECT conversation_id, tenant_id FROM asked ORDER BY ALL")

    def _sessions(self) -> None:
        key = next(name for name, table in self._source.place.system.tables.items() if table is self._source.place.system.conversations)
        step = full.everything(self._source)[key]
        self._read(self._source.place.system.conversations, [step])
        self._views()
        changed = self._changed_sessions()
        for conversation_id, _, whole in changed:
            if whole:
                self.database.execute("INSERT INTO whole VALUES (?)", [conversation_id])
        self.database.execute(
            "INSERT INTO gone SELECT item_key FROM old_conversations WHERE has_session "
            "AND item_key NOT IN (SELECT item_key FROM staged_conversations)"
        )
        steps = [step for conversation_id, since, _ in changed for step in news.message_steps(self._source, conversation_id, since)]
        self._read(self._table(self._source.place.system.messages), steps)

    def _changed_sessions(self) -> list[tuple[str, datetime | None, bool]]:
        """Id, the time from which its messages are to be read, and whether all of them are, of what went on, came or went."""
        rows = self._ask(
            """
            WITH known AS (
                SELECT item_key, conversation_id, last_activity_at, message_count FROM old_conversations WHERE has_session
            ),
            last_sent AS (SELECT conversation_id, max(sent_at) AS sent_at FROM old_messages GROUP BY conversation_id),
            seen AS (SELECT * FROM staged_conversations),
            marked AS (
                SELECT seen.conversation_id, known.item_key IS NULL AS is_new,
                       known.item_key IS NOT NULL AND seen.last_activity_at > known.last_activity_at AS later,
                       known.item_key IS NOT NULL AND seen.stored_count > known.message_count AS more
                FROM seen LEFT JOIN known USING (item_key)
            ),
            -- Where many counts are larger than what there is, nobody keeps them up: they say nothing.
            kept_up AS (SELECT count(*) FILTER (more AND NOT later) <= greatest(10, 0.2 * count(*)) AS counts FROM marked),
            found AS (
                SELECT conversation_id, is_new AS whole FROM marked, kept_up WHERE is_new OR later OR (more AND counts)
                UNION ALL
                SELECT conversation_id, true FROM known WHERE item_key NOT IN (SELECT item_key FROM seen)
            )
            SELECT found.conversation_id, epoch_us(any_value(last_sent.sent_at)), bool_or(whole)
            FROM found LEFT JOIN last_sent USING (conversation_id) GROUP BY found.conversation_id ORDER BY 1
            """
        )
        return [
            (conversation_id, None if whole or at is None else datetime.fromtimestamp(at / 1e6, UTC), whole)
            for conversation_id, at, whole in rows
        ]

    def _users(self) -> None:
        self._read(self._source.place.system.conversations, news.user_steps(self._source, self._route))

    # Pieces

    def _table(self, table: Table | None) -> Table:
        assert table is not None, "asked only of systems with a message table"
        return table

    def _read(self, table: Table, steps: Iterable[Step]) -> None:
        """Run the steps, several at a time, into chunks of their own."""
        todo = list(steps)
        if not todo:
            return
        key = f"{next(name for name, known in self._source.place.system.tables.items() if known is table)}-{self._tasks}"
        self._tasks += 1
        self._staged.segments(key, len(todo))

        def follow(index: int) -> None:
            for number, page in enumerate(self._reader.pages(todo[index])):
                keep(index, number, page.items, page.units, page.last_key)

        def keep(index: int, number: int, items: Sequence[Item], units: float, after: Mapping[str, Any] | None = None) -> None:
            if self._cancelled():
                raise SyncStopped("The sync was stopped.", "The snapshot is as it was.")
            batch = self._rows.read(table, items, (self._tasks << 58) | (index << 40) | (number << 32))
            self._staged.add(key, index, batch, after=after, items=len(items), units=units, keep=False)
            with self._lock:
                self._progress(self._staged.checkpoint.items, self._staged.checkpoint.units)

        if any(step.operation is Operation.SCAN for step in todo):
            for index in range(len(todo)):
                follow(index)
            return
        if all(step.operation is Operation.GET for step in todo):
            page = self._reader.batch(todo)
            for number, start in enumerate(range(0, len(page.items), _ITEMS)):
                keep(0, number, page.items[start : start + _ITEMS], page.units if number == 0 else 0.0)
            if not page.items:
                self._staged.checkpoint.units += page.units
            return
        with ThreadPoolExecutor(min(CONCURRENCY, len(todo)), thread_name_prefix="sync") as pool:
            list(pool.map(follow, range(len(todo))))

    def _views(self) -> None:
        for kind, schema in STAGED.items():
            self.database.execute(f"DROP VIEW IF EXISTS staged_{kind}")
            staged_view(self.database, kind, [str(path) for path in self._staged.chunks(kind)], schema)

    def _ask(self, query: str) -> list[Any]:
        return self.database.execute(query).fetchall()


def _union(paths: Iterable[str], table: str) -> str:
    found = list(paths)
    return rows_of(parquet(found) if found else None, table)
