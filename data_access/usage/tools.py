"""Tools: how often they were called, how often they failed, how long they took."""

# ruff: noqa: S608 - what goes into statements is written here or is a whole number: see Scope

from __future__ import annotations

from typing import Any

import duckdb

from data_access.snapshot.hot import rows
from data_access.usage.scope import Scope

Value = int | float | None


def measure(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> tuple[dict[str, Value], list[dict[str, Any]]]:
    """The metrics over all tools, and a row a tool, most calls first."""
    calls = f"(SELECT * FROM tool_calls WHERE {scope.sent()} AND {scope.kept()} AND {scope.own})"
    # Calls of one conversation first: counting conversations is then counting rows.
    found = rows(
        cursor,
        f"""
        WITH by_conv AS (
            SELECT tool, conv, count(*) AS calls, count(*) FILTER (status = 1) AS failed, count(*) FILTER (status = 2) AS without
            FROM {calls} GROUP BY tool, conv
        ),
        counted AS (
            SELECT tool, sum(calls)::BIGINT AS calls, sum(failed)::BIGINT AS failed, sum(without)::BIGINT AS without,
                count(*) AS conversations, count(*) FILTER (failed > 0) AS failing
            FROM by_conv GROUP BY tool
        ),
        timed AS (SELECT tool, quantile_cont(seconds, [0.5, 0.95]) AS seconds FROM {calls} GROUP BY tool)
        SELECT tools.name, calls, failed, without, seconds, conversations, failing
        FROM counted JOIN timed USING (tool) JOIN tools USING (tool) ORDER BY calls DESC, tools.name""",
    )
    made, failed, without = (sum(row[place] for row in found) for place in (1, 2, 3))
    seconds = rows(cursor, f"SELECT quantile_cont(seconds, 0.5) FROM {calls}")[0][0]
    metrics: dict[str, Value] = {
        "tool_calls": made,
        "tool_calls_failed": failed,
        "tool_calls_without_result": without,
        "tool_failure_rate": failed / made if made else None,
        "tool_seconds_median": seconds,
    }
    series = [
        {
            "tool": name,
            "calls": made,
            "failed": failed,
            "without_result": without,
            "failure_rate": failed / made,
            "seconds_median": seconds[0] if seconds else None,
            "seconds_p95": seconds[1] if seconds else None,
            "conversations": conversations,
            "failed_conversations": failing,
        }
        for name, made, failed, without, seconds, conversations, failing in found
    ]
    return metrics, series
