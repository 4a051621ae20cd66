"""Erasing one person: scope, plan, the id typed again, progress. Each step is a job in the control table, not in this session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import streamlit as st

from data_access.actions import erasures
from data_access.actions.asking import Asking
from data_access.actions.erasures import Desk
from data_access.counts import some
from data_access.dynamo.aws import Source
from data_access.erasure.model import ENDED, Job, State
from data_access.errors import DataAccessError, NotFound
from data_access.people import Person
from pages.ui import (
    erasure_desk,
    erasure_states,
    load,
    load_people,
    person_form,
    person_held,
    person_ids,
    person_job,
    person_plan,
    person_scope,
    person_tasks,
    reading,
    sign_in,
    times,
    untrusted,
)
from pages.ui.asking import asking
from pages.ui.person_scope import Wish
from pages.ui.person_tasks import Task
from pages.ui.untrusted import escape

PLAN, PLANNING, TYPED = "person_plan", "person_planning", "person_typed"
_WATCH_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class _Order:
    """What the thread of a plan needs. Its result is the plan's id alone."""

    by: Asking
    desk: Desk
    wish: Wish

    def make(self, _task: Task) -> str:
        return erasures.plan(self.by, self.desk, self.wish.scope, received_at=self.wish.received_at).plan_id


def show(person: Person | None, sources: Mapping[str, Source], zone: ZoneInfo) -> None:
    """The step that this erasure is at. Without a person only one that is under way can be shown."""
    titles = {name: source.title for name, source in sources.items()}
    try:
        desk = erasure_desk.desk()
        job = _job(desk, person)
    except DataAccessError as error:
        erasure_states.off(load.settings())  # all that is missing, not one thing after the other
        erasure_states.show(error, again=load_people.forget_control)
        return
    erasure_states.failed()
    if job is None and person is None:
        st.rerun()  # its plan is gone, and whom it was about is forgotten: somebody else can be looked up
    if job is not None and person is not None and job.state in ENDED and job.started_at is not None:
        # What this page read of the person is not so any more, whichever process erased it.
        person_form.forget()
        st.rerun()
    if job is not None and job.state is not State.DRAFT:
        person_job.show(desk, job, titles, zone)
        return
    off = erasure_states.off(desk.settings)
    if job is not None:
        _confirm(job, titles, zone, off=off)
    elif person is not None:
        _scope(person, sources, zone, off=off)


def _job(desk: Desk, person: Person | None) -> Job | None:
    """The job of this session, or one that somebody has open about the same person. A draft goes with the one who made it."""
    by = asking()
    planning = person_tasks.find(st.session_state.get(PLANNING))
    if planning is not None and isinstance(planning.result, str):
        st.session_state[PLAN] = planning.result
        del st.session_state[PLANNING]
    plan_id = st.session_state.get(PLAN)
    if plan_id is not None:
        try:
            job = erasures.status(by, desk, plan_id)
        except NotFound:
            job = None
        # A draft that was cancelled elsewhere, or is another's: the scope is asked again.
        if job is not None and not (job.state is State.CANCELLED and job.started_at is None):
            return job
        st.session_state.pop(PLAN, None)
    if person is None:
        return None
    found = erasures.open_about(by, desk, person.user_id)
    if found is not None:
        st.session_state[PLAN] = found.plan_id
    return found


def _scope(person: Person, sources: Mapping[str, Source], zone: ZoneInfo, *, off: bool) -> None:
    planning = person_tasks.find(st.session_state.get(PLANNING))
    if planning is not None and planning.running:
        _watch(planning)
        return
    sign_in.stale("person_sign_in")
    st.caption(
        "First a plan: everything of this user in the scope is found and frozen. Nothing is erased by it. If they want a copy,"
        " make it before, under Export."
    )
    wish = person_scope.ask(person, sources, zone)
    price = ""
    trouble: DataAccessError | None = None
    if wish.missing is None and not off:
        try:
            price = _price(wish)
        except DataAccessError as error:
            trouble = error
    st.button(
        "Make a plan",
        icon=":material/checklist:",
        type="primary",
        key="person_make_plan",
        disabled=off or wish.missing is not None or trouble is not None,
        on_click=_begin,
        args=(wish,),
    )
    if wish.missing is not None:
        st.caption(escape(wish.missing))
    if price:
        st.caption(price)
    if trouble is not None:
        erasure_states.show(trouble, again=load_people.forget_person)
    if planning is not None and planning.error is not None:
        erasure_states.show(planning.error)


def _price(wish: Wish) -> str:
    """What making the plan reads from end to end, before it is made."""
    expected = load_people.scans(asking(), wish.scope)
    if not expected:
        return ""
    units = sum(one.units or 0.0 for one in expected)
    usd = None if any(one.usd is None for one in expected) else sum(one.usd or 0.0 for one in expected)
    unknown = "" if all(one.units is not None for one in expected) else " or more: AWS has not counted all of them yet"
    return (
        f"Making it reads {some(len(expected), 'table')} from end to end, because no key leads to everything: "
        f"about {reading.units(units)} read units, {person_held.dollars(usd)}{unknown}."
    )


def _begin(wish: Wish) -> None:
    before = person_tasks.find(st.session_state.get(PLANNING))
    if before is None or not before.running:  # else it is a second click
        erasure_states.attempt(_plan, wish)


def _plan(by: Asking, wish: Wish) -> None:
    desk = erasure_desk.desk()
    order = _Order(Asking(by.viewer, desk.audit.write), desk, wish)  # a thread has no session to ask
    st.session_state.pop(PLAN, None)
    st.session_state[PLANNING] = person_tasks.start(order.make)


def _watch(task: Task) -> None:
    @st.fragment(run_every=_WATCH_SECONDS)
    def watch() -> None:
        if not task.running:
            st.rerun()
        doing = "Waiting for other work to end" if task.waiting else "Finding everything in the scope"
        st.status(f"{doing}, {times.duration(round(task.seconds))}", state="running")

    watch()


def _confirm(job: Job, titles: Mapping[str, str], zone: ZoneInfo, *, off: bool) -> None:
    plan = job.plan
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader("The plan", anchor=False, width="content")
        st.button("Discard it", icon=":material/delete:", key="person_discard", on_click=_discard, args=(plan.plan_id,))
    person_plan.show(plan, titles, zone)
    st.caption(f"Asked for {times.moment(job.received_at, zone)}, due {times.moment(job.due_at, zone)} ({times.ago(job.due_at)}).")
    with st.container(border=True, gap="small"):
        st.markdown(":red[:material/delete_forever:] **Erase for good**")
        if plan.blocked:
            st.text("It is blocked: see above. Confirmed all the same, it would end as blocked, and nothing would be erased.")
            return
        if not plan.keys:
            st.text("There is nothing to erase in this scope. Confirmed, it is looked for once more, and the receipt says so.")
        if job.needs_approval:
            st.text("Here a second person has to approve it: they see the same plan on the erasures page.")
        untrusted.text(f"To go on, type the exact id of the user {person_ids.masked(plan.scope.user_id)}. It is compared byte for byte.")
        typed = st.text_input(
            "User id, exactly", key=TYPED, autocomplete="off", live=True, width=400, placeholder="Type it, do not paste it"
        )
        wrong = person_ids.why_not(plan.scope.user_id, typed)
        label = "Ask for approval" if job.needs_approval else f"Erase {some(plan.keys, 'item')}" if plan.keys else "Look again and sign"
        st.button(
            label,
            icon=":material/delete_forever:",
            type="primary",
            key="person_erase",
            disabled=off or wrong is not None,
            on_click=_erase,
            args=(plan.plan_id,),
        )
        if wrong is not None:
            st.caption(wrong)
        if off:
            st.caption("Erasing is off here: see above.")


def _erase(plan_id: str) -> None:
    """The typed id goes to the server's side, which compares it again. Clicked twice it is the same job."""
    erasure_states.attempt(_submit, plan_id, st.session_state.get(TYPED) or "")


def _submit(by: Asking, plan_id: str, typed: str) -> None:
    erasures.confirm(by, erasure_desk.desk(), plan_id, typed)
    st.session_state.pop(TYPED, None)


def _discard(plan_id: str) -> None:
    erasure_states.attempt(_drop, plan_id)


def _drop(by: Asking, plan_id: str) -> None:
    erasures.cancel(by, erasure_desk.desk(), plan_id)
    st.session_state.pop(PLAN, None)
    st.session_state.pop(TYPED, None)
