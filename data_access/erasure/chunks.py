"""Frozen keys as rows of the control table: packed, compressed, at most 100 KB each, streamed in and out.

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

# Before compression: what does not compress must fit too, with the few attributes beside it.
_PACKED_BYTES = MOST_BYTES - 4_000
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


@dataclass(slots=True)
class _Open:
    """A chunk that still takes keys."""

    lines: list[bytes] = field(default_factory=list[bytes])
    bytes: int = 0
    number: int = 0


class Packer:
    """Takes keys in any order and writes full chunks as they come: it holds one open chunk for each table and rank."""

    def __init__(self, put: Callable[[str, Row], None], round_: str = FIRST_ROUND) -> None:
        self._put = put
        self._round = round_
        self._open: dict[tuple[int, str, str], _Open] = {}
        self._hashes: dict[str, str] = {}
        self.planned: dict[tuple[str, str], int] = {}

    def add(self, key: FrozenKey) -> None:
        if not 0 <= key.rank <= HIGHEST_RANK:
            raise ValueError("a rank is from 0 to 99")
        spot = (key.rank, key.system, key.table)
        line = _pack(key)
        if len(line) > _PACKED_BYTES:
            raise TooMuch("One item's key with its guard is too long to be kept.", "Report it: DynamoDB itself has no such keys.")
        part = self._open.setdefault(spot, _Open())
        if part.bytes + len(line) + 1 > _PACKED_BYTES:
            self._flush(spot, part)
        part.lines.append(line)
        part.bytes += len(line) + 1
        table = (key.system, key.table)
        self.planned[table] = self.planned.get(table, 0) + 1

    def close(self) -> None:
        for spot, part in self._open.items():
            if part.lines:
                self._flush(spot, part)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of every chunk that was written, in the order of the deletes."""
        return digest_of(self._hashes.items())

    def _flush(self, spot: tuple[int, str, str], part: _Open) -> None:
        rank, system, table = spot
        body = b"\n".join(part.lines)
        name = f"{rank:02d}#{self._round}#{system}#{table}#{part.number:06d}"
        self._hashes[name] = hashlib.sha256(body).hexdigest()
        self._put(name, {"body": zlib.compress(body), "count": len(part.lines), "sha256": self._hashes[name]})
        part.lines, part.bytes, part.number = [], 0, part.number + 1


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
