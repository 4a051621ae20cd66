"""How a reader wants to see conversations, remembered for the session, and the two files to take away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from pages.ui.rewrite import Block

Kept = dict[tuple[str, bool, str], tuple[Block, ...]]
_KEPT = "replay_kept"


@dataclass(frozen=True, slots=True)
class Wish:
    system_prompts: bool
    tools: bool
    plain: bool
    items: bool


def ask() -> Wish:
    """The menu. Its choices hold for every conversation of this session."""
    with st.popover("View", icon=":material/visibility:", width="content"):
        return Wish(
            system_prompts=_toggle("System prompts", "replay_system", value=True),
            tools=_toggle("Tool calls", "replay_tools", value=True),
            plain=_toggle("Plain text", "replay_plain", value=False, about="Every character as it was written, without Markdown."),
            items=_toggle("Stored item of each turn", "replay_each", value=False, about="Where turns are items of their own."),
        )


def _toggle(label: str, key: str, *, value: bool, about: str | None = None) -> bool:
    return st.toggle(label, value, key=key, persist_state="session", help=about)


def downloads(markdown: Callable[[], bytes], json: Callable[[], bytes], name: Callable[[Literal["md", "json"]], str]) -> None:
    """Both files are made when they are asked for."""
    with st.popover("Download", icon=":material/download:", width="content"):
        st.download_button(
            "Markdown, to read", markdown, file_name=name("md"), mime="text/markdown", on_click="ignore", key="replay_md", width="stretch"
        )
        st.download_button(
            "JSON, every digit",
            json,
            file_name=name("json"),
            mime="application/json",
            on_click="ignore",
            key="replay_json",
            width="stretch",
        )


def kept(*page: Any) -> Kept:
    """The parsed messages of the open page, so that a toggle does not parse them again. Only one page is kept."""
    held: tuple[tuple[Any, ...], Kept] | None = st.session_state.get(_KEPT)
    if held is None or held[0] != page:
        held = st.session_state[_KEPT] = (page, {})
    return held[1]


def forget() -> None:
    """Parse the messages again: what was in them is masked now."""
    st.session_state.pop(_KEPT, None)
