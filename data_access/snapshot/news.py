"""Which way to what is new, and what that way cannot see: decided by the system's layout and by price.

A message table with an index of a tenant's messages by time is asked for each tenant's last ones. One that is only reached by
conversation is asked for the messages of the sessions that changed. Conversations with everything inside are asked for by
user and start, as far as the index is cheaper than a Scan. Where none of these holds, or costs nearly as much, all is read:
one table that holds a user's items (Remo) has no time in its keys, and its users' Queries together cost more than its Scan.
"""

# ruff: noqa: S608 - statements are put together from this package's own names; what was typed or stored is a value
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from data_access.costs.units import get_units, query_units
from data_access.dynamo.aws import Source
from data_access.dynamo.codec import Item
from data_access.dynamo.paths import Window, best_access, fan_out, ranges
from data_access.dynamo.plan import Operation, Step, Term
from data_access.items.values import time
from data_access.snapshot import full
from data_access.snapshot.state import State
from data_access.systems.spec import Table

Ask = Callable[[str, str], list[Any]]

# Clocks differ and writers are late: what is this much older than the newest known message is read once more.
OVERLAP = timedelta(minutes=5)
# A conversation in one item goes on after it began: those that began within this time are read once more.
REREAD = timedelta(days=2)
# An update that costs this share of a full read is not worth its blind spots.
WORTH = 0.5


class Way(StrEnum):
    TENANTS = "tenants"
    SESSIONS = "sessions"
    USERS = "users"


@dataclass(frozen=True, slots=True)
class Route:
    """How an update is made. `starts` are the tenants or users to ask for, each with the time to read from (None: from the beginning)."""

    way: Way
    method: str
    blind_spots: tuple[str, ...]
    units: float
    usd: float | None
    starts: Mapping[str, datetime | None]


def plan(source: Source, state: State, ask: Ask) -> Route | None:
    """The cheapest way to what is new; None where everything is to be read. Reads no item. Raises AwsError, SnapshotError.

    `ask` puts a question to the rows of a table of this system: `{rows}` in it is where they are.
    """
    if not state.coverage.messages:
        return None  # The tables were being filled, perhaps: no time is known after which something is new.
    whole = sum(step.estimated_units for step in full.everything(source).values())
    inside = source.place.system.messages is None
    found = _by_user(source, state, ask) if inside else _by_tenant(source, state, ask) or _by_session(source, state)
    return found if found is not None and found.units < WORTH * whole else None


def _by_tenant(source: Source, state: State, ask: Ask) -> Route | None:
    table, key = _messages(source)
    known = full.facts.of(source, key)
    access = best_access(table, {"tenant_id": "x"}, Window(datetime.now(UTC), None), None, known.indexes)
    if access is None or len(access.keys) != 1 or access.ranges == (None,):
        return None
    starts = dict.fromkeys(source.place.tenants, None) | _newest(state, ask)
    if not starts:
        return None
    # An update reads the overlap and, where offsets are possible, half a day more: as a share of the time that is covered.
    share = _share(state, OVERLAP + timedelta(hours=12))
    units = query_units(known.total_bytes * share) + len(starts) * len(access.ranges) * query_units(0)
    names = f"{access.index or table.partition_key} of {source.place.tables[key]}"
    return Route(
        Way.TENANTS,
        f"{len(starts)} tenants' newest messages by {names}, and the sessions of what changed",
        (
            "tenants that the snapshot does not know and the configuration does not name",
            "messages that were changed or deleted, or written with a time before the newest known one",
            "sessions that were changed or deleted, or have no message",
        ),
        units,
        known.usd(units),
        starts,
    )


def _by_session(source: Source, state: State) -> Route | None:
    table, key = _messages(source)
    known = full.facts.of(source, key)
    access = fan_out(table, known.indexes)
    if access is None:
        return None
    sessions = full.everything(source)[_sessions_key(source)]
    # A tenth of a percent of the conversations at least is taken to have gone on.
    units = sessions.estimated_units + max(1.0, state.coverage.conversations / 1000)
    return Route(
        Way.SESSIONS,
        f"a Scan of {sessions.table}, then the new messages of the sessions that changed by {access.index or 'the key'} "
        f"of {source.place.tables[key]}",
        (
            "messages that were changed or deleted in a session that is still there",
            "messages of a session whose time and count of messages were not brought up to date",
            "messages without a session that the snapshot does not know",
        ),
        units,
        known.usd(units),
        {},
    )


def _by_user(source: Source, state: State, ask: Ask) -> Route | None:
    table = source.place.system.conversations
    key = _sessions_key(source)
    known = full.facts.of(source, key)
    index = user_index(table, known.indexes)
    if index is None:
        return None
    starts = {
        user: None if at is None else at - REREAD for user, at in _latest(ask, state, "conversations", "user_id", "started_at").items()
    }
    if not starts:
        return None
    units = query_units(known.total_bytes * _share(state, REREAD + timedelta(hours=12))) + 2 * len(starts) * query_units(0)
    return Route(
        Way.USERS,
        f"the newest conversations of {len(starts)} known users by {index} of {source.place.tables[key]}",
        (
            "users that the snapshot does not know",
            f"conversations that began more than {REREAD.days} days before the user's newest one and went on since",
            "conversations that were deleted",
        ),
        units,
        known.usd(units),
        starts,
    )


# The steps


def tenant_steps(source: Source, route: Route) -> list[Step]:
    table, key = _messages(source)
    indexes = full.facts.of(source, key).indexes
    steps: list[Step] = []
    for tenant, since in route.starts.items():
        start = None if since is None else since - OVERLAP
        access = best_access(table, {"tenant_id": tenant}, Window(start, None), None, indexes)
        if access is not None:
            steps += [_query(source, key, access.index, (*access.keys, *([one] if one else []))) for one in access.ranges]
    return steps


def newer(source: Source, route: Route) -> Callable[[Sequence[Item]], Sequence[Item]]:
    """What to take of a page of those steps' messages: the ranges of a text key begin up to half a day before what is asked for, since a
    text may have an offset. What has no tenant or time that can be read is taken."""
    table, _ = _messages(source)
    who, when = table.parts()["tenant_id"], table.parts()["sent_at"]
    bounds = {tenant: since - OVERLAP for tenant, since in route.starts.items() if since is not None}

    def is_new(item: Item) -> bool:
        tenant: Any = item.get(who, {}).get("S")
        bound = bounds.get(tenant)
        at = None if bound is None else time(next(iter(item.get(when, {"NULL": True}).values())))
        return bound is None or at is None or at >= bound

    return lambda items: [item for item in items if is_new(item)]


def message_steps(source: Source, conversation_id: str, since: datetime | None) -> list[Step]:
    """One conversation's messages, from a time on."""
    table, key = _messages(source)
    access = best_access(table, {"conversation_id": conversation_id}, Window(since, None), None, full.facts.of(source, key).indexes)
    if access is None:
        return []
    return [_query(source, key, access.index, (*access.keys, *([one] if one else []))) for one in access.ranges]


def user_steps(source: Source, route: Route) -> list[Step]:
    table = source.place.system.conversations
    key = _sessions_key(source)
    index = user_index(table, full.facts.of(source, key).indexes)
    if index is None:
        return []
    chosen = table.indexes[index]
    steps: list[Step] = []
    for user, since in route.starts.items():
        own = Term(chosen.partition_key, "=", (user,), ":user_id")
        extents = ranges(table, chosen.sort_key or "", Window(since, None)) or (None,)
        steps += [_query(source, key, index, (own, *([one] if one else []))) for one in extents]
    return steps


def session_steps(source: Source, pairs: list[tuple[str, str | None]], per_tenant: Mapping[str | None, int]) -> tuple[list[Step], bool]:
    """The sessions of conversations, by their keys or all of their tenants', whichever is cheaper.

    `pairs` are conversation id and tenant, `per_tenant` is how many sessions each tenant has. True where each was asked for by its key.
    """
    table = source.place.system.conversations
    key = _sessions_key(source)
    known = full.facts.of(source, key)
    parts = {attribute: part for part, attribute in table.parts().items()}
    named = [parts.get(attribute) for attribute in table.keys]
    each = [
        _get(source, key, tuple(Term(attribute, "=", (value,), "") for attribute, value in zip(table.keys, values, strict=True)))
        for conversation_id, tenant in pairs
        if all(values := [{"conversation_id": conversation_id, "tenant_id": tenant}.get(part or "") for part in named])
    ]
    complete = len(each) == len(pairs)
    tenants = {tenant for _, tenant in pairs if tenant}
    by_tenant: list[Step] = []
    for tenant in sorted(tenants):
        access = best_access(table, {"tenant_id": tenant}, Window(None, None), None, known.indexes)
        if access is not None:
            by_tenant.append(_query(source, key, access.index, access.keys))
    listing = sum(query_units(per_tenant.get(tenant, 0) * known.item_bytes) for tenant in tenants)
    if complete and (len(by_tenant) < len(tenants) or len(each) * get_units(known.item_bytes) <= listing):
        return each, True
    if by_tenant and len(by_tenant) == len(tenants):
        return by_tenant, False
    return [full.everything(source)[key]], False


def user_index(table: Table, indexes: frozenset[str]) -> str | None:
    """The index of a user's conversations by their start."""
    for name, index in table.indexes.items():
        parts = (table.part_of(index.partition_key), table.part_of(index.sort_key or ""))
        if name in indexes and parts == ("user_id", "started_at"):
            return name
    return None


def _query(source: Source, key: str, index: str | None, keys: tuple[Term, ...]) -> Step:
    return Step(Operation.QUERY, "messages", source.place.tables[key], index, keys, (), "", 0.0, None)


def _get(source: Source, key: str, keys: tuple[Term, ...]) -> Step:
    return Step(Operation.GET, "conversations", source.place.tables[key], None, keys, (), "", 0.0, None)


def _messages(source: Source) -> tuple[Table, str]:
    table = source.place.system.messages
    assert table is not None, "asked only of systems with a message table"
    return table, next(name for name, known in source.place.system.tables.items() if known is table)


def _sessions_key(source: Source) -> str:
    return next(name for name, known in source.place.system.tables.items() if known is source.place.system.conversations)


def _share(state: State, window: timedelta) -> float:
    """The part of what is stored that lies in so long a time at its end."""
    first, last = state.coverage.first_at, state.coverage.last_at
    if first is None or last is None or last <= first:
        return 1.0
    return min(1.0, window / (last - first))


def _newest(state: State, ask: Ask) -> dict[str, datetime | None]:
    """Each tenant with the newest time that is known: without a question to the rows where the last sync has left it."""
    if state.latest is None:
        return _latest(ask, state, "messages", "tenant_id", "sent_at")
    return {tenant: min(state.coverage.began_at, at) for tenant, at in state.latest.items()}


def _latest(ask: Ask, state: State, table: str, who: str, when: str) -> dict[str, datetime | None]:
    """Each tenant or user of the snapshot, with the newest time that is known, not later than the last sync's beginning."""
    found = ask(
        table,
        # A number and not a time: Python would take it for a local one.
        f"SELECT {who}, epoch_us(max({when})) FROM {{rows}} WHERE {who} IS NOT NULL GROUP BY 1",
    )
    latest = state.coverage.began_at
    return {name: None if at is None else min(latest, datetime.fromtimestamp(at / 1e6, UTC)) for name, at in found}
