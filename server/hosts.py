"""Which names this server answers to: any other Host header gets 400, which is what DNS rebinding needs to be stopped.

The names are Streamlit's own option `server.allowedHosts` and not one of dynascope.toml: Streamlit checks the same list for its
websocket, so that `streamlit run app.py`, which has nothing of this folder, answers to the same names. In local mode they are
the names of this machine, whatever the option says.
"""

from __future__ import annotations

from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from data_access.access.start import is_loopback
from server import start
from server.health import PROBES

_UNCACHED = {"Cache-Control": "no-store"}


class TrustedHosts:
    """Starlette's check of the Host header, with the names of this server.

    In local mode a connection has to come in on a loopback address, too, however the server was started (`uvicorn --host`, a
    published port of a container). Probes of a load balancer call by address, and are told nothing: they pass by the names.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._checked: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif start.settings().mode == "local" and not is_loopback(_arrived_at(scope)):
            await PlainTextResponse("Forbidden", 403, _UNCACHED)(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] in PROBES:
            await self.app(scope, receive, send)
        else:
            await self._names()(scope, receive, send)

    def _names(self) -> ASGIApp:
        """Made at the first request: Streamlit's options are complete only when it starts to serve."""
        if self._checked is None:
            names = [f"[{name}]" if ":" in name else name for name in start.hosts()]
            self._checked = TrustedHostMiddleware(self.app, names, www_redirect=False)
        return self._checked


def _arrived_at(scope: Scope) -> str | None:
    """The address of this machine that the connection came to. A socket of the file system can only be this machine's."""
    address, port = scope.get("server") or ("127.0.0.1", None)
    return "127.0.0.1" if port is None else address
