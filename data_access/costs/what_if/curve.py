"""Cost over volume, on demand beside provisioned, and one scenario beside another."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from data_access.costs.amounts import break_even
from data_access.costs.prices import Prices
from data_access.costs.what_if.estimate import Result, estimate
from data_access.costs.what_if.model import BOUNDS, Scenario
from data_access.errors import UsageError

MOST_POINTS = 200
BELOW, ABOVE = 10.0, 1_000.0  # a curve goes from a tenth of a scenario's volume to a thousand times as much
_STEPS = 24  # of halving, when the volume of the break-even is looked for
Dollars = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """Dollars a month at each volume, and where the two ways of paying meet.

    `volumes` are conversations a month, log-spaced and the scenario's own, ascending.

    `meets_at` is the volume from which provisioned capacity is cheaper, to the end of the curve; None where it never is there,
    0 where it always is. `even_writes` and `even_reads` are the average use of provisioned capacity from which it is cheaper
    than on demand, without reserved capacity; `average` is the scenario's own. Dollars are None where a price is not known.
    """

    volumes: tuple[float, ...]
    on_demand: Dollars
    provisioned: Dollars
    meets_at: float | None
    even_writes: float | None
    even_reads: float | None
    average: float


def curve(scenario: Scenario, prices: Prices, *, least: float | None = None, most: float | None = None, points: int = 60) -> Curve:
    """The cost of a scenario over its volume. Raises UsageError."""
    scenario.check()
    if not 2 <= points < MOST_POINTS:
        raise UsageError(f"A curve has from 2 to {MOST_POINTS - 1} points, and the scenario's own.")
    middle = scenario.conversations or 1_000.0
    low = max(1.0, middle / BELOW if least is None else least)
    high = min(BOUNDS["conversations"][1], middle * ABOVE if most is None else most)
    if not low < high:
        raise UsageError("A curve needs a lowest volume of one or more and a higher one.")
    ratio = math.log(high / low) / (points - 1)
    own = {middle} if low <= middle <= high else set[float]()
    volumes = tuple(sorted({low, high, *(low * math.exp(ratio * step) for step in range(1, points - 1))} | own))

    def usd(volume: float, provisioned: bool) -> float | None:
        billing = "provisioned" if provisioned else "on-demand"
        result = estimate(replace(scenario, conversations=volume, billing=billing), prices)
        # A curve of what happens to be known would be a curve of something else.
        return result.total if result.complete or _only_reads(result) else None

    rates = prices.rates(scenario.table_class)
    on_demand, provisioned = (tuple(usd(volume, way) for volume in volumes) for way in (False, True))
    return Curve(
        volumes,
        on_demand,
        provisioned,
        _meets(volumes, tuple(map(_gap, provisioned, on_demand)), lambda volume: _gap(usd(volume, True), usd(volume, False))),
        break_even(rates.write_capacity_hour, rates.write_unit),
        break_even(rates.read_capacity_hour, rates.read_unit),
        scenario.target / scenario.peak,
    )


def _only_reads(result: Result) -> bool:
    """Whether all that is unknown are reads that need a Scan: they are left out of both ways alike."""
    return all(line.table == result.footprint.unread and line.quantity is None for line in result.lines if line.usd is None)


def _gap(provisioned: float | None, on_demand: float | None) -> float | None:
    return None if provisioned is None or on_demand is None else provisioned - on_demand


def _meets(volumes: tuple[float, ...], gaps: Dollars, gap: Callable[[float], float | None]) -> float | None:
    """The volume from which provisioned capacity is cheaper; `gaps` are what it costs more at each of `volumes`, `gap` anywhere."""
    if gaps[-1] is None or gaps[-1] >= 0 or None in gaps:
        return None
    # Whole capacity units make steps: the last volume at which on demand is not dearer counts.
    above = next((place for place in range(len(volumes) - 1, -1, -1) if (gaps[place] or 0.0) >= 0), None)
    if above is None:
        return 0.0
    low, high = volumes[above], volumes[above + 1]
    for _ in range(_STEPS):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if (gap(middle) or 0.0) >= 0 else (low, middle)
    return high


@dataclass(frozen=True, slots=True)
class Difference:
    """One kind of line in two scenarios: dollars a month; None where it is not known. What a scenario does not have is 0."""

    what: str
    first: float | None
    second: float | None

    @property
    def usd(self) -> float | None:
        return None if self.first is None or self.second is None else self.second - self.first


def compare(first: Result, second: Result) -> tuple[Difference, ...]:
    """Two results kind by kind, in the order of the first's lines, and last "total"."""
    one, other = first.by_what(), second.by_what()
    rows = [Difference(what, one.get(what, 0.0), other.get(what, 0.0)) for what in dict.fromkeys((*one, *other))]
    return (*rows, Difference("total", first.total if first.complete else None, second.total if second.complete else None))
