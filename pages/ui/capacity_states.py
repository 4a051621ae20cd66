"""What stands on the capacity page around its numbers: what could not be read, which time they are of, the tiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from data_access.capacity.cloudwatch import USD_A_METRIC
from data_access.capacity.report import CapacityReport
from data_access.capacity.series import Answer
from data_access.dynamo.aws import Source
from data_access.errors import DataAccessError
from pages.ui import capacity_view, load_costs, notices, times
from pages.ui.capacity_filters import Asked
from pages.ui.capacity_periods import length_words
from pages.ui.capacity_view import Account, Side, View
from pages.ui.reading import money
from pages.ui.untrusted import escape

TILE_WIDTH = 150
_MOST_PROBLEMS = 5


def read(asked: Asked, sources: Mapping[str, Source], zone: ZoneInfo) -> tuple[View, list[DataAccessError]] | None:
    """The reports of the chosen systems, and what went wrong; None while no window is chosen. A system that fails leaves the others."""
    if asked.window is None:
        notices.empty(
            "No time is chosen.", "Choose the first and the last day; what has not happened yet is left out.", icon="calendar_month"
        )
        return None
    since, until = asked.window
    reports: list[CapacityReport] = []
    problems: dict[str, DataAccessError] = {}
    for system in asked.systems:
        try:
            report = load_costs.capacity(system, since, until)
        except DataAccessError as error:
            problems.setdefault(str(error), error)
            continue
        reports.append(report)
        for error in report.problems:
            problems.setdefault(str(error), error)
    titles = {name: source.title for name, source in sources.items()}
    view = View(tuple(reports), _accounts(reports, sources), asked.table, since, until, zone, titles)
    return view, list(problems.values())


def _accounts(reports: Sequence[CapacityReport], sources: Mapping[str, Source]) -> tuple[Account, ...]:
    found: dict[tuple[str, str | None, str | None], list[CapacityReport]] = {}
    for report in reports:
        place = sources[report.system].place
        found.setdefault((place.region, place.profile, place.role_arn), []).append(report)
    return tuple(Account(region, tuple(one.system for one in of), of[0]) for (region, _, _), of in found.items())


def problems(found: Sequence[DataAccessError]) -> None:
    """Each failure once, in one box with one button; the rest of the page stands."""
    if not found:
        return
    with st.container(border=True, gap="small"):
        for error in found[:_MOST_PROBLEMS]:
            with st.container(gap="xxsmall"):
                notices.say(error)
        if len(found) > _MOST_PROBLEMS:
            st.caption(f"And {len(found) - _MOST_PROBLEMS:,} more.")
        st.button("Try again", icon=":material/refresh:", key="capacity_again", on_click=load_costs.forget_costs)


def about(view: View) -> None:
    """Of which time, how finely, how old, and what this question cost."""
    sample = any(one.sample for one in view.reports)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if sample:
            st.badge("sample data", icon=":material/science:", color="orange", help="CloudWatch is played from the sample conversations.")
        st.caption(escape(_words(view)), width="content" if sample else "stretch")


def _words(view: View) -> str:
    answers = [one.answer for one in view.reports]
    flows = [flow.consumed for _, table in view.tables for _, flow in table.flows()]
    own = max((one.metric.period for one in flows), default=60)
    calls = max((one.conditional_failures.metric.period for _, one in view.tables), default=300)
    finest = f"CloudWatch's data is by {length_words(own)}, of calls by {length_words(calls)}"
    known = [one.coverage for one in flows if one.status in ("complete", "partial")]
    if known:
        finest += f"; {capacity_view.percent(sum(known) / len(known))} of the periods have a data point, in the others nothing was reported"
    return f"{_moment(view.since, view.zone)} to {_moment(view.until, view.zone)}, {view.zone.key}. {finest}. {_price(answers)}"


def _price(answers: Sequence[Answer]) -> str:
    """When it was read and what that cost: what this page asks for is not in CloudWatch's free tier."""
    asked = sum(one.asked for one in answers)
    age = times.ago(min((one.as_of for one in answers), default=None))
    if not asked:
        return f"Read {age}; CloudWatch did not have to be asked again."
    usd = money(asked * USD_A_METRIC)
    free = ", and nothing for sample data" if any(one.sample for one in answers) else ""
    return f"Read {age} by {asked:,} metrics of GetMetricData: {usd} on AWS{free}."


def _moment(when: datetime, zone: ZoneInfo) -> str:
    return f"{when.astimezone(zone):%d %b %Y %H:%M}"


def tiles(view: View) -> None:
    throttles = [flow.throttles for one in view.resources for flow in (one.reads, one.writes)]
    reads, reads_where = _busiest(view, "read")
    writes, writes_where = _busiest(view, "write")
    slow = max(
        ((of.worst_p99 or 0.0, f"{name}, {table.live.name}") for _, table in view.tables for name, of in table.latency.items()),
        default=(None, ""),
    )
    user = [account.report.account.user_errors for account in view.accounts]
    kept = capacity_view.kept_words(view)
    latest = view.last_throttled
    found = (
        ("Throttled events", capacity_view.counted(throttles), f"last {capacity_view.when(latest, view.zone)}" if latest else ""),
        ("Busiest reads", reads, reads_where),
        ("Busiest writes", writes, writes_where),
        ("Slowest p99", capacity_view.milliseconds(slow[0]), slow[1]),
        ("System errors", _system_errors(view), "of DynamoDB itself"),
        ("User errors", capacity_view.counted(user), "of the whole account"),
    )
    helps = {
        "Throttled events": "Read and write throttle events of tables and indexes. One request can be several.",
        "Busiest reads": f"The highest consumption of a {kept}, in read units a second. Bursts inside it are hidden.",
        "Busiest writes": f"The highest consumption of a {kept}, in write units a second. Bursts inside it are hidden.",
        "Slowest p99": "The highest p99 of any period and operation.",
        "System errors": "Failures of DynamoDB itself, with HTTP status 500.",
        "User errors": "Requests of anybody in this account and Region that were wrong. The metric has no table.",
    }
    with st.grid(6, min_column_width=TILE_WIDTH, gap="small"):
        for title, value, where in found:
            with st.container(border=True, height="stretch", gap="xxsmall"):
                st.markdown(f":small[{title}]", help=helps[title])
                st.metric(title, value, label_visibility="collapsed")
                if where:
                    st.caption(escape(where))


def _system_errors(view: View) -> str:
    """Only operations with a data point have a series: whether the rest is none or not known shows in what was consumed."""
    found = [one for _, table in view.tables for one in table.system_errors.values()]
    unknown = not found and capacity_view.trouble([flow.consumed for _, table in view.tables for _, flow in table.flows()])
    return "–" if unknown else capacity_view.counted(found)


def _busiest(view: View, side: Side) -> tuple[str, str]:
    """The highest rate, and of what."""
    known = [(peak, one.name) for one in view.resources if (peak := capacity_view.peak(one.flow(side))) is not None]
    if not known:
        return "–", ""
    highest, name = max(known)
    return f"{capacity_view.rate(highest)} /s", name
