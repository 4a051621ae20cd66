"""From the snapshot's tables to the tables of Hot: ids become numbers, messages are put in order, activity is summed up."""

# ruff: noqa: S608 - what goes into statements is written here
# pyarrow has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

import duckdb
import numpy as np
import pyarrow as pa

from data_access.errors import UsageError
from data_access.snapshot.texts import SEGMENT, Texts, segments

# A pyarrow Table, a RecordBatchReader or a function that opens one, or the paths of Parquet files.
Source = Any

_CHUNK = 500_000


def quarter_of(column: str) -> str:
    """SQL for the quarter of an hour of a time, counted from 1970. Shifted, so that the division rounds down before 1970 too."""
    return f"((epoch_us({column}) + 63000000000000000) // 900000000 - 70000000)::INTEGER"


# A turn answered within this time was not answered then: the message was stored together with its question, under the same
# time or under the next free millisecond where the time is the key.
_LEAST_SECONDS = 0.001

# What DynamoDB itself does: an item whose time to live passed more than five years ago is kept.
_EXPIRES = "CASE WHEN incoming.expires_at > now() AT TIME ZONE 'UTC' - INTERVAL 5 YEARS THEN incoming.expires_at END"

_TABLES = """
CREATE TABLE systems (system_id UTINYINT, system VARCHAR);
CREATE TABLE tenants (tenant INTEGER, system_id UTINYINT, tenant_id VARCHAR);
CREATE TABLE people (person INTEGER, system_id UTINYINT, user_id VARCHAR);
CREATE TABLE tools (tool INTEGER, name VARCHAR);
CREATE TABLE item_tables (item_table USMALLINT, system_id UTINYINT, name VARCHAR);
CREATE TABLE keys (
    conv INTEGER, system_id UTINYINT, tenant INTEGER, person INTEGER,
    system VARCHAR, tenant_id VARCHAR, user_id VARCHAR, conversation_id VARCHAR
);
CREATE TABLE staged (
    conv INTEGER, system_id UTINYINT, tenant INTEGER, person INTEGER, position INTEGER, role UTINYINT, sent_at TIMESTAMP,
    seconds DOUBLE, tokens BIGINT, expires_at TIMESTAMP, orphaned BOOLEAN, odd BOOLEAN, bytes INTEGER, item_table USMALLINT,
    content VARCHAR, arguments VARCHAR
);
"""

_NEW_SYSTEMS = """
INSERT INTO systems
SELECT (SELECT count(*) FROM systems) + row_number() OVER (ORDER BY system) - 1, system
FROM (SELECT DISTINCT system FROM incoming) WHERE system NOT IN (SELECT system FROM systems)
"""
_NEW_TENANTS = """
INSERT INTO tenants
SELECT (SELECT count(*) FROM tenants) + row_number() OVER (ORDER BY system_id, tenant_id) - 1, system_id, tenant_id
FROM (SELECT DISTINCT system_id, tenant_id FROM incoming JOIN systems USING (system) WHERE tenant_id IS NOT NULL) AS found
ANTI JOIN tenants USING (system_id, tenant_id)
"""
_NEW_PEOPLE = """
INSERT INTO people
SELECT (SELECT count(*) FROM people) + row_number() OVER (ORDER BY system_id, user_id) - 1, system_id, user_id
FROM (SELECT DISTINCT system_id, user_id FROM incoming JOIN systems USING (system) WHERE user_id IS NOT NULL) AS found
ANTI JOIN people USING (system_id, user_id)
"""
# The live tables that items lie in: few, so that a row needs two bytes to name its own.
_NEW_ITEM_TABLES = """
INSERT INTO item_tables
SELECT (SELECT count(*) FROM item_tables) + row_number() OVER (ORDER BY system_id, name) - 1, system_id, name
FROM (SELECT DISTINCT system_id, item_table AS name FROM incoming JOIN systems USING (system) WHERE item_table IS NOT NULL) AS found
ANTI JOIN item_tables USING (system_id, name)
"""
_WITH_ITEM_TABLES = "LEFT JOIN item_tables AS place ON place.system_id = {system_id} AND place.name = incoming.item_table"
# Nothing is an empty text in the keys: ids are never empty, and equality of texts is faster than a null-safe one.
_NEW_KEYS = """
INSERT INTO keys
WITH found AS (
    SELECT DISTINCT system, coalesce(tenant_id, '') AS tenant_id, coalesce(user_id, '') AS user_id, conversation_id FROM incoming
),
missing AS (SELECT * FROM found ANTI JOIN keys USING (conversation_id, user_id, tenant_id, system))
SELECT (SELECT count(*) FROM keys) + row_number() OVER () - 1, systems.system_id, tenants.tenant, people.person, missing.*
FROM missing
JOIN systems USING (system)
LEFT JOIN tenants ON tenants.system_id = systems.system_id AND tenants.tenant_id = missing.tenant_id
LEFT JOIN people ON people.system_id = systems.system_id AND people.user_id = missing.user_id
"""
_WITH_KEYS = """
FROM incoming
JOIN keys ON keys.conversation_id = incoming.conversation_id AND keys.user_id = coalesce(incoming.user_id, '')
    AND keys.tenant_id = coalesce(incoming.tenant_id, '') AND keys.system = incoming.system
"""
_STAGE_MESSAGES = f"""
INSERT INTO staged
SELECT keys.conv, keys.system_id, keys.tenant, keys.person, incoming.position,
    CASE incoming.role WHEN 'user' THEN 0 WHEN 'system' THEN 2 WHEN 'tool' THEN 3 ELSE 1 END,
    incoming.sent_at, incoming.response_seconds, incoming.tokens, {_EXPIRES},
    coalesce(incoming.orphaned, false), coalesce(incoming.problems, 0) > 0, incoming.bytes, place.item_table, {{content}}, {{arguments}}
{_WITH_KEYS} {_WITH_ITEM_TABLES.format(system_id="keys.system_id")}
"""
# A turn is an assistant's message directly behind a user's. Those with a response time are known to be turns; the others
# are looked up.
_MESSAGES = f"""
CREATE TABLE messages AS
WITH turns AS (
    SELECT DISTINCT conv, position, true AS untimed
    FROM (SELECT conv, position FROM staged WHERE role = 1 AND seconds IS NULL AND position > 1) AS answer
    SEMI JOIN (SELECT conv, position + 1 AS position FROM staged WHERE role = 0) AS question USING (conv, position)
)
SELECT (row_number() OVER () - 1)::INTEGER AS n, * FROM (
    SELECT conv, system_id, tenant, person, position, role, sent_at, {quarter_of("sent_at")} AS quarter,
        expires_at, {quarter_of("expires_at")} AS expiry,
        role = 1 AND (seconds IS NOT NULL OR untimed IS NOT NULL) AS turn,
        CASE WHEN seconds > {_LEAST_SECONDS} THEN seconds END AS seconds,
        tokens, orphaned, odd, bytes, item_table, content, arguments
    FROM staged LEFT JOIN turns USING (conv, position)
    ORDER BY sent_at DESC NULLS LAST, conv DESC, position DESC
)
"""
_ACTIVITY = """
CREATE TABLE activity AS
SELECT conv, any_value(system_id) AS system_id, any_value(tenant) AS tenant, any_value(person) AS person, quarter, expiry,
    {sums}
FROM messages WHERE sent_at IS NOT NULL GROUP BY conv, quarter, expiry ORDER BY conv, quarter
"""
# What is summed up of messages, here and for the ends of a window. Counts fit: one conversation, a quarter of an hour.
SUMS = """
    count(*) FILTER (role = 0)::INTEGER AS asked,
    count(*) FILTER (role = 1)::INTEGER AS answered,
    count(*) FILTER (role = 2)::INTEGER AS system_messages,
    count(*) FILTER (role = 3)::INTEGER AS tool_messages,
    count(*) FILTER (turn)::INTEGER AS turns,
    count(seconds)::INTEGER AS timed,
    coalesce(sum(tokens), 0)::BIGINT AS tokens,
    count(tokens)::INTEGER AS with_tokens,
    min(sent_at) FILTER (role < 2) AS first_at,
    max(sent_at) FILTER (role < 2) AS last_at,
    min(sent_at) FILTER (role = 0) AS first_asked_at
"""
_RESPONSES = """
CREATE TABLE responses AS
SELECT conv, system_id, tenant, person, sent_at, quarter, expires_at, (seconds * 1e6)::BIGINT AS micros FROM messages
WHERE seconds IS NOT NULL AND sent_at IS NOT NULL ORDER BY n
"""
_TOOLS = """
INSERT INTO tools
SELECT (SELECT count(*) FROM tools) + row_number() OVER (ORDER BY tool) - 1, tool
FROM (SELECT DISTINCT tool FROM incoming) WHERE tool NOT IN (SELECT name FROM tools)
"""
_STAGED_CALLS = """
CREATE TABLE staged_calls (
    conv INTEGER, system_id UTINYINT, tenant INTEGER, person INTEGER, position INTEGER, tool INTEGER, status UTINYINT,
    sent_at TIMESTAMP, seconds DOUBLE, expires_at TIMESTAMP
)
"""
_STAGE_CALLS = f"""
INSERT INTO staged_calls
SELECT keys.conv, keys.system_id, keys.tenant, keys.person, incoming.position, tools.tool,
    CASE incoming.status WHEN 'ok' THEN 0 WHEN 'error' THEN 1 ELSE 2 END, incoming.sent_at, incoming.seconds,
    {_EXPIRES}
{_WITH_KEYS} JOIN tools ON tools.name = incoming.tool
"""
_CALLS = f"""
CREATE TABLE tool_calls AS
SELECT *, {quarter_of("sent_at")} AS quarter FROM staged_calls ORDER BY sent_at DESC NULLS LAST
"""
_CONVERSATION_COLUMNS = "title, started_at, last_activity_at, message_count, is_active, has_session, bytes, expires_at"
_STAGED_CONVERSATIONS = """
CREATE TABLE staged_conversations (
    conv INTEGER, title VARCHAR, started_at TIMESTAMP, last_activity_at TIMESTAMP, message_count INTEGER, is_active BOOLEAN,
    has_session BOOLEAN, bytes BIGINT, expires_at TIMESTAMP, item_table USMALLINT
)
"""
_STAGE_CONVERSATIONS = f"""
INSERT INTO staged_conversations
SELECT keys.conv, {", ".join(f"incoming.{name}" for name in _CONVERSATION_COLUMNS.split(", ")[:-1])}, {_EXPIRES}, place.item_table
{_WITH_KEYS} {_WITH_ITEM_TABLES.format(system_id="keys.system_id")}
"""
# A conversation without a row of its own, which a complete snapshot has not, is known by its messages.
_CONVERSATIONS = f"""
CREATE TABLE conversations AS
SELECT keys.conv, keys.system_id, keys.tenant, keys.person, keys.system, nullif(keys.tenant_id, '') AS tenant_id,
    nullif(keys.user_id, '') AS user_id, keys.conversation_id, {_CONVERSATION_COLUMNS}, item_table
FROM keys LEFT JOIN (SELECT DISTINCT ON (conv) * FROM staged_conversations) AS own USING (conv) ORDER BY keys.conv
"""
_RECORDS = """
CREATE TABLE records (
    system_id UTINYINT, tenant INTEGER, person INTEGER, kind VARCHAR, topic VARCHAR, updated_at TIMESTAMP, expires_at TIMESTAMP,
    open INTEGER, done INTEGER, bytes INTEGER, item_table USMALLINT
)
"""
_STAGE_RECORDS = f"""
INSERT INTO records
SELECT systems.system_id, tenants.tenant, people.person, kind, topic, updated_at, {_EXPIRES}, coalesce(open, 0), coalesce(done, 0),
    incoming.bytes, place.item_table
FROM incoming JOIN systems USING (system)
LEFT JOIN tenants ON tenants.system_id = systems.system_id AND tenants.tenant_id = incoming.tenant_id
LEFT JOIN people ON people.system_id = systems.system_id AND people.user_id = incoming.user_id
{_WITH_ITEM_TABLES.format(system_id="systems.system_id")}
"""


_KEY = ("system", "conversation_id", "tenant_id", "user_id")
_SAID = ("content", "arguments")
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "conversations": (*_KEY, *_CONVERSATION_COLUMNS.split(", "), "item_table"),
    "messages": (
        *_KEY,
        *("position", "role", "sent_at", "response_seconds", "tokens", "expires_at", "orphaned", "problems", "bytes"),
        "item_table",
        *_SAID,
    ),
    "tool_calls": (*_KEY, "position", "tool", "status", "sent_at", "seconds", "expires_at"),
    "user_records": ("system", "user_id", "tenant_id", "kind", "topic", "updated_at", "expires_at", "open", "done", "bytes", "item_table"),
}


def questions(texts: bool) -> Iterator[tuple[str, str]]:
    """For each table, SQL that reads the columns that are needed of it."""
    for name, columns in _COLUMNS.items():
        yield name, f"SELECT {', '.join(column for column in columns if texts or column not in _SAID)} FROM {name}"


def load(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Source], *, texts: bool) -> Texts | None:
    """Make all tables of Hot; the folded texts where they are wanted."""
    connection.execute(_TABLES + _STAGED_CONVERSATIONS + ";" + _STAGED_CALLS + ";" + _RECORDS)
    stage_messages = _STAGE_MESSAGES.format(
        content="incoming.content" if texts else "NULL", arguments="incoming.arguments" if texts else "NULL"
    )
    for name, statements in (
        ("conversations", (_NEW_SYSTEMS, _NEW_TENANTS, _NEW_PEOPLE, _NEW_KEYS, _NEW_ITEM_TABLES, _STAGE_CONVERSATIONS)),
        ("messages", (_NEW_SYSTEMS, _NEW_TENANTS, _NEW_PEOPLE, _NEW_KEYS, _NEW_ITEM_TABLES, stage_messages)),
        ("tool_calls", (_NEW_SYSTEMS, _NEW_TENANTS, _NEW_PEOPLE, _NEW_KEYS, _TOOLS, _STAGE_CALLS)),
        ("user_records", (_NEW_SYSTEMS, _NEW_TENANTS, _NEW_PEOPLE, _NEW_ITEM_TABLES, _STAGE_RECORDS)),
    ):
        for chunk in _chunks(connection, name, tables.get(name)):
            connection.register("incoming", chunk)
            for statement in statements:
                connection.execute(statement)
            connection.unregister("incoming")
    connection.execute(_MESSAGES)
    connection.execute("DROP TABLE staged")
    connection.execute(_ACTIVITY.format(sums=SUMS))
    connection.execute(_RESPONSES)
    connection.execute(_CALLS)
    connection.execute(_CONVERSATIONS)
    connection.execute("DROP TABLE staged_calls; DROP TABLE staged_conversations; DROP TABLE keys")
    return _texts(connection) if texts else None


def _chunks(connection: duckdb.DuckDBPyConnection, name: str, source: Source) -> Iterator[Any]:
    """The rows of one source, half a million at a time."""
    if source is None:
        return
    reader: Any
    if callable(source):
        reader = source()
    elif isinstance(source, pa.Table):
        reader = source.to_reader(_CHUNK)
    elif isinstance(source, pa.RecordBatchReader):
        reader = source
    elif not source:
        return
    else:
        columns = ", ".join(_COLUMNS[name])
        reader = connection.cursor().sql(f"SELECT {columns} FROM read_parquet(?)", params=[list(source)]).to_arrow_reader(_CHUNK)
    gathered: list[Any] = []
    rows = 0
    for batch in reader:
        gathered.append(batch)
        rows += batch.num_rows
        if rows >= _CHUNK:
            yield pa.Table.from_batches(gathered)
            gathered, rows = [], 0
    if gathered:
        yield pa.Table.from_batches(gathered)


def _texts(connection: duckdb.DuckDBPyConnection) -> Texts:
    batches = connection.cursor().sql("SELECT content, arguments FROM messages ORDER BY n").to_arrow_reader(SEGMENT)
    made = segments(_even(batches))
    columns = connection.execute(
        "SELECT conv, role, coalesce(epoch_us(sent_at), -9223372036854775808) AS sent_at,"
        " coalesce(epoch_us(expires_at), 9223372036854775807) AS expires_at FROM messages ORDER BY n"
    ).fetchnumpy()
    columns = cast("Mapping[str, np.ndarray[Any, Any]]", columns)
    count, some_messages = connection.execute(
        "SELECT (SELECT count(*) FROM conversations), (SELECT count(DISTINCT conv) FROM messages)"
    ).fetchall()[0]
    expires = columns["expires_at"]
    some = bool(len(expires)) and int(expires.min()) < np.iinfo(np.int64).max
    return Texts(made, columns["conv"], columns["role"], columns["sent_at"], expires if some else None, count, some_messages)


def _even(batches: Any) -> Iterator[Any]:
    """The same rows in batches of exactly SEGMENT, but the last."""
    held: list[Any] = []
    rows = 0
    for batch in batches:
        left = batch
        while rows + left.num_rows >= SEGMENT:
            need = SEGMENT - rows
            yield _one([*held, left.slice(0, need)])
            left = left.slice(need)
            held, rows = [], 0
        if left.num_rows:
            held.append(left)
            rows += left.num_rows
    if held:
        yield _one(held)


def _one(batches: list[Any]) -> Any:
    return batches[0] if len(batches) == 1 else pa.Table.from_batches(batches).combine_chunks().to_batches()[0]


def checked_size(text: str) -> str:
    """A size for DuckDB, such as 8GB: it takes no parameters there. Raises UsageError."""
    if not re.fullmatch(r"\d{1,6}(\.\d{1,3})? ?[KMGT]i?B", text):
        raise UsageError(f"{text!r} is not a size.", "Write it like 8GB.")
    return text
