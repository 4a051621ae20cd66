"""Cookies: the random one that tells browsers apart, and `Secure` on every cookie of a server that people reach by https."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data_access.handover.browser import COOKIE, known_browser, new_browser
from server import start


class BrowserCookie:
    """Give each browser its identity, a random cookie, with the first response that it gets without having one.

    Only with what no cache may keep: one that is shared would hand the same identity to everybody.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_uncached(message):
                cookie = f"{COOKIE}={new_browser()}; Path=/; HttpOnly; SameSite=Strict"
                MutableHeaders(scope=message).append("Set-Cookie", cookie)
            await send(message)

        # With a request that another site began, a browser leaves its strict cookie out: it may have one already.
        lacking = scope["type"] == "http" and browser_of(scope) is None and Headers(scope=scope).get("Sec-Fetch-Site") != "cross-site"
        await self.app(scope, receive, send_with_cookie if lacking else send)


class SecureCookies:
    """`Secure` on every cookie, Streamlit's of the sign-in too, which come without it.

    Whether people come by https is known from the request, or from the address that the sign-in leads back to: a proxy that
    is not trusted to say so (FORWARDED_ALLOW_IPS) leaves the request at http.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_secure(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [_secured(name, value) for name, value in message["headers"]]
            await send(message)

        by_https = scope["type"] == "http" and (scope.get("scheme") == "https" or start.is_reached_by_https())
        await self.app(scope, receive, send_secure if by_https else send)


def browser_of(scope: Scope) -> str | None:
    """The identity that the request's browser has, None where it has none of ours."""
    return known_browser(cookie_parser(Headers(scope=scope).get("Cookie", "")).get(COOKIE))


def _is_uncached(message: Message) -> bool:
    said = Headers(raw=message["headers"]).get("Cache-Control", "")
    return "no-store" in said or "no-cache" in said


def _secured(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    if name.lower() != b"set-cookie" or b"secure" in (part.strip().lower() for part in value.split(b";")):
        return name, value
    return name, value + b"; Secure"
