"""Cost over volume: the break-even of provisioned capacity, and two scenarios side by side."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_access.costs.prices import PriceBook, Prices, Rates
from data_access.costs.what_if import IndexChoice, Scenario, compare, curve, estimate
from data_access.errors import UsageError
from tests.data_access.costs.what_if.strategies import SYSTEMS, scenarios

TODAY = PriceBook(None).prices("us-east-1")
BUSY = Scenario(SYSTEMS["ai4ai"], conversations=1_000_000_000, months=0)


def test_the_break_even_is_at_28_9_percent() -> None:
    """Of what is provisioned, used on average: below it on demand is cheaper, above it provisioned."""
    found = curve(BUSY, TODAY, points=2)
    assert (found.even_writes, found.even_reads) == pytest.approx((0.2889, 0.2889), abs=0.0001)
    for use, cheaper in ((0.2880, "on-demand"), (0.2900, "provisioned")):
        # At this volume whole units are no step: the average over what is provisioned is target / peak.
        at = replace(BUSY, target=0.9, peak=0.9 / use)
        usd = {billing: estimate(replace(at, billing=billing), TODAY).total for billing in ("on-demand", "provisioned")}  # pyright: ignore[reportArgumentType]
        assert min(usd, key=lambda billing: usd[billing] or 0) == cheaper
        assert usd["provisioned"] == pytest.approx(usd["on-demand"], rel=0.01)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_volume_from_which_provisioned_is_cheaper(name: str) -> None:
    scenario = Scenario(SYSTEMS[name], conversations=100_000, peak=1.5)
    found = curve(scenario, TODAY)
    assert found.meets_at is not None

    def gap(volume: float) -> float:
        one, other = (
            estimate(replace(scenario, conversations=volume, billing=billing), TODAY).total or 0.0  # pyright: ignore[reportArgumentType]
            for billing in ("provisioned", "on-demand")
        )
        return one - other

    assert gap(found.meets_at) < 0
    assert all(gap(volume) < 0 for volume in found.volumes if volume > found.meets_at)
    assert gap(found.meets_at * 0.97) > 0 or any(gap(volume) >= 0 for volume in found.volumes if volume > 0.9 * found.meets_at)


def test_a_spiky_chatbot_never_gets_there() -> None:
    """70 % of a peak of four times the average is 17.5 %."""
    found = curve(Scenario(SYSTEMS["cg"], conversations=1_000_000, peak=4), TODAY)
    assert found.average == pytest.approx(0.175)
    assert found.meets_at is None
    assert all(one <= other for one, other in zip(found.on_demand, found.provisioned, strict=True))  # pyright: ignore[reportOperatorIssue]


def test_volumes_are_log_spaced_and_ascending() -> None:
    found = curve(Scenario(SYSTEMS["cg"], conversations=1_000), TODAY, points=199)
    assert len(found.volumes) == len(found.on_demand) == len(found.provisioned) <= 200
    assert (found.volumes[0], found.volumes[-1]) == (100, 1_000_000)
    assert 1_000 in found.volumes
    assert all(1 < b / a < 1.08 for a, b in pairwise(found.volumes) if 1_000 not in (a, b))
    assert list(found.volumes) == sorted(found.volumes)


@given(scenarios(), st.integers(2, 30))
@settings(max_examples=30, deadline=None)
def test_curves_never_fall(scenario: Scenario, points: int) -> None:
    found = curve(scenario, TODAY, points=points)
    for values in (found.on_demand, found.provisioned):
        known = [value for value in values if value is not None]
        assert len(known) in (0, len(found.volumes))
        assert all(b >= a - 1e-9 for a, b in pairwise(known))


def test_bounds_of_a_curve() -> None:
    scenario = Scenario(SYSTEMS["cg"])
    for wrong in ({"points": 1}, {"points": 200}, {"least": 10.0, "most": 10.0}, {"least": 100.0, "most": 10.0}):
        asked: dict[str, Any] = wrong
        with pytest.raises(UsageError):
            curve(scenario, TODAY, **asked)
    most = curve(replace(scenario, conversations=10_000_000_000), TODAY, points=2)
    assert most.volumes[-1] == pytest.approx(10_000_000_000)
    assert curve(replace(scenario, conversations=0), TODAY, points=2).volumes[0] == 100


def test_no_curve_of_prices_that_are_not_known() -> None:
    found = curve(Scenario(SYSTEMS["cg"]), Prices("nowhere", Rates(), Rates()), points=3)
    assert set(found.on_demand) == set(found.provisioned) == {None}
    assert (found.meets_at, found.even_writes) == (None, None)


def test_reads_that_need_a_scan_leave_the_curve_of_the_rest() -> None:
    off = IndexChoice("messages", "SessionTimestampIndex", None)
    found = curve(Scenario(SYSTEMS["ai_agent"], indexes=(off,)), TODAY, points=3)
    assert None not in (*found.on_demand, *found.provisioned)


def test_two_scenarios_kind_by_kind() -> None:
    first = Scenario(SYSTEMS["cg"], conversations=10_000)
    rows = compare(estimate(first, TODAY), estimate(replace(first, recovery=True, conversations=20_000), TODAY))
    found = {row.what: row for row in rows}
    assert found["point-in-time recovery"].first == 0
    assert found["writes"].second == pytest.approx(2 * (found["writes"].first or 0))
    assert rows[-1].what == "total"
    assert rows[-1].usd == pytest.approx(sum(row.usd or 0 for row in rows[:-1]))


def test_what_is_not_known_has_no_difference() -> None:
    first = Scenario(SYSTEMS["cg"])
    nothing = estimate(first, Prices("nowhere", Rates(), Rates()))
    assert {row.usd for row in compare(estimate(first, TODAY), nothing)} == {None}
