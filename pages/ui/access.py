"""Who is looking, and what they may see. A page asks again itself: the navigation is a menu, not a lock."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from data_access.errors import DataAccessError
from data_access.handover.browser import COOKIE, known_browser
from pages.ui import load

READER = "reader"
OPERATOR = "operator"
ROLES = frozenset({READER, OPERATOR})


@dataclass(frozen=True, slots=True)
class Viewer:
    """One person. `roles` are the doors that are open to them."""

    name: str
    roles: frozenset[str]

    def may(self, role: str | None) -> bool:
        return role is None or role in self.roles


def viewer() -> Viewer:
    """Whoever opened this session.

    In local mode the data is this machine's own and everybody may do everything. In aws mode whoever reaches the port
    reads with the rights of this process, and changes nothing. Without settings nobody may do anything.
    """
    try:
        mode = load.settings().mode
    except DataAccessError:
        return Viewer("nobody", frozenset())
    return Viewer("local", ROLES) if mode == "local" else Viewer("reader", frozenset({READER}))


def require(role: str | None) -> Viewer:
    """The viewer, who has this role. Stops the page with a notice when they do not: its first line."""
    found = viewer()
    if not found.may(role):
        st.warning(f"This page needs the role {role}, which you do not have. Ask whoever runs Dynascope for it.", icon=":material/lock:")
        st.stop()
    return found


def browser_identity() -> str | None:
    """Who this browser is, for what waits for it alone: the random cookie that asgi.py gave it. None where there is none.

    It is as good as a key: it never goes into an address, a widget, a log or a file.
    """
    return known_browser(st.context.cookies.get(COOKIE))
