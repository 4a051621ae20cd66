"""People who ask, some of whom may see less than all, and a world of several systems in which two tenants share a chatbot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from data_access.access.permissions import Role
from data_access.access.viewer import Limits, Origin, Viewer
from data_access.actions.asking import Asking
from data_access.audit.events import Event
from data_access.dynamo.aws import Source, open_sources
from data_access.settings import DEFAULT_REGION, Place, Settings
from data_access.systems.spec import built_in
from tests.data_access.layouts import Talk, create, items, put, talks

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

OWN, FOREIGN = "acme", "acme-eu"
SYSTEMS = ("ai_agent", "cg", "remo")
EVERYTHING = Limits()
# One tenant of the chatbot that keeps tenants, and all of one that keeps none.
SOME = Limits(frozenset({"ai_agent", "cg"}), frozenset({OWN}))
TENANT = Limits(None, frozenset({OWN}))
SYSTEM = Limits(frozenset({"cg"}), None)
LASTING = 4_102_444_800  # a time to live of the year 2100


def asks(limits: Limits = EVERYTHING, *roles: Role, origin: Origin = "command_line", audit: list[Event] | None = None) -> Asking:
    """Whoever asks. On the command line nothing is masked, so that answers can be held against what is stored."""
    written: list[Event] = [] if audit is None else audit
    return Asking(Viewer("somebody", frozenset(roles or Role), limits, origin), written.append)


@dataclass(frozen=True, slots=True)
class World:
    settings: Settings
    sources: Mapping[str, Source]
    talks: Mapping[str, list[Talk]]

    def seen(self, limits: Limits) -> list[Talk]:
        """The conversations that there are for somebody, from what was written."""
        found: list[Talk] = []
        for system, several in self.talks.items():
            keeps = system == "ai_agent"
            if limits.allows_system(system, keeps_tenants=keeps):
                found += [one for one in several if limits.allows_tenant(one.tenant_id, keeps_tenants=keeps)]
        return found


def settings_of(folder: Path, systems: Iterable[str] = SYSTEMS) -> Settings:
    known = built_in()
    places = {name: Place(known[name], {key: table.name for key, table in known[name].tables.items()}, DEFAULT_REGION) for name in systems}
    return Settings("local", folder, places)


def build(client: DynamoDBClient, endpoint: str, folder: Path, limits: Limits = EVERYTHING) -> World:
    """The tables with what there is for somebody in them, and nothing else: of everybody by default.

    Of ai_agent one id is a conversation of both tenants.
    """
    create(client, *SYSTEMS)
    known = {system: talks(system) for system in SYSTEMS}
    shared = next(one for one in known["ai_agent"] if one.tenant_id == OWN)
    known["ai_agent"].append(replace(shared, tenant_id=FOREIGN, user_id="somebody-else", turns=shared.turns[:2]))
    world = World(settings_of(folder), open_sources(settings_of(folder), endpoint), known)
    rows = [(number, row) for number, talk in enumerate(world.seen(limits)) for row in items(talk)]
    # Messages of a shared id are items of their own.
    named = [(table, item | {"id": f"{number}-{item['id']}"} if "sessionId" in item else item) for number, (table, item) in rows]
    put(client, [(table, item | ({"ttl": LASTING} if "ttl" in item else {})) for table, item in named])
    return world
