"""Find a conversation: filters, how the list is read and what that costs, the list."""

from __future__ import annotations

from functools import partial

import streamlit as st

from data_access.errors import DataAccessError, ScanRefused
from data_access.file_names import safe_name
from data_access.models import Conversation, Filter
from data_access.narrow import narrow, ordered
from pages.ui import access, at, filters, load, notices, opened, opening, reading, registry, tables, times
from pages.ui.opened import OpenedList, OpenedRow
from pages.ui.shown import names

PAGE_ROWS = 1_000  # in one table; the order and previous/next go over all of them

access.require(registry.FIND.action)
zone = times.zone()


def open_row(click: str, shown: tuple[OpenedRow, ...]) -> None:
    """Turn the clicked row into an id, from the rows that were on the screen when it was clicked."""
    st.session_state["find_opening"] = shown[st.session_state[click].row]


@st.dialog("In short", width="large")
def look_at(one: Conversation) -> None:
    tables.look(one, zone)
    if st.button("Open", type="primary", icon=registry.REPLAY.icon):
        st.session_state["find_opening"] = tables.rows([one])[0]
        st.rerun()


def look_row(click: str, shown: tuple[Conversation, ...]) -> None:
    look_at(shown[st.session_state[click].row])


def allow(wanted: Filter) -> None:
    """Let this one question, and no other, go above the budget."""
    st.session_state["find_allowed"] = wanted


clicked: OpenedRow | None = st.session_state.pop("find_opening", None)
if clicked is not None:
    at.open_from_list(clicked)

with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
    st.title(registry.FIND.title, width="content")
    access.link(registry.SEARCH, "Search what was said", registry.SEARCH.icon)
sources = opening.sources()
opening.look_at_link({name: source.title for name, source in sources.items()})

asked = filters.ask(sources, zone)
wanted = asked.filter
path_slot = st.container()
# To the left: the table's own toolbar appears above its right end and would cover a button there.
bar = st.container(horizontal=True, vertical_alignment="center", gap="medium")
list_slot = st.container()

plan = None
try:
    plan = load.plan(wanted)
    with path_slot, st.spinner("Reading", show_time=True):
        listing = load.conversations(wanted, st.session_state.get("find_allowed") == wanted)
except ScanRefused as error:
    with list_slot:
        price = reading.money(plan.estimated_usd) if plan else None
        notices.scan_refused(error, price=price, allow=partial(allow, wanted), key="find_read")
    listing = None
except DataAccessError as error:
    with list_slot:
        notices.show(error, again=load.forget_lists)
    listing = None

if plan is not None:
    with path_slot:
        reading.show(listing.plan if listing else plan, listing.measured if listing else None, key="find_path")
if listing is None:
    st.stop()

with bar:
    count_slot = st.container(gap="xxsmall", width="content")
    with st.container(horizontal=True, width="content", gap="small"):
        wish = filters.narrowing(listing.conversations)
        st.button("Refresh", icon=":material/refresh:", on_click=load.forget_lists, help="Read the list again.")
        download_slot = st.container(width="content")

try:
    shown = ordered(narrow(listing.conversations, wish), asked.order)
except DataAccessError as error:
    notices.show(error)
    st.stop()

of_all = f" of {len(listing.conversations):,}" if len(shown) != len(listing.conversations) else ""
noun = "conversation" if len(shown) == 1 and not of_all else "conversations"
count_slot.markdown(f"**{len(shown):,}{of_all} {noun}** {asked.window}")
if wanted.since is not None:
    count_slot.caption("A conversation is in the time range when any of its activity is, so one that began earlier can be here.")
with list_slot:
    if not listing.conversations:
        notices.empty("No conversation was found.", *notices.ways_out(wanted))
    elif not shown:
        notices.empty("None of these conversations fits.", "Clear or loosen what is set under Narrow.")
    else:
        opened.remember(OpenedList(wanted, tables.rows(shown)))
        pages = -(-len(shown) // PAGE_ROWS)
        number = st.pagination(pages, key="list", bind="query-params") if pages > 1 else 1
        part = shown[(number - 1) * PAGE_ROWS : number * PAGE_ROWS]
        version = hash((wanted, wish, asked.order, number, tuple(one.conversation_id for one in part)))
        tables.conversation_table(part, wanted, zone=zone, key=f"find_{version:x}", on_open=open_row, on_look=look_row)
        download_slot.download_button(
            "CSV",
            partial(tables.as_csv, shown, zone, names()),
            file_name=safe_name(f"conversations-{wanted.system}", "csv"),
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
    odd = [problem for one in listing.conversations for problem in one.problems]
    notices.problems([*listing.problems, *odd], names(), key="find_problems")
