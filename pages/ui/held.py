"""One system of the snapshot: what it holds, how that was read and what such a reading cannot see, what the next one costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import streamlit as st

from data_access.errors import DataAccessError
from data_access.snapshot.holding import Left
from data_access.snapshot.state import Coverage
from data_access.snapshot.sync import Estimate
from pages.ui import notices, reading, syncing, times
from pages.ui.untrusted import escape

FACT_WIDTH = 96
Start = Callable[[tuple[str, ...], bool], None]


@dataclass(frozen=True, slots=True)
class System:
    """`news` and `whole` are what a refresh and a full read would be; `trouble` is why neither can be said."""

    id: str
    title: str
    coverage: Coverage | None
    bytes: int
    left: Left | None
    news: Estimate | None
    whole: Estimate | None
    trouble: DataAccessError | None


def show(one: System, zone: ZoneInfo, *, start: Start, busy: bool) -> None:
    with st.container(border=True, gap="small"):
        head = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small")
        with head.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
            st.subheader(escape(one.title), anchor=False, width="content")
            if one.coverage is None:
                st.badge("Never read", icon=":material/hourglass_empty:", color="orange")
            else:
                st.badge(times.ago(one.coverage.synced_at), icon=":material/schedule:", color="gray")
        with head.container(horizontal=True, width="content", gap="small"):
            _buttons(one, start, busy)
        if one.coverage is not None:
            _facts(one.coverage, one.bytes, zone)
        # Who sees some tenants of a system is not told how all of it was read.
        said = [_method(one.coverage)] if one.coverage is not None and one.coverage.method else []
        if one.news is not None and (one.coverage is None or one.news.method != one.coverage.method):
            said.append(f"**Next** {escape(one.news.method)}.")
        if said:
            st.caption("  \n".join(said))
        if one.trouble is not None:
            notices.say(one.trouble)
        if one.left is not None:
            st.caption(
                f":orange[:material/pause_circle:] A full read was cut off after {one.left.items:,} items and "
                f"{reading.units(one.left.units)} units. It began {times.ago(one.left.began_at)}, and can be gone on with for a day."
            )


def _buttons(one: System, start: Start, busy: bool) -> None:
    if one.news is None or one.whole is None:
        return
    left = {} if one.left is None else {one.id: one.left}
    words = "Go on reading everything" if one.left else "Read everything again" if one.coverage else "Read everything"
    refresh = not one.news.full
    if refresh:
        st.button(
            f"Refresh · {syncing.price([one.news])}",
            icon=":material/refresh:",
            key=f"snapshot_refresh_{one.id}",
            help="Read what is new.",
            disabled=busy,
            on_click=start,
            args=((one.id,), False),
        )
    st.button(
        f"{words} · {syncing.price([one.whole], left)}",
        icon=":material/database:",
        key=f"snapshot_full_{one.id}",
        type="tertiary" if refresh else "secondary",
        help="Finds what was changed or deleted, too.",
        disabled=busy,
        on_click=start,
        args=((one.id,), True),
    )


def _facts(held: Coverage, size: int, zone: ZoneInfo) -> None:
    days = "no time is known"
    if held.first_at is not None and held.last_at is not None:
        days = f"{held.first_at.astimezone(zone):%Y-%m-%d} to {held.last_at.astimezone(zone):%Y-%m-%d}"
    facts = [
        ("Conversations", f"{held.conversations:,}"),
        ("Messages", f"{held.messages:,}"),
        ("Days", days),
        ("Tool calls", f"{held.tool_calls:,}"),
        *([("User records", f"{held.user_records:,}")] if held.user_records else []),
        ("Odd", f":orange[{held.bad_items:,}]" if held.bad_items else "none"),
        *([("On disk", megabytes(size))] if size else []),
    ]
    grid = st.grid("auto", min_column_width=FACT_WIDTH, gap=("xsmall", "small"))
    for name, value in facts:
        with grid.cell(column_span=2 if len(value) > 20 else 1):
            st.markdown(f":gray[:small[{name}]]  \n{value}")


def _method(held: Coverage) -> str:
    """How it was read, and what nobody can see who reads so."""
    price = f"{reading.units(held.units)} units, {reading.money(held.usd)}".replace("$", "\\$")
    line = f"**Read by** {escape(held.method)}: {held.items:,} items, {price}, in {times.duration(held.seconds)}."
    if not held.blind_spots:
        return f"{line} That sees everything."
    spots = "; ".join(escape(spot) for spot in held.blind_spots)
    return f"{line}  \n**It cannot see** {spots}. Reading everything can, and did {times.ago(held.full_at)}."


def megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{size / 1e3:,.0f} kB"
