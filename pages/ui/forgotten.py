"""What a session does when somebody was erased: it forgets whom it looked at, as the caches of its process did."""

from __future__ import annotations

import streamlit as st

from pages.ui import load_people

_SEEN = "forgotten_seen"
# What a session remembers of people besides the caches: the list that was opened, fields, who was looked up.
_KEYS = ("opened", "usage_user")
_PREFIXES = ("person_", "replay_", "find_", "search_", "behind_")
# Opaque ids of an erasure: the session that began it sees how it ended.
_KEPT = ("person_plan", "person_part", "person_ended")


def settle() -> bool:
    """Forget what this session remembers, if somebody was erased since its last run. Before any widget of the page.

    Returns whether it did.
    """
    now = load_people.generation()
    before = st.session_state.get(_SEEN)
    st.session_state[_SEEN] = now
    if before in (None, now):
        return False
    for name in [str(name) for name in st.session_state]:
        if name not in _KEPT and (name in _KEYS or name.startswith(_PREFIXES)):
            del st.session_state[name]
    return True
