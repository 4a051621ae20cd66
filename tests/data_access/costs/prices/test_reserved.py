"""Reserved capacity: known blocks, and terms of a price list whose amounts are of a unit or of a block."""

from __future__ import annotations

from typing import Any

import pytest

from data_access.costs.prices.model import Reserved
from data_access.costs.prices.reserved import BLOCK, known_blocks, read_terms


@pytest.mark.parametrize(
    "region, kind, years, off",
    [
        ("us-east-1", "read", 1, 0.54),
        ("us-east-1", "read", 3, 0.77),
        ("us-east-1", "write", 1, 0.54),
        ("us-east-1", "write", 3, 0.77),
    ],
)
def test_the_known_blocks_come_to_the_published_discounts(region: str, kind: Any, years: Any, off: float) -> None:
    block = known_blocks(region)[kind, years]
    hour = {"read": 0.00013, "write": 0.00065}[kind] * BLOCK
    assert 1 - (block.upfront_usd / (block.years * 8_760) + block.hour_usd) / hour == pytest.approx(off, abs=0.006)


def test_sydney_has_blocks_and_a_region_without_any_has_none() -> None:
    assert known_blocks("ap-southeast-2")["write", 3] == Reserved(205.2, 0.0093, 3)
    assert known_blocks("eu-west-1") == {}


def term(years: str, upfront: Any, hour: Any) -> dict[str, Any]:
    return {
        "termAttributes": {"LeaseContractLength": years},
        "priceDimensions": {
            "a": {"unit": "Quantity", "pricePerUnit": {"USD": upfront}},
            "b": {"unit": "ReadCapacityUnit-Hrs", "pricePerUnit": {"USD": hour}},
        },
    }


@pytest.mark.parametrize("upfront, hour", [("0.30", "0.000025"), ("30", "0.0025")])
def test_amounts_of_a_unit_and_of_a_block_are_told_apart(upfront: str, hour: str) -> None:
    found = read_terms([term("1yr", upfront, hour)], "read", 0.00013)
    assert found.keys() == {("read", 1)}
    assert (found["read", 1].upfront_usd, found["read", 1].hour_usd) == pytest.approx((30, 0.0025))


@pytest.mark.parametrize(
    "odd",
    [
        None,
        "x",
        {},
        {"termAttributes": None},
        term("2yr", "30", "0.0025"),
        term("1yr", "3000", "0.0025"),
        term("1yr", "30", "0"),
        term("1yr", "0", "0"),
        term("1yr", "x", "0.0025"),
        {"termAttributes": {"LeaseContractLength": "1yr"}, "priceDimensions": {"a": {"unit": "Quantity", "pricePerUnit": {"CNY": "1"}}}},
    ],
)
def test_terms_that_make_no_discount_or_no_sense_are_left_out(odd: Any) -> None:
    found = read_terms([odd], "read", 0.00013)
    assert all(0 < block.upfront_usd < 300 for block in found.values())
    assert not found or odd["priceDimensions"]["b"]["pricePerUnit"]["USD"] == "0"


def test_without_the_usual_price_nothing_can_be_said() -> None:
    assert read_terms([term("1yr", "30", "0.0025")], "read", None) == {}
