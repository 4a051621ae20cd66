"""Live tables that differ from their guides, mixed in one table: every item is shown, and every bad one says so."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from data_access.conversations import list_conversations, replay
from data_access.errors import Ambiguous
from data_access.items.values import to_json
from data_access.models import Filter, Role
from data_access.systems.spec import parse
from tests.data_access.conftest import OpenSource
from tests.data_access.layouts import BASE, Item, create, iso, items, put, talks

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SAID, CG, REMO, POSTS = "ai-agent-messages", "cg-chatbot-conversations", "remo-user-data", "helpdesk-posts"
NINES = Decimal("9" * 38)
SECONDS = int(BASE.timestamp())
EXACT: Item = {
    "nines": NINES,
    "tiny": Decimal("1E-130"),
    "bytes": b"\x00\xff",
    "words": {"a", "b"},
    "numbers": {Decimal("0.10"), Decimal(3)},
    "deep": {"list": [1, {"map": None}], "flag": False},
}
# What is odd about a message, what is shown of it, and whether that is a problem.
ODD: list[tuple[Item, str, bool]] = [
    ({"role": "human", "content": "plain"}, "plain", False),
    ({"role": "ai", "content": ["a", {"text": "b"}]}, "a\n\nb", True),
    ({"role": "bot", "content": 42}, "42", True),
    ({"role": "agent", "content": {"text": "inside"}}, "inside", True),
    ({"role": "narrator", "content": "who?"}, "who?", True),
    ({"content": "no role"}, "no role", True),
    ({"role": "user"}, "", True),
    ({"role": "user", "content": b"\x01"}, '{"base64": "AQ=="}', True),
    ({"role": "user", "content": "", "extra": EXACT}, "", False),
    ({"role": "user", "content": "map", "metadata": {"tool_calls": [{"name": "t"}]}}, "map", False),
    ({"role": "user", "content": "json", "metadata": json.dumps({"tool_calls": [{"name": "t"}]})}, "json", False),
    ({"role": "user", "content": "broken", "metadata": '{"tool_calls": ['}, "broken", True),
    ({"role": "user", "content": "half", "metadata": '{"a": "\\ud83d"}'}, "half", False),
]


def seconds_apart(n: int) -> str:
    return iso(BASE.replace(minute=n // 60, second=n % 60))


def test_messages_of_every_kind_in_one_table(dynamodb: DynamoDBClient, open_source: OpenSource) -> None:
    create(dynamodb, "ai_agent")
    good = talks("ai_agent")[1]
    put(dynamodb, list(items(good)))
    base = {"tenantId": "t", "userId": "u", "sessionId": "odd"}
    put(dynamodb, [("ai-agent-sessions", {"id": "odd", "tenantId": "t", "userId": "u"})])
    put(
        dynamodb,
        [(SAID, base | {"id": f"m{n:02}", "timestamp": seconds_apart(n)} | row) for n, (row, _, _) in enumerate(ODD)],
    )
    source = open_source("ai_agent")
    found = replay(source, Filter("ai_agent", "u", "t", conversation_id="odd"))
    assert [(m.message_id, m.content, bool(m.problems)) for m in found.messages] == [
        (f"m{n:02}", shown, bad) for n, (_, shown, bad) in enumerate(ODD)
    ]
    assert all(m.address.key == {"id": m.message_id} for m in found.messages)
    exact = found.messages[8].extra["extra"]
    assert (exact["nines"], exact["tiny"], exact["bytes"]) == (int(NINES), Decimal("1E-130"), b"\x00\xff")
    assert (sorted(exact["words"]), sorted(exact["numbers"])) == (["a", "b"], [Decimal("0.1"), 3])
    assert exact["deep"] == {"list": [1, {"map": None}], "flag": False}
    assert [call.name for m in found.messages for call in m.tool_calls] == ["t", "t"]
    assert to_json([m.metadata for m in found.messages]).encode()
    for who in ({}, {"user_id": "u"}, {"tenant_id": "t"}, {"user_id": "u", "tenant_id": "t"}):
        (one,) = [c for c in list_conversations(source, replace(Filter("ai_agent"), **who)).conversations if c.conversation_id == "odd"]
        assert (one.message_count, one.last_assistant_message) == (len(ODD), "no role")
        assert f"{sum(bad for *_, bad in ODD)} of its messages are odd" in one.problems[-1].text
    assert len(list_conversations(source, Filter("ai_agent")).conversations) == 2


TIMES: list[tuple[Any, bool]] = [
    (seconds_apart(0), True),
    (seconds_apart(1).removesuffix("Z"), True),
    ("2026-05-04T10:00:02+02:00", True),
    ("2026-05-04T08:00:03.123456789Z", True),
    (SECONDS + 4, True),
    ((SECONDS + 5) * 1000, True),
    (str(SECONDS + 6), True),
    (str((SECONDS + 7) * 1000), True),
    (Decimal(f"{SECONDS + 8}.25"), True),
    (None, False),
    ("nonsense", False),
    ([1], False),
]


@pytest.mark.parametrize("system", ["cg", "remo"])
def test_times_of_every_kind_in_one_list(dynamodb: DynamoDBClient, open_source: OpenSource, system: str) -> None:
    create(dynamodb, system)
    rows = [{"role": "user", "content": str(n)} | ({"timestamp": when} if when is not None else {}) for n, (when, _) in enumerate(TIMES)]
    if system == "cg":
        put(
            dynamodb,
            [(CG, {"conversation_id": "c", "user_id": "u", "created_at": seconds_apart(0), "messages": rows})],
        )
    else:
        data = {"conversation_id": "c", "messages": rows}
        put(dynamodb, [(REMO, {"user_id": "u", "data_type": "conversation_memory", "data": data})])
    found = replay(open_source(system), Filter(system, "u", conversation_id="c"))
    assert [(m.content, m.sent_at is not None, not m.problems) for m in found.messages] == [
        (str(n), ok, ok) for n, (_, ok) in enumerate(TIMES)
    ]
    assert [int(m.sent_at.timestamp()) - SECONDS for m in found.messages if m.sent_at] == list(range(9))
    assert found.conversation.duration_seconds == 8.25


def test_messages_without_a_time_are_seen_by_a_scan(dynamodb: DynamoDBClient, open_source: OpenSource) -> None:
    """An item without the sort key of an index is not in the index: only reading the whole table finds it."""
    create(dynamodb, "ai_agent")
    own = {"tenantId": "t", "role": "user", "content": "x"}
    put(dynamodb, [("ai-agent-sessions", {"id": "s", "tenantId": "t", "userId": "u", "createdAt": iso(BASE)})])
    put(
        dynamodb,
        [(SAID, own | {"id": "m1", "sessionId": "s"}), (SAID, own | {"id": "m2", "timestamp": iso(BASE)})],
    )
    put(dynamodb, [(SAID, own | {"id": "m3", "sessionId": "s", "timestamp": "nonsense"})])
    listing = list_conversations(open_source("ai_agent"), Filter("ai_agent"))
    (one,) = listing.conversations
    assert (one.message_count, one.started_at) == (2, BASE)
    (lost,) = listing.problems
    assert "belongs to no conversation" in lost.text
    assert lost.address is not None
    assert (lost.address.table, lost.address.key) == (SAID, {"id": "m2"})


ODD_MEMORIES: dict[str, Any] = {
    "json": json.dumps({"conversation_id": "in-json", "messages": [{"role": "user", "content": "hi"}]}),
    "number": {"conversation_id": 20261104, "messages": [{"role": "user", "content": "hi"}]},
    "nameless": {"messages": [{"role": "user", "content": "hi"}]},
    "text": "not json",
    "list": [1, 2],
    "messages as json": {"conversation_id": "m", "messages": json.dumps([{"role": "user", "content": "hi"}])},
    "messages as map": {"conversation_id": "mm", "messages": {"a": 1}},
    "empty": {},
    "good": {"conversation_id": "good", "messages": [{"role": "user", "content": "hi", "timestamp": iso(BASE, "")}]},
}


def test_every_memory_is_listed_and_can_be_opened(dynamodb: DynamoDBClient, open_source: OpenSource) -> None:
    create(dynamodb, "remo")
    for user, data in ODD_MEMORIES.items():
        put(dynamodb, [(REMO, {"user_id": user, "data_type": "conversation_memory", "data": data})])
    put(dynamodb, [(REMO, {"user_id": "none", "data_type": "conversation_memory"})])
    put(dynamodb, [(REMO, {"user_id": "good", "data_type": "never_heard_of", "data": {"x": 1}})])
    source = open_source("remo")
    found = {one.user_id: one for one in list_conversations(source, Filter("remo")).conversations}
    assert set(found) == {*ODD_MEMORIES, "none"}
    shown = {user: one.first_user_message for user, one in found.items()}
    assert {user for user, said in shown.items() if said == "hi"} == {"json", "number", "nameless", "messages as json", "good"}
    for user, one in found.items():
        assert bool(one.problems) == (user != "good")
        assert (one.address.key if one.address else None) == {"user_id": user, "data_type": "conversation_memory"}
        again = replay(source, Filter("remo", user, conversation_id=one.conversation_id))
        assert again.conversation == one
        (alone,) = list_conversations(source, Filter("remo", user)).conversations
        assert (alone.conversation_id, alone.problems) == (one.conversation_id, one.problems)


def test_an_odd_conversation_of_cg_hides_none(dynamodb: DynamoDBClient, open_source: OpenSource) -> None:
    create(dynamodb, "cg")
    key = {"conversation_id": "c", "created_at": iso(BASE)}
    rows: dict[str, Item] = {
        "no messages": {},
        "text": {"messages": "text"},
        "odd start": {"created_at": "yesterday"},
        "odd count": {"message_count": "many", "messages": []},
        "title": {"title": 7, "messages": [{"role": "user", "content": "q"}]},
        "exact": EXACT,
    }
    put(dynamodb, [(CG, key | {"user_id": user} | row) for user, row in rows.items()])
    source = open_source("cg")
    assert {one.user_id for one in list_conversations(source, Filter("cg")).conversations} == set(rows)
    for user in rows:
        (one,) = list_conversations(source, Filter("cg", user)).conversations
        assert bool(one.problems) == (user in ("text", "odd start", "title"))
        assert replay(source, Filter("cg", user, conversation_id="c")).conversation.user_id == user
    with pytest.raises(Ambiguous) as caught:
        replay(source, Filter("cg", conversation_id="c"))
    assert len(caught.value.candidates) == len(rows)
    (exact,) = list_conversations(source, Filter("cg", "exact")).conversations
    assert (exact.extra["nines"], exact.extra["tiny"], exact.extra["bytes"]) == (int(NINES), Decimal("1E-130"), b"\x00\xff")


# A fifth chatbot


HELPDESK = """
id = "helpdesk"
title = "Helpdesk"

[tables.threads]
name = "helpdesk-threads"
holds = "conversation"
partition_key = "account"
sort_key = "thread"
[tables.threads.attributes]
account = { type = "S", part = "user_id" }
thread = { type = "S", part = "conversation_id" }
opened = { type = "N", part = "started_at" }
"about.subject" = { type = "S", part = "title" }

[tables.posts]
name = "helpdesk-posts"
holds = "message"
partition_key = "thread"
sort_key = "at"
[tables.posts.attributes]
thread = { type = "S", part = "conversation_id" }
at = { type = "S", part = "sent_at", utc = true }
who = { type = "S", part = "role" }
"body.text" = { type = "S", part = "content" }
actions = { type = "L", part = "tool_calls" }

[tool_call]
action = { type = "S", part = "name" }
given = { type = "M", part = "arguments" }
got = { type = "M", part = "result" }
"""


def test_a_fifth_chatbot_is_a_file_alone(dynamodb: DynamoDBClient, open_source: OpenSource) -> None:
    from data_access.systems.create import create_tables

    source = open_source(parse(HELPDESK, "helpdesk.toml"))
    create_tables(source)
    for thread in ("a", "b"):
        row = {"account": "u", "thread": thread, "opened": SECONDS, "about": {"subject": f"S {thread}", "kind": "odd"}}
        put(dynamodb, [("helpdesk-threads", row)])
        actions = [{"action": "refund", "given": {"sum": Decimal("1.50")}, "got": {"error": "no"}}]
        posts = [("customer", "q", []), ("bot", "a", actions), ("customer", "thanks", [])]
        for n, (who, text, done) in enumerate(posts):
            put(
                dynamodb,
                [(POSTS, {"thread": thread, "at": seconds_apart(n), "who": who, "body": {"text": text}, "actions": done})],
            )
    found = list_conversations(source, Filter("helpdesk", "u")).conversations
    assert sorted((c.conversation_id, c.title, c.message_count, c.failed_tools) for c in found) == [
        ("a", "S a", 3, ("refund",)),
        ("b", "S b", 3, ("refund",)),
    ]
    assert not any(one.problems for one in found)
    again = replay(source, Filter("helpdesk", "u", conversation_id="b"))
    assert [(m.role, m.content) for m in again.messages] == [(Role.USER, "q"), (Role.ASSISTANT, "a"), (Role.USER, "thanks")]
    assert again.messages[1].tool_calls[0].arguments == {"sum": Decimal("1.5")}
