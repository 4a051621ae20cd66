"""The live tables of a system as DescribeTable tells of them: billing mode, capacity, class, indexes, replicas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from data_access.aws_errors import from_aws
from data_access.dynamo.aws import Source
from data_access.errors import DataAccessError

Billing = Literal["on-demand", "provisioned"]
TableClass = Literal["STANDARD", "STANDARD_INFREQUENT_ACCESS"]


@dataclass(frozen=True, slots=True)
class LiveIndex:
    """One index. Capacity in units a second, None where it is on demand; sizes as AWS last counted, None where not kept."""

    name: str
    local: bool
    keys: tuple[str, ...]
    projection: str
    provisioned_reads: int | None
    provisioned_writes: int | None
    items: int | None
    bytes: int | None
    in_layout: bool
    included: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LiveTable:
    """One table. `key` is the layout's name for it, `described` DescribeTable's own words."""

    system: str
    key: str
    name: str
    region: str
    billing: Billing
    table_class: TableClass
    provisioned_reads: int | None
    provisioned_writes: int | None
    items: int | None
    bytes: int | None
    created_at: datetime | None
    indexes: tuple[LiveIndex, ...]
    replicas: tuple[str, ...]
    status: str
    described: Mapping[str, Any] = field(repr=False, hash=False, compare=False, default_factory=dict[str, Any])

    @property
    def global_indexes(self) -> tuple[LiveIndex, ...]:
        return tuple(index for index in self.indexes if not index.local)


def describe_tables(source: Source) -> tuple[tuple[LiveTable, ...], tuple[DataAccessError, ...]]:
    """Every table of a system that answers, and a problem for each that does not. Raises nothing of AWS."""
    found: list[LiveTable] = []
    problems: list[DataAccessError] = []
    for key, name in source.place.tables.items():
        try:
            said = source.client.describe_table(TableName=name)["Table"]
        except (ClientError, BotoCoreError) as error:
            problems.append(from_aws(error, operation="DescribeTable", table=name))
        else:
            found.append(read_table(source.id, key, name, source.place.region, said, tuple(source.place.system.tables[key].indexes)))
    return tuple(found), tuple(problems)


def read_table(system: str, key: str, name: str, region: str, live: Mapping[str, Any], layout: Sequence[str] = ()) -> LiveTable:
    """A table from what DescribeTable says. `layout` names the indexes that the system's file knows."""
    reads, writes = _capacity(live)
    # A table that was always provisioned has no summary.
    mode = live.get("BillingModeSummary", {}).get("BillingMode") or ("PROVISIONED" if reads or writes else "PAY_PER_REQUEST")
    provisioned = mode == "PROVISIONED"
    # A local engine that counts a table's items may say zero for every size.
    sizes = bool(live.get("TableSizeBytes")) or not live.get("ItemCount")
    return LiveTable(
        system=system,
        key=key,
        name=name,
        region=region,
        billing="provisioned" if provisioned else "on-demand",
        table_class=live.get("TableClassSummary", {}).get("TableClass") or "STANDARD",
        # On-demand tables say 0 units: that is no capacity to divide by.
        provisioned_reads=reads if provisioned else None,
        provisioned_writes=writes if provisioned else None,
        items=live.get("ItemCount"),
        bytes=live.get("TableSizeBytes") if sizes else None,
        created_at=live.get("CreationDateTime"),
        indexes=(
            *(_index(one, False, provisioned, sizes, layout) for one in live.get("GlobalSecondaryIndexes") or ()),
            *(_index(one, True, False, sizes, layout) for one in live.get("LocalSecondaryIndexes") or ()),
        ),
        replicas=tuple(str(one.get("RegionName", "")) for one in live.get("Replicas") or () if one.get("RegionName") != region),
        status=str(live.get("TableStatus", "not known")),
        described=live,
    )


def _index(live: Mapping[str, Any], local: bool, provisioned: bool, sizes: bool, layout: Sequence[str]) -> LiveIndex:
    reads, writes = _capacity(live)
    order = {"HASH": 0, "RANGE": 1}
    keys = sorted(live.get("KeySchema", ()), key=lambda part: order.get(part["KeyType"], 2))
    return LiveIndex(
        name=str(live["IndexName"]),
        local=local,
        keys=tuple(part["AttributeName"] for part in keys),
        projection=str(live.get("Projection", {}).get("ProjectionType", "ALL")),
        provisioned_reads=reads if provisioned else None,
        provisioned_writes=writes if provisioned else None,
        items=live.get("ItemCount") if sizes else None,
        bytes=live.get("IndexSizeBytes") if sizes else None,
        in_layout=live["IndexName"] in layout,
        included=tuple(live.get("Projection", {}).get("NonKeyAttributes") or ()),
    )


def _capacity(live: Mapping[str, Any]) -> tuple[int, int]:
    said: Mapping[str, Any] = live.get("ProvisionedThroughput") or {}
    return int(said.get("ReadCapacityUnits") or 0), int(said.get("WriteCapacityUnits") or 0)
