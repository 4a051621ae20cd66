"""How many people one person may look up in an hour: whoever goes through a list of ids is stopped, and it is seen.

A moving window in the memory of this process, for each viewer and each way of asking. On this machine (local mode) there is none.
"""

from __future__ import annotations

import logging
import threading

from limits import RateLimitItemPerHour
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from data_access.access.viewer import Viewer
from data_access.errors import Denied

_log = logging.getLogger("dynascope.access")


class Lookups:
    """From any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # to look whether there is room and to take it are two steps of the library
        self._window = MovingWindowRateLimiter(MemoryStorage())

    def count(self, viewer: Viewer, what: str, most: int) -> None:
        """One more of `what` by this viewer; `most` an hour. Raises Denied."""
        if viewer.origin in ("local", "command_line"):
            return
        with self._lock:
            taken = self._window.hit(RateLimitItemPerHour(most), what, viewer.person or viewer.actor)
        if not taken:
            _log.warning("Somebody reached the limit of %d an hour: %s.", most, what)
            raise Denied(f"You have reached the limit of {most:,} people an hour.", "Wait, or ask whoever runs Dynascope.")


LOOKUPS = Lookups()
