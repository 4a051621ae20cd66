"""Sizes of items and values, by the rule that AWS documents and, for numbers, the one that was measured."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from data_access.costs.size import item_bytes, number_bytes, value_bytes


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
    ],
)
def test_numbers(digits: str, size: int) -> None:
    assert number_bytes(digits) == size
    assert value_bytes({"N": digits}) == size


@given(st.integers(min_value=0, max_value=10**38 - 1))
def test_whole_numbers_have_one_rule(number: int) -> None:
    assert number_bytes(str(number)) == number_bytes(f"{Decimal(number):E}") == number_bytes(f"{number}.0")


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
