"""The what-if's scenarios in the address: read when somebody comes by a link, written when a field changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from data_access.costs.what_if import Scenario
from data_access.costs.what_if.link import PARAMETERS, Linked, from_parameters, to_parameters
from data_access.systems.spec import System
from pages.ui import cost_what_if_form as form
from pages.ui.cost_what_if_form import Slot

BESIDE = "what_if_beside"
_SEEN = "what_if_seen"
_NOTICES = "what_if_notices"
_SLOTS: tuple[Slot, ...] = ("a", "b")
_OURS = frozenset(f"{slot}_{name}" for slot in _SLOTS for name in PARAMETERS)


def is_linked() -> bool:
    """Whether the address has a scenario: the page then opens on this part."""
    return not _OURS.isdisjoint(st.query_params)


def read(systems: Mapping[str, System], regions: Sequence[str], usual: Scenario) -> Sequence[str]:
    """Fill the fields in from the address where it is another one than was written; returns sentences for the page.

    `usual` is the first scenario where there is none yet. An address without a scenario changes nothing: the links of the
    navigation have none.
    """
    given = {name: st.query_params[name] for name in st.query_params if name in _OURS}
    if not form.is_filled("a"):
        form.put("a", usual)
    if not given or given == st.session_state.get(_SEEN):
        return st.session_state.get(_NOTICES, ())
    notices: list[str] = []
    for slot in _SLOTS:
        if any(name.startswith(f"{slot}_") for name in given):
            linked: Linked = from_parameters(given, systems, usual=usual.system.id, regions=regions, prefix=f"{slot}_")
            form.put(slot, linked.scenario)
            notices.extend([linked.notice] if linked.notice else [])
    st.session_state[BESIDE] = any(name.startswith("b_") for name in given)
    st.session_state[_NOTICES] = tuple(notices)
    return notices


def write(first: Scenario, second: Scenario | None, usual: Scenario) -> None:
    """Bring the address in line with the fields. The usual scenario alone needs no parameters."""
    wanted = to_parameters(first, "a_") if second is not None or first != usual else {}
    if second is not None:
        wanted |= to_parameters(second, "b_")
    given = {name: st.query_params[name] for name in st.query_params if name in _OURS}
    seen = st.session_state.get(_SEEN)
    if given == seen and wanted != seen:
        # A field was changed: what was said of the link is answered.
        st.session_state.pop(_NOTICES, None)
    st.session_state[_SEEN] = wanted
    if wanted != given:
        for name in given.keys() - wanted.keys():
            del st.query_params[name]
        st.query_params.update(wanted)
