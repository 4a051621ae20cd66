"""What the tables would cost: scenarios of traffic, layout and capacity, priced."""

from __future__ import annotations

from data_access.costs.what_if.curve import Curve, Difference, compare, curve
from data_access.costs.what_if.estimate import Line, Result, estimate, prices_of
from data_access.costs.what_if.guide import guide
from data_access.costs.what_if.layouts import Footprint, Growth, embeds, footprint, item_growth
from data_access.costs.what_if.model import BOUNDS, IndexChoice, Scenario
from data_access.costs.what_if.prefill import Prefilled, prefill

__all__ = [
    "BOUNDS",
    "Curve",
    "Difference",
    "Footprint",
    "Growth",
    "IndexChoice",
    "Line",
    "Prefilled",
    "Result",
    "Scenario",
    "compare",
    "curve",
    "embeds",
    "estimate",
    "footprint",
    "guide",
    "item_growth",
    "prefill",
    "prices_of",
]
