"""What nobody foresaw: the browser gets a short random reference, the log the same one with the exception's type and place."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path
from traceback import walk_tb

from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data_access.errors import DataAccessError
from pages.ui import notices, unexpected
from server.logs import LOG, kind

_HOME = Path(__file__).resolve().parents[1]
# No 0 and O, no 1 and I: it is read out over a telephone.
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_log = logging.getLogger(f"{LOG}.trouble")


class Trouble:
    """500 with a reference for what a route did not catch, inside of SecurityHeaders: Starlette's own 500 would be outside of them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answered = False

        async def send_noted(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self.app(scope, receive, send_noted)
        except ClientDisconnect:
            raise
        except Exception as error:
            if scope["type"] == "lifespan":
                raise
            said = f"Something went wrong here. Reference: {record(error)}\n"
            if answered:
                # Too late to say so: the server breaks the connection off.
                raise
            await PlainTextResponse(said, 500, {"Cache-Control": "no-store"})(scope, receive, send)


def script_failed(error: Exception) -> bool:
    """For `st.App`: show the reference in place of Streamlit's own box. A failure with a sentence for people is shown as that."""
    reference = record(error)
    if isinstance(error, DataAccessError):
        notices.show(error)
    else:
        unexpected.show(reference)
    return True


def record(error: BaseException) -> str:
    """Write it to the log under a new reference, which is returned."""
    drawn = "".join(secrets.choice(_LETTERS) for _ in range(8))
    reference = f"{drawn[:4]}-{drawn[4:]}"
    _log.error("Reference %s: %s at %s", reference, kind(error), place(error), exc_info=error)
    return reference


def place(error: BaseException) -> str:
    """The innermost line of ours that it came through, else of anybody's: `pages/insights/usage.py:31 in _draw`."""
    ours = others = ""
    for frame, line in walk_tb(error.__traceback__):
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(_HOME) and "site-packages" not in path.parts:
            ours = f"{path.relative_to(_HOME)}:{line} in {frame.f_code.co_name}"
        else:
            others = f"{path.name}:{line} in {frame.f_code.co_name}"
    return ours or others or "nowhere"
