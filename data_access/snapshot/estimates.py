"""Sizes for the estimate before a read, from the snapshot's files: what each operation would evaluate, as of the last sync.

Only the columns that are needed are read, by DuckDB, so that an estimate takes a fraction of a second beside a million messages. A
bucket's files would have to be fetched whole for that, so a snapshot in a bucket gives no sizes. Whatever is wrong with the snapshot,
nothing is known then: an estimate never fails because of it.

What it has nothing of (a user who came after the sync, an item that had expired before it) is not known, rather than empty. Rows that
have expired since are counted, as DynamoDB deletes them only after a while. Times are those of the model in UTC;
a table that keeps local times or names no tenant in its messages can be read a little differently at the ends of a window.
"""

# ruff: noqa: S608 - statements are put together from names that are written here; what was typed or stored is a value
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb

from data_access.costs.units import query_units
from data_access.dynamo.sizes import Extent, Reach, Size
from data_access.errors import SnapshotError, SnapshotOff
from data_access.settings import Settings
from data_access.snapshot.store import Store, open_store
from data_access.snapshot.trouble import trouble
from data_access.systems.spec import System

_COLUMNS: Mapping[str, frozenset[str]] = {
    "messages": frozenset({"conversation_id", "tenant_id", "user_id", "sent_at"}),
    "conversations": frozenset({"conversation_id", "tenant_id", "user_id", "started_at", "last_activity_at"}),
    "user_records": frozenset({"tenant_id", "user_id"}),
}
# A message that two sessions own (both have its id, it names no tenant) is in the snapshot once for each; it is one item.
_ONCE = """
shared AS (SELECT conversation_id FROM conversations WHERE system = {system} GROUP BY conversation_id HAVING count(*) > 1),
once AS (
    SELECT conversation_id, bytes, 1 AS often FROM picked ANTI JOIN shared USING (conversation_id)
    UNION ALL
    SELECT conversation_id, bytes, max(often) FROM (
        SELECT conversation_id, sent_at, role, bytes, count(*) AS often FROM picked SEMI JOIN shared USING (conversation_id)
        GROUP BY conversation_id, tenant_id, user_id, sent_at, role, bytes
    ) GROUP BY conversation_id, sent_at, role, bytes
)
"""
# A session's own item is what its conversation takes without its messages, where these are items themselves.
_SESSIONS = """
WITH found AS (SELECT conversation_id, tenant_id, user_id, bytes FROM conversations WHERE {sessions}),
said AS (
    SELECT sum(m.bytes) AS bytes FROM messages AS m SEMI JOIN found AS f
    ON m.conversation_id = f.conversation_id AND m.tenant_id IS NOT DISTINCT FROM f.tenant_id
        AND m.user_id IS NOT DISTINCT FROM f.user_id
    WHERE m.system = {system} AND m.item_table <> {table} AND NOT m.orphaned
)
SELECT count(*), coalesce(sum(bytes), 0) - coalesce((SELECT bytes FROM said), 0) FROM found
"""
# Which conversations are read is decided as in gathering.py.
_EACH = (
    """
WITH sessions AS (
    SELECT conversation_id, started_at, last_activity_at FROM conversations WHERE {sessions}
),
said AS ({said}),
unread AS (
    SELECT DISTINCT conversation_id FROM sessions LEFT JOIN said USING (conversation_id)
    WHERE CASE WHEN seen THEN NOT coalesce(started_at >= {since} AND ({until} IS NULL OR {until} > {now}), false)
        ELSE NOT coalesce(started_at >= {until}, false) AND NOT ({read} AND coalesce(last_activity_at < {since}, false)) END
    UNION SELECT conversation_id FROM said ANTI JOIN sessions USING (conversation_id)
),
picked AS (
    SELECT conversation_id, tenant_id, user_id, sent_at, role, bytes FROM messages SEMI JOIN unread USING (conversation_id)
    WHERE system = {system} AND item_table = {table}
),
"""
    + _ONCE
    + """,
totals AS (SELECT conversation_id, sum(bytes * often) AS bytes FROM once GROUP BY conversation_id)
SELECT coalesce(bytes, 0)::BIGINT FROM unread LEFT JOIN totals USING (conversation_id)
"""
)


class StoredSizes:
    """The sizes of one system's items. One for each plan: it goes on showing the snapshot as it was at the first question."""

    def __init__(self, store: Store, system: System) -> None:
        self._store = store
        self._system = system.id
        self._tables = len(system.tables)
        self._database: duckdb.DuckDBPyConnection | None = None
        self._held: dict[str, bool] = {}

    @property
    def as_of(self) -> datetime | None:
        try:
            coverage = self._store.coverage().get(self._system)
        except SnapshotError:
            return None
        return coverage.synced_at if coverage is not None else None

    def evaluated(self, extent: Extent) -> Size | None:
        asked = _Asked(self._system)
        answers = [
            self._rows(question, asked)
            for question in (_messages(extent, asked), _sessions(extent, asked), _records(extent, asked))
            if question is not None
        ]
        if not answers or None in answers or not self._holds(extent.table):
            return None
        found = [rows[0] for rows in answers if rows]
        items, size = sum(int(items) for items, _ in found), sum(int(size) for _, size in found)
        if not items and not self._covers(extent):
            return None
        return Size(items, size if extent.parts or extent.timed else int(size * self._unseen()))

    def _covers(self, extent: Extent) -> bool:
        """Whether nothing found is nothing there: what it is about was known to the snapshot, and is not one item that had expired."""
        if not extent.parts or not set(extent.parts) <= {"user_id", "tenant_id", "conversation_id"}:
            return False
        asked = _Asked(self._system)
        known = " AND ".join(
            f"EXISTS (FROM conversations WHERE system = {asked.system} AND {part} = {asked.bind(value)})"
            for part, value in extent.parts.items()
        )
        rows = self._rows(f"SELECT {known}", asked)
        return rows is not None and bool(rows[0][0])

    def _unseen(self) -> float:
        """How many times as much as is known the last full read has read: with what had expired, or names no conversation."""
        try:
            units = self._store.states()[self._system].full_units
        except (SnapshotError, KeyError):
            return 1.0
        asked = _Asked(self._system)
        sums = [f"(SELECT coalesce(sum(bytes), 0) FROM {kind} WHERE system = {asked.system})" for kind in ("conversations", "user_records")]
        rows = self._rows(f"SELECT {' + '.join(sums)}", asked)
        known = int(rows[0][0]) if rows else 0
        # What each table's read was rounded up by is nothing unseen.
        return max(1.0, (units - self._tables * query_units(0)) / query_units(known)) if known else 1.0

    def each(self, reach: Reach) -> Sequence[int] | None:
        asked = _Asked(self._system)
        sessions = [_where("conversations", extent, asked) for extent in reach.sessions]
        said = "SELECT NULL::VARCHAR AS conversation_id, true AS seen WHERE false"
        if reach.said is not None:
            where = _where("messages", reach.said, asked)
            said = f"SELECT DISTINCT conversation_id, true AS seen FROM messages WHERE {where}" if where else None
        if said is None or None in sessions or not all(map(self._holds, (reach.messages, *(extent.table for extent in reach.sessions)))):
            return None
        question = _EACH.format(
            sessions=" OR ".join(f"({where})" for where in sessions if where),
            said=said,
            since=asked.bind(_naive(reach.window.since), "TIMESTAMP"),
            until=asked.bind(_naive(reach.window.until), "TIMESTAMP"),
            now=asked.bind(_naive(datetime.now(UTC)), "TIMESTAMP"),
            read=asked.bind(reach.said is not None, "BOOLEAN"),
            system=asked.system,
            table=asked.bind(reach.messages),
        )
        rows = self._rows(question, asked)
        if rows is None or (not rows and not any(map(self._covers, reach.sessions))):
            return None
        return tuple(int(row[0]) for row in rows)

    def _holds(self, table: str) -> bool:
        """Whether the snapshot has anything of this live table: it may be of another one, from before a setting was changed."""
        if table in self._held:
            return self._held[table]
        asked = _Asked(self._system)
        name = asked.bind(table)
        anywhere = " OR ".join(f"EXISTS (FROM {kind} WHERE system = {asked.system} AND item_table = {name})" for kind in _COLUMNS)
        rows = self._rows(f"SELECT {anywhere}", asked)
        self._held[table] = rows is not None and bool(rows[0][0])
        return self._held[table]

    def _rows(self, question: str, asked: _Asked) -> list[tuple[Any, ...]] | None:
        try:
            if self._database is None:
                self._database = self._store.connection(expired=True)
            with trouble("The snapshot cannot be read", self._store.place):
                return self._database.execute(question, asked.values(question)).fetchall()
        except (SnapshotError, duckdb.Error):
            return None


class _Asked:
    """The values of one question: they are bound, never written into its text."""

    def __init__(self, system: str) -> None:
        self._values: dict[str, Any] = {}
        self.system = self.bind(system)

    def bind(self, value: Any, kind: str = "VARCHAR") -> str:
        name = f"v{len(self._values)}"
        self._values[name] = value
        return f"${name}::{kind}"

    def values(self, question: str) -> dict[str, Any]:
        """Those that the question names: DuckDB takes no others."""
        return {name: value for name, value in self._values.items() if f"${name}::" in question}


def _messages(extent: Extent, asked: _Asked) -> str | None:
    where = _where("messages", extent, asked)
    if where is None or "kind" in extent.parts:
        return None
    own = f"item_table NOT IN (SELECT DISTINCT item_table FROM conversations WHERE system = {asked.system} AND has_session)"
    picked = f"SELECT conversation_id, tenant_id, user_id, sent_at, role, bytes FROM messages WHERE {where} AND {own}"
    once = _ONCE.format(system=asked.system)
    return f"WITH picked AS ({picked}), {once} SELECT coalesce(sum(often), 0), coalesce(sum(often * bytes), 0) FROM once"


def _sessions(extent: Extent, asked: _Asked) -> str | None:
    where = _where("conversations", extent, asked)
    return where and _SESSIONS.format(sessions=where, system=asked.system, table=asked.bind(extent.table))


def _records(extent: Extent, asked: _Asked) -> str | None:
    where = _where("user_records", extent, asked)
    if where is None or "kind" in extent.parts:
        return None  # A kind is only asked for where it is the conversations'.
    return f"SELECT count(*), coalesce(sum(bytes), 0) FROM user_records WHERE {where}"


def _where(kind: str, extent: Extent, asked: _Asked) -> str | None:
    """The condition of an extent's rows of one kind; None where no such row can be meant."""
    columns = _COLUMNS[kind]
    needed = {*extent.parts, *extent.present, *((extent.timed,) if extent.timed else ())} - {"kind"}
    if not needed <= columns:
        return None
    terms = [f"system = {asked.system}", f"item_table = {asked.bind(extent.table)}"]
    terms += ["has_session"] if kind == "conversations" else []
    terms += [f"{part} = {asked.bind(value)}" for part, value in extent.parts.items() if part != "kind"]
    terms += [f"{part} IS NOT NULL" for part in extent.present - {"kind"}]
    if extent.timed is not None and extent.span is not None:
        for operator, bound in ((">=", extent.span.since), ("<", extent.span.until)):
            if bound is not None:
                terms.append(f"{extent.timed} {operator} {asked.bind(_naive(bound), 'TIMESTAMP')}")
    return " AND ".join(terms)


def _naive(when: datetime | None) -> datetime | None:
    """UTC without a zone, as the columns are."""
    return None if when is None else when.astimezone(UTC).replace(tzinfo=None)


def stored_sizes(settings: Settings, system: str) -> StoredSizes | None:
    """What the snapshot of this configuration knows of a system's sizes; None where it is off, not there, in a bucket or unreadable."""
    try:
        store = open_store(settings)
        known = store.files.is_local and system in store.states()
    except (SnapshotError, SnapshotOff):
        return None
    return StoredSizes(store, settings.place(system).system) if known else None
