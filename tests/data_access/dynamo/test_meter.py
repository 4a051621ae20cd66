"""What a read cost, from whatever DynamoDB says about it, and the pace of Scans."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from data_access.costs.prices import TableClass
from data_access.dynamo.facts import describe
from data_access.dynamo.meter import Measured, Meter, Pace, added
from data_access.dynamo.plan import Operation, Step
from data_access.dynamo.read import Reader
from tests.data_access.conftest import Answer, OpenSource, Scripted, page


def consumed(total: float, table: float | None = None, **indexes: float) -> dict[str, Any]:
    made: dict[str, Any] = {"TableName": "t", "CapacityUnits": total}
    if table is not None:
        made["Table"] = {"CapacityUnits": table}
    if indexes:
        made["GlobalSecondaryIndexes"] = {name: {"CapacityUnits": units} for name, units in indexes.items()}
    return made


@pytest.mark.parametrize(
    "said, places",
    [
        (consumed(2.5), {"t": 2.5}),
        (consumed(2.5, 2.5), {"t": 2.5}),
        (consumed(3, 0, ByUser=3), {"t/ByUser": 3}),
        (consumed(3, None, ByUser=3), {"t/ByUser": 3}),
        (consumed(5, 2, ByUser=3), {"t": 2, "t/ByUser": 3}),
        (consumed(0, 0), {"t": 0}),
        ([consumed(1, 1), {"TableName": "u", "CapacityUnits": 2}], {"t": 1, "u": 2}),
    ],
)
def test_units_go_to_the_place_that_they_were_spent_at(said: Any, places: dict[str, float]) -> None:
    meter = Meter("us-east-1")
    assert meter.add({"ConsumedCapacity": said}, evaluated=3) == sum(places.values())
    measured = meter.measured()
    assert measured.by_place == places
    assert (measured.units, measured.requests, measured.items, measured.unmetered) == (sum(places.values()), 1, 3, 0)
    assert meter.units == measured.units


def test_an_answer_without_capacity_is_counted_as_such() -> None:
    meter = Meter("us-east-1")
    assert meter.add({}, evaluated=0) == 0
    assert (meter.measured().units, meter.measured().unmetered) == (0, 1)


def test_the_price_is_the_regions_and_unknown_where_there_is_none() -> None:
    for region, usd in (("us-east-1", 0.125), ("nowhere-1", None)):
        meter = Meter(region)
        meter.add({"ConsumedCapacity": consumed(1_000_000)}, evaluated=0)
        assert meter.measured().usd == usd


def test_each_table_is_charged_at_the_price_of_its_class() -> None:
    classes: dict[str, TableClass] = {"t": "STANDARD_INFREQUENT_ACCESS"}
    meter = Meter("us-east-1", lambda table: classes.get(table, "STANDARD"))
    meter.add({"ConsumedCapacity": consumed(3_000_000, 1_000_000, ByUser=2_000_000)}, evaluated=0)
    assert meter.measured().usd == pytest.approx(3 * 0.155)  # An index is of its table's class.
    meter.add({"ConsumedCapacity": {"TableName": "u", "CapacityUnits": 1_000_000}}, evaluated=0)
    assert meter.measured().usd == pytest.approx(3 * 0.155 + 0.125)


def test_a_class_without_a_price_leaves_the_sum_unknown() -> None:
    meter = Meter("il-central-1", lambda _: "STANDARD_INFREQUENT_ACCESS")
    meter.add({"ConsumedCapacity": consumed(2)}, evaluated=0)
    assert meter.measured().usd is None


def answer(operation: str, request: dict[str, Any], number: int) -> tuple[int, dict[str, str], bytes]:
    if operation == "DescribeTable":
        rare = {"TableClass": "STANDARD_INFREQUENT_ACCESS"} if request["TableName"].endswith("messages") else {"TableClass": "STANDARD"}
        return 200, {}, json.dumps({"Table": {"TableName": request["TableName"], "TableClassSummary": rare}}).encode()
    return page([], units=1_000_000, table=request["TableName"])


def test_a_reader_knows_the_class_from_the_description(scripted: Callable[[Answer], Scripted], sources_at: OpenSource) -> None:
    source = sources_at(scripted(answer).endpoint, "ai4ai")
    reader = Reader(source, None)
    for name in source.place.tables.values():
        describe(source, name)
        list(reader.pages(Step(Operation.SCAN, "messages", name, None, (), (), "", 0.0, None)))
    by_place = reader.meter.measured().by_place
    assert set(by_place) == set(source.place.tables.values())
    assert reader.meter.measured().usd == pytest.approx(0.125 + 0.155)


def test_it_adds_up_from_many_threads() -> None:
    meter = Meter("us-east-1")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: meter.add({"ConsumedCapacity": consumed(0.5)}, evaluated=1), range(2_000)))
    assert (meter.measured().units, meter.measured().requests, meter.measured().items) == (1_000, 2_000, 2_000)


def test_reads_one_after_the_other_are_one() -> None:
    first = Measured(3.0, 0.5, 2, 10, 1.5, {"t": 1.0, "t/ByUser": 2.0}, 1)
    second = Measured(4.0, 0.25, 1, 5, 0.5, {"t": 4.0})
    assert added([first, second]) == Measured(7.0, 0.75, 3, 15, 2.0, {"t": 5.0, "t/ByUser": 2.0}, 1)
    assert added([first, Measured(1.0, None, 1, 1, 0.0)]).usd is None, "a price that is not known leaves the sum unknown"
    assert added([]) == Measured(0, 0, 0, 0, 0)


class Clock(threading.Event):
    """Time that goes on only while somebody waits."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now

    def wait(self, timeout: float | None = None) -> bool:
        self.now += timeout or 0.0
        return False


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("data_access.dynamo.meter.time", clock)
    return clock


def test_each_page_is_waited_off_before_the_next(clock: Clock) -> None:
    pace = Pace(10.0)
    pace.wait(clock)
    assert clock.now == 100
    for n in range(1, 6):
        pace.spend(20.0)
        pace.wait(clock)
        assert clock.now == pytest.approx(100 + 2 * n)


def test_time_that_nobody_read_in_is_not_saved_up(clock: Clock) -> None:
    pace = Pace(10.0)
    pace.spend(10.0)
    clock.now += 500
    pace.spend(10.0)
    pace.wait(clock)
    assert clock.now == pytest.approx(601)


def test_segments_pay_together(clock: Clock) -> None:
    pace = Pace(10.0)
    for _ in range(8):
        pace.spend(10.0)
    pace.wait(clock)
    assert clock.now == pytest.approx(108)


def test_without_a_rate_nobody_waits(clock: Clock) -> None:
    pace = Pace(None)
    pace.spend(1e9)
    pace.wait(clock)
    assert clock.now == 100
