"""Recorded answers of the Price List: data/<name>.json is the list of products that GetProducts gives, made up by its documented form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data_access.costs.prices.estimates import forget_loaded

DATA = Path(__file__).with_name("data")


def documents(name: str) -> list[str]:
    """The products of a recorded answer, each as the JSON text that AWS sends."""
    return [json.dumps(product) for product in json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))]


class Clock:
    """A time that goes on when it is told to."""

    def __init__(self, now: datetime | None = None) -> None:
        self.now = now or datetime(2026, 11, 20, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def go(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def _estimates_of_the_built_in_table() -> Iterator[None]:
    forget_loaded()
    yield
    forget_loaded()
