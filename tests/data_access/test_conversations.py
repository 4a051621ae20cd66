"""The reading test: every conversation and message that was written, and nothing else, on moto and on the real engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import pytest

from data_access.conversations import Replay, list_conversations, replay
from data_access.errors import Ambiguous, NotFound
from data_access.models import Conversation, Filter
from tests.data_access.conftest import OpenSource, Sent
from tests.data_access.layouts import BASE, SYSTEMS, USERS, Talk, create, iso, items, load, put, talks

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FIELDS = tuple(talks("cg")[0].summary())


def summaries(found: tuple[Conversation, ...]) -> list[dict[str, Any]]:
    return sorted(({name: getattr(one, name) for name in FIELDS} for one in found), key=itemgetter("conversation_id"))


def truth(found: list[Talk]) -> list[dict[str, Any]]:
    return sorted((talk.summary() for talk in found), key=itemgetter("conversation_id"))


def said(found: Replay) -> list[tuple[Any, ...]]:
    return [
        (m.position, m.role, m.content, m.sent_at, tuple((c.name, c.arguments, c.result, c.status) for c in m.tool_calls))
        for m in found.messages
    ]


def ways(talk: Talk) -> list[Filter]:
    """Every set of ids that leads to the conversation."""
    own = [(None, None), (talk.user_id, None)]
    own += [(None, talk.tenant_id), (talk.user_id, talk.tenant_id)] if talk.tenant_id else []
    return [Filter(talk.system, user, tenant, conversation_id=talk.conversation_id) for user, tenant in own]


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_user_has_exactly_their_conversations(dynamodb: DynamoDBClient, open_source: OpenSource, system: str) -> None:
    known = load(dynamodb, system)[system]
    source = open_source(system)
    for user in USERS[system]:
        mine = [talk for talk in known if talk.user_id == user]
        listing = list_conversations(source, Filter(system, user))
        assert summaries(listing.conversations) == truth(mine)
        assert not listing.problems
        assert not any(one.problems for one in listing.conversations)
        times = [one.last_activity_at for one in listing.conversations]
        assert times == sorted(times, reverse=True)  # type: ignore[type-var]
    assert summaries(list_conversations(source, Filter(system)).conversations) == truth(known)
    assert list_conversations(source, Filter(system, "nobody")).conversations == ()


def test_a_user_in_two_tenants_is_read_in_each(dynamodb: DynamoDBClient, open_source: OpenSource) -> None:
    known = load(dynamodb, "ai_agent")["ai_agent"]
    source = open_source("ai_agent")
    pairs = {(talk.user_id, talk.tenant_id) for talk in known}
    assert {("user-1", "acme"), ("user-1", "acme-eu")} <= pairs
    for user, tenant in pairs:
        mine = [talk for talk in known if (talk.user_id, talk.tenant_id) == (user, tenant)]
        assert summaries(list_conversations(source, Filter("ai_agent", user, tenant)).conversations) == truth(mine)
    for tenant in ("acme", "acme-eu"):
        mine = [talk for talk in known if talk.tenant_id == tenant]
        assert summaries(list_conversations(source, Filter("ai_agent", tenant_id=tenant)).conversations) == truth(mine)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_replay_shows_every_message_in_order(dynamodb: DynamoDBClient, open_source: OpenSource, system: str) -> None:
    known = load(dynamodb, system)[system]
    source = open_source(system)
    for talk in known:
        for wanted in ways(talk):
            found = replay(source, wanted)
            assert said(found) == talk.said()
            has_session = system != "ai4ai" or wanted.user_id is not None
            if has_session:  # Without the user no key leads to a session of AI4AI: its messages speak alone, and it says so.
                assert summaries((found.conversation,)) == truth([talk])
            assert bool(found.conversation.problems) == (not has_session)
            assert not any(m.problems for m in found.messages)


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_raw_items_are_those_that_were_written(dynamodb: DynamoDBClient, open_source: OpenSource, system: str) -> None:
    talk = load(dynamodb, system)[system][2]
    found = replay(open_source(system), Filter(system, talk.user_id, conversation_id=talk.conversation_id))
    kept = {item.address.table: item for item in found.items}
    for table, key in ((item.address.table, item.address.key) for item in found.items):
        stored = dynamodb.get_item(TableName=table, Key={k: {"N": str(v)} if isinstance(v, int) else {"S": v} for k, v in key.items()})
        assert stored.get("Item") in [item.wire for item in found.items]
    assert len(found.items) == (1 if system in ("remo", "cg") else 1 + len(talk.turns))
    assert kept


@pytest.mark.parametrize("system", SYSTEMS)
def test_response_times_are_those_between_a_user_and_the_answer(dynamodb: DynamoDBClient, open_source: OpenSource, system: str) -> None:
    talk = max(load(dynamodb, system)[system], key=lambda one: len(one.turns))
    found = replay(open_source(system), Filter(system, talk.user_id, conversation_id=talk.conversation_id))
    waited = [None, *((b.sent_at - a.sent_at).total_seconds() for a, b in zip(talk.turns, talk.turns[1:], strict=False))]
    assert [m.response_seconds for m in found.messages] == [w if n % 2 else None for n, w in enumerate(waited)]


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_unknown_conversation_or_anothers_is_not_found(dynamodb: DynamoDBClient, open_source: OpenSource, system: str) -> None:
    talk = load(dynamodb, system)[system][0]
    source = open_source(system)
    for wanted in (Filter(system, conversation_id="nothing"), Filter(system, talk.user_id, conversation_id="nothing")):
        with pytest.raises(NotFound, match="has no conversation with this id"):
            replay(source, wanted)
    with pytest.raises(NotFound, match="for this user"):
        replay(source, Filter(system, USERS[system][1], conversation_id=talk.conversation_id))


def test_an_id_that_two_tenants_share_is_ambiguous_until_one_is_named(dynamodb: DynamoDBClient, open_source: OpenSource) -> None:
    create(dynamodb, "ai_agent")
    first = talks("ai_agent")[2]
    other = replace(first, tenant_id="birch", user_id="somebody", turns=first.turns[:2])
    put(dynamodb, [*items(first), *((t, i | ({"id": f"b-{i['id']}"} if "sessionId" in i else {})) for t, i in items(other))])
    source = open_source("ai_agent")
    with pytest.raises(Ambiguous) as caught:
        replay(source, Filter("ai_agent", conversation_id=first.conversation_id))
    assert {one.tenant_id for one in caught.value.candidates} == {first.tenant_id, "birch"}
    for talk in (first, other):
        for wanted in ways(talk)[1:]:
            found = replay(source, wanted)
            assert said(found) == talk.said()
            tenants = {item.wire["tenantId"]["S"] for item in found.items}
            assert tenants == {talk.tenant_id}, "the raw items hold another tenant's messages"
    assert summaries(list_conversations(source, Filter("ai_agent", tenant_id="birch")).conversations) == truth([other])
    assert len(list_conversations(source, Filter("ai_agent")).conversations) == 2


def test_messages_without_a_session_are_a_conversation_in_each_tenant(dynamodb: DynamoDBClient, open_source: OpenSource) -> None:
    create(dynamodb, "ai_agent")
    with_session = talks("ai_agent")[0]
    put(dynamodb, list(items(with_session)))
    for tenant in ("birch", "cobalt"):
        for n in range(2):
            item = {"id": f"{tenant}{n}", "tenantId": tenant, "userId": f"u-{tenant}", "role": "user", "content": f"{tenant} {n}"}
            for session in (with_session.conversation_id, "lost"):
                own = {"id": f"{session}-{tenant}{n}", "sessionId": session, "timestamp": iso(BASE + timedelta(minutes=n))}
                put(dynamodb, [("ai-agent-messages", item | own)])
    source = open_source("ai_agent")
    everything = {(c.conversation_id, c.tenant_id): c for c in list_conversations(source, Filter("ai_agent")).conversations}
    assert set(everything) == {(with_session.conversation_id, with_session.tenant_id)} | {
        (session, tenant) for session in (with_session.conversation_id, "lost") for tenant in ("birch", "cobalt")
    }
    orphan = everything["lost", "birch"]
    assert (orphan.message_count, orphan.first_user_message, orphan.user_id) == (2, "birch 0", "u-birch")
    assert "no session" in orphan.problems[0].text
    assert orphan.problems[0].address is not None
    for tenant in ("birch", "cobalt"):
        mine = {key: one for key, one in everything.items() if key[1] == tenant}
        found = list_conversations(source, Filter("ai_agent", tenant_id=tenant)).conversations
        assert summaries(found) == summaries(tuple(mine.values()))


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_was_measured_is_what_dynamodb_said(dynamodb: DynamoDBClient, open_source: OpenSource, sent: Sent, system: str) -> None:
    talk = load(dynamodb, system)[system][1]
    source = open_source(system)
    sent.of(source)
    listing = list_conversations(source, Filter(system, talk.user_id))
    again = replay(source, Filter(system, talk.user_id, conversation_id=talk.conversation_id))
    assert sent.units > 0
    assert listing.measured.units + again.measured.units == pytest.approx(sent.units)
    reads = [operation for operation in sent.operations if operation != "DescribeTable"]
    assert listing.measured.requests + again.measured.requests == len(reads)
    assert listing.measured.unmetered + again.measured.unmetered == 0
