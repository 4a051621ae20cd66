"""The server: app.py with security headers on every response, and local mode made ready before the first page.

`make run` and production start this file (`streamlit run asgi.py`); `streamlit run app.py` works too, without the headers.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio.to_thread
import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime.pages_manager import PagesManager

from data_access.errors import DataAccessError
from data_access.local import prepare
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
    """Keep the local engine for as long as this server runs; end the syncs that it began."""
    try:
        attachment = await anyio.to_thread.run_sync(partial(prepare, say=lambda text: print(f"\n  {text}", flush=True)))
    except DataAccessError as error:
        # Left at once, with nothing attached yet: an exception here would put a traceback under the sentence.
        print(f"\n  {error}\n", file=sys.stderr, flush=True)
        os._exit(1)
    try:
        yield {}
    finally:
        await anyio.to_thread.run_sync(stop_all)  # while the engine is there that a sync reads from
        if attachment:
            attachment.close()


# app.py calls st.navigation on every run. Until a first session has done so, Streamlit would serve deep links by its old
# router of the folder pages/, and greet them with "Page not found".
PagesManager.uses_pages_directory = False

app = st.App("app.py", lifespan=lifespan, middleware=[Middleware(SecurityHeaders), Middleware(FirstPage)])
