"""Looking a person up, ids like theirs, and the export: counted, audited before it is seen, within the viewer's limits."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from data_access.access.lookups import Lookups
from data_access.access.permissions import Role
from data_access.access.settings import AccessSettings
from data_access.access.viewer import LOCAL, Limits
from data_access.actions import people
from data_access.actions.asking import Asking
from data_access.audit.events import Denied as DeniedEvent
from data_access.audit.events import Exported, LookedUp
from data_access.dynamo.aws import Source
from data_access.errors import AuditError, Denied, KeyFileError, SnapshotError
from data_access.local.sample import LANDMARKS
from data_access.people import Person
from data_access.settings import Settings
from data_access.snapshot.store import open_store
from data_access.snapshot.sync import sync
from tests.data_access.actions.asked_by import Book, asking, kinds, names
from tests.data_access.sampled import World, settings, world

pytestmark = pytest.mark.engine
TWO = LANDMARKS.two_tenant_users[0]
MINE, OTHER = LANDMARKS.two_tenants


@pytest.fixture(scope="module")
def sampled(engine_endpoint: str) -> World:
    return world(engine_endpoint)


@pytest.fixture(scope="module")
def here(sampled: World, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    assert sampled
    return settings(tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="module")
def sources(sampled: World, here: Settings) -> Iterator[Mapping[str, Source]]:
    opened = sampled.sources(here.state)
    yield opened
    for source in opened.values():
        source.client.close()


@pytest.fixture(autouse=True)
def _nothing_was_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "LOOKUPS", Lookups())


def subject(user_id: str) -> str:
    return hashlib.sha256(user_id.encode("utf-8", "surrogatepass")).hexdigest()


def look(by: Asking, here: Settings, sources: Mapping[str, Source], user: str, *systems: str, **how: Any) -> people.Looked:
    more: dict[str, Any] = {"subject": subject} | how
    return people.look_up(by, here, sources, user, systems, **more)


def tenants(person: Person) -> set[str]:
    return {tenant for one in person.systems for tenant in one.tenants}


# Looking up


def test_a_look_up_is_in_the_audit_without_the_id(here: Settings, sources: Mapping[str, Source], sampled: World) -> None:
    book = Book()
    found = look(asking(book, Role.SUPPORT), here, sources, TWO)
    assert found.unaudited is None
    assert found.person.items == sum(count for kept in sampled.of(TWO).values() for count, _ in kept.counts.values())
    assert book.events == [LookedUp(subject(TWO), f"sam|{'a' * 16}", "viewer", tuple(sources), found.person.items)]


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.ANALYST, Role.APPROVER])
def test_another_role_reads_nothing(here: Settings, role: Role) -> None:
    book = Book()
    with pytest.raises(Denied):
        look(asking(book, role), here, {}, TWO)
    assert kinds(book.events) == ["Denied"]


@pytest.mark.parametrize("broken", [AuditError("full"), KeyFileError("gone")])
def test_what_cannot_be_audited_is_not_shown_but_on_this_machine(
    here: Settings, sources: Mapping[str, Source], broken: AuditError | KeyFileError
) -> None:
    def hashed(_: str) -> str:
        raise broken

    for how in ({"subject": hashed}, {}):
        book = Book(broken)
        with pytest.raises(type(broken)):
            look(asking(book, Role.SUPPORT), here, sources, TWO, "remo", **how)
        local = look(Asking(LOCAL, book.write), here, sources, TWO, "remo", **how)
        assert local.unaudited is broken


def test_who_sees_some_tenants_finds_nothing_of_the_others(here: Settings, sources: Mapping[str, Source]) -> None:
    limited = Limits(tenants=names(MINE))
    book = Book()
    found = look(asking(book, Role.SUPPORT, limits=limited), here, sources, TWO).person
    whole = look(asking(Book(), Role.SUPPORT), here, sources, TWO).person
    assert tenants(found) == {MINE}
    assert tenants(whole) == {MINE, OTHER}
    assert [one.system for one in found.systems] == ["ai_agent"]
    assert 0 < found.items < whole.items
    assert found.tenants == (MINE,)
    nobody = look(asking(book, Role.SUPPORT, limits=Limits(tenants=names("nobody's"))), here, sources, TWO).person
    assert (nobody.items, [one.system for one in nobody.systems]) == (0, ["ai_agent"])


@pytest.mark.parametrize("asked", [("remo",), ("ai_agent", "remo")])
def test_a_closed_system_is_refused_and_audited(here: Settings, sources: Mapping[str, Source], asked: tuple[str, ...]) -> None:
    book = Book()
    by = asking(book, Role.SUPPORT, limits=Limits(names("ai_agent")))
    with pytest.raises(Denied, match="not open to you"):
        look(by, here, sources, TWO, *asked)
    assert book.events == [DeniedEvent(by.viewer.actor, "look_up_user")]
    assert [one.system for one in look(by, here, sources, TWO).person.systems] == ["ai_agent"]


def test_a_list_of_ids_is_stopped(here: Settings, sources: Mapping[str, Source]) -> None:
    few = replace(here, access=AccessSettings(lookups_per_hour=2))
    book = Book()
    by = asking(book, Role.SUPPORT)
    for user in ("a", "b"):
        look(by, few, sources, user, "remo")
    with pytest.raises(Denied, match="2 people an hour"):
        look(by, few, sources, "c", "remo")
    assert kinds(book.events) == ["LookedUp", "LookedUp", "Denied"]
    # Another sign-in of the same person, called something else, is no second allowance; another person has their own.
    with pytest.raises(Denied):
        look(asking(Book(), Role.SUPPORT, name="renamed"), replace(few, access=AccessSettings(lookups_per_hour=2)), sources, "c", "remo")
    look(asking(Book(), Role.SUPPORT, person="b" * 16), few, sources, "c", "remo")


# Ids like it


def test_neighbours_are_those_of_open_systems(here: Settings, sources: Mapping[str, Source]) -> None:
    user = LANDMARKS.lookalike_ai_agent_users[0]
    store = open_store(here)
    by = asking(Book(), Role.SUPPORT)
    nowhere = people.nearby(by, replace(here, state=here.state / "nowhere"), sources, user)
    assert isinstance(nowhere.trouble, SnapshotError), "nobody is not the answer where nobody was asked"
    for source in sources.values():
        sync(source, store)
    whole = people.nearby(by, here, sources, user)
    assert whole.systems == set(sources)
    assert {one.user_id for one in whole.neighbours} & {*LANDMARKS.lookalike_ai_agent_users}
    own = people.nearby(asking(Book(), Role.SUPPORT, limits=Limits(names("ai_agent"))), here, sources, user)
    assert own.systems == {"ai_agent"}
    assert all(one.systems == ("ai_agent",) for one in own.neighbours)
    other = people.nearby(asking(Book(), Role.SUPPORT, limits=Limits(names("cg"))), here, sources, user)
    assert not {one.user_id for one in other.neighbours} & {*LANDMARKS.lookalike_ai_agent_users}
    some = people.nearby(asking(Book(), Role.SUPPORT, limits=Limits(tenants=names(MINE))), here, sources, user)
    assert (some.neighbours, some.count, some.systems) == ((), 0, frozenset())
    assert some.trouble is not None


# Export


def archive(by: Asking, here: Settings, sources: Mapping[str, Source], person: Person) -> zipfile.ZipFile:
    target = io.BytesIO()
    people.export(by, here, sources, person, target, subject=subject)
    return zipfile.ZipFile(target)


def test_an_export_is_in_the_audit_with_its_digest(here: Settings, sources: Mapping[str, Source]) -> None:
    book = Book()
    by = asking(book, Role.SUPPORT)
    person = look(by, here, sources, TWO, "ai_agent").person
    made = archive(by, here, sources, person)
    manifest = json.loads(made.read("manifest.json"))
    (event,) = (one for one in book.events if isinstance(one, Exported))
    lines = "".join(f"{file['sha256']}  {file['name']}\n" for file in manifest["files"])
    assert event == Exported(
        subject(TWO), by.viewer.actor, "viewer", ("ai_agent",), person.items, hashlib.sha256(lines.encode()).hexdigest()
    )


def test_an_export_that_cannot_be_audited_fails(here: Settings, sources: Mapping[str, Source]) -> None:
    person = look(asking(Book(), Role.SUPPORT), here, sources, TWO, "remo").person
    with pytest.raises(AuditError):
        archive(asking(Book(AuditError("full")), Role.SUPPORT), here, sources, person)


def test_a_person_who_was_looked_up_by_somebody_else_is_no_way_around_limits(here: Settings, sources: Mapping[str, Source]) -> None:
    """As if the page kept a person from before the limits."""
    whole = look(asking(Book(), Role.SUPPORT), here, sources, TWO).person
    agent = look(asking(Book(), Role.SUPPORT), here, sources, TWO, "ai_agent").person
    foreign = replace(agent, tenants=(MINE, OTHER))
    limited = Limits(names("ai_agent"), names(MINE))
    for person in (whole, agent, foreign):
        book = Book()
        with pytest.raises(Denied):
            archive(asking(book, Role.SUPPORT, limits=limited), here, sources, person)
        assert kinds(book.events) == ["Denied"]
    own = look(asking(Book(), Role.SUPPORT, limits=limited), here, sources, TWO).person
    made = archive(asking(Book(), Role.SUPPORT, limits=limited), here, sources, own)
    said = b"".join(made.read(name) for name in made.namelist())
    assert MINE.encode() in said
    assert OTHER.encode() not in said


def test_exports_have_an_allowance_of_their_own(here: Settings, sources: Mapping[str, Source]) -> None:
    few = replace(here, access=AccessSettings(lookups_per_hour=1))
    by = asking(Book(), Role.SUPPORT)
    person = look(by, few, sources, "a", "remo").person
    archive(by, few, sources, person)
    with pytest.raises(Denied):
        archive(by, few, sources, person)


def test_what_is_kept_for_one_is_not_for_another() -> None:
    """The key of whatever a page keeps of an answer: who, with which roles and limits."""
    keys = [
        asking(Book(), Role.SUPPORT).key,
        asking(Book(), Role.ADMIN).key,
        asking(Book(), Role.SUPPORT, person="b" * 16).key,
        asking(Book(), Role.SUPPORT, limits=Limits(names("cg"))).key,
        asking(Book(), Role.SUPPORT, limits=Limits(tenants=names("cg"))).key,
        Asking(LOCAL, Book().write).key,
    ]
    assert len(set(keys)) == len(keys)
    assert asking(Book(), Role.SUPPORT, minutes=5).key == keys[0]


def test_a_refusal_does_not_repeat_the_id(here: Settings) -> None:
    with pytest.raises(Denied) as refused:
        look(asking(Book(), Role.ANALYST), here, {}, TWO)
    assert TWO not in str(refused.value)
