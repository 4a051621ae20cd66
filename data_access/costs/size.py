"""The size of an item in bytes, by DynamoDB's rule, from its wire format.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.md, and for numbers, where
that page says "approximately", the rule that fits what was measured on AWS: pairs of digits aligned on the decimal point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from data_access.dynamo.codec import Item, Wire

_CONTAINER = 3
_MEMBER = 1


def item_bytes(item: Item) -> int:
    """Names and values of all attributes, without what storage adds for an index (100 bytes)."""
    total = 0
    for name, value in item.items():
        total += len(name) if name.isascii() else len(name.encode())
        text = value.get("S")
        # Most attributes are strings: not calling for them halves the time.
        if text is None:
            total += value_bytes(value)
        else:
            total += len(text) if text.isascii() else len(text.encode())
    return total


def value_bytes(value: Wire) -> int:
    """One attribute value without its name. An unknown type counts as nothing."""
    for tag, content in value.items():
        measure = _MEASURES.get(tag)
        return measure(content) if measure else 0
    return 0


def number_bytes(digits: str) -> int:
    """A number as it is kept: a byte for each pair of digits between the outer zeros, one for the exponent, one for a minus."""
    if digits.isascii() and digits.isdigit():
        return _whole(digits.lstrip("0"))
    try:
        sign, figures, exponent = Decimal(digits).as_tuple()
    except InvalidOperation:
        return len(digits.encode())
    if not isinstance(exponent, int):
        return 1
    text = "".join(map(str, figures)).lstrip("0")
    stripped = text.rstrip("0")
    if not stripped:
        return 1
    # Digits up to the first and from the last one that counts, in pairs on either side of the point.
    last = exponent + len(text) - len(stripped)
    first = last + len(stripped) - 1
    return first // 2 - last // 2 + 1 + 1 + sign


def _whole(digits: str) -> int:
    if not digits:
        return 1
    zeros = len(digits) - len(digits.rstrip("0"))
    return (len(digits) - 1) // 2 - zeros // 2 + 2


def _text(content: str) -> int:
    return len(content) if content.isascii() else len(content.encode())


def _binary(content: str | bytes) -> int:
    """Raw bytes: on the wire they are base64, three bytes in four letters."""
    return len(content) if isinstance(content, bytes) else len(content) * 3 // 4 - content[-2:].count("=")


def _map(content: Mapping[str, Wire]) -> int:
    return _CONTAINER + sum(_text(name) + value_bytes(value) + _MEMBER for name, value in content.items())


def _list(content: Iterable[Wire]) -> int:
    return _CONTAINER + sum(value_bytes(value) + _MEMBER for value in content)


def _one(_: Any) -> int:
    return 1


_MEASURES: dict[str, Callable[[Any], int]] = {
    "S": _text,
    "N": number_bytes,
    "B": _binary,
    "BOOL": _one,
    "NULL": _one,
    "M": _map,
    "L": _list,
    "SS": lambda content: sum(map(_text, content)),
    "NS": lambda content: sum(map(number_bytes, content)),
    "BS": lambda content: sum(map(_binary, content)),
}
