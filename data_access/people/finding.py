"""The stored items of one person in one system, one after the other and each once.

First what keys and indexes lead to: the person's conversations and records, then each conversation's messages. Where those can miss
an item (an index leaves out what lacks its attributes, nothing leads from a user to a message whose conversation is gone), the table
is swept: by a Scan that the budget allows, else by what the snapshot knows, and each item that it names is read live.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, Literal

from data_access.dynamo.aws import CONCURRENCY, Source
from data_access.dynamo.codec import Item, decode_item
from data_access.dynamo.meter import Measured
from data_access.dynamo.plan import Step
from data_access.dynamo.read import Page, Reader
from data_access.errors import DataAccessError, NotFound, ScanRefused
from data_access.people import roads
from data_access.people.belonging import Belonging, Shape
from data_access.people.hints import hints, wire_key
from data_access.people.model import Sweep, Unread
from data_access.people.roads import Place
from data_access.people.seen import Seen, key_of
from data_access.snapshot.store import Store
from data_access.systems.spec import Holds

_BATCH = 100
By = Literal["key", "sweep"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose items. `tenants` None: of every tenant; else only items that name one of them, or lie in a conversation that does."""

    user_id: str
    tenants: tuple[str, ...] | None = None
    allow_scan: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """One item. `wire` is as stored, `item` decoded. `conversation_id` and `tenant_id` are the conversation's that it belongs to.

    `hidden` says that the index does not hold it by which a person's items are found.
    """

    place: Place
    holds: Holds
    wire: Item
    item: Mapping[str, Any]
    conversation_id: str | None
    tenant_id: str | None
    by: By
    hidden: bool


class Finder:
    """One system. After `items` has ended: how it was looked for, what could not be read, what it cost."""

    def __init__(self, source: Source, wanted: Wanted, store: Store | None = None) -> None:
        self._source, self._wanted = source, wanted
        self._system = source.place.system
        self._hints = hints(store, source.id, wanted.user_id)
        self.shape = Shape(self._system, source.place.tables)
        self.belonging = Belonging(self.shape, wanted.user_id, wanted.tenants)
        self.places: dict[str, Place] = {}
        self.unread: list[Unread] = []
        self.sweep = Sweep("key")
        limit = None if wanted.allow_scan else source.scan_budget
        self._reader = Reader(source, limit)

    def items(self) -> Iterator[Found]:
        """Raises nothing of what can go wrong with one table: that is in `unread`, and the other tables are read all the same."""
        if not self._system.has_part("user_id"):
            return
        for key in roads.in_order(self._system):
            try:
                self.places[key] = roads.place(self._source, key)
            except DataAccessError as error:
                self._note(self._source.place.tables[key], error)
        self.sweep = self._decide()
        with closing(Seen()) as seen:
            for place in self.places.values():
                yield from self._table(place, seen)

    def measured(self) -> Measured:
        return self._reader.meter.measured()

    @property
    def notes(self) -> tuple[str, ...]:
        """What no reader can find by a user's id, or was not looked for."""
        if not self._system.has_part("user_id"):
            return (f"{self._source.title} has no users.",)
        return self.belonging.notes(self.sweep)

    def _note(self, table: str | None, error: DataAccessError) -> None:
        self.unread.append(Unread(table, error))

    # How

    def _decide(self) -> Sweep:
        """Scan what keys can miss if that is within the budget or allowed, else ask the snapshot, else leave it."""
        blind = [place for place in self.places.values() if not place.is_complete and place.names_users]
        apart = self._system.messages
        witness = apart is not None and not roads.names_part(apart, "user_id")
        if witness:
            # Messages that name nobody are a person's by their conversation alone: nobody else may have one of that id.
            blind += [place for place in self.places.values() if place.table is self._system.conversations and place not in blind]
        if not blind:
            return Sweep("key")
        priced = [roads.scan(self._source, place)[1].units for place in blind]
        units, dollars = sum(priced), [place.facts.usd(cost) for place, cost in zip(blind, priced, strict=True)]
        usd = None if None in dollars else sum(cost for cost in dollars if cost is not None)
        names = tuple(place.name for place in blind)
        if self._wanted.allow_scan or units <= self._source.scan_budget:
            return Sweep("scan", names, units, usd)
        if self._hints is not None:
            return Sweep("snapshot", names, as_of=self._hints.as_of)
        for place in blind:
            if not place.is_complete:
                self._note(place.name, self._refusal(names, units, usd))
                break
        return Sweep("nothing", names, units, usd)

    def _refusal(self, names: Iterable[str], units: float, usd: float | None) -> ScanRefused:
        price = "price unknown" if usd is None else f"${usd:,.4f}"
        tables = " and ".join(names)
        return ScanRefused(
            f"What no key leads to needs a Scan of {tables}: about {units:,.0f} read units ({price}), above the budget of"
            f" {self._source.scan_budget:,.0f}.",
            "Allow the Scan, or sync the snapshot.",
            estimated_units=units,
            budget=self._source.scan_budget,
            table=tables.partition(" ")[0],
        )

    # What

    def _table(self, place: Place, seen: Seen) -> Iterator[Found]:
        by_user = roads.by_user(place, self._wanted.user_id, self._tenants(place)) if place.names_users else ()
        each = roads.by_conversation(place) if place.table is self._system.messages else None
        meant = place.name in self.sweep.tables
        swept = meant and self.sweep.by != "nothing"
        # One way alone brings nothing twice.
        met = seen if swept or (by_user and each) else None
        try:
            for step in by_user:
                for page in self._reader.pages(step):
                    for wire in page.items:
                        yield from self._take(place, wire, "key", met)
            if each is not None:
                for wire in self._by_conversation(each):
                    yield from self._take(place, wire, "key", met)
        except DataAccessError as error:
            self._note(place.name, error)
        # A table whose key leads to everything is swept for others' conversations of the same id: where there is one to compare.
        if meant and place.is_complete and self.belonging.is_empty:
            self._leave_out(place)
        elif swept:
            yield from self._swept(place, seen)
        if place.table is self._system.conversations:
            self.belonging.settle(seen if self.sweep.by == "scan" else None, self._shared())

    def _leave_out(self, place: Place) -> None:
        """It is told how it was looked for, not how it might have been."""
        left = tuple(name for name in self.sweep.tables if name != place.name)
        self.sweep = replace(self.sweep, tables=left) if left else Sweep("key")

    def _swept(self, place: Place, seen: Seen) -> Iterator[Found]:
        try:
            yield from self._scanned(place, seen) if self.sweep.by == "scan" else self._known(place, seen)
        except ScanRefused as error:
            # The table is larger than AWS last counted.
            if self._hints is not None:
                self.sweep = Sweep("snapshot", self.sweep.tables, as_of=self._hints.as_of)
                yield from self._swept(place, seen)
                return
            self.sweep = Sweep("nothing", self.sweep.tables, self.sweep.estimated_units, self.sweep.estimated_usd)
            if not place.is_complete:
                self._note(place.name, error)
        except DataAccessError as error:
            self._note(place.name, error)

    def _shared(self) -> set[tuple[str, str | None]]:
        if self.sweep.by != "snapshot" or self._hints is None:
            return set()
        try:
            return self._hints.shared()
        except DataAccessError as error:
            self._note(None, error)
            return set()

    def _tenants(self, place: Place) -> tuple[str, ...]:
        """Those to ask one by one, where an index begins with the tenant."""
        if self._wanted.tenants is not None:
            return self._wanted.tenants
        if self._source.place.tenants:
            return self._source.place.tenants
        # A Scan of the table finds them all anyhow.
        if self._hints is None or self.sweep.by == "scan" or place.is_complete:
            return ()
        try:
            return self._hints.tenants()
        except DataAccessError as error:
            self._note(place.name, error)
            return ()

    def _by_conversation(self, step: Step) -> Iterator[Item]:
        """Each conversation's messages. First pages are fetched a few ahead; no more than those are in memory at once."""
        waiting: deque[tuple[str, Future[Page]]] = deque()
        with ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="query") as pool:
            try:
                for conversation_id in self.belonging.conversation_ids():
                    waiting.append((conversation_id, pool.submit(self._reader.query_page, step, conversation_id)))
                    if len(waiting) >= CONCURRENCY:
                        yield from self._rest(step, *waiting.popleft())
                while waiting:
                    yield from self._rest(step, *waiting.popleft())
            finally:
                for _, future in waiting:
                    future.cancel()

    def _rest(self, step: Step, conversation_id: str, first: Future[Page]) -> Iterator[Item]:
        page = first.result()
        yield from page.items
        while not page.is_last:
            page = self._reader.query_page(step, conversation_id, after=page.last_key)
            yield from page.items

    def _scanned(self, place: Place, seen: Seen) -> Iterator[Found]:
        step, _ = roads.scan(self._source, place)
        others = seen if place.table is self._system.conversations else None
        name, naming = place.user_attribute, place.naming
        for page in self._reader.pages(step):
            for stored in page.items:
                wire = stored
                if name is not None and (said := stored.get(name, {}).get("S")) and said != self._wanted.user_id:
                    # Somebody else's, as nearly all are: nothing but whose it is need be decoded.
                    wire = {name: stored[name] for name in naming if name in stored}
                yield from self._take(place, wire, "sweep", seen, others)

    def _known(self, place: Place, seen: Seen) -> Iterator[Found]:
        """What the snapshot knows to be the person's and was not met yet, as it is now."""
        if self._hints is None or place.is_complete:
            return
        steps: list[Step] = []
        for step in self._hints.keys(place):
            if ("item", place.name, wire_key(step)) not in seen:
                steps.append(step)
            if len(steps) == _BATCH:
                yield from self._batch(place, steps, seen)
                steps.clear()
        if steps:
            yield from self._batch(place, steps, seen)

    def _batch(self, place: Place, steps: list[Step], seen: Seen) -> Iterator[Found]:
        for wire in self._reader.batch(steps).items:
            yield from self._take(place, wire, "sweep", seen)

    def _take(self, place: Place, wire: Item, by: By, seen: Seen | None, others: Seen | None = None) -> Iterator[Found]:
        """The item, if it is the person's and was not met before."""
        item = decode_item(wire)
        owned = self.belonging.of(place.table, item, others)
        if owned is None:
            if self.belonging.is_foreign(place.table, item) and (seen is None or seen.add("foreign", key_of(wire, place.table.keys))):
                self.belonging.foreign += 1
            return
        if seen is not None and not seen.add("item", place.name, key_of(wire, place.table.keys)):
            return
        self.belonging.took(owned)
        index = place.index
        hidden = index is not None and not roads.is_in(index, place.table, wire)
        yield Found(place, owned.holds, wire, item, owned.conversation_id, owned.tenant_id, by, hidden)


def nothing_stored() -> NotFound:
    """The failure of a question about somebody of whom nothing is stored. The id is not in it."""
    return NotFound(
        "Nothing is stored under this user id.",
        "Ids are compared byte for byte: check case, spaces and look-alike letters, and the systems that were asked.",
    )
