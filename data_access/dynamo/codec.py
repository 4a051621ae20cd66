"""DynamoDB's wire format to Python and back, without losing a digit.

Numbers become `int` where they are whole and `Decimal` otherwise, sets become lists in stored order, binary becomes `bytes`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

Wire = Mapping[str, Any]  # one attribute value: {"S": "text"}
Item = Mapping[str, Wire]  # one item on the wire


def number(digits: str) -> int | Decimal:
    """An exact number: DynamoDB sends up to 38 digits and any exponent from -130 to 125."""
    try:
        return int(digits)
    except ValueError:
        value = Decimal(digits)
        return int(value) if value == value.to_integral_value() and value.adjusted() < 40 else value


def decode(value: Wire) -> Any:
    """One attribute value as Python. An unknown type tag is returned as it came."""
    for tag, content in value.items():
        if tag == "S":
            return content
        decoder = _DECODERS.get(tag)
        return decoder(content) if decoder else dict(value)
    return None


def decode_item(item: Item) -> dict[str, Any]:
    decoded: dict[str, Any] = {}
    for name, value in item.items():
        # Most attributes are strings: not calling for them halves the time.
        decoded[name] = value["S"] if "S" in value else decode(value)
    return decoded


def _binary(content: str | bytes) -> bytes:
    if isinstance(content, bytes):
        return content
    try:
        return base64.b64decode(content, validate=True)
    except binascii.Error:
        return content.encode()


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "N": number,
    "BOOL": bool,
    "NULL": lambda _: None,
    "M": lambda content: {name: decode(value) for name, value in content.items()},
    "L": lambda content: [decode(value) for value in content],
    "B": _binary,
    "SS": list,
    "NS": lambda content: [number(digits) for digits in content],
    "BS": lambda content: [_binary(value) for value in content],
}


def encode(value: str | int | Decimal | bytes) -> dict[str, Any]:
    """A key or a filter value for a request."""
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bytes):
        return {"B": value}
    return {"N": format(value, "f") if isinstance(value, Decimal) else str(value)}


def continue_key(last: Mapping[str, Wire]) -> dict[str, Any]:
    """A LastEvaluatedKey as ExclusiveStartKey: botocore encodes binary itself, so it must be bytes again."""
    return {name: {"B": _binary(value["B"])} if "B" in value else dict(value) for name, value in last.items()}
