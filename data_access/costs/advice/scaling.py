"""What DynamoDB's autoscaling would have provisioned, minute by minute, and the cheapest settings of it that serve the traffic.

Target tracking as documented: capacity goes up after two minutes in a row above the target, and down after fifteen in which a
fifth of it or more was not needed; four times down a day (UTC), and once more after each hour without. Unused capacity of the last five
minutes can be spent at once. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/AutoScaling.html and
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from data_access.capacity.limits import BURST_SECONDS, DECREASES_A_DAY
from data_access.costs.throughput import scaled_capacity

TARGET = 0.7
OUT_MINUTES = 2
IN_MINUTES = 15
HEADROOM = 0.2
LEAST_UNITS = 1
# More than this share of the units unserved, and the settings are not good enough.
TOLERANCE = 1e-4
_DAY, _HOUR = 1_440, 60
# The minima that are tried: what half, 90 %, 99 % and all of the minutes need.
_TRIED = (0.5, 0.9, 0.99, 1.0)


@dataclass(frozen=True, slots=True)
class Scaled:
    """A simulation. `capacity` has the units of each minute, `unserved` the units of request that were refused."""

    least: int
    highest: int
    capacity: tuple[int, ...]
    consumed: float
    unserved: float
    ups: int
    downs: int

    @property
    def average(self) -> float:
        """Capacity units, averaged over the minutes: what is paid for."""
        return sum(self.capacity) / len(self.capacity)

    @property
    def unserved_share(self) -> float:
        return self.unserved / self.consumed if self.consumed > 0 else 0.0


def simulate(
    rates: Sequence[float], *, least: int = LEAST_UNITS, highest: int | None = None, target: float = TARGET, begins: int = 0
) -> Scaled:
    """Autoscaling between `least` and `highest` (None: as much as the busiest minute needs) over `rates`, units a second by minute.

    It begins with what the first minute needs. `begins` is the minute of the day (UTC) of the first rate: the day's count of
    decreases begins again at midnight. Raises ValueError without a minute, or for a target or bounds that make no sense.
    """
    if not rates:
        raise ValueError("A simulation needs a minute.")
    need = scaled_capacity(max(rates), target, least=least)
    top = need if highest is None else highest
    if least < LEAST_UNITS or top < least:
        raise ValueError("The least capacity is one unit, and the highest not below it.")
    now = scaled_capacity(rates[0], target, least=least, most=top)
    capacity: list[int] = []
    saved = unserved = 0.0
    over = under = ups = downs = downs_today = 0
    last_down = -_HOUR
    for minute, rate in enumerate(rates):
        if (begins + minute) % _DAY == 0:
            downs_today = 0
        capacity.append(now)
        spare = (now - rate) * 60
        if spare >= 0:
            saved = min(saved + spare, float(now * BURST_SECONDS))
        else:
            unserved += max(0.0, -spare - saved)
            saved = max(0.0, saved + spare)
        over = over + 1 if rate > target * now else 0
        under = under + 1 if now > least and rate <= target * (1 - HEADROOM) * now else 0
        if over >= OUT_MINUTES and now < top:
            now = max(now, scaled_capacity(rate, target, least=least, most=top))
            ups, over, under = ups + 1, 0, 0
        elif under >= IN_MINUTES and (downs_today < DECREASES_A_DAY or minute - last_down >= _HOUR):
            # By the busiest of these minutes: the next one may be like it.
            wanted = scaled_capacity(max(rates[minute + 1 - IN_MINUTES : minute + 1]), target, least=least, most=top)
            if wanted < now:
                now, last_down = wanted, minute
                downs, downs_today, under = downs + 1, downs_today + 1, 0
    return Scaled(least, top, tuple(capacity), sum(rates) * 60, unserved, ups, downs)


def cheapest(rates: Sequence[float], *, target: float = TARGET, begins: int = 0) -> Scaled:
    """The lowest minimum with which autoscaling serves all but TOLERANCE of the units; at worst a fixed capacity for the busiest minute."""
    most = scaled_capacity(max(rates), target)
    ascending = sorted(rates)
    minima = {LEAST_UNITS, *(scaled_capacity(ascending[max(0, ceil(share * len(rates)) - 1)], target) for share in _TRIED), most}
    found = None
    for least in sorted(minima):
        found = simulate(rates, least=least, highest=most, target=target, begins=begins)
        if found.unserved_share <= TOLERANCE:
            break
    assert found is not None, "one unit is always tried"
    return found
