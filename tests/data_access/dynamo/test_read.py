"""Reading one step: every page, every unit, in parallel, held to a rate and to a budget."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest

from data_access.dynamo.codec import decode_item
from data_access.dynamo.meter import Pace
from data_access.dynamo.plan import Operation, Step, Term
from data_access.dynamo.read import Page, Reader
from data_access.errors import AccessDenied, ScanRefused, TableMissing, Throttled
from tests.data_access.conftest import OpenSource, Scripted, Sent, page, refusal
from tests.data_access.layouts import create

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MESSAGES = "ai4ai-chat-messages"
SESSION = Term("session_id", "=", ("s",), ":conversation_id")
SCAN = Step(Operation.SCAN, "messages", MESSAGES, None, (), (), "", 0, None)
QUERY = Step(Operation.QUERY, "messages", MESSAGES, None, (SESSION,), (), "", 0, None)
OPEN = Step(Operation.QUERY, "each", MESSAGES, None, (Term("session_id", "=", (), ":conversation_id"),), (), "", 0, None)


def in_segments(count: int, table: str = MESSAGES) -> Step:
    return Step(Operation.SCAN, "messages", table, None, (), (), "", 0, None, times=count)


def read(reader: Reader, step: Step, value: str | None = None) -> list[Page]:
    return list(reader.pages(step, value))


def stamps(pages: list[Page]) -> list[int]:
    return [decode_item(item)["timestamp"] for one in pages for item in one.items]


@pytest.fixture
def big(dynamodb: DynamoDBClient) -> int:
    """Twelve items of 300 KB in one conversation, 3.6 MB: at least four pages."""
    create(dynamodb, "ai4ai")
    for n in range(12):
        item = {"session_id": {"S": "s"}, "timestamp": {"N": str(n)}, "content": {"S": "x" * 300_000}, "role": {"S": "user"}}
        dynamodb.put_item(TableName=MESSAGES, Item=item)  # type: ignore[arg-type]
    return 12


@pytest.mark.parametrize("step, value", [(QUERY, None), (OPEN, "s"), (SCAN, None), (in_segments(3), None)])
def test_pages_of_a_megabyte_are_followed_to_the_end(open_source: OpenSource, sent: Sent, big: int, step: Step, value: str | None) -> None:
    source = open_source("ai4ai")
    sent.of(source)
    reader = Reader(source, None)
    pages = read(reader, step, value)
    assert sorted(stamps(pages)) == list(range(big))
    assert len(pages) >= 4
    measured = reader.meter.measured()
    assert measured.units == pytest.approx(sent.units)
    assert measured.units == pytest.approx(sum(one.units for one in pages))
    assert (measured.requests, measured.unmetered) == (len(sent), 0)
    assert measured.items == sum(parsed["ScannedCount"] for _, _, parsed in sent) >= big
    assert measured.usd == pytest.approx(measured.units * 0.125 / 1_000_000)


def test_empty_pages_before_a_late_match_are_followed(open_source: OpenSource, big: int) -> None:
    late = Step(Operation.SCAN, "messages", MESSAGES, None, (), (Term("timestamp", ">=", (11,), ""),), "", 0, None)
    reader = Reader(open_source("ai4ai"), None)
    pages = read(reader, late)
    assert stamps(pages) == [11]
    assert [len(one.items) for one in pages][:-1].count(0) >= 2
    assert reader.meter.measured().items >= big


def test_a_limit_counts_items_before_the_filter(open_source: OpenSource, dynamodb: DynamoDBClient) -> None:
    create(dynamodb, "ai4ai")
    for n in range(6):
        role = "user" if n > 3 else "agent"
        dynamodb.put_item(TableName=MESSAGES, Item={"session_id": {"S": "s"}, "timestamp": {"N": str(n)}, "role": {"S": role}})
    only_users = Step(Operation.QUERY, "messages", MESSAGES, None, (SESSION,), (Term("role", "=", ("user",), ""),), "", 0, None)
    reader, found, after = Reader(open_source("ai4ai"), None), [], None
    counts: list[tuple[int, int]] = []
    while True:
        one = reader.query_page(only_users, limit=2, after=after)
        counts.append((one.evaluated, len(one.items)))
        found += stamps([one])
        after = one.last_key
        if one.is_last:
            break
    assert found == [4, 5]
    assert counts[:3] == [(2, 0), (2, 0), (2, 2)]


def test_what_the_service_sends_is_followed_whatever_it_is(scripted: Callable[..., Scripted], sources_at: OpenSource) -> None:
    """Empty pages with a key, then a page without one; each request goes on exactly where the last one ended."""
    keys = [{"session_id": {"S": "s"}, "timestamp": {"N": str(n)}} for n in range(3)]
    answers = [page([], keys[0]), page([], keys[1]), page([{"timestamp": {"N": "7"}}], keys[2]), page([])]
    server = scripted(lambda _, __, number: answers[number - 1])
    reader = Reader(sources_at(server.endpoint, "ai4ai"), None)
    assert stamps(read(reader, QUERY)) == [7]
    assert [request.get("ExclusiveStartKey") for _, request in server.asked] == [None, *keys]
    assert reader.meter.measured().units == 2.0


# Scans


def segments(count: int, pages: int, units: float = 1.0) -> Callable[..., Any]:
    """A table in segments of a few pages, one item a page, whose timestamp says where it lies."""

    def answer(operation: str, request: dict[str, Any], _: int) -> Any:
        assert operation == "Scan"
        assert request["TotalSegments"] == count
        at = int(request.get("ExclusiveStartKey", {"timestamp": {"N": "-1"}})["timestamp"]["N"]) + 1
        item = {"session_id": {"S": "s"}, "timestamp": {"N": str(request["Segment"] * 1000 + at)}}
        return page([item], {"session_id": {"S": "s"}, "timestamp": {"N": str(at)}} if at + 1 < pages else None, units)

    return answer


@pytest.mark.parametrize("count", [1, 2, 8])
def test_each_segment_is_read_once_and_to_its_end(scripted: Callable[..., Scripted], sources_at: OpenSource, count: int) -> None:
    server = scripted(segments(count, 5))
    reader = Reader(sources_at(server.endpoint, "ai4ai"), None)
    assert sorted(stamps(read(reader, in_segments(count)))) == [s * 1000 + n for s in range(count) for n in range(5)]
    assert reader.meter.measured().units == count * 5


def test_no_more_than_eight_segments_at_once(scripted: Callable[..., Scripted], sources_at: OpenSource) -> None:
    server = scripted(segments(8, 1))
    assert len(read(Reader(sources_at(server.endpoint, "ai4ai"), None), in_segments(500))) == 8


@pytest.fixture
def no_threads_left() -> Iterator[None]:
    yield
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith(("scan", "query"))]


def test_who_stops_early_ends_all_segments(scripted: Callable[..., Scripted], sources_at: OpenSource, no_threads_left: None) -> None:
    server = scripted(segments(4, 10_000))
    reader = Reader(sources_at(server.endpoint, "ai4ai"), None)
    with closing(reader.pages(in_segments(4))) as pages:  # type: ignore[type-var]
        assert len(list(islice(pages, 3))) == 3
    asked = len(server.asked)
    assert asked < 1_000
    assert reader.meter.measured().requests == asked


def test_who_stops_early_does_not_wait_for_the_rate(
    scripted: Callable[..., Scripted], sources_at: OpenSource, no_threads_left: None
) -> None:
    """The debt of a page is twelve days here: the reader waits for it, and is woken."""
    server = scripted(segments(1, 10, units=1.0))
    reader = Reader(sources_at(server.endpoint, "ai4ai", scan_rate=0.000001), None)
    with closing(reader.pages(in_segments(4))) as pages:  # type: ignore[type-var]
        next(pages)
    assert len(server.asked) == 1


def test_a_segment_that_fails_ends_the_others(
    scripted: Callable[..., Scripted], sources_at: OpenSource, no_threads_left: None, pauses: list[float]
) -> None:
    whole = segments(4, 10_000)

    def answer(operation: str, request: dict[str, Any], number: int) -> Any:
        failed = request["Segment"] == 2 and "ExclusiveStartKey" in request
        return refusal("AccessDeniedException") if failed else whole(operation, request, number)

    server = scripted(answer)
    with pytest.raises(AccessDenied, match=f"Scan on the table {MESSAGES}"):
        read(Reader(sources_at(server.endpoint, "ai4ai"), None), in_segments(4))
    assert len(server.asked) < 1_000


def test_a_scan_is_stopped_at_the_limit(scripted: Callable[..., Scripted], sources_at: OpenSource, no_threads_left: None) -> None:
    server = scripted(segments(1, 10_000, units=100.0))
    reader, found = Reader(sources_at(server.endpoint, "ai4ai"), 1_000), []
    with pytest.raises(ScanRefused, match="was stopped after 1,100 read units") as caught:
        found.extend(reader.pages(SCAN))
    assert len(found) == 10
    assert (caught.value.budget, caught.value.estimated_units) == (1_000, None)


def test_the_limit_is_for_all_scans_of_a_read(scripted: Callable[..., Scripted], sources_at: OpenSource) -> None:
    server = scripted(segments(1, 7, units=100.0))
    reader = Reader(sources_at(server.endpoint, "ai4ai"), 1_000)
    assert len(read(reader, SCAN)) == 7
    with pytest.raises(ScanRefused):
        read(reader, SCAN)


def test_a_query_is_never_stopped_by_the_limit_of_scans(scripted: Callable[..., Scripted], sources_at: OpenSource) -> None:
    server = scripted(lambda *_: page([{"timestamp": {"N": "1"}}], units=5_000.0))
    assert stamps(read(Reader(sources_at(server.endpoint, "ai4ai"), 10), QUERY)) == [1]


def test_a_scan_keeps_to_its_rate(scripted: Callable[..., Scripted], sources_at: OpenSource, clock: Clock) -> None:
    server = scripted(segments(1, 5, units=100.0))
    reader = Reader(sources_at(server.endpoint, "ai4ai", scan_rate=50.0), None)
    assert len(read(reader, in_segments(8))) == 5  # One at a time: a rate below a page a second leaves nothing for more.
    assert clock.now == pytest.approx(4 * 2.0)  # Nobody waits behind the last page …
    read(reader, SCAN)
    assert clock.now == pytest.approx(9 * 2.0)  # … but the next Scan of the same read pays for it.


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time that goes on only while a Scan waits for its rate."""
    clock = Clock()
    monkeypatch.setattr("data_access.dynamo.meter.time", clock)

    class Waited(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            clock.now += timeout or 0.0
            return False

    pay = Pace.wait
    monkeypatch.setattr(Pace, "wait", lambda pace, _: pay(pace, Waited()))
    return clock


# Failures


@pytest.mark.parametrize("step", [QUERY, SCAN, in_segments(4)])
def test_a_table_that_is_not_there(open_source: OpenSource, step: Step) -> None:
    with pytest.raises(TableMissing, match=f"table {MESSAGES} does not exist"):
        read(Reader(open_source("ai4ai"), None), step)


def test_throttling_in_the_middle_is_not_seen(scripted: Callable[..., Scripted], sources_at: OpenSource, pauses: list[float]) -> None:
    whole = segments(1, 4)

    def answer(operation: str, request: dict[str, Any], number: int) -> Any:
        return refusal("ProvisionedThroughputExceededException") if number in (2, 3, 5) else whole(operation, request, number)

    reader = Reader(sources_at(scripted(answer).endpoint, "ai4ai"), None)
    assert stamps(read(reader, in_segments(1))) == [0, 1, 2, 3]
    assert reader.meter.measured().requests == 4
    assert len(pauses) == 3


def test_throttling_for_ever_is_said(scripted: Callable[..., Scripted], sources_at: OpenSource, pauses: list[float]) -> None:
    server = scripted(lambda *_: refusal("ProvisionedThroughputExceededException"))
    with pytest.raises(Throttled, match=f"throttled Query on the table {MESSAGES}"):
        read(Reader(sources_at(server.endpoint, "ai4ai"), None), QUERY)


@pytest.mark.parametrize("name", ["timestamp", "role", "data", "ttl", "name", "status", "user", "size"])
def test_reserved_words_can_be_filtered_by(open_source: OpenSource, dynamodb: DynamoDBClient, name: str) -> None:
    create(dynamodb, "ai4ai")
    for n, value in enumerate(("yes", "no")):
        item = {"session_id": {"S": "s"}, "timestamp": {"N": str(n)}, "inner": {"M": {name: {"S": value}}}}
        if name != "timestamp":
            item[name] = {"S": value}
        dynamodb.put_item(TableName=MESSAGES, Item=item)  # type: ignore[arg-type]
    for attribute in (name, f"inner.{name}"):
        if attribute == "timestamp":
            continue
        step = Step(Operation.QUERY, "messages", MESSAGES, None, (SESSION,), (Term(attribute, "=", ("yes",), ""),), "", 0, None)
        assert stamps(read(Reader(open_source("ai4ai"), None), step)) == [0]
