"""Which items were met already, in constant memory: short keyed digests in a private temporary database.

SQLite keeps a database without a name in memory while it is small, and in a file that has no name in any folder when it grows:
it is gone with the process. https://www.sqlite.org/inmemorydb.html#temp_db
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Mapping
from typing import Any

import orjson

_DIGEST_BYTES = 16


class Seen:
    """A set of anything that JSON can say. Close it when it is no longer needed."""

    def __init__(self) -> None:
        # The key keeps what spilled to the disk from telling which items they were.
        self._key = secrets.token_bytes(32)
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("CREATE TABLE seen (digest BLOB PRIMARY KEY) WITHOUT ROWID")
        self._database.execute("BEGIN")

    def add(self, *what: Any) -> bool:
        """Whether it is new."""
        return self._database.execute("INSERT OR IGNORE INTO seen VALUES (?)", (self._digest(what),)).rowcount == 1

    def __contains__(self, what: tuple[Any, ...]) -> bool:
        return self._database.execute("SELECT 1 FROM seen WHERE digest = ?", (self._digest(what),)).fetchone() is not None

    def _digest(self, what: tuple[Any, ...]) -> bytes:
        said = orjson.dumps(what, default=_text, option=orjson.OPT_SORT_KEYS)
        return hashlib.blake2b(said, digest_size=_DIGEST_BYTES, key=self._key).digest()

    def close(self) -> None:
        self._database.close()


def _text(value: Any) -> Any:
    return {"hex": value.hex()} if isinstance(value, bytes) else str(value)


def key_of(wire: Mapping[str, Any], keys: tuple[str, ...]) -> list[Any]:
    """An item's key as stored: two ways of writing one number are one number, so DynamoDB's own digits are compared."""
    return [wire.get(name) for name in keys]
