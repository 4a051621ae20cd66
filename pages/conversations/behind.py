"""Conversations behind a number: exactly those that a bar, a cell or a row of the usage page counted, from the snapshot."""

from __future__ import annotations

from functools import partial

import streamlit as st

from data_access.errors import DataAccessError
from data_access.models import Conversation, Filter
from pages.ui import access, at, behind_words, load_snapshot, notices, opened, registry, snapshot_line, tables, times, usage_link
from pages.ui.opened import OpenedList, OpenedRow
from pages.ui.shown import names

PAGE_ROWS = 1_000  # in one table; previous and next go over all of them

access.require(registry.BEHIND.action)
zone = times.zone()


def open_row(click: str, shown: tuple[OpenedRow, ...]) -> None:
    st.session_state["behind_opening"] = shown[st.session_state[click].row]


@st.dialog("In short", width="large")
def look_at(one: Conversation) -> None:
    tables.look(one, zone)
    if st.button("Open", type="primary", icon=registry.REPLAY.icon):
        st.session_state["behind_opening"] = tables.rows([one])[0]
        st.rerun()


def look_row(click: str, shown: tuple[Conversation, ...]) -> None:
    look_at(shown[st.session_state[click].row])


clicked: OpenedRow | None = st.session_state.pop("behind_opening", None)
if clicked is not None:
    at.open_from_list(clicked)
behind_words.leave_if_asked()

came_from = usage_link.came_from(st.query_params)
# Without parameters: the page has the filters that it was left with.
access.link(came_from, came_from.title, ":material/arrow_back:")
st.title(registry.BEHIND.title)
if not st.query_params.get("clock"):
    notices.empty("No number is open.", "Choose one on the usage page: a bar, an hour, a tool, a tenant.", icon="monitoring")
    st.stop()
if not snapshot_line.ready("This list"):
    st.stop()
try:
    asked = usage_link.read(st.query_params.to_dict())
    with st.spinner("Looking them up", show_time=True):
        keys = load_snapshot.behind(asked.filter, asked.cell)
    head = st.container(gap="xxsmall")
    with head:
        behind_words.show(asked, len(keys), snapshot_line.titles(), zone)
        snapshot_line.show(zone, system=asked.filter.system or asked.cell.system)
    bar = st.container(horizontal=True, vertical_alignment="center", gap="small")
    if not keys:
        notices.empty("No conversation is behind this number.", "It may have expired since, or the snapshot is newer than the link.")
        st.stop()
    pages = -(-len(keys) // PAGE_ROWS)
    number = st.pagination(pages, key="behind_page") if pages > 1 else 1
    shown = load_snapshot.from_snapshot(keys[(number - 1) * PAGE_ROWS : number * PAGE_ROWS])
except DataAccessError as error:
    notices.show(error)
    st.stop()

rows = tuple(OpenedRow(key.system, key.conversation_id, key.user_id, key.tenant_id) for key in keys)
opened.remember(OpenedList(Filter(asked.filter.system or ""), rows, registry.BEHIND, tuple(st.query_params.to_dict().items())))
same = Filter("", user_id=asked.cell.user or asked.filter.user, tenant_id=asked.cell.tenant or asked.filter.tenant)
version = hash((asked, number, keys))
systems = snapshot_line.titles() if len({key.system for key in keys}) > 1 else None
tables.conversation_table(shown, same, zone=zone, key=f"behind_{version:x}", on_open=open_row, on_look=look_row, systems=systems)
with bar:
    behind_words.live_list(asked, zone)
    st.download_button(
        "CSV",
        partial(behind_words.as_csv, load_snapshot.later(keys), zone, names()),
        file_name="conversations.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
