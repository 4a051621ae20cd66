"""What DynamoDB says of a table as far as it is billed: sizes, class, mode, recovery, backups, replicas. No item is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from data_access.capacity.backups import Backup, read_backups
from data_access.costs.observed.model import Billing
from data_access.costs.prices import TableClass
from data_access.dynamo.aws import Source
from data_access.dynamo.facts import describe
from data_access.errors import DataAccessError
from data_access.snapshot.sizes import Stored


@dataclass(frozen=True, slots=True)
class Size:
    """Items and bytes without what AWS adds for billing; None where they are not known. `source` says who counted."""

    items: int | None
    bytes: int | None
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Capacity:
    """Capacity units as they are set now."""

    read: float
    write: float


@dataclass(frozen=True, slots=True)
class IndexSeen:
    name: str
    projection: str
    size: Size
    capacity: Capacity


@dataclass(frozen=True, slots=True)
class TableSeen:
    """`backups` are the table's own: those of AWS Backup are on the bill of that service. `recovery` and `backups` are None where
    DynamoDB did not say: `problems` has the reason, and where it has none this engine keeps no such thing.

    `local_items` and `local_bytes` are of the local indexes, which are stored and billed with the table. `account` tells accounts
    apart; it is shown to nobody. `changed_at` is when the table was last made on-demand.
    """

    name: str
    table_class: TableClass
    billing: Billing
    size: Size
    local_items: int
    local_bytes: int
    capacity: Capacity
    indexes: tuple[IndexSeen, ...]
    recovery: bool | None
    backups: tuple[Backup, ...] | None
    replicas: tuple[str, ...]
    account: str
    changed_at: datetime | None
    problems: tuple[DataAccessError, ...] = ()


def look_at(source: Source, name: str, stored: Stored | None, keeper: Any = None) -> TableSeen:
    """Everything of one live table. `stored` is what the snapshot knows to lie in it, `keeper` the client that knows its backups,
    if that is another one.

    Raises AwsError (TableMissing …) where DescribeTable failed; what else failed is in `problems`.
    """
    live = describe(source, name)
    kept = read_backups(source.client if keeper is None else keeper, name)
    size = _table_size(live, stored)
    locals_: Sequence[Mapping[str, Any]] = live.get("LocalSecondaryIndexes") or ()
    return TableSeen(
        name,
        _table_class(live),
        _billing(live),
        size,
        sum(int(index.get("ItemCount", 0)) for index in locals_),
        sum(int(index.get("IndexSizeBytes", 0)) for index in locals_),
        _capacity(live),
        tuple(_index(index, size) for index in live.get("GlobalSecondaryIndexes") or ()),
        kept.recovery,
        None if kept.backups is None else tuple(one for one in kept.backups if one.kind == "USER" and one.status != "DELETED"),
        tuple(str(replica.get("RegionName", "")) for replica in live.get("Replicas") or ()),
        _account(live),
        live.get("BillingModeSummary", {}).get("LastUpdateToPayPerRequestDateTime"),
        kept.problems,
    )


def _table_size(live: Mapping[str, Any], stored: Stored | None) -> Size:
    items, size = int(live.get("ItemCount", 0)), int(live.get("TableSizeBytes", 0))
    if size or (not items and (stored is None or not stored.items)):
        return Size(items, size, "DescribeTable")
    if stored is None or not stored.items:
        return Size(items, None, "DescribeTable", "DescribeTable has no size of this table, and neither has the snapshot.")
    return Size(stored.items, stored.bytes, "snapshot", "DescribeTable has no size of this table: it is the snapshot's.")


def _index(live: Mapping[str, Any], table: Size) -> IndexSeen:
    projection = str(live.get("Projection", {}).get("ProjectionType", "ALL"))
    items, size = int(live.get("ItemCount", 0)), int(live.get("IndexSizeBytes", 0))
    if size or (table.source == "DescribeTable" and table.bytes is not None):
        seen = Size(items, size, "DescribeTable")
    elif projection == "ALL" and table.bytes is not None:
        seen = Size(
            table.items, table.bytes, "estimate", "Estimated: as large as its table, of which it holds all attributes. At most that."
        )
    else:
        seen = Size(items or None, None, "DescribeTable", f"DescribeTable has no size of this index; its projection is {projection}.")
    return IndexSeen(str(live["IndexName"]), projection, seen, _capacity(live))


def _table_class(live: Mapping[str, Any]) -> TableClass:
    found = live.get("TableClassSummary", {}).get("TableClass", "STANDARD")
    return "STANDARD_INFREQUENT_ACCESS" if found == "STANDARD_INFREQUENT_ACCESS" else "STANDARD"


def _billing(live: Mapping[str, Any]) -> Billing:
    capacity = _capacity(live)
    # A table that was always provisioned has no summary.
    mode = live.get("BillingModeSummary", {}).get("BillingMode") or (
        "PROVISIONED" if capacity.read or capacity.write else "PAY_PER_REQUEST"
    )
    return "provisioned" if mode == "PROVISIONED" else "on-demand"


def _capacity(live: Mapping[str, Any]) -> Capacity:
    """Of a table or an index; one on demand has zero."""
    said: Mapping[str, Any] = live.get("ProvisionedThroughput") or {}
    return Capacity(float(said.get("ReadCapacityUnits", 0)), float(said.get("WriteCapacityUnits", 0)))


def _account(live: Mapping[str, Any]) -> str:
    parts = str(live.get("TableArn", "")).split(":")
    return parts[4] if len(parts) > 5 else ""
