"""Usage over time: by day, week or month, and by the hours of the week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import streamlit as st

from data_access.usage import Cell
from data_access.windows import MONTH, WEEK
from pages.ui import charts, usage_files
from pages.ui.usage_files import Rows
from pages.ui.usage_link import WEEKDAYS
from pages.ui.usage_view import View

ACTIVE, STARTED, MESSAGES, USERS, RESPONSES, TOKENS = "Active", "Started", "Messages", "Users", "Response time", "Tokens"
DAY, OF_WEEK, OF_MONTH = "Day", "Week", "Month"
_SERIES = {DAY: "days", OF_WEEK: "weeks", OF_MONTH: "months"}
_LENGTHS = {DAY: 1, OF_WEEK: 7, OF_MONTH: 30}


@dataclass(frozen=True, slots=True)
class Points:
    """What a chart over time draws: for the first day of each part its traces, and the conversations behind it."""

    days: Sequence[date]
    traces: Mapping[str, Sequence[Any]]
    cells: Sequence[Cell]


def show(view: View) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        what = _choose("Show", (ACTIVE, STARTED, MESSAGES, USERS, RESPONSES, *_tokens(view)), ACTIVE, "usage_show")
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            # Percentiles of days do not add up to one of a week.
            by = DAY if what == RESPONSES else _choose("By", (DAY, OF_WEEK, OF_MONTH), DAY, "usage_by")
            usage_files.offer(view.rows(_SERIES[by]), _SERIES[by], view.zone)
    drawn = points(view.found.series, what, by)
    cut = len(drawn.days) - charts.MOST_POINTS
    if cut > 0:
        drawn = Points(drawn.days[cut:], {name: values[cut:] for name, values in drawn.traces.items()}, drawn.cells[cut:])
        st.caption(f"The last {charts.MOST_POINTS:,} days; all of them are in the data.")
    figure = charts.over_time(
        drawn.days, drawn.traces, lines=what == RESPONSES, length_days=_LENGTHS[by], suffix=" s" if what == RESPONSES else ""
    )
    view.chart(figure, key=f"usage_over_{by}", alt=f"{_NAMES[what]} by {by.lower()}", cells=drawn.cells)
    click = f"Click to open the conversations {'that began' if what == STARTED else 'active'} then; the" if view.opens else "The"
    st.caption(f"{_NAMES[what]} by {by.lower()}. {click} first and the last {by.lower()} can be partial.")


_NAMES = {
    ACTIVE: "Conversations active",
    STARTED: "Conversations started",
    MESSAGES: "Messages of users and of the assistant",
    USERS: "Active users, new and returning,",
    RESPONSES: "Response time, median and 95 %,",
    TOKENS: "Tokens",
}


def _tokens(view: View) -> tuple[str, ...]:
    return (TOKENS,) if view.found.metrics["tokens"] else ()


def _choose(label: str, options: Sequence[str], default: str, key: str) -> str:
    found = st.segmented_control(
        label, options, default=default, required=True, key=key, label_visibility="collapsed", persist_state="session", width="content"
    )
    return found or default


def points(series: Mapping[str, Rows], what: str, by: str) -> Points:
    """What to draw. What adds up is added up over a week's or month's days; the rest has rows of its own."""
    rows = _added(series, by) if by != DAY else series["days"]
    days = [row["day"] for row in rows]
    traces = {
        ACTIVE: {"Conversations": "conversations_active"},
        STARTED: {"Conversations": "conversations_started"},
        MESSAGES: {"Users": "user_messages", "Assistant": "assistant_messages"},
        USERS: {"New": "new_users", "Returning": "returning_users"},
        RESPONSES: {"Median": "response_p50", "95 %": "response_p95"},
        TOKENS: {"Tokens": "tokens"},
    }[what]
    found = {name: [_value(row, column) for row in rows] for name, column in traces.items()}
    of = "started" if what == STARTED else "active"
    place = {DAY: "day", OF_WEEK: "week", OF_MONTH: "month"}[by]
    return Points(days, found, [Cell(of=of, **{place: day}) for day in days])


def _value(row: Mapping[str, Any], column: str) -> Any:
    return row["active_users"] - row["new_users"] if column == "returning_users" else row[column]


_ADDED = ("conversations_started", "user_messages", "assistant_messages", "new_users", "tokens")


def _added(series: Mapping[str, Rows], by: str) -> Rows:
    calendar = WEEK if by == OF_WEEK else MONTH
    found: dict[date, dict[str, Any]] = {}
    for row in series["days"]:
        start = calendar.start(row["day"])
        into = found.setdefault(start, {"day": start, "active_users": 0, "conversations_active": 0, **dict.fromkeys(_ADDED, 0)})
        for name in _ADDED:
            into[name] += row[name]
    for row in series[_SERIES[by]]:
        found[row["from"]].update(active_users=row["active_users"], conversations_active=row["conversations_active"])
    return [found[start] for start in sorted(found)]


def hours(view: View) -> None:
    """The week by hours. A cell's colour is its place among all cells, so that one busy hour does not make the rest pale."""
    rows = view.rows("heatmap")
    with view.part(
        "Hours of the week",
        rows,
        "hours",
        about="Conversations active in each hour of the week, in your time zone. The colour says where an hour stands among all"
        " (5, 25, 50, 75, 95 %), so one spike does not wash out the rest.",
    ):
        cells = [Cell(weekday=row["weekday"], hour=row["hour"]) for row in rows]
        values = {
            (row["weekday"], row["hour"]): (
                charts.shade(row["conversations"], view.found.heat_bounds),
                f"{row['conversations']:,}" if row["conversations"] else "",
                f"{WEEKDAYS[row['weekday']]} {row['hour']:02}:00, {row['conversations']:,} conversations, {row['messages']:,} messages",
            )
            for row in rows
        }
        figure = charts.cells([day[:3] for day in WEEKDAYS], [f"{hour:02}" for hour in range(24)], values)
        view.chart(figure, key="usage_hours", alt="Conversations active by weekday and hour", cells=cells)
