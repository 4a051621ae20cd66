"""What the scenarios of the what-if cost: totals, what they are for, and the cost over volume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from data_access.costs.prices import Prices
from data_access.costs.what_if import Curve, Result, Scenario, compare, curve
from data_access.costs.what_if import Line as WhatLine
from pages.ui import charts, charts_money, untrusted
from pages.ui.charts_money import Line
from pages.ui.cost_words import UNKNOWN, brief, tick, usd
from pages.ui.untrusted import escape

POINTS = 61
# What is charged for, whichever way it is paid: in the words of a line there is this one.
PARTS = {"Writes": "write", "Reads": "read", "Storage": "storage", "Point-in-time recovery": "recovery"}
DASH = "–"
INDENT = "\u2003"  # before an index, below its table
TILE_WIDTH = 185  # pixels; one to a line on a telephone, so that large sums fit
LEAST_USD = 0.000_01  # with less, more than two digits do not fit
Named = Mapping[str, Result]


def text(amount: float | None) -> str:
    """Dollars in Markdown, where a dollar sign would begin a formula."""
    return usd(amount).replace("$", "\\$")


# ---- totals


def totals(named: Named) -> None:
    with st.grid(4, min_column_width=TILE_WIDTH, gap="small"):
        for name, result in named.items():
            title = "A month" if len(named) == 1 else f"A month of {name}"
            missing = None if result.complete else f"Not known, and not in it: {escape(', '.join(result.unknown))}."
            _tile(title if result.complete else f"{title}, at least", brief(result.total), missing)
            if len(named) == 1:
                _tile(*_each(result))
                _tile("Write units a conversation", f"{result.footprint.writes:,.0f}", "Tables and indexes together.")
                _tile("Read units a conversation", f"{result.footprint.reads:,.1f}", "All its reads, each of all its messages.")
        if len(named) == 2:
            first, second = named.keys()
            one, other = named.values()
            whole = compare(one, other)[-1]
            missing = None if whole.usd is not None else "One of the two has a line that is not known."
            _tile(f"{second} against {first}", _signed(whole.usd), missing)
            share = None if not whole.first or whole.second is None else whole.second / whole.first
            _tile(f"{second} is", DASH if share is None else f"{share:,.2f} × {first}", missing)
    for name, result in named.items():
        before = "" if len(named) == 1 else f"**{name}.** "
        if result.upfront_usd:
            st.caption(f"{before}{text(result.upfront_usd)} is paid at once for reserved capacity; its share of a month is in the total.")
        for note in result.notes:
            st.caption(f"{before}{escape(note)}")
        if not result.complete:
            st.caption(f"{before}Not known, and not in the total: {escape(', '.join(result.unknown))}.")
    st.caption(" ".join(dict.fromkeys(_prices(result.prices) for result in named.values())))


def _tile(title: str, value: str, about: str | None = None) -> None:
    with st.container(border=True, height="stretch", gap="xxsmall"):
        st.markdown(f":small[{title}]", help=about)
        st.metric(title, value, label_visibility="collapsed")


def _each(result: Result) -> tuple[str, str]:
    """What a conversation costs, or so many of them that the dollars have few zeros and fit into the tile."""
    usd = result.per_conversation
    if not result.scenario.conversations:
        return "A conversation", DASH
    for count, title in ((1, "A conversation"), (1_000, "1,000 conversations")):
        if usd is None or not usd or usd * count >= LEAST_USD:
            return title, brief(None if usd is None else usd * count)
    return "A million conversations", brief(usd * 1_000_000)


def _at_least(result: Result) -> str:
    return usd(result.total) if result.complete or result.total is None else f"≥ {usd(result.total)}"


def _signed(amount: float | None) -> str:
    if amount is None:
        return DASH
    return usd(0) if not amount else f"{'+' if amount > 0 else '−'}{brief(abs(amount))}"


def _prices(prices: Prices) -> str:
    return escape(f"Prices of {prices.region}: {prices.source} of {prices.dated}." + "".join(f" {notice}" for notice in prices.notices))


# ---- parts


def parts(named: Named) -> None:
    amounts = {
        title: [sum(line.usd or 0 for line in result.lines if part in line.what) for result in named.values()]
        for title, part in PARTS.items()
        if any(part in line.what for result in named.values() for line in result.lines)
    }
    figure = charts_money.breakdown([f"{one} " for one in named] if len(named) > 1 else [" "], amounts, text=tick)
    charts.show(figure, key="what_if_parts", alt="Dollars a month by what they are for")
    for name, result, column in zip(named.keys(), named.values(), st.columns(len(named)), strict=True):
        with column:
            if len(named) > 1:
                st.markdown(f"**{name}**")
            _table(result, name)


def _table(result: Result, name: str) -> None:
    """A row for each table and index, a column for each kind of line."""
    by_what = result.by_what()
    places = list(dict.fromkeys((line.table, line.index) for line in result.lines))
    cells: dict[str, list[str]] = {
        "Table or index": [*(table if index is None else f"{INDENT}{index}" for table, index in places), "Total"],
        "Total": [*(_sum(result, place) for place in places), _at_least(result)],
    }
    for what, whole in by_what.items():
        own = [[line for line in result.lines if (line.table, line.index) == place and line.what == what] for place in places]
        cells[what.capitalize()] = [*map(_cell, own), UNKNOWN if whole is None else usd(whole)]
    looks = {title: st.column_config.TextColumn(alignment="right") for title in list(cells)[1:]}
    if result.scenario.billing == "provisioned":
        cells["Capacity"] = [*(_capacity(result, place) for place in places), ""]
    untrusted.table(
        cells,
        column_config={"Table or index": st.column_config.TextColumn(width=200, pinned=True)} | looks,
        hide_index=True,
        key=f"what_if_table_{name}",
        alt=f"Dollars a month by table and index, scenario {name}",
    )


def _cell(lines: Sequence[WhatLine]) -> str:
    """Nearly always one line or none; reads that need a Scan are beside the least capacity."""
    return ", ".join(line.note if line.quantity is None else usd(line.usd) for line in lines)


def _capacity(result: Result, place: tuple[str, str | None]) -> str:
    lines = [line for line in result.lines if (line.table, line.index) == place and "capacity" in line.what and line.quantity is not None]
    return "; ".join(f"{'write' if 'write' in line.what else 'read'} {line.note}" for line in lines)


def _sum(result: Result, place: tuple[str, str | None]) -> str:
    """What is known of a table or an index; at least that where a line is not."""
    amounts = [line.usd for line in result.lines if (line.table, line.index) == place]
    known = [amount for amount in amounts if amount is not None]
    if not known:
        return UNKNOWN
    return usd(sum(known)) if len(known) == len(amounts) else f"≥ {usd(sum(known))}"


# ---- over volume


def over_volume(named: Named) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(
            "Over volume", anchor=False, width="content", help="Both axes are logarithmic. All but the number of conversations is as above."
        )
        each = st.segmented_control(
            "Dollars",
            [False, True],
            default=False,
            required=True,
            format_func=lambda each: "For 1,000 conversations" if each else "A month",
            key="what_if_each",
            label_visibility="collapsed",
            persist_state="session",
        )
    found = {name: curve(result.scenario, result.prices, points=POINTS) for name, result in named.items()}
    lines = [line for name, one in found.items() for line in _lines(name, one, named[name].scenario, len(named) == 1, bool(each))]
    if not lines:
        st.caption("There is no curve: a price that it needs is not known.")
        return
    figure = charts_money.curves(lines, log=True, y_text=charts_money.usd_tick, x_title="Conversations a month", height=340)
    charts.show(figure, key="what_if_curve", alt="Dollars over conversations a month, on demand and provisioned")
    for name, one in found.items():
        before = "" if len(named) == 1 else f"**{name}.** "
        st.caption(f"{before}{even(one)}")


def _lines(name: str, one: Curve, scenario: Scenario, alone: bool, each: bool) -> list[Line]:
    own = min(range(len(one.volumes)), key=lambda place: abs(one.volumes[place] - scenario.conversations))
    made: list[Line] = []
    for way, values in (("on-demand", one.on_demand), ("provisioned", one.provisioned)):
        title = way.capitalize() if alone else f"{name}, {way}"
        shown = [
            None if whole is None else whole * 1_000 / volume if each else whole for volume, whole in zip(one.volumes, values, strict=True)
        ]
        hover = [
            f"{title}: {usd(amount)}{' for 1,000' if each else ''}, at {volume:,.0f} a month"
            for volume, amount in zip(one.volumes, shown, strict=True)
        ]
        if not any(shown):
            continue
        made.append(Line(title, one.volumes, shown, way == "provisioned", own if way == scenario.billing else None, hover))
    return made


def even(one: Curve) -> str:
    """Where the two ways of paying meet, in sentences."""
    if one.even_writes is None or one.even_reads is None:
        return "Where provisioned capacity is cheaper is not known: a price is missing."
    use = (
        f"{one.even_writes:.1%}"
        if abs(one.even_writes - one.even_reads) < 0.0005
        else f"{one.even_writes:.1%} (reads {one.even_reads:.1%})"
    )
    said = (
        f"Provisioned capacity that is used {use} on average costs as much as on demand, without reserved capacity. At this target and "
        f"peak it is used {one.average:.1%} at most."
    )
    if one.meets_at is None:
        return f"{said} So on demand is cheaper at every volume shown."
    if one.meets_at == 0:
        return f"{said} Provisioned is cheaper at every volume shown."
    return f"{said} Provisioned is cheaper from about {_round(one.meets_at):,} conversations a month."


def _round(value: float) -> int:
    """Two digits that count: a break-even is no better known."""
    return int(f"{value:.1e}".partition("e")[0].replace(".", "")) * 10 ** max(0, len(str(int(value))) - 2) if value >= 10 else round(value)
