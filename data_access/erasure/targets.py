"""Which tables of a system an erasure is about, how a user's items are found in each, and what makes each delete safe.

All of it comes from the system's file. A table is a target when its items can be found for a user and every delete in it can be
guarded; one that names a user's conversations and can do neither is refused, in words.

- owner_in_key: the table's own key names the user: the key is the guard.
- owner_attribute: the stored item must still name the user; where a message names none, it must still name the conversation (and
  tenant) that the conversation's own key consists of, so that it can be nobody else's.
- parent_check: a message that names its conversation only in its key: the conversation's item must exist and be the user's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from data_access.dynamo.codec import Item, Wire, continue_key, decode, encode, number
from data_access.erasure.model import Guard, Scope
from data_access.errors import ScanRefused
from data_access.settings import Place
from data_access.systems.spec import Holds, System, Table

LAST, FIRST = 9, 0  # ranks: conversations after everything that points to them
_KEY_TYPES = ("S", "N")


@dataclass(frozen=True, slots=True)
class Road:
    """How items are found. `keys` are (attribute, part) that a Query fixes, partition key first; a Scan has none.

    `each` is what the Query is sent for: once, or for each tenant, or for each conversation that was found before. Without an
    index the read is consistent and misses nothing; `complete` says so of an index that every item of a user must be in.
    """

    operation: Literal["Query", "Scan"]
    index: str | None = None
    keys: tuple[tuple[str, str], ...] = ()
    each: Literal["once", "tenant", "conversation"] = "once"
    complete: bool = True

    @property
    def words(self) -> str:
        if self.operation == "Scan":
            return "a Scan of the table: no key or index is sure to have every item"
        by = " and ".join(part.replace("_", " ") for _, part in self.keys)
        how = {"once": "", "tenant": ", for each tenant", "conversation": ", for each conversation"}[self.each]
        return f"a Query of the table by {by}{how}" if self.index is None else f"a Query of {self.index} by {by}{how}, each item then read"


@dataclass(frozen=True, slots=True)
class Target:
    """One table. `names` are part to attribute (dotted where nested) for each kind of item, `owners` all attributes of the user."""

    key: str
    name: str
    table: Table
    names: Mapping[str | None, Mapping[str, str]]
    owners: tuple[str, ...]
    road: Road

    def kind(self, item: Item) -> str | None:
        attribute = self.names[None].get("kind")
        value = None if attribute is None else value_at(item, attribute)
        return value if isinstance(value, str) else None

    def holds(self, kind: str | None) -> Holds:
        """What an item of this kind is; of a kind that is not in the file, a record."""
        if self.table.holds is not None:
            return self.table.holds
        known = None if kind is None else self.table.kinds.get(kind)
        return "record" if known is None else known.holds

    def parts(self, kind: str | None) -> Mapping[str, str]:
        return self.names.get(kind) or self.names[None]

    def own_key(self, item: Item) -> dict[str, Any]:
        """The item's key exactly as it is stored, as boto3 takes it."""
        return continue_key({name: item[name] for name in self.table.keys})


@dataclass(frozen=True, slots=True)
class Layout:
    """A system's targets. `talks` is the table of conversations and `messages` theirs, where they are not in one item.

    `one_owner`: a message's conversation id (and tenant) can belong to one conversation only, by that table's own key.
    `refusals` are sentences on tables that cannot be erased from safely; `remarks` on those that the scope leaves out.
    """

    place: Place
    talks: Target | None
    messages: Target | None
    others: tuple[Target, ...]
    one_owner: bool
    by_tenant: bool
    refusals: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def targets(self) -> tuple[Target, ...]:
        return (*((self.talks,) if self.talks else ()), *self.others, *((self.messages,) if self.messages else ()))


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation of the user: its id, its tenant, and the key and size of its item."""

    conversation: Any
    tenant: Any
    key: Mapping[str, Any]
    bytes: int


def layout(place: Place, scope: Scope, *, allow_scan: bool = True) -> Layout:
    """The targets of one system for a scope. Raises ScanRefused when only a Scan would find the items and none is allowed."""
    system = place.system
    refusals: list[str] = []
    remarks: list[str] = []
    found: dict[str, Target] = {}
    for key, table in system.tables.items():
        name, owners = place.tables[key], _attributes(table, "user_id")
        if why := _outside(system, table, scope):
            remarks.append(f"{system.title}: {name} {why}")
        elif not owners and not (table is system.messages and _attributes(system.conversations, "user_id")):
            if system.has_part("user_id"):
                refusals.append(f"{system.title}: the items of {name} name no user, and nothing else proves whose they are.")
        elif any(table.attributes[name].type not in _KEY_TYPES for name in owners if name in table.attributes):
            refusals.append(f"{system.title}: {name} keeps its users as neither text nor numbers, which is not supported.")
        else:
            names = {kind: table.parts(kind) for kind in (None, *table.kinds)}
            road = _road(system, table, owners, scope, allow_scan=allow_scan)
            if road is None:
                raise ScanRefused(
                    f"Only a Scan finds a user's items in {name}.",
                    "Allow Scans for this plan.",
                    estimated_units=None,
                    budget=0,
                    table=name,
                )
            found[key] = Target(key, name, table, names, owners, road)
    if not system.has_part("user_id"):
        remarks.append(f"{system.title} names no user in any of its tables: nothing in it is found by a user id.")
    talks = next((target for target in found.values() if target.table is system.conversations), None)
    messages = next((target for target in found.values() if target.table is system.messages), None)
    rest = tuple(target for target in found.values() if target is not talks and target is not messages)
    by_tenant = "tenant_id" in system.conversations.parts() and system.messages is not None and "tenant_id" in system.messages.parts()
    return Layout(place, talks, messages, rest, _one_owner(system), by_tenant, tuple(refusals), tuple(remarks))


def in_scope(target: Target, kind: str | None, conversation: Any, scope: Scope) -> bool:
    """Whether an item of the user is asked for, its tenant aside."""
    if scope.data_type is not None and kind != scope.data_type:
        return False
    return scope.conversation_id is None or (target.holds(kind) != "record" and str(conversation) == scope.conversation_id)


def guard(
    target: Target, item: Item, kind: str | None, subject: Any, talk: Talk | None, whole: Layout, *, owned: bool
) -> tuple[Guard, bool] | None:
    """What makes the delete of this item safe, and whether it takes a transaction. None where nothing does.

    `owned`: the item itself names the user. `talk` is the user's conversation that it belongs to, if it was found.
    """
    names, keys = target.parts(kind), target.table.keys
    owner = names.get("user_id")
    if owned and owner in keys:
        return Guard("owner_in_key"), False
    conditions: list[tuple[str, Any]] = []
    if owned and owner is not None:
        conditions.append((owner, _bare(item, owner)))
    if target.holds(kind) == "message":
        more = [names[part] for part in ("conversation_id", "tenant_id") if part in names and names[part] not in keys]
        conditions += [(name, value) for name in more if (value := _bare(item, name)) is not None]
    if owned:
        return Guard("owner_attribute", tuple(conditions)), False
    if talk is None or whole.talks is None:
        return None
    covered = {part for part, name in names.items() if name in keys or any(name == one for one, _ in conditions)}
    if conditions and whole.one_owner and _talk_parts(whole.talks.table) <= covered:
        return Guard("owner_attribute", tuple(conditions)), False
    parent_owner = whole.talks.names[None].get("user_id") or whole.talks.owners[0]
    proof = () if parent_owner in whole.talks.table.keys else ((parent_owner, typed(whole.talks.table, parent_owner, str(subject))),)
    return Guard("parent_check", proof, (whole.talks.name, talk.key)), True


def typed(table: Table, attribute: str, text: str) -> dict[str, Any] | None:
    """An id as the attribute keeps it; None where it can never be equal to one."""
    known = table.attributes.get(attribute)
    if known is None or known.type == "S":
        return {"S": text}
    try:
        return encode(number(text)) if known.type == "N" and text.strip() == text else None
    except ArithmeticError:
        return None


def value_at(item: Item, attribute: str) -> Any:
    """The value of an attribute, dotted where it is nested; None where there is none."""
    wire = _wire_at(item, attribute)
    return None if wire is None else decode(wire)


def _wire_at(item: Item, attribute: str) -> Wire | None:
    if attribute in item:
        return item[attribute]
    inside: Mapping[str, Any] | None = {"M": item}
    for step in attribute.split("."):
        inside = inside.get("M", {}).get(step)
        if inside is None:
            return None
    return inside


def _bare(item: Item, attribute: str) -> Wire | None:
    """A text or a number as a condition can compare it."""
    wire = _wire_at(item, attribute)
    return dict(wire) if wire is not None and next(iter(wire)) in _KEY_TYPES else None


def _attributes(table: Table, part: str) -> tuple[str, ...]:
    names = (table.parts(kind).get(part) for kind in (None, *table.kinds))
    return tuple(dict.fromkeys(name for name in names if name is not None))


def _outside(system: System, table: Table, scope: Scope) -> str | None:
    """Why the scope leaves the whole table out."""
    if scope.data_type is not None and not _attributes(table, "kind"):
        return "keeps no types of data: it is not in scope."
    if scope.conversation_id is not None and not (table.kinds_holding("conversation") or table.kinds_holding("message")):
        return "holds no conversations: it is not in scope."
    if scope.tenants is None or _attributes(table, "tenant_id"):
        return None
    of_talks = table is system.messages and not _attributes(table, "user_id") and _attributes(system.conversations, "tenant_id")
    return None if of_talks else "names no tenant: it is not in scope."


def _talk_parts(table: Table) -> frozenset[str]:
    """The parts that the key of a conversation's item consists of; one that plays none stands for itself."""
    return frozenset(table.part_of(name) or name for name in table.keys)


def _one_owner(system: System) -> bool:
    if system.messages is None:
        return True
    named = {part for part in ("conversation_id", "tenant_id") if part in system.messages.parts()}
    return _talk_parts(system.conversations) <= named


def _road(system: System, table: Table, owners: Sequence[str], scope: Scope, *, allow_scan: bool) -> Road | None:
    known = {"user_id"} if owners else set[str]()
    known |= {part for part, value in (("kind", scope.data_type), ("conversation_id", scope.conversation_id)) if value and owners}
    if keyed := _keyed(table, table.keys, known):
        return Road("Query", None, keyed)
    if not owners and (keyed := _keyed(table, table.keys, {"conversation_id"})):
        return Road("Query", None, keyed, "conversation")
    sure = {*table.keys, *owners}
    for name, keys in _indexes(table):
        # Who has the key and the user has all of the index's key: nothing of the user can be missing in it.
        if owners and sure.issuperset(keys) and (keyed := _keyed(table, keys, known)):
            return Road("Query", name, keyed)
    if allow_scan:
        return Road("Scan")
    ways: list[Road] = []
    if table is system.messages:
        if keyed := _keyed(table, table.keys, {"conversation_id"}):
            return Road("Query", None, keyed, "conversation", complete=False)
        ways = [
            Road("Query", name, keyed, "conversation", complete=False)
            for name, keys in _indexes(table)
            if (keyed := _keyed(table, keys, {"conversation_id"}))
        ]
    ways += [Road("Query", name, k, complete=False) for name, keys in _indexes(table) if owners and (k := _keyed(table, keys, known))]
    ways += [
        Road("Query", name, k, "tenant", complete=False)
        for name, keys in _indexes(table)
        if owners and len(k := _keyed(table, keys, {*known, "tenant_id"})) == 2 and k[0][1] == "tenant_id"
    ]
    return next(iter(ways), None)


def _indexes(table: Table) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, index in table.indexes.items():
        yield name, (index.partition_key,) if index.sort_key is None else (index.partition_key, index.sort_key)


def _keyed(table: Table, keys: Sequence[str], known: Collection[str]) -> tuple[tuple[str, str], ...]:
    """What a Query of this key would fix; empty where it cannot."""
    fixed: list[tuple[str, str]] = []
    for name in keys:
        part = table.part_of(name)
        if part is None or part not in known or table.attributes[name].type not in _KEY_TYPES:
            break
        fixed.append((name, part))
    return tuple(fixed)
