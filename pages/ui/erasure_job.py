"""One erasure: where it stands, what can be done about it, its plan as it was shown, its progress, its receipt."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

import streamlit as st

from data_access.access.permissions import Action
from data_access.actions import erasures
from data_access.actions.erasures import Desk
from data_access.counts import some
from data_access.erasure.holding_on import WAITING
from data_access.erasure.jobs import is_worked_on
from data_access.erasure.model import ENDED, Job, State, is_same_person
from data_access.errors import DataAccessError, NotFound
from pages.ui import (
    access,
    erasure_audit,
    erasure_desk,
    erasure_extend,
    erasure_later,
    erasure_list,
    erasure_plan,
    erasure_progress,
    erasure_receipt,
    erasure_states,
    sign_in,
    times,
    untrusted,
)
from pages.ui.asking import asking
from pages.ui.erasure_words import due, is_open, scope, word
from pages.ui.untrusted import code, reveal

WATCH_SECONDS = 1.0
FACT_WIDTH = 160  # pixels: two fit on a telephone
LONG_VALUE = 26  # characters: a plan's id has as many
_WORKING = (State.RUNNING, State.VERIFYING)


def show(desk: Desk, plan_id: str, titles: Mapping[str, str], zone: ZoneInfo) -> None:
    """Raises DataAccessError."""
    # A link to the page that is open would leave the plan in the address.
    st.button("All erasures", icon=":material/arrow_back:", key="erasure_back", on_click=erasure_list.leave)
    try:
        if not plan_id:
            raise NotFound("There is no such erasure.")
        job = erasures.status(asking(), desk, plan_id)
    except NotFound:
        erasure_states.unknown_plan()
        return
    _head(job, titles, zone)
    erasure_states.failed()
    if is_open(job) and not is_worked_on(job):
        erasure_states.no_worker(desk.settings)
    _actions(desk, job, zone)
    if is_open(job):
        st.fragment(_watch, run_every=WATCH_SECONDS)(desk, job.plan_id, word(job).label, titles)
    erasure_later.show(job, zone)
    kept = erasures.receipt(asking(), desk, plan_id) if job.state in ENDED else None
    if kept is not None:
        erasure_receipt.show(kept, desk.settings, zone, key=f"erasure_{plan_id}")
    else:
        if job.state in ENDED and any(row.planned for row in job.progress):
            erasure_progress.by_table(job, titles)
        erasure_plan.show(job.plan, titles, zone)
    with st.expander("Audit of this erasure", icon=":material/history_edu:", on_change="rerun", key="erasure_rows") as folded:
        if folded.open:
            erasure_audit.rows(desk, zone, plan_id=plan_id)


def _head(job: Job, titles: Mapping[str, str], zone: ZoneInfo) -> None:
    said = word(job)
    st.markdown(f"{said.badge} {said.about}")
    if job.message and job.message != WAITING:
        with st.container(horizontal=True, gap="xsmall"):
            st.markdown(f":{said.colour}[:material/chat_info:]", width="content")
            untrusted.text(job.message)
    facts = [
        ("Erasure", code(job.plan_id)),
        (f"Received · {times.ago(job.received_at)}", times.moment(job.received_at, zone)),
        ("Due", due(job, zone)),
        ("Asked for by", code(job.plan.requested_by)),
        ("Approved by", _approved(job, zone)),
        ("What", f"{some(job.plan.keys, 'item')} in {scope(job.plan.scope, titles)}"),
    ]
    if (moved := erasure_extend.said(job, zone)) is not None:
        facts.insert(3, ("Extended", moved))
    if job.started_at is not None:
        facts.append(("Started", times.moment(job.started_at, zone, seconds=True)))
    if job.ended_at is not None:
        facts.append((f"Ended · {times.ago(job.ended_at)}", times.moment(job.ended_at, zone, seconds=True)))
    if job.plan.scope.user_id and access.viewer().may(Action.LOOK_UP):
        facts.insert(1, ("User", code(job.plan.scope.user_id)))
    else:
        facts.insert(1, ("User, as a keyed hash", f"{code(job.subject[:16])}…"))
    grid = st.grid("auto", min_column_width=FACT_WIDTH, gap=("xsmall", "medium"))
    for name, value in facts:
        with grid.cell(column_span=2 if len(value) >= LONG_VALUE else 1):
            st.markdown(f":gray[:small[{name}]]  \n{value}")


def _approved(job: Job, zone: ZoneInfo) -> str:
    if job.approved_by is not None:
        return code(job.approved_by) if job.approved_at is None else f"{code(job.approved_by)}, {times.moment(job.approved_at, zone)}"
    if not job.needs_approval:
        return "nobody: not needed"
    return "nobody" if job.state in ENDED else ":orange[nobody yet]"


def _actions(desk: Desk, job: Job, zone: ZoneInfo) -> None:
    """What can be done now. Every step is asked of the store again: a button is a wish."""
    if job.state in ENDED:
        return
    viewer = access.viewer()
    enabled = desk.settings.erasure.enabled
    if viewer.may(Action.APPROVE if job.state is State.AWAITING else Action.RESUME) and not is_worked_on(job):
        sign_in.stale("erasure_sign_in")
    if job.state is State.AWAITING:
        _approval(desk, job, viewer.may(Action.APPROVE) and enabled)
    with st.container(horizontal=True):
        if is_open(job) and not is_worked_on(job):
            here = erasure_desk.worker() is not None
            st.button(
                "Resume" if job.token else "Begin now", icon=":material/play_arrow:", key="erasure_resume",
                disabled=not (viewer.may(Action.RESUME) and enabled and here),
                help="Have the worker of this process go on with it now." if here else f"`{erasure_states.RUN}` goes on with it.",
                on_click=erasure_states.attempt, args=(erasures.resume, desk, job.plan_id),
            )  # fmt: skip
        working = job.state in _WORKING
        label = "Drop this plan" if job.state is State.DRAFT else "Cancel after this batch" if working else "Cancel"
        st.button(
            "Cancelling" if job.cancel_asked else label, icon=":material/stop_circle:", key="erasure_cancel",
            disabled=not viewer.may(Action.CANCEL) or job.cancel_asked,
            help="What is deleted by then stays deleted. It cannot be resumed: the rest needs a new plan." if working else None,
            on_click=erasure_states.attempt, args=(erasures.cancel, desk, job.plan_id),
        )  # fmt: skip
        erasure_extend.offer(desk, job, zone, may=viewer.may(Action.EXTEND))


def _approval(desk: Desk, job: Job, may: bool) -> None:
    viewer = access.viewer()
    with st.container(border=True, gap="xsmall"):
        st.markdown(
            "**A second person says yes to exactly this plan**  \n"
            f"{some(job.plan.keys, 'item')}, digest {code(job.plan.digest[:16])}…: another plan, or another list of keys, has "
            "another digest."
        )
        if is_same_person(job.plan.requested_by, viewer.actor):
            local = " In local mode every visitor of this page has it: on the command line a second person approves under their own."
            st.caption(
                f":orange[:material/person_off:] You are {code(viewer.actor)}, who asked for it, and the control table takes no approval "
                f"from that name.{local if viewer.origin == 'local' else ' Somebody else approves it.'}"
            )
            if viewer.origin != "local":
                return
            st.code(
                f"python -m data_access erase approve {reveal(job.plan_id)} --digest {reveal(job.plan.digest)}",
                language=None,
                wrap_lines=True,
            )
            return
        st.button(
            "Approve this plan", type="primary", icon=":material/how_to_reg:", key="erasure_approve", disabled=not may,
            on_click=erasure_states.attempt, args=(erasures.approve, desk, job.plan_id, job.plan.digest),
        )  # fmt: skip


def _watch(desk: Desk, plan_id: str, seen: str, titles: Mapping[str, str]) -> None:
    """Follow it, whoever began it, and draw the page again when it is somewhere else."""
    try:
        job = erasures.status(asking(), desk, plan_id)
    except DataAccessError as error:
        erasure_states.show(error)
        return
    if word(job).label != seen:
        st.rerun()
    with st.container(border=True, gap="small"):
        erasure_progress.bar(job)
        erasure_progress.by_table(job, titles)
