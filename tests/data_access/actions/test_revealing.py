"""Revealing one conversation: audited first, for one sign-in, and nothing without it; and what is masked until then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from data_access import conversations as reader
from data_access.access.permissions import PERMISSIONS, Action, Role
from data_access.access.viewer import Limits
from data_access.actions.conversations import list_conversations, replay
from data_access.actions.revealing import Grant, Reason, check_grant, replay_revealed, reveal
from data_access.audit.events import Revealed
from data_access.conversations import Replay
from data_access.erasure.keys import Keys
from data_access.errors import Ambiguous, AuditError, Denied, KeyFileError, UsageError
from data_access.masking.masker import CARD, EMAIL, PHONE
from data_access.models import Conversation, Filter
from tests.data_access.actions.asked_by import Book, asking, kinds
from tests.data_access.actions.viewers import OWN, World, build

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEYS = Keys(b"h" * 32, b"s" * 32)
MAIL, PHONE_NUMBER, CARD_NUMBER = "anna@example.org", "+1 212 555 0123", "4111 1111 1111 1111"
SECRETS = (MAIL, PHONE_NUMBER, CARD_NUMBER, "4111111111111111")
TABLE = "cg-chatbot-conversations"
ASKED = Filter("cg", conversation_id="private")


def hashed(one: Conversation) -> str:
    return KEYS.conversation(one.system, one.conversation_id, one.user_id, one.tenant_id)


@pytest.fixture
def world(dynamodb: DynamoDBClient, endpoint: str, tmp_path: Path) -> Iterator[World]:
    made = build(dynamodb, endpoint, tmp_path)
    for user, name in ((MAIL, "private"), ("bob", "other")):
        turns: list[Any] = [
            {
                "M": {
                    "role": {"S": "user"},
                    "content": {"S": f"I am {MAIL}, call {PHONE_NUMBER}"},
                    "timestamp": {"S": "2026-11-10T10:00:00Z"},
                }
            },
            {
                "M": {
                    "role": {"S": "assistant"},
                    "content": {"S": json.dumps({"card": 4111111111111111})},
                    "timestamp": {"S": "2026-11-10T10:01:00Z"},
                    "tool_calls": {"L": [{"M": {"tool": {"S": "pay"}, "args": {"M": {"card": {"S": CARD_NUMBER}}}}}]},
                }
            },
        ]
        dynamodb.put_item(
            TableName=TABLE,
            Item={
                "conversation_id": {"S": name},
                "user_id": {"S": user},
                "title": {"S": f"For {MAIL}"},
                "messages": {"L": turns},
                "created_at": {"S": "2026-11-10T10:00:00Z"},
                "updated_at": {"S": "2026-11-10T10:01:00Z"},
            },
        )
    yield made
    for source in made.sources.values():
        source.client.close()


def stored(world: World) -> Replay:
    return reader.replay(world.sources["cg"], ASKED)


def texts(found: Replay) -> str:
    """All that a page can show of it but the ids."""
    turns = [(one.content, one.tool_calls, one.metadata, one.extra) for one in found.messages]
    named = (found.conversation.title, found.conversation.first_user_message, found.conversation.last_assistant_message)
    return repr((named, found.conversation.extra, turns, [item.wire for item in found.items]))


def test_a_list_and_a_replay_are_masked_for_whoever_signed_in(world: World) -> None:
    for role in PERMISSIONS[Action.REPLAY]:
        by = asking(Book(), role)
        found = replay(by, world.settings, world.sources, ASKED)
        assert not any(secret in texts(found) for secret in SECRETS)
        assert found.messages[0].content == f"I am {EMAIL}, call {PHONE}"
        assert json.loads(found.messages[1].content) == {"card": CARD}
        assert found.conversation.user_id == MAIL  # what is looked up with it must be it: pages show another
        listing = list_conversations(by, world.settings, world.sources, Filter("cg"), allow_scan=True)
        assert not any(secret in repr([(one.title, one.first_user_message) for one in listing.conversations]) for secret in SECRETS)


def test_several_with_one_id_are_masked_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def ambiguous(*_: Any, **__: Any) -> Replay:
        raise Ambiguous("Two.", candidates=[stored_one])

    stored_one = stored(world).conversation
    monkeypatch.setattr(reader, "replay", ambiguous)
    with pytest.raises(Ambiguous) as caught:
        replay(asking(Book(), Role.REVIEWER), world.settings, world.sources, ASKED)
    assert caught.value.candidates[0].first_user_message == f"I am {EMAIL}, call {PHONE}"


@pytest.mark.parametrize("reason", Reason)
def test_it_is_in_the_audit_before_it_is_seen(world: World, reason: Reason) -> None:
    book = Book()
    by = asking(book, Role.SUPPORT)
    masked = replay(by, world.settings, world.sources, ASKED)
    grant = reveal(by, world.sources, masked.conversation, reason, hashed=hashed)
    assert book.events == [Revealed(by.viewer.actor, "cg", hashed(masked.conversation), reason.value)]
    assert MAIL not in repr(book.events)
    found = replay_revealed(by, world.settings, world.sources, ASKED, grant, hashed=hashed)
    assert (found.conversation, found.messages) == (stored(world).conversation, stored(world).messages)
    assert [item.wire for item in found.items] == [item.wire for item in stored(world).items]
    assert kinds(book.events) == ["Revealed"]


@pytest.mark.parametrize("error", [AuditError("It cannot be written."), KeyFileError("The key is gone.")])
def test_what_cannot_be_audited_is_not_revealed(world: World, error: Exception) -> None:
    by = asking(Book(error), Role.ADMIN)
    with pytest.raises(type(error)):
        reveal(by, world.sources, stored(world).conversation, Reason.LEGAL, hashed=hashed)

    def gone(_: Conversation) -> str:
        raise error

    book = Book()
    with pytest.raises(type(error)):
        reveal(asking(book, Role.ADMIN), world.sources, stored(world).conversation, Reason.LEGAL, hashed=gone)
    assert not book.events


@pytest.mark.parametrize("role", [role for role in Role if role not in PERMISSIONS[Action.REVEAL]])
def test_who_may_not_is_denied_and_it_is_audited(world: World, role: Role) -> None:
    book = Book()
    one = stored(world).conversation
    with pytest.raises(Denied):
        reveal(asking(book, role), world.sources, one, Reason.SUPPORT, hashed=hashed)
    forged = Grant(hashed(one), Reason.SUPPORT, asking(book, role).viewer.actor, "session")
    with pytest.raises(Denied):
        replay_revealed(asking(book, role), world.settings, world.sources, ASKED, forged, hashed=hashed)
    assert [event.action for event in book.events] == ["reveal", "reveal"]


def test_a_grant_is_for_one_conversation_of_one_sign_in(world: World) -> None:
    book = Book()
    by = asking(book, Role.SUPPORT)
    grant = reveal(by, world.sources, stored(world).conversation, Reason.FAULT, hashed=hashed)
    with pytest.raises(Denied, match="not the conversation"):
        replay_revealed(by, world.settings, world.sources, replace(ASKED, conversation_id="other"), grant, hashed=hashed)
    for other in (
        asking(book, Role.SUPPORT, person="b" * 16),
        replace(by, viewer=replace(by.viewer, session="a later one")),
        replace(by, viewer=replace(by.viewer, roles=frozenset({Role.REVIEWER}))),
    ):
        assert not grant.is_of(other.viewer)
        with pytest.raises(Denied):
            check_grant(other, grant)
        with pytest.raises(Denied):
            replay_revealed(other, world.settings, world.sources, ASKED, grant, hashed=hashed)
    assert check_grant(by, grant) is None


def test_limits_hold_for_a_reveal_too(world: World) -> None:
    one = stored(world).conversation
    narrow = asking(Book(), Role.SUPPORT, limits=Limits(frozenset({"remo"}), None))
    with pytest.raises(UsageError, match="no such system"):
        reveal(narrow, world.sources, one, Reason.SAFETY, hashed=hashed)
    tenant = asking(Book(), Role.SUPPORT, limits=Limits(None, frozenset({OWN})))
    with pytest.raises(Denied, match="tenant"):
        reveal(tenant, world.sources, replace(one, system="ai_agent", tenant_id="foreign"), Reason.SAFETY, hashed=hashed)


def test_a_reason_is_one_of_the_list(world: World) -> None:
    book = Book()
    anything: Any = "because"
    with pytest.raises(ValueError, match="because"):
        reveal(asking(book, Role.SUPPORT), world.sources, stored(world).conversation, anything, hashed=hashed)
    assert not book.events


def test_a_hash_tells_each_part_from_the_next() -> None:
    of = KEYS.conversation
    parts = (("cg", "a", "b", None), ("cg", "a", None, "b"), ("cg", "ab", None, None), ("cg", "a", "b", ""), ("c", "ga", "b", None))
    several = {of(*one) for one in parts}
    assert len(several) == 5
    assert of("cg", "a", "b", None) != KEYS.subject('["cg", "a", "b", null]')
    assert Keys(b"x" * 32, b"s" * 32).conversation("cg", "a", "b", None) not in several


def test_whoever_may_take_all_of_a_user_away_may_see_it() -> None:
    """An export has no masks: the table must not give it to anybody who may not reveal."""
    assert PERMISSIONS[Action.EXPORT] <= PERMISSIONS[Action.REVEAL]
    assert PERMISSIONS[Action.LOOK_UP] <= PERMISSIONS[Action.REVEAL]
