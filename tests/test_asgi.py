"""The security headers are on every HTTP response and on nothing else; the first page answers to its own address too."""

from __future__ import annotations

import asyncio

import pytest
import streamlit as st
from starlette.types import Message, Receive, Scope, Send

from asgi import HEADERS, POLICY, FirstPage, SecurityHeaders


def sent(kind: str, first: Message) -> Message:
    """What comes out of the middleware when the application below it sends `first`."""
    out: list[Message] = []

    async def application(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(first)

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        out.append(message)

    asyncio.run(SecurityHeaders(application)({"type": kind}, receive, send))
    return out[0]


@pytest.mark.parametrize("status", [200, 404, 500])
def test_every_response_carries_the_headers(status: int) -> None:
    message = sent("http", {"type": "http.response.start", "status": status, "headers": [(b"x-frame-options", b"ALLOW")]})
    headers = {name.decode(): value.decode() for name, value in message["headers"]}
    assert headers == {name.lower(): value for name, value in HEADERS.items()}


def test_a_websocket_passes_untouched() -> None:
    message = {"type": "websocket.accept", "headers": []}
    assert sent("websocket", message) == {"type": "websocket.accept", "headers": []}


def test_no_source_is_another_host() -> None:
    for directive in POLICY.split("; "):
        _, *sources = directive.split()
        assert all(source.startswith("'") or source in {"data:", "blob:"} for source in sources), directive
        assert "'unsafe-eval'" not in sources
    assert "script-src 'self' 'sha256-" in POLICY


def asked(path: str, query: str = "", *, kind: str = "http", method: str = "GET") -> tuple[int, str]:
    """The status and where it leads; 200 where the application below was asked."""
    out: list[Message] = []

    async def application(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        out.append(message)

    scope = {"type": kind, "method": method, "path": path, "query_string": query.encode(), "headers": []}
    asyncio.run(SecurityHeaders(FirstPage(application))(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in out[0]["headers"]}
    if kind == "http":
        assert headers["x-frame-options"] == "DENY"
    return out[0]["status"], headers.get("location", "")


@pytest.mark.parametrize(
    "path, query, location",
    [
        ("/find", "", "/"),
        ("/find/", "", "/"),
        (
            "/find",
            "system=cg&tenant=a%26b%20c&days=2026-11-01&days=2026-11-02",
            "/?system=cg&tenant=a%26b%20c&days=2026-11-01&days=2026-11-02",
        ),
        ("/find", "x=\r\nSet-Cookie: a=b", "/?x=%0D%0ASet-Cookie:%20a=b"),
    ],
)
def test_the_first_page_answers_to_its_own_address(path: str, query: str, location: str) -> None:
    assert asked(path, query) == (307, location)
    assert asked(path, query, method="HEAD") == (307, location)


@pytest.mark.parametrize("path", ["/", "/usage", "/finder", "/find/_stcore/health", "//evil.example/find", "/media/find"])
def test_no_other_address_is_led_anywhere(path: str) -> None:
    assert asked(path) == (200, "")


def test_below_another_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "get_option", {"server.baseUrlPath": "tools/chats"}.__getitem__)
    assert asked("/tools/chats/find", "system=cg") == (307, "/tools/chats/?system=cg")
    assert asked("/find") == (200, "")


def test_only_what_is_read_is_led() -> None:
    assert asked("/find", method="POST")[0] == 200
    assert asked("/find", kind="websocket")[0] == 200
