"""The items of a conversation as a chatbot would write them, made up from a system's file.

Ids, times and titles have usual lengths, the text is as long as it is said to be. `sizes` are the same items as bytes for each
attribute, without making them: a conversation that is embedded in one item is written as often as it has messages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from data_access.costs.size import MOST_ITEM_BYTES, item_bytes, number_bytes, value_bytes
from data_access.dynamo.codec import Item, Wire
from data_access.systems.spec import Attribute, System, Table

Sizes = Mapping[str, int]  # attribute of the item to the bytes of its name and value

TITLE_CHARACTERS = 40
TENANT_CHARACTERS = 16
WORD_CHARACTERS = 12  # an attribute that plays no part
_ROLES = ("user", "assistant")
_START = datetime(2026, 1, 1, 9, tzinfo=UTC)
_GAP = timedelta(seconds=20)
_TIMES = frozenset({"started_at", "last_activity_at", "updated_at", "sent_at", "expires_at"})
# What is written anew with each message. The rest of a conversation's item stays.
_MOVING = frozenset({"last_activity_at", "updated_at", "message_count", "expires_at", "messages"})
# The same in all conversations of a user: what replaces a conversation of theirs does not change these.
_LASTING = frozenset({"user_id", "tenant_id", "kind"})
_MEMBER = 1  # byte, of an element of a list
_LEFT_OUT = frozenset({"tool_calls", "metadata"})  # of a message: their bytes are counted with its text


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a system keeps conversations, and how.

    `key` and `messages_key` are the system's own names of the two tables; `messages_key` is None where the messages are inside.
    `one_a_user` where the conversation's id is not in the key: the next conversation of a user takes the item of the last.
    `moving` and `own` are the attributes that a message changes, and those that another conversation changes.
    """

    system: System
    key: str
    kind: str | None
    messages_key: str | None

    @property
    def table(self) -> Table:
        return self.system.tables[self.key]

    @property
    def messages_table(self) -> Table | None:
        return None if self.messages_key is None else self.system.tables[self.messages_key]

    @property
    def one_a_user(self) -> bool:
        return self.table.parts(self.kind).get("conversation_id") not in self.table.keys

    @property
    def moving(self) -> AbstractSet[str]:
        return {name.partition(".")[0] for part, name in self.table.parts(self.kind).items() if part in _MOVING}

    @property
    def own(self) -> AbstractSet[str]:
        lasting = {name for part, name in self.table.parts(self.kind).items() if part in _LASTING}
        return {name.partition(".")[0] for name in _attributes(self.table, self.kind)} - lasting - set(self.table.keys)


def stored(system: System) -> Stored:
    key = next(name for name, table in system.tables.items() if table.kinds_holding("conversation"))
    messages = next((name for name, table in system.tables.items() if table.kinds_holding("message")), None)
    return Stored(system, key, system.tables[key].kinds_holding("conversation")[0], messages)


def conversation_item(where: Stored, messages: int, message_bytes: int, *, number: int = 1, user: int = 1) -> Item:
    """The item of a conversation that has so many messages by now, inside it where the layout keeps them there."""
    item = _item(_attributes(where.table, where.kind), number, user, messages, kind=where.kind)
    place = where.table.parts(where.kind).get("messages")
    if place is not None:
        _put(item, place, {"L": [{"M": _embedded(where.system, at, message_bytes)} for at in range(1, messages + 1)]})
    return item


def message_item(where: Stored, at: int, message_bytes: int, *, number: int = 1, user: int = 1) -> Item:
    """One message in a table of messages; `at` counts from 1."""
    table = where.messages_table
    assert table is not None, "asked for layouts with a table of messages"
    kind = table.kinds_holding("message")[0]
    item = _item(_attributes(table, kind), number, user, at, kind=kind, message=True)
    _put(item, table.parts(kind)["content"], {"S": "x" * message_bytes})
    return item


def _embedded(system: System, at: int, message_bytes: int) -> dict[str, Wire]:
    item = _item(system.message, 1, 1, at, message=True)
    _put(item, next(name for name, known in system.message.items() if known.part == "content"), {"S": "x" * message_bytes})
    return item


@dataclass(frozen=True, slots=True)
class ConversationSizes:
    """The conversation's item without its messages and its count, and what each adds. `inside` and `count` are the attributes
    that grow; None where messages are elsewhere, or are not counted."""

    base: Sizes
    inside: str | None
    count: str | None
    by_role: tuple[int, ...]

    def at(self, messages: int) -> dict[str, int]:
        """The item with so many messages. `conversation_item` has the same bytes."""
        found = dict(self.base)
        if self.inside is not None:
            found[self.inside] += self.text(messages)
        if self.count is not None:
            found[self.count] += number_bytes(str(messages))
        return found

    def text(self, messages: int) -> int:
        pairs, rest = divmod(messages, len(self.by_role))
        return pairs * sum(self.by_role) + sum(self.by_role[:rest])

    def total(self, messages: int) -> int:
        """Bytes of the whole item."""
        return sum(self.at(messages).values())

    def updates(self, messages: int) -> Iterator[tuple[dict[str, int], dict[str, int], int]]:
        """The item before and after each message but the first, where messages are elsewhere, and how often that happens: only
        the digits of the count change its size."""
        times = Counter((number_bytes(str(at - 1)), number_bytes(str(at))) for at in range(2, messages + 1))
        examples = {(number_bytes(str(at - 1)), number_bytes(str(at))): at for at in range(2, messages + 1)}
        for pair, at in examples.items():
            yield self.at(at - 1), self.at(at), times[pair]

    def most(self, most: int) -> int:
        """How many messages fit into an item, up to `most`. 0: not even one."""
        if self.inside is None or self.total(most) <= MOST_ITEM_BYTES:
            return most if self.total(0) <= MOST_ITEM_BYTES else 0
        low, high = 0, most
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.total(middle) <= MOST_ITEM_BYTES else (low, middle)
        return low


def conversation_sizes(where: Stored, message_bytes: int) -> ConversationSizes:
    parts = where.table.parts(where.kind)
    # An item without text is measured and the text is added: it may be 400 KB long.
    base = sizes(conversation_item(where, 0, 0))
    inside, count = parts.get("messages"), parts.get("message_count")
    if count is not None and _attributes(where.table, where.kind)[count].type == "N":
        base[count.partition(".")[0]] -= number_bytes("0")
    else:
        count = None
    by_role = (0,)
    if inside is not None:
        by_role = tuple(_MEMBER + value_bytes({"M": _embedded(where.system, at, 0)}) + message_bytes for at in (1, 2))
    return ConversationSizes(base, inside and inside.partition(".")[0], count and count.partition(".")[0], by_role)


def message_sizes(where: Stored, message_bytes: int) -> tuple[dict[str, int], dict[str, int]]:
    """A message of the user and one of the assistant, in a table of messages."""
    table = where.messages_table
    assert table is not None, "asked for layouts with a table of messages"
    content = table.parts(table.kinds_holding("message")[0])["content"].partition(".")[0]
    found = [sizes(message_item(where, at, 0)) for at in (1, 2)]
    for one in found:
        one[content] += message_bytes
    return found[0], found[1]


def sizes(item: Item) -> dict[str, int]:
    return {name: item_bytes({name: value}) for name, value in item.items()}


def overhead_bytes(system: System) -> float:
    """What a stored message has beside its text: names, ids, times, its role. The mean of a user's and an assistant's."""
    where = stored(system)
    if where.messages_table is not None:
        return sum(sum(one.values()) for one in message_sizes(where, 0)) / 2
    return sum(conversation_sizes(where, 0).by_role) / 2


def _attributes(table: Table, kind: str | None) -> Mapping[str, Attribute]:
    return table.attributes if kind is None else {**table.attributes, **table.kinds[kind].attributes}


def _item(
    attributes: Mapping[str, Attribute], number: int, user: int, at: int, *, kind: str | None = None, message: bool = False
) -> dict[str, Wire]:
    """All attributes that the file names; `at` is the message that it is, or that was the last."""
    found: dict[str, Wire] = {}
    left_out = {name for name, known in attributes.items() if message and known.part in _LEFT_OUT}
    # What is inside another attribute comes after it.
    for name in sorted(attributes, key=lambda name: name.count(".")):
        if name not in left_out and name.partition(".")[0] not in left_out:
            _put(found, name, _value(attributes[name], number, user, at, kind))
    return found


def _value(known: Attribute, number: int, user: int, at: int, kind: str | None) -> Wire:
    """A usual value. `number`, `user` and `at` tell conversations, users and messages apart, and change no length."""
    part = known.part
    if part in _TIMES:
        when = _START + (at - 1) * _GAP if part in ("sent_at", "last_activity_at", "updated_at") else _START
        return _time(known, part, when)
    if known.type == "N":
        return {"N": str(at) if part == "message_count" else "1"}
    if known.type == "S":
        return {"S": _text(part, number, user, at, kind)}
    return {known.type: _EMPTY[known.type]}


def _time(known: Attribute, part: str, when: datetime) -> Wire:
    if known.type != "N":
        return {"S": f"{when:%Y-%m-%dT%H:%M:%S}.001Z"}
    # An odd number: zeros at its end would make it shorter than its neighbours.
    seconds = int(when.timestamp()) + 1
    return {"N": str(seconds if part == "expires_at" else 1_000 * seconds + 1)}


def _text(part: str | None, number: int, user: int, at: int, kind: str | None) -> str:
    match part:
        case "conversation_id":
            return f"00000000-0000-4000-8000-{number:012}"
        case "message_id":
            return f"00000000-0000-4000-{number % 10_000:04}-{at:012}"
        case "user_id":
            return f"00000000-0000-4000-9000-{user:012}"
        case "tenant_id":
            return "tenant".ljust(TENANT_CHARACTERS, "0")
        case "role":
            return _ROLES[(at - 1) % len(_ROLES)]
        case "title":
            return "x" * TITLE_CHARACTERS
        case "kind":
            return kind or "x" * WORD_CHARACTERS
        case "content" | "message_count":
            return ""
        case _:
            return "x" * WORD_CHARACTERS


_EMPTY: Mapping[str, Any] = {"B": "eHh4", "BOOL": True, "NULL": True, "M": {}, "L": [], "SS": ["x"], "NS": ["1"], "BS": ["eHh4"]}


def _put(item: dict[str, Any], name: str, value: Wire) -> None:
    """Set an attribute, or what is inside one: `data.messages`."""
    outer, _, inner = name.partition(".")
    if not inner:
        item[outer] = dict(value) if "M" not in value else {"M": dict(value["M"])}
        return
    held = item.setdefault(outer, {"M": {}})
    # A map that is kept as another type has no inside here.
    if "M" in held:
        _put(held["M"], inner, value)
