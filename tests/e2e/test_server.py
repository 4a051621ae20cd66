"""The server as it is started: what every response carries, which names and which pages it answers to, what is closed."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Response, expect

from server.headers import HEADERS
from tests.e2e.conftest import Server
from tests.e2e.watching import listen, settled

Serve = Callable[..., Server]


@pytest.fixture(scope="module")
def server(serve_all: Serve, filled: Path) -> Server:
    return serve_all(filled)


def answer(server: Server, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """As a client asks that is no browser."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        said = connection.getresponse()
        body = b"" if said.status == 101 else said.read()
        return said.status, {name.lower(): value for name, value in said.getheaders()}, body
    finally:
        connection.close()


def handshake(server: Server, path: str = "/_stcore/stream", **headers: str) -> tuple[int, dict[str, str], bytes]:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    return answer(server, path, **upgrade, **headers)


def carries_the_headers(headers: dict[str, str]) -> bool:
    return all(headers.get(name.lower()) == value for name, value in HEADERS.items())


def test_every_response_of_a_visit_carries_the_headers(page: Page, server: Server) -> None:
    heard = listen(page, server)
    responses: list[Response] = []
    page.on("response", partial(list.append, responses))
    for path in ("/find?system=cg", "/usage", "/about"):
        page.goto(f"{server.url}{path}")
        expect(page.get_by_test_id("stHeading").first).to_be_visible()
        settled(page)
    paths = {urlsplit(one.url).path for one in responses}
    assert any(path.startswith("/static/") for path in paths)
    assert {"/", "/find", "/_stcore/health", "/_stcore/host-config"} <= paths
    for one in responses:
        if not one.url.startswith(("data:", "blob:")):
            assert carries_the_headers(one.all_headers()), one.url
    assert heard.foreign == []
    assert heard.complaints == []


@pytest.mark.parametrize(
    "path, method, status",
    [
        ("/", "GET", 200),
        ("/find", "GET", 307),
        ("/healthz", "GET", 200),
        ("/readyz", "GET", 200),
        ("/media/nothing.png", "GET", 404),
        ("/download/nothing", "GET", 404),
        ("/auth/login", "GET", 302),
        ("/oauth2callback", "GET", 302),
        ("/", "POST", 405),
        ("/_stcore/metrics", "GET", 404),
        ("/_stcore/script-health-check", "GET", 404),
        ("/_stcore/agent/openapi.json", "GET", 404),
        ("/_stcore/upload_file/a/b", "PUT", 404),
        ("/_stcore/upload_file/a/b", "OPTIONS", 404),
        ("/static/../asgi.py", "GET", 400),
        ("//evil.example/x", "GET", 400),
    ],
)
def test_answers_to_whoever_asks(server: Server, path: str, method: str, status: int) -> None:
    found, headers, body = answer(server, path, method)
    assert found == status
    assert carries_the_headers(headers)
    if status in (404, 405) and not path.startswith("/media/"):
        assert body.decode() in ("Not found", "Method Not Allowed", "Not Found")


def test_the_page_steers_for_nobody(server: Server) -> None:
    assert b'"allowedOrigins":[]' in answer(server, "/_stcore/host-config")[2]


def test_names_of_others_get_400(server: Server) -> None:
    for host in ("evil.example", "localhost.evil.example", "169.254.169.254"):
        for found, headers, body in (answer(server, "/", Host=host), handshake(server, Host=host, Origin=f"http://{host}")):
            assert (found, body) == (400, b"Invalid host header")
            assert carries_the_headers(headers)
    port = urlsplit(server.url).port
    assert answer(server, "/", Host=f"localhost:{port}")[0] == 200
    assert answer(server, "/", Host=f"[::1]:{port}")[0] == 200


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example", "http://localhost:{other}", "http://127.0.0.1:{other}", "http://localhost:{port}"]
)
def test_a_websocket_of_others_is_refused(server: Server, origin: str | None) -> None:
    port = urlsplit(server.url).port or 0
    given = {} if origin is None else {"Origin": origin.format(port=port, other=port + 1)}
    found, headers, body = handshake(server, **given)
    assert (found, body) == (403, b"Forbidden")
    assert carries_the_headers(headers)


def test_a_websocket_of_its_own_is_opened(server: Server) -> None:
    assert handshake(server, Origin=server.url)[0] == 101
    port = urlsplit(server.url).port
    assert handshake(server, Host=f"localhost:{port}", Origin=f"http://localhost:{port}")[0] == 101
    found, headers, _ = handshake(server, "/elsewhere", Origin=server.url)
    assert found == 403
    assert carries_the_headers(headers)
