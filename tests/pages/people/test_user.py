"""A user's page: nobody asked, everything, unknown, look-alikes, each failure, no role; the export; the erasure step by step."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from streamlit.testing.v1 import AppTest

from data_access.access.permissions import Role
from data_access.access.viewer import NOBODY, Viewer
from data_access.audit import Audit
from data_access.dynamo.aws import Source
from data_access.erasure.control import Control
from data_access.erasure.model import State
from data_access.erasure.worker import follow
from data_access.erasure.working import Workshop
from data_access.errors import EngineError, KeyFileError
from data_access.handover import Vault
from data_access.handover.browser import new_browser
from data_access.settings import SnapshotSettings
from data_access.snapshot.sync import sync
from pages.ui import access, load, load_people, person_form, person_ids, person_tasks
from pages.ui.person_form import Asked

Run = Callable[..., AppTest]
PAGE = "pages/people/user.py"
FILE = Path(__file__).resolve().parents[3] / PAGE
HOSTILE = "![x](https://evil.example/p.png) **b** :red[r] <b>"
ALIKE = ("Alice", "alice ", "\u0430lice", "alice\u200b")
SECONDS = 120.0


def words(app: AppTest) -> str:
    """All that is said, without the escapes of Markdown."""
    return "\n".join(str(element.value) for element in (*app.markdown, *app.caption, *app.text, *app.code)).replace("\\", "")


def markdown(app: AppTest) -> str:
    """Whatever is drawn as Markdown: there must be nothing stored in it that was not escaped."""
    return "\n".join(str(element.value) for element in (*app.markdown, *app.caption, *app.title, *app.subheader))


def tiles(app: AppTest) -> dict[str, str]:
    return {tile.label: str(tile.value) for tile in app.metric}


def cells(app: AppTest) -> str:
    return "\n".join(frame.value.to_string() for frame in app.dataframe)


def keys(app: AppTest) -> list[str | None]:
    return [button.key for button in app.button]


@pytest.fixture
def people(seeded: Mapping[str, Source]) -> Mapping[str, Source]:
    """alice has a conversation of CG, one of AI Agent whose item is gone, records of Remo; others have ids like hers."""
    remo = seeded["remo"].client
    for user in ("alice", *ALIKE, HOSTILE):
        remo.put_item(
            TableName="remo-user-data",
            Item={
                "user_id": {"S": user},
                "data_type": {"S": "reminder_data"},
                "data": {"M": {"reminders": {"L": [{"M": {"title": {"S": f"Call {user}"}, "completed": {"BOOL": False}}}]}}},
                "timestamp": {"S": "2026-11-12T09:00:00"},
                "ttl": {"N": "1900000000"},
            },
        )
    for number in range(2):
        seeded["ai_agent"].client.put_item(
            TableName="ai-agent-messages",
            Item={
                "id": {"S": f"message-{number}"},
                "sessionId": {"S": "session-gone"},
                "tenantId": {"S": "acme"},
                "userId": {"S": "alice"},
                "role": {"S": "user"},
                "content": {"S": "Is anybody there?"},
                "timestamp": {"S": f"2026-11-13T10:0{number}:00.000Z"},
            },
        )
    return seeded


@pytest.fixture
def look_up(run: Run) -> Run:
    """The page with somebody looked up by the form, a part of it open."""

    def opened(user_id: str, part: str | None = None) -> AppTest:
        app = run(zone="UTC").switch_page(PAGE).run()
        app.text_input(key="person_id").set_value(user_id)
        next(button for button in app.button if button.label == "Look up").click().run()
        return app if part is None else at(app, part)

    return opened


def at(app: AppTest, part: str) -> AppTest:
    app.session_state["person_part"] = part
    return app.run()


def wait(app: AppTest, key: str) -> AppTest:
    """Until a piece of work of the page has ended, then draw the page again."""
    task = person_tasks.find(app.session_state[key])
    deadline = time.monotonic() + SECONDS
    while task is not None and task.running and time.monotonic() < deadline:
        time.sleep(0.01)
    assert task is not None
    assert not task.running
    return app.run()


def refuse(source: Source, operation: str, code: str) -> None:
    """Whatever a page asks of this client by this operation is refused."""

    class Raw:
        def __init__(self, body: bytes) -> None:
            self._body = body

        def stream(self, **_: Any) -> Iterator[bytes]:
            yield self._body

    def answer(request: Any, **_: Any) -> AWSResponse:
        body = f'{{"__type": "com.amazonaws.dynamodb.v20120810#{code}", "message": "no"}}'.encode()
        return AWSResponse(request.url, 400, {"x-amzn-requestid": "1"}, Raw(body))  # pyright: ignore[reportArgumentType]

    source.client.meta.events.register(f"before-send.dynamodb.{operation}", answer)  # pyright: ignore[reportArgumentType]


# Looking up


def test_nobody_is_looked_up_yet(people: Mapping[str, Source], run: Run) -> None:
    app = run().switch_page(PAGE).run()
    assert not app.exception
    assert "stays out of the address" in words(app)
    assert not app.metric
    assert not app.tabs


def test_everything_of_one_person(people: Mapping[str, Source], look_up: Run) -> None:
    app = look_up("alice")
    assert not app.exception
    assert tiles(app) == {"Items": "4", "Stored": tiles(app)["Stored"], "Conversations": "2", "Records": "1"}
    said = words(app)
    assert "From 2026-11-10 10:00 to 2026-11-13 10:01" in said
    assert "Tenants: acme" in said
    assert "1 conversation without an item of its own" in said
    assert "**Remo** 1 item, by key, which leads to everything" in said
    assert "**AI4AI** 0 items, by key :gray" in said, "a message whose session is gone has no key that leads to it"
    assert "read units" in said
    shown = cells(app)
    for table in ("cg-chatbot-conversations", "ai-agent-messages", "remo-user-data", "reminder_data"):
        assert table in shown
    assert "2030-03-17" in shown  # when the record expires
    assert "alice" not in str(app.query_params)


def test_her_records_can_be_read(people: Mapping[str, Source], look_up: Run) -> None:
    app = look_up("alice", "Records")
    assert not app.exception
    assert "**Reminders**" in words(app)
    assert "Call alice" in cells(app)
    assert "open" in cells(app)


def test_her_conversations_are_a_list_that_opens_them(people: Mapping[str, Source], look_up: Run) -> None:
    app = look_up("alice", "Conversations")
    assert not app.exception
    rows = app.session_state["opened"].rows
    assert [(row.system, row.conversation_id, row.user_id) for row in rows] == [
        ("ai_agent", "session-gone", "alice"),
        ("cg", "conversation-0", "alice"),
    ]
    assert "1 conversation without an item of its own" in words(app)
    app.session_state["person_opening"] = rows[1]
    app.run()
    assert not app.exception
    assert app.title[0].value == "Venues"
    assert "alice" not in str(app.query_params)


def test_nothing_under_that_id_and_who_looks_like_it(people: Mapping[str, Source], look_up: Run) -> None:
    sync(people["remo"], store())
    app = look_up("aIice")
    assert not app.exception
    assert "Nothing is stored under that id." in words(app)
    shown = cells(app)
    assert "alice\\x20" in shown
    assert "\\u0430lice" in shown
    assert "alice\\u200b" in shown
    assert "61 6c 69 63 65 e2 80 8b" in shown
    assert "Not looked for in" in words(app)
    assert not app.tabs


def test_who_looks_like_them_is_said_before_anything_is_done(people: Mapping[str, Source], look_up: Run) -> None:
    app = look_up("alice")
    assert "look like this one" not in words(app), "there is no snapshot yet"
    sync(people["remo"], store())
    for part in ("Stored", "Erase"):
        app = look_up("alice", part)
        assert not app.exception
        assert "4 other ids look like this one" in words(app), part
    app.button(key="person_compare").click().run()
    assert not app.exception
    assert any("Byte for byte" in frame.value.columns for frame in app.dataframe)
    assert "look like this one**" not in words(app), "they are listed here"


def test_without_a_snapshot_nobody_says_that_no_id_looks_alike(people: Mapping[str, Source], look_up: Run) -> None:
    app = look_up("alice", "Similar ids")
    assert not app.exception
    assert "that needs the snapshot" in words(app)
    assert "No other id looks like this one." not in words(app)


def test_a_message_of_no_conversation_is_told(people: Mapping[str, Source], look_up: Run) -> None:
    item = {"id": {"S": "loose"}, "tenantId": {"S": "acme"}, "userId": {"S": "alice"}, "role": {"S": "user"}, "content": {"S": "Hm?"}}
    people["ai_agent"].client.put_item(TableName="ai-agent-messages", Item=item)
    for part in ("Stored", "Conversations"):
        app = look_up("alice", part)
        assert not app.exception
        assert "1 message that names no conversation" in words(app), part


def store() -> Any:
    found = load_people.snapshot()
    assert found is not None
    return found


def test_somebody_who_looks_alike_is_looked_up_by_a_button(people: Mapping[str, Source], look_up: Run) -> None:
    sync(people["remo"], store())
    app = look_up("alice", "Similar ids")
    assert not app.exception
    frame = next(frame for frame in app.dataframe if "Byte for byte" in frame.value.columns)
    assert list(frame.value["User id"]) == ["Alice", "alice\\x20", "alice\\u200b", "\\u0430lice"]
    assert all(frame.value["open"] == "Look up")
    app.session_state["person_asked"] = Asked("alice\u200b", ("remo",))
    app.run()
    assert not app.exception
    assert tiles(app)["Items"] == "1"
    assert "Byte for byte: aliceu200b" in words(app)
    assert "alice" not in str(app.query_params)


def test_a_hostile_id_is_text(people: Mapping[str, Source], look_up: Run) -> None:
    for part in ("Stored", "Records", "Similar ids", "Erase"):
        app = look_up(HOSTILE, part)
        assert not app.exception, part
        assert tiles(app)["Items"] == "1"
        assert "evil.example" not in markdown(app), part


def test_ids_that_no_key_can_hold(people: Mapping[str, Source], look_up: Run) -> None:
    app = look_up("a" * 2_049)
    assert not app.exception
    assert "This question cannot be asked" in words(app)
    assert "Try again" not in [button.label for button in app.button], "it would be the same"
    app = look_up("")
    assert not app.exception
    assert not app.metric


def test_a_space_at_its_end_is_said(people: Mapping[str, Source], look_up: Run) -> None:
    app = look_up("alice ")
    assert "ends with a space" in words(app)
    assert tiles(app)["Items"] == "1"
    assert "alicex20 = " in words(app)


def test_some_systems_alone(people: Mapping[str, Source], run: Run) -> None:
    app = run(zone="UTC").switch_page(PAGE).run()
    app.text_input(key="person_id").set_value("alice")
    app.multiselect(key="person_systems").set_value(["remo"])
    next(button for button in app.button if button.label == "Look up").click().run()
    assert tiles(app)["Items"] == "1"


def test_no_snapshot_no_look_alikes(people: Mapping[str, Source], look_up: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    real = load.settings()
    load.settings.clear()
    monkeypatch.setattr(load, "load_settings", lambda: replace(real, snapshot=SnapshotSettings(on=False)))
    app = look_up("alice", "Similar ids")
    assert not app.exception
    assert "that needs the snapshot" in words(app)


def test_a_scan_above_the_budget_has_its_price(people: Mapping[str, Source], look_up: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    real = load.settings()
    load.settings.clear()
    monkeypatch.setattr(load, "load_settings", lambda: replace(real, scan_budget=0.1))
    app = look_up("alice")
    assert not app.exception
    assert "What no key leads to was not looked for" in words(app)
    button = app.button(key="person_scan")
    assert "read units" in button.label
    assert "by key alone" in words(app)
    button.click().run()
    assert not app.exception
    assert "person_scan" not in keys(app)
    assert tiles(app)["Items"] == "4"


@pytest.mark.parametrize(
    "code, sentence",
    [("AccessDeniedException", "not permit"), ("ResourceNotFoundException", "does not exist"), ("ThrottlingException", "remo-user-data")],
)
def test_one_system_fails_and_the_others_are_shown(people: Mapping[str, Source], look_up: Run, code: str, sentence: str) -> None:
    for operation in ("Query", "Scan"):
        refuse(load.sources()["remo"], operation, code)
    app = look_up("alice")
    assert not app.exception
    assert "what is below is not all" in words(app)
    assert "Remo, remo-user-data:" in words(app)
    assert sentence in words(app)
    assert tiles(app)["Items"] == "3"
    assert "person_again" in keys(app)


def test_nothing_could_be_read(people: Mapping[str, Source], look_up: Run) -> None:
    for source in load.sources().values():
        for operation in ("Query", "Scan", "DescribeTable"):
            refuse(source, operation, "AccessDeniedException")
    app = look_up("alice")
    assert not app.exception
    assert "Nothing was found under that id in what could be read" in words(app)


def test_no_system(sources: Mapping[str, Source], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    real = load.settings()
    load.settings.clear()
    monkeypatch.setattr(load, "load_settings", lambda: replace(real, places={}))
    app = run().switch_page(PAGE).run()
    assert not app.exception
    assert "No system is enabled." in words(app)


def test_engine_off(sources: Mapping[str, Source], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> object:
        raise EngineError("The local engine did not start.", "Start it.")

    monkeypatch.setattr(load, "prepare", fail)
    app = run().switch_page(PAGE).run()
    assert not app.exception
    assert "The local engine is not running" in words(app)


@pytest.mark.parametrize("viewer", [NOBODY, Viewer("second", frozenset({Role.APPROVER, Role.REVIEWER}), origin="signed_in")])
def test_no_role(people: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch, viewer: Viewer) -> None:
    monkeypatch.setattr(access, "viewer", lambda: viewer)
    app = AppTest.from_file(FILE, default_timeout=120).run()
    assert not app.exception
    assert "Your role does not open this page" in app.warning[0].value
    assert not app.text_input


def test_a_look_up_is_in_the_audit_or_it_is_said(people: Mapping[str, Source], look_up: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    app = look_up("alice")
    assert "not in the audit" not in words(app)
    assert [entry.event for entry in load_people.audit().entries()][-1:] == ["lookedup"]

    def fail(*_: object) -> Control:
        raise KeyFileError("The key file hash.key is not 32 bytes long.")

    monkeypatch.setattr(Control, "open", fail)
    load_people.forget_control()
    app = look_up("bob")
    assert not app.exception
    assert "This look-up is not in the audit" in words(app)


# Handing over


@pytest.fixture
def identity(monkeypatch: pytest.MonkeyPatch) -> str:
    """A browser that asgi.py knows."""
    found = new_browser()
    monkeypatch.setattr(access, "downloads_are_served", lambda: True)
    monkeypatch.setattr(access, "browser_identity", lambda: found)
    return found


def test_without_the_route_nothing_is_handed_over(people: Mapping[str, Source], look_up: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "downloads_are_served", lambda: False)
    monkeypatch.setattr(access, "browser_identity", new_browser)
    app = look_up("alice", "Export")
    assert not app.exception
    assert "cannot hand the file over" in words(app)
    assert "asgi.py" in words(app)
    assert "person_prepare" not in keys(app)


def test_without_a_cookie_nothing_is_handed_over(people: Mapping[str, Source], look_up: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "downloads_are_served", lambda: True)
    monkeypatch.setattr(access, "browser_identity", lambda: None)
    app = look_up("alice", "Export")
    assert not app.exception
    assert "has not taken the cookie" in words(app)
    assert "person_prepare" not in keys(app)


def test_an_export_waits_for_its_browser(people: Mapping[str, Source], look_up: Run, identity: str) -> None:
    app = look_up("alice", "Export")
    app.button(key="person_prepare").click().run()
    app = wait(app, "person_export")
    assert not app.exception
    said = words(app)
    assert "The export is ready" in said
    assert "4 items, 2 conversations" in said
    assert "fetched once" in said
    link = app.get("link_button")[0].proto.url
    token = link.removeprefix("/download/")
    vault = Vault(load.settings().state)
    assert vault.open(token, new_browser()) is None
    waiting = vault.open(token, identity)
    assert waiting is not None
    waiting.file.close()
    waiting.done()
    app.run()
    assert "The export is gone" in words(app)
    assert [entry.event for entry in load_people.audit().entries()][-1] == "exported"


def test_an_export_goes_on_and_can_be_stopped(
    people: Mapping[str, Source], look_up: Run, identity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    real = Vault.put

    def slow(self: Vault, *given: Any) -> Any:
        go.wait(SECONDS)
        return real(self, *given)

    monkeypatch.setattr(Vault, "put", slow)
    app = look_up("alice", "Export")
    app.button(key="person_prepare").click().run()
    assert "person_export_stop" in keys(app)
    app.button(key="person_export_stop").click().run()
    go.set()
    app = wait(app, "person_export")
    assert not app.exception
    assert "The export was stopped" in words(app)
    assert not list((load.settings().state / "exports").glob("*"))


def test_an_export_that_fails_says_why(people: Mapping[str, Source], look_up: Run, identity: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise OSError("no space left, and the name of a person")

    monkeypatch.setattr(Vault, "put", fail)
    app = look_up("alice", "Export")
    app.button(key="person_prepare").click().run()
    app = wait(app, "person_export")
    assert not app.exception
    assert "not foreseen (OSError)" in words(app)
    assert "name of a person" not in words(app)


# Erasing


def planned(app: AppTest) -> AppTest:
    app.button(key="person_make_plan").click().run()
    return wait_for_plan(app)


def wait_for_plan(app: AppTest) -> AppTest:
    app = wait(app, "person_planning")
    assert not app.exception
    assert "Erase for good" in words(app)
    return app


def work(app: AppTest) -> State:
    """Do the worker's part in this thread."""
    control = load_people.control()
    shop = Workshop(load.settings(), load.sources(), control, Audit(control), load_people.snapshot(), settle_seconds=0.0)
    return follow(shop, app.session_state["person_plan"], "worker:test").state


def test_a_plan_says_what_goes_and_what_stays(people: Mapping[str, Source], look_up: Run) -> None:
    sync(people["remo"], store())
    app = look_up("alice", "Erase")
    assert "from end to end" in words(app)
    app = planned(app)
    shown, said = cells(app), words(app)
    assert tiles(app)["Items to erase"] == "4"
    assert "remo-user-data" in shown
    assert "Byte for byte" in shown
    assert "Files that somebody exported or downloaded before." in said
    assert len(app.code[-1].value) == 64
    assert "due " in said
    # Nothing of the whole id stands beside the field that asks for it.
    assert "alice" not in markdown(app)
    assert all("alice" not in str(text.value).replace("al…ce", "") for text in app.text)
    assert "alice" not in str(app.query_params)


@pytest.mark.parametrize(
    "typed, sentence",
    [
        ("", "Type the id"),
        ("alice ", "blank"),
        ("Alice", "capital"),
        ("\uff41lice", "other characters"),
        ("bob", "not the id of the plan"),
    ],
)
def test_another_id_keeps_the_button_off(people: Mapping[str, Source], look_up: Run, typed: str, sentence: str) -> None:
    app = planned(look_up("alice", "Erase"))
    app.text_input(key="person_typed").set_value(typed).run()
    assert app.button(key="person_erase").disabled
    assert sentence in words(app)


def test_from_a_typed_id_to_nothing_left(people: Mapping[str, Source], look_up: Run) -> None:
    app = planned(look_up("alice", "Erase"))
    app.text_input(key="person_typed").set_value("alice").run()
    button = app.button(key="person_erase")
    assert button.label == "Erase 4 items"
    assert not button.disabled
    button.click().run()
    assert not app.exception
    assert "approved" in words(app)
    assert "No worker runs in this process" in words(app)
    assert work(app) is State.COMPLETED
    load.forget_everybody()
    app.run()
    assert not app.exception
    assert "found nothing left" in words(app)
    assert "person_asked" not in app.session_state
    assert "opened" not in app.session_state
    app.button(key="person_next").click().run()
    assert not app.exception
    app = look_up("alice")
    assert "Nothing is stored under that id." in words(app)
    for other in ("bob", *ALIKE):
        assert tiles(look_up(other))["Items"] == "1", other


def test_a_worker_elsewhere_ended_it(people: Mapping[str, Source], look_up: Run) -> None:
    """Nobody told this process: the page sees it in the control table, and forgets whom it was about."""
    app = planned(look_up("alice", "Erase"))
    app.text_input(key="person_typed").set_value("alice").run()
    app.button(key="person_erase").click().run()
    assert work(app) is State.COMPLETED
    app.run()
    assert not app.exception
    assert "found nothing left" in words(app)
    assert "person_asked" not in app.session_state
    assert not app.tabs


def test_two_clicks_and_two_tabs_are_one_job(people: Mapping[str, Source], look_up: Run) -> None:
    app = planned(look_up("alice", "Erase"))
    plan_id = app.session_state["person_plan"]
    app.text_input(key="person_typed").set_value("alice").run()
    app.button(key="person_erase").click().run()
    second = look_up("alice", "Erase")
    assert not second.exception
    assert second.session_state["person_plan"] == plan_id
    assert "person_cancel" in keys(second)
    assert [job.plan_id for job in load_people.control().open_jobs()] == [plan_id]
    second.button(key="person_cancel").click().run()
    assert not second.exception
    assert load_people.control().job(plan_id).state is State.CANCELLED


def test_a_plan_can_be_discarded(people: Mapping[str, Source], look_up: Run) -> None:
    app = planned(look_up("alice", "Erase"))
    plan_id = app.session_state["person_plan"]
    app.button(key="person_discard").click().run()
    assert not app.exception
    assert "person_make_plan" in keys(app)
    assert load_people.control().job(plan_id).state is State.CANCELLED


def test_one_kind_and_one_conversation(people: Mapping[str, Source], look_up: Run) -> None:
    app = look_up("alice", "Erase")
    app.button_group(key="person_what").select("One kind of record").run()
    assert app.button(key="person_make_plan").disabled
    app.selectbox(key="person_scope_kind").set_value("reminder_data").run()
    app = planned(app)
    assert tiles(app)["Items to erase"] == "1"
    assert "Records of the kind reminder_data in Remo" in words(app)
    app.button(key="person_discard").click().run()
    app.button_group(key="person_what").select("One conversation").run()
    assert "Choose a conversation." in words(app)
    box = next(box for box in app.selectbox if box.label == "Conversation")
    box.set_value(box.options[1] if isinstance(box.options[1], int) else 1).run()
    app = planned(app)
    assert "One conversation in CG" in words(app)
    assert tiles(app)["Items to erase"] == "1"


def test_what_cannot_be_told_apart_is_blocked(people: Mapping[str, Source], look_up: Run) -> None:
    """A conversation id of hers is somebody else's too, and its messages name nobody."""
    for user in ("alice", "bob"):
        item = {"user_id": {"S": user}, "session_id": {"S": "shared"}, "created_at": {"S": "2026-11-12T09:00:00"}}
        people["ai4ai"].client.put_item(TableName="ai4ai-chat-sessions", Item=item)  # pyright: ignore[reportArgumentType]
    app = planned(look_up("alice", "Erase"))
    assert "This cannot be erased as it is" in words(app)
    assert "It is blocked" in words(app)
    assert "person_erase" not in keys(app)


def test_nothing_in_the_scope(people: Mapping[str, Source], look_up: Run) -> None:
    app = look_up("alice", "Erase")
    app.multiselect(key="person_scope_systems_False").set_value(["ai4ai"]).run()
    app = planned(app)
    assert tiles(app)["Items to erase"] == "0"
    assert "There is nothing to erase in this scope" in words(app)
    app.text_input(key="person_typed").set_value("alice").run()
    app.button(key="person_erase").click().run()
    assert not app.exception
    assert work(app) is State.NO_DATA
    app.run()
    assert not app.exception
    assert "no data found" in words(app)


def test_a_second_person_has_to_approve(people: Mapping[str, Source], look_up: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    real = load.settings()
    load.settings.clear()
    monkeypatch.setattr(load, "load_settings", lambda: replace(real, erasure=replace(real.erasure, approval=True)))
    app = planned(look_up("alice", "Erase"))
    app.text_input(key="person_typed").set_value("alice").run()
    assert app.button(key="person_erase").label == "Ask for approval"
    app.button(key="person_erase").click().run()
    assert not app.exception
    assert "awaiting approval" in words(app)
    assert load_people.control().job(app.session_state["person_plan"]).state is State.AWAITING


def test_erasing_is_off_until_somebody_turns_it_on(people: Mapping[str, Source], look_up: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    real = load.settings()
    load.settings.clear()
    monkeypatch.setattr(load, "load_settings", lambda: replace(real, erasure=replace(real.erasure, enabled=False)))
    app = look_up("alice", "Erase")
    assert not app.exception
    assert "Nothing can be erased from this page" in words(app)
    assert "[erasure]" in words(app)
    assert app.button(key="person_make_plan").disabled


def test_the_control_table_does_not_answer(people: Mapping[str, Source], look_up: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Control:
        raise KeyFileError("The key file hash.key is not 32 bytes long.", "Put it back.")

    monkeypatch.setattr(Control, "open", fail)
    app = look_up("alice", "Erase")
    assert not app.exception
    assert "A key of this installation is not in order" in words(app)
    assert "person_make_plan" not in keys(app)


def test_a_plan_that_cannot_be_made(people: Mapping[str, Source], look_up: Run) -> None:
    app = look_up("alice", "Erase")
    for operation in ("Query", "Scan"):
        refuse(load.sources()["remo"], operation, "AccessDeniedException")
    app.button(key="person_make_plan").click().run()
    app = wait(app, "person_planning")
    assert not app.exception
    assert "AWS did not permit this read" in words(app)
    assert "person_make_plan" in keys(app)


# Its parts


@pytest.mark.parametrize(
    "user_id, shown",
    [("a", "a… (1 character)"), ("alice", "a… (5 characters)"), ("did:privy:anna", "di…na (14 characters)")],
)
def test_a_masked_id_cannot_be_copied(user_id: str, shown: str) -> None:
    assert person_ids.masked(user_id) == shown


def test_work_that_was_not_foreseen_says_no_value() -> None:
    def fail(_: person_tasks.Task) -> None:
        raise ValueError("alice")

    task = person_tasks.find(person_tasks.start(fail))
    assert task is not None
    deadline = time.monotonic() + SECONDS
    while task.running and time.monotonic() < deadline:
        time.sleep(0.01)
    assert task.error is not None
    assert "alice" not in str(task.error)
    assert person_tasks.find("somebody else's") is None
    assert person_tasks.find(None) is None


def test_leaving_forgets_what_was_about_the_one() -> None:
    assert {"person_plan", "person_export", "person_typed"} <= set(person_form._ABOUT)  # pyright: ignore[reportPrivateUsage]
