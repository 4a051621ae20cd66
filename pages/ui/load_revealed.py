"""What was revealed, cached: for one session, for a short time, for the sign-in that revealed it. See load.py."""

from __future__ import annotations

import streamlit as st

from data_access.access.permissions import Action
from data_access.actions import revealing
from data_access.actions.asking import Asking
from data_access.actions.limits import Sight
from data_access.actions.revealing import Grant, Reason
from data_access.conversations import Replay
from data_access.models import Conversation, Filter
from pages.ui import load, load_people, own_cost
from pages.ui.asking import asking

REVEALED_ENTRIES = 2


def hashed(conversation: Conversation) -> str:
    """The keyed hash of a conversation. Raises AwsError, KeyFileError."""
    keys = load_people.audit().keys
    return keys.conversation(conversation.system, conversation.conversation_id, conversation.user_id, conversation.tenant_id)


def reveal(conversation: Conversation, reason: Reason) -> Grant:
    """Audited when this returns. Raises Denied, AuditError, AwsError, KeyFileError: then it stays masked."""
    return revealing.reveal(asking(), load.opened(), conversation, reason, hashed=hashed)


def replay(grant: Grant, wanted: Filter, allow_scan: bool = False) -> Replay:
    """The conversation without masks. Raises Denied, and as load.replay does."""
    by, seen = load.asked(Action.REPLAY)
    revealing.check_grant(by, grant)
    return _replay(by, seen, grant, wanted, allow_scan)


@st.cache_resource(ttl=load.LIST_TTL, max_entries=REVEALED_ENTRIES, show_spinner=False, scope="session")
def _replay(_by: Asking, seen: Sight, grant: Grant, wanted: Filter, allow_scan: bool) -> Replay:  # noqa: ARG001 - part of the key
    found = revealing.replay_revealed(_by, load.settings(), load.opened(), wanted, grant, hashed=hashed, allow_scan=allow_scan)
    return own_cost.noted(found)


def forget() -> None:
    """Nothing that was revealed stays in this session."""
    _replay.clear()
