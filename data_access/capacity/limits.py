"""What DynamoDB allows, to be drawn beside what is used.

Sources: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html and bp-partition-key-design.html.
Table and account quotas are the defaults; where CloudWatch says the account's own, those count.
"""

from __future__ import annotations

from typing import Literal

Side = Literal["read", "write"]

# Units a second that one partition can do, whatever the table has.
PARTITION_UNITS: dict[Side, int] = {"read": 3_000, "write": 1_000}
# Units a second of a table, and of all provisioned tables of an account in a Region.
TABLE_UNITS: dict[Side, int] = {"read": 40_000, "write": 40_000}
ACCOUNT_UNITS: dict[Side, int] = {"read": 80_000, "write": 80_000}
MOST_INDEXES = 20
MOST_LOCAL_INDEXES = 5
# Unused provisioned capacity of the last five minutes can be spent at once.
BURST_SECONDS = 300
# Provisioned capacity may be lowered four times a day and once more in each hour without a decrease.
DECREASES_A_DAY = 4


def share(used: float | None, limit: float | None) -> float | None:
    """Used of limit, 1 being all of it; None where either is unknown or the limit is zero."""
    return None if used is None or not limit else used / limit
