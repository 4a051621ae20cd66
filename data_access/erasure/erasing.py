"""The deletes of a job, chunk by chunk: messages before conversations, several batches at once, each chunk counted exactly once.

Before a chunk's first delete the audit says that it was begun; after its last one its outcomes are written. A worker that is killed in
between leaves a chunk that was begun and not counted. The next one sends it again, and what is gone by then counts as deleted: it was
there when it was frozen, and that worker had begun to delete it. So planned = deleted + absent + foreign + errors, whatever happens.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace

from data_access.audit.chain import Audit
from data_access.audit.events import Deleting
from data_access.erasure.chunks import FIRST_ROUND, Chunk, round_of
from data_access.erasure.control import Control
from data_access.erasure.deleter import Batch, Deleter, Done, batches
from data_access.erasure.holding_on import CancelAsked, Hold
from data_access.erasure.model import Job, Outcome
from data_access.erasure.targets import LAST
from data_access.errors import AwsError, DataAccessError, ForeignOwner

THREADS = 8
LOCAL_THREADS = 2  # the local engine does one request after the other: one is being done while the next one is made and read
# Batches that are ready for each thread: what keeps them busy while a chunk is read, announced and counted.
_READY = 8
_OPEN_CHUNKS = 3
_LOOK_SECONDS = 0.5


@dataclass(slots=True)
class _Open:
    """A chunk that is being worked on: batches that are not sent yet, and those that are under way."""

    chunk: Chunk
    waiting: Iterator[Batch]
    under_way: int = 0
    emptied: bool = False
    done: Done = field(default_factory=Done)

    @property
    def is_complete(self) -> bool:
        return self.emptied and not self.under_way


@dataclass(slots=True)
class Refusals:
    """Tables that said no, and conversations and systems of which something could not be deleted: their own items stay, since they
    are the only way to what is left."""

    tables: dict[tuple[str, str], AwsError] = field(default_factory=dict[tuple[str, str], AwsError])
    systems: set[str] = field(default_factory=set[str])
    talks: set[tuple[str, str | None]] = field(default_factory=set["tuple[str, str | None]"])

    @classmethod
    def of(cls, job: Job) -> Refusals:
        """What an earlier worker could not delete: of which conversations it was is not known any more."""
        return cls(systems={row.system for row in job.progress if row.errors})

    def holds_back(self, rank: int, system: str, conversation: str | None) -> bool:
        if rank < LAST:
            return False
        return system in self.systems or (system, conversation) in self.talks or (system, None) in self.talks

    def begin_again(self) -> None:
        """For what was found later everything is tried again, but for tables that said no to this very worker."""
        self.systems = {system for system, _ in self.tables}
        self.talks.clear()


def _nobody(_deleted: int) -> None:
    return


class Erasing:
    """The deletes of one job by one worker. `begun` are chunks that an earlier worker began."""

    _pool: ThreadPoolExecutor

    def __init__(
        self,
        control: Control,
        audit: Audit,
        deleter: Deleter,
        hold: Hold,
        stop: threading.Event,
        job: Job,
        *,
        begun: frozenset[str] = frozenset(),
        threads: int = THREADS,
        report: Callable[[int], object] | None = None,
    ) -> None:
        self._control, self._audit, self._deleter, self._hold, self._stop = control, audit, deleter, hold, stop
        self._plan_id, self._begun, self._threads = job.plan_id, begun, threads
        self._most = threads * _READY
        self._report = report or _nobody
        self._running: dict[Future[Done], _Open] = {}
        self._open: deque[_Open] = deque()
        self.refusals = Refusals.of(job)
        self.deleted = 0

    def run(self) -> None:
        """Delete every key that has no outcome yet.

        Raises ForeignOwner when an item of the plan is somebody else's, CancelAsked, LeaseLost, and AwsError or AuditError where it
        cannot go on; then what was done is counted, and it can be resumed.
        """
        pool = ThreadPoolExecutor(self._threads, thread_name_prefix="erasure")
        try:
            self._pool, rank = pool, -1
            for chunk in self._control.chunks(self._plan_id, undone=True):
                if chunk.rank > rank:
                    self._drain()  # everything that points to a conversation before the conversation
                    rank = chunk.rank
                self._begin(chunk)
                # The next chunk is read, and the audit told of it, while batches of this one are under way.
                while self._has_enough():
                    self._step()
            self._drain()
        except (ForeignOwner, CancelAsked):
            self._settle(last=True)
            raise
        except BaseException:
            self._settle(last=False)
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    # Sending

    def _begin(self, chunk: Chunk) -> None:
        spot, done = (chunk.system, chunk.table), Done()
        held = [key for key in chunk.keys if spot in self.refusals.tables or self._holds_back(chunk, key.conversation)]
        done.fail(held)
        stay = {id(key) for key in held}
        keys = [key for key in chunk.keys if id(key) not in stay]
        if keys:
            self._audit.write(Deleting(self._plan_id, chunk.name, len(keys), self._hold.lease.token))
        self._open.append(_Open(chunk, batches(keys), done=done))
        self._feed()

    def _has_enough(self) -> bool:
        return any(not one.emptied for one in self._open) or len(self._running) > self._most // 2 or len(self._open) > _OPEN_CHUNKS

    def _holds_back(self, chunk: Chunk, conversation: str | None) -> bool:
        return self.refusals.holds_back(chunk.rank, chunk.system, conversation)

    def _drain(self) -> None:
        while self._open:
            self._step()

    def _feed(self) -> None:
        """A bounded number of batches: those that are not sent yet when it is stopped are not sent at all."""
        for one in self._open:
            while not one.emptied and len(self._running) < self._most:
                batch = next(one.waiting, None)
                if batch is None:
                    one.emptied = True
                elif (one.chunk.system, one.chunk.table) in self.refusals.tables:
                    one.done.fail(batch.keys)
                else:
                    one.under_way += 1
                    self._running[self._pool.submit(self._send, batch, one.chunk.name in self._begun)] = one

    def _send(self, batch: Batch, begun: bool) -> Done:
        self._hold.check()
        return self._deleter.delete(batch, begun=begun)

    def _step(self) -> None:
        self._hold.beat()
        self._feed()
        if self._running:
            finished, _ = wait(self._running, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
            for future in finished:
                self._take(future)
            self._feed()
        while self._open and self._open[0].is_complete:
            self._write(self._open.popleft())

    def _take(self, future: Future[Done]) -> None:
        one = self._running.pop(future)
        one.under_way -= 1
        done = future.result()
        found_later = round_of(one.chunk.name) != FIRST_ROUND
        if found_later and done.outcomes[Outcome.FOREIGN]:
            # Changed since it was seen: the next sweep says what it is now.
            done.outcomes[Outcome.ERROR] += done.outcomes.pop(Outcome.FOREIGN)
        one.done.add(done)
        self.refusals.talks |= {(one.chunk.system, talk) for talk in done.stuck}
        if done.refusal is not None:
            self.refusals.tables[one.chunk.system, one.chunk.table] = done.refusal
            self.refusals.systems.add(one.chunk.system)
        if done.outcomes[Outcome.FOREIGN]:
            raise ForeignOwner(
                f"An item of {one.chunk.table} is not the user's any more, so nothing further was deleted.",
                "Find out whose it is, then make a new plan.",
                table=one.chunk.table,
            )

    # Counting

    def _write(self, one: _Open) -> None:
        """The outcomes of a chunk, once; of one that is left half done at the end of the job, those of the keys that were sent."""
        tried = one.done.outcomes.total()
        if tried:
            self._control.checkpoint(self._hold.lease, replace(one.chunk, keys=one.chunk.keys[:tried]), one.done.outcomes, one.done.units)
            self.deleted += one.done.outcomes[Outcome.DELETED]
            self._report(self.deleted)

    def _settle(self, *, last: bool) -> None:
        """Stop, and count what was under way. Unless it is the last of the job, a chunk that is half done is left to be sent again."""
        self._stop.set()
        for future in list(self._running):
            with suppress(Exception):
                self._take(future)
        for one in self._open:
            whole = one.emptied and one.done.outcomes.total() == len(one.chunk.keys)
            if whole or last:
                with suppress(DataAccessError):
                    self._write(one)
