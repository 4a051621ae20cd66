"""Who a browser is where nobody signs in: a random cookie that no script can read and no other site makes it send."""

from __future__ import annotations

import re
import secrets

COOKIE = "dynascope_browser"
_FORM = re.compile(r"[A-Za-z0-9_-]{43}")


def new_browser() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def known_browser(said: str | None) -> str | None:
    """The cookie, if it is one of ours by its form: a short one that somebody chose is none."""
    return said if said is not None and _FORM.fullmatch(said) else None
