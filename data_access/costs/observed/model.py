"""What the tables cost, as it was measured: a line for each thing that AWS bills, for each table and each of its indexes.

Dollars of a window `[since, until)` in UTC. What is not known is None, never 0, and is left out of sums; `complete` says
whether a sum has everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from data_access.costs.prices import Prices, TableClass
from data_access.errors import DataAccessError

What = Literal["storage", "reads", "writes", "read capacity", "write capacity", "point-in-time recovery", "backups"]
Billing = Literal["on-demand", "provisioned"]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is billed.

    `quantity` is in `unit`: GB-months of the window, request units, unit-hours. `usd` is the window's, `month_usd` a whole month's
    at this rate (storage: a full month of what is stored now). `source` says where the quantity is from: CloudWatch,
    DescribeTable, ListBackups, snapshot, estimate. `coverage` is data points by periods of the window, where it is counted.
    """

    what: What
    quantity: float | None
    unit: str
    usd: float | None
    source: str
    coverage: float | None = None
    note: str = ""
    month_usd: float | None = None


@dataclass(frozen=True, slots=True)
class ResourceCosts:
    """A table, or one of its global secondary indexes; a local index is part of its table.

    `items` and `bytes` are stored now, without what AWS adds for billing; None where they are not known. `region` is where the
    table is; `reads` are the read units consumed in the window, whether they are billed or not, None where not known.
    """

    system: str
    table: str
    index: str | None
    table_class: TableClass
    billing: Billing
    items: int | None
    bytes: int | None
    lines: tuple[Line, ...]
    region: str = ""
    projection: str = ""
    reads: float | None = None
    writes: float | None = None
    recovery: bool | None = None
    replicas: tuple[str, ...] = ()

    @property
    def usd(self) -> float | None:
        """The window's dollars that are known; None where none is."""
        return add(line.usd for line in self.lines)

    @property
    def month_usd(self) -> float | None:
        """A whole month's at this rate, as far as it is known."""
        return add(line.month_usd for line in self.lines)

    @property
    def complete(self) -> bool:
        return all(line.usd is not None for line in self.lines)

    def line(self, what: What) -> Line | None:
        return next((line for line in self.lines if line.what == what), None)


@dataclass(frozen=True, slots=True)
class SystemTotal:
    """One system's lines added up, the free tier not taken off: it is the account's. `by` has every kind of line that there is."""

    system: str
    usd: float | None
    month_usd: float | None
    by: Mapping[What, float | None]
    complete: bool


@dataclass(frozen=True, slots=True)
class Observed:
    """All of it. `free_tier_usd` is what the free tier takes off, once for each account and Region; None while it is switched off,
    and where its prices are not known.

    `month_to_date_usd` is `total_usd` where the window is this month so far, and None otherwise. `projected_usd` is a whole month's:
    usage at this rate, storage of what is stored now; None in the first day of a window. `prices` are by Region. `own_usd` is
    what asking CloudWatch cost. `sample` where CloudWatch was played.
    """

    since: datetime
    until: datetime
    resources: tuple[ResourceCosts, ...]
    free_tier_usd: float | None
    total_usd: float | None
    month_to_date_usd: float | None
    projected_usd: float | None
    prices: Mapping[str, Prices]
    problems: tuple[DataAccessError, ...]
    own_usd: float
    sample: bool
    free_tier: bool = False

    @property
    def complete(self) -> bool:
        """Whether every table answered and every line has its dollars."""
        return not self.problems and all(resource.complete for resource in self.resources)

    def of(self, system: str) -> tuple[ResourceCosts, ...]:
        return tuple(resource for resource in self.resources if resource.system == system)

    def totals(self) -> tuple[SystemTotal, ...]:
        """By system, in the order of the resources."""
        return tuple(_total(system, self.of(system)) for system in dict.fromkeys(resource.system for resource in self.resources))


def add(amounts: Iterable[float | None]) -> float | None:
    """The sum of those that are known; None where none is."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None


def _total(system: str, resources: tuple[ResourceCosts, ...]) -> SystemTotal:
    lines = [line for resource in resources for line in resource.lines]
    kinds: list[What] = list(dict.fromkeys(line.what for line in lines))
    return SystemTotal(
        system,
        add(line.usd for line in lines),
        add(line.month_usd for line in lines),
        {what: add(line.usd for line in lines if line.what == what) for what in kinds},
        all(resource.complete for resource in resources),
    )
