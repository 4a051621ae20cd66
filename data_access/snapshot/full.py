"""Reading everything: a parallel Scan of each table of a system, page by page into the staging folder."""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from data_access.costs.units import PAGE_BYTES, query_units
from data_access.dynamo.aws import Source
from data_access.dynamo.collector import rare_collections
from data_access.dynamo.facts import Facts, TableFacts
from data_access.dynamo.plan import Operation, Step
from data_access.dynamo.read import Reader
from data_access.errors import SyncStopped
from data_access.snapshot.rows import RowReader
from data_access.snapshot.schema import VERSION
from data_access.snapshot.staging import Staging

# Bits of a rid: table, segment, page of the segment, item of the page, message of the item.
_ITEM, _PAGE, _SEGMENT, _TABLE = 16, 32, 52, 58

facts = Facts()


@dataclass(frozen=True, slots=True)
class Reading:
    """How far a read has come. `expected` is what DescribeTable counted, which is up to six hours old."""

    items: int
    expected: int
    units: float


def everything(source: Source) -> dict[str, Step]:
    """A Scan of each table of the system, by our name for it, with its price."""
    steps: dict[str, Step] = {}
    for key, table in source.place.system.tables.items():
        known = facts.of(source, key)
        units = query_units(known.total_bytes)
        pages = max(1, -(-int(known.total_bytes) // PAGE_BYTES))
        purpose = "messages" if table is source.place.system.messages else "conversations"
        reason = "everything is wanted"
        steps[key] = Step(Operation.SCAN, purpose, source.place.tables[key], None, (), (), reason, units, known.usd(units), pages)
    return steps


def expected_items(source: Source) -> int:
    return sum(sized(facts.of(source, key)) for key in source.place.system.tables)


def sized(known: TableFacts) -> int:
    return known.item_count if known.sized else 0


def fingerprint(source: Source) -> str:
    """What a checkpoint must have been made of to be gone on with: these very tables, read by these rules. Raises AwsError.

    A table's own id says which it is. The endpoint does not: the local engine has another port at every start.
    """
    place = source.place
    ids = [facts.of(source, key).table_id or source.client.meta.endpoint_url for key in sorted(place.tables)]
    text = repr((VERSION, place.system, sorted(place.tables.items()), ids, place.region, place.profile, place.role_arn))
    return hashlib.sha256(text.encode()).hexdigest()


def read_everything(
    source: Source,
    reader: Reader,
    staging: Staging,
    *,
    progress: Callable[[Reading], None],
    cancelled: Callable[[], bool],
) -> None:
    """Scan what is not staged yet. Raises AwsError, SyncStopped; what was staged by then stays."""
    rows = RowReader(source.place.system, source.place.tables)
    expected = expected_items(source)
    for number, (key, step) in enumerate(everything(source).items()):
        _scan(source, reader, staging, rows, key, step, number, expected, progress, cancelled)


def _scan(
    source: Source,
    reader: Reader,
    staging: Staging,
    rows: RowReader,
    key: str,
    step: Step,
    number: int,
    expected: int,
    progress: Callable[[Reading], None],
    cancelled: Callable[[], bool],
) -> None:
    segments = staging.segments(key, min(reader.parallel, step.times))
    table = source.place.system.tables[key]
    stop = threading.Event()
    done: queue.Queue[Exception | bool] = queue.Queue()

    def read(index: int) -> None:
        try:
            segment = segments[index]
            if segment.done:
                done.put(True)
                return
            pages = reader.segment(step, index, len(segments), segment.after, stop)
            while not stop.is_set() and (page := next(pages, None)) is not None:
                first = (number << _TABLE) | (index << _SEGMENT) | (segment.pages << _PAGE)
                # Here and not by whoever waits for the pages: what was read is staged before more is read.
                staging.add(key, index, rows.read(table, page.items, first), after=page.last_key, items=len(page.items), units=page.units)
                done.put(False)
        except Exception as error:
            done.put(error)
        else:
            done.put(True)

    with rare_collections(), ThreadPoolExecutor(min(len(segments), reader.parallel), thread_name_prefix="sync") as pool:
        for index in range(len(segments)):
            pool.submit(read, index)
        running = len(segments)
        try:
            while running:
                result = done.get()
                if isinstance(result, Exception):
                    raise result
                running -= result
                progress(Reading(staging.checkpoint.items, expected, staging.checkpoint.units))
                if running and cancelled():
                    raise SyncStopped("The sync was stopped.", "What was read is kept for a day: the next sync goes on from there.")
        finally:
            stop.set()


def usd(steps: Mapping[str, Step]) -> float | None:
    prices = [step.estimated_usd for step in steps.values()]
    return None if None in prices else sum(price for price in prices if price is not None)
