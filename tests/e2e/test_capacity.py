"""Capacity in a real browser, on the sample data: from a spike of throttling to exactly the conversations of that minute."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Server
from tests.e2e.watching import address, listen, middle, settled, until

CHART = ".st-key-capacity_spikes"
PARTS = ("Tables and indexes", "Latency", "Errors", "Unused indexes", "Account limits", "Alarms")


@pytest.fixture
def server(sampled: Server) -> Server:
    return sampled


def open_capacity(page: Page, server: Server, query: str) -> None:
    page.goto(f"{server.url}/capacity?{query}")
    # Made from the sample by the first question: on a loaded machine that takes a while.
    expect(page.get_by_role("heading", name="Throttling")).to_be_visible(timeout=240_000)
    expect(page.get_by_text("What this dashboard itself costs")).to_be_visible(timeout=240_000)
    settled(page)


def spikes(page: Page) -> Locator:
    return page.locator(f"{CHART} .scatterlayer .point")


def hover(page: Page, spike: Locator) -> str:
    """Bring the mouse to a spike. What Plotly says of it: until it does, a click is a click on nothing."""
    settled(page)
    x, y = middle(page, spike)
    said = page.locator(f"{CHART} .hoverlayer")
    aside = 0

    def heard() -> bool:
        nonlocal aside
        aside = 1 - aside
        page.mouse.move(x + aside, y)
        return bool((said.text_content() or "").strip())

    until(page, heard, "the chart says what is under the mouse")
    return said.text_content() or ""


def rows(page: Page) -> list[list[str]]:
    """The list of spikes as it is said to screen readers: it is drawn on a canvas."""
    table = page.get_by_test_id("stDataFrame").first
    expect(table.locator("canvas [role=gridcell]").filter(has_text="SessionTimestampIndex").first).to_be_attached()
    found = table.locator("canvas [role=row]").filter(has=page.locator("[role=gridcell]"))
    return [row.locator("[role=gridcell]").all_text_contents() for row in found.all()]


def counted(page: Page) -> int:
    found = page.get_by_text(re.compile(r"^[\d,]+ conversations? "))
    expect(found).to_be_visible()
    settled(page)
    return int(found.inner_text().split()[0].replace(",", ""))


def test_from_a_spike_to_the_conversations_of_that_minute(page: Page, server: Server) -> None:
    heard = listen(page, server)
    open_capacity(page, server, "system=ai_agent")
    expect(page.get_by_text(re.compile("sample data$")).first).to_be_visible()
    expect(spikes(page)).to_have_count(2)
    listed = rows(page)
    # The first point is the highest spike. Its minute is in the list, with how many conversations were active.
    said = hover(page, spikes(page).first)
    minute = re.search(r"\d\d \w{3} \d\d:\d\d", said)
    assert minute is not None, said
    same = [row for row in listed if f"{datetime.fromisoformat(row[1]):%d %b %H:%M}" == minute.group()]
    assert same, (said, listed)
    number = int(same[0][0].removesuffix(" ›").replace(",", ""))
    assert number >= 1
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url(re.compile("/behind"))
    assert counted(page) == number
    expect(page.get_by_text(re.compile(rf"^{number} conversations? of AI Agent Server active$"))).to_be_visible()
    since, end = (datetime.fromisoformat(address(page)[name][0]) for name in ("since", "until"))
    assert (end - since).total_seconds() == 60
    assert f"{since:%d %b %H:%M}" == minute.group()

    # The same from the list: its first row is the latest spike.
    open_capacity(page, server, "system=ai_agent")
    first = rows(page)[0]
    page.get_by_test_id("stDataFrame").first.click(position={"x": 112, "y": 53})
    page.wait_for_url(re.compile("/behind"))
    assert counted(page) == int(first[0].removesuffix(" ›").replace(",", ""))
    assert heard.foreign == []
    assert heard.complaints == []


def test_nothing_sticks_out_of_the_page(page: Page, server: Server) -> None:
    """On a desk and on a telephone, by day and by night."""
    for width in (1440, 390):
        page.emulate_media(color_scheme="dark" if width < 500 else "light")
        page.set_viewport_size({"width": width, "height": 900})
        open_capacity(page, server, "range=14d")
        for part in PARTS:
            page.get_by_role("tab", name=part, exact=True).click()
            expect(page.get_by_role("tab", name=part, exact=True)).to_have_attribute("aria-selected", "true")
            expect(page.get_by_role("tabpanel", name=part, exact=True).get_by_test_id("stElementContainer").first).to_be_visible()
            settled(page)
            assert page.evaluate("document.scrollingElement.scrollWidth") <= width
