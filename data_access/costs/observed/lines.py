"""From what a table is and what was counted of it to what AWS bills for it: a line for each.

https://aws.amazon.com/dynamodb/pricing/ and the developer guide's pages on billing. Storage is what DescribeTable says and 100
bytes for each item and each entry of an index (48 more in a global table). Recovery is the size of the table and its local
indexes; a backup is its own size, from its creation on.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC

from data_access.capacity.series import Metric, Series
from data_access.costs.amounts import GB
from data_access.costs.observed.clock import Span, month_begins, months_between, next_month
from data_access.costs.observed.described import Capacity, Size, TableSeen
from data_access.costs.observed.model import Line, ResourceCosts, What
from data_access.costs.observed.traffic import SIDES, Side, Usage, usage_of
from data_access.costs.prices import Prices, Rates
from data_access.costs.size import REPLICA_EXTRA, STORED_EXTRA

_NO_PRICE = "The price is not known."
_REQUESTS: Mapping[Side, What] = {"Read": "reads", "Write": "writes"}
_CAPACITIES: Mapping[Side, What] = {"Read": "read capacity", "Write": "write capacity"}


def resources_of(
    system: str, region: str, table: TableSeen, series: Mapping[Metric, Series], span: Span, prices: Prices | None
) -> tuple[ResourceCosts, ...]:
    """The table, then each of its global secondary indexes. Without prices every amount is unknown, and the quantities stand."""
    rates = prices.rates(table.table_class) if prices is not None else Rates()
    extra = STORED_EXTRA + (REPLICA_EXTRA if table.replicas else 0)

    def made(index: str | None, size: Size, capacity: Capacity, projection: str) -> ResourceCosts:
        used = {side: usage_of(table, index, side, series, span) for side in SIDES}
        lines = [_storage(size, table, extra, rates, span, own=index is None)]
        for side in SIDES:
            lines += _throughput(table, index, side, used[side], capacity, rates, span)
        if index is None:
            lines += [*_recovery(table, prices, span), *_kept_backups(table, prices, span)]
        return ResourceCosts(
            system,
            table.name,
            index,
            table.table_class,
            table.billing,
            size.items,
            size.bytes,
            tuple(lines),
            region,
            projection,
            used["Read"].units,
            used["Write"].units,
            table.recovery if index is None else None,
            table.replicas if index is None else (),
        )

    return (
        made(None, table.size, table.capacity, ""),
        *(made(index.name, index.size, index.capacity, index.projection) for index in table.indexes),
    )


def _storage(size: Size, table: TableSeen, extra: int, rates: Rates, span: Span, *, own: bool) -> Line:
    if size.bytes is None or size.items is None:
        return Line("storage", None, "GB-months", None, size.source, note=size.note)
    local = table.local_bytes + table.local_items * STORED_EXTRA if own else 0
    gb = (size.bytes + size.items * extra + local) / GB
    price = rates.storage_gb_month
    notes = (
        size.note,
        "With its local indexes." if local else "",
        f"Replicas in {', '.join(table.replicas)} are billed there." if own and table.replicas else "",
        _NO_PRICE if price is None else "",
    )
    return Line(
        "storage",
        gb * span.months,
        "GB-months",
        times(gb * span.months, price),
        size.source,
        note=_said(*notes),
        month_usd=times(gb, price),
    )


def _throughput(
    table: TableSeen, index: str | None, side: Side, used: Usage, capacity: Capacity, rates: Rates, span: Span
) -> tuple[Line, ...]:
    """A line of requests, and one of capacity where some was set."""
    replicated = side == "Write" and index is None and bool(table.replicas)
    if side == "Read":
        unit, hour, now = rates.read_unit, rates.read_capacity_hour, capacity.read
    elif replicated:
        unit, hour, now = rates.replicated_write_unit, rates.replicated_write_capacity_hour, capacity.write
    else:
        unit, hour, now = rates.write_unit, rates.write_capacity_hour, capacity.write
    by_capacity = table.billing == "provisioned"
    if by_capacity and not used.billed_units:
        # Whatever was read or written is paid with the capacity, known or not.
        requests = Line(
            _REQUESTS[side],
            used.units,
            "units",
            0.0,
            "CloudWatch",
            used.coverage,
            _said(used.note, "Paid as capacity."),
            month_usd=0.0,
        )
    else:
        usd = times(used.billed_units, unit)
        requests = Line(
            _REQUESTS[side],
            used.billed_units,
            "units",
            usd,
            "CloudWatch",
            used.coverage,
            _said(used.note, "Replicated writes." if replicated else "", _NO_PRICE if unit is None else ""),
            month_usd=span.month_of(usd),
        )
    return (requests, *_capacity_line(_CAPACITIES[side], used, now, hour, span, by_capacity=by_capacity))


def _capacity_line(what: What, used: Usage, now: float, hour: float | None, span: Span, *, by_capacity: bool) -> tuple[Line, ...]:
    unpriced = _NO_PRICE if hour is None else ""
    if used.capacity_hours is not None and (by_capacity or used.capacity_hours > 0):
        usd = times(used.capacity_hours, hour)
        note = _said(unpriced, "" if by_capacity else "From before it was made on-demand.")
        month = span.month_of(usd) if by_capacity else usd
        return (Line(what, used.capacity_hours, "unit-hours", usd, "CloudWatch", used.capacity_coverage, note, month),)
    if not by_capacity:
        return ()
    # CloudWatch did not say, and what is set is known all the same.
    usd = times(now * span.hours, hour)
    note = _said("As it is set now, through the whole window: CloudWatch did not say.", unpriced)
    month = times(now * (next_month(span.since) - month_begins(span.since)).total_seconds() / 3_600, hour)
    return (Line(what, now * span.hours, "unit-hours", usd, "DescribeTable", None, note, month),)


def _recovery(table: TableSeen, prices: Prices | None, span: Span) -> tuple[Line, ...]:
    """Only where it is on; a line without an amount where DynamoDB did not say whether it is."""
    if table.recovery is None and table.problems:
        return (
            Line("point-in-time recovery", None, "GB-months", None, "DescribeContinuousBackups", note="Whether it is on is not known."),
        )
    if not table.recovery:
        return ()
    price = prices.recovery_gb_month if prices is not None else None
    if table.size.bytes is None:
        return (Line("point-in-time recovery", None, "GB-months", None, table.size.source, note=table.size.note),)
    gb = (table.size.bytes + table.local_bytes) / GB
    note = _said(table.size.note, "" if price is not None else _NO_PRICE)
    return (
        Line(
            "point-in-time recovery",
            gb * span.months,
            "GB-months",
            times(gb * span.months, price),
            table.size.source,
            note=note,
            month_usd=times(gb, price),
        ),
    )


def _kept_backups(table: TableSeen, prices: Prices | None, span: Span) -> tuple[Line, ...]:
    if table.backups is None and table.problems:
        return (Line("backups", None, "GB-months", None, "ListBackups", note="Whether there are any is not known."),)
    if not table.backups:
        return ()
    price = prices.backup_gb_month if prices is not None else None
    known = [(one.bytes / GB, one.made_at) for one in table.backups if one.bytes is not None and one.made_at is not None]
    if len(known) < len(table.backups):
        return (Line("backups", None, "GB-months", None, "ListBackups", note="The size of a backup is not known."),)
    quantity = sum(gb * months_between(max(span.since, made_at.astimezone(UTC)), span.until) for gb, made_at in known)
    month = sum(gb for gb, _ in known)
    note = _said(f"{len(table.backups):,} on-demand backups, those that are there now.", _NO_PRICE if price is None else "")
    return (Line("backups", quantity, "GB-months", times(quantity, price), "ListBackups", note=note, month_usd=times(month, price)),)


def times(quantity: float | None, price: float | None) -> float | None:
    """Dollars; unknown where either is."""
    return None if quantity is None or price is None else quantity * price


def _said(*notes: str) -> str:
    return " ".join(note for note in notes if note)
