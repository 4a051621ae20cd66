"""Search page: no snapshot, turned off, first visit, hits, hostile hits, no hits, more of them, errors, no role; and into the replay."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import PageLink

from data_access.access.viewer import NOBODY
from data_access.dynamo.aws import Source
from data_access.errors import SnapshotError
from data_access.settings import SnapshotSettings
from data_access.snapshot.sync import sync
from pages.ui import access, finder, load, load_snapshot, opened, search_box
from pages.ui.load import settings as cached_settings
from tests.pages.conftest import HOSTILE

Run = Callable[..., AppTest]
PAGE = "pages/conversations/search.py"
FILE = Path(__file__).resolve().parents[3] / PAGE


@pytest.fixture
def synced(seeded: Mapping[str, Source]) -> Mapping[str, Source]:
    """The seeded tables, read into a snapshot."""
    for source in seeded.values():
        sync(source, load_snapshot.store())
    return seeded


def words(app: AppTest) -> str:
    return "\n".join(str(element.value) for element in (*app.markdown, *app.caption, *app.text))


def address(app: AppTest) -> dict[str, str]:
    """A script writes texts into it, the test lists of texts."""
    return {name: value if isinstance(value, str) else value[0] for name, value in app.query_params.items()}


def ask(app: AppTest, text: str) -> AppTest:
    return app.text_input(key="search_text").set_value(text).run()


def test_no_snapshot_says_the_price_and_the_way(seeded: Mapping[str, Source], run: Run) -> None:
    app = run(PAGE)
    assert not app.exception
    assert "Search needs a snapshot, and there is none yet" in words(app)
    assert "Reading everything once takes about" in words(app)
    assert "read units, " in words(app)
    assert "Open the snapshot page" in [link.label for link in app.get("page_link") if isinstance(link, PageLink)]
    assert not app.exception


def test_turned_off(sources: Mapping[str, Source], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    off = replace(load.settings(), snapshot=SnapshotSettings(on=False))
    cached_settings.clear()
    monkeypatch.setattr(load, "load_settings", lambda: off)
    app = run(PAGE)
    assert not app.exception
    assert "The snapshot is turned off." in words(app)
    assert "Search is answered from it" in words(app)


def test_the_first_visit_says_the_rules_and_the_coverage(synced: Mapping[str, Source], run: Run) -> None:
    app = run(PAGE)
    assert not app.exception
    assert search_box.RULES in words(app)
    assert "From the snapshot of just now: 3 conversations, 4 messages, 2026-11-10 to 2026-11-11; 1 odd." in words(app)
    assert not [button for button in app.button if (button.key or "").startswith("search_turn")]


def test_a_user_without_words_is_told_what_to_do(synced: Mapping[str, Source], run: Run) -> None:
    app = run(PAGE)
    assert "Nothing is searched for yet." not in words(app)
    app.text_input(key="search_user").set_value("alice").run()
    assert not app.exception
    assert "Nothing is searched for yet." in words(app)
    assert "Find a conversation" in [link.label for link in app.get("page_link") if isinstance(link, PageLink)]


def test_a_hit_is_marked_and_opens_the_replay_at_its_turn(synced: Mapping[str, Source], run: Run) -> None:
    app = ask(run(PAGE), "BOOKED")
    assert not app.exception
    assert "**1 conversation** with these words, newest first" in words(app)
    assert "3 conversations with 4 messages were searched" in words(app) or "2 conversations with 4 messages were searched" in words(app)
    assert "It is :orange-background[booked]" in words(app)
    assert "CG Production Assistant · 2026-11-10 10:01 · 2 messages · user `alice`" in words(app)
    app.button(key="search_turn_0_2").click().run()
    assert not app.exception
    # The page that the script left for.
    assert address(app)["conversation"] == "conversation-0"
    assert address(app)["message"] == "2"
    assert app.session_state[finder.WORDS] == "booked"
    assert "**1** of 1" in words(app)
    assert not {"alice", "booked"} & set(address(app).values())
    assert "**1** in 1 turn · at 1" in words(app)


def test_previous_and_next_walk_through_the_results(synced: Mapping[str, Source], run: Run) -> None:
    app = ask(run(PAGE), "e")
    listed = app.session_state[opened.KEY]
    assert [(row.conversation_id, row.message) for row in listed.rows] == [("conversation-1", 1), ("conversation-0", 1)]
    app.button(key="search_turn_0_2").click().run()
    assert "**1** of 2" in words(app)
    assert address(app)["message"] == "2"
    kept = address(app)
    app.switch_page("pages/conversations/replay.py")  # the test has not followed the script there
    for name, value in kept.items():
        app.query_params[name] = value
    app.run()
    app.button(key="replay_next").click().run()
    assert not app.exception
    assert address(app)["conversation"] == "conversation-0"
    assert address(app)["message"] == "1"
    assert "**2** of 2" in words(app)


def test_hostile_hits_are_harmless(synced: Mapping[str, Source], run: Run) -> None:
    app = ask(run(PAGE), "tracking evil")
    assert not app.exception
    said = [str(element.value) for element in app.markdown if "tracking" in str(element.value)]
    assert said
    for text in said:
        assert "![" not in text.replace("\\!", "").replace("\\[", "")
        assert "<img" not in text.replace("\\<", "")
        assert HOSTILE not in text
    assert any(":orange-background[tracking]" in text for text in said)


def test_filters(synced: Mapping[str, Source], run: Run) -> None:
    app = ask(run(PAGE), "e")
    for key, value, found in (("search_user", "alice", 1), ("search_user", "nobody", 0)):
        app.text_input(key=key).set_value(value).run()
        assert len(app.session_state[opened.KEY].rows) == 1
        assert ("No message has these words." in words(app)) is (found == 0)
        assert not {"alice", "nobody", "e"} & set(address(app).values())
    app.text_input(key="search_user").set_value("").run()
    app.selectbox(key="search_role").set_value("assistant").run()
    assert [row.message for row in app.session_state[opened.KEY].rows] == [2, 2]
    assert address(app)["role"] == "assistant"
    app.selectbox(key="search_system").set_value("remo").run()
    assert "No message has these words." in words(app)
    assert "0 conversations, 0 messages." in words(app)  # the coverage of that system
    assert address(app)["system"] == "remo"
    assert "all systems, in all time" in words(app)


def test_a_link_sets_the_filters(synced: Mapping[str, Source], run: Run) -> None:
    app = AppTest.from_file(Path(__file__).resolve().parents[3] / "app.py", default_timeout=120)
    app.run()
    app.switch_page(PAGE)
    for name, value in {"system": "cg", "role": "user", "range": "90d", "order": "best"}.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    assert app.selectbox(key="search_system").value == "cg"
    assert app.selectbox(key="search_order").value == "best"


def test_more_results(synced: Mapping[str, Source], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_box, "RESULTS", 1)
    app = ask(run(PAGE), "e")
    assert len(app.session_state[opened.KEY].rows) == 1
    assert "since there is enough to show" in words(app)
    app.button(key="search_more").click().run()
    assert len(app.session_state[opened.KEY].rows) == 2
    # Another question begins again.
    ask(app, "a")
    assert len(app.session_state[opened.KEY].rows) == 1


def test_after_a_sync_the_question_is_asked_anew(synced: Mapping[str, Source], run: Run) -> None:
    app = ask(run(PAGE), "zebra")
    assert "No message has these words." in words(app)
    source = synced["cg"]
    source.client.put_item(
        TableName="cg-chatbot-conversations",
        Item={
            "conversation_id": {"S": "new"},
            "user_id": {"S": "dora"},
            "created_at": {"S": "2026-11-12T10:00:00Z"},
            "messages": {"L": [{"M": {"role": {"S": "user"}, "content": {"S": "A zebra"}, "timestamp": {"S": "2026-11-12T10:00:00Z"}}}]},
        },
    )
    sync(source, load_snapshot.store(), full=True)
    app.run()
    assert "A :orange-background[zebra]" in words(app)


@pytest.mark.parametrize("asked", ["-only", '""', "x" * 1_001])
def test_a_question_that_cannot_be_asked(synced: Mapping[str, Source], run: Run, asked: str) -> None:
    app = ask(run(PAGE), asked)
    assert not app.exception
    assert "This question cannot be asked" in words(app)
    assert "search_again" not in [button.key for button in app.button]


def test_a_snapshot_that_cannot_be_read(synced: Mapping[str, Source], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise SnapshotError("The snapshot cannot be read: the place is gone.", "Bring it back.")

    monkeypatch.setattr(load_snapshot, "search", fail)
    app = ask(run(PAGE), "e")
    assert not app.exception
    assert "The snapshot cannot be read: the place is gone." in words(app)
    assert "search_again" in [button.key for button in app.button]


def test_a_damaged_snapshot_leads_to_its_page(synced: Mapping[str, Source], run: Run) -> None:
    load_snapshot.store().files.write("state/cg.json", b"broken")
    app = run(PAGE)
    assert not app.exception
    assert "made by another version, or is damaged" in words(app)
    assert "Open the snapshot page" in [link.label for link in app.get("page_link") if isinstance(link, PageLink)]


def test_a_link_to_a_system_that_is_not_here(synced: Mapping[str, Source], run: Run) -> None:
    app = AppTest.from_file(Path(__file__).resolve().parents[3] / "app.py", default_timeout=120)
    app.run()
    app.switch_page(PAGE)
    app.query_params["system"] = "gone"
    app.run()
    assert not app.exception
    assert "The link names a system that is not here" in words(app)


def test_without_the_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "viewer", lambda: NOBODY)
    app = AppTest.from_file(FILE, default_timeout=120).run()
    assert not app.exception
    assert "Your role does not open this page" in app.warning[0].value
    assert not app.title
