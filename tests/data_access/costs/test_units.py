"""Read units by DynamoDB's rules."""

from __future__ import annotations

import pytest

from data_access.costs.units import get_units, query_units


@pytest.mark.parametrize(
    "size, units",
    [(0, 0.5), (1, 0.5), (4_096, 0.5), (4_097, 1.0), (8_192, 1.0), (8_193, 1.5), (409_600, 50.0), (400 * 1024 + 1, 50.5)],
)
def test_a_read_is_rounded_up_to_four_kilobytes_and_costs_half(size: float, units: float) -> None:
    assert get_units(size) == units
    assert get_units(size, consistent=True) == 2 * units


def test_a_query_sums_its_items_before_it_rounds() -> None:
    assert query_units(100 * 350) == 4.5
    assert query_units(0) == 0.5
    assert query_units(1_048_576) == 128.0
    assert query_units(10 * 1_048_576, consistent=True) == 2_560.0
