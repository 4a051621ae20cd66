"""Read request units, by DynamoDB's rules.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from __future__ import annotations

import math

READ_UNIT_BYTES = 4_096
PAGE_BYTES = 1_048_576


def get_units(item_bytes: float, *, consistent: bool = False) -> float:
    """Units of one GetItem: each item is rounded up to 4 KB by itself, and a missing one costs as much as a small one."""
    return max(1, math.ceil(item_bytes / READ_UNIT_BYTES)) * (1.0 if consistent else 0.5)


def query_units(total_bytes: float, *, consistent: bool = False) -> float:
    """Units of one Query or one Scan segment: the sizes are summed, and each page of 1 MB is rounded up to 4 KB."""
    return get_units(total_bytes, consistent=consistent)
