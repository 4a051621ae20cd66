"""What a look through one system came to: counts by table, and the sentences that a plan says about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from data_access.counts import some
from data_access.erasure.model import FrozenKey
from data_access.erasure.targets import Layout


@dataclass(slots=True)
class Tally:
    items: int = 0
    bytes: int = 0
    units: float = 0.0


@dataclass(slots=True)
class Findings:
    """Filled while the keys are found. `check_units` are those of the checks on conversations, beside the deletes.

    Sentences name tables and tenants, never a user, a conversation or a key.
    """

    title: str
    layout: Layout
    tables: dict[str, Tally] = field(default_factory=dict[str, Tally])
    check_units: float = 0.0
    read_units: Mapping[str, float] = field(default_factory=dict[str, float])
    other_tenants: Counter[str] = field(default_factory=Counter[str])
    elsewhere: Counter[str] = field(default_factory=Counter[str])
    foreign: int = 0
    unguarded: int = 0
    shared: int = 0
    from_snapshot: int = 0
    proved_by: str | None = None

    def count(self, key: FrozenKey, units: float) -> None:
        tally = self.tables.setdefault(key.table, Tally())
        tally.items += 1
        tally.bytes += key.bytes
        tally.units += units

    def blocked(self) -> Iterator[str]:
        """Why nothing of this may be erased as it is."""
        yield from self.layout.refusals
        if self.shared:
            yield (
                f"{self.title}: {some(self.shared, 'conversation id')} of this user also {_is(self.shared, 'belongs', 'belong')} to "
                "another user's conversation, so nothing tells whose the messages are."
            )
        if self.foreign:
            yield (
                f"{self.title}: {some(self.foreign, 'message')} in this user's conversations {_is(self.foreign, 'names', 'name')} "
                "another user. Find out whose they are before anything is erased."
            )

    def out_of_scope(self) -> Iterator[str]:
        """What is there and stays."""
        for tenant, count in sorted(self.other_tenants.items()):
            where = f"in the tenant {tenant}, which is" if tenant else "that name no tenant: they are"
            yield f"{self.title}: this user also has {some(count, 'item')} {where} not in scope."
        for tenant, count in sorted(self.elsewhere.items()):
            yield (
                f"{self.title}: a conversation id of this user also exists in the tenant {tenant}; "
                f"{some(count, 'message')} of it there {_is(count, 'is', 'are')} another's and {_is(count, 'stays', 'stay')}."
            )
        if self.unguarded:
            yield (
                f"{self.title}: {some(self.unguarded, 'message')} with a conversation id of this user "
                f"{_is(self.unguarded, 'names', 'name')} nobody, and nothing else proves whose "
                f"{_is(self.unguarded, 'it is', 'they are')}: not erased."
            )

    def not_performed(self) -> Iterator[str]:
        yield from self.layout.remarks
        messages = self.layout.messages
        if messages is not None and not messages.owners:
            yield f"{self.title}: messages in {messages.name} whose conversation is gone name no user and are not found by one."
            if self.from_snapshot:
                are = _is(self.from_snapshot, "is", "are")
                yield f"{self.title}: of such messages, {self.from_snapshot:,} {are} known by the snapshot and {are} part of this plan."
        for target in self.layout.targets:
            if not target.road.complete:
                yield f"{self.title}: {target.name} was not read from end to end: items that no index has were not looked for."

    def scanned(self) -> Iterator[str]:
        """Which tables were read from end to end, why, and at how many read units."""
        for target in self.layout.targets:
            if target.road.operation == "Scan" or target.name == self.proved_by:
                why = (
                    "no key or index is sure to have every item"
                    if target.road.operation == "Scan"
                    else "to see that no other user has a conversation with the same id"
                )
                yield f"{target.name} was read from end to end, {why}: {self.read_units.get(target.name, 0.0):,.1f} read units."


def _is(count: int, one: str, several: str) -> str:
    return one if count == 1 else several
