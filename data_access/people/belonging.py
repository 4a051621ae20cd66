"""Whose an item is: the person's by the user that it names, or by the conversation that it lies in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from data_access.items.conversations import ConversationReader
from data_access.items.parts import Parts, parts
from data_access.items.values import identifier, time
from data_access.people.model import Sweep
from data_access.people.seen import Seen
from data_access.systems.spec import Holds, System, Table

_Key = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Owned:
    """An item that is the person's. `conversation_id` and `tenant_id` None: it belongs to no conversation, or to no tenant."""

    holds: Holds
    conversation_id: str | None
    tenant_id: str | None


class Shape:
    """What the items of each table of a system are, part by part."""

    def __init__(self, system: System, names: Mapping[str, str]) -> None:
        self.system = system
        self.conversations = ConversationReader(system)
        self.messages = system.messages
        self.names = {id(table): names[key] for key, table in system.tables.items()}
        self._parts: dict[int, Parts] = {id(table): parts(table.parts()) for table in system.tables.values()}

    def holds(self, table: Table, item: Mapping[str, Any]) -> Holds:
        if table is self.conversations.table:
            return self.conversations.holds(item)
        return "message" if table is self.messages else "record"

    def part(self, table: Table, item: Mapping[str, Any], part: str) -> Any:
        if table is self.conversations.table:
            return self.conversations.part(item, part)
        if table is self.messages:
            return self.conversations.messages.part(item, part)
        return self._parts[id(table)].get(item, part)

    def time(self, table: Table, item: Mapping[str, Any], part: str) -> datetime | None:
        return time(self.part(table, item, part))


class Belonging:
    """Decides for one person. It remembers the ids of the person's conversations, and of no item else."""

    def __init__(self, shape: Shape, user_id: str, tenants: tuple[str, ...] | None) -> None:
        self._shape, self._user = shape, user_id
        self._tenants = None if tenants is None else frozenset(tenants)
        self._has_tenants = shape.system.has_part("tenant_id")
        self._mine: dict[str, set[str | None]] = {}
        # Conversations of the person whose id somebody else's has too, with that one's tenant.
        self._shared: dict[str, set[str | None]] = {}
        self.foreign = 0
        self._odd: set[str] = set()
        self.met_tenants: set[str] = set()

    def conversation_ids(self) -> Iterator[str]:
        return iter(sorted(self._mine))

    @property
    def is_empty(self) -> bool:
        """Whether no conversation of the person was met yet."""
        return not self._mine

    @property
    def shared(self) -> int:
        """Conversations with messages that do not tell whose they are."""
        return len(self._odd)

    def of(self, table: Table, item: Mapping[str, Any], others: Seen | None = None) -> Owned | None:
        """None where it is not the person's. `others` is told of the conversations of others."""
        part, holds = self._shape.part, self._shape.holds(table, item)
        user, tenant = identifier(part(table, item, "user_id")), identifier(part(table, item, "tenant_id"))
        if holds == "message":
            return self._message(item, user, tenant)
        conversation_id = identifier(part(table, item, "conversation_id")) if holds == "conversation" else None
        if user != self._user:
            if others is not None and conversation_id is not None:
                others.add("other", conversation_id)
                others.add("other", conversation_id, tenant)
            return None
        if holds == "conversation" and conversation_id is None:
            # The key stands for it, as in every list.
            conversation_id = "/".join(str(item.get(name)) for name in table.keys)
        return Owned(holds, conversation_id, tenant) if self._wants(tenant) else None

    def is_foreign(self, table: Table, item: Mapping[str, Any]) -> bool:
        """Whether it is a message in one of the person's conversations that names somebody else."""
        if table is not self._shape.messages:
            return False
        user, tenant = (identifier(self._shape.part(table, item, part)) for part in ("user_id", "tenant_id"))
        own = self._mine.get(self._shape.conversations.messages.conversation_id(item) or "")
        return user is not None and user != self._user and own is not None and (tenant is None or tenant in own)

    def took(self, owned: Owned) -> None:
        if owned.holds == "conversation" and owned.conversation_id is not None:
            self._mine.setdefault(owned.conversation_id, set()).add(owned.tenant_id)
        if owned.tenant_id is not None:
            self.met_tenants.add(owned.tenant_id)

    def settle(self, others: Seen | None, known: set[_Key]) -> None:
        """All conversations are known: which of them have an id that is somebody else's too."""
        for conversation_id, tenant in known:
            if conversation_id in self._mine:
                self._shared.setdefault(conversation_id, set()).add(tenant)
        if others is None:
            return
        for conversation_id, tenants in self._mine.items():
            if ("other", conversation_id) in others:
                same = {tenant for tenant in tenants if ("other", conversation_id, tenant) in others}
                # Of another tenant, if not of the same one: enough for a message that names none.
                self._shared.setdefault(conversation_id, set()).update(same or {""})

    def _message(self, item: Mapping[str, Any], user: str | None, tenant: str | None) -> Owned | None:
        reader = self._shape.conversations.messages
        conversation_id = reader.conversation_id(item)
        own = self._mine.get(conversation_id) if conversation_id is not None else None
        if user is not None:
            if user != self._user:
                return None
            return (
                Owned("message", conversation_id, self._of_talk(own, tenant)) if self._wants(tenant or self._of_talk(own, None)) else None
            )
        if own is None or conversation_id is None or not (tenant is None or tenant in own or None in own):
            return None
        shared = self._shared.get(conversation_id)
        if shared and (tenant is None or tenant in shared or None in shared):
            self._odd.add(conversation_id)
            return None
        return Owned("message", conversation_id, self._of_talk(own, tenant)) if self._wants(tenant or self._of_talk(own, None)) else None

    @staticmethod
    def _of_talk(own: set[str | None] | None, tenant: str | None) -> str | None:
        """The tenant of the conversation that a message lies in; its own where it lies in none."""
        if not own or tenant in own:
            return tenant
        if tenant is None:
            return next(iter(own)) if len(own) == 1 else None
        return None if None in own else tenant

    def _wants(self, tenant: str | None) -> bool:
        return self._tenants is None or not self._has_tenants or tenant in self._tenants

    def notes(self, sweep: Sweep) -> tuple[str, ...]:
        found: list[str] = []
        messages = self._shape.messages
        if messages is not None and "user_id" not in messages.parts():
            table = self._shape.names[id(messages)]
            found.append(f"The messages in {table} name no user: one whose conversation is gone cannot be found by a user's id.")
            if sweep.by == "nothing":
                found.append("Whether somebody else's conversation has the id of one of these was not looked up: that needs a Scan.")
        if self._odd:
            found.append(
                "Conversations with an id that somebody else's conversation has too, whose messages do not say whose they are:"
                f" {len(self._odd):,}. Those messages were left out."
            )
        if self.foreign:
            found.append(f"Messages in these conversations that name somebody else were left out: {self.foreign:,}.")
        return tuple(found)
