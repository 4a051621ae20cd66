"""How what is stored grows, when it will have doubled, and what a time to live would save: from the times in the snapshot.

Known is what is there now, by the time it was written; what was deleted before is not seen, so older months may have held more.
A message counts when it was sent, what else an item of a conversation holds when the conversation began, a user record when it
was last updated. Old is an item whose message was sent, whose conversation was last active, or whose record was updated so many
days ago: an item with embedded messages goes as a whole. Bytes are DynamoDB's, with the 100 that storage adds for each item.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import duckdb

from data_access.costs.observed.model import Observed
from data_access.costs.size import STORED_EXTRA
from data_access.snapshot.hot import Hot, rows
from data_access.snapshot.loading import quarter_of
from data_access.windows import QUARTER, QUARTERS_A_DAY, day_number, micros, number_day

# The present rate is of the last three months, or of as much as there is; of less than two weeks nothing is said.
RATE_DAYS, LEAST_DAYS = 90, 14
DAYS_A_MONTH = 365.25 / 12
DAYS: tuple[int, ...] = (7, 14, 30, 60, 90, 180, 365, 730)
_EXPIRING = timedelta(days=30)
_QUARTER = QUARTER // timedelta(microseconds=1)

# Whole days of so many quarters of an hour, rounded down below zero too.
_DAYS = f"CREATE OR REPLACE TEMP MACRO days(quarters) AS (quarters + {QUARTERS_A_DAY * 1_000_000}) // {QUARTERS_A_DAY} - 1000000"
_CONTAINERS = "SELECT DISTINCT item_table FROM conversations WHERE has_session AND item_table IS NOT NULL"
# Rows of one shape: the table, what is said, the day it was written or the days since it was last needed, items, bytes. A message
# that lies in its conversation's item was written when it was sent, and is as old as the whole item: it is no item itself.
_QUESTION = """
WITH said AS (
    SELECT conv, sum(bytes)::BIGINT AS bytes, coalesce(sum(bytes) FILTER (item_table IN ({containers})), 0)::BIGINT AS inside
    FROM messages GROUP BY conv
),
own AS (
    SELECT c.item_table, {began} AS began, {active} AS active, c.expires_at,
        greatest(c.bytes - coalesce(said.bytes, 0), 0) AS bytes, coalesce(inside, 0) AS inside
    FROM conversations AS c LEFT JOIN said USING (conv) WHERE has_session AND item_table IS NOT NULL
),
told AS MATERIALIZED (
    SELECT item_table, quarter, expires_at < {soon} AS soon, item_table NOT IN ({containers}) AS apart,
        count(*) AS items, sum(bytes) AS bytes
    FROM messages WHERE item_table IS NOT NULL GROUP BY item_table, quarter, soon
),
kept AS (SELECT item_table, {updated} AS quarter, expires_at, bytes FROM records WHERE item_table IS NOT NULL)
SELECT item_table, 'written', days(quarter) AS slot, coalesce(sum(items) FILTER (apart), 0)::BIGINT, sum(bytes)::BIGINT
FROM told GROUP BY item_table, slot
UNION ALL SELECT item_table, 'written', days(began) AS slot, count(*), sum(bytes)::BIGINT FROM own GROUP BY item_table, slot
UNION ALL SELECT item_table, 'written', days(quarter) AS slot, count(*), sum(bytes)::BIGINT FROM kept GROUP BY item_table, slot
UNION ALL
SELECT item_table, 'aged', days({now} - quarter) AS slot, sum(items)::BIGINT, sum(bytes)::BIGINT
FROM told WHERE apart GROUP BY item_table, slot
UNION ALL
SELECT item_table, 'aged', days({now} - active) AS slot, count(*), sum(bytes + inside)::BIGINT FROM own GROUP BY item_table, slot
UNION ALL
SELECT item_table, 'aged', days({now} - quarter) AS slot, count(*), sum(bytes)::BIGINT FROM kept GROUP BY item_table, slot
UNION ALL
SELECT item_table, 'expiring', NULL, sum(items)::BIGINT, sum(bytes)::BIGINT FROM told WHERE apart AND soon GROUP BY item_table
UNION ALL
SELECT item_table, 'expiring', NULL, count(*), sum(bytes + inside)::BIGINT FROM own WHERE expires_at < {soon} GROUP BY item_table
UNION ALL SELECT item_table, 'expiring', NULL, count(*), sum(bytes)::BIGINT FROM kept WHERE expires_at < {soon} GROUP BY item_table
"""
_At = dict[int | None, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Month:
    """What was written in a calendar month of UTC and is still there; `total_bytes` is all from the first month on."""

    month: date
    items: int
    bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class Saving:
    """What a time to live of so many days would delete at once, and what a month would then cost less.

    `usd_a_month` is None where what the table's storage costs is not known.
    """

    days: int
    items: int
    bytes: int
    usd_a_month: float | None


@dataclass(frozen=True, slots=True)
class TableGrowth:
    """One live table, or several together (`table` is then empty, and so is `system` where they are of several).

    `days` are (day of UTC, items, bytes) written, ascending; `ages` are (whole days, items, bytes), youngest first. `undated_bytes`
    have no time, so no time to live by it would take them. `expiring_bytes` go in the next 30 days by a time to live that they
    have. `bytes_a_month` is what the last 90 days brought a month, less what expires; None with less than two weeks to go by.
    `month_usd` is a month of storage with that of the indexes and point-in-time recovery, which are taken to shrink with the table.
    """

    system: str
    table: str
    items: int
    bytes: int
    undated_bytes: int
    days: tuple[tuple[date, int, int], ...]
    expiring_bytes: int
    bytes_a_month: float | None
    month_usd: float | None
    ages: tuple[tuple[int, int, int], ...]

    @property
    def months(self) -> tuple[Month, ...]:
        """Every calendar month from the first to the last, empty ones too."""
        by_month: dict[date, tuple[int, int]] = {}
        for day, items, size in self.days:
            before = by_month.get(day.replace(day=1), (0, 0))
            by_month[day.replace(day=1)] = (before[0] + items, before[1] + size)
        found: list[Month] = []
        month, total = min(by_month, default=date.max), 0
        while by_month and month <= max(by_month):
            items, size = by_month.get(month, (0, 0))
            total += size
            found.append(Month(month, items, size, total))
            month = (month + timedelta(days=31)).replace(day=1)
        return tuple(found)

    @property
    def doubling_months(self) -> float | None:
        """Months until there is twice as much, at the present rate; None where it does not grow, or is not known to."""
        return self.bytes / self.bytes_a_month if self.bytes and self.bytes_a_month is not None and self.bytes_a_month > 0 else None

    def saving(self, days: int) -> Saving:
        """Of a time to live of `days`, 0 or more."""
        old = [(items, size) for age, items, size in self.ages if age >= days]
        items, size = sum(items for items, _ in old), sum(size for _, size in old)
        return Saving(days, items, size, None if self.month_usd is None or not self.bytes else self.month_usd * (size / self.bytes))

    def curve(self, days: Iterable[int] = DAYS) -> tuple[Saving, ...]:
        return tuple(self.saving(one) for one in days)


@dataclass(frozen=True, slots=True)
class Growth:
    """`now` is the time that ages are counted to."""

    now: datetime
    as_of: datetime | None
    tables: tuple[TableGrowth, ...]

    def of(self, system: str | None = None) -> TableGrowth | None:
        """All tables of a system, or of all, together. None where the snapshot knows none."""
        found = [one for one in self.tables if system is None or one.system == system]
        return _together(found, system or "", self.now) if found else None


def grow(hot: Hot, observed: Observed | None = None, *, now: datetime | None = None) -> Growth:
    """The growth of every live table that the snapshot knows; dollars where `observed` has them.

    Ages are counted to `now`, to the quarter of an hour.
    """
    now = now or datetime.now(UTC)
    with hot.cursor() as cursor:
        systems = dict(rows(cursor, "SELECT system_id, system FROM systems"))
        places = {number: (systems[system], name) for number, system, name in rows(cursor, "SELECT * FROM item_tables")}
        found = _read(cursor, now)
    dollars = _dollars(observed)
    tables: list[TableGrowth] = []
    for number, spot in places.items():
        written, aged, expiring = found.get(number, ({}, {}, {}))
        if written:
            tables.append(_made(*spot, written, aged, expiring.get(None, (0, 0))[1], dollars.get(spot), now))
    return Growth(now, hot.as_of(), tuple(sorted(tables, key=lambda one: (one.system, one.table))))


def _read(cursor: duckdb.DuckDBPyConnection, now: datetime) -> Mapping[int, tuple[_At, _At, _At]]:
    """By table: items and billed bytes by the day they were written, by their age, and those that will expire. None is no time."""
    containers = ", ".join(str(int(number)) for (number,) in rows(cursor, _CONTAINERS)) or "-1"
    cursor.execute(_DAYS)
    question = _QUESTION.format(
        containers=containers,
        now=micros(now) // _QUARTER,
        soon=f"make_timestamp({micros(now + _EXPIRING)})",
        began=quarter_of("c.started_at"),
        active=quarter_of("c.last_activity_at"),
        updated=quarter_of("updated_at"),
    )
    found: dict[int, tuple[_At, _At, _At]] = {}
    for number, what, at, items, size in rows(cursor, question):
        _count(found.setdefault(number, ({}, {}, {}))[("written", "aged", "expiring").index(what)], at, items, size + items * STORED_EXTRA)
    return found


def _count(into: _At, at: int | None, items: int, size: int) -> None:
    before = into.get(at, (0, 0))
    into[at] = (before[0] + items, before[1] + size)


def _made(system: str, table: str, written: _At, aged: _At, expiring: int, month_usd: float | None, now: datetime) -> TableGrowth:
    dated = sorted((day, said) for day, said in written.items() if day is not None)
    size = sum(size for _, size in written.values())
    return TableGrowth(
        system,
        table,
        sum(items for items, _ in written.values()),
        size,
        size - sum(size for _, (_, size) in dated),
        tuple((number_day(day), *said) for day, said in dated),
        expiring,
        _rate(dated, expiring, now),
        month_usd,
        tuple(sorted((age, *said) for age, said in aged.items() if age is not None)),
    )


def _rate(dated: Sequence[tuple[int, tuple[int, int]]], expiring: int, now: datetime) -> float | None:
    """Bytes a month: what the last days brought, less what will expire. Whole days only, since today is not over yet."""
    today = day_number(now.astimezone(UTC).date())
    span = min(RATE_DAYS, today - dated[0][0]) if dated else 0
    if span < LEAST_DAYS:
        return None
    brought = sum(size for day, (_, size) in dated if today - span <= day < today)
    return (brought / span - expiring / (_EXPIRING / timedelta(days=1))) * DAYS_A_MONTH


def _together(tables: Sequence[TableGrowth], system: str, now: datetime) -> TableGrowth:
    written: _At = {None: (0, sum(one.undated_bytes for one in tables))}
    aged: _At = {}
    for table in tables:
        for day, items, size in table.days:
            _count(written, day_number(day), items, size)
        for age, items, size in table.ages:
            _count(aged, age, items, size)
    dollars = None if any(one.month_usd is None for one in tables) else sum(one.month_usd or 0.0 for one in tables)
    made = _made(system, "", written, aged, sum(one.expiring_bytes for one in tables), dollars, now)
    return replace(made, items=sum(one.items for one in tables))


def _dollars(observed: Observed | None) -> Mapping[tuple[str, str], float | None]:
    """A month of storage by table: its own, its indexes', and recovery. None where one of them is not known."""
    found: dict[tuple[str, str], float | None] = {}
    for resource in observed.resources if observed is not None else ():
        spot = (resource.system, resource.table)
        for line in resource.lines:
            if line.what in ("storage", "point-in-time recovery"):
                before = found.get(spot, 0.0)
                found[spot] = None if before is None or line.month_usd is None else before + line.month_usd
    return found
