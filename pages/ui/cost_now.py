"""What each table and index costs in the window, what drives it, and which indexes nobody reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from data_access.costs.observed import ResourceCosts, What, unused_indexes
from data_access.costs.observed.model import add
from pages.ui import charts, charts_money, cost_tables, cost_view, cost_words
from pages.ui.cost_view import View
from pages.ui.usage_files import Rows

MOST_BARS = 12
OTHERS = "other tables"
# What a table pays for, then what its indexes do: one bar has both.
_OWN: Mapping[str, tuple[What, ...]] = {
    "Storage": ("storage",),
    "Reads": ("reads",),
    "Writes": ("writes",),
    "Capacity": ("read capacity", "write capacity"),
    "Recovery": ("point-in-time recovery",),
    "Backups": ("backups",),
}
_INDEXES: Mapping[str, tuple[What, ...]] = {
    "Index storage": ("storage",),
    "Index reads": ("reads",),
    "Index writes": ("writes",),
    "Index capacity": ("read capacity", "write capacity"),
}


def show(view: View) -> None:
    resources = view.resources
    if not resources:
        st.caption("No table of this could be read.")
        return
    _systems(view)
    _drivers(view)
    cost_tables.show(view)
    _unused(view)


# ---- by system


def _systems(view: View) -> None:
    """Dollars by system, where there are several."""
    found = [one for one in view.observed.totals() if view.asked.system in (None, one.system)]
    if len(found) < 2:
        return
    found.sort(key=lambda one: -(one.usd or 0.0))
    rows = [
        {
            "system": one.system,
            "usd": one.usd,
            "month_usd": cost_words.projected(view.observed.of(one.system)),
            "complete": one.complete,
            **{what.replace(" ", "_").replace("-", "_") + "_usd": amount for what, amount in one.by.items()},
        }
        for one in found
    ]
    places = cost_words.decimals(row["usd"] for row in rows)
    total = sum(one.usd or 0.0 for one in found)
    with cost_view.part("By system", rows, "systems", view.zone, about="The free tier is the account's: it is not taken off a system."):
        columns = {
            "System": cost_view.texts([view.title(one.system) for one in found], width=200),
            "In the window": cost_words.usd_column([row["usd"] for row in rows], places=places, width=118),
            "Share": (
                [100 * (one.usd or 0.0) / total if total else 0.0 for one in found],
                st.column_config.ProgressColumn(format="%.0f %%", min_value=0, max_value=100, width=130),
            ),
            "A month at this rate": cost_words.usd_column([row["month_usd"] for row in rows], places=places, width=150),
            "Unknown amounts": cost_view.counts([len(cost_words.missing(view.observed.of(one.system))) for one in found], width=130),
        }
        cost_view.table(columns, key="cost_systems", alt="Dollars by system in the window")


# ---- what drives it


def _drivers(view: View) -> None:
    names, parts = drivers(view.resources)
    rows = [{"table": name} | {part: values[place] for part, values in parts.items()} for place, name in enumerate(names)]
    with cost_view.part("What drives it", rows, "drivers", view.zone, about="Each table with its indexes, dearest first."):
        if not parts:
            st.caption("No amount is known.")
            return
        figure = charts_money.breakdown(_labels(names), parts, text=cost_words.tick)
        charts.show(figure, key="cost_drivers", alt="Dollars of each table by what they are for")


def drivers(resources: Sequence[ResourceCosts]) -> tuple[list[str], Mapping[str, list[float | None]]]:
    """Tables, dearest first, and for each part the dollars of each; what nobody pays for is left out."""
    tables: dict[str, list[ResourceCosts]] = {}
    for one in resources:
        tables.setdefault(one.table, []).append(one)
    names = sorted(tables, key=lambda name: -(cost_words.window_usd(tables[name]) or 0.0))
    if len(names) > MOST_BARS:
        tables[OTHERS] = [one for name in names[MOST_BARS - 1 :] for one in tables[name]]
        names = [*names[: MOST_BARS - 1], OTHERS]
    found: dict[str, list[float | None]] = {}
    for kinds, indexes in ((_OWN, False), (_INDEXES, True)):
        for part, whats in kinds.items():
            values = [
                add(line.usd for one in tables[name] if (one.index is not None) is indexes for line in one.lines if line.what in whats)
                for name in names
            ]
            if any(values):
                found[part] = values
    return names, found


def _labels(names: Sequence[str]) -> list[str]:
    """Short ones, each another: bars of one name would be one bar."""
    made: list[str] = []
    for name in names:
        label = cost_words.short(name)
        made.append(label if label not in made else cost_words.short(name, len(name)))
    return made


# ---- unused indexes


def _unused(view: View) -> None:
    found = [one for one in unused_indexes(view.observed) if view.asked.system in (None, one.system)]
    rows: Rows = [
        {
            "system": one.system,
            "table": one.table,
            "index": one.index,
            "write_units": one.writes,
            "usd": one.usd,
            "month_usd": one.month_usd,
            "complete": one.complete,
        }
        for one in found
    ]
    with cost_view.part(
        "Indexes that nobody read",
        rows,
        "unused",
        view.zone,
        about="CloudWatch knows of no read of them in the whole window. What they cost is storage, writes and capacity of their own.",
    ):
        if not found:
            st.caption("Every index whose reads are known was read in the window.")
            return
        places = cost_words.decimals(amount for one in found for amount in (one.usd, one.month_usd))
        columns = {
            "Index": cost_view.texts([one.index for one in found], width=235),
            "Table": cost_view.texts([one.table for one in found], width=200),
            "A month": cost_words.usd_column([one.month_usd for one in found], places=places, width=110),
            "In the window": cost_words.usd_column([one.usd for one in found], places=places, width=115),
            "Write units": cost_view.counts([one.writes for one in found], width=100),
            "All known": cost_view.texts(["Yes" if one.complete else "No, at least this" for one in found], width=130),
        }
        cost_view.table(columns, key="cost_unused", alt="Indexes that nobody read, with what they cost")
