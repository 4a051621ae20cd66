"""One sweep of the independent reader: every frozen key, the user's partitions and indexes, and whole tables where it must.

What an index or a Scan brings is only a candidate: each is read again from its table, whole and consistent, before it counts.
Memory goes with what is found, not with what was planned: after an erasure that is next to nothing.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from data_access.dynamo.aws import CONCURRENCY, Source
from data_access.dynamo.codec import Item
from data_access.erasure.model import FrozenKey, Scope
from data_access.erasure.sweep_reads import MOST_KEYS, Asked, Reads
from data_access.erasure.sweep_scope import Sight, Watch, asks, in_scope, judge, scan, sight, strangers, talk_of, watches
from data_access.erasure.verification import TO_ERASE, Found, Leftover, Looked, Residual, Seen, Unread
from data_access.errors import AwsError

# Whole items: 25 of the largest are 10 MB.
_WHOLE = 25
_PLANNED, _SCAN = "at the keys of the plan", "by a Scan alone"
_WHAT: Mapping[Seen, str] = {
    Seen.LEFTOVER: "Written before the cut-off, or without a time, and still there",
    Seen.STUB: "Nothing but keys and fields of an update: made again by an update after the delete",
    Seen.LATE: "Written after the cut-off into what was erased",
    Seen.INDEX: "Gone from the table, and still shown by an index",
}


@dataclass(slots=True)
class Talks:
    """The conversations that the plan erases: (system, id) to its tenants, none where they are not known. Kept over all sweeps."""

    tenants: dict[tuple[str, str], set[str]] = field(default_factory=dict[tuple[str, str], set[str]])

    def add(self, system: str, talk: tuple[str, str | None] | None) -> None:
        if talk is not None:
            of = self.tenants.setdefault((system, talk[0]), set())
            if talk[1] is not None:
                of.add(talk[1])

    def has(self, system: str, talk: str | None, tenant: Any) -> bool:
        known = None if talk is None else self.tenants.get((system, talk))
        return known is not None and (not known or tenant is None or tenant in known)

    def of(self, system: str) -> list[str]:
        return [talk for one, talk in self.tenants if one == system]


class Look:
    """One sweep. `keys` begins a new pass through the frozen keys at each call."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        scope: Scope,
        keys: Callable[[], Iterable[FrozenKey]],
        cutoff: datetime,
        talks: Talks,
        *,
        patience: float,
        beat: Callable[[], object],
    ) -> None:
        self._sources = {name: sources[name] for name in scope.systems if name in sources}
        self._scope, self._keys, self._cutoff, self._talks = scope, keys, cutoff, talks
        self._reads = {name: Reads(source, patience=patience, beat=beat) for name, source in self._sources.items()}
        self._beat = beat
        self._watches = {name: watches(source.place, scope) for name, source in self._sources.items()}
        self._by_table = {(name, watch.name): watch for name, found in self._watches.items() for watch in found}
        self._met: set[bytes] = set()  # keys of items that were looked at
        self._sights: list[Sight] = []
        self._rows: dict[tuple[str, str], dict[Any, Seen]] = {}  # the conversations' own items that are there
        self._gone: Counter[tuple[str, str, str]] = Counter()
        self._told = Looked()
        for name in scope.systems:
            if name not in sources:
                self._told.unread[name, "", None] = Unread(name, "", "unknown_system", f"The system {name} is not switched on here.")

    def run(self, *, whole: bool) -> Looked:
        """`whole`: with a Scan of each table that needs one. What cannot be read is told, not raised."""
        try:
            self._frozen()
            for system, found in self._watches.items():
                for watch in found:
                    self._roads(system, watch)
                    if whole and watch.needs_scan:
                        self._scan(system, watch)
            self._sum()
        finally:
            for reads in self._reads.values():
                reads.close()
        return self._told

    # Reading

    def _frozen(self) -> None:
        """Every planned key, in hundreds. The conversations are noted on the way."""
        running: list[tuple[Watch, Future[Any]]] = []
        for watch, keys in self._hundreds():
            if (watch.system, watch.name, None) in self._told.unread:
                continue
            running.append((watch, self._reads[watch.system].batch(watch.name, keys, watch.table.keys)))
            if len(running) > CONCURRENCY:
                self._there(*running.pop(0))
        for one in running:
            self._there(*one)

    def _there(self, watch: Watch, future: Future[Any]) -> None:
        self._beat()
        try:
            items = future.result()
        except AwsError as error:
            self._cannot(watch, None, error)
            return
        self._candidates(watch, items, _PLANNED)

    def _hundreds(self) -> Iterator[tuple[Watch, list[Item]]]:
        open_: dict[tuple[str, str], dict[bytes, Item]] = {}
        for frozen in self._keys():
            spot = (frozen.system, frozen.table)
            watch = self._by_table.get(spot)
            if watch is None:
                # A key of a table that is in no file any more: it cannot be called clean.
                self._told.unread[(*spot, None)] = Unread(*spot, "unknown_table", f"{frozen.table} is in no system's file that is loaded.")
                continue
            self._told.checked += 1
            self._talks.add(frozen.system, talk_of(frozen, self._tenant_names(frozen.system)))
            batch = open_.setdefault(spot, {})
            batch[_digest(watch, frozen.key)] = frozen.key  # One request must not name a key twice.
            if len(batch) == MOST_KEYS:
                yield watch, list(open_.pop(spot).values())
        for spot, batch in open_.items():
            yield self._by_table[spot], list(batch.values())

    def _tenant_names(self, system: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for watch in self._watches[system] for name in watch.tenants))

    def _roads(self, system: str, watch: Watch) -> None:
        place = self._sources[system].place
        known = {tenant for (one, _), of in self._talks.tenants.items() if one == system for tenant in of}
        tenants = self._scope.tenants if self._scope.tenants is not None else sorted({*place.tenants, *known})
        live = [talk for one, talk in self._rows if one == system and (one, talk) not in self._talks.tenants]
        self._pages(watch, asks(watch, self._scope, tenants, [*self._talks.of(system), *live]))

    def _scan(self, system: str, watch: Watch) -> None:
        talks = [*self._talks.of(system), *(talk for one, talk in self._rows if one == system)]
        if not watch.owners and not talks:
            return
        if self._pages(watch, _segments(scan(watch, self._scope, dict.fromkeys(talks)))):
            self._told.scanned.append(watch.name)

    def _pages(self, watch: Watch, asked: Iterable[Asked]) -> bool:
        """False when the table could not be read to its end."""

        def while_it_can_be_read() -> Iterator[Asked]:
            for one in asked:
                if (watch.system, watch.name, one.index) not in self._told.unread:
                    yield one

        for page in self._reads[watch.system].pages(while_it_can_be_read()):
            if page.error is not None:
                self._cannot(watch, page.asked.index, page.error)
            asked_by_scan = page.asked.method == "scan"
            items = [item for item in page.items if self._maybe(watch, item)] if asked_by_scan else page.items
            how = _SCAN if asked_by_scan else f"by {page.asked.index or 'a Query of the table'}"
            self._candidates(watch, items, how, index=page.asked.index)
        return (watch.system, watch.name, None) not in self._told.unread

    def _maybe(self, watch: Watch, item: Item) -> bool:
        """Whether what a Scan brought can be the user's: it brings more than that where there are many conversations."""
        owner = watch.value(item, watch.owners)
        return str(owner) == self._scope.user_id if owner is not None else self._in_talk(watch, item)

    def _in_talk(self, watch: Watch, item: Item) -> bool:
        talk, tenant = watch.value(item, watch.talks), watch.value(item, watch.tenants)
        if talk is None:
            return False
        rows = self._rows.get((watch.system, str(talk)), {})
        return self._talks.has(watch.system, str(talk), tenant) or bool(rows and (tenant is None or tenant in rows or None in rows))

    def _candidates(self, watch: Watch, items: Iterable[Item], how: str, *, index: str | None = None) -> None:
        fresh: dict[bytes, Item] = {}
        for item in items:
            key = watch.key(item)
            digest = _digest(watch, key)
            if digest not in self._met:
                self._met.add(digest)
                fresh[digest] = key
        keys = list(fresh.values())
        for start in range(0, len(keys), _WHOLE):
            self._beat()
            some = keys[start : start + _WHOLE]
            try:
                found = self._reads[watch.system].get(watch.name, some)
            except AwsError as error:
                self._cannot(watch, None, error)
                return
            kept = sum(self._see(watch, item, how) for item in found)
            if index is not None and kept < len(some):
                # An entry whose item is gone, or is not the user's: it is the index that is behind.
                by_user = watch.table.indexes[index].partition_key not in watch.talks
                self._gone[watch.system, watch.name, index] += len(some) - (kept if by_user else len(found))

    def _see(self, watch: Watch, item: Item, how: str) -> bool:
        """Take in one whole item. False where it is not the user's."""
        planned = how == _PLANNED
        owner = watch.value(item, watch.owners)
        if owner is not None:
            if str(owner) != self._scope.user_id:
                return False
        elif not planned and not self._in_talk(watch, item):
            return False
        one = sight(watch, item, planned=planned, found_by=how)
        if in_scope(one, item, self._scope):
            if one.holds == "conversation" and one.talk is not None:
                self._rows.setdefault((watch.system, one.talk), {})[one.tenant] = self._class(one)
            self._sights.append(one)
        return True

    def _cannot(self, watch: Watch, index: str | None, error: AwsError) -> None:
        self._told.unread[watch.system, watch.name, index] = Unread(watch.system, watch.name, error.code, error.sentence, index)

    # What it comes to

    def _class(self, one: Sight) -> Seen:
        erased = one.planned or self._talks.has(one.watch.system, one.talk, one.tenant)
        rows = self._rows.get((one.watch.system, one.talk or ""), {}) if one.holds == "message" else {}
        row = rows.get(one.tenant)
        if row is None and one.tenant is None and rows:
            row = Seen.NEW if Seen.NEW in rows.values() else next(iter(rows.values()))
        return judge(one, self._cutoff, erased=erased, row=row)

    def _sum(self) -> None:
        left: Counter[tuple[str, str, Seen, str]] = Counter()
        fresh: Counter[tuple[str, str]] = Counter()
        taken: dict[tuple[str, str], bool] = {}
        for one in self._sights:
            system, table, kind = one.watch.system, one.watch.name, self._class(one)
            if kind is Seen.LATE and not one.named and one.talk is not None and self._taken(taken, system, one.talk):
                continue
            if kind is Seen.NEW:
                fresh[system, table] += 1
                continue
            left[system, table, kind, one.found_by] += 1
            if kind in TO_ERASE:
                self._told.leftovers.add(Leftover(system, table, one.key, kind, one.talk))
        told = self._told
        told.residuals = [Residual(s, table, n, f"{_WHAT[kind]}; found {how}.", kind) for (s, table, kind, how), n in sorted(left.items())]
        told.residuals += [
            Residual(s, table, n, f"{_WHAT[Seen.INDEX]}: {index}.", Seen.INDEX) for (s, table, index), n in sorted(self._gone.items()) if n
        ]
        for system, table in self._by_table:
            count = sum(one.count for one in told.residuals if (one.system, one.table) == (system, table))
            told.found.append(Found(system, table, count, fresh[system, table]))
        for reads in self._reads.values():
            measured = reads.meter.measured()
            told.units += measured.units
            told.usd = None if told.usd is None or measured.usd is None else told.usd + measured.usd

    def _taken(self, taken: dict[tuple[str, str], bool], system: str, talk: str) -> bool:
        """Whether somebody else began a conversation with this id since: then what names nobody may be theirs."""
        if (system, talk) not in taken:
            mine = self._scope.user_id
            taken[system, talk] = False
            for watch in (one for one in self._watches[system] if one.is_conversations):
                for page in self._reads[system].pages([strangers(watch, talk)]):
                    if page.error is not None:
                        self._cannot(watch, None, page.error)
                    owners = (watch.value(item, watch.owners) for item in page.items)
                    taken[system, talk] |= any(owner is not None and str(owner) != mine for owner in owners)
        return taken[system, talk]


def _segments(asked: Asked) -> Iterator[Asked]:
    """The same Scan in parallel parts."""
    for number in range(CONCURRENCY):
        yield Asked(asked.method, asked.table, asked.index, {**asked.request, "Segment": number, "TotalSegments": CONCURRENCY})


def _digest(watch: Watch, key: Item) -> bytes:
    """16 bytes for a key: what a hundred thousand of them can be held in."""
    plain = [(name, *(str(part) for part in next(iter(key[name].items())))) for name in watch.table.keys]
    return hashlib.blake2b(orjson.dumps((watch.system, watch.name, plain)), digest_size=16).digest()
