"""What one conversation costs in units and bytes, table by table and index by index, for the layout in a system's file.

An embedded layout writes the whole item again with each message, so its write units grow with the square of the length:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html (UpdateItem: the larger of the item's
sizes before and after). A layout with a table of messages puts each message and updates the conversation's item.

A read of a conversation is its item (GetItem), and where the messages are in a table of their own one Query of them: by the table's
key, else by an index whose partition key is the conversation. What an index does not hold of a message is fetched, item by item.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from data_access.costs.size import MOST_ITEM_BYTES
from data_access.costs.units import get_units, query_units
from data_access.costs.what_if.counting import Counting, Resource
from data_access.costs.what_if.items import Sizes, Stored, conversation_sizes, message_sizes, stored
from data_access.costs.what_if.model import Scenario
from data_access.errors import NotFound
from data_access.settings import DEFAULT_REGION
from data_access.systems.spec import System

GUIDE_WRITES = 2
GUIDE_GB = 0.1 / 1_000  # a conversation
_READ = ("role", "content")  # what a reader of a message needs at least


@dataclass(frozen=True, slots=True)
class Footprint:
    """One conversation. `refused` messages do not fit into an item, and are not in the numbers.

    `notes` are sentences on what the numbers hold and do not; `unread` is the table of messages where only a Scan would find
    them: their reads are not in the numbers. `gb` is what
    the guide's way of counting stores, beside the resources' bytes. `piles_up` where each month's conversations are kept beside the
    last month's; else a user's new one takes the place of the old one.
    """

    resources: tuple[Resource, ...]
    accepted: int
    refused: int = 0
    notes: tuple[str, ...] = ()
    unread: str | None = None
    gb: float = 0.0
    piles_up: bool = True

    @property
    def writes(self) -> float:
        return sum(one.writes for one in self.resources)

    @property
    def reads(self) -> float:
        return sum(one.reads for one in self.resources)


def footprint(scenario: Scenario) -> Footprint:
    """What one conversation of a scenario makes. Raises UsageError for a scenario that cannot be."""
    scenario.check()
    return _footprint(_alike(scenario))


def _alike(scenario: Scenario) -> Scenario:
    """Without what units and bytes do not depend on: how many conversations there are, and how they are paid for.

    So there is one answer for a whole curve.
    """
    return replace(
        scenario, conversations=1, region=DEFAULT_REGION, months=1, target=0.7, peak=1, prices="today", billing="on-demand", recovery=False
    )


@lru_cache(maxsize=128)
def _footprint(scenario: Scenario) -> Footprint:
    if scenario.layout == "guide":
        return _guide(scenario)
    where = stored(scenario.system)
    return _embedded(scenario, where) if where.messages_key is None else _separate(scenario, where, where.messages_key)


def _guide(scenario: Scenario) -> Footprint:
    """As the guide's cost table counts: two writes a conversation and its reads of one unit each, 0.1 GB for a thousand."""
    table = stored(scenario.system).table.name
    note = (
        "As the guide counts: two writes and its reads, of one unit each, for a conversation of any length; 0.1 GB for a thousand of "
        "them; no index. Messages, bytes, consistency and indexes change nothing here."
    )
    return Footprint((Resource(table, None, GUIDE_WRITES, scenario.reads, 0, 0),), scenario.messages, notes=(note,), gb=GUIDE_GB)


# ---- one item a conversation


def _embedded(scenario: Scenario, where: Stored) -> Footprint:
    grown = conversation_sizes(where, scenario.message_bytes)
    accepted = grown.most(scenario.messages)
    refused = scenario.messages - accepted
    table = Counting(scenario, where.key)
    notes: list[str] = []
    if accepted:
        # In a layout with one item a user the first message takes the place of the user's conversation before.
        table.write(grown.at(accepted) if where.one_a_user else None, grown.at(1), where.own | where.moving)
    for at in range(2, accepted + 1):
        table.write(grown.at(at - 1), grown.at(at), where.moving)
    table.read(accepted, lambda length: get_units(grown.total(length), consistent=scenario.consistent))
    items = (1 / scenario.per_user if where.one_a_user else 1.0) if accepted else 0.0
    if where.one_a_user:
        notes.append("One conversation a user is kept: a new one takes the place of the one before.")
    if refused:
        notes.append(
            f"DynamoDB refuses the {'messages' if refused > 1 else 'message'} of a conversation from number {accepted + 1:,} on: its "
            f"item would be over 400 KB. {refused:,} of {scenario.messages:,} are not in this estimate."
        )
    return Footprint(table.resources(table.kept(grown.at(accepted), items)), accepted, refused, tuple(notes), piles_up=not where.one_a_user)


# ---- a table of messages


def _separate(scenario: Scenario, where: Stored, messages_key: str) -> Footprint:
    grown = conversation_sizes(where, 0)
    said = message_sizes(where, scenario.message_bytes)
    fits = max(_whole(one) for one in said) <= MOST_ITEM_BYTES
    accepted = scenario.messages if fits else 0
    sessions, messages = Counting(scenario, where.key), Counting(scenario, messages_key)
    notes: list[str] = []
    for one, times in zip(said, _each(accepted), strict=True):
        messages.write(None, one, frozenset(one), times)
    if accepted:
        sessions.write(None, grown.at(1), where.own)
    for before, after, times in grown.updates(accepted):
        sessions.write(before, after, where.moving, times)
    unread = _read_messages(scenario, messages, said, accepted)
    sessions.read(accepted, lambda length: get_units(grown.total(length), consistent=scenario.consistent))
    if unread is not None:
        notes.append(unread)
    if not accepted:
        notes.append("DynamoDB refuses messages of this size: with names and keys one is over 400 KB. None is in this estimate.")
    first, second = (messages.kept(one, times) for one, times in zip(said, _each(accepted), strict=True))
    kept = {name: (first[name][0] + second[name][0], first[name][1] + second[name][1]) for name in first}
    resources = sessions.resources(sessions.kept(grown.at(accepted), min(accepted, 1))) + messages.resources(kept)
    return Footprint(resources, accepted, scenario.messages - accepted, tuple(notes), messages.table.name if unread else None)


def _read_messages(scenario: Scenario, messages: Counting, said: Sequence[Sizes], accepted: int) -> str | None:
    """Count the reads of a conversation's messages. Returns a sentence where only a Scan would find them."""
    table = messages.table
    parts = table.parts(table.kinds_holding("message")[0])
    of = parts["conversation_id"]

    def sums(measure: Callable[[Sizes], float], length: int) -> float:
        return sum(times * measure(one) for one, times in zip(said, _each(length), strict=True))

    if table.partition_key == of:
        messages.read(accepted, lambda length: query_units(sums(_whole, length), consistent=scenario.consistent))
        return None
    name = next((name for name, index in messages.indexes.items() if index.partition_key == of), None)
    if name is None:
        usable = next((name for name, index in table.indexes.items() if index.partition_key == of), "an index by conversation")
        return f"Without {usable} only a Scan finds a conversation's messages: reads are not in this estimate."
    # A global index is read eventually consistent, whatever is asked for.
    messages.read(accepted, lambda length: query_units(sums(lambda one: messages.entry(name, one) or 0, length)), name)
    if not {parts[part].partition(".")[0] for part in _READ} <= messages.held[name]:
        messages.read(accepted, lambda length: sums(lambda one: get_units(_whole(one), consistent=scenario.consistent), length))
    return None


def _each(messages: int) -> tuple[int, int]:
    """How many of the messages are the user's, and how many the assistant's: they take turns."""
    return messages - messages // 2, messages // 2


def _whole(sizes: Sizes) -> int:
    return sum(sizes.values())


# ---- how one item grows


@dataclass(frozen=True, slots=True)
class Point:
    """The item after so many messages, what writing the last of them took, and what all of them took. Units are of table and indexes."""

    messages: int
    bytes: int
    write_units: float
    all_units: float


@dataclass(frozen=True, slots=True)
class Growth:
    """How a conversation's item grows. `limit` is the last message that fits into it; None where that is beyond what was asked for."""

    points: tuple[Point, ...]
    limit: int | None


def embeds(system: System) -> bool:
    """Whether a conversation's messages are inside its item."""
    return stored(system).messages_key is None


def item_growth(scenario: Scenario, messages: int, most_points: int = 200) -> Growth:
    """The item of a conversation up to so many messages, for a layout that embeds them, at up to `most_points` lengths.

    Raises NotFound for a layout with a table of messages: no item of it grows. Raises UsageError.
    """
    asked = replace(scenario, messages=messages)
    asked.check()
    if not embeds(scenario.system):
        raise NotFound(f"No item of {scenario.system.title} grows with its messages.", "Each message is an item of its own.")
    return _growth(_alike(asked), most_points)


@lru_cache(maxsize=32)
def _growth(scenario: Scenario, most_points: int) -> Growth:
    where = stored(scenario.system)
    grown = conversation_sizes(where, scenario.message_bytes)
    accepted = grown.most(scenario.messages)
    table = Counting(scenario, where.key)
    shown = {max(1, round(step * accepted / most_points)) for step in range(1, most_points + 1)} | {1}
    points: list[Point] = []
    before = 0.0
    for at in range(1, accepted + 1):
        # The first without what it may replace: the growth of one conversation is meant.
        table.write(grown.at(at - 1) if at > 1 else None, grown.at(at), where.moving if at > 1 else where.own | where.moving)
        if at in shown:
            points.append(Point(at, grown.total(at), table.written - before, table.written))
        before = table.written
    return Growth(tuple(points), accepted if accepted < scenario.messages else None)
