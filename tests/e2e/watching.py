"""What browser tests look at: requests and complaints of the browser, the address, the turns of a replay, whether a page is still."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, Response, expect

from tests.e2e.conftest import Server

# Streamlit asks these under the page's own path first, then under the root: the 404 is its way of finding the root.
PROBED = ("/_stcore/health", "/_stcore/host-config")
LIVE = "a[href]:not([href^='?'], [href^='#']), img, iframe, video, audio, embed, object, form, .katex, script"


@dataclass(slots=True)
class Heard:
    """What the browser asked of whom, and what it complained about."""

    host: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def foreign(self) -> list[str]:
        return [url for url in self.requests if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).netloc != self.host]


def listen(page: Page, server: Server) -> Heard:
    heard = Heard(urlsplit(server.url).netloc)

    def asked(request: Request) -> None:
        heard.requests.append(request.url)

    def answered(response: Response) -> None:
        if response.status >= 400 and not response.url.endswith(PROBED):
            heard.complaints.append(f"{response.status} {response.url}")

    def said(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            heard.complaints.append(message.text)

    page.on("request", asked)
    page.on("response", answered)
    page.on("console", said)
    page.on("pageerror", lambda error: heard.complaints.append(str(error)))
    return heard


def turn(page: Page, position: int) -> Locator:
    return page.locator(f".st-key-turn-{position}")


def settled(page: Page) -> None:
    """No script runs: what is on the screen stays, and a button is the one that will be answered."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def address(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)
