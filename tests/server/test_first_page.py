"""The first page answers to its own address too, and no other address leads anywhere."""

from __future__ import annotations

import asyncio

import pytest
import streamlit as st
from starlette.types import Message, Receive, Scope, Send

from server.first_page import FirstPage


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
    asyncio.run(FirstPage(application)(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in out[0]["headers"]}
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
