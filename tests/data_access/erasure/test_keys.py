"""The keys of an installation: made once, for their owner alone, and never replaced in silence."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from data_access.erasure.keys import HASH_FILE, SIGNING_FILE, Keys
from data_access.errors import KeyFileError
from tests.data_access.erasure.making import settings_for


def test_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    keys = Keys.open(settings_for(tmp_path))
    assert Keys.open(settings_for(tmp_path)) == keys
    assert len(keys.hashing) == len(keys.seed) == 32
    assert keys.hashing != keys.seed
    folder = tmp_path / "keys"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in folder.iterdir()) == [HASH_FILE, SIGNING_FILE]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.iterdir())


def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    keys = Keys.open(settings_for(tmp_path / "state", keys=tmp_path / "deep" / "secrets"))
    assert (tmp_path / "deep" / "secrets" / HASH_FILE).read_bytes() == keys.hashing
    assert not (tmp_path / "state").exists()


def _open(folder: Path) -> bytes:
    keys = Keys.open(settings_for(folder))
    return keys.hashing + keys.seed


def test_processes_at_once_have_one_key(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert len(set(pool.map(_open, [tmp_path] * 8))) == 1
    assert len(list((tmp_path / "keys").iterdir())) == 2


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33])
def test_a_broken_file_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    Keys.open(settings_for(tmp_path))
    (tmp_path / "keys" / HASH_FILE).write_bytes(content)
    with pytest.raises(KeyFileError, match=r"hash\.key is not 32 bytes long") as caught:
        Keys.open(settings_for(tmp_path))
    assert "backup" in caught.value.remedy
    assert (tmp_path / "keys" / HASH_FILE).read_bytes() == content


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    Keys.open(settings_for(tmp_path))
    (tmp_path / "keys" / SIGNING_FILE).chmod(0o640)
    with pytest.raises(KeyFileError, match=r"signing\.key can be read by others") as caught:
        Keys.open(settings_for(tmp_path))
    assert "chmod 600" in caught.value.remedy


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file")
    with pytest.raises(KeyFileError, match="cannot be read or made"):
        Keys.open(settings_for(tmp_path))


def test_keys_are_not_shown(tmp_path: Path) -> None:
    keys = Keys.open(settings_for(tmp_path))
    assert str(keys.hashing) not in repr(keys)
    assert len(keys.key_id) == 16
    assert keys.key_id not in (keys.hashing.hex(), keys.subject("")[:16], keys.head(0, "")[:16])
