"""The sample data on the real engine."""

from __future__ import annotations

import pytest

from tests.data_access.sampled import World, world


@pytest.fixture(scope="session")
def sampled(engine_endpoint: str) -> World:
    return world(engine_endpoint)
