"""What could be done about costs and risks, and what could not be judged: no advice without the data and the prices for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from data_access.capacity.limits import Side

Rule = Literal[
    "billing mode",
    "right size",
    "table class",
    "unused index",
    "projection",
    "write-heavy index",
    "time to live",
    "recovery",
    "large items",
    "hot partition",
]
Word = Literal["high", "medium", "low"]
HIGH, MEDIUM = 0.75, 0.45


@dataclass(frozen=True, slots=True)
class Share:
    """Reads or writes of a table (`index` None) or of one index, both ways of paying: dollars are of a month of 730 hours.

    `mean`, `p99` and `most` are units a second of whole minutes, those without traffic among them. `capacity` is what would be
    provisioned on average, never below `least`, and `always` at
    every minute; `used` is `mean` of it, to be held against `break_even`. `unserved` is the share
    of all units that even unused capacity of the five minutes before would not have served. `now_usd` is what is paid now.
    """

    index: str | None
    side: Side
    mean: float
    p99: float
    most: float
    capacity: float
    least: int
    highest: int
    always: int
    unserved: float
    used: float
    break_even: float | None
    on_demand_usd: float
    provisioned_usd: float
    now_usd: float


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to do. `command` is for the AWS command line, None where no command does it.

    `saving_usd` is a month's, without the free tier; None where there is none, or it cannot be a number: then `risk` says in words
    what may happen, `risk_usd` in dollars a month where it can. `costs_usd` is what the advice itself costs a month.
    `stands_on` are sentences on the data, `confidence` is 0 to 1 and `weighed` how it came about. `shares` are for the rules of
    capacity. Advice on a table are alternatives to each other, and so is advice on one index; see `possible_usd`.
    """

    rule: Rule
    system: str
    table: str
    index: str | None
    title: str
    why: str
    action: str
    command: str | None
    saving_usd: float | None
    risk_usd: float | None
    stands_on: tuple[str, ...]
    confidence: float
    weighed: str = ""
    risk: str = ""
    costs_usd: float | None = None
    shares: tuple[Share, ...] = ()

    @property
    def word(self) -> Word:
        return "high" if self.confidence >= HIGH else "medium" if self.confidence >= MEDIUM else "low"


@dataclass(frozen=True, slots=True)
class Skipped:
    """No advice, and why. `fine`: it was judged and nothing is to be gained; else data or prices are missing."""

    rule: Rule
    table: str
    index: str | None
    reason: str
    system: str = ""
    fine: bool = False


class Unjudged(Exception):
    """Data or prices are missing; its text is the reason. No failure: it becomes a Skipped and never leaves this package."""


class Fine(Exception):
    """All that is needed is known, and there is nothing to gain; its text is the reason. Becomes a Skipped, too."""


def weigh(*factors: tuple[float, str]) -> tuple[float, str]:
    """Confidence as a product of factors, each with its reason, and the sentence that shows it."""
    product = 1.0
    for factor, _ in factors:
        product *= factor
    return product, " × ".join(f"{factor:.2g} ({why})" for factor, why in factors) + f" = {product:.2f}"


def ordered(advice: Iterable[Advice]) -> tuple[Advice, ...]:
    """By dollars, the most first; those without dollars after them, the surer first."""
    return tuple(
        sorted(
            advice,
            key=lambda one: (
                -max(one.saving_usd or 0.0, one.risk_usd or 0.0),
                -one.confidence,
                one.system,
                one.table,
                one.index or "",
                one.rule,
            ),
        )
    )


def possible_usd(advice: Sequence[Advice]) -> float | None:
    """What could be saved a month without counting anything twice; None where no saving is a number.

    Of each table the larger of two: its best advice for the whole table, or its indexes' best advice together. What is for the
    whole table takes its indexes in, so both would count them twice.
    """
    whole: dict[tuple[str, str], float] = {}
    parts: dict[tuple[str, str], dict[str, float]] = {}
    for one in advice:
        if one.saving_usd is None:
            continue
        spot = (one.system, one.table)
        if one.index is None:
            whole[spot] = max(whole.get(spot, 0.0), one.saving_usd)
        else:
            indexes = parts.setdefault(spot, {})
            indexes[one.index] = max(indexes.get(one.index, 0.0), one.saving_usd)
    spots = whole.keys() | parts.keys()
    return sum(max(whole.get(spot, 0.0), sum(parts.get(spot, {}).values())) for spot in spots) if spots else None
