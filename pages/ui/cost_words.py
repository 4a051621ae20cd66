"""Money, sizes and what is missing, in words for the costs page. What is not known is "unknown" and never $0."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import streamlit as st

from data_access.costs.observed import Line, Observed, ResourceCosts

UNKNOWN = "unknown"
MOST_DECIMALS = 9
NAME_CHARACTERS = 26
# The values of a table's column, which can be Arrow's, and how they look.
Column = tuple[Any, Any]
_SIZES = ("B", "KiB", "MiB", "GiB", "TiB")


def usd(amount: float | None) -> str:
    """Dollars and cents; below one dollar three digits that count."""
    if amount is None:
        return UNKNOWN
    if amount < 0:
        return f"−{usd(-amount)}"
    if amount == 0:
        return "$0"
    if amount >= 1:
        return f"${amount:,.2f}" if amount < 100_000 else f"${amount:,.0f}"
    places = 2 - math.floor(math.log10(amount))
    return f"${amount:.{places}f}" if places <= MOST_DECIMALS else f"under ${10.0**-MOST_DECIMALS:.{MOST_DECIMALS}f}"


def brief(amount: float | None) -> str:
    """For a tile, which is narrow on a telephone: two digits that count below a cent."""
    if amount is None or not 0 < abs(amount) < 0.01:
        return usd(amount)
    places = 1 - math.floor(math.log10(abs(amount)))
    return f"${amount:.{places}f}" if places <= MOST_DECIMALS else usd(amount)


def decimals(amounts: Iterable[float | None]) -> int:
    """How many places a column of dollars needs: cents, or as many as its smaller amounts can be told apart with."""
    known = [abs(amount) for amount in amounts if amount]
    if not known or max(known) >= 1:
        return 2
    most, least = math.ceil(-math.log10(max(known))), math.ceil(-math.log10(min(known)))
    return max(2, min(least + 1, most + 3, MOST_DECIMALS))


def usd_column(amounts: Sequence[float | None], *, places: int | None = None, **look: Any) -> Column:
    """A column of dollars for a table: its values and how they look. `places` where several columns are to look alike."""
    written = f"$%,.{decimals(amounts) if places is None else places}f"
    return pa.array(amounts, pa.float64()), st.column_config.NumberColumn(format=written, **look)


def usd_texts(amounts: Sequence[float | None], nothing: Sequence[bool] = (), *, places: int | None = None, **look: Any) -> Column:
    """The same as text, which can tell apart what costs nothing, what is unknown, and (`nothing`) what there is not."""
    places = decimals(amounts) if places is None else places
    absent = [*nothing, *[False] * (len(amounts) - len(nothing))]
    said = [
        "–" if absent[row] else UNKNOWN if amount is None else f"${amount:,.{places}f}" if amount else "$0"
        for row, amount in enumerate(amounts)
    ]
    return pa.array(said, pa.string()), st.column_config.TextColumn(alignment="right", **look)


def tick(amount: float | None) -> str:
    """Dollars without zeros at the end, for axes and what is said of a point."""
    said = usd(amount)
    return said.rstrip("0").rstrip(".") if "." in said else said


def size(count: float | None) -> str:
    """Bytes, binary: 1 GiB is what AWS bills as a GB."""
    if count is None:
        return UNKNOWN
    scale, unit = scale_of(count)
    return f"{count / scale:,.0f} {unit}" if scale == 1 or count / scale >= 100 else f"{count / scale:,.1f} {unit}"


def scale_of(count: float, *, least: float = 1.0) -> tuple[int, str]:
    """The largest unit of which there is at least so much: its bytes, and its name."""
    place = 0
    while place + 1 < len(_SIZES) and abs(count) >= least * 1024 ** (place + 1):
        place += 1
    return 1024**place, _SIZES[place]


def short(name: str, characters: int = NAME_CHARACTERS) -> str:
    """The beginning and the end of a long name: tables of one chatbot often begin alike."""
    if len(name) <= characters:
        return name
    head = (characters - 1) // 2
    return f"{name[:head]}…{name[len(name) - (characters - 1 - head) :]}"


def missing(resources: Iterable[ResourceCosts]) -> Sequence[tuple[ResourceCosts, Line]]:
    """The lines whose dollars are unknown."""
    return [(one, line) for one in resources for line in one.lines if line.usd is None]


def reasons(resources: Iterable[ResourceCosts]) -> Mapping[str, int]:
    """Why amounts are unknown, and how many for each reason, most first."""
    found: dict[str, int] = {}
    for _, line in missing(resources):
        why = line.note or "Not known."
        found[why] = found.get(why, 0) + 1
    return dict(sorted(found.items(), key=lambda one: -one[1]))


def projected(resources: Sequence[ResourceCosts]) -> float | None:
    """A whole month at this rate; None where the window is too short for one of the lines."""
    lines = [line for one in resources for line in one.lines]
    if any(line.usd is not None and line.month_usd is None for line in lines):
        return None
    amounts = [line.month_usd for line in lines if line.month_usd is not None]
    return sum(amounts) if amounts else None


def window_usd(resources: Iterable[ResourceCosts]) -> float | None:
    amounts = [one.usd for one in resources if one.usd is not None]
    return sum(amounts) if amounts else None


def prices_line(observed: Observed) -> str:
    """Where the prices are from, for each Region: "AWS Price List of 2026-11-20 (us-east-1)"."""
    said = [f"{prices.source} of {prices.dated} ({region})" for region, prices in observed.prices.items()]
    return f"Prices: {', '.join(said)}." if said else "Prices: unknown."
