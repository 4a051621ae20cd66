"""Revealing in a real browser: masked for everybody, shown to one person for a reason, and for nobody else at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from data_access.audit import Audit
from data_access.dynamo.aws import open_sources
from data_access.erasure.control import Control
from data_access.settings import load_settings
from tests.e2e.conftest import PATIENCE_MS, Server
from tests.e2e.signing_in import Provider, aws, command, serve_aws, sign_in, write_config
from tests.e2e.watching import settled

ADDRESS = "revealed.person@example.org"
WHERE = "replay?system=cg&conversation=revealed-1"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("reveal")
    write_config(found / "dynascope.toml")
    return found


@pytest.fixture(scope="module")
def control(folder: Path, endpoint: str, filled: Path) -> Iterator[Control]:
    """The control table of the server, where the audit is; and a conversation with an address in it."""
    said = command(folder, endpoint, "tables", "create", "--control")
    assert "error" not in said, said
    turns = [{"M": {"role": {"S": "user"}, "content": {"S": f"Write to {ADDRESS}"}, "timestamp": {"S": "2026-11-10T10:00:00Z"}}}]
    item = {"conversation_id": {"S": "revealed-1"}, "user_id": {"S": "somebody"}, "created_at": {"S": "2026-11-10T10:00:00Z"}}
    for source in open_sources(load_settings({"DYNASCOPE_STATE": str(filled)}, filled.parent), endpoint).values():
        if source.id == "cg":
            source.client.put_item(TableName="cg-chatbot-conversations", Item={**item, "messages": {"L": turns}})  # pyright: ignore[reportArgumentType]
        source.client.close()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in aws(folder, endpoint).items():
            patch.setenv(name, value)
        found = Control.open(load_settings(), endpoint)
    yield found
    found.close()


@pytest.fixture(scope="module")
def server(serve_all: Callable[..., Server], folder: Path, endpoint: str, idp: Provider, control: Control) -> Server:
    return serve_aws(serve_all, folder, endpoint, idp)


def test_one_reveals_for_a_reason_and_nobody_else_sees_it(server: Server, control: Control, page: Page, browser: Browser) -> None:
    page.goto(f"{server.url}/{WHERE}")
    sign_in(page, "support")
    turns = page.locator(".st-key-transcript")
    expect(turns).to_contain_text("Write to")
    assert ADDRESS not in page.content()

    page.get_by_role("button", name="Reveal", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("The audit says who looked, when and why.")
    dialog.get_by_role("button", name="Reveal", exact=True).click()
    expect(dialog).to_contain_text("Choose a reason first.")
    assert ADDRESS not in page.content()
    dialog.get_by_role("combobox").click()
    page.get_by_role("option", name="A legal request").click()
    dialog.get_by_role("button", name="Reveal", exact=True).click()
    expect(turns).to_contain_text(ADDRESS)
    expect(page.get_by_text("Personal data is shown. Reason: a legal request")).to_be_visible()
    settled(page)

    # At the same time: somebody without the right, and the same person in another browser.
    for who in ("reviewer", "support"):
        with browser.new_context() as context:
            context.set_default_timeout(PATIENCE_MS)
            other = context.new_page()
            other.goto(f"{server.url}/{WHERE}")
            sign_in(other, who)
            expect(other.locator(".st-key-transcript")).to_contain_text("Write to")
            assert ADDRESS not in other.content()
            assert other.get_by_role("button", name="Reveal", exact=True).count() == (who == "support")

    page.get_by_role("button", name="Mask again").click()
    expect(page.get_by_text("Personal data is masked")).to_be_visible()
    settled(page)
    assert ADDRESS not in page.content()
    (row,) = [entry for entry in Audit(control).entries() if entry.event == "revealed"]
    assert row.fields["reason"] == "legal_request"
    assert not any(word in str(row.fields) for word in (ADDRESS, "revealed-1", "somebody"))
