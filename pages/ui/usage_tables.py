"""Usage by tool, tenant, user and system, and what is kept: tables whose numbers open their conversations.

Names of tools, tenants and users are stored text: they are in canvas cells only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import streamlit as st

from data_access.usage import Cell
from pages.ui import tables, usage_talks
from pages.ui.shown import names
from pages.ui.usage_files import Rows
from pages.ui.usage_view import View

_text, _number = st.column_config.TextColumn, st.column_config.NumberColumn


def tools(view: View) -> None:
    view.tiles("tool_calls", "tool_calls_failed", "tool_failure_rate", "tool_calls_without_result", "tool_seconds_median")
    rows = view.rows("tools")
    with view.part("By tool", rows, "tools", about="A number of conversations opens exactly those." if view.opens else None):
        if not rows:
            st.caption("No tool was called in this time range.")
            return
        most = max(row["failure_rate"] for row in rows)
        columns = {
            "Tool": (_texts(rows, "tool"), _text(width=230)),
            "Calls": (_column(rows, "calls"), _count()),
            "Failed": (_column(rows, "failed"), _count()),
            "Failure rate": (
                pa.array([100 * row["failure_rate"] for row in rows], pa.float64()),
                st.column_config.ProgressColumn(format="%.1f %%", min_value=0, max_value=max(100 * most, 1.0), width=140, color="red"),
            ),
            "No result": (_column(rows, "without_result"), _count()),
            "Median": (_seconds(rows, "seconds_median"), _number(format="%.2f s", width=84, help="Where the calls' times are stored.")),
            "95 %": (_seconds(rows, "seconds_p95"), _number(format="%.2f s", width=84)),
            "Conversations": ([row["conversations"] for row in rows], None),
            "With a failure": ([row["failed_conversations"] for row in rows], None),
        }
        if all(row["seconds_median"] is None for row in rows):
            del columns["Median"], columns["95 %"]
        opens = {"Conversations": lambda row: Cell(tool=row["tool"]), "With a failure": lambda row: Cell(tool=row["tool"], failed=True)}
        view.table(rows, columns, opens, key="usage_tools", alt="Tools by calls, failures and time")


def leaders(view: View) -> None:
    _leaders(view, "tenants", "Tenants", "tenant_id", lambda row: Cell(system=row["system"], tenant=row["tenant_id"]))
    _leaders(view, "users", "Users", "user_id", lambda row: Cell(system=row["system"], user=row["user_id"]))
    if len(view.rows("systems")) > 1:
        _leaders(view, "systems", "Systems", None, lambda row: Cell(system=row["system"]))


def _leaders(view: View, series: str, title: str, name: str | None, cell: Any) -> None:
    rows = view.rows(series)
    about = "Most messages of users and of the assistant first, 20 at most." if name else None
    with view.part(title, rows, series, about=about):
        if not rows:
            st.caption(f"No {title.lower()} in this time range.")
            return
        columns: dict[str, tuple[Any, Any]] = {}
        if name:
            columns[title[:-1]] = (pa.array(tables.short([row[name] for row in rows], names()), pa.string()), _text(width=230))
        if not name or len({row["system"] for row in rows}) > 1:
            columns["System"] = (pa.array([view.title(row["system"]) for row in rows], pa.string()), _text(width=130))
        columns["Messages"] = (_column(rows, "messages"), _count())
        columns["Conversations"] = ([row["conversations"] for row in rows], None)
        if "users" in rows[0]:
            columns["Users"] = (_column(rows, "users"), _count())
        if "last_message_at" in rows[0]:
            moments = pa.array([row["last_message_at"] for row in rows], pa.timestamp("us", tz="UTC"))
            columns["Last message"] = (
                moments,
                st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm", timezone=view.zone.key, width=128),
            )
        view.table(rows, columns, {"Conversations": cell}, key=f"usage_{series}", alt=f"{title} by messages")


def kept(view: View) -> None:
    """What the snapshot holds now, whatever the time range: expiry, loose ends, records about users."""
    st.caption("As the snapshot is now, whatever the time range.")
    view.tiles("messages_expiring_7_days", "messages_expiring_30_days", "orphaned_messages", "empty_sessions", "undated_messages")
    usage_talks.opener(view, Cell(of="empty"), "empty_sessions")
    rows = view.rows("records")
    with view.part("Records about users", rows, "records", about="Preferences, reminders, todos and the like, beside conversations."):
        if not rows:
            st.caption("None of these systems keeps records beside conversations.")
            return
        view.tiles("preferences_adoption", "reminders_open", "reminders_done", "todos_open", "todos_done")
        columns = {
            "System": (pa.array([view.title(row["system"]) for row in rows], pa.string()), _text(width=130)),
            "Kind": (_texts(rows, "kind"), _text(width=200)),
            "Records": (_column(rows, "records"), _count()),
            "Users": (_column(rows, "users"), _count()),
            "Open": (_column(rows, "open"), _count()),
            "Done": (_column(rows, "done"), _count()),
        }
        view.table(rows, columns, {}, key="usage_records", alt="Records about users by kind")


def _count() -> Any:
    return _number(format="localized", width=84)


def _texts(rows: Rows, name: str) -> pa.Array:
    return pa.array([tables.preview(row[name]) for row in rows], pa.string())


def _column(rows: Rows, name: str) -> pa.Array:
    return pa.array([row[name] for row in rows], pa.int64())


def _seconds(rows: Sequence[Any], name: str) -> pa.Array:
    return pa.array([row[name] for row in rows], pa.float64())
