"""The first page's own address leads to the root, where Streamlit has it."""

from __future__ import annotations

import streamlit as st
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from pages.ui.registry import FIND


def root() -> str:
    """What stands before every path of this server: empty, or `/tools/chats` below another root."""
    return f"/{st.get_option('server.baseUrlPath').strip('/')}".rstrip("/")


class FirstPage:
    """Find is the first page and lives at the root, and Streamlit knows it by no other address: lead its own one there."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        at = root()
        if scope["type"] == "http" and scope["method"] in {"GET", "HEAD"} and scope["path"].rstrip("/") == f"{at}/{FIND.url_path}":
            query = scope["query_string"].decode("ascii", "replace")
            await RedirectResponse(f"{at}/{'?' if query else ''}{query}")(scope, receive, send)
        else:
            await self.app(scope, receive, send)
