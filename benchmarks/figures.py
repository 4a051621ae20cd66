"""Measuring, and one line a figure: ours, the peer's, their ratio, and the bound that the ratio is held to."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One comparison. `unit` is of both values; `limit` is the largest value of ours that is good, None without a bound."""

    name: str
    ours: float
    peer_name: str
    peer: float
    unit: str
    limit: float | None
    bound: str

    @property
    def good(self) -> bool:
        return self.limit is None or self.ours <= self.limit

    def __str__(self) -> str:
        ratio = f"{self.ours / self.peer:.2f}" if self.peer else "-"
        verdict = "ok" if self.good else "TOO SLOW"
        ours, peer = f"{self.ours:>9.3f} {self.unit:<3}", f"{self.peer:>9.3f} {self.unit:<3}"
        return f"{self.name:<62} {ours} {self.peer_name:<33} {peer} {ratio:>6}  {self.bound:<26} {verdict}"


def cpu_seconds(work: Callable[[], object], *, rounds: int = 3) -> float:
    """CPU time of this process, all threads, kernel time included: the best of some rounds, since only disturbance adds to it."""

    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_SELF)
        work()
        after = resource.getrusage(resource.RUSAGE_SELF)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return min(once() for _ in range(rounds))


def wall_seconds(work: Callable[[], object], *, rounds: int) -> float:
    """Median wall time after one round to warm up."""
    work()
    return statistics.median(_timed(work) for _ in range(rounds))


def paired_wall_seconds(ours: Callable[[], object], peer: Callable[[], object], *, rounds: int) -> tuple[float, float]:
    """Medians of both, taken in turns: what disturbs the machine disturbs both."""
    ours()
    peer()
    pairs = [(_timed(ours), _timed(peer)) for _ in range(rounds)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
