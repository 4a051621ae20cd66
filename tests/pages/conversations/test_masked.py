"""What each role sees of personal data: in lists, replay, search, usage and files; and how one conversation is revealed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

from data_access import export
from data_access.access.permissions import Role
from data_access.access.viewer import Viewer
from data_access.actions.revealing import Reason
from data_access.conversations import Replay
from data_access.dynamo.aws import Source
from data_access.errors import AuditError
from data_access.masking.masker import CARD, EMAIL, PHONE
from data_access.masking.settings import MaskingSettings
from data_access.models import Conversation
from data_access.snapshot.sync import sync
from pages.ui import access, load, load_people, load_snapshot, shown, tables, usage_files, view_menu
from tests.pages.conftest import APP
from tests.pages.signed_in import AUTH, claims, of, to_aws

FIND, REPLAY = "pages/conversations/find.py", "pages/conversations/replay.py"
SEARCH, USAGE = "pages/conversations/search.py", "pages/insights/usage.py"
ANNA, BOB, NUMBER, CARD_NUMBER = "anna@example.org", "bob@example.org", "+12125550123", "4111111111111111"
SECRETS = (ANNA, BOB, NUMBER, CARD_NUMBER)
LINK = {"system": "cg", "conversation": "private"}


@pytest.fixture
def private(empty: Mapping[str, Source]) -> Mapping[str, Source]:
    """Two conversations of people whose ids are their addresses."""
    for user, name in ((ANNA, "private"), (BOB, "other")):
        said: list[Any] = [
            {
                "M": {
                    "role": {"S": role},
                    "content": {"S": text},
                    "timestamp": {"S": f"2026-11-10T10:0{minute}:00Z"},
                    "tool_calls": {"L": [{"M": {"tool": {"S": "pay"}, "args": {"M": {"card": {"S": CARD_NUMBER}}}}}] if minute else []},
                }
            }
            for minute, (role, text) in enumerate((("user", f"Refund to {user}, call {NUMBER}"), ("assistant", f"Paid with {CARD_NUMBER}")))
        ]
        empty["cg"].client.put_item(
            TableName="cg-chatbot-conversations",
            Item={
                "conversation_id": {"S": name},
                "user_id": {"S": user},
                "title": {"S": f"Refund for {user}"},
                "messages": {"L": said},
                "created_at": {"S": "2026-11-10T10:00:00Z"},
                "updated_at": {"S": "2026-11-10T10:01:00Z"},
                "note": {"S": f"wrote from {user}"},
            },
        )
    return empty


@pytest.fixture
def aws(private: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch, moto_endpoint: str) -> Mapping[str, Source]:
    """The same, in aws mode on the same moto."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_endpoint)
    load_people.control()  # its table is there
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    to_aws(monkeypatch)
    load.reopen()
    return private


def opened(user: Mapping[str, Any], page: str, **parameters: str) -> AppTest:
    app = AppTest.from_file(APP, default_timeout=120)
    app.user, app.secrets = dict(user), AUTH
    for name, value in parameters.items():
        app.query_params[name] = value
    app.run()
    app = app.switch_page(page).run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    """Everything that went to the browser, labels and cells of tables too."""
    cells = [frame.value.to_csv() for frame in app.dataframe]
    sent = [str(getattr(node, "proto", "")) for block in (app.main, app.sidebar, app._tree) for node in block]  # pyright: ignore[reportPrivateUsage]
    return "\n".join([*sent, *cells]).replace("\\", "")


def leaks(app: AppTest) -> list[str]:
    seen = words(app)
    return [secret for secret in SECRETS if secret in seen]


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def asked(app: AppTest, reason: Reason | None) -> AppTest:
    """Reveal, with a reason."""
    app.button(key="reveal_ask").click().run()
    if reason is not None:
        app.selectbox(key="reveal_reason").set_value(reason)
    return app.button(key="reveal_confirm").click().run()


def revealed_events() -> list[dict[str, Any]]:
    return [dict(entry.fields) for entry in load_people.audit().entries() if entry.event == "revealed"]


def test_a_reviewer_always_sees_masks(aws: Mapping[str, Source]) -> None:
    app = opened(of(Role.REVIEWER), REPLAY, **LINK)
    assert not leaks(app)
    seen = words(app)
    assert f"call {PHONE}" in seen
    assert "Personal data is masked" in seen
    assert "Reveal" not in labels(app)
    app.session_state["replay_items"] = True
    app.run()
    assert not leaks(app)


def test_a_list_shows_no_address_and_opens_the_right_row(aws: Mapping[str, Source]) -> None:
    app = opened(of(Role.REVIEWER), FIND, system="cg")
    assert not leaks(app)
    frame = app.dataframe[0].value
    users = list(frame["user"])
    assert len(set(users)) == 2
    assert all(user.startswith(EMAIL) for user in users)
    assert all(EMAIL in first and PHONE in first for first in frame["first"])
    options = app.multiselect(key="find_not_users").options
    assert sorted(options) == sorted(users)
    left = app.multiselect(key="find_not_users").select(options[0]).run()
    assert not left.exception
    assert len(left.dataframe[0].value) == 1
    assert not leaks(left)


def test_the_same_id_is_the_same_word_in_one_session_and_another_in_the_next(aws: Mapping[str, Source]) -> None:
    one, two = opened(of(Role.REVIEWER), FIND, system="cg"), opened(of(Role.REVIEWER), FIND, system="cg")
    assert set(one.dataframe[0].value["user"]) == set(one.run().dataframe[0].value["user"])
    assert set(one.dataframe[0].value["user"]) != set(two.dataframe[0].value["user"])


def test_search_shows_no_address(aws: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch) -> None:
    sync(load.opened()["cg"], load_snapshot.store())
    for question in ("refund", ANNA, CARD_NUMBER):
        app = opened(of(Role.REVIEWER), SEARCH)
        app.text_input(key="search_text").set_value(question).run()
        assert not app.exception
        assert "conversation" in words(app)
        assert not [secret for secret in leaks(app) if secret != question], "what the viewer typed is in their own field"


def test_usage_has_no_address_on_the_page_nor_in_its_files(aws: Mapping[str, Source]) -> None:
    sync(load.opened()["cg"], load_snapshot.store())
    app = opened(of(Role.ANALYST), USAGE, range="all")
    app.session_state["usage_part"] = "Leaders"
    app.run()
    assert not app.exception
    assert not leaks(app)
    users = list(app.dataframe[0].value["User"])
    assert len(set(users)) == 2
    assert all(user.startswith(EMAIL) for user in users)


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.ADMIN])
def test_support_and_admin_see_masks_until_they_say_why(aws: Mapping[str, Source], role: Role) -> None:
    app = opened(of(role), REPLAY, **LINK)
    assert not leaks(app)
    app.button(key="reveal_ask").click().run()
    assert not leaks(app)
    assert not revealed_events()
    app = opened(of(role), REPLAY, **LINK)
    app = asked(app, Reason.SUPPORT)
    assert not app.exception
    seen = words(app)
    assert all(secret in seen for secret in (ANNA, NUMBER, CARD_NUMBER))
    assert "Personal data is shown" in seen
    keys = load_people.audit().keys
    actor = f"{role.value}.person|"
    (event,) = revealed_events()
    assert event["actor"].startswith(actor)
    assert (event["system"], event["reason"]) == ("cg", "support_request")
    assert event["conversation"] == keys.conversation("cg", "private", ANNA, None)
    # Another run asks for nothing again; another conversation and another session are masked.
    assert ANNA in words(app.run())
    assert len(revealed_events()) == 1
    app.query_params["conversation"] = "other"
    app.run()
    assert BOB not in words(app)
    assert not leaks(opened(of(role), REPLAY, **LINK))


def test_no_reason_no_reveal(aws: Mapping[str, Source]) -> None:
    app = asked(opened(of(Role.SUPPORT), REPLAY, **LINK), None)
    assert not leaks(app)
    assert "Choose a reason first" in words(app)
    assert not revealed_events()


def test_an_audit_that_is_down_reveals_nothing(aws: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object) -> None:
        raise AuditError("The audit cannot be written.", "Try again in a minute.")

    monkeypatch.setattr("data_access.audit.chain.Audit.write", down)
    app = asked(opened(of(Role.ADMIN), REPLAY, **LINK), Reason.SAFETY)
    assert not app.exception
    assert not leaks(app)
    assert "The audit cannot be written." in words(app)
    assert "It stays masked" in words(app)
    assert not leaks(app.run())


def test_it_can_be_masked_again(aws: Mapping[str, Source]) -> None:
    app = asked(opened(of(Role.SUPPORT), REPLAY, **LINK), Reason.LEGAL)
    assert ANNA in words(app)
    app.button(key="reveal_end").click().run()
    assert not leaks(app)
    assert ANNA not in repr(app.session_state["replay_kept"][1]), "parsed anew"


def test_another_sign_in_in_the_same_session_sees_masks(aws: Mapping[str, Source]) -> None:
    """And so does the same person with a role less, or signed in anew."""
    app = asked(opened(of(Role.SUPPORT), REPLAY, **LINK), Reason.SUPPORT)
    assert ANNA in words(app)
    for user in (claims("support.person", "reviewer-team"), claims("somebody.else", "support-team"), of(Role.SUPPORT) | {"nonce": "later"}):
        app.user = user
        assert not leaks(app.run())
        assert "revealed" not in app.session_state or not app.session_state["revealed"]
    app.user = of(Role.SUPPORT)
    assert not leaks(app.run()), "what was forgotten is not back"


def test_this_machine_sees_its_own_data(private: Mapping[str, Source], run: Callable[..., AppTest]) -> None:
    app = run(REPLAY, **LINK)
    assert all(secret in words(app) for secret in (ANNA, NUMBER, CARD_NUMBER))
    assert "Personal data" not in words(app)
    assert ANNA in set(run(FIND, system="cg").dataframe[0].value["user"])


def test_this_machine_masks_when_it_is_told_to(
    private: Mapping[str, Source], run: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(load.settings(), masking=MaskingSettings({"NAME": "Paid with"}, local=True))
    load.settings.clear()
    monkeypatch.setattr(load, "load_settings", lambda: settings)
    app = run(REPLAY, **LINK)
    assert not leaks(app)
    assert f"[NAME] {CARD}" in words(app)
    app = asked(app, Reason.FAULT)
    assert ANNA in words(app)
    assert [event["actor"] for event in revealed_events()] == ["local"]


# Files


def test_files_of_a_page_are_masked_as_the_page_is(aws: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch) -> None:
    """What the download buttons of the pages are given: the makers of the files, run where no page is."""
    made: dict[str, Callable[[], bytes]] = {}
    names: list[str] = []

    def keep(markdown: Callable[[], bytes], json: Callable[[], bytes], name: Callable[[Any], str]) -> None:
        made.update(markdown=markdown, json=json)
        names.append(name("md"))

    monkeypatch.setattr(view_menu, "downloads", keep)
    app = opened(of(Role.SUPPORT), REPLAY, **LINK)
    for make in made.values():
        assert not [secret for secret in SECRETS if secret in make().decode()]
    assert json.loads(made["json"]())["conversation"]["user_id"].startswith(EMAIL)
    asked(app, Reason.SUPPORT)
    for make in made.values():
        assert ANNA in make().decode()
    assert not [name for name in names if "anna" in name]


def viewer(role: Role) -> Viewer:
    return Viewer(role.value, frozenset({role}), origin="signed_in", session="s")


def test_csv_and_parquet_rows_are_masked(aws: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "viewer", lambda: viewer(Role.REVIEWER))
    ids = shown.names()
    rows = [
        {"system": "cg", "user_id": ANNA, "messages": 3},
        {"system": "cg", "user_id": BOB, "messages": 2},
        {"system": "cg", "user_id": None, "messages": 1},
    ]
    zone = load_zone()
    sheet = list(csv.DictReader(io.StringIO(usage_files.as_csv(rows, zone, ids).decode("utf-8-sig"))))
    assert [row["user_id"] for row in sheet] == [ids(ANNA), ids(BOB), ""]
    table: Any = pq.read_table(io.BytesIO(usage_files.as_parquet(rows, zone, ids)))
    assert table.column("user_id").to_pylist() == [ids(ANNA), ids(BOB), None]
    assert table.column("messages").to_pylist() == [3, 2, 1]
    one = conversation()
    text = tables.as_csv([one], zone, ids).decode("utf-8-sig")
    assert ANNA not in text
    assert ids(ANNA) in text


def load_zone() -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo("UTC")


def conversation(**own: Any) -> Conversation:
    plain: dict[str, Any] = {"conversation_id": f"of-{ANNA}-1", "user_id": ANNA, "tenant_id": BOB, "title": None}
    given = plain | own
    return Conversation(
        "cg", given["conversation_id"], given["user_id"], given["tenant_id"], given["title"], None, None, 0, None, None, (), (), None, None
    )


def test_ids_are_shown_as_the_viewer_may_see_them_and_stay_what_they_are(
    aws: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewer = viewer(Role.REVIEWER)
    assert shown.shown(reviewer, "user-17") == "user-17"
    word = shown.shown(reviewer, ANNA)
    assert word.startswith(f"{EMAIL} ")
    assert word == shown.shown(reviewer, ANNA)
    assert word != shown.shown(reviewer, BOB)
    assert shown.shown(reviewer, NUMBER).startswith(PHONE)
    ids = shown.names(reviewer)
    seen = ids.conversation(conversation())
    assert ANNA not in repr(seen)
    assert BOB not in repr(seen)
    glued = ids.conversation(conversation(user_id="2125550123", conversation_id="c2125550123x", tenant_id=None))
    assert "2125550123" not in repr(glued)
    plain = conversation(user_id="user-17", conversation_id="user-17-1", tenant_id="acme")
    assert ids.conversation(plain) is plain
    assert tables.short([ANNA, "user-17", None, "a-long-id-of-somebody-1"], ids) == [word, "user-17", None, "a-long-i…omebody-1"]
    assert "anna" not in export.file_name(seen, "md")
    assert shown.AS_STORED.conversation(conversation()).user_id == ANNA


def test_a_replay_to_write_down_has_no_key_in_it(aws: Mapping[str, Source]) -> None:
    from data_access import conversations as reader
    from data_access.models import Filter

    ids = shown.names(viewer(Role.REVIEWER))
    found = reader.replay(load.opened()["cg"], Filter("cg", conversation_id="private", user_id=ANNA))
    assert isinstance(found, Replay)
    written = export.as_json(ids.replay(found)).decode()
    assert not [secret for secret in SECRETS if secret in written]
