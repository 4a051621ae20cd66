"""What stands on the usage page around its numbers: which time they are of, and what to do where there are none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from data_access.errors import DataAccessError, UsageError
from data_access.settings import Settings
from data_access.usage import Usage
from pages.ui import load_snapshot, notices, snapshot_line, usage_filters
from pages.ui.usage_filters import Asked

COMMAND = "python -m data_access sync"


def ready(settings: Settings) -> bool:
    """Whether there is a snapshot to ask. Where not, the page says what to do."""
    if snapshot_line.ready("Usage"):
        return True
    if settings.snapshot.on:
        st.caption("Or on the command line, also from cron:")
        st.code(COMMAND, language="bash")
    return False


def failed(error: DataAccessError) -> None:
    """A question that cannot be asked has no other try; what could not be read may be read now."""
    notices.show(error, again=None if isinstance(error, UsageError) else load_snapshot.forget_usage, key="usage_again")


def time_range(found: Usage, first: datetime | None, zone: ZoneInfo) -> Mapping[str, int | float | None]:
    """Say which time the numbers are of, and what they are compared with; return what they can be compared with.

    `first` is the time of the first message of all: a period before it is not a period without anybody.
    """
    words = usage_filters.window_words(found.window, zone)
    words = f"{words[:1].upper()}{words[1:]}"
    before = found.previous_window
    if before is None or before.since is None or before.until is None or first is None:
        st.caption(f"{words}, with no period before it. Times are in {zone.key}.")
        return {}
    if first >= before.until:
        st.caption(f"{words}. The first message of all is of {_day(first, zone)}, so there is no period to compare with.")
        return {}
    since = f"from {_day(before.since, zone)}"
    if first > before.since:
        since += f", in which the first message of all is of {_day(first, zone)}"
    st.caption(f"{words}, compared with the same length before it, {since}. Times are in {zone.key}.")
    return found.previous


def nothing(asked: Asked) -> None:
    ways = []
    if asked.filter.user is not None:
        ways.append("A user id must be exact: capital letters and spaces count.")
    if asked.filter.tenant is not None:
        ways.append("Leave the tenant out, or check it: it must be exact too.")
    if asked.filter.since is not None:
        ways.append("Choose a longer time range.")
    notices.empty("Nothing happened here in this time range.", *(ways or ["The snapshot has no conversation of this system."]))


def _day(when: datetime, zone: ZoneInfo) -> str:
    return f"{when.astimezone(zone):%d %b %Y}"
