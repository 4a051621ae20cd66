"""How many rows refusals make in the audit: who is refused the same again and again is one row a minute, which says how often.

In the memory of this process, for each person and action. Nobody and anonymous are one person each.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

EVERY_SECONDS = 60.0
_MOST = 10_000


class Refusals:
    """From any thread."""

    def __init__(self, every_seconds: float = EVERY_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._every, self._clock = every_seconds, clock
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], tuple[float, int]] = {}  # when the next row may be, and how many have none yet

    def count(self, actor: str, action: str) -> int:
        """One more. How many refusals the row stands for that is to be written now; 0 where none is."""
        with self._lock:
            now = self._clock()
            if len(self._known) >= _MOST:
                self._known = {key: one for key, one in self._known.items() if one[1] or one[0] > now}
            free_at, waiting = self._known.get((actor, action), (now, 0))
            due = now >= free_at
            self._known[actor, action] = (now + self._every, 0) if due else (free_at, waiting + 1)
            return waiting + 1 if due else 0

    def not_written(self, actor: str, action: str, times: int) -> None:
        """The row could not be written: the next refusal tries again, and counts these too."""
        with self._lock:
            _, waiting = self._known.get((actor, action), (0.0, 0))
            self._known[actor, action] = (self._clock(), waiting + times)


REFUSALS = Refusals()
