"""The free tier: once for each account and Region, never for a table.

25 GB of storage and 18,600 unit-hours each of read and write capacity a month, of tables of the Standard class; requests of
on-demand tables have none. A window gets its share of the month's, so that the parts of a month add up to it. Accounts that
are billed together share one, which no table can tell. https://aws.amazon.com/dynamodb/pricing/
"""

from __future__ import annotations

from collections.abc import Sequence

from data_access.costs.observed.lines import times
from data_access.costs.observed.model import ResourceCosts, What, add
from data_access.costs.prices import Prices


def free_usd(resources: Sequence[ResourceCosts], prices: Prices, months: float, *, projected: bool = False) -> float | None:
    """Dollars that it takes off the resources of one account and Region; None where no price is known.

    With `projected`, off a whole month's, as far as that is known.
    """
    rates = prices.standard
    share = 1.0 if projected else months
    hours = prices.free_capacity_hours * share
    parts: tuple[tuple[What, float, float | None], ...] = (
        ("storage", prices.free_storage_gb * share, rates.storage_gb_month),
        ("read capacity", hours, rates.read_capacity_hour),
        ("write capacity", hours, rates.write_capacity_hour),
    )
    return add(_off(resources, what, allowed, rate, projected=projected) for what, allowed, rate in parts)


def _off(resources: Sequence[ResourceCosts], what: What, allowed: float, rate: float | None, *, projected: bool) -> float | None:
    if rate is None:
        return None
    lines = [resource.line(what) for resource in resources if resource.table_class == "STANDARD"]
    paid = add(line.month_usd if projected else line.usd for line in lines if line is not None)
    return min(paid or 0.0, times(allowed, rate) or 0.0)
