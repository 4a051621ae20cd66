"""A scenario of the what-if: how a chatbot is used, how its items are laid out, and how its tables are paid for."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from data_access.costs.prices import TableClass
from data_access.errors import UsageError
from data_access.settings import DEFAULT_REGION
from data_access.systems.spec import Index, System

Projection = Literal["ALL", "KEYS_ONLY", "INCLUDE"]
Layout = Literal["spec", "guide"]
Billing = Literal["on-demand", "provisioned"]
ReadAt = Literal["end", "growing"]
PriceSet = Literal["today", "guide-2024"]
Years = Literal[0, 1, 3]

# Field to the least and the most that is taken, and what it is called. Beyond these an answer would be a number, not an estimate.
BOUNDS: dict[str, tuple[float, float, str]] = {
    "conversations": (0, 10_000_000_000, "Conversations a month"),
    "messages": (1, 10_000, "Messages a conversation"),
    "message_bytes": (1, 409_600, "Bytes a message"),
    "reads": (0, 10_000, "Reads a conversation"),
    "months": (0, 1_200, "Months of data kept"),
    "per_user": (0.01, 10_000, "Conversations a user a month"),
    "target": (0.2, 0.9, "Target utilisation"),  # as auto scaling's own bounds
    "peak": (1, 1_000, "Peak to average"),
    "replicas": (0, 20, "Replicas in other Regions"),
}
_WHOLE = ("messages", "message_bytes", "replicas")
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]{2,12}){1,3}-\d{1,2}")
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html: of all of a table's indexes together
MOST_INCLUDED = 100


@dataclass(frozen=True, slots=True)
class IndexChoice:
    """What a scenario makes of one index, where that is not what the system's file says. `projection` None is no index.

    `table` is the system's own name of the table (`sessions`), not a live one. `included` goes with INCLUDE.
    """

    table: str
    index: str
    projection: Projection | None
    included: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way to run one chatbot for a month of 730 hours.

    `message_bytes` is the text of a message with its tool calls, as UTF-8, without attribute names, ids and times: the layout adds
    those. `reads` is how often a conversation is read from its first message to its last; `read_at` says whether that is when
    it is complete, or spread over the time in which it grows. `target` is a share of what is provisioned, `peak` the busiest
    minutes over the average. `replicas` are the Regions beside the first. `per_user` matters only where the layout keeps one
    conversation a user. The layout "guide" counts as the setup guide's cost table does, see `layouts.guide_footprint`.
    """

    system: System = field(hash=False, repr=False)
    layout: Layout = "spec"
    conversations: float = 1_000
    messages: int = 20
    message_bytes: int = 300
    reads: float = 5
    read_at: ReadAt = "end"
    consistent: bool = False
    indexes: tuple[IndexChoice, ...] = ()
    table_class: TableClass = "STANDARD"
    region: str = DEFAULT_REGION
    billing: Billing = "on-demand"
    target: float = 0.7
    peak: float = 4
    reserved_years: Years = 0
    recovery: bool = False
    replicas: int = 0
    months: float = 12
    per_user: float = 1
    prices: PriceSet = "today"

    def check(self) -> None:
        """Raises UsageError, one sentence, for what cannot be estimated. Whether a Region is known, the prices say."""
        for name, (least, most, title) in BOUNDS.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not least <= value <= most:
                raise UsageError(f"{title} must be a number from {least:,} to {most:,}.", "Correct it, and the estimate is made again.")
            if name in _WHOLE and value != int(value):
                raise UsageError(f"{title} must be a whole number from {least:,} to {most:,}.")
        for name, kind in CHOICES.items():
            if getattr(self, name) not in get_args(kind):
                raise UsageError(f"{name} is none of {', '.join(map(str, get_args(kind)))}.")
        if not _REGION.fullmatch(self.region):
            raise UsageError("The Region is not written as AWS writes one.", "Such as us-east-1.")
        self._check_indexes()

    def _check_indexes(self) -> None:
        seen: set[tuple[str, str]] = set()
        for choice in self.indexes:
            table = self.system.tables.get(choice.table)
            if table is None or choice.index not in table.indexes:
                raise UsageError(f"{self.system.title} has no such index.", f"Its indexes are {', '.join(names(self.system)) or 'none'}.")
            if (choice.table, choice.index) in seen:
                raise UsageError(f"The index {choice.index} is given twice.")
            seen.add((choice.table, choice.index))
            if choice.projection is not None and choice.projection not in get_args(Projection):
                raise UsageError(f"The projection of {choice.index} is none of {', '.join(get_args(Projection))}.")
            if (choice.projection == "INCLUDE") != bool(choice.included):
                raise UsageError(f"The index {choice.index} needs the attributes that it includes with INCLUDE, and none without.")
            unknown = set(choice.included) - {name.partition(".")[0] for name in table.attributes}
            if unknown or len(choice.included) > MOST_INCLUDED:
                raise UsageError(f"The index {choice.index} can include only attributes that the table's layout names.")

    def index(self, table: str, name: str) -> Index | None:
        """An index as this scenario has it; None when it is off."""
        own = self.system.tables[table].indexes[name]
        choice = next((one for one in self.indexes if (one.table, one.index) == (table, name)), None)
        if choice is None:
            return own
        if choice.projection is None:
            return None
        return Index(own.partition_key, own.sort_key, choice.projection, choice.included)


CHOICES: dict[str, Any] = {
    "layout": Layout,
    "read_at": ReadAt,
    "table_class": TableClass,
    "billing": Billing,
    "reserved_years": Years,
    "prices": PriceSet,
}


def names(system: System) -> Iterator[str]:
    """The indexes of a system, each as table and index."""
    for key, table in system.tables.items():
        for index in table.indexes:
            yield f"{key}/{index}"
