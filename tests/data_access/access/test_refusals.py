"""Rows of refusals: one a minute for each person and action, and every refusal is counted in one."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from data_access.access import refusals
from data_access.access.refusals import EVERY_SECONDS, Refusals


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_the_first_is_a_row_at_once_and_the_next_a_minute_later_counts_all() -> None:
    clock = Clock()
    made = Refusals(clock=clock)
    assert [made.count("nobody", "search") for _ in range(5)] == [1, 0, 0, 0, 0]
    clock.now += EVERY_SECONDS - 0.001
    assert made.count("nobody", "search") == 0
    clock.now += 0.001
    assert made.count("nobody", "search") == 6
    assert made.count("nobody", "search") == 0


def test_each_person_and_each_action_has_rows_of_its_own() -> None:
    made = Refusals(clock=Clock())
    asked = [(who, what) for who in ("nobody", "anonymous", "kim|1") for what in ("search", "usage")]
    assert [made.count(*one) for one in asked] == [1] * len(asked)
    assert [made.count(*one) for one in asked] == [0] * len(asked)


def test_what_could_not_be_written_is_tried_again_and_counted() -> None:
    made = Refusals(clock=Clock())
    assert made.count("nobody", "search") == 1
    assert made.count("nobody", "search") == 0
    made.not_written("nobody", "search", 1)
    assert made.count("nobody", "search") == 3
    assert made.count("nobody", "search") == 0


def test_no_refusal_is_lost_or_counted_twice() -> None:
    clock, said, asked = Clock(), Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    made, some = Refusals(clock=clock), random.Random(7)
    for _ in range(5_000):
        one = (some.choice(("a", "b")), some.choice(("search", "usage")))
        asked[one] += 1
        times = made.count(*one)
        if times and some.random() < 0.2:
            made.not_written(*one, times)
        else:
            said[one] += times
        clock.now += some.choice((0.0, 1.0, 30.0))
    clock.now += EVERY_SECONDS
    for one in asked:
        said[one] += made.count(*one) - 1
    assert said == asked


def test_from_many_threads_one_row_is_due() -> None:
    made = Refusals(clock=Clock())
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: made.count("nobody", "search"), range(2_000))) == 1


def test_it_forgets_those_who_asked_once_long_ago() -> None:
    clock = Clock()
    made = Refusals(clock=clock)
    for number in range(refusals._MOST):  # pyright: ignore[reportPrivateUsage]
        made.count(f"kim|{number}", "search")
    made.count("kim|7", "search")
    clock.now += EVERY_SECONDS
    made.count("another", "search")
    assert len(made._known) == 2, "one that waits for its row, and the new one"  # pyright: ignore[reportPrivateUsage]
    assert made.count("kim|7", "search") == 2
