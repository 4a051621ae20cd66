"""Signing in and out in a real browser, with a real provider: there and back, and every way in which a sign-in ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Server
from tests.e2e.signing_in import Provider, engine, provider, sees, serve_aws, sign_in
from tests.e2e.watching import address

Serve = Callable[..., Server]


@pytest.fixture(scope="module")
def idp() -> Iterator[Provider]:
    with provider() as found:
        yield found


@pytest.fixture(scope="module")
def endpoint(filled: Path) -> Iterator[str]:
    with engine(filled) as found:
        yield found


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
    assert "dynascope_return" not in {cookie["name"] for cookie in page.context.cookies()}
