"""Write amplification of indexes: the documented rules by hand, and the systems' own tables."""

from __future__ import annotations

from typing import Any

import pytest

from data_access.costs.index_writes import IndexShape, TableShape, entry_bytes, entry_units, sum_units, write_units
from data_access.costs.size import item_bytes
from data_access.costs.units import condition_check_units
from data_access.systems.create import wire_definition
from data_access.systems.spec import Table, built_in

Item = dict[str, Any]

SHAPE = TableShape(
    ("pk", "sk"),
    {
        "inc": IndexShape(("g",), "INCLUDE", ("proj",)),
        "all": IndexShape(("g", "h"), "ALL"),
        "keys": IndexShape(("h",), "KEYS_ONLY"),
    },
    {"local": IndexShape(("pk", "l"), "INCLUDE", ("proj",))},
)


def item(**attributes: str) -> Item:
    return {"pk": {"S": "a"}, "sk": {"S": "1"}, **{name: {"S": value} for name, value in attributes.items()}}


@pytest.mark.parametrize(
    "before, after, table, inc, every, keys, local",
    [
        (None, item(), 1, 0, 0, 0, 0),
        (None, item(g="1"), 1, 1, 0, 0, 0),
        (None, item(g="1", h="2", l="3"), 1, 1, 1, 1, 1),
        (item(g="1"), item(g="1"), 1, 0, 0, 0, 0),
        (item(g="1"), item(g="2"), 1, 2, 0, 0, 0),
        (item(g="1"), item(), 1, 1, 0, 0, 0),
        (item(g="1", h="2"), item(g="1"), 1, 0, 1, 1, 0),
        (item(g="1", h="2"), item(g="1", h="3"), 1, 0, 2, 2, 0),
        (item(g="1", h="2"), item(g="1", h="2", other="x"), 1, 0, 1, 0, 0),
        (item(g="1", h="2"), item(g="1", h="2", proj="x"), 1, 1, 1, 0, 0),
        (item(g="1", h="2", l="3"), None, 1, 1, 1, 1, 1),
        (None, None, 1, 0, 0, 0, 0),
        # Larger entries: each image is rounded by itself.
        (None, item(g="1", other="x" * 3_000), 3, 1, 0, 0, 0),
        (item(g="1", proj="x" * 1_500), item(g="1", proj="y" * 1_500), 2, 2, 0, 0, 0),
        (item(g="1", proj="x" * 3_000), item(g="1", proj="y"), 3, 3, 0, 0, 0),
        (item(g="1", proj="x" * 1_500), item(g="2", proj="x" * 1_500), 2, 4, 0, 0, 0),
        (item(g="1", proj="x" * 3_000), item(g="2", proj="y"), 3, 4, 0, 0, 0),
        (item(l="1", proj="x" * 3_000), item(l="2", proj="y"), 3, 0, 0, 0, 4),
        (item(l="1", proj="x" * 3_000), item(proj="x" * 3_000), 3, 0, 0, 0, 3),
    ],
)
def test_each_index_by_itself(before: Item | None, after: Item | None, table: int, inc: int, every: int, keys: int, local: int) -> None:
    alone = write_units(SHAPE, before, after)
    assert (alone.table, alone.gsis, alone.lsis) == (table, {"inc": inc, "all": every, "keys": keys}, {"local": local})
    assert alone.total == table + inc + every + keys + local
    inside = write_units(SHAPE, before, after, transactional=True)
    assert (inside.table, inside.gsis, inside.lsis) == (2 * table, alone.gsis, alone.lsis)
    assert inside.total == alone.total + table


@pytest.mark.parametrize(
    "one, same",
    [
        ({"N": "1"}, {"N": "1.0"}),
        ({"SS": ["a", "b"]}, {"SS": ["b", "a"]}),
        ({"NS": ["1", "2"]}, {"NS": ["2.0", "1"]}),
        ({"BS": [b"a", b"b"]}, {"BS": [b"b", b"a"]}),
        ({"B": "YQ=="}, {"B": b"a"}),
        ({"M": {"x": {"L": [{"N": "10"}, {"BOOL": True}]}}}, {"M": {"x": {"L": [{"N": "1E1"}, {"BOOL": True}]}}}),
    ],
)
def test_what_is_kept_alike_is_no_change(one: dict[str, Any], same: dict[str, Any]) -> None:
    assert write_units(SHAPE, {**item(g="1"), "proj": one}, {**item(g="1"), "proj": same}).gsis["inc"] == 0
    assert write_units(SHAPE, {**item(g="1"), "proj": one}, {**item(g="1"), "proj": {"S": "1"}}).gsis["inc"] == 1


def test_the_size_of_an_entry() -> None:
    whole = item(g="1", h="22", proj="p", other="o" * 10)
    key = len("pk" + "a" + "sk" + "1")
    assert entry_bytes(SHAPE, "inc", whole) == key + 2 + 5
    assert entry_bytes(SHAPE, "keys", whole) == key + 3
    assert entry_bytes(SHAPE, "all", whole) == item_bytes(whole)
    assert entry_bytes(SHAPE, "local", whole) is None
    with pytest.raises(KeyError):
        entry_bytes(SHAPE, "gone", whole)


def test_an_index_by_sizes_alone() -> None:
    assert entry_units(None, None) == 0
    assert entry_units(None, 1_025) == entry_units(1_025, None) == 2
    assert entry_units(1_517, 1_517, moved=True) == 4
    assert entry_units(3_000, 10) == 3
    assert entry_units(3_000, 3_000, changed=False) == 0


def test_several_writes_are_summed() -> None:
    put = write_units(SHAPE, None, item(g="1", l="2"), transactional=True)
    both = sum_units([put, put])
    assert (both.total, both.table, both.gsis["inc"], both.lsis["local"]) == (8, 4, 2, 2)
    assert sum_units([]).total == 0


def test_a_check_costs_what_it_looks_at() -> None:
    looked_at = item(g="1", proj="x" * 3_000)
    assert write_units(SHAPE, looked_at, looked_at, transactional=True).total == condition_check_units(item_bytes(looked_at)) == 6


# The systems' own tables.

TABLES = {table.name: table for system in built_in().values() for table in system.tables.values()}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_a_guides_table_has_the_shape_of_its_definition(table: Table) -> None:
    shape = TableShape.of(table)
    assert shape == TableShape.described(wire_definition(table, table.name))
    assert shape.key == table.keys
    assert not shape.lsis
