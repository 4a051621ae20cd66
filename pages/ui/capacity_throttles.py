"""Throttled requests: when, of what, why; and from a spike to the conversations that were active in that minute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from heapq import nlargest
from typing import Any

import streamlit as st

from data_access.capacity.metrics import REASONS, THROTTLES
from data_access.capacity.report import Flow, Spike
from data_access.capacity.series import Series
from data_access.errors import SnapshotError, SnapshotOff
from data_access.usage import Cell, UsageFilter
from pages.ui import access, capacity_view, charts, charts_time, load_snapshot, registry, untrusted, usage_link
from pages.ui.capacity_periods import length_words
from pages.ui.capacity_view import TABLE_ITSELF, View
from pages.ui.untrusted import escape

PAGE_ROWS = 12
CHART = "capacity_spikes"
UNKNOWN_REASON = "reason not reported"
_COUNTED = "With a message in that time. A message that was refused and never written is not stored, so it is in none."
_WORDS = {
    "ProvisionedThroughput": "provisioned capacity",
    "KeyRangeThroughput": "one partition (hot key)",
    "AccountLimit": "account limit",
    "MaxOnDemandThroughput": "on-demand maximum",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """One period in which requests to a table or an index of a system were throttled, with its events by reason."""

    system: str
    spike: Spike
    reasons: tuple[tuple[str, float], ...]

    @property
    def filter(self) -> UsageFilter:
        return UsageFilter(self.system, since=self.spike.minute, until=self.spike.minute + timedelta(seconds=self.spike.seconds))


def show(view: View) -> None:
    flows = [(system, flow) for system, table in view.tables for _, flow in table.flows()]
    throttles = [flow.throttles for _, flow in flows]
    series = [(system, one) for system, flow in flows for one in (flow.throttles, *flow.reasons.values())]
    with view.part("Throttling", series, "throttling", about=_about()):
        moments = found(view)
        if not moments:
            _none(throttles)
            return
        known = _known(moments)
        opens = access.is_open(registry.BEHIND.action, access.viewer())
        _chart(view, moments, known, opens=opens)
        _snapshot_words(known)
        every = sum(1 for _ in view.spikes())
        if every > len(moments):
            st.caption(f"The {len(moments):,} spikes with most events, of {every:,}; all of them are in the data.")
        _list(view, moments, known, opens=opens)


def _about() -> str:
    reasons = "\n".join(f"- {_WORDS[name]}: {meaning}" for name, meaning in REASONS.items())
    return (
        f"Events of {THROTTLES[0]} and {THROTTLES[1]}, of tables and of indexes. A write that an index cannot take is throttled at the"
        f" table too, and one request can be several events: the SDKs try again.\n\n{reasons}"
    )


def _none(throttles: Sequence[Series]) -> None:
    wrong = capacity_view.trouble(throttles)
    if wrong:
        st.caption(f":orange[:material/help: Throttling is not known for all of this time: {wrong}.]")
    elif throttles:
        st.caption(
            ":material/check: No throttled request was reported in this time. CloudWatch stores nothing where nothing was throttled;"
            " whether it saw these tables at all shows below."
        )


def found(view: View) -> list[Moment]:
    """The spikes with most events, at most as many as a chart has room for, each with its events by reason; latest first."""
    highest = nlargest(charts.MOST_POINTS, view.spikes(), key=lambda pair: pair[1].count)
    highest.sort(key=lambda pair: (pair[1].minute, pair[1].count), reverse=True)
    flows = {(system, table.live.name, index): [] for system, table in view.tables for index, _ in table.flows()}
    for system, table in view.tables:
        for index, flow in table.flows():
            flows[system, table.live.name, index].append(flow)
    by_reason = {place: _by_reason(both) for place, both in flows.items()}
    moments: list[Moment] = []
    for system, spike in highest:
        reasons = {name: at[spike.minute] for name, at in by_reason[system, spike.table, spike.index].items() if at.get(spike.minute)}
        rest = spike.count - sum(reasons.values())
        if rest > 0:
            reasons[UNKNOWN_REASON] = rest
        moments.append(Moment(system, spike, tuple(reasons.items())))
    return moments


def _by_reason(flows: Sequence[Flow]) -> dict[str, dict[object, float]]:
    made: dict[str, dict[object, float]] = {}
    for flow in flows:
        for reason, series in flow.reasons.items():
            into = made.setdefault(_WORDS.get(reason, reason), {})
            for at, value in zip(series.times, series.values, strict=True):
                into[at] = into.get(at, 0.0) + value
    return made


@dataclass(frozen=True, slots=True)
class Known:
    """Which moments the snapshot can tell of, and why not the others. `off`: there is no snapshot to ask."""

    moments: frozenset[int]
    off: str | None
    total: int


def _known(moments: Sequence[Moment]) -> Known:
    """By place. A snapshot that was read before a minute ended does not know who was active in it."""
    try:
        coverage = load_snapshot.coverage()
    except SnapshotOff:
        return Known(frozenset(), "The snapshot is turned off, so the conversations of a minute cannot be looked up.", len(moments))
    except SnapshotError:
        return Known(frozenset(), "The snapshot cannot be read, so the conversations of a minute cannot be looked up.", len(moments))
    if not coverage:
        return Known(frozenset(), "There is no snapshot yet: it will say how many conversations were active in a spike.", len(moments))
    places = {
        place
        for place, one in enumerate(moments)
        if one.system in coverage and one.filter.until is not None and one.filter.until <= coverage[one.system].began_at
    }
    return Known(frozenset(places), None, len(moments))


def _snapshot_words(known: Known) -> None:
    if known.off is not None:
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.caption(f":orange[:material/photo_camera: {escape(known.off)}]", width="content")
            access.link(registry.SNAPSHOT, "Snapshot", registry.SNAPSHOT.icon)
    elif len(known.moments) < known.total:
        missing = known.total - len(known.moments)
        st.caption(
            f":orange[:material/photo_camera: {missing:,} of {known.total:,} spikes are younger than the snapshot, or of a system"
            " that is not in it: their conversations are not known here before the next sync.]"
        )


def _chart(view: View, moments: Sequence[Moment], known: Known, *, opens: bool) -> None:
    together = grouped(moments)
    drawn = sorted(together, key=lambda place: -sum(together[place].values()))
    names = list(dict.fromkeys(name for place in drawn for name in together[place]))
    traces = {name[:1].upper() + name[1:]: [together[place].get(name) for place in drawn] for name in names}
    times = [view.on_clock(wanted.since) for wanted in drawn if wanted.since is not None]
    hover = [
        f"{at:%a %d %b %H:%M}, {view.titles.get(wanted.system or '', '')}, {sum(together[wanted].values()):,.0f} events"
        for at, wanted in zip(times, drawn, strict=True)
    ]
    # One for each point, None where there is nothing to open.
    answered = {moments[place].filter for place in known.moments}
    targets = tuple(wanted if wanted in answered else None for wanted in drawn)
    charts.show(
        charts_time.stems(times, traces, hover, window=view.edges),
        key=CHART,
        alt="Throttled requests over time, by reason",
        on_click=partial(pick, view.zone.key, targets) if known.moments and opens else None,
    )
    seconds = max(one.spike.seconds for one in moments)
    action = " Click one to open the conversations that were active then." if known.moments and opens else ""
    st.caption(f"Throttled events of each {length_words(seconds)}, tables and indexes together, by reason.{action}{view.clock_words()}")


def grouped(moments: Sequence[Moment]) -> dict[UsageFilter, dict[str, float]]:
    """Events by reason of each period of each system: a table and its indexes are throttled together, and are one point."""
    found: dict[UsageFilter, dict[str, float]] = {}
    for one in moments:
        into = found.setdefault(one.filter, {})
        for reason, count in one.reasons:
            into[reason] = into.get(reason, 0.0) + count
    return found


def pick(zone: str, targets: Sequence[UsageFilter | None]) -> None:
    """Open the moment that was clicked in the chart. For callbacks."""
    points = st.session_state[CHART]["selection"]["points"]
    place = points[0].get("point_index") if points else None
    # What a browser sends is not to be trusted, nor is a click that arrives after the chart has changed.
    if isinstance(place, int) and 0 <= place < len(targets) and (wanted := targets[place]) is not None:
        _open(wanted, zone)


def pick_row(click: str, zone: str, targets: Sequence[UsageFilter | None]) -> None:
    wanted = targets[st.session_state[click].row]
    if wanted is not None:
        _open(wanted, zone)


def _open(wanted: UsageFilter, zone: str) -> None:
    usage_link.open_later(usage_link.Question(UsageFilter(wanted.system, since=wanted.since, until=wanted.until, zone=zone), Cell()))


def _list(view: View, moments: Sequence[Moment], known: Known, *, opens: bool) -> None:
    pages = -(-len(moments) // PAGE_ROWS)
    number = st.pagination(pages, key="capacity_spike_page") if pages > 1 else 1
    begin = (min(number, pages) - 1) * PAGE_ROWS
    shown = range(begin, min(begin + PAGE_ROWS, len(moments)))
    targets = tuple(moments[place].filter if place in known.moments else None for place in shown)
    numbers = active(targets)
    version = f"{hash((tuple((moments[place].system, moments[place].spike) for place in shown), numbers)) & 0xFFFFFFFF:x}"
    rows = [moments[place] for place in shown]
    several = len({one.system for one in moments}) > 1
    columns: dict[str, list[Any]] = {
        "Time": [capacity_view.when(one.spike.minute, view.zone) for one in rows],
        **({"System": [view.titles.get(one.system, one.system) for one in rows]} if several else {}),
        "Table": [one.spike.table for one in rows],
        "Index": [one.spike.index or TABLE_ITSELF for one in rows],
        "Reads": [one.spike.reads for one in rows],
        "Writes": [one.spike.writes for one in rows],
        "Why": [", ".join(f"{count:,.0f} × {name}" for name, count in one.reasons) for one in rows],
    }
    looks: dict[str, Any] = {
        "Time": st.column_config.TextColumn(width=130),
        "Reads": st.column_config.NumberColumn(format="%,d", help="Throttled read events.", width=70),
        "Writes": st.column_config.NumberColumn(format="%,d", help="Throttled write events.", width=70),
        "Why": st.column_config.TextColumn(width="medium"),
    }
    if known.off is None and not opens:
        columns = {"Conversations": list(numbers), **columns}
        looks["Conversations"] = st.column_config.NumberColumn(format="%,d", help=_COUNTED, width=118)
    elif known.off is None:
        click = f"capacity_spike_{version}"
        columns = {"Conversations": [None if count is None else f"{count:,} ›" for count in numbers], **columns}
        looks["Conversations"] = st.column_config.ButtonColumn(
            "Conversations",
            width=118,
            type="tertiary",
            alignment="right",
            help=_COUNTED,
            key=click,
            on_click=pick_row,
            args=(click, view.zone.key, targets),
        )
    untrusted.table(
        columns,
        column_config=looks,
        hide_index=True,
        placeholder="–",
        key=f"capacity_spikes_{version}",
        alt="Spikes of throttling",
    )


def active(targets: Sequence[UsageFilter | None]) -> tuple[int | None, ...]:
    """How many conversations were active in each; None where that is not known."""
    wanted = tuple(dict.fromkeys(one for one in targets if one is not None))
    if not wanted:
        return (None,) * len(targets)
    try:
        counts = dict(zip(wanted, load_snapshot.active_counts(wanted), strict=True))
    except SnapshotError:
        return (None,) * len(targets)
    return tuple(None if one is None else counts[one] for one in targets)
