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
    found = rows(
        cursor,
        f"""
        SELECT tools.name, count(*), count(*) FILTER (status = 1), count(*) FILTER (status = 2),
            quantile_cont(seconds, [0.5, 0.95]), count(DISTINCT conv), count(DISTINCT conv) FILTER (status = 1), grouping(tools.name)
        FROM {calls} JOIN tools USING (tool) GROUP BY GROUPING SETS ((tools.name), ())
        ORDER BY count(*) DESC, tools.name""",
    )
    total = next((row for row in found if row[7]), (None, 0, 0, 0, None))
    _, made, failed, without, seconds = total[:5]
    metrics: dict[str, Value] = {
        "tool_calls": made,
        "tool_calls_failed": failed,
        "tool_calls_without_result": without,
        "tool_failure_rate": failed / made if made else None,
        "tool_seconds_median": seconds[0] if seconds else None,
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
        for name, made, failed, without, seconds, conversations, failing, all_tools in found
        if not all_tools
    ]
    return metrics, series
