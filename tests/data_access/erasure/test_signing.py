"""Signatures by RFC 8032's own vectors, and which public keys this machine knows."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_access.erasure.keys import Keys
from data_access.erasure.signing import is_signed, key_id, known_keys, public_key, read_public, sign
from data_access.errors import UsageError
from data_access.settings import ErasureSettings, Settings

# https://www.rfc-editor.org/rfc/rfc8032#section-7.1, tests 1 and 2
VECTORS = (
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
)


@pytest.mark.parametrize("seed, public, message, signature", VECTORS)
def test_the_vectors_of_the_standard(seed: str, public: str, message: str, signature: str) -> None:
    assert public_key(bytes.fromhex(seed)).hex() == public
    assert sign(bytes.fromhex(seed), bytes.fromhex(message)).hex() == signature
    assert is_signed(bytes.fromhex(public), bytes.fromhex(signature), bytes.fromhex(message))


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(0, 63), st.integers(1, 255))
def test_no_other_text_key_or_signature_fits(seed: bytes, message: bytes, place: int, change: int) -> None:
    public, signature = public_key(seed), sign(seed, message)
    assert is_signed(public, signature, message)
    broken = bytearray(signature)
    broken[place] ^= change
    assert not is_signed(public, bytes(broken), message)
    assert not is_signed(public, signature, message + b"x")
    assert not is_signed(public_key(bytes(32) if seed != bytes(32) else b"1" * 32), signature, message)
    assert not is_signed(b"short", signature, message)


def test_the_keys_of_a_folder_are_known(tmp_path: Path) -> None:
    settings = Settings("local", tmp_path, {})
    assert known_keys(settings) == frozenset()
    assert not (tmp_path / "keys").exists(), "to check a receipt makes no key"
    own = public_key(Keys.open(settings).seed)
    assert known_keys(settings) == {own}
    old = public_key(b"7" * 32)
    (tmp_path / "keys" / "last-year.pub").write_text(f"{old.hex()}\n")
    (tmp_path / "keys" / "broken.pub").write_bytes(b"\xff\x00")
    (tmp_path / "keys" / "folder.pub").mkdir()
    assert known_keys(settings) == {own, old}
    assert known_keys(Settings("local", tmp_path, {}, erasure=ErasureSettings(keys=tmp_path / "elsewhere"))) == frozenset()


def test_a_public_key_is_64_digits() -> None:
    key = public_key(b"1" * 32)
    assert read_public(f" {key.hex().upper()}\n") == key
    assert len(key_id(key)) == 16
    for text in ("", "12", "g" * 64, key.hex() + "00"):
        with pytest.raises(UsageError):
            read_public(text)
