"""The download route: one browser's export, and nothing for any other; the cookie that tells browsers apart."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import ClientDisconnect
from starlette.routing import Router
from starlette.types import Message, Receive, Scope, Send

from data_access.access.permissions import PERMISSIONS, Action, Role
from data_access.access.viewer import LOCAL, NOBODY, Viewer
from data_access.audit.events import Denied, Event
from data_access.handover.browser import COOKIE, known_browser, new_browser
from data_access.handover.vault import Vault
from server import download, start
from server.browser import BrowserCookie, SecureCookies
from server.download import DOWNLOAD
from server.headers import HEADERS, SecurityHeaders

DATA = b"PK" + bytes(200_000)


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vault:
    kept = Vault(tmp_path)
    monkeypatch.setattr(download, "vault", lambda: kept)
    monkeypatch.setattr(start, "is_reached_by_https", lambda: False)
    monkeypatch.setattr(download, "viewer_behind", lambda _: LOCAL)
    return kept


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def cookie(self) -> Any:
        return SimpleCookie(self.headers.get("set-cookie", "")).get(COOKIE)


def ask(path: str, method: str = "GET", *, scheme: str = "http", stop_after: int | None = None, **headers: str) -> Answer:
    """One request to the route, through the middlewares. After `stop_after` pieces the browser goes away."""
    application = SecurityHeaders(SecureCookies(BrowserCookie(Router([DOWNLOAD]))))
    sent = [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in headers.items()]
    scope: Any = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"", "headers": sent}
    scope |= {"scheme": scheme, "http_version": "1.1", "root_path": "", "server": ("testserver", 80), "client": ("127.0.0.1", 5)}
    said: list[Message] = []

    async def receive() -> Message:
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if stop_after is not None and len(said) > stop_after:
            raise OSError
        said.append(message)

    with suppress(OSError, ClientDisconnect, ExceptionGroup):
        asyncio.run(application(scope, receive, send))
    found = {name.decode(): value.decode() for name, value in said[0]["headers"]}
    return Answer(said[0]["status"], found, b"".join(message["body"] for message in said[1:]))


def deposit(vault: Vault, identity: str) -> str:
    with vault.put(identity) as made:
        made.file.write(DATA)
    return made.token


def test_the_browser_it_waits_for_gets_it_once(vault: Vault) -> None:
    identity = new_browser()
    path = f"/download/{deposit(vault, identity)}"
    answer = ask(path, cookie=f"{COOKIE}={identity}")
    assert (answer.status, answer.body) == (200, DATA)
    assert answer.headers["content-disposition"] == 'attachment; filename="dynascope-export.zip"'
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-length"] == str(len(DATA))
    assert all(answer.headers[name.lower()] == value for name, value in HEADERS.items())
    assert ask(path, cookie=f"{COOKIE}={identity}").status == 404


def test_a_download_that_was_broken_off_can_be_repeated(vault: Vault) -> None:
    identity = new_browser()
    path = f"/download/{deposit(vault, identity)}"
    assert len(ask(path, cookie=f"{COOKIE}={identity}", stop_after=1).body) < len(DATA)
    assert ask(path, cookie=f"{COOKIE}={identity}").body == DATA


def test_everybody_else_finds_nothing(vault: Vault) -> None:
    identity = new_browser()
    path = f"/download/{deposit(vault, identity)}"
    refused = [
        ask(path),
        ask(path, cookie=f"{COOKIE}={new_browser()}"),
        ask(path, cookie=f"{COOKIE}="),
        ask(path, cookie=f"other={identity}"),
        ask(f"/download/{'A' * 43}", cookie=f"{COOKIE}={identity}"),
        ask("/download/..", cookie=f"{COOKIE}={identity}"),
    ]
    assert {(answer.status, answer.body) for answer in refused} == {(404, b"Not found")}
    assert ask(path, "POST", cookie=f"{COOKIE}={identity}").status == 405
    assert ask(path, cookie=f"{COOKIE}={identity}").body == DATA


@pytest.mark.usefixtures("vault")
def test_a_browser_gets_an_identity_with_its_first_response() -> None:
    found = ask("/download/x").cookie
    assert known_browser(found.value) == found.value
    assert (found["httponly"], found["samesite"], found["path"], found["secure"]) == (True, "Strict", "/", "")
    assert ask("/download/x").cookie.value != found.value
    assert ask("/download/x", cookie=f"{COOKIE}={found.value}").cookie is None


@pytest.mark.usefixtures("vault")
def test_a_weak_identity_is_replaced_and_another_sites_request_sets_none() -> None:
    assert ask("/download/x", cookie=f"{COOKIE}=mine").cookie is not None
    assert ask("/download/x", sec_fetch_site="cross-site").cookie is None


@pytest.mark.parametrize("kept", ["public, immutable, max-age=31536000", ""])
def test_what_a_cache_may_keep_carries_no_identity(kept: str) -> None:
    said: list[Message] = []

    async def application(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", kept.encode())] if kept else []})

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        said.append(message)

    asyncio.run(BrowserCookie(application)({"type": "http", "headers": []}, receive, send))
    assert not any(name == b"set-cookie" for name, _ in said[0]["headers"])


@pytest.mark.usefixtures("vault")
def test_over_https_the_cookie_is_for_https() -> None:
    assert ask("/download/x", scheme="https").cookie["secure"] is True


@pytest.mark.usefixtures("vault")
def test_behind_a_proxy_that_says_nothing_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "is_reached_by_https", lambda: True)
    assert ask("/download/x").cookie["secure"] is True


def test_every_cookie_is_for_https_and_says_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "is_reached_by_https", lambda: True)
    said: list[Message] = []
    given = [
        (b"set-cookie", b"_streamlit_user=x; HttpOnly; Path=/"),
        (b"Set-Cookie", b"b=secure; Path=/;secure"),
        (b"etag", b"set-cookie"),
    ]

    async def application(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": given})

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        said.append(message)

    asyncio.run(SecureCookies(application)({"type": "http", "headers": [], "scheme": "http"}, receive, send))
    assert said[0]["headers"] == [(b"set-cookie", b"_streamlit_user=x; HttpOnly; Path=/; Secure"), *given[1:]]


def test_what_was_left_is_swept_at_the_start(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    swept: list[bool] = []
    monkeypatch.setattr(vault, "sweep", lambda: swept.append(True))

    async def first() -> None:
        task = asyncio.create_task(download.sweep_exports())
        while not swept:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(first(), 60))
    assert swept == [True]


@pytest.mark.parametrize(
    "viewer", [NOBODY, *(Viewer(role.value, frozenset({role}), origin="signed_in") for role in Role)], ids=lambda one: one.name
)
def test_it_is_handed_to_whoever_may_export_now(vault: Vault, monkeypatch: pytest.MonkeyPatch, viewer: Viewer) -> None:
    """The browser is the right one, and the role may have gone since. Who is refused is in the audit, and the export stays."""
    told: list[Event] = []
    monkeypatch.setattr(download, "viewer_behind", lambda _: viewer)
    monkeypatch.setattr(download, "_audit", told.append)
    identity = new_browser()
    path = f"/download/{deposit(vault, identity)}"
    allowed = bool(viewer.roles & PERMISSIONS[Action.EXPORT])
    answer = ask(path, cookie=f"{COOKIE}={identity}")
    assert answer.status == (200 if allowed else 404)
    assert (answer.body == DATA) == allowed
    assert told == ([] if allowed else [Denied(viewer.actor, "export_user", 1)])
    # Whoever only knows the address learns nothing, and fills no audit.
    assert ask(path, cookie=f"{COOKIE}={new_browser()}").status == 404
    assert len(told) <= 1
    monkeypatch.setattr(download, "viewer_behind", lambda _: LOCAL)
    assert ask(path, cookie=f"{COOKIE}={identity}").status == (404 if allowed else 200)
