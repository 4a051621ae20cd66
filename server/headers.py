"""The security headers, on every response that leaves here: pages, files, redirects, errors, and a websocket that is refused."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Stored chats are hostile text: nothing of them may load from, or report to, another host. The hash is Streamlit's one
# inline script (`window.prerenderReady=false`). Styles are inline in Streamlit's components. 'self' in connect-src covers
# the websocket of this host too; a bare ws: would allow every host's. A sign-in leaves by a link of this site and a
# redirect, and so by no form and no connection of a script: the provider needs no place in it.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'sha256-THxz9J9+wf7rhwR2YkXJoSZ13UCmYyC+3lNDv2+8ugA='",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
# Strict-Transport-Security is the proxy's, which holds the certificate: from here it would bind names that others serve.
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_STARTS = frozenset({"http.response.start", "websocket.http.response.start"})


class SecurityHeaders:
    """Add HEADERS to every response. A websocket that is accepted passes through untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        opened = False

        async def send_with_headers(message: Message) -> None:
            nonlocal opened
            if message["type"] in _STARTS:
                MutableHeaders(scope=message).update(HEADERS)
            elif message["type"] == "websocket.close" and not opened:
                # The server would make a 403 of it, without headers.
                await _refuse(send)
                return
            opened = opened or message["type"] == "websocket.accept"
            await send(message)

        can_answer = scope["type"] == "http" or "websocket.http.response" in scope.get("extensions", {})
        await self.app(scope, receive, send_with_headers if can_answer else send)


async def _refuse(send: Send) -> None:
    start: Message = {"type": "websocket.http.response.start", "status": 403, "headers": [(b"content-length", b"0")]}
    MutableHeaders(scope=start).update(HEADERS)
    await send(start)
    await send({"type": "websocket.http.response.body", "body": b""})
