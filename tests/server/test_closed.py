"""What of Streamlit's own routes is answered: what a page needs, and nothing else."""

from __future__ import annotations

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from streamlit.web.server.starlette.starlette_agent_routes import create_agent_routes
from streamlit.web.server.starlette.starlette_routes import ROUTE_METRICS, ROUTE_SCRIPT_HEALTH

from server.closed import ClosedDoors, is_closed
from tests.server.asking import ask

CLOSED = [
    "/_stcore/metrics",
    "/_stcore/metrics/",
    "/_stcore/script-health-check",
    "/_stcore/agent/openapi.json",
    "/_stcore/agent/interact",
    "/_stcore/agent/mcp",
    "/_stcore/upload_file/session/file",
    "/_stcore/allowed-message-origins",
    "/_stcore/health/",
    "/_stcore/",
    "/_stcore/anything-new",
    "/component/some.component/index.html",
    "/app/static/file.txt",
]
OPEN = [
    "/",
    "/usage",
    "/_stcore/health",
    "/_stcore/host-config",
    "/_stcore/stream",
    "/_stcore/bidi-components/dynascope.scroll/scroll.js",
    "/media/abc.css",
    "/static/js/index.js",
    "/oauth2callback",
    "/auth/login",
    "/find/_stcore/health",
]


@pytest.mark.parametrize("path", CLOSED)
def test_closed(path: str) -> None:
    assert is_closed(path)


@pytest.mark.parametrize("path", OPEN)
def test_open(path: str) -> None:
    assert not is_closed(path)


def test_below_another_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "get_option", {"server.baseUrlPath": "/tools/chats/"}.__getitem__)
    assert all(is_closed(f"/tools/chats{path}") for path in CLOSED)
    assert not any(is_closed(f"/tools/chats{path}") for path in OPEN)


def test_the_routes_are_where_streamlit_has_them() -> None:
    """The names above are Streamlit's, which may move."""
    assert is_closed(f"/{ROUTE_METRICS}")
    assert is_closed(f"/{ROUTE_SCRIPT_HEALTH}")
    paths = [route.path for route in create_agent_routes(None, "") if isinstance(route, Route)]  # pyright: ignore[reportArgumentType]
    assert paths
    assert all(map(is_closed, paths))


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_the_answer_says_nothing(method: str) -> None:
    async def secret(_request: Request) -> Response:
        return PlainTextResponse("cache_memory_bytes 4711")

    application = ClosedDoors(Starlette(routes=[Route("/{path:path}", secret, methods=[method])]))
    for path in CLOSED:
        answer = ask(application, path, method)
        assert (answer.status, answer.body, answer.headers["cache-control"]) == (404, "Not found", "no-store")
    assert ask(application, "/", method).status == 200
