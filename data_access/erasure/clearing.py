"""The second stage of a receipt: the copies of the tables are asked about again, and whether the last of them is over.

Not part of the signed file, which says how the copies were at the end of the erasure; this says how they are now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from data_access.dynamo.aws import Source
from data_access.dynamo.facts import describe
from data_access.erasure.copies import copies
from data_access.erasure.model import Copy, State
from data_access.erasure.receipt import Content
from data_access.erasure.receipt_check import Clearance, cleared
from data_access.errors import AwsError
from data_access.settings import Settings

# Where something is left in the tables themselves, or may be, no copy can be called the last one.
_GONE = frozenset((State.COMPLETED, State.NO_DATA))


@dataclass(frozen=True, slots=True)
class CopiesNow:
    """Every copy of some systems' tables as it was at `at`. A table that could not be asked about has none in it."""

    copies: tuple[Copy, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class SecondStage:
    """What the copies came to, and when they were asked about. `clearance` None: there is no second stage, for the tables
    themselves may still hold something."""

    clearance: Clearance | None
    at: datetime

    @property
    def sentence(self) -> str:
        if self.clearance is None:
            return "There is none: it did not end as completed, so the tables themselves may still hold something."
        return self.clearance.sentence


def copies_now(settings: Settings, sources: Mapping[str, Source], systems: Iterable[str], now: datetime | None = None) -> CopiesNow:
    """A few requests for each table. Raises nothing of AWS: what is denied, or not here any more, is not known."""
    when = now or datetime.now(UTC)
    found: list[Copy] = []
    for name in systems:
        if (source := sources.get(name)) is None:
            continue
        live: dict[str, Mapping[str, Any]] = {}
        for table in source.place.tables.values():
            with suppress(AwsError):
                live[table] = describe(source, table)
        found += copies(settings, source, live, when)
    return CopiesNow(tuple(found), when)


def second_stage(content: Content, now: CopiesNow) -> SecondStage:
    """From the receipt and the copies of its systems."""
    return SecondStage(cleared(content, now.copies, now.at) if content.state in _GONE else None, now.at)
