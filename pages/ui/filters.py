"""The filters of the list. What may be in the URL is bound to it; user ids never are.

Changing one of them asks at once: a read that is not cheap is refused with its price before it starts, so there is
nothing to hold back. Text fields ask when the viewer is done with them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from data_access.dynamo.aws import Source
from data_access.models import Conversation, Filter
from data_access.narrow import Narrow, Order
from pages.ui import address, times
from pages.ui.shown import names
from pages.ui.untrusted import reveal

RANGES: Mapping[str, str] = {
    "24h": "Last 24 hours",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "90d": "Last 90 days",
    "all": "All time",
    "custom": "Between two days",
}
LENGTHS = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30), "90d": timedelta(days=90)}
DEFAULT_RANGE = "all"
ORDERS: Mapping[str, str] = {
    Order.LATEST.value: "Latest activity first",
    Order.EARLIEST.value: "Oldest activity first",
    Order.STARTED.value: "Latest start first",
    Order.LONGEST.value: "Longest first",
    Order.MESSAGES.value: "Most messages first",
    Order.FAILED.value: "Most failed tools first",
    Order.USER.value: "By user",
}
# A window that slides with every rerun would be a new question each time; it slides in these steps.
STEP = timedelta(minutes=5)
_OUTCOMES = {"some": "Some failed", "none": "None failed"}
_NARROWING = ("tool", "not_tool", "failed", "failed_tool", "messages_from", "messages_to", "minutes_from", "minutes_to", "find_not_users")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the viewer wants to see; `window` says the time range in words."""

    filter: Filter
    order: Order
    window: str


def window(preset: str, days: Sequence[date], zone: ZoneInfo, now: datetime) -> tuple[datetime | None, datetime | None]:
    """The half-open time range of a preset. Days are whole days of the viewer's zone, the last one included."""
    if preset == "custom":
        if len(days) < 2:
            return None, None
        until = datetime.combine(days[1] + timedelta(days=1), time(), zone)
        return datetime.combine(days[0], time(), zone), until
    length = LENGTHS.get(preset)
    if length is None:
        return None, None
    step = STEP.total_seconds()
    return datetime.fromtimestamp(now.timestamp() // step * step, zone) - length, None


def ask(sources: Mapping[str, Source], zone: ZoneInfo) -> Asked:
    """Show the filters that a read depends on, in one row that wraps."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        titles = {name: source.title for name, source in sources.items()}
        system = address.choice("System", titles, key="system", default=next(iter(titles)), width=215)
        user = st.text_input("User", key="find_user", persist_state="session", placeholder="Exact user id", width=200, autocomplete="off")
        tenant = tenant_field() if sources[system].place.system.has_part("tenant_id") else None
        preset = address.choice("Active in", RANGES, key="range", default=DEFAULT_RANGE, width=160)
        days = days_field(zone) if preset == "custom" else ()
        order = address.choice("Sort", ORDERS, key="sort", default=Order.LATEST.value, width=190)
    address.write()
    since, until = window(preset, days, zone, times.now())
    say_spaces(user)
    wanted = Filter(system, user or None, tenant, since, until)
    return Asked(wanted, Order(order), in_words(preset, since, until))


def say_spaces(user: str) -> None:
    """Ids that differ by a space exist, and so do slips of the mouse: it is searched as typed, and said."""
    if user and user != user.strip():
        st.caption(":orange[:material/space_bar: The user id begins or ends with a space. It is searched exactly as typed.]")


def tenant_field() -> str | None:
    """The tenant, for where there are any. All pages share it."""
    given = st.text_input(
        "Tenant",
        key="tenant",
        bind="query-params",
        persist_state="session",
        placeholder="Exact tenant id",
        width=150,
        autocomplete="off",
    )
    return given.strip() or None if given else None


def days_field(zone: ZoneInfo) -> Sequence[date]:
    """The first and the last day of a range; only the first while the viewer chooses. All pages share it."""
    today = times.now().astimezone(zone).date()
    found = st.date_input(
        "From and to",
        value=(today - timedelta(days=6), today),
        key="days",
        bind="query-params",
        persist_state="session",
        format="YYYY-MM-DD",
        width=235,
    )
    return found if isinstance(found, tuple) else (found,)


def in_words(preset: str, since: datetime | None, until: datetime | None) -> str:
    if since is None:
        return "of all time"
    if until is None:
        return f"active in the {RANGES[preset].lower()}"
    return f"active from {since:%Y-%m-%d} to {until - timedelta(days=1):%Y-%m-%d}"


def narrowing(conversations: Sequence[Conversation]) -> Narrow:
    """Show the filters that need no further read; they narrow what was read. Options are what the list has."""
    tools = sorted({tool for one in conversations for tool in one.tools})
    failed = sorted({tool for one in conversations for tool in one.failed_tools})
    count = sum(bool(st.session_state.get(key)) for key in _NARROWING)
    label = "Narrow" if not count else f"Narrow ({count})"
    with st.popover(label, icon=":material/tune:", width="content"):
        left, right = st.columns(2)
        with left:
            used = _choose("Used any of these tools", tools, "tool")
        with right:
            without = _choose("Used none of these", tools, "not_tool")
        left, right = st.columns(2)
        with left:
            broke = _choose("A call of these failed", failed, "failed_tool")
        with right:
            outcome = address.choice("Failed calls", _OUTCOMES, key="failed", default=None, index=None, placeholder="Any")
        left, right = st.columns(2)
        messages_from = left.number_input("Messages, from", 0, value=None, step=1, key="messages_from", bind="query-params")
        messages_to = right.number_input("Messages, to", 0, value=None, step=1, key="messages_to", bind="query-params")
        left, right = st.columns(2)
        minutes_from = left.number_input("Minutes, from", 0.0, value=None, step=1.0, key="minutes_from", bind="query-params")
        minutes_to = right.number_input("Minutes, to", 0.0, value=None, step=1.0, key="minutes_to", bind="query-params")
        ids = names()
        users = sorted({one.user_id for one in conversations if one.user_id})
        hidden = st.multiselect(
            "Leave out these users",
            users,
            format_func=lambda user: reveal(ids(user)),
            key="find_not_users",
            placeholder="Your own staff, for example",
        )
        st.button("Clear all", key="find_clear", on_click=_clear, disabled=not count)
    address.write()
    return Narrow(
        tools=frozenset(used),
        without_tools=frozenset(without),
        failed_tools=frozenset(broke),
        failed=None if outcome is None else outcome == "some",
        without_users=frozenset(hidden),
        messages_from=messages_from,
        messages_to=messages_to,
        seconds_from=None if minutes_from is None else minutes_from * 60,
        seconds_to=None if minutes_to is None else minutes_to * 60,
    )


def _choose(label: str, options: Sequence[str], key: str) -> list[str]:
    # New options are accepted so that a link keeps its tool where this list happens not to have it.
    return st.multiselect(label, options, format_func=reveal, key=key, bind="query-params", accept_new_options=True, placeholder="Any")


def _clear() -> None:
    for key in _NARROWING:
        st.session_state[key] = None if key == "failed" or key.endswith(("_from", "_to")) else []
