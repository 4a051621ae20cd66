"""What a session does when somebody was erased: it forgets whom it looked at, as the caches of its process did.

app.py calls `settle` on every run, whatever the page: a session that looked at the person on one page may be on another by now.
"""

from __future__ import annotations

import streamlit as st

from pages.ui import load

_SEEN = "forgotten_seen"
# What a session remembers of people besides the caches: the list that was opened, who was looked up, whom an address is about.
_KEYS = ("opened", "usage_people", "usage_opening", "revealed", "reveal_asking")
_PREFIXES = ("person_", "replay_", "find_", "search_", "behind_")
# Fields in which an id, or a person's words, may stand: emptied and not dropped, so that the browser empties them too.
_FIELDS = ("find_user", "search_user", "search_text", "usage_user", "person_id", "person_typed", "replay_words", "erasure_check_text")
# Opaque ids of an erasure: the session that began it sees how it ended.
_KEPT = ("person_plan", "person_part", "person_ended")


def settle() -> bool:
    """Forget what this session remembers, if somebody was erased since its last run. Before any widget of the run.

    Returns whether it did.
    """
    now = load.generation()
    before = st.session_state.get(_SEEN)
    st.session_state[_SEEN] = now
    if before in (None, now):
        return False
    for name in [str(name) for name in st.session_state]:
        if name in _FIELDS:
            st.session_state[name] = ""
        elif name not in _KEPT and (name in _KEYS or name.startswith(_PREFIXES)):
            del st.session_state[name]
    return True
