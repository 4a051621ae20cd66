"""Search: conversations by what was said in them, from the snapshot, each opening the replay at the turn that was found."""

from __future__ import annotations

import streamlit as st

from data_access.errors import DataAccessError, UsageError
from data_access.models import Filter
from pages.ui import access, at, hits, load_snapshot, notices, opened, opening, registry, search_box, snapshot_line, times
from pages.ui.opened import OpenedList, OpenedRow

access.require(registry.SEARCH.action)
zone = times.zone()


def open_turn(row: OpenedRow, message: int | None, words: str) -> None:
    """Leave for the replay at the next run: a page is not switched from a callback."""
    st.session_state["search_opening"] = (row, message, words)


clicked: tuple[OpenedRow, int | None, str] | None = st.session_state.pop("search_opening", None)
if clicked is not None:
    at.open_from_list(clicked[0], message=clicked[1], words=clicked[2])

st.title(registry.SEARCH.title)
systems = opening.titles()
opening.look_at_link(systems)

asked = search_box.ask(systems, zone)
st.caption(search_box.RULES)
line_slot = st.container()
result_slot = st.container()
if not snapshot_line.ready(registry.SEARCH.title):
    st.stop()
with line_slot:
    snapshot_line.show(zone, system=asked.filter.system)
if not asked.text:
    if asked.filter.user is not None or asked.filter.tenant is not None:
        with result_slot:
            notices.empty("Nothing is searched for yet.", "Type a word that was said. All of a user's conversations are in the list.")
            access.link(registry.FIND, registry.FIND.title, registry.FIND.icon)
    st.stop()

try:
    with result_slot, st.spinner("Searching", show_time=True):
        found = load_snapshot.search(asked.text, asked.filter)
except DataAccessError as error:
    with result_slot:
        notices.show(error, again=None if isinstance(error, UsageError) else load_snapshot.forget_copy, key="search_again")
    st.stop()

full = len(found.hits) == asked.filter.limit
more = full and (found.stopped_early or asked.filter.order == "best")
with result_slot:
    order = "with these words, newest first" if asked.filter.order == "newest" else "with these words, best first"
    headline, searched = hits.summary(found, order=order, more=more)
    if not found.hits:
        notices.empty("No message has these words.", searched, *search_box.ways_out(asked))
        st.stop()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(headline, width="content")
        st.caption(searched, width="content")
    opened.remember(OpenedList(Filter(asked.filter.system or ""), hits.rows(found.hits), registry.SEARCH))
    hits.show(found.hits, systems, zone, open_turn)
    if more and asked.may_grow:
        st.button("More results", icon=":material/expand_more:", key="search_more", on_click=search_box.more)
    elif more:
        st.caption(f"These are {len(found.hits):,}, as many as fit here: add a word or narrow the filter to see others.")
