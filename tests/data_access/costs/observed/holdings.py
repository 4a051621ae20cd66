"""Rows of a snapshot with sizes and tables: every special case of `invented`, laid out as each system lays them out."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.data_access.asked import Row, Rows, invented

CONTAINERS = {"cg": "cg-chatbot-conversations", "remo": "remo-user-data", "ai_agent": "ai-agent-sessions"}
MESSAGES = {"ai_agent": "ai-agent-messages"}


def sized(seed: int, conversations: int = 160) -> Rows:
    rng = Random(seed)
    rows = {name: list(several) for name, several in invented(seed, conversations).items()}
    inside: dict[Any, int] = {}
    for row in rows["messages"]:
        row["bytes"] = rng.randrange(1, 5_000)
        row["item_table"] = MESSAGES.get(row["system"], CONTAINERS[row["system"]])
        inside[key(row)] = inside.get(key(row), 0) + row["bytes"]
    for row in rows["conversations"]:
        if not row["has_session"] and row["system"] not in MESSAGES:
            # A conversation that holds its messages is there itself.
            row["has_session"] = True
        row["item_table"] = CONTAINERS[row["system"]] if row["has_session"] else None
        row["bytes"] = inside.get(key(row), 0) + (rng.randrange(60, 900) if row["has_session"] else 0)
    for row in rows["user_records"]:
        row["bytes"], row["item_table"] = rng.randrange(50, 9_000), CONTAINERS["remo"]
        row["updated_at"] = rng.choice([one["sent_at"] for one in rows["messages"]])
    return rows


def key(row: Row) -> tuple[Any, ...]:
    return row["system"], row["conversation_id"], row["tenant_id"], row["user_id"]
