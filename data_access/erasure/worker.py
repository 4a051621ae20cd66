"""The worker: a thread that brings jobs to their end, one at a time, whoever started them and whichever process left them behind.

It runs outside of every page: a tab that closes stops nothing. Several processes may each have one: a job's lease lets one in.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from data_access.audit.chain import Audit
from data_access.dynamo.aws import Source
from data_access.erasure.control import Control
from data_access.erasure.jobs import OPEN, Actor, is_worked_on
from data_access.erasure.model import ENDED, Job
from data_access.erasure.watching import LOOKS, Watcher
from data_access.erasure.working import Report, Workshop, work
from data_access.errors import DataAccessError, LeaseLost, WrongState
from data_access.settings import Settings
from data_access.snapshot.store import Store

_POLL_SECONDS = 2.0
_FIRST_REST, _LONGEST_REST = 5.0, 300.0
_TIDY_SECONDS = 3_600.0
_FOLLOW_SECONDS = 0.5
_LOOK_SECONDS = 30.0  # how often it asks for looks after the end that are due


class Worker:
    """`start` it when the server starts and `stop` it when the server ends: the job that it is at goes on elsewhere, or later."""

    def __init__(
        self,
        settings: Settings,
        sources: Mapping[str, Source],
        control: Control,
        audit: Audit,
        *,
        snapshot: Store | None = None,
        on_forgotten: tuple[Callable[[Job], object], ...] = (),
        name: str | None = None,
    ) -> None:
        self.shop = Workshop(settings, sources, control, audit, snapshot, on_forgotten)
        self.name = name or Actor.of(f"worker:{socket.gethostname()}:{os.getpid()}").name
        self.last_error: DataAccessError | None = None
        self._halt, self._wake = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._rests: dict[str, tuple[float, float]] = {}  # plan to until when it is left alone, and for how long the next time
        self._tidied = self._looked = float("-inf")

    def start(self) -> None:
        """Nothing where erasing is off."""
        if self._thread is None and self.shop.settings.erasure.enabled:
            self._thread = threading.Thread(target=self._loop, name="erasure-worker", daemon=True)
            self._thread.start()

    def stop(self, seconds: float = 30.0) -> None:
        """End after the batches that are under way."""
        self._halt.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(seconds)
            self._thread = None

    def wake(self) -> None:
        """There is something to do: do not wait for the next look."""
        self._rests.clear()
        self._wake.set()

    def _loop(self) -> None:
        while not self._halt.is_set():
            self._wake.clear()
            try:
                did = self._round()
                self.last_error = None if did else self.last_error
            except DataAccessError as error:
                self.last_error, did = error, False
            if not did:
                self._wake.wait(_POLL_SECONDS)

    def _round(self) -> bool:
        """One look at the open jobs; True when one of them was brought further."""
        if time.monotonic() - self._tidied > _TIDY_SECONDS:
            self._tidied = time.monotonic()
            self.shop.control.sweep()
        for job in self.shop.control.open_jobs():
            until, pause = self._rests.get(job.plan_id, (0.0, _FIRST_REST))
            if job.state not in OPEN or is_worked_on(job) or time.monotonic() < until or self._halt.is_set():
                continue
            try:
                if work(self.shop, job.plan_id, self.name, halt=self._halt) is not None:
                    self._rests.pop(job.plan_id, None)
                    return True
            except (LeaseLost, WrongState):
                continue  # another worker has it, or it has ended: both are well
            except DataAccessError as error:
                self.last_error = error
                self._rests[job.plan_id] = (time.monotonic() + pause, min(_LONGEST_REST, 2 * pause))
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            self._looked = time.monotonic()
            return bool(watcher(self.shop, self.name, halt=self._halt).run())
        return False


def watcher(shop: Workshop, name: str, *, halt: threading.Event | None = None) -> Watcher:
    """Who does the looks after the end that are due."""
    return Watcher(shop.control, shop.audit, shop.sources, name, shop.looks or LOOKS, halt or threading.Event(), shop.patience)


def is_held(shop: Workshop, plan_id: str) -> bool:
    """Whether a worker has this job that lives: it renews its lease each second. One that was killed does not: waits until that ends."""
    first = job = shop.control.job(plan_id)
    while is_worked_on(job) and job.state in OPEN:
        if job.lease_until != first.lease_until:
            return True
        time.sleep(_FOLLOW_SECONDS)
        job = shop.control.job(plan_id)
    return False


def follow(shop: Workshop, plan_id: str, name: str, *, report: Report | None = None) -> Job:
    """Work on a job in this process until it has ended; where another worker has it, wait for it. Raises what `work` raises."""
    while True:
        job = shop.control.job(plan_id)
        if job.state in ENDED:
            return job
        if job.lease_until is not None and job.lease_until > datetime.now(UTC):
            if report is not None:
                report(sum(row.deleted for row in job.progress))
            time.sleep(_FOLLOW_SECONDS)
            continue
        try:
            ended = work(shop, plan_id, name, report=report)
        except WrongState:
            if shop.control.job(plan_id).state not in ENDED:
                raise
            continue
        if ended is not None:
            return ended
