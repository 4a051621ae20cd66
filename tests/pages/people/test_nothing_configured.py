"""The erasure of a person where nothing of it is configured: no button, and everything that is missing at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from data_access.dynamo.aws import Source
from data_access.erasure.control import Control
from data_access.errors import TableMissing
from pages.ui import load
from tests.pages.people.test_user import Run, keys, look_up, people, words

__all__ = ["look_up", "people"]  # fixtures


def test_the_setting_the_role_and_the_table_are_named_together(
    people: Mapping[str, Source], look_up: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = load.settings()

    def gone(*_: object, **__: object) -> None:
        raise TableMissing("The table dynascope-control does not exist.", "Create it.", table="dynascope-control")

    assert people
    monkeypatch.setattr(load, "load_settings", lambda: replace(real, erasure=replace(real.erasure, enabled=False)))
    load.settings.clear()
    monkeypatch.setattr(Control, "open_jobs", gone)
    app = look_up("alice", "Erase")
    assert not app.exception
    assert "Nothing can be erased from this page" in words(app)
    assert "**The setting**: `enabled = true`" in words(app)
    assert "docs/iam-erase.json" in words(app)
    assert "There is no control table yet" in words(app)
    assert "person_make_plan" not in keys(app)
