"""Tables: what each system's layout expects and what is there."""

from __future__ import annotations

import streamlit as st

from data_access.access.permissions import Action
from data_access.errors import DataAccessError
from pages.ui import access, health, load, notices, registry
from pages.ui.untrusted import reveal

viewer = access.require(registry.TABLES.action)


def create(system: str) -> None:
    """Make what is missing; what went wrong is shown in the system's place at the next run."""
    try:
        load.make_tables(system)
    except DataAccessError as error:
        st.session_state[f"tables_failed_{system}"] = error
    load.forget_health()


with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
    st.title(registry.TABLES.title)
    st.button("Check again", icon=":material/refresh:", on_click=load.forget_health)
st.caption(
    "Each chatbot's live tables against its layout. No item is read for this. "
    "DynamoDB refreshes item counts and sizes about every six hours, so both can be out of date."
)
try:
    sources = load.sources()
    local = load.settings().mode == "local"
except DataAccessError as error:
    notices.show(error, again=load.reopen)
    st.stop()
if not sources:
    notices.empty("No system is enabled.", "Enable one in dynascope.toml.", icon="settings")

# Slots first: each title has its place while the systems are asked one after the other.
slots = {name: st.container() for name in sources}
for name, source in sources.items():
    with slots[name]:
        title_slot = st.container(horizontal=True, vertical_alignment="center", gap="small")
        title_slot.subheader(source.title, width="content")
        with st.skeleton(height=120):
            tables = load.health(name)
        icon, colour, words = health.verdict(tables)
        title_slot.badge(words, icon=f":material/{icon}:", color=colour)

        failed: DataAccessError | None = st.session_state.pop(f"tables_failed_{name}", None)
        if failed is not None:
            notices.show(failed)
        health.differences(tables)
        if any(table.found is False for table in tables):
            if local and viewer.may(Action.SEED):
                st.button("Create the missing tables", icon=":material/add:", key=f"tables_create_{name}", on_click=create, args=(name,))
            elif not local:
                st.caption("To create what is missing, run this where the AWS rights for it are:")
                st.code(f"python -m data_access tables create --system {reveal(name)}", language="bash")
        health.overview(tables)
        health.indexes(tables)
        health.unknowns(tables)
