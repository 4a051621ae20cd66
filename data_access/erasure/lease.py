"""The right to work on a job: one worker at a time, and a token that grows with each.

A lease ends by the clock, so a worker that was paused may not know that another has its job. That is why every write of a
worker carries its token, and the table refuses an older one: https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from data_access.erasure.control_rows import job_key, time_text
from data_access.erasure.model import State
from data_access.erasure.records import Action, ConditionFailed, Records
from data_access.errors import LeaseLost, NotFound, WrongState

LEASE_SECONDS = 60.0
_WORKABLE = (State.APPROVED, State.RUNNING, State.VERIFYING)


@dataclass(frozen=True, slots=True)
class Lease:
    """`token` goes with every write of its worker. `cancel_asked`: somebody wants the job to end before its next batch."""

    plan_id: str
    owner: str
    token: int
    until: datetime
    cancel_asked: bool = False


def acquire(records: Records, plan_id: str, owner: str, seconds: float = LEASE_SECONDS) -> Lease | None:
    """None while another worker has it. Raises NotFound, WrongState (nothing to work on), AwsError."""
    now = datetime.now(UTC)
    until = now + timedelta(seconds=seconds)
    nonce = secrets.token_hex(8)
    try:
        records.write(
            Action(
                "Update",
                job_key(plan_id),
                "job",
                expression=(
                    "SET #lease_token = if_not_exists(#lease_token, :zero) + :one, #lease_owner = :owner, "
                    "#lease_until = :until, #lease_nonce = :nonce"
                ),
                condition=("#state IN (:approved, :running, :verifying) AND (attribute_not_exists(#lease_until) OR #lease_until <= :now)"),
                values={
                    ":zero": 0,
                    ":one": 1,
                    ":owner": owner,
                    ":until": time_text(until),
                    ":nonce": nonce,
                    ":now": time_text(now),
                    ":approved": State.APPROVED.value,
                    ":running": State.RUNNING.value,
                    ":verifying": State.VERIFYING.value,
                },
            )
        )
    except ConditionFailed as failed:
        # An answer that was lost on its way is asked for again: then it was this very call that took it.
        if failed.first.get("lease_nonce") != nonce:
            if not failed.first:
                raise NotFound("There is no such erasure.", "List them with: python -m data_access erase status.") from None
            if State(failed.first["state"]) not in _WORKABLE:
                raise wrong_state(State(failed.first["state"]), "worked on") from None
            return None
    row = records.get(job_key(plan_id), "job") or {}
    if row.get("lease_nonce") != nonce:
        return None  # so slow that it has ended already
    return Lease(plan_id, owner, int(row["lease_token"]), until, bool(row.get("cancel")))


def renew(records: Records, lease: Lease, seconds: float = LEASE_SECONDS) -> Lease:
    """The same lease for longer, with what was asked of the job meanwhile. Raises LeaseLost, AwsError."""
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    _change(records, lease, until)
    row = records.get(job_key(lease.plan_id), "job") or {}
    return replace(lease, until=until, cancel_asked=bool(row.get("cancel")))


def release(records: Records, lease: Lease) -> None:
    """Let the next worker in at once. One that has lost it already has nothing to give back."""
    try:
        _change(records, lease, datetime.now(UTC) - timedelta(seconds=1))
    except LeaseLost:
        return


def _change(records: Records, lease: Lease, until: datetime) -> None:
    try:
        records.write(
            Action(
                "Update",
                job_key(lease.plan_id),
                "job",
                expression="SET #lease_until = :until",
                condition="#lease_token = :token",
                values={":until": time_text(until), ":token": lease.token},
            )
        )
    except ConditionFailed:
        raise lost() from None


def lost() -> LeaseLost:
    return LeaseLost("Another worker has taken this erasure over.", "Nothing more is done here; it goes on there.")


def wrong_state(state: State, what: str) -> WrongState:
    return WrongState(f"An erasure that is {state.value.replace('_', ' ')} cannot be {what}.", "Look at it again: it may have moved on.")
