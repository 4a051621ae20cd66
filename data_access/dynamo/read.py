"""Running one step of a plan: complete paging, retries, capacity measured, Scans in parallel segments.

A page of DynamoDB is at most 1 MB, can be empty and still not be the last, and `Limit` counts items before a filter:
so every read goes on until there is no LastEvaluatedKey.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from data_access.aws_errors import from_aws
from data_access.costs.units import PAGE_BYTES, query_units
from data_access.dynamo.aws import CONCURRENCY, Source
from data_access.dynamo.codec import Item, continue_key, encode
from data_access.dynamo.facts import known_class
from data_access.dynamo.meter import Meter, Pace
from data_access.dynamo.plan import Operation, Step, Term
from data_access.errors import ScanRefused

_PAGE_UNITS = query_units(PAGE_BYTES)
# Keys of one BatchGetItem: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
_BATCH = 100
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0


@dataclass(frozen=True, slots=True)
class Page:
    """One response: items in wire format, read units, how many items were evaluated, and where to go on."""

    items: Sequence[Item]
    units: float
    evaluated: int
    last_key: Mapping[str, Any] | None

    @property
    def is_last(self) -> bool:
        return self.last_key is None


class Reader:
    """Runs the steps of one read and meters them. `scan_limit` in read units stops Scans that turn out dearer than planned."""

    def __init__(self, source: Source, scan_limit: float | None) -> None:
        self._source = source
        self._scan_limit = scan_limit
        self._pace = Pace(source.scan_rate)
        self._parallel = parallel(source)
        self._scanned = 0.0
        self.meter = Meter(source.place.region, partial(known_class, source))

    def pages(self, step: Step, value: str | None = None) -> Iterator[Page]:
        """The pages of a step. `value` fills the key that the plan left open. Raises AwsError, ScanRefused."""
        if step.operation is Operation.GET:
            yield self._get(step)
        elif step.operation is Operation.SCAN:
            yield from self._scan(step)
        else:
            yield from self._follow(step, _request(step, value))

    @property
    def parallel(self) -> int:
        """How many segments may be read at once, by the rate limit."""
        return self._parallel

    def segment(self, step: Step, number: int, total: int, after: Mapping[str, Any] | None, stop: threading.Event) -> Iterator[Page]:
        """One segment of a Scan, after a LastEvaluatedKey as it came: for a read that goes on where another one ended.

        The rate limit counts all segments of this reader together; `stop` ends a wait for it. Raises AwsError.
        """
        request = _request(step, None) | {"Segment": number, "TotalSegments": total}
        for page in self._follow(step, request, after):
            self._pace.spend(page.units)
            yield page
            self._pace.wait(stop)

    def query_page(self, step: Step, value: str | None = None, *, limit: int | None = None, after: Mapping[str, Any] | None = None) -> Page:
        """One page of a Query. `limit` is DynamoDB's: items evaluated, before the filter."""
        request = _request(step, value) | ({"Limit": limit} if limit else {})
        return self._page(step, request, after)

    def batch(self, steps: Sequence[Step]) -> Page:
        """What several GetItems of one table bring, in as few requests as DynamoDB allows. Raises AwsError.

        A table in which nothing of it is found brings nothing; each key costs what its GetItem would.
        """
        items: list[Item] = []
        units = 0.0
        table = steps[0].table
        waiting = [{term.attribute: encode(term.values[0]) for term in step.keys} for step in steps]
        pause = _FIRST_PAUSE
        while waiting:
            asked, waiting = waiting[:_BATCH], waiting[_BATCH:]
            request = {"RequestItems": {table: {"Keys": asked}}, "ReturnConsumedCapacity": "INDEXES"}
            response = self._batch_get(steps[0], request)
            found: list[Item] = response.get("Responses", {}).get(table, [])
            items += found
            units += self.meter.add(response, evaluated=len(found))
            left = response.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
            if left:
                # More than a page, or throttled: botocore does not repeat what is left over.
                waiting = [*map(continue_key, left), *waiting]
                if not found:
                    time.sleep(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE)
        return Page(items, units, len(items), None)

    def _batch_get(self, step: Step, request: dict[str, Any]) -> dict[str, Any]:
        try:
            return dict(self._source.client.batch_get_item(**request))
        except (ClientError, BotoCoreError) as error:
            raise from_aws(error, operation="BatchGetItem", table=step.table) from None

    def _get(self, step: Step) -> Page:
        key = {term.attribute: encode(term.values[0]) for term in step.keys}
        response = self._send(step, {"TableName": step.table, "Key": key})
        item: Item | None = response.get("Item")
        units = self.meter.add(response, evaluated=int(item is not None))
        kept = [item] if item is not None and all(_holds(item, term) for term in step.filters) else []
        return Page(kept, units, int(item is not None), None)

    def _follow(self, step: Step, request: dict[str, Any], after: Mapping[str, Any] | None = None) -> Iterator[Page]:
        while True:
            page = self._page(step, request, after)
            yield page
            if page.is_last:
                return
            after = page.last_key

    def _page(self, step: Step, request: dict[str, Any], after: Mapping[str, Any] | None) -> Page:
        if after is not None:
            request = request | {"ExclusiveStartKey": continue_key(after)}
        response = self._send(step, request)
        evaluated = int(response.get("ScannedCount", 0))
        units = self.meter.add(response, evaluated=evaluated)
        return Page(response.get("Items", []), units, evaluated, response.get("LastEvaluatedKey"))

    def _send(self, step: Step, request: dict[str, Any]) -> dict[str, Any]:
        client = self._source.client
        request = request | {"ReturnConsumedCapacity": "INDEXES"}
        try:
            if step.operation is Operation.GET:
                return dict(client.get_item(**request))
            return dict(client.scan(**request) if step.operation is Operation.SCAN else client.query(**request))
        except (ClientError, BotoCoreError) as error:
            raise from_aws(error, operation=step.operation.value, table=step.table, index=step.index) from None

    def _scan(self, step: Step) -> Iterator[Page]:
        """All segments at once. The first failure ends them all; a caller that stops early ends them too."""
        segments = min(self._parallel, max(1, step.times))
        done: queue.Queue[Page | Exception | None] = queue.Queue(maxsize=2 * CONCURRENCY)
        stop = threading.Event()

        def put(result: Page | Exception | None) -> None:
            while not stop.is_set():
                try:
                    done.put(result, timeout=0.1)
                except queue.Full:
                    continue
                return

        def read(segment: int) -> None:
            try:
                request = _request(step, None) | {"Segment": segment, "TotalSegments": segments}
                pages = self._follow(step, request)
                self._pace.wait(stop)
                while not stop.is_set() and (page := next(pages, None)) is not None:
                    self._pace.spend(page.units)
                    put(page)
                    if not page.is_last:
                        self._pace.wait(stop)
            except Exception as error:
                put(error)
            else:
                put(None)

        with ThreadPoolExecutor(segments, thread_name_prefix="scan") as pool:
            for segment in range(segments):
                pool.submit(read, segment)
            running = segments
            try:
                while running:
                    result = done.get()
                    if result is None:
                        running -= 1
                        continue
                    if isinstance(result, Exception):
                        raise result
                    self._scanned += result.units
                    self._check(step)
                    yield result
            finally:
                stop.set()

    def _check(self, step: Step) -> None:
        """All Scans of the read together: the budget is for the whole of it."""
        if self._scan_limit is not None and self._scanned > self._scan_limit:
            raise ScanRefused(
                f"The Scan of {step.table} was stopped after {self._scanned:,.0f} read units: the table is larger than AWS last counted.",
                "Narrow the question, or allow the Scan.",
                estimated_units=None,
                budget=self._scan_limit,
                table=step.table,
            )


def parallel(source: Source) -> int:
    """How many segments of a Scan are read at once: more than the rate allows would only be a burst, with a long pause after it."""
    return CONCURRENCY if source.scan_rate is None else min(CONCURRENCY, max(1, int(source.scan_rate / _PAGE_UNITS)))


def _request(step: Step, value: str | None) -> dict[str, Any]:
    """The request of a Query or Scan. Every name is aliased: `timestamp`, `role`, `data` and many more are reserved words."""
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    request: dict[str, Any] = {"TableName": step.table}
    if step.index is not None:
        request["IndexName"] = step.index
    if step.keys:
        request["KeyConditionExpression"] = " AND ".join(_expression(term, names, values, value) for term in step.keys)
    if step.filters:
        request["FilterExpression"] = " AND ".join(_expression(term, names, values, None) for term in step.filters)
    if names:
        request |= {"ExpressionAttributeNames": names, "ExpressionAttributeValues": values}
    return request


def _expression(term: Term, names: dict[str, str], values: dict[str, Any], filled: str | None) -> str:
    path = ".".join(_alias(names, step) for step in term.attribute.split("."))
    marks: list[str] = []
    for bound in term.values or (filled,):
        mark = f":v{len(values)}"
        values[mark] = encode(bound if bound is not None else "")
        marks.append(mark)
    return f"{path} BETWEEN {marks[0]} AND {marks[1]}" if term.operator == "BETWEEN" else f"{path} {term.operator} {marks[0]}"


def _alias(names: dict[str, str], attribute: str) -> str:
    for alias, known in names.items():
        if known == attribute:
            return alias
    alias = f"#n{len(names)}"
    names[alias] = attribute
    return alias


def _holds(item: Item, term: Term) -> bool:
    """A filter on what GetItem brought, which DynamoDB itself does not filter."""
    value: Any = {"M": item}
    for step in term.attribute.split("."):
        value = value.get("M", {}).get(step, {})
    return value == encode(term.values[0])
