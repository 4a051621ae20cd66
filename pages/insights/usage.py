"""Usage: people, conversations, responses and tools of a time range, each number with its definition and its conversations."""

from __future__ import annotations

import streamlit as st

from data_access.errors import DataAccessError
from pages.ui import (
    access,
    load,
    load_snapshot,
    opening,
    registry,
    snapshot_line,
    times,
    usage_filters,
    usage_link,
    usage_people,
    usage_states,
    usage_tables,
    usage_talks,
    usage_time,
)
from pages.ui.usage_view import View

viewer = access.require(registry.USAGE.action)
usage_link.leave_if_asked(registry.USAGE)
usage_link.tidy()
zone = times.zone()

st.title(registry.USAGE.title)
sources = opening.sources()
titles = {name: source.title for name, source in sources.items()}
opening.look_at_link(titles, others=(usage_filters.ALL,))

if not usage_states.ready(load.settings()):
    st.stop()
asked = usage_filters.ask(sources, zone)
about_slot = st.container(gap="xxsmall")
try:
    with st.spinner("Counting", show_time=True):
        found = load_snapshot.usage(asked.filter)
    with about_slot:
        snapshot_line.show(zone, system=asked.filter.system)
except DataAccessError as error:
    usage_states.failed(error)
    st.stop()
with about_slot:
    previous = usage_states.time_range(found, found.first_at, zone)
if not found.metrics["conversations_listed"] and not found.metrics["messages"]:
    usage_states.nothing(asked)
    st.stop()

view = View(found, asked.filter, zone, titles, previous, opens=access.is_open(registry.BEHIND.action, viewer))
view.tiles(
    *("active_users", "new_users", "conversations_active", "conversations_started"),
    *("messages", "response_p50", "response_p95", "tool_failure_rate"),
)
usage_time.show(view)
usage_time.hours(view)

PARTS = {
    "People": usage_people.show,
    "Conversations": usage_talks.lengths,
    "Responses": usage_talks.responses,
    "Tools": usage_tables.tools,
    "Leaders": usage_tables.leaders,
    "Kept now": usage_tables.kept,
}
# A tab that is not open is not computed.
for tab, draw in zip(st.tabs(list(PARTS), on_change="rerun", key="usage_part"), PARTS.values(), strict=True):
    if tab.open:
        with tab:
            draw(view)
