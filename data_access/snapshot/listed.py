"""Conversations by their keys, from the snapshot: what a list of them shows."""

# pyarrow has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import pyarrow as pa

from data_access.models import Conversation
from data_access.snapshot.hot import ConversationKey, utc
from data_access.snapshot.store import Store

_COLUMNS = (
    *("system", "conversation_id", "user_id", "tenant_id", "title", "started_at", "last_activity_at", "message_count"),
    *("first_user_message", "last_assistant_message", "tools", "failed_tools", "is_active", "expires_at"),
)
_QUESTION = f"""
SELECT place, {", ".join(f"found.{name}" for name in _COLUMNS)} FROM wanted JOIN stored AS found
ON found.conversation_id = wanted.conversation_id AND found.system = wanted.system
    AND found.user_id IS NOT DISTINCT FROM wanted.user_id AND found.tenant_id IS NOT DISTINCT FROM wanted.tenant_id
"""  # noqa: S608 - the names are written here


def listed(store: Store, keys: Sequence[ConversationKey]) -> tuple[Conversation, ...]:
    """One for each key, in their order. One that is no longer there has its ids alone. Raises SnapshotError."""
    if not keys:
        return ()
    stored = store.arrow("conversations", _COLUMNS, {key.system for key in keys})
    wanted = pa.table(
        {
            "place": pa.array(range(len(keys)), pa.int64()),
            **{
                name: pa.array([getattr(key, name) for key in keys], pa.string())
                for name in ("system", "conversation_id", "user_id", "tenant_id")
            },
        }
    )
    with duckdb.connect() as database:
        database.register("stored", stored)
        database.register("wanted", wanted)
        found = {int(row[0]): _conversation(row[1:]) for row in database.execute(_QUESTION).fetchall()}
    return tuple(found.get(place) or _gone(key) for place, key in enumerate(keys))


def _conversation(row: tuple[Any, ...]) -> Conversation:
    system, conversation_id, user, tenant, title, started, last, count, first, answer, tools, failed, active, expires = row
    return Conversation(
        system=system,
        conversation_id=conversation_id,
        user_id=user,
        tenant_id=tenant,
        title=title,
        started_at=utc(started),
        last_activity_at=utc(last),
        message_count=count or 0,
        first_user_message=first,
        last_assistant_message=answer,
        tools=tuple(tools or ()),
        failed_tools=tuple(failed or ()),
        is_active=active,
        expires_at=utc(expires),
    )


def _gone(key: ConversationKey) -> Conversation:
    return Conversation(key.system, key.conversation_id, key.user_id, key.tenant_id, None, None, None, 0, None, None, (), (), None, None)
