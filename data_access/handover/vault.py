"""Where exports wait until they are fetched: files that only this user of the machine can read, each for one identity, for an hour.

    <state>/exports/<name>.zip      the archive, sealed (sealed.py); <name>.part while it is written
    <state>/exports/<name>.json     for whom, about whom, until when: keyed hashes and a time

`name` is a hash of the token, so that who sees the folder cannot fetch anything; the hash of the identity is keyed with the token, and
the archive is sealed with it: a copy of the folder, such as a backup, gives nothing away.
A file is gone after its first whole download, after its hour, and after an erasure of its subject.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import io
import os
import re
import secrets
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pydantic import TypeAdapter, ValidationError

from data_access.errors import NotFound
from data_access.handover.sealed import PIECE, Opening, Sealing, key_of, plain_bytes

LIFE_SECONDS = 3_600.0
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class _Label:
    """What lies beside an archive. `until` is in seconds since 1970; `subject` is the keyed hash that the caller gave."""

    identity: str
    subject: str
    until: float


_LABEL = TypeAdapter(_Label)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An archive that may be fetched: open, from its start. `done` after the last byte went out; close it in any case."""

    file: BinaryIO
    size: int
    done: Callable[[], int]


@dataclass(slots=True)
class Deposit:
    """An archive that is being put in: write to `file`, which tells how much was `written`.

    With `token`, and the same identity, it can be fetched afterwards.
    """

    file: Sealing
    token: str


class Vault:
    """The waiting exports of one state folder, for any number of processes. `clock` is in seconds since 1970."""

    def __init__(self, state: Path, clock: Callable[[], float] = time.time) -> None:
        self._folder = state / "exports"
        self._clock = clock

    @contextmanager
    def put(self, identity: str, subject: str = "") -> Generator[Deposit]:
        """An export for an identity, about a subject (keyed hash). It can be fetched once the block has ended without an error."""
        self.sweep()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        token = secrets.token_urlsafe(32)
        part, label, archive = (self._folder / f"{_name(token)}{ending}" for ending in (".part", ".json", ".zip"))
        try:
            # The label first: an erasure must find what is being written, too.
            self._write(label, _Label(_mac(token, identity), subject, self._clock() + LIFE_SECONDS))
            with _created(part) as file:
                sealing = Sealing(file, key_of(token))
                yield Deposit(sealing, token)
                sealing.finish()
            if self._label(label.stem) is None:
                raise FileNotFoundError
            self._write(label, _Label(_mac(token, identity), subject, self._clock() + LIFE_SECONDS))
            part.replace(archive)
        except FileNotFoundError:
            _remove(part, label, archive)
            raise NotFound(
                "The export was removed while it was made: its subject was erased.", "There is nothing left to export."
            ) from None
        except BaseException:
            _remove(part, label, archive)
            raise

    def open(self, token: str, identity: str | None) -> Waiting | None:
        """None for anybody else, for an export that is not there any more, and for a token that never was."""
        if identity is None or not _TOKEN.fullmatch(token):
            return None
        label = self._label(_name(token))
        if label is None or not hmac.compare_digest(label.identity, _mac(token, identity)) or label.until <= self._clock():
            return None
        paths = [self._folder / f"{_name(token)}{ending}" for ending in (".zip", ".json")]
        try:
            file = paths[0].open("rb")
        except OSError:
            return None
        sealed = os.fstat(file.fileno()).st_size
        opening = io.BufferedReader(Opening(file, key_of(token), sealed), PIECE)
        return Waiting(opening, plain_bytes(sealed), lambda: _remove(*paths))

    def sweep(self) -> int:
        """Delete what has waited for its hour, and what a process left behind that ended while it wrote. Returns how many files."""
        now = self._clock()
        gone = 0
        for path in self._files():
            label = self._label(path.stem) if path.suffix in (".zip", ".json") else None
            try:
                # A label or an archive without the other is being made, or was left behind.
                ended = label.until <= now if label is not None else path.stat().st_mtime <= now - LIFE_SECONDS
            except FileNotFoundError:
                continue
            if ended:
                gone += _remove(path.with_suffix(".zip"), path) if path.suffix == ".json" else _remove(path)
        return gone

    def remove_all(self, subject: str) -> int:
        """Delete every export about a subject, by its keyed hash, whoever it waits for; one that is being written ends with NotFound.

        Returns how many.
        """
        gone = 0
        for path in self._files():
            label = self._label(path.stem) if path.suffix == ".json" else None
            if label is not None and hmac.compare_digest(label.subject, subject):
                gone += bool(_remove(path, path.with_suffix(".zip"), path.with_suffix(".part")))
        return gone

    def _write(self, path: Path, label: _Label) -> None:
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with _created(part) as file:
            file.write(_LABEL.dump_json(label))
        part.replace(path)

    def _files(self) -> list[Path]:
        try:
            return sorted(path for path in self._folder.iterdir() if path.is_file())
        except FileNotFoundError:
            return []

    def _label(self, name: str) -> _Label | None:
        try:
            return _LABEL.validate_json((self._folder / f"{name}.json").read_bytes())
        except (OSError, ValidationError):
            return None


@contextmanager
def _created(path: Path) -> Generator[BinaryIO]:
    """A new file that only its owner can read."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
        yield file


def _remove(*paths: Path) -> int:
    gone = 0
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
            gone += 1
    return gone


def _name(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:32]


def _mac(token: str, identity: str) -> str:
    return hmac.new(token.encode(), identity.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
