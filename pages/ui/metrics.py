"""Tiles: a number with its written definition, beside what it was in the period before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import streamlit as st

from data_access.usage import METRICS, Metric
from pages.ui import times
from pages.ui.untrusted import escape

TILE_WIDTH = 150  # pixels; two fit on a telephone
COLUMNS = {5: 5, 6: 6, 3: 3}  # so that no row has one tile alone; four otherwise
MOST_SHARE = 10.0  # growth beyond this is told in numbers: from 2 to 2,000 is not a percentage
Value = int | float | None
# Where more is worse. For all others it depends on who looks, so their change has no colour.
_WORSE = frozenset({"tool_failure_rate", "tool_calls_failed", "response_p50", "response_p90", "response_p95", "response_p99"})


def tiles(names: Sequence[str], metrics: Mapping[str, Value], previous: Mapping[str, Value]) -> None:
    """A tile for each metric, in rows that wrap."""
    with st.grid(COLUMNS.get(len(names), 4), min_column_width=TILE_WIDTH, gap="small"):
        for name in names:
            tile(METRICS[name], metrics.get(name), previous.get(name))


def tile(metric: Metric, value: Value, previous: Value) -> None:
    change, before = delta(metric, value, previous)
    with st.container(border=True, height="stretch", gap="xxsmall"):
        # A title of its own: the metric's would be cut where the tile is narrow.
        title = escape(metric.title).replace(" %", "\u00a0%")
        st.markdown(f":small[{title}]", help=tooltip(metric))
        st.metric(
            escape(metric.title),
            written(metric, value),
            change,
            delta_color=_colour(metric),
            delta_description=before,
            label_visibility="collapsed",
        )


def _colour(metric: Metric) -> Literal["inverse", "off"]:
    return "inverse" if metric.name in _WORSE else "off"


def tooltip(metric: Metric) -> str:
    """The definition and the formula, as they are written down once for page, command line and README."""
    return f"{escape(metric.definition)}\n\n:gray[{escape(metric.formula[:1].upper() + metric.formula[1:])}]"


def written(metric: Metric, value: Value) -> str:
    """A value in the unit of its metric; a dash where there is none."""
    if value is None:
        return "–"
    if metric.unit == "share":
        return f"{value:.1%}"
    if metric.unit == "seconds":
        return _seconds(value)
    if isinstance(value, float) and not value.is_integer():
        return f"{value:,.1f}" if value < 1_000 else f"{value:,.0f}"
    return f"{value:,.0f}"


def _seconds(value: float) -> str:
    """Short, for a tile: hours and days with a decimal."""
    if value < 60:
        return f"{value:.1f} s"
    if value < 3_600:
        return times.duration(value)
    return f"{value / 3_600:.1f} h" if value < 172_800 else f"{value / 86_400:.1f} days"


def delta(metric: Metric, value: Value, previous: Value) -> tuple[str | int | None, str | None]:
    """The change and what it is from. No change is the number 0: Streamlit would paint the text "0%" as growth."""
    if value is None or previous is None:
        return None, None
    before = f"from {written(metric, previous)}"
    difference = value - previous
    if metric.unit == "share":
        points = round(difference * 100, 1)
        return (f"{points:+.1f} pp" if points else 0), before
    if not previous:
        return (f"+{written(metric, value)}" if value else 0), before
    share = difference / previous
    if share > MOST_SHARE:
        return f"+{written(metric, difference)}", before
    text = f"{share:+.0%}" if abs(share) >= 0.1 else f"{share:+.1%}"
    return (text if text.strip("+-0.%") else 0), before
