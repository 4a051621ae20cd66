"""The verifier's own requests: nothing of the code that finds and deletes is used, so that a fault there is not repeated here.

Consistent wherever DynamoDB can be, every page, several at once, retried with full jitter until patience ends.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from data_access.aws_errors import from_aws
from data_access.dynamo.aws import CONCURRENCY, Source
from data_access.dynamo.codec import Item, continue_key
from data_access.dynamo.facts import known_class
from data_access.dynamo.meter import Meter, Pace
from data_access.errors import AwsError, Throttled, Unreachable

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
MOST_KEYS = 100
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 10.0
# Faults of the service itself pass like a throttle does.
_PASSING = frozenset(("InternalServerError", "InternalServerException", "ServiceUnavailable", "ServiceUnavailableException"))


class Names:
    """Aliases for attribute names, many of which are reserved words, and marks for values."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def of(self, attribute: str, *, whole: bool = False) -> str:
        """`whole`: a dot is part of the name, as in a key's."""
        return ".".join(self._alias(step) for step in ([attribute] if whole else attribute.split(".")))

    def value(self, wire: Mapping[str, Any]) -> str:
        mark = f":w{len(self.values)}"
        self.values[mark] = dict(wire)
        return mark

    def request(self) -> dict[str, Any]:
        asked: dict[str, Any] = {}
        if self.names:
            asked["ExpressionAttributeNames"] = {alias: name for name, alias in self.names.items()}
        if self.values:
            asked["ExpressionAttributeValues"] = self.values
        return asked

    def _alias(self, name: str) -> str:
        return self.names.setdefault(name, f"#a{len(self.names)}")


@dataclass(frozen=True, slots=True)
class Asked:
    """One Query or Scan from its first page on."""

    method: str
    table: str
    index: str | None
    request: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """One answer. `error` instead of items where the read failed for good: nothing comes after it."""

    asked: Asked
    items: Sequence[Item] = ()
    error: AwsError | None = None


Read = tuple[Page, Mapping[str, Any] | None]  # a page, and the key to go on after


class Reads:
    """Reads one system, metered. `patience` is for how many seconds a table that throttles or does not answer is asked again.

    `beat` is called from the caller's thread between answers: it may raise, which ends the read.
    """

    def __init__(self, source: Source, *, patience: float, beat: Callable[[], object]) -> None:
        self._source = source
        self._patience = patience
        self._beat = beat
        self._stop = threading.Event()
        self._pace = Pace(source.scan_rate)
        self._pool = ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="erasure-verify")
        self.meter = Meter(source.place.region, partial(known_class, source))

    def close(self) -> None:
        self._stop.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def pages(self, asked: Iterable[Asked]) -> Iterator[Page]:
        """Every page of every read, several reads at once, in no order. A read that fails brings its error as its last page."""
        waiting = iter(asked)
        running: dict[Future[Read], Asked] = {}
        while True:
            while len(running) < CONCURRENCY and (one := next(waiting, None)) is not None:
                running[self._pool.submit(self._page, one, None)] = one
            if not running:
                return
            for future in self._first(running):
                one = running.pop(future)
                page, after = future.result()
                if after is not None:
                    running[self._pool.submit(self._page, one, after)] = one
                yield page

    def batch(self, table: str, keys: Sequence[Item], only: Sequence[str]) -> Future[Sequence[Item]]:
        """`get`, in one of the threads."""
        return self._pool.submit(self.get, table, keys, only)

    def get(self, table: str, keys: Sequence[Item], only: Sequence[str] = ()) -> Sequence[Item]:
        """The items of at most a hundred different keys that are there, consistent. Raises AwsError."""
        found: list[Item] = []
        names = Names()
        more: dict[str, Any] = {"ProjectionExpression": ", ".join(names.of(name, whole=True) for name in only)} if only else {}
        more |= names.request()
        left = [dict(key) for key in keys]
        began, attempt = time.monotonic(), 0
        while left:
            request = {
                "RequestItems": {table: {"Keys": left, "ConsistentRead": True, **more}},
                "ReturnConsumedCapacity": "INDEXES",
            }
            answer = self._send("batch_get_item", request, table, None)
            some: list[Item] = answer.get("Responses", {}).get(table, [])
            self.meter.add(answer, evaluated=len(some))
            found += some
            before = len(left)
            left = [continue_key(key) for key in answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])]
            # A response holds 16 MB: what is left over then is asked at once. With no progress it is a throttle.
            attempt = attempt + 1 if len(left) == before else 0
            if attempt and not self._again(attempt, began):
                raise Throttled(f"DynamoDB throttled BatchGetItem on the table {table} for too long.", "Try again later.", table=table)
        return found

    def _first(self, running: Mapping[Future[Read], Any]) -> set[Future[Read]]:
        while True:
            self._beat()
            done, _ = wait(running, timeout=1.0, return_when=FIRST_COMPLETED)
            if done:
                return done

    def _page(self, one: Asked, after: Mapping[str, Any] | None) -> Read:
        request = {**one.request, "ReturnConsumedCapacity": "INDEXES"} | ({"ExclusiveStartKey": continue_key(after)} if after else {})
        if one.method == "scan":
            self._pace.wait(self._stop)
        try:
            answer = self._send(one.method, request, one.table, one.index)
        except AwsError as error:
            return Page(one, error=error), None
        units = self.meter.add(answer, evaluated=int(answer.get("ScannedCount", 0)))
        if one.method == "scan":
            self._pace.spend(units)
        last: Mapping[str, Any] | None = answer.get("LastEvaluatedKey") or None
        if last is not None and last == after:
            said = AwsError(f"A {one.method.title()} of the table {one.table} does not get on.", "Try again.", table=one.table)
            return Page(one, answer.get("Items", ()), said), None
        return Page(one, answer.get("Items", ())), last

    def _send(self, method: str, request: Mapping[str, Any], table: str, index: str | None) -> Mapping[str, Any]:
        operation = "".join(part.title() for part in method.split("_"))
        began, attempt = time.monotonic(), 0
        while True:
            try:
                answer: Mapping[str, Any] = getattr(self._source.client, method)(**request)
                return answer
            except (ClientError, BotoCoreError) as error:
                said = from_aws(error, operation=operation, table=table, index=index)
                passing = isinstance(said, Throttled | Unreachable) or _code(error) in _PASSING
            attempt += 1
            if not passing or not self._again(attempt, began):
                raise said

    def _again(self, attempt: int, began: float) -> bool:
        """Wait a little, unless patience is at its end."""
        if time.monotonic() - began >= self._patience or self._stop.is_set():
            return False
        # Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
        self._stop.wait(random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(attempt, 16))))
        return True


def _code(error: ClientError | BotoCoreError) -> str:
    return str(error.response.get("Error", {}).get("Code", "")).rpartition("#")[2] if isinstance(error, ClientError) else ""
