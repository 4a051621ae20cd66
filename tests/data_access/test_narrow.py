"""Narrowing and sorting what was read: pure functions on frozen conversations."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from data_access.errors import UsageError
from data_access.models import Conversation
from data_access.narrow import Narrow, Order, narrow, ordered

START = datetime(2026, 11, 1, 10, tzinfo=UTC)
BASE = Conversation(
    system="cg",
    conversation_id="base",
    user_id="alice",
    tenant_id=None,
    title=None,
    started_at=START,
    last_activity_at=START + timedelta(minutes=10),
    message_count=4,
    first_user_message=None,
    last_assistant_message=None,
    tools=("search", "book"),
    failed_tools=("book",),
    is_active=None,
    expires_at=None,
)
QUIET = replace(BASE, conversation_id="quiet", user_id="bob", tools=(), failed_tools=(), message_count=2)
LONG = replace(
    BASE,
    conversation_id="long",
    user_id=None,
    tools=("search",),
    failed_tools=(),
    message_count=2_000,
    last_activity_at=START + timedelta(days=3),
)
TIMELESS = replace(BASE, conversation_id="timeless", user_id="carol", started_at=None, last_activity_at=None, message_count=0)
ALL = (BASE, QUIET, LONG, TIMELESS)


def ids(found: tuple[Conversation, ...]) -> list[str]:
    return [one.conversation_id for one in found]


@pytest.mark.parametrize(
    "wanted, left",
    [
        (Narrow(), ["base", "quiet", "long", "timeless"]),
        (Narrow(tools=frozenset({"search"})), ["base", "long", "timeless"]),
        (Narrow(tools=frozenset({"search", "no such tool"})), ["base", "long", "timeless"]),
        (Narrow(without_tools=frozenset({"book"})), ["quiet", "long"]),
        (Narrow(tools=frozenset({"search"}), without_tools=frozenset({"book"})), ["long"]),
        (Narrow(failed_tools=frozenset({"book"})), ["base", "timeless"]),
        (Narrow(failed_tools=frozenset({"search"})), []),
        (Narrow(failed=True), ["base", "timeless"]),
        (Narrow(failed=False), ["quiet", "long"]),
        (Narrow(without_users=frozenset({"alice", "bob"})), ["long", "timeless"]),
        (Narrow(messages_from=2, messages_to=4), ["base", "quiet"]),
        (Narrow(messages_to=0), ["timeless"]),
        (Narrow(seconds_from=600), ["base", "quiet", "long"]),
        (Narrow(seconds_to=600), ["base", "quiet"]),
        (Narrow(seconds_from=0), ["base", "quiet", "long"]),
    ],
)
def test_narrow(wanted: Narrow, left: list[str]) -> None:
    assert ids(narrow(ALL, wanted)) == left


def test_the_default_wants_all() -> None:
    assert Narrow().wants_all
    assert not Narrow(failed=False).wants_all


@pytest.mark.parametrize("wanted", [Narrow(messages_from=3, messages_to=2), Narrow(seconds_from=1, seconds_to=0.5)])
def test_bounds_the_wrong_way_round(wanted: Narrow) -> None:
    with pytest.raises(UsageError, match="is above the largest"):
        narrow(ALL, wanted)


@pytest.mark.parametrize(
    "by, order",
    [
        (Order.LATEST, ["long", "base", "quiet", "timeless"]),
        (Order.EARLIEST, ["base", "quiet", "long", "timeless"]),
        (Order.STARTED, ["base", "quiet", "long", "timeless"]),
        (Order.LONGEST, ["long", "base", "quiet", "timeless"]),
        (Order.MESSAGES, ["long", "base", "quiet", "timeless"]),
        (Order.FAILED, ["base", "timeless", "quiet", "long"]),
        (Order.USER, ["base", "quiet", "timeless", "long"]),
    ],
)
def test_what_has_no_value_comes_last_and_equals_keep_their_order(by: Order, order: list[str]) -> None:
    assert ids(ordered(ALL, by)) == order
