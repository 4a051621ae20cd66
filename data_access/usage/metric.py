"""What a metric is: a number with one written definition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["users", "conversations", "messages", "calls", "tokens", "seconds", "share", "records", "sessions", "turns"]


@dataclass(frozen=True, slots=True)
class Metric:
    """`unit` is of the value: a share is from 0 to 1. `of` is `window` or `now`. `series` is where it is drawn over time or by
    part, `adds` says that the parts of a split window add up to it."""

    name: str
    title: str
    unit: Unit
    definition: str
    formula: str
    of: Literal["window", "now"] = "window"
    series: str | None = None
    adds: bool = False
