"""What CloudWatch counted for a table and its indexes: consumed units, and the capacity that was set.

Hours are asked for: CloudWatch keeps them for 455 days, and costs are not made of minutes. A series of a table's own name leaves
its indexes out, so each index is asked for by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from data_access.capacity.series import Metric, Series
from data_access.costs.observed.clock import Span
from data_access.costs.observed.described import TableSeen

Side = Literal["Read", "Write"]
SIDES: tuple[Side, ...] = ("Read", "Write")
PERIOD = 3_600

_WHY = {
    "denied": "CloudWatch may not be asked by this identity.",
    "throttled": "CloudWatch was asked too often.",
    "failed": "CloudWatch did not answer.",
    "partial": "CloudWatch did not answer in full.",
}


@dataclass(frozen=True, slots=True)
class Usage:
    """One side of one resource. `units` are consumed and `billed_units` those of them that are paid by request;
    `capacity_hours` are unit-hours of capacity that was set. None where CloudWatch does not know, with the reason in `note`.
    """

    units: float | None
    billed_units: float | None
    capacity_hours: float | None
    coverage: float | None
    capacity_coverage: float | None
    note: str = ""


def metrics_of(table: TableSeen, span: Span) -> tuple[Metric, ...]:
    """What is to be asked for a table and all its indexes. Capacity only where some may have been set in the window."""
    capacity = table.billing == "provisioned" or (table.changed_at is not None and table.changed_at >= span.since)
    return tuple(
        metric
        for index in (None, *(index.name for index in table.indexes))
        for side in SIDES
        for metric in (consumed(table.name, index, side), *((provisioned(table.name, index, side),) if capacity else ()))
    )


def consumed(table: str, index: str | None, side: Side) -> Metric:
    return Metric(f"Consumed{side}CapacityUnits", "Sum", PERIOD, table, index)


def provisioned(table: str, index: str | None, side: Side) -> Metric:
    return Metric(f"Provisioned{side}CapacityUnits", "Average", PERIOD, table, index)


def is_alive(table: TableSeen, series: Mapping[Metric, Series]) -> bool:
    """Whether CloudWatch counted anything at all for the table or an index of it in the window.

    DynamoDB writes no data point for an hour without traffic. Where a table has some, a series without any means that there was
    none; where it has none at all, it may as well be that CloudWatch does not know the table.
    """
    return any(
        (found := series.get(consumed(table.name, index, side))) is not None and found.values
        for index in (None, *(index.name for index in table.indexes))
        for side in SIDES
    )


def usage_of(table: TableSeen, index: str | None, side: Side, series: Mapping[Metric, Series], span: Span) -> Usage:
    """One side of a table (`index` None) or of one of its indexes."""
    counted, held = series.get(consumed(table.name, index, side)), series.get(provisioned(table.name, index, side))
    units, note = _total(counted, alive=is_alive(table, series))
    hours = dict(_hours(held, span)) if held is not None else {}
    if counted is None or units is None:
        billed = None
    elif table.billing == "provisioned":
        # A table that was made provisioned within the window: in its hours on demand the capacity was zero.
        billed = sum(value for at, value in _points(counted) if hours.get(at) == 0)
    else:
        billed = sum(value for at, value in _points(counted) if not hours.get(at))
    return Usage(
        units,
        billed,
        sum(hours.values()) if hours else None,
        None if counted is None or units is None else counted.coverage,
        held.coverage if held is not None and hours else None,
        note,
    )


def _total(series: Series | None, *, alive: bool) -> tuple[float | None, str]:
    """The sum, and what is to be said of it."""
    if series is None:
        return None, "CloudWatch was not asked: the window is empty."
    if series.total is not None:
        return series.total, _WHY.get(series.status, "")
    if series.status != "complete":
        return None, _WHY[series.status]
    if alive:
        return 0.0, "No traffic recorded."
    return None, "CloudWatch has nothing of this table in the window."


def _hours(series: Series, span: Span) -> Iterator[tuple[datetime, float]]:
    """Unit-hours by the start of the period: its average by its length, cut off where the window ends."""
    length = timedelta(seconds=series.metric.period)
    for at, value in _points(series):
        yield at, value * (min(at + length, span.until) - at) / timedelta(hours=1)


def _points(series: Series) -> Iterator[tuple[datetime, float]]:
    return zip(series.times, series.values, strict=True)
