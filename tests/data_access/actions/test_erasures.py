"""Erasures as a page asks for them: two people by what their sign-ins prove, fresh sign-ins, and limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data_access.access.permissions import Role
from data_access.access.viewer import LOCAL, Limits
from data_access.actions import erasures
from data_access.actions.asking import Asking
from data_access.actions.erasures import Desk
from data_access.erasure.jobs import Jobs
from data_access.erasure.model import Job, Reason, Scope, State
from data_access.errors import AuditError, Denied, NotConfirmed, NotFound, PlanChanged, SignInAgain, WrongState
from tests.data_access.actions.asked_by import Book, asking, names, viewer
from tests.data_access.erasure.shops import SUBJECTS, Shop, shop_at

pytestmark = pytest.mark.engine
USER = SUBJECTS["cg"]
TENANTED = SUBJECTS["ai_agent"]  # in the tenants acme and acme-eu
AUDITOR = "b" * 16


@pytest.fixture
def shop(engine_endpoint: str, tmp_path: Path) -> Iterator[Shop]:
    with shop_at(engine_endpoint, tmp_path, "cg", "ai_agent", settings={"approval": True}) as found:
        yield found


@pytest.fixture
def desk(shop: Shop) -> Desk:
    one = shop.workshop
    return Desk(one.settings, one.sources, one.control, one.audit, shop.jobs)


def support(desk: Desk, **own: Any) -> Asking:
    return asking(desk.audit, Role.SUPPORT, **own)


def approver(desk: Desk, **own: Any) -> Asking:
    return asking(desk.audit, Role.APPROVER, **({"name": "kim", "person": AUDITOR} | own))


def told(desk: Desk) -> list[str]:
    return [entry.event for entry in desk.audit.entries()]


def awaiting(desk: Desk, by: Asking, scope: Scope | None = None) -> Job:
    made = erasures.plan(by, desk, scope or Scope(USER, ("cg",)))
    return erasures.confirm(by, desk, made.plan_id, (scope or Scope(USER, ("cg",))).user_id)


# Two people


def test_from_the_plan_to_the_approval(desk: Desk) -> None:
    job = awaiting(desk, support(desk))
    assert (job.state, job.plan.requested_by) == (State.AWAITING, f"sam|{'a' * 16}")
    done = erasures.approve(approver(desk), desk, job.plan_id, job.plan.digest)
    assert (done.state, done.approved_by) == (State.APPROVED, f"kim|{AUDITOR}")
    entries = {entry.event: entry.fields for entry in desk.audit.entries()}
    assert list(entries) == ["planned", "submitted", "approved"]
    assert [entries[name]["role"] for name in entries] == ["requester", "requester", "approver"]
    assert all(USER not in str(fields) for fields in entries.values())


@pytest.mark.parametrize("name", ["sam", "kim", "Sam", "sam|bbbbbbbbbbbbbbbb", ""])
def test_the_same_person_is_not_the_second_one_whatever_they_are_called(desk: Desk, name: str) -> None:
    job = awaiting(desk, support(desk))
    with pytest.raises(NotConfirmed):
        erasures.approve(approver(desk, name=name, person="a" * 16), desk, job.plan_id, job.plan.digest)
    # The table itself refuses it, too, as if nobody had asked before.
    same = viewer(Role.APPROVER, name=name, person="a" * 16).actor
    with pytest.raises(NotConfirmed):
        desk.control.approve(job.plan_id, same, job.plan.digest)
    assert desk.control.job(job.plan_id).state is State.AWAITING


def test_another_person_with_the_same_name_is_the_second_one(desk: Desk) -> None:
    job = awaiting(desk, support(desk))
    assert erasures.approve(approver(desk, name="sam"), desk, job.plan_id, job.plan.digest).state is State.APPROVED


def test_who_plans_confirms(desk: Desk) -> None:
    """Else one person would ask with somebody's draft, and approve it as the second one."""
    made = erasures.plan(support(desk), desk, Scope(USER, ("cg",)))
    thief = asking(desk.audit, Role.ADMIN, name="sam", person=AUDITOR)
    with pytest.raises(NotConfirmed, match="Somebody else made"):
        erasures.confirm(thief, desk, made.plan_id, USER)
    assert told(desk) == ["planned", "refused"]
    assert desk.control.job(made.plan_id).state is State.DRAFT


def test_on_this_machine_it_is_one_name(desk: Desk) -> None:
    here = Asking(LOCAL, desk.audit.write)
    job = awaiting(desk, here)
    assert job.plan.requested_by == "local"
    with pytest.raises(NotConfirmed):
        erasures.approve(here, desk, job.plan_id, job.plan.digest)
    assert erasures.approve(approver(desk), desk, job.plan_id, job.plan.digest).state is State.APPROVED
    assert next(iter(desk.audit.entries())).fields["role"] == "operator"


def test_an_approval_is_of_what_was_shown(desk: Desk) -> None:
    job = awaiting(desk, support(desk))
    with pytest.raises(PlanChanged):
        erasures.approve(approver(desk), desk, job.plan_id, "0" * 64)


# A fresh sign-in, and the role at the moment of the click


def test_the_steps_that_erase_need_a_fresh_sign_in(desk: Desk) -> None:
    stale = support(desk, minutes=11)
    made = erasures.plan(stale, desk, Scope(USER, ("cg",)))
    with pytest.raises(SignInAgain):
        erasures.confirm(stale, desk, made.plan_id, USER)
    job = erasures.confirm(support(desk), desk, made.plan_id, USER)
    with pytest.raises(SignInAgain):
        erasures.approve(approver(desk, minutes=11), desk, job.plan_id, job.plan.digest)
    erasures.approve(approver(desk), desk, job.plan_id, job.plan.digest)
    with pytest.raises(SignInAgain):
        erasures.resume(stale, desk, job.plan_id)
    assert told(desk) == ["planned", "denied", "submitted", "denied", "approved", "denied"]
    assert erasures.resume(support(desk), desk, job.plan_id).state is State.APPROVED
    assert erasures.cancel(stale, desk, job.plan_id).state is State.CANCELLED


def test_a_resume_names_who_asked_before_a_worker_is_called(desk: Desk, shop: Shop) -> None:
    job = awaiting(desk, support(desk))
    with pytest.raises(WrongState):
        erasures.resume(support(desk), desk, job.plan_id)
    assert told(desk) == ["planned", "submitted"], "what cannot be resumed was not"
    erasures.approve(approver(desk), desk, job.plan_id, job.plan.digest)
    seen: list[str] = []
    waking = replace(desk, jobs=Jobs(shop.workshop, wake=lambda: seen.extend(told(desk))))
    assert erasures.resume(support(desk), waking, job.plan_id).state is State.APPROVED
    assert seen == ["planned", "submitted", "approved", "resumed"]
    *_, last = desk.audit.entries()
    assert last.fields == {"plan_id": job.plan_id, "actor": f"sam|{'a' * 16}", "role": "requester"}


def test_without_an_audit_nothing_is_resumed(desk: Desk, shop: Shop) -> None:
    job = awaiting(desk, support(desk))
    erasures.approve(approver(desk), desk, job.plan_id, job.plan.digest)
    woken: list[bool] = []
    waking = replace(desk, jobs=Jobs(shop.workshop, wake=lambda: woken.append(True)))
    with pytest.raises(AuditError):
        erasures.resume(asking(Book(AuditError("It cannot be written.", "Make room.")), Role.SUPPORT), waking, job.plan_id)
    assert not woken


Step = Callable[[Asking, Desk, Job], object]
STEPS: dict[str, Step] = {
    "plan": lambda by, desk, job: erasures.plan(by, desk, Scope(USER, job.plan.scope.systems)),
    "scans": lambda by, desk, job: erasures.scans(by, desk.sources, Scope(USER, job.plan.scope.systems)),
    "confirm": lambda by, desk, job: erasures.confirm(by, desk, job.plan_id, USER),
    "approve": lambda by, desk, job: erasures.approve(by, desk, job.plan_id, job.plan.digest),
    "cancel": lambda by, desk, job: erasures.cancel(by, desk, job.plan_id),
    "resume": lambda by, desk, job: erasures.resume(by, desk, job.plan_id),
    "extend": lambda by, desk, job: erasures.extend(by, desk, job.plan_id, Reason.NUMBER),
    "listed": lambda by, desk, _: erasures.listed(by, desk),
    "status": lambda by, desk, job: erasures.status(by, desk, job.plan_id),
    "open_about": lambda by, desk, _: erasures.open_about(by, desk, USER),
    "rows_of": lambda by, desk, job: erasures.rows_of(by, desk, job.plan_id, 10, 100),
    "receipt": lambda by, desk, job: erasures.receipt(by, desk, job.plan_id),
    "head": lambda by, desk, _: erasures.head(by, desk),
    "rows": lambda by, desk, _: erasures.rows(by, desk, 10),
    "verdict": lambda by, desk, _: erasures.verdict(by, desk),
}


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.ANALYST])
def test_a_forged_click_without_the_role_changes_nothing_and_tells_nothing(desk: Desk, role: Role) -> None:
    job = awaiting(desk, support(desk))
    before = list(desk.audit.entries())
    for step in STEPS.values():
        with pytest.raises(Denied) as refused:
            step(asking(desk.audit, role, person=AUDITOR), desk, job)
        assert job.plan_id not in str(refused.value)
    assert desk.control.job(job.plan_id) == desk.control.job(job.plan_id)
    assert desk.control.job(job.plan_id).state is State.AWAITING
    assert told(desk)[len(before) :] == ["denied"] * len(STEPS)


# Limits


def test_an_erasure_outside_of_the_limits_is_not_there(desk: Desk) -> None:
    job = awaiting(desk, support(desk))
    for limits in (Limits(names("ai_agent")), Limits(tenants=names("acme"))):
        by = asking(desk.audit, Role.ADMIN, person="c" * 16, limits=limits)
        assert erasures.listed(by, desk) == ()
        assert erasures.open_about(by, desk, USER) is None
        for name in ("confirm", "approve", "cancel", "resume", "extend", "status", "rows_of", "receipt"):
            with pytest.raises(NotFound):
                STEPS[name](by, desk, job)
        for name in ("plan", "scans"):
            with pytest.raises(Denied):
                STEPS[name](by, desk, job)
    inside = asking(desk.audit, Role.ADMIN, limits=Limits(names("cg")))
    assert [one.plan_id for one in erasures.listed(inside, desk)] == [job.plan_id]


@pytest.mark.parametrize("tenants", [None, ("acme", "acme-eu"), ("acme-eu",), ("other",)])
def test_a_plan_names_the_tenants_and_all_of_them_are_open(desk: Desk, tenants: tuple[str, ...] | None) -> None:
    by = support(desk, limits=Limits(tenants=names("acme")))
    scope = Scope(TENANTED, ("ai_agent",), tenants)
    with pytest.raises(Denied):
        erasures.plan(by, desk, scope)
    with pytest.raises(Denied):
        erasures.scans(by, desk.sources, scope)
    assert told(desk) == ["denied", "denied"]


def test_what_is_planned_in_one_tenant_tells_nothing_of_another(desk: Desk) -> None:
    scope = Scope(TENANTED, ("ai_agent",), ("acme",))
    whole = erasures.plan(support(desk), desk, scope)
    assert any("acme-eu" in sentence for sentence in whole.out_of_scope)
    limited = support(desk, limits=Limits(tenants=names("acme")))
    made = erasures.plan(limited, desk, scope)
    assert (made.keys, made.neighbours) == (whole.keys, ())
    assert not any("acme-eu" in sentence for sentence in made.out_of_scope)
    job = erasures.confirm(limited, desk, made.plan_id, TENANTED)
    for shown in (job, erasures.status(limited, desk, job.plan_id), *erasures.listed(limited, desk)):
        assert not shown.plan.neighbours
        assert not any("acme-eu" in sentence for sentence in shown.plan.out_of_scope)
    # Another's, of both tenants, is none of theirs.
    both = erasures.plan(support(desk), desk, Scope(TENANTED, ("ai_agent",)))
    with pytest.raises(NotFound):
        erasures.status(limited, desk, both.plan_id)


def test_a_system_without_tenants_is_closed_unless_it_is_named(desk: Desk) -> None:
    scope = Scope(USER, ("cg",))
    with pytest.raises(Denied):
        erasures.plan(support(desk, limits=Limits(tenants=names("acme"))), desk, scope)
    named = support(desk, limits=Limits(names("cg", "ai_agent"), names("acme")))
    assert erasures.plan(named, desk, scope).keys
    with pytest.raises(Denied):
        erasures.plan(named, desk, Scope(USER, ("cg", "ai_agent")))


def test_a_job_of_a_system_that_is_not_here_any_more_is_seen_without_limits_alone(desk: Desk) -> None:
    job = awaiting(desk, support(desk))
    fewer = replace(desk, sources={name: source for name, source in desk.sources.items() if name != "cg"})
    assert erasures.status(support(desk), fewer, job.plan_id).plan_id == job.plan_id
    with pytest.raises(NotFound):
        erasures.status(support(desk, limits=Limits(names("cg"))), fewer, job.plan_id)


# What is shown


def test_an_approver_sees_everything_but_who_it_is(desk: Desk) -> None:
    job = awaiting(desk, support(desk))
    assert job.plan.scope.user_id == USER
    for shown in (erasures.status(approver(desk), desk, job.plan_id), *erasures.listed(approver(desk), desk)):
        assert (shown.plan.scope.user_id, shown.plan.neighbours) == ("", ())
        assert shown.plan.digest == job.plan.digest
        assert USER not in repr(shown)
    found = erasures.open_about(approver(desk), desk, USER)
    assert found is not None
    assert USER not in repr(found)


def test_the_rows_of_one_erasure_and_of_all(desk: Desk) -> None:
    job = awaiting(desk, support(desk))
    erasures.plan(support(desk), desk, Scope("demo2", ("cg",)))
    rows = erasures.rows_of(support(desk), desk, job.plan_id, 10, 100)
    assert [row.event for row in rows] == ["submitted", "planned"]
    admin = asking(desk.audit, Role.ADMIN)
    assert erasures.head(admin, desk).count == 3
    assert [row.event for row in erasures.rows(admin, desk, 2)] == ["planned", "submitted"]
    assert erasures.verdict(admin, desk).rows == 3
    with pytest.raises(Denied):
        erasures.rows(support(desk), desk, 2)


def test_an_extension_names_who_made_it(desk: Desk) -> None:
    job = awaiting(desk, support(desk))
    moved = erasures.extend(support(desk), desk, job.plan_id, Reason.COMPLEXITY)
    assert moved.extension is not None
    assert moved.extension.by == f"sam|{'a' * 16}"
