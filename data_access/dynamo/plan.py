"""Every read as a plan first: which operation on which table or index, why, and what it is likely to cost.

A plan is made from the system's file and DescribeTable; no item is read for it. Each step says what its estimate stands on
(estimating.py): sizes that the snapshot knows, a bound from the table's size, or a guess. The page and the command line show the
measured units beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal


class Operation(StrEnum):
    GET = "GetItem"
    BATCH_GET = "BatchGetItem"
    QUERY = "Query"
    SCAN = "Scan"


# What a step brings: conversations' items, messages, or the messages of each conversation that is still incomplete.
Purpose = Literal["conversations", "messages", "each"]
# What an estimate stands on. Only "table size" is a bound.
Basis = Literal["snapshot", "table size", "guess"]


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison in a key condition or a filter.

    `values` are what is sent; `shown` is what a person may see of them: times as they are, ids by their part's name.
    Empty `values` are filled in for each conversation that an earlier step found.
    """

    attribute: str
    operator: Literal["=", "BETWEEN", "<=", ">="]
    values: tuple[Any, ...]
    shown: str

    def __str__(self) -> str:
        return f"{self.attribute} {self.operator} {self.shown}"


@dataclass(frozen=True, slots=True)
class Step:
    """One operation, sent `times` times (estimated where an earlier step decides)."""

    operation: Operation
    purpose: Purpose
    table: str
    index: str | None
    keys: tuple[Term, ...]
    filters: tuple[Term, ...]
    reason: str
    estimated_units: float
    estimated_usd: float | None
    times: int = 1
    basis: Basis = "guess"

    @property
    def is_bound(self) -> bool:
        """Whether the estimate is the most that it can cost."""
        return self.basis == "table size"

    @property
    def key_condition(self) -> str | None:
        return " AND ".join(map(str, self.keys)) or None

    @property
    def filter(self) -> str | None:
        return " AND ".join(map(str, self.filters)) or None

    def describe(self) -> dict[str, Any]:
        """The step as `--explain` prints it."""
        return {
            "operation": self.operation.value,
            "table": self.table,
            "index": self.index,
            "key_condition": self.key_condition,
            "filter": self.filter,
            "reason": self.reason,
            "estimated_units": round(self.estimated_units, 1),
            "estimated_usd": None if self.estimated_usd is None else round(self.estimated_usd, 12),
            "basis": self.basis,
            "bound": self.is_bound,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of one read, in order. `sized_at` is when the sizes were read that its estimates stand on, if any do."""

    steps: tuple[Step, ...]
    sized_at: datetime | None = None

    @property
    def estimated_units(self) -> float:
        return sum(step.estimated_units for step in self.steps)

    @property
    def estimated_usd(self) -> float | None:
        costs = [step.estimated_usd for step in self.steps]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    @property
    def basis(self) -> Basis:
        """The weakest of its steps': a sum is no better than its least certain part."""
        found = {step.basis for step in self.steps}
        return "guess" if "guess" in found else "table size" if "table size" in found else "snapshot"

    @property
    def is_bound(self) -> bool:
        """Whether the estimate is the most that the read can cost, as far as the sizes of the snapshot still hold."""
        return self.basis == "table size"

    def describe(self) -> dict[str, Any]:
        """The plan as `--explain` prints it."""
        return {
            "steps": [step.describe() for step in self.steps],
            "estimated_units": self.estimated_units,
            "estimated_usd": self.estimated_usd,
            "basis": self.basis,
            "bound": self.is_bound,
            "sizes_as_of": self.sized_at,
        }

    @property
    def scans(self) -> Sequence[Step]:
        return [step for step in self.steps if step.operation is Operation.SCAN]
