"""What lies in the live tables, by the snapshot: items and bytes of each table, and how large messages and conversations are.

Sizes are DynamoDB's (costs/size.py), without what storage adds for an item. Rows that have expired since the sync are counted: an
item stays in its table for a while after its time. What expired before the sync, and messages that name no conversation, are not
in the snapshot, so a table can hold more than is known here.
"""

# ruff: noqa: S608 - what goes into statements is written here
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from data_access.snapshot.hot import Hot, rows


@dataclass(frozen=True, slots=True)
class Stored:
    """Items and their bytes."""

    items: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Spread:
    """How one number is spread over `count` things: its mean, half and 95 % are not above p50 and p95, and the largest."""

    count: int
    mean: float
    p50: float
    p95: float
    most: float


# A message is an item of its own where its table is not the one that its conversation's item lies in. Two sessions can own one
# message (both have its id, it names no tenant): then it is in the snapshot once for each, and here once.
_BY_TABLE = """
WITH own AS (SELECT * FROM conversations JOIN systems USING (system_id, system) WHERE system = $system),
containers AS (SELECT DISTINCT item_table FROM own WHERE has_session),
apart AS (
    SELECT m.*, own.conversation_id FROM messages AS m JOIN own USING (conv)
    WHERE m.item_table IS NOT NULL AND m.item_table NOT IN (SELECT item_table FROM containers WHERE item_table IS NOT NULL)
),
shared AS (SELECT conversation_id FROM own GROUP BY conversation_id HAVING count(*) > 1),
together AS (
    SELECT item_table, any_value(bytes) AS bytes, max(often) AS often FROM (
        SELECT item_table, conversation_id, sent_at, role, tokens, bytes, count(*) AS often
        FROM apart SEMI JOIN shared USING (conversation_id)
        GROUP BY item_table, conversation_id, sent_at, role, tokens, bytes, conv
    ) GROUP BY item_table, conversation_id, sent_at, role, tokens, bytes
),
said AS (SELECT conv, sum(bytes) AS bytes FROM apart GROUP BY conv),
found AS (
    SELECT item_table, count(*) AS items, sum(bytes) AS bytes FROM apart ANTI JOIN shared USING (conversation_id) GROUP BY item_table
    UNION ALL SELECT item_table, sum(often), sum(often * bytes) FROM together GROUP BY item_table
    UNION ALL SELECT own.item_table, count(*), sum(greatest(own.bytes - coalesce(said.bytes, 0), 0))
    FROM own LEFT JOIN said USING (conv) WHERE own.has_session GROUP BY own.item_table
    UNION ALL SELECT item_table, count(*), sum(bytes) FROM records JOIN systems USING (system_id) WHERE system = $system GROUP BY item_table
)
SELECT name, sum(items)::BIGINT, coalesce(sum(bytes), 0)::BIGINT FROM found JOIN item_tables USING (item_table) GROUP BY name ORDER BY name
"""
_SPREAD = "count({it}), avg({it}), quantile_cont({it}, 0.5), quantile_cont({it}, 0.95), max({it})"


def by_table(hot: Hot, system: str) -> Mapping[str, Stored]:
    """By the live tables' names. A table without a known item is not in it."""
    with hot.cursor() as cursor:
        return {name: Stored(items, size) for name, items, size in rows(cursor, _BY_TABLE, {"system": system})}


def message_bytes(hot: Hot, system: str | None) -> Spread | None:
    """Bytes of a message: of its item, or of its own share of its conversation's. None where there is no message."""
    return _spread(hot, "messages", "bytes", system)


def conversation_messages(hot: Hot, system: str | None) -> Spread | None:
    """Messages of a conversation, empty ones included. None where there is no conversation."""
    return _spread(hot, "conversations", "message_count", system)


def conversation_bytes(hot: Hot, system: str | None) -> Spread | None:
    """Bytes of all that is stored of a conversation, its messages included. None where there is no conversation."""
    return _spread(hot, "conversations", "bytes", system)


def _spread(hot: Hot, table: str, column: str, system: str | None) -> Spread | None:
    own = "system_id IN (SELECT system_id FROM systems WHERE $system IS NULL OR system = $system)"
    with hot.cursor() as cursor:
        count, *found = rows(cursor, f"SELECT {_SPREAD.format(it=column)} FROM {table} WHERE {own}", {"system": system})[0]
    return Spread(count, *map(float, found)) if count else None
