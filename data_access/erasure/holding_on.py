"""A worker's hold on its job: the lease renewed in time, the cancel flag seen, and a word on what it waits for."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from data_access.erasure.control import Control
from data_access.erasure.control_rows import job_key
from data_access.erasure.lease import LEASE_SECONDS, Lease
from data_access.erasure.pace import Waiting
from data_access.erasure.records import Action, ConditionFailed
from data_access.errors import DataAccessError, LeaseLost, Throttled, Unreachable

# How often the lease is renewed and the cancel flag read; a worker that could not for this long does not write any more.
BEAT_SECONDS = 1.0
_UNSURE_AFTER = LEASE_SECONDS * 2 / 3
_WORTH_TELLING = 2.0
WAITING = "Waiting for capacity: the tables are throttled, or do not answer. It goes on by itself."


class CancelAsked(Exception):
    """Inside this package only: somebody wants the job to end before its next batch."""


class Halted(Exception):
    """Inside this package only: this process ends, and the job goes on in another one."""


class Hold:
    """From any thread. `beat` is to be called often, `check` before each batch. `halt`: this process is to end."""

    def __init__(
        self, control: Control, held: Lease, waiting: Waiting, *, beat_seconds: float = BEAT_SECONDS, halt: threading.Event | None = None
    ) -> None:
        self._control, self._waiting, self._every, self._halt = control, waiting, beat_seconds, halt or threading.Event()
        self._lock = threading.Lock()
        self._lease = held
        self._renewed = time.monotonic()
        self._told = ""
        self.looks_for_cancel = True

    @property
    def lease(self) -> Lease:
        return self._lease

    def beat(self) -> None:
        """Renew when it is time. Raises LeaseLost, CancelAsked, Halted, AwsError."""
        if self._halt.is_set():
            raise Halted
        with self._lock:
            if time.monotonic() - self._renewed < self._every:
                return
            self._renew()
        self._tell_of_waiting()
        if self.looks_for_cancel and self._lease.cancel_asked:
            raise CancelAsked

    def check(self) -> None:
        """Whether this worker may still write: its lease may have ended while it was paused. Raises LeaseLost, AwsError."""
        with self._lock:
            if time.monotonic() - self._renewed >= _UNSURE_AFTER:
                self._renew(late=True)

    def tell(self, message: str) -> None:
        """Say something in the job's row, for whoever looks. Not said when the lease is another's by now."""
        with suppress(ConditionFailed):
            self._control.records.write(
                Action(
                    "Update",
                    job_key(self._lease.plan_id),
                    "job",
                    expression="SET #message = :message",
                    condition="#lease_token = :token",
                    values={":message": message, ":token": self._lease.token},
                )
            )
            self._told = message

    def release(self) -> None:
        """Let the next worker in. A control table that does not answer does that by itself, a minute later."""
        with suppress(DataAccessError):
            self._control.release(self._lease)

    def _renew(self, *, late: bool = False) -> None:
        try:
            self._lease = self._control.renew(self._lease)
        except (Throttled, Unreachable) as error:
            # The lease is this worker's for a while yet: an outage of the control table is no reason to stop at once.
            if late or time.monotonic() - self._renewed >= _UNSURE_AFTER:
                raise LeaseLost(
                    "The control table does not answer, so this worker stopped before its lease ends.", "Resume it when the table is back."
                ) from error
            return
        self._renewed = time.monotonic()

    def _tell_of_waiting(self) -> None:
        since = self._waiting.since
        if since is not None and time.monotonic() - since >= _WORTH_TELLING:
            if self._told != WAITING:
                self.tell(WAITING)
        elif self._told == WAITING:
            self.tell("")
