"""The one extension of an erasure's due date: why, from the two reasons that the law knows, and what has to be done besides."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import streamlit as st

from data_access.actions import erasures
from data_access.erasure.control_dates import OPEN_STATES, extended_due
from data_access.erasure.jobs import time_left
from data_access.erasure.model import Job, Reason
from pages.ui import erasure_states, times
from pages.ui.erasure_desk import Desk
from pages.ui.erasure_words import REASONS
from pages.ui.untrusted import code

_REASON = "erasure_reason"


def said(job: Job, zone: ZoneInfo) -> str | None:
    """That it was extended, by whom and why, as Markdown; None where it was not."""
    if (moved := job.extension) is None:
        return None
    return f"{times.moment(moved.at, zone)} by {code(moved.by)}: {REASONS[moved.reason]}"


def offer(desk: Desk, job: Job, zone: ZoneInfo, *, may: bool) -> None:
    """Nothing where it was extended before, or where the month is over."""
    if job.extension is not None or job.state not in OPEN_STATES or time_left(job, times.now()).total_seconds() < 0:
        return
    with st.popover("Extend the due date", icon=":material/more_time:", width="content", disabled=not may, key="erasure_extend"):
        later = extended_due(job, zone).astimezone(zone)
        st.markdown(
            f"**Once, by two further months: to {later:%Y-%m-%d}**  \nWhoever asked has to be told before "
            f"{job.due_at.astimezone(zone):%Y-%m-%d}, with the reason (GDPR, article 12 (3)). Dynascope tells nobody."
        )
        reason: Reason | None = st.radio("Reason", list(Reason), format_func=REASONS.__getitem__, index=None, key=_REASON)
        st.button(
            "Extend", type="primary", key="erasure_extend_now", disabled=reason is None,
            on_click=erasure_states.attempt, args=(erasures.extend, desk, job.plan_id, reason, zone),
        )  # fmt: skip
