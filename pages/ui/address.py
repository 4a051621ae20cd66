"""Choices that the address keeps by their ids: `?system=ai_agent&range=7d`.

Streamlit's own binding writes a selectbox's label into the address, and a label is not a promise: it is for people, it
changes, and another page's link needs the id. Fields without labels of their own (texts, numbers, days) use the binding.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.ui.untrusted import reveal

_HERE = "address_page"
_SEEN = "address_seen"


def enter(page: str) -> bool:
    """Say which page runs; True when the viewer has just come to it. app.py calls this on every run."""
    came = st.session_state.get(_HERE) != page
    st.session_state[_HERE] = page
    if came:
        st.session_state[_SEEN] = {}
    return came


def choice(label: str, options: Mapping[str, str], *, key: str, default: str | None, parameter: str | None = None, **look: Any) -> Any:
    """A selectbox of id → label whose id is in the address under `parameter`, or its key; a default stays out of it.

    The address wins when it changed since the last run (a link, the browser's back button); what is not an option is
    ignored. Coming back to the page by the navigation, whose links have no parameters, keeps what was chosen before.
    The address is written by `write`, once for all choices of a run: each writing is a step of the back button.
    """
    seen: dict[str, str | None] = st.session_state.setdefault(_SEEN, {})
    name = parameter or key
    given = st.query_params.get(name)
    first = name not in seen
    if (first and (given is not None or key not in st.session_state)) or (not first and given != seen[name]):
        st.session_state[key] = given
    if st.session_state[key] not in options:
        st.session_state[key] = default
    value = st.selectbox(label, list(options), format_func=lambda name: reveal(options[name]), key=key, persist_state="session", **look)
    seen[name] = None if value == default else value
    return value


def write() -> None:
    """Bring the address in line with the choices."""
    seen: dict[str, str | None] = st.session_state.get(_SEEN, {})
    wanted = {key: value for key, value in seen.items() if value is not None and st.query_params.get(key) != value}
    if wanted:
        st.query_params.update(wanted)
    for key, value in seen.items():
        if value is None and key in st.query_params:
            del st.query_params[key]
