"""Back to the page that was asked for, and to nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime
from http.cookies import Morsel, SimpleCookie
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from starlette.types import Receive, Scope, Send

from data_access.access.places import LONGEST_QUERY, PLACES, Place
from data_access.handover.browser import COOKIE as BROWSER
from data_access.handover.browser import known_browser, new_browser
from server.return_to import COOKIE, ReturnTo, address_of
from tests.server.asking import Answer, ask

AUTHORIZE = "https://id.example.com/authorize?client_id=a&prompt=select_account&scope=openid+email&state=b"


async def application(scope: Scope, _receive: Receive, send: Send) -> None:
    """Redirects as Streamlit's two addresses do."""
    places = {"/auth/login": AUTHORIZE, "/auth/logout": "/", "/oauth2callback": "/", "/usage": "/"}
    headers = [(b"location", places[scope["path"]].encode())]
    await send({"type": "http.response.start", "status": 500 if b"broken" in dict(scope["headers"]) else 302, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


GUARDED = ReturnTo(application)


def held(answer: Answer) -> Morsel[str]:
    return SimpleCookie(answer.headers["set-cookie"])[COOKIE]


def test_there_and_back_once() -> None:
    browser = new_browser()
    PLACES.keep(browser, Place("search", "system=cg&words=%C3%A9"), datetime.now(UTC))
    out = ask(GUARDED, "/auth/login", Cookie=f"{BROWSER}={browser}")
    assert out.headers["location"] == AUTHORIZE
    assert held(out)["httponly"]
    assert (held(out)["samesite"], held(out)["path"], held(out)["max-age"]) == ("Lax", "/", "600")
    cookie = f"{COOKIE}={held(out).coded_value}"
    assert ask(GUARDED, "/usage", Cookie=cookie).headers == {"location": "/"}, "at no other address"
    back = ask(GUARDED, "/oauth2callback", Cookie=cookie)
    assert back.headers["location"] == "/search?system=cg&words=%C3%A9"
    assert held(back)["max-age"] == "0"
    assert ask(GUARDED, "/oauth2callback").headers == {"location": "/"}
    assert ask(GUARDED, "/auth/login", Cookie=f"{BROWSER}={browser}").headers == {"location": AUTHORIZE}


def test_another_browser_has_no_part_in_it() -> None:
    PLACES.keep(new_browser(), Place("search"), datetime.now(UTC))
    assert ask(GUARDED, "/auth/login", Cookie=f"{BROWSER}={new_browser()}").headers == {"location": AUTHORIZE}
    assert ask(GUARDED, "/auth/login").headers == {"location": AUTHORIZE}


def test_a_fresh_sign_in_is_asked_of_the_provider() -> None:
    browser = new_browser()
    PLACES.keep(browser, Place("erasures", prompt="login"), datetime.now(UTC))
    location = urlsplit(ask(GUARDED, "/auth/login", Cookie=f"{BROWSER}={browser}").headers["location"])
    assert location.netloc == "id.example.com"
    asked = [("client_id", "a"), ("scope", "openid email"), ("state", "b"), ("prompt", "login"), ("max_age", "0")]
    assert parse_qsl(location.query) == asked


def test_who_signs_out_leaves_another_browser() -> None:
    browser = new_browser()
    given = SimpleCookie(ask(GUARDED, "/auth/logout", Cookie=f"{BROWSER}={browser}").headers["set-cookie"])[BROWSER]
    assert known_browser(given.value) not in (None, browser)
    assert (given["httponly"], given["samesite"]) == (True, "Strict")


def test_what_is_no_redirect_stays_and_the_cookie_goes() -> None:
    answer = ask(GUARDED, "/oauth2callback", Cookie=f"{COOKIE}=usage%3F", Broken="1")
    assert answer.status == 500
    assert answer.headers["location"] == "/"
    assert held(answer)["max-age"] == "0"


@pytest.mark.parametrize(
    "given, found",
    [
        ("usage?", "usage"),
        ("?", ""),
        ("?system=cg", "?system=cg"),
        ("erasures?plan=01J&x=", "erasures?plan=01J&x="),
        ("usage?a=1\r\nSet-Cookie: b=c", "usage?a=1%0D%0ASet-Cookie%3A+b%3Dc"),
        ("usage?next=//evil.example", "usage?next=%2F%2Fevil.example"),
    ],
)
def test_a_page_of_ours_is_led_to(given: str, found: str) -> None:
    assert address_of(quote(given, safe="")) == found


@pytest.mark.parametrize(
    "given",
    [
        "//evil.example?",
        "/usage?",
        "https://evil.example/usage",
        "\\evil.example",
        "usage/../auth/logout",
        "auth/logout",
        "download/abc",
        "_stcore/metrics",
        "usage\r\nX: y?",
        "usage#x",
        "Usage",
        "find",
        "evil.example",
        "@evil.example",
        "javascript:alert(1)",
        f"usage?{'a' * (LONGEST_QUERY + 1)}",
    ],
)
def test_anything_else_is_not(given: str) -> None:
    assert address_of(quote(given, safe="")) is None
    assert ask(GUARDED, "/oauth2callback", Cookie=f"{COOKIE}={quote(given, safe='')}").headers["location"] == "/"
