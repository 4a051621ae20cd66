"""What the dashboard itself costs: what it asked CloudWatch for, and the Scans that it made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import streamlit as st

from data_access.capacity.cloudwatch import SPENT
from data_access.conversations import Listing, Replay
from data_access.dynamo.meter import Measured
from data_access.snapshot.runner import Run
from pages.ui import reading

_SCANS = "own_scans"
Read = TypeVar("Read", Listing, Replay)


@dataclass(frozen=True, slots=True)
class Scans:
    """The Scans of one session. `usd` is None where the price of one of them is not known."""

    count: int = 0
    units: float = 0.0
    usd: float | None = 0.0

    def add(self, units: float, usd: float | None) -> Scans:
        return Scans(self.count + 1, self.units + units, None if self.usd is None or usd is None else self.usd + usd)


def noted(found: Read) -> Read:
    """What was read, once it is counted if it was read by a Scan."""
    if found.plan.scans:
        note_scan(found.measured)
    return found


def note_scan(measured: Measured) -> None:
    """Count a read of this session that had a Scan in it."""
    st.session_state[_SCANS] = scans().add(measured.units, measured.usd)


def scans() -> Scans:
    return st.session_state.get(_SCANS, Scans())


def show(run: Run | None = None) -> None:
    """One line below a page. `run` is the last sync of this process."""
    st.caption(words(SPENT.asked, SPENT.requests, SPENT.usd, scans(), run).replace("$", "\\$"))


def words(asked: int, requests: int, usd: float, scanned: Scans, run: Run | None) -> str:
    """CloudWatch since the program started, Scans of this session, the last sync that read by one."""
    parts: list[str] = []
    if asked:
        parts.append(
            f"GetMetricData was asked for {_count(asked, 'metric')} in {_count(requests, 'request')} since the program started,"
            f" {reading.money(usd)} at most"
        )
    else:
        parts.append("nothing was asked of CloudWatch that costs")
    if scanned.count:
        parts.append(
            f"{_count(scanned.count, 'Scan')} in this session, {reading.units(scanned.units)} read units, {reading.money(scanned.usd)}"
        )
    else:
        parts.append("no Scan in this session")
    done = [task.done for task in run.tasks if task.done is not None and "Scan" in task.done.method] if run is not None else []
    if done:
        prices = [one.usd for one in done]
        paid = None if None in prices else sum(price or 0.0 for price in prices)
        parts.append(f"the last sync here read {reading.units(sum(one.units for one in done))} units by Scans, {reading.money(paid)}")
    return f"What this dashboard itself costs: {'; '.join(parts)}."


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
