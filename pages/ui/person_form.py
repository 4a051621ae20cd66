"""Who is looked up: an exact id and the systems, in the session alone. An id is never in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from data_access.dynamo.aws import Source
from pages.ui import filters, load, load_people
from pages.ui.untrusted import reveal

_ASKED = "person_asked"
_FIELD, _SYSTEMS = "person_id", "person_systems"
PART = "person_part"
# What is about the one who was looked up, and goes with them.
_ABOUT = ("person_allowed", "person_export", "person_planning", "person_plan", "person_typed", "person_failed")


@dataclass(frozen=True, slots=True)
class Asked:
    user_id: str
    systems: tuple[str, ...]


def asked(sources: Mapping[str, Source]) -> Asked | None:
    """Who was looked up last, in the systems that are still there; None before the first time."""
    found = st.session_state.get(_ASKED)
    if not isinstance(found, Asked):
        return None
    here = tuple(name for name in found.systems if name in sources)
    return Asked(found.user_id, here or tuple(sources))


def show(sources: Mapping[str, Source]) -> None:
    """The form. Nothing is read until it is sent."""
    titles = {name: source.title for name, source in sources.items()}
    with st.form("person_form", border=False):  # noqa: SIM117 - what is in the form is one row
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            st.text_input("User id", key=_FIELD, persist_state="session", placeholder="Exact user id", width=330, autocomplete="off")
            st.multiselect(
                "Systems",
                list(titles),
                format_func=lambda name: reveal(titles[name]),
                key=_SYSTEMS,
                persist_state="session",
                placeholder="All",
                width=300,
            )
            st.form_submit_button("Look up", icon=":material/search:", type="primary", on_click=_look_up, args=(tuple(titles),))
    filters.say_spaces(st.session_state.get(_FIELD) or "")


def _look_up(systems: tuple[str, ...]) -> None:
    chosen: list[str] = st.session_state.get(_SYSTEMS) or []
    _ask(st.session_state.get(_FIELD) or "", tuple(name for name in systems if name in chosen) or systems)


def look_up(user_id: str, systems: tuple[str, ...]) -> None:
    """Somebody else, found on this page. For callbacks."""
    st.session_state[_FIELD] = user_id
    _ask(user_id, systems)


def open_part(part: str) -> None:
    """For callbacks."""
    st.session_state[PART] = part


def leave() -> None:
    """Nobody is looked up any more: nothing of them stays in the session. For callbacks, and after an erasure."""
    st.session_state.pop(_ASKED, None)
    st.session_state[_FIELD] = ""
    st.session_state.pop(PART, None)
    _forget()


def forget() -> None:
    """Nothing that was read stays, nor who was looked up; the erasure that is being shown does."""
    st.session_state.pop(_ASKED, None)
    st.session_state.pop("opened", None)
    load.forget_lists()
    load.forget_replays()
    load_people.forget_person()


def again() -> None:
    """Read the same one again. For callbacks."""
    load_people.forget_person()


def _ask(user_id: str, systems: tuple[str, ...]) -> None:
    load_people.forget_person()
    before = st.session_state.get(_ASKED)
    if not isinstance(before, Asked) or before.user_id != user_id:
        _forget()
        st.session_state.pop(PART, None)
    if user_id:
        st.session_state[_ASKED] = Asked(user_id, systems)
    else:
        st.session_state.pop(_ASKED, None)


def _forget() -> None:
    for key in _ABOUT:
        st.session_state.pop(key, None)


def is_allowed(here: Asked) -> bool:
    """Whether the Scan above the budget was allowed, for this one question."""
    return st.session_state.get("person_allowed") == here


def allow(here: Asked) -> None:
    st.session_state["person_allowed"] = here
