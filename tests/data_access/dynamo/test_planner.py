"""Every question by the key or index that serves it, with its price, and without reading an item."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from data_access.conversations import list_conversations
from data_access.dynamo.plan import Plan
from data_access.dynamo.planner import plan_list, plan_replay
from data_access.dynamo.sizes import Extent, Reach, Size, Span
from data_access.errors import ScanRefused, TableMissing, UsageError
from data_access.models import Filter
from tests.data_access.conftest import OpenSource, Scripted, Sent
from tests.data_access.layouts import TABLES, create

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SINCE, UNTIL = datetime(2026, 5, 4, tzinfo=UTC), datetime(2026, 5, 11, tzinfo=UTC)
WINDOW = {"since": SINCE, "until": UNTIL}
WIDER = UNTIL + timedelta(hours=14, seconds=1)
TALK, USER, TENANT = {"conversation_id": "c"}, {"user_id": "u"}, {"tenant_id": "t"}
TEXTS = "timestamp BETWEEN '2026-05-03 12:00:00' AND '2026-05-11T14:00:00~'"
DIGITS = "timestamp BETWEEN '1777852800' AND '1778457600~'"
MILLIS = "timestamp BETWEEN 1777852800000 AND 1778457601000"
SECONDS = "timestamp BETWEEN 1777852800 AND 1778457601"
SESSIONS, MESSAGES, CHATS, SAID = "ai-agent-sessions", "ai-agent-messages", "ai4ai-chat-sessions", "ai4ai-chat-messages"
CG, REMO, BY_USER = "cg-chatbot-conversations", "remo-user-data", "user_id-created_at-index"
EACH = ("Query", MESSAGES, "SessionTimestampIndex", "sessionId = :conversation_id", None)
EACH_SAID = ("Query", SAID, None, "session_id = :conversation_id", None)
OF_TENANT = ("Query", SESSIONS, "TenantUserIndex", "tenantId = :tenant_id", None)

Row = tuple[str, str, str | None, str | None, str | None]
LISTS: list[tuple[str, dict[str, Any], list[Row]]] = [
    ("remo", USER, [("Query", REMO, None, "user_id = :user_id AND data_type = :kind", None)]),
    ("remo", USER | WINDOW, [("Query", REMO, None, "user_id = :user_id AND data_type = :kind", None)]),
    ("remo", {}, [("Scan", REMO, None, None, None)]),
    ("ai_agent", TENANT | USER, [("Query", SESSIONS, "TenantUserIndex", "tenantId = :tenant_id AND userId = :user_id", None), EACH]),
    (
        "ai_agent",
        TENANT | WINDOW,
        [
            ("Query", MESSAGES, "TenantTimestampIndex", f"tenantId = :tenant_id AND {TEXTS}", None),
            ("Query", MESSAGES, "TenantTimestampIndex", f"tenantId = :tenant_id AND {DIGITS}", None),
            OF_TENANT,
            EACH,
        ],
    ),
    ("ai_agent", TENANT, [("Query", MESSAGES, "TenantTimestampIndex", "tenantId = :tenant_id", None), OF_TENANT]),
    ("ai_agent", USER, [("Scan", SESSIONS, None, None, "userId = :user_id"), EACH]),
    ("ai_agent", {}, [("Scan", SESSIONS, None, None, None), ("Scan", MESSAGES, None, None, None)]),
    ("ai_agent", WINDOW, [("Scan", SESSIONS, None, None, None), ("Scan", MESSAGES, None, None, None)]),
    ("ai4ai", USER, [("Query", CHATS, None, "user_id = :user_id", None), EACH_SAID]),
    ("ai4ai", USER | WINDOW, [("Query", CHATS, None, "user_id = :user_id", None), EACH_SAID]),
    ("ai4ai", {}, [("Scan", CHATS, None, None, None), ("Scan", SAID, None, None, None)]),
    ("cg", USER, [("Query", CG, BY_USER, "user_id = :user_id", None)]),
    ("cg", USER | WINDOW, [("Query", CG, BY_USER, "user_id = :user_id AND created_at <= '2026-05-11T14:00:00~'", None)]),
    ("cg", TALK, [("Query", CG, None, "conversation_id = :conversation_id", None)]),
    ("cg", WINDOW, [("Scan", CG, None, None, None)]),
]
REPLAYS: list[tuple[str, dict[str, Any], list[Row]]] = [
    ("remo", USER, [("GetItem", REMO, None, "user_id = :user_id AND data_type = :kind", None)]),
    ("remo", {}, [("Scan", REMO, None, None, "data.conversation_id = :conversation_id")]),
    ("ai_agent", {}, [("Query", SESSIONS, None, "id = :conversation_id", None), EACH]),
    ("ai_agent", TENANT, [("GetItem", SESSIONS, None, "id = :conversation_id AND tenantId = :tenant_id", None), EACH]),
    (
        "ai_agent",
        WINDOW,
        [
            ("Query", SESSIONS, None, "id = :conversation_id", None),
            ("Query", MESSAGES, "SessionTimestampIndex", f"sessionId = :conversation_id AND {TEXTS}", None),
            ("Query", MESSAGES, "SessionTimestampIndex", f"sessionId = :conversation_id AND {DIGITS}", None),
        ],
    ),
    ("ai4ai", {}, [EACH_SAID]),
    ("ai4ai", USER, [("GetItem", CHATS, None, "user_id = :user_id AND session_id = :conversation_id", None), EACH_SAID]),
    (
        "ai4ai",
        WINDOW,
        [
            ("Query", SAID, None, f"session_id = :conversation_id AND {MILLIS}", None),
            ("Query", SAID, None, f"session_id = :conversation_id AND {SECONDS}", None),
        ],
    ),
    ("cg", {}, [("Query", CG, None, "conversation_id = :conversation_id", None)]),
    ("cg", USER, [("GetItem", CG, None, "conversation_id = :conversation_id AND user_id = :user_id", None)]),
]


def asked(system: str, ids: dict[str, Any]) -> Filter:
    return replace(Filter(system), **ids)


def rows(plan: Plan) -> list[Row]:
    return [
        (said["operation"], said["table"], said["index"], said["key_condition"], said["filter"])
        for said in (step.describe() for step in plan.steps)
    ]


@pytest.fixture
def everything(dynamodb: DynamoDBClient) -> DynamoDBClient:
    create(dynamodb, *TABLES)
    return dynamodb


@pytest.fixture
def only_described(open_source: OpenSource, sent: Sent) -> Iterator[OpenSource]:
    """Sources that may send nothing but DescribeTable."""

    def begin(system: str, **how: Any) -> Any:
        source = open_source(system, **how)
        sent.of(source)
        return source

    yield begin
    assert set(sent.operations) == {"DescribeTable"}


def test_the_table_of_access_paths_lists(everything: DynamoDBClient, only_described: OpenSource) -> None:
    sources = {system: only_described(system) for system in TABLES}
    for system, ids, expected in LISTS:
        assert (system, ids, rows(plan_list(sources[system], asked(system, ids)))) == (system, ids, expected)


def test_the_table_of_access_paths_replays(everything: DynamoDBClient, only_described: OpenSource) -> None:
    sources = {system: only_described(system) for system in TABLES}
    for system, ids, expected in REPLAYS:
        assert (system, ids, rows(plan_replay(sources[system], asked(system, ids | TALK)))) == (system, ids, expected)


def test_a_step_says_why_and_what_it_costs(everything: DynamoDBClient, only_described: OpenSource) -> None:
    for system, ids, _ in LISTS:
        plan = plan_list(only_described(system), asked(system, ids))
        for said in (step.describe() for step in plan.steps):
            assert list(said) == [
                "operation",
                "table",
                "index",
                "key_condition",
                "filter",
                "reason",
                "estimated_units",
                "estimated_usd",
                "basis",
                "bound",
            ]
            assert (said["basis"], said["bound"]) == ("guess", False), "nothing is counted yet"
            assert said["reason"]
            assert said["estimated_units"] >= 0.5
            assert said["estimated_usd"] > 0
            assert "'u'" not in str(said), "ids are not shown"
        assert plan.estimated_units == sum(step.estimated_units for step in plan.steps)
        assert list(plan.describe()) == ["steps", "estimated_units", "estimated_usd", "basis", "bound", "sizes_as_of"]


# What the live tables are


def description(name: str, items: int = 0, size: int = 0, indexes: dict[str, dict[str, Any]] | None = None) -> dict[str, Any]:
    found = next(table for tables in TABLES.values() for table in tables if table["TableName"] == name)
    changes = indexes or {}
    live = [index | {"IndexStatus": "ACTIVE"} | changes.get(index["IndexName"], {}) for index in found.get("GlobalSecondaryIndexes", ())]
    there = [index for index in live if index["IndexStatus"]]
    return {"Table": found | {"ItemCount": items, "TableSizeBytes": size, "GlobalSecondaryIndexes": there}}


@pytest.fixture
def described(scripted: Any, sources_at: OpenSource) -> Any:
    """A source whose tables are as described, and hold nothing that can be read."""

    def begin(system: str, descriptions: dict[str, dict[str, Any]], **how: Any) -> Any:
        def answer(operation: str, request: dict[str, Any], _: int) -> Any:
            assert operation == "DescribeTable"
            return 200, {}, json.dumps(descriptions.get(request["TableName"]) or description(request["TableName"])).encode()

        server: Scripted = scripted(answer)
        return sources_at(server.endpoint, system, **how)

    return begin


@pytest.mark.parametrize(
    "change",
    [
        {"IndexStatus": None},
        {"IndexStatus": "CREATING"},
        {"IndexStatus": "DELETING"},
        {"Projection": {"ProjectionType": "KEYS_ONLY"}},
        {"Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["title"]}},
        {"KeySchema": [{"AttributeName": "title", "KeyType": "HASH"}]},
    ],
)
def test_an_index_that_cannot_answer_is_not_used(described: Any, change: dict[str, Any]) -> None:
    source = described("cg", {CG: description(CG, indexes={BY_USER: change})})
    assert rows(plan_list(source, Filter("cg", "u"))) == [("Scan", CG, None, None, "user_id = :user_id")]


def test_without_the_index_of_a_session_its_messages_are_scanned(described: Any) -> None:
    lost = {MESSAGES: description(MESSAGES, indexes={"SessionTimestampIndex": {"IndexStatus": "CREATING"}})}
    source = described("ai_agent", lost)
    assert rows(plan_replay(source, asked("ai_agent", TALK)))[-1] == ("Scan", MESSAGES, None, None, "sessionId = :conversation_id")
    assert rows(plan_list(source, Filter("ai_agent", "u", "t")))[-1][:2] == ("Scan", MESSAGES)


OF_EACH = ("Query", SESSIONS, "TenantUserIndex", "tenantId = :tenant_id AND userId = :user_id", None)


def test_known_tenants_are_asked_one_by_one_when_that_is_cheaper(described: Any) -> None:
    large = {SESSIONS: description(SESSIONS, 1_000_000, 250_000_000)}
    found = rows(plan_list(described("ai_agent", large, tenants=("a", "b", "c")), Filter("ai_agent", "u")))
    assert found == [OF_EACH] * 3 + [EACH]


def test_known_tenants_are_not_asked_where_a_scan_is_cheaper(described: Any) -> None:
    small = {SESSIONS: description(SESSIONS, 10, 2_500)}
    found = rows(plan_list(described("ai_agent", small, tenants=("a", "b", "c")), Filter("ai_agent", "u")))
    assert found == [("Scan", SESSIONS, None, None, "userId = :user_id"), EACH]


def test_a_scan_is_estimated_from_the_table_and_refused_above_the_budget(described: Any) -> None:
    source = described("cg", {CG: description(CG, 20_000, 100_000_000)}, scan_budget=1_000)
    plan = plan_list(source, Filter("cg"))
    assert plan.estimated_units == pytest.approx(100_000_000 / 4096 / 2, rel=0.01)
    assert plan.steps[0].times == 96
    assert plan.estimated_units > 100_000_000 / 4096 / 2, "rounding and parallel segments can only add to it"
    with pytest.raises(ScanRefused, match=rf"{CG}: at most 12,2\d\d read units \(\$0.0015\), above the budget of 1,000") as caught:
        list_conversations(source, Filter("cg"))
    assert (caught.value.budget, caught.value.table) == (1_000, CG)
    assert caught.value.estimated_units == pytest.approx(plan.estimated_units)


def test_the_scans_of_a_plan_are_refused_together(described: Any) -> None:
    half = {name: description(name, 10_000, 5_000_000) for name in (CHATS, SAID)}
    assert plan_list(described("ai4ai", half), Filter("ai4ai")).estimated_units < 1_300
    with pytest.raises(ScanRefused, match=f"{CHATS} and {SAID}"):
        list_conversations(described("ai4ai", half), Filter("ai4ai"))


@pytest.mark.parametrize(
    "system, ids, reason",
    [
        ("remo", {"user_id": ""}, "user id is empty"),
        ("remo", {"tenant_id": "t"}, "Remo has no tenants"),
        ("cg", {"user_id": "x" * 2_049}, "2,049 bytes"),
        ("cg", {"since": UNTIL, "until": SINCE}, "not before its end"),
        ("cg", {"since": SINCE, "until": SINCE}, "not before its end"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_before_anything_is_sent(
    sources_at: OpenSource, closed_port: str, system: str, ids: dict[str, Any], reason: str
) -> None:
    source = sources_at(closed_port, system)
    for plan in (plan_list, plan_replay):
        with pytest.raises(UsageError, match=reason):
            plan(source, asked(system, ids | TALK))


def test_a_replay_needs_an_id(sources_at: OpenSource, closed_port: str) -> None:
    with pytest.raises(UsageError, match="no conversation id"):
        plan_replay(sources_at(closed_port, "cg"), Filter("cg"))


def test_a_table_that_is_missing_is_said_by_name(open_source: OpenSource) -> None:
    with pytest.raises(TableMissing, match=f"table {CG} does not exist"):
        plan_list(open_source("cg"), Filter("cg", "u"))


# What an estimate stands on


class Known:
    """Somebody who knows sizes, and what he was asked."""

    as_of = UNTIL

    def __init__(self, size: Size | None = None, each: tuple[int, ...] | None = None) -> None:
        self.size, self.many = size, each
        self.extents: list[Extent] = []
        self.reaches: list[Reach] = []

    def evaluated(self, extent: Extent) -> Size | None:
        self.extents.append(extent)
        return self.size

    def each(self, reach: Reach) -> tuple[int, ...] | None:
        self.reaches.append(reach)
        return self.many


def test_without_sizes_a_plan_is_bounded_by_the_tables(described: Any) -> None:
    sized = {SESSIONS: description(SESSIONS, 1_000, 400_000), MESSAGES: description(MESSAGES, 100_000, 35_000_000)}
    source = described("ai_agent", sized)
    sessions, messages = 400_000 / 8_192, 35_000_000 / 8_192
    of_user = plan_list(source, Filter("ai_agent", "u", "t"))
    assert (of_user.basis, of_user.is_bound, of_user.sized_at) == ("table size", True, None)
    # Every session could be the user's: all messages, and each conversation rounded up by itself.
    assert sessions + messages + 500 < of_user.estimated_units < sessions + messages + 600
    day = plan_list(source, Filter("ai_agent", tenant_id="t", since=SINCE, until=SINCE + timedelta(days=1)))
    assert [step.basis for step in day.steps] == ["table size"] * 4
    assert messages < day.steps[0].estimated_units < messages * 1.01
    assert day.steps[1].estimated_units == 0.5, "the second range is of other items: one bound is for both"


def test_one_item_is_at_most_as_large_as_an_item_can_be(described: Any) -> None:
    source = described("cg", {CG: description(CG, 20_000, 100_000_000)})
    assert plan_replay(source, asked("cg", TALK | USER)).estimated_units == 50
    assert plan_replay(described("cg", {CG: description(CG, 1, 5_000)}), asked("cg", TALK | USER)).estimated_units == 1


def test_what_is_not_counted_yet_is_a_guess(described: Any) -> None:
    half = {MESSAGES: description(MESSAGES, 100_000, 35_000_000)}
    plan = plan_list(described("ai_agent", half), Filter("ai_agent", "u", "t"))
    assert (plan.basis, plan.is_bound) == ("guess", False)


def test_with_sizes_a_plan_is_priced_by_what_it_evaluates(described: Any) -> None:
    known = Known(Size(7, 9_000), each=(100, 5_000, 3_000_000))
    source = described("ai_agent", {SESSIONS: description(SESSIONS, 1_000, 400_000), MESSAGES: description(MESSAGES, 10, 10_000)})
    plan = plan_list(source, asked("ai_agent", TENANT | WINDOW), known)
    assert [(step.estimated_units, step.times, step.basis) for step in plan.steps] == [
        (1.5, 1, "snapshot"),
        (0.5, 1, "snapshot"),
        (1.5, 1, "snapshot"),
        (0.5 + 1 + 366.5, 3, "snapshot"),
    ]
    assert (plan.basis, plan.is_bound, plan.sized_at) == ("snapshot", False, UNTIL)
    # The days are as the sort key ranges take them: 14 hours wider, and from the beginning of the first day.
    said = Extent(MESSAGES, {"tenant_id": "t"}, frozenset({"sent_at"}), "sent_at", Span(SINCE - timedelta(days=1), WIDER))
    sessions = Extent(SESSIONS, {"tenant_id": "t"}, frozenset({"user_id"}))
    assert known.reaches == [Reach((sessions,), said, Span(SINCE, UNTIL), MESSAGES)]
    assert all(extent in (said, sessions) for extent in known.extents)


def test_an_extent_is_what_the_key_fixes(described: Any) -> None:
    known = Known(Size(1, 9_000), each=())
    plan_replay(described("ai4ai", {}), asked("ai4ai", TALK | USER | WINDOW), known)
    plan_list(described("cg", {}), asked("cg", USER | WINDOW), known)
    plan_list(described("remo", {}), asked("remo", USER), known)
    assert known.extents == [
        Extent(CHATS, {"user_id": "u", "conversation_id": "c"}),
        Extent(SAID, {"conversation_id": "c"}, timed="sent_at", span=Span(SINCE, UNTIL + timedelta(seconds=1))),
        Extent(CG, {"user_id": "u"}, frozenset({"started_at"}), "started_at", Span(None, WIDER)),
        Extent(REMO, {"user_id": "u", "kind": "conversation_memory"}),
    ]


def test_a_scan_takes_the_larger_of_what_aws_counted_and_what_is_known(described: Any) -> None:
    source = described("cg", {CG: description(CG, 20_000, 100_000_000)})
    less, more = (plan_list(source, Filter("cg"), Known(Size(1, size))) for size in (1_000, 200_000_000))
    assert (less.basis, less.estimated_units) == ("table size", plan_list(source, Filter("cg")).estimated_units)
    assert more.basis == "snapshot"
    assert more.estimated_units == pytest.approx(200_000_000 / 8_192, rel=0.001)
    assert more.steps[0].times == 191
    counted = described("cg", {CG: description(CG, 100, 0)})
    assert plan_list(counted, Filter("cg"), Known(Size(1, 9_000))).estimated_units == 1.5, "items without a size are no size"


def test_who_knows_nothing_of_a_part_leaves_the_bound(described: Any) -> None:
    sized = {name: description(name, 1_000, 400_000) for name in (SESSIONS, MESSAGES)}
    plan = plan_list(described("ai_agent", sized), Filter("ai_agent", "u", "t"), Known(Size(1, 300)))
    assert [step.basis for step in plan.steps] == ["snapshot", "table size"]
    assert (plan.basis, plan.sized_at) == ("table size", UNTIL)


def test_tenants_are_asked_one_by_one_where_sizes_say_so(described: Any) -> None:
    tables = {name: description(name, 10, 2_500) for name in (SESSIONS, MESSAGES)}
    source = described("ai_agent", tables, tenants=("a", "b"))

    class Large(Known):
        def evaluated(self, extent: Extent) -> Size | None:
            return Size(1, 300) if extent.parts else Size(10_000, 2_500_000)

    assert rows(plan_list(source, Filter("ai_agent", "u"), Large(each=(1,)))) == [OF_EACH] * 2 + [EACH]
