"""Snapshot and search in a real browser: a sync that two browsers watch, a word that opens its turn, hostile hits on the screen."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import Server, profile, snapshot_of_its_own
from tests.e2e.watching import LIVE, address, listen, press, settled, turn

Serve = Callable[..., Server]
# Slow enough to be watched: all of the sample is about 1,000 read units.
RATE = 50


def stop(page: Page) -> Locator:
    """The page's own: Streamlit has one of that name above it while a script runs."""
    return page.get_by_test_id("stMainBlockContainer").get_by_role("button", name="Stop")


def search(page: Page, words: str) -> None:
    box = page.get_by_placeholder(re.compile("refund"))
    expect(box).to_be_visible()
    settled(page)
    answer = page.get_by_text(re.compile(r"conversations? with these words|No message has these words"))
    # Without words first, so that the answer to others is not taken for the one to these.
    for said, answers in (("", 0), (words, 1)):
        box.fill(said)
        box.press("Enter")
        expect(answer).to_have_count(answers)
    settled(page)


def test_two_browsers_watch_a_sync_and_a_word_opens_its_turn(
    page: Page, browser: Browser, serve: Serve, filled: Path, tmp_path: Path
) -> None:
    server = serve(filled, DYNASCOPE_CONFIG=str(snapshot_of_its_own(tmp_path, f"scan_rate = {RATE}\n")))
    heard = listen(page, server)
    page.goto(f"{server.url}/search")
    expect(page.get_by_text("Search needs a snapshot, and there is none yet")).to_be_visible()
    with profile(browser) as context:
        other = context.new_page()
        for one in (page, other):
            one.goto(f"{server.url}/snapshot")
            expect(one.get_by_text("Never read")).to_have_count(4)
        everything = page.locator(".st-key-snapshot_all").get_by_role("button")
        expect(everything).to_have_text(re.compile(r"Read everything · [\d,]+ units, \$0\.000\d$"))
        settled(page)
        everything.click()
        for one in (page, other):
            expect(one.get_by_role("progressbar")).to_be_visible()
            expect(stop(one)).to_be_enabled()
        expect(page.get_by_text(re.compile(r"[1-9]\d* items, [\d.]+ read units")).first).to_be_visible()
        # The one who did not begin it ends it, between two pages.
        stop(other).click()
        for one in (page, other):
            expect(one.get_by_text("The last sync was stopped")).to_be_visible()
        settled(page)
        # Again, and whoever pressed the button goes away: a sync is nobody's page.
        everything.click()
        expect(page.get_by_role("progressbar")).to_be_visible()
        page.goto("about:blank")
        expect(other.get_by_role("progressbar")).to_be_visible()
        expect(other.get_by_text("The snapshot was refreshed")).to_be_visible(timeout=180_000)
        expect(other.get_by_text("Never read")).to_have_count(0)

        search_page = other
        search_page.get_by_role("link", name="Search", exact=True).click()
        search(search_page, "invoice")
        expect(search_page.get_by_text(re.compile(r"^\d+ conversations with these words"))).to_be_visible()
        hit = search_page.get_by_role("button", name=re.compile(r"^Turn \d")).first
        position = int(re.sub(r"\D", "", hit.inner_text()))
        hit.click()
        linked = turn(search_page, position)
        expect(linked).to_be_in_viewport()
        # In what was said it is coloured, in what a tool was asked the call is open: the sample of the day has either first.
        expect(linked).to_contain_text(re.compile("invoice", re.IGNORECASE))
        assert address(search_page)["message"] == [str(position)]
        assert "invoice" not in search_page.url
        expect(search_page.get_by_text(re.compile(r"^1 of \d+$"))).to_be_visible()
        press(search_page, "j")
        expect(search_page.get_by_text(re.compile(r"^2 of \d+$"))).to_be_visible()
        second = int(address(search_page)["message"][0])
        expect(turn(search_page, second)).to_be_in_viewport()
    assert heard.foreign == []
    assert heard.complaints == []
    assert "Traceback" not in server.log.read_text()
    assert "invoice" not in server.log.read_text()


def test_hostile_hits_do_nothing(page: Page, sampled: Server) -> None:
    heard = listen(page, sampled)
    page.goto(f"{sampled.url}/search")
    for words in ("tracker", "https", "script", "smile", "img", "](", "material"):
        search(page, words)
        main = page.get_by_test_id("stMain")
        links = main.get_by_test_id("stPageLink").locator(LIVE).count()
        assert main.locator(LIVE).count() == links, words
        assert not re.search("[\u200b\u202a-\u202e\u2066-\u2069\ufeff]", main.inner_text()), words
    assert heard.foreign == []
    assert heard.complaints == []


def test_nothing_sticks_out_of_the_page(page: Page, sampled: Server) -> None:
    """On a desk and on a telephone, by day and by night."""
    for width in (1440, 420):
        page.emulate_media(color_scheme="dark" if width < 500 else "light")
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{sampled.url}/snapshot")
        expect(page.get_by_text("Read by").first).to_be_visible()
        settled(page)
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
        page.goto(f"{sampled.url}/search")
        search(page, "tracker")
        for hit in page.get_by_role("button", name=re.compile(r"^Turn \d")).all():
            box = hit.bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= width + 1
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
