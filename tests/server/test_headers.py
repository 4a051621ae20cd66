"""The security headers are on every response, also on the refusal of a websocket, and on nothing else."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from server.headers import HEADERS, POLICY, SecurityHeaders


def sent(kind: str, first: Message) -> Message:
    """What comes out of the middleware when the application below it sends `first`."""
    out: list[Message] = []

    async def application(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(first)

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        out.append(message)

    asyncio.run(SecurityHeaders(application)({"type": kind, "extensions": {"websocket.http.response": {}}}, receive, send))
    return out[0]


def named(message: Message) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in message["headers"]}


@pytest.mark.parametrize("status", [200, 404, 500])
def test_every_response_carries_the_headers(status: int) -> None:
    message = sent("http", {"type": "http.response.start", "status": status, "headers": [(b"x-frame-options", b"ALLOW")]})
    assert named(message) == {name.lower(): value for name, value in HEADERS.items()}


def test_a_websocket_passes_untouched() -> None:
    message = {"type": "websocket.accept", "headers": []}
    assert sent("websocket", message) == {"type": "websocket.accept", "headers": []}


def test_a_refused_websocket_carries_the_headers() -> None:
    answered = sent("websocket", {"type": "websocket.http.response.start", "status": 403, "headers": []})
    assert named(answered) == {name.lower(): value for name, value in HEADERS.items()}
    closed = sent("websocket", {"type": "websocket.close", "code": 1008})
    assert (closed["type"], closed["status"]) == ("websocket.http.response.start", 403)
    assert named(closed) == {"content-length": "0"} | {name.lower(): value for name, value in HEADERS.items()}


def test_an_open_websocket_is_closed_as_it_asks() -> None:
    out: list[Message] = []

    async def application(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 1009})

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        out.append(message)

    asyncio.run(SecurityHeaders(application)({"type": "websocket", "extensions": {"websocket.http.response": {}}}, receive, send))
    assert out == [{"type": "websocket.accept"}, {"type": "websocket.close", "code": 1009}]


def test_no_source_is_another_host() -> None:
    for directive in POLICY.split("; "):
        _, *sources = directive.split()
        assert all(source.startswith("'") or source in {"data:", "blob:"} for source in sources), directive
        assert "'unsafe-eval'" not in sources
    assert "script-src 'self' 'sha256-" in POLICY
