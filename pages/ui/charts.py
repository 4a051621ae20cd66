"""Every Plotly figure of the dashboard is made here: graph objects only, in the colours of Streamlit's theme, light or dark.

Nothing here has a colour of its own: traces take the theme's categories in order, cells its scale. What is written in a
chart may be stored text, and Plotly reads it as a little HTML, so it goes through `label`.
"""

# Plotly's graph objects are made by code generation; their stubs know part of it.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.ui.untrusted import reveal

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_POINTS = 2_000  # of one trace
HEIGHT = 280
CELL_PIXELS = 30
MOST_TICKS = 8  # under a time axis, on a telephone
MOST_HEADS = 14  # above columns of cells, on a telephone
FIGURE_SPACE = "\u2007"  # as wide as a digit
LABEL_CHARACTERS = 80
_DAY = 86_400_000  # milliseconds, the unit of widths on a time axis
_CONFIG = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False, "showTips": False}
Number = int | float | None


def label(text: str) -> str:
    """Text that a chart shows as it is: no tag, link or entity of it is one, nothing in it is unseen, and it is not endless."""
    text = reveal(text)
    return escape(text if len(text) <= LABEL_CHARACTERS else f"{text[: LABEL_CHARACTERS - 1]}…", quote=False)


def _graph() -> Any:
    # 7 MB in the browser and 100 ms here: only for those who look at a chart.
    import plotly.graph_objects as go

    return go


def _points(count: int) -> None:
    assert count <= MOST_POINTS, f"{count:,} points in a trace"


def _layout(height: int, **more: Any) -> dict[str, Any]:
    return {
        "height": height,
        "margin": {"l": 4, "r": 4, "t": 8, "b": 4},
        "showlegend": False,
        # Dragging would zoom, and on a telephone it is how one scrolls.
        "dragmode": False,
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1.02,
            "yanchor": "bottom",
            "traceorder": "normal",
            "itemclick": False,
            "itemdoubleclick": False,
        },
        "hoverlabel": {"align": "left"},
        **more,
    }


def _axis(**more: Any) -> dict[str, Any]:
    return {"fixedrange": True, "zeroline": False, "automargin": True, "title": None, **more}


def over_time(
    days: Sequence[date],
    traces: Mapping[str, Sequence[Number]],
    *,
    lines: bool = False,
    length_days: int = 1,
    suffix: str = "",
    height: int = HEIGHT,
) -> go.Figure:
    """Stacked bars, or lines with gaps where there is no value, one point for the day that a day, week or month begins."""
    _points(len(days))
    go = _graph()
    x = [day.isoformat() for day in days]
    hover = f"%{{y:,.{1 if lines else 0}f}}{suffix}"
    if lines:
        made = [
            go.Scatter(
                x=x,
                y=list(values),
                name=label(name),
                mode="lines+markers",
                line={"width": 2},
                marker={"size": 5},
                hovertemplate=hover,
            )
            for name, values in traces.items()
        ]
    else:
        width = 0.82 * _DAY * length_days
        made = [
            go.Bar(x=x, y=list(values), name=label(name), width=width, hovertemplate=hover, marker={"line": {"width": 0}})
            for name, values in traces.items()
        ]
    # Ticks stand under bars: Plotly's own would stand under other days than the one that a week begins with.
    step = max(1, -(-len(x) // MOST_TICKS))
    written = "%b %Y" if length_days > 7 else "%d %b" if days and days[0].year == days[-1].year else "%d %b %Y"
    axis = _axis(
        type="date",
        showgrid=False,
        showspikes=False,
        hoverformat="%a %d %b %Y" if length_days == 1 else ("from %a %d %b %Y" if length_days == 7 else "%B %Y"),
        tickvals=x[::step],
        tickformat=written,
        tickangle=0,
    )
    layout = _layout(
        height,
        barmode="stack",
        hovermode="x unified",
        xaxis=axis,
        yaxis=_axis(rangemode="tozero", ticksuffix=suffix, nticks=6),
        showlegend=len(traces) > 1,
    )
    return go.Figure(data=made, layout=layout)


def columns(names: Sequence[str], values: Sequence[int], *, hover: Sequence[str], height: int = HEIGHT) -> go.Figure:
    """One bar a name, with its number above it."""
    _points(len(names))
    go = _graph()
    bar = go.Bar(
        x=[label(name) for name in names],
        y=list(values),
        text=[f"{value:,}" if value else "" for value in values],
        textposition="outside",
        cliponaxis=False,
        hovertext=[label(text) for text in hover],
        hoverinfo="text",
        marker={"line": {"width": 0}},
    )
    axes = {"xaxis": _axis(type="category", showgrid=False), "yaxis": _axis(rangemode="tozero", nticks=5)}
    return go.Figure(data=[bar], layout=_layout(height, bargap=0.25, **axes))


def cells(
    rows: Sequence[str],
    heads: Sequence[str],
    values: Mapping[tuple[int, int], tuple[float, str, str]],
    *,
    height: int | None = None,
) -> go.Figure:
    """A table of coloured cells: (row, column) to the place on the colour scale from 0 to 1, the cell's text, the hover's.

    Bars that stand on each other, not a heatmap: Plotly has no click on a heatmap's cell. They are one trace, in the order of
    `values`.
    """
    _points(len(values))
    go = _graph()
    # As wide as the widest, so that either all cells have room for their text, or none has.
    width = max((len(text) for _, text, _ in values.values()), default=0)
    step = -(-len(heads) // MOST_HEADS)
    bar = go.Bar(
        x=[column for _, column in values],
        base=[row - 0.46 for row, _ in values],
        y=[0.92] * len(values),
        width=0.96,
        marker={"color": [shade for shade, _, _ in values.values()], "coloraxis": "coloraxis", "line": {"width": 0}},
        text=[label(text).center(width, FIGURE_SPACE) if text else "" for _, text, _ in values.values()],
        textposition="inside",
        insidetextanchor="middle",
        textangle=0,
        hovertext=[label(text) for _, _, text in values.values()],
        hoverinfo="text",
    )
    layout = _layout(
        height or CELL_PIXELS * len(rows) + 34,
        bargap=0,
        coloraxis={"cmin": 0, "cmax": 1, "showscale": False},
        # Where a cell is too narrow for its number, as on a telephone, no cell has one.
        uniformtext={"mode": "hide", "minsize": 10},
        font={"size": 11},
        xaxis=_axis(
            tickvals=list(range(0, len(heads), step)),
            ticktext=[label(head) for head in heads[::step]],
            range=[-0.5, len(heads) - 0.5],
            showgrid=False,
            side="top",
            ticklen=0,
            tickangle=0,
        ),
        yaxis=_axis(
            tickvals=list(range(len(rows))),
            ticktext=[label(row) for row in rows],
            range=[len(rows) - 0.5, -0.5],
            showgrid=False,
            ticklen=0,
        ),
    )
    return go.Figure(data=[bar], layout=layout)


# Where 5, 25, 50, 75 and 95 % of the values stand on the colour scale. The rest is between them, and 0 is 0.
_PLACES = (0.12, 0.34, 0.56, 0.78, 1.0)


def shade(value: float, bounds: Sequence[float]) -> float:
    """The place of a value on the colour scale by where it stands among all: one spike does not make the rest pale."""
    if value <= 0 or not bounds:
        return 0.0
    after = bisect_right(bounds, value)
    if after == 0:
        return _PLACES[0] * value / bounds[0]
    if after >= len(bounds):
        return 1.0
    low, high = bounds[after - 1], bounds[after]
    return _PLACES[after - 1] + (_PLACES[after] - _PLACES[after - 1]) * (value - low) / (high - low)


def show(figure: go.Figure, *, key: str, alt: str, on_click: Callable[[], None] | None = None) -> None:
    """Draw a figure. `key` is the chart's own, whatever its data; `on_click` is called when one of its points is chosen."""
    if on_click is None:
        st.plotly_chart(figure, theme="streamlit", key=key, config=_CONFIG, alt=alt)
    else:
        st.plotly_chart(figure, theme="streamlit", key=key, config=_CONFIG, alt=alt, on_select=on_click, selection_mode="points")
