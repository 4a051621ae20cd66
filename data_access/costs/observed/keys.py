"""By which numbers of the snapshot the cost of a table is split: what lies in it, what was written to it, what was read of it.

A message that is an item of its own was written once, in the window in which it was sent. The item of a conversation is
written again with each of its messages, and with it all that it holds. For each message its conversation is read: as many bytes
as lie in the table of it. A user record is written when it was updated, and read with each message of its user. Which request
a chatbot really made, no table knows: these are keys to split by, not units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import duckdb

from data_access.costs.size import STORED_EXTRA
from data_access.snapshot.hot import Hot, rows
from data_access.snapshot.loading import quarter_of
from data_access.windows import QUARTER, micros

Key = Literal["stored", "written", "read"]
Holder = Literal["conversations", "records"]
_QUARTER = QUARTER // timedelta(microseconds=1)

# `containers` are the tables with items of conversations; messages that lie elsewhere are items of their own.
_ACTIVE = """
CREATE TEMP TABLE active AS
SELECT conv, any_value(system_id) AS system_id, any_value(tenant) AS tenant, any_value(person) AS person,
    sum(asked + answered + system_messages + tool_messages)::BIGINT AS messages, sum(asked)::BIGINT AS asked
FROM activity WHERE quarter >= {first} AND quarter < {after} GROUP BY conv
"""
_APART = """
CREATE TEMP TABLE apart AS
SELECT conv, any_value(tenant) AS tenant, item_table, count(*) AS items, sum(bytes)::BIGINT AS bytes,
    coalesce(sum(bytes) FILTER (quarter >= {first} AND quarter < {after}), 0)::BIGINT AS written
FROM messages WHERE item_table IS NOT NULL AND item_table NOT IN ({containers}) GROUP BY conv, item_table
"""
_CONTAINERS = "SELECT DISTINCT item_table FROM conversations WHERE has_session AND item_table IS NOT NULL"
_KEYS = """
WITH own AS (
    SELECT conv, tenant, item_table, greatest(c.bytes - coalesce(elsewhere.bytes, 0), 0) AS bytes
    FROM conversations AS c LEFT JOIN (SELECT conv, sum(bytes) AS bytes FROM apart GROUP BY conv) AS elsewhere USING (conv)
    WHERE has_session AND item_table IS NOT NULL
),
writers AS (SELECT person, sum(messages) AS messages FROM active WHERE person IS NOT NULL GROUP BY person)
SELECT item_table, 'conversations', apart.tenant, sum(bytes + items * {extra}), sum(written), sum(bytes * coalesce(messages, 0))
FROM apart LEFT JOIN active USING (conv) GROUP BY ALL
UNION ALL
SELECT item_table, 'conversations', own.tenant, sum(bytes + {extra}), sum(bytes * coalesce(messages, 0)), sum(bytes * coalesce(messages, 0))
FROM own LEFT JOIN active USING (conv) GROUP BY ALL
UNION ALL
SELECT item_table, 'records', tenant, sum(bytes + {extra}), coalesce(sum(bytes) FILTER ({updated} >= {first} AND {updated} < {after}), 0),
    sum(bytes * coalesce(messages, 0))
FROM records LEFT JOIN writers USING (person) WHERE item_table IS NOT NULL GROUP BY ALL
"""
_COUNTS = """
SELECT system_id, tenant, count(*), sum(messages), count(DISTINCT person) FILTER (asked > 0) FROM active GROUP BY system_id, tenant
UNION ALL
SELECT system_id, NULL, NULL, NULL, count(DISTINCT person) FILTER (asked > 0) FROM active GROUP BY system_id
"""


@dataclass(frozen=True, slots=True)
class Part:
    """Who a share belongs to: a tenant, None where there is none, and conversations or user records."""

    tenant: str | None
    holder: Holder


@dataclass(frozen=True, slots=True)
class Counts:
    """What happened in the window. A user is active who wrote."""

    conversations: int = 0
    messages: int = 0
    users: int = 0


@dataclass(slots=True)
class SystemKeys:
    """`keys` by live table, `counts` by tenant, `users` of the whole system: one person can be of two tenants."""

    keys: dict[str, dict[Key, dict[Part, float]]] = field(default_factory=dict[str, dict[Key, dict[Part, float]]])
    counts: dict[str | None, Counts] = field(default_factory=dict[str | None, Counts])
    users: int = 0

    @property
    def total(self) -> Counts:
        said = self.counts.values()
        return Counts(sum(one.conversations for one in said), sum(one.messages for one in said), self.users)


def read_keys(hot: Hot, since: datetime, until: datetime) -> Mapping[str, SystemKeys]:
    """The keys of every system of the snapshot, for what was sent in `[since, until)`, to the quarter of an hour."""
    bounds = {"first": micros(since) // _QUARTER, "after": -(-micros(until) // _QUARTER)}
    with hot.cursor() as cursor:
        systems = dict(rows(cursor, "SELECT system_id, system FROM systems"))
        tenants = dict(rows(cursor, "SELECT tenant, tenant_id FROM tenants"))
        tables = {number: (systems[system], name) for number, system, name in rows(cursor, "SELECT * FROM item_tables")}
        found = {system: SystemKeys() for system in systems.values()}
        for number, holder, tenant, stored, written, read in _read(cursor, bounds):
            system, name = tables[number]
            by_key = found[system].keys.setdefault(name, {"stored": {}, "written": {}, "read": {}})
            part = Part(tenants.get(tenant), holder)
            for parts, value in zip(by_key.values(), (stored, written, read), strict=True):
                parts[part] = parts.get(part, 0.0) + float(value or 0)
        for number, tenant, conversations, messages, users in rows(cursor, _COUNTS):
            own = found[systems[number]]
            if conversations is None:
                own.users = int(users)
            else:
                own.counts[tenants.get(tenant)] = Counts(int(conversations), int(messages), int(users))
        return found


def _read(cursor: duckdb.DuckDBPyConnection, bounds: Mapping[str, int]) -> list[tuple[int, Holder, int | None, int, int, int]]:
    containers = ", ".join(str(int(number)) for (number,) in rows(cursor, _CONTAINERS)) or "NULL"
    cursor.execute(_ACTIVE.format(**bounds))
    cursor.execute(_APART.format(containers=containers, **bounds) if containers != "NULL" else _APART.format(containers="-1", **bounds))
    return rows(cursor, _KEYS.format(extra=STORED_EXTRA, updated=quarter_of("updated_at"), **bounds))  # pyright: ignore[reportReturnType]
