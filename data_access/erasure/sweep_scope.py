"""What the verifier looks at, from a system's file alone: where a user's items can be, and what each item that is found is.

Written apart from the code that finds items for the plan, on purpose: a fault in one is not a fault in the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from data_access.dynamo.codec import Item, continue_key, decode, encode, number
from data_access.erasure.model import FrozenKey, Scope
from data_access.erasure.sweep_reads import Asked, Names
from data_access.erasure.verification import Seen
from data_access.items.values import time
from data_access.settings import Place
from data_access.systems.spec import Holds, System, Table

# What an update of a conversation or record sets, beside the key: an item of nothing else was made by one.
_UPDATED = ("last_activity_at", "updated_at", "message_count", "is_active", "expires_at", "kind", "tenant_id")
_TIMES: Mapping[Holds, tuple[str, ...]] = {
    "message": ("sent_at",),
    "conversation": ("started_at", "last_activity_at", "updated_at"),
    "record": ("updated_at",),
}
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
_PARTITION_KEY_BYTES, _SORT_KEY_BYTES = 2_048, 1_024
_MOST_IN = 100


@dataclass(frozen=True, slots=True)
class Watch:
    """One live table. `owners`, `talks`, `tenants` are the attributes of the user, the conversation and the tenant, in any kind."""

    system: str
    name: str
    table: Table
    owners: tuple[str, ...]
    talks: tuple[str, ...]
    tenants: tuple[str, ...]

    @property
    def is_conversations(self) -> bool:
        return bool(self.table.kinds_holding("conversation"))

    @property
    def by_user(self) -> bool:
        return self.table.partition_key in self.owners

    @property
    def by_talk(self) -> bool:
        """Messages that name nobody, in the partition of their conversation."""
        return not self.owners and self.table.partition_key in self.talks

    @property
    def needs_scan(self) -> bool:
        """Whether a user's item can be where no consistent Query looks: an index is late, and has only items with its keys."""
        return not self.by_user and not self.by_talk

    def key(self, item: Item) -> dict[str, Any]:
        return continue_key({name: item[name] for name in self.table.keys})

    def value(self, item: Item, attributes: Iterable[str]) -> Any:
        """The first of these attributes that the item has; None where there is none, or NULL."""
        return next((found for name in attributes if (found := _at(self.table, item, name)) is not None), None)


@dataclass(frozen=True, slots=True)
class Sight:
    """One item that is there, as far as its class depends on it. `when` is its own time; `begun`: that is when it was made."""

    watch: Watch
    key: Mapping[str, Any]
    holds: Holds
    talk: str | None
    tenant: Any
    when: datetime | None
    begun: bool
    stub: bool
    named: bool
    planned: bool
    found_by: str


def watches(place: Place, scope: Scope) -> tuple[Watch, ...]:
    """The tables of a system that the scope is about, conversations before messages."""
    system = place.system
    found = [_watch(system, key, place.tables[key]) for key in system.tables]
    ordered = sorted(found, key=lambda watch: not watch.is_conversations)
    return tuple(watch for watch in ordered if _is_asked(system, watch, scope))


def asks(watch: Watch, scope: Scope, tenants: Iterable[str], talks: Iterable[str]) -> Iterator[Asked]:
    """Every Query by which the table or one of its indexes names the user: `talks` are the conversations to look into."""
    table, user = watch.table, scope.user_id
    talks = tuple(talks) if watch.talks else ()
    if watch.by_user:
        yield from _query(watch, None, (table.partition_key, user))
    elif watch.by_talk:
        for talk in talks:
            yield from _query(watch, None, (table.partition_key, talk))
    for name, index in table.indexes.items():
        if index.partition_key in watch.owners:
            yield from _query(watch, name, (index.partition_key, user))
        elif index.partition_key in watch.tenants and index.sort_key in watch.owners:
            for tenant in tenants:
                yield from _query(watch, name, (index.partition_key, tenant), (str(index.sort_key), user))
        elif index.partition_key in watch.talks:
            for talk in talks:
                yield from _query(watch, name, (index.partition_key, talk))


def scan(watch: Watch, scope: Scope, talks: Iterable[str]) -> Asked:
    """A Scan that brings whatever may be the user's: what names the user, and what names nobody and is in one of `talks`."""
    names = Names()
    table = watch.table
    mine = [
        f"{names.of(one, whole=one in table.keys)} = {names.value(wire)}"
        for one in watch.owners
        if (wire := _wire(table, one, scope.user_id))
    ]
    request: dict[str, Any] = {"TableName": watch.name, "ConsistentRead": True}
    if not any(owner in table.keys for owner in watch.owners):
        among = _among(watch, names, tuple(talks))
        if among is not None:
            nobody = [
                f"(attribute_not_exists({at}) OR attribute_type({at}, {names.value({'S': 'NULL'})}))" for at in map(names.of, watch.owners)
            ]
            mine.append(" AND ".join([*nobody, among]))
    if mine:
        request["FilterExpression"] = " OR ".join(f"({part})" for part in mine)
    only = dict.fromkeys((*table.keys, *watch.owners, *watch.talks, *watch.tenants))
    request["ProjectionExpression"] = ", ".join(names.of(name, whole=name in table.keys) for name in only)
    return Asked("scan", watch.name, None, request | names.request())


def strangers(watch: Watch, talk: str) -> Asked:
    """Which users have a conversation with this id, whatever the key of conversations is."""
    names, table = Names(), watch.table
    request: dict[str, Any] = {"TableName": watch.name, "ConsistentRead": True}
    by_key = table.partition_key in watch.talks
    tests = [f"{names.of(one, whole=by_key)} = {names.value(wire)}" for one in watch.talks if (wire := _wire(table, one, talk))]
    request["KeyConditionExpression" if by_key else "FilterExpression"] = " OR ".join(tests)
    only = dict.fromkeys((*table.keys, *watch.owners))
    request["ProjectionExpression"] = ", ".join(names.of(name, whole=name in table.keys) for name in only)
    return Asked("query" if by_key else "scan", watch.name, None, request | names.request())


def talk_of(frozen: FrozenKey, tenants: Iterable[str]) -> tuple[str, str | None] | None:
    """The conversation of a frozen key, and its tenant where its key or its guard names one. `tenants` are the system's attributes."""
    if frozen.conversation is None:
        return None
    parent: Mapping[str, Any] = frozen.guard.parent[1] if frozen.guard.parent else {}
    known = {**parent, **dict(frozen.guard.conditions), **frozen.key}
    wire = next((known[name] for name in tenants if name in known), None)
    return frozen.conversation, None if wire is None else str(decode(wire))


def sight(watch: Watch, item: Item, *, planned: bool, found_by: str) -> Sight:
    """What a whole item says of itself."""
    table = watch.table
    kind = _text(_at(table, item, table.parts().get("kind")))
    parts = table.parts(kind)
    known = None if kind is None else table.kinds.get(kind)
    holds: Holds = table.holds or (known.holds if known is not None else "record")
    times = [(part, time(_at(table, item, parts[part]))) for part in _TIMES[holds] if part in parts]
    stored = [(part, when) for part, when in times if when is not None]
    part, when = stored[0] if stored else (None, None)
    light = {*table.keys, *(parts[part] for part in _UPDATED if part in parts)}
    return Sight(
        watch=watch,
        key=watch.key(item),
        holds=holds,
        talk=_text(_at(table, item, parts.get("conversation_id"))),
        tenant=_text(_at(table, item, parts.get("tenant_id"))),
        when=when,
        begun=when is not None and part == times[0][0],
        stub=item.keys() <= light,
        named=watch.value(item, watch.owners) is not None,
        planned=planned,
        found_by=found_by,
    )


def in_scope(one: Sight, item: Item, scope: Scope) -> bool:
    """Whether the item is asked for; whose it is was looked at before."""
    if scope.data_type is not None and one.watch.value(item, (one.watch.table.parts().get("kind", ""),)) != scope.data_type:
        return False
    if scope.conversation_id is not None and one.talk != scope.conversation_id and not (one.planned and one.talk is None):
        return False
    # An item without a tenant is asked for where its key was planned, or its conversation: never by its user alone.
    return scope.tenants is None or not one.watch.tenants or (one.planned if one.tenant is None else one.tenant in scope.tenants)


def judge(one: Sight, cutoff: datetime, *, erased: bool, row: Seen | None) -> Seen:
    """The class of an item that is the user's and in scope.

    `erased`: its key was planned, or its conversation was. `row` is the class of its conversation's own item, None where there is
    none any more.
    """
    late = one.when is not None and one.when > cutoff
    if one.stub:
        return Seen.STUB if erased or not late else Seen.NEW
    if one.when is None:
        return Seen.NEW if row is Seen.NEW and not erased else Seen.LEFTOVER
    if not late:
        return Seen.LEFTOVER
    if one.holds == "message":
        return Seen.LATE if erased and (one.planned or row is not Seen.NEW) else Seen.NEW
    if one.holds == "conversation":
        # Without the time of its beginning it was not begun anew: something was added to what is gone.
        return Seen.NEW if one.begun or not erased else Seen.LATE
    return Seen.NEW


def _watch(system: System, key: str, name: str) -> Watch:
    table = system.tables[key]

    def playing(part: str) -> tuple[str, ...]:
        found = (table.parts(kind).get(part) for kind in (None, *table.kinds))
        return tuple(dict.fromkeys(one for one in found if one is not None))

    return Watch(system.id, name, table, playing("user_id"), playing("conversation_id"), playing("tenant_id"))


def _is_asked(system: System, watch: Watch, scope: Scope) -> bool:
    of_talks = not watch.owners and watch.table is system.messages
    if not watch.owners and not of_talks:
        return False
    if scope.data_type is not None and "kind" not in watch.table.parts():
        return False
    if scope.conversation_id is not None and not watch.talks:
        return False
    if scope.tenants is None or watch.tenants:
        return True
    return of_talks and "tenant_id" in system.conversations.parts()


def _query(watch: Watch, index: str | None, *fixed: tuple[str, str]) -> Iterator[Asked]:
    """Nothing where no stored key can be equal to it."""
    names = Names()
    request: dict[str, Any] = {"TableName": watch.name} | ({"IndexName": index} if index else {"ConsistentRead": True})
    conditions: list[str] = []
    for place, (attribute, text) in enumerate(fixed):
        wire = _wire(watch.table, attribute, text)
        if wire is None or not text or len(text.encode()) > (_SORT_KEY_BYTES if place else _PARTITION_KEY_BYTES):
            return
        conditions.append(f"{names.of(attribute, whole=True)} = {names.value(wire)}")
    request["KeyConditionExpression"] = " AND ".join(conditions)
    request["ProjectionExpression"] = ", ".join(names.of(name, whole=True) for name in watch.table.keys)
    yield Asked("query", watch.name, index, request | names.request())


def _among(watch: Watch, names: Names, talks: tuple[str, ...]) -> str | None:
    """Items of these conversations. None: of no conversation at all; too many for one expression, and every item is brought."""
    if not watch.talks or not talks:
        return None
    if len(talks) > _MOST_IN:
        return " OR ".join(f"attribute_exists({names.of(one, whole=one in watch.table.keys)})" for one in watch.talks).join("()")
    tests: list[str] = []
    for one in watch.talks:
        marks = [names.value(wire) for talk in talks if (wire := _wire(watch.table, one, talk)) is not None]
        if marks:
            tests.append(f"{names.of(one, whole=one in watch.table.keys)} IN ({', '.join(marks)})")
    return " OR ".join(tests).join("()") if tests else None


def _wire(table: Table, attribute: str, text: str) -> dict[str, Any] | None:
    """An id as the attribute stores it; None where it cannot."""
    known = table.attributes.get(attribute) or next(
        (k.attributes[attribute] for k in table.kinds.values() if attribute in k.attributes), None
    )
    if known is None or known.type == "S":
        return {"S": text}
    try:
        return encode(number(text)) if known.type == "N" else None
    except ArithmeticError:
        return None


def _at(table: Table, item: Item, attribute: str | None) -> Any:
    """A stored value, None for NULL and for what is not there."""
    if attribute is None:
        return None
    if attribute in item:
        return decode(item[attribute])
    inside: Any = {"M": item}
    for step in () if attribute in table.keys else attribute.split("."):
        inside = inside.get("M", {}).get(step)
        if inside is None:
            return None
    return decode(inside) if "." in attribute else None


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
