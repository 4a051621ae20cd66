"""Figures: hostile text is text, no trace is endless, one spike does not wash out the rest."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.ui import charts

HOSTILE = '<b>bold</b><a href="https://evil.example">x</a> &amp; <img src=x>'


def drawn(figure: Any) -> dict[str, Any]:
    return json.loads(figure.to_json())


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for name, part in value.items() if name != "template" for text in texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in texts(part)]
    return [value] if isinstance(value, str) else []


def test_stored_text_is_never_markup() -> None:
    days = [date(2026, 1, 1), date(2026, 1, 2)]
    for figure in (
        charts.over_time(days, {HOSTILE: [1, 2]}),
        charts.over_time(days, {HOSTILE: [1, None]}, lines=True),
        charts.columns([HOSTILE], [3], hover=[HOSTILE]),
        charts.cells([HOSTILE], [HOSTILE], {(0, 0): (0.5, HOSTILE, HOSTILE)}),
    ):
        found = texts(drawn(figure))
        assert any("evil.example" in text for text in found)
        for text in found:
            assert not any(tag in text for tag in ("<b>", "<a", "<img", "</"))
            assert "&amp; " not in text or "&amp;amp; " in text


def test_labels_are_not_endless() -> None:
    assert len(charts.label("x" * 5_000)) == charts.LABEL_CHARACTERS


def test_no_trace_has_more_points_than_a_browser_draws_well() -> None:
    days = [date(2020, 1, 1) + timedelta(days=n) for n in range(charts.MOST_POINTS + 1)]
    values = [1] * len(days)
    charts.over_time(days[1:], {"all": values[1:]})
    with pytest.raises(AssertionError, match="2,001 points"):
        charts.over_time(days, {"all": values})
    with pytest.raises(AssertionError, match="points"):
        charts.columns([str(day) for day in days], values, hover=[""] * len(days))


def test_cells_are_one_trace_in_the_order_of_the_values() -> None:
    """A click answers with the place in the trace."""
    values = {(row, column): (0.0, "", f"{row}/{column}") for row in range(2) for column in range(3)}
    (trace,) = drawn(charts.cells(["a", "b"], ["x", "y", "z"], values))["data"]
    assert trace["hovertext"] == [f"{row}/{column}" for row, column in values]
    assert trace["x"] == [column for _, column in values]


def test_a_figure_has_no_colour_of_its_own() -> None:
    """The theme's colours are put in by the browser, light or dark."""
    figure = drawn(charts.over_time([date(2026, 1, 1)], {"a": [1], "b": [2]}))
    assert [trace["marker"] for trace in figure["data"]] == [{"line": {"width": 0}}] * 2


def test_one_spike_does_not_make_the_rest_pale() -> None:
    bounds = (2.0, 4.0, 6.0, 8.0, 10.0)
    assert charts.shade(0, bounds) == 0
    assert charts.shade(1_000_000, bounds) == charts.shade(10, bounds) == 1
    assert 0.5 < charts.shade(6, bounds) < 0.6
    assert charts.shade(5, ()) == 0


@given(st.lists(st.integers(1, 50), min_size=5, max_size=5), st.lists(st.integers(0, 60), min_size=2))
def test_more_is_never_paler(bounds: list[int], values: list[int]) -> None:
    quantiles = sorted(float(bound) for bound in bounds)
    shades = [charts.shade(value, quantiles) for value in sorted(values)]
    assert shades == sorted(shades)
    assert all(0 <= shade <= 1 for shade in shades)
