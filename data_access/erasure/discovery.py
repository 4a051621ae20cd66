"""Finding every item of a user in one system, as frozen keys, one after the other.

Nothing is kept but the user's conversations: a hundred thousand messages pass through. Whether an item is the user's is decided on
the item of the table itself, never on an entry of an index, which may be late or another's by now.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from data_access.costs.index_writes import TableShape
from data_access.costs.units import condition_check_units
from data_access.dynamo.aws import Source
from data_access.dynamo.codec import Item, encode
from data_access.erasure.model import FrozenKey, Guard, Scope
from data_access.erasure.proof import prove
from data_access.erasure.reading import MOST_LISTED, Reading, Where, in_parallel
from data_access.erasure.sorting import Found, Sorted, Sorter
from data_access.erasure.targets import LAST, Target, layout, typed, value_at
from data_access.erasure.told import Findings

# Deletes beside one ConditionCheck: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
BESIDE_A_CHECK = 99
_SORT_KEY_BYTES = 1_024
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Known:
    """What the snapshot knows of the user in one system: conversations that only this user had, and tenants."""

    conversations: frozenset[str] = frozenset()
    tenants: tuple[str, ...] = ()


class Discovery:
    """One look through one system. `find` goes once; what it came to is in `findings` afterwards.

    `live` is what DescribeTable says of each table. `met` is told of every user that a Scan of the conversations comes across.
    `held` says of a table and a key that its item is known: where an index still shows it as the user's, it is not read again, nor
    found. `beat` is called for each page, whatever is in it: it may raise, which ends the look.
    """

    def __init__(
        self,
        source: Source,
        scope: Scope,
        live: Mapping[str, Mapping[str, Any]],
        *,
        allow_scan: bool = True,
        known: Known | None = None,
        met: Callable[[str], None] | None = None,
        held: Callable[[str, Mapping[str, Any]], bool] | None = None,
        beat: Callable[[], object] = lambda: None,
    ) -> None:
        """Raises ScanRefused."""
        self.layout = layout(source.place, scope, allow_scan=allow_scan)
        self.findings = Findings(source.place.system.title, self.layout)
        self._source, self._scope, self._live, self._met, self._held = source, scope, live, met, held
        self._known, self._beat = known or Known(), beat
        self._reading = Reading(source)
        shapes = {target.name: TableShape.described(live[target.name]) for target in self.layout.targets}
        self._sorter = Sorter(source.id, scope, self.layout, shapes, meets=met is not None)
        self._checks: Counter[tuple[Any, Any]] = Counter()
        self._seconds = 0.0

    @property
    def read_units(self) -> float:
        return self._reading.meter.units

    @property
    def read_usd(self) -> float | None:
        return self._reading.meter.measured().usd

    @property
    def seconds(self) -> float:
        return self._seconds

    @property
    def items(self) -> int:
        """How many were found to be the user's and in scope."""
        return sum(tally.items for tally in self.findings.tables.values())

    @property
    def items_read(self) -> int:
        """What DynamoDB evaluated, somebody else's items with it."""
        return self._reading.meter.measured().items

    @property
    def index_entries(self) -> int:
        """How many entries of indexes go with the items, at most: not every item is in every index."""
        shapes = self._sorter.shapes
        return sum(
            tally.items * (len(shapes[name].gsis) + len(shapes[name].lsis))
            for name, tally in self.findings.tables.items()
            if name in shapes
        )

    @property
    def checked(self) -> int:
        """How many of the deletes are beside a check on their conversation, in a transaction."""
        return self._checks.total()

    def find(self) -> Iterator[FrozenKey]:
        """Every item of the user in the scope, conversations too; in no order. Raises AwsError."""
        whole, began = self.layout, time.monotonic()
        if whole.talks is not None and whole.messages is None:
            yield from self._stream(whole.talks)
        elif whole.talks is not None:
            yield from self._find_talks(whole.talks)
        for target in whole.others:
            yield from self._stream(target)
        if whole.messages is not None:
            yield from self._stream(whole.messages)
        for spot, count in self._checks.items():
            batches = math.ceil(count / BESIDE_A_CHECK)
            self.findings.check_units += batches * condition_check_units(self._sorter.talks[spot].bytes)
        self.findings.read_units = dict(self._reading.meter.measured().by_place)
        self._seconds = time.monotonic() - began

    # What is looked through

    def _find_talks(self, target: Target) -> Iterator[FrozenKey]:
        """The user's conversations, held until it is known whether any of their ids is somebody else's too."""
        rows: list[tuple[tuple[Any, Any], float, Guard]] = []
        for page in self._pages(target):
            self._merge(page)
            for found in page.found:
                yield self._count(found)
            for talk, units, own in page.talks:
                spot = self._sorter.spot(talk.conversation, talk.tenant)
                self._sorter.talks[spot] = talk
                self._sorter.named.add(talk.conversation)
                rows.append((spot, units, own))
        orphans = self._orphans()
        if not self.layout.one_owner and (rows or orphans):
            mine = frozenset(self._sorter.named)
            self._sorter.proof = prove(self._reading, target, self._scope, mine, orphans, self._items(target), self._met, self._beat)
            self.findings.shared = len(self._sorter.proof.shared)
            self.findings.proved_by = target.name
        for spot, units, own in rows:
            talk = self._sorter.talks[spot]
            if talk.conversation not in self._sorter.proof.shared:
                frozen = FrozenKey(self._source.id, target.name, talk.key, own, LAST, talk.bytes, str(talk.conversation))
                yield self._count(Found(frozen, units, None, False))

    def _orphans(self) -> frozenset[str]:
        """Conversations that only the snapshot knows: their messages name nobody, so there is no other way to them."""
        messages = self.layout.messages
        if messages is None or messages.owners or self._scope.tenants is not None:
            return frozenset()
        wanted = self._scope.conversation_id
        return frozenset(one for one in self._known.conversations if one not in self._sorter.named and wanted in (None, one))

    def _stream(self, target: Target) -> Iterator[FrozenKey]:
        for page in self._pages(target):
            self._merge(page)
            for found in page.found:
                yield self._count(found)

    def _pages(self, target: Target) -> Iterator[Sorted]:
        road, sort = target.road, partial(self._sorter.sort, target)
        if road.operation == "Scan":
            if target is self.layout.messages and not target.owners and not self._sorter.named and not self._sorter.proof.orphans:
                return iter(())
            where = Where()
            return self._reading.scan(target.name, self._filters(target, where), where, self._items(target), sort)
        asked = [equals for equals in self._asked(target) if equals is not None]
        tasks = (partial(self._read, target, equals) for equals in asked)
        return in_parallel(tasks, max(1, min(self._reading.workers, len(asked)))) if asked else iter(())

    def _read(self, target: Target, equals: Sequence[tuple[str, Mapping[str, Any]]]) -> Iterator[Sorted]:
        for page in self._reading.query(target.name, equals, target.road.index):
            if target.road.index is None:
                yield self._sorter.sort(target, page)
                continue
            keys = [target.own_key(item) for item in page if not self._is_held(target, item)]
            for start in range(0, max(1, len(keys)), _PAGE):  # of a page that is known nothing, and that at once: it is a beat
                yield self._sorter.sort(target, self._reading.get(target.name, keys[start : start + _PAGE]))

    def _is_held(self, target: Target, entry: Item) -> bool:
        if self._held is None or (target is self.layout.talks and self.layout.messages is not None):
            return False  # by conversations the messages are found
        attribute = target.parts(target.kind(entry)).get("user_id")
        owner = None if attribute is None else value_at(entry, attribute)
        return owner is not None and str(owner) == self._scope.user_id and self._held(target.name, target.own_key(entry))

    def _asked(self, target: Target) -> Iterator[list[tuple[str, Mapping[str, Any]]] | None]:
        scope, road = self._scope, target.road
        given: dict[str, str | None] = {"user_id": scope.user_id, "kind": scope.data_type, "conversation_id": scope.conversation_id}
        if road.each == "tenant":
            place = self._source.place
            for tenant in dict.fromkeys((*place.tenants, *self._known.tenants, *(scope.tenants or ()))):
                yield self._equals(target, given | {"tenant_id": tenant})
        elif road.each == "conversation":
            for one in (*self._sorter.named, *self._sorter.proof.orphans):
                if one not in self._sorter.proof.shared:
                    yield [(road.keys[0][0], encode(one))]
        else:
            yield self._equals(target, given)

    def _equals(self, target: Target, given: Mapping[str, str | None]) -> list[tuple[str, Mapping[str, Any]]] | None:
        """The key condition; None where no stored key can be equal to it."""
        equals: list[tuple[str, Mapping[str, Any]]] = []
        for number, (attribute, part) in enumerate(target.road.keys):
            text = given[part] or ""
            wire = typed(target.table, attribute, text)
            if wire is None or not text or (number and len(text.encode()) > _SORT_KEY_BYTES):
                return None
            equals.append((attribute, wire))
        return equals

    def _filters(self, target: Target, where: Where) -> list[str]:
        """What a Scan is to bring. Empty: everything, since the ids are too many for an expression, or every user is to be met."""
        if target is self.layout.talks and self._met is not None:
            return []
        ids = [*self._sorter.named, *self._sorter.proof.orphans] if target is self.layout.messages else []
        if len(ids) > MOST_LISTED:
            return []
        wires = [(name, typed(target.table, name, self._scope.user_id)) for name in target.owners]
        mine = [where.equal(name, wire) for name, wire in wires if wire is not None]
        if not ids:
            return mine
        return [*mine, *where.among(target.names[None]["conversation_id"], [encode(one) for one in ids])]

    def _items(self, target: Target) -> int | None:
        count: int | None = self._live[target.name].get("ItemCount")
        return count or None

    def _merge(self, page: Sorted) -> None:
        self._beat()
        told = self.findings
        told.other_tenants.update(page.other_tenants)
        told.elsewhere.update(page.elsewhere)
        self._sorter.outside |= page.outside
        told.foreign += page.foreign
        told.unguarded += page.unguarded
        if self._met is not None:
            for user in page.met:
                self._met(user)

    def _count(self, found: Found) -> FrozenKey:
        self.findings.count(found.key, found.units)
        if found.checked and found.talk is not None:
            self._checks[self._sorter.spot(found.talk.conversation, found.talk.tenant)] += 1
        if found.talk is None and found.key.conversation in self._sorter.proof.orphans:
            self.findings.from_snapshot += 1
        return found.key
