"""A system's live tables against its layout, in words: what is missing, what differs, how they are set up.

Reads no item: DescribeTable, DescribeTimeToLive and DescribeContinuousBackups only. Each answer stands for itself: one
that is denied, or that the local engine does not know, says so in its place and takes nothing else with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from data_access.aws_errors import from_aws
from data_access.dynamo.aws import Source
from data_access.errors import AwsError, TableMissing
from data_access.systems.spec import Index, Table

_TYPES = {"S": "String", "N": "Number", "B": "Binary"}
_BILLING = {"PAY_PER_REQUEST": "on demand", "PROVISIONED": "provisioned"}
_CLASSES = {"STANDARD": "standard", "STANDARD_INFREQUENT_ACCESS": "standard, infrequent access"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One sentence. `breaks` when reading by this layout cannot work; otherwise it is only worth knowing."""

    text: str
    breaks: bool = True

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Setting:
    """One switch of a table. `detail` says more, or why the state is not known."""

    state: Literal["on", "off", "not known"]
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.state} ({self.detail})" if self.detail else self.state


@dataclass(frozen=True, slots=True)
class IndexHealth:
    """One index of the layout or of the table. `status` is None where it is missing; `expected` is False for one more.

    `items` and `bytes` are None where they are not kept.
    """

    name: str
    keys: tuple[str, ...]
    projection: str
    status: str | None
    expected: bool = True
    items: int | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class TableHealth:
    """One table. `key` is the layout's name for it, `name` the live one; `found` is None where AWS did not say.

    `keys` are of the live table where it was found. AWS refreshes `items` and `bytes` about every six hours; `bytes` is
    None where it is not kept.
    """

    key: str
    name: str
    found: bool | None
    keys: tuple[str, ...] = ()
    status: str | None = None
    differences: tuple[Difference, ...] = ()
    indexes: tuple[IndexHealth, ...] = ()
    billing: str | None = None
    table_class: str | None = None
    expiry: Setting = Setting("not known")
    recovery: Setting = Setting("not known")
    protection: Setting = Setting("not known")
    items: int | None = None
    bytes: int | None = None
    created_at: datetime | None = None
    code: str | None = None

    @property
    def readable(self) -> bool:
        """Whether every read that the layout promises can work."""
        return bool(self.found) and not any(difference.breaks for difference in self.differences)


def check(source: Source) -> tuple[TableHealth, ...]:
    """Every table of a system, in the order of its file. Raises nothing of AWS: what failed is said in its place."""
    return tuple(_check_table(source, key, table) for key, table in source.place.system.tables.items())


def _check_table(source: Source, key: str, table: Table) -> TableHealth:
    name = source.place.tables[key]
    try:
        live: Mapping[str, Any] = source.client.describe_table(TableName=name)["Table"]
    except (ClientError, BotoCoreError) as error:
        said = from_aws(error, operation="DescribeTable", table=name)
        if isinstance(said, TableMissing):
            return TableHealth(key, name, found=False, differences=(Difference(said.sentence),), code=said.code)
        return TableHealth(key, name, found=None, differences=(Difference(str(said)),), code=said.code)
    expiry, attribute = _expiry(source, name)
    return TableHealth(
        key,
        name,
        found=True,
        keys=_keys(live),
        status=str(live.get("TableStatus", "not known")),
        differences=(*_table_differences(table, live), *_index_differences(table, live), *_expiry_differences(table, expiry, attribute)),
        indexes=_indexes(table, live),
        billing=_billing(live),
        table_class=_CLASSES.get(live.get("TableClassSummary", {}).get("TableClass", "STANDARD")),
        expiry=expiry,
        recovery=_recovery(source, name),
        protection=Setting("on") if live.get("DeletionProtectionEnabled") else Setting("off"),
        items=live.get("ItemCount"),
        bytes=live.get("TableSizeBytes") if _keeps_sizes(live) else None,
        created_at=live.get("CreationDateTime"),
    )


def _table_differences(table: Table, live: Mapping[str, Any]) -> list[Difference]:
    found: list[Difference] = []
    if _keys(live) != table.keys:
        found.append(Difference(f"Its key is {_and(_keys(live))}; the layout says {_and(table.keys)}."))
    types = {d["AttributeName"]: d["AttributeType"] for d in live.get("AttributeDefinitions", ())}
    for name, attribute in table.attributes.items():
        if name in types and types[name] != attribute.type and attribute.type in _TYPES:
            is_a, says = _TYPES.get(types[name], types[name]), _TYPES[attribute.type]
            found.append(Difference(f"The key attribute {name} is a {is_a}; the layout says {says}."))
    if (status := live.get("TableStatus")) not in ("ACTIVE", "UPDATING", None):
        found.append(Difference(f"The table is {status}, not ACTIVE."))
    return found


def _index_differences(table: Table, live: Mapping[str, Any]) -> list[Difference]:
    found: list[Difference] = []
    there = _by_name(live)
    for name, index in table.indexes.items():
        if name not in there:
            found.append(Difference(f"The index {name} ({_and(_wanted_keys(index))}) is missing."))
            continue
        if (keys := _keys(there[name])) != _wanted_keys(index):
            found.append(Difference(f"The key of the index {name} is {_and(keys)}; the layout says {_and(_wanted_keys(index))}."))
        projection, wanted = _projection(there[name]), _wanted_projection(index)
        if projection != wanted:
            # More than is asked for is only dearer; less means attributes that a read by this index does not get.
            breaks = not projection.startswith("ALL")
            found.append(Difference(f"The index {name} projects {projection}; the layout says {wanted}.", breaks))
        if (status := there[name].get("IndexStatus", "ACTIVE")) not in ("ACTIVE", "UPDATING"):
            found.append(Difference(f"The index {name} is {status}, not ACTIVE: it cannot be read yet."))
    for name, index in there.items():
        if name not in table.indexes:
            found.append(Difference(f"There is one more index, {name} ({_and(_keys(index))}). It is not used.", breaks=False))
    found += [
        Difference(f"There is a local index, {index['IndexName']} ({_and(_keys(index))}). It is not used.", breaks=False)
        for index in live.get("LocalSecondaryIndexes") or ()
    ]
    return found


def _indexes(table: Table, live: Mapping[str, Any]) -> tuple[IndexHealth, ...]:
    there = _by_name(live)
    missing = [IndexHealth(n, _wanted_keys(i), _wanted_projection(i), None) for n, i in table.indexes.items() if n not in there]
    present = [
        IndexHealth(
            name,
            _keys(index),
            _projection(index),
            str(index.get("IndexStatus", "ACTIVE")),
            expected=name in table.indexes,
            items=index.get("ItemCount") if _keeps_sizes(live) else None,
            bytes=index.get("IndexSizeBytes") if _keeps_sizes(live) else None,
        )
        for name, index in there.items()
    ]
    return (*present, *missing)


def _expiry(source: Source, name: str) -> tuple[Setting, str | None]:
    """Whether DynamoDB deletes items of the table by a time in them, and by which attribute."""
    try:
        said = source.client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    except (ClientError, BotoCoreError) as error:
        return _not_known(error, "DescribeTimeToLive", name), None
    status, attribute = said.get("TimeToLiveStatus", "DISABLED"), said.get("AttributeName")
    if status in ("ENABLED", "ENABLING"):
        return Setting("on", f"by {attribute}" + (", being enabled" if status == "ENABLING" else "")), attribute
    return Setting("off", "being disabled" if status == "DISABLING" else ""), None


def _expiry_differences(table: Table, expiry: Setting, attribute: str | None) -> list[Difference]:
    names = {n for kind in (None, *table.kinds) for part, n in table.parts(kind).items() if part == "expires_at"}
    if not names or expiry.state == "not known" or attribute in names:
        return []
    by = _and(sorted(names))
    if attribute is None:
        return [Difference(f"The layout has an expiry time in {by}, but expiry (TTL) is off: DynamoDB deletes nothing.", breaks=False)]
    return [Difference(f"Items expire by {attribute}; the layout says {by}.", breaks=False)]


def _recovery(source: Source, name: str) -> Setting:
    """Point-in-time recovery."""
    try:
        said = source.client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    except (ClientError, BotoCoreError) as error:
        return _not_known(error, "DescribeContinuousBackups", name)
    point: Mapping[str, Any] = said.get("PointInTimeRecoveryDescription", {})
    if point.get("PointInTimeRecoveryStatus") != "ENABLED":
        return Setting("off")
    days = point.get("RecoveryPeriodInDays")
    return Setting("on", f"{days} days" if days else "")


def _not_known(error: ClientError | BotoCoreError, operation: str, table: str) -> Setting:
    if isinstance(error, ClientError) and "UnknownOperation" in str(error.response.get("Error", {}).get("Code", "")):
        return Setting("not known", "the local engine does not keep it")
    said: AwsError = from_aws(error, operation=operation, table=table)
    if said.code == "no_permission":
        return Setting("not known", f"this identity may not ask: dynamodb:{operation}")
    return Setting("not known", said.sentence.rstrip("."))


def _billing(live: Mapping[str, Any]) -> str:
    capacity: Mapping[str, Any] = live.get("ProvisionedThroughput") or {}
    read, write = capacity.get("ReadCapacityUnits", 0), capacity.get("WriteCapacityUnits", 0)
    # A table that was always provisioned has no summary.
    mode = live.get("BillingModeSummary", {}).get("BillingMode") or ("PROVISIONED" if read or write else "PAY_PER_REQUEST")
    said = _BILLING.get(mode, str(mode).lower())
    return f"{said}, {read:,} read and {write:,} write units" if mode == "PROVISIONED" else said


def _keeps_sizes(live: Mapping[str, Any]) -> bool:
    """False for a local engine that counts a table's items and says zero for everything else."""
    return bool(live.get("TableSizeBytes")) or not live.get("ItemCount")


def _by_name(live: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {index["IndexName"]: index for index in live.get("GlobalSecondaryIndexes") or ()}


def _keys(live: Mapping[str, Any]) -> tuple[str, ...]:
    """Key attributes of a table or an index as DynamoDB describes it, partition key first."""
    order = {"HASH": 0, "RANGE": 1}
    schema = sorted(live.get("KeySchema", ()), key=lambda part: order.get(part["KeyType"], 2))
    return tuple(part["AttributeName"] for part in schema)


def _wanted_keys(index: Index) -> tuple[str, ...]:
    return (index.partition_key,) if index.sort_key is None else (index.partition_key, index.sort_key)


def _projection(live: Mapping[str, Any]) -> str:
    said: Mapping[str, Any] = live.get("Projection", {})
    return _projected(str(said.get("ProjectionType", "ALL")), said.get("NonKeyAttributes") or ())


def _wanted_projection(index: Index) -> str:
    return _projected(index.projection, index.included)


def _projected(kind: str, included: Sequence[str]) -> str:
    return f"{kind} ({', '.join(sorted(included))})" if included else kind


def _and(names: Sequence[str]) -> str:
    return " and ".join(names) or "nothing"
