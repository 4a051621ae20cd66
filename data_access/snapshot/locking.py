"""The right to write: one process at a time for a folder, one of this machine for a bucket.

Replicas that share a bucket do not see each other's locks: there Delta's own check refuses the second of two commits.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from data_access.errors import SyncRunning
from data_access.snapshot.store import Store


@contextmanager
def lock(store: Store, timeout: float = 0) -> Generator[None]:
    """Raises SyncRunning when somebody else has it and keeps it for `timeout` seconds."""
    folder = Path(store.place) if store.files.is_local else store.state
    for each in (store.state, folder):
        each.mkdir(mode=0o700, parents=True, exist_ok=True)
    guard = FileLock(folder / "write.lock", mode=0o600)
    try:
        guard.acquire(timeout=timeout)
    except Timeout:
        raise SyncRunning("Another sync is running here.", "Wait until it is done, or stop it.") from None
    try:
        yield
    finally:
        guard.release()
