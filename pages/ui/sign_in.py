"""The way in and out: the page that everybody sees who has no role, who is signed in, and signing in once more before a step that erases.

Streamlit does the sign-in (`st.login`, OpenID Connect) with the providers of secrets.toml. Where somebody was is handed to the server
(server/return_to.py), which leads back there.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urlencode

import streamlit as st
from streamlit.errors import StreamlitAuthError

from data_access.access.places import LONGEST_QUERY, PLACES, Place
from data_access.access.sessions import SESSIONS
from data_access.access.viewer import Viewer
from data_access.errors import SignInEnded
from pages.ui import access, load, untrusted
from pages.ui.access import Look
from pages.ui.rules import auth

_HERE = "sign_in_here"
_FAILED = "sign_in_failed"
_DEFAULT = "default"  # what Streamlit calls the provider that has no name
_log = logging.getLogger("dynascope.access")


def enter(url_path: str) -> None:
    """Say which page is open: signing in leads back to it. app.py calls this on every run."""
    st.session_state[_HERE] = url_path


def show(look: Look) -> None:
    """In the place of every page, for whoever may see none: the buttons of the providers, or why a sign-in opens nothing."""
    st.title("Dynascope")
    if look.viewer.origin == "signed_in":
        _without_role(look.viewer)
    elif look.trouble is not None and not isinstance(look.trouble, SignInEnded):
        with st.container(border=True, gap="xsmall"):
            st.markdown(":red[:material/settings_alert:] **The configuration is wrong**")
            untrusted.text(look.trouble.sentence)
            if look.trouble.remedy:
                untrusted.text(look.trouble.remedy)
            st.button("Try again", icon=":material/refresh:", key="sign_in_again")
    else:
        _way_in(look)


def _way_in(look: Look) -> None:
    with st.container(border=True, gap="small", width=480):
        if look.trouble is None:
            st.markdown("**Sign in to see the conversations of your chatbots**")
        else:
            st.markdown(":orange[:material/lock_clock:] **You are signed out**")
            untrusted.text(look.trouble.sentence)
        # Whoever was signed out for doing nothing has to show that it is them, and not who sits there now.
        _buttons("sign_in", "Sign in", fresh=look.trouble is not None)
        _failed()


def _without_role(viewer: Viewer) -> None:
    """The two names that an admin needs are shown to nobody but the one whom they name."""
    settings = load.settings()
    issuer, subject = (str(st.user.get(name, "")) for name in ("iss", "sub"))
    with st.container(border=True, gap="small"):
        st.markdown(":orange[:material/badge:] **You are signed in, and have no role here**")
        untrusted.text(f"You are {viewer.name}. Whoever runs Dynascope can give you a role: reviewer, analyst, support, approver or admin.")
        st.caption(
            "Either by a group: dynascope.toml gives roles to the groups that your sign-in names, and it names none of them"
            f" in the claim {untrusted.code(settings.access.claim)}. Or to you alone, by a line in that file:"
        )
        st.code(f'[access.people]\n{json.dumps(f"{issuer}|{subject}")} = ["reviewer"]', language=None, wrap_lines=True)
        st.button("Sign out", icon=":material/logout:", key="sign_out_here", on_click=_sign_out)


def banner(viewer: Viewer) -> None:
    """Above every page, where nobody signed in: what that means."""
    if viewer.origin == "local":
        st.badge("Local mode: nobody signs in; this machine only", icon=":material/computer:", color="gray")
    elif viewer.origin == "anonymous":
        st.badge("Nobody is signed in: masked, nothing about one person", icon=":material/visibility:", color="gray")


def sidebar(viewer: Viewer) -> None:
    """Who is looking, in a line, or how to sign in."""
    if viewer.origin == "anonymous":
        _buttons("sign_in_side", "Sign in", fresh=False)
        _failed()
    elif viewer.origin == "signed_in":
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            untrusted.text(viewer.name, width="stretch")
            st.button("Sign out", icon=":material/logout:", type="tertiary", key="sign_out", on_click=_sign_out)


def stale(key: str) -> None:
    """Before the work for a step that erases, where the sign-in is too old for it: that is better known now."""
    viewer = access.viewer()
    if not viewer.is_fresh():
        with st.container(border=True, gap="xsmall"):
            st.markdown(":orange[:material/lock_clock:] **To erase, sign in again first**")
            untrusted.text(f"What erases for good needs a sign-in of the last {viewer.fresh_minutes:g} minutes. Yours is older.")
            again(key)


def again(key: str) -> None:
    """For a step that wants a fresh sign-in: the button that signs in once more and comes back to this page."""
    st.caption("You come back to this page as its address says; what was typed or looked up here is gone then.")
    provider = st.user.get("provider")
    name = provider if isinstance(provider, str) and provider in _providers() else None
    _buttons(key, "Sign in again", fresh=True, only=name)
    _failed()


def _buttons(key: str, words: str, *, fresh: bool, only: str | None = None) -> None:
    names = [only] if only else list(_providers())
    if not names:
        st.caption("There is no provider to sign in with: secrets.toml names none.")
    for name in names:
        label = words if len(names) == 1 else f"{words} with {untrusted.escape(_named(name))}"
        st.button(
            label, type="primary" if key == "sign_in" else "secondary", icon=":material/login:", key=f"{key}_{name}",
            on_click=_sign_in, args=(name, fresh),
        )  # fmt: skip


def _providers() -> Mapping[str, Mapping[str, Any]]:
    """The providers of secrets.toml. One without a name of its own stands in [auth] itself."""
    said = auth() or {}
    found: dict[str, Mapping[str, Any]] = {_DEFAULT: said} if said.get("client_id") else {}
    for name, section in said.items():
        if isinstance(section, Mapping) and "client_id" in section:
            found[name] = cast("Mapping[str, Any]", section)
    return found


def _named(provider: str) -> str:
    return provider.replace("-", " ").capitalize()


def _sign_in(provider: str, fresh: bool) -> None:
    browser = access.browser_identity()
    if browser is not None:
        # A prompt that secrets.toml asks for is the provider's own way: one that does not know `login` would refuse it.
        kwargs: Mapping[str, Any] = _providers().get(provider, {}).get("client_kwargs", {})
        prompt = "login" if fresh and "prompt" not in kwargs else None
        query = urlencode([(name, value) for name in st.query_params for value in st.query_params.get_all(name)])
        place = Place(st.session_state.get(_HERE, ""), query if len(query) <= LONGEST_QUERY else "", prompt)
        PLACES.keep(browser, place, datetime.now(UTC))
    try:
        st.login(None if provider == _DEFAULT else provider)
    except StreamlitAuthError as error:
        _log.error("The provider %s of secrets.toml is not set up: %s", provider, error)
        st.session_state[_FAILED] = True


def _failed() -> None:
    if st.session_state.pop(_FAILED, False):
        st.caption(":red[:material/error:] This way to sign in is not set up completely. The log of the server says what is missing.")


def _sign_out() -> None:
    """In every tab: the other ones still hold the claims, so the sign-in itself is ended."""
    viewer = access.viewer()
    if viewer.session:
        SESSIONS.end(viewer.session, datetime.now(UTC))
    st.logout()
