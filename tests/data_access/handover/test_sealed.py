"""What is sealed comes back byte for byte, and not at all where a byte of it was changed."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_access.handover.sealed import PIECE, Opening, Sealing, key_of, plain_bytes

KEY = key_of("a")


def seal(*parts: bytes) -> bytes:
    kept = io.BytesIO()
    sealing = Sealing(kept, KEY)
    for part in parts:
        assert sealing.write(part) == len(part)
    sealing.finish()
    assert sealing.written == sum(map(len, parts))
    return kept.getvalue()


def opened(sealed: bytes, key: bytes = KEY) -> bytes:
    with io.BufferedReader(Opening(io.BytesIO(sealed), key, len(sealed)), PIECE) as file:
        return file.read()


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 7])
def test_it_comes_back_whatever_its_length(size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    sealed = seal(data)
    assert plain_bytes(len(sealed)) == size
    assert opened(sealed) == data
    assert seal(data[: size // 3], b"", data[size // 3 :]) == sealed, "however it was written"


@given(st.integers(0, 2 * PIECE + 31), st.integers(1, 255))
def test_no_byte_can_be_changed(place: int, by: int) -> None:
    sealed = bytearray(seal(bytes(2 * PIECE)))
    sealed[place] ^= by
    with pytest.raises(OSError, match="not what was sealed"):
        opened(bytes(sealed))


def test_nothing_can_be_cut_off_moved_or_opened_with_another_key() -> None:
    sealed, piece = seal(bytes(3 * PIECE)), PIECE + 16
    for odd in (sealed[:-1], sealed[: 2 * piece], b"", sealed[piece : 2 * piece] + sealed[:piece] + sealed[2 * piece :]):
        with pytest.raises(OSError, match="not what was sealed"):
            opened(odd)
    with pytest.raises(OSError, match="not what was sealed"):
        opened(sealed, key_of("b"))


def test_a_zip_can_be_written_into_it() -> None:
    kept = io.BytesIO()
    sealing = Sealing(kept, KEY)
    with zipfile.ZipFile(sealing, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"x" * 200_000)
    sealing.finish()
    with zipfile.ZipFile(io.BytesIO(opened(kept.getvalue()))) as archive:
        assert archive.testzip() is None
        assert archive.read("a.txt") == b"x" * 200_000
