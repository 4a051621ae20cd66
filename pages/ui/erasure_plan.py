"""A plan as it was shown to whoever confirmed it: counts by table, what stands against it, what stays, and the digest of it all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

import pyarrow as pa
import streamlit as st

from data_access.erasure.copies import remains
from data_access.erasure.model import Copy, Plan
from pages.ui import reading, times
from pages.ui.erasure_words import items
from pages.ui.markdown import code


def show(plan: Plan, titles: Mapping[str, str], zone: ZoneInfo) -> None:
    st.subheader("The plan", anchor=False)
    cost = f"{reading.units(plan.write_units)} write units" if plan.write_units is not None else "write units not known"
    price = f"estimated {cost}, {reading.money(plan.usd)} with all reads, {times.duration(plan.seconds)}".replace("$", "\\$")
    st.markdown(
        f"**{items(plan.keys)}** · {price}  \n:gray[:small[Made {times.moment(plan.created_at, zone)} · digest {code(plan.digest)}]]"
    )
    for sentence in plan.blocked:
        with st.container(horizontal=True, gap="xsmall"):
            st.markdown(":red[:material/block:]", width="content")
            st.text(sentence)
    if plan.counts:
        st.dataframe(
            {
                "System": [titles.get(one.system, one.system) for one in plan.counts],
                "Table": [one.table for one in plan.counts],
                "Items": [one.items for one in plan.counts],
                "Bytes": [one.bytes for one in plan.counts],
                "Found by": [one.found_by for one in plan.counts],
                "Write units": pa.array([one.write_units for one in plan.counts], pa.float64()),
                "US dollars": pa.array([one.usd for one in plan.counts], pa.float64()),
            },
            column_config={
                "System": st.column_config.TextColumn(width=170),
                "Table": st.column_config.TextColumn(width=210),
                "Items": st.column_config.NumberColumn(format="localized", width=84),
                "Bytes": st.column_config.NumberColumn(format="bytes", width=84),
                "Found by": st.column_config.TextColumn(width=260),
                "Write units": st.column_config.NumberColumn(format="%,.1f", width=96),
                "US dollars": st.column_config.NumberColumn(format="$%.6f", width=96),
            },
            hide_index=True,
            placeholder="–",
            alt="The plan by table",
        )
    if plan.scanned:
        sentences(plan.scanned, "How it was made")
    copies(plan.copies, zone)
    stays = (*plan.out_of_scope, *plan.not_performed)
    if stays:
        sentences(stays, "Not erased by this")


def copies(found: Iterable[Copy], zone: ZoneInfo) -> None:
    """Copies that remain, with the last date on which each can hold what is erased."""
    left = [copy for copy in found if remains(copy)]
    st.subheader("Copies that this does not reach", anchor=False)
    if not left:
        st.caption("None was found.")
        return
    st.dataframe(
        {
            "Table": [copy.table for copy in left],
            "Copy": [copy.what for copy in left],
            "State": [copy.state for copy in left],
            "Last possible": [times.moment(copy.last_possible, zone) if copy.last_possible else "no end date" for copy in left],
            "Note": [copy.note for copy in left],
        },
        column_config={"Note": st.column_config.TextColumn(width="large")},
        hide_index=True,
        alt="Copies that remain",
    )


def sentences(said: Iterable[str], title: str) -> None:
    """Sentences that can name tables and tenants: plain text, one below the other."""
    st.subheader(title, anchor=False)
    st.text("\n".join(f"• {one}" for one in said))
