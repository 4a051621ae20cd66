"""Traffic and capacity: units of a rate, the capacity that it needs, how much a capacity moves, and what CloudWatch's sums say.

Rates are of a second. Sources: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/provisioned-capacity-mode.html and
those at each rule.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from data_access.costs.amounts import SECONDS_AN_HOUR
from data_access.costs.units import READ_UNIT_BYTES, TRANSACTION, WRITE_UNIT_BYTES, read_factor

DAY_SECONDS = 86_400


def whole_units(units: float) -> int:
    """Capacity is set in whole units: the next one. A sum that misses a whole number by the error of floats is that number."""
    return math.ceil(round(units, 6))


def capacity_for(rate: float, units_each: float, *, utilisation: float = 1.0) -> int:
    """Capacity units for so many operations a second of so many units each.

    `utilisation` is the share of the capacity that is to be used, 0.7 for 70 %. Raises ValueError unless it is above 0.
    """
    if utilisation <= 0:
        raise ValueError("A utilisation is above 0.")
    return whole_units(rate * units_each / utilisation)


def request_units(rate: float, units_each: float, *, hours: float) -> float:
    """Request units in so many hours of an even rate."""
    return rate * units_each * hours * SECONDS_AN_HOUR


def scaled_capacity(consumed: float, target: float, *, least: int = 1, most: int | None = None) -> int:
    """What autoscaling provisions for so many units a second, `target` being the share that it holds (0.2 to 0.9).

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/AutoScaling.html. Raises ValueError unless the target is above 0.
    """
    wanted = max(least, capacity_for(consumed, 1, utilisation=target))
    return wanted if most is None else min(most, wanted)


def read_bytes_a_second(read_units: float, *, consistent: bool = False, transactional: bool = False) -> float:
    """The most that such a read capacity reads, if nothing is lost to rounding."""
    return read_units * READ_UNIT_BYTES / read_factor(consistent=consistent, transactional=transactional)


def written_bytes_a_second(write_units: float, *, transactional: bool = False) -> float:
    """The most that such a write capacity writes, if nothing is lost to rounding."""
    return write_units * WRITE_UNIT_BYTES / (TRANSACTION if transactional else 1)


def scan_seconds(total_bytes: float, read_units: float, *, consistent: bool = True) -> float | None:
    """How long a whole Scan takes with so much read capacity; None without any.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/EMRforDynamoDB.PerformanceTuning.Throughput.html
    """
    return total_bytes / read_bytes_a_second(read_units, consistent=consistent) if read_units > 0 else None


def replicated_write_units(rates: Mapping[str, float]) -> float:
    """The replicated write units that each Region of a global table needs, from the units written in each: all of them.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_reqs_bestpractices.html. In all the Regions
    together it is that times the number of them.
    """
    return sum(rates.values())


def per_second(total: float, period: float) -> float:
    """CloudWatch's Sum of one period as a rate. `period` is that row's own, in seconds. Raises ValueError unless it is above 0.

    It is a mean: within the period the rate may have been higher, and throttled.
    """
    if period <= 0:
        raise ValueError("A period is longer than 0 seconds.")
    return total / period


def utilisation(rate: float, provisioned: float) -> float | None:
    """The share of provisioned capacity that is used; None for a table without any, as an on-demand table is."""
    return rate / provisioned if provisioned > 0 else None


def alarm_sum(provisioned: float, share: float, period: float) -> float:
    """The Sum of consumed units in one period (seconds) at which an alarm for a share of the capacity goes off, 0.8 for 80 %.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/creating-alarms.html
    """
    return provisioned * share * period
