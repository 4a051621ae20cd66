"""The sample data's special cases and some of its everyday people on the real engine, and an oracle that reads all of it.

The oracle is a Scan of every table with plain boto3 and one rule a table, written down here a second time.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session

from data_access.costs.size import item_bytes
from data_access.dynamo.aws import Source, open_sources
from data_access.local.sample import LANDMARKS, items
from data_access.local.sample.store import to_wire
from data_access.settings import DEFAULT_REGION, Place, Settings
from data_access.systems.create import create_tables
from data_access.systems.spec import built_in
from tests.data_access.layouts import write

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

UNTIL = datetime(2026, 11, 20, 4, tzinfo=UTC)
PREFIX = "person-"
Wire = Mapping[str, Any]

REMO = (*LANDMARKS.lookalike_remo_users, *LANDMARKS.expired_remo_users, *LANDMARKS.drifted_remo_users, LANDMARKS.empty_remo_user)
AI_AGENT = (*LANDMARKS.lookalike_ai_agent_users, *LANDMARKS.two_tenant_users, "usr_moved_away", LANDMARKS.long_user)
SHARED = (LANDMARKS.drifted_user, LANDMARKS.hostile_user, LANDMARKS.hostile_remo_user, LANDMARKS.large_user, "auth0|never_wrote")


def settings(state: Path, **how: Any) -> Settings:
    places = {
        name: Place(system, {key: PREFIX + table.name for key, table in system.tables.items()}, DEFAULT_REGION)
        for name, system in built_in().items()
    }
    return Settings("local", state, places, **how)


@dataclass(frozen=True)
class Kept:
    """What a Scan says of one person in one system: stored items by table, and conversations as (id, tenant)."""

    items: Mapping[str, list[Wire]]
    conversations: frozenset[tuple[str, str | None]]

    @property
    def counts(self) -> dict[str, tuple[int, int]]:
        return {table: (len(found), sum(map(item_bytes, found))) for table, found in self.items.items()}


class World:
    """The tables, all read once."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        client = self.client()
        for source in self.sources(Path("unused")).values():
            create_tables(source)
            source.client.close()
        write(client, [(PREFIX + table, {"PutRequest": {"Item": {n: to_wire(v) for n, v in item.items()}}}) for table, item in _some()])
        self.stored: dict[str, list[Wire]] = {}
        for system in built_in().values():
            for table in system.tables.values():
                pages = client.get_paginator("scan").paginate(TableName=PREFIX + table.name)
                self.stored[table.name] = [item for page in pages for item in page["Items"]]
        client.close()

    def client(self) -> DynamoDBClient:
        made: Any = botocore.session.get_session().create_client(
            "dynamodb", endpoint_url=self.endpoint, region_name=DEFAULT_REGION, aws_access_key_id="a", aws_secret_access_key="s"
        )
        return made

    def sources(self, state: Path, **how: Any) -> Mapping[str, Source]:
        return open_sources(settings(state, **how), self.endpoint)

    def people(self) -> tuple[str, ...]:
        """The special ones, and two everyday ones of each system."""
        found: dict[str, None] = dict.fromkeys((*REMO, *AI_AGENT, *SHARED))
        for table, name in (("remo-user-data", "user_id"), ("ai-agent-sessions", "userId"), ("ai4ai-chat-sessions", "user_id")):
            usual = sorted({item[name]["S"] for item in self.stored[table]} - found.keys())
            found |= dict.fromkeys(usual[:2])
        return tuple(found)

    def of(self, user: str) -> Mapping[str, Kept]:
        """By system."""
        said = {"S": user}
        remo = [item for item in self.stored["remo-user-data"] if item["user_id"] == said]
        memories = [item for item in remo if item["data_type"]["S"] == "conversation_memory"]
        sessions = [item for item in self.stored["ai-agent-sessions"] if item.get("userId") == said]
        messages = [item for item in self.stored["ai-agent-messages"] if item.get("userId") == said]
        talks = {(item["id"]["S"], item["tenantId"]["S"]) for item in sessions}
        talks |= {(item["sessionId"]["S"], item["tenantId"]["S"]) for item in messages}
        chats = [item for item in self.stored["ai4ai-chat-sessions"] if item["user_id"] == said]
        ids = {item["session_id"]["S"] for item in chats}
        lines = [item for item in self.stored["ai4ai-chat-messages"] if item["session_id"]["S"] in ids]
        boards = [item for item in self.stored["cg-chatbot-conversations"] if item["user_id"] == said]
        return {
            "remo": Kept({"remo-user-data": remo}, frozenset((_memory_id(item), None) for item in memories)),
            "ai_agent": Kept({"ai-agent-sessions": sessions, "ai-agent-messages": messages}, frozenset(talks)),
            "ai4ai": Kept({"ai4ai-chat-sessions": chats, "ai4ai-chat-messages": lines}, frozenset((one, None) for one in ids)),
            "cg": Kept({"cg-chatbot-conversations": boards}, frozenset((item["conversation_id"]["S"], None) for item in boards)),
        }


@cache
def world(endpoint: str) -> World:
    return World(endpoint)


def _memory_id(item: Wire) -> str:
    """A memory that has no id, or none that can be read, goes by its key."""
    data = item.get("data", {})
    if "S" in data:
        return str(json.loads(data["S"])["conversation_id"])
    said = data.get("M", {}).get("conversation_id", {})
    return next(iter(said.values()), f"{item['user_id']['S']}/conversation_memory")


def _some() -> Iterator[tuple[str, dict[str, Any]]]:
    """All special cases, and every sixteenth person of the rest."""
    special = {*REMO, *AI_AGENT, *SHARED}
    orphans = set(LANDMARKS.orphaned_ai4ai_sessions)
    kept: set[str] = set()
    for table, item in items(until=UNTIL):
        user = item.get("user_id", item.get("userId"))
        if user is None:
            if item["session_id"] in kept | orphans:
                yield table, item
        elif user in special or zlib.crc32(user.encode()) % 16 == 0:
            kept.add(item.get("session_id", ""))
            yield table, item
