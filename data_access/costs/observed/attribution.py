"""What a conversation, a message, an active user and a tenant cost: the observed dollars, split by the snapshot's sizes.

Split are storage, by the bytes that lie in the table; writes, by bytes written; reads, by bytes of the conversations that were
gone on with (keys.py says how each is counted). An index costs what its table's items make of it. Not split, and said as shared:
indexes that nobody read, point-in-time recovery, backups, and what nothing in the snapshot explains. Split and shared add up to
the lines that have dollars; the free tier is the account's, and in neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from data_access.costs.observed.keys import Counts, Key, Part, SystemKeys, read_keys
from data_access.costs.observed.model import Line, Observed, ResourceCosts, What, add
from data_access.snapshot.hot import Hot

NEVER_READ = "indexes never read"
UNEXPLAINED = "not explained by the snapshot"
_KEY_OF: Mapping[What, Key] = {
    "storage": "stored",
    "writes": "written",
    "write capacity": "written",
    "reads": "read",
    "read capacity": "read",
}
HOW: Mapping[str, str] = {
    "storage": "By the bytes that lie in the table, 100 more for each item.",
    "writes": "By the bytes written in the window: a message's own where it is an item, else its conversation's whole item each time.",
    "reads": "By the bytes of a conversation, once for each of its messages in the window.",
    "shared": "Indexes that nobody read in the window, point-in-time recovery, backups, and what nothing in the snapshot explains.",
}


@dataclass(frozen=True, slots=True)
class Each:
    """Dollars of one: what is its own, and what it would carry of the shared ones. None where there is none to divide by."""

    usd: float | None
    shared_usd: float | None


@dataclass(frozen=True, slots=True)
class TenantCosts:
    """A tenant's own dollars in the window; `tenant` is None for all that has no tenant."""

    tenant: str | None
    usd: float
    conversations: int
    messages: int
    users: int


@dataclass(frozen=True, slots=True)
class SystemAttribution:
    """One system's. Counts are of the window; conversations are those with a message in it, users those who wrote.

    A conversation and a message carry what is of conversations, an active user all that is attributed, records too. `shared`
    is by reason. `total_usd` is attributed and shared together; `complete` is False where a line has no known dollars.
    """

    system: str
    as_of: datetime | None
    conversations: int
    messages: int
    users: int
    of_conversations_usd: float
    of_records_usd: float
    shared: Mapping[str, float]
    conversation: Each
    message: Each
    user: Each
    tenants: tuple[TenantCosts, ...]
    complete: bool

    @property
    def attributed_usd(self) -> float:
        return self.of_conversations_usd + self.of_records_usd

    @property
    def shared_usd(self) -> float:
        return sum(self.shared.values())

    @property
    def total_usd(self) -> float:
        return self.attributed_usd + self.shared_usd


@dataclass(frozen=True, slots=True)
class UnusedIndex:
    """An index that nobody read in the window. Dollars of its storage, writes and capacity: the window's, and a month's at this rate."""

    system: str
    table: str
    index: str
    writes: float | None
    usd: float | None
    month_usd: float | None
    complete: bool


@dataclass(frozen=True, slots=True)
class Attribution:
    since: datetime
    until: datetime
    systems: tuple[SystemAttribution, ...]
    unused: tuple[UnusedIndex, ...]
    how: Mapping[str, str] = field(default_factory=lambda: HOW)


def attribute(hot: Hot, observed: Observed) -> Attribution:
    """Split what was observed. A system that is not in the snapshot has all its dollars among the shared ones."""
    keys = read_keys(hot, observed.since, observed.until)
    systems = dict.fromkeys(resource.system for resource in observed.resources)
    return Attribution(
        observed.since,
        observed.until,
        tuple(_attribute(system, observed.of(system), keys.get(system, SystemKeys()), hot.as_of(system)) for system in systems),
        unused_indexes(observed),
    )


def unused_indexes(observed: Observed) -> tuple[UnusedIndex, ...]:
    """Indexes of which CloudWatch knows that nobody read them in the window, dearest first. Unknown reads are not zero reads."""
    found = [
        UnusedIndex(one.system, one.table, one.index, one.writes, one.usd, one.month_usd, one.complete)
        for one in observed.resources
        if one.index is not None and one.reads == 0
    ]
    return tuple(sorted(found, key=lambda one: -(one.usd or 0.0)))


def _attribute(system: str, resources: tuple[ResourceCosts, ...], keys: SystemKeys, as_of: datetime | None) -> SystemAttribution:
    own: dict[Part, float] = {}
    shared: dict[str, float] = {}
    for resource in resources:
        for line in resource.lines:
            if not line.usd:
                continue
            parts, reason = _parts(resource, line, keys)
            whole = sum(parts.values())
            if whole <= 0:
                shared[reason] = shared.get(reason, 0.0) + line.usd
                continue
            for part, key in parts.items():
                own[part] = own.get(part, 0.0) + line.usd * (key / whole)
    counts = keys.total
    talks = sum(usd for part, usd in own.items() if part.holder == "conversations")
    records = sum(usd for part, usd in own.items() if part.holder == "records")
    common = sum(shared.values())
    known = add(resource.usd for resource in resources) is not None
    return SystemAttribution(
        system,
        as_of,
        counts.conversations,
        counts.messages,
        counts.users,
        talks,
        records,
        shared,
        _each(talks, common, counts.conversations if known else 0),
        _each(talks, common, counts.messages if known else 0),
        _each(talks + records, common, counts.users if known else 0),
        _tenants(own, keys),
        all(resource.complete for resource in resources),
    )


def _parts(resource: ResourceCosts, line: Line, keys: SystemKeys) -> tuple[Mapping[Part, float], str]:
    """Whose a line is, and in what proportion; where it is nobody's, why."""
    if resource.index is not None and resource.reads == 0:
        return {}, NEVER_READ
    if (key := _KEY_OF.get(line.what)) is None:
        return {}, line.what
    table = keys.keys.get(resource.table)
    return ({} if table is None else table[key]), UNEXPLAINED


def _tenants(own: Mapping[Part, float], keys: SystemKeys) -> tuple[TenantCosts, ...]:
    dollars: dict[str | None, float] = dict.fromkeys(keys.counts, 0.0)
    for part, usd in own.items():
        dollars[part.tenant] = dollars.get(part.tenant, 0.0) + usd
    found: list[TenantCosts] = []
    for tenant, usd in dollars.items():
        counts = keys.counts.get(tenant, Counts())
        found.append(TenantCosts(tenant, usd, counts.conversations, counts.messages, counts.users))
    return tuple(sorted(found, key=lambda one: (-one.usd, one.tenant or "")))


def _each(usd: float, shared: float, count: int) -> Each:
    return Each(usd / count, shared / count) if count else Each(None, None)
