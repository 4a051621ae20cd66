"""Syncs that go on whoever watches: one worker thread for a snapshot, with progress that every session can read.

    runner = runner_of(store)
    runner.start(sources, full=False)    in the background, one system after the other; False when a run is at work already
    runner.now()                         the run that is at work, else the last one, else None
    runner.stop()                        between two pages: what was read is kept for the next sync
    stop_all()                           before this process ends

Nothing of a run is on disk: a process that is killed leaves what it has read in the staging folder (see holding.py), and the
next full read goes on from there.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from data_access.errors import DataAccessError, SnapshotError, SyncStopped

# asgi.py imports this module to end what is running: DuckDB and Delta Lake come with the first run.
if TYPE_CHECKING:
    from data_access.dynamo.aws import Source
    from data_access.snapshot.store import Store
    from data_access.snapshot.sync import Progress, Synced

_log = logging.getLogger(__name__)
_STOP_SECONDS = 10.0


class Stage(StrEnum):
    WAITING = "waiting"
    READING = "reading"
    WRITING = "writing"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Task:
    """One system of a run. `share` is from 0 to 1, None where it is not known; `done` or `error` is there when it has ended."""

    system: str
    stage: Stage = Stage.WAITING
    items: int = 0
    units: float = 0.0
    share: float | None = None
    notice: str | None = None
    done: Synced | None = None
    error: DataAccessError | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One press of a button. `number` counts the runs of this process from 1."""

    number: int
    full: bool
    tasks: tuple[Task, ...]
    began_at: datetime
    ended_at: datetime | None = None
    stopping: bool = False

    @property
    def running(self) -> bool:
        return self.ended_at is None


class Runner:
    """The syncs of one snapshot in this process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._run: Run | None = None

    def now(self) -> Run | None:
        return self._run

    def start(self, sources: Sequence[Source], *, full: bool) -> bool:
        """Begin to sync these systems. A second press of the button, in whatever session, finds the first one at work."""
        with self._lock:
            if not sources or (self._run is not None and self._run.running):
                return False
            number = 1 if self._run is None else self._run.number + 1
            self._stop.clear()
            self._run = Run(number, full, tuple(Task(source.id) for source in sources), datetime.now(UTC))
            # Not waited for when the interpreter ends: an unfinished sync leaves the last good state.
            self._thread = threading.Thread(target=self._work, args=(tuple(sources), full), name="sync", daemon=True)
            self._thread.start()
            return True

    def stop(self) -> None:
        with self._lock:
            if self._run is not None and self._run.running:
                self._stop.set()
                self._run = replace(self._run, stopping=True)

    def wait(self, seconds: float | None = None) -> None:
        """Until the run has ended."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _work(self, sources: Sequence[Source], full: bool) -> None:
        try:
            for place, source in enumerate(sources):
                if self._stop.is_set():
                    self._change(place, stage=Stage.STOPPED)
                else:
                    self._sync(place, source, full)
        finally:
            with self._lock:
                if self._run is not None:
                    self._run = replace(self._run, ended_at=datetime.now(UTC), stopping=False)

    def _sync(self, place: int, source: Source, full: bool) -> None:
        from data_access.snapshot.sync import sync

        def progress(now: Progress) -> None:
            if now.notice:
                self._change(place, notice=now.notice)
                return
            stage = Stage.WRITING if now.stage == Stage.WRITING else Stage.READING
            self._change(place, stage=stage, items=now.items, units=now.units, share=now.share)

        self._change(place, stage=Stage.READING)
        try:
            done = sync(source, self._store, full=full, progress=progress, cancelled=self._stop.is_set)
        except SyncStopped as error:
            self._change(place, stage=Stage.STOPPED, error=error)
        except DataAccessError as error:
            self._change(place, stage=Stage.FAILED, error=error)
        except Exception as error:
            # Where, but not what: the message of a stranger's exception can repeat what it was given.
            where = "".join(traceback.format_tb(error.__traceback__))
            _log.error("The sync of %s failed with %s\n%s", source.id, type(error).__name__, where)
            sentence = f"The sync failed for a reason that was not foreseen ({type(error).__name__})."
            unforeseen = SnapshotError(sentence, "The last good state is kept. The log says where it failed.")
            self._change(place, stage=Stage.FAILED, error=unforeseen)
        else:
            self._change(place, stage=Stage.DONE, items=done.items, units=done.units, share=1.0, done=done)

    def _change(self, place: int, **what: Any) -> None:
        with self._lock:
            if self._run is not None:
                tasks = list(self._run.tasks)
                tasks[place] = replace(tasks[place], **what)
                self._run = replace(self._run, tasks=tuple(tasks))


_runners: dict[tuple[str, str], Runner] = {}
_guard = threading.Lock()


def runner_of(store: Store) -> Runner:
    """The one runner of this process for a snapshot and a state folder."""
    with _guard:
        key = (store.place, str(store.state))
        if key not in _runners:
            _runners[key] = Runner(store)
        return _runners[key]


def stop_all(seconds: float = _STOP_SECONDS) -> None:
    """Stop what is running and wait for it: threads that still read would keep the process from ending."""
    with _guard:
        running = list(_runners.values())
    for runner in running:
        runner.stop()
    for runner in running:
        runner.wait(seconds)
