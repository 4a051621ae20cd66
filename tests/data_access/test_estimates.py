"""What a read was estimated to cost against what it cost: every access path of every system, on the real engine.

The engine counts no bytes of its tables, so estimates stand on a snapshot that was synced from it; bounds, on what a Scan counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from data_access.costs.size import item_bytes
from data_access.dynamo import planner
from data_access.dynamo.aws import Source, open_sources
from data_access.dynamo.facts import TableFacts
from data_access.dynamo.meter import Measured
from data_access.dynamo.plan import Plan
from data_access.dynamo.planner import plan_list, plan_replay
from data_access.dynamo.sizes import Extent, Sizes
from data_access.gathering import Gathering
from data_access.local.binary import choose
from data_access.local.engine import attach
from data_access.local.sample import items
from data_access.models import Filter
from data_access.settings import DEFAULT_REGION, Place, Settings
from data_access.snapshot.estimates import stored_sizes
from data_access.snapshot.store import open_store
from data_access.snapshot.sync import sync
from data_access.systems.spec import built_in
from tests.conftest import NO_ENGINE
from tests.data_access.layouts import create, put

pytestmark = pytest.mark.engine

END = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
# Of the sample's items, all those of every fourth conversation: so few that they are written in a moment.
_SHARE = 4
WINDOWS: list[dict[str, Any]] = [
    {"since": END - timedelta(days=14), "until": END - timedelta(days=9)},
    {"since": END - timedelta(days=40)},
    {"until": END - timedelta(days=30)},
]
SYSTEMS = tuple(built_in())


@dataclass(frozen=True, slots=True)
class World:
    """The engine with a share of the sample in it, and a snapshot of that. `talks` are by system: id, tenant, user, start, end."""

    settings: Settings
    sources: dict[str, Source]
    named: dict[str, Source]
    talks: dict[str, list[tuple[str, str | None, str | None, datetime, datetime]]]

    def sizes(self, system: str) -> Sizes:
        found = stored_sizes(self.settings, system)
        assert found is not None
        return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, missing: Any) -> Iterator[World]:
    if choose().path is None:
        missing(NO_ENGINE)
    folder = tmp_path_factory.mktemp("estimates")
    known = built_in()
    places = {
        name: Place(system, {key: table.name for key, table in system.tables.items()}, DEFAULT_REGION) for name, system in known.items()
    }
    settings = Settings("local", folder, places)
    with attach(folder) as attachment:
        sources = dict(open_sources(settings, attachment.engine.endpoint))
        client = sources["cg"].client
        create(client, *known)
        put(client, [row for row in items(until=END) if _kept(row)])
        store = open_store(settings)
        for source in sources.values():
            sync(source, store)
        talks = _talks(store)
        tenants = tuple(sorted({tenant for _, tenant, *_ in talks["ai_agent"] if tenant}))
        asked = replace(settings, places={name: replace(place, tenants=tenants) for name, place in places.items()})
        named = dict(open_sources(asked, attachment.engine.endpoint))
        yield World(settings, sources, named, talks)
        for source in (*sources.values(), *named.values()):
            source.client.close()


def _kept(row: tuple[str, dict[str, Any]]) -> bool:
    _, item = row
    whose = item.get("sessionId") or item.get("session_id") or item.get("conversation_id") or item.get("id") or item.get("user_id")
    return sum(str(whose).encode()) % _SHARE == 0


def _talks(store: Any) -> dict[str, list[tuple[str, str | None, str | None, datetime, datetime]]]:
    found: dict[str, list[Any]] = {system: [] for system in SYSTEMS}
    with store.connection(expired=True) as database:
        rows = database.execute(
            "SELECT system, conversation_id, tenant_id, user_id, started_at, last_activity_at FROM conversations"
            " WHERE started_at IS NOT NULL ORDER BY ALL"
        ).fetchall()
    for system, talk, tenant, user, start, end in rows:
        found[system].append((talk, tenant, user, start.replace(tzinfo=UTC), end.replace(tzinfo=UTC)))
    return found


def _lists(world: World, system: str) -> Iterator[tuple[Source, Filter]]:
    """Everybody, users, users in a tenant or in tenants that are known by name, tenants; with and without a window."""
    source, named = world.sources[system], world.named[system]
    talks = [talk for talk in world.talks[system] if talk[2] is not None]
    yield source, Filter(system)
    yield source, replace(Filter(system), **WINDOWS[0])
    for number, (_, tenant, user, *_) in enumerate(Random(1).sample(talks, 5)):
        yield source, Filter(system, user)
        yield source, replace(Filter(system, user), **WINDOWS[number % 3])
        if tenant is not None:
            yield named, Filter(system, user)
            yield source, Filter(system, user, tenant)
            yield source, replace(Filter(system, user, tenant), **WINDOWS[number % 3])
    for tenant in sorted({tenant for _, tenant, *_ in talks if tenant}):
        yield source, Filter(system, tenant_id=tenant)
        for window in WINDOWS:
            yield source, replace(Filter(system, tenant_id=tenant), **window)


def _replays(world: World, system: str) -> Iterator[tuple[Source, Filter]]:
    source = world.sources[system]
    for talk, tenant, user, start, end in Random(2).sample(world.talks[system], 6):
        yield source, Filter(system, user, tenant, conversation_id=talk)
        yield source, Filter(system, conversation_id=talk)
        yield source, Filter(system, user, tenant, start + (end - start) / 2, None, talk)
        yield source, Filter(system, user, tenant, start - timedelta(days=1), start + (end - start) / 2 + timedelta(seconds=1), talk)


def _read(source: Source, wanted: Filter, plan: Plan) -> Measured:
    gathering = Gathering(source, wanted)
    gathering.run(plan, allow_scan=True)
    return gathering.reader.meter.measured()


class _Counted:
    """DescribeTable as it is on AWS, where items have their sizes counted: the engine says 0 bytes."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self._sized: dict[str, TableFacts] = {}

    def of(self, source: Source, key: str) -> TableFacts:
        name = source.place.tables[key]
        if name not in self._sized:
            pages = source.client.get_paginator("scan").paginate(TableName=name)
            sizes = [item_bytes(item) for page in pages for item in page["Items"]]
            self._sized[name] = replace(self._real.of(source, key), item_count=len(sizes), item_bytes=sum(sizes) / len(sizes), sized=True)
        return self._sized[name]


@pytest.mark.parametrize("system", SYSTEMS)
def test_estimates_are_within_a_tenth_and_bounds_hold(world: World, system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = _Counted(planner._facts)
    asked = [(plan_list, *each) for each in _lists(world, system)] + [(plan_replay, *each) for each in _replays(world, system)]
    assert len(asked) > 30
    wrong: list[str] = []
    for make, source, wanted in asked:
        plan = make(source, wanted, world.sizes(system))
        with monkeypatch.context() as patch:
            patch.setattr(planner, "_facts", counted)
            bound = make(source, wanted)
        spent = _read(source, wanted, plan).units
        path = " ".join(f"{step.operation.value} {step.index or step.table}" for step in plan.steps)
        assert bound.is_bound
        assert bound.sized_at is None
        if (plan.basis, plan.is_bound, plan.sized_at) != ("snapshot", False, world.sizes(system).as_of):
            wrong.append(f"{path}: stands on a {plan.basis}")
        if abs(plan.estimated_units - spent) > spent / 10:
            wrong.append(f"{path}: {plan.estimated_units} estimated, {spent} measured")
        if [step.table for step in bound.steps] == [step.table for step in plan.steps] and spent > bound.estimated_units:
            wrong.append(f"{path}: at most {bound.estimated_units}, {spent} measured")
    assert not wrong


def test_what_the_snapshot_does_not_know_is_not_said_to_be_nothing(world: World) -> None:
    for system in SYSTEMS:
        for wanted in (Filter(system, "somebody who came later"), Filter(system, "somebody", conversation_id="later")):
            make = plan_list if wanted.conversation_id is None else plan_replay
            plan = make(world.sources[system], wanted, world.sizes(system))
            assert plan.basis == "guess", (system, wanted)


def test_a_snapshot_that_cannot_be_read_is_no_snapshot(world: World, tmp_path: Path) -> None:
    assert stored_sizes(replace(world.settings, state=tmp_path), "cg") is None
    (tmp_path / "snapshot" / "state").mkdir(parents=True)
    (tmp_path / "snapshot" / "state" / "cg.json").write_text("{")
    assert stored_sizes(replace(world.settings, state=tmp_path), "cg") is None
    off = replace(world.settings, snapshot=replace(world.settings.snapshot, on=False))
    assert stored_sizes(off, "cg") is None
    assert world.sizes("cg").evaluated(Extent("another-table", {})) is None, "a snapshot of other tables"
