"""50,000 generated messages in AI Agent Server's tables and a few in CG's: the same each time, from a seed."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MESSAGES = 50_000
LONG = 2_000
USERS = 600
TENANTS = 7
BUSY_USER, BUSY_TENANT, BUSY_CONVERSATIONS = "bench-busy", "bench-tenant-0", 20
_WORDS = "the order arrived late and I would like to know when my refund can be paid back to this card please".split()


def sessions_and_messages(seed: int = 11) -> Iterator[tuple[str, dict[str, Any]]]:
    """Table and wire item, session by session. One session has 2,000 messages, one user has 20 sessions."""
    rng = random.Random(seed)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    left = MESSAGES
    lengths = [LONG] + [20] * BUSY_CONVERSATIONS
    number = 0
    while left:
        length = min(left, lengths[number] if number < len(lengths) else rng.randint(4, 40))
        busy = 0 < number <= BUSY_CONVERSATIONS
        user = BUSY_USER if busy else f"bench-{rng.randrange(USERS)}"
        tenant = BUSY_TENANT if busy else f"bench-tenant-{rng.randrange(TENANTS)}"
        session = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        start = now + timedelta(seconds=rng.randrange(80 * 86_400))
        yield from _session(rng, session, tenant, user, start, length)
        left, number = left - length, number + 1


def embedded(seed: int = 12) -> Iterator[tuple[str, dict[str, Any]]]:
    """The busy user's conversations in CG Production Assistant's table, 20 messages in each item."""
    rng = random.Random(seed)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(BUSY_CONVERSATIONS):
        session = list(
            _session(rng, str(uuid.UUID(int=rng.getrandbits(128), version=4)), "", BUSY_USER, start + timedelta(days=number), 20)
        )
        messages = [{"M": {name: item[name] for name in ("role", "content", "timestamp")}} for _, item in session[1:]]
        own = session[0][1]
        yield (
            "cg-chatbot-conversations",
            {
                "conversation_id": own["id"],
                "user_id": own["userId"],
                "created_at": own["createdAt"],
                "updated_at": own["updatedAt"],
                "messages": {"L": messages},
                "message_count": {"N": "20"},
            },
        )


def long_session(seed: int = 11) -> str:
    """The id of the session with 2,000 messages."""
    return next(item["id"]["S"] for table, item in sessions_and_messages(seed) if table == "ai-agent-sessions")


def _session(
    rng: random.Random, session: str, tenant: str, user: str, start: datetime, length: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    end = start + timedelta(seconds=30 * length)
    own = {"id": session, "tenantId": tenant, "userId": user, "createdAt": _iso(start), "updatedAt": _iso(end)}
    yield "ai-agent-sessions", {name: {"S": value} for name, value in own.items()} | {"isActive": {"BOOL": False}}
    for turn in range(length):
        asked = turn % 2 == 0
        item: dict[str, Any] = {
            "id": {"S": str(uuid.UUID(int=rng.getrandbits(128), version=4))},
            "tenantId": {"S": tenant},
            "sessionId": {"S": session},
            "userId": {"S": user},
            "content": {"S": " ".join(rng.choices(_WORDS, k=rng.randint(4, 24) if asked else rng.randint(10, 80)))},
            "role": {"S": "user" if asked else "agent"},
            "timestamp": {"S": _iso(start + timedelta(seconds=30 * turn))},
        }
        if not asked and rng.random() < 0.3:
            item["metadata"] = {
                "M": {"model": {"S": "assistant-1"}, "tokens": {"N": str(rng.randint(20, 900))}, "tool_calls": _tool_call(rng)}
            }
        yield "ai-agent-messages", item


def _tool_call(rng: random.Random) -> dict[str, Any]:
    rows = [{"M": {"id": {"N": str(rng.randrange(10**9))}, "state": {"S": "open"}}} for _ in range(rng.randint(0, 3))]
    call = {"tool": {"S": "orders.find"}, "args": {"M": {"query": {"S": "late"}, "limit": {"N": "10"}}}, "result": {"L": rows}}
    return {"L": [{"M": call}]}


def _iso(when: datetime) -> str:
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def load(client: DynamoDBClient, rows: Iterator[tuple[str, dict[str, Any]]] | None = None) -> None:
    """Put all of it, or other rows, in batches of 25."""
    rows = rows or chain(sessions_and_messages(), embedded())
    batches: list[list[tuple[str, dict[str, Any]]]] = []
    while batch := list(islice(rows, 25)):
        batches.append(batch)

    def put(batch: list[tuple[str, dict[str, Any]]]) -> None:
        requests: dict[str, Any] = {}
        for table, item in batch:
            requests.setdefault(table, []).append({"PutRequest": {"Item": item}})
        while requests:
            requests = client.batch_write_item(RequestItems=requests)["UnprocessedItems"]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, batches))
