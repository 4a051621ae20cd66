"""The filters of the capacity page: system, table, time range. The address keeps them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from data_access.capacity.series import floor_time
from data_access.dynamo.aws import Source
from data_access.windows import day_begins
from pages.ui import address, filters, notices, times, untrusted

ALL = "all"
RANGES: Mapping[str, str] = {
    "1h": "Last hour",
    "3h": "Last 3 hours",
    "24h": "Last 24 hours",
    "7d": "Last 7 days",
    "14d": "Last 14 days",
    "custom": "Between two days",
}
LENGTHS = {"1h": timedelta(hours=1), "3h": timedelta(hours=3), "24h": timedelta(days=1), "7d": timedelta(days=7), "14d": timedelta(days=14)}
# The spikes of a week are on it, and its minutes are still kept.
DEFAULT_RANGE = "7d"
STEP_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Asked:
    """Which systems, which of their tables (None: all of them), and `[since, until)` in UTC; None while no window is chosen."""

    systems: tuple[str, ...]
    table: str | None
    window: tuple[datetime, datetime] | None


def ask(sources: Mapping[str, Source], zone: ZoneInfo) -> Asked:
    """Show the filters in one row that wraps. Says what of a link is not here."""
    given_system, given_table = st.query_params.get("system"), st.query_params.get("table")
    given_range = st.query_params.get("range")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        titles = {ALL: "All systems"} | {name: source.title for name, source in sources.items()}
        system: str = address.choice("System", titles, key="capacity_system", parameter="system", default=ALL, width=215)
        systems = tuple(sources) if system == ALL else (system,)
        tables = {ALL: "All tables"} | {name: name for one in systems for name in sources[one].place.tables.values()}
        table: str = address.choice("Table", tables, key="capacity_table", parameter="table", default=ALL, width=260)
        preset: str = address.choice("Time range", RANGES, key="capacity_range", parameter="range", default=DEFAULT_RANGE, width=170)
        days = filters.days_field(zone) if preset == "custom" else ()
    address.write()
    if given_system is not None and given_system not in titles:
        notices.unknown_system(given_system, [source.title for source in sources.values()])
    elif given_table is not None and given_table not in tables:
        _not_here("table", given_table, "It can belong to another system, or have been renamed in dynascope.toml.")
    if given_range is not None and given_range not in RANGES:
        _not_here("time range", given_range, f"The ranges are {', '.join(RANGES)}.")
    return Asked(systems, None if table == ALL else table, window(preset, days, zone, times.now()))


def window(preset: str, days: Sequence[date], zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime] | None:
    """The window of a preset, which ends at the last full five minutes, so that everybody asks the same for as long.

    Days are whole days of the viewer's zone, the last one included; what has not happened yet is left out. None where
    nothing is left, or only one day is chosen yet.
    """
    now = floor_time(now, STEP_SECONDS)
    if preset != "custom":
        return now - LENGTHS[preset], now
    if len(days) < 2:
        return None
    try:
        since, until = day_begins(days[0], zone), min(now, day_begins(days[1] + timedelta(days=1), zone))
    except OverflowError:
        return None
    return (since, until) if since < until else None


def _not_here(what: str, given: str, remedy: str) -> None:
    with st.container(border=True, gap="xsmall"):
        st.markdown(f":orange[:material/link_off:] **The link names a {what} that is not here**")
        untrusted.text(f"There is no {what} {given[:80]!r}. {remedy}")
