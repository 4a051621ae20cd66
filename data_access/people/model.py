"""What was found of one person. Times are aware and in UTC, sizes in bytes by DynamoDB's rule, prices in US dollars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from data_access.dynamo.meter import Measured
from data_access.errors import DataAccessError, ScanRefused
from data_access.models import Address


@dataclass(frozen=True, slots=True)
class TableData:
    """One table. `oldest` and `newest` are the items' own times, the two expiries their times to live.

    `hidden` counts items that the index does not hold by which a person's items are found here: only a Scan sees them.
    """

    table: str
    items: int
    bytes: int
    oldest: datetime | None
    newest: datetime | None
    first_expiry: datetime | None
    last_expiry: datetime | None
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """One conversation. `items` and `bytes` are all that is stored of it, its messages included.

    `has_session` is False where only messages tell of it: an orphan.
    """

    conversation_id: str
    tenant_id: str | None
    title: str | None
    started_at: datetime | None
    last_activity_at: datetime | None
    messages: int
    items: int
    bytes: int
    expires_at: datetime | None
    has_session: bool


@dataclass(frozen=True, slots=True)
class KindData:
    """The records of one kind: the newest update, the latest expiry, and the entries of their lists that are open and done."""

    kind: str
    topic: str | None
    items: int
    bytes: int
    updated_at: datetime | None
    expires_at: datetime | None
    open: int | None
    done: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a record's list, such as a reminder. `done` None: its kind does not say."""

    values: Mapping[str, Any]
    done: bool | None


@dataclass(frozen=True, slots=True)
class RecordView:
    """One record, readable: `entries` of its list, and `fields` as (dotted name, value) for all the rest. `problem` is what was odd."""

    kind: str
    topic: str | None
    updated_at: datetime | None
    expires_at: datetime | None
    fields: tuple[tuple[str, Any], ...]
    entries: tuple[Entry, ...] | None
    address: Address
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Sweep:
    """How what no key or index leads to was looked for, and what that costs.

    `by` is "key" where a key leads to everything, and "nothing" where neither a Scan nor the snapshot could be used. `as_of` is the
    time of the snapshot.
    """

    by: Literal["key", "scan", "snapshot", "nothing"]
    tables: tuple[str, ...] = ()
    estimated_units: float = 0.0
    estimated_usd: float | None = 0.0
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """What could not be read. `table` None: the system as a whole."""

    table: str | None
    error: DataAccessError

    @property
    def code(self) -> str:
        return self.error.code


@dataclass(frozen=True, slots=True)
class SystemData:
    """One system. `tables` are by live name, those with nothing in them too; `notes` are sentences about what cannot be seen.

    `views` are the records themselves, the first of them where there are very many. `foreign` counts messages in the person's
    conversations that name somebody else: they are not theirs. `shared` counts conversations whose id somebody else's has too, and
    whose messages do not tell whose they are: those messages are left out. `loose` counts messages that name no conversation: they
    are the person's, and in no conversation.
    """

    system: str
    title: str
    tables: Mapping[str, TableData]
    conversations: tuple[Summary, ...]
    records: tuple[KindData, ...]
    views: tuple[RecordView, ...]
    tenants: tuple[str, ...]
    sweep: Sweep
    unread: tuple[Unread, ...]
    notes: tuple[str, ...]
    foreign: int
    shared: int
    loose: int
    measured: Measured

    @property
    def items(self) -> int:
        return sum(table.items for table in self.tables.values())

    @property
    def bytes(self) -> int:
        return sum(table.bytes for table in self.tables.values())

    @property
    def messages(self) -> int:
        return self.loose + sum(one.messages for one in self.conversations)

    @property
    def orphans(self) -> int:
        """Conversations that only messages tell of."""
        return sum(not one.has_session for one in self.conversations)

    @property
    def hidden(self) -> int:
        return sum(table.hidden for table in self.tables.values())


@dataclass(frozen=True, slots=True)
class Person:
    """All of it. `read_at` is when the reading began: what was written later may be missing. `tenants` None: of every tenant."""

    user_id: str
    read_at: datetime
    systems: tuple[SystemData, ...]
    tenants: tuple[str, ...] | None = None

    @property
    def items(self) -> int:
        return sum(one.items for one in self.systems)

    @property
    def bytes(self) -> int:
        return sum(one.bytes for one in self.systems)

    @property
    def unread(self) -> tuple[tuple[str, Unread], ...]:
        """What could not be read, with its system."""
        return tuple((one.system, unread) for one in self.systems for unread in one.unread)

    @property
    def refused(self) -> ScanRefused | None:
        """The first Scan that was above the budget: allow it, and more may be found."""
        return next((unread.error for _, unread in self.unread if isinstance(unread.error, ScanRefused)), None)
