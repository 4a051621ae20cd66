"""Find a conversation: empty, seeded, each failure, no role; what is in the address and what must not be."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from streamlit.testing.v1 import AppTest

from data_access import errors
from data_access.access.viewer import NOBODY
from data_access.conversations import list_conversations
from data_access.dynamo.aws import Source
from data_access.models import Filter
from pages.ui import access, load, tables
from pages.ui.opened import OpenedList, OpenedRow

Run = Callable[..., AppTest]
FIND = Path(__file__).resolve().parents[3] / "pages/conversations/find.py"


def words(app: AppTest) -> str:
    """All that is on the page as Markdown or plain text."""
    return "\n".join(str(element.value) for kind in (app.markdown, app.text, app.caption, app.title) for element in kind)


def frame(app: AppTest) -> Any:
    return app.dataframe[-1].value


def test_no_table(sources: Mapping[str, Source], run: Run) -> None:
    app = run(system="cg")
    assert not app.exception
    assert "The table does not exist" in words(app)
    assert "cg-chatbot-conversations" in words(app)
    assert app.selectbox(key="system").value == "cg"


def test_empty(empty: Mapping[str, Source], run: Run) -> None:
    app = run(system="cg")
    assert not app.exception
    assert "No conversation was found." in words(app)
    assert "0 conversations" in words(app)
    assert not app.dataframe


def test_seeded(seeded: Mapping[str, Source], run: Run) -> None:
    app = run(system="cg")
    assert not app.exception
    assert "**3 conversations** of all time" in words(app)
    shown = frame(app)
    assert list(shown["conversation"]) == ["conversation-2", "conversation-1", "conversation-0"]
    assert list(shown["failed"])[2] == ["book_venue"]
    assert list(shown["duration"])[2] == 60
    opened: OpenedList = app.session_state["opened"]
    assert opened.rows[2] == OpenedRow("cg", "conversation-0", "alice", None)
    assert opened.position("cg", "conversation-0") == 2


def test_stored_text_is_never_markdown(seeded: Mapping[str, Source], run: Run) -> None:
    app = run(system="cg")
    labels = [getattr(element, "label", "") for kind in (app.expander, app.button, app.selectbox, app.multiselect) for element in kind]
    for shown in [*(element.value for element in (*app.markdown, *app.caption)), *labels]:
        assert "evil.example" not in str(shown)
    assert any("evil.example" in text for text in frame(app)["first"])


def test_the_path_and_its_price_are_above_the_list(seeded: Mapping[str, Source], run: Run) -> None:
    app = run(system="cg")
    label = next(fold.label for fold in app.expander if "Estimated" in fold.label)
    assert "Scan of cg-chatbot-conversations" in label
    assert "measured" in label
    app.text_input(key="find_user").set_value("alice").run()
    assert not app.exception
    label = next(fold.label for fold in app.expander if "Estimated" in fold.label)
    assert "Query on user\\_id-created\\_at-index of cg-chatbot-conversations" in label
    assert list(frame(app)["conversation"]) == ["conversation-0"]


def test_a_user_id_is_not_in_the_address(seeded: Mapping[str, Source], run: Run) -> None:
    app = run(system="cg")
    app.text_input(key="find_user").set_value("alice").run()
    app.selectbox(key="range").set_value("90d").run()
    app.selectbox(key="sort").set_value("user").run()
    assert app.query_params["system"] == "cg"
    assert app.query_params["range"] == "90d"
    assert app.query_params["sort"] == "user"
    assert "alice" not in str(dict(app.query_params))


def test_an_id_with_a_space_is_searched_as_typed(seeded: Mapping[str, Source], run: Run) -> None:
    app = run(system="cg")
    app.text_input(key="find_user").set_value("alice ").run()
    assert not app.exception
    assert "begins or ends with a space" in words(app)
    assert "0 conversations" in words(app)


def test_an_address_opens_the_same_list(empty: Mapping[str, Source], run: Run) -> None:
    app = run(system="ai_agent", tenant="acme", range="7d", sort="messages")
    assert app.selectbox(key="system").value == "ai_agent"
    assert app.text_input(key="tenant").value == "acme"
    assert app.selectbox(key="range").value == "7d"
    assert app.selectbox(key="sort").value == "messages"
    assert "active in the last 7 days" in words(app)
    assert "when any of its activity is" in words(app)


def test_an_address_with_nonsense_says_so_and_works(empty: Mapping[str, Source], run: Run) -> None:
    app = run(system="![x](http://evil.example)", range="garbage", sort="7", list="99", minutes_from="x")
    assert not app.exception
    assert "The link names a system that is not here" in words(app)
    assert not any("evil" in str(element.value) for element in app.markdown)
    assert app.selectbox(key="range").value == "all"


def test_sorting_orders_previous_and_next(seeded: Mapping[str, Source], run: Run) -> None:
    app = run(system="cg", sort="user")
    assert [row.user_id for row in app.session_state["opened"].rows] == ["alice", "bob", "carol"]


def test_narrowing_reads_nothing_again(seeded: Mapping[str, Source], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    app = run(system="cg")
    monkeypatch.setattr(seeded["cg"].client, "scan", None)
    app.selectbox(key="failed").set_value("some").run()
    assert not app.exception
    assert "**1 of 3 conversations**" in words(app)
    assert [row.conversation_id for row in app.session_state["opened"].rows] == ["conversation-0"]
    app.multiselect(key="not_tool").set_value(["find_venue"]).run()
    assert "None of these conversations fits." in words(app)
    app.button(key="find_clear").click().run()
    assert "**3 conversations**" in words(app)


def test_a_link_can_name_tools(seeded: Mapping[str, Source], run: Run) -> None:
    app = run(system="cg", tool="find_venue", failed="some")
    assert not app.exception
    assert "**1 of 3 conversations**" in words(app)
    assert app.multiselect(key="tool").value == ["find_venue"]
    app = run(system="cg", tool="a tool that nobody used")
    assert not app.exception
    assert "None of these conversations fits." in words(app)


def test_bounds_the_wrong_way_round(seeded: Mapping[str, Source], run: Run) -> None:
    app = run(system="cg", messages_from="5", messages_to="2")
    assert not app.exception
    assert "The smallest length is above the largest." in words(app)


def test_odd_items_are_named_without_a_traceback(seeded: Mapping[str, Source], run: Run) -> None:
    app = run(system="cg")
    assert any(fold.label.endswith("could not be read fully") for fold in app.expander)


def test_a_dear_scan_waits_for_a_yes(seeded: Mapping[str, Source], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    dear = {name: replace(source, scan_budget=0.1) for name, source in seeded.items()}
    monkeypatch.setattr(load, "open_sources", lambda *_: dear)
    app = run(system="cg")
    assert not app.exception
    assert "it is above the budget" in words(app)
    assert not app.dataframe
    app.button(key="find_read").click().run()
    assert "**3 conversations**" in words(app)
    # Another question is another decision.
    app.selectbox(key="range").set_value("90d").run()
    assert "it is above the budget" in words(app)


@pytest.mark.parametrize(
    "error, headline",
    [
        (
            errors.AccessDenied("AWS did not permit Scan on the table t.", "Give this identity dynamodb:Scan."),
            "AWS did not permit this read",
        ),
        (errors.Throttled("DynamoDB throttled Scan on the table t.", "Wait a minute."), "The table is busy"),
        (errors.Unreachable("DynamoDB did not answer.", "Check the network."), "DynamoDB cannot be reached"),
        (errors.Throttled("CloudWatch throttled it.", "Wait a minute.", service="CloudWatch"), "CloudWatch is busy"),
        (errors.Unreachable("It did not answer.", "Check the network.", service="the Price List"), "The Price List cannot be reached"),
        (errors.CredentialsMissing("There are no valid AWS credentials here.", "Set AWS_PROFILE."), "There are no AWS credentials"),
        (errors.UsageError("The user id is longer than 2,048 bytes.", "Shorten it."), "This question cannot be asked"),
        (errors.AwsError("DynamoDB refused Scan.", "Check the table."), "This could not be read"),
    ],
)
def test_each_failure_says_what_to_do(
    empty: Mapping[str, Source], run: Run, monkeypatch: pytest.MonkeyPatch, error: errors.DataAccessError, headline: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(load, "conversations", fail)
    app = run(system="cg")
    assert not app.exception
    assert headline in words(app)
    assert error.sentence in words(app)
    assert error.remedy in words(app)
    assert app.selectbox(key="system").value == "cg"
    assert app.button(key="again")


def test_no_system_is_enabled(sources: Mapping[str, Source], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "open_sources", lambda *_: {})
    app = run()
    assert not app.exception
    assert "No system is enabled." in words(app)


def test_what_ends_with_the_engine_is_said(empty: Mapping[str, Source], run: Run) -> None:
    assert "What is here ends with the engine." in words(run())


def test_a_start_that_fails(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise errors.EngineError("The local engine was not ready within 30 seconds.", "Its log is engine.log.")

    monkeypatch.setattr(load, "prepare", fail)
    app = run()
    assert not app.exception
    assert "The local engine is not running" in words(app)
    assert "engine.log" in words(app)


def test_without_the_role_nothing_is_read(sources: Mapping[str, Source], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "viewer", lambda: NOBODY)
    monkeypatch.setattr(load, "conversations", None)
    app = AppTest.from_file(FIND, default_timeout=120).run()
    assert not app.exception
    assert "Your role does not open this page" in app.warning[0].value
    assert not app.selectbox


def test_an_opened_row_goes_to_its_replay(seeded: Mapping[str, Source], run: Run) -> None:
    app = run(system="cg")
    app.session_state["find_opening"] = OpenedRow("cg", "conversation-0", "alice", None)
    app.run()
    assert app.query_params["conversation"] == "conversation-0"
    assert app.query_params["system"] == "cg"
    assert "alice" not in str(dict(app.query_params))


def test_the_file_is_safe_in_a_spreadsheet(seeded: Mapping[str, Source]) -> None:
    found = list_conversations(seeded["cg"], Filter("cg"), allow_scan=True).conversations
    hostile = replace(found[1], first_user_message="=HYPERLINK(1)", user_id="-2+3", title="@x")
    text = tables.as_csv([found[0], hostile], ZoneInfo("America/Los_Angeles"))
    assert text.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"))))
    assert rows[1]["first_user_message"] == "'=HYPERLINK(1)"
    assert rows[1]["user"] == "'-2+3"
    assert rows[1]["title"] == "'@x"
    assert rows[1]["started"] == "2026-11-11T02:00:00-08:00"
    assert float(rows[1]["duration_seconds"]) == 120
