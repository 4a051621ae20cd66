"""A scenario as a system is used now, from the snapshot: traffic, length, size. What the snapshot does not know stays as it was."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from data_access.costs.amounts import HOURS
from data_access.costs.what_if.items import overhead_bytes, stored
from data_access.costs.what_if.model import BOUNDS, Scenario
from data_access.snapshot import sizes
from data_access.snapshot.hot import Hot, rows
from data_access.snapshot.sizes import Spread

_QUARTERS = 4 * HOURS  # of an hour, in a month
_TRAFFIC = """
WITH firsts AS (
    SELECT conv, min(quarter) AS began, max(quarter) AS ended, any_value(person) AS person
    FROM activity WHERE system_id IN (SELECT system_id FROM systems WHERE system = $system) GROUP BY conv
),
ends AS (SELECT min(began) AS first, max(ended) AS last FROM firsts)
SELECT any_value(last - first + 1), count(*) FILTER (began > last - $month),
    count(*) FILTER (ended > last - $month AND person IS NOT NULL), count(DISTINCT person) FILTER (ended > last - $month)
FROM firsts, ends
"""
_UNEVEN = """
SELECT avg(message_count * message_count) / avg(message_count) ** 2 FROM conversations
WHERE message_count > 0 AND system_id IN (SELECT system_id FROM systems WHERE system = $system)
"""


@dataclass(frozen=True, slots=True)
class Prefilled:
    """A scenario with the real distribution's means, and where they are from. `messages` and `bytes` are of stored items, names and
    ids included; `hours` is how much of the last month there is data of, and `overhead` what of a message's bytes is not text.
    `uneven` is the mean of the squared lengths over the square of their mean: 1 where all conversations are equally long, and what an
    embedded layout's writes are more than those of a conversation of mean length.
    """

    scenario: Scenario
    messages: Spread
    bytes: Spread
    overhead: float
    hours: float
    one_a_user: bool
    uneven: float

    def onto(self, scenario: Scenario) -> Prefilled:
        """The same of another scenario of the system: what the snapshot does not know is that one's."""
        own = self.scenario
        filled = replace(
            scenario,
            layout="spec",
            conversations=own.conversations,
            messages=own.messages,
            message_bytes=own.message_bytes,
            per_user=own.per_user if self.one_a_user else scenario.per_user,
        )
        return replace(self, scenario=filled)


def prefill(hot: Hot, scenario: Scenario) -> Prefilled | None:
    """Fill in conversations a month, messages and bytes from the snapshot; None where it has no messages of the system with a time.

    Conversations are those that began in the 730 hours before the last message, or at that rate where the data is younger.
    """
    system = scenario.system
    with hot.cursor() as cursor:
        span, began, talks, people = rows(cursor, _TRAFFIC, {"system": system.id, "month": _QUARTERS})[0]
        uneven = rows(cursor, _UNEVEN, {"system": system.id})[0][0]
    messages, size = sizes.conversation_messages(hot, system.id), sizes.message_bytes(hot, system.id)
    if span is None or messages is None or size is None:
        return None
    hours = min(span / 4, HOURS)
    overhead, one_a_user = overhead_bytes(system), stored(system).one_a_user
    filled = replace(
        scenario,
        layout="spec",
        conversations=_within("conversations", round(began * HOURS / hours)),
        messages=int(_within("messages", round(messages.mean))),
        message_bytes=int(_within("message_bytes", round(size.mean - overhead))),
        per_user=_within("per_user", round(talks / people, 2)) if people and one_a_user else scenario.per_user,
    )
    return Prefilled(filled, messages, size, overhead, hours, one_a_user, uneven or 1.0)


def _within(name: str, value: float) -> float:
    least, most, _ = BOUNDS[name]
    return min(most, max(least, value)) if math.isfinite(value) else least
