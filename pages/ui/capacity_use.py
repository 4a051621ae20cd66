"""What was consumed of what is provisioned, by table and by index: over time, and in one line each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from data_access.capacity.limits import BURST_SECONDS, PARTITION_UNITS, share
from data_access.capacity.series import Series
from pages.ui import capacity_view, charts, charts_time, untrusted
from pages.ui.capacity_periods import Periods, length_words
from pages.ui.capacity_view import TABLE_ITSELF, Resource, Side, View
from pages.ui.charts_time import Line
from pages.ui.untrusted import escape, reveal

READS, WRITES = "Reads", "Writes"
BUSIEST = "The busiest"
MOST_LINES = 6
# Below this share of a partition's limit, the limit's line would press all others to the ground: it is said instead.
DRAWN_FROM = 0.2
ROW_PIXELS = 35
VISIBLE_ROWS = 12


def show(view: View) -> None:
    resources = view.resources
    series = [
        (one.system, part)
        for one in resources
        for flow in (one.reads, one.writes)
        for part in (flow.consumed, flow.provisioned)
        if part is not None
    ]
    about = (
        "Consumed capacity in units a second, beside what is provisioned. A table's units leave its indexes out: each index has"
        f" its own. On-demand tables have nothing provisioned. Unused provisioned units of {BURST_SECONDS // 60} minutes can be spent at"
        " once."
    )
    with view.part("Consumed and provisioned", series, "consumed", about=about):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            chosen = st.segmented_control(
                "Side",
                (READS, WRITES),
                default=READS,
                required=True,
                key="capacity_side",
                label_visibility="collapsed",
                persist_state="session",
                width="content",
            )
            side: Side = "write" if chosen == WRITES else "read"
            names = [one.name for one in resources]
            picked = _picker(names)
        one = next((one for one in resources if one.name == picked), resources[0] if len(resources) == 1 else None)
        if one is not None:
            _one(view, one, side)
        else:
            _busiest(view, resources, side)


def _picker(names: Sequence[str]) -> str | None:
    if len(names) < 2:
        return None
    key = "capacity_resource"
    if st.session_state.get(key) not in (None, BUSIEST, *names):
        st.session_state[key] = BUSIEST
    return st.selectbox(
        "Table or index", [BUSIEST, *names], format_func=reveal, key=key, label_visibility="collapsed", persist_state="session", width=420
    )


def _busiest(view: View, resources: Sequence[Resource], side: Side) -> None:
    known = sorted(
        (one for one in resources if one.flow(side).consumed.times), key=lambda one: one.flow(side).consumed.total or 0.0, reverse=True
    )
    drawn = known[:MOST_LINES]
    if not drawn:
        _nothing([one.flow(side).consumed for one in resources], side)
        return
    periods = _periods(view, drawn, side)
    lines = [Line(one.name, periods.highest_rate(one.flow(side).consumed)) for one in drawn]
    _draw(view, periods, lines, f"{side}s by table and index")
    rest = len(known) - len(drawn)
    silent = len(resources) - len(known)
    parts = [_period_words(periods, drawn[0], side, average=False)]
    parts += [f"{rest} more, with less, {'is' if rest == 1 else 'are'} in the list below." if rest else ""]
    parts += [f"{_have(silent)} no data point: that is not a zero." if silent else ""]
    parts += ["Choose one to see what is provisioned for it."]
    st.caption(" ".join(part for part in parts if part) + view.clock_words())


def _have(count: int) -> str:
    return f"{count} {'has' if count == 1 else 'have'}"


def _one(view: View, one: Resource, side: Side) -> None:
    flow = one.flow(side)
    limit = PARTITION_UNITS[side]
    peak = capacity_view.peak(flow)
    if peak is None:
        _nothing([flow.consumed], side)
        return
    periods = _periods(view, [one], side)
    coarse = periods.seconds > flow.consumed.metric.period
    busiest = f"Busiest {length_words(flow.consumed.metric.period)}"
    lines = [Line(busiest if coarse else "Consumed", periods.highest_rate(flow.consumed))]
    if coarse:
        lines.append(Line("Average", periods.average_rate(flow.consumed)))
    levels = periods.levels(flow.provisioned) if flow.provisioned is not None else []
    if any(level is not None for level in levels):
        lines.append(Line("Provisioned", levels, dotted=True))
    top = max([peak, *(level for level in levels if level is not None)])
    if top >= DRAWN_FROM * limit:
        lines.append(Line("One partition can do", [limit] * len(periods.starts), dotted=True))
    _draw(view, periods, lines, f"{side}s of {reveal(one.name)}")
    st.caption(
        f"{_period_words(periods, one, side, average=coarse)} {_use_words(one, side)} The highest point is"
        f" {capacity_view.percent(flow.partition_share)} of the {limit:,} {side} units a second that one partition can do, and"
        f" {capacity_view.percent(flow.table_share)} of a table's default quota.{view.clock_words()}"
    )


def _use_words(one: Resource, side: Side) -> str:
    flow = one.flow(side)
    if one.table.live.billing == "on-demand":
        return "On demand: nothing is provisioned, so there is no utilisation."
    used = flow.utilisation
    if used is None:
        return "What is provisioned was not reported, so the utilisation is not known."
    average = f"{capacity_view.percent(used.average)} of what is provisioned on average" if used.average is not None else ""
    peak = f"{capacity_view.percent(used.peak)} in the busiest {length_words(flow.consumed.metric.period)}" if used.peak is not None else ""
    return f"Used {', '.join(part for part in (average, peak) if part) or 'nothing that is known'}."


def _periods(view: View, drawn: Sequence[Resource], side: Side) -> Periods:
    least = max(one.flow(side).consumed.metric.period for one in drawn)
    return Periods.of(view.since, view.until, least=least)


def _draw(view: View, periods: Periods, lines: Sequence[Line], alt: str) -> None:
    figure = charts_time.lines(periods.read(view.clock), lines, window=view.edges, unit="units a second")
    charts.show(figure, key="capacity_use", alt=f"Units a second over time: {alt}")


def _period_words(periods: Periods, one: Resource, side: Side, *, average: bool) -> str:
    own = length_words(one.flow(side).consumed.metric.period)
    if periods.seconds > one.flow(side).consumed.metric.period:
        first = f"Units a second, the busiest {own} of each {length_words(periods.seconds)}{' and its average' if average else ''};"
    else:
        first = f"Units a second, by {own};"
    return (
        f"{first} an average over a {own} hides bursts inside it. Where there is no point CloudWatch has no data, a zero is drawn as one."
    )


def _nothing(series: Sequence[Series], side: Side) -> None:
    wrong = capacity_view.trouble(series)
    if wrong:
        st.caption(f":orange[:material/help: Consumed {side} units are not known: {wrong}.]")
    else:
        st.caption(
            f":material/do_not_disturb_on: CloudWatch has no data point of {side}s in this time. That is not a zero: nothing was reported."
        )


def listed(view: View) -> None:
    """All tables and indexes, one line each: twenty indexes are twenty lines."""
    resources = view.resources
    kept = capacity_view.kept_words(view)
    several = len({one.system for one in resources}) > 1
    columns: dict[str, list[Any]] = {
        **({"System": [view.titles.get(one.system, one.system) for one in resources]} if several else {}),
        "Table": [one.table.live.name for one in resources],
        "Index": [one.index or TABLE_ITSELF for one in resources],
        "Billing": [one.table.live.billing for one in resources],
    }
    looks: dict[str, Any] = {}
    length = (view.until - view.since).total_seconds()
    both: tuple[tuple[Side, int], ...] = (("read", 0), ("write", 1))
    for side, _ in both:
        name = f"Busiest {side}s"
        columns[name] = [capacity_view.peak(one.flow(side)) for one in resources]
        looks[name] = st.column_config.NumberColumn(format="%,.2f", help=f"{side.capitalize()} units a second in the busiest {kept}.")
    for side, _ in both:
        name = f"Average {side}s"
        flows = [one.flow(side) for one in resources]
        columns[name] = [share(flow.consumed.total, length) if flow.consumed.status == "complete" else None for flow in flows]
        looks[name] = st.column_config.NumberColumn(format="%,.4f", help=f"{side.capitalize()} units a second over the whole time.")
    for side, place in both:
        # On-demand tables have none; where all are, there is no column for it.
        if any(one.provisioned[place] for one in resources):
            used = [one.flow(side).utilisation for one in resources]
            for name, values, help_, form in (
                (f"Provisioned {side}s", [one.provisioned[place] for one in resources], "Units a second that are set now.", "%,d"),
                (
                    f"Used {side}s",
                    [None if one is None else one.average for one in used],
                    "Consumed of provisioned, on average.",
                    "percent",
                ),
                (f"Used {side}s, most", [None if one is None else one.peak for one in used], f"In the busiest {kept}.", "percent"),
            ):
                columns[name] = list(values)
                looks[name] = st.column_config.NumberColumn(format=form, help=help_)
    columns["Throttled"] = [capacity_view.total((one.reads.throttles, one.writes.throttles)) for one in resources]
    looks["Throttled"] = st.column_config.NumberColumn(format="%,d", help="Events; a dash where none was reported.")
    for side, _ in both:
        name = f"{side.capitalize()} data"
        columns[name] = [_seen(one.flow(side).consumed) for one in resources]
        looks[name] = st.column_config.NumberColumn(
            format="percent",
            help=f"The share of this time, by {kept}, in which CloudWatch has a data point. It stores none where nothing happened.",
        )
    untrusted.table(
        columns,
        column_config=looks,
        hide_index=True,
        height=ROW_PIXELS * (min(len(resources), VISIBLE_ROWS) + 1) + 3,
        row_height=ROW_PIXELS,
        placeholder="–",
        key="capacity_listed",
        alt="Consumed and provisioned capacity of every table and index",
    )
    wrong = {one.name: words for one in resources if (words := capacity_view.trouble([one.reads.consumed, one.writes.consumed]))}
    if wrong:
        st.caption(escape("Not known in full: " + "; ".join(f"{name} ({words})" for name, words in wrong.items()) + "."))


def _seen(series: Series) -> float | None:
    return series.coverage if series.status in ("complete", "partial") else None
