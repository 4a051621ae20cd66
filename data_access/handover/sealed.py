"""A file that waits, sealed: only who holds its token can read it, and no byte of it can be changed, cut off or moved unnoticed.

Pieces of 64 KiB, each sealed by ChaCha20-Poly1305 with its number and whether it is the last one for a nonce (the STREAM
construction, https://eprint.iacr.org/2015/189). A key seals one file only, so no nonce comes twice. Memory is one piece.
"""

from __future__ import annotations

import hashlib
import io
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

PIECE = 1 << 16
_TAG = 16


def key_of(token: str) -> bytes:
    """The key that a token stands for: 256 random bits make 256 others."""
    return hashlib.blake2b(token.encode(), digest_size=32, person=b"export").digest()


def plain_bytes(sealed: int) -> int:
    """How much is in a sealed file of this length. There is a last piece always, of nothing if need be."""
    return sealed - _TAG * max(1, -(-sealed // (PIECE + _TAG)))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


class Sealing(io.RawIOBase):
    """What is written to it is sealed into `inner`. It is whole with `finish`, and worth nothing without."""

    def __init__(self, inner: BinaryIO, key: bytes) -> None:
        self._inner, self._cipher = inner, ChaCha20Poly1305(key)
        self._waiting = bytearray()
        self._number = 0
        self.written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        view = memoryview(data).cast("B")
        self._waiting += view
        # A full piece waits for one more byte: it may be the last one.
        while len(self._waiting) > PIECE:
            self._seal(last=False)
        self.written += len(view)
        return len(view)

    def finish(self) -> None:
        self._seal(last=True)
        self._inner.flush()

    def _seal(self, *, last: bool) -> None:
        piece = bytes(self._waiting[:PIECE])
        del self._waiting[:PIECE]
        self._inner.write(self._cipher.encrypt(_nonce(self._number, last=last), piece, None))
        self._number += 1


class Opening(io.RawIOBase):
    """What is in a sealed file, from its start. Raises OSError where it is not what was sealed. Closing it closes `inner`."""

    def __init__(self, inner: BinaryIO, key: bytes, sealed: int) -> None:
        self._inner, self._cipher = inner, ChaCha20Poly1305(key)
        self._left, self._number = sealed, 0
        self._piece = memoryview(b"")
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        if not self._piece and not self._ended:
            self._open()
        view = memoryview(buffer).cast("B")
        count = min(len(view), len(self._piece))
        view[:count] = self._piece[:count]
        self._piece = self._piece[count:]
        return count

    def _open(self) -> None:
        sealed = self._inner.read(PIECE + _TAG)
        self._left -= len(sealed)
        self._ended = self._left <= 0
        try:
            self._piece = memoryview(self._cipher.decrypt(_nonce(self._number, last=self._ended), sealed, None))
        except InvalidTag:
            raise OSError("the sealed file is not what was sealed") from None
        self._number += 1

    def close(self) -> None:
        self._inner.close()
        super().close()
