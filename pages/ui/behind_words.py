"""What the list behind a number says above it, and the same list live, where a live filter means the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from data_access.models import Conversation
from data_access.usage import Cell, UsageFilter, Window
from data_access.windows import day_begins, local_day
from pages.ui import registry, tables, usage_filters, usage_link
from pages.ui.shown import Names, names
from pages.ui.untrusted import code, escape
from pages.ui.usage_link import Question

_LIVE = "behind_live"


def show(asked: Question, count: int, titles: Mapping[str, str], zone: ZoneInfo) -> None:
    """How many, of what, of whom and when. The clock is the link's, so that the number is the one that was clicked."""
    cell, wanted, ids = asked.cell, asked.filter, names()
    system = cell.system or wanted.system
    parts = [f"**{count:,} conversation{'' if count == 1 else 's'}**"]
    parts += [f"of {escape(titles.get(system, system))}" if system else "of all systems"]
    parts += [f"for tenant {code(ids(tenant))}" for tenant in dict.fromkeys((wanted.tenant, cell.tenant)) if tenant is not None]
    parts += [f"by user {code(ids(user))}" for user in dict.fromkeys((wanted.user, cell.user)) if user is not None]
    parts += [f"{_what(cell)}"]
    st.markdown(" ".join(parts))
    clock = ZoneInfo(wanted.zone)
    when = usage_filters.window_words(Window(wanted.since, wanted.until), clock)
    within = "Over all time." if wanted.since is None and wanted.until is None else f"From {when}."
    other = "" if wanted.zone == zone.key else f" Days and hours of this number are in {wanted.zone}; the table's times are in {zone.key}."
    st.caption(("Whatever the time range." if cell.of == "empty" else within) + other)


def _what(cell: Cell) -> str:
    """What was clicked. The name of a tool is stored text."""
    tool = code(cell.tool) if cell.tool is not None else "a tool"
    if cell.failed:
        first = f"in which {tool} failed"
    elif cell.tool is not None:
        first = f"that called {tool}"
    else:
        first = {"active": "active", "started": "that began", "listed": "in the list", "empty": "without any message"}[cell.of]
    return " ".join([first, *usage_link.words(cell)])


def as_csv(read: Callable[[], tuple[Conversation, ...]], zone: ZoneInfo, ids: Names) -> bytes:
    """All of the list, read when the file is asked for."""
    return tables.as_csv(read(), zone, ids)


def live_list(asked: Question, zone: ZoneInfo) -> None:
    """A button to the live list, where its filters can say the same: a cell of hours or lengths is only known here."""
    found = live(asked, zone)
    if found is not None:
        st.button(
            "Open as live list",
            icon=registry.FIND.icon,
            on_click=_leave_later,
            args=(found, asked.cell.user or asked.filter.user),
            help="The same conversations, read from the tables as they are now.",
        )


def live(asked: Question, zone: ZoneInfo) -> dict[str, str] | None:
    """The address of the list that shows the same conversations; None where there is none.

    The list takes conversations whose time overlaps the range, and knows tools of the whole conversation. So all that it
    can say is the listed ones of whole days or of all time, and for all time those that called a tool.
    """
    cell, wanted = asked.cell, asked.filter
    system = cell.system or wanted.system
    if system is None or (wanted.system is not None and system != wanted.system) or cell.tenant not in (None, wanted.tenant or cell.tenant):
        return None
    bare = Cell(of=cell.of, tool=cell.tool, failed=cell.failed, system=cell.system, tenant=cell.tenant, user=cell.user)
    of_tool = cell.of == "active" and cell.tool is not None and wanted.since is None and wanted.until is None
    if cell != bare or not (cell.of == "listed" or of_tool) or cell.user not in (None, wanted.user or cell.user):
        return None
    window = _range(wanted, zone)
    if window is None:
        return None
    found = {"system": system, **window}
    if (tenant := cell.tenant or wanted.tenant) is not None:
        found["tenant"] = tenant
    if cell.tool is not None:
        found["failed_tool" if cell.failed else "tool"] = cell.tool
    return found


def _range(wanted: UsageFilter, zone: ZoneInfo) -> dict[str, str] | None:
    """All time, or whole days of the viewer's zone."""
    if wanted.since is None and wanted.until is None:
        return {"range": "all"}
    if wanted.since is None or wanted.until is None or not (_is_midnight(wanted.since, zone) and _is_midnight(wanted.until, zone)):
        return None
    last = local_day(wanted.until - timedelta(microseconds=1), zone)
    return {"range": "custom", "days": f"{local_day(wanted.since, zone)},{last}"}


def _is_midnight(when: datetime, zone: ZoneInfo) -> bool:
    return day_begins(local_day(when, zone), zone) == when


def _leave_later(address: dict[str, str], user: str | None) -> None:
    st.session_state[_LIVE] = (address, user)


def leave_if_asked() -> None:
    """Go to the live list, when a click asked for it."""
    found = st.session_state.pop(_LIVE, None)
    if found is not None:
        address, user = found
        # Not by the address: a user's id is never in one.
        st.session_state["find_user"] = user or ""
        days = address.pop("days", None)
        st.switch_page(
            registry.FIND.file, query_params=[*address.items(), *(("days", day) for day in days.split(","))] if days else address
        )
