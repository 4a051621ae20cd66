"""Stored items to staged rows, by the readers that lists and replays use: a number here is the number there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson

from data_access.costs.size import item_bytes, value_bytes
from data_access.dynamo.codec import Item, Wire, decode_item
from data_access.items.conversations import ConversationReader
from data_access.items.values import dig, flag, identifier, is_list, is_map, opened, time, to_json
from data_access.models import Address, Message
from data_access.snapshot.batch import Batch
from data_access.systems.spec import Kind, System, Table, drift

_Path = tuple[str, *tuple[str, ...]]
_NO_CALLS: list[dict[str, Any]] = []
_MOST_TOKENS = 2**62


class RowReader:
    """Reads the items of one system's tables into batches. One for all threads."""

    def __init__(self, system: System, tables: Mapping[str, str]) -> None:
        self._system = system
        self._shape = ConversationReader(system)
        self._apart = system.messages is not None
        self._names = {id(table): tables[key] for key, table in system.tables.items()}
        known = drift()
        self._tokens = {name: _paths(known.tokens.get(name, ())) for name in ("total", "in", "out")}
        self._seconds = {name: _paths(known.seconds.get(name, ())) for name in ("milliseconds", "seconds")}
        self._done = frozenset(known.statuses["ok"])

    def read(self, table: Table, items: Sequence[Item], first: int) -> Batch:
        """A page of one table. `first` is the rid of its first item; an item's messages count on from its own."""
        batch = Batch()
        name = self._names[id(table)]
        take = self._message if table is self._system.messages else self._item
        for number, wire in enumerate(items):
            take(batch, table, name, wire, first + (number << 16))
        return batch

    def _message(self, batch: Batch, table: Table, name: str, wire: Item, rid: int) -> None:
        reader = self._shape.messages
        item = decode_item(wire)
        conversation_id = reader.conversation_id(item)
        if conversation_id is None:
            batch.unplaced += 1
            return
        part = reader.part
        address = Address(name, {})
        message = reader.alone(reader.draft(item, address))
        expires = part(item, "expires_at")
        batch.add(
            "messages",
            self._row(
                message,
                rid,
                None,
                None,
                conversation_id,
                identifier(part(item, "tenant_id")),
                identifier(part(item, "user_id")),
                naive(time(expires)) if expires is not None else None,
                item_bytes(wire),
                name,
                _key(table, item),
                part(item, "tool_calls") if message.tool_calls else None,
            ),
        )

    def _item(self, batch: Batch, table: Table, name: str, wire: Item, rid: int) -> None:
        item = decode_item(wire)
        shape = self._shape
        if table is not shape.table or shape.holds(item) != "conversation":
            self._record(batch, table, name, wire, item, rid)
            return
        key = _key(table, item)
        address = Address(name, {attribute: item.get(attribute) for attribute in table.keys})
        # Without its messages: what they tell of it is added when all of them are there.
        own = shape.conversation(item, address, ())
        problems, expires = len(own.problems), naive(own.expires_at)
        size = item_bytes(wire)
        if not self._apart:
            messages, trouble = shape.embedded_messages(item, address)
            problems += len(trouble)
            path = table.parts(shape.kind(item))["messages"]
            listed = _wire_list(wire, path)
            sized = len(listed) == len(messages)
            elements = opened(shape.part(item, "messages"))[0]
            for message, element in zip(messages, elements if is_list(elements) else (), strict=False):
                place = message.position
                share = value_bytes(listed[place - 1]) + 1 if sized else size // len(messages)
                calls = shape.messages.part(element, "tool_calls") if message.tool_calls else None
                batch.add(
                    "messages",
                    self._row(
                        message, rid + place, rid, place, own.conversation_id, own.tenant_id, own.user_id, expires, share, name, key, calls
                    ),
                )
        count = shape.part(item, "message_count")
        batch.add(
            "conversations",
            (
                rid,
                own.conversation_id,
                own.tenant_id,
                own.user_id,
                own.title,
                naive(time(shape.part(item, "started_at"))),
                naive(time(shape.part(item, "last_activity_at"))),
                own.is_active,
                expires,
                size,
                problems,
                name,
                key,
                count if isinstance(count, int) and not isinstance(count, bool) and abs(count) < _MOST_TOKENS else None,
            ),
        )

    def _row(
        self,
        message: Message,
        rid: int,
        parent: int | None,
        position: int | None,
        conversation_id: str,
        tenant_id: str | None,
        user_id: str | None,
        expires: datetime | None,
        size: int,
        name: str,
        key: str,
        stored_calls: Any,
    ) -> tuple[Any, ...]:
        calls = self._calls(message, stored_calls) if message.tool_calls else _NO_CALLS
        return (
            rid,
            parent,
            conversation_id,
            tenant_id,
            user_id,
            position,
            message.message_id,
            message.role.value,
            message.content,
            "\n".join(f"{call['tool']} {call['arguments'] or ''}" for call in calls) if calls else None,
            naive(message.sent_at),
            self._token_count(message) if message.metadata is not None or message.extra else None,
            len(calls),
            sum(1 for call in calls if call["status"] == "error"),
            expires,
            size,
            len(message.problems),
            name,
            key,
            calls,
        )

    def _calls(self, message: Message, stored: Any) -> list[dict[str, Any]]:
        value = opened(stored)[0]
        raw = value if is_list(value) else [value]
        calls: list[dict[str, Any]] = []
        for call, source in zip(message.tool_calls, raw, strict=True):
            calls.append(
                {
                    "tool": call.name,
                    "status": call.status.value,
                    "arguments": None
                    if call.arguments is None
                    else call.arguments
                    if isinstance(call.arguments, str)
                    else _json(call.arguments),
                    "seconds": self._call_seconds(source) if is_map(source) else None,
                }
            )
        return calls

    def _call_seconds(self, call: Mapping[str, Any]) -> float | None:
        for unit, factor in (("milliseconds", 0.001), ("seconds", 1.0)):
            for path in self._seconds[unit]:
                found = _amount(dig(call, path) if len(path) > 1 else call.get(path[0]))
                if found is not None:
                    return found * factor
        return None

    def _token_count(self, message: Message) -> int | None:
        for place in (message.metadata, message.extra):
            if is_map(place) and place:
                total = _first(place, self._tokens["total"])
                if total is not None:
                    return total
                parts = [_first(place, self._tokens[name]) for name in ("in", "out")]
                found = [part for part in parts if part is not None]
                if found:
                    return sum(found)
        return None

    def _record(self, batch: Batch, table: Table, name: str, wire: Item, item: Mapping[str, Any], rid: int) -> None:
        shape = self._shape
        kind = shape.kind(item) if table is shape.table else None
        names = table.parts(kind)

        def part(part: str) -> Any:
            path = names.get(part)
            return dig(item, tuple(path.split("."))) if path else None

        known = table.kinds.get(kind) if kind is not None else None
        opened_count, done_count = self._counts(known, item)
        batch.add(
            "user_records",
            (
                rid,
                identifier(part("user_id")),
                identifier(part("tenant_id")),
                kind or table.name,
                known.topic if known else None,
                naive(time(part("updated_at"))),
                naive(time(part("expires_at"))),
                opened_count,
                done_count,
                item_bytes(wire),
                name,
                _key(table, item),
            ),
        )

    def _counts(self, shape: Kind | None, item: Mapping[str, Any]) -> tuple[int | None, int | None]:
        """Open and done entries of the record's list; None where this kind has no list."""
        if shape is None or shape.list is None:
            return None, None
        entries = opened(dig(item, tuple(shape.list.split("."))))[0]
        if not is_list(entries):
            return 0, 0
        done = sum(1 for entry in entries if shape.done is not None and is_map(entry) and self._is_done(entry.get(shape.done)))
        return len(entries) - done, done

    def _is_done(self, said: Any) -> bool:
        return flag(said) is True or (isinstance(said, str) and said.lower() in self._done)


def naive(when: datetime | None) -> datetime | None:
    """UTC without a zone, as the columns are."""
    return None if when is None else when.replace(tzinfo=None) if when.tzinfo is UTC else when.astimezone(UTC).replace(tzinfo=None)


def _paths(names: Sequence[str]) -> tuple[_Path, ...]:
    return tuple((first, *rest) for first, *rest in (name.split(".") for name in names))


def _first(place: Mapping[str, Any], paths: Sequence[_Path]) -> int | None:
    for path in paths:
        found = _amount(place.get(path[0]) if len(path) == 1 else dig(place, path))
        if found is not None and found < _MOST_TOKENS:
            return int(found)
    return None


def _amount(value: Any) -> float | None:
    """A number that is not negative, as a number or as its digits."""
    if isinstance(value, str) and value.isascii() and value.replace(".", "", 1).isdigit():
        value = float(value)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        found = float(value)
        return found if 0 <= found < float("inf") else None
    return None


def _key(table: Table, item: Mapping[str, Any]) -> str:
    return _json({attribute: item.get(attribute) for attribute in table.keys})


def _json(value: Any) -> str:
    """With the names of a Map in order: DynamoDB sends them in any, and one that did not change is to look the same."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:  # a Decimal, bytes, or an integer above 64 bits: to_json has every digit of it
        return to_json(_in_order(value))


def _in_order(value: Any) -> Any:
    if is_map(value):
        return {name: _in_order(value[name]) for name in sorted(value)}
    return [_in_order(part) for part in value] if is_list(value) else value


def _wire_list(wire: Item, path: str) -> Sequence[Wire]:
    """The list at a path of a wire item; empty where there is none."""
    value: Wire = {"M": wire}
    for step in path.split("."):
        inner: Any = value.get("M")
        value = inner.get(step, {}) if is_map(inner) else {}
    found: Any = value.get("L")
    return found if is_list(found) else ()
