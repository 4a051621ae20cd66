"""What each item that was read is: the user's, with the guard of its delete, or somebody else's.

Decided by the item of the table itself, with what its own attributes name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from data_access.costs.index_writes import TableShape, entry_bytes
from data_access.costs.size import item_bytes
from data_access.costs.units import write_units
from data_access.dynamo.codec import Item
from data_access.erasure.model import FrozenKey, Guard, Scope
from data_access.erasure.proof import Proof
from data_access.erasure.targets import FIRST, LAST, Layout, Talk, Target, guard, in_scope, value_at


@dataclass(frozen=True, slots=True)
class Found:
    key: FrozenKey
    units: float
    talk: Talk | None
    checked: bool


@dataclass(slots=True)
class Sorted:
    """What one page was: keys of the user, and what else is to be said of it."""

    found: list[Found] = field(default_factory=list[Found])
    talks: list[tuple[Talk, float, Guard]] = field(default_factory=list[tuple[Talk, float, Guard]])
    other_tenants: Counter[str] = field(default_factory=Counter[str])
    elsewhere: Counter[str] = field(default_factory=Counter[str])
    foreign: int = 0
    unguarded: int = 0
    met: set[str] = field(default_factory=set[str])
    outside: set[tuple[Any, Any]] = field(default_factory=set[tuple[Any, Any]])


class Sorter:
    """Sorts pages. `talks` are the user's conversations by id and tenant, `named` their ids alone, `outside` those of the user in
    tenants that are not in scope; all grow as they are found."""

    def __init__(self, system: str, scope: Scope, whole: Layout, shapes: Mapping[str, TableShape], *, meets: bool) -> None:
        """`meets`: every user that is come across is told of."""
        self.system, self.scope, self.whole, self.shapes, self.meets = system, scope, whole, shapes, meets
        self.talks: dict[tuple[Any, Any], Talk] = {}
        self.named: set[Any] = set()
        self.outside: set[tuple[Any, Any]] = set()
        self.proof = Proof()

    def sort(self, target: Target, page: Sequence[Item]) -> Sorted:
        """Runs where the page was read, in several threads: it changes nothing but its own result."""
        told = Sorted()
        for item in page:
            self._place(target, item, told)
        return told

    def _place(self, target: Target, item: Item, told: Sorted) -> None:
        scope, kind = self.scope, target.kind(item)
        names, holds = target.parts(kind), target.holds(kind)
        stored = {part: value_at(item, names[part]) for part in ("user_id", "conversation_id", "tenant_id") if part in names}
        owner, conversation, tenant = stored.get("user_id"), stored.get("conversation_id"), stored.get("tenant_id")
        owned = owner not in (None, "") and str(owner) == scope.user_id
        talk = self.talks.get(self.spot(conversation, tenant)) if holds == "message" else None
        if not owned:
            if holds != "message":
                if self.meets and isinstance(owner, str):
                    told.met.add(owner)
                return
            if talk is None and not (conversation in self.proof.orphans and owner in (None, "")):
                if owner in (None, "") and self.spot(conversation, tenant) in self.outside:
                    told.other_tenants[str(tenant) if tenant is not None else ""] += 1
                elif conversation in self.named:
                    self._not_mine(owner, tenant, told)
                return
        if conversation in self.proof.shared and holds == "message" and not owned:
            return
        if not in_scope(target, kind, conversation, scope):
            return
        if not owned and owner not in (None, ""):
            told.foreign += 1
            return
        if owned and scope.tenants is not None and tenant not in scope.tenants:
            told.other_tenants[str(tenant) if tenant is not None else ""] += 1
            if holds == "conversation":
                told.outside.add(self.spot(conversation, tenant))
            return
        self._freeze(target, item, kind, talk, owned, conversation, tenant, told)

    def _not_mine(self, owner: Any, tenant: Any, told: Sorted) -> None:
        """A message with a conversation id of the user, in another tenant or in none."""
        if tenant is not None:
            told.elsewhere[str(tenant)] += 1
        elif owner in (None, ""):
            told.unguarded += 1

    def _freeze(
        self, target: Target, item: Item, kind: str | None, talk: Talk | None, owned: bool, conversation: Any, tenant: Any, told: Sorted
    ) -> None:
        safe = guard(target, item, kind, self.scope.user_id, talk, self.whole, owned=owned) or self._as_seen(target, item, kind)
        if safe is None:
            told.unguarded += 1
            return
        own, checked = safe
        size = item_bytes(item)
        units = self._units(target.name, item, size, checked)
        holds = target.holds(kind)
        if target is self.whole.talks and self.whole.messages is not None and holds == "conversation":
            told.talks.append((Talk(conversation, tenant, target.own_key(item), size), units, own))
            return
        rank = LAST if holds == "conversation" else FIRST
        name = None if conversation is None else str(conversation)
        frozen = FrozenKey(self.system, target.name, target.own_key(item), own, rank, size, name)
        told.found.append(Found(frozen, units, talk, checked))

    def _as_seen(self, target: Target, item: Item, kind: str | None) -> tuple[Guard, bool] | None:
        """A message that the snapshot alone knows as the user's: the very message that was seen, told by its own id."""
        name = target.parts(kind).get("message_id")
        if name is None or name in target.table.keys or "S" not in (wire := item.get(name, {})):
            return None
        return Guard("owner_attribute", ((name, dict(wire)),)), False

    def _units(self, table: str, item: Item, size: int, checked: bool) -> float:
        """Write units of the delete with its indexes: a transaction doubles the table's part alone."""
        shape, total = self.shapes[table], float(write_units(size, transactional=checked))
        for name, index in (*shape.gsis.items(), *shape.lsis.items()):
            if index.projection == "ALL":
                entry = size if all(key in item for key in index.key) else None
            else:
                entry = entry_bytes(shape, name, item)
            total += 0 if entry is None else write_units(entry)
        return total

    def spot(self, conversation: Any, tenant: Any) -> tuple[Any, Any]:
        return conversation, tenant if self.whole.by_tenant else None
