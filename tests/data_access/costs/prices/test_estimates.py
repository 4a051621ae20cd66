"""The price of a read without the network: the built-in table's until the price book has read the list."""

from __future__ import annotations

import pytest

from data_access.costs.prices import PRICE_DATE, read_price


@pytest.mark.parametrize("region, usd", [("us-east-1", 0.125), ("ap-southeast-2", 0.1425), ("eu-west-1", 0.1415)])
def test_a_million_units_of_an_on_demand_table(region: str, usd: float) -> None:
    price = read_price(region)
    assert price is not None
    assert price.usd_per_unit * 1_000_000 == pytest.approx(usd)
    assert price.dated == PRICE_DATE


def test_infrequent_access_is_dearer() -> None:
    usual, rare = read_price("us-east-1"), read_price("us-east-1", "STANDARD_INFREQUENT_ACCESS")
    assert usual is not None
    assert rare is not None
    assert rare.usd_per_unit > usual.usd_per_unit


@pytest.mark.parametrize("region", ["", "local", "us-east-9", "US-EAST-1"])
def test_an_unknown_region_has_no_price_rather_than_none_to_pay(region: str) -> None:
    assert read_price(region) is None
