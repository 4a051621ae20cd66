"""The route that hands an export to the one browser that it waits for, and what becomes of exports that nobody fetches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import closing, suppress

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from data_access.actions.asking import Asking
from data_access.actions.people import hand_over
from data_access.audit import Audit
from data_access.audit.events import Event
from data_access.erasure.control import Control
from data_access.errors import Denied
from data_access.handover.vault import Vault, Waiting
from data_access.settings import load_settings
from server import start
from server.browser import browser_of
from server.viewer import viewer_behind

_SWEEP_SECONDS = 60.0
_BLOCK = 1 << 16


async def download(request: Request) -> Response:
    """An export for the browser that it waits for, and for somebody who may export now; else there is nothing here, and no way to tell."""
    waiting = await anyio.to_thread.run_sync(_open_export, request.path_params["token"], browser_of(request.scope), request.cookies)
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


def _open_export(token: str, identity: str | None, cookies: Mapping[str, str]) -> Waiting | None:
    waiting = vault().open(token, identity)
    if waiting is None:
        return None
    try:
        return hand_over(Asking(viewer_behind(cookies), _audit), waiting)
    except Denied:
        waiting.file.close()
        return None


def _audit(event: Event) -> object:
    """Raises AwsError, KeyFileError, AuditError."""
    with closing(Control.open(start.settings())) as control:
        return Audit(control).write(event)


def vault() -> Vault:
    """The exports that wait in this installation's state folder. Raises SettingsError, SpecError."""
    return Vault(load_settings().state)


async def sweep_exports() -> None:
    """At the start what an earlier process left behind, then what has waited for its hour."""
    exports = vault()
    while True:
        with suppress(OSError):  # A disk that cannot be written now may be later.
            await anyio.to_thread.run_sync(exports.sweep)
        await asyncio.sleep(_SWEEP_SECONDS)
