"""From a number to its conversations: exactly those that were counted."""

# ruff: noqa: S608 - what goes into statements is written here or is a whole number: see Scope

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from data_access.snapshot.hot import ConversationKey, Hot, rows
from data_access.snapshot.loading import quarter_of
from data_access.usage import talks
from data_access.usage.scope import Scope, UsageFilter
from data_access.windows import MONTH, WEEK, day_number


@dataclass(frozen=True, slots=True)
class Cell:
    """What was clicked. Fields that are given must all hold; the default is the number of active conversations itself.

    `of` says which conversations a number counts: those active in the window, started in it, listed for it, or without any
    message. `day`, `week` (its Monday), `month` (its first), `weekday` (0 is Monday) and `hour` are of the filter's zone.
    `tool` is for conversations that called it, with `failed` for those in which it failed. `length` is lowest and highest
    number of messages in the window, as the rows of `lengths` have them.
    """

    of: Literal["active", "started", "listed", "empty"] = "active"
    day: date | None = None
    week: date | None = None
    month: date | None = None
    weekday: int | None = None
    hour: int | None = None
    tool: str | None = None
    failed: bool = False
    system: str | None = None
    tenant: str | None = None
    user: str | None = None
    length: tuple[int, int | None] | None = None


def conversations_behind(hot: Hot, wanted: UsageFilter, cell: Cell, *, now: datetime | None = None) -> list[ConversationKey]:
    """The conversations that a number of `usage` with the same filter counts, latest activity first. Raises UsageError."""
    scope = Scope.of(hot, wanted, now or datetime.now(UTC))
    # The cell's own system, tenant and user hold beside those of the filter, which says what there is for who asks.
    part = Scope.of(hot, UsageFilter(cell.system, cell.tenant, cell.user, zone=wanted.zone), scope.now).own
    with hot.cursor() as cursor:
        parameters: list[str] = []
        if cell.of in ("started", "listed", "empty"):
            condition = {
                "started": scope.sent("started_at"),
                "listed": talks.overlaps(scope),
                "empty": "has_session AND message_count = 0",
            }[cell.of]
            source, quarter = f"(SELECT * FROM {talks.kept(scope)} WHERE {condition})", quarter_of("started_at")
        elif cell.tool is not None or cell.failed:
            named = "true" if cell.tool is None else "tool IN (SELECT tool FROM tools WHERE name = ?)"
            parameters += [] if cell.tool is None else [cell.tool]
            failed = "status = 1" if cell.failed else "true"
            source = f"(SELECT * FROM tool_calls WHERE {named} AND {failed} AND {scope.sent()} AND {scope.kept()} AND {scope.own})"
            quarter = "quarter"
        else:
            source, quarter = f"(SELECT * FROM {scope.activity()} WHERE asked + answered > 0)", "quarter"
        of_length = _of_length(scope, cell)
        found = rows(
            cursor,
            f"""
            WITH counted AS (SELECT DISTINCT conv FROM {source} WHERE {part} AND {_times(scope, cell, quarter)} AND {of_length})
            SELECT system, conversation_id, tenant_id, user_id FROM counted JOIN conversations USING (conv)
            ORDER BY last_activity_at DESC NULLS LAST, system, conversation_id, tenant_id, user_id""",
            parameters,
        )
    return [ConversationKey(*row) for row in found]


def _times(scope: Scope, cell: Cell, quarter: str) -> str:
    day, slot = scope.clock.day(quarter), scope.clock.slot(quarter)
    terms = ["true"]
    for bucket, wanted in ((day, cell.day), (WEEK.sql(day), cell.week), (MONTH.sql(day), cell.month)):
        terms += [f"{bucket} = {day_number(wanted)}"] if wanted is not None else []
    terms += [f"{slot} // 24 = {int(cell.weekday)}"] if cell.weekday is not None else []
    terms += [f"{slot} % 24 = {int(cell.hour)}"] if cell.hour is not None else []
    return " AND ".join(terms)


def _of_length(scope: Scope, cell: Cell) -> str:
    if cell.length is None:
        return "true"
    low, high = cell.length
    total = "sum(asked + answered)"
    most = f"AND {total} <= {int(high)}" if high is not None else ""
    return f"conv IN (SELECT conv FROM {scope.activity()} GROUP BY conv HAVING {total} >= {int(low)} {most})"
