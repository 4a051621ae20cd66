"""Conversations: how many messages, how long; and how fast they are answered."""

from __future__ import annotations

import streamlit as st

from data_access.usage import Cell
from pages.ui import charts, metrics, usage_link
from pages.ui.usage_link import Question
from pages.ui.usage_time import DAY, RESPONSES, points
from pages.ui.usage_view import View


def lengths(view: View) -> None:
    view.tiles(
        *("conversations_active", "conversations_started", "conversations_listed"),
        *("messages_per_conversation", "length_median", "length_p95", "duration_median", "duration_p95"),
    )
    if view.opens:
        with st.container(horizontal=True):
            opener(view, Cell(), "conversations_active")
            opener(view, Cell(of="started"), "conversations_started")
            opener(view, Cell(of="listed"), "conversations_listed")
    rows = view.rows("lengths")
    with view.part("Length", rows, "lengths", about="Active conversations by the number of their messages in the time range."):
        names = [_bar(row["low"], row["high"]) for row in rows]
        hover = [f"{row['conversations']:,} conversations with {usage_link.length(row['low'], row['high'])}" for row in rows]
        view.chart(
            charts.columns(names, [row["conversations"] for row in rows], hover=hover),
            key="usage_lengths",
            alt="Active conversations by number of messages",
            cells=[Cell(length=(row["low"], row["high"])) for row in rows],
        )
    st.subheader("Messages by role, and tokens", anchor=False)
    view.tiles(
        *("user_messages", "assistant_messages", "system_messages", "tool_messages"),
        *("tokens", "messages_with_tokens", "tokens_per_message"),
    )


def opener(view: View, cell: Cell, name: str) -> None:
    """A button that opens the conversations of a tile's number, for who may list them."""
    if not view.opens:
        return
    count = view.found.metrics[name] or 0
    st.button(
        f"Open {metrics.METRICS[name].title.lower()}",
        key=f"usage_open_{name}",
        icon=":material/arrow_outward:",
        type="tertiary",
        disabled=not count,
        on_click=usage_link.open_later,
        args=(Question(view.asked, cell),),
    )


def _bar(low: int, high: int | None) -> str:
    return f"{low}+" if high is None else f"{low}" if low == high else f"{low}–{high}"


def responses(view: View) -> None:
    view.tiles("response_p50", "response_p90", "response_p95", "response_p99", "responses_timed", "responses_left_out")
    found = view.found.metrics
    left, timed = found["responses_left_out"] or 0, found["responses_timed"] or 0
    if left:
        st.caption(
            f"{left:,} of {left + timed:,} responses are left out: their stored times cannot carry a response time, and would count as 0 s."
        )
    rows = [{name: row[name] for name in ("day", "response_p50", "response_p95")} for row in view.rows("days")][-charts.MOST_POINTS :]
    with view.part("Response time by day", rows, "responses"):
        if not timed:
            st.caption("No response of this time range has times that say how long it took.")
            return
        drawn = points({"days": view.rows("days")[-charts.MOST_POINTS :]}, RESPONSES, DAY)
        view.chart(
            charts.over_time(drawn.days, drawn.traces, lines=True, suffix=" s"),
            key="usage_responses",
            alt="Response time by day, median and 95 %",
            cells=drawn.cells,
        )
