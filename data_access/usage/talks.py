"""Conversations: started, active, how long; their messages by day, hour of the week, tenant, user and system."""

# ruff: noqa: S608 - what goes into statements is written here or is a whole number: see Scope

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import numpy as np

from data_access.snapshot.hot import pairs, rows
from data_access.snapshot.loading import quarter_of
from data_access.usage.presence import Activity, Talks
from data_access.usage.scope import Scope
from data_access.windows import micros

Value = int | float | None
Row = dict[str, Any]

# Lowest and highest number of messages of each bar.
LENGTHS: tuple[tuple[int, int | None], ...] = ((1, 1), (2, 2), (3, 5), (6, 10), (11, 20), (21, 50), (51, 100), (101, None))
_HEAT_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)

Daily = Mapping[int, Row]
_SUMS = ("asked", "answered", "system_messages", "tool_messages", "turns", "timed", "tokens", "with_tokens")


def daily(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> Daily:
    """What was said on each day on which anything was, by number."""
    sums = ", ".join(f"sum({name})::BIGINT" for name in _SUMS)
    return {
        row[0]: dict(zip(_SUMS, row[1:], strict=True))
        for row in rows(cursor, f"SELECT {scope.clock.day()} AS day, {sums} FROM {scope.activity()} GROUP BY day")
    }


def started_by_day(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> dict[int, int]:
    day = scope.clock.day(quarter_of("started_at"))
    return pairs(cursor, f"SELECT {day} AS day, count(*) FROM {kept(scope)} WHERE {scope.sent('started_at')} GROUP BY day")


def metrics(cursor: duckdb.DuckDBPyConnection, scope: Scope, said: Daily, talks: Talks) -> dict[str, Value]:
    asked, answered, system_messages, tool_messages, turns, timed, tokens, with_tokens = (
        sum(day[name] for day in said.values()) for name in _SUMS
    )
    active = len(talks.conv)
    lengths = _quantiles(talks.length)
    durations = _quantiles((talks.last_at - talks.first_at)[talks.length > 1] / 1e6)
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
        "length_median": lengths[0],
        "length_p95": lengths[1],
        "duration_median": durations[0],
        "duration_p95": durations[1],
        "responses_timed": timed,
        "responses_left_out": turns - timed,
        "tokens": tokens,
        "messages_with_tokens": with_tokens,
        "tokens_per_message": tokens / with_tokens if with_tokens else None,
    }


def _quantiles(values: np.ndarray[Any, np.dtype[Any]]) -> tuple[float | None, float | None]:
    if not len(values):
        return None, None
    median, high = np.quantile(values, (0.5, 0.95))
    return float(median), float(high)


def kept(scope: Scope) -> str:
    return f"(SELECT * FROM conversations WHERE {scope.own} AND {scope.kept()})"


def overlaps(scope: Scope) -> str:
    """The rule of the list: see data_access.items.conversations.in_window."""
    since, until = scope.window.since, scope.window.until
    terms = ["true"]
    terms += [f"started_at < make_timestamp({micros(until)})"] if until else []
    terms += [f"last_activity_at >= make_timestamp({micros(since)})"] if since else []
    return f"(started_at IS NULL OR last_activity_at IS NULL OR ({' AND '.join(terms)}))"


def row(day: Row | None, active: int) -> Row:
    """The part of a row of `days` that is about messages."""
    day = day or dict.fromkeys(_SUMS, 0)
    return {
        "conversations_active": active,
        "messages": day["asked"] + day["answered"],
        "user_messages": day["asked"],
        "assistant_messages": day["answered"],
        "system_messages": day["system_messages"],
        "tool_messages": day["tool_messages"],
        "tokens": day["tokens"],
    }


def lengths(talks: Talks) -> list[Row]:
    """Active conversations by length; `high` is None where there is no end."""
    bars = np.searchsorted([low for low, _ in LENGTHS], talks.length, "right") - 1
    counts = np.bincount(bars, minlength=len(LENGTHS)).tolist()
    return [{"low": low, "high": high, "conversations": count} for (low, high), count in zip(LENGTHS, counts, strict=True)]


def heatmap(activity: Activity) -> list[Row]:
    """All 168 hours of the week, Monday 00:00 first."""
    messages, conversations = activity.by_slot()
    return [
        {"weekday": slot // 24, "hour": slot % 24, "messages": said, "conversations": active}
        for slot, (said, active) in enumerate(zip(messages.tolist(), conversations.tolist(), strict=True))
    ]


def bounds(counts: list[int]) -> tuple[float, ...]:
    """5, 25, 50, 75 and 95 % of the values above zero: a colour scale between the outer two is not washed out by one spike."""
    some = [count for count in counts if count]
    return tuple(float(value) for value in np.quantile(some, _HEAT_QUANTILES)) if some else ()
