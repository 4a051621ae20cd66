"""What calls took, and what went wrong with them: latency, errors, failed conditions, deletions by ttl."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from data_access.capacity.report import TableCapacity
from data_access.capacity.series import Series
from pages.ui import capacity_view, charts, charts_time, untrusted
from pages.ui.capacity_periods import MOST_COLUMNS, Periods, added, length_words
from pages.ui.capacity_view import View
from pages.ui.charts_time import Line
from pages.ui.untrusted import reveal

AVERAGE, P99 = "Average", "p99"


def latency(view: View) -> None:
    tables = [(system, table) for system, table in view.tables if table.latency]
    series = [(system, one) for system, table in tables for of in table.latency.values() for one in (of.average, of.p99, of.calls)]
    about = "How long DynamoDB took for successful calls, by its own clock: the way there and back, and repeats by the SDK, are not in it."
    with view.part("Latency", series, "latency", about=about):
        if not tables:
            _no_calls(view)
            return
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            chosen = st.segmented_control(
                "Statistic",
                (P99, AVERAGE),
                default=P99,
                required=True,
                key="capacity_latency",
                label_visibility="collapsed",
                persist_state="session",
                width="content",
            )
            table = _table(tables, "capacity_latency_table")
        periods = Periods.of(view.since, view.until, least=max(one.p99.metric.period for one in table.latency.values()))
        lines = [
            Line(name, periods.weighted(one.average, one.calls) if chosen == AVERAGE else periods.highest(one.p99))
            for name, one in table.latency.items()
        ]
        figure = charts_time.lines(periods.read(view.clock), lines, window=view.edges, unit="ms")
        charts.show(figure, key="capacity_latency_chart", alt=f"Latency over time by operation, {chosen}")
        own = length_words(next(iter(table.latency.values())).p99.metric.period)
        if chosen == AVERAGE:
            words = f"Milliseconds, the average of all calls of each {length_words(periods.seconds)}"
        elif periods.seconds > next(iter(table.latency.values())).p99.metric.period:
            words = f"Milliseconds, the highest p99 of {own} in each {length_words(periods.seconds)}: percentiles do not add up"
        else:
            words = f"Milliseconds, the p99 of each {own}; with few calls in it, that is the slowest of them"
        st.caption(f"{words}. Where there is no point nothing was called, or nothing is known.{view.clock_words()}")
        _operations(table)


def _operations(table: TableCapacity) -> None:
    names = list(table.latency)
    untrusted.table(
        {
            "Operation": names,
            "Calls": [table.latency[name].calls.total for name in names],
            "Average": [table.latency[name].mean for name in names],
            "Highest p99": [table.latency[name].worst_p99 for name in names],
            "Throttled": [_total(table.throttled_requests, name) for name in names],
            "System errors": [_total(table.system_errors, name) for name in names],
            "Items returned": [_total(table.returned_items, name) for name in names],
            "Data": [table.latency[name].calls.coverage for name in names],
        },
        column_config={
            "Calls": st.column_config.NumberColumn(format="%,d", help="Successful ones."),
            "Average": st.column_config.NumberColumn(format="%,.1f ms"),
            "Highest p99": st.column_config.NumberColumn(format="%,.1f ms"),
            "Throttled": st.column_config.NumberColumn(format="%,d", help="Requests; a dash where none was reported."),
            "System errors": st.column_config.NumberColumn(format="%,d", help="A dash where none was reported."),
            "Items returned": st.column_config.NumberColumn(format="%,d", help="By Query and Scan."),
            "Data": st.column_config.NumberColumn(format="percent", help="The share of periods that have a data point."),
        },
        hide_index=True,
        placeholder="–",
        key="capacity_operations",
        alt="Calls by operation",
    )


def _total(found: Mapping[str, Series], name: str) -> float | None:
    return found[name].total if name in found else None


def _no_calls(view: View) -> None:
    wrong = capacity_view.trouble([flow.consumed for _, table in view.tables for _, flow in table.flows()])
    if wrong:
        st.caption(f":orange[:material/help: Latency is not known: {wrong}.]")
    else:
        st.caption(":material/do_not_disturb_on: CloudWatch has no data point of a call in this time.")


def _table(tables: Sequence[tuple[str, TableCapacity]], key: str) -> TableCapacity:
    names = [table.live.name for _, table in tables]
    if len(names) == 1:
        return tables[0][1]
    if st.session_state.get(key) not in names:
        # The one with most calls first.
        st.session_state[key] = max(tables, key=lambda pair: sum(one.calls.total or 0 for one in pair[1].latency.values()))[1].live.name
    chosen = st.selectbox("Table", names, format_func=reveal, key=key, label_visibility="collapsed", persist_state="session", width=300)
    return tables[names.index(chosen)][1]


KINDS: Mapping[str, str] = {
    "System errors": "Failures of DynamoDB itself; the SDKs try again.",
    "Failed conditions": "Writes whose condition did not hold; they cost what a write costs.",
    "Transaction conflicts": "Items that two transactions wanted at once.",
    "Deleted by ttl": "Items that DynamoDB deleted because they had expired; that is free.",
    "User errors": "Wrong requests of anybody in this account and Region; the metric has no table.",
}


def of_kind(view: View, kind: str) -> list[tuple[str, str, list[Series]]]:
    """System, name of a line, and its series."""
    if kind == "User errors":
        return [
            (
                ", ".join(view.titles.get(one, one) for one in account.systems),
                f"Account in {account.region}",
                [account.report.account.user_errors],
            )
            for account in view.accounts
        ]
    found: list[tuple[str, str, list[Series]]] = []
    for system, table in view.tables:
        series = {
            "System errors": list(table.system_errors.values()),
            "Failed conditions": [table.conditional_failures],
            "Transaction conflicts": [table.transaction_conflicts],
            "Deleted by ttl": [table.ttl_deletions],
        }[kind]
        found.append((system, table.live.name, series))
    return found


def errors(view: View) -> None:
    kinds = {kind: of_kind(view, kind) for kind in KINDS}
    series = [(system, one) for found in kinds.values() for system, _, of in found for one in of]
    with view.part("Errors and deletions", series, "errors"):
        kind = st.segmented_control(
            "Kind",
            list(KINDS),
            default=next(iter(KINDS)),
            required=True,
            key="capacity_kind",
            label_visibility="collapsed",
            persist_state="session",
            width="content",
        )
        kind = kind or next(iter(KINDS))
        _counts(view, kind, kinds[kind])
        _totals(view, kinds)


def _counts(view: View, kind: str, found: Sequence[tuple[str, str, Sequence[Series]]]) -> None:
    every = [one for _, _, of in found for one in of]
    if not any(one.times for one in every):
        # System errors are kept only for operations that have a data point: what was refused shows in what was consumed.
        wrong = capacity_view.trouble(every or [flow.consumed for _, table in view.tables for _, flow in table.flows()])
        text = (
            f":orange[:material/help: {kind} are not known: {wrong}.]"
            if wrong
            else f":material/check: None reported in this time. Counted are {KINDS[kind][:1].lower()}{KINDS[kind][1:]}"
        )
        st.caption(text)
        return
    periods = Periods.of(view.since, view.until, least=max(one.metric.period for one in every), most=MOST_COLUMNS)
    traces = {name: added([periods.sums(one) for one in of]) for _, name, of in found if any(one.times for one in of)}
    figure = charts_time.counts(periods.read(view.clock), traces, seconds=periods.seconds, window=view.edges)
    charts.show(figure, key="capacity_counts", alt=f"{kind} over time")
    st.caption(f"{KINDS[kind]} By {length_words(periods.seconds)}; CloudWatch stores nothing where none happened.{view.clock_words()}")


def _totals(view: View, kinds: Mapping[str, Sequence[tuple[str, str, Sequence[Series]]]]) -> None:
    rows: list[dict[str, Any]] = []
    for kind, found in kinds.items():
        for _, name, of in found:
            last = max((one.times[-1] for one in of if one.times), default=None)
            wrong = capacity_view.trouble(of)
            rows.append(
                {
                    "What": kind,
                    "Of": name,
                    "Count": capacity_view.total(of),
                    "Last": capacity_view.when(last, view.zone) if last else None,
                    "Known": wrong or ("yes" if last else "none reported"),
                }
            )
    rows = [row for row in rows if row["Count"] is not None or row["Known"] not in ("none reported", "yes")]
    if not rows:
        return
    untrusted.table(
        {name: [row[name] for row in rows] for name in rows[0]},
        column_config={"Count": st.column_config.NumberColumn(format="%,d")},
        hide_index=True,
        placeholder="–",
        key="capacity_totals",
        alt="Errors and deletions in this time",
    )
