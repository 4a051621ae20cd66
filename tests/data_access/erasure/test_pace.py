"""The token bucket and the patience of an erasure, on a clock of the test's own."""

from __future__ import annotations

import random
import threading

import pytest

from data_access.erasure.pace import Backoff, Clock, Pace, Waiting


class Time:
    def __init__(self) -> None:
        self.now = 100.0
        self.waited: list[float] = []

    def wait(self, stop: threading.Event, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.now, wait=self.wait, random=random.Random(7).uniform)


@pytest.mark.parametrize("rate", [0.5, 10.0, 333.0])
def test_no_more_than_the_rate_over_any_time(rate: float) -> None:
    time, stop = Time(), threading.Event()
    pace = Pace(rate, time.clock)
    began, spent = time.now, 0.0
    for number in range(60):
        cost = 1.0 + number % 25
        pace.take(cost, stop)
        # Whatever was written before this request was allowed: a bucket that was full, and the rate since.
        assert spent <= max(1.0, rate) + rate * (time.now - began) + 1e-6
        spent += cost
    assert spent / (time.now - began) <= rate * 1.5 + 30 / (time.now - began)


def test_what_a_request_cost_more_is_paid_back() -> None:
    time, stop = Time(), threading.Event()
    pace = Pace(10.0, time.clock)
    pace.take(10, stop)
    pace.settle(20)
    before = time.now
    pace.take(10, stop)
    assert time.now - before == pytest.approx(3.0)


def test_without_a_rate_nobody_waits() -> None:
    time, stop = Time(), threading.Event()
    pace = Pace(None, time.clock)
    pace.take(1e9, stop)
    pace.settle(1e9)
    assert time.waited == []


def test_a_stop_ends_the_wait() -> None:
    time, stop = Time(), threading.Event()
    stop.set()
    Pace(0.001, time.clock).take(100, stop)
    assert time.waited == []


def test_an_outage_of_a_minute_is_waited_through_with_jitter() -> None:
    time, waiting = Time(), Waiting()
    backoff = Backoff(threading.Event(), waiting, patience=600, clock=time.clock)
    began, attempts = time.now, 0
    while time.now - began < 60:
        assert backoff.again()
        attempts += 1
        assert waiting.since == began
    assert attempts < 60
    assert max(time.waited) <= 10
    assert len(set(time.waited)) == len(time.waited)
    backoff.through()
    assert waiting.since is None


def test_each_pause_is_of_anything_between_nothing_and_a_bound_that_doubles() -> None:
    """Full jitter: many that were refused at once do not come back at once."""
    asked: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        asked.append((low, high))
        return high / 3

    time = Time()
    backoff = Backoff(threading.Event(), Waiting(), clock=Clock(now=lambda: time.now, wait=time.wait, random=draw))
    for _ in range(12):
        assert backoff.again()
    assert asked == [(0, min(10.0, 0.05 * 2**number)) for number in range(12)]
    assert time.waited == [high / 3 for _, high in asked]
    backoff.through()
    backoff.again()
    assert asked[-1] == (0, 0.05)


def test_patience_ends() -> None:
    time, waiting = Time(), Waiting()
    backoff = Backoff(threading.Event(), waiting, patience=30, clock=time.clock)
    began = time.now
    while backoff.again():
        assert time.now - began < 60
    assert time.now - began >= 30
    assert waiting.since is None


def test_a_stop_is_not_patience() -> None:
    stop = threading.Event()
    stop.set()
    assert not Backoff(stop, Waiting(), clock=Time().clock).again()
