"""Conversations: started, active, how long; their messages by day, hour of the week, tenant, user and system."""

# ruff: noqa: S608 - what goes into statements is written here or is a whole number: see Scope

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb

from data_access.snapshot.hot import pairs, rows, utc
from data_access.snapshot.loading import quarter_of
from data_access.usage.scope import Scope
from data_access.windows import micros

Value = int | float | None
Row = dict[str, Any]

# Lowest and highest number of messages of each bar.
LENGTHS: tuple[tuple[int, int | None], ...] = ((1, 1), (2, 2), (3, 5), (6, 10), (11, 20), (21, 50), (51, 100), (101, None))
_HEAT_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)

Daily = Mapping[int, Row]
_SUMS = ("asked", "answered", "system_messages", "tool_messages", "turns", "timed", "tokens", "with_tokens")


def prepare(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> Daily:
    """What happened on each day, by number. Makes temporary tables: `conv_days`, which conversations were active on a day, and
    `talks`, the active conversations with their length."""
    activity, day = scope.activity(), scope.clock.day()
    cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE conv_days AS SELECT DISTINCT conv, {day} AS day FROM {activity} WHERE asked + answered > 0"
    )
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE talks AS
        SELECT conv, sum(asked + answered)::INTEGER AS length, min(first_at) AS first_at, max(last_at) AS last_at
        FROM {activity} WHERE asked + answered > 0 GROUP BY conv"""
    )
    sums = ", ".join(f"sum({name})::BIGINT" for name in _SUMS)
    found: dict[int, Row] = {
        row[0]: dict(zip(_SUMS, row[1:], strict=True)) | {"conversations_active": 0}
        for row in rows(cursor, f"SELECT {day} AS day, {sums} FROM {activity} GROUP BY day")
    }
    for number, active in rows(cursor, "SELECT day, count(*) FROM conv_days GROUP BY day"):
        found[number]["conversations_active"] = active
    return found


def started_by_day(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> dict[int, int]:
    day = scope.clock.day(quarter_of("started_at"))
    return pairs(cursor, f"SELECT {day} AS day, count(*) FROM {kept(scope)} WHERE {scope.sent('started_at')} GROUP BY day")


def metrics(cursor: duckdb.DuckDBPyConnection, scope: Scope, daily: Daily) -> dict[str, Value]:
    asked, answered, system_messages, tool_messages, turns, timed, tokens, with_tokens = (
        sum(day[name] for day in daily.values()) for name in _SUMS
    )
    active, lengths, durations = rows(
        cursor,
        """
        SELECT count(*), quantile_cont(length, [0.5, 0.95]),
            quantile_cont((epoch_us(last_at) - epoch_us(first_at)) / 1e6, [0.5, 0.95]) FILTER (length > 1)
        FROM talks""",
    )[0]
    started, listed = rows(
        cursor, f"SELECT count(*) FILTER ({scope.sent('started_at')}), count(*) FILTER ({overlaps(scope)}) FROM {kept(scope)}"
    )[0]
    messages = asked + answered
    return {
        "conversations_started": started,
        "conversations_active": active,
        "conversations_listed": listed,
        "messages": messages,
        "user_messages": asked,
        "assistant_messages": answered,
        "system_messages": system_messages,
        "tool_messages": tool_messages,
        "messages_per_conversation": messages / active if active else None,
        "length_median": lengths[0] if lengths else None,
        "length_p95": lengths[1] if lengths else None,
        "duration_median": durations[0] if durations else None,
        "duration_p95": durations[1] if durations else None,
        "responses_timed": timed,
        "responses_left_out": turns - timed,
        "tokens": tokens,
        "messages_with_tokens": with_tokens,
        "tokens_per_message": tokens / with_tokens if with_tokens else None,
    }


def kept(scope: Scope) -> str:
    return f"(SELECT * FROM conversations WHERE {scope.own} AND {scope.kept()})"


def overlaps(scope: Scope) -> str:
    """The rule of the list: see data_access.items.conversations.in_window."""
    since, until = scope.window.since, scope.window.until
    terms = ["true"]
    terms += [f"started_at < make_timestamp({micros(until)})"] if until else []
    terms += [f"last_activity_at >= make_timestamp({micros(since)})"] if since else []
    return f"(started_at IS NULL OR last_activity_at IS NULL OR ({' AND '.join(terms)}))"


def row(day: Row | None) -> Row:
    """The part of a row of `days` that is about messages."""
    day = day or dict.fromkeys((*_SUMS, "conversations_active"), 0)
    return {
        "conversations_active": day["conversations_active"],
        "messages": day["asked"] + day["answered"],
        "user_messages": day["asked"],
        "assistant_messages": day["answered"],
        "system_messages": day["system_messages"],
        "tool_messages": day["tool_messages"],
        "tokens": day["tokens"],
    }


def active_by(cursor: duckdb.DuckDBPyConnection, bucket: str) -> dict[int, int]:
    """Active conversations by week or month: `bucket` is SQL over the day."""
    return pairs(cursor, f"SELECT {bucket} AS bucket, count(DISTINCT conv) FROM conv_days GROUP BY bucket")


def lengths(cursor: duckdb.DuckDBPyConnection) -> list[Row]:
    """Active conversations by length; `high` is None where there is no end."""
    cases = " ".join(f"WHEN length >= {low} THEN {n}" for n, (low, _) in reversed(list(enumerate(LENGTHS))))
    found = pairs(cursor, f"SELECT CASE {cases} END AS bar, count(*) FROM talks GROUP BY bar")
    return [{"low": low, "high": high, "conversations": found.get(n, 0)} for n, (low, high) in enumerate(LENGTHS)]


def heatmap(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> list[Row]:
    """All 168 hours of the week, Monday 00:00 first."""
    found = {
        slot: (messages, conversations)
        for slot, messages, conversations in rows(
            cursor,
            f"""
            SELECT {scope.clock.slot()} AS slot, sum(asked + answered)::BIGINT, count(DISTINCT conv)
            FROM {scope.activity()} WHERE asked + answered > 0 GROUP BY slot""",
        )
    }
    return [
        {"weekday": slot // 24, "hour": slot % 24, "messages": counts[0], "conversations": counts[1]}
        for slot in range(168)
        for counts in (found.get(slot, (0, 0)),)
    ]


def bounds(counts: list[int]) -> tuple[float, ...]:
    """5, 25, 50, 75 and 95 % of the values above zero: a colour scale between the outer two is not washed out by one spike."""
    import numpy as np

    some = [count for count in counts if count]
    return tuple(float(value) for value in np.quantile(some, _HEAT_QUANTILES)) if some else ()


# What a leaderboard adds up: the length of a talk, with whose it was.
_OWNED = "(SELECT * FROM talks JOIN (SELECT conv, system_id, tenant, person FROM conversations) AS owners USING (conv))"


def tenants(cursor: duckdb.DuckDBPyConnection, top: int) -> list[Row]:
    found = rows(
        cursor,
        f"""
        SELECT systems.system, tenants.tenant_id, messages, conversations, users FROM (
            SELECT tenant, sum(length)::BIGINT AS messages, count(*) AS conversations, count(DISTINCT person) AS users
            FROM {_OWNED} WHERE tenant IS NOT NULL GROUP BY tenant ORDER BY messages DESC, tenant LIMIT ?
        ) JOIN tenants USING (tenant) JOIN systems USING (system_id)
        ORDER BY messages DESC, tenant""",
        [top],
    )
    return [dict(zip(("system", "tenant_id", "messages", "conversations", "users"), row, strict=True)) for row in found]


def users(cursor: duckdb.DuckDBPyConnection, top: int) -> list[Row]:
    found = rows(
        cursor,
        f"""
        SELECT systems.system, people.user_id, messages, conversations, last_at FROM (
            SELECT person, sum(length)::BIGINT AS messages, count(*) AS conversations, max(last_at) AS last_at
            FROM {_OWNED} WHERE person IS NOT NULL GROUP BY person ORDER BY messages DESC, person LIMIT ?
        ) JOIN people USING (person) JOIN systems USING (system_id)
        ORDER BY messages DESC, person""",
        [top],
    )
    return [
        {"system": system, "user_id": user, "messages": messages, "conversations": conversations, "last_message_at": utc(last)}
        for system, user, messages, conversations, last in found
    ]


def systems(cursor: duckdb.DuckDBPyConnection) -> list[Row]:
    found = rows(
        cursor,
        f"""
        SELECT system, messages, conversations, users FROM (
            SELECT system_id, sum(length)::BIGINT AS messages, count(*) AS conversations, count(DISTINCT person) AS users
            FROM {_OWNED} GROUP BY system_id
        ) JOIN systems USING (system_id) ORDER BY messages DESC, system""",
    )
    return [dict(zip(("system", "messages", "conversations", "users"), row, strict=True)) for row in found]
