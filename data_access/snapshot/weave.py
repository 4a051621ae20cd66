"""New rows woven into old ones: only the conversations that are affected are made again, only the files that hold them are written.

In the database are, beside the tables of what was read and the views of what is valid now (work.py), `whole`, the ids of
conversations whose messages were all read again, and `gone`, the keys of sessions that were looked for and not found.
"""

# ruff: noqa: S608 - statements are put together from this package's own names; what was typed or stored is a value
from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from data_access.snapshot import finish
from data_access.snapshot.build import counted_of, differences, newest, rows_of, summed
from data_access.snapshot.finish import Forgotten
from data_access.snapshot.relations import alive, parquet
from data_access.snapshot.schema import TABLES
from data_access.snapshot.store import NewFile
from data_access.snapshot.work import Work

# Files below this size are put together once there are more of them than this.
_SMALL_BYTES = 8 * 1024 * 1024
_SMALL_FILES = 6
_AT_ONCE = 2

# The old rows of the items that were read: few, so that only they are compared letter by letter.
_FRESH = """
CREATE TABLE known AS
SELECT item_key, position, conversation_id, content, role, sent_at, bytes FROM old_messages
WHERE item_key IN (SELECT item_key FROM staged_messages) {since};
CREATE TABLE fresh AS
SELECT m.rid, m.item_key, m.conversation_id, m.tenant_id
FROM staged_messages AS m
ANTI JOIN known AS o
  ON o.item_key = m.item_key AND o.conversation_id = m.conversation_id AND o.content = m.content AND o.role = m.role
 AND o.sent_at IS NOT DISTINCT FROM m.sent_at AND o.bytes = m.bytes {position};
"""

# Items whose messages changed, their former conversations, sessions that are new, changed or gone, and what has expired.
_AFFECTED = """
CREATE TABLE affected AS
SELECT DISTINCT conversation_id FROM (
    SELECT conversation_id FROM fresh
    UNION ALL SELECT o.conversation_id FROM known AS o SEMI JOIN fresh ON fresh.item_key = o.item_key
    UNION ALL SELECT conversation_id FROM whole
    UNION ALL SELECT o.conversation_id FROM old_conversations AS o SEMI JOIN gone ON gone.item_key = o.item_key
    UNION ALL SELECT s.conversation_id FROM staged_conversations AS s
    ANTI JOIN old_conversations AS o
      ON o.item_key = s.item_key AND o.conversation_id = s.conversation_id AND o.title IS NOT DISTINCT FROM s.title
     AND o.user_id IS NOT DISTINCT FROM s.user_id AND o.is_active IS NOT DISTINCT FROM s.is_active
     AND o.expires_at IS NOT DISTINCT FROM s.expires_at
     AND (s.last_activity_at IS NULL OR o.last_activity_at >= s.last_activity_at)
    UNION ALL SELECT conversation_id FROM old_conversations WHERE NOT {alive}
    UNION ALL SELECT conversation_id FROM old_messages WHERE NOT {alive}
);
"""

# Of what was read, only what belongs to affected conversations stays, and of an item that was read twice the last.
_READ_CONVERSATIONS = """
DELETE FROM staged_conversations
WHERE rid NOT IN (SELECT max(rid) FROM staged_conversations WHERE conversation_id IN (FROM affected) GROUP BY item_key);
"""
_READ_MESSAGES = """
DELETE FROM staged_messages
WHERE rid NOT IN (SELECT max(rid) FROM staged_messages WHERE conversation_id IN (FROM affected) GROUP BY item_key, position);
"""

# What is stored of an affected conversation and was not read again comes in beside it, as if it had been.
_OLD_CONVERSATIONS = """
INSERT INTO staged_conversations BY NAME
WITH odd AS (
    SELECT conversation_id, tenant_id, user_id, sum(bytes) AS bytes, count(*) FILTER (problems > 0) AS odd
    FROM was_messages GROUP BY ALL
)
SELECT -row_number() OVER () * 65536 AS rid, o.conversation_id, o.tenant_id, o.user_id, o.title, o.started_at, o.last_activity_at,
       o.is_active, o.expires_at, {own_bytes} AS bytes, o.problems - (coalesce(odd.odd, 0) > 0)::INTEGER AS problems,
       o.item_table, o.item_key
FROM was_conversations AS o
LEFT JOIN odd ON odd.conversation_id = o.conversation_id AND odd.tenant_id IS NOT DISTINCT FROM o.tenant_id
             AND odd.user_id IS NOT DISTINCT FROM o.user_id
WHERE o.has_session AND o.item_key NOT IN (SELECT item_key FROM staged_conversations) AND o.item_key NOT IN (FROM gone);
"""
_OLD_MESSAGES = """
INSERT INTO staged_messages BY NAME
WITH calls AS (
    SELECT conversation_id, tenant_id, user_id, position,
           list(struct_pack(tool := tool, status := status, arguments := arguments, seconds := seconds) ORDER BY ordinal) AS calls
    FROM was_tool_calls GROUP BY ALL
)
SELECT -row_number() OVER () AS rid, {own}, o.* EXCLUDE (position, response_seconds, orphaned, filename, file_row_number, h), calls.calls
FROM was_messages AS o
LEFT JOIN calls ON calls.conversation_id = o.conversation_id AND calls.tenant_id IS NOT DISTINCT FROM o.tenant_id
               AND calls.user_id IS NOT DISTINCT FROM o.user_id AND calls.position = o.position
{which};
"""
# An item with messages inside is replaced as a whole: its old ones stay with the old conversation.
_INSIDE = """
JOIN staged_conversations AS s ON s.rid < 0 AND s.item_key = o.item_key
WHERE o.conversation_id NOT IN (FROM whole)
"""
# A message that two sessions own was kept twice.
_APART = """
WHERE o.conversation_id NOT IN (FROM whole) AND o.item_key NOT IN (SELECT item_key FROM staged_messages)
  AND o.rowid IN (SELECT min(rowid) FROM was_messages GROUP BY item_key)
"""


def fresh(database: duckdb.DuckDBPyConnection, *, inside: bool) -> None:
    """Find out which of the staged messages are new or changed: the table `fresh`."""
    since = ""
    if not inside:
        # Old files are in the order of time: what is older than all that was read need not be looked at.
        first, unknown = database.execute(
            "SELECT min(sent_at)::VARCHAR, count(*) FILTER (sent_at IS NULL) FROM staged_messages"
        ).fetchall()[0]
        since = f"AND sent_at >= TIMESTAMP '{first}'" if first is not None and not unknown else ""
    database.execute(_FRESH.format(position="AND o.position = m.position" if inside else "", since=since))


def take(database: duckdb.DuckDBPyConnection, of: str) -> None:
    """`was_messages` of the conversations in a table, which are looked for in all files: the longest statement of an update.

    It may begin before it is known which are affected: `weave` takes what is missing, and leaves out what is too much.
    """
    database.execute(
        f"CREATE TABLE taken AS SELECT DISTINCT conversation_id FROM {of};"
        f"CREATE TABLE was_messages AS {_old('messages')} WHERE conversation_id IN (FROM taken)"
    )


def affected(database: duckdb.DuckDBPyConnection, *, now: datetime) -> int:
    """Find out which conversations are to be made again, after `fresh`, and return how many."""
    database.execute(_AFFECTED.format(alive=alive(now=_moment(now))))
    return database.execute("SELECT count(*) FROM affected").fetchall()[0][0]


@dataclass(frozen=True, slots=True)
class _Table:
    """What becomes of a table: new files, the paths of the old ones that stay, and what is counted of all of them."""

    new: list[NewFile]
    kept: list[str]
    counts: Mapping[str, int | datetime | None]


@dataclass(frozen=True, slots=True)
class Woven:
    """What is to be committed: `new` and `kept` by table, what is counted of them, and how many messages came and went.

    `newest` is the newest time of the messages that were read, by tenant.
    """

    new: Mapping[str, list[NewFile]]
    kept: Mapping[str, list[str]]
    counts: Mapping[str, int | datetime | None]
    came: int
    went: int
    newest: Mapping[str, datetime]


def weave(work: Work, *, inside: bool, now: datetime, forgotten: Forgotten) -> Woven:
    """Make the affected conversations again.

    A row that is as it was stays where it is: a conversation that went on adds rows and changes only its own.
    """
    database = work.database
    # A system that keeps no records has nothing to compare; the others' are only looked through for what has expired.
    tables = [table for table in TABLES if table != "user_records" or work.old[table][0]]

    def was(table: str) -> None:
        with database.cursor() as own:
            _was(own, table, now)

    def again(table: str) -> _Table:
        with database.cursor() as own:
            _compare(own, table, rows.get(table, ()))
            return _written(own, work, table)

    # Each table by itself, two at a time: a statement on so few rows keeps one core busy.
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="weave") as pool:
        list(pool.map(was, tables))
        _stage(database, pool, inside=inside)
        finish.settle(database, inside=inside, now=now, forgotten=forgotten)
        rows = finish.selects(database, inside=inside, now=now)
        del rows["user_records"]
        making = {table: pool.submit(again, table) for table in tables}
        making["messages"].result()
        came, went = differences(database, "added_messages", "removed_messages", inside=inside)
        latest = {} if inside else newest(database, "staged_messages")
        made = {table: one.result() for table, one in making.items()}
    return Woven(
        {table: one.new for table, one in made.items()},
        {table: one.kept for table, one in made.items()},
        summed(one.counts for one in made.values()),
        came,
        went,
        latest,
    )


def _was(database: duckdb.DuckDBPyConnection, table: str, now: datetime) -> None:
    """`was_<table>`: the old rows that may change, with their place. What has expired belongs to an affected conversation."""
    if table == "messages":
        missing = "FROM affected WHERE conversation_id NOT IN (FROM taken)"
        if database.execute(f"SELECT count(*) {missing}").fetchall()[0][0]:
            database.execute(f"INSERT INTO was_messages {_old(table)} WHERE conversation_id IN ({missing})")
        database.execute("DELETE FROM was_messages WHERE conversation_id NOT IN (FROM affected)")
        return
    mine = "conversation_id IN (FROM affected)" if table != "user_records" else f"NOT {alive(now=_moment(now))}"
    database.execute(f"CREATE TABLE was_{table} AS {_old(table)} WHERE {mine}")


def _old(table: str) -> str:
    return f"SELECT *, hash({_names(table)}) AS h FROM old_{table}"


def _compare(database: duckdb.DuckDBPyConnection, table: str, rows: Sequence[str]) -> None:
    """`added_<table>`: rows that were not there, and `removed_<table>`: rows that are not there any more, by their place."""
    own = "conversation_id" if table != "user_records" else "item_key"
    place = "filename, file_row_number" + (", item_key, position" if table == "messages" else "")
    union = " UNION ALL ".join(f"({part})" for part in rows) or finish.typed(table, f"SELECT * FROM was_{table} WHERE false")
    # Equal rows are told by a hash within their conversation. None is there twice: each has a place, or an item, of its own.
    same = f"a.{own} = b.{own} AND a.h = b.h"
    database.execute(
        f"CREATE TABLE now_{table} AS SELECT *, hash({_names(table)}) AS h FROM ({union});"
        f"CREATE VIEW added_{table} AS SELECT * FROM now_{table} AS a ANTI JOIN was_{table} AS b ON {same};"
        f"CREATE TABLE removed_{table} AS SELECT {place} FROM was_{table} AS a ANTI JOIN now_{table} AS b ON {same};"
    )


def _written(database: duckdb.DuckDBPyConnection, work: Work, table: str) -> _Table:
    """New files for what was added, and for what is left of the files that rows were removed from."""
    old = dict(zip(*work.old[table], strict=True))
    touched = _touched(database, table, list(old.values()))
    parts = [finish.typed(table, f"FROM added_{table}")]
    if touched:
        files = ", ".join("'" + place.replace("'", "''") + "'" for place in sorted(touched))
        rest = f"FROM old_{table} AS r ANTI JOIN removed_{table} AS g USING (filename, file_row_number) WHERE r.filename IN ({files})"
        parts.append(finish.typed(table, rest))
    new = finish.write(database, [" UNION ALL ".join(f"({part})" for part in parts)], work.folder / "out" / table)
    kept = {path: place for path, place in old.items() if place not in touched}
    found = [*(str(file.path) for file in new), *kept.values()]
    return _Table(new, list(kept), counted_of(database, table, rows_of(parquet(found) if found else None, table)))


def _names(table: str) -> str:
    return ", ".join(name for name in TABLES[table].names if name != "system")


def _stage(database: duckdb.DuckDBPyConnection, pool: ThreadPoolExecutor, *, inside: bool) -> None:
    """Make of what was read all that there is of the affected conversations: with the old rows that were not read."""
    conversations = _READ_CONVERSATIONS + _OLD_CONVERSATIONS.format(
        own_bytes="o.bytes" if inside else "greatest(0, o.bytes - coalesce(odd.bytes, 0))"
    )
    own = "s.rid AS parent, o.position" if inside else "NULL::BIGINT AS parent"
    messages = _READ_MESSAGES + _OLD_MESSAGES.format(own=own, which=_INSIDE if inside else _APART)

    def run(statements: str) -> None:
        with database.cursor() as cursor:
            cursor.execute(statements)

    if inside:
        # The old messages stay with the old conversation: it must be there first.
        run(conversations + messages)
    else:
        list(pool.map(run, (conversations, messages)))


def _touched(database: duckdb.DuckDBPyConnection, table: str, places: Sequence[str]) -> set[str]:
    """Files with rows that go, and small ones when there are too many of them."""
    touched = {row[0] for row in database.execute(f"SELECT DISTINCT filename FROM removed_{table}").fetchall()}
    small = {place for place in places if Path(place).stat().st_size < _SMALL_BYTES}
    return touched | small if len(small) > _SMALL_FILES else touched


def _moment(now: datetime) -> str:
    return f"TIMESTAMP '{now:%Y-%m-%d %H:%M:%S}'"
