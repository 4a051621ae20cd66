"""What can be asked about erasures: plan, confirm, approve, cancel, resume, extend, look, and the audit of it all.

Each step is asked of the table of permissions here and of the job itself in erasure/jobs.py. An erasure outside of the viewer's
limits is one that is not there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from itertools import islice

from data_access.access.permissions import Action, Role
from data_access.actions.asking import Asking, action, check_systems, keeps_tenants, open_to
from data_access.audit import Audit, Entry, Verdict, verify
from data_access.audit.chain import Head
from data_access.audit.events import Refused, Resumed
from data_access.dynamo.aws import Source
from data_access.erasure import clearing
from data_access.erasure.clearing import CopiesNow
from data_access.erasure.control import Control
from data_access.erasure.jobs import OPEN, Actor, Jobs
from data_access.erasure.model import Job, Plan, Reason, Scope, blanked, is_same_person
from data_access.erasure.plan import ExpectedScan, expected_scans
from data_access.errors import Denied, NotConfirmed, NotFound
from data_access.settings import Settings

_OUTSIDE = "What this user has in other tenants is not open to you. It is not in scope, and stays."


@dataclass(frozen=True, slots=True)
class Desk:
    """Where erasures are kept and done. Pages hand it on, and take nothing from it but the settings."""

    settings: Settings
    sources: Mapping[str, Source]
    control: Control
    audit: Audit
    jobs: Jobs


def actor(by: Asking, name: Action) -> Actor:
    """The viewer as the audit names them, in the role that they do this in."""
    if by.viewer.origin in ("local", "command_line"):
        return Actor(by.viewer.actor, "operator")
    if name is Action.APPROVE:
        return Actor(by.viewer.actor, "approver" if Role.APPROVER in by.viewer.roles else "admin")
    if Role.SUPPORT in by.viewer.roles:
        return Actor(by.viewer.actor, "requester")
    return Actor(by.viewer.actor, "approver" if Role.APPROVER in by.viewer.roles and Role.ADMIN not in by.viewer.roles else "admin")


# Asking


@action(Action.PLAN)
def scans(by: Asking, sources: Mapping[str, Source], scope: Scope) -> tuple[ExpectedScan, ...]:
    """The Scans that a plan of this scope would make. Reads no item. Raises Denied, UsageError, AwsError, SchemaDrift."""
    _check_scope(by, sources, scope)
    return expected_scans(open_to(by, sources), scope)


@action(Action.PLAN)
def plan(by: Asking, desk: Desk, scope: Scope, *, received_at: datetime | None = None, allow_scan: bool = True) -> Plan:
    """Find everything in the scope, delete nothing. Raises Denied, and what Jobs.plan raises."""
    _check_scope(by, desk.sources, scope)
    made = desk.jobs.plan(scope, actor(by, Action.PLAN), received_at=received_at, allow_scan=allow_scan)
    return _shown_plan(by, made)


@action(Action.CONFIRM)
def confirm(by: Asking, desk: Desk, plan_id: str, typed: str) -> Job:
    """The id of the user, typed, by whoever made the plan. Raises Denied, SignInAgain, and what Jobs.confirm raises."""
    me = actor(by, Action.CONFIRM)
    # Else one person could ask with another's plan, and then approve it as the second one.
    if not is_same_person(me.name, _job(by, desk, plan_id).plan.requested_by):
        by.audit(Refused(plan_id, me.name, me.role, NotConfirmed.code))
        raise NotConfirmed("Somebody else made this plan.", "Whoever made it confirms it; or make a plan of your own.")
    return _shown(by, desk.jobs.confirm(plan_id, typed, me))


@action(Action.APPROVE)
def approve(by: Asking, desk: Desk, plan_id: str, digest: str) -> Job:
    """A second person's yes to what the digest stands for. Raises Denied, SignInAgain, and what Jobs.approve raises."""
    _job(by, desk, plan_id)
    return _shown(by, desk.jobs.approve(plan_id, digest, actor(by, Action.APPROVE)))


@action(Action.CANCEL)
def cancel(by: Asking, desk: Desk, plan_id: str) -> Job:
    """Raises Denied, and what Jobs.cancel raises."""
    _job(by, desk, plan_id)
    return _shown(by, desk.jobs.cancel(plan_id, actor(by, Action.CANCEL)))


@action(Action.RESUME)
def resume(by: Asking, desk: Desk, plan_id: str) -> Job:
    """In the audit before a worker is called. Raises Denied, SignInAgain, what Jobs.resume raises, and the audit's own errors."""
    job = _job(by, desk, plan_id)
    if desk.jobs.off() is None and job.state in OPEN:
        me = actor(by, Action.RESUME)
        by.audit(Resumed(plan_id, me.name, me.role))
    return _shown(by, desk.jobs.resume(plan_id))


@action(Action.EXTEND)
def extend(by: Asking, desk: Desk, plan_id: str, reason: Reason, zone: tzinfo = UTC) -> Job:
    """By the calendar of `zone`. Raises Denied, and what Jobs.extend raises."""
    _job(by, desk, plan_id)
    return _shown(by, desk.jobs.extend(plan_id, reason, actor(by, Action.EXTEND), zone=zone))


# Looking


@action(Action.JOBS)
def listed(by: Asking, desk: Desk, limit: int = 50) -> tuple[Job, ...]:
    """Newest first; of the newest `limit`, those that are open to the viewer."""
    return tuple(_shown(by, job) for job in desk.jobs.list(limit) if _sees(by, desk, job.plan.scope))


@action(Action.JOBS)
def status(by: Asking, desk: Desk, plan_id: str) -> Job:
    """Raises Denied, NotFound."""
    return _shown(by, _job(by, desk, plan_id))


@action(Action.JOBS)
def open_about(by: Asking, desk: Desk, user_id: str) -> Job | None:
    """The erasure of this user that is under way, None where there is none that is open to the viewer."""
    subject = desk.control.keys.subject(user_id)
    found = (job for job in desk.control.open_jobs() if job.subject == subject and _sees(by, desk, job.plan.scope))
    return next((_shown(by, job) for job in found), None)


@action(Action.JOBS)
def rows_of(by: Asking, desk: Desk, plan_id: str, most: int, through: int) -> tuple[Entry, ...]:
    """The newest rows of the audit about one erasure, of the newest `through` of all. Raises Denied, NotFound, AuditBroken."""
    _job(by, desk, plan_id)
    newest = islice(desk.audit.entries(newest=True), through)
    return tuple(islice((entry for entry in newest if entry.fields.get("plan_id") == plan_id), most))


@action(Action.RECEIPT)
def receipt(by: Asking, desk: Desk, plan_id: str) -> bytes | None:
    """The file as it was signed, None while there is none. Raises Denied, NotFound."""
    _job(by, desk, plan_id)
    return desk.control.receipt(plan_id)


@action(Action.RECEIPT)
def copies_now(by: Asking, settings: Settings, sources: Mapping[str, Source], systems: Sequence[str]) -> CopiesNow:
    """The copies of these systems' tables as they are now: nothing of anybody. Raises Denied, SettingsError, AwsError."""
    check_systems(by, sources, systems)
    return clearing.copies_now(settings, sources, tuple(systems))


@action(Action.AUDIT)
def head(_by: Asking, desk: Desk) -> Head:
    """How many rows the audit has. Raises Denied, AuditBroken."""
    return desk.audit.head()


@action(Action.AUDIT)
def rows(_by: Asking, desk: Desk, most: int) -> tuple[Entry, ...]:
    """The newest rows of the audit. Raises Denied, AuditBroken."""
    return tuple(islice(desk.audit.entries(newest=True), most))


@action(Action.AUDIT)
def verdict(_by: Asking, desk: Desk) -> Verdict:
    """Go through all of the audit. Raises Denied, AwsError, AuditError."""
    return verify(desk.audit)


# Limits


def _job(by: Asking, desk: Desk, plan_id: str) -> Job:
    job = desk.jobs.status(plan_id)
    if not _sees(by, desk, job.plan.scope):
        raise NotFound("There is no such erasure.", "List them on the erasures page.")
    return job


def _sees(by: Asking, desk: Desk, scope: Scope) -> bool:
    limits = by.viewer.limits
    if limits.systems is None and limits.tenants is None:
        return True
    here = open_to(by, desk.sources)
    return all(name in here for name in scope.systems) and _tenants_are_open(by, here, scope)


def _check_scope(by: Asking, sources: Mapping[str, Source], scope: Scope) -> None:
    check_systems(by, sources, scope.systems)
    if not _tenants_are_open(by, sources, scope):
        raise Denied("Some of these tenants are not open to you.", "Name the tenants that are to be in scope, of those that are.")


def _tenants_are_open(by: Asking, sources: Mapping[str, Source], scope: Scope) -> bool:
    tenants = by.viewer.limits.tenants
    if tenants is None or not any(keeps_tenants(sources[name].place) for name in scope.systems if name in sources):
        return True
    return scope.tenants is not None and tenants.issuperset(scope.tenants)


def _shown(by: Asking, job: Job) -> Job:
    """Without the user's id for those who may not look a person up."""
    return replace(job, plan=_shown_plan(by, job.plan if by.viewer.may(Action.LOOK_UP) else blanked(job.plan)))


def _shown_plan(by: Asking, made: Plan) -> Plan:
    """Without other people's ids, and other tenants' names, outside of the viewer's limits. The digest is that of the whole plan."""
    limits = by.viewer.limits
    if limits.tenants is not None:
        return replace(made, neighbours=(), out_of_scope=(_OUTSIDE,))
    if limits.systems is None:
        return made
    near = (replace(one, systems=tuple(name for name in one.systems if name in limits.systems)) for one in made.neighbours)
    return replace(made, neighbours=tuple(one for one in near if one.systems))
