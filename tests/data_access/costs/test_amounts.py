"""Money: published examples, what is not known, and laws."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_access.costs.amounts import (
    DECIMAL_GB,
    GB,
    HOURS,
    HOURS_30_DAYS,
    HOURS_31_DAYS,
    Charge,
    break_even,
    class_saving,
    extra_usd,
    hourly_usd,
    insights_events,
    insights_usd,
    reserved_hour_usd,
    reserved_saving,
    storage_gb,
    total_usd,
)

amounts = st.floats(0, 1e9)


def test_a_month() -> None:
    today = [Charge(2_000, 0.625e-6), Charge(5_000, 0.125e-6), Charge(0.1, 0.25)]
    assert total_usd(today) == pytest.approx(0.026875)
    guide = [Charge(2_000, 1.25e-6), Charge(5_000, 0.25e-6), Charge(0.1, 0.25)]
    assert total_usd(guide) == pytest.approx(0.02875)
    assert total_usd([Charge(0.1, 0.25, free=25), Charge(30, 0.25, free=25)]) == pytest.approx(1.25)
    assert total_usd([]) == 0


def test_a_price_that_is_not_known_is_never_nothing() -> None:
    assert Charge(5, None).usd is None
    assert Charge(0, None).usd is None
    assert total_usd([Charge(1, 1.0), Charge(1, None)]) is None
    assert break_even(None, 0.125e-6) is None
    assert break_even(0.00013, None) is None
    assert break_even(0.00013, 0.0) is None
    assert reserved_saving(0.0003, None) is None
    assert extra_usd(5, None, 1.0) is extra_usd(5, 1.0, None) is None
    assert insights_usd(4, 5, None, 0.03) is None
    assert hourly_usd(1, 1, 0.00065, None) is None


def test_the_month_has_as_many_hours_as_is_said() -> None:
    assert (HOURS, HOURS_30_DAYS, HOURS_31_DAYS) == (730, 30 * 24, 31 * 24)
    one = hourly_usd(1, 1, 0.00065, 0.00013)
    assert one is not None
    assert one * HOURS == pytest.approx(0.5694)


def test_storage_is_larger_than_the_sizes() -> None:
    assert storage_gb(50_000_000, 50_000_000 * 100) == pytest.approx(9.3132, abs=1e-4)
    assert storage_gb(1, GB - 100) == 1
    assert storage_gb(1, GB - 148, replicated=True) == 1
    assert storage_gb(10, 0, extra=0) == 0
    assert storage_gb(1, DECIMAL_GB - 100, gb=DECIMAL_GB) == 1


@pytest.mark.parametrize("hour, request_usd, share", [(0.00013, 0.125e-6, 0.2889), (0.00065, 0.625e-6, 0.2889), (0.00065, 1.25e-6, 0.1444)])
def test_break_even(hour: float, request_usd: float, share: float) -> None:
    assert break_even(hour, request_usd) == pytest.approx(share, abs=1e-4)


@given(st.floats(0.0001, 1), st.floats(1e-8, 1e-5), st.floats(0.01, 1))
def test_at_the_break_even_both_cost_the_same(hour: float, request_usd: float, used: float) -> None:
    share = break_even(hour, request_usd)
    assert share is not None
    on_demand = used * 3_600 * request_usd
    assert (on_demand > hour * (1 + 1e-9)) == (used > share * (1 + 1e-9)) or used == pytest.approx(share)


@pytest.mark.parametrize(
    "upfront, hour, years, usual, percent",
    [(30, 0.0025, 1, 0.00013, 54), (36, 0.0016, 3, 0.00013, 77), (150, 0.0128, 1, 0.00065, 54), (180, 0.0081, 3, 0.00065, 77)],
)
def test_reserved_capacity(upfront: float, hour: float, years: int, usual: float, percent: int) -> None:
    saving = reserved_saving(reserved_hour_usd(upfront, hour, years), usual)
    assert saving is not None
    assert round(saving * 100) == percent


def test_the_other_table_class() -> None:
    back = class_saving("STANDARD_INFREQUENT_ACCESS", 6_000, 168, throughput_ratio=1.25, storage_ratio=0.4)
    assert (back.other, back.throughput_usd, back.storage_usd, back.total_usd) == ("STANDARD", 4_800, 420, 5_220)
    assert back.saving_usd == pytest.approx(948)
    there = class_saving("STANDARD", 100, 1_000, throughput_ratio=1.25, storage_ratio=0.4)
    assert there.saving_usd == pytest.approx(0.6 * 1_000 - 0.25 * 100)
    assert extra_usd(788_400_000, 0.125e-6, 0.155e-6) == pytest.approx(23.652)
    for ratios in ({"throughput_ratio": 0.0, "storage_ratio": 0.4}, {"throughput_ratio": 1.25, "storage_ratio": -1.0}):
        with pytest.raises(ValueError, match="above 0"):
            class_saving("STANDARD", 1, 1, **ratios)


@given(amounts, amounts, st.floats(0.1, 10), st.floats(0.1, 10))
def test_going_there_and_back_saves_nothing(throughput: float, storage: float, dearer: float, cheaper: float) -> None:
    there = class_saving("STANDARD", throughput, storage, throughput_ratio=dearer, storage_ratio=cheaper)
    back = class_saving(there.other, there.throughput_usd, there.storage_usd, throughput_ratio=dearer, storage_ratio=cheaper)
    assert back.total_usd == pytest.approx(throughput + storage)
    assert there.saving_usd + back.saving_usd == pytest.approx(0, abs=1e-6 * (1 + throughput + storage))


def test_contributor_insights() -> None:
    calls = [("GetItem", 1), ("PutItem", 1), ("BatchWriteItem", 5)]
    assert insights_events(calls, sort_key=False) == 7
    assert insights_events(calls, sort_key=True) == 14
    assert insights_events([("Query", 200)], sort_key=True) == 1
    assert insights_usd(4, 500_000_000, 0.5, 0.03) == pytest.approx(17)
