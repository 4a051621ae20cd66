"""A snapshot in the test's own folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from data_access.snapshot.store import Store
from tests.data_access.layouts import Talk, create, items, put, talks

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "state" / "snapshot"))


def load_lasting(client: DynamoDBClient, system: str) -> list[Talk]:
    """Tables and conversations of a system, none of which expires in this century; returns the truth."""
    create(client, system)
    known = talks(system)
    rows = [row for talk in known for row in items(talk)]
    put(client, [(table, item | ({"ttl": 4_102_444_800} if "ttl" in item else {})) for table, item in rows])
    return known


@pytest.fixture
def always_update(monkeypatch: pytest.MonkeyPatch) -> None:
    """An update is made whatever it costs: a test's tables are so small that reading all of them is cheaper."""
    monkeypatch.setattr("data_access.snapshot.news.WORTH", float("inf"))
