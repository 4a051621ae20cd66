"""Who is behind a request that no page answers: the sign-in that Streamlit keeps in a signed cookie, read as the pages read it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from streamlit.auth_util import get_cookie_with_chunks
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from data_access.access.sessions import viewer_now
from data_access.access.viewer import LOCAL, NOBODY, Viewer
from data_access.errors import DataAccessError
from pages.ui import rules
from server import start


def viewer_behind(cookies: Mapping[str, str]) -> Viewer:
    """With the roles of this moment. Nobody where the sign-in has ended, and where the configuration is wrong."""
    try:
        settings = start.settings()
        access = rules.RULES.check(settings)
        return LOCAL if settings.mode == "local" else viewer_now(_claims(cookies), access, datetime.now(UTC))
    except DataAccessError:
        return NOBODY


def _claims(cookies: Mapping[str, str]) -> Mapping[str, Any]:
    """What the cookie says, when this server has signed it; a large one comes in several."""
    secret = str((rules.auth() or {}).get("cookie_secret", ""))
    if not secret:
        return {}

    def one(name: str) -> bytes | None:
        return decode_signed_value(secret, name, cookies[name].encode("latin-1", "replace")) if name in cookies else None

    whole = get_cookie_with_chunks(one, USER_COOKIE_NAME)
    try:
        found: Any = json.loads(whole) if whole else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
