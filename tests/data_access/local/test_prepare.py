"""Local mode made ready: the sample goes in once, whole, and never over somebody's own data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from data_access import local
from data_access.dynamo.aws import open_sources
from data_access.errors import SettingsError
from data_access.local import engine, sample
from data_access.settings import Settings, load_settings

pytestmark = pytest.mark.engine


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    # A hundred items show the same as 17,000: which go in, when, and under which names.
    few = list(_few())
    monkeypatch.setattr("data_access.local.sample.store.items", lambda **_: iter(few))
    return load_settings({"DYNASCOPE_STATE": str(tmp_path / "state")}, tmp_path)


def _few() -> Iterator[tuple[str, dict[str, Any]]]:
    taken: dict[str, int] = {}
    for table, item in sample.items(until=local.datetime(2026, 1, 1, tzinfo=local.UTC)):
        taken[table] = taken.get(table, 0) + 1
        if taken[table] <= 20:
            yield table, item


def _count(settings: Settings, endpoint: str) -> int:
    sources = open_sources(settings, endpoint).values()
    return sum(source.client.scan(TableName=name, Select="COUNT")["Count"] for source in sources for name in source.place.tables.values())


def test_the_first_start_fills_and_the_second_does_not(settings: Settings) -> None:
    said: list[str] = []
    with engine.attach(settings.state) as attachment:
        filled = local.fill(settings, attachment, said.append)
        assert filled is not None
        assert sum(filled.values()) == _count(settings, attachment.engine.endpoint) == 120
        assert local.fill(settings, attachment, said.append) is None
    assert len(said) == 2
    assert said[1].startswith("120 items are in them now")


def test_tables_with_data_in_them_are_left_alone(settings: Settings) -> None:
    with engine.attach(settings.state) as attachment:
        local.fill(settings, attachment, lambda _: None)
        (settings.state / "sample.json").unlink()
        assert local.fill(settings, attachment, lambda _: None) is None


def test_emptied_tables_stay_empty(settings: Settings) -> None:
    with engine.attach(settings.state) as attachment:
        local.fill(settings, attachment, lambda _: None)
        for source in open_sources(settings, attachment.engine.endpoint).values():
            for name in source.place.tables.values():
                source.client.delete_table(TableName=name)
        assert local.fill(settings, attachment, lambda _: None) is None
        assert _count(settings, attachment.engine.endpoint) == 0


def test_a_filling_that_was_broken_off_is_done_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sample.store.items(until=local.datetime(2026, 1, 1, tzinfo=local.UTC))  # pyright: ignore[reportAttributeAccessIssue]
    rows = list(whole)

    def breaks(**_: object) -> Iterator[tuple[str, dict[str, Any]]]:
        yield from rows[:50]
        raise KeyboardInterrupt

    with engine.attach(settings.state) as attachment:
        monkeypatch.setattr("data_access.local.sample.store.items", breaks)
        with pytest.raises(KeyboardInterrupt):
            local.fill(settings, attachment, lambda _: None)
        begun = json.loads((settings.state / "sample.json").read_text())
        assert not begun["done"]
        asked: list[object] = []

        def all_of_them(**options: object) -> Iterator[tuple[str, dict[str, Any]]]:
            asked.append(options["until"])
            return iter(rows)

        monkeypatch.setattr("data_access.local.sample.store.items", all_of_them)
        filled = local.fill(settings, attachment, lambda _: None)
        assert filled is not None
        assert sum(filled.values()) == 120
        assert [when.isoformat() for when in asked] == [begun["until"]]  # type: ignore[attr-defined]


def test_a_system_that_is_off_gets_nothing(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "dynascope.toml").write_text("[systems.cg]\nenabled = false\n")
    without = load_settings({"DYNASCOPE_STATE": str(settings.state)}, tmp_path)
    with engine.attach(settings.state) as attachment:
        filled = local.fill(without, attachment, lambda _: None)
    assert filled is not None
    assert "cg-chatbot-conversations" not in filled
    assert sum(filled.values()) == 100


def test_aws_mode_has_no_engine(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "dynascope.toml").write_text('mode = "aws"\n')
    aws = load_settings({}, tmp_path)
    assert local.prepare(aws) is None
    with pytest.raises(SettingsError, match="no local engine"):
        local.folder(aws)
