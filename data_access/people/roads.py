"""How one person's items are found in each table of a system: by key, by index, by conversation, and what each of them cannot see."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from data_access.dynamo.aws import Source
from data_access.dynamo.estimating import Estimate, Estimator
from data_access.dynamo.facts import Facts, TableFacts
from data_access.dynamo.paths import Access, Window, best_access, fan_out
from data_access.dynamo.plan import Operation, Step
from data_access.dynamo.read import parallel
from data_access.dynamo.sizes import Extent
from data_access.errors import UsageError
from data_access.systems.spec import Index, System, Table

_NAMING = ("user_id", "tenant_id", "conversation_id", "kind")
_ALWAYS = Window(None, None)
_facts = Facts()


@dataclass(frozen=True, slots=True)
class Place:
    """One table: our name for it, the live name, how it is described, and what DescribeTable says."""

    key: str
    name: str
    table: Table
    facts: TableFacts

    @property
    def names_users(self) -> bool:
        return names_part(self.table, "user_id")

    @property
    def user_attribute(self) -> str | None:
        """The attribute that names the user, where it is one of the item's own and the same for all kinds."""
        names = {self.table.parts(kind).get("user_id") for kind in (None, *self.table.kinds)}
        (name,) = names if len(names) == 1 else (None,)
        return None if name is None or "." in name else name

    @property
    def naming(self) -> frozenset[str]:
        """The attributes that say whose an item is and where it belongs."""
        parts = [self.table.parts(kind).get(part) for kind in (None, *self.table.kinds) for part in _NAMING]
        return frozenset({name.partition(".")[0] for name in parts if name} | set(self.table.keys))

    @property
    def is_complete(self) -> bool:
        """Whether the table's own key leads to all of a person's items, so that no Scan could find more."""
        part = self.table.part_of(self.table.partition_key)
        return part == "user_id" or (part == "conversation_id" and not self.names_users)

    @property
    def index(self) -> Index | None:
        """The index by which a person's items are found here; None where it is the table's own key, or nothing at all."""
        if self.is_complete:
            return None
        wanted = ("user_id", "conversation_id") if self.table.kinds_holding("message") else ("user_id",)
        for part in wanted:
            for name in self.facts.indexes:
                index = self.table.indexes[name]
                if part in {self.table.part_of(index.partition_key), self.table.part_of(index.sort_key or "")}:
                    return index
        return None


def place(source: Source, key: str) -> Place:
    """Raises AwsError."""
    return Place(key, source.place.tables[key], source.place.system.tables[key], _facts.of(source, key))


def in_order(system: System) -> tuple[str, ...]:
    """Our names of the tables: conversations first, since they lead to the messages, which come last."""
    return tuple(
        sorted(system.tables, key=lambda key: (system.tables[key] is system.messages, system.tables[key] is not system.conversations))
    )


def names_part(table: Table, part: str) -> bool:
    return any(part in table.parts(kind) for kind in (None, *table.kinds))


def by_user(place: Place, user_id: str, tenants: Collection[str]) -> tuple[Step, ...]:
    """The Queries that lead to a person's items: one, or one for each tenant where the index begins with the tenant."""
    found = [_access(place, {"user_id": user_id})]
    if found[0] is None:
        found = [_access(place, {"user_id": user_id, "tenant_id": tenant}) for tenant in tenants]
    return tuple(step(place, access, "the key leads to the person's items") for access in found if access is not None)


def by_conversation(place: Place) -> Step | None:
    """The Query that is asked for each conversation."""
    access = fan_out(place.table, place.facts.indexes)
    return None if access is None else step(place, access, "the key leads to a conversation's messages")


def _access(place: Place, known: Mapping[str, str]) -> Access | None:
    try:
        access = best_access(place.table, known, _ALWAYS, None, place.facts.indexes)
    except UsageError:  # Longer than a sort key can be: the index holds no such item.
        return None
    # An index of the tenant alone would read everybody's.
    return access if access is not None and "user_id" in access.parts else None


def step(place: Place, access: Access, reason: str) -> Step:
    return Step(Operation.QUERY, "conversations", place.name, access.index, access.keys, access.filters, reason, 0.0, 0.0)


def scan(source: Source, place: Place) -> tuple[Step, Estimate]:
    """A Scan of the whole table, and what it is likely to cost. Without a filter: it would cost the same."""
    estimate = Estimator(None, parallel(source)).scan(place.facts, Extent(place.name, {}))
    usd = place.facts.usd(estimate.units)
    reason = "no key or index leads to everything of one person"
    return (
        Step(
            Operation.SCAN, "conversations", place.name, None, (), (), reason, estimate.units, usd, max(1, estimate.times), estimate.basis
        ),
        estimate,
    )


def is_in(index: Index, table: Table, wire: Mapping[str, Any]) -> bool:
    """Whether an item is in an index: it is only with both key attributes, each of the type that the key has."""
    names = (index.partition_key,) if index.sort_key is None else (index.partition_key, index.sort_key)
    return all(table.attributes[name].type in wire.get(name, {}) for name in names)
