"""The independent reader on the real engine: what it finds after an erasure, what it calls it, and what it will not call clean."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from data_access.dynamo.aws import Source
from data_access.erasure import sweep_reads
from data_access.erasure.ending import decide
from data_access.erasure.model import FrozenKey, Progress, State
from data_access.erasure.verification import Leftover, Leftovers, Residual, Seen, Sweep, Unread, Verification
from data_access.erasure.verify import verify
from tests.data_access import layouts
from tests.data_access.erasure.verified import (
    AFTER,
    AFTER_MS,
    BEFORE,
    BEFORE_MS,
    CUTOFF,
    SUBJECTS,
    Wrapped,
    again,
    classes,
    erase_all,
    fresh,
    frozen,
    planned,
    plant,
    scope,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PACKAGE = Path(__file__).resolve().parents[3] / "data_access" / "erasure"
MINE = ("verify.py", "sweeps.py", "sweep_reads.py", "sweep_scope.py", "verification.py", "ending.py")
# What finds, plans and deletes: a fault in one of them must not be shared by the reader.
NOT_ITS_OWN = {"discovery", "targets", "deleter", "planner", "plan", "paths", "read", "reading", "proof", "live", "worker", "jobs", "pace"}
NOT_ITS_OWN |= {"statements", "sending", "refusals", "refreezing", "starting", "known", "erasing", "working", "sorting", "neighbours"}
ON_ENGINE = pytest.mark.parametrize("endpoint", [pytest.param("engine", marks=pytest.mark.engine)], indirect=True)
ON_MOTO = pytest.mark.parametrize("endpoint", ["moto"], indirect=True)
World = Callable[..., "dict[str, Source]"]
SYSTEMS = layouts.SYSTEMS


@pytest.mark.parametrize("name", MINE)
def test_the_reader_shares_nothing_with_what_finds_and_deletes(name: str) -> None:
    for node in ast.walk(ast.parse((PACKAGE / name).read_text(encoding="utf-8"))):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for module in modules:
            assert not (module.startswith("data_access.") and set(module.split(".")[1:]) & NOT_ITS_OWN), module


@pytest.fixture
def world(dynamodb: DynamoDBClient, open_source: Callable[..., Source]) -> World:
    def begin(*systems: str) -> dict[str, Source]:
        layouts.load(dynamodb, *systems)
        return {system: open_source(system, tenants=("acme", "acme-eu") if system == "ai_agent" else ()) for system in systems}

    return begin


def look(sources: dict[str, Source], keys: list[FrozenKey], *systems: str, **how: Any) -> Verification:
    where = how.pop("where", None) or scope(*systems)
    given: dict[str, Any] = {"settle_seconds": 0, "patience": 0} | how
    return verify(sources, where, lambda: iter(keys), CUTOFF, **given)


def spoilt(source: Source, on: Callable[[str, dict[str, Any], Callable[..., Any]], Any]) -> Source:
    return replace(source, client=Wrapped(source.client, on))  # type: ignore[arg-type]


@pytest.mark.parametrize("endpoint", ["moto", pytest.param("engine", marks=pytest.mark.engine)], indirect=True)
@pytest.mark.parametrize("system", SYSTEMS)
def test_what_is_all_gone_is_clean(system: str, world: World, dynamodb: DynamoDBClient) -> None:
    sources, keys = world(system), planned(system)
    dirty = look(sources, keys, system)
    assert not dirty.clean
    assert dirty.left == len(dirty.leftovers) == len(keys)
    assert {one.kind for one in dirty.leftovers} == {Seen.LEFTOVER}
    erase_all(dynamodb, keys)
    seen = look(sources, keys, system)
    assert seen.clean
    assert (seen.left, len(seen.leftovers), seen.new_activity, seen.unread) == (0, 0, (), ())
    assert [sweep.checked_keys for sweep in seen.sweeps] == [len(keys)] * 2
    assert seen.read_units >= len(keys)
    assert seen.usd is not None
    assert seen.usd > 0
    # Where a key names the user, a Scan could find no more; the first sweep never needs one.
    scanned = {"remo": (), "ai4ai": (), "ai_agent": ("ai-agent-sessions", "ai-agent-messages"), "cg": ("cg-chatbot-conversations",)}
    assert [set(sweep.scanned) for sweep in seen.sweeps] == [set(), set(scanned[system])]
    others = sum(talk.user_id != SUBJECTS[system] for talk in layouts.talks(system))
    assert others


@ON_ENGINE
def test_four_systems_at_once(world: World, dynamodb: DynamoDBClient) -> None:
    sources = world(*SYSTEMS)
    for system in SYSTEMS:
        keys = planned(system)
        erase_all(dynamodb, keys)
        where = replace(scope(system), systems=SYSTEMS)
        seen = look(sources, keys, where=where)
        assert seen.clean
        assert len(seen.sweeps[0].found) == 6


@ON_ENGINE
@pytest.mark.parametrize(
    "system, table, item",
    [
        ("cg", "cg-chatbot-conversations", {"conversation_id": "sparse", "user_id": "demo", "messages": []}),
        ("ai_agent", "ai-agent-messages", {"id": "no-time", "tenantId": "acme", "userId": "user-1", "sessionId": "x", "content": "c"}),
        ("ai_agent", "ai-agent-messages", {"id": "no-session", "tenantId": "acme", "userId": "user-1", "timestamp": BEFORE}),
        ("ai_agent", "ai-agent-messages", {"id": "no-user", "tenantId": "acme-eu", "sessionId": "ai_agent-0000", "content": "c"}),
        ("ai_agent", "ai-agent-sessions", {"id": "missed", "tenantId": "unheard-of", "userId": "user-1", "createdAt": BEFORE}),
    ],
    ids=["cg", "message without time", "message without session", "message without user", "tenant that nobody named"],
)
def test_an_item_that_no_index_has_is_found_by_the_scan(
    system: str, table: str, item: dict[str, Any], world: World, dynamodb: DynamoDBClient
) -> None:
    """F10, R3: it keeps the job out of completed until it is gone."""
    sources, keys = world(system), planned(system)
    erase_all(dynamodb, keys)
    plant(dynamodb, table, item)
    seen = look(sources, keys, system)
    assert classes(seen) == {(table, Seen.LEFTOVER): 1}
    assert seen.residuals[0].why.endswith("found by a Scan alone.")
    assert decide([Progress(system, table, 5, deleted=5)], seen, 5) is State.RESIDUALS
    seen = look(sources, keys, system, again=again(dynamodb))
    assert seen.clean
    # The cheap one, the one that found it, and as many clean ones as were asked for.
    assert [sweep.clean for sweep in seen.sweeps] == [True, False, True, True]
    assert decide([Progress(system, table, 6, deleted=6)], seen, 6) is State.COMPLETED


@ON_ENGINE
@pytest.mark.parametrize(
    "system, table, key",
    [
        ("ai4ai", "ai4ai-chat-sessions", {"user_id": "ap-southeast-2:0001", "session_id": "ai4ai-0000"}),
        ("ai_agent", "ai-agent-sessions", {"id": "ai_agent-0000", "tenantId": "acme-eu"}),
        ("cg", "cg-chatbot-conversations", {"conversation_id": "cg-0000", "user_id": "demo"}),
        ("remo", "remo-user-data", {"user_id": "did:privy:cm1", "data_type": "todo_data"}),
    ],
    ids=["ai4ai", "ai_agent", "cg", "remo"],
)
def test_an_update_after_the_delete_leaves_a_stub(
    system: str, table: str, key: dict[str, Any], world: World, dynamodb: DynamoDBClient
) -> None:
    """F6: UpdateItem makes an item of what it updates; no index has it, and its time is after the cut-off."""
    sources, keys = world(system), planned(system)
    erase_all(dynamodb, keys)
    named = {"remo": "timestamp", "ai_agent": "updatedAt"}.get(system, "updated_at")
    dynamodb.update_item(
        TableName=table,
        Key={name: {"S": value} for name, value in key.items()},
        UpdateExpression="SET #t = :t",
        ExpressionAttributeNames={"#t": named},
        ExpressionAttributeValues={":t": {"S": AFTER}},
    )
    seen = look(sources, keys, system)
    assert classes(seen) == {(table, Seen.STUB): 1}
    assert fresh(seen) == {}
    assert look(sources, keys, system, again=again(dynamodb)).clean


@ON_ENGINE
def test_a_message_that_comes_late_belongs_to_what_was_erased(world: World, dynamodb: DynamoDBClient) -> None:
    """F7: into a conversation that is gone; and an update with content is no new conversation."""
    sources = world("ai4ai", "ai_agent", "cg")
    for system, table, item in (
        ("ai4ai", "ai4ai-chat-messages", {"session_id": "ai4ai-0000", "timestamp": AFTER_MS, "role": "assistant", "content": "late"}),
        (
            "ai_agent",
            "ai-agent-messages",
            {"id": "late", "sessionId": "ai_agent-0000", "tenantId": "acme-eu", "timestamp": AFTER, "content": "late"},
        ),
        (
            "cg",
            "cg-chatbot-conversations",
            {"conversation_id": "cg-0000", "user_id": "demo", "updated_at": AFTER, "messages": [{"role": "user"}]},
        ),
    ):
        keys = planned(system)
        erase_all(dynamodb, keys)
        plant(dynamodb, table, item)
        seen = look({system: sources[system]}, keys, system)
        assert classes(seen) == {(table, Seen.LATE): 1}, system
        assert look({system: sources[system]}, keys, system, again=again(dynamodb)).clean


def begun_anew(at: str, at_ms: int) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """In each system what the user begins at that time, where it can be with an id or a key that was erased."""
    return {
        "remo": [("remo-user-data", {"user_id": "did:privy:cm1", "data_type": "todo_data", "timestamp": at, "data": {"todos": []}})],
        "ai_agent": [
            ("ai-agent-sessions", {"id": "new", "tenantId": "acme", "userId": "user-1", "createdAt": at}),
            ("ai-agent-messages", {"id": "m-new", "sessionId": "new", "tenantId": "acme", "userId": "user-1", "timestamp": at}),
        ],
        "ai4ai": [
            ("ai4ai-chat-sessions", {"user_id": "ap-southeast-2:0001", "session_id": "ai4ai-0000", "created_at": at, "title": "t"}),
            ("ai4ai-chat-messages", {"session_id": "ai4ai-0000", "timestamp": at_ms, "role": "user", "content": "hello again"}),
        ],
        "cg": [("cg-chatbot-conversations", {"conversation_id": "new", "user_id": "demo", "created_at": at, "messages": []})],
    }


@ON_ENGINE
def test_what_began_after_the_cutoff_is_told_and_not_handed_over(world: World, dynamodb: DynamoDBClient) -> None:
    """R15: also where it took the id of a conversation that was erased, or the key of a record that was."""
    sources = world(*SYSTEMS)
    for system, rows in begun_anew(AFTER, AFTER_MS).items():
        keys = planned(system)
        erase_all(dynamodb, keys)
        for table, item in rows:
            plant(dynamodb, table, item)
        seen = look({system: sources[system]}, keys, system, again=lambda left: pytest.fail("nothing is to be erased"))
        assert seen.clean, system
        assert fresh(seen) == {table: 1 for table, _ in rows}
        # The same with a time before the cut-off is what the plan missed.
        for table, item in rows:
            before = {name: BEFORE if value == AFTER else BEFORE_MS if value == AFTER_MS else value for name, value in item.items()}
            plant(dynamodb, table, before)
        assert look({system: sources[system]}, keys, system).left >= len(rows), system


AT, AT_MS = f"{CUTOFF:%Y-%m-%dT%H:%M:%S}.000", int(CUTOFF.timestamp()) * 1000
JUST_AFTER = f"{CUTOFF:%Y-%m-%dT%H:%M:%S}.001"


@ON_MOTO
@pytest.mark.parametrize("late", [False, True], ids=["at the cut-off", "a millisecond later"])
def test_what_is_as_old_as_the_cut_off_is_left_and_what_is_newer_is_new(late: bool, world: World, dynamodb: DynamoDBClient) -> None:
    """R15: at or before it, or after it."""
    sources, at, at_ms = world(*SYSTEMS), JUST_AFTER if late else AT, AT_MS + late
    for system, rows in begun_anew(at, at_ms).items():
        keys = planned(system)
        erase_all(dynamodb, keys)
        for table, item in rows:
            plant(dynamodb, table, item)
        seen = look({system: sources[system]}, keys, system)
        counts = {table: 1 for table, _ in rows}
        assert (classes(seen), fresh(seen)) == (({}, counts) if late else ({(table, Seen.LEFTOVER): 1 for table in counts}, {})), system


@ON_MOTO
def test_every_read_that_can_be_is_consistent(world: World, dynamodb: DynamoDBClient) -> None:
    """Of keys, of partitions, of whole tables, and of who else has a conversation: an index alone cannot be asked so."""
    asked: list[tuple[str, bool]] = []

    def on(method: str, request: dict[str, Any], send: Callable[..., Any]) -> Any:
        tables = [request] if "TableName" in request else list(request["RequestItems"].values())
        asked.extend((method, table.get("ConsistentRead") is True) for table in tables if "IndexName" not in request)
        return send(**request)

    sources = {system: spoilt(source, on) for system, source in world(*SYSTEMS).items()}
    for system in SYSTEMS:
        keys = planned(system)
        if system == "ai4ai":  # written late into what was erased: whose is it by now?
            erase_all(dynamodb, keys)
            plant(dynamodb, "ai4ai-chat-messages", {"session_id": "ai4ai-0000", "timestamp": AFTER_MS, "content": "x"})
        assert look({system: sources[system]}, keys, system).left
    assert set(asked) == {("batch_get_item", True), ("query", True), ("scan", True)}


@ON_ENGINE
def test_messages_of_a_conversation_that_somebody_else_began_are_not_touched(world: World, dynamodb: DynamoDBClient) -> None:
    sources, keys = world("ai4ai"), planned("ai4ai")
    erase_all(dynamodb, keys)
    plant(dynamodb, "ai4ai-chat-sessions", {"user_id": "ap-southeast-2:0002", "session_id": "ai4ai-0000", "created_at": AFTER})
    plant(dynamodb, "ai4ai-chat-messages", {"session_id": "ai4ai-0000", "timestamp": AFTER_MS, "role": "user", "content": "mine"})
    seen = look(sources, keys, "ai4ai")
    assert seen.clean
    assert fresh(seen) == {}


@ON_ENGINE
def test_an_item_past_its_ttl_is_left_as_long_as_it_can_be_read(world: World, dynamodb: DynamoDBClient) -> None:
    sources, keys = world("remo"), planned("remo")
    erase_all(dynamodb, keys)
    plant(dynamodb, "remo-user-data", {"user_id": "did:privy:cm1", "data_type": "todo_data", "timestamp": BEFORE, "ttl": 1, "data": {}})
    assert classes(look(sources, keys, "remo")) == {("remo-user-data", Seen.LEFTOVER): 1}


@ON_ENGINE
def test_a_key_that_is_somebody_elses_now_is_not_the_subjects(world: World, dynamodb: DynamoDBClient) -> None:
    """F9, F15: neither by a key of the plan nor by an index of the conversation."""
    sources, keys = world("ai_agent"), planned("ai_agent")
    erase_all(dynamodb, keys)
    message = next(key for key in keys if key.table == "ai-agent-messages")
    other = {"sessionId": "ai_agent-0000", "tenantId": "acme-eu", "userId": "user-2", "timestamp": BEFORE, "content": "private"}
    plant(dynamodb, "ai-agent-messages", other | {"id": message.key["id"]["S"]})
    plant(dynamodb, "ai-agent-messages", {"id": "elsewhere", "sessionId": "ai_agent-0000", "tenantId": "acme", "timestamp": BEFORE})
    assert look(sources, keys, "ai_agent").clean


@ON_ENGINE
def test_only_what_the_scope_names_is_looked_for(world: World, dynamodb: DynamoDBClient) -> None:
    """F13, R14, and one kind of data, and one conversation."""
    sources = world("ai_agent", "remo", "cg")
    keys = [
        key
        for key in planned("ai_agent")
        if ("tenantId", {"S": "acme-eu"}) in key.guard.conditions or key.key.get("tenantId") == {"S": "acme-eu"}
    ]
    assert 0 < len(keys) < len(planned("ai_agent"))
    erase_all(dynamodb, keys)
    where = scope("ai_agent", tenants=("acme-eu",))
    assert look(sources, keys, where=where).clean
    plant(dynamodb, "ai-agent-messages", {"id": "missed", "tenantId": "acme-eu", "userId": "user-1", "timestamp": BEFORE})
    assert look(sources, keys, where=where).left == 1
    kind = [key for key in planned("remo") if key.key["data_type"] == {"S": "todo_data"}]
    erase_all(dynamodb, kind)
    assert look(sources, kind, where=scope("remo", data_type="todo_data")).clean
    assert not look(sources, kind, where=scope("remo")).clean
    one = [key for key in planned("cg") if key.conversation == "cg-0000"]
    assert len(planned("cg")) > 1
    assert look(sources, one, where=scope("cg", conversation_id="cg-0000")).left == 1
    erase_all(dynamodb, one)
    assert look(sources, one, where=scope("cg", conversation_id="cg-0000")).clean


@ON_ENGINE
def test_an_index_that_is_behind_keeps_it_from_being_clean(world: World, dynamodb: DynamoDBClient) -> None:
    """F8: the entries of deleted items stay for two sweeps; until then the index still shows the user's data."""
    sources, keys = world("ai_agent"), planned("ai_agent")
    stored: list[Any] = dynamodb.scan(TableName="ai-agent-sessions")["Items"]
    late = {"ai-agent-sessions": [item for item in stored if item["userId"]["S"] == "user-1"]}
    erase_all(dynamodb, keys)
    answers = itertools.count(1)

    def on(method: str, request: dict[str, Any], send: Callable[..., Any]) -> Any:
        answer = send(**request)
        if request.get("IndexName") == "TenantUserIndex" and next(answers) <= 4:
            tenant = next(value for value in request["ExpressionAttributeValues"].values() if value["S"].startswith("acme"))
            return answer | {"Items": [item for item in late["ai-agent-sessions"] if item["tenantId"] == tenant]}
        return answer

    seen = look(
        {"ai_agent": spoilt(sources["ai_agent"], on)}, keys, "ai_agent", again=lambda left: pytest.fail("there is nothing to erase")
    )
    assert seen.clean
    assert [sweep.clean for sweep in seen.sweeps] == [False, False, True, True]
    assert seen.index_lag > 0
    always = look({"ai_agent": spoilt(sources["ai_agent"], lambda m, r, send: on_always(late, r, send))}, keys, "ai_agent", most_sweeps=3)
    assert classes(always) == {("ai-agent-sessions", Seen.INDEX): len(late["ai-agent-sessions"])}
    assert len(always.leftovers) == 0
    assert decide([Progress("ai_agent", "t", 5, deleted=5)], always, 5) is State.RESIDUALS


def on_always(late: dict[str, list[Any]], request: dict[str, Any], send: Callable[..., Any]) -> Any:
    answer = send(**request)
    if request.get("IndexName") == "TenantUserIndex":
        tenant = next(value for value in request["ExpressionAttributeValues"].values() if value["S"].startswith("acme"))
        return answer | {"Items": [item for item in late["ai-agent-sessions"] if item["tenantId"] == tenant]}
    return answer


def refused(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": f"com.amazonaws#{code}", "Message": "SECRET user-1"}}, operation)  # type: ignore[arg-type]


@ON_ENGINE
def test_a_table_that_cannot_be_read_is_named_and_the_others_go_on(world: World, dynamodb: DynamoDBClient) -> None:
    """F17."""
    sources = world("ai_agent", "cg")
    keys = [*planned("ai_agent"), *planned("cg")]
    erase_all(dynamodb, planned("ai_agent"))

    def on(method: str, request: dict[str, Any], send: Callable[..., Any]) -> Any:
        if "ai-agent-messages" in (request.get("TableName"), *request.get("RequestItems", {})):
            raise refused("AccessDeniedException", method)
        return send(**request)

    where = replace(scope("ai_agent"), systems=("ai_agent", "cg"))
    seen = look({**sources, "ai_agent": spoilt(sources["ai_agent"], on)}, keys, where=where)
    assert not seen.clean
    assert {(one.table, one.index, one.code) for one in seen.unread} >= {("ai-agent-messages", None, "no_permission")}
    assert "ai-agent-sessions" in seen.sweeps[-1].scanned
    assert "ai-agent-messages" not in seen.sweeps[-1].scanned
    assert not any(word in repr(seen.unread) + repr(seen.residuals) for word in ("SECRET", "user-1"))
    assert decide([Progress("ai_agent", "ai-agent-messages", 5, deleted=5)], seen, 5) is State.RESIDUALS


@ON_ENGINE
def test_throttles_and_an_outage_are_sat_out(world: World, dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data_access.erasure.sweep_reads._LONGEST_PAUSE", 0.01)
    sources, keys = world("ai_agent"), planned("ai_agent")
    erase_all(dynamodb, keys)
    number = itertools.count()

    def on(method: str, request: dict[str, Any], send: Callable[..., Any]) -> Any:
        n = next(number)
        if n % 3 == 0:
            raise refused("ProvisionedThroughputExceededException", method)
        if n % 7 == 1:
            raise EndpointConnectionError(endpoint_url="http://SECRET")
        if n % 7 == 2:
            raise refused("InternalServerError", method)
        if method == "batch_get_item" and n % 5 == 1:
            return {"Responses": {}, "UnprocessedKeys": {t: {"Keys": r["Keys"]} for t, r in request["RequestItems"].items()}}
        return send(**request)

    assert look({"ai_agent": spoilt(sources["ai_agent"], on)}, keys, "ai_agent", patience=60).clean

    def down(method: str, request: dict[str, Any], send: Callable[..., Any]) -> Any:
        raise refused("ThrottlingException", method)

    seen = look({"ai_agent": spoilt(sources["ai_agent"], down)}, keys, "ai_agent", patience=0.05)
    assert {one.code for one in seen.unread} == {"throttled"}
    assert not seen.clean


@ON_MOTO
def test_its_pauses_are_full_jitter_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        asked.append((low, high))
        return 0.0

    monkeypatch.setattr(sweep_reads, "random", SimpleNamespace(uniform=draw))
    times = itertools.count()

    def on(method: str, request: dict[str, Any], send: Callable[..., Any]) -> Any:
        if next(times) < 10:
            raise refused("ThrottlingException", method)
        return send(**request)

    reads = sweep_reads.Reads(spoilt(world("cg")["cg"], on), patience=60, beat=lambda: None)
    key = {"conversation_id": {"S": "no such"}, "user_id": {"S": "nobody"}}
    assert reads.get("cg-chatbot-conversations", [key]) == []
    reads.close()
    assert asked == [(0, min(10.0, 0.05 * 2**attempt)) for attempt in range(1, 11)]


@ON_ENGINE
def test_every_page_is_read_and_an_empty_one_is_not_the_last(world: World, dynamodb: DynamoDBClient) -> None:
    """R13: many pages of everything, empty ones between them, and one that never ends."""
    sources, keys = world("ai_agent", "ai4ai"), planned("ai_agent")

    def small(method: str, request: dict[str, Any], send: Callable[..., Any]) -> Any:
        return send(**request) if method == "batch_get_item" else send(**request, Limit=1)

    seen = look({"ai_agent": spoilt(sources["ai_agent"], small)}, keys[:3], "ai_agent")
    assert seen.left == len(keys)

    def endless(method: str, request: dict[str, Any], send: Callable[..., Any]) -> Any:
        if method != "query":
            return send(**request)
        return {"Items": [], "LastEvaluatedKey": {"user_id": {"S": "a"}, "session_id": {"S": "b"}}}

    seen = look({"ai4ai": spoilt(sources["ai4ai"], endless)}, [], "ai4ai")
    assert seen.unread
    assert not seen.clean


@ON_ENGINE
def test_a_hundred_conversations_and_more(world: World, dynamodb: DynamoDBClient) -> None:
    """More than one expression can list: then the Scan brings more, and the reader sorts it out itself."""
    sources = world("ai_agent")
    sessions = [{"id": f"s{n}", "tenantId": "acme", "userId": "user-1", "createdAt": BEFORE} for n in range(130)]
    keys = [frozen("ai_agent", "ai-agent-sessions", one) for one in sessions] + planned("ai_agent")
    erase_all(dynamodb, planned("ai_agent"))
    assert look(sources, keys, "ai_agent").clean
    plant(dynamodb, "ai-agent-messages", {"id": "orphan", "sessionId": "s129", "tenantId": "acme", "content": "no time, no user"})
    plant(dynamodb, "ai-agent-messages", {"id": "not mine", "sessionId": "s129", "tenantId": "acme-eu", "content": "another tenant's"})
    seen = look(sources, keys, "ai_agent")
    assert [one.key for one in seen.leftovers] == [{"id": {"S": "orphan"}}]


@ON_MOTO
def test_the_keys_go_through_once_a_sweep_and_twice_the_same_is_one(world: World, dynamodb: DynamoDBClient) -> None:
    sources, keys = world("cg"), planned("cg")
    erase_all(dynamodb, keys)
    passes = 0

    def stream() -> Iterator[FrozenKey]:
        nonlocal passes
        passes += 1
        yield from keys
        yield from keys

    seen = verify(sources, scope("cg"), stream, CUTOFF, settle_seconds=0, sweeps=3)
    assert seen.clean
    assert passes == 3
    assert len(seen.sweeps) == 3


@ON_MOTO
def test_fewer_sweeps_than_were_asked_for_are_not_clean(world: World, dynamodb: DynamoDBClient) -> None:
    sources, keys = world("cg"), planned("cg")
    erase_all(dynamodb, keys)
    seen = look(sources, keys, "cg", most_sweeps=1)
    assert [sweep.clean for sweep in seen.sweeps] == [True]
    assert not seen.clean
    assert decide([Progress("cg", "t", 5, deleted=5)], seen, 5) is not State.COMPLETED


@ON_MOTO
def test_the_beat_can_end_it(world: World) -> None:
    class Lost(Exception):
        pass

    def beat() -> None:
        raise Lost

    with pytest.raises(Lost):
        look(world("cg"), planned("cg"), "cg", beat=beat)


@ON_MOTO
def test_a_system_that_is_switched_off_since_cannot_be_called_clean(world: World) -> None:
    seen = look(world("cg"), [], where=replace(scope("cg"), systems=("cg", "remo"), user_id="nobody"))
    assert [one.code for one in seen.unread] == ["unknown_system"]
    assert decide([], seen, 0) is State.PARTIAL


@ON_MOTO
@pytest.mark.parametrize("user", ["nobody", "", "x" * 2049, "Demo", "demo ", "dem"])
def test_who_is_not_there_has_nothing(user: str, world: World) -> None:
    """F11, F12."""
    seen = look(world(*SYSTEMS), [], where=replace(scope("cg"), systems=SYSTEMS, user_id=user))
    assert seen.left == 0
    assert not seen.new_activity
    assert decide([], seen, 0) in {State.NO_DATA, State.PARTIAL}


def test_leftovers_come_back_as_boto3_takes_them() -> None:
    left = Leftovers()
    one = Leftover("x", "t", {"a": {"B": b"\x00\xff"}, "b": {"N": "1"}}, Seen.STUB, "c")
    left.add(one)
    assert list(left) == list(left) == [one]
    assert len(left) == 1
    assert "b" not in repr(left).removeprefix("Leftovers")


def a_verification(*, clean: bool, residuals: int, unread: int) -> Verification:
    sweep = Sweep(CUTOFF, 1, (), (), 1.0, 0.1, 0.1, clean)
    left = tuple(Residual("s", "t", 1, "why", Seen.LEFTOVER) for _ in range(residuals))
    return Verification((sweep, sweep), left, (), tuple(Unread("s", "t", "c", "w") for _ in range(unread)), Leftovers(), clean)


@pytest.mark.parametrize("verified", [False, True])
@pytest.mark.parametrize("clean", [False, True])
def test_completed_is_earned(verified: bool, clean: bool) -> None:
    """R4: over all combinations."""
    for counts in itertools.product(range(3), repeat=7):
        is_earned(*counts, verified=verified, clean=clean)


def is_earned(
    planned_: int, deleted: int, absent: int, foreign: int, errors: int, residuals: int, unread: int, *, verified: bool, clean: bool
) -> None:
    clean = clean and not residuals and not unread
    seen = a_verification(clean=clean, residuals=residuals, unread=unread) if verified else None
    rows = [Progress("s", "t", planned_, deleted, absent, foreign, errors)]
    state = decide(rows, seen, planned_)
    tried = deleted + absent + errors
    if state is State.COMPLETED:
        assert deleted > 0
        assert verified
        assert clean
        assert not foreign
        assert tried >= planned_
    if state is State.NO_DATA:
        assert clean
        assert not deleted
    if verified and clean and deleted and not foreign and tried >= planned_:
        assert state is State.COMPLETED
    if residuals and verified and not foreign and tried >= planned_ and (deleted or absent):
        assert state is State.RESIDUALS
    if verified and not clean and not foreign and tried >= planned_ > 0 and not (deleted or absent):
        assert state is State.FAILED
    if state is State.FAILED:
        assert planned_ > 0
        assert deleted == absent == 0
        assert not clean
    if not verified or foreign or tried < planned_:
        assert state is State.PARTIAL
    assert state in {State.COMPLETED, State.NO_DATA, State.RESIDUALS, State.PARTIAL, State.FAILED}
