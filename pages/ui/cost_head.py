"""The head of the costs page: this month, last month, and what all of it stands on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from data_access.costs.observed import Observed, ResourceCosts
from data_access.errors import DataAccessError, SnapshotError, TableMissing
from pages.ui import cost_filters, cost_view, cost_words, load_snapshot, notices, times, untrusted
from pages.ui.cost_view import View
from pages.ui.cost_words import usd
from pages.ui.untrusted import escape

TILE_WIDTH = 170  # pixels; two fit on a telephone
MOST_PROBLEMS = 3


def show(view: View, last: Observed | None) -> None:
    """`last` is the last full month, None where it could not be asked for."""
    month, off = view.month, view.asked.free_tier and view.asked.system is None
    windows = [
        ("This month so far", _less(view, month, off=off), _till(month.until), view.of(month)),
        ("This month, projected", _projected(view, off=off), "at this rate, with what is stored now", view.of(month)),
    ]
    if last is None:
        windows.append(("Last month", None, "it could not be asked for", ()))
    else:
        windows.append(("Last month", _less(view, last, off=off), f"{last.since:%B %Y}, with what is stored now", view.of(last)))
    if view.asked.window not in (cost_filters.MONTH, cost_filters.LAST_MONTH):
        window = cost_filters.words(view.observed.since, view.observed.until)
        windows.append((cost_filters.WINDOWS[view.asked.window], _less(view, view.observed, off=off), window, view.resources))
    with st.grid(len(windows), min_column_width=TILE_WIDTH, gap="small"):
        for title, amount, below, resources in windows:
            lacks = len(cost_words.missing(resources))
            less = (
                f" :orange[At least: {lacks:,} amount{' is' if lacks == 1 else 's are'} unknown.]" if lacks and amount is not None else ""
            )
            cost_view.tile(title, cost_words.brief(amount), f"{below}.{less}", about=_why(resources))
    _free_tier(view)
    _stands_on(view)


def problems(found: Sequence[DataAccessError]) -> None:
    """What failed while the rest stands, each in its sentence."""
    if not found:
        return
    with st.container(border=True, gap="xsmall"):
        st.markdown(":orange[:material/help:] **Some of this is not known**")
        for problem in found[:MOST_PROBLEMS]:
            untrusted.text(str(problem))
        if len(found) > MOST_PROBLEMS:
            with st.expander(f"{len(found) - MOST_PROBLEMS} more", type="compact"):
                for problem in found[MOST_PROBLEMS:]:
                    untrusted.text(str(problem))
        if any(isinstance(problem, TableMissing) for problem in found):
            notices.to_tables()


def _less(view: View, observed: Observed, *, off: bool) -> float | None:
    """Of all systems with the free tier taken off once; of one system, or without the switch, as it is."""
    return observed.total_usd if off else cost_words.window_usd(view.of(observed))


def _projected(view: View, *, off: bool) -> float | None:
    return view.month.projected_usd if off else cost_words.projected(view.of(view.month))


def _till(until: datetime) -> str:
    return f"until {until.day:d} {until:%b %H:%M} UTC"


def _why(resources: Sequence[ResourceCosts]) -> str | None:
    """Why amounts are unknown, for a tooltip."""
    found = cost_words.reasons(resources)
    if not found:
        return None
    lines = [f"- {escape(why)}{f' ({count:,} times)' if count > 1 else ''}" for why, count in found.items()]
    return "Not known, and not in the sum:\n\n" + "\n".join(lines)


def _free_tier(view: View) -> None:
    if not view.asked.free_tier:
        return
    if view.asked.system is not None:
        st.caption("The free tier is the account's, once for each Region: it is not taken off one system. Choose all systems to see it.")
        return
    off = view.month.free_tier_usd
    said = "What it takes off is unknown." if off is None else f"It takes {usd(off)} off this month so far.".replace("$", "\\$")
    st.caption(f"The free tier is taken off once for each account and Region. {said} Accounts that are billed together share one.")


def _stands_on(view: View) -> None:
    """Prices, CloudWatch, sizes: their source and their age."""
    observed = view.observed
    badge = ":orange-badge[:material/science: Sample data]" if observed.sample else ""
    said = [badge, escape(cost_words.prices_line(observed)), _cloudwatch(view.resources), _sizes(view.resources, view.asked.system)]
    st.caption(
        " ".join(filter(None, said)) + " GB are of 1,024³ bytes, months those of the calendar in UTC.",
        help="CloudWatch is played from the sample conversations." if observed.sample else None,
    )
    notes = list(dict.fromkeys(notice for prices in observed.prices.values() for notice in prices.notices))
    for notice in notes[:MOST_PROBLEMS]:
        st.caption(f":orange[:material/info:] {escape(notice)}")


def _cloudwatch(resources: Sequence[ResourceCosts]) -> str:
    counted = [line for one in resources for line in one.lines if line.source == "CloudWatch"]
    if not counted:
        return ""
    told = [line for line in counted if line.quantity is not None]
    if not told:
        return "CloudWatch: nothing known."
    said = f"CloudWatch: {len(told):,} of {len(counted):,} series known"
    shares = [line.coverage for line in told if line.coverage is not None]
    if shares:
        low, high = min(shares), max(shares)
        share = f"{low:.0%}" if low == high else f"{low:.0%} to {high:.0%}"
        said += f", with data points in {share} of their hours (an hour without traffic has none)"
    return f"{said}."


def _sizes(resources: Sequence[ResourceCosts], system: str | None) -> str:
    sources = {line.source for one in resources for line in one.lines if line.what == "storage" and line.quantity is not None}
    names: list[str] = []
    if "DescribeTable" in sources:
        names.append("DescribeTable")
    if "snapshot" in sources:
        names.append(_snapshot(system))
    if "estimate" in sources:
        names.append("an estimate")
    return f"Sizes: {', '.join(names)}." if names else ""


def _snapshot(system: str | None) -> str:
    try:
        read = [one.synced_at for name, one in load_snapshot.coverage().items() if system in (None, name)]
    except SnapshotError:
        read = []
    as_of = min(read, default=None)
    return "the snapshot" if as_of is None else f"the snapshot of {times.ago(as_of)}"


def age(as_of: datetime | None) -> str:
    return "The snapshot's age is not known." if as_of is None else f"From the snapshot of {times.ago(as_of)}."
