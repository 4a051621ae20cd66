"""Ed25519 signatures (RFC 8032) with the installation's own key, and which public keys this machine knows.

The same text signed twice is the same signature. Who has a file can check it without this installation; whose key it is has to be
learned elsewhere: by a pinned key, or by the folder of the keys.
"""

from __future__ import annotations

import hashlib
import re
import stat
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from data_access.erasure.keys import KEY_BYTES, SIGNING_FILE
from data_access.errors import UsageError
from data_access.settings import Settings

ALGORITHM = "Ed25519"
_HEX = re.compile(r"[0-9a-fA-F]{64}")


def public_key(seed: bytes) -> bytes:
    """The 32 public bytes of a private key's 32."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def key_id(public: bytes) -> str:
    """16 hex digits by which people tell public keys apart."""
    return hashlib.sha256(public).hexdigest()[:16]


def sign(seed: bytes, message: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def is_signed(public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def read_public(text: str) -> bytes:
    """A public key as people write it: 64 hex digits. Raises UsageError."""
    if not _HEX.fullmatch(text.strip()):
        raise UsageError("That is no public key.", "A public key is 64 hex digits, as a receipt shows it.")
    return bytes.fromhex(text.strip())


def known_keys(settings: Settings) -> frozenset[bytes]:
    """The public keys that this machine has reason to trust: its own, and each *.pub file (64 hex digits) beside it.

    Nothing is made and nothing is needed: an empty set where there is no folder. A file that cannot be read is no key.
    """
    folder = settings.erasure.keys or settings.state / "keys"
    found: set[bytes] = set()
    own = _read(folder / SIGNING_FILE)
    if len(own) == KEY_BYTES:
        found.add(public_key(own))
    try:
        others = sorted(folder.glob("*.pub"))
    except OSError:
        others = []
    for path in others:
        text = _read(path).decode("ascii", "replace").strip()
        if _HEX.fullmatch(text):
            found.add(bytes.fromhex(text))
    return frozenset(found)


def _read(path: Path) -> bytes:
    """The beginning of a regular file, empty where there is none."""
    try:
        return path.read_bytes()[:200] if stat.S_ISREG(path.stat().st_mode) else b""
    except OSError:
        return b""
