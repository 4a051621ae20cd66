"""One person in a real browser: look up, hand over, plan, type wrong, type right, progress, receipt; and who else can see what."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from data_access.dynamo.aws import Source, open_sources
from data_access.erasure.receipt_check import verify_receipt
from data_access.erasure.signing import known_keys
from data_access.local import prepare
from data_access.settings import Settings, load_settings
from tests.e2e.conftest import Server, profile
from tests.e2e.watching import address, listen, settled, until

Serve = Callable[..., Server]
SUBJECT, LOOK_ALIKE = "Riley-Erase-7", "riley-erase-7"
TALKS = 12
# Finding everything of somebody reads whole tables, twice: a loaded machine takes its time.
LONG_MS = 240_000


@pytest.fixture(scope="module")
def server(serve_all: Serve, filled: Path) -> Server:
    return serve_all(filled)


@pytest.fixture(scope="module")
def settings(server: Server) -> Settings:
    return load_settings({"DYNASCOPE_STATE": str(server.state)}, server.state.parent)


@pytest.fixture(scope="module")
def sources(settings: Settings) -> Iterator[Mapping[str, Source]]:
    """The server's own tables, with two people in them who look alike."""
    attachment = prepare(settings)
    assert attachment is not None
    with attachment:
        found = open_sources(settings, attachment.engine.endpoint)
        for user in (SUBJECT, LOOK_ALIKE):
            put(found, user)
        yield found
        for source in found.values():
            source.client.close()


def put(sources: Mapping[str, Source], user: str) -> None:
    said: list[Any] = [{"M": {"role": {"S": "user"}, "content": {"S": "Where is my order?"}, "timestamp": {"S": "2026-11-10T10:00:00Z"}}}]
    for number in range(TALKS):
        moment = {"S": f"2026-11-{number + 1:02}T10:00:00Z"}
        sources["cg"].client.put_item(
            TableName="cg-chatbot-conversations",
            Item={
                "conversation_id": {"S": f"{user}-{number}"},
                "user_id": {"S": user},
                "created_at": moment,
                "updated_at": moment,
                "messages": {"L": said},
                "message_count": {"N": "1"},
            },
        )
        sources["ai4ai"].client.put_item(
            TableName="ai4ai-chat-sessions",
            Item={"user_id": {"S": user}, "session_id": {"S": f"s-{user}-{number}"}, "created_at": moment, "updated_at": moment},
        )


def stored(sources: Mapping[str, Source], user: str) -> int:
    """How many of the items of `put` are there."""
    found = 0
    for number in range(TALKS):
        talk = {"conversation_id": {"S": f"{user}-{number}"}, "user_id": {"S": user}}
        found += "Item" in sources["cg"].client.get_item(TableName="cg-chatbot-conversations", Key=talk, ConsistentRead=True)
        session = {"user_id": {"S": user}, "session_id": {"S": f"s-{user}-{number}"}}
        found += "Item" in sources["ai4ai"].client.get_item(TableName="ai4ai-chat-sessions", Key=session, ConsistentRead=True)
    return found


def look_up(page: Page, server: Server, user: str) -> None:
    page.goto(f"{server.url}/user")
    expect(page.get_by_role("button", name="Look up", exact=True)).to_be_visible(timeout=LONG_MS)
    settled(page)
    page.get_by_label("User id", exact=True).fill(user)
    page.get_by_role("button", name="Look up", exact=True).click()
    expect(page.get_by_role("tab", name="Erase", exact=True)).to_be_visible(timeout=LONG_MS)
    settled(page)


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()
    expect(page.get_by_role("tab", name=name, exact=True)).to_have_attribute("aria-selected", "true")
    settled(page)


def test_from_looking_up_to_the_receipt(
    page: Page, browser: Browser, server: Server, settings: Settings, sources: Mapping[str, Source], tmp_path: Path
) -> None:
    heard = listen(page, server)
    look_up(page, server, SUBJECT)

    # The file is for this browser alone, and once.
    tab(page, "Export")
    page.get_by_role("button", name="Prepare the export").click()
    link = page.get_by_role("link", name="Download the ZIP")
    expect(link).to_be_visible(timeout=LONG_MS)
    url = f"{server.url}{link.get_attribute('href')}"
    with profile(browser) as stranger:
        assert stranger.request.get(url).status == 404, "a browser without the cookie"
        other = stranger.new_page()
        other.goto(server.url)
        assert stranger.request.get(url).status == 404, "a browser with a cookie of its own"
    archive = page.context.request.get(url)
    assert (archive.status, archive.body()[:2]) == (200, b"PK")
    assert page.context.request.get(url).status == 404, "it was fetched already"

    # The plan, and the id that has to be typed.
    tab(page, "Erase")
    page.get_by_role("button", name="Make a plan").click()
    expect(page.get_by_text("Erase for good")).to_be_visible(timeout=LONG_MS)
    settled(page)
    assert SUBJECT not in page.locator("[data-testid=stMain]").inner_text(), "there is nothing to copy the id from"
    typed, erase = page.get_by_label("User id, exactly"), page.get_by_role("button", name=re.compile(r"^Erase \d+ items$"))
    expect(erase).to_be_disabled()
    for wrong, why in ((LOOK_ALIKE, "capital and small letters count"), (f"{SUBJECT} ", "a blank"), ("Riley", "not the id of the plan")):
        typed.fill(wrong)
        expect(page.get_by_text(why)).to_be_visible()
        expect(erase).to_be_disabled()
    assert stored(sources, SUBJECT) == 2 * TALKS
    typed.fill(SUBJECT)
    expect(erase).to_be_enabled()
    settled(page)
    expect(erase).to_have_text(re.compile(f"Erase {2 * TALKS} items"))
    erase.click()

    # The worker erases; this page and any other see how far it is.
    details = page.get_by_role("link", name="Receipt, plan and audit")
    expect(details).to_be_visible(timeout=LONG_MS)
    details.click()
    page.wait_for_url(re.compile("/erasures"))
    expect(page.get_by_text("an independent check found nothing left").first).to_be_visible()
    expect(page.get_by_text("signed with key").first).to_be_visible()
    settled(page)
    (plan_id,) = address(page)["plan"]
    assert stored(sources, SUBJECT) == 0
    assert stored(sources, LOOK_ALIKE) == 2 * TALKS, "somebody who looks alike"

    # The signed file, checked as anybody can, and one letter changed.
    with page.expect_download() as waiting:
        page.get_by_role("button", name="JSON, signed").click()
    file = tmp_path / "receipt.json"
    waiting.value.save_as(file)
    assert waiting.value.suggested_filename == f"erasure-{plan_id}.json"
    checked = verify_receipt(file.read_bytes(), known=known_keys(settings))
    assert checked.ok
    assert checked.known
    assert checked.receipt is not None
    assert checked.receipt.content.total("deleted") == 2 * TALKS
    assert SUBJECT.encode() not in file.read_bytes()
    with profile(browser) as second:
        elsewhere = second.new_page()
        elsewhere.goto(f"{server.url}/erasures?plan={plan_id}")
        expect(elsewhere.get_by_text("an independent check found nothing left").first).to_be_visible(timeout=LONG_MS)

    # The list, and the audit.
    page.get_by_role("button", name="All erasures").click()
    until(page, lambda: "plan" not in address(page), "the list is in the address")
    settled(page)
    tab(page, "Audit")
    expect(page.get_by_text("Unwitnessed").first).to_be_visible()
    assert heard.foreign == []
    assert heard.complaints == []
    assert not [url for url in heard.requests if SUBJECT in url], "an id is in no address"
    assert SUBJECT not in server.log.read_text(), "an id is in no log"


def test_nothing_sticks_out_of_the_page(page: Page, server: Server, sources: Mapping[str, Source]) -> None:
    """On a desk and on a telephone, by day and by night: a plan, the list, the audit, the check of a receipt."""
    assert sources
    look_up(page, server, LOOK_ALIKE)
    tab(page, "Erase")
    page.get_by_role("button", name="Make a plan").click()
    expect(page.get_by_text("Erase for good")).to_be_visible(timeout=LONG_MS)
    for width in (1440, 390):
        page.emulate_media(color_scheme="dark" if width < 500 else "light")
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{server.url}/erasures")
        for part in ("Erasures", "Audit", "Check a receipt"):
            expect(page.get_by_role("tab", name=part, exact=True)).to_be_visible()
            tab(page, part)
            assert page.evaluate("document.scrollingElement.scrollWidth") <= width, part
        tab(page, "Erasures")
        table = page.get_by_test_id("stDataFrame").first
        expect(table.locator("canvas [role=gridcell]").first).to_be_attached()
        settled(page)
        table.click(position={"x": 60, "y": 53})
        expect(page.get_by_role("heading", name="The plan")).to_be_visible()
        settled(page)
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
        assert LOOK_ALIKE not in page.evaluate("location.href")
