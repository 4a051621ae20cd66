"""How far an erasure is: one bar for all of it, and a row for each table."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from data_access.counts import some
from data_access.erasure.model import Job, State
from pages.ui import times, untrusted
from pages.ui.erasure_words import word


def bar(job: Job) -> None:
    """Of the frozen keys, how many have an outcome. Checking has no share of its own: the bar is full by then."""
    planned, done = _sums(job)
    share = done / planned if planned else 0.0
    if job.state is State.VERIFYING:
        text = f"{word(job).label.capitalize()}: {some(done, 'item')} dealt with, looking for what is left"
    else:
        text = f"{word(job).label.capitalize()}: {done:,} of {some(planned, 'item')}{_time(job)}"
    st.progress(1.0 if job.state is State.VERIFYING else min(1.0, share), text=text)


def by_table(job: Job, titles: Mapping[str, str]) -> None:
    rows = job.progress
    if not rows:
        st.caption("Nothing to delete is in this plan.")
        return
    shown: dict[str, list[object]] = {
        "Table": [row.table for row in rows],
        "Done": [(row.deleted + row.absent + row.foreign + row.errors) / row.planned if row.planned else 1.0 for row in rows],
        "Planned": [row.planned for row in rows],
        "Deleted": [row.deleted for row in rows],
        "Gone before": [row.absent for row in rows],
        "Failed": [row.errors for row in rows],
        "Another's": [row.foreign for row in rows],
        "Write units": [row.write_units for row in rows],
        "System": [titles.get(row.system, row.system) for row in rows],
    }
    looks = {
        "Table": st.column_config.TextColumn(width=200),
        "Done": st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0, width=120),
        "Planned": st.column_config.NumberColumn(format="localized", width=84),
        "Deleted": st.column_config.NumberColumn(format="localized", width=84),
        "Gone before": st.column_config.NumberColumn(format="localized", width=100, help="There was no such item any more."),
        "Failed": st.column_config.NumberColumn(format="localized", width=76, help="Refused or not reached: it may still be there."),
        "Another's": st.column_config.NumberColumn(format="localized", width=86, help="The item is not the user's any more: left alone."),
        "Write units": st.column_config.NumberColumn(format="%,.1f", width=96, help="Measured, indexes included."),
        "System": st.column_config.TextColumn(width=160),
    }
    idle = [name for name in ("Failed", "Another's") if not any(shown[name])]
    for name in [*idle, *(["System"] if len({row.system for row in rows}) == 1 else [])]:
        del shown[name], looks[name]
    untrusted.table(shown, column_config=looks, hide_index=True, alt="Progress by table")


def _sums(job: Job) -> tuple[int, int]:
    planned = sum(row.planned for row in job.progress)
    return planned, sum(row.deleted + row.absent + row.foreign + row.errors for row in job.progress)


def _time(job: Job) -> str:
    """What the plan said it takes, against what it has taken."""
    if job.started_at is None:
        return ""
    taken = times.duration(max(0.0, (times.now() - job.started_at).total_seconds()))
    return f", {taken} so far" + (f"; the plan says {times.duration(job.plan.seconds)}" if job.plan.seconds else "")
