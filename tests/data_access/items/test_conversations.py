"""Conversations and records from items in any state."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from data_access.items.conversations import ConversationReader, in_window
from data_access.models import Address, Conversation, Filter, Role
from data_access.systems.spec import built_in

READERS = {name: ConversationReader(system) for name, system in built_in().items()}
HERE = Address("table", {"conversation_id": "c", "user_id": "u"})
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
AT, LATER = "2026-05-04T12:00:00Z", "2026-05-04T12:10:00Z"


def turn(role: str, content: str, at: str | None = AT, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, "timestamp": at} | more


def cg(**item: Any) -> Conversation:
    reader = READERS["cg"]
    own = {"conversation_id": "c", "user_id": "u", "created_at": AT, "updated_at": LATER} | item
    return reader.conversation(own, HERE, *reader.embedded_messages(own, HERE))


def test_the_summary_of_a_conversation() -> None:
    calls = [{"tool": "find", "result": [1]}, {"tool": "book", "result": {"error": "no"}}, {"tool": "find", "result": [2]}]
    found = cg(
        title="T",
        message_count=99,
        messages=[turn("system", "s"), turn("user", "q"), turn("assistant", "a", tool_calls=calls), turn("user", "q2"), turn("bot", "a2")],
    )
    assert (found.title, found.message_count, found.first_user_message, found.last_assistant_message) == ("T", 5, "q", "a2")
    assert (found.tools, found.failed_tools) == (("find", "book"), ("book",))
    assert (found.started_at, found.last_activity_at, found.duration_seconds) == (NOON, NOON + timedelta(minutes=10), 600)
    assert (found.problems, found.extra, found.address) == ((), {}, HERE)


@pytest.mark.parametrize("missing", ["title", "message_count", "messages", "created_at", "updated_at"])
def test_what_is_missing_is_none_and_no_problem(missing: str) -> None:
    full: dict[str, Any] = {"title": "T", "message_count": 1, "messages": [turn("user", "q", LATER)]}
    found = cg(**full | {missing: None})
    assert not found.problems
    assert found.message_count == (0 if missing == "messages" else 1)
    assert found.title == (None if missing == "title" else "T")
    assert found.started_at == (NOON + timedelta(minutes=10) if missing == "created_at" else NOON)
    assert found.last_activity_at == NOON + timedelta(minutes=10)


@pytest.mark.parametrize(
    "item, started, last",
    [
        ({"created_at": None, "updated_at": None, "messages": [turn("user", "q"), turn("bot", "a", LATER)]}, 0, 10),
        ({"created_at": LATER, "updated_at": AT, "messages": [turn("user", "q"), turn("bot", "a", LATER)]}, 0, 10),
        ({"updated_at": None, "messages": []}, 0, 0),
        ({"created_at": None, "messages": []}, 10, 10),
        ({"created_at": "2026-05-04T12:00:00.4Z", "messages": [turn("user", "q")]}, 0.4 / 60, 10),
        ({"messages": [turn("user", "q", None)]}, 0, 10),
    ],
)
def test_times_that_are_missing_or_contradicted_come_from_the_messages(item: dict[str, Any], started: float, last: float) -> None:
    found = cg(**item)
    assert (found.started_at, found.last_activity_at) == (NOON + timedelta(minutes=started), NOON + timedelta(minutes=last))


def test_a_conversation_without_any_time() -> None:
    found = cg(created_at=None, updated_at=None, messages=[turn("user", "q", None)])
    assert (found.started_at, found.last_activity_at, found.duration_seconds) == (None, None, None)


@pytest.mark.parametrize(
    "item, words",
    [
        ({"created_at": "nonsense"}, "the time of its start cannot be read"),
        ({"updated_at": [1]}, "the time of its last activity cannot be read"),
        ({"messages": "{broken"}, "the messages cannot be read: it is broken JSON"),
        ({"messages": {"a": 1}}, "the messages cannot be read: they are not a list"),
        ({"conversation_id": None}, "there is no conversation id: its key stands for it"),
        ({"messages": [turn("narrator", "?"), turn("user", "q")]}, "1 of its messages is odd: the replay says how"),
        ({"messages": [turn("narrator", "?"), turn("user", "q", None)]}, "2 of its messages are odd: the replay says how"),
    ],
)
def test_a_bad_item_is_shown_with_its_problem_and_address(item: dict[str, Any], words: str) -> None:
    found = cg(**item)
    assert [problem.text for problem in found.problems] == [words]
    assert found.problems[0].address == HERE
    assert found.conversation_id == ("c/u" if "conversation_id" in item else "c")


def test_unknown_attributes_are_kept_exactly() -> None:
    extra = {"cost": Decimal("1E-130"), "big": int("9" * 38), "raw": b"\x00", "tags": ["a"], "nested": {"x": None}}
    assert cg(**extra).extra == extra


@pytest.mark.parametrize("stored, read", [({"a": 1}, {"a": 1}), ('{"a": 1}', {"a": 1}), ("{broken", "{broken")])
def test_metadata_of_a_session_is_kept_as_what_it_says(stored: Any, read: Any) -> None:
    found = READERS["ai_agent"].conversation({"id": "s", "tenantId": "t", "metadata": stored}, HERE, ())
    assert found.extra == {"metadata": read}
    assert bool(found.problems) == (read == "{broken")


def test_a_title_that_is_no_text_is_no_title() -> None:
    assert [cg(title=title).title for title in ("", 7, None, ["a"], "T")] == [None, None, None, None, "T"]


# Remo: one table for everything


REMO = READERS["remo"]
MEMORY = {"conversation_id": "conv", "conversation_start_time": "2026-05-04T12:00:00", "messages": [turn("user", "q")]}


@pytest.mark.parametrize(
    "kind, holds",
    [("conversation_memory", "conversation"), ("todo_data", "record"), ("something_new", "record"), (None, "record"), (7, "record")],
)
def test_what_an_item_is_by_its_type_of_data(kind: Any, holds: str) -> None:
    assert REMO.holds({"user_id": "u", "data_type": kind}) == holds


@pytest.mark.parametrize("data", [MEMORY, json.dumps(MEMORY)])
def test_a_memory_is_read_as_a_map_and_as_json_text(data: Any) -> None:
    item = {"user_id": "u", "data_type": "conversation_memory", "data": data, "ttl": 1_800_000_000}
    messages, trouble = REMO.embedded_messages(item, HERE)
    found = REMO.conversation(item, HERE, messages, trouble)
    assert (found.conversation_id, found.user_id, found.started_at, found.message_count) == ("conv", "u", NOON, 1)
    assert found.expires_at == datetime(2027, 1, 15, 8, tzinfo=UTC)
    assert not found.problems


@pytest.mark.parametrize("data", [None, "text", "{broken", 7, [], {}])
def test_a_memory_that_cannot_be_read_is_shown_by_its_key(data: Any) -> None:
    item = {"user_id": "u", "data_type": "conversation_memory", "data": data}
    messages, trouble = REMO.embedded_messages(item, Address("t", {"user_id": "u", "data_type": "conversation_memory"}))
    found = REMO.conversation(item, Address("t", {"user_id": "u", "data_type": "conversation_memory"}), messages, trouble)
    assert (found.conversation_id, found.message_count) == ("u/conversation_memory", 0)
    assert found.problems


def test_records() -> None:
    item = {"user_id": "u", "data_type": "todo_data", "data": {"todos": [1]}, "timestamp": "2026-05-04T12:00:00", "ttl": Decimal(0)}
    record = REMO.record(item, HERE)
    assert (record.kind, record.updated_at, record.data) == ("todo_data", NOON, {"todos": [1]})
    assert record.expires_at == datetime(1970, 1, 1, tzinfo=UTC)
    assert REMO.record({"user_id": "u"}, HERE).kind == "remo-user-data"


# Windows


@pytest.mark.parametrize(
    "started, last, since, until, there",
    [
        (0, 10, None, None, True),
        (0, 10, 10, None, True),
        (0, 10, 11, None, False),
        (0, 10, None, 0, False),
        (0, 10, None, 1, True),
        (0, 10, 3, 4, True),
        (5, 5, 5, 6, True),
        (None, None, 3, 4, True),
    ],
)
def test_windows_overlap_and_are_half_open(
    started: int | None, last: int | None, since: int | None, until: int | None, there: bool
) -> None:
    def at(minutes: int | None) -> datetime | None:
        return None if minutes is None else NOON + timedelta(minutes=minutes)

    found = replace(cg(messages=[]), started_at=at(started), last_activity_at=at(last))
    assert in_window(found, Filter("cg", since=at(since), until=at(until))) is there


def test_orphans_say_what_their_messages_say() -> None:
    reader = READERS["ai_agent"]
    rows = [
        {"id": str(n), "sessionId": "s", "tenantId": "t", "userId": "u", "role": "user", "content": str(n), "timestamp": AT}
        for n in range(2)
    ]
    messages = reader.messages.sequence(reader.messages.draft(row, HERE) for row in rows)
    found = reader.orphaned("s", rows[0], messages, "no session")
    assert (found.user_id, found.tenant_id, found.message_count, found.started_at) == ("u", "t", 2, NOON)
    assert [problem.text for problem in found.problems] == ["no session"]
    assert messages[0].role is Role.USER
