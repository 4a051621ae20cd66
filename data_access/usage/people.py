"""Who was active: active users by day, week and month, new and returning users, retention."""

# ruff: noqa: S608 - what goes into statements is written here or is a whole number: see Scope

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np

from data_access.snapshot.loading import quarter_of
from data_access.usage.presence import Activity, Ints, Presence, tally
from data_access.usage.scope import Scope
from data_access.windows import WEEK, Calendar, Window, number_day

Value = int | float | None
Row = dict[str, Any]

_DAYS_A_MONTH, _DAYS_A_WEEK = 30, 7
# Weeks between any two times that there can be.
_WEEK_BITS = 20


@dataclass(frozen=True, slots=True)
class People:
    """Who wrote on which day of the window, and who of them for the first time: `new` and the day of it."""

    present: Presence
    new: Ints
    new_day: Ints

    @classmethod
    def of(cls, cursor: duckdb.DuckDBPyConnection, scope: Scope, activity: Activity) -> People:
        ever = scope.within(Window(None, scope.window.until)).activity()
        found = cursor.execute(
            f"""
            SELECT person, {scope.clock.day(quarter_of("first_at"))} AS day FROM (
                SELECT person, min(first_asked_at) AS first_at FROM {ever} WHERE asked > 0 AND person IS NOT NULL GROUP BY person
            ) WHERE {scope.sent("first_at")}"""
        ).fetchnumpy()
        return cls(activity.people, np.asarray(found["person"]), np.asarray(found["day"]))

    def metrics(self, first: int, after: int) -> dict[str, Value]:
        """For the days from `first` to before `after`, by number."""
        length = after - first
        month = min(_DAYS_A_MONTH, length)
        active, of_month = self.present.count(), self.present.since(after - month)
        monthly = of_month.count()
        return {
            "active_users": active,
            "daily_active_users": len(self.present.who) / length if length else None,
            "weekly_active_users": self.present.since(after - _DAYS_A_WEEK).count() if length >= _DAYS_A_WEEK else None,
            "monthly_active_users": monthly if length >= _DAYS_A_MONTH else None,
            "stickiness": len(of_month.who) / month / monthly if monthly else None,
            "new_users": len(self.new),
            "returning_users": active - len(self.new),
        }

    def by_day(self) -> dict[int, int]:
        return self.present.by_day()

    def new_by_day(self) -> dict[int, int]:
        return tally(self.new_day)

    def by(self, calendar: Calendar) -> dict[int, int]:
        return self.present.by(calendar)

    def retention(self) -> list[Row]:
        """For each week in which somebody wrote for the first time: how many, and how many of them wrote `week` weeks after."""
        if not len(self.new):
            return []
        size = int(max(self.present.who.max(), self.new.max())) + 1
        is_new = np.zeros(size, np.bool_)
        is_new[self.new] = True
        cohort_of = np.zeros(size, np.int64)
        cohort_of[self.new] = WEEK.starts(self.new_day)
        of_new = is_new[self.present.who]
        weeks = Presence(self.present.who[of_new], WEEK.starts(self.present.day[of_new])).distinct()
        cohorts = cohort_of[weeks.who]
        found = tally((cohorts << _WEEK_BITS) + (weeks.day - cohorts) // 7)
        sizes = tally(WEEK.starts(self.new_day))
        rows = [(packed >> _WEEK_BITS, packed & ((1 << _WEEK_BITS) - 1), users) for packed, users in sorted(found.items())]
        return [
            {"cohort": number_day(cohort), "week": week, "users": users, "of": sizes[cohort], "share": users / sizes[cohort]}
            for cohort, week, users in rows
        ]
