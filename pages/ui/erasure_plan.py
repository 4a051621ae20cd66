"""A plan as it was shown to whoever confirmed it: counts by table, what stands against it, what stays, and the digest of it all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import streamlit as st

from data_access.counts import some
from data_access.erasure.copies import NOT_KNOWN, remains
from data_access.erasure.model import Copy, Plan
from pages.ui import reading, times, untrusted
from pages.ui.untrusted import code, escape


def show(plan: Plan, titles: Mapping[str, str], zone: ZoneInfo) -> None:
    st.subheader("The plan", anchor=False)
    cost = f"{reading.units(plan.write_units)} write units" if plan.write_units is not None else "write units not known"
    price = f"estimated {cost}, {reading.money(plan.usd)} with all reads, {times.duration(plan.seconds)}".replace("$", "\\$")
    st.markdown(
        f"**{some(plan.keys, 'item')}** · {price}  \n:gray[:small[Made {times.moment(plan.created_at, zone)} · digest {code(plan.digest)}]]"
    )
    for sentence in plan.blocked:
        with st.container(horizontal=True, gap="xsmall"):
            st.markdown(":red[:material/block:]", width="content")
            untrusted.text(sentence)
    if plan.counts:
        _counts(plan, titles)
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
    # The same of several tables is said once; what has a date, or is known to be there, before what nobody could tell.
    groups: dict[tuple[str, str, datetime | None, str], list[str]] = {}
    for copy in sorted(left, key=lambda copy: copy.state == NOT_KNOWN):
        groups.setdefault((copy.what, copy.state, copy.last_possible, copy.note), []).append(copy.table)
    with st.container(border=True, gap="small"):
        for (what, state, last, note), tables in groups.items():
            icon, until = ":orange[:material/all_inclusive:]", f"{escape(state)} · :orange[no end date]"
            if last is not None:
                icon, until = ":orange[:material/event:]", f"{escape(state)} · last possible **{times.moment(last, zone)}**"
            elif state == NOT_KNOWN:
                icon, until = ":gray[:material/help:]", "not known whether there is one, nor until when"
            of = ", ".join(code(table) for table in dict.fromkeys(tables))
            st.markdown(f"{icon} **{escape(what)}** · {until}  \n:small[of] :small[{of}]  \n:gray[:small[{escape(note)}]]")


def _counts(plan: Plan, titles: Mapping[str, str]) -> None:
    shown: dict[str, Any] = {
        "Table": [one.table for one in plan.counts],
        "Items": [one.items for one in plan.counts],
        "Bytes": [one.bytes for one in plan.counts],
        "Write units": pa.array([one.write_units for one in plan.counts], pa.float64()),
        "US dollars": pa.array([one.usd for one in plan.counts], pa.float64()),
        "Found by": [one.found_by for one in plan.counts],
    }
    if len(plan.scope.systems) > 1:
        shown["System"] = [titles.get(one.system, one.system) for one in plan.counts]
    untrusted.table(
        shown,
        column_config={
            "Table": st.column_config.TextColumn(width=200),
            "Items": st.column_config.NumberColumn(format="localized", width=76),
            "Bytes": st.column_config.NumberColumn(format="bytes", width=80),
            "Write units": st.column_config.NumberColumn(format="%,.1f", width=90),
            "US dollars": st.column_config.NumberColumn(format="$%.6f", width=96),
            "Found by": st.column_config.TextColumn(width=300),
            "System": st.column_config.TextColumn(width=160),
        },
        hide_index=True,
        placeholder="–",
        alt="The plan by table",
    )


def sentences(said: Iterable[str], title: str) -> None:
    """Sentences that can name tables and tenants: plain text, one below the other."""
    st.subheader(title, anchor=False)
    untrusted.text("\n".join(f"• {one}" for one in said))
