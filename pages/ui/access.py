"""Who is looking, and what they may see. A page asks again itself: the navigation is a menu, not a lock."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from data_access.errors import DataAccessError
from data_access.handover import browser
from data_access.handover.browser import COOKIE, known_browser
from pages.ui import load

READER = "reader"
OPERATOR = "operator"
# Everything about one person, on one page: to look up, to hand over, to erase.
SUPPORT = "support"
ROLES = frozenset({READER, OPERATOR, SUPPORT})


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


def require_people(found: Viewer) -> None:
    """Stop a page about one person where nobody is known by name, and say what is missing."""
    if found.may(SUPPORT):
        return
    with st.container(border=True, gap="xsmall"):
        st.markdown(":orange[:material/lock:] **Pages about one person are off here**")
        st.text(f"They need the role {SUPPORT}. In aws mode nobody signs in, so whoever reaches this address would have it: nobody does.")
        st.caption(
            "Missing: a sign-in that says who is there and gives the role. Until then the command line does the same with your own"
            " rights in AWS: python -m data_access user, export and erase."
        )
    st.stop()


def downloads_are_served() -> bool:
    """Whether this process has the route that gives an export to one browser alone: asgi.py has it, app.py by itself does not."""
    return browser.downloads_are_served()


def browser_identity() -> str | None:
    """Who this browser is, for what waits for it alone: the random cookie that asgi.py gave it. None where there is none.

    It is as good as a key: it never goes into an address, a widget, a log or a file.
    """
    return known_browser(st.context.cookies.get(COOKIE))
