"""The filters of the usage page: system, tenant, user, time range. Nothing is read for them, so each change asks at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from data_access.dynamo.aws import Source
from data_access.usage import UsageFilter, Window
from pages.ui import address, filters, times

ALL = "all"
DEFAULT_RANGE = "30d"


@dataclass(frozen=True, slots=True)
class Asked:
    """`is_narrow` says that more than the time was chosen."""

    filter: UsageFilter
    is_narrow: bool


def ask(sources: Mapping[str, Source], zone: ZoneInfo) -> Asked:
    """Show the filters in one row that wraps."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        titles = {ALL: "All systems"} | {name: source.title for name, source in sources.items()}
        chosen: str = address.choice("System", titles, key="usage_system", parameter="system", default=ALL, width=215)
        some = sources.values() if chosen == ALL else [sources[chosen]]
        tenant = filters.tenant_field() if any(source.place.system.has_part("tenant_id") for source in some) else None
        user = st.text_input("User", key="usage_user", persist_state="session", placeholder="Exact user id", width=200, autocomplete="off")
        preset: str = address.choice("Time range", filters.RANGES, key="usage_range", parameter="range", default=DEFAULT_RANGE, width=160)
        days = filters.days_field(zone) if preset == "custom" else ()
    address.write()
    filters.say_spaces(user)
    since, until = filters.window(preset, days, zone, times.now())
    if since is not None and until is None:
        # The same beginning as the list's, and an end, so that there is a period before it to compare with.
        until = since + filters.LENGTHS[preset] + filters.STEP
    wanted = UsageFilter(None if chosen == ALL else chosen, tenant, user or None, since, until, zone.key)
    return Asked(wanted, any((wanted.system, tenant, user)))


def window_words(window: Window, zone: ZoneInfo) -> str:
    """A window by its two moments: half-open, so one that ends at midnight ends with the day before."""
    if window.since is None and window.until is None:
        return "all time"
    since = _moment(window.since, zone) if window.since else "the beginning"
    return f"{since} to {_moment(window.until, zone) if window.until else 'now'}"


def _moment(when: datetime, zone: ZoneInfo) -> str:
    return f"{when.astimezone(zone):%d %b %Y %H:%M}".removesuffix(" 00:00")
