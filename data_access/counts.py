"""A count with its noun, as sentences of plans, receipts and pages say it."""

from __future__ import annotations


def some(count: int, noun: str) -> str:
    """1 item, 1,204 items."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
