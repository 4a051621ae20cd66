"""Worlds to verify: the four layouts on a DynamoDB, the frozen keys of one user in them, and a deleter of the tests' own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeSerializer

from data_access.erasure.model import FrozenKey, Guard, Scope
from data_access.erasure.verification import Leftovers, Seen, Verification
from tests.data_access import layouts

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CUTOFF = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
BEFORE, AFTER = "2026-11-20T07:00:00", "2026-11-20T09:00:00"
BEFORE_MS, AFTER_MS = (int(datetime.fromisoformat(f"{one}+00:00").timestamp()) * 1000 for one in (BEFORE, AFTER))
SUBJECTS = {"remo": "did:privy:cm1", "ai_agent": "user-1", "ai4ai": "ap-southeast-2:0001", "cg": "demo"}
KEYS = {table["TableName"]: [key["AttributeName"] for key in table["KeySchema"]] for made in layouts.TABLES.values() for table in made}
_CONVERSATION = {"ai-agent-messages": "sessionId", "ai-agent-sessions": "id", "ai4ai-chat-sessions": "session_id"} | {
    "ai4ai-chat-messages": "session_id",
    "cg-chatbot-conversations": "conversation_id",
}
_serialize = TypeSerializer().serialize


def wire(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _serialize(value) for name, value in item.items()}


def frozen(system: str, table: str, item: Mapping[str, Any]) -> FrozenKey:
    """A frozen key of a plain item, with a guard as the plan would make it."""
    key = wire({name: item[name] for name in KEYS[table]})
    conditions = tuple((name, _serialize(item[name])) for name in ("tenantId", "userId") if name in item and name not in KEYS[table])
    conversation = item.get(_CONVERSATION.get(table, "")) or (item.get("data") or {}).get("conversation_id")
    return FrozenKey(system, table, key, Guard("owner_attribute", conditions), 0, 300, conversation)


def planned(system: str, user: str | None = None) -> list[FrozenKey]:
    subject = SUBJECTS[system] if user is None else user
    return [frozen(system, table, item) for talk in layouts.talks(system) if talk.user_id == subject for table, item in layouts.items(talk)]


def scope(*systems: str, **more: Any) -> Scope:
    return Scope(SUBJECTS[systems[0]], systems, **more)


def erase(client: DynamoDBClient, keys: Iterable[tuple[str, Mapping[str, Any]]]) -> int:
    gone = list(keys)
    layouts.write(client, [(table, {"DeleteRequest": {"Key": dict(key)}}) for table, key in gone])
    return len(gone)


def erase_all(client: DynamoDBClient, keys: Iterable[FrozenKey]) -> None:
    erase(client, ((key.table, key.key) for key in keys))


def again(client: DynamoDBClient) -> Callable[[Leftovers], int]:
    return lambda left: erase(client, ((one.table, one.key) for one in left))


def plant(client: DynamoDBClient, table: str, item: Mapping[str, Any]) -> None:
    client.put_item(TableName=table, Item=wire(item))


def classes(seen: Verification) -> dict[tuple[str, Seen], int]:
    found: dict[tuple[str, Seen], int] = {}
    for residual in seen.residuals:
        spot = (residual.table, residual.kind)
        found[spot] = found.get(spot, 0) + residual.count
    return found


def fresh(seen: Verification) -> dict[str, int]:
    return {found.table: found.new_activity for found in seen.new_activity}


class Wrapped:
    """A client with a script: `on(method, request, send)` answers instead of it, and may call `send`."""

    def __init__(self, client: Any, on: Callable[[str, dict[str, Any], Callable[..., Any]], Any]) -> None:
        self._client, self._on = client, on
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._client, name)
        if name not in {"query", "scan", "batch_get_item"}:
            return real

        def send(**request: Any) -> Any:
            self.asked.append((name, request))
            return self._on(name, request, real)

        return send


def everything(client: DynamoDBClient, tables: Sequence[str]) -> Iterator[tuple[str, Any]]:
    for table in tables:
        for item in client.scan(TableName=table, ConsistentRead=True)["Items"]:
            yield table, item
