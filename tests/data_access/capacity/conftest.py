"""CloudWatch as the test scripts it, over HTTP, with AWS's own client in between."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from data_access.capacity.cloudwatch import CloudWatch
from data_access.dynamo.aws import open_client
from data_access.settings import DEFAULT_REGION, Place, Settings
from data_access.systems.spec import built_in

Said = tuple[int, dict[str, str], bytes]


class Stage:
    """A scripted server, and CloudWatch objects that ask it."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self._clients: list[Any] = []

    def open(self, **how: Any) -> CloudWatch:
        client = client_at(self.server.endpoint)
        self._clients.append(client)
        return CloudWatch(client, **how)

    @property
    def asked(self) -> list[dict[str, Any]]:
        return [request for operation, request in self.server.asked if operation == "GetMetricData"]

    def close(self) -> None:
        for client in self._clients:
            client.close()


def client_at(endpoint: str) -> Any:
    system = built_in()["cg"]
    place = Place(system, {key: table.name for key, table in system.tables.items()}, DEFAULT_REGION)
    return open_client("cloudwatch", place, Settings("local", Path("unused"), {"cg": place}), endpoint)


@pytest.fixture
def stage(scripted: Callable[[Any], Any]) -> Iterator[Callable[[Any], Stage]]:
    """`stage(answer)`: `answer(request, number)` gives what GetMetricData says, as a dict or as a whole HTTP answer."""
    opened: list[Stage] = []

    def begin(answer: Callable[[dict[str, Any], int], Any]) -> Stage:
        def say(_operation: str, request: dict[str, Any], number: int) -> Said:
            said = answer(request, number)
            return said if isinstance(said, tuple) else (200, {}, json.dumps(said).encode())

        opened.append(Stage(scripted(say)))
        return opened[-1]

    yield begin
    for one in opened:
        one.close()


def results(request: Mapping[str, Any], points: Callable[[dict[str, Any]], Mapping[datetime, float]], **more: Any) -> dict[str, Any]:
    """A whole answer: `points(query)` for each metric of the request."""
    return {"MetricDataResults": [result(query, points(query), **more) for query in request["MetricDataQueries"]]}


def result(query: Mapping[str, Any], points: Mapping[datetime, float], status: str = "Complete", **more: Any) -> dict[str, Any]:
    """One metric as GetMetricData documents it."""
    stat = query["MetricStat"]
    return {
        "Id": query["Id"],
        "Label": stat["Metric"]["MetricName"],
        "Timestamps": [at.timestamp() for at in points],
        "Values": list(points.values()),
        "StatusCode": status,
        **more,
    }
