"""One job, worked on by one worker, from wherever the last one left it to its end.

Lease, a word to the audit, a look at what came since, the deletes, the independent reader until nothing is left, what else forgets,
the receipt. Whatever goes wrong leaves the job where it is: it can be resumed, by anybody, at any time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from data_access.audit.chain import Audit
from data_access.audit.events import Started
from data_access.counts import some
from data_access.dynamo.aws import Source
from data_access.erasure import finishing
from data_access.erasure.control import Control
from data_access.erasure.deleter import Deleter
from data_access.erasure.ending import decide
from data_access.erasure.erasing import LOCAL_THREADS, THREADS, Erasing
from data_access.erasure.holding_on import BEAT_SECONDS, CancelAsked, Halted, Hold
from data_access.erasure.lease import Lease
from data_access.erasure.model import ENDED, Job, State
from data_access.erasure.pace import PATIENCE_SECONDS, Pace, Waiting
from data_access.erasure.refreezing import refreeze
from data_access.erasure.sending import Sending
from data_access.erasure.starting import check_digest, look_again
from data_access.erasure.verification import Leftovers, Verification
from data_access.erasure.verify import SETTLE_SECONDS, SWEEPS, verify
from data_access.erasure.watching import LOOKS
from data_access.errors import DataAccessError, ForeignOwner, LeaseLost, PlanChanged, WrongState
from data_access.settings import Settings
from data_access.snapshot.store import Store

Report = Callable[[int], object]
_IN_SNAPSHOT = "The snapshot has what was erased until its next full sync."


@dataclass(frozen=True, slots=True)
class Workshop:
    """All that a worker needs. `on_forgotten` are told of a job when the user is to be forgotten everywhere else.

    `threads` None: as many as the tables take at once. `patience` is how long a table without capacity is waited for,
    `settle_seconds` how long an index has to follow its table, `looks` how long after the end it is looked at again.
    """

    settings: Settings
    sources: Mapping[str, Source]
    control: Control
    audit: Audit
    snapshot: Store | None = None
    on_forgotten: tuple[Callable[[Job], object], ...] = ()
    threads: int | None = None
    beat_seconds: float = BEAT_SECONDS
    patience: float = PATIENCE_SECONDS
    sweeps: int = SWEEPS
    settle_seconds: float = SETTLE_SECONDS
    looks: tuple[timedelta, ...] = LOOKS


def work(shop: Workshop, plan_id: str, worker: str, *, report: Report | None = None, halt: threading.Event | None = None) -> Job | None:
    """Bring a job to its end. None when another worker has it, or when `halt` was set first.

    `worker` is who works, for the audit: a program or a member of staff. `report` hears how many items are deleted so far.
    Raises ErasureOff, NotFound, WrongState, LeaseLost, and whatever stopped it: AwsError, AuditError, SnapshotError.
    """
    held = shop.control.acquire(plan_id, worker)
    if held is None:
        return None
    stop = threading.Event()
    waiting = Waiting()
    hold = Hold(shop.control, held, waiting, beat_seconds=shop.beat_seconds, halt=halt)
    try:
        return _Work(shop, held, hold, stop, waiting, report).run(worker)
    except Halted:
        hold.release()
        return None
    except LeaseLost:
        raise  # nothing of this job is this worker's any more
    except DataAccessError as error:
        _leave(hold, str(error))
        raise
    except BaseException as error:
        _leave(hold, f"The worker was stopped ({type(error).__name__}). What was done is kept: resume it.")
        raise
    finally:
        stop.set()


def _leave(hold: Hold, message: str) -> None:
    with suppress(DataAccessError):  # it may be the control table that does not answer; the lease ends by itself
        hold.tell(message)
    hold.release()


class _Work:
    def __init__(self, shop: Workshop, held: Lease, hold: Hold, stop: threading.Event, waiting: Waiting, report: Report | None) -> None:
        self._shop, self._hold, self._held = shop, hold, held
        self._control, self._audit, self._sources = shop.control, shop.audit, shop.sources
        pace = Pace(shop.settings.erasure.rate)
        self._deleter = Deleter(Sending(shop.sources, pace, stop=stop, patience=shop.patience, waiting=waiting))
        self._stop, self._report = stop, report
        self._threads = shop.threads or (LOCAL_THREADS if shop.settings.mode == "local" else THREADS)
        self._notes: list[str] = []
        self._found_late = 0

    def run(self, worker: str) -> Job:
        plan_id = self._held.plan_id
        self._audit.write(Started(plan_id, worker, self._held.token))
        job = self._control.job(plan_id)
        if job.state is State.APPROVED:
            try:
                job = self._begin(job)
            except WrongState:
                if (now := self._control.job(plan_id)).state in ENDED:
                    return now  # somebody cancelled it before anything was deleted
                raise
            if job.state in ENDED:
                return job
        if (kept := self._control.receipt(plan_id)) is not None:
            return finishing.end_as(job, self._control, self._audit, self._hold, kept, job.message, self._shop.looks)
        begun = self._begun(plan_id) if self._held.token > 1 else frozenset[str]()
        erasing = Erasing(
            self._control, self._audit, self._deleter, self._hold, self._stop, job,
            begun=begun, threads=self._threads, report=self._report,
        )  # fmt: skip
        try:
            erasing.run()
            verification = self._verify(erasing)
        except CancelAsked:
            return self._cut_short(State.CANCELLED, "Cancelled. What was deleted before stays deleted.")
        except ForeignOwner as error:
            return self._cut_short(State.BLOCKED, str(error))
        self._notes += [str(error) for error in erasing.refusals.tables.values()]
        job = self._control.job(plan_id)
        state = decide(job.progress, verification, max(job.plan.keys, sum(row.planned for row in job.progress)))
        self._hold.looks_for_cancel = False  # all is deleted: what is left to do is to say so
        finishing.forget_everywhere(job, self._control, self._audit, self._shop.snapshot, self._hold, self._shop.on_forgotten)
        return self._end(verification, state, self._said(verification))

    def _begin(self, job: Job) -> Job:
        """From approved to running: or to the end, where it is not what was approved any more."""
        began = datetime.now(UTC)
        try:
            check_digest(self._control, self._sources, job)
            drift = look_again(self._control, self._sources, job, self._shop.snapshot, self._hold.beat)
        except PlanChanged as error:
            return self._stopped(job, State.BLOCKED, str(error))
        except CancelAsked:
            return self._stopped(job, State.CANCELLED, "Cancelled before anything was deleted.")
        self._notes += drift.troubles
        note = f"{some(len(drift.keys), 'item')} came since the plan was made: part of it now." if drift.keys else ""
        # The cut-off comes after the look: whatever the look found was there before it.
        job = self._control.move(
            job.plan_id, State.APPROVED, State.RUNNING,
            lease=self._hold.lease, started_at=began, cutoff=datetime.now(UTC), message=note,
        )  # fmt: skip
        if drift.keys:
            self._control.extend(self._hold.lease, drift.keys)
            self._notes.append(note)
        return self._control.job(job.plan_id)

    def _stopped(self, job: Job, state: State, message: str) -> Job:
        finishing.tell_audit(self._audit, job, finishing.NOTHING_SEEN, state)
        return self._control.finish(job.plan_id, job.state, state, lease=self._hold.lease, message=message)

    def _begun(self, plan_id: str) -> frozenset[str]:
        """Chunks whose deletes an earlier worker began: the audit was told before the first of them."""
        found: set[str] = set()
        for entry in self._audit.entries(newest=True):
            if entry.fields.get("plan_id") != plan_id:
                continue
            if entry.event == "deleting" and int(entry.fields["token"]) < self._held.token:
                found.add(str(entry.fields["chunk"]))
            elif entry.event == "planned":
                break
        return frozenset(found)

    def _verify(self, erasing: Erasing) -> Verification:
        job = self._control.job(self._held.plan_id)
        if job.state is State.RUNNING:
            job = self._control.move(job.plan_id, State.RUNNING, State.VERIFYING, lease=self._hold.lease)
        assert job.cutoff is not None, "set before the first delete"
        return verify(
            self._sources,
            job.plan.scope,
            lambda: (key for chunk in self._control.chunks(job.plan_id) for key in chunk.keys),
            job.cutoff,
            sweeps=self._shop.sweeps,
            settle_seconds=self._shop.settle_seconds,
            again=lambda left: self._again(job, erasing, left),
            beat=self._hold.beat,
            patience=self._shop.patience,
        )

    def _again(self, job: Job, erasing: Erasing, left: Leftovers) -> int:
        """Erase what the reader found, each item with a guard of its own. Returns how many are gone now."""
        wanted = [one for one in left if (one.system, one.table) not in erasing.refusals.tables]
        keys, gone = refreeze(self._sources, job.plan.scope, wanted)
        if not keys:
            return gone
        self._control.move(job.plan_id, State.VERIFYING, State.RUNNING, lease=self._hold.lease)
        self._control.extend(self._hold.lease, keys)
        erasing.refusals.begin_again()
        before = erasing.deleted
        erasing.run()
        self._control.move(job.plan_id, State.RUNNING, State.VERIFYING, lease=self._hold.lease)
        self._found_late += erasing.deleted - before
        return gone + erasing.deleted - before

    def _end(self, verification: Verification, state: State, message: str) -> Job:
        job = self._control.job(self._held.plan_id)
        return finishing.end(job, self._control, self._audit, self._hold, verification, state, message, self._shop.looks)

    def _cut_short(self, state: State, message: str) -> Job:
        """On the way, with nothing checked and nothing forgotten elsewhere: what it deleted until then is gone from the tables alone."""
        progress = self._control.job(self._held.plan_id).progress
        kept = self._shop.snapshot is not None and any(row.deleted for row in progress)
        return self._end(finishing.NOTHING_SEEN, state, f"{message} {_IN_SNAPSHOT}" if kept else message)

    def _said(self, verification: Verification) -> str:
        """One or two sentences on how it went; tables by name, and nobody."""
        said = [*self._notes]
        if self._found_late:
            said.append(f"The check after the deletes found {some(self._found_late, 'item')} more: erased too.")
        said += [f"Left in {one.table}: {some(one.count, 'item')}. {one.why}" for one in verification.residuals]
        said += [f"{one.table} could not be read: {one.why}" for one in verification.unread]
        if fresh := sum(found.new_activity for found in verification.new_activity):
            said.append(f"{some(fresh, 'item')} newer than the erasure: kept until somebody asks for it.")
        return " ".join(dict.fromkeys(said))
