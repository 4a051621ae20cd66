"""A snapshot in the test's own folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_access.snapshot.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "state" / "snapshot"))
