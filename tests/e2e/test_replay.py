"""Replay in a real browser, on the sample data: from the list, by a link on a cold process, with hostile text on the screen."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from data_access.local.sample import LANDMARKS
from tests.e2e.conftest import Server
from tests.e2e.watching import LIVE, address, listen, open_first_row, press, settled, turn, until

Serve = Callable[..., Server]


@pytest.fixture(scope="module")
def server(serve_all: Serve, filled: Path) -> Server:
    return serve_all(filled)


def link(server: Server, conversation: str, **more: str | int) -> str:
    return f"{server.url}/replay?{urlencode({'system': 'ai_agent', 'conversation': conversation, **more})}"


def test_a_conversation_is_found_replayed_and_harmless(page: Page, server: Server) -> None:
    heard = listen(page, server)
    page.goto(f"{server.url}/find?system=ai_agent")
    settled(page)
    page.get_by_label("User", exact=True).fill(LANDMARKS.hostile_user)
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile(r"^1 conversation "))).to_be_visible()
    open_first_row(page)

    expect(turn(page, 1)).to_be_visible()
    expect(page.get_by_text("1 of 1")).to_be_visible()
    assert address(page)["conversation"] == [LANDMARKS.hostile_ai_agent_session]
    assert LANDMARKS.hostile_user not in page.url

    settled(page)
    for fold in page.locator(".stExpander summary").all():
        fold.click()
    settled(page)
    transcript = page.locator(".st-key-transcript")
    for plain in (False, True):
        if plain:
            page.get_by_role("button", name="View").click()
            page.get_by_text("Plain text").click()
            as_written = transcript.get_by_test_id("stText").filter(has_text="![status](https://tracker.example/pixel.png)")
            expect(as_written.first).to_be_visible()
        expect(transcript).to_contain_text("https://tracker.example/pixel.png")
        settled(page)
        assert transcript.locator(LIVE).count() == 0
        assert page.locator("h1", has_text="Signed out").count() == 0
        assert not re.search("[\u200b\u202a-\u202e\u2066-\u2069\ufeff]", transcript.inner_text())
    assert heard.requests
    assert heard.foreign == []
    assert heard.complaints == []


def test_a_link_opens_on_its_message_on_a_cold_process(page: Page, serve: Serve, fill: Callable[[], Path]) -> None:
    server = serve(fill())
    heard = listen(page, server)
    page.goto(link(server, LANDMARKS.long_session, message=1957))
    linked = turn(page, 1957)
    expect(linked).to_contain_text("linked")
    settled(page)
    expect(linked).to_be_in_viewport()

    def at_the_top() -> bool:
        return 0 <= linked.evaluate("element => element.getBoundingClientRect().top") < 300

    until(page, at_the_top, "the turn is at the top")
    page.wait_for_timeout(1_500)  # what loads late above it must not carry it away
    assert at_the_top()
    assert page.locator("[class*='st-key-turn-']").count() == 100
    assert address(page)["page"] == ["20"]
    assert page.get_by_role("dialog").count() == 0
    own = linked.get_by_role("link", name="1957", exact=True).get_attribute("href")
    assert own is not None
    assert "message=1957" in own
    assert heard.foreign == []
    assert heard.complaints == []


def test_find_jumps_to_hits_on_other_pages(page: Page, server: Server) -> None:
    page.goto(link(server, LANDMARKS.long_session))
    expect(turn(page, 1)).to_be_visible()
    settled(page)
    words = page.get_by_placeholder("Find in this conversation")
    words.fill("invoice")
    words.press("Enter")
    expect(page.get_by_text(re.compile(r"\d+ in \d+ turns"))).to_be_visible()
    settled(page)
    choice = page.get_by_label("Turns with these words")
    positions: list[int] = []
    for _ in range(3):
        page.get_by_role("button", name="Next hit").click()
        expect(page.get_by_text(re.compile(rf"at {len(positions) + 1}$"))).to_be_visible()
        settled(page)
        found = re.search(r"Turn ([\d,]+)", choice.input_value() or choice.inner_text())
        assert found is not None
        positions.append(int(found.group(1).replace(",", "")))
        expect(turn(page, positions[-1])).to_be_in_viewport()
    assert positions == sorted(set(positions))
    # Two presses on one button before the server has seen the first are one to it: so each is waited for.
    for place in (2, 1):
        page.get_by_role("button", name="Previous hit").click()
        expect(page.get_by_text(re.compile(rf"at {place}$"))).to_be_visible()
        settled(page)
        expect(turn(page, positions[place - 1])).to_be_in_viewport()
    # Backwards from the first is the last, many pages on.
    page.get_by_role("button", name="Previous hit").click()
    page.wait_for_url(re.compile(r"page=\d\d"))
    expect(page.locator(".st-key-transcript [class*='stMarkdownColoredBackground']").first).to_be_visible()
    assert "invoice" not in page.url


def test_keys_step_through_the_list(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/?system=cg")
    open_first_row(page)
    counter = page.get_by_text(re.compile(r"^\d+ of 5\d\d$"))
    expect(counter).to_have_text(re.compile("^1 of"))
    opened = [address(page)["conversation"]]
    for key, place in (("j", 2), ("j", 3), ("k", 2)):
        press(page, key)
        expect(counter).to_have_text(re.compile(f"^{place} of"))
        opened.append(address(page)["conversation"])
    assert opened[1] == opened[3]
    assert len({tuple(one) for one in opened}) == 3
    # A letter that is typed into the search is a letter.
    words = page.get_by_placeholder("Find in this conversation")
    words.press_sequentially("jk")
    expect(words).to_have_value("jk")
    settled(page)
    expect(counter).to_have_text(re.compile("^2 of"))


def test_both_files_can_be_taken_away(page: Page, server: Server) -> None:
    page.goto(link(server, LANDMARKS.hostile_ai_agent_session))
    expect(turn(page, 32)).to_be_attached()
    settled(page)
    page.get_by_role("button", name="Download").click()
    for label, extension in (("Markdown, to read", "md"), ("JSON, every digit", "json")):
        with page.expect_download() as download:
            page.get_by_role("button", name=label).click()
        assert download.value.suggested_filename == f"ai_agent-{LANDMARKS.hostile_ai_agent_session}.{extension}"
        text = download.value.path().read_text(encoding="utf-8")
        assert "https://tracker.example/pixel.png" in text


def test_a_huge_result_is_opened_by_its_head(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/replay?system=cg&conversation={LANDMARKS.large_conversation}")
    huge = page.locator(".stExpander", has_text="export_metadata").first
    expect(huge).to_be_visible()
    settled(page)
    huge.locator("summary").click()
    expect(huge.get_by_text(re.compile("KB in all"))).to_be_visible()
    settled(page)
    with page.expect_download() as download:
        huge.get_by_role("button", name="Download all of it").click()
    assert download.value.path().stat().st_size > 256 * 1024
    settled(page)
    page.get_by_text("Stored items (1)").click()
    expect(page.get_by_text("cg-chatbot-conversations").last).to_be_visible()
    expect(page.get_by_text(re.compile("KB in all"))).to_have_count(2)


def test_nothing_sticks_out_of_the_page(page: Page, server: Server) -> None:
    """On a desk and on a telephone, by day and by night."""
    for width in (1440, 420):
        page.emulate_media(color_scheme="dark" if width < 500 else "light")
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(link(server, LANDMARKS.hostile_ai_agent_session))
        expect(turn(page, 32)).to_be_attached()
        settled(page)
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
        for position in range(1, 33):
            box = turn(page, position).bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= width + 1
