"""Sizes of items by DynamoDB's rule: the sample data's items, on one core.

`python -m benchmarks.sizing` runs these alone. The peer is what the usual calculators do: boto3's TypeDeserializer, and the same
rule on plain Python values.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import Binary, TypeDeserializer

from benchmarks.figures import Figure, cpu_seconds
from data_access.costs.size import item_bytes
from data_access.local.sample import items
from data_access.local.sample.store import to_wire

ITEMS = 100_000
SECONDS = 1.0
_ROUNDS = 7
_UNTIL = datetime(2026, 6, 1, tzinfo=UTC)
_EMBEDDED = "cg-chatbot-conversations"

Wire = Mapping[str, Any]


def figures() -> Iterator[Figure]:
    """CPU seconds for 100,000 items, each with what the peer takes for them."""
    every = [(table, {name: to_wire(value) for name, value in item.items()}) for table, item in items(until=_UNTIL)]
    bound = f"under {SECONDS:.0f} s for {ITEMS:,}"
    yield _figure("items of all four systems", [item for _, item in every], SECONDS, bound)
    yield _figure("items of messages", [item for table, item in every if table.endswith("-messages")], SECONDS, bound)
    # One item of these is a whole conversation: no bound, but to be seen.
    yield _figure("conversations with their messages inside", [item for table, item in every if table == _EMBEDDED], None, "")


def _figure(name: str, wires: Sequence[Wire], limit: float | None, bound: str) -> Figure:
    total = _ours(wires)
    assert total == _peer(wires), "both count the same bytes"
    scale = ITEMS / len(wires)
    ours = cpu_seconds(lambda: _ours(wires), rounds=_ROUNDS) * scale
    peer = cpu_seconds(lambda: _peer(wires), rounds=2) * scale
    said = f"sizes of {ITEMS:,} {name}, {total / len(wires):,.0f} B"
    return Figure(said, ours, "TypeDeserializer, plain Python", peer, "s", limit, bound)


def _ours(wires: Iterable[Wire]) -> int:
    return sum(map(item_bytes, wires))


def _peer(wires: Iterable[Wire]) -> int:
    deserialize = TypeDeserializer().deserialize
    return sum(len(name.encode()) + _plain(deserialize(value)) for wire in wires for name, value in wire.items())


def _plain(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, Decimal):
        return _number(value)
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, Binary):
        return len(value.value)  # pyright: ignore[reportAttributeAccessIssue]
    if isinstance(value, dict):
        return 3 + sum(len(name.encode()) + _plain(inner) + 1 for name, inner in value.items())
    if isinstance(value, list):
        return 3 + sum(_plain(inner) + 1 for inner in value)
    return sum(map(_plain, value))


def _number(value: Decimal) -> int:
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits)).lstrip("0")
    kept = text.rstrip("0")
    last = exponent + len(text) - len(kept)
    return (last + len(kept) - 1) // 2 - last // 2 + 2 + sign if kept else 1


def main() -> int:
    good = True
    for figure in figures():
        print(figure, flush=True)
        good = good and figure.good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
