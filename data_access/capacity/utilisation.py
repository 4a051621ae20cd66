"""Consumed capacity as a share of what is provisioned. Never for on-demand tables, never by zero."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from data_access.capacity.series import Series, floor_time


@dataclass(frozen=True, slots=True)
class Utilisation:
    """1 is all of it. `average` is over the time for which the provisioned capacity is known."""

    times: tuple[datetime, ...]
    values: tuple[float, ...]
    average: float | None

    @property
    def peak(self) -> float | None:
        return max(self.values, default=None)


def utilisation(consumed: Series, provisioned: Series) -> Utilisation | None:
    """Each Sum over its own period, divided by what was provisioned then; None where no provisioned value above 0 is known.

    Consumed is reported by minutes and provisioned by five, so a minute takes the value of the five that it lies in. In a
    period without a data point nothing was consumed; that is only said of a series that is complete.
    """
    period = provisioned.metric.period
    known = {at: value for at, value in zip(provisioned.times, provisioned.values, strict=True) if value > 0}
    if not known:
        return None
    times: list[datetime] = []
    values: list[float] = []
    used = 0.0
    for at, total in zip(consumed.times, consumed.values, strict=True):
        if capacity := known.get(floor_time(at, period)):
            times.append(at)
            values.append(total / consumed.metric.period / capacity)
            used += total
    average = used / (sum(known.values()) * period) if consumed.status == "complete" else None
    return Utilisation(tuple(times), tuple(values), average)
