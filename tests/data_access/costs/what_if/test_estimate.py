"""A scenario's month in dollars: the guide's figure, the rules of each line, and what must hold for all scenarios."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from data_access.costs.amounts import GB, HOURS
from data_access.costs.prices import GUIDE_2024, PriceBook, Prices, Rates, Reserved
from data_access.costs.what_if import IndexChoice, Result, Scenario, estimate, footprint, guide, prices_of
from data_access.costs.what_if.estimate import capacity_units
from tests.data_access.costs.what_if.strategies import SYSTEMS, scenarios

# Everything has a price here, so that no total leaves something out.
_RATES = Rates(0.625e-6, 0.125e-6, 0.625e-6, 0.00065, 0.00013, 0.00065, 0.25)
_BLOCKS: dict[Any, Reserved] = {
    ("read", 1): Reserved(30, 0.0025, 1),
    ("read", 3): Reserved(36, 0.0016, 3),
    ("write", 1): Reserved(150, 0.0128, 1),
    ("write", 3): Reserved(180, 0.0081, 3),
}
FULL = Prices(
    "us-east-1", _RATES, Rates(0.78e-6, 0.155e-6, 0.78e-6, 0.00081, 0.00016, 0.00081, 0.10), recovery_gb_month=0.2, reserved=_BLOCKS
)
TODAY = PriceBook(None).prices("us-east-1")
USUAL = Scenario(SYSTEMS["ai_agent"], conversations=10_000)


def total(scenario: Scenario, prices: Prices = FULL) -> float:
    found = estimate(scenario, prices).total
    assert found is not None
    return found


def usd(result: Result, what: str) -> float | None:
    return {str(kind): amount for kind, amount in result.by_what().items()}.get(what)


# ---- the guide


def test_the_guides_table_with_its_prices_and_with_todays() -> None:
    asked = guide(SYSTEMS["cg"])
    theirs = estimate(asked, prices_of(asked, PriceBook(None)))
    assert theirs.prices is GUIDE_2024
    assert theirs.total == pytest.approx(0.02875, abs=1e-12)
    assert theirs.by_what() == pytest.approx({"writes": 0.0025, "reads": 0.00125, "storage": 0.025})
    now = replace(asked, prices="today")
    assert estimate(now, prices_of(now, PriceBook(None))).total == pytest.approx(0.026875, abs=1e-12)
    assert theirs.complete
    assert "Messages and bytes" in " ".join(theirs.notes) or "Messages, bytes" in " ".join(theirs.notes)


def test_the_guides_count_has_no_length() -> None:
    asked = guide(SYSTEMS["cg"])
    assert total(replace(asked, messages=500, message_bytes=5_000)) == total(asked)
    assert total(replace(asked, conversations=100)) == pytest.approx(total(asked) / 10)


def test_one_unit_each_provisioned_is_not_what_the_guide_says() -> None:
    """Its $0.47 is the write unit alone."""
    result = estimate(Scenario(SYSTEMS["remo"], conversations=0, billing="provisioned"), TODAY)
    assert usd(result, "write capacity") == pytest.approx(0.4745)
    assert usd(result, "read capacity") == pytest.approx(0.0949)
    assert result.total == pytest.approx(0.5694)


# ---- lines


def test_on_demand_is_units_times_prices() -> None:
    one = footprint(USUAL)
    result = estimate(USUAL, FULL)
    assert usd(result, "writes") == pytest.approx(one.writes * 10_000 * 0.625e-6)
    assert usd(result, "reads") == pytest.approx(one.reads * 10_000 * 0.125e-6)
    bytes_kept = sum(r.bytes + 100 * r.items for r in one.resources) * 10_000 * 12
    assert usd(result, "storage") == pytest.approx(bytes_kept / GB * 0.25)
    assert {(line.table, line.index) for line in result.lines} == {(r.table, r.index) for r in one.resources}
    assert result.per_conversation == pytest.approx(total(USUAL) / 10_000)


def test_recovery_backs_up_tables_and_not_their_indexes() -> None:
    result = estimate(replace(USUAL, recovery=True), FULL)
    lines = [line for line in result.lines if line.what == "point-in-time recovery"]
    stored = {line.table: line.quantity for line in result.lines if line.what == "storage" and line.index is None}
    assert {line.table: line.quantity for line in lines} == stored
    assert all(line.index is None for line in lines)
    assert usd(result, "point-in-time recovery") == pytest.approx(sum(q or 0 for q in stored.values()) * 0.2)


@pytest.mark.parametrize("billing", ["on-demand", "provisioned"])
def test_every_region_of_a_global_table_writes_and_keeps_everything(billing: Any) -> None:
    alone = replace(USUAL, conversations=5_000_000, billing=billing)
    prices = replace(FULL, standard=replace(_RATES, replicated_write_unit=1e-6, replicated_write_capacity_hour=0.001))
    one, three = estimate(alone, prices), estimate(replace(alone, replicas=2), prices)
    tables = sum(r.writes for r in one.footprint.resources if r.index is None) * 5_000_000
    indexes = sum(r.writes for r in one.footprint.resources if r.index is not None) * 5_000_000
    if billing == "on-demand":
        assert usd(three, "replicated writes") == pytest.approx(3 * tables * 1e-6)
        assert usd(three, "writes") == pytest.approx(3 * indexes * 0.625e-6)
        assert usd(three, "reads") == usd(one, "reads")
    else:
        units = {(line.table, line.index): (line.quantity or 0) / HOURS for line in three.lines if "write" in line.what}
        for r in one.footprint.resources:
            assert units[r.table, r.index] == 3 * capacity_units(r.writes * 5_000_000, 4, 0.7)
    kept = sum(r.bytes + 148 * r.items for r in one.footprint.resources) * 5_000_000 * 12
    assert usd(three, "storage") == pytest.approx(3 * kept / GB * 0.25)


def test_provisioned_is_the_peak_at_the_target_and_never_nothing() -> None:
    month = HOURS * 3_600
    assert capacity_units(0, 4, 0.7) == 1
    assert capacity_units(month, 1, 1.0) == 1
    assert capacity_units(month * 7, 1, 0.7) == 10
    assert capacity_units(month * 7, 4, 0.7) == 40
    result = estimate(replace(USUAL, billing="provisioned", conversations=0), FULL)
    assert {line.note for line in result.lines if "capacity" in line.what} == {"1 unit"}
    assert usd(result, "write capacity") == pytest.approx(5 * 730 * 0.00065)


def test_reserved_capacity_by_blocks() -> None:
    busy = replace(USUAL, conversations=30_000_000, billing="provisioned", peak=1)
    usual, one, three = (estimate(replace(busy, reserved_years=years), FULL) for years in (0, 1, 3))
    assert usual.upfront_usd == 0
    assert (three.total or 0) < (one.total or 0) < (usual.total or 0)
    units = sum((line.quantity or 0) / HOURS for line in one.lines if line.what == "write capacity")
    blocks = round(units) // 100 + (round(units) % 100 * 0.00065 > 150 / 8_760 + 0.0128)
    read_units = sum((line.quantity or 0) / HOURS for line in one.lines if line.what == "read capacity")
    read_blocks = round(read_units) // 100 + (round(read_units) % 100 * 0.00013 > 30 / 8_760 + 0.0025)
    assert one.upfront_usd == 150 * blocks + 30 * read_blocks
    hour = blocks * (150 / 8_760 + 0.0128) + max(0, round(units) - 100 * blocks) * 0.00065
    assert usd(one, "write capacity") == pytest.approx(hour * 730)


def test_where_reserved_capacity_does_not_apply_is_said() -> None:
    years = replace(USUAL, reserved_years=1)
    assert any("on-demand" in note for note in estimate(years, FULL).notes)
    rare = estimate(replace(years, billing="provisioned", table_class="STANDARD_INFREQUENT_ACCESS"), FULL)
    assert any("Standard-IA" in note for note in rare.notes)
    assert rare.upfront_usd == 0
    nothing = estimate(replace(years, billing="provisioned"), replace(FULL, reserved={}))
    assert sum("not known" in note for note in nothing.notes) == 2
    assert nothing.total == estimate(replace(USUAL, billing="provisioned"), FULL).total


def test_a_price_that_is_not_known_is_not_zero() -> None:
    result = estimate(
        replace(USUAL, recovery=True, replicas=1), replace(FULL, recovery_gb_month=None, standard=replace(_RATES, write_unit=None))
    )
    assert result.unknown == ("writes", "point-in-time recovery")
    assert not result.complete
    assert usd(result, "writes") is None
    assert result.total == pytest.approx(sum(line.usd for line in result.lines if line.usd is not None))
    assert estimate(USUAL, Prices("nowhere", Rates(), Rates())).total is None


def test_no_traffic_costs_nothing_on_demand() -> None:
    result = estimate(replace(USUAL, conversations=0), FULL)
    assert result.total == 0
    assert result.per_conversation is None


def test_reads_that_need_a_scan_are_not_known() -> None:
    result = estimate(replace(USUAL, indexes=(IndexChoice("messages", "SessionTimestampIndex", None),)), FULL)
    assert result.unknown == ("reads",)
    assert [(line.table, line.note) for line in result.lines if line.usd is None] == [("ai-agent-messages", "needs a Scan")]


def test_one_conversation_a_user_does_not_pile_up() -> None:
    remo = Scenario(SYSTEMS["remo"])
    assert usd(estimate(remo, FULL), "storage") == usd(estimate(replace(remo, months=120), FULL), "storage")
    assert usd(estimate(replace(remo, per_user=4), FULL), "storage") == pytest.approx((usd(estimate(remo, FULL), "storage") or 0) / 4)
    cg = Scenario(SYSTEMS["cg"])
    assert usd(estimate(replace(cg, months=24), FULL), "storage") == pytest.approx(2 * (usd(estimate(cg, FULL), "storage") or 0))


# ---- what holds for all


@given(scenarios(), st.integers(1, 10_000_000))
@settings(deadline=None)
def test_more_conversations_never_cost_less(scenario: Scenario, more: int) -> None:
    assert total(scenario) <= total(replace(scenario, conversations=scenario.conversations + more)) + 1e-9


@given(scenarios(), st.integers(1, 2_000), st.integers(0, 10))
@settings(deadline=None)
def test_more_bytes_messages_or_reads_never_cost_less(scenario: Scenario, more: int, others: int) -> None:
    larger = replace(
        scenario,
        message_bytes=scenario.message_bytes + more,
        messages=scenario.messages + (others if scenario.read_at == "end" else 0),
        reads=scenario.reads + others,
    )
    assume(not footprint(larger).refused)
    assert total(scenario) <= total(larger) + 1e-9


@given(scenarios())
@settings(deadline=None)
def test_an_index_less_never_costs_more(scenario: Scenario) -> None:
    for key, table in scenario.system.tables.items():
        for name in table.indexes:
            others = tuple(choice for choice in scenario.indexes if (choice.table, choice.index) != (key, name))
            without = replace(scenario, indexes=(*others, IndexChoice(key, name, None)))
            # A slimmer index can still be the dearer one for reads that then fetch each message; none at all cannot.
            assert total(without) <= total(scenario) + 1e-9


@given(scenarios())
@settings(deadline=None)
def test_reserved_capacity_never_costs_more(scenario: Scenario) -> None:
    assert total(scenario) <= total(replace(scenario, reserved_years=0)) + 1e-9


@given(scenarios())
@settings(deadline=None)
def test_lines_add_up(scenario: Scenario) -> None:
    result = estimate(scenario, FULL)
    assert result.total == pytest.approx(sum(line.usd or 0 for line in result.lines))
    assert {str(what): amount is None for what, amount in result.by_what().items() if amount is None} == dict.fromkeys(result.unknown, True)
    assert all(line.usd is None or line.usd >= 0 for line in result.lines)
    assert result.complete == (result.footprint.unread is None)


@given(scenarios())
@settings(deadline=None)
def test_slimmer_projections_write_and_keep_less(scenario: Scenario) -> None:
    for key, table in scenario.system.tables.items():
        for name in table.indexes:
            others = tuple(choice for choice in scenario.indexes if (choice.table, choice.index) != (key, name))
            full = estimate(replace(scenario, indexes=(*others, IndexChoice(key, name, "ALL"))), FULL).footprint
            slim = estimate(replace(scenario, indexes=(*others, IndexChoice(key, name, "KEYS_ONLY"))), FULL).footprint
            assert slim.writes <= full.writes
            assert sum(r.bytes for r in slim.resources) <= sum(r.bytes for r in full.resources)
