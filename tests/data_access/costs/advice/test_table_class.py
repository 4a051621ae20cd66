"""Standard or Standard-IA, by the prices of the list."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_access.costs.advice import Advice, Skipped
from data_access.costs.amounts import class_saving
from data_access.costs.prices import Rates
from tests.data_access.costs.advice.subjects import INDEX, PRICES, counted, flow, judge, line, of, resource, scaled, seen

FLOWS = (flow("read", [1.0]), flow("write", [1.0]))
INDEXED = {INDEX: (flow("read", [1.0], index=INDEX), flow("write", [1.0], index=INDEX))}


def test_a_table_that_is_mostly_stored_belongs_into_infrequent_access() -> None:
    observed = seen(resource(storage=100, reads=1, writes=1), resource(INDEX, storage=50, reads=0, writes=2))
    advice = of("table class", judge(observed, counted(*FLOWS, INDEXED)))
    assert isinstance(advice, Advice)
    # 60 % of 150 for storage, less a quarter of 4 for the rest: with its index.
    assert advice.saving_usd == pytest.approx(0.6 * 150 - 0.25 * 4)
    assert (advice.command or "").endswith("--table-class STANDARD_INFREQUENT_ACCESS")
    assert any("14.0 days" in one for one in advice.stands_on)
    assert any("by hand" in one for one in advice.stands_on)


def test_one_that_is_mostly_read_and_written_belongs_into_standard() -> None:
    observed = seen(resource(storage=0.4, reads=125, writes=1_250, table_class="STANDARD_INFREQUENT_ACCESS"))
    advice = of("table class", judge(observed, counted(*FLOWS)))
    assert isinstance(advice, Advice)
    assert advice.saving_usd == pytest.approx(275 - 0.6)


def test_what_is_about_the_same_stays() -> None:
    # Storage at 0.4167 of the throughput: the two cost the same.
    said = of("table class", judge(seen(resource(storage=41.7, reads=50, writes=50)), counted(*FLOWS)))
    assert isinstance(said, Skipped)
    assert said.fine


def test_recovery_and_backups_have_one_price() -> None:
    own = resource(storage=100)
    own = replace(own, lines=(*own.lines, line("point-in-time recovery", 70), line("backups", None)))
    advice = of("table class", judge(seen(own), counted(*FLOWS)))
    assert isinstance(advice, Advice)
    assert advice.saving_usd == pytest.approx(60)


@pytest.mark.parametrize("lacking", ["storage_gb_month", "read_unit"])
def test_without_the_other_price_it_is_not_judged(lacking: str) -> None:
    prices = replace(PRICES, infrequent=replace(PRICES.infrequent, **{lacking: None}))
    said = of("table class", judge(seen(resource(storage=100, reads=1), prices=prices), counted(*FLOWS)))
    assert isinstance(said, Skipped)
    assert not said.fine


def test_an_amount_that_is_not_known_is_no_zero() -> None:
    observed = seen(replace(resource(), lines=(line("storage", None, note="DescribeTable has no size of this table."),)))
    said = of("table class", judge(observed, counted(*FLOWS)))
    assert isinstance(said, Skipped)
    assert said.reason == "Storage of the table: DescribeTable has no size of this table."


@given(st.floats(0, 1e4), st.floats(0, 1e4), st.floats(0.01, 100), st.booleans())
def test_the_saving_is_the_formula_s_and_never_negative(storage: float, traffic: float, factor: float, infrequent: bool) -> None:
    own = resource(storage=storage, writes=traffic, table_class="STANDARD_INFREQUENT_ACCESS" if infrequent else "STANDARD")
    wanted = class_saving(own.table_class, traffic, storage, throughput_ratio=1.25, storage_ratio=0.4).saving_usd
    said = of("table class", judge(seen(own), counted(*FLOWS)))
    if isinstance(said, Advice):
        assert said.saving_usd is not None
        assert said.saving_usd == pytest.approx(wanted)
        assert said.saving_usd > 0.1 * (storage + traffic) * 0.999
        # All prices times k: the amounts of the lines are, and the ratios stay.
        more = resource(storage=factor * storage, writes=factor * traffic, table_class=own.table_class)
        again = of("table class", judge(seen(more, prices=scaled(PRICES, factor)), counted(*FLOWS)))
        assert isinstance(again, Advice)
        assert again.saving_usd == pytest.approx(factor * said.saving_usd)
    else:
        assert said.fine
        assert wanted <= 0.1 * (storage + traffic) * 1.001


def test_a_price_list_without_infrequent_access_says_so() -> None:
    said = of("table class", judge(seen(resource(), prices=replace(PRICES, infrequent=Rates())), counted(*FLOWS)))
    assert isinstance(said, Skipped)
    assert "not known in this Region" in said.reason
