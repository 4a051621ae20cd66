"""The list that a conversation was opened from: what previous and next mean, and whose conversation it is.

It lives in the session because a user id is never in the URL. A replay that was opened by its link alone has none.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from data_access.models import Filter
from pages.ui import registry
from pages.ui.registry import PageSpec

KEY = "opened"


@dataclass(frozen=True, slots=True)
class OpenedRow:
    """One line of the list: just enough to open it. `message` is the turn at which it opens, None for its beginning."""

    system: str
    conversation_id: str
    user_id: str | None
    tenant_id: str | None
    message: int | None = None


@dataclass(frozen=True, slots=True)
class OpenedList:
    """The rows in the order in which they were shown, the filter that found them, and the page that showed them.

    `address` is what that page has to be given to show them again; nothing where it remembers what it was left with.
    """

    filter: Filter
    rows: tuple[OpenedRow, ...]
    page: PageSpec = registry.FIND
    address: tuple[tuple[str, str], ...] = ()

    def position(self, system: str, conversation_id: str, tenant_id: str | None = None) -> int | None:
        """Where this conversation stands, from 0; None when it is not of this list. No tenant matches any."""
        for place, row in enumerate(self.rows):
            same_tenant = tenant_id is None or row.tenant_id == tenant_id
            if row.system == system and row.conversation_id == conversation_id and same_tenant:
                return place
        return None


def remember(opened: OpenedList) -> None:
    st.session_state[KEY] = opened


def current() -> OpenedList | None:
    """The list of this session, or None."""
    found = st.session_state.get(KEY)
    return found if isinstance(found, OpenedList) else None
