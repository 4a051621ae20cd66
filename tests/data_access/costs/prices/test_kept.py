"""Kept documents: for the owner alone, whole or not at all, and nothing but what was written there."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from data_access.costs.prices.kept import Broken, Kept, load, save

THEN = Kept(datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC), ('{"a": "ä🙂"}', "{}"))


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "prices"
    assert load(folder, "us-east-1") is None
    save(folder, "us-east-1", THEN)
    assert load(folder, "us-east-1") == THEN
    assert load(folder, "us-east-2") is None


def test_only_the_owner_can_read_it_and_no_draft_is_left(tmp_path: Path) -> None:
    folder = tmp_path / "prices"
    for _ in range(2):
        save(folder, "us-east-1", THEN)
    assert [path.name for path in folder.iterdir()] == ["us-east-1.json"]
    assert stat.S_IMODE((folder / "us-east-1.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path, "us-east-1", THEN)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        save(tmp_path, "us-east-1", Kept(THEN.asked_at + timedelta(days=1), ()))
    assert [path.name for path in tmp_path.iterdir()] == ["us-east-1.json"]
    assert load(tmp_path, "us-east-1") == THEN


def test_a_time_of_another_zone_is_the_same_moment(tmp_path: Path) -> None:
    save(tmp_path, "us-east-1", Kept(THEN.asked_at.astimezone(timezone(timedelta(hours=9))), ()))
    found = load(tmp_path, "us-east-1")
    assert found is not None
    assert (found.asked_at, found.asked_at.tzinfo) == (THEN.asked_at, UTC)


WHOLE = {"format": 1, "region": "us-east-1", "asked_at": "2026-11-20T10:00:00+00:00", "documents": ["{}"]}


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        *(json.dumps({key: value for key, value in WHOLE.items() if key != gone}).encode() for gone in WHOLE),
        *(
            json.dumps(WHOLE | changed).encode()
            for changed in (
                {"format": 2},
                {"region": "us-east-2"},
                {"asked_at": "2026-11-20T10:00:00"},
                {"asked_at": "yesterday"},
                {"asked_at": 7},
                {"documents": None},
                {"documents": [1]},
            )
        ),
    ],
)
def test_another_file_is_broken(tmp_path: Path, written: bytes) -> None:
    (tmp_path / "us-east-1.json").write_bytes(written)
    with pytest.raises(Broken):
        load(tmp_path, "us-east-1")


def test_a_folder_in_the_place_of_the_file_is_broken(tmp_path: Path) -> None:
    (tmp_path / "us-east-1.json").mkdir()
    with pytest.raises(Broken):
        load(tmp_path, "us-east-1")
