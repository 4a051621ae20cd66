"""Figures about money: logarithmic axes, ticks that read as money, hostile names."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pages.ui import charts, charts_money
from pages.ui.charts_money import Line
from pages.ui.reading import money
from tests.pages.ui.test_charts import HOSTILE, texts


def drawn(figure: Any) -> dict[str, Any]:
    return json.loads(figure.to_json())


def test_names_are_never_markup() -> None:
    for figure in (
        charts_money.curves([Line(HOSTILE, [1, 2], [1, 2], hover=[HOSTILE, HOSTILE])], x_title=HOSTILE),
        charts_money.breakdown([HOSTILE], {HOSTILE: [1]}, text=lambda _: HOSTILE),
    ):
        found = texts(drawn(figure))
        assert any("evil.example" in text for text in found)
        assert not any(tag in text for text in found for tag in ("<b>", "<a", "<img", "</"))


def test_no_trace_is_endless() -> None:
    values = [1.0] * (charts.MOST_POINTS + 1)
    with pytest.raises(AssertionError, match="points"):
        charts_money.curves([Line("all", values, values)], x_title="x")


def test_what_a_logarithm_does_not_have_is_a_gap() -> None:
    (trace,) = drawn(charts_money.curves([Line("a", [1, 10, 100], [0, None, 5])], log=True, x_title="x"))["data"]
    assert trace["y"] == [None, None, 5]
    (plain,) = drawn(charts_money.curves([Line("a", [1, 10, 100], [0, None, 5])], x_title="x"))["data"]
    assert plain["y"] == [0, None, 5]


@given(
    st.lists(st.floats(1e-9, 1e12), min_size=1, max_size=20),
    st.booleans(),
)
@settings(deadline=None)
def test_ticks_are_few_and_near_the_values(values: list[float], log: bool) -> None:
    figure = drawn(charts_money.curves([Line("a", values, values)], log=log, y_text=charts_money.usd_tick, x_title="x"))
    axis = figure["layout"]["yaxis"]
    assert len(axis["tickvals"]) == len(axis["ticktext"]) <= 12
    assert all(text.startswith("$") for text in axis["ticktext"])
    if log:
        low, high = axis["range"]
        assert 10**low <= min(values) * 1.0001
        assert max(values) <= 10**high * 1.0001
    else:
        assert axis["tickvals"][0] == 0
        assert axis["tickvals"][-1] <= max(values) * 1.0001
        assert all(math.isfinite(tick) for tick in axis["tickvals"])


def test_nothing_to_draw_draws_nothing() -> None:
    for values in ([], [0.0], [None]):
        charts_money.curves([Line("a", [1.0] * len(values), values)], log=True, x_title="x")
        charts_money.curves([Line("a", [1.0] * len(values), values)], x_title="x")
    charts_money.breakdown([""], {}, text=money)
    charts_money.breakdown(["A"], {"Writes": [None]}, text=money)


@pytest.mark.parametrize(
    "value, text", [(0.01, "0.01"), (1, "1"), (999, "999"), (1_000, "1K"), (2_500_000, "2.5M"), (1e10, "10B"), (1e12, "1T")]
)
def test_short_numbers(value: float, text: str) -> None:
    assert charts_money.short(value) == text


def test_parts_that_are_not_known_are_said_and_not_drawn() -> None:
    figure = drawn(charts_money.breakdown(["A", "B"], {"Writes": [2.0, None], "Reads": [1.0, 0.00001]}, text=money))
    writes, reads = figure["data"]
    assert writes["x"] == [2.0, 0]
    assert writes["hovertext"] == ["Writes: $2.00", "Writes: unknown"]
    assert reads["hovertext"] == ["Reads: $1.00", "Reads: under $0.0001"]


def test_the_point_that_is_meant_is_marked() -> None:
    (trace,) = drawn(charts_money.curves([Line("a", [1, 2, 3], [1, 2, 3], mark=1)], x_title="x"))["data"]
    assert trace["marker"]["size"] == [0, 10, 0]
    assert "color" not in trace["line"]
