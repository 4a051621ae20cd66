"""Conversations and their messages on the way from reading to writing, put into order outside of memory.

In a private temporary database (people/seen.py): what is staged is in no file that somebody else could open, and ends with the process.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from data_access.dynamo.codec import Item, decode_item
from data_access.items.messages import Draft, MessageReader
from data_access.items.values import EPOCH
from data_access.models import Address, Message

# So many messages are in memory at once, and all of one time.
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Staged:
    """One conversation: its own item if there is one, and where it lies."""

    number: int
    conversation_id: str
    tenant_id: str | None
    wire: Item | None
    table: str


class Staging:
    """One system's. Items go in as they come; conversations come out by their first time, their messages in order."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.executescript(
            """
            CREATE TABLE talk (conversation TEXT, tenant TEXT, tabled TEXT, began INTEGER, wire BLOB);
            CREATE TABLE said (conversation TEXT, tenant TEXT, tabled TEXT, sent INTEGER, wire BLOB);
            BEGIN;
            """
        )

    def conversation(self, conversation_id: str, tenant_id: str | None, table: str, began: datetime | None, wire: Item) -> None:
        row = (_text(conversation_id), _tenant(tenant_id), table, _micro(began), orjson.dumps(wire))
        self._database.execute("INSERT INTO talk VALUES (?, ?, ?, ?, ?)", row)

    def message(self, conversation_id: str | None, tenant_id: str | None, table: str, sent_at: datetime | None, wire: Item) -> None:
        """One that names no conversation goes with the others that name none."""
        row = (_text(conversation_id or ""), _tenant(tenant_id), table, _micro(sent_at), orjson.dumps(wire))
        self._database.execute("INSERT INTO said VALUES (?, ?, ?, ?, ?)", row)

    def finish(self) -> None:
        """All is in."""
        self._database.execute("CREATE INDEX placed ON said (conversation, tenant, sent)")

    def conversations(self) -> Iterator[Staged]:
        """Those with an item of their own and those that only messages tell of, by their first time, then by id."""
        found = self._database.execute(
            """
            WITH heard AS (SELECT conversation, tenant, min(tabled) AS tabled, min(sent) AS began FROM said GROUP BY 1, 2)
            SELECT * FROM (
                SELECT talk.conversation, talk.tenant, talk.tabled, coalesce(talk.began, heard.began) AS began, talk.rowid AS place
                FROM talk LEFT JOIN heard USING (conversation, tenant)
                UNION ALL
                SELECT conversation, tenant, tabled, began, NULL FROM heard
                WHERE NOT EXISTS (SELECT 1 FROM talk WHERE talk.conversation = heard.conversation AND talk.tenant = heard.tenant)
            ) ORDER BY began IS NULL, began, conversation, tenant
            """
        )
        for number, (conversation, tenant, table, _, place) in enumerate(found, start=1):
            yield Staged(number, _id(conversation), _id(tenant) or None, self._wire(place), table)

    def _wire(self, place: int | None) -> Item | None:
        if place is None:
            return None
        (stored,) = self._database.execute("SELECT wire FROM talk WHERE rowid = ?", (place,)).fetchone()
        return orjson.loads(stored)

    def messages(self, staged: Staged, reader: MessageReader, keys: tuple[str, ...]) -> Iterator[tuple[Message, ...]]:
        """Its messages in order, some hundreds at a time, each with its position in the whole."""
        last: list[Draft] = []
        position = 0
        for drafts in self._chunks(staged, reader, keys):
            # The one before is read again with them: it tells how long the first answer took.
            found = reader.sequence([*last, *drafts])[len(last) :]
            yield tuple(_numbered(found, position))
            position += len(found)
            last = [_last(found, drafts)]

    def _chunks(self, staged: Staged, reader: MessageReader, keys: tuple[str, ...]) -> Iterator[list[Draft]]:
        rows = self._database.execute(
            "SELECT tabled, sent, wire FROM said WHERE conversation = ? AND tenant = ? ORDER BY sent IS NULL, sent",
            (_text(staged.conversation_id), _tenant(staged.tenant_id)),
        )
        drafts: list[Draft] = []
        before: int | None = None
        for table, sent, wire in rows:
            # Messages of one time are put into order together.
            if len(drafts) >= _CHUNK and sent != before:
                yield drafts
                drafts = []
            before = sent
            item = decode_item(orjson.loads(wire))
            drafts.append(reader.draft(item, Address(table, {key: item.get(key) for key in keys})))
        if drafts:
            yield drafts

    def close(self) -> None:
        self._database.close()


def _numbered(messages: tuple[Message, ...], offset: int) -> Iterator[Message]:
    for place, message in enumerate(messages, start=1):
        yield replace(message, position=offset + place)


def _last(found: tuple[Message, ...], drafts: list[Draft]) -> Draft:
    """The draft of the message that came last."""
    return next(draft for draft in drafts if draft.address is found[-1].address)


def _micro(when: datetime | None) -> int | None:
    return None if when is None else (when - EPOCH) // timedelta(microseconds=1)


def _text(value: str) -> bytes:
    # SQLite's own text cannot hold half a surrogate pair.
    return value.encode("utf-8", "surrogatepass")


def _tenant(tenant_id: str | None) -> bytes:
    return _text(tenant_id or "")


def _id(stored: Any) -> str:
    return bytes(stored).decode("utf-8", "surrogatepass")
