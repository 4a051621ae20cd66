"""Lists and replays within limits: equal to what they would be if nothing else were stored, on moto and on the real engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from data_access.access.permissions import Role
from data_access.access.viewer import Limits
from data_access.actions.conversations import list_conversations, plan_list, replay
from data_access.audit.events import Event
from data_access.errors import Ambiguous, Denied, NotFound, UsageError
from data_access.models import Filter
from tests.data_access.actions.viewers import EVERYTHING, FOREIGN, OWN, SOME, SYSTEM, SYSTEMS, TENANT, World, asks, build
from tests.data_access.conftest import Sent
from tests.data_access.layouts import BASE, Talk, iso, items, put
from tests.data_access.test_conversations import said, summaries, truth

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def world(dynamodb: DynamoDBClient, endpoint: str, tmp_path: Path) -> Iterator[World]:
    made = build(dynamodb, endpoint, tmp_path)
    yield made
    for source in made.sources.values():
        source.client.close()


def sorted_truth(found: list[Talk]) -> list[dict[str, Any]]:
    return sorted(truth(found), key=lambda one: (one["conversation_id"], one["tenant_id"] or ""))


def listed(world: World, limits: Limits, wanted: Filter) -> list[dict[str, Any]]:
    found = list_conversations(asks(limits), world.settings, world.sources, wanted, allow_scan=True)
    return sorted(summaries(found.conversations), key=lambda one: (one["conversation_id"], one["tenant_id"] or ""))


@pytest.mark.parametrize("limits", [EVERYTHING, SOME, TENANT, SYSTEM, Limits(None, frozenset({OWN, FOREIGN})), Limits(None, frozenset())])
def test_a_list_has_what_there_is_for_who_asks_and_nothing_else(world: World, limits: Limits) -> None:
    seen = world.seen(limits)
    for system in SYSTEMS:
        mine = [one for one in seen if one.system == system]
        if not limits.allows_system(system, keeps_tenants=system == "ai_agent"):
            with pytest.raises(UsageError, match="no such system here"):
                listed(world, limits, Filter(system))
            continue
        assert listed(world, limits, Filter(system)) == sorted_truth(mine)
        for user in {one.user_id for one in world.talks[system]}:
            assert listed(world, limits, Filter(system, user)) == sorted_truth([one for one in mine if one.user_id == user])
        for days in range(0, 12, 3):
            since, until = BASE + timedelta(days=days), BASE + timedelta(days=days + 3)
            within = [one for one in mine if one.started_at < until and one.last_activity_at >= since]
            assert listed(world, limits, Filter(system, since=since, until=until)) == sorted_truth(within)
        for talk in world.talks[system]:
            own = [one for one in mine if one.conversation_id == talk.conversation_id]
            assert listed(world, limits, Filter(system, conversation_id=talk.conversation_id)) == sorted_truth(own)


def test_one_query_a_tenant_reads_nothing_of_another(world: World, sent: Sent) -> None:
    source = world.sources["ai_agent"]
    recorded = sent.of(source)
    found = list_conversations(asks(SOME), world.settings, world.sources, Filter("ai_agent"))
    questions = [request for operation, request, _ in recorded if operation in ("Query", "Scan", "GetItem")]
    assert questions
    assert FOREIGN not in str([request.get("ExpressionAttributeValues") for request in questions])
    assert "Scan" not in recorded.operations
    names = {step.index for step in found.plan.steps}
    assert names == {"TenantTimestampIndex", "TenantUserIndex"}
    assert found.plan == plan_list(asks(SOME), world.settings, world.sources, Filter("ai_agent"))
    both = list_conversations(asks(Limits(None, frozenset({OWN, FOREIGN}))), world.settings, world.sources, Filter("ai_agent"))
    assert len(both.plan.steps) == 2 * len(found.plan.steps)
    assert both.measured.requests > found.measured.requests
    assert both.measured.units == sum(both.measured.by_place.values())


def test_a_foreign_tenant_is_denied_and_audited_whether_it_is_there_or_not(world: World) -> None:
    for tenant in (FOREIGN, "no-such-tenant"):
        written: list[Event] = []
        with pytest.raises(Denied, match="This tenant is not open to you"):
            list_conversations(asks(SOME, audit=written), world.settings, world.sources, Filter("ai_agent", tenant_id=tenant))
        assert [type(one).__name__ for one in written] == ["Denied"]
        assert tenant not in str(written)


def test_a_system_that_is_not_open_is_as_if_it_were_not_there(world: World) -> None:
    said_of: list[str] = []
    for system in ("remo", "nowhere"):
        with pytest.raises(UsageError) as caught:
            list_conversations(asks(SOME), world.settings, world.sources, Filter(system))
        said_of.append(str(caught.value))
        with pytest.raises(UsageError):
            replay(asks(SOME), world.settings, world.sources, Filter(system, conversation_id="remo-0000"))
    assert said_of[0] == said_of[1]
    assert "remo" not in said_of[0]


def test_another_tenants_conversation_is_not_found_in_the_same_words_as_one_that_is_not_there(world: World) -> None:
    for talk in world.talks["ai_agent"]:
        own = [one for one in world.seen(SOME) if one.conversation_id == talk.conversation_id and one.system == "ai_agent"]
        for user, tenant in ((None, None), (talk.user_id, None), (None, talk.tenant_id), (talk.user_id, talk.tenant_id)):
            wanted = Filter("ai_agent", user, tenant, conversation_id=talk.conversation_id)
            there = [one for one in own if tenant in (None, one.tenant_id) and user in (None, one.user_id)]
            if there:
                found = replay(asks(SOME), world.settings, world.sources, wanted)
                assert said(found) == there[0].said()
                assert {item.wire["tenantId"]["S"] for item in found.items} == {OWN}
                continue
            words: list[str] = []
            for one in (wanted, replace(wanted, conversation_id="not-there")):
                with pytest.raises(NotFound) as caught:
                    replay(asks(SOME), world.settings, world.sources, one)
                words.append(str(caught.value))
            assert words[0] == words[1]


def test_an_id_of_two_tenants_is_ambiguous_for_those_alone_who_see_both(world: World) -> None:
    shared = world.talks["ai_agent"][-1]
    wanted = Filter("ai_agent", conversation_id=shared.conversation_id)
    for limits in (EVERYTHING, Limits(None, frozenset({OWN, FOREIGN, "third"}))):
        with pytest.raises(Ambiguous) as caught:
            replay(asks(limits), world.settings, world.sources, wanted)
        assert {one.tenant_id for one in caught.value.candidates} == {OWN, FOREIGN}
    for tenants in ({FOREIGN}, {FOREIGN, "third"}):
        found = replay(asks(Limits(None, frozenset(tenants))), world.settings, world.sources, wanted)
        assert said(found) == shared.said()
    with pytest.raises(NotFound):
        replay(asks(Limits(None, frozenset())), world.settings, world.sources, wanted)


def test_messages_without_a_session_or_a_tenant_are_of_nobody(world: World, dynamodb: DynamoDBClient) -> None:
    common = {"userId": "u", "role": "user", "content": "lost words", "timestamp": iso(BASE)}
    put(
        dynamodb,
        [
            ("ai-agent-messages", {"id": "m1", "sessionId": "lost", "tenantId": FOREIGN} | common),
            ("ai-agent-messages", {"id": "m2", "sessionId": "adrift"} | common),
            ("ai-agent-messages", {"id": "m3", "sessionId": "mine", "tenantId": OWN} | common),
            ("ai-agent-messages", {"id": "m4", "tenantId": OWN} | common),
        ],
    )
    found = list_conversations(asks(SOME), world.settings, world.sources, Filter("ai_agent"))
    assert {one.conversation_id for one in found.conversations} == {one.conversation_id for one in world.seen(TENANT)} | {"mine"}
    assert found.problems == ()
    for lost in ("lost", "adrift"):
        with pytest.raises(NotFound):
            replay(asks(SOME), world.settings, world.sources, Filter("ai_agent", conversation_id=lost))
    assert replay(asks(SOME), world.settings, world.sources, Filter("ai_agent", conversation_id="mine")).messages[0].content == "lost words"


def test_who_may_not_is_denied_before_anything_is_read(world: World, sent: Sent) -> None:
    recorded = sent.of(world.sources["cg"])
    for ask in (
        lambda by: list_conversations(by, world.settings, world.sources, Filter("cg")),
        lambda by: plan_list(by, world.settings, world.sources, Filter("cg")),
        lambda by: replay(by, world.settings, world.sources, Filter("cg", conversation_id="cg-0000")),
    ):
        written: list[Event] = []
        with pytest.raises(Denied):
            ask(asks(EVERYTHING, Role.ANALYST, audit=written))
        assert len(written) == 1
    assert not recorded


def test_texts_are_masked_for_who_signed_in_and_ids_are_not(world: World, dynamodb: DynamoDBClient) -> None:
    first = next(one for one in world.talks["cg"])
    secret = "anna.example@example.org"
    turns = (replace(first.turns[0], content=f"Write to {secret}, please"), *first.turns[1:])
    put(dynamodb, list(items(replace(first, conversation_id=secret, title=f"Of {secret}", turns=turns))))
    by = asks(EVERYTHING, origin="signed_in")
    wanted = Filter("cg", conversation_id=secret)
    plain = replay(asks(), world.settings, world.sources, wanted)
    found = replay(by, world.settings, world.sources, wanted)
    assert secret in plain.messages[0].content
    assert secret in str(plain.conversation.title)
    texts = (found.conversation.title, found.conversation.first_user_message, found.messages[0].content)
    assert all(text and secret not in text for text in texts)
    assert found.conversation.conversation_id == secret
    assert "Write to" in found.messages[0].content
    assert f"Write to {secret}" not in str(found.items)
    listing = list_conversations(by, world.settings, world.sources, Filter("cg"))
    one = next(one for one in listing.conversations if one.conversation_id == secret)
    assert secret not in f"{one.title} {one.first_user_message} {one.last_assistant_message}"
