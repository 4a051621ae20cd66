"""Bring one part of the page into view. Streamlit has no way to do that, so this is the one script of our own.

It is a file that this server serves, allowed by `script-src 'self'`, and it is given the key of a container, nothing else.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st
from streamlit import runtime
from streamlit.components.v2 import component
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest
from streamlit.components.v2.types import ComponentRenderer

_KEY = "scroll_wish"

_NAME = "dynascope.scroll"


@cache
def _renderer() -> ComponentRenderer:
    return component(_NAME, js="scroll.js")


def _announced() -> ComponentRenderer:
    # Streamlit finds the files of a component by the package that brought it; ours is not installed, so this server is told here.
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(_NAME) is None:
        manifest = ComponentManifest(name="dynascope", version="1", components=[ComponentConfig("scroll", asset_dir="assets")])
        manager.register_from_manifest(manifest, Path(__file__).parent)
    return _renderer()


def wish(container_key: str) -> None:
    """Scroll to the container with this key when this run, or the one that a callback starts, is on the screen."""
    st.session_state[_KEY] = (container_key, st.session_state.get(_KEY, ("", 0))[1] + 1)


def fulfil() -> None:
    """Call once, last on the page. Without a server there is no browser to scroll."""
    target, count = st.session_state.get(_KEY, ("", 0))
    if target and runtime.exists():
        _announced()(key="scroll", data={"target": target, "count": count}, height=1)
