"""Usage in a real browser, on the sample data: from a number of a chart or a table to exactly its conversations, and on to a replay."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Server
from tests.e2e.watching import address, listen, middle, open_first_row, press, settled, until

TUESDAY_NINE = 1 * 24 + 9


@pytest.fixture
def server(sampled: Server) -> Server:
    return sampled


def bars(page: Page, chart: str) -> Locator:
    return page.locator(f".st-key-{chart} .bars .point")


def point(page: Page, chart: str, bar: Locator) -> Locator:
    """Bring the mouse to a bar. What Plotly then says of it: until it does, a click is a click on nothing.

    It draws a layer over its bars that takes the mouse: so the place is meant, not the bar.
    """
    settled(page)
    x, y = middle(page, bar.locator("path"))
    said = page.locator(f".st-key-{chart} .hoverlayer")
    aside = 0

    def heard() -> bool:
        nonlocal aside
        aside = 1 - aside
        page.mouse.move(x + aside, y)
        return bool((said.text_content() or "").strip())

    until(page, heard, "the chart says what is under the mouse")
    return said


def click(page: Page, chart: str, bar: Locator) -> None:
    point(page, chart, bar)
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url(re.compile("/behind"))


def counted(page: Page) -> int:
    found = page.get_by_text(re.compile(r"^[\d,]+ conversations? "))
    expect(found).to_be_visible()
    settled(page)
    return int(found.inner_text().split()[0].replace(",", ""))


def test_from_a_number_to_its_conversations(page: Page, server: Server) -> None:
    heard = listen(page, server)
    page.goto(f"{server.url}/usage?range=all")
    expect(bars(page, "usage_hours")).to_have_count(168)
    settled(page)
    cell = bars(page, "usage_hours").nth(TUESDAY_NINE)
    number = int((cell.text_content() or "0").strip("\u2007"))
    assert number > 1
    click(page, "usage_hours", cell)
    assert counted(page) == number
    expect(page.get_by_text(f"{number} conversations of all systems active on Tuesdays between 09:00 and 10:00")).to_be_visible()
    assert address(page)["weekday"] == ["1"]

    open_first_row(page)
    expect(page.get_by_text(f"1 of {number}", exact=True)).to_be_visible()
    press(page, "j")
    expect(page.get_by_text(f"2 of {number}", exact=True)).to_be_visible()
    page.get_by_role("link", name="Conversations behind a number", exact=True).click()
    assert counted(page) == number

    # A bar of the last full week, whose number is where the mouse is.
    page.goto(f"{server.url}/usage?range=all")
    expect(bars(page, "usage_over_Day").first).to_be_visible()
    settled(page)
    page.locator(".st-key-usage_by").get_by_text("Week", exact=True).click()
    week = bars(page, "usage_over_Week").nth(6)
    expect(week).to_be_visible()
    said = point(page, "usage_over_Week", week).get_by_text(re.compile("Conversations"))
    expect(said).to_be_visible()
    number = int((said.text_content() or "").rpartition(":")[2].strip().replace(",", ""))
    click(page, "usage_over_Week", week)
    assert counted(page) == number
    assert heard.foreign == []
    assert heard.complaints == []


def test_nothing_sticks_out_of_the_page(page: Page, server: Server) -> None:
    """On a desk and on a telephone, by day and by night."""
    for width in (1440, 420):
        page.emulate_media(color_scheme="dark" if width < 500 else "light")
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{server.url}/usage?range=90d")
        expect(bars(page, "usage_hours")).to_have_count(168)
        settled(page)
        for part in ("People", "Conversations", "Responses", "Tools", "Leaders", "Kept now"):
            page.get_by_role("tab", name=part, exact=True).click()
            expect(page.get_by_role("tab", name=part, exact=True)).to_have_attribute("aria-selected", "true")
            expect(page.get_by_role("tabpanel", name=part, exact=True).get_by_test_id("stElementContainer").first).to_be_visible()
            settled(page)
            assert page.evaluate("document.scrollingElement.scrollWidth") <= width
