"""Work about one person that goes on while the page is drawn again: threads of this process, found again by an opaque id.

    task_id = start(work)       work(task) runs in a thread; what it returns is task.result
    find(task_id)               None when it was swept, or was never here
    task.stop()                 work that looks at task.stopping ends with Stopped

Two at a time: more wait. What has ended is kept for an hour.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from data_access.errors import DataAccessError

_log = logging.getLogger(__name__)
_AT_ONCE = 2
_KEPT_SECONDS = 3_600.0
_MOST_KEPT = 200


class Stopped(Exception):
    """Somebody asked for the end."""


@dataclass(slots=True)
class Task:
    """`count` is how far it is, in what its work counts. One of `result` and `error` is there when it has ended without being stopped."""

    task_id: str
    began_at: datetime
    waiting: bool = True
    count: int = 0
    ended_at: datetime | None = None
    result: Any = None
    error: DataAccessError | None = None
    stopping: bool = False
    _ended: float = field(default=0.0, repr=False)

    @property
    def running(self) -> bool:
        return self.ended_at is None

    @property
    def seconds(self) -> float:
        return ((self.ended_at or datetime.now(UTC)) - self.began_at).total_seconds()

    def stop(self) -> None:
        self.stopping = True

    def check(self) -> None:
        """Raises Stopped when the end was asked for."""
        if self.stopping:
            raise Stopped


_tasks: dict[str, Task] = {}
_lock = threading.Lock()
_turn = threading.Semaphore(_AT_ONCE)


def start(work: Callable[[Task], Any]) -> str:
    """Begin in the background. The id is as good as a key to the result: it stays in the session that began it."""
    task = Task(secrets.token_urlsafe(16), datetime.now(UTC))
    with _lock:
        _sweep()
        _tasks[task.task_id] = task
    # Not waited for when the interpreter ends: what is half done is swept at the next start.
    threading.Thread(target=_run, args=(task, work), name="person-task", daemon=True).start()
    return task.task_id


def find(task_id: str | None) -> Task | None:
    with _lock:
        return _tasks.get(task_id or "")


def _run(task: Task, work: Callable[[Task], Any]) -> None:
    try:
        with _turn:
            task.waiting = False
            task.check()
            task.result = work(task)
    except Stopped:
        task.stopping = True
    except DataAccessError as error:
        task.error = error
    except Exception as error:
        # Where, but not what: the message of a stranger's exception can repeat what it was given.
        _log.error("Work for a page failed with %s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
        task.error = DataAccessError(
            f"This failed for a reason that was not foreseen ({type(error).__name__}).", "The log says where it failed."
        )
    finally:
        task._ended = time.monotonic()
        task.ended_at = datetime.now(UTC)


def _sweep() -> None:
    now = time.monotonic()
    ended = sorted((task for task in _tasks.values() if not task.running), key=lambda task: task._ended)
    too_many = len(ended) - _MOST_KEPT
    for place, task in enumerate(ended):
        if place < too_many or now - task._ended > _KEPT_SECONDS:
            del _tasks[task.task_id]
