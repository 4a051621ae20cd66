"""Looks after the end: an answer that was under way, or an update that makes its item anew, can come minutes after the last sweep.

When a job has ended, its user id and keys are taken out of it. What the later looks need is kept apart until the last of them, sealed
with the installation's hash key: the id and the keys of the conversations. A look reads and reports. It deletes nothing: what is there
hours later may be what the person has written since, and that is for somebody to decide, with a plan of its own.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from data_access.audit.chain import Audit
from data_access.audit.events import LookedAgain
from data_access.dynamo.aws import Source
from data_access.erasure import chunks, control_ending
from data_access.erasure.control import Control
from data_access.erasure.control_rows import job_key, pack_looks, time_text
from data_access.erasure.lease import Lease, lost
from data_access.erasure.model import ENDED, FrozenKey, Job, LaterLook, Scope
from data_access.erasure.pace import PATIENCE_SECONDS
from data_access.erasure.records import Action, ConditionFailed, Row
from data_access.erasure.targets import LAST
from data_access.erasure.verification import Seen, Verification
from data_access.erasure.verify import verify
from data_access.errors import DataAccessError, KeyFileError, LeaseLost

# After the end. An update that was under way comes within minutes; what a queue or a retry held back, within hours.
LOOKS = (timedelta(minutes=15), timedelta(hours=24))
WATCH = "watch"  # the partition that lists what is due, and what the rows of a job begin with
_LEASE = timedelta(seconds=60)
_RENEW = timedelta(seconds=20)


def keep(control: Control, job: Job, held: Lease, looks: tuple[timedelta, ...], now: datetime | None = None) -> None:
    """Before a job ends: seal what the later looks need, and list it. Done twice it is the same. Raises LeaseLost, AwsError."""
    if not looks:
        return
    records, pk, first = control.records, job_key(job.plan_id), (now or datetime.now(UTC)) + looks[0]

    def put(name: str, row: Row) -> None:
        records.put(pk, f"{WATCH}#{name}", {"body": control.keys.seal(row["body"], _place(job.plan_id, name))})

    packer = chunks.Packer(put)
    # Conversations alone: with them, and the user's id, everything that comes back has its way to be found.
    for row in records.rows(pk, f"{chunks.PREFIX}{LAST:02d}#", f"{chunks.PREFIX}~"):
        for key in chunks.unpack(row).keys:
            packer.add(key)
    packer.close()
    named = orjson.dumps((job.plan.scope.user_id, job.plan.scope.conversation_id))
    records.put(pk, WATCH, {"body": control.keys.seal(named, _place(job.plan_id, ""))})
    mine = Action(
        "Update",
        pk,
        "job",
        expression="SET #next_look = :at",
        condition="#lease_token = :token",
        values={":at": time_text(first), ":token": held.token},
    )
    try:
        records.write(mine, Action("Put", WATCH, job.plan_id, {"at": time_text(first)}))
    except ConditionFailed:
        raise lost() from None


@dataclass(frozen=True, slots=True)
class Watcher:
    """Does the looks that are due, whoever ended the jobs. `halt`: this process ends. Any number of them may run at once."""

    control: Control
    audit: Audit
    sources: Mapping[str, Source]
    name: str
    looks: tuple[timedelta, ...] = LOOKS
    halt: threading.Event = field(default_factory=threading.Event)
    patience: float = PATIENCE_SECONDS
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def due(self) -> tuple[str, ...]:
        """Plans that are to be looked at now, by nobody else at the moment. Raises AwsError."""
        now = time_text(self.clock())
        rows = self.control.records.rows(WATCH)
        return tuple(str(row["sk"]) for row in rows if str(row["at"]) <= now and str(row.get("lease_until", "")) <= now)

    def run(self) -> int:
        """Every look that is due. Returns how many were done. Raises the first error of those that could not be, after the others."""
        done, problem = 0, None
        for plan_id in self.due():
            if self.halt.is_set():
                break
            try:
                done += self.look(plan_id)
            except LeaseLost:
                continue  # another process has it
            except DataAccessError as error:
                problem = problem or error
        if problem is not None:
            raise problem
        return done

    def look(self, plan_id: str) -> bool:
        """One look. False where another process has it, or the job has not ended yet. Raises AwsError, AuditError, LeaseLost."""
        turn = _Turn(self.control, plan_id, self.clock)
        if not turn.take():
            return False
        try:
            return self._look(turn)
        except _Halted:
            turn.give_back()
            return False
        except BaseException:
            turn.give_back()
            raise

    def _look(self, turn: _Turn) -> bool:
        job = self.control.job(turn.plan_id)
        if job.state not in ENDED:
            turn.give_back()  # its worker was killed between the list and the end, and it is still somebody's to end
            return False
        if not turn.is_last:
            seen = self._see(job, turn)
            self.audit.write(LookedAgain(job.plan_id, self.name, len(job.looks) + 1, seen.items, seen.new_activity, seen.unread))
            assert job.ended_at is not None, "it has ended"
            now = self.clock()
            later = [job.ended_at + after for after in self.looks if job.ended_at + after > now]
            turn.note((*job.looks, seen), min(later, default=None))
        if turn.is_last:
            self._drop(job.plan_id)
        return True

    def _see(self, job: Job, turn: _Turn) -> LaterLook:
        try:
            scope, keys = self._opened(job)
        except KeyFileError:
            return LaterLook(self.clock(), (), 0, 1)  # it can never be looked at: the hash key is another one
        assert job.cutoff is not None, "set before the first delete"

        def beat() -> None:
            if self.halt.is_set():
                raise _Halted
            turn.renew()

        # One sweep, without the Scans that the last ones before the end have made.
        found = verify(self.sources, scope, keys, job.cutoff, sweeps=2, most_sweeps=1, beat=beat, patience=self.patience)
        return _told(found, self.clock())

    def _opened(self, job: Job) -> tuple[Scope, Callable[[], Iterator[FrozenKey]]]:
        """Raises KeyFileError."""
        records, pk, own = self.control.records, job_key(job.plan_id), self.control.keys
        named = records.get(pk, WATCH)
        if named is None:
            raise KeyFileError("What was sealed for this look is not there any more.")
        user_id, conversation_id = orjson.loads(own.unseal(bytes(named["body"]), _place(job.plan_id, "")))

        def keys() -> Iterator[FrozenKey]:
            for row in records.rows(pk, f"{WATCH}#", f"{WATCH}#~"):
                name = str(row["sk"]).removeprefix(f"{WATCH}#")
                body = own.unseal(bytes(row["body"]), _place(job.plan_id, name))
                # The seal has shown that it is what was written.
                digest = hashlib.sha256(zlib.decompress(body)).hexdigest()
                yield from chunks.unpack({"sk": chunks.PREFIX + name, "body": body, "sha256": digest}).keys

        for _ in keys():  # all of it can be opened, or nothing is looked at
            pass
        return replace(job.plan.scope, user_id=user_id, conversation_id=conversation_id), keys

    def _drop(self, plan_id: str) -> None:
        """The last look is noted: what it needed goes, and then the line in the list."""
        records, pk = self.control.records, job_key(plan_id)
        control_ending.remove(records, pk, f"{WATCH}#")
        records.remove(pk, [WATCH])
        records.remove(WATCH, [plan_id])


class _Halted(Exception):
    """Inside this module only: this process ends, and another one looks."""


class _Turn:
    """One process at a time looks at a job: a lease in the list's row, by the clock. A look that two do at once costs reads, no more."""

    def __init__(self, control: Control, plan_id: str, clock: Callable[[], datetime]) -> None:
        self._records, self.plan_id, self._clock = control.records, plan_id, clock
        self._nonce = secrets.token_hex(8)
        self._until = clock()
        self.is_last = False

    def take(self) -> bool:
        now = self._clock()
        condition = "attribute_exists(#pk) AND (attribute_not_exists(#lease_until) OR #lease_until <= :now OR #nonce = :nonce)"
        if not self._write(condition, {":now": time_text(now)}):
            return False
        self.is_last = bool((self._records.get(WATCH, self.plan_id) or {}).get("last"))
        return True

    def renew(self) -> None:
        if self._until - self._clock() < _LEASE - _RENEW and not self._write("#nonce = :nonce", {}):
            raise lost()

    def give_back(self) -> None:
        try:
            self._records.write(self._update("REMOVE #lease_until", {}))
        except (ConditionFailed, DataAccessError):
            return  # the lease ends by itself

    def note(self, looks: tuple[LaterLook, ...], at: datetime | None) -> None:
        """What was seen, and when the next look is. Without one what is sealed goes, and the row says so until it is gone."""
        if at is None:
            own, line = "SET #looks = :looks REMOVE #next_look", self._update("SET #last = :yes", {":yes": True})
        else:
            own, line = "SET #looks = :looks, #next_look = :at", self._update("SET #at = :at REMOVE #lease_until", {":at": time_text(at)})
        values: dict[str, Any] = {":looks": pack_looks(looks)} | ({} if at is None else {":at": time_text(at)})
        job = Action("Update", job_key(self.plan_id), "job", expression=own, condition="attribute_exists(#pk)", values=values)
        try:
            self._records.write(line, job)
        except ConditionFailed:
            raise lost() from None
        self.is_last = at is None

    def _write(self, condition: str, values: Mapping[str, Any]) -> bool:
        until = self._clock() + _LEASE
        changes = {":until": time_text(until), ":nonce": self._nonce, **values}
        try:
            self._records.write(
                Action(
                    "Update",
                    WATCH,
                    self.plan_id,
                    expression="SET #lease_until = :until, #nonce = :nonce",
                    condition=condition,
                    values=changes,
                )
            )
        except ConditionFailed:
            return False
        self._until = until
        return True

    def _update(self, expression: str, values: Mapping[str, Any]) -> Action:
        mine = {**values, ":nonce": self._nonce}
        return Action("Update", WATCH, self.plan_id, expression=expression, condition="#nonce = :nonce", values=mine)


def _told(found: Verification, at: datetime) -> LaterLook:
    left: Counter[tuple[str, str]] = Counter()
    for one in found.residuals:
        if one.kind is not Seen.INDEX:  # an entry of an index is not an item
            left[one.table, one.kind.value] += one.count
    fresh = sum(one.new_activity for one in found.new_activity)
    return LaterLook(at, tuple((table, kind, count) for (table, kind), count in sorted(left.items())), fresh, len(found.unread))


def _place(plan_id: str, name: str) -> str:
    return f"{WATCH}#{plan_id}#{name}"
