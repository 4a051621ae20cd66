"""Who a browser is where nobody signs in: a random cookie that no script can read and no other site makes it send."""

from __future__ import annotations

import re
import secrets
import threading

COOKIE = "dynascope_browser"
_FORM = re.compile(r"[A-Za-z0-9_-]{43}")
_served = threading.Event()


def new_browser() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def known_browser(said: str | None) -> str | None:
    """The cookie, if it is one of ours by its form: a short one that somebody chose is none."""
    return said if said is not None and _FORM.fullmatch(said) else None


def serve_downloads() -> None:
    """asgi.py says that this process has its download route. The cookie alone does not: it outlives the server that gave it."""
    _served.set()


def downloads_are_served() -> bool:
    return _served.is_set()
