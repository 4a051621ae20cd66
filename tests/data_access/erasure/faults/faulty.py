"""One wrapper around boto3's client, and the faults that it can be told to have: used in this process, or in one that is to die.

A fault stands between a call and what sends it: it sends, or raises, or changes the request or the answer, or ends the process. All
clients of a test share one Script, so that a call has one number whichever client makes it.
"""

from __future__ import annotations

import os
import random
import re
import signal
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from tests.data_access.erasure.faults.clock import Clock

WRITES = frozenset(
    ("put_item", "update_item", "delete_item", "transact_write_items", "batch_write_item", "batch_execute_statement", "execute_statement")
)
_OTHER = frozenset(("query", "scan", "get_item", "batch_get_item", "describe_table"))
_FROM = re.compile(r'FROM "((?:[^"]|"")+)"')


@dataclass(frozen=True, slots=True)
class Call:
    """One call of any client. `number` begins at 1; `tables` are those that it names."""

    number: int
    method: str
    request: dict[str, Any]
    tables: frozenset[str]

    @property
    def writes(self) -> bool:
        return self.method in WRITES

    @property
    def index(self) -> str | None:
        return self.request.get("IndexName")


Send = Callable[[dict[str, Any]], Any]
Fault = Callable[[Call, Send], Any]
When = Callable[[Call], bool]


class Script:
    """The faults of one test, the first of them outermost, and every call that came."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = list(faults)
        self.calls: list[Call] = []
        self._lock = threading.Lock()

    def wrap(self, client: Any) -> Any:
        return cast("Any", _Faulty(client, self))

    def run(self, method: str, request: dict[str, Any], real: Callable[..., Any]) -> Any:
        with self._lock:
            call = Call(len(self.calls) + 1, method, request, frozenset(_tables(request)))
            self.calls.append(call)
        send: Send = lambda asked: real(**asked)  # noqa: E731 - the innermost of several
        for fault in reversed(self.faults):
            send = _behind(fault, call, send)
        return send(request)

    def of(self, when: When) -> list[Call]:
        return [call for call in self.calls if when(call)]


class _Faulty:
    def __init__(self, client: Any, script: Script) -> None:
        self._client, self._script = client, script

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._client, name)
        if name not in WRITES and name not in _OTHER:
            return real
        return lambda **request: self._script.run(name, request, real)


def _behind(fault: Fault, call: Call, send: Send) -> Send:
    return lambda asked: fault(call if asked is call.request else Call(call.number, call.method, asked, call.tables), send)


def _tables(request: Mapping[str, Any]) -> Iterable[str]:
    if "TableName" in request:
        yield request["TableName"]
    yield from request.get("RequestItems", ())
    for action in request.get("TransactItems", ()):
        yield from (one["TableName"] for one in action.values())
    for one in request.get("Statements", ()):
        yield from (found.replace('""', '"') for found in _FROM.findall(one["Statement"]))


# When


def on(*tables: str, methods: Iterable[str] | None = None) -> When:
    """Calls that name one of these tables; no table is any table."""
    wanted, kinds = frozenset(tables), None if methods is None else frozenset(methods)
    return lambda call: (not wanted or bool(call.tables & wanted)) and (kinds is None or call.method in kinds)


def writing(*tables: str) -> When:
    return on(*tables, methods=WRITES)


# Faults


def error(code: str, method: str, status: int = 400) -> ClientError:
    """As botocore raises it, with a text that nobody is to see."""
    said = {"Error": {"Code": code, "Message": "SECRET-OF-AN-ERROR"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(cast("Any", said), method)


def refused(when: When, code: str, status: int = 400) -> Fault:
    def fault(call: Call, send: Send) -> Any:
        if when(call):
            raise error(code, call.method, status)
        return send(call.request)

    return fault


def denied(when: When) -> Fault:
    return refused(when, "AccessDeniedException")


def throttled(share: float, seed: int, when: When = lambda _: True, code: str = "ThrottlingException") -> Fault:
    """That share of the calls, by chance."""
    rng, lock = random.Random(seed), threading.Lock()

    def fault(call: Call, send: Send) -> Any:
        if when(call):
            with lock:
                out = rng.random() < share
            if out:
                raise error(code, call.method)
        return send(call.request)

    return fault


def in_part(share: float, seed: int) -> Fault:
    """Of a batch only some is done, by chance: statements come back throttled, keys unprocessed."""
    rng, lock = random.Random(seed), threading.Lock()

    def fault(call: Call, send: Send) -> Any:
        with lock:
            draws = [rng.random() < share for _ in range(100)]
        if call.method == "batch_execute_statement":
            every = call.request["Statements"]
            kept = [one for one, out in zip(every, draws, strict=False) if not out]
            answer = send(call.request | {"Statements": kept}) if kept else {"Responses": [], "ConsumedCapacity": []}
            done = iter(answer["Responses"])
            busy = {"Error": {"Code": "ThrottlingError", "Message": "SECRET-OF-AN-ERROR"}}
            return {**answer, "Responses": [busy if out else next(done) for _, out in zip(every, draws, strict=False)]}
        if call.method == "batch_get_item":
            ((table, wanted),) = call.request["RequestItems"].items()
            kept = [key for key, out in zip(wanted["Keys"], draws, strict=False) if not out]
            left = [key for key, out in zip(wanted["Keys"], draws, strict=False) if out]
            answer = send(call.request | {"RequestItems": {table: wanted | {"Keys": kept}}}) if kept else {"Responses": {table: []}}
            return {**answer, "UnprocessedKeys": {table: wanted | {"Keys": left}} if left else {}}
        return send(call.request)

    return fault


@dataclass(slots=True)
class Outage:
    """Nothing that it is about answers for some seconds of a clock, from the first call of `begins` on."""

    clock: Clock
    seconds: float
    begins: When
    about: When = lambda _: True
    since: float | None = None
    refused: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, call: Call, send: Send) -> Any:
        with self._lock:
            if self.since is None and self.begins(call):
                self.since = self.clock.now()
            out = self.since is not None and self.clock.now() < self.since + self.seconds and self.about(call)
            self.refused += out
        if out:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1")
        return send(call.request)


def lost(when: When) -> Fault:
    """The request is done, and nobody hears of it; each such call's next attempt gets through."""
    turns = {"n": 0}
    lock = threading.Lock()

    def fault(call: Call, send: Send) -> Any:
        answer = send(call.request)
        if when(call):
            with lock:
                turns["n"] += 1
                out = turns["n"] % 2 == 1
            if out:
                raise ReadTimeoutError(endpoint_url="http://127.0.0.1")
        return answer

    return fault


def killed(number: int, *, after: bool) -> Fault:
    """This process ends at call `number`, as if the machine had."""

    def fault(call: Call, send: Send) -> Any:
        if call.number == number and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = send(call.request)
        if call.number == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    return fault


def dead(number: int) -> Fault:
    """From call `number` of this fault on nothing gets through: what a process that was killed sends."""
    turns = {"n": 0}
    lock = threading.Lock()

    def fault(call: Call, send: Send) -> Any:
        with lock:
            turns["n"] += 1
            out = turns["n"] >= number
        if out:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1")
        return send(call.request)

    return fault


def once(when: When, act: Callable[[], object], *, after: bool = False, number: int = 1) -> Fault:
    """`act` at the `number`th call of these, in its thread: before it is sent, or after it was answered."""
    state = {"n": 0}
    lock = threading.Lock()

    def fault(call: Call, send: Send) -> Any:
        if not when(call):
            return send(call.request)
        with lock:
            state["n"] += 1
            mine = state["n"] == number
        if mine and not after:
            act()
        answer = send(call.request)
        if mine and after:
            act()
        return answer

    return fault


# Indexes


@dataclass(slots=True)
class Lag:
    """Indexes are `seconds` of a clock behind their table: what was deleted is shown, and what was put is not, for that long.

    `items` are the images of what may be deleted, by table; `hidden` are put by the test: (table, item) to when.
    """

    clock: Clock
    seconds: float
    items: Mapping[str, list[dict[str, Any]]]
    keys: Mapping[str, tuple[str, ...]]
    gone: dict[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])
    fresh: dict[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])

    def spot(self, table: str, item: Mapping[str, Any]) -> tuple[str, str]:
        return table, repr(sorted((name, *next(iter(item[name].items()))) for name in self.keys[table]))

    def put(self, table: str, item: Mapping[str, Any]) -> None:
        self.fresh[self.spot(table, item)] = self.clock.now()

    def __call__(self, call: Call, send: Send) -> Any:
        if call.method == "batch_execute_statement":
            table = next(iter(call.tables))
            for one in call.request["Statements"]:
                self._delete(table, dict(zip(self.keys[table], one["Parameters"], strict=False)))
        for action in call.request.get("TransactItems", ()):
            if "Delete" in action and action["Delete"]["TableName"] in self.keys:
                self._delete(action["Delete"]["TableName"], action["Delete"]["Key"])
        if call.method != "query" or call.index is None:
            return send(call.request)
        answer = dict(send(call.request))
        (table,) = call.tables
        now, asked = self.clock.now(), equals(call.request)
        shown = [item for item in answer["Items"] if now >= self.fresh.get(self.spot(table, item), now - self.seconds) + self.seconds]
        for item in self.items.get(table, ()):
            since = self.gone.get(self.spot(table, item))
            if since is not None and now < since + self.seconds and all(item.get(name) == wire for name, wire in asked.items()):
                shown.append({name: item[name] for name in self.keys[table]})
        return {**answer, "Items": shown}

    def _delete(self, table: str, key: Mapping[str, Any]) -> None:
        self.gone.setdefault(self.spot(table, key), self.clock.now())


def shows(when: When, entries: Iterable[Mapping[str, Any]]) -> Fault:
    """An index shows these entries too, whatever is asked."""
    more = [dict(one) for one in entries]

    def fault(call: Call, send: Send) -> Any:
        answer = send(call.request)
        return {**answer, "Items": [*answer["Items"], *more]} if call.method == "query" and call.index and when(call) else answer

    return fault


def blind(when: When) -> Fault:
    """An index shows nothing at all, ever."""

    def fault(call: Call, send: Send) -> Any:
        answer = send(call.request)
        return {**answer, "Items": []} if call.method == "query" and call.index and when(call) else answer

    return fault


def equals(request: Mapping[str, Any]) -> dict[str, Any]:
    """The key condition of a Query as attribute to wire value."""
    names, values = request["ExpressionAttributeNames"], request["ExpressionAttributeValues"]
    tests = (part.split(" = ") for part in request["KeyConditionExpression"].split(" AND "))
    return {names[name]: values[mark] for name, mark in tests}
