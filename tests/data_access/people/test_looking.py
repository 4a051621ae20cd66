"""Everything of one person, against a full Scan of every table: look-alikes, two tenants, orphans, items in no index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from data_access.dynamo.aws import Source
from data_access.errors import ScanRefused, UsageError
from data_access.local.sample import LANDMARKS
from data_access.people import Person, everything, roads
from data_access.snapshot.store import Store
from data_access.snapshot.sync import sync
from tests.data_access.sampled import PREFIX, REMO, World

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def sources(sampled: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Source]]:
    opened = sampled.sources(tmp_path_factory.mktemp("state"))
    yield opened
    for source in opened.values():
        source.client.close()


@pytest.fixture(scope="module")
def store(sources: Mapping[str, Source], tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = Store(str(tmp_path_factory.mktemp("place") / "snapshot"))
    for source in sources.values():
        sync(source, made)
    return made


def counted(person: Person) -> dict[str, dict[str, tuple[int, int]]]:
    return {
        one.system: {name.removeprefix(PREFIX): (table.items, table.bytes) for name, table in one.tables.items()} for one in person.systems
    }


def talks(person: Person) -> dict[str, list[tuple[str, str | None]]]:
    return {one.system: sorted((talk.conversation_id, talk.tenant_id) for talk in one.conversations) for one in person.systems}


def agree(person: Person, sampled: World, user: str) -> None:
    known = {one.system: sampled.of(user)[one.system] for one in person.systems}
    assert counted(person) == {system: kept.counts for system, kept in known.items()}
    assert talks(person) == {system: sorted(kept.conversations) for system, kept in known.items()}


def by_system(person: Person) -> dict[str, Any]:
    return {one.system: one for one in person.systems}


def test_what_is_found_is_what_a_scan_of_everything_finds(sampled: World, sources: Mapping[str, Source]) -> None:
    ways = {"remo": "key", "ai_agent": "scan", "ai4ai": "scan", "cg": "scan"}
    for user in sampled.people():
        # Scans of tables that have nothing of them are for some of them only.
        systems = ["remo", "ai4ai"] if user in REMO[1:] else None
        person = everything(sources, user, systems)
        agree(person, sampled, user)
        assert person.user_id == user
        assert not person.unread
        # Of AI4AI others' sessions are compared with the person's: with none there is nothing to compare, and no Scan is told of.
        read = ways if by_system(person)["ai4ai"].items else ways | {"ai4ai": "key"}
        assert {one.system: one.sweep.by for one in person.systems} == {name: read[name] for name in systems or ways}


def test_where_a_scan_is_too_dear_the_snapshot_says_where_things_lie(sampled: World, sources: Mapping[str, Source], store: Store) -> None:
    poor = {name: replace(source, scan_budget=0.1) for name, source in sources.items()}
    for user in (*LANDMARKS.two_tenant_users, *LANDMARKS.lookalike_ai_agent_users[:2], "usr_moved_away", LANDMARKS.drifted_user):
        person = everything(poor, user, store=store)
        agree(person, sampled, user)
        assert by_system(person)["ai_agent"].sweep.by == "snapshot"
        assert by_system(person)["ai_agent"].sweep.as_of == store.coverage()["ai_agent"].synced_at
        assert not person.unread


def test_without_a_snapshot_a_dear_scan_is_refused_and_the_rest_is_there(sampled: World, sources: Mapping[str, Source]) -> None:
    poor = {name: replace(source, scan_budget=0.1) for name, source in sources.items()}
    person = everything(poor, LANDMARKS.drifted_user)
    assert isinstance(person.refused, ScanRefused)
    assert person.refused.budget == 0.1
    assert {system for system, unread in person.unread if unread.code == "scan_refused"} == {"ai_agent", "cg"}
    known, found = sampled.of(LANDMARKS.drifted_user), counted(person)
    assert found["ai4ai"] == known["ai4ai"].counts
    # The index holds all but the one without created_at.
    assert found["cg"]["cg-chatbot-conversations"][0] == known["cg"].counts["cg-chatbot-conversations"][0] - 1
    agree(everything(poor, LANDMARKS.drifted_user, allow_scan=True), sampled, LANDMARKS.drifted_user)


def test_a_scan_that_turns_out_dearer_than_was_counted_is_stopped(
    sampled: World, sources: Mapping[str, Source], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = roads.scan
    # As if AWS had last counted when the tables were empty.
    monkeypatch.setattr(roads, "scan", lambda *given: (planned(*given)[0], replace(planned(*given)[1], units=0.0)))
    poor = {name: replace(source, scan_budget=0.1) for name, source in sources.items()}
    person = everything(poor, LANDMARKS.drifted_user)
    assert {(system, unread.code) for system, unread in person.unread} == {("ai_agent", "scan_refused"), ("cg", "scan_refused")}
    assert {one.system: one.sweep.by for one in person.systems} == {name: "key" if name == "remo" else "nothing" for name in sources}
    assert counted(person)["ai4ai"] == sampled.of(LANDMARKS.drifted_user)["ai4ai"].counts
    with_snapshot = everything(poor, LANDMARKS.drifted_user, store=store)
    agree(with_snapshot, sampled, LANDMARKS.drifted_user)
    assert not with_snapshot.unread


def test_orphans_and_items_that_no_index_holds_are_told(sources: Mapping[str, Source]) -> None:
    moved = by_system(everything(sources, "usr_moved_away"))["ai_agent"]
    assert (moved.orphans, moved.hidden) == (2, 0)
    assert not any(talk.has_session for talk in moved.conversations)
    drifted = by_system(everything(sources, LANDMARKS.drifted_user))
    assert drifted["ai_agent"].tables[f"{PREFIX}ai-agent-messages"].hidden == len(LANDMARKS.sparse_ai_agent_messages)
    assert drifted["cg"].hidden == 1


def test_two_tenants_are_told_apart(sampled: World, sources: Mapping[str, Source]) -> None:
    user = LANDMARKS.two_tenant_users[0]
    both = by_system(everything(sources, user))["ai_agent"]
    assert both.tenants == tuple(sorted(LANDMARKS.two_tenants))
    halves = [by_system(everything(sources, user, ["ai_agent"], tenants=[tenant]))["ai_agent"] for tenant in LANDMARKS.two_tenants]
    assert [half.tenants for half in halves] == [(tenant,) for tenant in LANDMARKS.two_tenants]
    assert sum(half.items for half in halves) == both.items
    assert sum(half.bytes for half in halves) == both.bytes
    assert sampled.of(user)["ai_agent"].conversations == {
        (talk.conversation_id, talk.tenant_id) for half in halves for talk in half.conversations
    }
    assert not everything(sources, user, ["ai_agent"], tenants=["nobody's"]).items


def test_records_can_be_read(sampled: World, sources: Mapping[str, Source]) -> None:
    for user in LANDMARKS.lookalike_remo_users:
        remo = by_system(everything(sources, user, ["remo"]))["remo"]
        stored = {item["data_type"]["S"]: item for item in sampled.of(user)["remo"].items["remo-user-data"]}
        assert {kind.kind for kind in remo.records} == stored.keys() - {"conversation_memory"}
        assert all(kind.items == 1 and kind.updated_at and kind.expires_at for kind in remo.records)
        views = {view.kind: view for view in remo.views}
        kept = stored["reminder_data"]["data"]["M"]["reminders"]["L"]
        said = [entry.values["title"] for entry in views["reminder_data"].entries]
        assert said == [entry["M"]["title"]["S"] for entry in kept]
        assert [entry.done for entry in views["reminder_data"].entries] == [entry["M"]["completed"]["BOOL"] for entry in kept]
        preferences = dict(views["user_preferences"].fields)
        assert preferences["theme"] == stored["user_preferences"]["data"]["M"]["theme"]["S"]
        assert views["user_preferences"].entries is None
        assert views["user_preferences"].topic == "preferences"


def test_a_record_that_is_broken_is_shown_as_it_is(sources: Mapping[str, Source]) -> None:
    (view,) = by_system(everything(sources, LANDMARKS.drifted_remo_users[1], ["remo"]))["remo"].views
    assert view.problem == "the data cannot be read: it is broken JSON"
    assert view.fields == (("", '["unclosed'),)
    assert view.expires_at is None


def test_nobody_is_a_person_with_nothing(sources: Mapping[str, Source]) -> None:
    person = everything(sources, "usr_ann")
    assert (person.items, person.bytes, person.unread) == (0, 0, ())
    assert [one.system for one in person.systems] == list(sources)


@pytest.mark.parametrize("user", ["", "x" * 2_049, "é" * 1_025, "\ud800"])
def test_an_id_that_no_key_holds_is_refused(sources: Mapping[str, Source], user: str) -> None:
    with pytest.raises(UsageError):
        everything(sources, user)


def test_an_id_that_is_too_long_for_an_index_is_looked_for_all_the_same(sources: Mapping[str, Source]) -> None:
    assert everything(sources, "x" * 2_048).items == 0


def test_a_system_that_is_not_here_is_refused(sources: Mapping[str, Source]) -> None:
    with pytest.raises(UsageError, match="no such system"):
        everything(sources, "usr_anna", ["nowhere"])


def test_a_table_that_cannot_be_read_takes_nothing_else_with_it(sampled: World, sources: Mapping[str, Source]) -> None:
    agent = sources["ai_agent"]
    lost = replace(agent.place, tables={**agent.place.tables, "messages": "person-nowhere"})
    person = everything({**sources, "ai_agent": replace(agent, place=lost)}, LANDMARKS.drifted_user)
    assert [(system, unread.table, unread.code) for system, unread in person.unread] == [("ai_agent", "person-nowhere", "no_table")]
    known, found = sampled.of(LANDMARKS.drifted_user), counted(person)
    assert found["ai_agent"]["ai-agent-sessions"] == known["ai_agent"].counts["ai-agent-sessions"]
    assert {name: found[name] for name in ("remo", "ai4ai", "cg")} == {name: known[name].counts for name in ("remo", "ai4ai", "cg")}


def test_what_a_reading_costs_is_metered_and_tells_how_it_was_done(sources: Mapping[str, Source]) -> None:
    agent = by_system(everything(sources, "usr_anna"))["ai_agent"]
    assert agent.measured.units > 1
    assert agent.measured.usd
    assert agent.sweep.tables == (f"{PREFIX}ai-agent-sessions", f"{PREFIX}ai-agent-messages")
    assert agent.sweep.estimated_units > 0


def test_what_was_not_looked_for_is_not_told_as_looked_for(sampled: World, sources: Mapping[str, Source]) -> None:
    poor = {"ai4ai": replace(sources["ai4ai"], scan_budget=0.1)}
    nobody = everything(poor, LANDMARKS.two_tenant_users[0]).systems[0]
    assert (nobody.items, nobody.sweep.by, nobody.sweep.tables) == (0, "key", ())
    somebody = everything(poor, LANDMARKS.hostile_user).systems[0]
    assert (somebody.items > 0, somebody.sweep.by) == (True, "nothing")
    assert any("was not looked up" in note for note in somebody.notes)
