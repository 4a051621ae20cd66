"""The units of one table and its indexes while a conversation is written to it and read from it, from sizes alone.

The rules are those of `costs.units` and `costs.index_writes`; here they are applied to bytes by attribute instead of items.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from data_access.costs import units
from data_access.costs.index_writes import entry_units
from data_access.costs.what_if.items import Sizes
from data_access.costs.what_if.model import Scenario
from data_access.systems.spec import Index, Table


@dataclass(frozen=True, slots=True)
class Resource:
    """A table, or one of its indexes: write and read units of one conversation, and what of it stays stored.

    `table` is the name in the system's file. `items` and `bytes` are without what AWS adds for storage.
    """

    table: str
    index: str | None
    writes: float
    reads: float
    items: float
    bytes: float


class Counting:
    """One table of a scenario. Write and read, then ask for `resources`."""

    def __init__(self, scenario: Scenario, key: str) -> None:
        self.table: Table = scenario.system.tables[key]
        chosen = {name: scenario.index(key, name) for name in self.table.indexes}
        self.indexes: Mapping[str, Index] = {name: index for name, index in chosen.items() if index is not None}
        self.held: Mapping[str, AbstractSet[str]] = {name: projected(self.table, index) for name, index in self.indexes.items()}
        self._scenario = scenario
        self._writes: dict[str | None, float] = dict.fromkeys((None, *self.indexes), 0.0)
        self._reads: dict[str | None, float] = dict.fromkeys((None, *self.indexes), 0.0)

    @property
    def written(self) -> float:
        """Write units so far, of the table and its indexes."""
        return sum(self._writes.values())

    def write(self, before: Sizes | None, after: Sizes, changed: AbstractSet[str], times: float = 1) -> None:
        """A put or an update: the item's attributes before and after, and which of them have another value."""
        old = None if before is None else sum(before.values())
        self._writes[None] += times * units.put_units(sum(after.values()), old)
        for name, index in self.indexes.items():
            moved = any(part in changed for part in (index.partition_key, index.sort_key))
            self._writes[name] += times * entry_units(
                None if before is None else self.entry(name, before),
                self.entry(name, after),
                moved=moved,
                changed=not changed.isdisjoint(self.held[name]),
            )

    def entry(self, index: str, sizes: Sizes) -> int | None:
        """Bytes of an item's entry in an index. None: the item has not all of the index's key."""
        known = self.indexes[index]
        if any(part is not None and part not in sizes for part in (known.partition_key, known.sort_key)):
            return None
        return sum(size for name, size in sizes.items() if name in self.held[index])

    def read(self, length: int, units_at: Callable[[int], float], index: str | None = None) -> None:
        """All reads of a conversation with so many messages, of what reading a number of messages costs once."""
        if not length:
            return
        at = range(1, length + 1) if self._scenario.read_at == "growing" else range(length, length + 1)
        self._reads[index] += self._scenario.reads * sum(map(units_at, at)) / len(at)

    def resources(self, stored: Mapping[str | None, tuple[float, float]]) -> tuple[Resource, ...]:
        """The table and its indexes; `stored` has items and bytes for each, the table under None."""
        return tuple(
            Resource(self.table.name, name, self._writes[name], self._reads[name], *stored.get(name, (0.0, 0.0)))
            for name in (None, *self.indexes)
        )

    def kept(self, sizes: Sizes, items: float) -> dict[str | None, tuple[float, float]]:
        """What so many items of these sizes take, in the table and in its indexes."""
        found: dict[str | None, tuple[float, float]] = {None: (items, items * sum(sizes.values()))}
        for name in self.indexes:
            entry = self.entry(name, sizes)
            found[name] = (0.0, 0.0) if entry is None else (items, items * entry)
        return found


def projected(table: Table, index: Index) -> AbstractSet[str]:
    """The attributes that an index of this table holds, of those that the table's file names."""
    keys = {*table.keys, index.partition_key, *([index.sort_key] if index.sort_key else [])}
    if index.projection == "ALL":
        inside = (name for kind in table.kinds.values() for name in kind.attributes)
        return keys | {name.partition(".")[0] for name in (*table.attributes, *inside)}
    return keys | set(index.included)
