"""All sample items in order, and how they get into the tables.

`layouts` has the everyday conversations, `oddities` and `drift` what a reader must survive.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from random import Random
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

from data_access.local.sample.drift import drifted
from data_access.local.sample.layouts import Row, ai4ai, ai_agent, cg, remo
from data_access.local.sample.oddities import oddities

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BATCH = 25  # BatchWriteItem's limit; 25 items of 400 KB stay under its 16 MB
THREADS = 4
ATTEMPTS = 10


def items(*, until: datetime, seed: int = 7) -> Iterator[Row]:
    """Every item as (the table's default name, plain Python item), nothing later than `until`, an aware time."""
    until = until.astimezone(UTC)
    for system in (remo, ai_agent, ai4ai, cg, oddities):
        # A generator of its own each: another count in one system leaves the others as they are.
        yield from system(Random(f"{seed} {system.__name__}"), until)
    yield from drifted(until)


def fill(
    client: DynamoDBClient,
    *,
    until: datetime | None = None,
    seed: int = 7,
    names: Mapping[str, str] | None = None,
    progress: Callable[[int], None] | None = None,
) -> dict[str, int]:
    """Put all items into tables that exist and say how many went into each.

    `until` is the last full hour if not given. `names` maps default table names to real ones: tables that it leaves out get
    nothing; without it every table has its default name. `progress` is told how many items are stored so far. Raises
    botocore's ClientError, and TimeoutError when the tables go on refusing writes.
    """
    until = until or datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    real, counts, lock = names or {}, Counter[str](), Lock()
    rows = (row for row in items(until=until, seed=seed) if names is None or row[0] in names)

    def put(rows: list[Row]) -> None:
        requests: dict[str, list[Any]] = {}
        for table, item in rows:
            wire = {name: to_wire(value) for name, value in item.items()}
            requests.setdefault(real.get(table, table), []).append({"PutRequest": {"Item": wire}})
        _write(client, requests)
        with lock:
            counts.update(real.get(table, table) for table, _ in rows)
            if progress:
                progress(counts.total())

    with ThreadPoolExecutor(THREADS) as pool:
        for _ in pool.map(put, _batches(rows)):
            pass
    return dict(counts)


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _write(client: DynamoDBClient, requests: dict[str, list[Any]]) -> None:
    for attempt in range(ATTEMPTS):
        left = client.batch_write_item(RequestItems=requests).get("UnprocessedItems")
        if not left:
            return
        requests = cast("dict[str, list[Any]]", left)
        time.sleep(min(5.0, 0.05 * 2**attempt))
    raise TimeoutError(f"{sum(map(len, requests.values()))} items were refused {ATTEMPTS} times: the table's write capacity is used up")


def to_wire(value: Any) -> dict[str, Any]:
    """A plain value as boto3's low-level client takes it. Numbers keep every digit; a float is a mistake of the generator."""
    match value:
        case str():
            return {"S": value}
        case bool():
            return {"BOOL": value}
        case int() | Decimal():
            return {"N": str(value)}
        case dict():
            return {"M": {name: to_wire(part) for name, part in cast("dict[str, Any]", value).items()}}
        case list():
            return {"L": [to_wire(part) for part in cast("list[Any]", value)]}
        case None:
            return {"NULL": True}
        case bytes():
            return {"B": value}
        case set():
            return _set(cast("set[Any]", value))
        case _:
            raise TypeError(f"no DynamoDB type for {type(value).__name__}")


def _set(values: set[Any]) -> dict[str, Any]:
    if all(isinstance(value, str) for value in values):
        return {"SS": sorted(values)}
    return {"NS": [str(value) for value in sorted(values)]}
