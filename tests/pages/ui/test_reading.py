"""The line above a list: what a read costs, and how sure that is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from data_access.dynamo.plan import Basis, Operation, Plan, Step
from pages.ui.reading import estimated, why


def _plan(*bases: Basis) -> Plan:
    steps = tuple(Step(Operation.QUERY, "messages", "talks", None, (), (), "why", 6.2, 0.002, basis=basis) for basis in bases)
    return Plan(steps, datetime.now(UTC) - timedelta(hours=3) if "snapshot" in bases else None)


@pytest.mark.parametrize(
    "plan, said, reason",
    [
        (_plan("snapshot"), "about 6.2 read units, $0.0020", "in the snapshot that was read 3 hours ago."),
        (_plan("snapshot", "table size"), "at most 12.4 read units, $0.0040", "a bound"),
        (_plan("table size", "guess"), "perhaps 12.4 read units, $0.0040", "a guess"),
    ],
)
def test_an_estimate_says_what_it_stands_on(plan: Plan, said: str, reason: str) -> None:
    assert estimated(plan) == said
    assert reason in why(plan)
