"""Roads and guards from a system's file alone: the four built-in ones and layouts that none of them has."""

from __future__ import annotations

from typing import Any

import pytest

from data_access.erasure.model import Guard, Scope
from data_access.erasure.targets import Layout, Talk, Target, guard, layout
from data_access.errors import ScanRefused
from data_access.settings import Place
from data_access.systems.spec import System, built_in, parse

HEAD = 'id = "fifth"\ntitle = "Fifth"\n'


def attributes(path: str, **parts: str) -> str:
    lines = "\n".join(f'"{name}" = {{ type = "S", part = "{part}" }}' for name, part in parts.items())
    return f"\n[{path}.attributes]\n{lines}\n"


def table(key: str, holds: str, keys: tuple[str, ...], indexes: dict[str, tuple[str, ...]] | None = None, /, **parts: str) -> str:
    def schema(pair: tuple[str, ...]) -> str:
        return "".join(f'{name} = "{value}"\n' for name, value in zip(("partition_key", "sort_key"), pair, strict=False))

    made = f'\n[tables.{key}]\nname = "fifth-{key}"\nholds = "{holds}"\n{schema(keys)}'
    for name, pair in (indexes or {}).items():
        made += f"\n[tables.{key}.indexes.{name}]\n{schema(pair)}"
    return made + attributes(f"tables.{key}", **parts)


def fifth(*tables: str) -> System:
    return parse(HEAD + "".join(tables), "fifth.toml")


def planned(system: System, *, allow_scan: bool = True, **scope: Any) -> Layout:
    place = Place(system, {key: one.name for key, one in system.tables.items()}, "us-east-1")
    return layout(place, Scope("u", (system.id,), **scope), allow_scan=allow_scan)


def target(whole: Layout, key: str) -> Target:
    return next(one for one in whole.targets if one.key == key)


SESSIONS = table("sessions", "conversation", ("sid",), sid="conversation_id", owner="user_id")
MESSAGE = {"role": "role", "content": "content"}


@pytest.mark.parametrize(
    "system, key, operation, index, each",
    [
        ("remo", "user_data", "Query", None, "once"),
        ("ai_agent", "sessions", "Scan", None, "once"),
        ("ai_agent", "messages", "Scan", None, "once"),
        ("ai4ai", "sessions", "Query", None, "once"),
        ("ai4ai", "messages", "Query", None, "conversation"),
        ("cg", "conversations", "Scan", None, "once"),
    ],
)
def test_how_each_table_of_the_four_is_read(system: str, key: str, operation: str, index: str | None, each: str) -> None:
    road = target(planned(built_in()[system]), key).road
    assert (road.operation, road.index, road.each, road.complete) == (operation, index, each, True)


@pytest.mark.parametrize(
    "system, key, index, each",
    [
        ("ai_agent", "sessions", "TenantUserIndex", "tenant"),
        ("ai_agent", "messages", "SessionTimestampIndex", "conversation"),
        ("cg", "conversations", "user_id-created_at-index", "once"),
    ],
)
def test_without_a_scan_the_index_is_asked_and_is_not_complete(system: str, key: str, index: str, each: str) -> None:
    road = target(planned(built_in()[system], allow_scan=False), key).road
    assert (road.operation, road.index, road.each, road.complete) == ("Query", index, each, False)


def test_a_known_conversation_needs_no_scan_of_the_conversations() -> None:
    assert target(planned(built_in()["ai_agent"], conversation_id="c"), "sessions").road.keys == (("id", "conversation_id"),)
    keys = (("conversation_id", "conversation_id"), ("user_id", "user_id"))
    assert target(planned(built_in()["cg"], conversation_id="c"), "conversations").road.keys == keys
    assert target(planned(built_in()["remo"], data_type="k"), "user_data").road.keys == (("user_id", "user_id"), ("data_type", "kind"))


def test_an_index_that_every_item_of_a_user_is_in_needs_no_scan() -> None:
    prefs = table("prefs", "record", ("pid",), {"by_owner": ("owner", "pid")}, pid="metadata", owner="user_id")
    messages = table("messages", "message", ("sid", "at"), None, sid="conversation_id", at="sent_at", **MESSAGE)
    whole = planned(fifth(SESSIONS, messages, prefs))
    road = target(whole, "prefs").road
    assert (road.operation, road.index, road.complete) == ("Query", "by_owner", True)
    assert target(whole, "sessions").road.operation == "Scan"


def test_only_a_scan_and_none_allowed_is_refused() -> None:
    messages = table("messages", "message", ("sid", "at"), None, sid="conversation_id", at="sent_at", **MESSAGE)
    with pytest.raises(ScanRefused, match="fifth-sessions"):
        planned(fifth(SESSIONS, messages), allow_scan=False)


def test_messages_by_the_conversation_alone_are_checked_on_its_item() -> None:
    messages = table("messages", "message", ("sid", "at"), None, sid="conversation_id", at="sent_at", **MESSAGE)
    whole = planned(fifth(SESSIONS, messages))
    assert whole.one_owner
    item = {"sid": {"S": "s"}, "at": {"S": "1"}}
    talk = Talk("s", None, {"sid": {"S": "s"}}, 100)
    expected = Guard("parent_check", (("owner", {"S": "u"}),), ("fifth-sessions", {"sid": {"S": "s"}}))
    assert guard(target(whole, "messages"), item, None, "u", talk, whole, owned=False) == (expected, True)
    assert guard(target(whole, "messages"), item, None, "u", None, whole, owned=False) is None


def test_a_messages_own_conversation_is_guard_enough_only_where_it_can_be_nobody_elses() -> None:
    own = {"mid": "message_id", "sid": "conversation_id", **MESSAGE}
    alone = planned(fifth(SESSIONS, table("messages", "message", ("mid",), {"x": ("sid",)}, **own)))
    item = {"mid": {"S": "m"}, "sid": {"S": "s"}}
    talk = Talk("s", None, {"sid": {"S": "s"}}, 100)
    found = guard(target(alone, "messages"), item, None, "u", talk, alone, owned=False)
    assert found == (Guard("owner_attribute", (("sid", {"S": "s"}),)), False)
    shared = table("sessions", "conversation", ("owner", "sid"), sid="conversation_id", owner="user_id")
    whole = planned(fifth(shared, table("messages", "message", ("mid",), {"x": ("sid",)}, **own)))
    assert not whole.one_owner
    talk = Talk("s", None, {"owner": {"S": "u"}, "sid": {"S": "s"}}, 100)
    found = guard(target(whole, "messages"), item, None, "u", talk, whole, owned=False)
    assert found == (Guard("parent_check", (), ("fifth-sessions", talk.key)), True)


def test_the_ai_agents_messages_name_conversation_tenant_and_where_they_do_the_user() -> None:
    whole = planned(built_in()["ai_agent"])
    item = {"id": {"S": "m"}, "sessionId": {"S": "s"}, "tenantId": {"S": "t"}}
    talk = Talk("s", "t", {"id": {"S": "s"}, "tenantId": {"S": "t"}}, 100)
    conditions = (("sessionId", {"S": "s"}), ("tenantId", {"S": "t"}))
    assert guard(target(whole, "messages"), item, None, "u", talk, whole, owned=False) == (Guard("owner_attribute", conditions), False)
    owned = guard(target(whole, "messages"), item | {"userId": {"S": "u"}}, None, "u", None, whole, owned=True)
    assert owned == (Guard("owner_attribute", (("userId", {"S": "u"}), *conditions)), False)
    # Without a tenant it could be another tenant's.
    del item["tenantId"]
    found = guard(target(whole, "messages"), item, None, "u", talk, whole, owned=False)
    assert found is not None
    assert found[0].kind == "parent_check"


def test_a_table_that_nothing_guards_is_refused_in_words() -> None:
    sessions = table("sessions", "conversation", ("sid",), sid="conversation_id")
    messages = table("messages", "message", ("mid",), None, mid="message_id", sid="conversation_id", owner="user_id", **MESSAGE)
    whole = planned(fifth(sessions, messages))
    assert [one.key for one in whole.targets] == ["messages"]
    assert whole.refusals == ("Fifth: the items of fifth-sessions name no user, and nothing else proves whose they are.",)


def test_a_system_without_users_is_left_out_in_words() -> None:
    sessions = table("sessions", "conversation", ("sid",), sid="conversation_id")
    messages = table("messages", "message", ("sid", "at"), None, sid="conversation_id", at="sent_at", **MESSAGE)
    whole = planned(fifth(sessions, messages))
    assert whole.targets == ()
    assert whole.refusals == ()
    assert any("names no user" in said for said in whole.remarks)


def test_what_the_scope_leaves_out_is_said() -> None:
    assert any("keeps no types of data" in said for said in planned(built_in()["cg"], data_type="k").remarks)
    assert any("names no tenant" in said for said in planned(built_in()["remo"], tenants=("t",)).remarks)
    assert planned(built_in()["ai_agent"], tenants=("t",)).remarks == ()
