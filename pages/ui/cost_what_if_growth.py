"""How a conversation's item grows, in layouts that keep all its messages in one."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from data_access.costs.size import KB, MOST_ITEM_BYTES
from data_access.costs.what_if import Growth, Prefilled, Result, Scenario, embeds, item_growth
from pages.ui import charts, charts_money
from pages.ui.charts_money import Line

MOST_LENGTH = 10_000
LEAST_UNEVEN = 1.05  # below it a mean length says enough


def show(named: Mapping[str, Result], known: Mapping[str, Prefilled | None]) -> None:
    """Two charts for the layouts that embed, nothing where none does. `known` is what the snapshot knows of each."""
    growing = {name: result for name, result in named.items() if result.scenario.layout == "spec" and embeds(result.scenario.system)}
    if not growing:
        return
    st.subheader(
        "How a conversation's item grows",
        anchor=False,
        help="Each message writes the whole item again, and so every index that holds it: twice as long costs four times as much.",
    )
    found = {name: item_growth(result.scenario, MOST_LENGTH) for name, result in growing.items()}
    alone = len(growing) == 1
    sizes = [_line("The item" if alone else name, one, growing[name].scenario, units=False) for name, one in found.items()]
    units = [_line("Write units" if alone else name, one, growing[name].scenario, units=True) for name, one in found.items()]
    last = max((line.x[-1] for line in sizes if line.x), default=None)
    if last is not None:
        limit = Line("Largest item, 400 KB", [1.0, last], [MOST_ITEM_BYTES / KB] * 2, dotted=True)
        left, right = st.columns(2)
        with left:
            st.markdown(":small[Size of the item]")
            figure = charts_money.curves([*sizes, limit], y_text=_kilobytes, x_title="Messages")
            charts.show(figure, key="what_if_growth_bytes", alt="Bytes of a conversation's item by its messages, and the limit of 400 KB")
        with right:
            st.markdown(":small[Write units of the whole conversation, indexes included]")
            figure = charts_money.curves(units, x_title="Messages")
            charts.show(figure, key="what_if_growth_units", alt="Write units of a conversation by its messages")
    for name, one in found.items():
        st.caption(("" if alone else f"**{name}.** ") + _words(growing[name], one.limit, known.get(name)))


def _line(title: str, one: Growth, scenario: Scenario, *, units: bool) -> Line:
    at = [float(point.messages) for point in one.points]
    own = min(range(len(at)), key=lambda place: abs(at[place] - scenario.messages), default=None)
    if units:
        hover = [
            f"{point.all_units:,.0f} write units for {point.messages:,} messages, {point.write_units:,.0f} of them for the last"
            for point in one.points
        ]
        return Line(title, at, [point.all_units for point in one.points], mark=own, hover=hover)
    hover = [f"{point.bytes:,} bytes with {point.messages:,} messages" for point in one.points]
    return Line(title, at, [point.bytes / KB for point in one.points], mark=own, hover=hover)


def _words(result: Result, limit: int | None, known: Prefilled | None) -> str:
    scenario = result.scenario
    if limit is None:
        said = f"The item stays under 400 KB up to {MOST_LENGTH:,} messages."
    else:
        said = f"The item meets 400 KB (409,600 bytes) at message {limit + 1:,}, which DynamoDB refuses."
    if known is None or known.uneven < LEAST_UNEVEN:
        return said
    return (
        f"{said} In the snapshot conversations are not equally long: the mean of their squared lengths is {known.uneven:.2f} times the "
        f"square of their mean. This estimate takes all to have {scenario.messages:,} messages; with that spread the writes would be "
        "up to so many times as much."
    )


def _kilobytes(value: float) -> str:
    return f"{value:,.0f} KB"
