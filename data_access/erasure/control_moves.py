"""How a job goes from state to state: each step is one conditional write, so that the table itself refuses what is not allowed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from data_access.erasure.control_rows import OPEN, claim_key, job_key, now_text, pack_totals
from data_access.erasure.lease import Lease, lost, wrong_state
from data_access.erasure.model import ENDED, Job, State, is_same_person, person_of
from data_access.erasure.records import Action, ConditionFailed, Records, Row
from data_access.errors import NotConfirmed, NotFound, PlanChanged, SubjectBusy, WrongState

WORKING = (State.RUNNING, State.VERIFYING)
_STOPS = frozenset((State.CANCELLED, State.BLOCKED, State.FAILED))
# `submit` and `approve` make the other steps. Completed is reached from verifying alone.
_NEXT: Mapping[State, frozenset[State]] = {
    State.DRAFT: _STOPS | {State.NO_DATA},
    State.AWAITING: _STOPS,
    State.APPROVED: _STOPS | {State.RUNNING},
    State.RUNNING: _STOPS | {State.VERIFYING, State.PARTIAL},
    State.VERIFYING: _STOPS | {State.RUNNING, State.COMPLETED, State.RESIDUALS, State.NO_DATA, State.PARTIAL},
}


def submit(records: Records, job: Job, by: str | None = None) -> None:
    """From draft to awaiting approval, or to approved where nobody else has to say yes, and claim the subject.

    Where a second person has to approve it, `by` is who made the plan: else one person could confirm with another's draft, and then
    approve it as the second one. None: whoever it is. A second click finds the job under way, and that is right.
    Raises SubjectBusy, WrongState, NotConfirmed.
    """
    to = State.AWAITING if job.needs_approval else State.APPROVED
    nonce = secrets.token_hex(8)
    claims = [_claim("Put", job, system) for system in job.plan.scope.systems]
    # What needs a second person cannot be approved by this write, whoever sends it.
    condition = "#state = :draft AND #needs_approval = :needed"
    values: dict[str, Any] = {":draft": State.DRAFT.value, ":needed": to is State.AWAITING}
    if job.needs_approval and by is not None:
        person = person_of(by)
        condition += " AND #requested_by = :by" if person is None else " AND contains(#requested_by, :by)"
        values[":by"] = by if person is None else person
    update = _update(job.plan_id, nonce, {"state": to.value}, condition, values)
    try:
        records.write(update, Action("Put", OPEN, job.plan_id), *claims)
    except ConditionFailed as failed:
        refused, _, *claimed = failed.stored
        if (refused or {}).get("change") == nonce:
            return
        if refused is not None:
            state = State(_found(refused)["state"])
            if state in ENDED:
                raise wrong_state(state, "started") from None
            if state is State.DRAFT:
                raise NotConfirmed("Somebody else made this plan.", "Whoever made it confirms it; or make a plan of your own.") from None
            return
        other = next((str(row["plan_id"]) for row in claimed if row), "")
        raise SubjectBusy(
            "Another erasure of this user is open.", "Let it end, or cancel it; then make a new plan.", plan_id=other
        ) from None


def approve(records: Records, plan_id: str, by: str, digest: str) -> None:
    """The second person's yes to exactly what `digest` stands for. Raises NotConfirmed, PlanChanged, WrongState, NotFound."""
    nonce = secrets.token_hex(8)
    condition = "#requested_by <> :approver AND #state = :awaiting AND #digest = :digest"
    values = {":approver": by, ":awaiting": State.AWAITING.value, ":digest": digest}
    if (person := person_of(by)) is not None:  # whatever they are called by now
        condition += " AND NOT contains(#requested_by, :person)"
        values[":person"] = person
    try:
        records.write(
            _update(plan_id, nonce, {"state": State.APPROVED.value, "approved_by": by, "approved_at": now_text()}, condition, values)
        )
    except ConditionFailed as failed:
        row = _found(failed.first)
        if row.get("change") == nonce:
            return
        if is_same_person(row["requested_by"], by):
            raise NotConfirmed("Who asked for an erasure cannot approve it.", "A second person approves it.") from None
        if row["digest"] != digest:
            raise PlanChanged("This is not the plan that was shown.", "Look at the plan again, and approve what it says now.") from None
        if row.get("approved_by") == by:
            return  # a second click
        raise wrong_state(State(row["state"]), "approved") from None


def move(records: Records, job: Job, expected: State, to: State, lease: Lease | None, changes: Mapping[str, Any]) -> None:
    """One step, or the end. Raises WrongState, LeaseLost, NotFound.

    What a worker does needs its lease. At the end the claims go and the totals stay, in one transaction.
    """
    if to not in _NEXT.get(expected, ()):
        raise WrongState(f"An erasure does not go from {expected.value} to {to.value}.", "This is a fault of the program: report it.")
    if lease is None and (expected in WORKING or to in WORKING):
        raise WrongState("Only the worker that has this erasure can change it now.", "Ask for its end instead: cancel it.")
    nonce = secrets.token_hex(8)
    condition, values = "#state = :expected", {":expected": expected.value}
    if lease is not None:
        condition, values = f"{condition} AND #lease_token = :token", values | {":token": lease.token}
    actions: list[Action] = []
    if to in ENDED:
        changes = {**changes, "ended_at": now_text(), "totals": pack_totals(job.progress), "blanking": True}
        if expected is not State.DRAFT:
            actions = [Action("Delete", OPEN, job.plan_id), *(_claim("Delete", job, system) for system in job.plan.scope.systems)]
    try:
        records.write(_update(job.plan_id, nonce, {"state": to.value, **changes}, condition, values), *actions)
    except ConditionFailed as failed:
        row = _found(failed.first)
        if row.get("change") == nonce:
            return
        if lease is not None and row.get("lease_token") != lease.token:
            raise lost() from None
        raise wrong_state(State(row["state"]), f"made {to.value.replace('_', ' ')}") from None


def ask_to_cancel(records: Records, plan_id: str) -> bool:
    """Ask the worker of a running job to end it. False when it is not running (any more)."""
    condition = "#state IN (:running, :verifying)"
    values = {":running": State.RUNNING.value, ":verifying": State.VERIFYING.value, ":yes": True}
    try:
        records.write(Action("Update", job_key(plan_id), "job", expression="SET #cancel = :yes", condition=condition, values=values))
    except ConditionFailed:
        return False
    return True


def _claim(operation: str, job: Job, system: str) -> Action:
    return Action(
        operation,
        claim_key(job.subject),
        f"claim#{system}",
        row={"plan_id": job.plan_id},
        condition="attribute_not_exists(#pk) OR #plan_id = :plan_id",
        values={":plan_id": job.plan_id},
    )


def _update(plan_id: str, nonce: str, changes: Mapping[str, Any], condition: str, values: Mapping[str, Any]) -> Action:
    # `change` tells a write whose answer was lost, and that is therefore sent twice, from somebody else's.
    every = {**changes, "change": nonce}
    expression = "SET " + ", ".join(f"#{name} = :new_{name}" for name in every)
    return Action(
        "Update", job_key(plan_id), "job", expression=expression, condition=condition,
        values={**values, **{f":new_{name}": value for name, value in every.items()}},
    )  # fmt: skip


def _found(row: Row) -> Row:
    if not row:
        raise NotFound("There is no such erasure.", "List them with: python -m data_access erase status.")
    return row
