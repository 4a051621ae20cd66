"""What every part of the capacity page is given: the reports, the window, the clock; and how its numbers are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo

import streamlit as st

from data_access.capacity.report import CapacityReport, Flow, Spike, TableCapacity
from data_access.capacity.series import Series, Status
from pages.ui import times, usage_files
from pages.ui.capacity_periods import chart_clock, length_words
from pages.ui.capacity_rows import SeriesRows
from pages.ui.untrusted import escape

TABLE_ITSELF = "the table itself"
Side = Literal["read", "write"]


@dataclass(frozen=True, slots=True)
class Resource:
    """A table without its indexes, or one of its indexes."""

    system: str
    table: TableCapacity
    index: str | None
    reads: Flow
    writes: Flow

    @property
    def name(self) -> str:
        return f"{self.table.live.name} · {self.index}" if self.index else self.table.live.name

    def flow(self, side: Side) -> Flow:
        return self.reads if side == "read" else self.writes

    @property
    def provisioned(self) -> tuple[int | None, int | None]:
        """Units a second that are set now, to read and to write; None on demand."""
        live = next((one.live for one in self.table.indexes if one.live.name == self.index), self.table.live)
        return live.provisioned_reads, live.provisioned_writes


@dataclass(frozen=True, slots=True)
class Account:
    """The account and Region that some of the systems share."""

    region: str
    systems: tuple[str, ...]
    report: CapacityReport


@dataclass(frozen=True, slots=True)
class View:
    """The reports of the chosen systems. `table` narrows them to one; `accounts` never are: they know no table."""

    reports: tuple[CapacityReport, ...]
    accounts: tuple[Account, ...]
    table: str | None
    since: datetime
    until: datetime
    zone: ZoneInfo
    titles: Mapping[str, str]

    @property
    def clock(self) -> tzinfo:
        """By which the charts are drawn."""
        return chart_clock(self.zone, self.since, self.until)

    @property
    def tables(self) -> tuple[tuple[str, TableCapacity], ...]:
        """System and table."""
        return tuple((one.system, table) for one in self.reports for table in one.tables if self.has(table.live.name))

    @property
    def resources(self) -> tuple[Resource, ...]:
        found: list[Resource] = []
        for system, table in self.tables:
            found.append(Resource(system, table, None, table.reads, table.writes))
            found += [Resource(system, table, index.live.name, index.reads, index.writes) for index in table.indexes]
        return tuple(found)

    def spikes(self) -> Iterator[tuple[str, Spike]]:
        """System and spike."""
        return ((one.system, spike) for one in self.reports for spike in one.spikes if self.has(spike.table))

    @property
    def last_throttled(self) -> datetime | None:
        return max((spike.minute for _, spike in self.spikes()), default=None)

    def has(self, table: str) -> bool:
        return self.table is None or self.table == table

    def on_clock(self, when: datetime) -> datetime:
        """As a chart takes it: naive, on the charts' clock."""
        return when.astimezone(self.clock).replace(tzinfo=None)

    @property
    def edges(self) -> tuple[datetime, datetime]:
        """The window as charts take it."""
        return self.on_clock(self.since), self.on_clock(self.until)

    def clock_words(self) -> str:
        """Where a chart is not by the clock of the viewer."""
        if self.clock is self.zone:
            return ""
        return f" The clocks of {escape(self.zone.key)} change in this time, so the chart is in {escape(str(self.clock))}."

    @contextmanager
    def part(self, title: str, series: Iterable[tuple[str, Series]], name: str, *, about: str | None = None) -> Iterator[None]:
        """A titled part with its series to take away, as CloudWatch gave them. `title` and `about` are ours, never data."""
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader(title, anchor=False, help=about, width="content")
            usage_files.offer(SeriesRows.of(series), name, self.zone, page="capacity")
        yield


def peak(flow: Flow) -> float | None:
    """As `flow.peak`, without a rate for each of twenty thousand minutes: a page asks for it of every index, again and again."""
    highest = flow.consumed.peak
    return None if highest is None else highest / flow.consumed.metric.period


def rate(value: float | None) -> str:
    """Units a second; a dash where they are not known."""
    if value is None:
        return "–"
    if value == 0 or value >= 100:
        return f"{value:,.0f}"
    return f"{value:,.1f}" if value >= 10 else f"{value:,.2f}" if value >= 0.01 else "under 0.01"


def percent(value: float | None) -> str:
    if value is None:
        return "–"
    return "under 0.1 %" if 0 < value < 0.001 else f"{value:.1%}".replace("%", " %") if value < 0.1 else f"{value:.0%}".replace("%", " %")


def milliseconds(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.1f} ms" if value < 100 else f"{value:,.0f} ms"


def total(series: Iterable[Series]) -> float | None:
    """The sum of what is known; None where nothing is."""
    known = [one.total for one in series if one.total is not None]
    return sum(known) if known else None


_TROUBLE: Mapping[Status, str] = {
    "denied": "not permitted",
    "throttled": "CloudWatch was busy",
    "failed": "could not be read",
    "partial": "incomplete",
}


def trouble(series: Iterable[Series]) -> str | None:
    """Why something is missing, in short; None where CloudWatch answered in full."""
    found = {one.status for one in series}
    return next((words for status, words in _TROUBLE.items() if status in found), None)


def counted(series: Sequence[Series]) -> str:
    """How many happened. None is what a complete answer without a data point says: CloudWatch stores nothing where nothing happened."""
    known, wrong = total(series), trouble(series)
    if known is None:
        return "–" if wrong else "None"
    return f"{known:,.0f}" if wrong is None else f"{known:,.0f} or more"


def kept_words(view: View) -> str:
    """The length of CloudWatch's own periods in these reports."""
    seconds = sorted({flow.consumed.metric.period for _, table in view.tables for _, flow in table.flows()})
    return length_words(seconds[-1]) if seconds else length_words(60)


def when(at: datetime | None, zone: ZoneInfo) -> str:
    return times.moment(at, zone)


def quiet(text: str) -> None:
    """A caption of our words and of names, which are shown as they are written."""
    st.caption(escape(text))
