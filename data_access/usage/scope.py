"""Whose activity, in which window, at what time: the part of every question that is the same, as SQL.

Ids, times and the zone are turned into whole numbers here; nothing that a person typed is ever part of a statement.
"""

# ruff: noqa: S608 - what goes into statements is written here or is a whole number: see Scope

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb

from data_access.errors import UsageError
from data_access.snapshot.hot import Hot, rows
from data_access.snapshot.loading import SUMS
from data_access.snapshot.within import Within
from data_access.windows import QUARTER, Clock, Window, micros, zone_of

_QUARTER = QUARTER // timedelta(microseconds=1)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_MARGIN = timedelta(days=2)  # more than any zone is from UTC
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC) + _MARGIN, datetime.max.replace(tzinfo=UTC) - _MARGIN


@dataclass(frozen=True, slots=True)
class UsageFilter:
    """What the metrics speak of. `since` and `until` are aware times, `zone` names the calendar of days, weeks and hours.

    `within` is the part of the snapshot that there is for who asks, None for all of it.
    """

    system: str | None = None
    tenant: str | None = None
    user: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    zone: str = "UTC"
    within: Within | None = None

    def check(self) -> None:
        """Raises UsageError for a wrong window or a zone that does not exist."""
        self.window()
        zone_of(self.zone)

    def window(self) -> Window:
        """Raises UsageError for a window without length, one that ends before it begins, times without a zone or beyond the calendar."""
        ends = [when for when in (self.since, self.until) if when is not None]
        if any(when.tzinfo is None for when in ends):
            raise UsageError("A time of the window has no time zone.", "Give aware times.")
        if not all(_FIRST <= when <= _LAST for when in ends):
            raise UsageError(
                "A time of the window is at the end of the calendar.", "Leave it out: the window has no end on that side then."
            )
        return Window(self.since, self.until)


@dataclass(frozen=True, slots=True)
class Scope:
    """A filter and a window, made ready for one copy of the snapshot.

    `own` is SQL that is true of rows that the filter names, `there` of those that there are for who asks: it is part of `own`.
    """

    hot: Hot
    own: str
    window: Window
    zone: ZoneInfo
    clock: Clock
    now: datetime
    there: str = "true"

    @classmethod
    def of(cls, hot: Hot, wanted: UsageFilter, now: datetime, window: Window | None = None) -> Scope:
        zone = zone_of(wanted.zone)
        window = window or wanted.window()
        since = window.since or hot.coverage.since or _LONG_AGO
        until = window.until or hot.coverage.until or now
        with hot.cursor() as cursor:
            own = _own(cursor, wanted)
            there = "true" if wanted.within is None else wanted.within.numbered(cursor)
        own = own if wanted.within is None else f"({own} AND {there})"
        return cls(hot, own, window, zone, Clock.of(zone, since - _MARGIN, max(since, until) + _MARGIN), now, there)

    def within(self, window: Window) -> Scope:
        return replace(self, window=window)

    def kept(self, column: str = "expires_at") -> str:
        """SQL: the row has not expired."""
        return f"({column} IS NULL OR {column} > make_timestamp({micros(self.now)}))"

    def sent(self, column: str = "sent_at") -> str:
        """SQL: the time is in the window. A time that is not known is in no window."""
        since, until = self.window.since, self.window.until
        terms = [f"{column} IS NOT NULL"]
        terms += [f"{column} >= make_timestamp({micros(since)})"] if since else []
        terms += [f"{column} < make_timestamp({micros(until)})"] if until else []
        return f"({' AND '.join(terms)})"

    @property
    def is_ragged(self) -> bool:
        """Whether the window begins or ends inside a quarter of an hour, or something expires in this one."""
        ends = (when for when in (self.window.since, self.window.until) if when is not None)
        return any(micros(when) % _QUARTER for when in ends) or micros(self.now) // _QUARTER in self.hot.expiries

    def activity(self) -> str:
        """A subquery with the columns of `activity`: what happened in the window, by conversation and quarter of an hour.

        Whole quarters are taken from `activity`; those in which the window begins or ends, or in which something expires
        just now, from the messages themselves.
        """
        since, until = self.window.since, self.window.until
        first = -(-micros(since) // _QUARTER) if since else None
        last = micros(until) // _QUARTER if until else None
        this = micros(self.now) // _QUARTER
        whole = " AND ".join(
            ["true"] + ([f"quarter >= {first}"] if first is not None else []) + ([f"quarter < {last}"] if last is not None else [])
        )
        columns = "conv, system_id, tenant, person, quarter"
        sums = "asked, answered, system_messages, tool_messages, turns, timed, tokens, with_tokens, first_at, last_at, first_asked_at"
        summed = f"SELECT {columns}, {sums} FROM activity WHERE {whole} AND (expiry IS NULL OR expiry > {this}) AND {self.own}"
        if not self.is_ragged:
            return f"({summed})"
        single = f"""
            SELECT {columns}, {SUMS} FROM messages
            WHERE {self.sent()} AND {self.kept()} AND NOT ({whole} AND (expiry IS NULL OR expiry <> {this})) AND {self.own}
            GROUP BY ALL"""
        return f"({summed} UNION ALL {single})"


def _own(cursor: duckdb.DuckDBPyConnection, wanted: UsageFilter) -> str:
    terms: list[str] = []
    if wanted.system is not None:
        terms.append(_one_of("system_id", rows(cursor, "SELECT system_id FROM systems WHERE system = ?", [wanted.system])))
    if wanted.tenant is not None:
        terms.append(_one_of("tenant", rows(cursor, "SELECT tenant FROM tenants WHERE tenant_id = ?", [wanted.tenant])))
    if wanted.user is not None:
        terms.append(_one_of("person", rows(cursor, "SELECT person FROM people WHERE user_id = ?", [wanted.user])))
    return f"({' AND '.join(terms)})" if terms else "true"


def _one_of(column: str, numbers: Sequence[tuple[int, ...]]) -> str:
    return f"{column} IN ({', '.join(str(int(number)) for (number,) in numbers)})" if numbers else "false"
