"""Every read as a plan first: which operation on which table or index, why, and what it is likely to cost.

A plan is made from the system's file and DescribeTable alone; no item is read for it. Estimates stand on the
table's item count and size (AWS refreshes both about every six hours) and on the shares below, which are guesses
until something was read: the page and the command line show the measured units beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal


class Operation(StrEnum):
    GET = "GetItem"
    BATCH_GET = "BatchGetItem"
    QUERY = "Query"
    SCAN = "Scan"


# What a step brings: conversations' items, messages, or the messages of each conversation that is still incomplete.
Purpose = Literal["conversations", "messages", "each"]


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
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of one read, in order."""

    steps: tuple[Step, ...]

    @property
    def estimated_units(self) -> float:
        return sum(step.estimated_units for step in self.steps)

    @property
    def estimated_usd(self) -> float | None:
        costs = [step.estimated_usd for step in self.steps]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    @property
    def scans(self) -> Sequence[Step]:
        return [step for step in self.steps if step.operation is Operation.SCAN]
