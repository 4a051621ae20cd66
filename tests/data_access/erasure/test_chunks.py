"""How frozen keys are packed: full chunks that still fit in a row, conversations together, and a digest that does not see the packing."""

from __future__ import annotations

import hashlib
import random
import zlib
from collections.abc import Iterable
from dataclasses import replace

import pytest

from data_access.erasure import chunks
from data_access.erasure.chunks import MOST_KEYS, PREFIX, Packer, body_of, digest_of, unpack
from data_access.erasure.model import FrozenKey, Guard
from data_access.erasure.records import MOST_BYTES, Row
from tests.data_access.erasure.making import message, session


def pack(keys: Iterable[FrozenKey]) -> tuple[dict[str, Row], Packer]:
    rows: dict[str, Row] = {}
    packer = Packer(lambda name, row: rows.update({name: {"sk": PREFIX + name, **row}}))
    for key in keys:
        packer.add(key)
    packer.close()
    return rows, packer


def noise(number: int, size: int, chance: random.Random) -> FrozenKey:
    """A key of which nothing compresses by much."""
    return replace(message(number), key={"id": {"B": chance.randbytes(size)}}, guard=Guard("owner_in_key"))


def keys_of(rows: Iterable[Row]) -> list[FrozenKey]:
    return [key for row in rows for key in unpack(row).keys]


def size_of(row: Row) -> int:
    return sum(len(name) + (len(value) if isinstance(value, (bytes, str)) else 8) for name, value in row.items())


@pytest.mark.parametrize("size", [1, 40, 700, 2_048, 30_000])
def test_no_row_is_above_its_bound_when_nothing_compresses(size: int) -> None:
    chance = random.Random(size)
    rows, _ = pack(noise(number, size, chance) for number in range(1_500 if size < 2_048 else 150))
    assert max(map(size_of, rows.values())) <= MOST_BYTES
    bodies = [len(row["body"]) for row in rows.values()]
    if size == 700:  # and what can be filled is filled
        assert min(bodies[:-1]) > 0.9 * MOST_BYTES


def test_a_row_has_as_many_keys_as_it_may_when_they_compress() -> None:
    rows, _ = pack(message(number) for number in range(2 * MOST_KEYS + 500))
    assert [row["count"] for row in rows.values()] == [MOST_KEYS, MOST_KEYS, 500]
    assert all(len(body_of(row).split(b"\n")) == row["count"] for row in rows.values())


def test_a_row_that_compresses_very_well_is_bounded_when_it_is_unpacked() -> None:
    rows, _ = pack(replace(message(number), guard=Guard("owner_attribute", (("x", {"S": "y" * 20_000}),))) for number in range(200))
    assert max(len(body_of(row)) for row in rows.values()) <= 1_000_000
    assert max(len(row["body"]) for row in rows.values()) < 20_000


def test_conversations_are_put_together_and_nothing_is_lost() -> None:
    given = [message(number) for number in range(1_900)] + [session(number) for number in range(38)]
    shuffled = random.Random(3).sample(given, len(given))
    rows, packer = pack(shuffled)
    found = keys_of(rows.values())
    assert sorted(map(repr, found)) == sorted(map(repr, given))
    for rank in (0, 9):
        talks = [key.conversation for key in found if key.rank == rank]
        assert talks == sorted(talks, key=str)
    assert packer.planned == {("ai_agent", "ai-agent-messages"): 1_900, ("ai_agent", "ai-agent-sessions"): 38}


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "_WAITING_BYTES", 100_000)
    rows: list[str] = []
    packer = Packer(lambda name, _: rows.append(name))
    for number in range(3_000):
        packer.add(message(number))
    assert rows, "written before the last key has come"
    packer.close()
    assert rows == sorted(set(rows))


def test_the_digest_is_of_what_is_in_the_chunks_however_it_was_compressed(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [message(number) for number in range(1_700)]
    rows, packer = pack(keys)
    plain = {name: zlib.decompress(row["body"]) for name, row in rows.items()}
    assert {name: row["sha256"] for name, row in rows.items()} == {name: hashlib.sha256(body).hexdigest() for name, body in plain.items()}
    assert packer.digest == digest_of((name, hashlib.sha256(body).hexdigest()) for name, body in plain.items())
    monkeypatch.setattr(chunks, "_FLUSHED_BYTES", 100)
    often, other = pack(keys)
    assert [row["body"] for row in often.values()] != [row["body"] for row in rows.values()]
    assert other.digest == packer.digest
