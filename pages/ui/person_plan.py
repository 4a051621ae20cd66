"""A plan of an erasure to read before anybody says yes: what goes, what it costs, what stays, who looks alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import streamlit as st

from data_access.erasure.copies import remains, without_date
from data_access.erasure.model import Copy, Plan
from pages.ui import person_held, person_ids, person_near, person_scope, reading, times, untrusted
from pages.ui.untrusted import escape, reveal


def show(plan: Plan, titles: Mapping[str, str], zone: ZoneInfo) -> None:
    """The whole plan. The user's id is shortened: it is typed from what was asked, not from here."""
    untrusted.text(f"{person_scope.in_words(plan.scope, titles)}, of the user {person_ids.masked(plan.scope.user_id)}")
    _tiles(plan)
    if plan.blocked:
        with st.container(border=True, gap="xsmall"):
            st.markdown(":red[:material/block:] **This cannot be erased as it is**")
            for sentence in plan.blocked:
                untrusted.text(sentence)
    _counts(plan, titles)
    if plan.neighbours:
        with st.expander(f"Ids that look like this one ({len(plan.neighbours):,})", icon=":material/group:", expanded=True):
            st.caption("They are other people. Nothing of theirs is in this plan.")
            person_near.table(plan.neighbours, titles, key="person_plan_near", look_up=False)
    _sentences("Not in scope, and stays", plan.out_of_scope, icon="rule")
    _copies(plan.copies, zone)
    _sentences("Not erased by this", plan.not_performed, icon="do_not_disturb_on", expanded=True)
    _sentences("Read from end to end for this plan", plan.scanned, icon="database")
    st.caption(
        f"Plan {escape(plan.plan_id)}, made {times.moment(plan.created_at, zone, seconds=True)}. "
        "SHA-256 of all that it says, and of its keys:"
    )
    st.code(reveal(plan.digest), language=None, wrap_lines=True)


def _tiles(plan: Plan) -> None:
    shown = {
        "Items to erase": f"{plan.keys:,}",
        "Stored": person_held.size(sum(row.bytes for row in plan.counts)),
        "Write units": "–" if plan.write_units is None else reading.units(plan.write_units),
        "Costs about": person_held.dollars(plan.usd),
        "Takes about": "–" if plan.seconds is None else _length(plan.seconds),
    }
    grid = st.grid("auto", min_column_width=130, gap=("xsmall", "medium"))
    for name, value in shown.items():
        with grid.cell():
            st.metric(name, value)


def _length(seconds: float) -> str:
    return "under a second" if seconds < 1 else times.duration(round(seconds))


def _counts(plan: Plan, titles: Mapping[str, str]) -> None:
    rows = plan.counts
    if not rows:
        return
    columns: dict[str, tuple[Any, Any]] = {
        "Table": (_texts([row.table for row in rows]), st.column_config.TextColumn(width=200)),
        "Items": (pa.array([row.items for row in rows], pa.int64()), st.column_config.NumberColumn(width=76, format="localized")),
        "Stored": (_texts([person_held.size(row.bytes) for row in rows]), st.column_config.TextColumn(width=88)),
        "Write units": (pa.array([row.write_units for row in rows], pa.float64()), st.column_config.NumberColumn(width=96, format="%,.1f")),
        "Cost": (_texts([reading.money(row.usd) for row in rows]), st.column_config.TextColumn(width=106)),
        "System": (_texts([titles.get(row.system, row.system) for row in rows]), st.column_config.TextColumn(width=175)),
        "Found by": (_texts([row.found_by for row in rows]), st.column_config.TextColumn(width=430)),
    }
    person_held.table(columns, key=f"person_counts_{plan.plan_id}", alt="What would be erased, by table")


def _copies(copies: Sequence[Copy], zone: ZoneInfo) -> None:
    left = [copy for copy in copies if remains(copy)]
    off = len(copies) - len(left)
    label = f"Copies that remain, or are not known ({len(left):,})" if left else "No copy of these tables was found"
    with st.expander(label, icon=":material/content_copy:", expanded=False, on_change="rerun", key="person_copies") as folded:
        if not folded.open:
            return
        if left:
            columns: dict[str, tuple[Any, Any]] = {
                "Table": (_texts([copy.table for copy in left]), st.column_config.TextColumn(width=215)),
                "Copy": (_texts([copy.what for copy in left]), st.column_config.TextColumn(width=190)),
                "State": (_texts([copy.state for copy in left]), st.column_config.TextColumn(width=130)),
                "Last possible": (
                    _texts([times.moment(copy.last_possible, zone) if copy.last_possible else without_date(copy) for copy in left]),
                    st.column_config.TextColumn(width=128),
                ),
                "Note": (_texts([copy.note for copy in left]), st.column_config.TextColumn(width=520)),
            }
            person_held.table(columns, key="person_plan_copies", alt="Copies that this erasure does not reach")
        if off:
            st.caption(f"{off:,} more were asked about and are off, or there is none of them.")


def _sentences(title: str, sentences: Sequence[str], *, icon: str, expanded: bool = False) -> None:
    """Sentences can name a tenant or a table: plain text."""
    if not sentences:
        return
    with st.expander(f"{title} ({len(sentences):,})", icon=f":material/{icon}:", expanded=expanded):
        untrusted.text("\n".join(f"– {sentence}" for sentence in sentences))


def _texts(values: Sequence[str]) -> pa.Array:
    return pa.array(list(values), pa.string())
