"""Figures over hours and days: lines with gaps, columns of counts, and stems, single moments that can be clicked.

Times are given as they are to be read: naive, of one clock. Plotly knows no time zones, see `capacity_periods.chart_clock`.
"""

# Plotly's graph objects are made by code generation; their stubs know part of it.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pages.ui.charts import HEIGHT, Number, _axis, _graph, _layout, _points, label

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_TICKS = 7  # under a time axis, on a telephone
_HOVER = "%a %d %b %H:%M"
_STEPS = (5, 10, 15, 30, 60, 120, 180, 360, 720)  # minutes between ticks; days after that


@dataclass(frozen=True, slots=True)
class Line:
    """Values at the chart's times; None is a gap. A dotted one is a limit or what was provisioned: without markers."""

    name: str
    values: Sequence[Number]
    dotted: bool = False


def lines(
    times: Sequence[datetime], drawn: Sequence[Line], *, window: tuple[datetime, datetime], unit: str, height: int = HEIGHT
) -> go.Figure:
    """One line each, broken where there is no data. `unit` is written behind each value under the mouse."""
    _points(len(times))
    go = _graph()
    x = [at.isoformat() for at in times]
    made = [
        go.Scatter(
            x=x,
            y=list(one.values),
            name=label(one.name),
            # A point that has no neighbour is no line: its marker shows it, and that a zero is one.
            mode="lines" if one.dotted else "lines+markers",
            line={"width": 1.5, "dash": "dot" if one.dotted else "solid", "shape": "hv" if one.dotted else "linear"},
            marker={"size": 4},
            connectgaps=False,
            hovertemplate=f"%{{y:,.4~g}} {label(unit)}",
        )
        for one in drawn
    ]
    layout = _layout(
        height,
        hovermode="x unified",
        xaxis=_time_axis(*window),
        yaxis=_axis(rangemode="tozero", nticks=6, tickformat=",~g"),
        showlegend=len(drawn) > 1,
    )
    return go.Figure(data=made, layout=layout)


def counts(
    times: Sequence[datetime],
    traces: Mapping[str, Sequence[Number]],
    *,
    seconds: int,
    window: tuple[datetime, datetime],
    height: int = HEIGHT,
) -> go.Figure:
    """Stacked columns, one for each period of so many seconds."""
    _points(len(times))
    go = _graph()
    # A column stands over its period, which begins at its time.
    x = [at.isoformat() for at in times]
    width = 860 * seconds
    made = [
        go.Bar(
            x=x,
            y=list(values),
            name=label(name),
            width=width,
            offset=70 * seconds,
            marker={"line": {"width": 0}},
            hovertemplate="%{y:,.0f}",
        )
        for name, values in traces.items()
    ]
    top = sum(max((value for value in values if value is not None), default=0) for values in traces.values())
    layout = _layout(
        height,
        barmode="stack",
        hovermode="x unified",
        xaxis=_time_axis(*window),
        # Nothing happens half a time.
        yaxis=_axis(rangemode="tozero", tickformat=",~g", **({"dtick": 1} if top <= 5 else {"nticks": 5})),
        showlegend=True,
    )
    return go.Figure(data=made, layout=layout)


def stems(
    times: Sequence[datetime],
    traces: Mapping[str, Sequence[Number]],
    hover: Sequence[str],
    *,
    window: tuple[datetime, datetime],
    height: int = HEIGHT,
) -> go.Figure:
    """A head on a stem for each moment, one trace a kind, all over the same moments: a minute in a fortnight is too thin for a bar.

    The place of a point in its trace is the place of its moment in `times`. `hover` has a text for each moment.
    """
    _points(len(times))
    go = _graph()
    x = [at.isoformat() for at in times]
    made = [
        go.Scatter(
            x=x,
            y=list(values),
            name=label(name),
            mode="markers",
            marker={"size": 12, "line": {"width": 0}, "opacity": 0.95},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [0] * len(x),
                "arrayminus": [value or 0 for value in values],
                "width": 0,
                "thickness": 1.5,
            },
            hovertext=[label(text) for text in hover],
            hovertemplate=f"%{{hovertext}}<br>{label(name)}: %{{y:,.0f}}<extra></extra>",
        )
        for name, values in traces.items()
    ]
    top = max((value for values in traces.values() for value in values if value is not None), default=1)
    layout = _layout(
        height,
        hovermode="closest",
        hoverdistance=30,
        xaxis=_time_axis(*window),
        # Room for the head of the highest.
        yaxis=_axis(range=[0, top * 1.12], nticks=5, tickformat=",~g"),
        showlegend=True,
    )
    return go.Figure(data=made, layout=layout)


def _time_axis(since: datetime, until: datetime) -> dict[str, Any]:
    """The whole window, also where it has no data; ticks at round times, the day where it changes."""
    at = ticks(since, until)
    daily = len(at) < 2 or (at[1] - at[0]) >= timedelta(days=1)
    text: list[str] = []
    for place, one in enumerate(at):
        new_day = place == 0 or one.date() != at[place - 1].date()
        text.append(f"{one:%d %b}" if daily else f"{one:%H:%M}<br>{one:%d %b}" if new_day else f"{one:%H:%M}")
    return _axis(
        type="date",
        range=[since.isoformat(), until.isoformat()],
        showgrid=False,
        showspikes=False,
        hoverformat=_HOVER,
        tickvals=[one.isoformat() for one in at],
        ticktext=text,
        tickangle=0,
    )


def ticks(since: datetime, until: datetime) -> list[datetime]:
    """Round times in the window, at most MOST_TICKS and one; never none."""
    length = until - since
    step = next((timedelta(minutes=minutes) for minutes in _STEPS if length / timedelta(minutes=minutes) <= MOST_TICKS), None)
    if step is None:
        step = timedelta(days=-(-(length / timedelta(days=1)) // MOST_TICKS))
    midnight = since.replace(hour=0, minute=0, second=0, microsecond=0)
    found = [midnight + step * n for n in range(int((until - midnight) / step) + 1)]
    return [at for at in found if since <= at <= until] or [since]
