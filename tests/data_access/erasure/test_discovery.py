"""What a look through a system finds, against a full Scan that knows nothing of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from data_access.dynamo.aws import Source
from data_access.erasure.discovery import Discovery, Known
from data_access.erasure.live import live_tables
from data_access.erasure.model import FrozenKey, Scope
from data_access.errors import AwsError, SchemaDrift, TableMissing
from data_access.local.sample import LANDMARKS
from data_access.local.sample.drift import drifted
from data_access.local.sample.oddities import oddities
from data_access.systems.spec import built_in
from tests.data_access import layouts
from tests.data_access.conftest import refusal
from tests.data_access.erasure.test_targets import MESSAGE, SESSIONS, fifth, table
from tests.data_access.erasure.world import belongings, everything, frozen_spots, live_of, opened, plain_client, settings_for, spot
from tests.data_access.layouts import put

UNTIL = datetime(2026, 6, 1, 12, tzinfo=UTC)
PREFIX = "found-"
SYSTEMS = tuple(built_in())


class Sample:
    """The sample data on the real engine, and everything that is in it."""

    def __init__(self, sources: Mapping[str, Source], tables: Mapping[str, list[dict[str, Any]]]) -> None:
        self.sources, self.tables = sources, tables
        self.live = live_of(sources)

    def look(self, scope: Scope, **how: Any) -> tuple[list[FrozenKey], list[Discovery]]:
        looks = [Discovery(self.sources[name], scope, self.live[name], **how) for name in scope.systems]
        return [key for look in looks for key in look.find()], looks

    def users(self) -> list[str]:
        found = {item[name]["S"] for items in self.tables.values() for item in items for name in ("user_id", "userId") if name in item}
        return sorted(found)


def rows() -> list[tuple[str, dict[str, Any]]]:
    """Every special case of the sample, and a few dozen everyday conversations."""
    everyday = [row for system in SYSTEMS for talk in layouts.talks(system) for row in layouts.items(talk)]
    return [*everyday, *oddities(Random(f"7 {oddities.__name__}"), UNTIL), *drifted(UNTIL)]


@pytest.fixture(scope="module")
def sample(engine_endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    settings = settings_for(tmp_path_factory.mktemp("found"), PREFIX)
    client = plain_client(engine_endpoint)
    with opened(settings, engine_endpoint) as sources:
        names = {table.name: PREFIX + table.name for system in built_in().values() for table in system.tables.values()}
        put(client, [(names[table], item) for table, item in rows()])
        yield Sample(sources, {name: everything(client, name) for name in names.values()})
    client.close()


def special() -> list[str]:
    marks = LANDMARKS
    return [
        *marks.lookalike_remo_users,
        *marks.lookalike_ai_agent_users,
        *marks.two_tenant_users,
        *marks.expired_remo_users,
        *marks.drifted_remo_users,
        marks.drifted_user,
        marks.long_user,
        marks.large_user,
        marks.empty_remo_user,
        marks.hostile_user,
        marks.hostile_remo_user,
        "usr_moved_away",
        "auth0|never_wrote",
    ]


@pytest.mark.engine
@pytest.mark.parametrize("user", special())
def test_every_item_of_a_special_user_and_no_other_is_found(sample: Sample, user: str) -> None:
    keys, looks = sample.look(Scope(user, SYSTEMS))
    expected = belongings(sample.tables, user, PREFIX)
    assert expected
    assert frozen_spots(keys) == expected
    assert sum(tally.items for look in looks for tally in look.findings.tables.values()) == len(keys)
    assert not [said for look in looks for said in look.findings.blocked()]


@pytest.mark.engine
def test_every_fourth_user_of_the_sample_is_found_whole(sample: Sample) -> None:
    for user in sample.users()[::4]:
        keys, _ = sample.look(Scope(user, SYSTEMS))
        assert frozen_spots(keys) == belongings(sample.tables, user, PREFIX)


@pytest.mark.engine
def test_messages_in_no_index_are_found_and_missed_without_a_scan(sample: Sample) -> None:
    sparse = {spot(PREFIX + "ai-agent-messages", {"id": {"S": one}}, "id") for one in LANDMARKS.sparse_ai_agent_messages}
    stored = {item["id"]["S"]: item for item in sample.tables[PREFIX + "ai-agent-messages"]}
    user = stored[LANDMARKS.sparse_ai_agent_messages[0]]["userId"]["S"]
    keys, _ = sample.look(Scope(user, ("ai_agent",)))
    assert sparse & frozen_spots(keys)
    known = Known(tenants=tuple({item["tenantId"]["S"] for item in sample.tables[PREFIX + "ai-agent-sessions"]}))
    by_index, looks = sample.look(Scope(user, ("ai_agent",)), allow_scan=False, known=known)
    assert frozen_spots(by_index) == frozen_spots(keys) - sparse
    assert any("was not read from end to end" in said for said in looks[0].findings.not_performed())
    assert not list(looks[0].findings.scanned())


@pytest.mark.engine
def test_guards_ranks_and_sizes(sample: Sample) -> None:
    from data_access.costs.size import item_bytes

    for user, system in ((LANDMARKS.long_user, "ai_agent"), (LANDMARKS.hostile_user, "ai4ai"), (LANDMARKS.hostile_remo_user, "remo")):
        keys, looks = sample.look(Scope(user, (system,)))
        stored = {spot(table, item, *keys_of(table)): item for table, items in sample.tables.items() for item in items}
        for key in keys:
            item = stored[key.table, json.dumps(dict(key.key), sort_keys=True)]
            assert key.bytes == item_bytes(item)
            for name, value in key.guard.conditions:
                if key.guard.kind == "owner_attribute":
                    assert item[name] == value
            assert key.rank == (9 if "session" in key.table or item.get("data_type", {}).get("S") == "conversation_memory" else 0)
        kinds = {(key.table.removeprefix(PREFIX), key.guard.kind) for key in keys}
        wanted = {
            "ai_agent": {("ai-agent-sessions", "owner_attribute"), ("ai-agent-messages", "owner_attribute")},
            "ai4ai": {("ai4ai-chat-sessions", "owner_in_key"), ("ai4ai-chat-messages", "parent_check")},
            "remo": {("remo-user-data", "owner_in_key")},
        }
        assert kinds == wanted[system]
        assert looks[0].checked == (sum(key.guard.kind == "parent_check" for key in keys))


def keys_of(table: str) -> tuple[str, ...]:
    return {t.name: t.keys for s in built_in().values() for t in s.tables.values()}[table.removeprefix(PREFIX)]


@pytest.mark.engine
@pytest.mark.parametrize("user", LANDMARKS.two_tenant_users)
def test_a_tenant_that_is_not_in_scope_is_named_and_stays(sample: Sample, user: str) -> None:
    first, second = LANDMARKS.two_tenants
    keys, looks = sample.look(Scope(user, ("ai_agent", "remo"), tenants=(first,)))
    assert frozen_spots(keys) == belongings(sample.tables, user, PREFIX, {first})
    said = list(looks[0].findings.out_of_scope())
    assert len(said) == 1
    assert second in said[0]
    assert user not in said[0]
    assert any("names no tenant" in one for one in looks[1].findings.not_performed())


@pytest.mark.engine
def test_one_type_of_data_and_one_conversation(sample: Sample) -> None:
    user = LANDMARKS.lookalike_remo_users[0]
    keys, _ = sample.look(Scope(user, ("remo",), data_type="reminder_data"))
    assert [dict(key.key)["data_type"]["S"] for key in keys] == ["reminder_data"]
    assert sample.look(Scope(user, ("remo",), data_type="no_such_type"))[0] == []
    session = LANDMARKS.hostile_ai_agent_session
    keys, looks = sample.look(Scope(LANDMARKS.hostile_user, ("ai_agent", "ai4ai"), conversation_id=session))
    assert {key.conversation for key in keys} == {session}
    tables = sample.tables[PREFIX + "ai-agent-messages"]
    assert len(keys) == 1 + sum(item.get("sessionId", {}).get("S") == session for item in tables)
    assert not any("ai-agent-sessions" in said for said in looks[0].findings.scanned())


@pytest.mark.engine
def test_orphans_of_messages_without_a_user_are_found_by_what_the_snapshot_knows(sample: Sample) -> None:
    orphan, user = LANDMARKS.orphaned_ai4ai_sessions[0], LANDMARKS.hostile_user
    plain, looks = sample.look(Scope(user, ("ai4ai",)))
    assert any("whose conversation is gone" in said for said in looks[0].findings.not_performed())
    known = Known(frozenset((orphan, LANDMARKS.hostile_ai4ai_session)))
    keys, looks = sample.look(Scope(user, ("ai4ai",)), known=known)
    more = [key for key in keys if key.conversation == orphan]
    assert len(keys) == len(plain) + len(more)
    assert len(more) == sum(item["session_id"]["S"] == orphan for item in sample.tables[PREFIX + "ai4ai-chat-messages"]) > 0
    assert {key.guard.kind for key in more} == {"owner_attribute"}
    assert {name for key in more for name, _ in key.guard.conditions} == {"message_id"}
    assert any(f"{len(more)} are known by the snapshot" in said for said in looks[0].findings.not_performed())
    # An id that somebody else's conversation has by now is nobody's orphan.
    other = next(item for item in sample.tables[PREFIX + "ai4ai-chat-sessions"] if item["user_id"]["S"] != user)["session_id"]["S"]
    keys, _ = sample.look(Scope(user, ("ai4ai",)), known=Known(frozenset((other,))))
    assert frozen_spots(keys) == frozen_spots(plain)


class World:
    """A few items of one's own, on moto."""

    def __init__(self, sources: Mapping[str, Source], endpoint: str) -> None:
        self.sources, self.endpoint = sources, endpoint
        self.client = plain_client(endpoint)

    def put(self, *rows: tuple[str, dict[str, Any]]) -> None:
        put(self.client, list(rows))

    def look(self, system: str, user: str = "u", **how: Any) -> tuple[list[FrozenKey], Discovery]:
        scope = Scope(user, (system,), **{name: how.pop(name) for name in ("tenants", "conversation_id", "data_type") if name in how})
        source = self.sources[system]
        look = Discovery(source, scope, live_tables(source), **how)
        return list(look.find()), look


@pytest.fixture
def world(moto_endpoint: str, tmp_path: Path) -> Iterator[World]:
    with opened(settings_for(tmp_path), moto_endpoint) as sources:
        made = World(sources, moto_endpoint)
        yield made
        made.client.close()


def session(user: str, name: str, tenant: str = "a") -> tuple[str, dict[str, Any]]:
    return "ai-agent-sessions", {"id": name, "tenantId": tenant, "userId": user}


def said(name: str, talk: str, tenant: str | None = "a", user: str | None = "u", **more: Any) -> tuple[str, dict[str, Any]]:
    own = {"tenantId": tenant, "userId": user}
    return "ai-agent-messages", {"id": name, "sessionId": talk, **{k: v for k, v in own.items() if v is not None}, "content": "x", **more}


def ids(keys: list[FrozenKey], name: str = "id") -> set[str]:
    return {key.key[name]["S"] for key in keys if name in key.key}


def test_a_session_id_in_two_tenants_is_two_conversations(world: World) -> None:
    world.put(session("u", "s"), session("other", "s", "b"))
    world.put(said("m1", "s"), said("m2", "s", user=None), said("m3", "s", "b", "other"), said("m4", "s", "b", None))
    for how in ({}, {"allow_scan": False, "known": Known(tenants=("a", "b"))}):
        keys, look = world.look("ai_agent", **how)
        if not how:
            assert ids(keys) == {"s", "m1", "m2"}
        assert not list(look.findings.blocked())
    found, look = world.look("ai_agent")
    own = next(key for key in found if key.key["id"]["S"] == "m2")
    assert own.guard.conditions == (("sessionId", {"S": "s"}), ("tenantId", {"S": "a"}))
    assert any("exists in the tenant b; 2 messages" in one for one in look.findings.out_of_scope())


def test_what_the_user_has_in_another_tenant_is_not_called_anothers(world: World) -> None:
    world.put(session("u", "s"), session("u", "s", "b"), session("other", "s", "c"))
    world.put(said("m1", "s", user=None), said("m2", "s", "b", None), said("m3", "s", "b"), said("m4", "s", "c", None))
    keys, look = world.look("ai_agent", tenants=("a",))
    assert ids(keys) == {"s", "m1"}
    assert list(look.findings.out_of_scope()) == [
        "AI Agent Server: this user also has 3 items in the tenant b, which is not in scope.",
        "AI Agent Server: a conversation id of this user also exists in the tenant c; 1 message of it there is another's and stays.",
    ]


def test_somebody_elses_message_in_the_users_conversation_blocks(world: World) -> None:
    world.put(session("u", "s"), said("m1", "s"), said("m2", "s", user="other", content="SECRET"))
    keys, look = world.look("ai_agent")
    assert ids(keys) == {"s", "m1"}
    blocked = list(look.findings.blocked())
    assert len(blocked) == 1
    assert "1 message in this user's conversations names another user" in blocked[0]
    assert "SECRET" not in blocked[0]
    assert "other" not in blocked[0].replace("another", "")


def test_messages_that_name_nobody_and_no_tenant_stay(world: World) -> None:
    world.put(session("u", "s"), said("m1", "s"), said("m2", "s", tenant=None, user=None), said("m3", "gone", tenant="z"))
    keys, look = world.look("ai_agent")
    assert ids(keys) == {"s", "m1", "m3"}
    assert any("names nobody" in one for one in look.findings.out_of_scope())


def test_one_session_id_of_two_users_blocks_and_freezes_nothing_of_it(world: World) -> None:
    both = [("ai4ai-chat-sessions", {"user_id": user, "session_id": "s"}) for user in ("u", "v")]
    own = ("ai4ai-chat-sessions", {"user_id": "u", "session_id": "t"})
    texts = [("ai4ai-chat-messages", {"session_id": talk, "timestamp": 1, "message_id": "m"}) for talk in ("s", "t")]
    world.put(*both, own, *texts)
    keys, look = world.look("ai4ai")
    assert {key.conversation for key in keys} == {"t"}
    assert [one for one in look.findings.blocked() if "also belongs to another user's conversation" in one]
    assert any("ai4ai-chat-sessions was read from end to end" in one for one in look.findings.scanned())


def test_three_full_pages_and_many_users_beside_them(world: World) -> None:
    big = "x" * 300_000
    world.put(("ai4ai-chat-sessions", {"user_id": "u", "session_id": "s"}))
    for at in range(0, 12, 3):
        world.put(*(("ai4ai-chat-messages", {"session_id": "s", "timestamp": n, "content": big}) for n in range(at, at + 3)))
        world.put(*(("remo-user-data", {"user_id": "u", "data_type": f"k{n}", "data": {"text": big}}) for n in range(at, at + 3)))
        world.put(*(said(f"m{n}", "s", content=big) for n in range(at, at + 3)), session("u", "s"))
    assert len(world.look("ai4ai")[0]) == 13
    assert len(world.look("remo")[0]) == 12
    assert len(world.look("ai_agent")[0]) == 13


def test_keys_are_the_stored_bytes(world: World) -> None:
    user = "e\u0301 \u200b\ta\\\"'"
    world.put(("remo-user-data", {"user_id": user, "data_type": " k"}), ("remo-user-data", {"user_id": user.strip(), "data_type": "k2"}))
    keys, _ = world.look("remo", user)
    assert {(key.key["user_id"]["S"], key.key["data_type"]["S"]) for key in keys if key.key["data_type"]["S"] == " k"} == {(user, " k")}
    assert all(key.key["user_id"]["S"] == user for key in keys)


def test_an_index_that_is_late_or_wrong_is_checked_on_the_item_itself(world: World) -> None:
    world.put(
        *(("cg-chatbot-conversations", {"conversation_id": f"c{n}", "user_id": "u", "created_at": f"2026-01-0{n}"}) for n in (1, 2, 3))
    )
    client = world.sources["cg"].client
    query = client.query

    def stale(**asked: Any) -> Any:
        """The index still has an item that is gone, has one that is another user's by now, and lacks one."""
        answer: Any = dict(query(**asked))
        if "IndexName" in asked:
            ghost = {"conversation_id": {"S": "gone"}, "user_id": {"S": "u"}, "created_at": {"S": "2026"}}
            answer["Items"] = [*[item for item in answer["Items"] if item["conversation_id"]["S"] != "c2"], ghost]
        return answer

    client.query = stale  # pyright: ignore[reportAttributeAccessIssue]
    keys, look = world.look("cg", allow_scan=False)
    assert ids(keys, "conversation_id") == {"c1", "c3"}
    assert any("items that no index has" in one for one in look.findings.not_performed())
    assert ids(world.look("cg")[0], "conversation_id") == {"c1", "c2", "c3"}


def test_many_conversations_need_no_longer_filter_than_dynamodb_takes(world: World) -> None:
    world.put(*(session("u", f"s{n}") for n in range(450)))
    world.put(*(said(f"m{n}", f"s{n}", user=None) for n in range(450)), said("other", "x", user="v"))
    keys, _ = world.look("ai_agent")
    assert len(keys) == 900


def test_an_empty_page_is_not_the_last_and_a_page_that_comes_again_is_an_error(
    scripted: Callable[..., Any], tmp_path: Path, world: World
) -> None:
    live = live_tables(world.sources["remo"])
    cursor = {"user_id": {"S": "u"}, "data_type": {"S": "k"}}

    def answer(operation: str, request: dict[str, Any], number: int) -> Any:
        pages: list[dict[str, Any]] = [
            {"Items": [], "LastEvaluatedKey": cursor},
            {"Items": [], "LastEvaluatedKey": {**cursor, "data_type": {"S": "l"}}},
        ]
        pages.append({"Items": [{"user_id": {"S": "u"}, "data_type": {"S": "z"}}]})
        assert request["ConsistentRead"] is True
        return 200, {}, json.dumps(pages[number - 1]).encode()

    server = scripted(answer)
    with opened(settings_for(tmp_path), server.endpoint, create=False) as sources:
        keys = list(Discovery(sources["remo"], Scope("u", ("remo",)), live).find())
    assert [key.key["data_type"]["S"] for key in keys] == ["z"]

    stuck = scripted(lambda *_: (200, {}, json.dumps({"Items": [], "LastEvaluatedKey": cursor}).encode()))
    with opened(settings_for(tmp_path), stuck.endpoint, create=False) as sources, pytest.raises(AwsError, match="does not get on"):
        list(Discovery(sources["remo"], Scope("u", ("remo",)), live).find())


def test_a_failure_names_the_table_and_nobody(scripted: Callable[..., Any], tmp_path: Path, world: World) -> None:
    live = live_tables(world.sources["ai_agent"])
    server = scripted(lambda *_: refusal("AccessDeniedException"))
    with opened(settings_for(tmp_path), server.endpoint, create=False) as sources, pytest.raises(AwsError) as raised:
        list(Discovery(sources["ai_agent"], Scope("usr_secret", ("ai_agent",)), live).find())
    assert "ai-agent-sessions" in str(raised.value)
    assert "secret" not in str(raised.value).lower()


@pytest.mark.parametrize("key, index", [("created_at", None), ("user_id", "another-name"), ("user_id", "user_id-created_at-index")])
def test_a_table_that_is_not_laid_out_as_the_system_says_is_refused(
    moto_endpoint: str, tmp_path: Path, key: str, index: str | None
) -> None:
    client = plain_client(moto_endpoint)
    kind = {"ProjectionType": "KEYS_ONLY" if index == "user_id-created_at-index" else "ALL"}
    made: dict[str, Any] = {
        "TableName": "cg-chatbot-conversations",
        "KeySchema": [{"AttributeName": "conversation_id", "KeyType": "HASH"}, {"AttributeName": key, "KeyType": "RANGE"}],
        "AttributeDefinitions": [{"AttributeName": one, "AttributeType": "S"} for one in ("conversation_id", "user_id", "created_at")],
        "BillingMode": "PAY_PER_REQUEST",
    }
    schema = [{"AttributeName": "user_id", "KeyType": "HASH"}, {"AttributeName": "created_at", "KeyType": "RANGE"}]
    made["GlobalSecondaryIndexes"] = [{"IndexName": index or "user_id-created_at-index", "KeySchema": schema, "Projection": kind}]
    client.create_table(**made)
    with opened(settings_for(tmp_path), moto_endpoint, create=False) as sources:
        with pytest.raises(SchemaDrift) as raised:
            live_tables(sources["cg"])
        with pytest.raises(TableMissing):
            live_tables(sources["remo"])
    assert "cg-chatbot-conversations" in str(raised.value)
    assert {"created_at": "key", "another-name": "missing", "user_id-created_at-index": "projects"}[index or key] in str(raised.value)
    client.close()


def test_a_fifth_system_of_the_same_parts_needs_no_code(moto_endpoint: str, tmp_path: Path) -> None:
    messages = table("messages", "message", ("sid", "at"), None, sid="conversation_id", at="sent_at", **MESSAGE)
    prefs = table("prefs", "record", ("pid",), {"by_owner": ("owner", "pid")}, pid="metadata", owner="user_id")
    system = fifth(SESSIONS, messages, prefs)
    with opened(settings_for(tmp_path, systems={"fifth": system}), moto_endpoint) as sources:
        client = plain_client(moto_endpoint)
        sessions = [("fifth-sessions", {"sid": f"{user}{n}", "owner": user}) for user in ("u", "U") for n in range(3)]
        texts = [("fifth-messages", {"sid": item["sid"], "at": str(n), "content": "x"}) for _, item in sessions for n in range(4)]
        put(client, [*sessions, *texts, *(("fifth-prefs", {"pid": f"p{n}", "owner": "uU"[n % 2]}) for n in range(4))])
        look = Discovery(sources["fifth"], Scope("u", ("fifth",)), live_tables(sources["fifth"]))
        keys = list(look.find())
        client.close()
    assert {(key.table, key.guard.kind, key.rank) for key in keys} == {
        ("fifth-sessions", "owner_attribute", 9),
        ("fifth-messages", "parent_check", 0),
        ("fifth-prefs", "owner_attribute", 0),
    }
    assert len(keys) == 3 + 12 + 2
    assert {dict(key.key).get("sid", {"S": "u"})["S"][0] for key in keys} == {"u"}
    assert all(key.guard.conditions == (("owner", {"S": "u"}),) for key in keys)
