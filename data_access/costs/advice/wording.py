"""Amounts in the sentences of advice."""

from __future__ import annotations

import math

_MOST_PLACES = 7


def usd(amount: float) -> str:
    """Dollars and cents; below a dollar two digits that count."""
    if amount < 0:
        return f"−{usd(-amount)}"
    if amount >= 1:
        return f"${amount:,.2f}"
    if amount == 0:
        return "$0"
    places = max(2, 1 - math.floor(math.log10(amount)))
    return f"${amount:.{places}f}" if places <= _MOST_PLACES else f"under ${10.0**-_MOST_PLACES:.{_MOST_PLACES}f}"


def units(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 or rate == 0 else f"{rate:.2g}" if rate >= 0.001 else "under 0.001"


def size(count: float) -> str:
    """Bytes, binary."""
    for scale, unit in ((1024**4, "TiB"), (1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB")):
        if count >= scale:
            return f"{count / scale:,.1f} {unit}"
    return f"{count:,.0f} bytes"


def count(number: float, one: str, many: str) -> str:
    return f"{number:,.0f} {one if number == 1 else many}"


def listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def times(factor: float) -> str:
    return f"{factor:,.0f} times" if factor >= 10 else f"{factor:.1f} times"
