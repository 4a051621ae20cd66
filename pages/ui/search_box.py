"""What is searched for and where: the box and its filters. Words and user ids never are in the address.

A search that has been typed asks at once, and so does each filter: an answer from memory takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal
from zoneinfo import ZoneInfo

import streamlit as st

from data_access.models import Role
from data_access.snapshot.search import SearchFilter
from pages.ui import address, filters, times

RESULTS = 20  # more of them by a button, up to:
MOST_RESULTS = 200
RULES = (
    "All words must be in one message, in its text or in the names and arguments of its tool calls; a word is found inside longer ones. "
    '"Quoted words" must follow each other, -word leaves messages out. Case and accents do not count, in any script.'
)
_ROLES: Mapping[str, str] = {"": "Anybody", Role.USER: "User", Role.ASSISTANT: "Assistant", Role.SYSTEM: "System", Role.TOOL: "Tool"}
_ORDERS: Mapping[str, str] = {"newest": "Newest first", "best": "Best first"}
_LIMIT = "search_limit"


@dataclass(frozen=True, slots=True)
class Asked:
    """The question. `filter.limit` grows by `more`."""

    text: str
    filter: SearchFilter

    @property
    def may_grow(self) -> bool:
        return self.filter.limit < MOST_RESULTS


def ask(systems: Mapping[str, str], zone: ZoneInfo) -> Asked:
    """Show the box and the filters. `systems` are titles by id."""
    text = st.text_input(
        "Search",
        key="search_text",
        type="search",
        placeholder='refund "late order" -test',
        label_visibility="collapsed",
        icon=":material/search:",
        autocomplete="off",
        persist_state="session",
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        everywhere = {"": "All systems", **systems}
        system = address.choice("System", everywhere, key="search_system", parameter="system", default="", width=200)
        user = st.text_input("User", key="search_user", persist_state="session", placeholder="Exact user id", width=160, autocomplete="off")
        tenant = filters.tenant_field()
        role = address.choice("Said by", _ROLES, key="search_role", parameter="role", default="", width=125)
        preset = address.choice("Said in", filters.RANGES, key="search_range", parameter="range", default=filters.DEFAULT_RANGE, width=150)
        days = filters.days_field(zone) if preset == "custom" else ()
        order = address.choice("Sort", _ORDERS, key="search_order", parameter="order", default="newest", width=140)
    address.write()
    filters.say_spaces(user)
    since, until = filters.window(preset, days, zone, times.now())
    by: Literal["newest", "best"] = "best" if order == "best" else "newest"
    wanted = SearchFilter(system or None, tenant, user or None, Role(role) if role else None, since, until, order=by, limit=RESULTS)
    question = (text, wanted)
    kept, limit = st.session_state.get(_LIMIT, (None, RESULTS))
    if kept != question:
        st.session_state[_LIMIT] = (question, RESULTS)
        limit = RESULTS
    return Asked((text or "").strip(), replace(wanted, limit=limit))


def more() -> None:
    """Show further results of the same question. For callbacks."""
    question, limit = st.session_state[_LIMIT]
    st.session_state[_LIMIT] = (question, min(limit + RESULTS, MOST_RESULTS))


def ways_out(asked: Asked) -> tuple[str, ...]:
    """What to try when nothing is found. Speaks of the fields, never of their values."""
    wanted = asked.filter
    ways = []
    if " " in asked.text:
        ways.append("All the words must be in one message: leave one out.")
    if wanted.user is not None or wanted.tenant is not None:
        ways.append("A user or tenant id must be exact: capital letters and spaces count.")
    if wanted.role is not None or wanted.since is not None or wanted.system is not None:
        ways.append("Search in all systems, in all time, whoever said it.")
    return tuple(ways)
