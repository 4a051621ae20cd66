"""Conversations that a search found, each with its matching turns and the words marked in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from zoneinfo import ZoneInfo

import streamlit as st

from data_access.models import Role
from data_access.snapshot.search import Found, Hit, Turn
from pages.ui import marked, times
from pages.ui.opened import OpenedRow
from pages.ui.shown import Names, names
from pages.ui.untrusted import code, escape, title

TURNS_SHOWN = 3
TURN_WIDTH = 96  # pixels: the buttons stand in a column
_NAMES = {Role.USER: "User", Role.ASSISTANT: "Assistant", Role.SYSTEM: "System", Role.TOOL: "Tool"}
# The row, the turn at which it opens, and the words as they stand in it.
Open = Callable[[OpenedRow, int | None, str], None]


def rows(hits: Sequence[Hit]) -> tuple[OpenedRow, ...]:
    """The results as a list to step through; each opens at its first matching turn."""
    return tuple(
        OpenedRow(hit.key.system, hit.key.conversation_id, hit.key.user_id, hit.key.tenant_id, hit.turns[0].position if hit.turns else None)
        for hit in hits
    )


def summary(found: Found, *, order: str, more: bool) -> tuple[str, str]:
    """How many there are, and what was looked at for them."""
    count = len(found.hits)
    shown = f"**{count:,} conversation{'' if count == 1 else 's'}** {order}"
    took = f"{found.seconds * 1000:,.0f} ms" if found.seconds < 1 else f"{found.seconds:,.1f} s"
    searched = f"{found.searched_conversations:,} conversations with {found.searched_messages:,} messages were searched in {took}"
    if found.stopped_early:
        return shown, f"{searched}; older ones were not, since there is enough to show." if more else f"{searched}; older ones were not."
    return shown, f"{searched}: all that the filter leaves."


def show(hits: Sequence[Hit], systems: Mapping[str, str], zone: ZoneInfo, on_open: Open) -> None:
    ids = names()
    for place, (hit, row) in enumerate(zip(hits, rows(hits), strict=True)):
        with st.container(border=True, gap="xsmall"):
            _head(hit, systems, zone, ids)
            for turn in hit.turns[:TURNS_SHOWN]:
                _turn(place, turn, row, zone, on_open)
            rest = hit.matching - TURNS_SHOWN
            if rest > 0:
                st.caption(f"and {rest:,} more turn{'' if rest == 1 else 's'} of this conversation")


def _head(hit: Hit, systems: Mapping[str, str], zone: ZoneInfo, ids: Names) -> None:
    facts = [escape(systems.get(hit.key.system, hit.key.system)), times.moment(hit.last_activity_at, zone)]
    if hit.message_count is not None:
        facts.append(f"{hit.message_count:,} messages")
    if hit.key.tenant_id is not None:
        facts.append(f"tenant {code(ids(hit.key.tenant_id)) or 'empty'}")
    facts.append(f"user {code(ids(hit.key.user_id)) or 'empty'}" if hit.key.user_id is not None else "user not known")
    words = title(hit.title or "") or "Conversation without a title"
    st.markdown(f"**{words}**  \n:gray[:small[{' · '.join(facts)}]]")


def _turn(place: int, turn: Turn, row: OpenedRow, zone: ZoneInfo, on_open: Open) -> None:
    when = times.moment(turn.sent_at, zone) if turn.sent_at else "no time"
    where = f"{_NAMES[turn.role]}, in a tool call" if turn.in_tools else _NAMES[turn.role]
    with st.container(horizontal=True, vertical_alignment="top", gap="small"):
        st.button(
            f"Turn {turn.position:,}",
            key=f"search_turn_{place}_{turn.position}",
            help="Open the replay at this turn",
            width=TURN_WIDTH,
            on_click=on_open,
            args=(row, turn.position, _words([turn])),
        )
        # In a container of its own a long snippet breaks its lines beside the button instead of moving below it.
        with st.container(width="stretch"):
            st.markdown(f"{marked.snippet(turn.snippet, turn.marks, turn.cut)}  \n:gray[:small[{where} · {when}]]")


def _words(turns: Sequence[Turn]) -> str:
    return next((marked.words_at(turn.snippet, turn.marks) for turn in turns), "")
