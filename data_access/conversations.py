"""List conversations and replay one: the product's main job, over any layout.

A list and a replay follow their plan step by step, then measure what they read. Items that cannot be understood are
shown as bad, with their address; none is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from data_access.dynamo.aws import Source
from data_access.dynamo.collector import rare_collections
from data_access.dynamo.meter import Measured
from data_access.dynamo.plan import Plan
from data_access.dynamo.planner import plan_list, plan_replay
from data_access.dynamo.sizes import Sizes
from data_access.errors import Ambiguous, NotFound
from data_access.gathering import Gathering, StoredItem
from data_access.items.conversations import in_window
from data_access.models import Conversation, Filter, Message, Problem

__all__ = ["Listing", "Replay", "StoredItem", "list_conversations", "plan_list", "plan_replay", "replay"]

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Listing:
    """Conversations, newest activity first; `problems` are items that belong to none."""

    conversations: tuple[Conversation, ...]
    plan: Plan
    measured: Measured
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Replay:
    """One conversation with its messages in order and the items that it was read from."""

    conversation: Conversation
    messages: tuple[Message, ...]
    items: tuple[StoredItem, ...]
    plan: Plan
    measured: Measured


def list_conversations(
    source: Source, wanted: Filter, *, allow_scan: bool = False, sizes: Sizes | None = None, tenants: frozenset[str] | None = None
) -> Listing:
    """Every conversation that the filter names, newest activity first. `sizes` price its plan where they are known.

    With `tenants` there are only those of these tenants: what else is read is left out and counted as nothing, and so are
    problems of items that belong to no conversation, since nobody knows whose they are.

    Raises UsageError, ScanRefused (a Scan above the budget, unless `allow_scan`) and AwsError.
    """
    plan = plan_list(source, wanted, sizes)
    gathered = Gathering(source, wanted)
    gathered.run(plan, allow_scan=allow_scan)
    with rare_collections():
        found = [
            conversation
            for conversation, _ in gathered.conversations()
            if in_window(conversation, wanted) and (tenants is None or conversation.tenant_id in tenants)
        ]
    problems = tuple(gathered.problems) if tenants is None else ()
    return Listing(newest_first(found), plan, gathered.reader.meter.measured(), problems)


def newest_first(conversations: Iterable[Conversation]) -> tuple[Conversation, ...]:
    """By the latest activity; one without a time comes last."""
    return tuple(sorted(conversations, key=lambda c: (c.last_activity_at or _NEVER, c.conversation_id), reverse=True))


def replay(
    source: Source, wanted: Filter, *, allow_scan: bool = False, sizes: Sizes | None = None, tenants: frozenset[str] | None = None
) -> Replay:
    """One conversation with all its messages; a window in the filter narrows the messages.

    With `tenants` there are only those of these tenants: another one's is not found.

    Raises NotFound, Ambiguous (several users' conversations have the id), UsageError, ScanRefused and AwsError.
    """
    plan = plan_replay(source, wanted, sizes)
    gathered = Gathering(source, wanted, keep_items=True)
    gathered.run(plan, allow_scan=allow_scan)
    found = [
        pair
        for pair in gathered.conversations()
        if pair[0].conversation_id == wanted.conversation_id and (tenants is None or pair[0].tenant_id in tenants)
    ]
    if not found:
        raise not_found(source, wanted)
    if len(found) > 1:
        raise Ambiguous(
            f"{len(found)} conversations of {source.title} have this id.",
            "Say whose it is: give the user, and the tenant where there are tenants.",
            candidates=[conversation for conversation, _ in found],
        )
    conversation, messages = found[0]
    shown = messages if wanted.since is None and wanted.until is None else _within(messages, wanted)
    # Another tenant's messages can have the same session id: they were read, and are not this conversation's.
    own = {id(conversation.address), *(id(message.address) for message in messages)}
    items = tuple(item for item in gathered.items if id(item.address) in own)
    return Replay(conversation, shown, items, plan, gathered.reader.meter.measured())


def not_found(source: Source, wanted: Filter) -> NotFound:
    """The same words whether there is none, or none for who asks."""
    return NotFound(
        f"{source.title} has no conversation with this id{' for this user' if wanted.user_id else ''}.",
        "Check the id and the system; it may have been deleted, or its time to live may have passed.",
    )


def _within(messages: Iterable[Message], wanted: Filter) -> tuple[Message, ...]:
    """The messages of the window, counted from 1: how many came before it was not read. One without a time is in every window."""
    found = (m for m in messages if m.sent_at is None or (_after(m.sent_at, wanted.since) and _before(m.sent_at, wanted.until)))
    return tuple(replace(message, position=position) for position, message in enumerate(found, start=1))


def _after(when: datetime, since: datetime | None) -> bool:
    return since is None or when >= since


def _before(when: datetime, until: datetime | None) -> bool:
    return until is None or when < until
