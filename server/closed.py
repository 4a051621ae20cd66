"""Doors of Streamlit that no page of ours uses: closed, with an answer that says nothing."""

from __future__ import annotations

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from server.first_page import root

# What the browser needs to load a page and to stay connected. `host-config` has to answer, or Streamlit's page does not
# start: `client.allowedOrigins` is empty, so it names nobody. `bidi-components` are the files of pages/ui/scroll.py's component.
OPEN = frozenset({"health", "host-config", "stream"})
OPEN_BELOW = ("bidi-components/",)
_CORE = "/_stcore/"
# Components of the first kind, and files of a folder `static`: there are none.
CLOSED_BELOW = ("/component/", "/app/static/")


class ClosedDoors:
    """404 for metrics, the agent's routes, uploads, the script health check and whatever else Streamlit adds below `_stcore`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan" and is_closed(scope["path"]):
            await PlainTextResponse("Not found", 404, {"Cache-Control": "no-store"})(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def is_closed(path: str) -> bool:
    """Whether a path, decoded, leads to nothing that a page needs."""
    below = path.removeprefix(root())
    if not below.startswith(_CORE):
        return below.startswith(CLOSED_BELOW)
    name = below.removeprefix(_CORE)
    return name not in OPEN and not name.startswith(OPEN_BELOW)
