"""After the last look: what else knows the user forgets, the receipt is signed, and the job ends.

Every step can be done again. The receipt is kept once: a worker that was killed behind it ends the job as the receipt says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson

from data_access.audit.chain import Audit
from data_access.audit.events import Deleted, Ended, Forgotten, Receipted, Swept
from data_access.erasure import control_ending, signing, watching
from data_access.erasure.control import Control
from data_access.erasure.holding_on import Hold
from data_access.erasure.model import Job, Scope, State
from data_access.erasure.receipt import make_receipt
from data_access.erasure.verification import Leftovers, Verification
from data_access.errors import SyncRunning
from data_access.handover.vault import Vault
from data_access.snapshot.forget import Part, forget
from data_access.snapshot.store import Store

_ONE_WAIT_SECONDS, _WAITS = 5.0, 60
NOTHING_SEEN = Verification((), (), (), (), Leftovers(), clean=False)


def is_whole(scope: Scope) -> bool:
    """Whether it is about everything of the user in its systems."""
    return scope.tenants is None and scope.data_type is None and scope.conversation_id is None


def forget_everywhere(
    job: Job,
    control: Control,
    audit: Audit,
    snapshot: Store | None,
    hold: Hold,
    callbacks: Iterable[Callable[[Job], object]],
) -> None:
    """Take the user out of the snapshot, of plans that nobody confirmed and of the exports that wait, and tell whoever has more.

    Raises SnapshotError, AwsError, AuditError.
    """
    scope, rows = job.plan.scope, 0
    if snapshot is not None:
        talks: Mapping[str, set[str]] = {system: set() for system in scope.systems}
        for chunk in control.chunks(job.plan_id):
            talks[chunk.system].update(key.conversation for key in chunk.keys if key.conversation is not None)
            hold.beat()
        for system in scope.systems:
            rows += _forget(snapshot, job, system, sorted(talks[system]), hold)
    if is_whole(scope):
        control_ending.drop_drafts(control.records, control.cancel, job.subject, scope.systems)
    exports = Vault(control.settings.state).remove_all(job.subject)
    for callback in callbacks:
        callback(job)
    audit.write(Forgotten(job.plan_id, job.subject, rows, exports))


def _forget(snapshot: Store, job: Job, system: str, talks: list[str], hold: Hold) -> int:
    scope = job.plan.scope
    for wait in range(_WAITS):
        hold.beat()
        try:
            removed = forget(
                snapshot,
                scope.user_id,
                system,
                at=job.cutoff,
                talks=[(system, talk) for talk in talks],
                part=None if is_whole(scope) else Part(scope.tenants, scope.data_type, scope.conversation_id),
                wait_seconds=_ONE_WAIT_SECONDS,
            )
        except SyncRunning:
            if wait + 1 == _WAITS:
                raise
        else:
            return sum(removed.rows.values())
    raise AssertionError("the last wait raises")


def tell_audit(audit: Audit, job: Job, verification: Verification, state: State) -> None:
    """What became of each table, what each sweep saw, and how it ends. Raises AuditError."""
    for row in job.progress:
        audit.write(Deleted(job.plan_id, row.system, row.table, row.deleted, row.absent, row.foreign, row.errors))
    for number, sweep in enumerate(verification.sweeps, start=1):
        for found in sweep.found:
            audit.write(Swept(job.plan_id, number, found.system, found.table, found.residuals, found.new_activity))
    deleted, absent = sum(row.deleted for row in job.progress), sum(row.absent for row in job.progress)
    audit.write(Ended(job.plan_id, state, deleted, absent, verification.left))


def end(
    job: Job,
    control: Control,
    audit: Audit,
    hold: Hold,
    verification: Verification,
    state: State,
    message: str,
    looks: tuple[timedelta, ...] = (),
) -> Job:
    """Sign the receipt, keep it, and end the job. Raises AuditError, AwsError, LeaseLost."""
    tell_audit(audit, job, verification, state)
    if not verification.sweeps:
        job = replace(job, ended_at=datetime.now(UTC))
    receipt = make_receipt(job, verification, audit.head(), control.keys, state=state)
    kept = control.keep_receipt(hold.lease, receipt.json)
    return end_as(job, control, audit, hold, kept, message, looks)


def end_as(job: Job, control: Control, audit: Audit, hold: Hold, kept: bytes, message: str, looks: tuple[timedelta, ...] = ()) -> Job:
    """End the job as the receipt that is kept says. What completed is looked at again, `looks` after its end."""
    said = orjson.loads(kept)
    key_id = signing.key_id(bytes.fromhex(said["signature"]["public_key"]))
    digest = hashlib.sha256(kept).hexdigest()
    # The same row twice says nothing wrong; none at all would.
    audit.write(Receipted(job.plan_id, digest, key_id))
    state = State(said["receipt"]["state"])
    if state is State.COMPLETED:
        watching.keep(control, job, hold.lease, looks)
    return control.finish(job.plan_id, job.state, state, lease=hold.lease, message=message)
