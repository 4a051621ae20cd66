"""How what is stored grows, when it will have doubled, and what a time to live would save."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import streamlit as st

from data_access.costs.observed import Saving, TableGrowth
from data_access.costs.observed.growth import DAYS_A_MONTH
from data_access.errors import DataAccessError
from pages.ui import charts, charts_money, cost_head, cost_view, cost_words, load_costs, notices, snapshot_line
from pages.ui.charts_money import Line
from pages.ui.cost_view import View
from pages.ui.cost_words import size, usd

MOST_TRACES = 8
LEAST_IN_UNIT = 10  # bars are labelled without decimals
DAYS_FIELD = "ttl_days"
USUAL_DAYS, MOST_DAYS = 30, 3_650
POINTS = 60


def show(view: View) -> None:
    if not snapshot_line.ready("The growth of what is stored"):
        return
    try:
        with st.spinner("Counting", show_time=True):
            # Of this month, whatever the window: growth is of what is stored now.
            found = load_costs.growth(view.month)
    except DataAccessError as error:
        notices.show(error, again=load_costs.forget_costs, key="cost_growth_again")
        return
    tables = [one for one in found.tables if view.asked.system in (None, one.system)]
    whole = found.of(view.asked.system)
    if whole is None:
        notices.empty("The snapshot has nothing of this system.", "Sync it on the snapshot page.")
        return
    st.caption(
        f"{cost_head.age(found.as_of)} What is there now, by the time it was written: what was deleted before is not seen. Sizes are of the"
        " tables with the 100 bytes that storage adds for each item, without indexes."
    )
    _tiles(whole)
    _months(view, tables)
    _time_to_live(view, whole)
    _tables(view, tables)


def _tiles(whole: TableGrowth) -> None:
    with st.grid(4, min_column_width=cost_head.TILE_WIDTH, gap="small"):
        undated = f"{size(whole.undated_bytes)} of it have no time" if whole.undated_bytes else f"{whole.items:,} items"
        cost_view.tile("Stored", size(whole.bytes), undated)
        rate = whole.bytes_a_month
        said = "less than two weeks to go by" if rate is None else "of the last 90 days, less what expires"
        cost_view.tile("Grows a month by", size(rate) if rate is None or rate >= 0 else f"−{size(-rate)}", said)
        cost_view.tile("Doubles in", doubling(whole), "at that rate")
        cost_view.tile("Expires in 30 days", size(whole.expiring_bytes), "by a time to live that items have")


def doubling(one: TableGrowth) -> str:
    months = one.doubling_months
    if months is None:
        return cost_words.UNKNOWN if one.bytes_a_month is None else "never"
    if months < 1:
        return f"{months * DAYS_A_MONTH:.0f} days"
    # In few letters: a tile is narrow on a telephone.
    return f"{months:.1f} mon." if months < 24 else f"{months / 12:,.0f} years"


def _months(view: View, tables: Sequence[TableGrowth]) -> None:
    rows = [
        {
            "system": one.system,
            "table": one.table,
            "month": month.month,
            "items": month.items,
            "bytes": month.bytes,
            "total_bytes": month.total_bytes,
        }
        for one in tables
        for month in one.months
    ]
    with cost_view.part("Written by month", rows, "growth", view.zone, about="Bytes that are still there, by the month they were written."):
        if not rows:
            st.caption("Nothing that is stored has a time.")
            return
        days, traces = by_month(tables)
        most = max((sum(values[place] for values in traces.values()) for place in range(len(days))), default=0)
        scale, unit = cost_words.scale_of(most, least=LEAST_IN_UNIT)
        drawn = {name: [value / scale for value in values] for name, values in traces.items()}
        figure = charts.over_time(days, drawn, length_days=28, suffix=f" {unit}")
        charts.show(figure, key="cost_growth", alt="Bytes written by month")


def by_month(tables: Sequence[TableGrowth]) -> tuple[list[date], dict[str, list[int]]]:
    """Every month of all, and the bytes of each table in it; of each system where there are many tables."""
    names = {id(one): one.table if len(tables) <= MOST_TRACES else one.system for one in tables}
    found: dict[str, dict[date, int]] = {}
    for one in tables:
        into = found.setdefault(names[id(one)], {})
        for month in one.months:
            into[month.month] = into.get(month.month, 0) + month.bytes
    days = sorted({month for months in found.values() for month in months})[-charts.MOST_POINTS :]
    return days, {name: [months.get(day, 0) for day in days] for name, months in found.items()}


def _time_to_live(view: View, whole: TableGrowth) -> None:
    rows = [_saving_row(one) for one in whole.curve()]
    about = "By the real ages of items: since a message was sent, a conversation was last active, a record was updated."
    with cost_view.part("What a time to live would save", rows, "time-to-live", view.zone, about=about):
        chosen = st.number_input(
            "Keep for days",
            min_value=1,
            max_value=MOST_DAYS,
            value=USUAL_DAYS,
            step=1,
            key=DAYS_FIELD,
            bind="query-params",
            persist_state="session",
            width=150,
        )
        saving = whole.saving(chosen)
        share = saving.bytes / whole.bytes if whole.bytes else 0.0
        money = "its dollars are unknown" if saving.usd_a_month is None else f"{usd(saving.usd_a_month)} less a month"
        st.markdown(
            f"**{saving.items:,}** of {whole.items:,} items are older: **{size(saving.bytes)}** ({share:.0%}), {money} of storage and"
            " recovery, indexes included.".replace("$", "\\$")
        )
        in_usd = whole.month_usd is not None and whole.month_usd > 0
        points = whole.curve(_days(whole))
        values = [one.usd_a_month if in_usd else 100 * one.bytes / whole.bytes if whole.bytes else 0.0 for one in points]
        hover = [f"{one.days} days: {size(one.bytes)}, {one.items:,} items, {usd(one.usd_a_month)} a month" for one in points]
        figure = charts_money.curves(
            [Line("Saved", [float(one.days) for one in points], values, hover=hover)],
            y_text=cost_words.tick if in_usd else _percent,
            x_title="Days that items are kept",
        )
        what = "Dollars a month that" if in_usd else "Share of the bytes that"
        charts.show(figure, key="cost_ttl", alt=f"{what} a time to live would save, by its days")
        st.caption(f"{what} a time to live would save. Its deletions take no write units, but in the other Regions of a global table.")


def _days(whole: TableGrowth) -> list[int]:
    """From a day to the age of the oldest item, evenly."""
    oldest = max((age for age, _, _ in whole.ages), default=0) + 1
    step = max(1, -(-oldest // POINTS))
    return list(range(1, max(oldest, USUAL_DAYS) + step, step))


def _percent(value: float) -> str:
    return f"{value:g} %"


def _saving_row(one: Saving) -> dict[str, Any]:
    return {"days": one.days, "items": one.items, "bytes": one.bytes, "usd_a_month": one.usd_a_month}


def _tables(view: View, tables: Sequence[TableGrowth]) -> None:
    found = sorted(tables, key=lambda one: -one.bytes)
    rows = [
        {
            "system": one.system,
            "table": one.table,
            "items": one.items,
            "bytes": one.bytes,
            "bytes_a_month": one.bytes_a_month,
            "doubling_months": one.doubling_months,
            "expiring_bytes": one.expiring_bytes,
            "undated_bytes": one.undated_bytes,
            "month_usd": one.month_usd,
        }
        for one in found
    ]
    with cost_view.part("By table", rows, "growth-tables", view.zone):
        columns = {
            "Table": cost_view.texts([one.table for one in found], width=220, pinned=True),
            "Size": cost_view.texts([size(one.bytes) for one in found], width=95, alignment="right"),
            "Items": cost_view.counts([one.items for one in found], width=85),
            "Grows a month by": cost_view.texts([size(one.bytes_a_month) for one in found], width=130, alignment="right"),
            "Doubles in": cost_view.texts([doubling(one) for one in found], width=105, alignment="right"),
            "Expires in 30 days": cost_view.texts([size(one.expiring_bytes) for one in found], width=135, alignment="right"),
            "Storage a month": cost_words.usd_column([one.month_usd for one in found], width=130, help="With its indexes and recovery."),
        }
        cost_view.table(columns, key="cost_growth_tables", alt="Growth by table")
