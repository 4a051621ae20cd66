"""The filters of the costs page: system, window, free tier. All of them are in the address; windows are of UTC, as AWS's months."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from data_access.costs.observed import this_time
from data_access.dynamo.aws import Source
from pages.ui import address, filters

ALL = "all"
MONTH, LAST_MONTH = "month", "last-month"
WINDOWS: Mapping[str, str] = {
    MONTH: "This month so far",
    LAST_MONTH: "Last month",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "90d": "Last 90 days",
    "custom": "Between two days",
}
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Asked:
    """`system` None is all of them. `since` None is this month so far; `until` None is now. Half-open, in UTC."""

    system: str | None
    window: str
    since: datetime | None
    until: datetime | None
    free_tier: bool


def ask(sources: Mapping[str, Source]) -> Asked:
    """Show the filters in one row that wraps."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        titles = {ALL: "All systems"} | {name: source.title for name, source in sources.items()}
        system: str = address.choice("System", titles, key="cost_system", parameter="system", default=ALL, width=215)
        window: str = address.choice("Window", WINDOWS, key="cost_window", parameter="window", default=MONTH, width=185)
        days = filters.days_field(_UTC) if window == "custom" else ()
        free_tier = st.toggle(
            "Free tier",
            key="free_tier",
            bind="query-params",
            persist_state="session",
            help="Take off what AWS gives for nothing each month: 25 GB of storage and 18,600 unit-hours each of read and write capacity,"
            " of tables of the Standard class, once for an account and Region. On-demand requests have none.",
        )
    address.write()
    since, until = span(window, this_time())
    if window == "custom" and len(days) == 2:
        since, until = filters.window("custom", days, _UTC, this_time())
    return Asked(None if system == ALL else system, window, since, until, free_tier)


def span(window: str, now: datetime) -> tuple[datetime | None, datetime | None]:
    """A preset's half-open window. Those that end now begin at a full hour."""
    if window == LAST_MONTH:
        return last_month(now)
    length = filters.LENGTHS.get(window)
    if length is None:
        return None, None
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - length, None


def last_month(now: datetime) -> tuple[datetime, datetime]:
    until = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (until - timedelta(days=1)).replace(day=1), until


def words(since: datetime, until: datetime) -> str:
    """1 Nov 2026 to 20 Nov 2026 07:20 UTC."""
    return f"{_moment(since)} to {_moment(until)} UTC"


def _moment(when: datetime) -> str:
    when = when.astimezone(UTC)
    return f"{when.day:d} {when:%b %Y %H:%M}".removesuffix(" 00:00")
