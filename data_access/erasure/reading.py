"""Reads of an erasure: consistent where DynamoDB can be, every page, metered, several at once in constant memory.

A page may be empty and not be the last one: a read ends where there is no LastEvaluatedKey, and nowhere else.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from data_access.aws_errors import from_aws
from data_access.dynamo.aws import Source
from data_access.dynamo.codec import Item, continue_key
from data_access.dynamo.facts import known_class
from data_access.dynamo.meter import Meter, Pace
from data_access.dynamo.read import parallel
from data_access.errors import AwsError

_T = TypeVar("_T")
_Page = Sequence[Item]
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html: operands of one IN, keys of one BatchGetItem
MOST_IN = 100
_BATCH = 100
# How many ids a filter lists; an expression has at most 4 KB. With more of them, everything is read and looked through here.
MOST_LISTED = 400
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0
_WAITING = 4


class Where:
    """A filter in DynamoDB's words. Every name is aliased: many are reserved."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def path(self, attribute: str) -> str:
        return ".".join(self._name(step) for step in attribute.split("."))

    def value(self, wire: Mapping[str, Any]) -> str:
        mark = f":v{len(self.values)}"
        self.values[mark] = dict(wire)
        return mark

    def equal(self, attribute: str, wire: Mapping[str, Any]) -> str:
        return f"{self.path(attribute)} = {self.value(wire)}"

    def among(self, attribute: str, wires: Sequence[Mapping[str, Any]]) -> list[str]:
        """One IN for each hundred of them."""
        if not wires:
            return []  # DynamoDB refuses a name that no expression uses
        path = self.path(attribute)
        groups = [wires[at : at + MOST_IN] for at in range(0, len(wires), MOST_IN)]
        return [f"{path} IN ({', '.join(self.value(wire) for wire in group)})" for group in groups]

    def request(self) -> dict[str, Any]:
        more: dict[str, Any] = {"ExpressionAttributeNames": self.names} if self.names else {}
        return more | ({"ExpressionAttributeValues": self.values} if self.values else {})

    def _name(self, attribute: str) -> str:
        for alias, known in self.names.items():
            if known == attribute:
                return alias
        alias = f"#n{len(self.names)}"
        self.names[alias] = attribute
        return alias


class Reading:
    """Reads one system's tables and adds up what they cost. Every method raises AwsError; it can be used from any thread."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._pace = Pace(source.scan_rate)
        self.meter = Meter(source.place.region, partial(known_class, source))
        self.workers = parallel(source)

    def query(self, table: str, equals: Sequence[tuple[str, Mapping[str, Any]]], index: str | None = None) -> Iterator[_Page]:
        """All pages of a partition, or of a part of it. Of an index, keys and items are as old as the index is."""
        where = Where()
        condition = " AND ".join(where.equal(name, value) for name, value in equals)
        request = {"TableName": table, "KeyConditionExpression": condition, **where.request()}
        request |= {"IndexName": index} if index else {"ConsistentRead": True}
        return self._pages("query", request, table, index)

    def scan(
        self, table: str, filters: Sequence[str], where: Where, items: int | None, work: Callable[[_Page], _T], only: Sequence[str] = ()
    ) -> Iterator[_T]:
        """The whole table, consistent, in parallel segments; `work` is done on each page where it is read.

        `filters` are joined by OR; `only` are the attributes to bring. `items` is about how many there are, if that is known.
        """
        request: dict[str, Any] = {"TableName": table, "ConsistentRead": True}
        if filters:
            request["FilterExpression"] = " OR ".join(filters)
        if only:
            request["ProjectionExpression"] = ", ".join(where.path(name) for name in only)
        request |= where.request()
        segments = self.workers if items is None else max(1, min(self.workers, items // 500))
        stop = threading.Event()

        def segment(number: int) -> Iterator[_T]:
            pages = self._pages("scan", request | {"Segment": number, "TotalSegments": segments}, table, None, stop)
            return (work(page) for page in pages)

        try:
            yield from in_parallel((partial(segment, number) for number in range(segments)), segments)
        finally:
            stop.set()

    def get(self, table: str, keys: Sequence[Mapping[str, Any]]) -> list[Item]:
        """The items of these keys that exist, consistent."""
        found: list[Item] = []
        waiting, pause = [dict(key) for key in keys], _FIRST_PAUSE
        while waiting:
            asked, waiting = waiting[:_BATCH], waiting[_BATCH:]
            request: dict[str, Any] = {
                "RequestItems": {table: {"Keys": asked, "ConsistentRead": True}},
                "ReturnConsumedCapacity": "INDEXES",
            }
            try:
                answer: dict[str, Any] = dict(self._source.client.batch_get_item(**request))
            except (ClientError, BotoCoreError) as error:
                raise from_aws(error, operation="BatchGetItem", table=table) from None
            some: list[Item] = answer.get("Responses", {}).get(table, [])
            self.meter.add(answer, evaluated=len(some))
            found += some
            left: list[Item] = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
            waiting = [*map(continue_key, left), *waiting]
            if left and not some:
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
        return found

    def _pages(
        self, method: str, request: dict[str, Any], table: str, index: str | None, stop: threading.Event | None = None
    ) -> Iterator[_Page]:
        after: Mapping[str, Any] | None = None
        stopped = stop or threading.Event()
        operation = method.title()
        while not stopped.is_set():
            asked = request | {"ReturnConsumedCapacity": "INDEXES"} | ({"ExclusiveStartKey": continue_key(after)} if after else {})
            if method == "scan":
                self._pace.wait(stopped)
            try:
                answer: Mapping[str, Any] = getattr(self._source.client, method)(**asked)
            except (ClientError, BotoCoreError) as error:
                raise from_aws(error, operation=operation, table=table, index=index) from None
            units = self.meter.add(answer, evaluated=int(answer.get("ScannedCount", 0)))
            if method == "scan":
                self._pace.spend(units)
            yield answer.get("Items", ())
            before, after = after, answer.get("LastEvaluatedKey")
            if not after:
                return
            if after == before:
                raise AwsError(f"DynamoDB does not get on with a {operation} of the table {table}.", "Try again in a minute.", table=table)


def in_parallel(tasks: Iterable[Callable[[], Iterable[_T]]], workers: int) -> Iterator[_T]:
    """What the tasks bring, several at once and in no order, few results waiting. The first failure ends all of them."""
    waiting: queue.Queue[tuple[_T | None, BaseException | None, bool]] = queue.Queue(_WAITING)
    stop, lock = threading.Event(), threading.Lock()
    remaining = iter(tasks)

    def put(result: tuple[_T | None, BaseException | None, bool]) -> None:
        while not stop.is_set():
            try:
                waiting.put(result, timeout=0.1)
            except queue.Full:
                continue
            return

    def work() -> None:
        try:
            while not stop.is_set():
                with lock:
                    task = next(remaining, None)
                if task is None:
                    break
                for one in task():
                    if stop.is_set():
                        break
                    put((one, None, False))
        except BaseException as error:
            put((None, error, False))
        else:
            put((None, None, True))

    with ThreadPoolExecutor(workers, thread_name_prefix="erasure-read") as pool:
        for _ in range(workers):
            pool.submit(work)
        running = workers
        try:
            while running:
                one, error, ended = waiting.get()
                if error is not None:
                    raise error
                if ended:
                    running -= 1
                else:
                    yield one  # pyright: ignore[reportReturnType] # a result, not an end
        finally:
            stop.set()
