"""What each table and each index costs in the window, and every line of it with its quantity, source and coverage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import streamlit as st

from data_access.costs.observed import Line, ResourceCosts, What
from pages.ui import cost_view, cost_words
from pages.ui.cost_view import View
from pages.ui.cost_words import Column


def show(view: View) -> None:
    resources = _ordered(view.resources)
    with cost_view.part(
        "By table and index",
        [_row(one) for one in resources],
        "tables",
        view.zone,
        about="Dollars of the window; an index has its own storage, reads and writes. The lines below say why an amount is unknown.",
    ):
        cost_view.table(_columns(resources), key="cost_tables", alt="Dollars of each table and index by what they are for")
    lines = [(one, line) for one in resources for line in one.lines]
    rows = [_line_row(one, line) for one, line in lines]
    with st.expander("Every line with its quantity, source and coverage", on_change="rerun", key="cost_lines_open") as folded:
        if folded.open:
            with cost_view.part("Lines", rows, "lines", view.zone):
                _lines(lines)


def _ordered(resources: Sequence[ResourceCosts]) -> list[ResourceCosts]:
    """Tables dearest first, each followed by its indexes, dearest first."""
    whole: dict[tuple[str, str], float] = {}
    for one in resources:
        whole[one.system, one.table] = whole.get((one.system, one.table), 0.0) + (one.usd or 0.0)
    return sorted(
        resources,
        key=lambda one: (-whole[one.system, one.table], one.system, one.table, one.index is not None, -(one.usd or 0.0), one.index or ""),
    )


def _columns(resources: Sequence[ResourceCosts]) -> dict[str, Column]:
    places = cost_words.decimals(line.usd for one in resources for line in one.lines)

    def money(*whats: What, **look: Any) -> Column:
        # Recovery that is off, or capacity of an on-demand table: there is no such line, and nothing is unknown.
        absent = [not any(line.what in whats for line in one.lines) for one in resources]
        amounts = [_sum(one, whats) for one in resources]
        # Only a text can tell apart what there is not and what is unknown; numbers sort as numbers.
        if any(absent):
            return cost_words.usd_texts(amounts, absent, places=places, width=84, **look)
        return cost_words.usd_column(amounts, places=places, width=84, **look)

    columns: dict[str, Column] = {
        "Table or index": cost_view.texts([_name(one) for one in resources], width=230, pinned=True),
        "All": cost_words.usd_column([one.usd for one in resources], places=places, width=84, help="What is known of it."),
        "Storage": money("storage"),
        "Reads": money("reads"),
        "Writes": money("writes"),
    }
    more: tuple[tuple[str, tuple[What, ...], str], ...] = (
        ("Capacity", ("read capacity", "write capacity"), "Provisioned read and write capacity, used or not."),
        ("Recovery", ("point-in-time recovery",), "Point-in-time recovery."),
        ("Backups", ("backups",), "On-demand backups that are there now."),
    )
    for title, whats, about in more:
        if any(line.what in whats for one in resources for line in one.lines):
            columns[title] = money(*whats, help=about)
    columns |= {
        "A month": cost_words.usd_column(
            [cost_words.projected([one]) for one in resources], places=places, width=84, help="At this rate, with what is stored now."
        ),
        "Size": cost_view.texts([cost_words.size(one.bytes) for one in resources], width=92, alignment="right"),
        "Items": cost_view.counts([one.items for one in resources], width=82),
        "Read units": cost_view.counts([one.reads for one in resources], width=92, help="Consumed in the window."),
        "Write units": cost_view.counts([one.writes for one in resources], width=92, help="Consumed in the window."),
        "CloudWatch": (
            pa.array([_coverage(one) for one in resources], pa.float64()),
            st.column_config.NumberColumn(
                format="percent", width=100, help="Hours of the window with a data point: of its series, the one with most."
            ),
        ),
        "Class": cost_view.texts(["Standard" if one.table_class == "STANDARD" else "Standard-IA" for one in resources], width=100),
        "Billing": cost_view.texts([one.billing.capitalize() for one in resources], width=105),
    }
    return columns


def _sum(one: ResourceCosts, whats: Sequence[What]) -> float | None:
    """Its dollars; None where one of them is unknown."""
    amounts = [line.usd for line in one.lines if line.what in whats]
    return None if None in amounts else sum(amount or 0.0 for amount in amounts)


def _coverage(one: ResourceCosts) -> float | None:
    return max((line.coverage for line in one.lines if line.coverage is not None), default=None)


def _name(one: ResourceCosts) -> str:
    return one.table if one.index is None else f"\u2003↳ {one.index}"


def _row(one: ResourceCosts) -> dict[str, Any]:
    return {
        "system": one.system,
        "table": one.table,
        "index": one.index,
        "usd": one.usd,
        "month_usd": cost_words.projected([one]),
        "complete": one.complete,
        **{
            f"{what.replace(' ', '_').replace('-', '_')}_usd": None if (line := one.line(what)) is None else line.usd
            for what in ("storage", "reads", "writes", "read capacity", "write capacity", "point-in-time recovery", "backups")
        },
        "bytes": one.bytes,
        "items": one.items,
        "read_units": one.reads,
        "write_units": one.writes,
        "cloudwatch_coverage": _coverage(one),
        "table_class": one.table_class,
        "billing": one.billing,
        "region": one.region,
    }


def _line_row(one: ResourceCosts, line: Line) -> dict[str, Any]:
    return {
        "system": one.system,
        "table": one.table,
        "index": one.index,
        "what": line.what,
        "quantity": line.quantity,
        "unit": line.unit,
        "usd": line.usd,
        "month_usd": line.month_usd,
        "source": line.source,
        "coverage": line.coverage,
        "note": line.note,
    }


def _lines(lines: Sequence[tuple[ResourceCosts, Line]]) -> None:
    places = cost_words.decimals(line.usd for _, line in lines)
    columns = {
        "Table or index": cost_view.texts([_name(one) for one, _ in lines], width=215, pinned=True),
        "What": cost_view.texts([line.what.capitalize() for _, line in lines], width=125),
        "Quantity": cost_view.texts([_quantity(line) for _, line in lines], width=140, alignment="right"),
        "Dollars": cost_words.usd_column([line.usd for _, line in lines], places=places, width=84),
        "A month": cost_words.usd_column([line.month_usd for _, line in lines], places=places, width=84),
        "Source": cost_view.texts([line.source for _, line in lines], width=105),
        "Coverage": cost_view.texts(
            ["" if line.coverage is None else f"{line.coverage:.0%}" for _, line in lines], width=78, alignment="right"
        ),
        "Note": cost_view.texts([line.note for _, line in lines], width="large"),
    }
    cost_view.table(columns, key="cost_lines", alt="Every line of the bill with its quantity, source and coverage")


def _quantity(line: Line) -> str:
    if line.quantity is None:
        return cost_words.UNKNOWN
    if line.unit == "GB-months":
        return f"{line.quantity:,.2f} {line.unit}" if line.quantity >= 1 else f"{line.quantity:.3g} {line.unit}"
    return f"{line.quantity:,.0f} {line.unit}"
