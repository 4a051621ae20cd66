"""Adding up one system's items as they pass: what is kept grows with conversations and kinds, never with messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from data_access.costs.size import item_bytes
from data_access.items.values import time
from data_access.models import Address
from data_access.people.finding import Finder, Found
from data_access.people.model import KindData, RecordView, Summary, SystemData, TableData
from data_access.people.records import Record, expiry, read

# Of one system. Who has more records than this is no reader of a page.
MOST_VIEWS = 500
_Key = tuple[str, str | None]


@dataclass(slots=True)
class _Span:
    """Times from first to last."""

    first: datetime | None = None
    last: datetime | None = None

    def add(self, when: datetime | None) -> None:
        if when is not None:
            self.first = when if self.first is None else min(self.first, when)
            self.last = when if self.last is None else max(self.last, when)


class _Table:
    def __init__(self) -> None:
        self.items = self.bytes = self.hidden = 0
        self.times, self.expiries = _Span(), _Span()

    def data(self, name: str) -> TableData:
        times, ends = self.times, self.expiries
        return TableData(name, self.items, self.bytes, times.first, times.last, ends.first, ends.last, self.hidden)


class _Talk:
    def __init__(self) -> None:
        self.title: str | None = None
        self.items = self.bytes = self.messages = 0
        self.times, self.expiries = _Span(), _Span()
        self.has_session = False


class _Kind:
    def __init__(self, topic: str | None) -> None:
        self.topic = topic
        self.items = self.bytes = 0
        self.updates, self.expiries = _Span(), _Span()
        self.open: int | None = None
        self.done: int | None = None


class Counter:
    """Give it every item that a Finder finds; then ask for the sums."""

    def __init__(self, finder: Finder, tables: Mapping[str, str]) -> None:
        self._finder = finder
        self._shape = finder.shape
        self._tables = {name: _Table() for name in tables.values()}
        self._talks: dict[_Key, _Talk] = {}
        self._kinds: dict[str, _Kind] = {}
        self._views: list[RecordView] = []
        # Messages that name no conversation.
        self._loose = 0

    def add(self, found: Found) -> Record | None:
        """The item as a record, if it is one."""
        table = self._tables[found.place.name]
        size = item_bytes(found.wire)
        table.items += 1
        table.bytes += size
        table.hidden += found.hidden
        ends = expiry(self._part(found, "expires_at"))
        table.expiries.add(ends)
        if found.holds == "record":
            return self._record(found, table, size, ends)
        talk = self._talk(found)
        if talk is not None:
            talk.items += 1
            talk.bytes += size
            talk.expiries.add(ends)
        if found.holds == "message":
            sent_at = time(self._part(found, "sent_at"))
            table.times.add(sent_at)
            if talk is None:
                self._loose += 1
            else:
                talk.messages += 1
                talk.times.add(sent_at)
        elif talk is not None:
            self._conversation(found, table, talk)
        return None

    def _part(self, found: Found, part: str) -> Any:
        return self._shape.part(found.place.table, found.item, part)

    def _talk(self, found: Found) -> _Talk | None:
        """None for a message that names no conversation."""
        if found.conversation_id is None:
            return None
        return self._talks.setdefault((found.conversation_id, found.tenant_id), _Talk())

    def _conversation(self, found: Found, table: _Table, talk: _Talk) -> None:
        reader = self._shape.conversations
        talk.has_session = True
        title = self._part(found, "title")
        talk.title = title if isinstance(title, str) and title else talk.title
        times = [time(self._part(found, part)) for part in ("started_at", "last_activity_at")]
        if self._shape.messages is None:
            messages, _ = reader.embedded_messages(found.item, Address(found.place.name, {}))
            talk.messages += len(messages)
            times += [message.sent_at for message in messages]
        elif not any(times):
            times.append(time(self._part(found, "updated_at")))
        for when in times:
            talk.times.add(when)
            table.times.add(when)

    def _record(self, found: Found, table: _Table, size: int, ends: datetime | None) -> Record:
        record = read(self._shape, found.place.table, found.place.name, found.item)
        table.times.add(record.stored.updated_at)
        kind = self._kinds.setdefault(record.stored.kind, _Kind(record.topic))
        kind.items += 1
        kind.bytes += size
        kind.updates.add(record.stored.updated_at)
        kind.expiries.add(ends)
        if record.open is not None:
            kind.open, kind.done = (kind.open or 0) + record.open, (kind.done or 0) + (record.done or 0)
        if len(self._views) < MOST_VIEWS:
            self._views.append(record.view)
        return record

    def data(self, title: str) -> SystemData:
        """The sums. Conversations are the latest first, one without any time last."""
        finder = self._finder
        talks = [
            Summary(
                conversation_id=key[0],
                tenant_id=key[1],
                title=talk.title,
                started_at=talk.times.first,
                last_activity_at=talk.times.last,
                messages=talk.messages,
                items=talk.items,
                bytes=talk.bytes,
                expires_at=talk.expiries.last,
                has_session=talk.has_session,
            )
            for key, talk in self._talks.items()
        ]
        talks.sort(key=lambda one: (one.last_activity_at is None, -_stamp(one.last_activity_at), one.conversation_id, one.tenant_id or ""))
        kinds = [
            KindData(name, kind.topic, kind.items, kind.bytes, kind.updates.last, kind.expiries.last, kind.open, kind.done)
            for name, kind in sorted(self._kinds.items())
        ]
        return SystemData(
            system=self._shape.system.id,
            title=title,
            tables={name: table.data(name) for name, table in self._tables.items()},
            conversations=tuple(talks),
            records=tuple(kinds),
            views=tuple(self._views),
            tenants=tuple(sorted(finder.belonging.met_tenants)),
            sweep=finder.sweep,
            unread=tuple(finder.unread),
            notes=finder.notes,
            foreign=finder.belonging.foreign,
            shared=finder.belonging.shared,
            loose=self._loose,
            measured=finder.measured(),
        )


def _stamp(when: datetime | None) -> float:
    return 0.0 if when is None else when.timestamp()
