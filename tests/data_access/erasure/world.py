"""Tables of an erasure's tests, and what is in them told by a full Scan with plain boto3, not by the code under test."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from data_access.dynamo.aws import Source, open_sources
from data_access.erasure.live import live_tables
from data_access.settings import DEFAULT_REGION, ErasureSettings, Place, Settings
from data_access.systems.create import create_tables
from data_access.systems.spec import System, built_in

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Keys = frozenset[tuple[str, str]]
Item = dict[str, Any]


def plain_client(endpoint: str) -> DynamoDBClient:
    return boto3.client(
        "dynamodb", endpoint_url=endpoint, region_name=DEFAULT_REGION, aws_access_key_id="local", aws_secret_access_key="local"
    )


def settings_for(state: Path, prefix: str = "", systems: Mapping[str, System] | None = None, **more: Any) -> Settings:
    """Local settings whose tables have a prefix, so that several tests can share an engine."""
    places = {
        name: Place(system, {key: prefix + table.name for key, table in system.tables.items()}, DEFAULT_REGION)
        for name, system in (systems or built_in()).items()
    }
    erasure = ErasureSettings(**{"enabled": True, "control_table": f"{prefix}dynascope-control"} | more)
    return Settings("local", state, places, erasure=erasure)


@contextmanager
def opened(settings: Settings, endpoint: str, *, create: bool = True) -> Iterator[Mapping[str, Source]]:
    sources = open_sources(settings, endpoint)
    try:
        if create:
            for source in sources.values():
                create_tables(source)
        yield sources
    finally:
        for source in sources.values():
            source.client.close()


def everything(client: DynamoDBClient, table: str) -> list[Item]:
    pages = client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [item for page in pages for item in page["Items"]]  # pyright: ignore[reportReturnType]


def spot(table: str, item: Mapping[str, Any], *keys: str) -> tuple[str, str]:
    return table, json.dumps({key: item[key] for key in keys}, sort_keys=True)


def text(item: Mapping[str, Any], name: str) -> str | None:
    return item.get(name, {}).get("S")


def belongings(tables: Mapping[str, list[Item]], user: str, prefix: str = "", tenants: set[str] | None = None) -> Keys:
    """Every item of a user by the guides' own layouts. An ai_agent message without a user is its session's owner's."""
    found: set[tuple[str, str]] = set()
    name = prefix + "remo-user-data"
    found |= {spot(name, i, "user_id", "data_type") for i in tables.get(name, ()) if text(i, "user_id") == user and tenants is None}
    name = prefix + "ai-agent-sessions"
    sessions = [i for i in tables.get(name, ()) if text(i, "userId") == user and (tenants is None or text(i, "tenantId") in tenants)]
    found |= {spot(name, i, "id", "tenantId") for i in sessions}
    mine = {(text(i, "id"), text(i, "tenantId")) for i in sessions}
    name = prefix + "ai-agent-messages"
    for i in tables.get(name, ()):
        own = text(i, "userId") == user and (tenants is None or text(i, "tenantId") in tenants)
        if own or ("userId" not in i and (text(i, "sessionId"), text(i, "tenantId")) in mine):
            found.add(spot(name, i, "id"))
    if tenants is not None:
        return frozenset(found)
    name = prefix + "ai4ai-chat-sessions"
    talks = [i for i in tables.get(name, ()) if text(i, "user_id") == user]
    found |= {spot(name, i, "user_id", "session_id") for i in talks}
    ids = {text(i, "session_id") for i in talks}
    name = prefix + "ai4ai-chat-messages"
    found |= {spot(name, i, "session_id", "timestamp") for i in tables.get(name, ()) if text(i, "session_id") in ids}
    name = prefix + "cg-chatbot-conversations"
    found |= {spot(name, i, "conversation_id", "user_id") for i in tables.get(name, ()) if text(i, "user_id") == user}
    return frozenset(found)


def frozen_spots(keys: list[Any]) -> Keys:
    """The keys that were found; each only once."""
    spots = [(key.table, json.dumps(dict(key.key), sort_keys=True)) for key in keys]
    assert len(spots) == len(set(spots))
    return frozenset(spots)


def live_of(sources: Mapping[str, Source]) -> dict[str, Any]:
    return {name: live_tables(source) for name, source in sources.items()}
