"""One person's data as one ZIP, streamed: every stored item as it is, and all of it again in words.

    README.txt                          what is in it
    items/<system>/<table>.jsonl        every stored item in DynamoDB's own JSON, with types and every digit
    conversations.jsonl messages.jsonl records.jsonl      the same as Dynascope understands it, a line each
    conversations.csv messages.csv records.csv            for spreadsheets
    transcripts/<system>-<number>.md    each conversation to read
    manifest.json                       counts, what was read and what could not be, and the SHA-256 of every other file

No name in it is made from anything that the person or a chatbot wrote.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any, BinaryIO

import orjson

from data_access.dynamo.aws import Source
from data_access.export import plain
from data_access.handover import words
from data_access.handover.sheets import Sheet
from data_access.handover.staging import Staging
from data_access.handover.transcripts import Transcript
from data_access.handover.zipped import File, Writer, Zipped
from data_access.items.values import to_json
from data_access.models import Conversation, Message, UserRecord
from data_access.people.counting import Counter
from data_access.people.finding import Finder, Found, Wanted
from data_access.people.looking import checked, chosen
from data_access.people.model import Person, SystemData
from data_access.snapshot.store import Store

FORMAT = "dynascope-export"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in an archive. `person` are the counts of this very reading; `files` are all but the manifest itself."""

    made_at: datetime
    person: Person
    files: tuple[File, ...]

    def document(self) -> dict[str, Any]:
        """As it lies in the archive."""
        return words.manifest(FORMAT, VERSION, self.person, self.files)


def write_archive(
    sources: Mapping[str, Source],
    whose: Person | str,
    target: BinaryIO,
    systems: Sequence[str] | None = None,
    *,
    store: Store | None = None,
    allow_scan: bool = False,
    tenants: Sequence[str] | None = None,
) -> Manifest:
    """Read everything of a person (again, where `whose` is one that was looked up) and write it to a file object.

    `systems` and `tenants` are the looked-up person's where there is one; the others are as for `everything`. Memory does not grow with
    messages. What cannot be read is in the manifest, the rest is in the archive. Raises UsageError, and OSError from the file.
    """
    if isinstance(whose, Person):
        systems = systems or [one.system for one in whose.systems]
        user_id, tenants = whose.user_id, tenants or whose.tenants
    else:
        user_id = whose
    wanted = checked(user_id, allow_scan=allow_scan, tenants=tenants)
    asked = chosen(sources, systems)
    now = datetime.now(UTC)
    with ExitStack() as stack:
        zipped = stack.enter_context(Zipped(target, now))
        with zipped.file("README.txt") as readme:
            readme.write(words.readme(now).encode())
        lists = _Lists(stack)
        found = [_System(zipped, lists, source, wanted, store).write() for source in asked]
        lists.finish(zipped)
        made = Manifest(now, Person(user_id, now, tuple(found), wanted.tenants), tuple(zipped.files))
        with zipped.file("manifest.json") as file:
            file.write((to_json(plain(made.document()), indent=2) + "\n").encode("utf-8", "replace"))
        return made


class _Lists:
    """The lists over all systems. They grow side by side, outside of memory and of the archive, until all systems are through."""

    def __init__(self, stack: ExitStack) -> None:
        names = [f"{kind}.{ending}" for kind in words.COLUMNS for ending in ("jsonl", "csv")]
        # Without a name in any folder: nobody else can open them, and they are gone with the process.
        self._files: dict[str, IO[bytes]] = {}
        for name in names:
            self._files[name] = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
        self._sheet = Sheet()
        for kind, columns in words.COLUMNS.items():
            self._files[f"{kind}.csv"].write(self._sheet.header(columns))

    def conversation(self, one: Conversation, transcript: str) -> None:
        self._line("conversations", plain(one) | {"transcript": transcript})
        self._row("conversations", words.conversation_row(one, transcript))

    def message(self, of: Conversation, message: Message) -> None:
        place = {"system": of.system, "conversation_id": of.conversation_id, "tenant_id": of.tenant_id}
        self._line("messages", place | plain(message))
        self._row("messages", words.message_row(of, message))

    def record(self, record: UserRecord) -> None:
        self._line("records", plain(record))
        self._row("records", words.record_row(record))

    def _line(self, kind: str, document: Mapping[str, Any]) -> None:
        self._files[f"{kind}.jsonl"].write((to_json(document) + "\n").encode("utf-8", "replace"))

    def _row(self, kind: str, cells: Sequence[Any]) -> None:
        self._files[f"{kind}.csv"].write(self._sheet.row(cells))

    def finish(self, zipped: Zipped) -> None:
        for name, file in self._files.items():
            zipped.copy(name, file)


class _System:
    """One system's part of the archive."""

    def __init__(self, zipped: Zipped, lists: _Lists, source: Source, wanted: Wanted, store: Store | None) -> None:
        self._zip, self._lists, self._source = zipped, lists, source
        self._user = wanted.user_id
        self._finder = Finder(source, wanted, store)
        self._counter = Counter(self._finder, source.place.tables)

    def write(self) -> SystemData:
        with closing(Staging()) as staging:
            self._items(staging)
            staging.finish()
            self._transcripts(staging)
        return self._counter.data(self._source.title)

    def _items(self, staging: Staging) -> None:
        """The items come table by table: one file is open at a time."""
        with ExitStack() as stack:
            at: str | None = None
            out: Writer | None = None
            for found in self._finder.items():
                if out is None or found.place.name != at:
                    stack.close()
                    at = found.place.name
                    out = stack.enter_context(self._zip.file(f"items/{self._source.id}/{at}.jsonl"))
                out.write(orjson.dumps(found.wire, option=orjson.OPT_APPEND_NEWLINE))
                self._stage(staging, found)

    def _stage(self, staging: Staging, found: Found) -> None:
        record = self._counter.add(found)
        if record is not None:
            self._lists.record(record.stored)
            return
        shape, table = self._finder.shape, found.place
        if found.holds == "message":
            sent_at = shape.time(table.table, found.item, "sent_at")
            staging.message(found.conversation_id, found.tenant_id, table.name, sent_at, found.wire)
        else:
            assert found.conversation_id is not None, "a conversation without an id has its key for one"
            began = shape.time(table.table, found.item, "started_at")
            staging.conversation(found.conversation_id, found.tenant_id, table.name, began, found.wire)

    def _transcripts(self, staging: Staging) -> None:
        for staged in staging.conversations():
            transcript = Transcript(self._finder.shape, staging, staged, self._user)
            if staged.conversation_id:
                name = f"transcripts/{self._source.id}-{staged.number:06d}.md"
                self._lists.conversation(transcript.conversation, name)
            else:
                name = f"transcripts/{self._source.id}-without-conversation.md"
            for message in transcript.messages():
                self._lists.message(transcript.conversation, message)
            with self._zip.file(name) as out:
                for piece in transcript.markdown():
                    out.write(piece)
