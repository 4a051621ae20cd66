"""Indexes that nobody read in this time: each is a copy that every write pays for."""

from __future__ import annotations

import streamlit as st

from data_access.capacity.report import UnusedIndex
from pages.ui import capacity_view, untrusted
from pages.ui.capacity_view import View
from pages.ui.untrusted import escape

_EVIDENCE = {
    "written": "written, never read",
    "zero": "reads of zero were reported",
    "table in use": "no data point; its table has some",
    "no traffic": "no data point, nor of its table: nothing follows",
}


def show(view: View) -> None:
    indexes = [one for one in view.resources if one.index is not None]
    series = [(one.system, flow.consumed) for one in indexes for flow in (one.reads, one.writes)]
    about = (
        "Global indexes without a read. A read that comes once a quarter is not in a short time: choose a longer one before you delete an"
        " index. Local indexes are not listed: CloudWatch counts them with their table."
    )
    with view.part("Unused indexes", series, "indexes", about=about):
        found = [(report.system, one) for report in view.reports for one in report.unused if view.has(one.table)]
        if found:
            _table(view, found)
        unknown = [one.name for one in indexes if one.reads.consumed.status != "complete"]
        if unknown:
            wrong = capacity_view.trouble([one.reads.consumed for one in indexes])
            st.caption(escape(f"Reads are not known in full of {', '.join(unknown)}: {wrong}. Nothing follows for them."))
        elif not indexes:
            st.caption("There is no global index here.")
        elif not found:
            st.caption(f":material/check: Each of the {len(indexes)} global indexes was read in this time.")


def _table(view: View, found: list[tuple[str, UnusedIndex]]) -> None:
    live = {(one.system, one.table.live.name, index.live.name): index.live for one in view.resources for index in one.table.indexes}
    own = [live.get((system, one.table, one.index)) for system, one in found]
    untrusted.table(
        {
            "Table": [one.table for _, one in found],
            "Index": [one.index for _, one in found],
            "What is known": [_EVIDENCE[one.evidence] for _, one in found],
            "Not read since": [capacity_view.when(one.since, view.zone) for _, one in found],
            "Write units": [one.writes for _, one in found],
            "MB": [None if one is None or one.bytes is None else one.bytes / 1_000_000 for one in own],
            "In the layout": [None if one is None else "yes" if one.in_layout else "no" for one in own],
            "Data": [one.coverage for _, one in found],
        },
        column_config={
            "What is known": st.column_config.TextColumn(width="medium"),
            "Not read since": st.column_config.TextColumn(help="The beginning of this time, or of the table: older reads are not known."),
            "Write units": st.column_config.NumberColumn(format="%,d", help="What keeping it up to date took in this time."),
            "MB": st.column_config.NumberColumn(format="%,.1f", help="As AWS last counted it; a dash where the engine keeps no size."),
            "In the layout": st.column_config.TextColumn(help="Whether the system's layout knows this index: its chatbot then needs it."),
            "Data": st.column_config.NumberColumn(
                format="percent", help="The share of this time in which CloudWatch has anything of the table or its indexes."
            ),
        },
        hide_index=True,
        placeholder="–",
        key="capacity_unused",
        alt="Indexes without a read",
    )
    st.caption("What they cost, and what goes away with them, is on the costs page. Ask whoever writes the chatbot before deleting one.")
