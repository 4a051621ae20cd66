"""Indexes that nobody reads, that are written far more than they are read, or that hold more than their readers may need.

Every write to a table is written again to each index that the item is in, and stored there again.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-indexes-general.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

from data_access.costs.advice import commands
from data_access.costs.advice.model import Advice, Fine, Unjudged, weigh
from data_access.costs.advice.subject import Subject, check_readable, length_factor, words
from data_access.costs.advice.wording import count, times, usd
from data_access.costs.amounts import storage_gb
from data_access.costs.observed import ResourceCosts
from data_access.costs.size import STORED_EXTRA

# An index with so many write units for one read unit is worth a thought; a write unit costs five times a read unit.
HEAVY = 10


def judge_unused(subject: Subject, index: ResourceCosts) -> Iterator[Advice]:
    """Take an index away that had no read in the window while its table was in use. Raises Unjudged, and Fine."""
    name = index.index or ""
    readable = check_readable(subject)
    reads, writes = subject.flows(name)
    if reads.consumed.total:
        raise Fine(f"It was read: {reads.consumed.total:,.0f} read units in the window.")
    if index.reads:
        raise Fine(f"It was read: {index.reads:,.0f} read units.")
    if not any(flow.consumed.total for _, flow in subject.counted.flows()):
        raise Unjudged("The whole table was neither read nor written in the window: nothing follows for an index of it.")
    month = _month_usd(index)
    factors = [(0.9, "no read at all in the window"), length_factor(subject)]
    if readable < 1:
        factors.append((readable, "what CloudWatch could tell"))
    known = subject.layout is not None and name in subject.layout.indexes
    if known:
        factors.append((0.8, "the system's guide names it"))
    if any(line.source in ("estimate", "snapshot") for line in index.lines):
        factors.append((0.9, "its size is estimated"))
    confidence, weighed = weigh(*factors)
    yield Advice(
        rule="unused index",
        system=subject.system,
        table=subject.table,
        index=name,
        title=f"Remove the index {name} of {subject.table}",
        why=f"Nobody read it in {subject.days:.0f} days, while {count(writes.consumed.total or 0.0, 'write unit', 'write units')} went into"
        " it."
        f" Its storage, writes and capacity cost {usd(month)} a month.",
        action="Ask whoever runs the chatbot, then remove it. It can be made again, which writes every item into it once more.",
        command=commands.drop_index(subject.region, subject.table, name),
        saving_usd=month,
        risk_usd=None,
        stands_on=(
            f"CloudWatch, {words(subject)}: not one read unit of the index; the table was in use.",
            f"Size: {_sources(index)}.",
            subject.dated,
        ),
        confidence=confidence,
        weighed=weighed,
        risk="Something that runs less often than every two weeks would not have been seen: it would fail without the index."
        + (" The system's guide names it: what this dashboard finds by it would take a Scan." if known else ""),
    )


def judge_heavy(subject: Subject, index: ResourceCosts) -> Iterator[Advice]:
    """An index that is read, but costs far more to write. Raises Unjudged, and Fine."""
    name = index.index or ""
    check_readable(subject)
    reads, writes = subject.flows(name)
    read, written = reads.consumed.total or 0.0, writes.consumed.total or 0.0
    if not read:
        return  # unused, which is the other rule's
    if written < HEAVY * read:
        raise Fine(f"{written:,.0f} write units went into it for {read:,.0f} read units out of it.")
    month = _month_usd(index)
    confidence, weighed = weigh((0.5, "whether its readers could do without is not known"), length_factor(subject))
    yield Advice(
        rule="write-heavy index",
        system=subject.system,
        table=subject.table,
        index=name,
        title=f"See whether {name} of {subject.table} is worth its writes",
        why=f"{written:,.0f} write units went into it for {read:,.0f} read units out of it, {times(written / read)} as many. It costs"
        f" {usd(month)} a month in all.",
        action="See what reads it. Where that can be found by the table's own key, or may take a Scan now and then, the index can go;"
        " with a key that few items have, only those would be in it.",
        command=None,
        saving_usd=None,
        risk_usd=None,
        stands_on=(f"CloudWatch, {words(subject)}.", f"Size: {_sources(index)}.", subject.dated),
        confidence=confidence,
        weighed=weighed,
        risk=f"At most {usd(month)} a month can be saved; what its readers would then cost elsewhere is not known.",
    )


def judge_projection(subject: Subject, index: ResourceCosts) -> NoReturn:
    """Whether an index holds more than it needs. Which attributes its readers take is in no metric: never an advice, at most what is
    at stake. Raises Unjudged, and Fine."""
    if index.projection == "KEYS_ONLY":
        raise Fine("It holds keys only.")
    if index.projection != "ALL":
        raise Fine("It holds chosen attributes only.")
    price = subject.rates.storage_gb_month
    if price is None or not index.items or index.bytes is None:
        raise Unjudged("It holds all attributes. Which of them its readers need is not known, nor is its size or the price of storage.")
    storage = (storage_gb(index.items, index.bytes, extra=STORED_EXTRA) - storage_gb(index.items, 0, extra=STORED_EXTRA)) * price
    line = index.line("writes")
    said = f"With keys alone it would save less than {usd(storage)} a month of storage"
    if line is not None and line.month_usd:
        said += f", and of its writes ({usd(line.month_usd)}) those that change no key"
    known = subject.layout is not None and index.index in subject.layout.indexes
    ours = " This dashboard needs all of them to list by it." if known else ""
    raise Unjudged(f"It holds all attributes; which of them its readers need is in no metric. {said}.{ours}")


def _month_usd(index: ResourceCosts) -> float:
    """A month of all its lines. Raises Unjudged where one of them is not known."""
    for line in index.lines:
        if line.month_usd is None:
            raise Unjudged(f"What it costs is not known: {line.what}: {line.note or 'not known.'}")
    return sum(line.month_usd or 0.0 for line in index.lines)


def _sources(index: ResourceCosts) -> str:
    line = index.line("storage")
    return "not known" if line is None else line.source
