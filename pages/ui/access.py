"""Who is looking, and what they may see. A page asks again itself: the navigation is a menu, not a lock."""

from __future__ import annotations

import streamlit as st

from data_access.access.permissions import Action
from data_access.access.viewer import LOCAL, NOBODY, Viewer
from data_access.errors import DataAccessError
from data_access.handover import browser
from data_access.handover.browser import COOKIE, known_browser
from pages.ui import load


def viewer() -> Viewer:
    """Whoever opened this session. Without settings nobody may do anything."""
    try:
        mode = load.settings().mode
    except DataAccessError:
        return NOBODY
    return LOCAL if mode == "local" else NOBODY


def is_open(action: Action | None, found: Viewer) -> bool:
    """Whether a page that asks for this action is there for this viewer. None: the page where a wrong configuration is explained."""
    return action is None or found.may(action)


def require(action: Action | None) -> Viewer:
    """The viewer, who may do it. Stops the page with a notice when they may not: its first line."""
    found = viewer()
    if not is_open(action, found):
        st.warning("Your role does not open this page. Ask whoever runs Dynascope for one that does.", icon=":material/lock:")
        st.stop()
    return found


def downloads_are_served() -> bool:
    """Whether this process has the route that gives an export to one browser alone: asgi.py has it, app.py by itself does not."""
    return browser.downloads_are_served()


def browser_identity() -> str | None:
    """Who this browser is, for what waits for it alone: the random cookie that asgi.py gave it. None where there is none.

    It is as good as a key: it never goes into an address, a widget, a log or a file.
    """
    return known_browser(st.context.cookies.get(COOKIE))
