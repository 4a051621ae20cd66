"""Who is looking, and what they may see. A page asks again itself: the navigation is a menu, not a lock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import streamlit as st

from data_access.access.permissions import Action
from data_access.access.sessions import viewer_now
from data_access.access.viewer import LOCAL, NOBODY, Viewer
from data_access.errors import DataAccessError, SignInEnded
from data_access.handover import browser
from data_access.handover.browser import COOKIE, known_browser
from pages.ui import load, rules
from pages.ui.registry import PageSpec


@dataclass(frozen=True, slots=True)
class Look:
    """Who is there. `trouble` is why nobody may do anything: a sign-in that ended, or a configuration that is wrong."""

    viewer: Viewer
    trouble: DataAccessError | None = None


def look(*, active: bool = False) -> Look:
    """Asked anew at each call, so that what ended, expired or was taken away counts at once.

    `active`: somebody does something, so that the sign-in is not idle. A page that only draws itself again keeps none open.
    """
    try:
        settings = load.settings()
        access = rules.RULES.check(settings)
    except DataAccessError as error:
        return Look(NOBODY, error)
    if settings.mode == "local":
        return Look(LOCAL)
    try:
        return Look(viewer_now(st.user.to_dict(), access, datetime.now(UTC), active=active))
    except SignInEnded as error:
        return Look(NOBODY, error)


def viewer() -> Viewer:
    """Whoever opened this session."""
    return look().viewer


def is_open(action: Action | None, found: Viewer) -> bool:
    """Whether a page that asks for this action is there for this viewer. None: it is there for whoever has a role."""
    return bool(found.roles) if action is None else found.may(action)


def require(action: Action | None) -> Viewer:
    """The viewer, who may do it. Stops the page with a notice when they may not: its first line."""
    found = viewer()
    if not is_open(action, found):
        refuse()
        st.stop()
    return found


def link(spec: PageSpec, label: str, icon: str, *, query: Mapping[str, str] | None = None) -> None:
    """The way to another page, for whoever may open it: nobody is led to a refusal."""
    if is_open(spec.action, viewer()):
        st.page_link(spec.file, label=label, icon=icon, width="content", query_params=query)


def refuse() -> None:
    st.warning("Your role does not open this page. Ask whoever runs Dynascope for one that does.", icon=":material/lock:")


def downloads_are_served() -> bool:
    """Whether this process has the route that gives an export to one browser alone: asgi.py has it, app.py by itself does not."""
    return browser.downloads_are_served()


def browser_identity() -> str | None:
    """Who this browser is, for what waits for it alone: the random cookie that asgi.py gave it. None where there is none.

    It is as good as a key: it never goes into an address, a widget, a log or a file.
    """
    return known_browser(st.context.cookies.get(COOKIE))
