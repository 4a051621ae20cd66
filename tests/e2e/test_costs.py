"""Costs in a real browser, on the sample data: a what-if whose link opens the same scenario, advice with its rule, and the looks."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import Server, profile
from tests.e2e.watching import address, listen, settled, until

PARTS = ("Now", "By conversation", "Growth", "Advice", "What if")


@pytest.fixture
def server(sampled: Server) -> Server:
    return sampled


def part(page: Page, name: str) -> Locator:
    return page.get_by_role("tabpanel", name=name, exact=True)


def number(page: Page, label: str) -> Locator:
    return part(page, "What if").get_by_label(label, exact=True).first


def total(page: Page) -> Locator:
    """The first tile of the what-if: dollars a month."""
    return part(page, "What if").get_by_test_id("stMetricValue").first


def fill(page: Page, label: str, value: int) -> None:
    """Type a number, and wait until the page was drawn with it."""
    settled(page)
    number(page, label).fill(str(value))
    number(page, label).press("Enter")
    settled(page)


def test_what_if_and_its_link(page: Page, browser: Browser, server: Server) -> None:
    heard = listen(page, server)
    page.goto(f"{server.url}/costs?cost_part=What+if")
    expect(total(page)).to_be_visible()
    settled(page)
    before = total(page).inner_text()
    fill(page, "Conversations a month", 250_000)
    until(page, lambda: address(page).get("a_n") == ["250000"], "the address has the scenario")
    expect(total(page)).not_to_have_text(before)
    once = total(page).inner_text()
    assert re.fullmatch(r"\$[\d,]+\.\d\d", once)
    fill(page, "Messages a conversation", 77)
    until(page, lambda: address(page).get("a_len") == ["77"], "the address has the second field")
    expect(total(page)).not_to_have_text(once)
    settled(page)
    said, link = total(page).inner_text(), page.evaluate("location.href")
    assert heard.foreign == []
    assert heard.complaints == []

    with profile(browser) as context:
        cold = context.new_page()
        cold.goto(link)
        expect(total(cold)).to_have_text(said)
        settled(cold)
        assert number(cold, "Conversations a month").input_value() == "250000"
        assert number(cold, "Messages a conversation").input_value() == "77"


def test_advice_has_its_rule_and_what_it_stands_on(page: Page, server: Server) -> None:
    heard = listen(page, server)
    page.goto(f"{server.url}/costs")
    expect(part(page, "Now").get_by_text("By table and index", exact=True)).to_be_visible()
    settled(page)
    page.get_by_role("tab", name="Advice", exact=True).click()
    shown = part(page, "Advice")
    # Nobody reads this index of the sample.
    card = shown.locator("[class*='st-key-cost_advice_card_']").filter(has_text="TenantUserIndex").first
    expect(card).to_be_visible()
    expect(card.get_by_text(re.compile("unused index")).first).to_be_visible()
    expect(card.get_by_text(re.compile(r"confidence, 0\.\d\d")).first).to_be_visible()
    settled(page)
    card.get_by_text("What to do, and what it stands on", exact=True).click()
    expect(card.get_by_text(re.compile("aws dynamodb update-table"))).to_be_visible()
    assert address(page)["cost_part"] == ["Advice"]
    assert heard.foreign == []
    assert heard.complaints == []


def test_nothing_sticks_out_of_the_page(page: Page, server: Server) -> None:
    """On a desk and on a telephone, by day and by night."""
    for width in (1440, 390):
        page.emulate_media(color_scheme="dark" if width < 500 else "light")
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{server.url}/costs")
        expect(page.get_by_role("tab", name="Now", exact=True)).to_be_visible()
        for name in PARTS:
            settled(page)
            page.get_by_role("tab", name=name, exact=True).click()
            expect(page.get_by_role("tab", name=name, exact=True)).to_have_attribute("aria-selected", "true")
            expect(part(page, name).get_by_test_id("stElementContainer").first).to_be_visible()
            settled(page)
            assert page.evaluate("document.scrollingElement.scrollWidth") <= width
            assert part(page, name).get_by_test_id("stException").count() == 0
