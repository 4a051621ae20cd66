"""Rates and capacity: published examples, and sums that floats do not get quite right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_access.costs.throughput import (
    alarm_sum,
    capacity_for,
    per_second,
    read_bytes_a_second,
    replicated_write_units,
    request_units,
    scaled_capacity,
    scan_seconds,
    utilisation,
    whole_units,
    written_bytes_a_second,
)
from data_access.costs.units import get_units, write_units


def test_capacity_of_a_rate() -> None:
    assert capacity_for(200, get_units(9_216)) == 300
    assert capacity_for(30, write_units(8_192)) == 240
    assert capacity_for(100, 1, utilisation=0.5) == 200
    assert capacity_for(0, 1) == 0
    # 3 x 0.1 is a little more than 0.3 in floats, and a tenth of 30 is 3, not 4.
    assert capacity_for(30, 0.1) == whole_units(0.1 * 3 * 10) == 3
    with pytest.raises(ValueError, match="above 0"):
        capacity_for(1, 1, utilisation=0)


def test_request_units_of_a_rate() -> None:
    assert request_units(600, get_units(1_024), hours=730) == 788_400_000


def test_autoscaling() -> None:
    assert scaled_capacity(150, 0.7) == 215
    assert scaled_capacity(70, 0.7) == 100
    assert scaled_capacity(0, 0.7) == 1
    assert scaled_capacity(0, 0.7, least=5) == 5
    assert scaled_capacity(1_000, 0.7, most=400) == 400


def test_what_a_capacity_moves() -> None:
    assert read_bytes_a_second(6, consistent=True) == 24 * 1_024
    assert read_bytes_a_second(6) == 48 * 1_024
    assert read_bytes_a_second(6, transactional=True) == 12 * 1_024
    assert written_bytes_a_second(6) == 6 * 1_024
    assert written_bytes_a_second(6, transactional=True) == 3 * 1_024
    assert scan_seconds(20 * 1_024**3, 100) == pytest.approx(52_428.8)
    assert scan_seconds(20 * 1_024**3, 100, consistent=False) == pytest.approx(26_214.4)
    assert scan_seconds(1, 0) is None


def test_every_region_writes_everything() -> None:
    rates = {"us-east-2": 5.0, "us-east-1": 10.0, "eu-west-1": 5.0}
    assert replicated_write_units(rates) == 20
    assert replicated_write_units({}) == 0


def test_sums_of_cloudwatch() -> None:
    assert per_second(3_600, 60) == 60
    assert per_second(18_000, 300) == 60
    assert utilisation(60, 100) == 0.6
    assert utilisation(60, 0) is None
    assert alarm_sum(5, 0.8, 60) == 240
    with pytest.raises(ValueError, match="longer than 0"):
        per_second(1, 0)


@given(st.integers(1, 100_000), st.integers(20, 90))
def test_autoscaling_holds_its_target(consumed: int, percent: int) -> None:
    provisioned = scaled_capacity(consumed, percent / 100)
    assert consumed * 100 <= provisioned * percent
    assert (provisioned - 1) * percent < consumed * 100 or provisioned == 1
