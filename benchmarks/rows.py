"""Millions of snapshot rows for asking: the same each time, made by DuckDB from row numbers, in Arrow.

Conversations of 4, 12 and 24 messages over 90 days, answered in 0.3 to 40 seconds, four systems, twenty tenants, every tenth
answer with a tool call. Texts are about 80 bytes of made-up sentences; one message in 50,000 has the word RARE.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from data_access.snapshot.schema import CONVERSATIONS, MESSAGES, TOOL_CALLS, USER_RECORDS

RARE = "Rückerstattung"
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=90)
_SYSTEMS = ["ai4ai", "ai_agent", "cg", "remo"]
_WORDS = """order arrived late refund invoice delivery address change account payment card receipt support question answer
please thanks hello tomorrow today morning booking table ticket train flight hotel weather music reminder garden pump boiler
filter service visit engineer window price offer discount renewal contract password login phone message photo schedule""".split()

# `i` is the message: blocks of forty are three conversations.
_BASE = """
CREATE TEMP VIEW base AS SELECT *,
    list_extract($systems, (conv % 4 + 1)::INTEGER) AS system,
    'user-' || (hash(conv // 3 * 7 + 1) % people)::VARCHAR || '@example.com' AS user_id,
    CASE WHEN conv % 4 = 1 THEN 'tenant-' || (hash(conv // 3 * 7 + 1) % people % 20)::VARCHAR END AS tenant_id,
    printf('%08x-0000-4000-8000-%012x', conv, conv) AS conversation_id,
    TIMESTAMP '2026-01-01' + to_milliseconds((hash(conv * 3 + 2) % 7689600000)::BIGINT) AS started_at
FROM (
    SELECT i, i // 40 * 3 + CASE WHEN i % 40 < 4 THEN 0 WHEN i % 40 < 16 THEN 1 ELSE 2 END AS conv,
        (i % 40 - CASE WHEN i % 40 < 4 THEN 0 WHEN i % 40 < 16 THEN 4 ELSE 16 END)::INTEGER + 1 AS position,
        CASE WHEN i % 40 < 4 THEN 4 WHEN i % 40 < 16 THEN 12 ELSE 24 END AS length,
        $people AS people
    FROM range($messages) AS numbers(i)
)
"""


def tables(messages: int) -> Mapping[str, pa.RecordBatchReader]:
    """The four tables of a snapshot, each to be read once."""
    return {
        "conversations": _read(messages, CONVERSATIONS, _CONVERSATIONS),
        "messages": _read(messages, MESSAGES, _MESSAGES),
        "tool_calls": _read(messages, TOOL_CALLS, _CALLS),
        "user_records": USER_RECORDS.empty_table().to_reader(),
    }


_SENT = """
    started_at + to_seconds((position - 1) // 2 * 75)
    + CASE WHEN position % 2 = 0 THEN to_microseconds(waited) ELSE to_microseconds(0) END AS sent_at
"""
_TIMED = "SELECT *, (300000 + pow(hash(i * 5 + 3) % 10000 / 10000.0, 4) * 40000000)::BIGINT AS waited FROM base"
_MESSAGES = f"""
SELECT system, conversation_id, tenant_id, user_id, position, i::VARCHAR AS message_id,
    CASE position % 2 WHEN 1 THEN 'user' ELSE 'assistant' END AS role,
    list_extract(sentences, (hash(i * 2) % 5000 + 1)::INTEGER) || ' ' || list_extract(sentences, (hash(i * 2 + 1) % 5000 + 1)::INTEGER)
        || CASE WHEN i % 50000 = 77 THEN ' ' || rare ELSE '' END AS content,
    CASE WHEN position % 2 = 0 AND hash(i) % 10 = 0 THEN 'find {{"query": "order"}}' END AS arguments,
    {_SENT},
    CASE WHEN position % 2 = 0 THEN waited / 1e6 END AS response_seconds,
    CASE WHEN position % 2 = 0 AND conv % 4 = 1 THEN (hash(i) % 900)::BIGINT END AS tokens,
    (position % 2 = 0 AND hash(i) % 10 = 0)::INTEGER AS tool_calls, 0 AS failed_tool_calls, NULL::TIMESTAMP AS expires_at,
    300::BIGINT AS bytes, 0 AS problems, false AS orphaned, 'table' AS item_table, '{{}}' AS item_key
FROM ({_TIMED}), texts
"""
_CALLS = f"""
SELECT system, conversation_id, tenant_id, user_id, position, 1 AS ordinal, {_SENT},
    'tool-' || (hash(i * 11) % 12)::VARCHAR AS tool,
    CASE hash(i * 13) % 10 WHEN 0 THEN 'error' WHEN 1 THEN 'no_result' ELSE 'ok' END AS status,
    '{{}}' AS arguments, (hash(i * 17) % 3000)::DOUBLE / 1000 AS seconds, NULL::TIMESTAMP AS expires_at
FROM ({_TIMED}) WHERE position % 2 = 0 AND hash(i) % 10 = 0
"""
_CONVERSATIONS = """
SELECT system, conversation_id, tenant_id, user_id, 'A conversation' AS title, started_at,
    started_at + to_seconds(length * 38) AS last_activity_at, length::INTEGER AS message_count,
    (length // 2)::INTEGER AS user_messages, (length // 2)::INTEGER AS assistant_messages, 'Hello' AS first_user_message,
    'Thanks' AS last_assistant_message, []::VARCHAR[] AS tools, []::VARCHAR[] AS failed_tools, false AS is_active,
    NULL::TIMESTAMP AS expires_at, 3000::BIGINT AS bytes, 0 AS problems, true AS has_session, 'table' AS item_table, '{}' AS item_key
FROM base WHERE position = 1
"""


def _read(messages: int, schema: pa.Schema, question: str) -> pa.RecordBatchReader:
    connection = duckdb.connect()
    connection.execute("SELECT setseed(0.5)")
    sentences = [_sentence(number) for number in range(5000)]
    connection.execute("CREATE TABLE texts AS SELECT $1::VARCHAR[] AS sentences, $2::VARCHAR AS rare", [sentences, RARE])
    view = _BASE.replace("$systems", f"{_SYSTEMS}").replace("$messages", str(messages)).replace("$people", str(max(10, messages // 100)))
    connection.execute(view)
    reader: Any = connection.sql(question).to_arrow_reader(200_000)
    readers: Any = pa.RecordBatchReader
    return readers.from_batches(schema, (batch.cast(schema) for batch in reader))


def _sentence(number: int) -> str:
    chosen = [_WORDS[(number * 31 + place * place * 17 + number // 53 * place) % len(_WORDS)] for place in range(3 + number % 5)]
    return " ".join(chosen).capitalize() + "."
