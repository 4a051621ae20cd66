"""Which conversation is open: what the URL says, whose it is, and where it stands in the list that it came from.

The URL has the system, the conversation, the tenant and a message; the user is looked up in this session's list, or was
chosen on the page, because a user's id is never in the URL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import streamlit as st

from data_access.models import Conversation, Filter
from pages.ui import finder, opened, registry, scroll, transcript
from pages.ui.opened import OpenedList, OpenedRow

_PAGE = "page"
_TURNED = "replay_turned"
_CHOSEN = "replay_chosen"
_SEEN = "replay_seen"
_OPENING = "replay_opening"


@dataclass(frozen=True, slots=True)
class At:
    """The open conversation. `place` counts from 0 in `rows`; it is None when the list does not have it."""

    filter: Filter
    message: int | None
    rows: tuple[OpenedRow, ...]
    place: int | None

    @property
    def link(self) -> dict[str, str]:
        """The URL parameters that open this conversation."""
        return _parameters(self.filter.system, self.filter.conversation_id or "", self.filter.tenant_id)


def open_from_list(row: OpenedRow, *, message: int | None = None, words: str = "") -> NoReturn:
    """Leave a list for the replay of one of its rows: at a message, if not at the row's own, with words to find in it."""
    st.session_state[_OPENING] = (row, message or row.message, words)
    # The list's own parameters are bound to its widgets and cannot be set from there: the replay writes the URL itself.
    st.switch_page(registry.REPLAY.file, query_params={})


def read_url() -> At | None:
    """The conversation that the URL names; None when it names none."""
    opening = st.session_state.pop(_OPENING, None)
    if opening is not None:
        row, message, words = opening
        _open(row, message)
        # Opened once more, a conversation is at the same turn once more.
        st.session_state[_SEEN] = (None, None)
        if words:
            st.session_state[finder.WORDS] = words
            st.session_state[finder.HIT] = message
    system, conversation = st.query_params.get("system", ""), st.query_params.get("conversation", "")
    tenant = st.query_params.get("tenant") or None
    if not system or not conversation:
        return None
    listed = opened.current() or OpenedList(Filter(system), ())
    place = _place(listed, system, conversation, tenant)
    chosen = st.session_state.get(_CHOSEN)
    if isinstance(chosen, OpenedRow) and (chosen.system, chosen.conversation_id) == (system, conversation):
        user, tenant = chosen.user_id, tenant or chosen.tenant_id
    else:
        user = listed.rows[place].user_id if place is not None else None
    wanted = Filter(system, user_id=user, tenant_id=tenant, conversation_id=conversation)
    return At(wanted, _number(st.query_params.get("message")), listed.rows, place)


def link_back(here: At | None) -> None:
    """A link to the list that this conversation was opened from; to all conversations where it is of none."""
    listed = opened.current()
    if here is None or here.place is None or listed is None:
        listed = OpenedList(Filter(""), ())
    label = "All conversations" if listed.page == registry.FIND else listed.page.title
    st.page_link(listed.page.file, label=label, icon=":material/arrow_back:", query_params=listed.address or None)


def _place(listed: OpenedList, system: str, conversation: str, tenant: str | None) -> int | None:
    """Two users can share a conversation id: then the row that was chosen counts, not the first."""
    chosen = st.session_state.get(_CHOSEN)
    if isinstance(chosen, OpenedRow) and (chosen.system, chosen.conversation_id) == (system, conversation) and chosen in listed.rows:
        return listed.rows.index(chosen)
    return listed.position(system, conversation, tenant)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0 else None


def _parameters(system: str, conversation: str, tenant: str | None) -> dict[str, str]:
    found = {"system": system, "conversation": conversation}
    return found if tenant is None else {**found, "tenant": tenant}


def arrive(at: At, turns: int) -> None:
    """On the first run of a conversation, or of a link to a message: the right page, the message in view."""
    arrival = (at.filter, at.message)
    seen = st.session_state.get(_SEEN)
    if seen == arrival:
        return
    st.session_state[_SEEN] = arrival
    if at.message is not None and at.message <= turns:
        turn_to(at.message)
    elif seen is None:
        turn_page(_number(st.query_params.get(_PAGE)) or 1)
    elif seen[0] != at.filter:
        turn_page(1)


def ask_page(pages: int) -> int:
    """Show the pagination. The page is in the URL, but for the first."""
    # The pagination is made anew whenever the page is turned from elsewhere: it keeps what it was told at birth.
    wanted, count = st.session_state.get(_TURNED, (1, 0))
    number = st.pagination(pages, default=min(wanted, pages), key=f"replay_page_{count}", on_change=_left)
    if number > 1:
        st.query_params[_PAGE] = str(number)
    else:
        st.query_params.pop(_PAGE, None)
    return number


def turn_page(page: int) -> None:
    """Open a page of turns. For callbacks, and before the pagination is shown."""
    st.session_state[_TURNED] = (page, st.session_state.get(_TURNED, (1, 0))[1] + 1)


def turn_to(position: int) -> None:
    """Open the page of a turn and scroll to it. For callbacks, and before the pagination is shown."""
    turn_page(transcript.page_of(position))
    scroll.wish(transcript.anchor(position))


def next_page(page: int) -> None:
    turn_page(page)
    _left()


def _left() -> None:
    """The reader turned the page: a linked message is behind them, and the new page begins at its top."""
    st.query_params.pop("message", None)
    scroll.wish("transcript")


def open_row(row: OpenedRow) -> None:
    """Open another conversation of the list. For callbacks."""
    _open(row, row.message)


def _open(row: OpenedRow, message: int | None) -> None:
    st.session_state[_CHOSEN] = row
    turn_page(1)
    st.query_params.pop("message", None)
    st.query_params.pop("tenant", None)
    st.query_params.update(_parameters(row.system, row.conversation_id, row.tenant_id))
    if message is not None:
        st.query_params["message"] = str(message)
    scroll.wish("replay_top")


def open_candidate(one: Conversation) -> None:
    """Open one of several conversations with the same id. For callbacks."""
    open_row(OpenedRow(one.system, one.conversation_id, one.user_id, one.tenant_id))
