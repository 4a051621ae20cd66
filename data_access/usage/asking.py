"""One question about usage, and its whole answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from data_access.snapshot.hot import Hot
from data_access.snapshot.within import first_message_at, read_at
from data_access.usage import holdings, responses, talks, tools
from data_access.usage.definitions import METRICS
from data_access.usage.leaders import Leaders
from data_access.usage.people import People
from data_access.usage.presence import Activity
from data_access.usage.scope import Scope, UsageFilter
from data_access.windows import MONTH, WEEK, Calendar, Window, day_number, local_day, number_day

Value = int | float | None
Row = dict[str, Any]

# More days than a chart has points: then only days with activity are listed.
MOST_DAYS = 2_000
TOP = 20


@dataclass(frozen=True, slots=True)
class Usage:
    """The answer. `metrics` has every name of METRICS, None where there is nothing to divide by; `previous` the same for the
    window of the same length before, empty where the window has an open end. `series` has every name of SERIES: rows of plain
    values, days as dates. `heat_bounds` are 5, 25, 50, 75 and 95 % of the heatmap's conversation counts above zero. `first_at` is
    the time of the first message of all, whatever the filter.
    """

    as_of: datetime | None
    window: Window
    previous_window: Window | None
    metrics: Mapping[str, Value]
    previous: Mapping[str, Value]
    series: Mapping[str, Sequence[Row]]
    heat_bounds: tuple[float, ...] = field(default=())
    first_at: datetime | None = None


def usage(hot: Hot, wanted: UsageFilter, *, now: datetime | None = None, top: int = TOP) -> Usage:
    """All metrics and series for one filter. `top` is the length of the leaderboards.

    Raises UsageError: a zone that does not exist, a window without length or backwards.
    """
    now = now or datetime.now(UTC)
    scope = Scope.of(hot, wanted, now)
    before = scope.window.before(scope.zone)
    with hot.cursor() as cursor:
        previous = _Answer(cursor, Scope.of(hot, wanted, now, before)).metrics() if before is not None else {}
        answer = _Answer(cursor, scope)
        kinds = holdings.records(cursor, scope)
        metrics = answer.metrics() | holdings.metrics(cursor, scope, kinds)
        heat = talks.heatmap(answer.activity)
        leaders = Leaders(cursor, hot, answer.talks)
        series = {
            "days": answer.days(),
            "weeks": answer.buckets(WEEK),
            "months": answer.buckets(MONTH),
            "retention": answer.people.retention(),
            "lengths": talks.lengths(answer.talks),
            "heatmap": heat,
            "tools": answer.tools[1],
            "tenants": leaders.tenants(top),
            "users": leaders.users(top),
            "systems": leaders.systems(),
            "records": kinds,
        }
        first_at = first_message_at(hot, cursor, scope.there)
    bounds = talks.bounds([row["conversations"] for row in heat])
    as_of = read_at(hot, wanted.system, wanted.within)
    return Usage(as_of, scope.window, before, _ordered(metrics), _ordered(previous), series, bounds, first_at)


def _ordered(found: Mapping[str, Value]) -> dict[str, Value]:
    return {name: found[name] for name in METRICS if name in found}


class _Answer:
    """The numbers of one window, and what several metrics and series are made from."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, scope: Scope) -> None:
        self._cursor = cursor
        self._scope = scope
        self._daily = talks.daily(cursor, scope)
        self._started = talks.started_by_day(cursor, scope)
        self._responses = responses.measure(cursor, scope)
        self.tools = tools.measure(cursor, scope)
        self.activity = Activity.of(cursor, scope)
        self.talks = self.activity.talks()
        self.people = People.of(cursor, scope, self.activity)
        self._first, self._after = self._span()

    def _span(self) -> tuple[int, int]:
        """The first day of the window and the day after its last. An open end is where the activity begins or ends."""
        since, until, zone = self._scope.window.since, self._scope.window.until, self._scope.zone
        some = {*self._daily, *self._started}
        if not some and (since is None or until is None):
            return 0, 0
        first = day_number(local_day(since, zone)) if since else min(some)
        # The last moment of the window is just before its until.
        last = day_number(local_day(until - timedelta(microseconds=1), zone)) if until else max(some)
        return first, last + 1

    def metrics(self) -> dict[str, Value]:
        return {
            **self.people.metrics(self._first, self._after),
            **talks.metrics(self._cursor, self._scope, self._daily, self.talks),
            **self._responses[0],
            **self.tools[0],
            "preferences_adoption": holdings.adoption(self._cursor, self._scope, self.people.present.who),
        }

    def days(self) -> list[Row]:
        users, new, times = self.people.by_day(), self.people.new_by_day(), self._responses[1]
        active = self.activity.conversations.by_day()
        few = self._after - self._first <= MOST_DAYS
        found: list[Row] = []
        for day in range(self._first, self._after) if few else sorted({*new, *self._daily, *self._started}):
            median, high = times.get(day, (None, None))
            found.append(
                {
                    "day": number_day(day),
                    "active_users": users.get(day, 0),
                    "new_users": new.get(day, 0),
                    "conversations_started": self._started.get(day, 0),
                    **talks.row(self._daily.get(day), active.get(day, 0)),
                    "response_p50": median,
                    "response_p95": high,
                }
            )
        return found

    def buckets(self, of: Calendar) -> list[Row]:
        """A row a week or month in which there was anything."""
        users, active = self.people.by(of), self.activity.conversations.by(of)
        messages = Counter[int]()
        for day, said in self._daily.items():
            messages[day_number(of.start(number_day(day)))] += said["asked"] + said["answered"]
        return [
            {
                "from": number_day(start),
                "active_users": users.get(start, 0),
                "conversations_active": active.get(start, 0),
                "messages": messages[start],
            }
            for start in sorted({*users, *active})
        ]
