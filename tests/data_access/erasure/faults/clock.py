"""A clock that only waiting moves on: what would take a minute takes none, and no test depends on the machine."""

from __future__ import annotations

import random
import threading
import time
from types import SimpleNamespace

import pytest

from data_access.audit import chain
from data_access.erasure import holding_on, pace, reading, records, sending, sweep_reads, verify

_SLEEPING = (holding_on, reading, records, sweep_reads, verify, chain)


class Clock:
    """`install` it, and the erasure's own modules wait by it; locks, leases and pools keep the real time."""

    def __init__(self, seed: int = 1) -> None:
        self._at, self._lock = 1_000.0, threading.Lock()
        self._random = random.Random(seed)
        self.nap = 0.0  # real seconds of each wait: for tests in which another thread is to see it

    def now(self) -> float:
        with self._lock:
            return self._at

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._at += max(1e-6, seconds)  # a wait for less than the clock can tell would never end
        time.sleep(self.nap)

    def wait(self, event: threading.Event, seconds: float | None = None) -> bool:
        if not event.is_set():
            self.sleep(seconds or 0.0)
        return event.is_set()

    def uniform(self, low: float, high: float) -> float:
        with self._lock:
            return self._random.uniform(low, high)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        outer = self

        class Event(threading.Event):
            def wait(self, timeout: float | None = None) -> bool:
                return outer.wait(self, timeout)

        ours = pace.Clock(now=self.now, wait=self.wait, random=self.uniform)
        for module in (pace, sending):
            monkeypatch.setattr(module, "Clock", lambda: ours)
        for module in _SLEEPING:
            monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=self.now, sleep=self.sleep))
        monkeypatch.setattr(sweep_reads, "threading", SimpleNamespace(Event=Event))
