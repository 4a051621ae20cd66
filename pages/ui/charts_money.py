"""Figures about money and about what money is charged for: stacked bars, and curves that can have logarithmic axes."""

# Plotly's graph objects are made by code generation; their stubs know part of it.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pages.ui.charts import HEIGHT, Number, _axis, _graph, _layout, _points, label

if TYPE_CHECKING:
    import plotly.graph_objects as go

BAR_PIXELS = 46
MOST_TICKS = 7  # of a logarithmic axis
_LEGEND_PIXELS = 70
_SHORT = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))


@dataclass(frozen=True, slots=True)
class Line:
    """One curve. A gap is None. `dotted` sets a limit or another way of paying apart; `mark` is the point that is meant."""

    name: str
    x: Sequence[float]
    y: Sequence[Number]
    dotted: bool = False
    mark: int | None = None
    hover: Sequence[str] | None = None


def short(value: float) -> str:
    """A number for a tick: 10K, 2.5M, 0.01."""
    for size, letter in _SHORT:
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def usd_tick(value: float) -> str:
    return f"${short(value)}"


def curves(
    lines: Sequence[Line],
    *,
    log: bool = False,
    x_text: Callable[[float], str] = short,
    y_text: Callable[[float], str] = short,
    x_title: str,
    height: int = HEIGHT,
) -> go.Figure:
    """Curves over a number. On logarithmic axes what is zero or less is a gap."""
    go = _graph()
    made: list[Any] = []
    for line in lines:
        _points(len(line.x))
        y = [value if value is not None and (value > 0 or not log) else None for value in line.y]
        sizes = [10 if place == line.mark else 0 for place in range(len(y))]
        made.append(
            go.Scatter(
                x=list(line.x),
                y=y,
                name=label(line.name),
                mode="lines" if line.mark is None else "lines+markers",
                line={"width": 2, "dash": "dot" if line.dotted else "solid"},
                marker={"size": sizes, "opacity": 1, "line": {"width": 0}},
                hovertext=None if line.hover is None else [label(text) for text in line.hover],
                hoverinfo="skip" if line.hover is None else "text",
            )
        )
    xs = [value for line in lines for value in line.x]
    ys = [value for line in lines for value in line.y if value is not None]
    layout = _layout(
        height,
        hovermode="closest",
        xaxis=_axis(**_ticks(xs, x_text, log=log), showgrid=False) | {"title": {"text": label(x_title), "font": {"size": 12}}},
        yaxis=_axis(**_ticks(ys, y_text, log=log), **({} if log else {"rangemode": "tozero"})),
        showlegend=len(lines) > 1,
    )
    return go.Figure(data=made, layout=layout)


def _ticks(values: Sequence[float], text: Callable[[float], str], *, log: bool) -> dict[str, Any]:
    """Powers of ten of a logarithmic axis, round steps of a linear one. Plotly's own letters for money are another alphabet."""
    known = [value for value in values if value > 0] if log else list(values)
    if not known:
        return {"type": "log"} if log else {}
    if log:
        low, high = math.floor(math.log10(min(known))), math.ceil(math.log10(max(known)))
        step = max(1, -(-(high - low) // MOST_TICKS))
        at = [10.0**power for power in range(low, high + 1, step)]
        # A little beyond the first and the last value, not to the next power of ten.
        edge = 0.04 * (math.log10(max(known)) - math.log10(min(known)) or 1)
        return {
            "type": "log",
            "range": [math.log10(min(known)) - edge, math.log10(max(known)) + edge],
            "tickvals": at,
            "ticktext": [label(text(value)) for value in at],
        }
    top = max(known)
    if top <= 0:
        return {}
    size = 10.0 ** math.floor(math.log10(top))
    step = next(size * part for part in (0.2, 0.25, 0.5, 1, 2) if top / (size * part) <= 5)
    at = [step * place for place in range(int(top / step) + 1)]
    return {"tickvals": at, "ticktext": [label(text(value)) for value in at]}


def breakdown(rows: Sequence[str], parts: Mapping[str, Sequence[Number]], *, text: Callable[[float], str]) -> go.Figure:
    """One bar a row, stacked of the parts that are known. `text` writes an amount, for the hover and the axis."""
    _points(len(rows))
    go = _graph()
    made = [
        go.Bar(
            y=[label(row) for row in rows],
            x=[value or 0 for value in values],
            name=label(part),
            orientation="h",
            marker={"line": {"width": 0}},
            hovertext=[f"{label(part)}: {'unknown' if value is None else label(text(value))}" for value in values],
            hoverinfo="text",
        )
        for part, values in parts.items()
    ]
    sums = [sum(values[place] or 0 for values in parts.values()) for place in range(len(rows))]
    layout = _layout(
        BAR_PIXELS * len(rows) + _LEGEND_PIXELS,
        barmode="stack",
        bargap=0.35,
        xaxis=_axis(**_ticks([0.0, *sums], text, log=False)),
        yaxis=_axis(autorange="reversed", type="category", showgrid=False),
        showlegend=True,
    )
    return go.Figure(data=made, layout=layout)
