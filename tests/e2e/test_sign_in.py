"""Signing in and out in a real browser, with a real provider: there and back, and every way in which a sign-in ends."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value, decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME as USER

from data_access.handover.browser import COOKIE as BROWSER
from pages.ui.rules import EVERY_SECONDS
from tests.e2e.conftest import Server, profile
from tests.e2e.raw import XSRF, cookies_of, session
from tests.e2e.signing_in import COOKIE_SECRET, GROUPS, Provider, sees, serve_aws, sign_in, waiting_export, write_config
from tests.e2e.watching import address, settled

Serve = Callable[..., Server]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sign_in")


@pytest.fixture(scope="module")
def server(serve_all: Serve, folder: Path, endpoint: str, idp: Provider) -> Server:
    return serve_aws(serve_all, folder, endpoint, idp)


def path(page: Page) -> str:
    return urlsplit(page.evaluate("location.href")).path


def test_a_link_from_elsewhere_opens_after_the_sign_in(server: Server, idp: Provider, page: Page) -> None:
    """The first request of this process, and of this browser, comes from another site and asks for a page deep inside."""
    page.goto(idp.url)
    page.evaluate("address => { location.href = address }", f"{server.url}/search?system=cg&other=https://evil.example/%0d%0a")
    page.wait_for_url(f"{server.url}/**")
    assert sees(page) == "sign-in"
    assert not page.get_by_text("Page not found").count()
    sign_in(page, "reviewer")
    assert path(page) == "/search"
    assert address(page)["system"] == ["cg"]
    assert sees(page) == "page"
    expect(page.get_by_text("reviewer.person")).to_be_visible()
    assert "dynascope_return" not in cookies_of(page.context)


def test_the_last_page_is_the_place_also_without_a_reload(server: Server, page: Page) -> None:
    """Only the session knows where somebody is who came there by the menu. Nobody signs in from another site's place."""
    page.goto(server.url)
    assert sees(page) == "sign-in"
    page.context.add_cookies([{"name": "dynascope_return", "value": "%2F%2Fevil.example%3F", "url": server.url}])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("http://localhost:*/**")
    page.context.add_cookies([{"name": "dynascope_return", "value": "%2F%2Fevil.example%3F", "url": server.url}])
    page.locator("input[name=sub]").fill("analyst")
    page.get_by_role("button", name="Authorize", exact=True).click()
    page.wait_for_url(f"{server.url}/**")
    settled(page)
    assert path(page) == "/usage", "the first page of everybody is not the analyst's"
    expect(page.get_by_role("link", name="Costs")).to_be_visible()
    assert not page.get_by_role("link", name="Find a conversation").count()


def test_a_sign_in_that_the_provider_denies_is_none(server: Server, page: Page) -> None:
    page.goto(f"{server.url}/usage")
    settled(page)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("http://localhost:*/**")
    page.get_by_role("button", name="Deny", exact=True).click()
    page.wait_for_url(f"{server.url}/**")
    assert sees(page) == "sign-in"
    assert path(page) == "/usage"


def test_who_has_no_role_is_told_how_to_get_one(server: Server, idp: Provider, page: Page) -> None:
    page.goto(f"{server.url}/erasures")
    sign_in(page, "nobody")
    expect(page.get_by_text("You are signed in, and have no role here")).to_be_visible()
    expect(page.get_by_text(f'"{idp.url}|nobody" = ["reviewer"]')).to_be_visible()
    assert not page.get_by_test_id("stSidebar").count()


def test_a_role_that_is_taken_away_is_gone_at_the_next_click(server: Server, folder: Path, page: Page) -> None:
    page.goto(f"{server.url}/about")
    sign_in(page, "approver")
    assert sees(page) == "page"
    try:
        write_config(folder / "dynascope.toml", {name: roles for name, roles in GROUPS.items() if roles != ["approver"]})
        page.wait_for_timeout(EVERY_SECONDS * 1_000)
        page.get_by_role("link", name="Erasures").click()
        expect(page.get_by_text("You are signed in, and have no role here")).to_be_visible()
        write_config(folder / "dynascope.toml", {**GROUPS, "approver-team": ["emperor"]})
        page.wait_for_timeout(EVERY_SECONDS * 1_000)
        page.reload()
        expect(page.get_by_text("The configuration is wrong")).to_be_visible()
        assert "there is no role 'emperor'" in server.log.read_text(encoding="utf-8")
    finally:
        write_config(folder / "dynascope.toml")
        page.wait_for_timeout(EVERY_SECONDS * 1_000)


def test_an_expired_sign_in_ends_the_open_session(server: Server, folder: Path, page: Page) -> None:
    """It is asked at each click how old it may be: here it may suddenly be a second old."""
    page.goto(f"{server.url}/about")
    sign_in(page, "admin")
    try:
        write_config(folder / "dynascope.toml", session_hours=0.0001)
        page.wait_for_timeout(EVERY_SECONDS * 1_000)
        page.get_by_role("link", name="Erasures").click()
        expect(page.get_by_text("Your sign-in has expired.")).to_be_visible()
        assert not page.get_by_role("heading", name="Erasures").count()
    finally:
        write_config(folder / "dynascope.toml")
        page.wait_for_timeout(EVERY_SECONDS * 1_000)


def test_a_token_that_expires_ends_the_open_session(server: Server, idp: Provider, page: Page) -> None:
    ends = int(time.time()) + 20
    idp.user("brief", groups=["admin-team"], exp=ends)
    page.goto(f"{server.url}/about")
    sign_in(page, "brief")
    assert sees(page) == "page"
    link = waiting_export(server, cookies_of(page.context)[BROWSER])
    page.wait_for_timeout(max(0.0, ends + 1 - time.time()) * 1_000)
    page.get_by_role("link", name="Erasures").click()
    expect(page.get_by_text("Your sign-in has expired.")).to_be_visible()
    assert not page.get_by_role("heading", name="Erasures").count()
    assert page.request.get(link).status == 404, "the cookie is still there, and signed"


def test_signing_out_ends_the_other_tab_too(server: Server, page: Page) -> None:
    page.goto(f"{server.url}/about")
    sign_in(page, "support")
    other = page.context.new_page()
    other.goto(f"{server.url}/erasures")
    assert sees(other) == "page"
    stolen = cookies_of(page.context)
    link = waiting_export(server, stolen[BROWSER])
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="End session").click()
    page.wait_for_url(f"{server.url}/**")
    assert sees(page) == "sign-in"
    other.get_by_role("link", name="About").click()
    expect(other.get_by_text("You were signed out.")).to_be_visible()
    assert other.get_by_role("button", name="Sign in").count()
    assert page.request.get(link).status == 404, "what waited for who signed out waits for nobody who uses this browser"
    # Whoever kept a copy of the cookie keeps a sign-in that has ended.
    with session(server, stolen) as kept:
        answer = kept.run("erasures")
        assert "You were signed out." in answer.words
        assert [one.body for one in answer.of("heading")] == ["Dynascope"]


def test_an_export_is_for_one_browser_and_once(server: Server, page: Page, browser: Browser) -> None:
    page.goto(f"{server.url}/about")
    sign_in(page, "support")
    link = waiting_export(server, cookies_of(page.context)[BROWSER])
    with profile(browser) as stranger:
        assert stranger.request.get(link).status == 404
        stranger.new_page().goto(server.url)
        assert stranger.request.get(link).status == 404, "another browser's cookie opens nothing"
    assert page.request.get(link).body() == b"zipped"
    assert page.request.get(link).status == 404, "once"


def test_a_forged_cookie_is_nobody(server: Server, page: Page) -> None:
    """Signed with another secret, with none, and a true one whose text was changed."""
    page.goto(f"{server.url}/about")
    sign_in(page, "reviewer")
    true = cookies_of(page.context)
    said = json.loads(decode_signed_value(COOKIE_SECRET, USER, true[USER].strip('"').encode()) or b"")
    wanted = json.dumps(said | {"groups": ["admin-team"]})
    forged = {
        "another secret": create_signed_value("not the secret of this server", USER, wanted).decode(),
        "no signature": wanted,
        "changed": true[USER].replace(true[USER][5:9], "AAAA", 1),
        "of another cookie": create_signed_value(COOKIE_SECRET, "_streamlit_other", wanted).decode(),
    }
    for how, value in forged.items():
        with session(server, true | {USER: value}) as sent:
            answer = sent.run("tables")
            assert [one.body for one in answer.of("heading")] == ["Dynascope"], how
            assert "Sign in to see" in answer.words, how
    with session(server, {name: value for name, value in true.items() if name != XSRF}) as sent:
        assert "Sign in to see" in sent.run("find").words, "a page of another site cannot send the token"
    with session(server, true) as sent:
        assert "Sign in to see" not in sent.run("search").words, "the true one is somebody"
