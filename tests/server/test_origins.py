"""Which pages may open the websocket: a table of origins, with and without TLS, as Streamlit alone would not have it."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router, WebSocketRoute
from starlette.websockets import WebSocket

from server.origins import OwnOrigin, is_own_origin
from tests.server.asking import ask

ELSEWHERE = "https://support.example.com"


@pytest.fixture(autouse=True)
def _options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "get_option", {"server.corsAllowedOrigins": [ELSEWHERE]}.__getitem__)


def scope(host: str, *origins: str, scheme: str = "ws") -> Any:
    headers = [(b"host", host.encode()), *((b"origin", origin.encode()) for origin in origins)]
    return {"type": "websocket", "scheme": scheme, "path": "/_stcore/stream", "headers": headers}


@pytest.mark.parametrize(
    "host, origin, own",
    [
        ("127.0.0.1:8501", "http://127.0.0.1:8501", True),
        ("localhost:8501", "http://localhost:8501", True),
        ("[::1]:8501", "http://[::1]:8501", True),
        ("dash.example.com", "https://dash.example.com", True),
        ("dash.example.com", ELSEWHERE, True),
        ("127.0.0.1:8501", "http://localhost:8501", False),
        ("127.0.0.1:8501", "http://127.0.0.1:3000", False),
        ("127.0.0.1:8501", "http://localhost:3000", False),
        ("localhost:8501", "http://0.0.0.0:8501", False),
        ("dash.example.com", "http://localhost:8501", False),
        ("dash.example.com", "http://127.0.0.1", False),
        ("dash.example.com", "https://evil.example", False),
        ("dash.example.com", "https://dash.example.com.evil.example", False),
        ("dash.example.com", "https://evil.example#dash.example.com", False),
        ("dash.example.com", "https://dash.example.com/path", False),
        ("dash.example.com", "https://dash.example.com:8443", False),
        ("dash.example.com", "https://user@dash.example.com", False),
        ("dash.example.com", "https://[dash.example.com", False),
        ("dash.example.com", "file://dash.example.com", False),
        ("dash.example.com", "chrome-extension://dash.example.com", False),
        ("dash.example.com", f"{ELSEWHERE}:444", False),
        ("dash.example.com", "null", False),
        ("null", "null", False),
        ("", "", False),
        ("", "https://", False),
    ],
)
def test_a_page_of_this_server_and_no_other(host: str, origin: str, own: bool) -> None:
    assert is_own_origin(scope(host, origin)) is own


def test_none_and_two_are_refused() -> None:
    assert not is_own_origin(scope("dash.example.com"))
    assert not is_own_origin(scope("dash.example.com", "https://dash.example.com", "https://evil.example"))
    assert not is_own_origin(scope("dash.example.com", "https://dash.example.com", "https://dash.example.com"))


def test_over_tls_a_page_without_it_is_another() -> None:
    assert is_own_origin(scope("dash.example.com", "https://dash.example.com", scheme="wss"))
    assert not is_own_origin(scope("dash.example.com", "http://dash.example.com", scheme="wss"))


async def _page(_request: Request) -> Response:
    return PlainTextResponse("page")


async def _stream(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


APPLICATION = OwnOrigin(Router([Route("/", _page), WebSocketRoute("/stream", _stream)]))


def test_the_refusal_says_nothing_and_the_log_says_why(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        answer = ask(APPLICATION, "/stream", kind="websocket", host="dash.example.com", origin="https://evil.example")
    assert (answer.status, answer.body) == (403, "Forbidden")
    assert "'https://evil.example'" in caplog.text
    assert "'dash.example.com'" in caplog.text


def test_pages_and_files_are_asked_for_from_anywhere() -> None:
    assert ask(APPLICATION, host="dash.example.com", origin="https://evil.example").body == "page"
    assert ask(APPLICATION, "/stream", kind="websocket", host="dash.example.com", origin="https://dash.example.com").status == 101
