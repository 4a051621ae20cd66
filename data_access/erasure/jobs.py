"""What people do with an erasure, from a page or the command line: plan, confirm, approve, extend, cancel, resume, look.

Each step is written to the audit before it is done, a refused one too. Nothing here deletes: a worker does (worker.py).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from data_access.audit.events import Approved, CancelAsked, Ended, Extended, Refused, Role, Submitted
from data_access.erasure.control_dates import extend_due, extended_due
from data_access.erasure.model import ENDED, Job, Plan, Reason, Scope, State, is_same_person
from data_access.erasure.plan import make_plan
from data_access.erasure.working import Workshop
from data_access.errors import ErasureError, ErasureOff, NotConfirmed, NotFound, PlanChanged, WrongState

# What an actor may be in the audit: anything else of a name is a hyphen.
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9@._:/+=,|-]")
_LONGEST_NAME = 256
OPEN = (State.APPROVED, State.RUNNING, State.VERIFYING)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: a member of staff or a program, as the audit names them. Never the person whom the data is about."""

    name: str
    role: Role = "operator"

    @classmethod
    def of(cls, name: str, role: Role = "operator") -> Actor:
        """With what the audit does not take replaced."""
        return cls(_NOT_IN_A_NAME.sub("-", name)[:_LONGEST_NAME] or "unknown", role)


class Jobs:
    """The actions on one control table. `wake` is called when a job is ready for a worker."""

    def __init__(self, shop: Workshop, wake: Callable[[], object] | None = None) -> None:
        self._shop, self._wake = shop, wake
        self._control, self._audit = shop.control, shop.audit

    def off(self) -> str | None:
        """Why nothing can be erased from here, None where it can."""
        settings = self._shop.settings
        if settings.erasure.enabled:
            return None
        return (
            "Erasing is not switched on here. Set enabled = true under [erasure] in dynascope.toml, or DYNASCOPE_ERASURE=on, and run "
            "the worker with a role that may delete."
        )

    def plan(self, scope: Scope, by: Actor, *, received_at: datetime | None = None, allow_scan: bool = True) -> Plan:
        """Find everything in the scope, delete nothing. The job is a draft. Raises ErasureOff and what make_plan raises."""
        self._check_on()
        shop = self._shop
        return make_plan(
            shop.settings,
            shop.sources,
            scope,
            requested_by=by.name,
            control=self._control,
            audit=self._audit,
            snapshot=shop.snapshot,
            received_at=received_at,
            role=by.role,
            allow_scan=allow_scan,
        )

    def confirm(self, plan_id: str, typed: str, by: Actor) -> Job:
        """The id of the user, typed: byte for byte the plan's, and the job begins, or waits for a second person.

        A second time it is the same job. A plan that something stands against ends as blocked. Raises ErasureOff, NotConfirmed,
        PlanChanged, SubjectBusy, WrongState, NotFound, AuditError.
        """
        self._check_on()
        job = self._control.job(plan_id)
        if job.state in ENDED:
            raise WrongState(f"This erasure has ended ({job.state.value.replace('_', ' ')}).", "Make a new plan.")
        if not _same(typed, job.plan.scope.user_id):
            raise self._refused(plan_id, by, NotConfirmed("The id that was typed is not the user's of this plan.", "Type it exactly."))
        if job.state is not State.DRAFT:
            return job
        if job.needs_approval and not is_same_person(by.name, job.plan.requested_by):
            # Else one person confirms with another's draft, and approves it as the second one.
            why = NotConfirmed("Somebody else made this plan.", "Whoever made it confirms it; or make a plan of your own.")
            raise self._refused(plan_id, by, why)
        if not job.needs_approval and self._needs_approval(job):
            changed = PlanChanged("By now a second person has to approve this, and the plan was made before that.", "Make a new plan.")
            raise self._refused(plan_id, by, changed)
        if job.plan.blocked:
            self._audit.write(Ended(plan_id, State.BLOCKED, 0, 0, 0))
            return self._control.finish(plan_id, State.DRAFT, State.BLOCKED, message=" ".join(job.plan.blocked))
        self._audit.write(Submitted(plan_id, job.subject, by.name, by.role, job.plan.digest, job.needs_approval))
        try:
            job = self._control.submit(plan_id, by.name)
        except ErasureError as error:
            raise self._refused(plan_id, by, error) from None
        self._call(job)
        return job

    def approve(self, plan_id: str, digest: str, by: Actor) -> Job:
        """A second person's yes to what the digest stands for. Raises ErasureOff, NotConfirmed, PlanChanged, WrongState, NotFound."""
        self._check_on()
        job = self._control.job(plan_id)
        why: ErasureError | None = None
        if job.state is State.AWAITING and is_same_person(by.name, job.plan.requested_by):
            why = NotConfirmed("Who asked for an erasure cannot approve it.", "A second person approves it.")
        elif digest != job.plan.digest:
            why = PlanChanged("This is not the plan that was shown.", "Look at the plan again, and approve what it says now.")
        if why is not None:
            raise self._refused(plan_id, by, why)
        if job.state is State.AWAITING:
            self._audit.write(Approved(plan_id, by.name, by.role, digest))
        try:
            # The table itself refuses the same person, whatever was read above, and takes one of two that come at once.
            job = self._control.approve(plan_id, by.name, digest)
        except ErasureError as error:
            raise self._refused(plan_id, by, error) from None
        self._call(job)
        return job

    def cancel(self, plan_id: str, by: Actor) -> Job:
        """End what has not begun; a running job ends before its next batch. Possible where erasing is off, too. Raises NotFound."""
        job = self._control.job(plan_id)
        if job.state in ENDED:
            return job
        self._audit.write(CancelAsked(plan_id, by.name, by.role))
        return self._control.cancel(plan_id)

    def extend(self, plan_id: str, reason: Reason, by: Actor, now: datetime | None = None, zone: tzinfo = UTC) -> Job:
        """Two further months by the calendar of `zone`, once, in the first one. Possible where erasing is off, too.

        Raises WrongState, NotFound, AuditError.
        """
        job = self._control.job(plan_id)
        if job.extension is None and job.state not in (*ENDED, State.DRAFT) and not is_overdue(job, now):
            due = extended_due(job, zone).astimezone(zone)
            self._audit.write(Extended(plan_id, by.name, by.role, reason, f"{due:%Y-%m-%d}"))
        try:
            extend_due(self._control.records, job, reason, by.name, now, zone)  # the table itself takes it once, whatever was read above
        except WrongState as error:
            raise self._refused(plan_id, by, error) from None
        return self._control.job(plan_id)

    def resume(self, plan_id: str) -> Job:
        """Have a worker go on with a job that was interrupted. Raises ErasureOff, WrongState, NotFound."""
        self._check_on()
        job = self._control.job(plan_id)
        if job.state not in OPEN:
            raise WrongState(
                f"An erasure that is {job.state.value.replace('_', ' ')} cannot be resumed.", "Confirm it, or make a new plan."
            )
        self._call(job)
        return job

    def status(self, plan_id: str) -> Job:
        """Raises NotFound."""
        return self._control.job(plan_id)

    def list(self, limit: int = 50) -> tuple[Job, ...]:
        """Newest first."""
        return self._control.jobs(limit)

    def receipt(self, plan_id: str) -> bytes:
        """The file as it was signed. Raises NotFound."""
        kept = self._control.receipt(plan_id)
        if kept is None:
            self._control.job(plan_id)
            raise NotFound("There is no receipt of this erasure yet.", "There is one when it has been worked on to its end.")
        return kept

    def _needs_approval(self, job: Job) -> bool:
        own = self._shop.settings.erasure
        return own.approval or job.plan.keys > own.most_items

    def _check_on(self) -> None:
        if (why := self.off()) is not None:
            raise ErasureOff(why)

    def _refused(self, plan_id: str, by: Actor, error: ErasureError) -> ErasureError:
        self._audit.write(Refused(plan_id, by.name, by.role, error.code))
        return error

    def _call(self, job: Job) -> None:
        if self._wake is not None and job.state in OPEN:
            self._wake()


def time_left(job: Job, now: datetime | None = None) -> timedelta:
    """Until the due date, one calendar month after the request came in, or three; negative when it has passed."""
    return job.due_at - (now or datetime.now(UTC))


def is_overdue(job: Job, now: datetime | None = None) -> bool:
    """Whether it is still open and should have ended."""
    return job.state not in ENDED and time_left(job, now) < timedelta(0)


def is_worked_on(job: Job, now: datetime | None = None) -> bool:
    """Whether a worker has it at this moment. The lease of one that has ended is nobody's."""
    return job.state not in ENDED and job.lease_until is not None and job.lease_until > (now or datetime.now(UTC))


def _same(typed: str, user_id: str) -> bool:
    """Byte for byte, and no faster for a good guess. An empty id is nobody's."""
    given, wanted = (text.encode("utf-8", "surrogatepass") for text in (typed, user_id))
    return bool(wanted) and hmac.compare_digest(given, wanted)
