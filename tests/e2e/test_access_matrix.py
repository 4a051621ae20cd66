"""Who sees which page: every role and nobody, every page by its address, as the table of permissions says; and what a page is told to
do by somebody who may not."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from data_access.access.permissions import PERMISSIONS, Action, Role
from data_access.audit import Audit
from data_access.dynamo.aws import open_sources
from data_access.erasure.control import Control
from data_access.erasure.model import Reason, State
from data_access.handover.browser import COOKIE as BROWSER
from data_access.settings import load_settings
from pages.ui.erasure_words import REASONS
from pages.ui.registry import ABOUT, ERASURES, FIND, PAGES, REPLAY, PageSpec
from tests.e2e.conftest import Server, profile
from tests.e2e.raw import cookies_of, session
from tests.e2e.signing_in import REFUSED, Provider, aws, command, sees, serve_aws, sign_in, waiting_export, write_config
from tests.e2e.watching import address, settled

Serve = Callable[..., Server]
SUBJECT = "Matrix-Subject-4"
ADDRESS = "revealed.person@example.org"
REVEALED = f"{REPLAY.url_path}?system=cg&conversation=matrix-2"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("matrix")
    write_config(found / "dynascope.toml")
    return found


@pytest.fixture(scope="module")
def control(folder: Path, endpoint: str) -> Iterator[Control]:
    """The control table of the server, with its keys."""
    said = command(folder, endpoint, "tables", "create", "--control")
    assert "error" not in said, said
    with pytest.MonkeyPatch.context() as patch:
        for name, value in aws(folder, endpoint).items():
            patch.setenv(name, value)
        found = Control.open(load_settings(), endpoint)
    yield found
    found.close()


@pytest.fixture(scope="module")
def conversations(endpoint: str, filled: Path) -> None:
    """One of the person who is erased, and one of somebody else with an address in it."""
    turn = {"role": {"S": "user"}, "content": {"S": f"Write to {ADDRESS}"}, "timestamp": {"S": "2026-11-10T10:00:00Z"}}
    common: dict[str, Any] = {"created_at": {"S": "2026-11-10T10:00:00Z"}, "messages": {"L": [{"M": turn}]}}
    for source in open_sources(load_settings({"DYNASCOPE_STATE": str(filled)}, filled.parent), endpoint).values():
        if source.id == "cg":
            for name, user in (("matrix-2", "somebody"), ("matrix-2", "somebody")):
                item = common | {"conversation_id": {"S": name}, "user_id": {"S": user}}
                source.client.put_item(TableName="cg-chatbot-conversations", Item=item)
        source.client.close()


@pytest.fixture(scope="module")
def job(folder: Path, endpoint: str, control: Control, conversations: None) -> str:
    """An erasure that waits for a second person. The command line asked for it."""
    made = command(folder, endpoint, "erase", "plan", "--user", SUBJECT, "--system", "cg")
    plan_id = json.loads(made)["plan_id"]
    said = command(folder, endpoint, "erase", "run", plan_id, "--confirm", SUBJECT)
    assert control.job(plan_id).state is State.AWAITING, said
    return plan_id


@pytest.fixture(scope="module")
def server(serve_all: Serve, folder: Path, endpoint: str, idp: Provider, control: Control) -> Server:
    return serve_aws(serve_all, folder, endpoint, idp)


def shown(spec: PageSpec, role: Role) -> bool:
    return spec.action is None or role in PERMISSIONS[spec.action]


def looked_at(page: Page, server: Server, spec: PageSpec) -> bool:
    """Whether the page opens by its address, with what somebody might put into it."""
    page.goto(f"{server.url}/{spec.url_path}?system=cg&role=admin&groups=admin-team&user=admin")
    what = sees(page)
    if spec is FIND:  # who may not see it gets their own first page
        return what == "page" and page.get_by_role("heading", name=FIND.title, exact=True).count() == 1
    assert urlsplit(page.evaluate("location.href")).path == f"/{spec.url_path}"
    return what == "page"


def test_nobody_sees_anything(server: Server, page: Page) -> None:
    """The first request of this process is for a page that only some may see."""
    for spec in (ERASURES, *(one for one in PAGES if one is not ERASURES)):
        page.goto(f"{server.url}/{spec.url_path}?plan=1&system=cg")
        assert sees(page) == "sign-in", spec.url_path
        assert not page.get_by_text("Page not found").count()
        assert not page.get_by_test_id("stSidebarNavLink").count()
    with session(server, {}) as sent:
        for spec in PAGES:
            answer = sent.run(spec.url_path, "system=cg")
            assert [one.body for one in answer.of("heading")] == ["Dynascope"], spec.url_path
            assert [one.label for one in answer.of("button")] == ["Sign in"], spec.url_path
            assert not answer.of("arrow_data_frame"), spec.url_path


@pytest.mark.parametrize("role", Role)
def test_a_role_sees_what_the_table_says(server: Server, page: Page, role: Role) -> None:
    page.goto(f"{server.url}/{ABOUT.url_path}")
    sign_in(page, role.value)
    visible = {spec.title for spec in PAGES if shown(spec, role) and spec.visibility == "visible"}
    links = [link.inner_text().splitlines()[-1] for link in page.get_by_test_id("stSidebarNavLink").all()]  # the icon's name is before it
    assert sorted(links) == sorted(visible)
    assert {spec: looked_at(page, server, spec) for spec in PAGES} == {spec: shown(spec, role) for spec in PAGES}
    held = cookies_of(page.context)
    with session(server, held) as sent:
        refused = {spec: REFUSED in sent.run(spec.url_path, "system=cg").words for spec in PAGES if spec is not FIND}
    assert refused == {spec: not shown(spec, role) for spec in PAGES if spec is not FIND}, "asked by hand, over the websocket"
    link = waiting_export(server, held[BROWSER])
    assert page.request.get(link).status == (200 if role in PERMISSIONS[Action.EXPORT] else 404)


def test_a_click_by_hand_on_what_a_role_may_not_do(server: Server, job: str, control: Control, page: Page) -> None:
    """What has the button in it is closed to whoever only approves. A message by hand opens nothing, and clicks all the same."""
    page.goto(f"{server.url}/{ERASURES.url_path}?plan={job}")
    sign_in(page, "approver")
    before = control.job(job)
    with session(server, cookies_of(page.context)) as sent:
        answer = sent.run(ERASURES.url_path, f"plan={job}")
        reason, button = answer.widget("erasure_reason"), answer.widget("erasure_extend_now")
        chosen = {reason: {"string_value": REASONS[Reason.NUMBER]}}
        sent.run(ERASURES.url_path, f"plan={job}", chosen=chosen)
        answer = sent.run(ERASURES.url_path, f"plan={job}", chosen=chosen, clicked=button)
        assert "your role does not allow it" in answer.words
    assert control.job(job).extension is None
    assert control.job(job).state is before.state
    denied = [entry for entry in Audit(control).entries() if entry.event == "denied"]
    assert denied
    with session(server, {}) as sent:
        answer = sent.run(ERASURES.url_path, f"plan={job}", chosen=chosen, clicked=button)
        assert [one.body for one in answer.of("heading")] == ["Dynascope"]


def test_a_step_that_erases_wants_a_new_sign_in(server: Server, idp: Provider, job: str, control: Control, page: Page) -> None:
    """The provider is told to ask again, the page comes back as its address said, and the step is done then and not before."""
    idp.user("late", groups=["admin-team"], auth_time=int(time.time()) - 1_200)
    page.goto(f"{server.url}/{ERASURES.url_path}?plan={job}")
    sign_in(page, "late")
    expect(page.get_by_text("To erase, sign in again first")).to_be_visible()
    page.get_by_role("button", name="Approve this plan").click()
    expect(page.get_by_text("This was not done: sign in again first")).to_be_visible()
    assert control.job(job).state is State.AWAITING
    settled(page)
    page.get_by_role("button", name="Sign in again").first.click()
    page.wait_for_url("http://localhost:*/**")
    asked = parse_qs(urlsplit(page.url).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])
    idp.user("late", groups=["admin-team"])
    page.locator("input[name=sub]").fill("late")
    page.get_by_role("button", name="Authorize", exact=True).click()
    page.wait_for_url(f"{server.url}/**")
    expect(page.get_by_role("button", name="Approve this plan")).to_be_visible()
    assert address(page)["plan"] == [job]
    assert not page.get_by_text("To erase, sign in again first").count()
    settled(page)
    page.get_by_role("button", name="Approve this plan").click()
    expect(page.get_by_role("button", name="Approve this plan")).to_have_count(0)
    assert control.job(job).approved_by is not None


def test_two_roles_at_once_share_nothing(server: Server, browser: Browser) -> None:
    """In turns, in one process: what one sees is never in the other's answer."""
    found: dict[str, dict[str, str]] = {}
    for subject in ("support", "analyst"):
        with profile(browser) as context:
            page = context.new_page()
            page.goto(f"{server.url}/{ABOUT.url_path}")
            sign_in(page, subject)
            found[subject] = cookies_of(context)
    with session(server, found["support"]) as support, session(server, found["analyst"]) as analyst:
        for _ in range(3):
            assert "support.person" in support.run(ERASURES.url_path).words
            answer = analyst.run(ERASURES.url_path)
            assert "support.person" not in answer.words
            assert "Your role does not open this page" in answer.words


def test_one_reveals_for_a_reason_and_nobody_else_sees_it(
    server: Server, control: Control, conversations: None, page: Page, browser: Browser
) -> None:
    page.goto(f"{server.url}/{REVEALED}")
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
        with profile(browser) as context:
            other = context.new_page()
            other.goto(f"{server.url}/{REVEALED}")
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
    assert not any(word in str(row.fields) for word in (ADDRESS, "matrix-2", "somebody"))
