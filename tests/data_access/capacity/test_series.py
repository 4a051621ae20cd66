"""Periods, windows and sums."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_access.capacity.cloudwatch import CloudWatch
from data_access.capacity.metrics import CATALOGUE, account_metrics, kept_period, next_period, table_metrics, throughput_metrics
from data_access.capacity.series import Metric, Series, ceil_time, floor_time, periods_within

START = datetime(2026, 11, 19, tzinfo=UTC)


class Recorded:
    """GetMetricData of known minutes, as CloudWatch answers it: sums by period, sparse, the newest first."""

    def __init__(self, minutes: dict[int, float]) -> None:
        self.minutes = minutes

    def get_metric_data(self, **request: object) -> dict[str, object]:
        found: list[dict[str, object]] = []
        for query in request["MetricDataQueries"]:  # pyright: ignore[reportGeneralTypeIssues]
            period = query["MetricStat"]["Period"]
            sums: dict[datetime, float] = {}
            for minute, value in self.minutes.items():
                at = floor_time(START + timedelta(minutes=minute), period)
                if request["StartTime"] <= at < request["EndTime"]:  # pyright: ignore[reportOperatorIssue]
                    sums[at] = sums.get(at, 0) + value
            times = sorted(sums, reverse=True)
            found.append({"Id": query["Id"], "Timestamps": times, "Values": [sums[at] for at in times], "StatusCode": "Complete"})
        return {"MetricDataResults": found}


@settings(deadline=None, max_examples=150)
@given(
    minutes=st.dictionaries(st.integers(0, 599), st.integers(0, 1_000).map(float), max_size=60),
    period=st.sampled_from((60, 300, 3600)),
    cuts=st.lists(st.integers(0, 36_000), max_size=5),
)
def test_a_total_is_the_sum_over_any_split_of_the_window(minutes: dict[int, float], period: int, cuts: list[int]) -> None:
    end = START + timedelta(hours=10)
    asked = CloudWatch(Recorded(minutes), now=lambda: end)
    metric = Metric("ConsumedReadCapacityUnits", "Sum", period, "chat")
    edges = [START, *(START + timedelta(seconds=cut) for cut in sorted(set(cuts) - {0, 36_000})), end]
    parts = [asked.read([metric], since, until).series[metric] for since, until in pairwise(edges)]
    whole = asked.read([metric], START, end).series[metric]
    assert (whole.total or 0) == sum(minutes.values()) == sum(part.total or 0 for part in parts)
    assert whole.expected == sum(part.expected for part in parts)
    assert sum(whole.rates()) * period == pytest.approx(sum(minutes.values()))


@given(seconds=st.floats(1.4e9, 2.2e9), period=st.sampled_from((60, 300, 3600, 86_400)))
def test_floor_and_ceiling_enclose_a_moment(seconds: float, period: int) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    low, high = floor_time(moment, period), ceil_time(moment, period)
    assert low <= moment <= high
    assert high - low in (timedelta(0), timedelta(seconds=period))
    assert low.timestamp() % period == 0
    assert periods_within(low, low + timedelta(seconds=3 * period), period) == 3


def test_coverage_is_of_the_periods_of_the_window() -> None:
    times = tuple(START + timedelta(minutes=5 * n) for n in range(6))
    series = Series(Metric("x", "Sum", 300), START, START + timedelta(hours=1), times, (1.0,) * 6, "complete")
    assert (series.expected, series.coverage, series.total, series.peak, series.latest) == (12, 0.5, 6.0, 1.0, 1.0)


@pytest.mark.parametrize(
    "days, wanted, period",
    [(1, 60, 60), (15, 60, 60), (15.1, 60, 300), (15.1, 400, 600), (62, 3600, 3600), (63.1, 60, 3600), (500, 60, 3600)],
)
def test_the_period_follows_what_is_kept(days: float, wanted: int, period: int) -> None:
    assert kept_period(START - timedelta(days=days), START, wanted) == period


def test_the_next_period_is_a_multiple() -> None:
    assert [next_period(wanted, 300) for wanted in (1, 60, 300, 301)] == [300, 300, 300, 600]


def test_user_errors_have_no_table_and_latency_has_an_operation() -> None:
    assert all(metric.table is None and metric.operation is None for metric in account_metrics())
    assert {metric.name for metric in account_metrics()} >= {"UserErrors", "AccountMaxReads", "AccountProvisionedReadCapacityUtilization"}
    of_table = list(table_metrics("chat"))
    assert "UserErrors" not in {metric.name for metric in of_table}
    for metric in of_table:
        assert (metric.operation is not None) == (CATALOGUE[metric.name].scope == "operation")
        assert metric.index is None


def test_nothing_is_provisioned_on_demand() -> None:
    names = {metric.name for metric in throughput_metrics("chat", "by_user", provisioned=False)}
    both = {metric.name for metric in throughput_metrics("chat", "by_user", provisioned=True)}
    assert both - names == {"ProvisionedReadCapacityUnits", "ProvisionedWriteCapacityUnits"}
    assert {"ReadKeyRangeThroughputThrottleEvents", "WriteMaxOnDemandThroughputThrottleEvents"} <= names
