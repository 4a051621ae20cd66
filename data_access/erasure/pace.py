"""How fast an erasure may write, and how long it waits for a table that has no capacity for it.

A token bucket holds all threads together to the configured number of write units a second. A refusal for want of capacity is
answered with full jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/) until patience ends.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

# An outage of a minute is waited through many times over; after this long the job is left for the next worker.
PATIENCE_SECONDS = 600.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 10.0
# How often a waiting thread looks whether it is to end.
_LOOK_SECONDS = 1.0
_NEAR = 1e-6  # of a unit: what rounding leaves to wait for would be waited for without an end


@dataclass(slots=True)
class Clock:
    """Time as the erasure sees it. `wait` returns early when the event is set."""

    now: Callable[[], float] = time.monotonic
    wait: Callable[[threading.Event, float], object] = threading.Event.wait
    random: Callable[[float, float], float] = random.uniform


class Pace:
    """A bucket of `rate` write units a second that holds one second's worth (at least one unit); None is without a limit.

    What a request costs is known only after it: it takes what it is expected to cost and settles the difference later.
    """

    def __init__(self, rate: float | None, clock: Clock | None = None) -> None:
        self._rate = rate
        self._clock = clock or Clock()
        self._lock = threading.Lock()
        self._most = max(1.0, rate or 0.0)
        # Empty at first: a worker that starts again and again would else write a second's worth each time.
        self._tokens = 0.0
        self._at = self._clock.now()

    def take(self, units: float, stop: threading.Event) -> None:
        """Wait until there is something in the bucket, then take all of it: it may go below zero. Ends early when stopped."""
        if self._rate is None:
            return
        while not stop.is_set():
            with self._lock:
                self._fill()
                enough = min(units, self._most)
                if self._tokens >= enough - _NEAR:
                    self._tokens -= units
                    return
                delay = (enough - self._tokens) / self._rate
            self._clock.wait(stop, min(delay, _LOOK_SECONDS))

    def settle(self, units: float) -> None:
        """What a request cost more than was taken for it (less: negative)."""
        if self._rate is not None:
            with self._lock:
                self._fill()
                self._tokens = min(self._most, self._tokens - units)

    def _fill(self) -> None:
        assert self._rate is not None, "nobody asks without a limit"
        now = self._clock.now()
        self._tokens = min(self._most, self._tokens + (now - self._at) * self._rate)
        self._at = now


@dataclass(slots=True)
class Waiting:
    """Who waits for capacity now, of all threads of a worker: what the progress says of it."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _since: dict[int, float] = field(default_factory=dict[int, float])

    def begin(self, now: float) -> None:
        with self._lock:
            self._since.setdefault(threading.get_ident(), now)

    def end(self) -> None:
        with self._lock:
            self._since.pop(threading.get_ident(), None)

    @property
    def since(self) -> float | None:
        """When the longest wait began, None where nobody waits."""
        with self._lock:
            return min(self._since.values(), default=None)


class Backoff:
    """The retries of one batch: `again` waits a random while and says whether there is patience left for another attempt."""

    def __init__(self, stop: threading.Event, waiting: Waiting, *, patience: float = PATIENCE_SECONDS, clock: Clock | None = None) -> None:
        self._stop, self._waiting, self._patience = stop, waiting, patience
        self._clock = clock or Clock()
        self._began: float | None = None
        self._attempts = 0

    def again(self) -> bool:
        """False when patience is at its end, or when everything is to stop."""
        now = self._clock.now()
        if self._began is None:
            self._began = now
        if self._stop.is_set() or now - self._began >= self._patience:
            self._waiting.end()
            return False
        self._waiting.begin(self._began)
        pause = self._clock.random(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(self._attempts, 16)))
        self._attempts += 1
        self._clock.wait(self._stop, pause)
        return not self._stop.is_set()

    def through(self) -> None:
        """The batch got on: the next refusal is a first one again."""
        self._began, self._attempts = None, 0
        self._waiting.end()
