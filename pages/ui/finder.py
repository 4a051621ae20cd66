"""Find in the open conversation: how many turns have the words, and steps from one to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from data_access.models import Message
from data_access.search_within import Hit, find_in

WORDS = "replay_words"
HIT = "replay_hit"


def ask() -> str:
    """The field for the words. They stay in the session: what somebody looks for is not for the address bar."""
    asked = st.text_input(
        "Find in this conversation",
        key=WORDS,
        type="search",
        placeholder="Find in this conversation",
        label_visibility="collapsed",
        icon=":material/search:",
        autocomplete="off",
        persist_state="page",
        width=200,
        on_change=_start,
    )
    return (asked or "").strip()


def _start() -> None:
    st.session_state[HIT] = None


def hits(messages: Sequence[Message], words: str) -> tuple[Hit, ...]:
    return find_in(messages, words) if words else ()


def current(found: Sequence[Hit]) -> Hit | None:
    """The hit at which the reader is, None before the first step."""
    position = st.session_state.get(HIT)
    return next((hit for hit in found if hit.position == position), None)


def steps(found: Sequence[Hit], go: Callable[[int], None]) -> None:
    """Counts, the list of turns, previous and next. `go` is called with the position of a turn."""
    total = sum(hit.count for hit in found)
    here = current(found)
    if here is None:
        st.session_state[HIT] = None  # of another conversation, or of other words
    place = found.index(here) if here else -1
    turns = f"{len(found):,} turn{'' if len(found) == 1 else 's'}"
    st.markdown(f"**{total:,}** in {turns}" + (f" · at {place + 1:,}" if here else ""), width="content")
    if not found:
        return
    st.selectbox(
        "Turns with these words",
        [hit.position for hit in found],
        index=None,
        format_func=partial(_words, {hit.position: hit for hit in found}),
        key=HIT,
        placeholder="All turns that have it",
        label_visibility="collapsed",
        width=180,
        on_change=partial(_chosen, go),
    )
    previous, following = found[(place - 1) % len(found)], found[(place + 1) % len(found)]
    _button("Previous hit", "P", ":material/keyboard_arrow_up:", previous.position, go)
    _button("Next hit", "N", ":material/keyboard_arrow_down:", following.position, go)


def _button(label: str, shortcut: str, icon: str, position: int, go: Callable[[int], None]) -> None:
    st.button(label, icon=icon, shortcut=shortcut, key=f"replay_{label[:4].lower()}_hit", on_click=_step, args=(go, position))


def _step(go: Callable[[int], None], position: int) -> None:
    st.session_state[HIT] = position
    go(position)


def _chosen(go: Callable[[int], None]) -> None:
    position = st.session_state.get(HIT)
    if position is not None:
        go(position)


def _words(by_position: dict[int, Hit], position: int) -> str:
    hit = by_position[position]
    parts = [f"{hit.in_content:,} in the text"] if hit.in_content else []
    parts += [f"{hit.in_tools:,} in tools"] if hit.in_tools else []
    return f"Turn {position:,}: {', '.join(parts)}"
