"""The snapshot in memory, laid out for questions: what usage metrics and search are computed from.

API for those who ask:

    keeper = Keeper(open_store(settings))                one for a process
    hot = keeper.hot()                                   the newest version: loaded when there is another, kept otherwise
    Hot.from_arrow(tables, version)                      from any four tables of schema.TABLES
    hot.version, hot.as_of(), hot.coverage, hot.bytes      what it holds, how old it is, its size in memory
    with hot.cursor() as cursor: ...                     one reader's own connection; any number at once, from any thread
    hot.texts                                            the folded texts for search, None if it was made with texts=False
    hot.close()

Ids are whole numbers here (`conv`, `person`, `tenant`, `system`, `tool`, `item_table`), with a table for each that says what they stand
for. A person is a user id within one system. A conversation is its id together with its system, tenant and user: some
systems number conversations by user or by tenant.

`messages` has one row a message, newest first (`n` counts from 0), `activity` one row for what happened in one
conversation in one quarter of an hour. Every zone's days begin on a quarter, so days, hours and weeks of any zone come from
`activity`, which is about a tenth as long; only a window that begins or ends inside a quarter looks at its `messages`.
Messages, conversations and records have their `bytes` and, as `item_table`, the live table that their item lies in: sizes.py
says what lies in a table.
Rows that have expired stay and are left out when a question is asked, by the time of that question.
"""

# pyarrow has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false

from __future__ import annotations

import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import duckdb
import numpy as np

from data_access.errors import SnapshotError
from data_access.snapshot import loading
from data_access.snapshot.store import Store
from data_access.snapshot.texts import Texts
from data_access.snapshot.trouble import trouble

Numbers = np.ndarray[Any, np.dtype[np.int32]]


class SnapshotTooLarge(SnapshotError):
    """The memory that this process may use does not hold the snapshot."""

    code = "snapshot_too_large"


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the snapshot holds, expired rows included. `since` and `until` are the times of the first and the last message."""

    conversations: int
    messages: int
    tool_calls: int
    records: int
    undated_messages: int
    odd_messages: int
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class ConversationKey:
    """What names one conversation among all: its id alone may be another user's or tenant's too."""

    system: str
    conversation_id: str
    tenant_id: str | None
    user_id: str | None


class Hot:
    """An in-memory copy of one version of the snapshot. Nothing changes it; a new version is a new copy."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, texts: Texts | None, version: str, synced: Mapping[str, datetime] | None = None
    ) -> None:
        self._connection = connection
        self._opening = threading.Lock()
        self._owners: tuple[Numbers, Numbers, Numbers] | None = None
        self.version = version
        self.synced: Mapping[str, datetime] = synced or {}
        self.texts = texts
        self.coverage = _coverage(connection)
        self.expiries = frozenset(int(row[0]) for row in rows(connection, "SELECT DISTINCT expiry FROM activity WHERE expiry IS NOT NULL"))

    @classmethod
    def from_arrow(
        cls,
        tables: Mapping[str, loading.Source],
        version: str,
        *,
        synced: Mapping[str, datetime] | None = None,
        texts: bool = True,
        memory_limit: str | None = None,
        threads: int | None = None,
    ) -> Hot:
        """Load the four tables. A source is read once, in batches; a missing table is an empty one. `synced` says when each system
        was read.

        `texts=False` leaves out what only search needs, which is most of the memory. `memory_limit` is DuckDB's, such
        as "8GB"; by default four fifths of the machine. Raises SnapshotTooLarge.
        """
        connection = duckdb.connect(":memory:")
        try:
            # Texts of conversations are never spilled to disk: what does not fit is refused.
            connection.execute("SET temp_directory = ''")
            connection.execute("SET TimeZone = 'UTC'")
            if memory_limit is not None:
                connection.execute(f"SET memory_limit = '{loading.checked_size(memory_limit)}'")
            if threads is not None:
                connection.execute(f"SET threads = {int(threads)}")
            held = loading.load(connection, tables, texts=texts)
            return cls(connection, held, version, synced)
        except (duckdb.OutOfMemoryException, MemoryError):
            connection.close()
            raise SnapshotTooLarge(
                "The snapshot does not fit into the memory of this process.",
                "Give it more memory, take fewer systems into the snapshot, or ask with Athena, Trino or Spark.",
            ) from None
        except BaseException:
            connection.close()
            raise

    def as_of(self, system: str | None = None) -> datetime | None:
        """When the snapshot was read: of one system, or of the one that was read longest ago."""
        if system is not None:
            return self.synced.get(system)
        return min(self.synced.values(), default=None)

    @contextmanager
    def cursor(self) -> Generator[duckdb.DuckDBPyConnection]:
        """A connection of the caller's own: temporary tables in it are seen by nobody else, and go with it."""
        with self._opening:
            cursor = self._connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    def owners(self) -> tuple[Numbers, Numbers, Numbers]:
        """System, tenant and person of each conversation, by its number; -1 where there is none."""
        with self._opening:
            if self._owners is None:
                found = self._connection.execute(
                    "SELECT system_id, coalesce(tenant, -1) AS tenant, coalesce(person, -1) AS person FROM conversations ORDER BY conv"
                ).fetchnumpy()
                system, tenant, person = (np.asarray(found[name], np.int32) for name in ("system_id", "tenant", "person"))
                self._owners = (system, tenant, person)
            return self._owners

    @property
    def bytes(self) -> int:
        """Memory that tables and texts take."""
        with self.cursor() as cursor:
            tables = rows(cursor, "SELECT coalesce(sum(memory_usage_bytes), 0) FROM duckdb_memory()")[0][0]
        return int(tables) + (self.texts.bytes if self.texts else 0)

    def close(self) -> None:
        self._connection.close()


class Keeper:
    """The current copy of one snapshot, for a whole process. It is loaded at the first question, and again when the snapshot
    has changed; who still asks the old copy can finish."""

    def __init__(self, store: Store, *, texts: bool = True, memory_limit: str | None = None) -> None:
        self._store = store
        self._texts = texts
        self._memory_limit = memory_limit
        self._lock = threading.Lock()
        self._hot: Hot | None = None

    def hot(self) -> Hot:
        """Raises SnapshotError (there is none yet, it cannot be read) and SnapshotTooLarge."""
        with self._lock:
            version = self._store.version()
            if self._hot is None or self._hot.version != version:
                try:
                    self._hot = self._load(version)
                except SnapshotError:
                    # A sync can take away a file that was still to be read: then there is a newer version.
                    newer = self._store.version()
                    if newer == version:
                        raise
                    self._hot = self._load(newer)
            return self._hot

    def _load(self, version: str) -> Hot:
        return load(self._store, version, texts=self._texts, memory_limit=self._memory_limit)


def load(store: Store, version: str | None = None, *, texts: bool = True, memory_limit: str | None = None) -> Hot:
    """A copy of what a store holds now. Raises SnapshotError and SnapshotTooLarge."""
    version = version or store.version()
    synced = {system: coverage.synced_at for system, coverage in store.coverage().items()}
    if not synced:
        raise SnapshotError("There is no snapshot yet.", "Run a sync first: python -m data_access sync.")
    connection = store.connection(expired=True)
    try:
        # One after the other: a connection has one answer at a time, and only it sees the store's views.
        sources = {name: partial(_reader, connection, question) for name, question in loading.questions(texts)}
        with trouble("The snapshot cannot be read", store.place):
            return Hot.from_arrow(sources, version, synced=synced, texts=texts, memory_limit=memory_limit)
    finally:
        connection.close()


def _reader(connection: duckdb.DuckDBPyConnection, question: str) -> Any:
    return connection.sql(question).to_arrow_reader(200_000)


def rows(connection: duckdb.DuckDBPyConnection, question: str, values: Mapping[str, Any] | Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """The answer to one question. Values are bound, never written into the text."""
    return connection.execute(question, values or None).fetchall()


def pairs(connection: duckdb.DuckDBPyConnection, question: str) -> dict[int, int]:
    """The answer to a question with two columns of whole numbers, the first one's values each once."""
    return {int(first): int(second) for first, second in rows(connection, question)}


def utc(when: datetime | None) -> datetime | None:
    """A time from a column, which has no zone, as the model's."""
    return None if when is None else when.replace(tzinfo=UTC)


def _coverage(connection: duckdb.DuckDBPyConnection) -> Coverage:
    messages, undated, odd, since, until = rows(
        connection, "SELECT count(*), count(*) - count(sent_at), count(*) FILTER (odd), min(sent_at), max(sent_at) FROM messages"
    )[0]
    conversations, calls, records = rows(
        connection, "SELECT (SELECT count(*) FROM conversations), (SELECT count(*) FROM tool_calls), (SELECT count(*) FROM records)"
    )[0]
    return Coverage(conversations, messages, calls, records, undated, odd, utc(since), utc(until))
