"""The setup guide's own estimate: with its prices, with today's, and beside what the layout's items take."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from data_access.costs.amounts import HOURS
from data_access.costs.prices import PriceBook
from data_access.costs.what_if import Result, estimate, guide, prices_of
from data_access.errors import DataAccessError
from pages.ui import notices, untrusted
from pages.ui.cost_words import UNKNOWN, usd

_PARTS = {"Writes": "write", "Reads": "read", "Storage": "storage", "Backups": "recovery"}


def show(result: Result, book: PriceBook) -> None:
    """The guide's own table, with its prices and with today's, and the same volume counted item by item."""
    st.subheader("The setup guide's estimate", anchor=False)
    asked = guide(result.scenario.system)
    real = replace(result.scenario, layout="spec", conversations=asked.conversations, months=1, prices="today")
    try:
        columns = {
            "The guide, its prices of 2024": estimate(asked, prices_of(asked, book)),
            "The guide, today's prices": estimate(replace(asked, prices="today", region="us-east-1"), book.prices("us-east-1")),
            "This scenario's items, today's prices": estimate(real, prices_of(real, book)),
        }
    except DataAccessError as error:
        notices.show(error)
        return
    parts = {title: part for title, part in _PARTS.items() if any(part in line.what for one in columns.values() for line in one.lines)}
    cells: dict[str, list[str]] = {"": [*parts, "Total"]}
    for title, one in columns.items():
        cells[title] = [*(_of(one, part) for part in parts.values()), _exact(one.total)]
    untrusted.table(
        cells,
        column_config={title: st.column_config.TextColumn(alignment="right") for title in columns},
        hide_index=True,
        key="what_if_guide",
        alt="The setup guide's estimate beside today's prices",
    )
    st.caption(
        f"For {asked.conversations:,} conversations a month. The guide counts two writes and five reads of one unit each and 0.1 GB, "
        "whatever a conversation holds, and no index: a flat assumption. Its prices are from before November 2024, when on-demand "
        "prices were halved. The last column is this scenario at the same volume, with one month of data kept."
    )
    rates = book.prices("us-east-1").standard
    if rates.write_capacity_hour is not None and rates.read_capacity_hour is not None:
        write, read = HOURS * rates.write_capacity_hour, HOURS * rates.read_capacity_hour
        st.caption(
            f"Its $0.47 a month for one read and one write capacity unit is the write unit alone: ${write:.4f}, with the read unit "
            f"${write + read:.4f}.".replace("$", "\\$")
        )


def _of(result: Result, part: str) -> str:
    lines = [line for line in result.lines if part in line.what]
    if not lines:
        return "–"
    return UNKNOWN if any(line.usd is None for line in lines) else _exact(sum(line.usd or 0 for line in lines))


def _exact(amount: float | None) -> str:
    """The guide's figures have more digits than a bill."""
    return usd(amount) if amount is None or not 0 < amount < 1 else f"${amount:,.6f}".rstrip("0")
