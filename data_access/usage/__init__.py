"""Usage: one written definition a metric, and one engine that computes them all from the snapshot in memory.

    from data_access.usage import UsageFilter, usage, Cell, conversations_behind, METRICS, SERIES, describe

    found = usage(hot, UsageFilter(system="cg", since=..., until=..., zone="Europe/Berlin"))
    found.as_of, found.window, found.previous_window
    found.metrics["active_users"], found.previous["active_users"]       int, float or None; METRICS says what each is
    found.series["days"]                                                rows: dicts of plain values, days as dates
    found.heat_bounds                                                   for a colour scale that one spike does not wash out
    conversations_behind(hot, wanted, Cell(weekday=0, hour=9))          the conversations that a number counted

`hot` is data_access.snapshot.hot.Hot. Every number of conversations in a series is the length of what conversations_behind
answers for the cell:

    days: conversations_active    Cell(day=...)          days: conversations_started   Cell(of="started", day=...)
    weeks, months                 Cell(week=from), Cell(month=from)
    heatmap: conversations        Cell(weekday=..., hour=...)
    lengths: conversations        Cell(length=(low, high))
    tools: conversations          Cell(tool=...)         failed_conversations          Cell(tool=..., failed=True)
    tenants, users, systems       Cell(system=..., tenant=...), Cell(system=..., user=...), Cell(system=...)
    conversations_listed          Cell(of="listed")      empty_sessions                Cell(of="empty")

`local_day(when, zone_of(name))` is the day on which a time is shown, in every table and export.
"""

from data_access.usage.asking import Usage, usage
from data_access.usage.behind import Cell, conversations_behind
from data_access.usage.definitions import METRICS
from data_access.usage.described import SERIES, describe, table
from data_access.usage.metric import Metric
from data_access.usage.scope import UsageFilter
from data_access.windows import Window, local_day, zone_of

__all__ = [
    "METRICS",
    "SERIES",
    "Cell",
    "Metric",
    "Usage",
    "UsageFilter",
    "Window",
    "conversations_behind",
    "describe",
    "local_day",
    "table",
    "usage",
    "zone_of",
]
