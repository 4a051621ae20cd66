"""Capacity: whether the tables hold. What CloudWatch knows of use, throttling, latency, errors and limits, and alarms worth having."""

from __future__ import annotations

import streamlit as st

from pages.ui import (
    access,
    capacity_account,
    capacity_alarms,
    capacity_calls,
    capacity_filters,
    capacity_indexes,
    capacity_states,
    capacity_throttles,
    capacity_use,
    load_snapshot,
    notices,
    opening,
    own_cost,
    registry,
    times,
    usage_link,
)

access.require(registry.CAPACITY.action)
usage_link.leave_if_asked(registry.CAPACITY)
usage_link.tidy()
zone = times.zone()

st.title(registry.CAPACITY.title)
sources = opening.sources()

asked = capacity_filters.ask(sources, zone)
about_slot = st.container(gap="xxsmall")
found = capacity_states.read(asked, sources, zone)
if found is None:
    st.stop()
view, problems = found
capacity_states.problems(problems)
if not view.tables:
    if not problems:
        notices.empty("There is no table to show.", "Choose another system or table.", icon="table_view")
    own_cost.show()
    st.stop()
with about_slot:
    capacity_states.about(view)

capacity_states.tiles(view)
capacity_throttles.show(view)
capacity_use.show(view)

PARTS = {
    "Tables and indexes": capacity_use.listed,
    "Latency": capacity_calls.latency,
    "Errors": capacity_calls.errors,
    "Unused indexes": capacity_indexes.show,
    "Account limits": capacity_account.show,
    "Alarms": capacity_alarms.show,
}
# A tab that is not open is not computed.
for tab, draw in zip(st.tabs(list(PARTS), on_change="rerun", key="capacity_part"), PARTS.values(), strict=True):
    if tab.open:
        with tab:
            draw(view)
own_cost.show(load_snapshot.last_sync())
