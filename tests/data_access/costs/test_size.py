"""Sizes of items and values, by the rule that AWS documents and, for numbers, the one that was measured."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from data_access.costs.size import MOST_ITEM_BYTES, item_bytes, most_updated_bytes, number_bytes, value_bytes


@pytest.mark.parametrize(
    "digits, size",
    [
        ("0", 1),
        ("-0", 1),
        ("0.000", 1),
        ("5", 2),
        ("12", 2),
        ("123", 3),
        ("100", 2),
        ("1.5", 3),
        ("0.15", 2),
        ("-42", 3),
        ("1E125", 2),
        ("1E-130", 2),
        ("-1.5", 4),
        ("00012", 2),
        ("1e2", 2),
        ("1234567890", 6),
        ("12345678901234567890123456789012345678", 20),
        ("99999999999999999999999999999999999999", 20),
        ("1010", 3),
        ("3.14159", 5),
        ("0.0000001", 2),
        ("-0.15", 3),
        ("-1E125", 3),
        ("12.3456", 4),
        ("+7", 2),
        ("00.50", 2),
        (".5", 2),
        ("5.", 2),
        ("not a number", 12),
        ("", 0),
        ("NaN", 1),
    ],
)
def test_numbers(digits: str, size: int) -> None:
    assert number_bytes(digits) == size
    assert value_bytes({"N": digits}) == size


@given(st.integers(min_value=0, max_value=10**38 - 1))
def test_whole_numbers_have_one_rule(number: int) -> None:
    assert number_bytes(str(number)) == number_bytes(f"{Decimal(number):E}") == number_bytes(f"{number}.0")


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1E30"), max_value=Decimal("1E30"), places=12))
def test_the_way_a_number_is_written_does_not_matter(number: Decimal) -> None:
    """Plain notation takes a quicker way than any other: both count alike."""
    assert number_bytes(format(number, "f")) == number_bytes(f"{number:E}")


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=Decimal("1E20"), places=6))
def test_a_minus_takes_a_byte_and_a_hundredfold_none(number: Decimal) -> None:
    size = number_bytes(format(number, "f"))
    assert number_bytes(format(number * 100, "f")) == number_bytes(format(number / 100, "f")) == size
    assert number_bytes(format(-number, "f")) == (size + 1 if number else 1)


@pytest.mark.parametrize(
    "value, size",
    [
        ({"S": ""}, 0),
        ({"S": "grüße"}, 7),
        ({"S": "日本"}, 6),
        ({"B": "AP8Q"}, 3),
        ({"B": "AA=="}, 1),
        ({"B": b"\x00\xff"}, 2),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"M": {}}, 3),
        ({"L": []}, 3),
        ({"L": [{"S": "a"}, {"N": "12"}]}, 3 + 1 + 1 + 2 + 1),
        ({"M": {"key": {"S": "value"}}}, 3 + 3 + 5 + 1),
        ({"SS": ["a", "bc"]}, 3),
        ({"NS": ["12", "123"]}, 5),
        ({"BS": ["AA==", "AP8Q"]}, 4),
        ({"XX": "?"}, 0),
        ({}, 0),
    ],
)
def test_values(value: dict[str, Any], size: int) -> None:
    assert value_bytes(value) == size


def test_an_item_is_its_names_and_values() -> None:
    plain = {"id": "a1", "größe": 42, "tags": {"x"}, "inside": {"list": [True, None, b"\x01"]}}
    item = {name: TypeSerializer().serialize(value) for name, value in plain.items()}
    assert item_bytes(item) == (2 + 2) + (7 + 2) + (4 + 1) + (6 + 3 + (4 + (3 + 3 * 2) + 1))
    assert item_bytes({}) == 0


_values = st.recursive(
    st.one_of(
        st.text(max_size=20).map(lambda text: {"S": text}),
        st.integers(-(10**37), 10**37).map(lambda number: {"N": str(number)}),
        st.booleans().map(lambda value: {"BOOL": value}),
        st.just({"NULL": True}),
        st.binary(max_size=20).map(lambda raw: {"B": raw}),
        st.sets(st.text(max_size=5), max_size=4).map(lambda texts: {"SS": sorted(texts)}),
        st.sets(st.integers(), max_size=4).map(lambda numbers: {"NS": [str(number) for number in numbers]}),
        st.sets(st.binary(max_size=5), max_size=4).map(lambda raws: {"BS": sorted(raws)}),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda members: {"L": members}),
        st.dictionaries(st.text(max_size=5), inner, max_size=4).map(lambda members: {"M": members}),
    ),
    max_leaves=8,
)
_items = st.dictionaries(st.text(min_size=1, max_size=8), _values, max_size=5)


@given(_items)
def test_an_item_is_as_large_as_its_attributes_together(item: dict[str, Any]) -> None:
    assert item_bytes(item) == sum(item_bytes({name: value}) for name, value in item.items())
    assert item_bytes(item) == sum(len(name.encode()) + value_bytes(value) for name, value in item.items())


@given(_items)
def test_a_map_adds_three_bytes_and_one_for_each_member(item: dict[str, Any]) -> None:
    assert value_bytes({"M": item}) == 3 + len(item) + item_bytes(item)
    assert item_bytes({"x": {"M": item}}) == 1 + value_bytes({"M": item})


@given(st.lists(_values, max_size=5))
def test_a_list_adds_three_bytes_and_one_for_each_member(members: list[dict[str, Any]]) -> None:
    assert value_bytes({"L": members}) == 3 + sum(value_bytes(member) + 1 for member in members)
    assert item_bytes({"x": {"L": members}}) == 1 + value_bytes({"L": members})


@given(_items, _values)
def test_another_attribute_never_makes_an_item_smaller(item: dict[str, Any], value: dict[str, Any]) -> None:
    assert item_bytes({**item, "another attribute": value}) >= item_bytes(item) + len("another attribute")


def test_an_update_is_held_to_less_than_a_put() -> None:
    assert MOST_ITEM_BYTES == 409_600
    assert most_updated_bytes(3) == 409_581
    assert most_updated_bytes(3, sets=2) == 409_581 - 19
