"""What DescribeTable tells about a table, as far as an estimate needs it."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from data_access.aws_errors import from_aws
from data_access.costs.prices import ReadPrice, TableClass, read_price
from data_access.dynamo.aws import Source
from data_access.systems.spec import Index, Table

# Sizes change slowly and AWS itself counts only every six hours; keys and indexes hardly ever change.
_KEEP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class TableFacts:
    """Item count, mean item size in bytes, and the price of reading. `sized` is False where the size is the spec's guess.

    `indexes` are the global secondary indexes that can answer for the table: active, with their key and all attributes in them.
    `table_id` is of this very table: one that was deleted and made again under its name has another. Empty where it is not told.
    """

    indexes: frozenset[str]
    item_count: int
    item_bytes: float
    sized: bool
    price: ReadPrice | None
    table_id: str = ""

    @property
    def total_bytes(self) -> float:
        return self.item_count * self.item_bytes

    def usd(self, units: float) -> float | None:
        return None if self.price is None else units * self.price.usd_per_unit


class Facts:
    """DescribeTable, remembered for a minute for each client and table."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # By the client itself and not its id(): a client that is gone gives its id to the next one.
        self._kept: weakref.WeakKeyDictionary[Any, dict[str, tuple[float, TableFacts]]] = weakref.WeakKeyDictionary()

    def of(self, source: Source, key: str) -> TableFacts:
        """Facts of one table of the system, by our name for it. Raises AwsError (TableMissing …)."""
        name = source.place.tables[key]
        with self._lock:
            kept = self._kept.get(source.client, {}).get(name)
        if kept is not None and time.monotonic() - kept[0] < _KEEP_SECONDS:
            return kept[1]
        facts = table_facts(describe(source, name), source.place.system.tables[key], source.place.region)
        with self._lock:
            self._kept.setdefault(source.client, {})[name] = (time.monotonic(), facts)
        return facts


# The class of each table that was described, by client: a meter asks for it long after the plan, and never by the network.
_classes: weakref.WeakKeyDictionary[Any, dict[str, TableClass]] = weakref.WeakKeyDictionary()
_classes_lock = threading.Lock()


def describe(source: Source, name: str) -> Mapping[str, Any]:
    """The table's description as AWS gives it. Raises AwsError."""
    try:
        description = source.client.describe_table(TableName=name)["Table"]
    except (ClientError, BotoCoreError) as error:
        raise from_aws(error, operation="DescribeTable", table=name) from None
    with _classes_lock:
        _classes.setdefault(source.client, {})[name] = table_class(description)
    return description


def table_class(description: Mapping[str, Any]) -> TableClass:
    """AWS names the class only of a table that has, or had, another one than Standard."""
    summary: Mapping[str, Any] = description.get("TableClassSummary", {})
    found = summary.get("TableClass")
    return "STANDARD_INFREQUENT_ACCESS" if found == "STANDARD_INFREQUENT_ACCESS" else "STANDARD"


def known_class(source: Source, name: str) -> TableClass:
    """The class of a live table as far as it was described before: every planned read was. Standard until then."""
    with _classes_lock:
        return _classes.get(source.client, {}).get(name, "STANDARD")


def table_facts(description: Mapping[str, Any], table: Table, region: str) -> TableFacts:
    count, size = int(description.get("ItemCount", 0)), int(description.get("TableSizeBytes", 0))
    sized = count > 0 and size > 0
    indexes = frozenset(
        index["IndexName"]
        for index in description.get("GlobalSecondaryIndexes", ())
        if index.get("IndexStatus", "ACTIVE") == "ACTIVE"
        and index["Projection"]["ProjectionType"] == "ALL"
        and _has_key(index, table.indexes.get(index["IndexName"]))
    )
    return TableFacts(
        indexes,
        count,
        size / count if sized else table.typical_bytes,
        sized,
        read_price(region, table_class(description)),
        str(description.get("TableId", "")),
    )


def _has_key(live: Mapping[str, Any], wanted: Index | None) -> bool:
    """Whether the live index has the key that the system's file says: another one answers other questions."""
    schema = {part["KeyType"]: part["AttributeName"] for part in live["KeySchema"]}
    return wanted is not None and (schema.get("HASH"), schema.get("RANGE")) == (wanted.partition_key, wanted.sort_key)
