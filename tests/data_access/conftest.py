"""Sources that read the test's DynamoDB, and what they send."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from data_access.dynamo.aws import Source, open_sources
from data_access.settings import DEFAULT_REGION, Place, Settings
from data_access.systems.spec import System, built_in

OpenSource = Callable[..., Source]


@pytest.fixture
def sources_at() -> Iterator[OpenSource]:
    """Opens a source at an endpoint: `sources_at(url, "cg", tenants=("a",), scan_budget=5)`."""
    opened: list[Source] = []

    def begin(
        endpoint: str, system: str | System, *, tenants: tuple[str, ...] = (), scan_budget: float = 1_000, scan_rate: float | None = None
    ) -> Source:
        known = built_in()[system] if isinstance(system, str) else system
        place = Place(known, {key: table.name for key, table in known.tables.items()}, DEFAULT_REGION, tenants=tenants)
        settings = Settings("local", Path("unused"), {known.id: place}, scan_budget, scan_rate)
        opened.append(open_sources(settings, endpoint)[known.id])
        return opened[-1]

    yield begin
    for source in opened:
        source.client.close()


@pytest.fixture
def open_source(sources_at: OpenSource, endpoint: str) -> OpenSource:
    """Opens a source at the test's own DynamoDB: `open_source("cg")`."""

    def begin(system: str | System, **how: Any) -> Source:
        return sources_at(endpoint, system, **how)

    return begin


class Sent(list[tuple[str, dict[str, Any], dict[str, Any]]]):
    """What a client sent and got, in order: operation, request, response."""

    def of(self, source: Source) -> Sent:
        events = source.client.meta.events
        requests: dict[int, dict[str, Any]] = {}

        def before(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
            requests[id(context)] = dict(params)

        def after(parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
            self.append((model.name, requests.get(id(context), {}), parsed))

        events.register("before-parameter-build.dynamodb.*", before)
        events.register("after-call.dynamodb.*", after)
        return self

    @property
    def operations(self) -> list[str]:
        return [operation for operation, _, _ in self]

    @property
    def units(self) -> float:
        """Everything that DynamoDB said it cost."""
        return sum(float(parsed.get("ConsumedCapacity", {}).get("CapacityUnits", 0)) for _, _, parsed in self)


@pytest.fixture
def sent() -> Sent:
    """`sent.of(source)` records from then on."""
    return Sent()
