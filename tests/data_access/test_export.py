"""One conversation as Markdown and JSON: all of it, every digit, and names without a person in them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import simplejson

from data_access import export
from data_access.conversations import Replay
from data_access.dynamo.meter import Measured
from data_access.dynamo.plan import Plan
from data_access.models import Address, Conversation, Message, Role, ToolCall, ToolStatus

START = datetime(2026, 9, 14, 22, 30, 1, 250_000, tzinfo=UTC)
EXACT = Decimal("12345678901234567890.12345678901234567")


def replay_of(*messages: Message, conversation_id: str = "c-1", user_id: str | None = "user@example.org") -> Replay:
    end = START + timedelta(minutes=2)
    conversation = Conversation(
        "cg", conversation_id, user_id, None, "A *title*", START, end, len(messages), None, None, ("pay",), (), True, None,
        {"score": EXACT, "raw": b"\x00\xff"},
    )  # fmt: skip
    return Replay(conversation, messages, (), Plan(()), Measured(1, None, 1, 1, 0.1))


CALL = ToolCall("pay_`x`", {"amount": EXACT, "when": None}, "```\nrefused", ToolStatus.ERROR)
SAID = Message(1, Role.USER, "# Not a heading\nsecond line", START, (), None, "m1", None, Address("t", {"id": "m1"}))
ANSWER = Message(
    2, Role.ASSISTANT, "", START + timedelta(seconds=2.5), (CALL,), {"k": 1}, None, 2.5, Address("t", {"id": Decimal("1.10")}), {}, ("odd",)
)


def test_json_has_every_field_and_every_digit() -> None:
    text = export.as_json(replay_of(SAID, ANSWER)).decode()
    document = simplejson.loads(text, use_decimal=True)
    assert document["conversation"]["extra"] == {"score": EXACT, "raw": {"base64": "AP8="}}
    assert document["conversation"]["started_at"] == "2026-09-14T22:30:01.250Z"
    first, second = document["messages"]
    assert (first["role"], first["content"], first["position"]) == ("user", SAID.content, 1)
    assert second["tool_calls"][0] == {
        "name": CALL.name,
        "arguments": {"amount": EXACT, "when": None},
        "result": CALL.result,
        "status": "error",
    }
    assert str(second["address"]["key"]["id"]) == "1.10"
    json.loads(text)


def test_markdown_reads_as_the_conversation_in_the_zone_of_the_reader() -> None:
    text = export.as_markdown(replay_of(SAID, ANSWER), ZoneInfo("Asia/Tokyo")).decode()
    assert text.startswith("# A \\*title\\*\n\n- System: cg\n")
    assert "## 1. user · 2026-09-15 07:30:01+09:00\n\n> # Not a heading\n> second line\n" in text
    assert "## 2. assistant · 2026-09-15 07:30:03+09:00 · answered in 2.5 s\n\n*odd*" in text
    assert "**Tool: pay\\_\\`x\\`** (failed)" in text
    assert str(EXACT) in text
    assert "Result:\n\n````\n```\nrefused\n````" in text
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        line for line in text.splitlines() if re.match(r"#{1,2} \S", line)
    ]


def test_half_a_surrogate_pair_does_not_stop_a_download() -> None:
    odd = replace(SAID, content="\ud800 half")
    assert b"half" in export.as_markdown(replay_of(odd))
    assert b"half" in export.as_json(replay_of(odd))


@pytest.mark.parametrize(
    "stored,pattern",
    [
        ("5a3e1e00-0000-4000-8000-000000000001", r"cg-5a3e1e00-0000-4000-8000-000000000001\.md"),
        ("../../etc/passwd", r"cg-etc-passwd-[0-9a-f]{8}\.md"),
        ("conv_user@example.org_2026", r"cg-conv_+2026-[0-9a-f]{8}\.md"),
        ("نص", r"cg-[0-9a-f]{8}\.md"),
        ("x" * 300, r"cg-x{80}-[0-9a-f]{8}\.md"),
        ('a\nb"c;d', r"cg-a-b-c-d-[0-9a-f]{8}\.md"),
        ("\ud800", r"cg-[0-9a-f]{8}\.md"),
    ],
)
def test_file_names_are_safe_distinct_and_name_nobody(stored: str, pattern: str) -> None:
    conversation = replay_of(conversation_id=stored).conversation
    assert re.fullmatch(pattern, export.file_name(conversation, "md"))
    assert export.file_name(conversation, "json").endswith(".json")
    other = replace(conversation, conversation_id=stored + "!")
    assert export.file_name(other, "md") != export.file_name(conversation, "md")
