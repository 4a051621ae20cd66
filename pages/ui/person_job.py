"""How far the erasure of the person on this page is, whoever works on it and whichever session began it."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

import streamlit as st

from data_access.actions import erasures
from data_access.actions.erasures import Desk
from data_access.erasure.holding_on import WAITING
from data_access.erasure.jobs import is_worked_on
from data_access.erasure.model import ENDED, Job, State
from data_access.errors import DataAccessError
from pages.ui import (
    access,
    erasure_desk,
    erasure_list,
    erasure_progress,
    erasure_states,
    load_people,
    person_form,
    registry,
    times,
    untrusted,
)
from pages.ui.asking import asking
from pages.ui.erasure_words import due, is_open, word
from pages.ui.untrusted import escape

WATCH_SECONDS, QUIET_SECONDS = 0.5, 5.0
_PATIENCE_SECONDS = 5.0


def show(desk: Desk, job: Job, titles: Mapping[str, str], zone: ZoneInfo) -> None:
    """The job, drawn again by itself for as long as it is under way. Everything about it is on the erasures page."""
    if job.state in ENDED:
        _draw(job, desk, titles, zone)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            _to_erasure(job, "Receipt, plan and audit")
            st.button("Look up somebody else", icon=":material/person_search:", key="person_next", on_click=person_form.leave)
        return
    waits = job.state is State.AWAITING

    @st.fragment(run_every=QUIET_SECONDS if waits else WATCH_SECONDS)
    def watch() -> None:
        try:
            now = erasures.status(asking(), desk, job.plan_id)
        except DataAccessError as error:
            erasure_states.show(error, again=load_people.forget_control)
            return
        if now.state in ENDED or (now.state is State.AWAITING) is not waits:
            st.rerun()
        _draw(now, desk, titles, zone)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.button(
                "Cancelling" if now.cancel_asked else "Cancel",
                icon=":material/stop_circle:",
                key="person_cancel",
                disabled=now.cancel_asked,
                on_click=erasure_states.attempt,
                args=(erasures.cancel, desk, now.plan_id),
                help="It ends before the next batch. What is deleted by then stays deleted.",
            )
            _to_erasure(now, "All about it")

    watch()


def _draw(job: Job, desk: Desk, titles: Mapping[str, str], zone: ZoneInfo) -> None:
    said = word(job)
    with st.container(border=True, gap="small"):
        st.markdown(f"{said.badge} {said.about}")
        if is_open(job):
            erasure_progress.bar(job)
        if job.message and job.message != WAITING:
            untrusted.text(job.message)
        if any(row.planned for row in job.progress):
            erasure_progress.by_table(job, titles)
        line = f"Erasure {escape(job.plan_id)}, asked for {times.moment(job.received_at, zone)}, due {due(job, zone)}"
        if job.started_at and job.ended_at:
            line += f", done in {times.duration((job.ended_at - job.started_at).total_seconds())}"
        st.caption(f"{line}.")
    waited = (times.now() - job.plan.created_at).total_seconds() > _PATIENCE_SECONDS
    if is_open(job) and not is_worked_on(job) and (erasure_desk.worker() is None or waited):
        erasure_states.no_worker(desk.settings)


def _to_erasure(job: Job, label: str) -> None:
    link = {erasure_list.PARAMETER: job.plan_id}
    access.link(registry.ERASURES, label, registry.ERASURES.icon, query=link)
