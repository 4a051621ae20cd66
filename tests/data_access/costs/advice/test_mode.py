"""Billing mode and right size: series of which the answer is known."""

from __future__ import annotations

import json
import random
import shlex
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_access.capacity.report import TableCapacity
from data_access.costs.advice import Advice, Skipped
from data_access.costs.advice.model import possible_usd
from data_access.costs.advice.scaling import cheapest
from data_access.costs.observed import Observed, ResourceCosts
from data_access.costs.prices import Prices
from tests.data_access.costs.advice.subjects import (
    INDEX,
    MINUTES,
    PRICES,
    TABLE,
    UNPRICED,
    UNTIL,
    counted,
    flow,
    judge,
    of,
    resource,
    scaled,
    seen,
)

IDLE = 0.0
STEADY = [70.0] * MINUTES


def table(reads: list[float], writes: list[float], **more: object) -> TableCapacity:
    return counted(flow("read", reads), flow("write", writes), **more)  # type: ignore[arg-type]


def mode(found: tuple[tuple[Advice, ...], tuple[Skipped, ...]]) -> Advice | Skipped:
    return of("billing mode", found)


def test_steady_traffic_is_cheaper_provisioned() -> None:
    advice = mode(judge(seen(resource()), table(STEADY, STEADY)))
    assert isinstance(advice, Advice)
    on_demand = 70 * 3_600 * 730 * (1e-3 + 1e-4)
    provisioned = 100 * 730 * (1.8 + 0.18)
    assert advice.saving_usd == pytest.approx(on_demand - provisioned)
    assert [one.used for one in advice.shares] == pytest.approx([0.7, 0.7])
    assert [one.break_even for one in advice.shares] == pytest.approx([0.5, 0.5])
    assert "50.0%" in advice.why
    # Two of the reserved blocks: 100 units each, at half their price.
    assert "Reserved capacity would take off more: for one year $72,270.00 a month." in advice.why
    assert advice.word == "high"
    assert any("by hand of 2026-11-20" in one for one in advice.stands_on)


def test_spiky_traffic_stays_on_demand() -> None:
    rates = [500.0 if minute % 240 == 0 else 0.0 for minute in range(MINUTES)]
    said = mode(judge(seen(resource()), table(rates, rates)))
    assert isinstance(said, Skipped)
    assert said.fine
    assert "On demand is right" in said.reason


def test_at_break_even_nothing_is_advised() -> None:
    # Half of the capacity used, which is break-even: every other minute 70 %, and 30 % between. Never a fifth to spare for long.
    rates = [70.0 if minute % 2 else 30.0 for minute in range(MINUTES)]
    plan = cheapest(rates)
    assert plan.average == pytest.approx(100, rel=1e-3)
    said = mode(judge(seen(resource()), table(rates, rates)))
    assert isinstance(said, Skipped)
    assert said.fine


def test_an_idle_table_stays_on_demand_where_something_shows_that_it_is_known() -> None:
    said = mode(judge(seen(resource()), table([1.0, *[0.0] * 100], [])))
    assert isinstance(said, Skipped)
    assert said.fine


def test_a_table_that_cloudwatch_knows_nothing_of_is_not_judged() -> None:
    said = mode(judge(seen(resource()), table([], [])))
    assert isinstance(said, Skipped)
    assert not said.fine
    assert "nothing of this table" in said.reason


def test_an_idle_provisioned_table_should_be_on_demand() -> None:
    capacity = counted(flow("read", provisioned=5), flow("write", provisioned=5), billing="provisioned")
    found = judge(seen(resource(billing="provisioned")), capacity)
    advice = mode(found)
    assert isinstance(advice, Advice)
    assert advice.saving_usd == pytest.approx(5 * 730 * (1.8 + 0.18))
    assert shlex.split(advice.command or "") == [
        *("aws", "dynamodb", "update-table", "--region", "us-east-1", "--table-name", TABLE),
        *("--billing-mode", "PAY_PER_REQUEST"),
    ]
    # Its size could be smaller instead: an alternative, so the two are not added up.
    size = of("right size", found)
    assert isinstance(size, Advice)
    assert size.saving_usd == pytest.approx(4 * 730 * (1.8 + 0.18))
    assert possible_usd(found[0]) == advice.saving_usd


def test_a_provisioned_table_of_the_right_size_is_left_alone() -> None:
    capacity = counted(flow("read", STEADY, provisioned=100), flow("write", STEADY, provisioned=100), billing="provisioned")
    found = judge(seen(resource(billing="provisioned")), capacity)
    for rule in ("billing mode", "right size"):
        said = of(rule, found)
        assert isinstance(said, Skipped)
        assert said.fine


def test_an_oversized_index_alone_is_resized() -> None:
    capacity = counted(
        flow("read", STEADY, provisioned=100),
        flow("write", STEADY, provisioned=100),
        {INDEX: (flow("read", STEADY, index=INDEX, provisioned=300), flow("write", STEADY, index=INDEX, provisioned=200))},
        billing="provisioned",
    )
    advice = of("right size", judge(seen(resource(billing="provisioned"), resource(INDEX, billing="provisioned")), capacity))
    assert isinstance(advice, Advice)
    assert advice.saving_usd == pytest.approx((200 * 0.18 + 100 * 1.8) * 730)
    first = shlex.split((advice.command or "").split(" &&\n")[0])
    assert "--provisioned-throughput" not in first
    updates = json.loads(first[first.index("--global-secondary-index-updates") + 1])
    assert updates == [{"Update": {"IndexName": INDEX, "ProvisionedThroughput": {"ReadCapacityUnits": 100, "WriteCapacityUnits": 100}}}]


def test_the_table_and_every_index_are_counted_each_with_a_unit_at_least() -> None:
    """Nineteen idle indexes: the table alone would be cheaper provisioned, all of it is not."""
    rates = [1.4] * MINUTES
    names = [f"index-{number}" for number in range(20)]
    alone = mode(judge(seen(resource()), table([], rates)))
    assert isinstance(alone, Advice)
    capacity = counted(flow("read"), flow("write", rates), {name: (flow("read", index=name), flow("write", index=name)) for name in names})
    said = mode(judge(seen(resource(), *(resource(name) for name in names)), capacity))
    assert isinstance(said, Skipped)
    assert said.fine
    busy = counted(
        flow("read", STEADY),
        flow("write", STEADY),
        {name: (flow("read", STEADY, index=name), flow("write", STEADY, index=name)) for name in names[:3]},
    )
    advice = mode(judge(seen(resource(), *(resource(name) for name in names[:3])), busy))
    assert isinstance(advice, Advice)
    assert len(advice.shares) == 8
    assert (advice.command or "").count("register-scalable-target") == 8
    assert (advice.command or "").count("/index/index-2") == 4


def test_five_minute_rows_are_divided_by_their_own_period() -> None:
    minutes = mode(judge(seen(resource()), table(STEADY, STEADY)))
    fives = mode(judge(seen(resource()), counted(flow("read", [70.0] * (MINUTES // 5), period=300), flow("write", STEADY))))
    assert isinstance(minutes, Advice)
    assert isinstance(fives, Advice)
    assert fives.saving_usd == pytest.approx(minutes.saving_usd or 0)
    assert fives.confidence < minutes.confidence
    hours = mode(judge(seen(resource()), counted(flow("read", [70.0] * 336, period=3_600), flow("write", STEADY))))
    assert isinstance(hours, Skipped)
    assert "60 minutes" in hours.reason


def test_throttled_requests_take_confidence_away_and_are_said() -> None:
    calm = mode(judge(seen(resource()), table(STEADY, STEADY)))
    hit = mode(judge(seen(resource()), counted(flow("read", STEADY, throttled=12), flow("write", STEADY))))
    assert isinstance(calm, Advice)
    assert isinstance(hit, Advice)
    assert hit.confidence == pytest.approx(calm.confidence / 2)
    assert any(one.startswith("12 requests were throttled") for one in hit.stands_on)


@pytest.mark.parametrize("status", ["denied", "throttled", "failed"])
def test_what_cloudwatch_did_not_tell_is_not_judged(status: str) -> None:
    said = mode(judge(seen(resource()), counted(flow("read", STEADY), flow("write", STEADY, status=status))))  # type: ignore[arg-type]
    assert isinstance(said, Skipped)
    assert not said.fine


def test_too_little_of_it_is_not_judged() -> None:
    half = counted(flow("read", STEADY[: MINUTES // 2], status="partial"), flow("write", STEADY))
    said = mode(judge(seen(resource()), half))
    assert isinstance(said, Skipped)
    assert "50%" in said.reason
    nearly = counted(flow("read", STEADY[: MINUTES * 95 // 100], status="partial"), flow("write", STEADY))
    assert isinstance(mode(judge(seen(resource()), nearly)), Advice)
    young = table(STEADY, STEADY, created_at=UNTIL - timedelta(days=2))
    said = mode(judge(seen(resource()), young))
    assert isinstance(said, Skipped)
    assert "2.0 days" in said.reason
    # The sample is older than the local table that it lies in.
    assert isinstance(mode(judge(seen(resource()), young, sample=True)), Advice)


@pytest.mark.parametrize("prices", [UNPRICED, None, replace(PRICES, standard=replace(PRICES.standard, read_capacity_hour=None))])
def test_without_prices_there_is_no_advice(prices: Prices | None) -> None:
    found = judge(seen(resource(), prices=prices), table(STEADY, STEADY))
    said = mode(found)
    assert isinstance(said, Skipped)
    assert not said.fine
    assert "price" in said.reason


def test_replicated_writes_have_their_own_price() -> None:
    plain = mode(judge(seen(resource()), table([], STEADY)))
    replicated = mode(judge(seen(resource(replicas=("eu-west-1",))), table([], STEADY)))
    assert isinstance(plain, Advice)
    assert isinstance(replicated, Advice)
    assert replicated.shares[1].on_demand_usd == pytest.approx(2 * plain.shares[1].on_demand_usd)


def provisioned_or_not(rates: list[float], units: int | None, prices: Prices) -> tuple[Observed, TableCapacity]:
    billing = "on-demand" if units is None else "provisioned"
    one: ResourceCosts = resource(billing=billing)
    return seen(one, prices=prices), counted(
        flow("read", rates, provisioned=units), flow("write", rates[::-1], provisioned=units), billing=billing
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.3, 3.0, 80.0]), st.one_of(st.none(), st.integers(1, 500)), st.floats(0.01, 100))
def test_savings_are_what_they_say_and_never_negative(seed: int, level: float, units: int | None, factor: float) -> None:
    """Against sums of our own, for traffic with days and nights; prices times k are savings times k."""
    rng = random.Random(seed)
    rates = [max(0.0, level * (0.6 + 0.4 * ((minute // 60) % 24 > 8)) * rng.uniform(0.7, 1.1)) for minute in range(MINUTES)]
    found = judge(*provisioned_or_not(rates, units, PRICES))
    again = judge(*provisioned_or_not(rates, units, scaled(PRICES, factor)))
    kinds = [(one.rule, one.index) for one in found[0] if one.rule in ("billing mode", "right size")]
    assert kinds == [(one.rule, one.index) for one in again[0] if one.rule in ("billing mode", "right size")]
    total = sum(rates) * 60
    on_demand = total / (14 * 24) * 730 * (1e-3 + 1e-4)
    held = [sum(cheapest(one, begins=12 * 60).capacity) / MINUTES * 730 for one in (rates, rates[::-1])]
    scaled_usd = held[0] * 0.18 + held[1] * 1.8
    now = on_demand if units is None else units * 730 * (1.8 + 0.18)
    for one, other in zip(found[0], again[0], strict=True):
        if one.rule not in ("billing mode", "right size"):
            continue
        then = on_demand if one.rule == "billing mode" and units is not None else scaled_usd
        assert one.saving_usd is not None
        assert one.saving_usd > 0
        assert one.saving_usd == pytest.approx(now - then, rel=1e-6)
        assert other.saving_usd == pytest.approx(factor * one.saving_usd, rel=1e-6)
        assert other.confidence == pytest.approx(one.confidence)
