"""New rows woven into old ones: only the conversations that are affected are made again, only the files that hold them are written.

In the database are, beside the staged views of what was read: `old_<table>` over the files that are valid now, `whole`, the ids
of conversations whose messages were all read again, and `gone`, the keys of sessions that were looked for and not found.
"""

# ruff: noqa: S608 - statements are put together from this package's own names; what was typed or stored is a value
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from data_access.snapshot import finish
from data_access.snapshot.build import differences
from data_access.snapshot.finish import Forgotten
from data_access.snapshot.relations import alive, parquet
from data_access.snapshot.schema import TABLES
from data_access.snapshot.store import NewFile

# Files below this size are put together once there are more of them than this.
_SMALL_BYTES = 8 * 1024 * 1024
_SMALL_FILES = 6
_PLACED = ", filename = true, file_row_number = true"

# The old rows of the items that were read: few, so that only they are compared letter by letter.
_FRESH = """
CREATE OR REPLACE TEMP TABLE known AS
SELECT item_key, position, conversation_id, content, role, sent_at, bytes FROM old_messages
WHERE item_key IN (SELECT item_key FROM staged_messages) {since};
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT m.rid, m.item_key, m.conversation_id, m.tenant_id
FROM staged_messages AS m
ANTI JOIN known AS o
  ON o.item_key = m.item_key AND o.conversation_id = m.conversation_id AND o.content = m.content AND o.role = m.role
 AND o.sent_at IS NOT DISTINCT FROM m.sent_at AND o.bytes = m.bytes {position};
"""

# Items whose messages changed, their former conversations, sessions that are new, changed or gone, and what has expired.
_AFFECTED = """
CREATE OR REPLACE TEMP TABLE affected AS
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

# What is stored of an affected conversation and was not read again, as if it had been staged.
_OLD_CONVERSATIONS = """
CREATE OR REPLACE TEMP TABLE kept_conversations AS
WITH odd AS (
    SELECT conversation_id, tenant_id, user_id, sum(bytes) AS bytes, count(*) FILTER (problems > 0) AS odd
    FROM was_messages GROUP BY ALL
)
SELECT -row_number() OVER () * 65536 AS rid, o.conversation_id, o.tenant_id, o.user_id, o.title, o.started_at, o.last_activity_at,
       o.is_active, o.expires_at, {own_bytes} AS bytes, o.problems - (coalesce(odd.odd, 0) > 0)::INTEGER AS problems,
       o.item_table, o.item_key, NULL::BIGINT AS stored_count
FROM was_conversations AS o
LEFT JOIN odd ON odd.conversation_id = o.conversation_id AND odd.tenant_id IS NOT DISTINCT FROM o.tenant_id
             AND odd.user_id IS NOT DISTINCT FROM o.user_id
WHERE o.has_session AND o.conversation_id IN (FROM affected)
  AND o.item_key NOT IN (SELECT item_key FROM read_conversations) AND o.item_key NOT IN (FROM gone);
"""
_OLD_MESSAGES = """
CREATE OR REPLACE TEMP TABLE kept_messages AS
WITH calls AS (
    SELECT conversation_id, tenant_id, user_id, position,
           list(struct_pack(tool := tool, status := status, arguments := arguments, seconds := seconds) ORDER BY ordinal) AS calls
    FROM was_tool_calls GROUP BY ALL
)
SELECT o.* EXCLUDE (response_seconds, orphaned), calls.calls
FROM was_messages AS o
LEFT JOIN calls ON calls.conversation_id = o.conversation_id AND calls.tenant_id IS NOT DISTINCT FROM o.tenant_id
               AND calls.user_id IS NOT DISTINCT FROM o.user_id AND calls.position = o.position
WHERE o.conversation_id IN (FROM affected) AND o.conversation_id NOT IN (FROM whole)
  AND o.item_key NOT IN (SELECT item_key FROM {read})
{once};
"""

_STAGED = """
CREATE OR REPLACE TEMP VIEW read_conversations AS
SELECT * FROM seen_conversations WHERE conversation_id IN (FROM affected)
QUALIFY row_number() OVER (PARTITION BY item_key ORDER BY rid DESC) = 1;
CREATE OR REPLACE TEMP VIEW read_messages AS
SELECT * FROM seen_messages WHERE conversation_id IN (FROM affected)
QUALIFY row_number() OVER (PARTITION BY item_key, position ORDER BY rid DESC) = 1;
"""

_COLUMNS = (
    "conversation_id, tenant_id, user_id, {position} AS position, message_id, role, content, arguments, sent_at, tokens, tool_calls, "
    "failed_tool_calls, expires_at, bytes, problems, item_table, item_key, calls"
)
_JOINED = """
CREATE OR REPLACE TEMP VIEW staged_conversations AS
SELECT * FROM read_conversations UNION ALL BY NAME SELECT * FROM kept_conversations;
CREATE OR REPLACE TEMP VIEW staged_messages AS
SELECT {new} FROM read_messages UNION ALL BY NAME SELECT {old} FROM kept_messages {parents};
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


def affected(database: duckdb.DuckDBPyConnection, *, now: datetime) -> int:
    """Find out which conversations are to be made again, after `fresh`, and return how many."""
    database.execute(_AFFECTED.format(alive=alive(now=_moment(now))))
    return database.execute("SELECT count(*) FROM affected").fetchall()[0][0]


@dataclass(frozen=True, slots=True)
class Woven:
    """What is to be committed: new files, and the paths of the old ones that stay; and how many messages came and went."""

    new: dict[str, list[NewFile]]
    kept: dict[str, list[str]]
    came: int
    went: int


def weave(
    database: duckdb.DuckDBPyConnection,
    old: Mapping[str, tuple[Sequence[str], Sequence[str]]],
    out: Path,
    *,
    inside: bool,
    now: datetime,
    forgotten: Forgotten,
) -> Woven:
    """Make the affected conversations again. `old` is for each table the valid files' paths, and where they lie on this machine.

    A row that is as it was stays where it is: a conversation that went on adds rows and changes only its own.
    """
    for table in TABLES:
        _was(database, table, old[table][1], now)
    _stage(database, inside=inside)
    finish.settle(database, inside=inside, now=now, forgotten=forgotten)
    rows = finish.selects(database, inside=inside, now=now)
    new: dict[str, list[NewFile]] = {}
    kept: dict[str, list[str]] = {}
    for table in TABLES:
        paths, places = old[table]
        _compare(database, table, rows[table] if table != "user_records" else [])
        touched = _touched(database, table, places)
        kept[table] = [path for path, place in zip(paths, places, strict=True) if place not in touched]
        parts = [finish.typed(table, f"FROM added_{table}")]
        if touched:
            rest = f"SELECT * FROM {parquet(sorted(touched), more=_PLACED)} AS r ANTI JOIN removed_{table} AS g"
            parts.append(finish.typed(table, f"{rest} ON g.filename = r.filename AND g.file_row_number = r.file_row_number"))
        new[table] = finish.write(database, [" UNION ALL ".join(f"({part})" for part in parts)], out / table)
    came, went = differences(database, "added_messages", "removed_messages", inside=inside)
    return Woven(new, kept, came, went)


def _was(database: duckdb.DuckDBPyConnection, table: str, places: Sequence[str], now: datetime) -> None:
    """`was_<table>`: the old rows that may change, with their place."""
    gone = f"NOT {alive(now=_moment(now))}"
    if table != "user_records":
        gone = f"(conversation_id IN (FROM affected) OR {gone})"
    source = parquet(places, more=_PLACED) if places else f"(SELECT *, '' AS filename, 0::BIGINT AS file_row_number FROM old_{table})"
    database.execute(f"CREATE OR REPLACE TEMP TABLE was_{table} AS SELECT * FROM {source} WHERE {gone}")


def _compare(database: duckdb.DuckDBPyConnection, table: str, rows: Sequence[str]) -> None:
    """`added_<table>`: rows that were not there, and `removed_<table>`: rows that are not there any more."""
    names = ", ".join(field.name for field in TABLES[table] if field.name != "system")
    own = "conversation_id" if table != "user_records" else "item_key"
    union = " UNION ALL ".join(f"({part})" for part in rows) or finish.typed(table, f"SELECT * FROM was_{table} WHERE false")
    # Equal rows are told by a hash within their conversation. None is there twice: each has a place, or an item, of its own.
    same = f"a.{own} = b.{own} AND a.h = b.h"
    database.execute(
        f"CREATE OR REPLACE TEMP TABLE is_now AS SELECT *, hash({names}) AS h FROM ({union});"
        f"CREATE OR REPLACE TEMP TABLE was AS SELECT *, hash({names}) AS h FROM was_{table};"
        f"CREATE OR REPLACE TEMP TABLE added_{table} AS SELECT * FROM is_now AS a ANTI JOIN was AS b ON {same};"
        f"CREATE OR REPLACE TEMP TABLE removed_{table} AS SELECT * FROM was AS a ANTI JOIN is_now AS b ON {same};"
    )


def _stage(database: duckdb.DuckDBPyConnection, *, inside: bool) -> None:
    """Put the staged views in the place of what was read: with the old rows of the same conversations."""
    for kind in ("conversations", "messages"):
        database.execute(f"CREATE OR REPLACE TEMP TABLE seen_{kind} AS SELECT * FROM staged_{kind}")
    database.execute(_STAGED)
    database.execute(_OLD_CONVERSATIONS.format(own_bytes="o.bytes" if inside else "greatest(0, o.bytes - coalesce(odd.bytes, 0))"))
    # An item with messages inside is replaced as a whole; a message that two sessions own was kept twice.
    database.execute(
        _OLD_MESSAGES.format(
            read="read_conversations" if inside else "read_messages",
            once="" if inside else "QUALIFY row_number() OVER (PARTITION BY o.item_key) = 1",
        )
    )
    parents = "JOIN (SELECT rid AS parent, item_key AS own FROM kept_conversations) ON own = item_key" if inside else ""
    rid = "-(row_number() OVER ())"
    new = "rid, parent, " + _COLUMNS.format(position="position")
    old = f"{rid} AS rid, {'parent' if inside else 'NULL::BIGINT AS parent'}, " + _COLUMNS.format(
        position="position" if inside else "NULL::INTEGER"
    )
    database.execute("DROP VIEW IF EXISTS staged_conversations; DROP VIEW IF EXISTS staged_messages")
    # As a table: a row number is another one each time a view is asked.
    database.execute(_JOINED.format(new=new, old=old, parents=parents).replace("TEMP VIEW staged_messages", "TEMP TABLE staged_messages"))


def _touched(database: duckdb.DuckDBPyConnection, table: str, places: Sequence[str]) -> set[str]:
    """Files with rows that go, and small ones when there are too many of them."""
    touched = {row[0] for row in database.execute(f"SELECT DISTINCT filename FROM removed_{table}").fetchall()}
    small = {place for place in places if Path(place).stat().st_size < _SMALL_BYTES}
    return touched | small if len(small) > _SMALL_FILES else touched


def _moment(now: datetime) -> str:
    return f"TIMESTAMP '{now:%Y-%m-%d %H:%M:%S}'"
