"""Whether the audit is what was written: every row, their order, their number, and what the outside witness saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import orjson

from data_access.audit.anchor import Anchor
from data_access.audit.chain import LAST, PARTITION, START, Audit, Head, hash_of, read_entry, read_head, sequence_key
from data_access.erasure.records import Row
from data_access.errors import AuditBroken


@dataclass(frozen=True, slots=True)
class Verdict:
    """valid: all fits, and the anchor has seen the head. unwitnessed: all fits, but nothing outside of the table says that it is
    all. broken: `first_problem` says where. `head` is the last hash, None where there is no row."""

    state: Literal["valid", "broken", "unwitnessed"]
    rows: int
    head: str | None
    first_problem: str | None = None


@dataclass(slots=True)
class _Chain:
    """How far the chain has been followed."""

    count: int = 0
    hash: str = START

    def follow(self, row: Row) -> str | None:
        """What is wrong with the next row."""
        sequence, key = self.count + 1, str(row["sk"])
        if key != sequence_key(sequence):
            return f"Row {sequence} is missing."
        body = row.get("body")
        if not isinstance(body, str) or hash_of(body) != row.get("hash"):
            return f"Row {sequence} was edited."
        if row.keys() - {"pk", "sk", "body", "hash"}:
            return f"Row {sequence} has something beside what was written."
        entry = read_entry(row)
        if entry is None or entry.sequence != sequence:
            return f"Row {sequence} is not the one that was written there."
        if orjson.loads(body).get("previous") != self.hash:
            return f"Row {sequence} does not follow the row before it."
        self.count, self.hash = sequence, str(row["hash"])
        return None


def verify(audit: Audit, anchor: Anchor | None = None) -> Verdict:
    """Go through all of it, in constant memory but for the anchor. `anchor`: another one than the audit's own.

    Others may write meanwhile. Raises AwsError, AuditError (the anchor cannot be read).
    """
    witness = anchor or audit.anchor
    first = audit.records.get(PARTITION, "head")
    chain, problem = _Chain(), None
    hashes: dict[int, str] = {}
    expected = {line.sequence for line in witness.lines() if not isinstance(line, int)} if witness else set[int]()
    for row in audit.records.rows(PARTITION, "0" * 12, LAST):
        problem = chain.follow(row)
        if problem:
            break
        if chain.count in expected:
            hashes[chain.count] = chain.hash
    hashes[chain.count] = chain.hash
    problem = problem or _head_problem(audit, chain, first)
    if problem is None and witness is not None:
        problem, seen = _witness_problem(witness, chain, hashes, expected)
    else:
        seen = 0
    if problem:
        return Verdict("broken", chain.count, chain.hash if chain.count else None, problem)
    witnessed = witness is not None and seen >= chain.count > 0
    return Verdict("valid" if witnessed else "unwitnessed", chain.count, chain.hash if chain.count else None)


def _head_problem(audit: Audit, chain: _Chain, first: Row | None) -> str | None:
    """The head that was read before the rows has them all; the one read after them knows of every row that was found."""
    try:
        before = read_head(first, audit.keys)
        after = audit.head()
    except AuditBroken as broken:
        return broken.sentence
    if first is None and chain.count and after == Head():
        return "The head is missing."
    if chain.count < before.count:
        return f"Row {chain.count + 1} is missing: there were {before.count}."
    if chain.count > after.count:
        return f"Row {after.count + 1} lies behind the head."
    for head in (before, after):
        if head.count == chain.count and head.hash != chain.hash:
            return f"Row {chain.count} is not the one that the head names."
    return None


def _witness_problem(witness: Anchor, chain: _Chain, hashes: dict[int, str], expected: set[int]) -> tuple[str | None, int]:
    """What the anchor saw and the table does not have, and the last sequence that it saw of this chain."""
    seen = 0
    for line in witness.lines():
        if isinstance(line, int):
            return f"Line {line} of the anchor is not one that was written.", seen
        if line.sequence not in expected and line.sequence != chain.count:
            continue  # written since
        if line.sequence > chain.count:
            return f"Row {chain.count + 1} is missing: the anchor saw row {line.sequence}.", seen
        if hashes.get(line.sequence) != line.hash:
            return f"Row {line.sequence} is not the one that the anchor saw.", seen
        seen = max(seen, line.sequence)
    return None, seen
