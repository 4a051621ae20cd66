"""Reading what is new on the way that news.py chose, and weaving it into what is there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import duckdb

from data_access.dynamo.aws import CONCURRENCY, Source
from data_access.dynamo.codec import Item
from data_access.dynamo.collector import rare_collections
from data_access.dynamo.plan import Operation, Step
from data_access.dynamo.read import Reader
from data_access.errors import SyncStopped
from data_access.snapshot import full, news, weave
from data_access.snapshot.build import Built, make_coverage
from data_access.snapshot.forgotten import Register
from data_access.snapshot.news import Route, Way
from data_access.snapshot.rows import RowReader
from data_access.snapshot.state import State
from data_access.snapshot.store import Store
from data_access.snapshot.work import Work
from data_access.systems.spec import Table

_ITEMS = 5_000


def update(
    source: Source,
    store: Store,
    state: State,
    work: Work,
    route: Route,
    progress: Callable[[int, float], None],
    writing: Callable[[int, float], None],
    cancelled: Callable[[], bool],
) -> Built:
    """Raises AwsError, SyncStopped, SnapshotError. Nothing is kept of an update that was stopped: it is short."""
    return _Update(source, store, state, work, route, progress, cancelled).run(writing)


class _Update:
    def __init__(
        self,
        source: Source,
        store: Store,
        state: State,
        work: Work,
        route: Route,
        progress: Callable[[int, float], None],
        cancelled: Callable[[], bool],
    ) -> None:
        self._source, self._store, self._state, self._work, self._route = source, store, state, work, route
        self._progress, self._cancelled = progress, cancelled
        self._began_at, self._began = datetime.now(UTC), time.monotonic()
        self._inside = source.place.system.messages is None
        self._arrivals = work.arrivals
        self._rows = RowReader(source.place.system, source.place.tables)
        self._reader = Reader(source, None)
        self._tasks = 0
        self._lock = threading.Lock()

    @property
    def _database(self) -> duckdb.DuckDBPyConnection:
        return self._work.database

    def run(self, writing: Callable[[int, float], None]) -> Built:
        register = Register(self._store)
        taken = news.newer(self._source, self._route) if self._route.way is Way.TENANTS else None
        self._read(*self._first(), taken=taken)
        if self._route.way is Way.TENANTS:
            self._sessions_of_messages()
        elif self._route.way is Way.SESSIONS:
            self._messages_of_sessions()
        writing(self._arrivals.items, self._arrivals.units)
        now = datetime.now(UTC)
        forgotten = register.met(self._database, self._source.id)
        woven, files = None, self._state.files
        if self._route.way is not Way.TENANTS:
            weave.fresh(self._database, inside=self._inside)
        if weave.affected(self._database, now=now):
            if self._route.way is not Way.TENANTS:
                weave.take(self._database, "affected")
            woven = weave.weave(self._work, inside=self._inside, now=now, forgotten=forgotten)
        if woven is not None:
            files = self._store.commit(self._source.id, woven.new, woven.kept)
        state = replace(self._said(woven.counts if woven else None, now, files), latest=self._latest(woven.newest if woven else {}))
        self._store.save(state)
        register.check_again(self._source.id)
        return Built(state, False, woven.came if woven else 0, woven.went if woven else 0)

    def _said(self, counts: Mapping[str, int | datetime | None] | None, now: datetime, files: Mapping[str, tuple[str, ...]]) -> State:
        before, read = self._state.coverage, self._arrivals
        coverage = make_coverage(
            self._source,
            counts or {},
            before.unplaced + read.unplaced,
            now,
            self._began_at,
            before.full_at,
            self._route.method,
            self._route.blind_spots,
            read.items,
            read.units,
            time.monotonic() - self._began,
        )
        if counts is None:
            same = ("conversations", "messages", "tool_calls", "user_records", "first_at", "last_at")
            coverage = replace(coverage, bad_items=before.bad_items + read.unplaced, **{name: getattr(before, name) for name in same})
        return replace(self._state, coverage=coverage, files=files)

    def _latest(self, newest: Mapping[str, datetime]) -> Mapping[str, datetime] | None:
        """What came can be older than what was there. Where it was not kept, only a full read knows every tenant."""
        known = self._state.latest
        return None if known is None else {**known, **{tenant: max(at, known.get(tenant, at)) for tenant, at in newest.items()}}

    # The three ways

    def _first(self) -> tuple[Table, list[Step]]:
        """What is read in any case, and from which table."""
        system = self._source.place.system
        if self._route.way is Way.TENANTS:
            return self._table(system.messages), news.tenant_steps(self._source, self._route)
        if self._route.way is Way.USERS:
            return system.conversations, news.user_steps(self._source, self._route)
        key = next(name for name, table in system.tables.items() if table is system.conversations)
        return system.conversations, [full.everything(self._source)[key]]

    def _sessions_of_messages(self) -> None:
        with ThreadPoolExecutor(1, thread_name_prefix="take") as aside, self._database.cursor() as own:
            taking = aside.submit(weave.take, own, "staged_messages")
            weave.fresh(self._database, inside=self._inside)
            self._touched_sessions()
            taking.result()

    def _touched_sessions(self) -> None:
        """Read the sessions of every message that is new, and those that are there under the id of its conversation."""
        self._database.execute(
            "CREATE TABLE asked AS SELECT DISTINCT conversation_id, tenant_id FROM ("
            "SELECT conversation_id, tenant_id FROM fresh UNION ALL "
            "SELECT conversation_id, tenant_id FROM old_conversations SEMI JOIN fresh USING (conversation_id)) "
            "WHERE tenant_id IS NOT NULL"
        )
        pairs = self._ask("SELECT conversation_id, tenant_id FROM asked ORDER BY ALL")
        if not pairs:
            return
        per_tenant = dict(self._ask("SELECT tenant_id, count(*) FROM old_conversations GROUP BY 1"))
        steps, by_key = news.session_steps(self._source, pairs, per_tenant)
        self._read(self._source.place.system.conversations, steps)
        if by_key:
            # A session that was asked for by its key and was not there is gone.
            self._database.execute(
                "INSERT INTO gone SELECT item_key FROM old_conversations AS o "
                "WHERE o.has_session AND (o.conversation_id, o.tenant_id) IN (FROM asked) "
                "AND o.item_key NOT IN (SELECT item_key FROM staged_conversations)"
            )

    def _messages_of_sessions(self) -> None:
        changed = self._changed_sessions()
        whole = [conversation_id for conversation_id, _, all_of_it in changed if all_of_it]
        self._database.execute("INSERT INTO whole SELECT unnest($1::VARCHAR[])", [whole])
        self._database.execute(
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

    # Pieces

    def _table(self, table: Table | None) -> Table:
        assert table is not None, "asked only of systems with a message table"
        return table

    def _read(self, table: Table, steps: Iterable[Step], taken: Callable[[Sequence[Item]], Sequence[Item]] | None = None) -> None:
        """Run the steps, several at a time, and keep what they bring, or what is `taken` of it."""
        todo = list(steps)
        if not todo:
            return
        self._tasks += 1

        def follow(index: int) -> None:
            for number, page in enumerate(self._reader.pages(todo[index])):
                keep(index, number, page.items, page.units)

        def keep(index: int, number: int, items: Sequence[Item], units: float) -> None:
            if self._cancelled():
                raise SyncStopped("The sync was stopped.", "The snapshot is as it was.")
            batch = self._rows.read(table, taken(items) if taken else items, (self._tasks << 58) | (index << 40) | (number << 32))
            self._arrivals.add(batch, items=len(items), units=units)
            with self._lock:
                self._progress(self._arrivals.items, self._arrivals.units)

        if any(step.operation is Operation.SCAN for step in todo):
            for index in range(len(todo)):
                follow(index)
        elif all(step.operation is Operation.GET for step in todo):
            page = self._reader.batch(todo)
            for number, start in enumerate(range(0, max(1, len(page.items)), _ITEMS)):
                keep(0, number, page.items[start : start + _ITEMS], page.units if number == 0 else 0.0)
        else:
            with rare_collections(), ThreadPoolExecutor(min(CONCURRENCY, len(todo)), thread_name_prefix="sync") as pool:
                list(pool.map(follow, range(len(todo))))
        self._arrivals.settle()

    def _ask(self, query: str) -> list[Any]:
        return self._database.execute(query).fetchall()
