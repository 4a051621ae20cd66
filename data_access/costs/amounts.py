"""The arithmetic of money: US dollars for storage, units and hours, and what another choice would save.

Every price is for one unit. A price that is not known is None, and so is all that needs it: never 0. Sources are at each rule;
prices come from data_access.costs.prices.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from data_access.costs.prices.model import TableClass
from data_access.costs.size import REPLICA_EXTRA, STORED_EXTRA

# AWS's own Pricing Calculator counts 730 hours a month; a month of 30 days has 720, one of 31 days 744.
HOURS = 730
HOURS_30_DAYS = 720
HOURS_31_DAYS = 744
HOURS_A_YEAR = 8_760
SECONDS_AN_HOUR = 3_600
# DynamoDB's documentation counts binary: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
GB = 1_024**3
DECIMAL_GB = 10**9
RESERVED_BLOCK = 100


@dataclass(frozen=True, slots=True)
class Charge:
    """So much of something at a price for one, of which `free` costs nothing."""

    quantity: float
    unit_usd: float | None
    free: float = 0.0

    @property
    def usd(self) -> float | None:
        """None where the price is not known."""
        return None if self.unit_usd is None else max(0.0, self.quantity - self.free) * self.unit_usd


def total_usd(charges: Iterable[Charge]) -> float | None:
    """All charges together; None as soon as one of them has no known price."""
    amounts = [charge.usd for charge in charges]
    return None if None in amounts else sum(amount for amount in amounts if amount is not None)


def hourly_usd(write_units: float, read_units: float, write_hour_usd: float | None, read_hour_usd: float | None) -> float | None:
    """An hour of provisioned capacity, used or not; prices are for one unit and hour."""
    return total_usd((Charge(write_units, write_hour_usd), Charge(read_units, read_hour_usd)))


def storage_gb(items: float, total_bytes: float, *, extra: float = STORED_EXTRA, replicated: bool = False, gb: int = GB) -> float:
    """Billed storage in GB: the sizes, and for each item (or entry of an index) 100 bytes more, 48 more in a global table.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html. A table and each of its indexes
    are counted by themselves; DescribeTable's sizes leave the extra bytes out.
    """
    return (total_bytes + items * (extra + (REPLICA_EXTRA if replicated else 0))) / gb


def break_even(hour_usd: float | None, request_usd: float | None) -> float | None:
    """The share of provisioned capacity from which, used evenly, it is cheaper than on demand: 0.289 at 2026's prices in Virginia.

    `hour_usd` is for a capacity unit and hour, `request_usd` for one request unit. None where a price is not known, or is zero.
    """
    if hour_usd is None or not request_usd:
        return None
    return hour_usd / SECONDS_AN_HOUR / request_usd


def reserved_hour_usd(
    upfront_usd: float, hour_usd: float, years: float, *, block: int = RESERVED_BLOCK, hours_a_year: float = HOURS_A_YEAR
) -> float:
    """What a unit of reserved capacity costs an hour, with its share of what is paid upfront. Prices are for a block.

    https://aws.amazon.com/dynamodb/reserved-capacity/
    """
    return (upfront_usd / (hours_a_year * years) + hour_usd) / block


def reserved_saving(reserved_usd: float, hour_usd: float | None) -> float | None:
    """The share of the usual hourly price that reserved capacity saves: 0.54 is 54 %. It is saved only where all of it is used."""
    return None if not hour_usd else 1 - reserved_usd / hour_usd


@dataclass(frozen=True, slots=True)
class ClassSaving:
    """A month in the table's present class and in the other one; a saving below 0 is a loss."""

    other: TableClass
    throughput_usd: float
    storage_usd: float
    saving_usd: float

    @property
    def total_usd(self) -> float:
        return self.throughput_usd + self.storage_usd


def class_saving(
    current: TableClass, throughput_usd: float, storage_usd: float, *, throughput_ratio: float, storage_ratio: float
) -> ClassSaving:
    """What the other table class would cost, from a month's cost in this one.

    The ratios are Standard-IA's price over Standard's, from one Region's price list: about 1.25 and 0.4. Raises ValueError for a
    ratio that is not above 0. https://aws.amazon.com/dynamodb/pricing/ says the classes' prices.
    """
    if throughput_ratio <= 0 or storage_ratio <= 0:
        raise ValueError("A ratio of prices is above 0.")
    if current == "STANDARD":
        other, throughput, storage = "STANDARD_INFREQUENT_ACCESS", throughput_usd * throughput_ratio, storage_usd * storage_ratio
    else:
        other, throughput, storage = "STANDARD", throughput_usd / throughput_ratio, storage_usd / storage_ratio
    return ClassSaving(other, throughput, storage, throughput_usd + storage_usd - throughput - storage)


def extra_usd(quantity: float, usd: float | None, other_usd: float | None) -> float | None:
    """What the same quantity costs more at another price; below 0 it costs less."""
    return None if usd is None or other_usd is None else quantity * (other_usd - usd)


def insights_events(accesses: Iterable[tuple[str, float]], *, sort_key: bool) -> float:
    """Events of CloudWatch Contributor Insights for calls (operation, items of it): each item is one, with a sort key two.

    A Query is one event whatever it returns.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/contributorinsights_HowItWorks.html
    """
    each = 2 if sort_key else 1
    return sum(1 if operation == "Query" else items * each for operation, items in accesses)


def insights_usd(rules: float, events: float, rule_usd: float | None, million_events_usd: float | None) -> float | None:
    """A month of Contributor Insights: its rules, and the events that they looked at."""
    return total_usd((Charge(rules, rule_usd), Charge(events / 1_000_000, million_events_usd)))
