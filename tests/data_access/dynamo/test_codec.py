"""The wire format to Python and back, digit by digit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from hypothesis import given, settings
from hypothesis import strategies as st

from data_access.dynamo.codec import continue_key, decode, decode_item, encode, number

NINES = "9" * 38


@pytest.mark.parametrize(
    "digits, value",
    [
        ("0", 0),
        ("-12", -12),
        ("1.5", Decimal("1.5")),
        ("1.0", 1),
        ("1E+3", 1000),
        ("1e3", 1000),
        (NINES, int(NINES)),
        ("-" + NINES, -int(NINES)),
        ("0." + NINES, Decimal("0." + NINES)),
        ("1234567890123456789.0123456789012345678", Decimal("1234567890123456789.0123456789012345678")),
        ("1E-130", Decimal("1E-130")),
        ("-9.9999999999999999999999999999999999999E+125", Decimal("-9.9999999999999999999999999999999999999E+125")),
    ],
)
def test_numbers_are_exact(digits: str, value: int | Decimal) -> None:
    read = number(digits)
    assert read == value
    assert type(read) is type(value)


@settings(max_examples=200, deadline=None)
@given(st.integers(-(10**38) + 1, 10**38 - 1), st.integers(-130, 87))
def test_any_number_of_dynamodb_comes_back(mantissa: int, exponent: int) -> None:
    value = Decimal(mantissa).scaleb(exponent)
    assert number(str(value)) == value


@pytest.mark.parametrize(
    "wire, value",
    [
        ({"S": "ü"}, "ü"),
        ({"S": ""}, ""),
        ({"BOOL": False}, False),
        ({"NULL": True}, None),
        ({"B": "AP8="}, b"\x00\xff"),
        ({"B": b"\x00\xff"}, b"\x00\xff"),
        ({"B": "not base64!"}, b"not base64!"),
        ({"SS": ["b", "a"]}, ["b", "a"]),
        ({"NS": ["1", "2.5", "1E-130"]}, [1, Decimal("2.5"), Decimal("1E-130")]),
        ({"BS": ["AA==", "AQ=="]}, [b"\x00", b"\x01"]),
        ({"L": []}, []),
        ({"M": {}}, {}),
        ({"M": {"S": {"L": [{"M": {"N": {"N": "1"}}}, {"NULL": True}]}}}, {"S": [{"N": 1}, None]}),
        ({"NEW": "?"}, {"NEW": "?"}),
        ({}, None),
    ],
)
def test_values_of_every_type(wire: Any, value: Any) -> None:
    assert decode(wire) == value


VALUES = st.recursive(
    st.none() | st.booleans() | st.text() | st.binary() | st.integers(-(10**37), 10**37) | st.decimals(-(10**9), 10**9, places=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1), inner, max_size=4),
    max_leaves=10,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(min_size=1), VALUES, max_size=5))
def test_what_boto3_writes_is_read(item: dict[str, Any]) -> None:
    serialize = TypeSerializer().serialize
    assert decode_item({name: serialize(value) for name, value in item.items()}) == item


@pytest.mark.parametrize(
    "value, wire",
    [
        ("a", {"S": "a"}),
        (b"\x00", {"B": b"\x00"}),
        (5, {"N": "5"}),
        (int(NINES), {"N": NINES}),
        (Decimal("1.50"), {"N": "1.50"}),
        (Decimal("1E+3"), {"N": "1000"}),
    ],
)
def test_keys_are_encoded(value: Any, wire: dict[str, Any]) -> None:
    assert encode(value) == wire


def test_a_last_key_goes_on_with_its_own_bytes() -> None:
    assert continue_key({"p": {"S": "x"}, "b": {"B": "AP8="}, "n": {"N": "1E-130"}}) == {
        "p": {"S": "x"},
        "b": {"B": b"\x00\xff"},
        "n": {"N": "1E-130"},
    }
