"""Exports that wait: each for one identity, until it was fetched, its hour is over, or its subject was erased."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from data_access.errors import NotFound
from data_access.handover.vault import LIFE_SECONDS, Vault, Waiting

ANNA, BO = "browser-anna", "browser-bo"


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vault(tmp_path: Path, clock: Clock) -> Vault:
    return Vault(tmp_path, clock)


def put(vault: Vault, identity: str = ANNA, subject: str = "s" * 64, data: bytes = b"zip") -> str:
    with vault.put(identity, subject) as deposit:
        deposit.file.write(data)
    return deposit.token


def fetch(waiting: Waiting | None) -> bytes:
    assert waiting is not None
    with waiting.file as file:
        return file.read()


def files(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "exports").iterdir())


def test_only_the_identity_it_waits_for_gets_it(vault: Vault) -> None:
    token = put(vault)
    assert vault.open(token, BO) is None
    assert vault.open(token, None) is None
    assert vault.open(token, "") is None
    assert fetch(vault.open(token, ANNA)) == b"zip"


@pytest.mark.parametrize("token", ["", "x", "../../etc/passwd", "A" * 43, "A" * 42 + "/", "é" * 43])
def test_a_token_that_never_was_opens_nothing(vault: Vault, token: str) -> None:
    put(vault)
    assert vault.open(token, ANNA) is None


def test_one_whole_download_and_it_is_gone(vault: Vault, tmp_path: Path) -> None:
    token = put(vault)
    broken_off = vault.open(token, ANNA)
    assert broken_off is not None
    broken_off.file.close()
    whole = vault.open(token, ANNA)
    assert fetch(whole) == b"zip"
    assert whole is not None
    assert whole.size == 3
    whole.done()
    assert vault.open(token, ANNA) is None
    assert files(tmp_path) == []


def test_after_its_hour_it_is_nobodys_and_then_gone(vault: Vault, clock: Clock, tmp_path: Path) -> None:
    token = put(vault)
    clock.now += LIFE_SECONDS - 1
    assert fetch(vault.open(token, ANNA)) == b"zip"
    assert vault.sweep() == 0
    clock.now += 1
    assert vault.open(token, ANNA) is None
    assert vault.sweep() == 2
    assert files(tmp_path) == []


def test_what_a_dead_process_left_goes_with_the_first_sweep_after_its_hour(vault: Vault, clock: Clock, tmp_path: Path) -> None:
    put(vault)
    folder = tmp_path / "exports"
    for name in ("dead.part", "dead.zip", ".dead.json.ab12"):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (clock.now, clock.now))
    assert Vault(tmp_path, clock).sweep() == 0
    clock.now += LIFE_SECONDS
    assert Vault(tmp_path, clock).sweep() == 5
    assert files(tmp_path) == []


def test_a_failure_while_writing_leaves_nothing(vault: Vault, tmp_path: Path) -> None:
    tokens: list[str] = []

    def fail() -> None:
        with vault.put(ANNA) as deposit:
            tokens.append(deposit.token)
            deposit.file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert files(tmp_path) == []
    assert vault.open(tokens[0], ANNA) is None


def test_nothing_can_be_fetched_before_it_is_whole(vault: Vault) -> None:
    with vault.put(ANNA) as deposit:
        deposit.file.write(b"half")
        assert vault.open(deposit.token, ANNA) is None


def test_an_erasure_takes_the_exports_of_its_subject(vault: Vault, tmp_path: Path) -> None:
    first, second, other = put(vault, ANNA, "a" * 64), put(vault, BO, "a" * 64), put(vault, ANNA, "b" * 64)
    assert vault.remove_all("a" * 64) == 2
    assert vault.open(first, ANNA) is None
    assert vault.open(second, BO) is None
    assert fetch(vault.open(other, ANNA)) == b"zip"
    assert len(files(tmp_path)) == 2


def test_an_export_that_is_being_made_goes_too(vault: Vault, tmp_path: Path) -> None:
    def erase_meanwhile() -> None:
        with vault.put(ANNA, "a" * 64) as deposit:
            deposit.file.write(b"all")
            assert vault.remove_all("a" * 64) == 1

    with pytest.raises(NotFound, match="erased"):
        erase_meanwhile()
    assert files(tmp_path) == []


def test_only_the_owner_can_read_it_and_nothing_tells_whose_it_is(vault: Vault, tmp_path: Path) -> None:
    token = put(vault, data=b"")
    folder = tmp_path / "exports"
    assert folder.stat().st_mode & 0o777 == 0o700
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
        assert token not in path.name
        assert token.encode() not in path.read_bytes()
        assert ANNA.encode() not in path.read_bytes()


def test_what_lies_there_can_be_read_with_the_token_alone(vault: Vault, tmp_path: Path) -> None:
    words = b"Where is my order?" * 20_000
    token = put(vault, data=words)
    (archive,) = (tmp_path / "exports").glob("*.zip")
    stored = archive.read_bytes()
    assert words[:18] not in stored
    waiting = vault.open(token, ANNA)
    assert waiting is not None
    assert waiting.size == len(words)
    assert fetch(waiting) == words
    for changed in (stored[:-1], stored[: len(stored) // 2], bytes([stored[0] ^ 1]) + stored[1:], stored + b"x"):
        archive.write_bytes(changed)
        with pytest.raises(OSError, match="not what was sealed"):
            fetch(vault.open(token, ANNA))


def test_there_need_be_no_folder(vault: Vault) -> None:
    assert (vault.sweep(), vault.remove_all("a" * 64), vault.open("A" * 43, ANNA)) == (0, 0, None)
