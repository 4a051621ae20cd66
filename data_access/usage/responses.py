"""Response times: from a user's message to the assistant's answer directly behind it.

Percentiles are exact, between two values linear. numpy finds them by partition, without sorting.
"""

# ruff: noqa: S608 - what goes into statements is written here or is a whole number: see Scope

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import duckdb
import numpy as np

from data_access.usage.scope import Scope

PERCENTS = (50, 90, 95, 99)

Micros = np.ndarray[Any, np.dtype[np.int64]]


def measure(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> tuple[dict[str, float | None], dict[int, tuple[float, float]]]:
    """The percentiles of the window in seconds, and median and 95 % of each day that has any."""
    found = cursor.execute(
        f"SELECT {scope.clock.day()} AS day, micros FROM responses WHERE {scope.sent()} AND {scope.kept()} AND {scope.own}"
    ).fetchnumpy()
    days, times = np.asarray(found["day"]), cast("Micros", np.asarray(found["micros"]))
    # The table is in the order of time, so that a day is one stretch of it.
    starts = np.flatnonzero(np.append(True, days[1:] != days[:-1])) if len(days) else np.array([], np.int64)
    by_day: dict[int, tuple[float, float]] = {}
    for first, last in zip(starts, np.append(starts[1:], len(days)), strict=False):
        median, high = _percentiles(times[first:last], (50, 95))
        by_day[int(days[first])] = (median, high)
    values = _percentiles(times, PERCENTS) if len(times) else (None,) * len(PERCENTS)
    return {f"response_p{percent}": value for percent, value in zip(PERCENTS, values, strict=True)}, by_day


def _percentiles(times: Micros, percents: Sequence[int]) -> list[float]:
    """The values at these places of the sorted times, in seconds. Puts the times into another order."""
    places = [percent * (len(times) - 1) / 100 for percent in percents]
    around = sorted({min(int(place) + more, len(times) - 1) for place in places for more in (0, 1)})
    times.partition(around)
    return [_between(times, place) / 1e6 for place in places]


def _between(times: Micros, place: float) -> float:
    low = int(place)
    first = float(times[low])
    return first + (float(times[min(low + 1, len(times) - 1)]) - first) * (place - low)
