"""A month of a scenario in US dollars: a line for each thing that AWS bills, of each table and each index.

Months have 730 hours and a GB is 1024³ bytes; stored items and index entries have AWS's 100 bytes more, in global tables 48 more.
No free tier is taken off: it is the account's, once. Prices that are not known make lines without dollars, and a total that says so.

Global tables: each Region, the first included, bills every write of the table as a replicated write; what a write does to an
index is an ordinary write in each Region. Source: https://aws.amazon.com/dynamodb/pricing/ (global tables). Traffic between the
Regions is not in it, and all Regions have the first one's prices.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from data_access.costs.amounts import HOURS, RESERVED_BLOCK, SECONDS_AN_HOUR, reserved_hour_usd, storage_gb
from data_access.costs.prices import GUIDE_2024, PriceBook, Prices, Rates
from data_access.costs.what_if.counting import Resource
from data_access.costs.what_if.layouts import Footprint, footprint
from data_access.costs.what_if.model import Scenario

What = Literal[
    "storage",
    "writes",
    "replicated writes",
    "reads",
    "write capacity",
    "replicated write capacity",
    "read capacity",
    "point-in-time recovery",
]
LEAST_CAPACITY = 1  # a table or index is provisioned with one unit or more


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is billed, for a month. `quantity` is in `unit` (GB-months, request units, capacity units × hours) and `usd` is None
    where the price is not known, or where the quantity is not. `note` says how many capacity units, and what of them is reserved."""

    table: str
    index: str | None
    what: What
    quantity: float | None
    unit: str
    usd: float | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """A scenario and what it costs. `total` is what is known (None: nothing is), `unknown` names the lines that are not in it.

    `upfront_usd` is paid at once for reserved capacity, and its share of a month is in the lines already. `notes` are sentences.
    """

    scenario: Scenario
    lines: tuple[Line, ...]
    footprint: Footprint
    prices: Prices
    upfront_usd: float
    notes: tuple[str, ...]

    @property
    def total(self) -> float | None:
        known = [line.usd for line in self.lines if line.usd is not None]
        return sum(known) if known else None

    @property
    def unknown(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(line.what for line in self.lines if line.usd is None))

    @property
    def complete(self) -> bool:
        return not self.unknown

    @property
    def per_conversation(self) -> float | None:
        """Dollars for one conversation of the month; None where there is none, or nothing is known."""
        return None if self.total is None or not self.scenario.conversations else self.total / self.scenario.conversations

    def by_what(self) -> dict[What, float | None]:
        """Dollars of each kind of line; None where one of its lines is not known."""
        kinds: dict[What, list[float | None]] = {}
        for line in self.lines:
            kinds.setdefault(line.what, []).append(line.usd)
        return {what: _sum(amounts) for what, amounts in kinds.items()}


def prices_of(scenario: Scenario, book: PriceBook) -> Prices:
    """The prices that a scenario is counted with. Raises UsageError for a Region that nobody knows."""
    scenario.check()
    return GUIDE_2024 if scenario.prices == "guide-2024" else book.prices(scenario.region)


def estimate(scenario: Scenario, prices: Prices) -> Result:
    """Price a scenario. Raises UsageError for one that cannot be."""
    one = footprint(scenario)
    notes = [*one.notes]
    if scenario.billing == "provisioned":
        throughput, upfront = _provisioned(scenario, one, prices, notes)
    else:
        throughput, upfront = list(_on_demand(scenario, one, prices)), 0.0
        if scenario.reserved_years:
            notes.append("Reserved capacity does not apply to on-demand tables.")
    if scenario.replicas:
        notes.append(
            "Replicas are counted at this Region's prices; the traffic between the Regions and the copying when a replica is added are not."
        )
    if scenario.replicas and scenario.months and one.piles_up:
        notes.append("Items that expire by ttl are deleted for free where they expire, and as replicated writes elsewhere: not counted.")
    lines = (*throughput, *_stored(scenario, one, prices))
    return Result(scenario, lines, one, prices, upfront, tuple(notes))


# ---- what is stored


def _stored(scenario: Scenario, one: Footprint, prices: Prices) -> Iterator[Line]:
    months = scenario.months if one.piles_up else min(scenario.months, 1.0)
    kept, regions = scenario.conversations * months, scenario.replicas + 1
    usd = prices.rates(scenario.table_class).storage_gb_month
    backed_up = 0.0
    for resource in one.resources:
        gb = storage_gb(resource.items * kept, resource.bytes * kept, replicated=bool(scenario.replicas))
        if resource.index is None:
            # The guide's own figure is for the table.
            gb += one.gb * kept
        yield _line(resource, "storage", gb * regions, "GB-month", usd)
    if scenario.recovery:
        # The table with its local indexes; global ones are not backed up.
        for resource in one.resources:
            if resource.index is None:
                gb = storage_gb(resource.items * kept, resource.bytes * kept, replicated=bool(scenario.replicas)) + one.gb * kept
                backed_up = gb * regions
                yield _line(resource, "point-in-time recovery", backed_up, "GB-month", prices.recovery_gb_month)


# ---- on demand


def _on_demand(scenario: Scenario, one: Footprint, prices: Prices) -> Iterator[Line]:
    rates, month, regions = prices.rates(scenario.table_class), scenario.conversations, scenario.replicas + 1
    for resource in one.resources:
        if resource.index is None and scenario.replicas:
            yield _line(
                resource, "replicated writes", resource.writes * month * regions, "replicated write units", rates.replicated_write_unit
            )
        else:
            yield _line(resource, "writes", resource.writes * month * regions, "write units", rates.write_unit)
        yield from _reads(resource, one, resource.reads * month, "reads", "read units", rates.read_unit)


def _reads(resource: Resource, one: Footprint, quantity: float, what: What, unit: str, usd: float | None) -> Iterator[Line]:
    if one.unread == resource.table and resource.index is None:
        yield Line(resource.table, None, what, None, unit, None, "needs a Scan")
    elif resource.reads:
        yield _line(resource, what, quantity, unit, usd)


# ---- provisioned


@dataclass(frozen=True, slots=True)
class _Need:
    """Capacity of one table or index in one Region, and how many Regions have it."""

    resource: Resource
    what: What
    units: int
    regions: int
    usd: float | None


def capacity_units(units_a_month: float, peak: float, target: float) -> int:
    """Capacity units to provision for a month's units: the average second times the peak, at the target utilisation, at least one."""
    return max(LEAST_CAPACITY, math.ceil(units_a_month / (HOURS * SECONDS_AN_HOUR) * peak / target - 1e-9))


def _provisioned(scenario: Scenario, one: Footprint, prices: Prices, notes: list[str]) -> tuple[list[Line], float]:
    needs = list(_needs(scenario, one, prices.rates(scenario.table_class)))
    upfront = 0.0
    lines: list[Line] = []
    for kind in ("write", "read"):
        some = [need for need in needs if need.what == f"{kind} capacity"]
        block = None
        if scenario.reserved_years and scenario.table_class == "STANDARD":
            block = prices.reserved.get((kind, scenario.reserved_years))
            if block is None and some:
                notes.append(f"The price of reserved {kind} capacity for this term is not known here: counted without it.")
        units = sum(need.units * need.regions for need in some)
        usual = some[0].usd if some else None
        blocks, reserved_usd = 0, 0.0
        if block is not None and usual is not None:
            reserved_usd = reserved_hour_usd(block.upfront_usd, block.hour_usd, block.years)
            blocks = _blocks(units, reserved_usd, usual)
            upfront += blocks * block.upfront_usd
        lines.extend(_capacity_lines(some, blocks, units, reserved_usd, usual))
    lines.extend(
        _line(need.resource, need.what, need.units * need.regions * HOURS, "unit-hours", need.usd, f"{need.units:,} units")
        for need in needs
        if need.what == "replicated write capacity"
    )
    if scenario.reserved_years and scenario.table_class != "STANDARD":
        notes.append("Reserved capacity does not apply to Standard-IA.")
    if scenario.reserved_years and scenario.replicas:
        notes.append("Reserved capacity does not apply to replicated writes.")
    if one.unread is not None:
        lines.append(Line(one.unread, None, "read capacity", None, "unit-hours", None, "needs a Scan"))
    return sorted(lines, key=lambda line: _order(line, one)), upfront


def _order(line: Line, one: Footprint) -> int:
    return next(place for place, resource in enumerate(one.resources) if (resource.table, resource.index) == (line.table, line.index))


def _needs(scenario: Scenario, one: Footprint, rates: Rates) -> Iterator[_Need]:
    month, regions = scenario.conversations, scenario.replicas + 1
    for resource in one.resources:
        writes = capacity_units(resource.writes * month, scenario.peak, scenario.target)
        if resource.index is None and scenario.replicas:
            yield _Need(resource, "replicated write capacity", writes, regions, rates.replicated_write_capacity_hour)
        else:
            yield _Need(resource, "write capacity", writes, regions, rates.write_capacity_hour)
        reads = capacity_units(resource.reads * month, scenario.peak, scenario.target)
        yield _Need(resource, "read capacity", reads, regions, rates.read_capacity_hour)


def _blocks(units: int, reserved_usd: float, usual_usd: float) -> int:
    """Blocks of 100 units that cost least: one more where what is left over costs more than a block, of which a part is unused."""
    if reserved_usd >= usual_usd:
        return 0
    whole, rest = divmod(units, RESERVED_BLOCK)
    return whole + (1 if rest * usual_usd > RESERVED_BLOCK * reserved_usd else 0)


def _capacity_lines(needs: list[_Need], blocks: int, units: int, reserved_usd: float, usual_usd: float | None) -> Iterator[Line]:
    """Reserved units are the account's, so each table and index has its share of them."""
    covered = blocks * RESERVED_BLOCK
    whole = None if usual_usd is None else HOURS * (covered * reserved_usd + max(0, units - covered) * usual_usd)
    for need in needs:
        usd = None if whole is None else whole * need.units * need.regions / units
        note = f"{need.units:,} unit{'' if need.units == 1 else 's'}{f' in each of {need.regions} Regions' if need.regions > 1 else ''}"
        if blocks:
            note += f", {min(1.0, covered / units):.0%} reserved"
        yield Line(need.resource.table, need.resource.index, need.what, need.units * need.regions * HOURS, "unit-hours", usd, note)


def _line(resource: Resource, what: What, quantity: float, unit: str, price: float | None, note: str = "") -> Line:
    # What is not used at all costs nothing, whatever its price is.
    usd = 0.0 if not quantity else None if price is None else quantity * price
    return Line(resource.table, resource.index, what, quantity, unit, usd, note)


def _sum(amounts: Iterable[float | None]) -> float | None:
    total = 0.0
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total
