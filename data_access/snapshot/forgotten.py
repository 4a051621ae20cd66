"""Who was erased, without saying who: a keyed hash for each user and conversation, and the time.

    <place>/forgotten/keys/<id>            32 random bytes, made once
    <place>/forgotten/<time>-<id>.json     one file an erasure: {"key", "at", "users": [hash], "talks": [hash]}

Every replica that shares the place reads them before it commits and once more after, so that no sync brings back a row that
is older than the erasure. Without the key a hash says nothing, and with it only whether somebody who is known is among them.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb
from pydantic import TypeAdapter, ValidationError

from data_access.errors import SnapshotError
from data_access.snapshot.finish import Forgotten, distinct
from data_access.snapshot.store import Store
from data_access.snapshot.trouble import trouble

_FOLDER = "forgotten"
EVERY_SYSTEM = "*"


@dataclass(frozen=True, slots=True)
class Entry:
    """One erasure."""

    key: str
    at: datetime
    users: tuple[str, ...]
    talks: tuple[str, ...]


_ENTRY = TypeAdapter(Entry)


class Register:
    """The erasures of one place."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._files = store.files
        self._seen: frozenset[str] = frozenset()

    def add(self, user_id: str, system: str | None, talks: Iterable[tuple[str, str]], at: datetime) -> None:
        """Write an erasure down. `talks` are pairs of system and conversation id, for messages that name no user."""
        key_id, key = self._key()
        users = (_hash(key, "user", system or EVERY_SYSTEM, user_id),)
        entry = Entry(key_id, at, users, tuple(sorted({_hash(key, "talk", *talk) for talk in talks})))
        name = f"{_FOLDER}/{at:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}.json"
        with trouble("The erasure cannot be written down", self._store.place):
            self._files.write(name, _ENTRY.dump_json(entry))

    def met(self, database: duckdb.DuckDBPyConnection, system: str) -> Forgotten:
        """Those of the staged rows' users and conversations that were erased, with the time."""
        self._seen = self._names()
        entries = self._entries(self._seen)
        if not entries:
            return Forgotten({}, {})
        users = distinct(database, "user_id", ("staged_conversations", "staged_messages", "staged_user_records"))
        talks = distinct(database, "conversation_id", ("staged_messages",)) if any(entry.talks for entry in entries) else []
        return Forgotten(self._times(entries, "user", system, users), self._times(entries, "talk", system, talks))

    def check_again(self, system: str) -> None:
        """Somebody was erased while the rows were being written: take them out again."""
        if self._names() != self._seen:
            from data_access.snapshot.forget import sweep

            sweep(self._store, system)

    def _times(self, entries: Collection[Entry], kind: str, system: str, values: Collection[str]) -> dict[str, datetime]:
        found: dict[str, datetime] = {}
        keys = self._keys()
        for key_id in {entry.key for entry in entries}:
            key = keys.get(key_id)
            if key is None:
                raise SnapshotError(
                    "A key of the erasures is missing.", "Restore the folder `forgotten` of the snapshot before the next sync."
                )
            times: dict[str, datetime] = {}
            for entry in entries:
                if entry.key == key_id:
                    for one in entry.users if kind == "user" else entry.talks:
                        times[one] = max(entry.at, times.get(one, entry.at))
            scopes = (system, EVERY_SYSTEM) if kind == "user" else (system,)
            for value in values:
                for scope in scopes:
                    at = times.get(_hash(key, kind, scope, value))
                    if at is not None:
                        found[value] = max(at, found.get(value, at))
        return found

    def _names(self) -> frozenset[str]:
        return frozenset(path for path in self._files.listed(_FOLDER) if path.endswith(".json"))

    def _entries(self, names: Iterable[str]) -> list[Entry]:
        entries: list[Entry] = []
        for name in sorted(names):
            data = self._files.read(name)
            try:
                entries.append(_ENTRY.validate_json(data or b""))
            except ValidationError:
                raise SnapshotError(
                    "An erasure that was written down cannot be read.",
                    "Restore the folder `forgotten` of the snapshot before the next sync.",
                ) from None
        return entries

    def _key(self) -> tuple[str, bytes]:
        found = self._keys()
        if not found:
            # Two replicas may each make one: both are kept, and an erasure says which one it was written with.
            self._files.create(f"{_FOLDER}/keys/{secrets.token_hex(8)}", secrets.token_bytes(32))
            found = self._keys()
        return min(found.items())

    def _keys(self) -> Mapping[str, bytes]:
        found: dict[str, bytes] = {}
        for path in self._files.listed(f"{_FOLDER}/keys"):
            data = self._files.read(path)
            if data is not None and not path.rpartition("/")[2].startswith("."):
                found[path.rpartition("/")[2]] = data
        return found


def _hash(key: bytes, *parts: str) -> str:
    # Each part with its length: no two lists of parts make the same text.
    text = b"".join(f"{len(part.encode())}:".encode() + part.encode() for part in parts)
    return hmac.digest(key, text, hashlib.sha256).hex()
