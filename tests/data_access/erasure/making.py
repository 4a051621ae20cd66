"""Plans, keys and control tables for the tests of an erasure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data_access.erasure.control import Control
from data_access.erasure.model import Copy, FrozenKey, Guard, Job, Neighbour, Plan, Scope, TableCount, new_plan_id
from data_access.settings import ErasureSettings, Settings

NOW = datetime(2026, 11, 20, 8, 0, 0, 123456, tzinfo=UTC)
USER = "did:privy:Ünïcode user@example.org"
DIGEST = "d" * 64
_tables = itertools.count()


def settings_for(folder: Path, **own: Any) -> Settings:
    """Local mode, with a control table of its own for each call, unless one is named."""
    own = {"enabled": True, "control_table": f"control-{next(_tables)}"} | own
    return Settings("local", folder, {}, erasure=ErasureSettings(**own))


def opened(settings: Settings, endpoint: str) -> Control:
    return Control.open(settings, endpoint)


def message(number: int, *, user: str = USER, table: str = "ai-agent-messages") -> FrozenKey:
    session = f"session-{number // 50:04d}"
    guard = Guard("owner_attribute", (("sessionId", {"S": session}), ("tenantId", {"S": "acme"}), ("userId", {"S": user})))
    return FrozenKey("ai_agent", table, {"id": {"S": f"{number:08x}-7c1f-4a52-9d3e-{number * 7919 % 16**12:012x}"}}, guard, 0, 350, session)


def session(number: int, *, user: str = USER) -> FrozenKey:
    key = {"id": {"S": f"session-{number:04d}"}, "tenantId": {"S": "acme"}}
    return FrozenKey(
        "ai_agent", "ai-agent-sessions", key, Guard("owner_attribute", (("userId", {"S": user}),)), 9, 200, f"session-{number:04d}"
    )


def some_keys(messages: int = 5, sessions: int = 2) -> list[FrozenKey]:
    # The sessions come first: the order of the deletes is not the order in which they were found.
    return [*(session(number) for number in range(sessions)), *(message(number) for number in range(messages))]


def plan_of(
    keys: int, *, user: str = USER, systems: Sequence[str] = ("ai_agent",), by: str = "sam", digest: str = DIGEST, plan_id: str = ""
) -> Plan:
    return Plan(
        plan_id=plan_id or new_plan_id(datetime.now(UTC)),
        scope=Scope(user, tuple(systems), ("acme", "birch"), None, None),
        created_at=NOW,
        requested_by=by,
        counts=(TableCount("ai_agent", "ai-agent-messages", keys, keys * 350, "by session", keys * 1.0, 0.01),),
        keys=keys,
        digest=digest,
        write_units=float(keys),
        usd=0.01,
        seconds=None,
        out_of_scope=("The tenant cedar exists and is not in scope.",),
        neighbours=(Neighbour(USER.upper(), ("cg",), "case", "44 49 44"),),
        copies=(Copy("ai-agent-messages", "PITR", "on", NOW, "35 days"), Copy("t", "export", "there", None, "no end date")),
        not_performed=("Logs.",),
    )


def made(control: Control, keys: Iterable[FrozenKey] | None = None, **plan: Any) -> Job:
    """A draft."""
    every = some_keys() if keys is None else list(keys)
    return control.create(plan_of(len(every), **plan), every)


def stored_rows(control: Control) -> Iterator[dict[str, Any]]:
    """Everything in the control table, in wire format."""
    after: dict[str, Any] = {}
    while True:
        page: dict[str, Any] = control.records.client.scan(TableName=control.records.table, ConsistentRead=True, **after)  # type: ignore[assignment]
        yield from page["Items"]
        if not page.get("LastEvaluatedKey"):
            return
        after = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
