"""The table that comes with Dynascope: every Region reads, and what is not known of it stays unknown."""

from __future__ import annotations

from dataclasses import astuple

import pytest

from data_access.costs.prices import GUIDE_2024, PRICE_DATE, built_in_prices
from data_access.costs.prices.built_in import SOURCE, regions


def test_the_table_has_31_regions() -> None:
    assert len(regions()) == 31


@pytest.mark.parametrize("region", regions())
def test_every_region_reads(region: str) -> None:
    prices = built_in_prices(region)
    assert prices is not None
    assert (prices.region, prices.source, prices.dated) == (region, SOURCE, PRICE_DATE)
    for rates in (prices.standard, prices.infrequent):
        assert all(usd is None or 0 < usd < 1 for usd in astuple(rates))
    # Standard-IA is a fourth dearer to use and 60 % cheaper to keep: a cell that was mixed up with another one would not fit.
    usual, rare = prices.standard, prices.infrequent
    for column in ("write_unit", "read_unit", "write_capacity_hour", "read_capacity_hour"):
        known, other = getattr(usual, column), getattr(rare, column)
        assert known is not None
        if other is not None:
            assert 1.22 < other / known < 1.27, column
    assert usual.storage_gb_month is not None
    assert rare.storage_gb_month == pytest.approx(usual.storage_gb_month * 0.4, rel=1e-3)


def test_us_east_1_to_the_last_digit() -> None:
    prices = built_in_prices("us-east-1")
    assert prices is not None
    assert astuple(prices.standard) == pytest.approx((6.25e-7, 1.25e-7, 6.25e-7, 0.00065, 0.00013, None, 0.25))
    assert astuple(prices.infrequent) == pytest.approx((7.8e-7, 1.55e-7, None, 0.00081, 0.00016, None, 0.10))
    assert (prices.recovery_gb_month, prices.backup_gb_month, prices.restore_gb, prices.stream_read) == (0.20, 0.10, 0.15, 2e-7)
    assert (prices.export_gb, prices.import_gb) == (None, None)
    assert (prices.free_storage_gb, prices.free_capacity_hours) == (25, 18_600)
    assert prices.notices == ()


def test_elsewhere_backups_streams_and_replicas_are_unknown_and_it_says_so() -> None:
    prices = built_in_prices("eu-west-1")
    assert prices is not None
    assert {prices.recovery_gb_month, prices.backup_gb_month, prices.restore_gb, prices.stream_read} == {None}
    assert prices.standard.replicated_write_unit is None
    assert "backups" in prices.notices[0]


def test_two_cells_are_not_trusted() -> None:
    israel, africa = built_in_prices("il-central-1"), built_in_prices("af-south-1")
    assert israel is not None
    assert africa is not None
    assert (israel.infrequent.read_unit, africa.infrequent.write_capacity_hour) == (None, None)
    assert None not in (israel.infrequent.write_unit, africa.infrequent.read_capacity_hour)
    assert all("taken as unknown" in prices.notices[-1] for prices in (israel, africa))


def test_there_is_no_free_tier_in_govcloud() -> None:
    prices = built_in_prices("us-gov-west-1")
    assert prices is not None
    assert (prices.free_storage_gb, prices.free_capacity_hours) == (0, 0)


@pytest.mark.parametrize("region", ["", "local", "us-east-9", "US-EAST-1", "cn-north-1", "mx-central-1"])
def test_a_region_that_is_not_in_it(region: str) -> None:
    assert built_in_prices(region) is None


def test_the_guides_own_figure_comes_out_of_the_guides_prices() -> None:
    """1,000 conversations a month: 2,000 writes, 5,000 reads, 0.1 GB."""
    rates = GUIDE_2024.rates("STANDARD")
    assert rates.write_unit is not None
    assert rates.read_unit is not None
    assert rates.storage_gb_month is not None
    assert 2_000 * rates.write_unit + 5_000 * rates.read_unit + 0.1 * rates.storage_gb_month == pytest.approx(0.02875)
    assert (rates.write_capacity_hour, rates.read_capacity_hour) == (0.00065, 0.00013)
    assert set(astuple(GUIDE_2024.rates("STANDARD_INFREQUENT_ACCESS"))) == {None}
    assert (GUIDE_2024.source, GUIDE_2024.recovery_gb_month) == ("guide prices 2024", None)


def test_todays_price_of_the_same_thing_is_lower() -> None:
    prices = built_in_prices("us-east-1")
    assert prices is not None
    rates = prices.standard
    assert rates.write_unit is not None
    assert rates.read_unit is not None
    assert rates.storage_gb_month is not None
    assert 2_000 * rates.write_unit + 5_000 * rates.read_unit + 0.1 * rates.storage_gb_month == pytest.approx(0.026875)
