"""Python's garbage collector at rest while many items are made.

A large read makes objects by the hundred thousand and none of them is garbage, yet the collector looks them through
again and again: half of the CPU time of reading a table. Cycles are still collected, only less often.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Generator
from contextlib import contextmanager

# New objects between two collections, and how many young ones go before an older one. Python's own: 700, 10, 10.
_RARE = (200_000, 20, 20)
_lock = threading.Lock()
_readers = 0
_usual: tuple[int, int, int] = gc.get_threshold()


@contextmanager
def rare_collections() -> Generator[None]:
    """Collect rarely until the last of the readers, in whatever thread, is through."""
    global _readers, _usual  # noqa: PLW0603 - the collector's setting is one for the whole process
    with _lock:
        if _readers == 0:
            _usual = gc.get_threshold()
            gc.set_threshold(*_RARE)
        _readers += 1
    try:
        yield
    finally:
        with _lock:
            _readers -= 1
            if _readers == 0:
                gc.set_threshold(*_usual)
