"""Hostile text on every page, with the server's headers and without: nobody else is asked for anything, and nothing runs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Dialog, Page, expect

from data_access import local
from data_access.dynamo.aws import open_sources
from data_access.local import engine
from data_access.local.binary import choose
from data_access.settings import load_settings
from data_access.systems.create import create_tables
from tests.data_access.layouts import put
from tests.e2e import hostile
from tests.e2e.conftest import REPOSITORY, RUN, Server
from tests.e2e.hostile import WORD, Attacker
from tests.e2e.watching import Heard, listen, settled

Serve = Callable[..., Server]
WITHOUT_HEADERS = ("streamlit", "run", "app.py", "--server.port")
HIDDEN = re.compile("[\u200b\u202a-\u202e\u2066-\u2069\ufeff\x1b]")
# What would be live if it were not text. The link to a turn is the page's own, with the conversation's id in it, encoded.
LIVE = "img[src^='http'], a[href*='attacker']:not([href^='?']), iframe, video, audio, embed, object, form[action], .katex, svg image"
# All at once: each that is opened by the server draws the page anew.
UNFOLD = """() => {
    const folded = [...document.querySelectorAll(".stExpander details:not([open]) > summary")];
    folded.forEach(one => one.click());
    return folded.length;
}"""
LONG_MS = 240_000


@dataclass(frozen=True, slots=True)
class Laid:
    """Tables with nothing but attacks in them, a snapshot of them, and one person who was erased."""

    state: Path
    attacker: Attacker
    plan: str


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory, missing: Callable[[str], NoReturn]) -> Iterator[Laid]:
    if choose().path is None:
        missing("ENGINE TESTS SKIPPED: no dynoxide binary (npm install brings it)")
    state = tmp_path_factory.mktemp("hostile") / "state"
    settings = load_settings({"DYNASCOPE_STATE": str(state)}, state.parent)
    with hostile.listening() as attacker:
        # Servers end the engine with themselves: what is in it is on the disk.
        with engine.attach(local.folder(settings)) as attachment:
            for source in open_sources(settings, attachment.engine.endpoint).values():
                create_tables(source)
                put(source.client, [row for row in hostile.rows(attacker) if row[0] in source.place.tables.values()])
                source.client.close()
        erased = hostile.ids(attacker).erased
        plan = command(state, "erase", "plan", "--user", erased, "--system", "cg")[-1]["plan_id"]
        command(state, "sync")
        command(state, "erase", "run", plan, "--confirm", erased)
        yield Laid(state, attacker, plan)


def command(state: Path, *arguments: str) -> list[Any]:
    done = subprocess.run(
        [sys.executable, "-m", "data_access", *arguments],
        cwd=REPOSITORY,
        env=os.environ | {"DYNASCOPE_STATE": str(state)},
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


class Visit:
    """One browser that looks at pages and waits for something to happen."""

    def __init__(self, page: Page, server: Server, attacker: Attacker) -> None:
        self.page, self.server, self.attacker = page, server, attacker
        self.heard: Heard = listen(page, server)
        self.dialogs: list[str] = []
        page.on("dialog", self._opened)

    def _opened(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def go(self, path: str, **parameters: str) -> None:
        self.page.goto(f"{self.server.url}/{path}{'?' if parameters else ''}{urlencode(parameters)}")
        expect(self.page.locator("[data-testid=stMain] [data-testid=stElementContainer]").first).to_be_attached(timeout=LONG_MS)
        self.still()

    def still(self) -> None:
        """All is drawn; and nothing happened."""
        settled(self.page)
        where = self.page.url.split("?")[0]
        assert self.page.locator(LIVE).count() == 0, where
        assert self.page.evaluate("window.__ran") is None, where
        shown = self.page.locator("body").inner_text()
        assert not HIDDEN.search(shown), (where, HIDDEN.search(shown))
        assert "Signed out" not in shown
        assert self.page.locator("[data-testid=stException]").count() == 0, where
        assert self.attacker.hits == [], where
        assert self.heard.foreign == [], where
        assert self.dialogs == [], where
        assert self.heard.complaints == [], where  # a refusal by the policy would be one: nothing was even tried

    def tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name, exact=True).click()
        expect(self.page.get_by_role("tab", name=name, exact=True)).to_have_attribute("aria-selected", "true")
        self.still()

    def unfold(self) -> None:
        """Open what is folded, until nothing is."""
        for _ in range(4):
            if not self.page.evaluate(UNFOLD):
                break
            settled(self.page)
        self.still()


@pytest.fixture(scope="module", params=[RUN, WITHOUT_HEADERS], ids=["asgi.py", "app.py"])
def server(request: pytest.FixtureRequest, serve_all: Serve, laid: Laid) -> Server:
    return serve_all(laid.state, run=request.param)


@pytest.fixture
def visit(page: Page, server: Server, laid: Laid) -> Visit:
    laid.attacker.hits.clear()
    return Visit(page, server, laid.attacker)


def test_the_listener_hears_a_browser(page: Page, laid: Laid) -> None:
    """Were anything fetched or run, the other test would know."""
    laid.attacker.hits.clear()
    page.set_content(f"<img src='http://{laid.attacker.host}/control'><img src=x onerror='{hostile.RAN}'>")
    page.wait_for_function("window.__ran === 1")
    page.wait_for_load_state("networkidle")
    assert laid.attacker.hits == ["/control"]


def test_hostile_text_is_text_on_every_page(visit: Visit, laid: Laid) -> None:
    page, attacker, named = visit.page, laid.attacker, hostile.ids(laid.attacker)

    # The list, a row in short, and filters that are made of what is stored.
    visit.go("", system="cg", range="all")
    table = page.get_by_test_id("stDataFrame").first
    expect(table.locator("canvas [role=gridcell]").filter(has_text="Open").first).to_be_attached()
    table.click(position={"x": 84, "y": 53})
    expect(page.get_by_role("dialog").get_by_text(attacker.host).first).to_be_visible()
    visit.still()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Narrow").click()
    page.get_by_label("Used any of these tools").click()
    expect(page.get_by_role("option").filter(has_text=attacker.host).first).to_be_visible()
    visit.still()

    # The replay: every kind of payload as a message and in a tool call, as Markdown and as text.
    opened = ({"system": "cg", "conversation": named.cg}, {"system": "ai_agent", "conversation": named.ai_agent, "tenant": named.tenant})
    for link in (*opened, {"system": "remo", "conversation": "remo-1"}):
        visit.go("replay", **link)
        turns = page.locator(".st-key-transcript")
        expect(turns).to_contain_text(WORD)
        visit.unfold()
        for kind in attacker.payloads("x"):
            expect(turns.get_by_text(f"{WORD} {kind}").first).to_be_attached()
        expect(turns).to_contain_text(f"{attacker.host}/")
    page.get_by_role("button", name="View").click()
    page.get_by_text("Plain text").click()
    expect(turns.get_by_test_id("stText").filter(has_text="![x](http://attacker").first).to_be_visible()
    visit.still()

    # Hits of the search, with marks in them.
    visit.go("search")
    box = page.get_by_placeholder(re.compile("refund"))
    box.fill(WORD)
    box.press("Enter")
    expect(page.get_by_text(re.compile("conversations? with these words"))).to_be_visible()
    visit.still()
    for words in ("attacker", "<img src=x", '"![x]"', f"-{attacker.host}"):
        box.fill(words)
        box.press("Enter")
        settled(page)
        visit.still()

    # One person, by an id that is an attack itself.
    visit.go("user")
    page.get_by_label("User id", exact=True).fill(named.user)
    page.get_by_role("button", name="Look up", exact=True).click()
    expect(page.get_by_role("tab", name="Erase", exact=True)).to_be_visible(timeout=LONG_MS)
    visit.unfold()
    for name in page.get_by_role("tab").all_inner_texts():
        visit.tab(name)
        visit.unfold()
    page.get_by_role("button", name=re.compile("plan", re.IGNORECASE)).last.click()
    expect(page.get_by_text("Erase for good")).to_be_visible(timeout=LONG_MS)
    visit.unfold()

    # The list of erasures, the receipt, the audit.
    visit.go("erasures")
    visit.tab("Audit")
    visit.go("erasures", plan=laid.plan)
    expect(page.get_by_text("Receipt").first).to_be_visible()
    visit.unfold()

    # Numbers: charts and tables with names of tools and tenants.
    for path in ("usage", "costs", "capacity", "tables", "snapshot"):
        visit.go(path, range="all")
        for name in page.get_by_role("tab").all_inner_texts() if path == "usage" else ():
            visit.tab(name)


def test_hostile_addresses_are_repeated_as_text(visit: Visit, laid: Laid) -> None:
    attack = laid.attacker.short("address")
    every = dict.fromkeys(
        ("system", "conversation", "tenant", "plan", "table", "range", "zone", "tool", "failed_tool", "sort", "of"), attack
    )
    for path in ("", "replay", "search", "usage", "behind", "costs", "capacity", "erasures", "user", "tables", "snapshot", "about"):
        visit.go(path, **every)
    # With a system that is there, the rest of the address is looked at too.
    for path in ("", "replay", "search", "usage", "behind", "costs", "capacity"):
        visit.go(path, **{**every, "system": "cg", "clock": "UTC", "of": "active", "called": attack})
    visit.go("replay", system="cg", conversation=attack)
    expect(visit.page.get_by_text("Nothing is stored under that id")).to_be_visible()
    visit.go("behind", clock="UTC", system="cg", of="active", called=attack, in_tenant=attack)
