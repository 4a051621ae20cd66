"""The line that says that personal data is masked, and the way to see one conversation without masks.

What was revealed is kept by its keyed hash, for the sign-in that revealed it, in this browser session: it is gone with either. The
session only remembers; who may is asked again at every use (data_access/actions/revealing.py).
"""

from __future__ import annotations

import streamlit as st

from data_access.access.permissions import Action
from data_access.access.viewer import Viewer
from data_access.actions.revealing import Grant, Reason
from data_access.errors import DataAccessError
from data_access.masking.masker import masker_for
from data_access.models import Conversation
from pages.ui import access, load, load_revealed, notices, view_menu

_GRANTS = "revealed"
_ASKING = "reveal_asking"
_REASONS = {
    Reason.SUPPORT: "A support request of the person",
    Reason.LEGAL: "A legal request",
    Reason.FAULT: "Debugging a fault",
    Reason.SAFETY: "Safety of somebody",
}


def is_masked() -> bool:
    """Whether this viewer sees masks at all. Raises SettingsError."""
    return masker_for(access.viewer(), load.settings()) is not None


def grant_of(conversation: Conversation) -> Grant | None:
    """What lets this viewer see this conversation without masks; None where nothing does."""
    grants = _grants(access.viewer())
    if not grants:
        return None
    try:
        return grants.get(load_revealed.hashed(conversation))
    except DataAccessError:  # The keys are out of reach: it stays masked, and revealing again says why.
        return None


def line(conversation: Conversation, grant: Grant | None) -> None:
    """One slim line, for whoever sees masks: that there are some, and the button for those who may look behind them."""
    if not is_masked():
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="reveal_line"):
        if grant is not None:
            st.caption(f":orange[:material/visibility: Personal data is shown. Reason: {_REASONS[grant.reason].lower()}]", width="content")
            st.button("Mask again", icon=":material/visibility_off:", type="tertiary", key="reveal_end", on_click=_end, args=(grant,))
            return
        st.caption(
            ":material/visibility_off: Personal data is masked",
            width="content",
            help="E-mail addresses, phone numbers, card numbers, IBANs and what the configuration names. Names and postal addresses are"
            " not known to be personal data, and are shown.",
        )
        if access.viewer().may(Action.REVEAL):
            st.button("Reveal", icon=":material/visibility:", type="tertiary", key="reveal_ask", on_click=_open, args=(conversation,))
            # Kept open by the session, so that a rerun of the page, whatever it is for, does not close what somebody fills in.
            if st.session_state.get(_ASKING) == _named(conversation):
                _ask(conversation)


def _named(one: Conversation) -> tuple[str | None, ...]:
    return one.system, one.conversation_id, one.user_id, one.tenant_id


def _open(conversation: Conversation) -> None:
    st.session_state[_ASKING] = _named(conversation)


def _close() -> None:
    st.session_state.pop(_ASKING, None)


@st.dialog("Reveal personal data", on_dismiss=_close)
def _ask(conversation: Conversation) -> None:
    st.markdown("It is shown in this browser session, for this conversation only. The audit says who looked, when and why.")
    with st.form("reveal_form", border=False):
        reason = st.selectbox(
            "Reason", list(_REASONS), index=None, format_func=_REASONS.__getitem__, placeholder="Choose the reason", key="reveal_reason"
        )
        asked = st.form_submit_button("Reveal", type="primary", key="reveal_confirm")
    if not asked:
        return
    if reason is None:
        st.caption(":orange[:material/edit: Choose a reason first.]")
        return
    try:
        grant = load_revealed.reveal(conversation, reason)
    except DataAccessError as error:
        notices.show(error)
        st.caption("It stays masked: nothing is shown that the audit does not know of.")
        return
    _grants(access.viewer())[grant.conversation] = grant
    _close()
    st.rerun()


def settle(viewer: Viewer) -> None:
    """Nothing stays revealed when whoever revealed it signed out, signed in anew or has the role no more. app.py calls it on every run."""
    kept: dict[str, Grant] = st.session_state.get(_GRANTS, {})
    if any(not grant.is_of(viewer) for grant in kept.values()):
        forget()


def forget() -> None:
    """Nothing stays revealed in this session."""
    st.session_state.pop(_GRANTS, None)
    _close()
    view_menu.forget()
    load_revealed.forget()


def _end(grant: Grant) -> None:
    _grants(access.viewer()).pop(grant.conversation, None)
    view_menu.forget()
    load_revealed.forget()


def _grants(viewer: Viewer) -> dict[str, Grant]:
    """By keyed hash, those of this sign-in."""
    settle(viewer)
    return st.session_state.setdefault(_GRANTS, {})
