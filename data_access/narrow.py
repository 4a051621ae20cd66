"""Which of the conversations that were read are wanted, and in what order: tools, failures, length, duration.

DynamoDB has no key for any of this, so it is done on what a filter has found already, and costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from data_access.errors import UsageError
from data_access.models import Conversation


@dataclass(frozen=True, slots=True)
class Narrow:
    """What a conversation must be like; the default wants all of them.

    Several tools in one field mean any of them. `failed` is True for conversations with a failed tool call, False for
    those without. Lengths are in messages, durations in seconds, both ends included; a conversation whose duration is
    not known fits no bound on it.
    """

    tools: frozenset[str] = frozenset()
    without_tools: frozenset[str] = frozenset()
    failed_tools: frozenset[str] = frozenset()
    failed: bool | None = None
    without_users: frozenset[str] = frozenset()
    messages_from: int | None = None
    messages_to: int | None = None
    seconds_from: float | None = None
    seconds_to: float | None = None

    @property
    def wants_all(self) -> bool:
        return self == Narrow()


def narrow(conversations: Iterable[Conversation], wanted: Narrow) -> tuple[Conversation, ...]:
    """Those that fit, in the order in which they came. Raises UsageError for a bound from above to."""
    _check(wanted)
    return tuple(one for one in conversations if _fits(one, wanted))


def _check(wanted: Narrow) -> None:
    pairs = (("length", wanted.messages_from, wanted.messages_to), ("duration", wanted.seconds_from, wanted.seconds_to))
    for name, low, high in pairs:
        if low is not None and high is not None and low > high:
            raise UsageError(f"The smallest {name} is above the largest.", "Exchange the two, or leave one out.")


def _fits(one: Conversation, wanted: Narrow) -> bool:
    tools, failed = frozenset(one.tools), frozenset(one.failed_tools)
    if wanted.tools and not wanted.tools & tools:
        return False
    if wanted.without_tools & tools:
        return False
    if wanted.failed_tools and not wanted.failed_tools & failed:
        return False
    if wanted.failed is not None and wanted.failed != bool(failed):
        return False
    if one.user_id is not None and one.user_id in wanted.without_users:
        return False
    return _between(one.message_count, wanted.messages_from, wanted.messages_to) and _between(
        one.duration_seconds, wanted.seconds_from, wanted.seconds_to
    )


def _between(value: float | None, low: float | None, high: float | None) -> bool:
    if value is None:
        return low is None and high is None
    return (low is None or value >= low) and (high is None or value <= high)


class Order(StrEnum):
    """How a list is sorted. What has no value to sort by comes last, either way."""

    LATEST = "latest"
    EARLIEST = "earliest"
    STARTED = "started"
    LONGEST = "longest"
    MESSAGES = "messages"
    FAILED = "failed"
    USER = "user"


def ordered(conversations: Iterable[Conversation], by: Order) -> tuple[Conversation, ...]:
    """Sorted; conversations that are equal in it keep their order."""
    key, descending = _KEYS[by]
    known: list[Conversation] = []
    unknown: list[Conversation] = []
    for one in conversations:
        (unknown if key(one) is None else known).append(one)
    known.sort(key=lambda one: _value(key(one)), reverse=descending)
    return (*known, *unknown)


_Value = datetime | float | str | None
_KEYS: dict[Order, tuple[Callable[[Conversation], _Value], bool]] = {
    Order.LATEST: (lambda one: one.last_activity_at, True),
    Order.EARLIEST: (lambda one: one.last_activity_at, False),
    Order.STARTED: (lambda one: one.started_at, True),
    Order.LONGEST: (lambda one: one.duration_seconds, True),
    Order.MESSAGES: (lambda one: one.message_count, True),
    Order.FAILED: (lambda one: len(one.failed_tools), True),
    Order.USER: (lambda one: one.user_id, False),
}


def _value(found: _Value) -> float | str:
    return found.timestamp() if isinstance(found, datetime) else found if found is not None else ""
