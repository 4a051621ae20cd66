"""What browser tests look at: requests and complaints of the browser, the address, the turns of a replay, whether a page is still.

And what they do with care, because a machine can be slow between any two steps: a key is pressed when somebody listens, and
what is drawn on a canvas or by Plotly is clicked when it is there and stands still.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, Response, expect

from tests.e2e.conftest import PATIENCE_MS, Server

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


# Streamlit loads the code of each kind of element when it is first needed, and a skeleton stands in its place until then:
# the first button of a visit comes after the script has ended.
STILL = "[data-testid=stApp][data-test-script-state=notRunning]:not(:has([data-testid=stSkeleton], [data-testid=stAppSkeleton]))"
# Asked by the page of itself: a question from here goes through four processes, and most of a test is waiting.
STAYS = "seen => { seen.still = document.querySelector(seen.selector) ? seen.still + 1 : 0; return seen.still > 6; }"
LOOK_MS = 75


def until(page: Page, true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_MS / 1_000
    while not true():
        assert time.monotonic() < deadline, f"not within {PATIENCE_MS / 1_000:.0f} seconds: {what}"
        page.wait_for_timeout(50)


def settled(page: Page) -> None:
    """No script runs and all is drawn: what is on the screen stays, and a button is the one that will be answered.

    Between the two runs of a page switch, and before the run that a click asked for, a page is still for a moment: so it has to
    stay still, and a test first expects something that only the new run shows.
    """
    page.wait_for_function(STAYS, arg={"selector": STILL, "still": 0}, polling=LOOK_MS, timeout=PATIENCE_MS)


def press(page: Page, key: str) -> None:
    """Press the key of a button, once: a button listens to its key only some time after it is on the screen."""
    settled(page)
    page.wait_for_function("key => window.hotkeys.getAllKeyCodes().some(one => one.shortcut === key)", arg=key)
    page.keyboard.press(key)


def middle(page: Page, element: Locator) -> tuple[float, float]:
    """Where the element is, once it no longer moves: what arrives above it pushes it down."""
    found: list[tuple[float, float]] = []

    def stands() -> bool:
        box = element.bounding_box()
        found.append((-1.0, -1.0) if box is None else (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2))
        return box is not None and len(found) > 6 and len(set(found[-6:])) == 1

    element.scroll_into_view_if_needed()
    until(page, stands, "the element stands still")
    return found[-1]


def open_first_row(page: Page) -> None:
    """The cells of the list are drawn on a canvas: the button of the first row is at this place of it."""
    settled(page)
    table = page.get_by_test_id("stDataFrame")
    # The grid says its cells to screen readers after it has drawn them.
    expect(table.locator("canvas [role=gridcell]").filter(has_text="Open").first).to_be_attached()
    table.click(position={"x": 31, "y": 53})
    page.wait_for_url(re.compile("/replay"))


def address(page: Page) -> dict[str, list[str]]:
    """As the page itself sees it now; Playwright's own `url` hears of it a little later."""
    return parse_qs(urlsplit(page.evaluate("location.href")).query)
