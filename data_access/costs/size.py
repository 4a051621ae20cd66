"""The size of an item in bytes, by DynamoDB's rule, from its wire format.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.md, and for numbers, where
that page says "approximately", the rule that fits what was measured on AWS: pairs of digits aligned on the decimal point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from data_access.dynamo.codec import Item, Wire

KB = 1_024

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html: 400 KB with the names of the attributes.
MOST_ITEM_BYTES = 400 * KB
# What storage is billed beyond the size, for an item and for an entry of an index, and once more for an item of a global table.
STORED_EXTRA = 100
REPLICA_EXTRA = 48

_CONTAINER = 3
_MEMBER = 1
# Measured on AWS, not documented: what an update weighs beside the item that comes of it, and each attribute that it sets.
_UPDATE, _SET = 3, 19


def item_bytes(item: Item) -> int:
    """Names and values of all attributes, without what storage adds (STORED_EXTRA). Of an unknown type only the name counts."""
    total = 0
    for name, value in item.items():
        total += len(name) if name.isascii() else len(name.encode())
        # The usual types are looked at here: calling for each value takes half as long again, and snapshots size millions of items.
        if (content := value.get("S")) is not None:
            total += len(content) if content.isascii() else len(content.encode())
        elif (content := value.get("M")) is not None:
            total += _CONTAINER + _MEMBER * len(content) + item_bytes(content)
        elif (content := value.get("N")) is not None:
            total += number_bytes(content)
        elif (content := value.get("L")) is not None:
            total += _list(content)
        else:
            total += value_bytes(value)
    return total


def value_bytes(value: Wire) -> int:
    """One attribute value without its name. An unknown type counts as nothing."""
    for tag, content in value.items():
        measure = _MEASURES.get(tag)
        return measure(content) if measure else 0
    return 0


def number_bytes(digits: str) -> int:
    """A number as it is kept: a byte for each pair of digits between the outer zeros, one for the exponent, one for a minus.

    Zero takes one byte. What is no number counts as text.
    """
    if digits.isdigit() and digits[0] != "0" and digits[-1] != "0" and digits.isascii():
        return (len(digits) + 1) // 2 + 1  # most numbers: counts and times
    minus = digits[:1] == "-"
    whole, point, part = (digits[1:] if minus else digits).partition(".")
    if digits.isascii() and whole.isdigit() and (not point or part.isdigit()):
        pairs = _pairs(whole.lstrip("0"), part.rstrip("0"))
        return pairs + 1 + minus if pairs else 1
    return _any_number_bytes(digits)


def _pairs(whole: str, part: str) -> int:
    """Pairs of digits, from the first that counts to the last, on either side of the point. No digits are no pairs."""
    if part:
        zeros = 0 if whole else len(part) - len(part.lstrip("0"))
        return (len(whole) + 1) // 2 + (len(part) + 1) // 2 - zeros // 2
    if not whole:
        return 0
    zeros = len(whole) - len(whole.rstrip("0"))
    return (len(whole) + 1) // 2 - zeros // 2


def _any_number_bytes(digits: str) -> int:
    """As number_bytes, for every way to write a number, such as 1E-100."""
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
    last = exponent + len(text) - len(stripped)
    first = last + len(stripped) - 1
    return first // 2 - last // 2 + 1 + 1 + sign


def most_updated_bytes(key_bytes: int, *, sets: int = 1) -> int:
    """The largest item that an UpdateItem may leave, in bytes; `key_bytes` are names and values of its key, `sets` its SET actions.

    The update is refused by a lower bound than PutItem's. Measured on AWS by dynoxide's authors
    (https://github.com/nubo-db/dynoxide, tests/item_size_accounting.rs), not documented.
    """
    return MOST_ITEM_BYTES + key_bytes - _UPDATE - _SET * sets


def _text(content: str) -> int:
    return len(content) if content.isascii() else len(content.encode())


def _binary(content: str | bytes) -> int:
    """Raw bytes: on the wire they are base64, three bytes in four letters."""
    return len(content) if isinstance(content, bytes) else len(content) * 3 // 4 - content[-2:].count("=")


def _map(content: Mapping[str, Wire]) -> int:
    return _CONTAINER + _MEMBER * len(content) + item_bytes(content)


def _list(content: Iterable[Wire]) -> int:
    total = _CONTAINER
    for value in content:
        if (inner := value.get("M")) is not None:
            total += _MEMBER + _CONTAINER + _MEMBER * len(inner) + item_bytes(inner)
        else:
            total += _MEMBER + value_bytes(value)
    return total


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
