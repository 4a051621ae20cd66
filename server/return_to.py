"""Back to where somebody was when they went to sign in: Streamlit leads everybody to its first page.

A cookie holds the place while the browser is away at the provider. It is a wish, not a secret and no right: whatever it says, only
a page of ours is led to, and that page asks for itself who is there.
"""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data_access.access.places import LONGEST_QUERY, PLACES, Place
from data_access.handover.browser import COOKIE as BROWSER
from data_access.handover.browser import new_browser
from pages.ui.registry import FIND, PAGES
from server.browser import browser_of
from server.first_page import root

COOKIE = "dynascope_return"
_SECONDS = 600  # how long somebody may take at the provider
_LOGIN, _CALLBACK, _LOGOUT = "/auth/login", "/oauth2callback", "/auth/logout"
_PATHS = frozenset(spec.url_path for spec in PAGES if spec is not FIND)
_REDIRECTS = frozenset({302, 303, 307})


class ReturnTo:
    """At Streamlit's addresses of a sign-in: on the way out the place goes into the cookie, on the way back the cookie is honoured once.

    Whoever signs out leaves a browser that is another one: what waited for them there, an export, waits for nobody.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        at = root()
        path = scope["path"].removeprefix(at) if scope["type"] == "http" else ""
        if path == _LOGIN:
            place = PLACES.take(browser_of(scope), datetime.now(UTC))
            await self.app(scope, receive, _going(send, place, at) if place else send)
        elif path == _CALLBACK and (given := cookie_parser(Headers(scope=scope).get("Cookie", "")).get(COOKIE)) is not None:
            await self.app(scope, receive, _coming(send, given, at))
        elif path == _LOGOUT:
            await self.app(scope, receive, _leaving(send))
        else:
            await self.app(scope, receive, send)


def _leaving(send: Send) -> Send:
    async def send_with_new_identity(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).append("Set-Cookie", f"{BROWSER}={new_browser()}; Path=/; HttpOnly; SameSite=Strict")
        await send(message)

    return send_with_new_identity


def _going(send: Send, place: Place, at: str) -> Send:
    async def send_with_place(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] in _REDIRECTS:
            headers = MutableHeaders(scope=message)
            if place.prompt is not None and urlsplit(headers["Location"]).netloc:
                headers["Location"] = _asking(headers["Location"], place.prompt)
            value = quote(f"{place.path}?{place.query}", safe="")
            headers.append("Set-Cookie", f"{COOKIE}={value}; Path={at or '/'}; Max-Age={_SECONDS}; HttpOnly; SameSite=Lax")
        await send(message)

    return send_with_place


def _coming(send: Send, given: str, at: str) -> Send:
    async def send_to_place(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if message["status"] in _REDIRECTS and (address := address_of(given)) is not None:
                headers["Location"] = f"{at}/{address}"
            headers.append("Set-Cookie", f"{COOKIE}=; Path={at or '/'}; Max-Age=0; HttpOnly; SameSite=Lax")
        await send(message)

    return send_to_place


def address_of(given: str) -> str | None:
    """The page's path and query that a cookie names, written anew, without the slash before it. None where it names no page of ours."""
    path, _, query = unquote(given).partition("?")
    if (path and path not in _PATHS) or len(query) > LONGEST_QUERY:
        return None
    query = urlencode(parse_qsl(query, keep_blank_values=True))
    return f"{path}?{query}" if query else path


def _asking(location: str, prompt: str) -> str:
    """The provider's address, asking for this prompt and for a sign-in made now: it then says when that was (`auth_time`)."""
    parts = urlsplit(location)
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in ("prompt", "max_age")]
    return urlunsplit(parts._replace(query=urlencode([*kept, ("prompt", prompt), ("max_age", "0")])))
