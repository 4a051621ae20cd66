"""The server: app.py with security headers on every response, and local mode made ready before the first page.

`make run` and production start this file (`streamlit run asgi.py`); `streamlit run app.py` works too, without the headers.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import anyio.to_thread
import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request, cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime.pages_manager import PagesManager

from data_access.errors import DataAccessError
from data_access.handover.browser import COOKIE, known_browser, new_browser, serve_downloads
from data_access.handover.vault import Vault, Waiting
from data_access.local import prepare
from data_access.settings import load_settings
from data_access.snapshot.runner import stop_all
from pages.ui.registry import FIND

# Stored chats are hostile text: nothing of them may load from, or report to, another host. The hash is Streamlit's one
# inline script (`window.prerenderReady=false`). Styles are inline in Streamlit's components. 'self' in connect-src covers
# the websocket of this host too; a bare ws: would allow every host's.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'sha256-THxz9J9+wf7rhwR2YkXJoSZ13UCmYyC+3lNDv2+8ugA='",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_SWEEP_SECONDS = 60.0
_BLOCK = 1 << 16


class SecurityHeaders:
    """Add HEADERS to every HTTP response. A websocket passes through untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class BrowserCookie:
    """Give each browser its identity, a random cookie, with the first response that it gets without having one.

    Only with what no cache may keep: one that is shared would hand the same identity to everybody.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_uncached(message):
                secure = "; Secure" if scope.get("scheme") == "https" else ""
                cookie = f"{COOKIE}={new_browser()}; Path=/; HttpOnly; SameSite=Strict{secure}"
                MutableHeaders(scope=message).append("Set-Cookie", cookie)
            await send(message)

        # With a request that another site began, a browser leaves its strict cookie out: it may have one already.
        lacking = scope["type"] == "http" and _browser(scope) is None and Headers(scope=scope).get("Sec-Fetch-Site") != "cross-site"
        await self.app(scope, receive, send_with_cookie if lacking else send)


def _is_uncached(message: Message) -> bool:
    said = Headers(raw=message["headers"]).get("Cache-Control", "")
    return "no-store" in said or "no-cache" in said


def _browser(scope: Scope) -> str | None:
    return known_browser(cookie_parser(Headers(scope=scope).get("Cookie", "")).get(COOKIE))


async def download(request: Request) -> Response:
    """An export for the identity that it waits for; for everybody else there is nothing here, and no way to tell."""
    waiting = await anyio.to_thread.run_sync(_open_export, request.path_params["token"], _browser(request.scope))
    if waiting is None:
        return PlainTextResponse("Not found", 404, {"Cache-Control": "no-store"})
    return StreamingResponse(
        _sent(waiting),
        media_type="application/zip",
        headers={
            "Content-Disposition": 'attachment; filename="dynascope-export.zip"',
            "Content-Length": str(waiting.size),
            "Cache-Control": "no-store",
        },
    )


DOWNLOAD = Route("/download/{token}", download, methods=["GET"])


async def _sent(waiting: Waiting) -> AsyncIterator[bytes]:
    """The whole of it. After the last byte it is gone; a download that was broken off can be repeated."""
    with waiting.file as file:
        while block := await anyio.to_thread.run_sync(file.read, _BLOCK):
            yield block
    await anyio.to_thread.run_sync(waiting.done)


def _open_export(token: str, identity: str | None) -> Waiting | None:
    return vault().open(token, identity)


def vault() -> Vault:
    """The exports that wait in this installation's state folder. Raises SettingsError, SpecError."""
    return Vault(load_settings().state)


async def _sweep_exports() -> None:
    """At the start what an earlier process left behind, then what has waited for its hour."""
    exports = vault()
    while True:
        with suppress(OSError):  # A disk that cannot be written now may be later.
            await anyio.to_thread.run_sync(exports.sweep)
        await asyncio.sleep(_SWEEP_SECONDS)


async def _start_worker(endpoint: str | None) -> None:
    """Erasures are worked on outside of every session, for as long as this server runs. The worker sweeps old drafts, too."""

    def start() -> None:
        from pages.ui import erasure_desk

        erasure_desk.start_worker(endpoint)

    await anyio.to_thread.run_sync(start)


def _stop_worker() -> None:
    from pages.ui import erasure_desk

    erasure_desk.stop_worker()


class FirstPage:
    """Find is the first page and lives at the root, and Streamlit knows it by no other address: lead its own one there."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        root = f"/{st.get_option('server.baseUrlPath')}".rstrip("/")
        if scope["type"] == "http" and scope["method"] in {"GET", "HEAD"} and scope["path"].rstrip("/") == f"{root}/{FIND.url_path}":
            query = scope["query_string"].decode("ascii", "replace")
            await RedirectResponse(f"{root}/{'?' if query else ''}{query}")(scope, receive, send)
        else:
            await self.app(scope, receive, send)


@asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[dict[str, Any]]:
    """Keep the local engine and the worker of erasures for as long as this server runs, exports for an hour; end its syncs."""
    try:
        attachment = await anyio.to_thread.run_sync(partial(prepare, say=lambda text: print(f"\n  {text}", flush=True)))
    except DataAccessError as error:
        # Left at once, with nothing attached yet: an exception here would put a traceback under the sentence.
        print(f"\n  {error}\n", file=sys.stderr, flush=True)
        os._exit(1)
    serve_downloads()
    sweeping = asyncio.create_task(_sweep_exports())
    # Not waited for: what stands in its way is no reason to serve nothing.
    working = asyncio.create_task(_start_worker(attachment.engine.endpoint if attachment else None))
    try:
        yield {}
    finally:
        sweeping.cancel()
        try:
            await working
            await anyio.to_thread.run_sync(_stop_worker)
        finally:
            await anyio.to_thread.run_sync(stop_all)  # while the engine is there that a sync reads from
            if attachment:
                attachment.close()


# app.py calls st.navigation on every run. Until a first session has done so, Streamlit would serve deep links by its old
# router of the folder pages/, and greet them with "Page not found".
PagesManager.uses_pages_directory = False

app = st.App(
    "app.py",
    lifespan=lifespan,
    routes=[DOWNLOAD],
    middleware=[Middleware(SecurityHeaders), Middleware(BrowserCookie), Middleware(FirstPage)],
)
