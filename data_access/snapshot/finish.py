"""From staged rows to the four tables, in DuckDB: which message belongs to which conversation, in which order, and the sums.

The rules are those of lists and replays (data_access.conversations and items): a session owns the messages with its id that
name its tenant or none, what no session owns is a conversation of its own for each tenant, messages are in the order of their
times, and an answer's time is the time since the user's message before it.
"""

# ruff: noqa: S608 - statements are put together from this package's own names; what was typed or stored is a value
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from data_access.snapshot.relations import alive
from data_access.snapshot.schema import TABLES
from data_access.snapshot.staged import CALLS
from data_access.snapshot.store import NewFile

# What DuckDB may take of the 600 MB that a sync of a million messages has; beyond it, it uses the disk.
MEMORY = "192MB"
FILE_BYTES = "48MB"
_GROUP_ROWS = 20_000
SORT_ROWS = 150_000
_FEW = 300_000

# Stored times may be finer than the messages' own: as in data_access.items.conversations.
_SAME = "INTERVAL 1 SECOND"

_SESSIONS = """
CREATE TABLE s AS SELECT * FROM staged_conversations WHERE {alive};
CREATE TABLE n AS
SELECT rid, parent, conversation_id, tenant_id, user_id, position, role, sent_at, item_key, problems, bytes
FROM staged_messages WHERE {alive};
"""

_LINK_INSIDE = """
CREATE TABLE link AS SELECT n.rid, n.parent AS cid, false AS orphaned FROM n SEMI JOIN s ON s.rid = n.parent;
"""

_LINK_APART = """
CREATE TABLE link AS
SELECT n.rid, s.rid AS cid, false AS orphaned
FROM n JOIN s ON n.conversation_id = s.conversation_id
WHERE s.tenant_id IS NULL OR coalesce(n.tenant_id, s.tenant_id) = s.tenant_id;

CREATE TABLE lost AS
WITH left_over AS (SELECT n.rid, n.conversation_id, n.tenant_id FROM n ANTI JOIN link ON link.rid = n.rid),
-- A message that names no tenant goes with the only tenant there is.
groups AS (SELECT conversation_id, count(DISTINCT tenant_id) AS tenants, max(tenant_id) AS sole FROM left_over GROUP BY conversation_id)
SELECT rid, conversation_id, CASE WHEN tenants = 1 THEN sole ELSE tenant_id END AS tenant_id
FROM left_over JOIN groups USING (conversation_id);

CREATE TABLE orphan AS
SELECT -row_number() OVER () AS cid, conversation_id, tenant_id FROM (SELECT DISTINCT conversation_id, tenant_id FROM lost);

INSERT INTO link
SELECT lost.rid, orphan.cid, true
FROM lost JOIN orphan ON lost.conversation_id = orphan.conversation_id AND lost.tenant_id IS NOT DISTINCT FROM orphan.tenant_id;
"""

_TALKS = """
CREATE TABLE talk AS
SELECT rid AS cid, conversation_id, tenant_id, user_id, true AS has_session FROM s;
"""

_TALKS_APART = """
INSERT INTO talk
SELECT orphan.cid, any_value(orphan.conversation_id), any_value(orphan.tenant_id),
       arg_min(n.user_id, (coalesce(n.sent_at, TIMESTAMP '9999-12-31'), n.item_key)), false
FROM orphan JOIN link ON link.cid = orphan.cid JOIN n ON n.rid = link.rid
GROUP BY orphan.cid;
"""

_PLACED = """
CREATE TABLE placed AS
SELECT
    link.cid, link.rid, link.orphaned, n.role, n.sent_at, n.problems, n.bytes,
    coalesce(n.position, row_number() OVER turns)::INTEGER AS position,
    CASE WHEN n.role = 'assistant' AND lag(n.role) OVER turns = 'user' AND n.sent_at >= lag(n.sent_at) OVER turns
         THEN (epoch_us(n.sent_at) - epoch_us(lag(n.sent_at) OVER turns)) / 1e6 END AS response_seconds
FROM link JOIN n ON n.rid = link.rid
WINDOW turns AS (PARTITION BY link.cid ORDER BY n.position, n.sent_at NULLS LAST, n.item_key);
DROP TABLE n;
DROP TABLE link;
"""

# What was erased stays away, and comes back only as far as it is newer.
_FORGOTTEN = """
DELETE FROM placed USING talk, forgotten_users AS f
WHERE placed.cid = talk.cid AND talk.user_id = f.user_id AND (placed.sent_at IS NULL OR placed.sent_at <= f.erased_at);
DELETE FROM placed USING talk, forgotten_talks AS f
WHERE placed.cid = talk.cid AND NOT talk.has_session AND talk.conversation_id = f.conversation_id
  AND (placed.sent_at IS NULL OR placed.sent_at <= f.erased_at);
DELETE FROM talk
WHERE cid NOT IN (SELECT cid FROM placed)
  AND (NOT has_session OR cid IN (
    SELECT s.rid FROM s JOIN forgotten_users AS f ON s.user_id = f.user_id
    WHERE coalesce(s.last_activity_at, s.started_at) IS NULL OR coalesce(s.last_activity_at, s.started_at) <= f.erased_at));
"""

_SUMS = """
CREATE TABLE sums AS
SELECT
    cid, count(*) AS messages,
    count(*) FILTER (role = 'user') AS user_messages,
    count(*) FILTER (role = 'assistant') AS assistant_messages,
    count(*) FILTER (problems > 0) AS odd,
    sum(bytes) AS bytes, min(sent_at) AS first_sent, max(sent_at) AS last_sent,
    arg_min(rid, position) FILTER (role = 'user') AS first_rid,
    arg_max(rid, position) FILTER (role = 'assistant') AS last_rid,
    arg_min(rid, position) AS top_rid
FROM placed GROUP BY cid;

CREATE TABLE called AS
SELECT placed.cid, placed.position, m.rid, m.sent_at, m.expires_at,
       unnest(m.calls) AS call, generate_subscripts(m.calls, 1) AS ordinal
FROM staged_messages AS m JOIN placed ON placed.rid = m.rid
WHERE m.tool_calls > 0;

CREATE TABLE used AS
SELECT cid, list(tool ORDER BY first) AS tools, list(tool ORDER BY bad) FILTER (bad IS NOT NULL) AS failed
FROM (
    SELECT cid, call.tool AS tool, min((position, ordinal)) AS first,
           min((position, ordinal)) FILTER (call.status = 'error') AS bad
    FROM called GROUP BY cid, call.tool
) GROUP BY cid;
"""

_SAID = """
CREATE TABLE said AS
SELECT rid, content FROM staged_messages
WHERE rid IN (SELECT first_rid FROM sums UNION ALL SELECT last_rid FROM sums);
"""

_CONVERSATIONS = f"""
WITH timed AS (
    SELECT talk.*, s.title, s.is_active, s.expires_at, s.bytes AS own_bytes, s.problems AS own_problems,
           sums.* EXCLUDE (cid),
           CASE WHEN s.started_at IS NULL OR sums.first_sent < s.started_at - {_SAME}
                THEN coalesce(sums.first_sent, s.started_at) ELSE s.started_at END AS started,
           CASE WHEN s.last_activity_at IS NULL OR sums.last_sent > s.last_activity_at + {_SAME}
                THEN coalesce(sums.last_sent, s.last_activity_at) ELSE s.last_activity_at END AS last,
           s.item_table, s.item_key
    FROM talk LEFT JOIN s ON s.rid = talk.cid LEFT JOIN sums ON sums.cid = talk.cid
)
SELECT
    conversation_id, tenant_id, user_id, title,
    coalesce(started, last) AS started_at, coalesce(last, started) AS last_activity_at,
    coalesce(messages, 0) AS message_count, coalesce(user_messages, 0) AS user_messages,
    coalesce(assistant_messages, 0) AS assistant_messages,
    one.content AS first_user_message, two.content AS last_assistant_message,
    coalesce(used.tools, []) AS tools, coalesce(used.failed, []) AS failed_tools,
    is_active, expires_at,
    CASE WHEN {{inside}} THEN own_bytes ELSE coalesce(own_bytes, 0) + coalesce(timed.bytes, 0) END AS bytes,
    CASE WHEN has_session THEN own_problems + (coalesce(odd, 0) > 0)::INTEGER ELSE 1 END AS problems,
    has_session, item_table, item_key
FROM timed
LEFT JOIN said AS one ON one.rid = first_rid LEFT JOIN said AS two ON two.rid = last_rid LEFT JOIN used ON used.cid = timed.cid
ORDER BY coalesce(started, last), conversation_id, tenant_id, user_id
"""

_MESSAGES = """
SELECT talk.conversation_id, talk.tenant_id, talk.user_id, placed.position, m.message_id, m.role, m.content, m.arguments, m.sent_at,
       placed.response_seconds, m.tokens, m.tool_calls, m.failed_tool_calls, m.expires_at, m.bytes, m.problems, placed.orphaned,
       m.item_table, m.item_key
FROM staged_messages AS m
JOIN (SELECT * FROM placed WHERE {part}) AS placed ON placed.rid = m.rid
JOIN talk ON talk.cid = placed.cid
ORDER BY m.sent_at, talk.conversation_id, placed.position
"""

_TOOL_CALLS = """
SELECT talk.conversation_id, talk.tenant_id, talk.user_id, position, ordinal, sent_at, call.tool AS tool, call.status AS status,
       call.arguments AS arguments, call.seconds AS seconds, expires_at
FROM called JOIN talk ON talk.cid = called.cid
ORDER BY sent_at, talk.conversation_id, position, ordinal
"""

_RECORDS = """
SELECT user_id, tenant_id, kind, topic, updated_at, expires_at, open, done, bytes, item_table, item_key
FROM staged_user_records AS r
WHERE {alive}
  AND NOT EXISTS (FROM forgotten_users AS f WHERE f.user_id = r.user_id AND (r.updated_at IS NULL OR r.updated_at <= f.erased_at))
ORDER BY user_id, kind, item_key
"""

TYPES: Mapping[pa.DataType, str] = {
    pa.string(): "VARCHAR",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    pa.timestamp("us"): "TIMESTAMP",
    pa.list_(pa.string()): "VARCHAR[]",
    CALLS: "STRUCT(tool VARCHAR, status VARCHAR, arguments VARCHAR, seconds DOUBLE)[]",
}


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Who must not come back, as far as this sync has met them: user ids and conversation ids with the time of the erasure."""

    users: Mapping[str, datetime]
    talks: Mapping[str, datetime]


NOBODY = Forgotten({}, {})


def work_database(
    folder: Path, rows: int | None = None, connect: Callable[[], duckdb.DuckDBPyConnection] = duckdb.connect
) -> duckdb.DuckDBPyConnection:
    """DuckDB for large work: little memory, and room on the disk beside the staged rows.

    Where few `rows` are known to be at stake one thread is faster: two would mostly wait for each other.
    """
    database = connect()
    spill = str(folder / "spill").replace("'", "''")
    database.execute(
        f"SET memory_limit = '{MEMORY}'; SET temp_directory = '{spill}'; SET threads = {1 if rows is not None and rows < _FEW else 2}"
    )
    # Order is asked for where it is wanted; nobody's terminal is DuckDB's to draw on; and no file changes once it is written.
    database.execute("SET preserve_insertion_order = false; SET enable_progress_bar = false; SET parquet_metadata_cache = true")
    return database


def settle(database: duckdb.DuckDBPyConnection, *, inside: bool, now: datetime, forgotten: Forgotten = NOBODY) -> None:
    """Join the staged views (staged_conversations, staged_messages, staged_user_records) into what `write` writes."""
    _forgotten(database, forgotten)
    database.execute(_SESSIONS.format(alive=alive(now=_moment(now))))
    database.execute(_LINK_INSIDE if inside else _LINK_APART)
    database.execute(_TALKS)
    if not inside:
        database.execute(_TALKS_APART)
    database.execute(_PLACED)
    if forgotten.users or forgotten.talks:
        database.execute(_FORGOTTEN)
    database.execute(_SUMS)
    database.execute(_SAID)


def selects(database: duckdb.DuckDBPyConnection, *, inside: bool, now: datetime) -> dict[str, list[str]]:
    """The rows of each table after `settle`, in parts that can be put in order in memory, one after the other."""
    return {
        "conversations": [typed("conversations", _CONVERSATIONS.format(inside=str(inside).lower()))],
        "messages": [typed("messages", _MESSAGES.format(part=part)) for part in _parts(database)],
        "tool_calls": [typed("tool_calls", _TOOL_CALLS)],
        "user_records": [typed("user_records", _RECORDS.format(alive=alive(now=_moment(now))))],
    }


def _parts(database: duckdb.DuckDBPyConnection) -> list[str]:
    """Conditions on `placed` that share the messages out by their time, each about SORT_ROWS of them."""
    count = database.execute("SELECT count(*) FROM placed").fetchall()[0][0]
    parts = -(-count // SORT_ROWS)
    if parts < 2:
        return ["true"]
    shares = ", ".join(str(number / parts) for number in range(1, parts))
    cuts: list[int] = database.execute(f"SELECT approx_quantile(epoch_us(sent_at), [{shares}]) FROM placed").fetchall()[0][0] or []
    cuts = sorted(set(cuts))
    if not cuts:
        return ["true"]
    low, high = f"epoch_us(sent_at) < {cuts[0]}", f"(epoch_us(sent_at) >= {cuts[-1]} OR sent_at IS NULL)"
    return [low, *(f"epoch_us(sent_at) >= {a} AND epoch_us(sent_at) < {b}" for a, b in pairwise(cuts)), high]


def typed(table: str, select: str) -> str:
    """The rows in the table's columns and types, without the system, which is the folder's name."""
    columns = ", ".join(f"{field.name}::{TYPES[field.type]} AS {field.name}" for field in TABLES[table] if field.name != "system")
    return f"SELECT {columns} FROM ({select})"


def write(database: duckdb.DuckDBPyConnection, parts: Iterable[str], folder: Path) -> list[NewFile]:
    """Rows into Parquet files of a moderate size, which have names of their own in the whole world."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = str(folder).replace("'", "''")
    for select in parts:
        database.execute(
            f"COPY ({select}) TO '{target}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_GROUP_ROWS}, "
            f"FILE_SIZE_BYTES '{FILE_BYTES}', FILENAME_PATTERN 'part-{{uuid}}', OVERWRITE_OR_IGNORE true)"
        )
    found = [NewFile(path, pq.read_metadata(path).num_rows) for path in sorted(folder.glob("part-*.parquet"))]
    for file in found:
        if not file.rows:
            file.path.unlink()
    return [file for file in found if file.rows]


def distinct(database: duckdb.DuckDBPyConnection, column: str, views: Sequence[str]) -> list[str]:
    """Every value of a column of the staged views, None left out."""
    union = " UNION ".join(f"SELECT {column} AS v FROM {view}" for view in views)
    return [row[0] for row in database.execute(f"SELECT v FROM ({union}) WHERE v IS NOT NULL").fetchall()]


def _forgotten(database: duckdb.DuckDBPyConnection, forgotten: Forgotten) -> None:
    for name, column, found in (("forgotten_users", "user_id", forgotten.users), ("forgotten_talks", "conversation_id", forgotten.talks)):
        database.execute(f"CREATE OR REPLACE TABLE {name} ({column} VARCHAR, erased_at TIMESTAMP)")
        rows: list[tuple[Any, ...]] = [(value, at.replace(tzinfo=None)) for value, at in found.items()]
        if rows:
            database.executemany(f"INSERT INTO {name} VALUES (?, ?)", rows)


def _moment(now: datetime) -> str:
    return f"TIMESTAMP '{now:%Y-%m-%d %H:%M:%S}'"
