"""Messages as live tables hold them: each is shown, and what was odd is said."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_access.items.messages import MessageReader
from data_access.models import Address, Message, Role
from data_access.systems.spec import built_in

HERE = Address("table", {"id": "x"})
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
AT = "2026-05-04T12:00:00Z"
CG, AGENT, AI4AI = (MessageReader(built_in()[name]) for name in ("cg", "ai_agent", "ai4ai"))
GOOD = {"role": "user", "content": "hello", "timestamp": AT}


def one(reader: MessageReader, item: dict[str, Any]) -> Message:
    (message,) = reader.sequence([reader.draft(item, HERE)])
    return message


@pytest.mark.parametrize(
    "stored, role",
    [
        ("user", Role.USER),
        ("human", Role.USER),
        ("Human", Role.USER),
        (" USER ", Role.USER),
        ("customer", Role.USER),
        ("assistant", Role.ASSISTANT),
        ("ai", Role.ASSISTANT),
        ("AI", Role.ASSISTANT),
        ("agent", Role.ASSISTANT),
        ("bot", Role.ASSISTANT),
        ("system", Role.SYSTEM),
        ("tool", Role.TOOL),
        ("function", Role.TOOL),
    ],
)
def test_words_for_roles(stored: str, role: Role) -> None:
    message = one(CG, GOOD | {"role": stored})
    assert (message.role, message.problems) == (role, ())


@pytest.mark.parametrize("stored", ["narrator", 7, ["user"], ""])
def test_an_unknown_role_is_shown_as_the_assistants(stored: Any) -> None:
    message = one(CG, GOOD | {"role": stored})
    assert message.role is Role.ASSISTANT
    assert message.problems == ("the role is not a known one: shown as the assistant's",)


def test_a_missing_role_is_said_to_be_missing() -> None:
    message = one(CG, {"content": "c", "timestamp": AT})
    assert (message.role, message.problems) == (Role.ASSISTANT, ("there is no role: shown as the assistant's",))


@pytest.mark.parametrize(
    "stored, shown, problems",
    [
        ({"content": ["a", {"text": "b"}]}, "a\n\nb", 1),
        ({"content": 42}, "42", 1),
        ({"content": Decimal("1E-130")}, "1E-130", 1),
        ({"content": {"text": "t"}}, "t", 1),
        ({"content": b"\xff"}, '{"base64": "/w=="}', 1),
        ({"content": ""}, "", 0),
        ({}, "", 1),
        ({"text": "drifted"}, "drifted", 0),
        ({"message": "drifted"}, "drifted", 0),
    ],
)
def test_content_of_any_kind(stored: dict[str, Any], shown: str, problems: int) -> None:
    message = one(CG, {"role": "user", "timestamp": AT} | stored)
    assert (message.content, len(message.problems)) == (shown, problems)


@pytest.mark.parametrize(
    "stored, trouble",
    [({"timestamp": None}, "there is no time"), ({}, "there is no time"), ({"timestamp": "soon"}, "the time cannot be read")],
)
def test_a_message_without_a_readable_time_is_shown(stored: dict[str, Any], trouble: str) -> None:
    message = one(CG, {"role": "user", "content": "c"} | stored)
    assert (message.content, message.sent_at, message.problems) == ("c", None, (trouble,))


@pytest.mark.parametrize("name", ["timestamp", "created_at", "createdAt", "sent_at"])
def test_names_for_the_time(name: str) -> None:
    assert one(CG, {"role": "user", "content": "c", name: AT}).sent_at == NOON


@pytest.mark.parametrize(
    "stored, read, problems",
    [
        ({"model": "m", "tool_calls": [{"name": "find"}]}, {"model": "m", "tool_calls": [{"name": "find"}]}, 0),
        ('{"model": "m", "tool_calls": [{"name": "find"}]}', {"model": "m", "tool_calls": [{"name": "find"}]}, 0),
        ('{"model": ', '{"model": ', 1),
        ("[" * 5_000, "[" * 5_000, 1),
        (None, None, 0),
        (12, 12, 0),
    ],
)
@pytest.mark.parametrize("reader", [AGENT, AI4AI])
def test_metadata_as_a_map_as_json_text_or_broken(reader: MessageReader, stored: Any, read: Any, problems: int) -> None:
    message = one(reader, GOOD | {"metadata": stored})
    assert (message.metadata, len(message.problems)) == (read, problems)
    assert [call.name for call in message.tool_calls] == (["find"] if isinstance(read, dict) else [])
    assert message.content == "hello"


def test_tool_calls_are_found_at_the_guides_place_and_beside_it() -> None:
    calls = [{"name": "find"}]
    for stored in (
        {"metadata": {"tool_calls": calls}},
        {"metadata": {"toolCalls": calls}},
        {"tool_calls": calls},
        {"toolCalls": json.dumps(calls)},
    ):
        assert [call.name for call in one(AGENT, GOOD | stored).tool_calls] == ["find"]


def test_what_no_part_takes_is_kept_in_extra() -> None:
    odd = {"locale": "de", "score": Decimal("0.10"), "nested": {"a": [b"\x01"]}}
    assert one(CG, GOOD | odd).extra == odd
    assert one(CG, GOOD).extra == {}


def test_a_known_attribute_of_the_wrong_type_is_not_lost() -> None:
    message = one(AGENT, GOOD | {"id": 17, "sessionId": "s", "metadata": {"a": 1}})
    assert (message.message_id, message.metadata) == ("17", {"a": 1})


# Order and response times


def drafts(*stamps: Any, roles: str = "") -> tuple[Message, ...]:
    rows = [
        {"id": str(n), "content": str(n), "role": {"u": "user", "a": "agent"}[roles[n]] if roles else "user", "timestamp": stamp}
        for n, stamp in enumerate(stamps)
    ]
    return AGENT.sequence(AGENT.draft(row, HERE) for row in rows)


def test_messages_of_a_table_are_ordered_by_their_times_whatever_their_form() -> None:
    found = drafts("2026-05-04T14:00:03+02:00", None, "1777896002", "2026-05-04T12:00:01", 1777896000000, "never")
    assert [m.content for m in found] == ["4", "3", "2", "0", "1", "5"]
    assert [m.position for m in found] == [1, 2, 3, 4, 5, 6]


def test_equal_times_have_one_order_whatever_the_index_gave() -> None:
    """The question of a second goes before its answer, and then the key decides."""
    rows = [("z", "user"), ("y", "agent"), ("b", "system"), ("a", "agent"), ("c", None), ("d", "Human")]
    items: list[dict[str, Any]] = [{"id": name, "content": name, "role": role, "timestamp": AT} for name, role in rows]
    for shuffled in (items, items[::-1], items[2:] + items[:2]):
        found = AGENT.sequence(AGENT.draft(item, Address("t", {"id": item["id"]})) for item in shuffled)
        assert [m.content for m in found] == ["b", "d", "z", "a", "c", "y"]


def test_messages_of_a_list_keep_its_order() -> None:
    stored = [GOOD | {"timestamp": f"2026-05-04T12:00:{n:02}Z", "content": str(n)} for n in (5, 1, 3)]
    found, trouble = CG.embedded(stored, HERE)
    assert ([m.content for m in found], trouble) == (["5", "1", "3"], ())


def test_response_times() -> None:
    at = [(NOON + timedelta(seconds=n)).isoformat() for n in (0, 2, 3, 10)]
    assert [m.response_seconds for m in drafts(*at, roles="uaaa")] == [None, 2, None, None]
    assert [m.response_seconds for m in drafts(*at, roles="uuau")] == [None, None, 1, None]
    assert [m.response_seconds for m in drafts(at[0], None, roles="ua")] == [None, None]
    before, _ = CG.embedded([GOOD, GOOD | {"role": "bot", "timestamp": "2026-05-04T11:00:00Z"}], HERE)
    assert [m.response_seconds for m in before] == [None, None], "an answer before its question took no time"


# The list inside of a conversation's item


@pytest.mark.parametrize(
    "stored, contents, trouble",
    [
        (None, [], 0),
        ([], [], 0),
        ([GOOD, GOOD], ["hello", "hello"], 0),
        (json.dumps([GOOD]), ["hello"], 0),
        ("[broken", [], 1),
        ("text", [], 1),
        ({"0": GOOD}, [], 1),
        (12, [], 1),
        (["plain text", 7, None, GOOD], ["plain text", "7", "", "hello"], 0),
    ],
)
def test_a_list_of_messages_of_any_kind(stored: Any, contents: list[str], trouble: int) -> None:
    found, said = CG.embedded(stored, HERE)
    assert ([m.content for m in found], len(said)) == (contents, trouble)
    assert all(m.problems for m in found if m.content != "hello")


STORED = st.recursive(
    st.none() | st.booleans() | st.text(max_size=8) | st.integers(-(10**14), 10**14) | st.decimals(-(10**9), 10**9) | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "name", "function", "x"]), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["role", "content", "timestamp", "metadata", "tool_calls", "id", "message_id", "sessionId", "text", "odd"])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.dictionaries(NAMES, STORED, max_size=6), max_size=4))
def test_no_item_breaks_a_reader(rows: list[dict[str, Any]]) -> None:
    for reader in (CG, AGENT, AI4AI):
        found = reader.sequence([reader.draft(row, HERE) for row in rows])
        assert len(found) == len(rows)
        assert all(isinstance(m.content, str) for m in found)
        assert len(reader.embedded(rows, HERE)[0]) == len(rows)
