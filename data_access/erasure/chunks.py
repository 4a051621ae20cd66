"""Frozen keys as rows of the control table: packed, compressed, at most 100 KB each, streamed in and out.

A chunk is full when its compressed bytes, its keys or its bytes as they are unpacked reach a bound. Where one chunk ends and the next
begins is in their hashes; how well it was compressed is not. Keys come as a Scan brings them, in no order: those of one conversation
are put together, so that one check on it covers many deletes, and so that their entries are neighbours in the indexes.

A chunk holds keys of one rank and one table. Its name, `<rank>#<round>#<system>#<table>#<number>`, sorts in the order of the
deletes and names nobody. The first round is the plan; each later one is what was found while the job ran, and carries the token
of the worker that found it.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import orjson

from data_access.dynamo.codec import Item
from data_access.erasure.model import HIGHEST_RANK, FrozenKey, Guard
from data_access.erasure.records import MOST_BYTES, Row
from data_access.errors import PlanChanged, TooMuch

# Compressed, and with room for the few attributes beside it.
_PACKED_BYTES = MOST_BYTES - 4_000
# What a worker that is killed leaves to be sent again, and how seldom a slow one tells how far it is.
MOST_KEYS = 2_000
_UNPACKED_BYTES = 1_000_000  # what a reader holds of a chunk, however well it compresses
# Lines that wait for others of their conversation, of all tables: about 30,000 keys.
_WAITING_BYTES = 8_000_000
# How much is compressed at once: the size so far is known exactly only after it.
_FLUSHED_BYTES = 16_000
# A chunk with less room than this is closed: to fill it up would be many small flushes.
_ROOM_BYTES = 4_000
PREFIX = "keys#"
_MOST_ROUNDS = 100
FIRST_ROUND = "00-000000"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Keys that are worked on together. `done` says that their outcomes are counted."""

    name: str
    system: str
    table: str
    rank: int
    keys: tuple[FrozenKey, ...]
    done: bool = False


class _Body:
    """Lines that are compressed while they come. Its size is known to the byte whenever that matters."""

    def __init__(self) -> None:
        self._squeeze = zlib.compressobj()
        self._hash = hashlib.sha256()
        self._parts: list[bytes] = []
        self._waiting: list[bytes] = []
        self._size = 0  # of `_parts`
        self._held = 0  # of `_waiting`
        self._unpacked = 0
        self.count = 0

    def add(self, line: bytes) -> bool:
        """False when it is full: then the line is not in it."""
        part = line if not self.count else b"\n" + line
        if self.count >= MOST_KEYS or (self.count and self._unpacked + len(part) > _UNPACKED_BYTES):
            return False
        if not self._fits(len(part)):
            self._flush(zlib.Z_SYNC_FLUSH)
            if self.count and (not self._fits(len(part)) or not self._fits(_ROOM_BYTES)):
                return False
        self._waiting.append(part)
        self._held += len(part)
        self._unpacked += len(part)
        self.count += 1
        if self._held >= _FLUSHED_BYTES:
            self._flush(zlib.Z_SYNC_FLUSH)
        return True

    def finish(self) -> tuple[bytes, str]:
        """Compressed, and the SHA-256 (hex) of what it is uncompressed."""
        self._flush(zlib.Z_FINISH)
        return b"".join(self._parts), self._hash.hexdigest()

    def _fits(self, more: int) -> bool:
        return self._size + _at_most(self._held + more) <= _PACKED_BYTES

    def _flush(self, how: int) -> None:
        new = b"".join(self._waiting)
        self._hash.update(new)
        self._parts.append(self._squeeze.compress(new) + self._squeeze.flush(how))
        self._size += len(self._parts[-1])
        self._waiting, self._held = [], 0


def _at_most(size: int) -> int:
    """What `size` bytes come to when they do not compress, with the end of the stream.

    https://www.zlib.net/zlib_tech.html: five bytes for each block of 16 KB. A flush and an end are a few bytes more.
    """
    return size + 5 * (size // 16_000 + 1) + 32


@dataclass(slots=True)
class _Open:
    """Keys of one table and rank: those that wait to be put in order, and the chunk that still takes some, with its number."""

    waiting: dict[str, bytearray] = field(default_factory=dict[str, bytearray])  # lines by conversation
    bytes: int = 0  # of `waiting`
    body: _Body = field(default_factory=_Body)
    number: int = 0


class Packer:
    """Takes keys in any order and writes chunks as they are full; what it holds meanwhile is bounded."""

    def __init__(self, put: Callable[[str, Row], None], round_: str = FIRST_ROUND) -> None:
        self._put = put
        self._round = round_
        self._open: dict[tuple[int, str, str], _Open] = {}
        self._held = 0
        self._hashes: dict[str, str] = {}
        self.planned: dict[tuple[str, str], int] = {}

    def add(self, key: FrozenKey) -> None:
        if not 0 <= key.rank <= HIGHEST_RANK:
            raise ValueError("a rank is from 0 to 99")
        line = _pack(key)
        if _at_most(len(line)) > _PACKED_BYTES:
            raise TooMuch("One item's key with its guard is too long to be kept.", "Report it: DynamoDB itself has no such keys.")
        part = self._open.setdefault((key.rank, key.system, key.table), _Open())
        # Copied: what orjson returns keeps 4 KB of memory for a line.
        part.waiting.setdefault(key.conversation or "", bytearray()).extend(line + b"\n")
        part.bytes += len(line)
        self._held += len(line)
        table = (key.system, key.table)
        self.planned[table] = self.planned.get(table, 0) + 1
        if self._held > _WAITING_BYTES:
            self._pour(*max(self._open.items(), key=lambda one: one[1].bytes))

    def close(self) -> None:
        for spot, part in self._open.items():
            self._pour(spot, part)
            if part.body.count:
                self._flush(spot, part)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of every chunk that was written, in the order of the deletes."""
        return digest_of(self._hashes.items())

    def _pour(self, spot: tuple[int, str, str], part: _Open) -> None:
        """Those that wait into chunks, one conversation after the other."""
        waiting, part.waiting = part.waiting, {}
        self._held, part.bytes = self._held - part.bytes, 0
        for _, lines in sorted(waiting.items()):
            for line in bytes(lines).splitlines():
                if not part.body.add(line):
                    self._flush(spot, part)
                    part.body.add(line)

    def _flush(self, spot: tuple[int, str, str], part: _Open) -> None:
        rank, system, table = spot
        name = f"{rank:02d}#{self._round}#{system}#{table}#{part.number:06d}"
        count, (body, digest) = part.body.count, part.body.finish()
        self._hashes[name] = digest
        self._put(name, {"body": body, "count": count, "sha256": digest})
        part.body, part.number = _Body(), part.number + 1


def round_name(number: int, token: int) -> str:
    """Raises TooMuch."""
    if number >= _MOST_ROUNDS:
        raise TooMuch("New items kept coming for as long as this job looked.", "Stop what writes them, and make a new plan.")
    return f"{number:02d}-{token:06d}"


def round_of(name: str) -> str:
    return name.split("#")[1]


def digest_of(hashes: Iterable[tuple[str, str]]) -> str:
    whole = hashlib.sha256()
    for name, one in sorted(hashes):
        whole.update(f"{name} {one}\n".encode())
    return whole.hexdigest()


def unpack(row: Row, *, done: bool = False) -> Chunk:
    """Raises PlanChanged when the chunk is not what was written."""
    name = str(row["sk"]).removeprefix(PREFIX)
    rank, _, system, table, _ = name.split("#")
    return Chunk(name, system, table, int(rank), tuple(_keys(row, system, table, int(rank))), done)


def body_of(row: Row) -> bytes:
    try:
        body = zlib.decompress(row["body"])
    except (zlib.error, KeyError, TypeError):
        body = b""
    if hashlib.sha256(body).hexdigest() != row.get("sha256"):
        raise PlanChanged("The frozen keys of this plan were changed after it was made.", "Make a new plan.")
    return body


def _keys(row: Row, system: str, table: str, rank: int) -> Iterator[FrozenKey]:
    for line in body_of(row).split(b"\n"):
        key, kind, conditions, parent, size, conversation = orjson.loads(line)
        guard = Guard(
            kind,
            tuple((str(name), _from_json(value)) for name, value in conditions),
            None if parent is None else (str(parent[0]), _item(parent[1])),
        )
        yield FrozenKey(system, table, _item(key), guard, rank, int(size), conversation)


def _pack(key: FrozenKey) -> bytes:
    guard = key.guard
    conditions = [(name, _to_json(value)) for name, value in guard.conditions]
    parent = None if guard.parent is None else (guard.parent[0], {name: _to_json(value) for name, value in guard.parent[1].items()})
    own = {name: _to_json(value) for name, value in key.key.items()}
    return orjson.dumps((own, guard.kind, conditions, parent, key.bytes, key.conversation))


def _item(stored: Mapping[str, Any]) -> Item:
    return {name: _from_json(value) for name, value in stored.items()}


def _to_json(value: Any) -> Any:
    """A wire value for JSON, which has no bytes."""
    ((tag, content),) = cast("Mapping[str, Any]", value).items()
    if tag == "B":
        return {tag: base64.b64encode(content).decode() if isinstance(content, bytes) else content}
    if tag == "BS":
        return {tag: [base64.b64encode(one).decode() if isinstance(one, bytes) else one for one in content]}
    return {tag: _inside(tag, content, _to_json)}


def _from_json(value: Any) -> Any:
    ((tag, content),) = cast("Mapping[str, Any]", value).items()
    if tag == "B":
        return {tag: base64.b64decode(content)}
    if tag == "BS":
        return {tag: [base64.b64decode(one) for one in content]}
    return {tag: _inside(tag, content, _from_json)}


def _inside(tag: str, content: Any, turn: Callable[[Any], Any]) -> Any:
    if tag == "M":
        return {name: turn(one) for name, one in cast("Mapping[str, Any]", content).items()}
    return [turn(one) for one in cast("Sequence[Any]", content)] if tag == "L" else content
