"""Where pages and the server meet the erasures of this process: what the actions need, and the worker's thread.

The worker is started by asgi.py and runs outside of every session. `streamlit run app.py` alone has none: then another process
works (`python -m data_access erase resume`), and the pages say so.
"""

from __future__ import annotations

import sys
import threading

from data_access.actions.erasures import Desk
from data_access.audit import Audit
from data_access.dynamo.aws import open_sources
from data_access.erasure.control import Control
from data_access.erasure.jobs import Jobs
from data_access.erasure.model import Job
from data_access.erasure.worker import Worker
from data_access.erasure.working import Workshop
from data_access.errors import DataAccessError, SnapshotOff
from data_access.settings import load_settings
from data_access.snapshot.store import open_store
from pages.ui import load, load_people


class _Staff:
    """The worker of this process, and the DynamoDB that it was started for (an endpoint; None is AWS)."""

    def __init__(self) -> None:
        self.worker: Worker | None = None
        self._endpoint: str | None = None
        self._lock = threading.Lock()

    def start(self, endpoint: str | None) -> None:
        with self._lock:
            self._start(endpoint)

    def stop(self) -> None:
        with self._lock:
            self._stop()

    def follow(self, endpoint: str | None) -> None:
        """The local engine can be started anew, on another port: then the worker goes there."""
        with self._lock:
            if self.worker is not None and self._endpoint != endpoint:
                self._stop()
                self._start(endpoint)

    def _start(self, endpoint: str | None) -> None:
        try:
            made = _worker(endpoint)
        except DataAccessError as error:
            print(f"\n  No erasure is worked on here: {error}\n", file=sys.stderr, flush=True)
            return
        if made is not None:
            made.start()
            self.worker, self._endpoint = made, endpoint

    def _stop(self) -> None:
        if self.worker is None:
            return
        self.worker.stop()
        self.worker.shop.control.close()
        for source in self.worker.shop.sources.values():
            source.client.close()
        self.worker = None


_staff = _Staff()


def desk() -> Desk:
    """Raises DataAccessError."""
    control, engine = load_people.control(), load.engine()
    _staff.follow(None if engine is None else engine.endpoint)
    audit = Audit(control)
    shop = Workshop(load.settings(), load.opened(), control, audit, load_people.snapshot())
    return Desk(load.settings(), load.opened(), control, audit, Jobs(shop, wake))


def worker() -> Worker | None:
    """The worker of this process; None where there is none."""
    return _staff.worker


def wake() -> None:
    """A job is ready: the worker of this process need not wait for its next look."""
    if _staff.worker is not None:
        _staff.worker.wake()


def start_worker(endpoint: str | None) -> None:
    """Start the worker of this process, where erasing is on and `worker` is not off; `endpoint` is the local engine's. A failure is
    printed, not raised."""
    _staff.start(endpoint)


def stop_worker() -> None:
    """End it after the batches that are under way. What it was at goes on in another process, or at the next start."""
    _staff.stop()


def _worker(endpoint: str | None) -> Worker | None:
    settings = load_settings()
    if not settings.erasure.enabled or not settings.erasure.worker:
        return None
    control = Control.open(settings, endpoint)
    try:
        snapshot = open_store(settings)
    except SnapshotOff:
        snapshot = None
    sources = open_sources(settings, endpoint)
    return Worker(settings, sources, control, Audit(control), snapshot=snapshot, on_forgotten=(_forget,))


def _forget(_job: Job) -> None:
    """What this process keeps in memory: nothing of anybody, in no session."""
    load.forget_everybody()
