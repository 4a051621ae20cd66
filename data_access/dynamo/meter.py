"""What a read really cost: the sum of every ReturnConsumedCapacity, beside what was estimated."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from data_access.costs.prices import TableClass, read_price


@dataclass(frozen=True, slots=True)
class Measured:
    """What was read. `units` are read request units, `by_place` the same by "table" or "table/index".

    `usd` is at the on-demand price of the Region and of each table's class, and None where one of them is not known.
    `items` counts what DynamoDB evaluated, before any filter. `unmetered` counts responses that carried no capacity: then
    `units` is a lower bound.
    """

    units: float
    usd: float | None
    requests: int
    items: int
    seconds: float
    by_place: Mapping[str, float] = field(default_factory=dict[str, float])
    unmetered: int = 0


def added(read: Iterable[Measured]) -> Measured:
    """Reads that were made one after the other, as one."""
    several = list(read)
    prices = [one.usd for one in several]
    places: dict[str, float] = {}
    for one in several:
        for place, units in one.by_place.items():
            places[place] = places.get(place, 0.0) + units
    return Measured(
        sum(one.units for one in several),
        None if None in prices else sum(price or 0.0 for price in prices),
        sum(one.requests for one in several),
        sum(one.items for one in several),
        sum(one.seconds for one in several),
        places,
        sum(one.unmetered for one in several),
    )


def _standard(_table: str) -> TableClass:
    return "STANDARD"


class Meter:
    """Adds up responses, from any thread. `class_of` tells the class of a live table by its name."""

    def __init__(self, region: str, class_of: Callable[[str], TableClass] = _standard) -> None:
        self._region = region
        self._class_of = class_of
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._requests = self._items = self._unmetered = 0
        self._places: dict[str, float] = {}

    @property
    def units(self) -> float:
        with self._lock:
            return sum(self._places.values())

    def add(self, response: Mapping[str, Any], *, evaluated: int) -> float:
        """Count one response and return its units."""
        consumed: Any = response.get("ConsumedCapacity")
        rows: list[Mapping[str, Any]] = [consumed] if isinstance(consumed, dict) else consumed or []
        spent = _by_place(rows)
        with self._lock:
            self._requests += 1
            self._items += evaluated
            self._unmetered += not rows
            for place, units in spent.items():
                self._places[place] = self._places.get(place, 0.0) + units
        return sum(spent.values())

    def measured(self) -> Measured:
        with self._lock:
            return Measured(
                units=sum(self._places.values()),
                usd=self._usd(),
                requests=self._requests,
                items=self._items,
                seconds=time.monotonic() - self._began,
                by_place=dict(self._places),
                unmetered=self._unmetered,
            )

    def _usd(self) -> float | None:
        """Units by class first: dollars are then a product and not a sum of many small floats."""
        by_class: dict[TableClass, float] = {}
        for place, units in self._places.items():
            table_class = self._class_of(place.partition("/")[0])
            by_class[table_class] = by_class.get(table_class, 0.0) + units
        total = 0.0
        for table_class, units in (by_class or {"STANDARD": 0.0}).items():
            price = read_price(self._region, table_class)
            if price is None:
                return None
            total += units * price.usd_per_unit
        return total


def _by_place(rows: list[Mapping[str, Any]]) -> dict[str, float]:
    spent: dict[str, float] = {}
    for row in rows:
        table = str(row.get("TableName", "?"))
        indexes: Mapping[str, Any] = row.get("GlobalSecondaryIndexes") or {}
        for name, part in indexes.items():
            spent[f"{table}/{name}"] = spent.get(f"{table}/{name}", 0.0) + float(part.get("CapacityUnits", 0))
        own = row["Table"].get("CapacityUnits", 0) if "Table" in row else row.get("CapacityUnits", 0) if not indexes else 0
        if own or not indexes:
            spent[table] = spent.get(table, 0.0) + float(own)
    return spent


class Pace:
    """Holds readers to a number of read units a second, all together.

    DynamoDB says what a page cost only after it was read, so the debt of one page is waited off before the next.
    """

    def __init__(self, units_a_second: float | None) -> None:
        self._rate = units_a_second
        self._lock = threading.Lock()
        self._free_at = 0.0

    def spend(self, units: float) -> None:
        if self._rate is None:
            return
        with self._lock:
            now = time.monotonic()
            self._free_at = max(self._free_at, now) + units / self._rate

    def wait(self, stop: threading.Event) -> None:
        """Until the debt is paid, or `stop` is set."""
        if self._rate is None:
            return
        with self._lock:
            delay = self._free_at - time.monotonic()
        if delay > 0:
            stop.wait(delay)
