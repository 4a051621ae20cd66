"""Find in one conversation: text in any script, and all of its tool calls."""

from __future__ import annotations

from decimal import Decimal

import pytest

from data_access.models import Address, Message, Role, ToolCall, ToolStatus
from data_access.search_within import Hit, find_in


def message(position: int, content: str, *calls: ToolCall) -> Message:
    return Message(position, Role.USER, content, None, calls, None, None, None, Address("t", {}))


def test_hits_are_counted_by_turn_in_text_and_tools() -> None:
    call = ToolCall("refund_order", {"note": "Refund please", "amount": Decimal("1.50")}, "refund refused", ToolStatus.ERROR)
    messages = (message(1, "A refund? My REFUND!"), message(2, "No."), message(3, "", call))
    assert find_in(messages, "refund") == (Hit(1, 2, 0), Hit(3, 0, 3))
    assert find_in(messages, "1.50") == (Hit(3, 0, 1),)
    assert find_in(messages, "refund")[1].count == 3


@pytest.mark.parametrize(
    "text,wanted",
    [
        ("Die STRASSE ist lang", "straße"),
        ("ﬁnal", "final"),
        ("Cafe\u0301", "CAFÉ"),
        ("Ｔｏｋｙｏ", "tokyo"),
        ("مرحبا بالعالم", "بالعالم"),
        ("我要退款", "退款"),
        ("one\n  two", "one two"),
        ("İstanbul", "i̇stanbul"),
    ],
)
def test_case_width_and_composition_do_not_matter(text: str, wanted: str) -> None:
    assert find_in((message(7, text),), wanted) == (Hit(7, 1, 0),)


@pytest.mark.parametrize("wanted", ["", "   ", "absent", "[", ".*"])
def test_nothing_is_found_where_nothing_is(wanted: str) -> None:
    assert find_in((message(1, "some words"),), wanted) == ()
