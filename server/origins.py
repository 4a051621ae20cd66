"""Which pages may open a websocket: those of this server, and nobody else's.

Streamlit lets in whoever sends no Origin, every page of a localhost port, and the pages of this machine's own addresses, for
which it asks another host what they are. None of them is a page of this server.
"""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from server.logs import LOG

_log = logging.getLogger(f"{LOG}.origins")


class OwnOrigin:
    """Refuse a websocket whose Origin is not the one that it is opened at, nor one of `server.corsAllowedOrigins`.

    After TrustedHosts: only then is the Host header one of ours.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and not is_own_origin(scope):
            headers = Headers(scope=scope)
            # For whoever sets up a proxy: it has to hand on the Host header as it came.
            _log.warning("Refused a websocket for %.100r: its Origin is %.100r.", headers.get("Host"), headers.get("Origin"))
            await PlainTextResponse("Forbidden", 403, {"Cache-Control": "no-store"})(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def is_own_origin(scope: Scope) -> bool:
    """Whether the websocket was opened by a page of this server, or by one that the configuration names."""
    headers = Headers(scope=scope)
    said = headers.getlist("Origin")
    if len(said) != 1:
        return False
    if said[0] in st.get_option("server.corsAllowedOrigins"):
        return True
    try:
        origin = urlsplit(said[0])
    except ValueError:
        return False
    # Behind a proxy that is not trusted to say so, https arrives as http: the other way round it cannot be.
    schemes = {"https"} if scope.get("scheme") == "wss" else {"http", "https"}
    return origin.scheme in schemes and origin.netloc == (headers.get("Host") or None) and said[0] == f"{origin.scheme}://{origin.netloc}"
