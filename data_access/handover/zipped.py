"""A ZIP written from the first byte to the last, with the length and SHA-256 of each file in it."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import IO, BinaryIO, Self

_BLOCK = 1 << 16
# Read and write for its owner: what unpacks it sets the modes that are in it.
_MODE = 0o600 << 16


@dataclass(frozen=True, slots=True)
class File:
    """One file in the archive. `sha256` is of its own bytes, in hex."""

    name: str
    bytes: int
    sha256: str


class Writer:
    """What a file in the archive is written to."""

    def __init__(self, inner: IO[bytes]) -> None:
        self._inner = inner
        self._digest = hashlib.sha256()
        self.bytes = 0

    def write(self, data: bytes) -> None:
        self._digest.update(data)
        self.bytes += len(data)
        self._inner.write(data)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


class Zipped:
    """One archive on any file object, which need not be able to seek. One file is open at a time."""

    def __init__(self, target: BinaryIO, made_at: datetime) -> None:
        self._zip = zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, allowZip64=True)
        # A ZIP has no zone and begins in 1980.
        self._date = max((1980, 1, 1, 0, 0, 0), made_at.timetuple()[:6])
        self.files: list[File] = []

    @contextmanager
    def file(self, name: str) -> Generator[Writer]:
        info = zipfile.ZipInfo(name, self._date)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = _MODE
        with self._zip.open(info, "w", force_zip64=True) as inner:
            writer = Writer(inner)
            yield writer
        self.files.append(File(name, writer.bytes, writer.sha256))

    def copy(self, name: str, source: IO[bytes]) -> None:
        """A file that was written elsewhere meanwhile, from its start."""
        source.seek(0)
        with self.file(name) as out:
            while block := source.read(_BLOCK):
                out.write(block)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Write the directory. After a failure too, while the target is there: what is in it then is for nobody."""
        self._zip.close()
