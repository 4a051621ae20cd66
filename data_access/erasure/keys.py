"""The two keys of an installation: one that makes keyed hashes, one that signs. Each is a file of 32 random bytes.

The hash key is what keeps a subject's hash from being guessed: who has it can test an id against the audit, and read what the later
looks of a job need. Every replica needs
the same two, in the folder that `[erasure] keys` names; else they are made once in the state folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from data_access.errors import KeyFileError
from data_access.settings import Settings

KEY_BYTES = 32
_NONCE_BYTES = 12
HASH_FILE = "hash.key"
SIGNING_FILE = "signing.key"


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """`hashing` is the key of HMAC-SHA-256, `seed` the private part of Ed25519. Never shown: there is no repr of them."""

    hashing: bytes
    seed: bytes

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Read both keys, made where there are none. Raises KeyFileError."""
        folder = settings.erasure.keys or settings.state / "keys"
        return cls(_key(folder, HASH_FILE), _key(folder, SIGNING_FILE))

    def subject(self, user_id: str) -> str:
        """The keyed hash of exactly these bytes, 64 hex digits: what is kept of a user id."""
        return self._mac(b"subject", user_id.encode("utf-8", "surrogatepass"))

    def conversation(self, system: str, conversation_id: str, user_id: str | None, tenant_id: str | None) -> str:
        """The keyed hash of one conversation, 64 hex digits: what is kept of which one was revealed."""
        named = json.dumps([system, conversation_id, user_id, tenant_id])  # Each part keeps its ends.
        return self._mac(b"conversation", named.encode())

    def head(self, count: int, row_hash: str) -> str:
        """What shows that the head of the audit was written by one who has the key."""
        return self._mac(b"head", f"{count}:{row_hash}".encode())

    @property
    def key_id(self) -> str:
        """16 hex digits that tell one hash key from another, and nothing of it."""
        return self._mac(b"id", b"")[:16]

    def seal(self, data: bytes, place: str) -> bytes:
        """Encrypted, for this place alone: who has the table and not the hash key reads nothing of it (AES-256-GCM)."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self._sealing()).encrypt(nonce, data, place.encode())

    def unseal(self, sealed: bytes, place: str) -> bytes:
        """Raises KeyFileError where it was sealed with another key, for another place, or was changed."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            return AESGCM(self._sealing()).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError):
            raise KeyFileError(
                "What was sealed here cannot be opened with this key.", "Use the hash key that it was sealed with."
            ) from None

    def _sealing(self) -> bytes:
        return hmac.new(self.hashing, b"seal\0", hashlib.sha256).digest()

    def _mac(self, use: bytes, message: bytes) -> str:
        # What it is used for is part of the message: no hash of one use can stand for one of another.
        return hmac.new(self.hashing, use + b"\0" + message, hashlib.sha256).hexdigest()


def _key(folder: Path, name: str) -> bytes:
    try:
        found = _read(folder / name)
        return found if found is not None else _make(folder, name)
    except OSError as error:
        raise KeyFileError(
            f"The key file {name} cannot be read or made ({error.strerror}).", "Check the folder of the keys and who owns it."
        ) from None


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            found = file.read(KEY_BYTES + 1)
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
    except FileNotFoundError:
        return None
    if len(found) != KEY_BYTES:
        raise KeyFileError(
            f"The key file {path.name} is not {KEY_BYTES} bytes long.",
            "Put it back from a backup; with a new key, what was hashed or signed before can no longer be checked.",
        )
    if mode & 0o077 and sys.platform != "win32":
        raise KeyFileError(f"The key file {path.name} can be read by others.", "Make it its owner's alone: chmod 600.")
    return found


def _make(folder: Path, name: str) -> bytes:
    """Two processes that make it at once end with the same one: a link, unlike a rename, replaces nothing."""
    if not folder.is_dir():
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    target = folder / name
    part = folder / f".{name}.{secrets.token_hex(8)}"
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # Somebody else was first.
            os.link(part, target)
    finally:
        part.unlink(missing_ok=True)
    made = _read(target)
    assert made is not None, "it was linked there a moment ago"
    return made
