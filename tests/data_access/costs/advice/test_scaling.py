"""Autoscaling simulated: by hand, and what holds for any traffic."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_access.costs.advice.scaling import TOLERANCE, Scaled, cheapest, simulate

rates_of_any_kind = st.lists(st.one_of(st.just(0.0), st.floats(0, 5), st.floats(0, 2_000)), min_size=1, max_size=400)


def test_steady_traffic_has_steady_capacity() -> None:
    found = simulate([70.0] * 500)
    assert set(found.capacity) == {100}
    assert (found.average, found.unserved, found.ups, found.downs) == (100.0, 0.0, 0, 0)


def test_nothing_at_all_has_one_unit() -> None:
    assert set(cheapest([0.0] * 2_000).capacity) == {1}


def test_it_goes_up_after_two_minutes_above_the_target_and_not_after_one() -> None:
    once = simulate([7.0] * 20 + [14.0] + [7.0] * 20)
    assert set(once.capacity) == {10}
    twice = simulate([7.0] * 20 + [14.0, 14.0] + [7.0] * 10)
    assert twice.capacity[21:24] == (10, 20, 20)


def test_unused_capacity_of_five_minutes_is_spent_before_a_request_is_refused() -> None:
    # 3 units unused for five minutes are 900; a minute that wants 12 of 10 takes 120 of them.
    assert simulate([7.0] * 20 + [12.0]).unserved == 0
    # Nothing is saved up in the first minute: 40 more than the 100 that are there, for a minute.
    assert simulate([70.0, 170.0, 170.0], highest=100).unserved == pytest.approx((70 - 30) * 60 + 70 * 60)


def test_it_goes_down_after_fifteen_minutes_with_a_fifth_to_spare() -> None:
    found = simulate([70.0] * 30 + [7.0] * 20)
    assert found.capacity[30:45] == (100,) * 15
    assert found.capacity[45:] == (10,) * 5
    # 57 of 70 is not a fifth less.
    assert set(simulate([70.0] * 30 + [57.0] * 60).capacity) == {100}


def test_four_times_down_a_day_and_then_once_an_hour() -> None:
    # Every twenty minutes half of what was before: each would be a decrease.
    rates = [rate for power in range(11) for rate in [7_000.0 / 2**power] * 20]
    found = simulate(rates)
    downs = [minute for minute, (before, after) in enumerate(pairwise(found.capacity)) if after < before]
    assert len(downs) == found.downs
    assert all(later - sooner < 60 for sooner, later in pairwise(downs[:4]))
    assert all(later - sooner >= 60 for sooner, later in pairwise(downs[3:]))
    # At midnight the count begins again.
    assert simulate(rates, begins=1_440 - 100).downs > found.downs


@settings(max_examples=150, deadline=None)
@given(rates_of_any_kind, st.integers(0, 1_439))
def test_laws_of_a_simulation(rates: list[float], begins: int) -> None:
    found = simulate(rates, begins=begins)
    assert len(found.capacity) == len(rates)
    assert all(found.least <= units <= found.highest for units in found.capacity)
    assert found.highest * 0.7 >= max(rates) - 1e-6 or found.highest == 1
    assert found.consumed == pytest.approx(sum(rates) * 60)
    assert 0 <= found.unserved <= found.consumed + 1e-6
    # What was refused is at most what was wanted beyond the capacity, minute by minute; what was served was paid for, or unused before.
    assert found.unserved <= sum(max(0.0, rate - units) for rate, units in zip(rates, found.capacity, strict=True)) * 60 + 1e-6
    assert found.consumed - found.unserved <= sum(found.capacity) * 60 + 1e-6
    assert _downs_allowed(found, begins)


@settings(max_examples=80, deadline=None)
@given(rates_of_any_kind)
def test_the_cheapest_settings_serve_the_traffic_and_are_not_dearer_than_a_fixed_capacity(rates: list[float]) -> None:
    found = cheapest(rates)
    fixed = simulate(rates, least=found.highest, highest=found.highest)
    assert fixed.unserved == 0
    assert found.unserved_share <= TOLERANCE
    assert found.average <= fixed.average


def test_senseless_settings_are_refused() -> None:
    for wrong in ({"least": 0}, {"least": 5, "highest": 4}, {"target": 0}):
        with pytest.raises(ValueError, match=r"unit|above 0"):
            simulate([1.0], **wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="minute"):
        simulate([])


def _downs_allowed(found: Scaled, begins: int) -> bool:
    """At most four a day but for those an hour or more after the one before."""
    days: dict[int, int] = {}
    last = -10_000
    for minute, (before, after) in enumerate(pairwise(found.capacity)):
        if after < before:
            day = (begins + minute) // 1_440
            if days.get(day, 0) >= 4 and minute - last < 60:
                return False
            days[day], last = days.get(day, 0) + 1, minute
    return True
