"""The control table: what every page, worker and command line knows of an erasure, and the only place where it is kept.

A job is made once, moves by conditional writes, is worked on by one worker at a time, and forgets whom it was about when it ends.
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Self

import orjson

from data_access.erasure import chunks, control_ending, control_moves, lease
from data_access.erasure.chunks import Chunk, Packer
from data_access.erasure.control_drafts import Draft, put_once
from data_access.erasure.control_rows import (
    LIST,
    OPEN,
    job_key,
    outcome_row,
    pack_planned,
    read_job,
    squeeze,
    time_text,
    unpack_plan,
    unpack_planned,
)
from data_access.erasure.keys import Keys
from data_access.erasure.lease import LEASE_SECONDS, Lease, lost, wrong_state
from data_access.erasure.model import ENDED, FrozenKey, Job, Outcome, Plan, State
from data_access.erasure.records import Action, ConditionFailed, Records, Row, control_source, create_control
from data_access.errors import ErasureOff, NotFound, PlanChanged, WrongState
from data_access.settings import Settings

_LIST_ROWS = 50


class Control:
    """Jobs of the control table. Any method raises AwsError; it can be used from any thread."""

    def __init__(self, settings: Settings, records: Records, keys: Keys) -> None:
        self.settings = settings
        self.records = records
        self.keys = keys

    @classmethod
    def open(cls, settings: Settings, endpoint: str | None = None) -> Self:
        """In local mode the table is made where there is none. Raises AwsError, KeyFileError."""
        keys = Keys.open(settings)
        if settings.mode == "local":
            create_control(settings, endpoint)
        return cls(settings, Records(control_source(settings, endpoint).client, settings.erasure.control_table), keys)

    def close(self) -> None:
        self.records.client.close()

    # Making a job

    def begin(self, plan_id: str) -> Draft:
        """For a plan whose keys come one by one and whose counts are known at the end: see Draft."""
        return Draft(self.settings.erasure, self.records, self.keys, plan_id)

    def create(self, plan: Plan, keys: Iterable[FrozenKey], *, received_at: datetime | None = None) -> Job:
        """A job in the state draft. The same plan twice is one job. Raises PlanChanged, TooMuch."""
        if (row := self._row(plan.plan_id)) is not None:
            if row["digest"] != plan.digest:
                raise PlanChanged("There is another plan with this id.", "Make a new plan.")
            return self.job(plan.plan_id)
        with self.begin(plan.plan_id) as draft:
            for key in keys:
                draft.add(key)
            draft.finish(plan, received_at=received_at)
        return self.job(plan.plan_id)

    # Reading

    def job(self, plan_id: str) -> Job:
        """Raises NotFound."""
        stored = list(self.records.rows(job_key(plan_id), "plan", "progress#~"))
        row = self._row(plan_id)  # After the progress, which goes when the totals are in the row.
        if row is None or not stored:
            raise NotFound("There is no such erasure.", "List them with: python -m data_access erase status.")
        plan, *progress = stored
        return read_job(row, unpack_plan(plan), progress)

    def jobs(self, limit: int = _LIST_ROWS) -> tuple[Job, ...]:
        """Newest first. A plan that is still being made is not among them."""
        ids: list[str] = []
        for row in self.records.rows(LIST, newest=True, names=("sk",)):
            if len(ids) >= limit:
                break
            ids.append(str(row["sk"]))
        found = self.records.many([(job_key(plan_id), sk) for plan_id in ids for sk in ("job", "plan")])
        jobs: list[Job] = []
        for plan_id in ids:
            row, plan = (found.get((job_key(plan_id), sk)) for sk in ("job", "plan"))
            if row is not None and plan is not None:
                jobs.append(read_job(row, unpack_plan(plan), ()) if "totals" in row else self.job(plan_id))
        return tuple(jobs)

    def open_jobs(self) -> tuple[Job, ...]:
        """Those that somebody has started and that have not ended, oldest first: what a worker looks through."""
        return tuple(self.job(str(row["sk"])) for row in self.records.rows(OPEN, names=("sk",)))

    def chunks(self, plan_id: str, *, undone: bool = False) -> Iterator[Chunk]:
        """The frozen keys in the order of the deletes, one chunk at a time. `undone`: only those with no outcomes yet.

        Raises PlanChanged when a chunk is not what was written.
        """
        done = self._done(plan_id)
        for row in self._chunk_rows(plan_id):
            name = str(row["sk"]).removeprefix(chunks.PREFIX)
            if not (undone and name in done):
                yield chunks.unpack(row, done=name in done)

    def keys_digest(self, plan_id: str) -> str:
        """SHA-256 (hex) of the plan's own keys as they are stored now; Draft.keys_digest was the same. Raises PlanChanged."""
        hashes: list[tuple[str, str]] = []
        for row in self._chunk_rows(plan_id):
            name = str(row["sk"]).removeprefix(chunks.PREFIX)
            if chunks.round_of(name) == chunks.FIRST_ROUND:
                chunks.body_of(row)
                hashes.append((name, str(row["sha256"])))
        return chunks.digest_of(hashes)

    def receipt(self, plan_id: str) -> bytes | None:
        row = self.records.get(job_key(plan_id), "receipt")
        return None if row is None else zlib.decompress(_bytes(row["body"]))

    # Deciding

    def submit(self, plan_id: str, by: str | None = None) -> Job:
        """Start a draft: it waits for a second person, or for a worker. Started twice it is one job.

        Raises ErasureOff, SubjectBusy, WrongState, NotConfirmed (somebody else's plan, where that matters), NotFound.
        """
        self._check_on()
        control_moves.submit(self.records, self.job(plan_id), by)
        return self.job(plan_id)

    def approve(self, plan_id: str, by: str, digest: str) -> Job:
        """Raises NotConfirmed (the same person), PlanChanged (another digest), WrongState, NotFound."""
        control_moves.approve(self.records, plan_id, by, digest)
        return self.job(plan_id)

    def cancel(self, plan_id: str) -> Job:
        """End what has not begun; ask the worker of what has. A job that has ended stays as it is. Raises NotFound."""
        while (job := self.job(plan_id)).state not in ENDED:
            if job.state in control_moves.WORKING:
                if control_moves.ask_to_cancel(self.records, plan_id):
                    break
            elif self._move_on(job, State.CANCELLED):
                break
        control_ending.blank(self.records, plan_id)
        return self.job(plan_id)

    # Working

    def acquire(self, plan_id: str, owner: str, seconds: float = LEASE_SECONDS) -> Lease | None:
        """The right to work on a job, None while another has it. Raises ErasureOff, NotFound, WrongState."""
        self._check_on()
        return lease.acquire(self.records, plan_id, owner, seconds)

    def renew(self, held: Lease, seconds: float = LEASE_SECONDS) -> Lease:
        """For longer, and whether the job is to be cancelled. Raises LeaseLost."""
        return lease.renew(self.records, held, seconds)

    def release(self, held: Lease) -> None:
        lease.release(self.records, held)

    def checkpoint(self, held: Lease, chunk: Chunk, counts: Mapping[Outcome, int], write_units: float) -> bool:
        """What became of a chunk, once. False when it was written before: then nothing is added. Raises LeaseLost, WrongState."""
        if sum(counts.values()) != len(chunk.keys):
            raise ValueError("every key of a chunk has one outcome")
        mine, own = secrets.token_hex(8), f"progress#{chunk.name}"
        row = outcome_row(counts, write_units) | {"nonce": mine}
        try:
            self.records.write(self._fence(held), put_once(job_key(held.plan_id), own, row))
        except ConditionFailed as failed:
            fence, written = failed.stored
            if fence is not None:
                raise _fenced_out(held, fence) from None
            return (written or {}).get("nonce") == mine
        return True

    def extend(self, held: Lease, keys: Iterable[FrozenKey]) -> int:
        """Add what was found later, as one more round, and return how many keys that is. Stopped half-way it was never there.

        Raises LeaseLost, WrongState, TooMuch.
        """
        row = self._row(held.plan_id) or {}
        before: list[str] = orjson.loads(row.get("rounds", "[]"))
        round_ = chunks.round_name(len(before), held.token)
        pk = job_key(held.plan_id)
        # What workers that were killed here have left. Never what a later one is writing, if this one is not the last any more.
        self.records.remove(pk, [sk for sk in self._chunk_names(held.plan_id) if _is_left(chunks.round_of(sk[5:]), before, held.token)])
        packer = Packer(lambda name, body: self.records.put(pk, chunks.PREFIX + name, body), round_)
        for key in keys:
            packer.add(key)
        packer.close()
        if not packer.planned:
            return 0
        planned = unpack_planned(str(row["planned"]))
        for spot, count in packer.planned.items():
            planned[spot] = planned.get(spot, 0) + count
        after = orjson.dumps([*before, round_]).decode()
        fence = self._fence(held)
        seal = replace(
            fence,
            operation="Update",
            expression="SET #rounds = :rounds, #planned = :planned",
            condition=f"{fence.condition} AND #rounds = :before",
            values={**fence.values, ":rounds": after, ":planned": pack_planned(planned), ":before": row["rounds"]},
        )
        try:
            self.records.write(seal)
        except ConditionFailed as failed:
            # The answer to the same write may have been lost: nobody else with this token writes this round.
            if failed.first.get("lease_token") != held.token or failed.first.get("rounds") != after:
                raise _fenced_out(held, failed.first) from None
        return sum(packer.planned.values())

    def move(self, plan_id: str, expected: State, to: State, *, lease: Lease | None = None, **fields: Any) -> Job:
        """One step: `fields` are message, started_at, cutoff. A state of ENDED is the end: see finish.

        Raises WrongState, LeaseLost, NotFound.
        """
        job = self.job(plan_id)
        changes = {name: time_text(value) if isinstance(value, datetime) else value for name, value in fields.items()}
        if unknown := changes.keys() - {"message", "started_at", "cutoff"}:
            raise ValueError(f"a job has no {', '.join(sorted(unknown))}")
        control_moves.move(self.records, job, expected, to, lease, changes)
        if to in ENDED:
            control_ending.blank(self.records, plan_id)
        return self.job(plan_id)

    def keep_receipt(self, held: Lease, receipt: bytes) -> bytes:
        """Keep the receipt of a job, once, and return the one that is kept. Raises LeaseLost, WrongState, TooMuch."""
        body = squeeze(receipt, "receipt")
        try:
            self.records.write(self._fence(held), put_once(job_key(held.plan_id), "receipt", {"body": body}))
        except ConditionFailed as failed:
            fence, kept = failed.stored
            if fence is not None:
                raise _fenced_out(held, fence) from None
            return zlib.decompress(_bytes((kept or {})["body"]))
        return receipt

    def finish(self, plan_id: str, expected: State, to: State, *, lease: Lease | None = None, message: str = "") -> Job:
        """The end: the totals stay, the claims go, and the plain id, the keys and the neighbours are taken out.

        Raises WrongState, LeaseLost, NotFound.
        """
        return self.move(plan_id, expected, to, lease=lease, message=message)

    def sweep(self, now: datetime | None = None) -> None:
        """Finish endings that were interrupted, and take away drafts of a day ago and plans that never became one."""
        control_ending.sweep(self.records, self.cancel, now)

    def tidy(self, now: datetime | None = None) -> None:
        """`sweep`, at most once an hour: for a command that is run each minute."""
        if control_ending.is_time(self.records, now):
            self.sweep(now)

    # Inside

    def _row(self, plan_id: str) -> Row | None:
        return self.records.get(job_key(plan_id), "job")

    def _check_on(self) -> None:
        if not self.settings.erasure.enabled:
            raise ErasureOff(
                "Erasing is not switched on here.", "Set enabled = true under [erasure] in dynascope.toml, or DYNASCOPE_ERASURE=on."
            )

    def _move_on(self, job: Job, to: State) -> bool:
        try:
            control_moves.move(self.records, job, job.state, to, None, {})
        except WrongState:
            return False  # somebody was faster: look again
        return True

    def _fence(self, held: Lease) -> Action:
        return Action(
            "ConditionCheck",
            job_key(held.plan_id),
            "job",
            condition="#lease_token = :token AND #state IN (:running, :verifying)",
            values={":token": held.token, ":running": State.RUNNING.value, ":verifying": State.VERIFYING.value},
        )

    def _done(self, plan_id: str) -> frozenset[str]:
        rows = self.records.rows(job_key(plan_id), "progress#", "progress#~", names=("sk",))
        return frozenset(str(row["sk"]).removeprefix("progress#") for row in rows)

    def _chunk_names(self, plan_id: str) -> list[str]:
        return [str(row["sk"]) for row in self.records.rows(job_key(plan_id), chunks.PREFIX, f"{chunks.PREFIX}~", names=("sk",))]

    def _chunk_rows(self, plan_id: str) -> Iterator[Row]:
        rounds: list[str] = orjson.loads((self._row(plan_id) or {}).get("rounds", "[]"))
        for row in self.records.rows(job_key(plan_id), chunks.PREFIX, f"{chunks.PREFIX}~"):
            # A round that is not sealed is no part of the job yet.
            if chunks.round_of(str(row["sk"]).removeprefix(chunks.PREFIX)) in rounds:
                yield row


def _fenced_out(held: Lease, row: Row) -> Exception:
    return lost() if row.get("lease_token") != held.token else wrong_state(State(row["state"]), "worked on")


def _is_left(round_: str, sealed: list[str], token: int) -> bool:
    return round_ not in sealed and int(round_.split("-")[1]) <= token


def _bytes(value: Any) -> bytes:
    return bytes(value)
