"""What is held, now: records about users, what will expire, what lies loose."""

# ruff: noqa: S608 - what goes into statements is written here or is a whole number: see Scope

from __future__ import annotations

from datetime import timedelta
from typing import Any

import duckdb
import numpy as np

from data_access.snapshot.hot import rows
from data_access.usage.presence import Ints
from data_access.usage.scope import Scope
from data_access.windows import micros

Value = int | float | None


def metrics(cursor: duckdb.DuckDBPyConnection, scope: Scope, kinds: list[dict[str, Any]]) -> dict[str, Value]:
    """`kinds` are the rows of `records`."""
    now = micros(scope.now)
    week, month = (micros(scope.now + timedelta(days=days)) for days in (7, 30))
    in_week, in_month = rows(
        cursor,
        f"SELECT count(*) FILTER (expires_at < make_timestamp({week})), count(*) FROM messages"
        f" WHERE expires_at > make_timestamp({now}) AND expires_at < make_timestamp({month}) AND {scope.own}",
    )[0]
    orphaned = rows(cursor, f"SELECT count(*) FROM messages WHERE orphaned AND {scope.kept()} AND {scope.own}")[0][0]
    undated = rows(cursor, f"SELECT count(*) FROM messages WHERE sent_at IS NULL AND {scope.kept()} AND {scope.own}")[0][0]
    empty = rows(cursor, f"SELECT count(*) FROM conversations WHERE has_session AND message_count = 0 AND {scope.kept()} AND {scope.own}")[
        0
    ][0]

    def entries(topic: str, state: str) -> int:
        return sum(row[state] for row in kinds if row["topic"] == topic)

    return {
        "reminders_open": entries("reminders", "open"),
        "reminders_done": entries("reminders", "done"),
        "todos_open": entries("todos", "open"),
        "todos_done": entries("todos", "done"),
        "messages_expiring_7_days": in_week,
        "messages_expiring_30_days": in_month,
        "orphaned_messages": orphaned,
        "empty_sessions": empty,
        "undated_messages": undated,
    }


def adoption(cursor: duckdb.DuckDBPyConnection, scope: Scope, active: Ints) -> float | None:
    """The share of the window's active users with preferences, over the systems that keep any. `active` has each at least once."""
    condition = f"topic = 'preferences' AND {scope.kept()} AND {scope.there}"
    systems = rows(cursor, f"SELECT DISTINCT system_id FROM records WHERE {condition}")
    if not systems:
        return None
    having = rows(cursor, f"SELECT DISTINCT person FROM records WHERE {condition} AND person IS NOT NULL")
    could = rows(cursor, "SELECT person FROM people WHERE system_id IN (SELECT unnest(?::UTINYINT[]))", [[system for (system,) in systems]])
    among = np.intersect1d(active, [person for (person,) in could])
    return len(np.intersect1d(among, [person for (person,) in having])) / len(among) if len(among) else None


def records(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> list[dict[str, Any]]:
    found = rows(
        cursor,
        f"""
        SELECT system, kind, any_value(topic), count(*), count(DISTINCT person), sum(open)::BIGINT, sum(done)::BIGINT
        FROM (SELECT * FROM records WHERE {scope.kept()} AND {scope.own}) JOIN systems USING (system_id)
        GROUP BY system, kind ORDER BY system, kind""",
    )
    return [dict(zip(("system", "kind", "topic", "records", "users", "open", "done"), row, strict=True)) for row in found]
