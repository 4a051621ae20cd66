"""Following a plan and joining what its steps bring, from one table or two, into conversations with their messages.

A Scan above the budget is refused before anything is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from data_access.dynamo.aws import CONCURRENCY, Source
from data_access.dynamo.codec import Item, decode_item
from data_access.dynamo.collector import rare_collections
from data_access.dynamo.plan import Plan, Step
from data_access.dynamo.read import Reader
from data_access.errors import ScanRefused
from data_access.items.conversations import ConversationReader
from data_access.items.messages import Draft
from data_access.items.values import identifier, time
from data_access.models import Address, Conversation, Filter, Message, Problem


@dataclass(frozen=True, slots=True)
class StoredItem:
    """One item as DynamoDB keeps it: `wire` is its own JSON, with types and every digit."""

    address: Address
    wire: Mapping[str, Any]


@dataclass(slots=True)
class _Session:
    """A conversation's own item, decoded."""

    item: Mapping[str, Any]
    address: Address
    conversation_id: str | None
    tenant_id: str | None
    started_at: datetime | None
    last_activity_at: datetime | None


@dataclass(slots=True)
class Gathering:
    """What the steps of one plan bring. `items` are kept as stored only when `keep_items`; `reader` has metered them."""

    source: Source
    wanted: Filter
    keep_items: bool = False
    reader: Reader = field(init=False)
    shape: ConversationReader = field(init=False)
    sessions: list[_Session] = field(default_factory=list[_Session])
    drafts: dict[str, list[Draft]] = field(default_factory=dict[str, list[Draft]])
    items: list[StoredItem] = field(default_factory=list[StoredItem])
    problems: list[Problem] = field(default_factory=list[Problem])
    window_read: bool = False

    def __post_init__(self) -> None:
        self.shape = ConversationReader(self.source.place.system)

    def run(self, plan: Plan, *, allow_scan: bool) -> None:
        limit = None if allow_scan else self.source.scan_budget
        _refuse_dear_scans(self.source, plan, limit)
        self.reader = Reader(self.source, limit)
        with rare_collections():
            for step in plan.steps:
                if step.purpose == "conversations":
                    self._take_sessions(step)
                elif step.purpose == "messages":
                    self._take_messages(step, self._pages(step, None))
                    self.window_read = True
                else:
                    self._take_each(step)

    def _pages(self, step: Step, value: str | None) -> Iterable[Item]:
        for page in self.reader.pages(step, value):
            yield from page.items

    def _take_sessions(self, step: Step) -> None:
        keys = self.shape.table.keys
        for wire in self._pages(step, None):
            item = decode_item(wire)
            if self.shape.holds(item) != "conversation":
                continue
            address = Address(step.table, {key: item.get(key) for key in keys}, step.index)
            self._keep(address, wire)
            part = self.shape.part
            self.sessions.append(
                _Session(
                    item,
                    address,
                    identifier(part(item, "conversation_id")),
                    identifier(part(item, "tenant_id")),
                    time(part(item, "started_at")),
                    time(part(item, "last_activity_at")),
                )
            )

    def _take_messages(self, step: Step, wires: Iterable[Item]) -> None:
        table = self.source.place.system.messages
        assert table is not None, "only systems with a message table have such a step"
        reader = self.shape.messages
        for wire in wires:
            item = decode_item(wire)
            address = Address(step.table, {key: item.get(key) for key in table.keys}, step.index)
            conversation_id = reader.conversation_id(item)
            if conversation_id is None:
                self.problems.append(Problem("a message belongs to no conversation: it names none", address))
                continue
            self._keep(address, wire)
            self.drafts.setdefault(conversation_id, []).append(reader.draft(item, address))

    def _take_each(self, step: Step) -> None:
        """The messages of each conversation that is not complete yet, several at a time."""
        ids = sorted(self._incomplete())
        if not ids:
            return
        for conversation_id in ids:
            self.drafts.pop(conversation_id, None)

        def fetch(conversation_id: str) -> list[Item]:
            return list(self._pages(step, conversation_id))

        # The threads only fetch: items are taken here, in the order of the ids.
        with ThreadPoolExecutor(min(CONCURRENCY, len(ids)), thread_name_prefix="query") as pool:
            for wires in pool.map(fetch, ids):
                self._take_messages(step, wires)

    def _incomplete(self) -> set[str]:
        """Conversations of which a message may lie outside what was read so far."""
        known = {session.conversation_id for session in self.sessions if session.conversation_id and not self._is_complete(session)}
        have_session = {session.conversation_id for session in self.sessions}
        return known | {orphan for orphan in self.drafts if orphan not in have_session}

    def _is_complete(self, session: _Session) -> bool:
        """Whether the window that was read holds all of a conversation, by its own stored times.

        The last activity is not trusted: an application may forget to write it. So a window that ends in the past
        proves nothing.
        """
        since, until = self.wanted.since, self.wanted.until
        if session.conversation_id not in self.drafts:
            return _clearly_outside(session, self.wanted, read=self.window_read)
        started = session.started_at is not None and since is not None and session.started_at >= since
        return started and (until is None or until > datetime.now(UTC))

    def _keep(self, address: Address, wire: Item) -> None:
        if self.keep_items:
            self.items.append(StoredItem(address, wire))

    def conversations(self) -> Iterable[tuple[Conversation, tuple[Message, ...]]]:
        """Each conversation found with its messages, then those that only messages tell of."""
        apart = self.source.place.system.messages is not None
        owned: dict[str | None, int] = {}
        for session in self.sessions:
            if apart:
                drafts = self._own_drafts(session)
                owned[session.conversation_id] = owned.get(session.conversation_id, 0) + len(drafts)
                messages, trouble = self.shape.messages.sequence(drafts), ()
            else:
                messages, trouble = self.shape.embedded_messages(session.item, session.address)
            yield self.shape.conversation(session.item, session.address, messages, trouble), messages
        for conversation_id, drafts in self.drafts.items():
            if owned.get(conversation_id, 0) < len(drafts):
                for orphans in self._without_session(conversation_id, drafts):
                    yield from self._orphan(conversation_id, orphans)

    def _without_session(self, conversation_id: str, drafts: list[Draft]) -> Iterable[list[Draft]]:
        """The messages that no session owns, apart for each tenant; one that names no tenant goes with the only one."""
        tenants = {session.tenant_id for session in self.sessions if session.conversation_id == conversation_id}
        found: dict[str | None, list[Draft]] = {}
        for draft in drafts:
            named = identifier(self.shape.messages.part(draft.item, "tenant_id"))
            if not tenants or (named is not None and named not in tenants and None not in tenants):
                found.setdefault(named, []).append(draft)
        if len(found) == 2 and None in found:
            return [[draft for several in found.values() for draft in several]]
        return list(found.values())

    def _own_drafts(self, session: _Session) -> list[Draft]:
        """Tenants can share a session id: a message that names another tenant is not this session's."""
        drafts = self.drafts.get(session.conversation_id or "", [])
        if session.tenant_id is None:
            return drafts
        tenant = self.shape.messages.part
        return [d for d in drafts if (identifier(tenant(d.item, "tenant_id")) or session.tenant_id) == session.tenant_id]

    def _orphan(self, conversation_id: str, drafts: list[Draft]) -> Iterable[tuple[Conversation, tuple[Message, ...]]]:
        part = self.shape.messages.part
        for name, value in (("tenant_id", self.wanted.tenant_id), ("user_id", self.wanted.user_id)):
            if value is not None:
                # One that names nobody may be anybody's: it is found without the user.
                drafts = [draft for draft in drafts if identifier(part(draft.item, name)) == value]
        if not drafts:
            return
        messages = self.shape.messages.sequence(drafts)
        looked = self.wanted.user_id is not None or "user_id" not in self.shape.table.keys or self.wanted.conversation_id is None
        trouble = (
            f"these messages have no session in {self.source.place.tables[self._sessions_key()]}"
            if looked
            else "its session was not read: the key of the sessions needs the user"
        )
        yield self.shape.orphaned(conversation_id, drafts[0].item, messages, trouble), messages

    def _sessions_key(self) -> str:
        return next(key for key, table in self.source.place.system.tables.items() if table is self.shape.table)


def _clearly_outside(session: _Session, wanted: Filter, *, read: bool) -> bool:
    """Whether a conversation without a message so far cannot be in the window.

    Its last activity says so only where the window's messages were read, and it has none: then it would have to span
    the window. Without that, an application that forgets to write it would hide a conversation.
    """
    started, last = session.started_at, session.last_activity_at
    if started is not None and wanted.until is not None and started >= wanted.until:
        return True
    return read and started is not None and last is not None and wanted.since is not None and last < wanted.since


def _refuse_dear_scans(source: Source, plan: Plan, limit: float | None) -> None:
    units = sum(step.estimated_units for step in plan.scans)
    if limit is None or units <= limit:
        return
    tables = " and ".join(dict.fromkeys(step.table for step in plan.scans))
    costs = [step.estimated_usd for step in plan.scans]
    price = "price unknown" if None in costs else f"${sum(cost for cost in costs if cost is not None):,.4f}"
    often = "at most" if any(step.is_bound for step in plan.scans) else "about"
    narrower = "a user or a tenant" if source.place.system.has_part("tenant_id") else "a user"
    raise ScanRefused(
        f"This needs a Scan of {tables}: {often} {units:,.0f} read units ({price}), above the budget of {limit:,.0f}.",
        f"Give {narrower}, or allow the Scan.",
        estimated_units=units,
        budget=limit,
        table=plan.scans[0].table,
    )
