"""The snapshot and the tables within limits: coverage of their own rows alone, and nothing that tells of whole tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from data_access.access.permissions import Action, Role
from data_access.access.viewer import Limits
from data_access.actions import setup
from data_access.actions.limits import Sight, sight
from data_access.dynamo.aws import open_sources
from data_access.errors import Denied, SettingsError, UsageError
from data_access.snapshot.runner import Run, Stage, Task
from data_access.snapshot.state import Coverage
from data_access.snapshot.store import Store
from data_access.snapshot.sync import sync
from tests.data_access.actions.viewers import EVERYTHING, FOREIGN, OWN, SOME, SYSTEM, TENANT, World, asks, build, settings_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# How a system was read is another matter where its tables hold other things.
READ = ("synced_at", "began_at", "full_at", "items", "units", "usd", "seconds", "method")


@pytest.fixture
def client(moto_endpoint: str, tmp_path: Path) -> Iterator[DynamoDBClient]:
    """moto is enough: how the snapshot is read from either engine is tested beside the sync."""
    opened = open_sources(settings_of(tmp_path), moto_endpoint)["cg"].client
    yield opened
    opened.close()


def synced(client: DynamoDBClient, endpoint: str, folder: Path, limits: Limits = EVERYTHING) -> tuple[World, Store]:
    world = build(client, endpoint, folder, limits)
    store = Store(str(folder / "snapshot"))
    for source in world.sources.values():
        sync(source, store)
    return world, store


def counts(found: Mapping[str, Coverage]) -> dict[str, Any]:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    bare = Coverage("", 0, 0, 0, 0, None, None, 0, 0, at, at, at, "", (), 0, 0.0, None, 0.0)
    return {name: replace(one, **{field: getattr(bare, field) for field in READ}) for name, one in found.items() if one.conversations}


@pytest.mark.parametrize("limits", [SOME, TENANT, SYSTEM, Limits(None, frozenset({OWN, FOREIGN})), Limits(None, frozenset({"nobody"}))])
def test_coverage_is_that_of_a_snapshot_of_their_own_rows(
    client: DynamoDBClient, moto_endpoint: str, tmp_path: Path, limits: Limits
) -> None:
    world, store = synced(client, moto_endpoint, tmp_path / "whole")
    found = setup.cover(asks(limits), world.settings, store)
    held = setup.look_at_snapshot(asks(limits), world.settings, world.sources, store)
    assert held.coverage == found
    for name in client.list_tables()["TableNames"]:
        client.delete_table(TableName=name)
    _, own = synced(client, moto_endpoint, tmp_path / "own", limits)
    assert counts(found) == counts({name: one for name, one in own.coverage().items() if name in found})
    assert set(found) == {name for name in world.sources if limits.allows_system(name, keeps_tenants=name == "ai_agent")}
    whole = store.coverage()
    for name, one in found.items():
        if limits.tenants is not None and name == "ai_agent":
            assert (one.items, one.units, one.usd, one.method) == (0, 0.0, None, "")
            assert name not in held.bytes
        else:
            assert one == whole[name]
            assert held.bytes[name] > 0


@pytest.fixture
def world(client: DynamoDBClient, moto_endpoint: str, tmp_path: Path) -> World:
    return build(client, moto_endpoint, tmp_path)


def test_whoever_may_ask_the_snapshot_anything_is_told_how_old_it_is(world: World, tmp_path: Path) -> None:
    store = Store(str(tmp_path / "empty"))
    for role in (Role.REVIEWER, Role.ANALYST, Role.SUPPORT, Role.ADMIN):
        assert setup.cover(asks(EVERYTHING, role), world.settings, store) == {}
    written: list[Any] = []
    with pytest.raises(Denied):
        setup.cover(asks(EVERYTHING, Role.APPROVER, audit=written), world.settings, store)
    assert len(written) == 1


class Told:
    """A runner that remembers what it was told to do."""

    def __init__(self, run: Run | None = None) -> None:
        self.run = run
        self.began: list[list[str]] = []
        self.stopped = 0

    def now(self) -> Run | None:
        return self.run

    def start(self, sources: Any, *, full: bool) -> bool:
        self.began.append([source.id for source in sources])
        return full

    def stop(self) -> None:
        self.stopped += 1


def test_a_sync_is_begun_by_who_may_of_what_is_open(world: World, tmp_path: Path) -> None:
    runner: Any = Told()
    store = Store(str(tmp_path / "empty"))
    assert setup.start_sync(asks(SYSTEM, Role.ANALYST), world.sources, runner, ["cg"], full=True)
    setup.stop_sync(asks(SYSTEM, Role.ANALYST), runner)
    with pytest.raises(UsageError):
        setup.start_sync(asks(SYSTEM, Role.ANALYST), world.sources, runner, ["cg", "remo"], full=True)
    assert (runner.began, runner.stopped) == ([["cg"]], 1)
    assert setup.estimate_sync(asks(SYSTEM), world.sources, store, "cg", full=True).system == "cg"
    with pytest.raises(UsageError):
        setup.estimate_sync(asks(SYSTEM), world.sources, store, "remo", full=True)
    for refused in (asks(EVERYTHING, Role.REVIEWER), asks(TENANT), asks(EVERYTHING, origin="anonymous")):
        with pytest.raises(Denied):
            setup.start_sync(refused, world.sources, runner, ["cg"], full=True)
        with pytest.raises(Denied):
            setup.stop_sync(refused, runner)
        with pytest.raises(Denied):
            setup.estimate_sync(refused, world.sources, store, "cg", full=True)
    assert (runner.began, runner.stopped) == ([["cg"]], 1)


def test_of_a_sync_they_see_the_systems_that_are_open(world: World) -> None:
    tasks = tuple(Task(name, Stage.READING, items=9) for name in ("ai_agent", "cg"))
    runner: Any = Told(Run(1, True, tasks, datetime(2026, 1, 1, tzinfo=UTC)))
    assert setup.follow_sync(asks(), world.sources, runner) == runner.run
    seen = setup.follow_sync(asks(SYSTEM), world.sources, runner)
    assert seen is not None
    assert [task.system for task in seen.tasks] == ["cg"]
    assert setup.follow_sync(asks(Limits(frozenset({"remo"}))), world.sources, runner) is None
    assert setup.follow_sync(asks(TENANT), world.sources, runner) is None
    assert setup.last_sync(asks(SYSTEM, Role.SUPPORT), world.sources, runner) == seen
    with pytest.raises(Denied):
        setup.last_sync(asks(EVERYTHING, Role.APPROVER), world.sources, runner)


def test_tables_are_for_who_sees_all_of_them(world: World) -> None:
    assert all(table.found for table in setup.table_health(asks(SYSTEM), world.sources, "cg"))
    with pytest.raises(UsageError):
        setup.table_health(asks(SYSTEM), world.sources, "remo")
    for refused in (asks(TENANT), asks(EVERYTHING, Role.SUPPORT)):
        with pytest.raises(Denied):
            setup.table_health(refused, world.sources, "cg")
    assert not any(one.created for one in setup.make_tables(asks(), world.settings, world.sources, "cg"))
    with pytest.raises(SettingsError):
        setup.make_tables(asks(), replace(world.settings, mode="aws"), world.sources, "cg")
    with pytest.raises(Denied):
        setup.make_tables(asks(EVERYTHING, Role.ANALYST), world.settings, world.sources, "cg")
    with pytest.raises(SettingsError):
        setup.seed(asks(), replace(world.settings, mode="aws"), None)  # type: ignore[arg-type]
    with pytest.raises(Denied):
        setup.seed(asks(TENANT), world.settings, None)  # type: ignore[arg-type]


def test_what_makes_two_viewers_see_the_same(world: World) -> None:
    """The key of what is remembered: limits and masks make another one, names and roles none."""
    settings = world.settings
    several = [asks(), asks(SOME), asks(TENANT), asks(SYSTEM), asks(Limits(None, frozenset())), asks(origin="signed_in")]
    keys = [sight(by, Action.LIST, settings) for by in several]
    assert len(set(keys)) == len(several)
    other = replace(several[1], viewer=replace(several[1].viewer, name="somebody else", roles=frozenset({Role.REVIEWER}), session="other"))
    assert sight(other, Action.LIST, settings) == keys[1]
    assert keys[0] == Sight(None, None, masked=False)
    mixed = Limits(frozenset({"cg", "remo"}), frozenset({"b", "a"}))
    assert sight(asks(mixed), Action.LIST, settings) == Sight(("cg", "remo"), ("a", "b"), masked=False)
    assert "somebody" not in repr(keys)
    written: list[Any] = []
    with pytest.raises(Denied):
        sight(asks(EVERYTHING, Role.ANALYST, audit=written), Action.LIST, settings)
    assert len(written) == 1
