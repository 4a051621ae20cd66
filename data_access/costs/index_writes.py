"""Write units of a table and its indexes for one change of an item.

Sources: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html and LSI.html ("write capacity units"); that each
image is rounded by itself, and that a transaction doubles the table's part alone, was measured on AWS
(https://github.com/nubo-db/dynoxide, tests/index_consumed_capacity.rs and transactional_index_consumed_capacity.rs).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from data_access.costs import units
from data_access.costs.size import item_bytes
from data_access.dynamo.codec import Item, Wire, decode
from data_access.systems.spec import Table

Projection = Literal["ALL", "KEYS_ONLY", "INCLUDE"]


@dataclass(frozen=True, slots=True)
class IndexShape:
    """One index: its own key, partition key first, and what it holds beside the keys. `included` is for INCLUDE."""

    key: tuple[str, ...]
    projection: Projection = "ALL"
    included: tuple[str, ...] = ()

    @classmethod
    def described(cls, index: Mapping[str, Any]) -> IndexShape:
        """An index as DescribeTable tells of it."""
        projection = index.get("Projection", {})
        return cls(_key(index), projection.get("ProjectionType", "ALL"), tuple(projection.get("NonKeyAttributes", ())))


@dataclass(frozen=True, slots=True)
class TableShape:
    """What a write to a table touches: the table's key, its global and its local indexes by name."""

    key: tuple[str, ...]
    gsis: Mapping[str, IndexShape] = field(default_factory=dict[str, IndexShape])
    lsis: Mapping[str, IndexShape] = field(default_factory=dict[str, IndexShape])

    @classmethod
    def of(cls, table: Table) -> TableShape:
        """A table as the system's guide has it: its indexes are global ones."""
        return cls(
            table.keys,
            {
                name: IndexShape(tuple(part for part in (index.partition_key, index.sort_key) if part), index.projection, index.included)
                for name, index in table.indexes.items()
            },
        )

    @classmethod
    def described(cls, table: Mapping[str, Any]) -> TableShape:
        """A live table as DescribeTable tells of it (the answer's `Table`)."""
        gsis, lsis = (
            {index["IndexName"]: IndexShape.described(index) for index in table.get(kind, ())}
            for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
        )
        return cls(_key(table), gsis, lsis)

    def index(self, name: str) -> IndexShape:
        """Raises KeyError for an index that the table does not have."""
        return self.gsis[name] if name in self.gsis else self.lsis[name]


@dataclass(frozen=True, slots=True)
class WriteUnits:
    """What a write costs: in all, of the table itself, and of every index; an index that is not written has 0."""

    total: float
    table: float
    gsis: Mapping[str, float]
    lsis: Mapping[str, float]


def write_units(shape: TableShape, before: Item | None, after: Item | None, transactional: bool = False) -> WriteUnits:
    """Units of a put, an update or a delete, from the whole item before and after; None is an item that does not exist.

    A put or an update that changes nothing still costs the table's part. With None twice it is the delete of a missing item.
    """
    table = units.write_units(max(_bytes(before), _bytes(after)), transactional=transactional)
    gsis = {name: float(_index_units(shape, index, before, after)) for name, index in shape.gsis.items()}
    lsis = {name: float(_index_units(shape, index, before, after)) for name, index in shape.lsis.items()}
    return WriteUnits(table + sum(gsis.values()) + sum(lsis.values()), float(table), gsis, lsis)


def entry_bytes(shape: TableShape, index_name: str, item: Item) -> int | None:
    """The size of an item's entry in an index, without what storage adds. None: the item has not all of the index's key."""
    entry = _entry(shape, shape.index(index_name), item)
    return None if entry is None else item_bytes(entry)


def entry_units(before: int | None, after: int | None, *, moved: bool = False, changed: bool = True) -> int:
    """Units of one index for one write, from the sizes of the item's entry; None is an item that is not in the index.

    `moved`: the index's key is another one, so the old entry goes and a new one comes. `changed`: anything that the index holds is.
    """
    if before is None or after is None:
        there = after if before is None else before
        return 0 if there is None else units.write_units(there)
    if moved:
        return units.write_units(before) + units.write_units(after)
    return max(units.write_units(before), units.write_units(after)) if changed else 0


def sum_units(writes: Iterable[WriteUnits]) -> WriteUnits:
    """Several writes together, such as a batch's or a transaction's to one table: each is rounded by itself."""
    total = table = 0.0
    gsis: dict[str, float] = {}
    lsis: dict[str, float] = {}
    for write in writes:
        total, table = total + write.total, table + write.table
        for sums, parts in ((gsis, write.gsis), (lsis, write.lsis)):
            for name, part in parts.items():
                sums[name] = sums.get(name, 0.0) + part
    return WriteUnits(total, table, gsis, lsis)


def _index_units(shape: TableShape, index: IndexShape, before: Item | None, after: Item | None) -> int:
    old = None if before is None else _entry(shape, index, before)
    new = None if after is None else _entry(shape, index, after)
    if old is None and new is None:
        return 0
    if old is None or new is None:
        return entry_units(None if old is None else item_bytes(old), None if new is None else item_bytes(new))
    moved = any(not _same(old[name], new[name]) for name in index.key)
    if not moved and old.keys() == new.keys() and all(_same(old[name], new[name]) for name in old):
        return 0
    return entry_units(item_bytes(old), item_bytes(new), moved=moved)


def _entry(shape: TableShape, index: IndexShape, item: Item) -> Item | None:
    if any(name not in item for name in index.key):
        return None
    if index.projection == "ALL":
        return item
    held = {*shape.key, *index.key, *index.included}
    return {name: value for name, value in item.items() if name in held}


def _bytes(item: Item | None) -> int:
    return 0 if item is None else item_bytes(item)


def _same(one: Wire, other: Wire) -> bool:
    """Whether DynamoDB keeps both alike: 1 and 1.0 are one number, and a set has no order."""
    return one == other or _kept(one) == _kept(other)


def _kept(value: Wire) -> Any:
    for tag, content in value.items():
        if tag == "N":
            return tag, Decimal(content)
        if tag == "M":
            return tag, {name: _kept(inner) for name, inner in content.items()}
        if tag == "L":
            return tag, [_kept(inner) for inner in content]
        if tag in {"SS", "NS", "BS"}:
            return tag, frozenset(_kept({tag[0]: inner}) for inner in content)
        return tag, decode(value)
    return None


def _key(described: Mapping[str, Any]) -> tuple[str, ...]:
    parts = sorted(described["KeySchema"], key=lambda part: part["KeyType"] != "HASH")
    return tuple(part["AttributeName"] for part in parts)
