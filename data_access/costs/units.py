"""Read and write units of each operation, by DynamoDB's rules.

A unit of an on-demand table (request unit) and one of a provisioned table (capacity unit) count the same.

Sources: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html,
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html for what a local index fetches, and for transactions,
which the documentation does not settle, what was measured on AWS (https://github.com/nubo-db/dynoxide,
tests/transactional_index_consumed_capacity.rs). Sizes are in bytes, names included, without what storage adds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

READ_UNIT_BYTES = 4_096
WRITE_UNIT_BYTES = 1_024
PAGE_BYTES = 1_048_576
TRANSACTION = 2  # a transaction reads and writes everything twice: once to prepare and once to commit


def get_units(item_bytes: float, *, consistent: bool = False, transactional: bool = False) -> float:
    """Units of one GetItem: each item is rounded up to 4 KB by itself, and a missing one costs as much as a small one."""
    return max(1, math.ceil(item_bytes / READ_UNIT_BYTES)) * read_factor(consistent=consistent, transactional=transactional)


def read_factor(*, consistent: bool = False, transactional: bool = False) -> float:
    """Units for each 4 KB read: eventually consistent 0.5, strongly consistent 1, in a transaction 2."""
    if transactional:
        return float(TRANSACTION)
    return 1.0 if consistent else 0.5


def batch_get_units(sizes: Iterable[float | None], *, consistent: bool = False, transactional: bool = False) -> float:
    """Units of one BatchGetItem, or TransactGetItems: each item as in a GetItem. None is an item that does not exist."""
    return sum(get_units(size or 0, consistent=consistent, transactional=transactional) for size in sizes)


def query_units(total_bytes: float, *, consistent: bool = False) -> float:
    """Units of one Query or one Scan segment: what it evaluates is summed, and each page of 1 MB is rounded up to 4 KB.

    Filters, projections and COUNT take nothing off. Beyond one page this takes pages as full to the last byte, which is at most
    one unit a page less than `paged_units` says of the sizes themselves.
    """
    return get_units(total_bytes, consistent=consistent)


def paged_units(sizes: Iterable[float], *, consistent: bool = False) -> float:
    """Units of a Query or Scan of these items, in their order, to the last page: a page ends before the item that would pass 1 MB."""
    total, page = 0.0, 0.0
    for size in sizes:
        if page and page + size > PAGE_BYTES:
            total += query_units(page, consistent=consistent)
            page = 0.0
        page += size
    return total + query_units(page, consistent=consistent)


def scan_units(total_bytes: float, *, consistent: bool = False, segments: int = 1) -> float:
    """Units of a whole Scan in some parallel segments of one size, each rounded by itself."""
    return segments * query_units(total_bytes / segments, consistent=consistent)


def local_index_units(entry_bytes: float, fetched: Iterable[float], *, consistent: bool = False) -> float:
    """Units of a Query of a local index that asks for attributes which are not in it.

    `entry_bytes` is the sum of the entries, which is rounded once; `fetched` the sizes of the table's items, each rounded by itself.
    """
    return query_units(entry_bytes, consistent=consistent) + batch_get_units(fetched, consistent=consistent)


def write_units(item_bytes: float, *, transactional: bool = False) -> int:
    """Units of writing so many bytes at once: full KB, at least one, in a transaction twice as many."""
    return max(1, math.ceil(item_bytes / WRITE_UNIT_BYTES)) * (TRANSACTION if transactional else 1)


def put_units(new: float, old: float | None = None, *, transactional: bool = False) -> int:
    """Units of one PutItem, of the table without its indexes: the larger of the item and the one that it replaces."""
    return write_units(max(new, old or 0), transactional=transactional)


def update_units(before: float | None, after: float, *, transactional: bool = False) -> int:
    """Units of one UpdateItem, of the table without its indexes: the whole item, the larger of before and after."""
    return write_units(max(before or 0, after), transactional=transactional)


def delete_units(old: float | None, *, transactional: bool = False) -> int:
    """Units of one DeleteItem, of the table without its indexes: the item that goes; one for an item that does not exist."""
    return write_units(old or 0, transactional=transactional)


def failed_condition_units(existing: float | None, *, transactional: bool = False) -> int:
    """Units of a write whose condition fails: the item that is there; one where there is none. No index is written."""
    return write_units(existing or 0, transactional=transactional)


def condition_check_units(existing: float | None) -> int:
    """Write units of a ConditionCheck in a transaction: it is charged like a write of the item that it looks at."""
    return write_units(existing or 0, transactional=True)


def replayed_units(before: float | None, after: float | None) -> float:
    """Read units of one action of a transaction that is sent again with the same token: a transactional read of the larger image."""
    return get_units(max(before or 0, after or 0), transactional=True)
