"""Other conversations from here: the ones before and after in the list, and those with the same id."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import streamlit as st

from data_access.errors import Ambiguous
from data_access.models import Conversation
from pages.ui import at, times, untrusted
from pages.ui.shown import names
from pages.ui.untrusted import code, title

CANDIDATES_SHOWN = 50


def neighbours(here: at.At) -> None:
    """Previous and next of the list, and where this one stands in it. J and K do the same."""
    if here.place is None:
        st.caption("Opened by its link", width="content")
        return
    last = len(here.rows) - 1
    st.caption(f"**{here.place + 1:,}** of {last + 1:,}", width="content")
    for label, shortcut, icon, place in (
        ("Previous", "K", ":material/arrow_upward:", here.place - 1),
        ("Next", "J", ":material/arrow_downward:", here.place + 1),
    ):
        row = here.rows[min(max(place, 0), last)]
        st.button(
            label,
            icon=icon,
            shortcut=shortcut,
            disabled=not 0 <= place <= last,
            key=f"replay_{label.lower()}",
            on_click=at.open_row,
            args=(row,),
        )


def choose(error: Ambiguous, zone: ZoneInfo) -> None:
    """Several users' conversations have this id: one line and a button each."""
    st.markdown(":orange[:material/group:] **Several conversations have this id**")
    untrusted.text(error.sentence)
    conversations = [one for one in error.candidates if isinstance(one, Conversation)]
    ids = names()
    for place, one in enumerate(conversations[:CANDIDATES_SHOWN]):
        with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            who = " ".join(part for part in (code(ids(one.user_id or "")) or "user not known", code(ids(one.tenant_id or ""))) if part)
            when = f"{times.moment(one.started_at, zone)} · {one.message_count:,} messages"
            st.markdown(f"{who} :gray[:small[{when}]]  \n{title(one.first_user_message or '')}")
            st.button("Open", key=f"replay_candidate_{place}", on_click=at.open_candidate, args=(one,))
    if len(conversations) > CANDIDATES_SHOWN:
        st.caption(f"The first {CANDIDATES_SHOWN} of {len(conversations):,}.")
