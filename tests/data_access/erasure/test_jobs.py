"""Plan, confirm, approve, cancel, resume, and the worker thread that does the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data_access.erasure.jobs import Actor, Jobs, is_worked_on, time_left
from data_access.erasure.model import Job, Scope, State
from data_access.erasure.worker import Worker, follow
from data_access.errors import ErasureOff, NotConfirmed, NotFound, PlanChanged, SubjectBusy, WrongState
from tests.data_access.erasure.shops import ME, OTHER, SUBJECTS, Shop, shop_at

pytestmark = pytest.mark.engine
USER = SUBJECTS["cg"]


@pytest.fixture
def shop(engine_endpoint: str, tmp_path: Path) -> Iterator[Shop]:
    with shop_at(engine_endpoint, tmp_path, "cg") as found:
        yield found


@pytest.fixture
def guarded(engine_endpoint: str, tmp_path: Path) -> Iterator[Shop]:
    """Where a second person has to approve."""
    with shop_at(engine_endpoint, tmp_path, "cg", settings={"approval": True}) as found:
        yield found


def planned(shop: Shop, user: str = USER) -> str:
    return shop.jobs.plan(Scope(user, ("cg",)), ME).plan_id


def told(shop: Shop, plan_id: str) -> list[str]:
    return [entry.event for entry in shop.workshop.audit.entries(plan_id=plan_id)]


def worker(shop: Shop) -> Worker:
    one = shop.workshop
    made = Worker(one.settings, one.sources, one.control, one.audit)
    made.shop = one
    return made


def until(check: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


@pytest.mark.parametrize("typed", ["", " demo", "demo ", "Demo", "dem", "demo2", "dem\u043e", "demo\u200b"])
def test_only_the_exact_id_confirms(shop: Shop, typed: str) -> None:
    plan_id, before = planned(shop), shop.left("cg")
    with pytest.raises(NotConfirmed) as refused:
        shop.jobs.confirm(plan_id, typed, ME)
    assert USER not in str(refused.value)
    assert shop.jobs.status(plan_id).state is State.DRAFT
    assert told(shop, plan_id) == ["planned", "refused"]
    assert shop.left("cg") == before


def test_a_second_click_is_the_same_job(shop: Shop) -> None:
    plan_id = planned(shop)
    first, second = (shop.jobs.confirm(plan_id, USER, ME) for _ in range(2))
    assert first.state is second.state is State.APPROVED
    assert told(shop, plan_id).count("submitted") == 1
    with pytest.raises(SubjectBusy):
        shop.jobs.confirm(planned(shop), USER, ME)


def test_an_ended_job_is_not_confirmed_again(shop: Shop) -> None:
    plan_id = planned(shop)
    shop.jobs.cancel(plan_id, ME)
    with pytest.raises(WrongState):
        shop.jobs.confirm(plan_id, USER, ME)
    with pytest.raises(WrongState):
        shop.jobs.confirm(plan_id, "", ME)  # the plain id is gone: nothing is equal to it
    assert shop.jobs.cancel(plan_id, ME).state is State.CANCELLED


def test_two_different_people(guarded: Shop) -> None:
    shop, plan_id = guarded, planned(guarded)
    digest = shop.jobs.status(plan_id).plan.digest
    assert shop.jobs.confirm(plan_id, USER, ME).state is State.AWAITING
    with pytest.raises(NotConfirmed):
        shop.jobs.approve(plan_id, digest, ME)
    with pytest.raises(PlanChanged):
        shop.jobs.approve(plan_id, "0" * 64, OTHER)
    with pytest.raises(WrongState):
        shop.jobs.resume(plan_id)
    with pytest.raises(WrongState):
        follow(shop.workshop, plan_id, "worker-1")
    approved = shop.jobs.approve(plan_id, digest, OTHER)
    assert (approved.state, approved.approved_by) == (State.APPROVED, OTHER.name)
    assert told(shop, plan_id) == ["planned", "submitted", "refused", "refused", "approved"]
    assert shop.work(plan_id).state is State.COMPLETED


def test_who_plans_confirms_where_a_second_person_approves(guarded: Shop) -> None:
    """Else one person would confirm with another's draft, and approve it as the second one: on the command line as on the page."""
    shop, plan_id = guarded, planned(guarded)
    with pytest.raises(NotConfirmed, match="Somebody else made"):
        shop.jobs.confirm(plan_id, USER, OTHER)
    # The table itself refuses it, too, as if nobody had asked before.
    with pytest.raises(NotConfirmed, match="Somebody else made"):
        shop.control.submit(plan_id, OTHER.name)
    assert shop.jobs.status(plan_id).state is State.DRAFT
    assert told(shop, plan_id) == ["planned", "refused"]
    assert shop.jobs.confirm(plan_id, USER, ME).state is State.AWAITING


def test_a_plan_of_before_the_setting_needs_the_second_person_too(shop: Shop) -> None:
    plan_id, one = planned(shop), shop.workshop
    jobs = Jobs(replace(one, settings=replace(one.settings, erasure=replace(one.settings.erasure, approval=True))))
    with pytest.raises(PlanChanged, match="second person"):
        jobs.confirm(plan_id, USER, ME)
    assert jobs.status(plan_id).state is State.DRAFT


def test_of_two_approvals_at_once_one_is_refused_in_the_audit_too(guarded: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop, plan_id = guarded, planned(guarded)
    digest = shop.jobs.confirm(plan_id, USER, ME).plan.digest
    before = shop.jobs.status(plan_id)
    shop.jobs.approve(plan_id, digest, OTHER)
    # What the second one read was read before the first one was through.
    monkeypatch.setattr(shop.control, "job", lambda _plan_id: before)
    with pytest.raises(WrongState):
        shop.jobs.approve(plan_id, digest, Actor("lee", "approver"))
    monkeypatch.undo()
    assert shop.jobs.status(plan_id).approved_by == OTHER.name
    assert told(shop, plan_id) == ["planned", "submitted", "approved", "approved", "refused"]


def test_that_somebody_was_busy_with_the_user_is_in_the_audit(shop: Shop) -> None:
    shop.jobs.confirm(planned(shop), USER, ME)
    second = planned(shop)
    with pytest.raises(SubjectBusy):
        shop.jobs.confirm(second, USER, ME)
    assert told(shop, second) == ["planned", "submitted", "refused"]


def test_there_is_no_receipt_of_what_was_never_planned(shop: Shop) -> None:
    with pytest.raises(NotFound, match="no such erasure"):
        shop.jobs.receipt("0" * 26)
    with pytest.raises(NotFound, match="no receipt"):
        shop.jobs.receipt(planned(shop))


def test_switched_off_nothing_begins_and_the_setting_is_named(shop: Shop) -> None:
    plan_id = planned(shop)
    settings = replace(shop.workshop.settings, erasure=replace(shop.workshop.settings.erasure, enabled=False))
    jobs = Jobs(replace(shop.workshop, settings=settings))
    for begin in (
        lambda: jobs.plan(Scope(USER, ("cg",)), ME),
        lambda: jobs.confirm(plan_id, USER, ME),
        lambda: jobs.approve(plan_id, "0" * 64, OTHER),
        lambda: jobs.resume(plan_id),
    ):
        with pytest.raises(ErasureOff, match=r"\[erasure\].*DYNASCOPE_ERASURE"):
            begin()
    assert jobs.status(plan_id).state is State.DRAFT
    assert len(jobs.list()) == 1
    assert jobs.cancel(plan_id, ME).state is State.CANCELLED


def test_a_receipt_is_there_when_it_has_ended(shop: Shop) -> None:
    plan_id = planned(shop)
    with pytest.raises(NotFound):
        shop.jobs.receipt(plan_id)
    with pytest.raises(NotFound):
        shop.jobs.status("0" * 26)


def test_a_worker_takes_what_is_approved_and_what_was_left_behind(shop: Shop) -> None:
    first = worker(shop)
    jobs = Jobs(shop.workshop, wake=first.wake)
    first.start()
    try:
        plan_id = jobs.plan(Scope(USER, ("cg",)), ME).plan_id
        jobs.confirm(plan_id, USER, ME)
        until(lambda: jobs.status(plan_id).state is State.COMPLETED)
    finally:
        first.stop()
    assert shop.left("cg") == 0

    left = jobs.plan(Scope("demo2", ("cg",)), ME).plan_id
    jobs.confirm(left, "demo2", ME)
    held = shop.control.acquire(left, "gone")
    assert held is not None
    shop.control.move(left, State.APPROVED, State.RUNNING, lease=held, started_at=datetime.now(UTC), cutoff=datetime.now(UTC))
    shop.control.release(held)
    second = worker(shop)
    second.start()
    try:
        until(lambda: jobs.status(left).state is State.COMPLETED)
    finally:
        second.stop()


def test_a_worker_that_is_stopped_leaves_the_job_for_the_next(shop: Shop) -> None:
    one = worker(shop)
    one.start()
    one.stop()
    plan_id = planned(shop)
    shop.jobs.confirm(plan_id, USER, ME)
    assert shop.jobs.status(plan_id).state is State.APPROVED
    assert follow(shop.workshop, plan_id, "worker-1").state is State.COMPLETED
    assert follow(shop.workshop, plan_id, "worker-1").state is State.COMPLETED


def test_time_left_counts_from_the_request(shop: Shop) -> None:
    asked = datetime(2026, 1, 31, 12, tzinfo=UTC)
    plan_id = shop.jobs.plan(Scope(USER, ("cg",)), ME, received_at=asked).plan_id
    job: Job = shop.jobs.status(plan_id)
    assert job.due_at == datetime(2026, 2, 28, 12, tzinfo=UTC)
    assert time_left(job, datetime(2026, 2, 27, 12, tzinfo=UTC)) == timedelta(days=1)
    assert time_left(job, datetime(2026, 3, 1, tzinfo=UTC)) < timedelta(0)
    assert not is_worked_on(job)


def test_a_name_that_the_audit_takes() -> None:
    assert Actor.of("arn:aws:sts::123456789012:assumed-role/Support/sam@example.org").name.startswith("arn:aws:sts::1234")
    assert Actor.of("CORP\\sam smith").name == "CORP-sam-smith"
    assert Actor.of("").name == "unknown"
    assert len(Actor.of("x" * 1000).name) == 256
