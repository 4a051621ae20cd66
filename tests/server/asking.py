"""One request to an ASGI application, as a server would hand it on, and what it answers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` is 101 where a websocket was accepted."""

    status: int
    headers: dict[str, str]
    body: str = ""


def ask(
    application: ASGIApp, path: str = "/", method: str = "GET", *, kind: str = "http", came_to: str = "127.0.0.1", **headers: str
) -> Answer:
    """Ask for a page, or with `kind="websocket"` for a websocket, at this address of the server. Underscores of headers are hyphens."""
    sent = [(name.replace("_", "-").lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope: Any = {"type": kind, "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": sent}
    scope |= {"scheme": "http" if kind == "http" else "ws", "http_version": "1.1", "server": (came_to, 8501), "client": (came_to, 5)}
    scope |= {"method": method} if kind == "http" else {"extensions": {"websocket.http.response": {}}, "subprotocols": []}
    said: list[Message] = []
    first: list[Message] = [{"type": "http.request"} if kind == "http" else {"type": "websocket.connect"}]

    async def receive() -> Message:
        return first.pop() if first else {"type": f"{kind}.disconnect", "code": 1000}

    async def send(message: Message) -> None:
        said.append(message)

    async def served() -> None:
        await application(scope, receive, send)

    asyncio.run(served())
    if said[0]["type"] == "websocket.accept":
        return Answer(101, {})
    assert said[0]["type"].endswith("http.response.start"), said
    found = {name.decode().lower(): value.decode() for name, value in said[0]["headers"]}
    return Answer(said[0]["status"], found, b"".join(message.get("body", b"") for message in said[1:]).decode())
