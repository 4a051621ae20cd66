"""Who was active: active users by day, week and month, new and returning users, retention."""

# ruff: noqa: S608 - what goes into statements is written here or is a whole number: see Scope

from __future__ import annotations

from typing import Any

import duckdb

from data_access.snapshot.hot import pairs, rows
from data_access.snapshot.loading import quarter_of
from data_access.usage.scope import Scope
from data_access.windows import WEEK, Window, number_day

Value = int | float | None
Row = dict[str, Any]

_DAYS_A_MONTH, _DAYS_A_WEEK = 30, 7


def prepare(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> None:
    """Temporary tables: `person_days`, who wrote on which day; `firsts`, the first message of everybody who ever wrote."""
    cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE person_days AS SELECT DISTINCT person, {scope.clock.day()} AS day"
        f" FROM {scope.activity()} WHERE asked > 0 AND person IS NOT NULL"
    )
    ever = scope.within(Window(None, scope.window.until)).activity()
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE firsts AS"
        f" SELECT person, min(first_asked_at) AS first_at FROM {ever} WHERE asked > 0 AND person IS NOT NULL GROUP BY person"
    )


def metrics(cursor: duckdb.DuckDBPyConnection, scope: Scope, days: tuple[int, int]) -> dict[str, Value]:
    """`days` are the first day of the window and the day after its last, by number."""
    first, after = days
    length = after - first
    month = min(_DAYS_A_MONTH, length)
    active, person_days, last_week, last_month, month_days = rows(
        cursor,
        f"""
        SELECT count(DISTINCT person), count(*), count(DISTINCT person) FILTER (day >= {after - _DAYS_A_WEEK}),
            count(DISTINCT person) FILTER (day >= {after - month}), count(*) FILTER (day >= {after - month})
        FROM person_days""",
    )[0]
    new = rows(cursor, f"SELECT count(*) FROM firsts WHERE {scope.sent('first_at')}")[0][0]
    return {
        "active_users": active,
        "daily_active_users": person_days / length if length else None,
        "weekly_active_users": last_week if length >= _DAYS_A_WEEK else None,
        "monthly_active_users": last_month if length >= _DAYS_A_MONTH else None,
        "stickiness": month_days / month / last_month if last_month else None,
        "new_users": new,
        "returning_users": active - new,
    }


def by_day(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> dict[int, tuple[int, int]]:
    """Active and new users of each day on which there were any."""
    day = scope.clock.day(quarter_of("first_at"))
    found = rows(
        cursor,
        f"""
        SELECT day, count(*) FILTER (kind = 0), count(*) FILTER (kind = 1) FROM (
            SELECT day, 0 AS kind FROM person_days
            UNION ALL SELECT {day}, 1 FROM firsts WHERE {scope.sent("first_at")}
        ) GROUP BY day""",
    )
    return {number: (active, new) for number, active, new in found}


def active_by(cursor: duckdb.DuckDBPyConnection, bucket: str) -> dict[int, int]:
    """Active users by week or month: `bucket` is SQL over the day."""
    return pairs(cursor, f"SELECT {bucket} AS bucket, count(DISTINCT person) FROM person_days GROUP BY bucket")


def retention(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> list[Row]:
    """For each week in which somebody wrote for the first time: how many, and how many of them wrote `week` weeks after."""
    first_week = WEEK.sql(scope.clock.day(quarter_of("first_at")))
    found = rows(
        cursor,
        f"""
        WITH cohorts AS (SELECT person, {first_week} AS cohort FROM firsts WHERE {scope.sent("first_at")}),
        weeks AS (SELECT DISTINCT person, {WEEK.sql("day")} AS week FROM person_days)
        SELECT cohort, (week - cohort) // 7 AS week, count(*) FROM cohorts JOIN weeks USING (person)
        GROUP BY ALL ORDER BY ALL""",
    )
    sizes = {cohort: users for cohort, week, users in found if week == 0}
    return [
        {"cohort": number_day(cohort), "week": week, "users": users, "of": sizes[cohort], "share": users / sizes[cohort]}
        for cohort, week, users in found
    ]
