"""The names that the server answers to, in local mode and in aws mode, and the address that a connection has to come to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from data_access.settings import load_settings
from server import start
from server.headers import SecurityHeaders
from server.hosts import TrustedHosts
from tests.server.asking import ask

NAMES = ["dash.example.com", "*.internal.example", "2001:db8::1"]
Serve = Callable[..., ASGIApp]


async def _page(_request: Request) -> Response:
    return PlainTextResponse("page")


async def _stream(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Serve:
    def made(mode: str, names: list[str] = NAMES) -> ASGIApp:
        settings = load_settings({"DYNASCOPE_MODE": mode}, tmp_path)
        monkeypatch.setattr(start, "settings", lambda: settings)
        monkeypatch.setattr(st, "get_option", {"server.allowedHosts": names}.__getitem__)
        routes = [Route("/", _page), Route("/healthz", _page), Route("/readyz", _page), WebSocketRoute("/stream", _stream)]
        return SecurityHeaders(TrustedHosts(Router(routes)))

    return made


def status(application: ASGIApp, host: str, path: str = "/", came_to: str = "127.0.0.1") -> int:
    answer = ask(application, path, host=host, came_to=came_to)
    assert answer.headers["x-frame-options"] == "DENY"
    return answer.status


@pytest.mark.parametrize("host", ["localhost", "localhost:8501", "127.0.0.1:8600", "[::1]:8501", "LOCALHOST"])
def test_local_mode_answers_to_this_machine(serve: Serve, host: str) -> None:
    assert status(serve("local"), host) == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "dash.example.com", "10.0.0.1:8501", "127.0.0.1.evil.example", ""]
)
def test_local_mode_answers_to_nobody_elses_name(serve: Serve, host: str) -> None:
    assert status(serve("local"), host) == 400
    assert status(serve("local", names=["*"]), host) == 400


@pytest.mark.parametrize("host", ["dash.example.com", "Dash.Example.com:443", "a.internal.example", "[2001:db8::1]:8501"])
def test_aws_mode_answers_to_the_names_that_were_given(serve: Serve, host: str) -> None:
    assert status(serve("aws"), host, came_to="10.0.0.7") == 200


@pytest.mark.parametrize(
    "host", ["localhost", "evil.example", "internal.example", "dash.example.com.evil.example", "xinternal.example", "a b"]
)
def test_aws_mode_answers_to_no_other(serve: Serve, host: str) -> None:
    assert status(serve("aws"), host, came_to="10.0.0.7") == 400


def test_without_names_nobody_is_answered(serve: Serve) -> None:
    assert status(serve("aws", names=[]), "localhost") == 400


def test_the_refusal_says_nothing(serve: Serve) -> None:
    assert ask(serve("aws"), host="example.com").body == "Invalid host header"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_probe_comes_by_address(serve: Serve, path: str) -> None:
    assert status(serve("aws"), "10.0.0.7:8501", path, "10.0.0.7") == 200
    assert status(serve("local"), "10.0.0.7:8501", path) == 200


@pytest.mark.parametrize("path", ["/", "/healthz"])
def test_local_mode_is_deaf_on_every_other_address(serve: Serve, path: str) -> None:
    """However it came to listen there: `uvicorn --host 0.0.0.0`, a published port of a container."""
    assert status(serve("local"), "localhost:8501", path, "10.0.0.7") == 403
    assert status(serve("local"), "127.0.0.1", path, "203.0.113.9") == 403


def test_a_websocket_is_held_to_the_same(serve: Serve) -> None:
    assert ask(serve("local"), "/stream", kind="websocket", host="localhost:8501").status == 101
    for host, came_to, refused in (("evil.example", "127.0.0.1", 400), ("localhost", "10.0.0.7", 403)):
        answer = ask(serve("local"), "/stream", kind="websocket", host=host, came_to=came_to)
        assert answer.status == refused
        assert answer.headers["content-security-policy"]
