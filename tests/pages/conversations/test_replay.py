"""The replay page on fakes of its reader: what a reader sees, each failure, and how long a long one takes."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from data_access import errors
from data_access.conversations import Replay, StoredItem
from data_access.dynamo.meter import Measured
from data_access.dynamo.plan import Operation, Plan, Step
from data_access.models import Address, Conversation, Filter, Message, Problem, Role, ToolCall, ToolStatus
from data_access.settings import load_settings
from pages.ui import big_field, load, registry
from pages.ui.opened import OpenedList, OpenedRow

APP = Path(__file__).resolve().parents[3] / "app.py"
PAGE = "pages/conversations/replay.py"
START = datetime(2026, 9, 14, 9, 0, tzinfo=UTC)
HOSTILE = "![x](https://evil.example/x.png) <img src=https://evil.example/y> :material/home: [go](https://evil.example/z)"
LINK = {"system": "ai_agent", "conversation": "c-1"}
FIRST_SCREEN_SECONDS = 0.150  # where the sum below takes YARDSTICK_SECONDS; a slower machine has as much longer
YARDSTICK_SECONDS = 0.008


def message(
    position: int, content: str = "Words", role: Role | None = None, *calls: ToolCall, after: float | None = None, **more: Any
) -> Message:
    said = role or (Role.USER if position % 2 else Role.ASSISTANT)
    sent = START + timedelta(seconds=10 * position if after is None else after)
    address = Address("ai-agent-messages", {"id": f"m{position}"}, "SessionTimestampIndex")
    return Message(
        position, said, content, more.pop("sent_at", sent), calls, None, f"m{position}", more.pop("response", None), address, {}, **more
    )


def replay_of(*messages: Message, **more: Any) -> Replay:
    last = messages[-1].sent_at if messages else START
    conversation = Conversation(
        "ai_agent", more.pop("conversation_id", "c-1"), "user-1", "acme", more.pop("title", "Where is my order"), START, last,
        len(messages), "Hello", "Bye", more.pop("tools", ()), more.pop("failed_tools", ()), True, START + timedelta(days=3650), {},
        Address("ai-agent-sessions", {"id": "c-1"}), more.pop("problems", ()),
    )  # fmt: skip
    items = tuple(StoredItem(m.address, {"id": {"S": m.message_id}, "content": {"S": m.content}, "n": {"N": "1.10"}}) for m in messages)
    step = Step(Operation.QUERY, "messages", "ai-agent-messages", "SessionTimestampIndex", (), (), "one session", 12.5, 0.000003)
    return Replay(conversation, messages, items, Plan((step,)), Measured(13.0, 0.0000033, 2, len(messages), 0.04))


Answer = Replay | errors.DataAccessError


class Reader:
    """Stands for load.replay: one answer, or one for each set of arguments."""

    def __init__(self, answer: Answer | Callable[[Filter, bool], Answer]) -> None:
        self.answer = answer
        self.asked: list[tuple[Filter, bool]] = []

    def __call__(self, wanted: Filter, allow_scan: bool = False) -> Replay:
        self.asked.append((wanted, allow_scan))
        found = self.answer if isinstance(self.answer, Replay | errors.DataAccessError) else self.answer(wanted, allow_scan)
        if isinstance(found, errors.DataAccessError):
            raise found
        return found

    def clear(self) -> None:
        return


def no_tables() -> Any:
    raise errors.EngineError("The pages before this one are not part of the test.")


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., AppTest]:
    """Run the page alone: `show(answer, session={…}, **address)`. The reader is `show.reader`."""
    settings = load_settings({"DYNASCOPE_STATE": str(tmp_path)}, tmp_path)
    monkeypatch.setattr(load, "settings", lambda: settings)
    monkeypatch.setattr(load, "source", lambda _: SimpleNamespace(title="AI Agent Server"))
    monkeypatch.setattr(load, "sources", no_tables)

    def run(answer: Any, session: dict[str, Any] | None = None, **address: str) -> AppTest:
        monkeypatch.setattr(load, "replay", reader := Reader(answer))
        app = AppTest.from_file(APP, default_timeout=120)
        app.run()
        for name, value in (session or {}).items():
            app.session_state[name] = value
        for name, value in address.items():
            app.query_params[name] = value
        run.reader = reader  # type: ignore[attr-defined]
        return app.switch_page(PAGE).run()

    return run


def words(app: AppTest) -> str:
    kinds = (app.title, app.markdown, app.text, app.caption, app.code)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def heads(app: AppTest) -> list[str]:
    return [str(element.value) for element in app.markdown if str(element.value).startswith("**") and "&message=" in str(element.value)]


def test_turns_are_numbered_timed_and_divided(show: Callable[..., AppTest]) -> None:
    app = show(replay_of(message(1, after=0), message(2, after=3.5, response=3.5), message(3, after=3603.5)), **LINK)
    assert not app.exception
    assert app.title[0].value == "Where is my order"
    first, second, third = heads(app)
    assert first.startswith('**User** [1](?system=ai_agent&conversation=c-1&message=1 "Link to this turn")')
    assert "2026-09-14 09:00:00 · +0 s" in first
    assert "**Assistant** [2]" in second
    assert "+3.5 s · answered in 3.5 s" in second
    assert "+1 h" in third
    assert [c.value for c in app.caption if "pause" in str(c.value)] == [":material/hourglass_empty: pause of 1 h"]
    assert "AI Agent Server" in words(app)
    assert "`user-1`" in words(app)
    assert any("Query on SessionTimestampIndex" in fold.label and "measured" in fold.label for fold in app.expander)


def test_times_are_in_the_zone_of_the_reader(show: Callable[..., AppTest]) -> None:
    app = show(replay_of(message(1, after=0)), {"zone": "Asia/Tokyo"}, **LINK)
    assert "2026-09-14 18:00:00" in heads(app)[0]


def test_tool_calls_are_folded_in_place(show: Callable[..., AppTest]) -> None:
    calls = (
        ToolCall("search", {"q": "order"}, {"hits": 3}, ToolStatus.OK),
        ToolCall("pay", {"amount": 1}, {"error": "declined"}, ToolStatus.ERROR),
        ToolCall(HOSTILE, None, None, ToolStatus.NO_RESULT),
        ToolCall("large", None, "y" * 5_000, ToolStatus.OK),
    )
    app = show(replay_of(message(1), message(2, "Done", None, *calls)), **LINK)
    lines = {
        fold.label.split("**")[1]: fold
        for fold in app.expander
        if fold.label.startswith(("**", ":red[**")) and "·" in fold.label and "\n" not in fold.label
    }
    assert lines["search"].label == '**search** :gray[· ok] `{ "q": "order" }`'
    assert lines["pay"].label.startswith(":red[**pay** · failed]")
    assert [code.value for code in lines["pay"].code] == ['{\n  "amount": 1\n}', '{\n  "error": "declined"\n}']
    assert not lines["large"].code, "a large result is sent when its line is opened"
    odd = next(fold for fold in app.expander if "no result recorded" in fold.label)
    assert "`https://evil.example/x.png`" in odd.label
    assert "](" not in odd.label.replace("\\]\\(", "")
    assert "No result recorded" in [caption.value for caption in odd.caption]


def test_stored_text_reaches_markdown_only_harmless(show: Callable[..., AppTest]) -> None:
    app = show(replay_of(message(1, HOSTILE), message(2, "`" + HOSTILE), title=HOSTILE, tools=(HOSTILE,), failed_tools=(HOSTILE,)), **LINK)
    assert not app.exception
    labels = [getattr(element, "label", "") for kind in (app.expander, app.button, app.selectbox, app.toggle) for element in kind]
    for shown in [*(str(element.value) for kind in (app.title, app.markdown, app.caption) for element in kind), *labels]:
        assert "](http" not in shown
        assert not re.search(r"(?<!\\)<img", shown)
        assert ":material/home:" not in shown


def test_noise_can_be_hidden_and_stays_hidden(show: Callable[..., AppTest]) -> None:
    call = ToolCall("search", {}, "found", ToolStatus.OK)
    found = replay_of(
        message(1, "Be kind", Role.SYSTEM),
        message(2, "Hi", Role.USER),
        message(3, "Yes", Role.ASSISTANT, call),
        message(4, "{}", Role.TOOL),
    )
    app = show(found, **LINK)
    assert len(heads(app)) == 4
    app.toggle(key="replay_system").set_value(False)
    app.toggle(key="replay_tools").set_value(False).run()
    assert [head.split("[")[1][0] for head in heads(app)] == ["2", "3"]
    assert not any("search" in fold.label for fold in app.expander)
    assert "2 turns of this page are hidden." in words(app)


def test_plain_text_shows_what_was_typed(show: Callable[..., AppTest]) -> None:
    app = show(replay_of(message(1, "# **Hi** <b>")), **LINK)
    assert "**Hi \\<b\\>**" in words(app)
    app.toggle(key="replay_plain").set_value(True).run()
    assert "# **Hi** <b>" in [text.value for text in app.text]


def test_find_steps_from_hit_to_hit_over_pages(show: Callable[..., AppTest]) -> None:
    call = ToolCall("lookup", {"order": "needle 7"}, "ok", ToolStatus.OK)
    messages = [message(n, "hay") for n in range(1, 251)]
    messages[4], messages[239] = message(5, "A NEEDLE, a needle"), message(240, "", None, call)
    app = show(replay_of(*messages), **LINK)
    app.text_input(key="replay_words").set_value("needle").run()
    assert "**3** in 2 turns" in words(app)
    assert ":orange-background[NEEDLE]" in words(app)
    app.button(key="replay_next_hit").click().run()
    assert "at 1" in words(app)
    assert app.query_params.get("page") is None
    app.button(key="replay_next_hit").click().run()
    assert "at 2" in words(app)
    assert app.query_params["page"] == "3"
    assert heads(app)[0].startswith("**User** [201]")
    assert next(fold for fold in app.expander if "lookup" in fold.label).proto.expanded
    app.button(key="replay_next_hit").click().run()
    assert app.query_params.get("page") is None
    app.selectbox(key="replay_hit").set_value(240).run()
    assert app.query_params["page"] == "3"
    app.text_input(key="replay_words").set_value("nothing like it").run()
    assert "**0** in 0 turns" in words(app)


def test_what_is_looked_for_stays_from_one_conversation_to_the_next(show: Callable[..., AppTest]) -> None:
    rows = tuple(OpenedRow("ai_agent", f"c-{n}", "user-1", "acme") for n in (1, 2))
    both = {
        "c-1": replay_of(message(1, "hay"), message(2, "needle")),
        "c-2": replay_of(message(1, "a needle"), message(2, "hay"), conversation_id="c-2"),
    }
    app = show(lambda wanted, _: both[wanted.conversation_id or ""], {"opened": OpenedList(Filter("ai_agent"), rows)}, **LINK)
    app.text_input(key="replay_words").set_value("needle").run()
    app.button(key="replay_next_hit").click().run()
    assert app.selectbox(key="replay_hit").value == 2
    app.button(key="replay_next").click().run()
    assert not app.exception
    assert "**1** in 1 turn" in words(app)
    assert app.selectbox(key="replay_hit").value is None
    app.button(key="replay_next_hit").click().run()
    assert app.selectbox(key="replay_hit").value == 1


@pytest.mark.parametrize("given,first", [("3", 201), ("1", 1), ("99", 401), ("0", 1), ("x", 1)])
def test_a_link_to_a_page(show: Callable[..., AppTest], given: str, first: int) -> None:
    app = show(replay_of(*(message(n) for n in range(1, 451))), **LINK, page=given)
    assert not app.exception
    assert f"[{first}]" in heads(app)[0]
    app.button(key="replay_more").click().run() if first < 401 else app.run()
    assert not app.exception
    assert f"[{min(first + 100, 401)}]" in heads(app)[0]


def test_words_that_are_looked_for_are_not_in_the_address(show: Callable[..., AppTest]) -> None:
    app = show(replay_of(message(1, "secret plan")), **LINK)
    app.text_input(key="replay_words").set_value("secret").run()
    assert "secret" not in str(dict(app.query_params))


def test_a_link_to_a_message_opens_on_its_page(show: Callable[..., AppTest]) -> None:
    app = show(replay_of(*(message(n) for n in range(1, 451))), **LINK, message="357")
    assert len(heads(app)) == 100
    assert heads(app)[0].startswith("**User** [301]")
    assert not app.exception
    (linked,) = [head for head in heads(app) if "linked" in head]
    assert "[357]" in linked
    assert app.session_state["scroll_wish"][0] == "turn-357"
    assert "Turns 301 to 400 of 450" in words(app)


@pytest.mark.parametrize("given", ["0", "-3", "x", "999", "٣", "9" * 30])
def test_a_link_to_a_message_that_is_not_there_opens_the_conversation(show: Callable[..., AppTest], given: str) -> None:
    app = show(replay_of(*(message(n) for n in range(1, 5))), **LINK, message=given)
    assert not app.exception
    assert len(heads(app)) == 4
    assert ("The link names message 999" in words(app)) == (given == "999")


def test_previous_and_next_follow_the_list(show: Callable[..., AppTest]) -> None:
    rows = tuple(OpenedRow("ai_agent", f"c-{n}", f"user-{n}", "acme") for n in range(3))
    app = show(
        lambda wanted, _: replay_of(message(1), conversation_id=wanted.conversation_id),
        {"opened": OpenedList(Filter("ai_agent"), rows)},
        **LINK,
    )
    reader = show.reader  # type: ignore[attr-defined]
    assert reader.asked[-1][0].user_id == "user-1", "the user comes from the list"
    assert "**2** of 3" in words(app)
    app.button(key="replay_next").click().run()
    assert app.query_params["conversation"] == "c-2"
    assert reader.asked[-1][0].user_id == "user-2"
    assert app.button(key="replay_next").disabled
    app.button(key="replay_previous").click().run()
    app.button(key="replay_previous").click().run()
    assert app.query_params["conversation"] == "c-0"
    assert app.button(key="replay_previous").disabled
    assert "user" not in " ".join(dict(app.query_params))


@pytest.mark.parametrize(
    "page, address, label, query",
    [
        (registry.FIND, (), "All conversations", ""),
        (registry.SEARCH, (), "Search", ""),
        (registry.BEHIND, (("clock", "Europe/Berlin"), ("from", "capacity")), registry.BEHIND.title, "clock=Europe%2FBerlin&from=capacity"),
    ],
)
def test_the_way_back_is_the_list_that_it_was_opened_from(
    show: Callable[..., AppTest], page: registry.PageSpec, address: tuple[tuple[str, str], ...], label: str, query: str
) -> None:
    rows = (OpenedRow("ai_agent", "c-1", "user-1", "acme"),)
    app = show(replay_of(message(1)), {"opened": OpenedList(Filter("ai_agent"), rows, page, address)}, **LINK)
    back = app.get("page_link")[0].proto
    assert (back.label, back.query_string) == (label, query)
    # A link to a conversation of no list is from nowhere.
    app.query_params["conversation"] = "c-2"
    back = app.run().get("page_link")[0].proto
    assert (back.label, back.query_string) == ("All conversations", "")


def test_a_conversation_without_a_list_has_no_neighbours(show: Callable[..., AppTest]) -> None:
    app = show(replay_of(message(1)), **LINK)
    assert "Opened by its link" in words(app)
    assert not [button for button in app.button if button.key == "replay_next"]


def test_stored_items_show_address_types_and_digits(show: Callable[..., AppTest]) -> None:
    app = show(replay_of(message(1, 'a \u202e"b'), *(message(n) for n in range(2, 13))), {"replay_items": True}, **LINK)
    fold = next(fold for fold in app.expander if fold.label == "Stored items (12)")
    assert len(fold.code) == 10
    assert fold.code[0].value == '{\n  "id": {"S": "m1"},\n  "content": {"S": "a \\u202e\\"b"},\n  "n": {"N": "1.10"}\n}'
    assert ':gray[Table] `ai-agent-messages` :gray[key] `id = "m1"` :gray[through the index] `SessionTimestampIndex`' in words(app)
    app.toggle(key="replay_each").set_value(True).run()
    assert not app.exception


def test_a_huge_field_is_a_head_a_size_and_a_download(show: Callable[..., AppTest]) -> None:
    huge = "é" * (big_field.LIMIT_BYTES // 2 + 1)
    app = show(replay_of(message(1, huge)), {"replay_items": True}, **LINK)
    assert not app.exception
    assert sum("256 KB in all" in str(caption.value) for caption in app.caption) == 2
    assert all(len(str(code.value)) < 10_000 for code in app.code)
    assert len(app.get("download_button")) == 4


def test_what_is_odd_is_marked(show: Callable[..., AppTest]) -> None:
    odd = message(2, "", None, sent_at=None, problems=("there is no time",))
    app = show(replay_of(message(1), odd, problems=(Problem("its owner is missing", Address("t", {"id": "c-1"})),)), **LINK)
    assert "no time" in heads(app)[1]
    assert ":orange-badge[:material/report: there is no time]" in heads(app)[1]
    assert any("1 item could not be read fully" in fold.label for fold in app.expander)


def test_a_conversation_without_messages(show: Callable[..., AppTest]) -> None:
    app = show(replay_of(title=None), **LINK)
    assert not app.exception
    assert "This conversation has no messages." in words(app)


@pytest.mark.parametrize("address", [{}, {"system": "ai_agent"}, {"conversation": "c-1"}])
def test_no_conversation_is_open(show: Callable[..., AppTest], address: dict[str, str]) -> None:
    app = show(replay_of(message(1)), **address)
    assert not app.exception
    assert "No conversation is open." in words(app)


@pytest.mark.parametrize(
    "error",
    [
        errors.NotFound("Nothing has this id.", "Check it."),
        errors.TableMissing("The table t does not exist.", "Create it."),
        errors.AccessDenied("AWS did not permit Query.", "Ask."),
        errors.Throttled("DynamoDB throttled Query.", "Wait."),
        errors.Unreachable("DynamoDB did not answer.", "Check the network."),
        errors.UsageError("There is no such system here.", "Choose another."),
    ],
    ids=lambda error: error.code,
)
def test_each_failure_is_a_sentence_and_a_remedy(show: Callable[..., AppTest], error: errors.DataAccessError) -> None:
    app = show(error, **LINK)
    assert not app.exception
    assert error.sentence in words(app)
    assert error.remedy in words(app)
    assert app.get("page_link"), "the way back stays"


def test_a_dear_scan_is_read_once_it_is_confirmed(show: Callable[..., AppTest]) -> None:
    refused = errors.ScanRefused("This needs a Scan of remo-user-data.", "Give a user.", estimated_units=5_000, budget=1_000)
    app = show(lambda _, allowed: replay_of(message(1)) if allowed else refused, **LINK)
    assert "This needs a Scan of remo-user-data." in words(app)
    app.button(key="replay_read").click().run()
    assert app.title[0].value == "Where is my order"


def test_of_several_with_one_id_the_reader_chooses(show: Callable[..., AppTest]) -> None:
    ours = replay_of(message(1))
    both = [ours.conversation, replace(ours.conversation, user_id="user-2")]
    ambiguous = errors.Ambiguous("2 conversations have this id.", "Say whose it is.", candidates=both)
    app = show(lambda wanted, _: ours if wanted.user_id else ambiguous, **LINK)
    assert not app.exception
    assert "2 conversations have this id." in words(app)
    app.button(key="replay_candidate_1").click().run()
    assert app.title[0].value == "Where is my order"


def slower() -> float:
    """How many times slower this machine is than the one for which the limit was set, and never less than 1."""
    took: list[float] = []
    for _ in range(5):
        began = time.process_time()
        sum(number * number for number in range(200_000))
        took.append(time.process_time() - began)
    return max(1.0, min(took) / YARDSTICK_SECONDS)


def test_the_first_screen_of_a_long_conversation_is_quick(show: Callable[..., AppTest]) -> None:
    call = ToolCall("lookup_order", {"order_id": 7, "fields": ["status", "eta"]}, {"status": "shipped"}, ToolStatus.OK)
    texts = (
        "Where is **my** order? It said two days.",
        "It is on its way:\n\n- carrier: DHL\n- code: `X1`\n\nAnything else?\n\n```json\n{}\n```",
    )
    found = replay_of(*(message(n, f"{texts[n % 2]} {n}", None, *([call] if n % 3 == 0 else [])) for n in range(1, 2_001)))
    app = show(found, **LINK)
    assert len(heads(app)) == 100
    fresh: list[float] = []
    for round_ in range(5):
        app.session_state["replay_kept"] = None
        app.query_params["conversation"] = f"c-{round_}"
        began = time.process_time()  # so that what else this machine does has no part in it
        app.run()
        fresh.append(time.process_time() - began)
    print(f"\nfirst screen of 2,000 messages: {min(fresh) * 1000:.0f} ms of this process's time, all of AppTest's own work included")
    assert min(fresh) < FIRST_SCREEN_SECONDS * slower()
