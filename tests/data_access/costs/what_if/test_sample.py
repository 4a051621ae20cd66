"""The layouts against conversations with real texts: units of every write, and of a scenario with their mean size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from data_access.costs.index_writes import TableShape, write_units
from data_access.costs.size import item_bytes, value_bytes
from data_access.costs.what_if import Scenario, footprint
from data_access.costs.what_if.items import Stored, overhead_bytes, stored
from data_access.dynamo.codec import Item
from data_access.local.sample import layouts
from data_access.local.sample.store import to_wire
from tests.data_access.costs.what_if.strategies import SYSTEMS

UNTIL = datetime(2026, 11, 1, tzinfo=UTC)
COUNT = 120
NEAR = 0.10


def conversations(name: str) -> Iterator[tuple[Item | None, list[Item]]]:
    """The sample's conversations: their item, and their messages, as items or as what is inside."""
    where = stored(SYSTEMS[name])
    drawn = getattr(layouts, name)(Random(7), UNTIL, COUNT)
    rows = [(table, {key: to_wire(value) for key, value in item.items()}) for table, item in drawn]
    parts = where.table.parts(where.kind)
    if where.messages_table is None:
        for _, item in rows:
            if where.kind is None or item[parts["kind"]]["S"] == where.kind:
                yield item, inside(item, parts["messages"])["L"]
        return
    said: dict[str, list[Item]] = defaultdict(list)
    of = where.messages_table.parts()["conversation_id"]
    for table, item in rows:
        if table == where.messages_table.name:
            said[item[of]["S"]].append(item)
    for table, item in rows:
        if table == where.table.name:
            yield item, said[item[parts["conversation_id"]]["S"]]


def inside(item: Any, path: str) -> Any:
    outer, _, inner = path.partition(".")
    return inside(item[outer]["M"], inner) if inner else item[outer]


def with_messages(item: Any, path: str, messages: list[Any]) -> Item:
    """The item as it was with its first messages."""
    outer, _, inner = path.partition(".")
    if not inner:
        return item | {outer: {"L": messages}}
    return item | {outer: {"M": with_messages(item[outer]["M"], inner, messages)}}


def units(where: Stored, item: Item, messages: list[Item], before: Item | None) -> float:
    """What writing the conversation took; `before` is the user's last one where a new one takes its place."""
    path = where.table.parts(where.kind).get("messages")
    shape, total = TableShape.of(where.table), 0.0
    moving = next(name for part, name in where.table.parts(where.kind).items() if part in ("updated_at", "last_activity_at"))
    for at in range(1, len(messages) + 1):
        if path is None:
            table = where.messages_table
            assert table is not None
            total += write_units(TableShape.of(table), None, messages[at - 1]).total
            # Only the last state is in the sample: another time stands for what a message changes.
            after = {**item, moving: {"S": f"{at:0{len(item[moving]['S'])}}"}}
        else:
            after = with_messages(item, path, messages[:at])
        total += write_units(shape, before, after).total
        before = after
    return total


@pytest.mark.parametrize("name", SYSTEMS)
def test_real_texts_take_what_their_mean_size_says(name: str) -> None:
    where = stored(SYSTEMS[name])
    measured = estimated = 0.0
    found = [(item, messages) for item, messages in conversations(name) if item is not None and messages]
    assert len(found) >= COUNT * 0.9
    for item, messages in found:
        whole = [item_bytes(one) if where.messages_key is not None else value_bytes(one) + 1 for one in messages]
        measured += units(where, item, messages, item if where.one_a_user else None)
        text = max(1, round(sum(whole) / len(whole) - overhead_bytes(where.system)))
        estimated += footprint(Scenario(where.system, messages=len(messages), message_bytes=text)).writes
    assert estimated == pytest.approx(measured, rel=NEAR)
    print(f"{name}: {measured:,.0f} units written, {estimated:,.0f} estimated ({estimated / measured - 1:+.1%})")
