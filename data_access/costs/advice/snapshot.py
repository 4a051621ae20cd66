"""What the snapshot knows for advice: items near the limit of size, and how much of the writes goes to one partition key.

Only counts and sizes leave the questions: no id of a conversation, a user or a tenant.
"""

# ruff: noqa: S608 - what goes into statements is written here
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from data_access.costs.size import MOST_ITEM_BYTES
from data_access.costs.units import WRITE_UNIT_BYTES
from data_access.snapshot.hot import Hot, rows
from data_access.windows import micros

NEAR = 0.8
NEAR_BYTES = int(NEAR * MOST_ITEM_BYTES)
Owner = Literal["conversation", "tenant", "user"]
_COLUMNS: Mapping[Owner, str] = {"conversation": "conv", "tenant": "tenant", "user": "person"}

# Messages that do not lie in their conversation's item are items of their own.
_ITEMS = """
containers AS (SELECT DISTINCT item_table FROM conversations WHERE has_session AND item_table IS NOT NULL),
apart AS (
    SELECT conv, tenant, person, sent_at, item_table, bytes FROM messages
    WHERE item_table IS NOT NULL AND item_table NOT IN (SELECT item_table FROM containers)
),
said AS (SELECT conv, sum(bytes) AS bytes FROM apart GROUP BY conv),
own AS (
    SELECT conv, c.tenant, c.person, c.item_table, greatest(c.bytes - coalesce(said.bytes, 0), 0) AS bytes
    FROM conversations AS c LEFT JOIN said USING (conv) WHERE has_session AND c.item_table IS NOT NULL
)
"""
_LARGE = f"""
WITH {_ITEMS},
items AS (
    SELECT item_table, bytes FROM apart UNION ALL SELECT item_table, bytes FROM own
    UNION ALL SELECT item_table, bytes FROM records WHERE item_table IS NOT NULL
)
SELECT system, name, count(bytes), count(*) FILTER (bytes >= {NEAR_BYTES}), max(bytes)
FROM items JOIN item_tables USING (item_table) JOIN systems USING (system_id) GROUP BY system, name
"""
# A message writes its own item, and the item of its conversation: its size now, which is the most that it can have been.
_WRITES = f"""
CREATE OR REPLACE TEMP TABLE advice_writes AS
WITH {_ITEMS}
SELECT item_table, conv, tenant, person, epoch_us(sent_at) // 60000000 AS minute,
    greatest(1, (bytes + {WRITE_UNIT_BYTES - 1}) // {WRITE_UNIT_BYTES}) AS units
FROM apart WHERE bytes IS NOT NULL AND sent_at >= make_timestamp({{since}}) AND sent_at < make_timestamp({{until}})
UNION ALL
SELECT own.item_table, conv, own.tenant, own.person, epoch_us(sent_at) // 60000000,
    greatest(1, (own.bytes + {WRITE_UNIT_BYTES - 1}) // {WRITE_UNIT_BYTES})
FROM messages JOIN own USING (conv)
WHERE own.bytes IS NOT NULL AND sent_at >= make_timestamp({{since}}) AND sent_at < make_timestamp({{until}})
"""
_BUSY = """
WITH by_minute AS (
    SELECT item_table, {key} AS key, minute, sum(units) AS units FROM advice_writes WHERE {key} IS NOT NULL GROUP BY ALL
),
by_key AS (SELECT item_table, key, max(units) AS peak, sum(units) AS units FROM by_minute GROUP BY ALL)
SELECT system, name, max(peak), max(units), sum(units), count(*)
FROM by_key JOIN item_tables USING (item_table) JOIN systems USING (system_id) GROUP BY system, name
"""


@dataclass(frozen=True, slots=True)
class Large:
    """Items of one table whose size is known, those of at least NEAR_BYTES, and the largest."""

    items: int
    near: int
    most: int


@dataclass(frozen=True, slots=True)
class Busy:
    """Write units of the messages in the window by one owner: `peak` a second, in the owner's busiest minute of all; `share` of all
    that the busiest of `owners` wrote."""

    peak: float
    share: float
    owners: int


@dataclass(frozen=True, slots=True)
class Held:
    """What is known of one table. `as_of` is when the snapshot was read."""

    as_of: datetime | None
    large: Large | None
    busy: Mapping[Owner, Busy]


def hold(hot: Hot, since: datetime, until: datetime) -> Mapping[tuple[str, str], Held]:
    """By system and live table, writes of `[since, until)`."""
    with hot.cursor() as cursor:
        large = {(system, name): Large(items, near, most or 0) for system, name, items, near, most in rows(cursor, _LARGE)}
        cursor.execute(_WRITES.format(since=micros(since), until=micros(until)))
        busy: dict[tuple[str, str], dict[Owner, Busy]] = {}
        for owner, column in _COLUMNS.items():
            for system, name, peak, units, total, owners in rows(cursor, _BUSY.format(key=column)):
                busy.setdefault((system, name), {})[owner] = Busy(float(peak) / 60, float(units) / float(total), int(owners))
    return {spot: Held(hot.as_of(spot[0]), large.get(spot), busy.get(spot, {})) for spot in large.keys() | busy.keys()}
