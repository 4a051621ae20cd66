"""The cost table of the conversations setup guide, as it is and at today's prices.

The guide ("DynamoDB Conversations Table Setup Guide", Capacity Planning) counts 1,000 conversations a month as 2,000 writes ($0.0025),
5,000 reads ($0.00125) and 0.1 GB ($0.025): $0.02875, which it rounds to $0.03. Each write and read is one unit, whatever an item's
size, and there is no index, though the guide's table has one. Its "100 conversations: about $0.01" is $0.0029 by its own count.
"""

from __future__ import annotations

from data_access.costs.what_if.model import Scenario
from data_access.systems.spec import System

CONVERSATIONS = 1_000
READS = 5


def guide(system: System) -> Scenario:
    """The guide's own scenario, with the guide's prices. The system gives the name of its table, nothing more."""
    return Scenario(
        system, layout="guide", conversations=CONVERSATIONS, reads=READS, consistent=True, months=1, prices="guide-2024", messages=2
    )
