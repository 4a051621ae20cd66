"""People: how many, how often, how many come back."""

from __future__ import annotations

from datetime import date

import streamlit as st

from pages.ui import charts
from pages.ui.usage_files import Rows
from pages.ui.usage_view import View

COHORTS = 26  # half a year of weeks
Shaded = dict[tuple[int, int], tuple[float, str, str]]


def show(view: View) -> None:
    view.tiles("returning_users", "daily_active_users", "weekly_active_users", "monthly_active_users", "stickiness")
    rows = view.rows("retention")
    with view.part(
        "Who came back",
        rows,
        "retention",
        about="Users by the week of their first message, as far as the snapshot and the filter know. Each cell is the share of them who"
        " wrote again so many weeks later. The first and the last week can be partial.",
    ):
        if not rows:
            st.caption("Nobody wrote for the first time in this time range.")
            return
        names, values, weeks = cohorts(rows)
        view.chart(
            charts.cells(names, [f"+{week}" if week else "Week" for week in range(weeks)], values),
            key="usage_retention",
            alt="Share of each week's new users who wrote again in the weeks after",
        )


def cohorts(rows: Rows) -> tuple[list[str], Shaded, int]:
    """Names of the rows, the cells, and the number of columns. A week that has passed without anybody is 0 %."""
    sizes: dict[date, int] = {row["cohort"]: row["of"] for row in rows}
    shown = sorted(sizes)[-COHORTS:]
    users = {(row["cohort"], row["week"]): row["users"] for row in rows}
    last = max(row["cohort"].toordinal() + 7 * row["week"] for row in rows)
    weeks = 1 + (last - shown[0].toordinal()) // 7
    # The week itself is always 100 %: it says nothing, and its colour would make the others pale.
    later = sorted(row["share"] for row in rows if row["week"])
    bounds = [later[int(part * (len(later) - 1))] for part in (0.05, 0.25, 0.5, 0.75, 0.95)] if later else []
    values: Shaded = {}
    for place, cohort in enumerate(shown):
        for week in range(1 + (last - cohort.toordinal()) // 7):
            came = users.get((cohort, week), 0)
            share = came / sizes[cohort]
            text = f"{came:,}" if week == 0 else f"{share:.0%}"
            hover = f"{came:,} of {sizes[cohort]:,} wrote {'in' if week == 0 else f'{week} weeks after'} the week from {cohort:%d %b %Y}"
            values[place, week] = (0.06 if week == 0 else charts.shade(share, bounds), text, hover)
    return [f"{cohort:%d %b}" for cohort in shown], values, weeks
