"""Sources that read the test's DynamoDB, and what they send."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from data_access.dynamo.aws import Source, open_sources
from data_access.settings import DEFAULT_REGION, Place, Settings
from data_access.systems.spec import System, built_in

OpenSource = Callable[..., Source]
Answer = Callable[[str, dict[str, Any], int], tuple[int, dict[str, str], bytes]]

# Modules that fill tables with sample data, or make all of it, for all of their tests.
ONE_WORKER = frozenset({"test_discovery", "test_estimates", "test_sample", "test_traffic", "test_usage"})


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sample data is made by one worker, not by each that gets one of the tests that look at it."""
    for item in items:
        if isinstance(item, pytest.Function) and item.path.is_relative_to(Path(__file__).parent):
            if "sampled" in item.fixturenames:
                item.add_marker(pytest.mark.xdist_group("people of the sample"))
            elif item.path.stem in ONE_WORKER:
                item.add_marker(pytest.mark.xdist_group(item.path.stem))


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


class Scripted:
    """An HTTP server that answers as the test says: operation, request and number of the request in, an answer out."""

    def __init__(self, answer: Answer) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                operation = self.headers["X-Amz-Target"].rpartition(".")[2]
                request = json.loads(body)
                with lock:
                    outer.asked.append((operation, request))
                    number = len(outer.asked)
                status, headers, said = answer(operation, request, number)
                self.send_response(status)
                for name, value in {"Content-Type": "application/x-amz-json-1.0", "Content-Length": str(len(said)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def scripted() -> Iterator[Callable[[Answer], Scripted]]:
    begun: list[Scripted] = []

    def begin(answer: Answer) -> Scripted:
        begun.append(Scripted(answer))
        return begun[-1]

    yield begin
    for server in begun:
        server.close()


def refusal(code: str, status: int = 400) -> tuple[int, dict[str, str], bytes]:
    """An error as DynamoDB says it, with a text that nobody is to see."""
    return status, {}, json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "SECRET user-1 123456789012"}).encode()


def page(items: list[dict[str, Any]], last: dict[str, Any] | None = None, units: float = 0.5, table: str = "t") -> Any:
    """A page of a Query or Scan as DynamoDB says it."""
    body: dict[str, Any] = {"Items": items, "Count": len(items), "ScannedCount": len(items)}
    body["ConsumedCapacity"] = {"TableName": table, "CapacityUnits": units, "Table": {"CapacityUnits": units}}
    return 200, {}, json.dumps(body | ({"LastEvaluatedKey": last} if last else {})).encode()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long botocore would have waited before each retry; it does not wait."""
    waited: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=waited.append))
    return waited


@pytest.fixture
def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"http://127.0.0.1:{port}"
