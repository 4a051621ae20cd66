"""What becomes of each key, on the real engine: deleted, absent, somebody else's, and nothing in between."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data_access.erasure.deleter import Deleter, Done, batches
from data_access.erasure.model import FrozenKey, Guard, Outcome
from data_access.erasure.pace import Clock, Pace
from data_access.erasure.sending import Sending
from data_access.erasure.statements import NOBODY, single, statement, transaction
from data_access.errors import ErasureError, Throttled
from tests.data_access.erasure.faults.listening import listening
from tests.data_access.erasure.shops import Between, Shop, refused, shop_at

DELETED, ABSENT, FOREIGN, ERROR = Outcome.DELETED, Outcome.ABSENT, Outcome.FOREIGN, Outcome.ERROR
# A clock that does not wait.
SWIFT = Clock(wait=lambda stop, seconds: None)


@pytest.fixture
def shop(engine_endpoint: str, tmp_path: Path) -> Iterator[Shop]:
    with shop_at(engine_endpoint, tmp_path) as found:
        yield found


def message(shop: Shop, number: int, user: str = "u", size: int = 300) -> FrozenKey:
    guard = Guard("owner_attribute", (("userId", {"S": user}), ("sessionId", {"S": "s"})))
    return FrozenKey("ai_agent", shop.name("ai-agent-messages"), {"id": {"S": f"m{number}"}}, guard, 0, size, "s")


def put_message(shop: Shop, number: int, user: str = "u", **more: Any) -> None:
    shop.put("ai-agent-messages", id=f"m{number}", sessionId="s", tenantId="t", userId=user, content="SECRET WORDS", **more)


def said(shop: Shop, number: int, parent: str = "u") -> FrozenKey:
    """A message that names its conversation alone."""
    guard = Guard("parent_check", (), (shop.name("ai4ai-chat-sessions"), {"user_id": {"S": parent}, "session_id": {"S": "s"}}))
    key = {"session_id": {"S": "s"}, "timestamp": {"N": str(number)}}
    return FrozenKey("ai4ai", shop.name("ai4ai-chat-messages"), key, guard, 0, 100, "s")


def delete(shop: Shop, keys: Sequence[FrozenKey], wrap: Callable[[Any], Any] | None = None, *, begun: bool = False, **how: Any) -> Done:
    found = shop.with_client(wrap) if wrap else shop
    sending = Sending(found.workshop.sources, Pace(None), stop=threading.Event(), patience=5, clock=SWIFT, **how)
    deleter, done = Deleter(sending), Done()
    for batch in batches(keys):
        done.add(deleter.delete(batch, begun=begun))
    return done


@pytest.mark.engine
def test_each_key_says_what_became_of_it(shop: Shop) -> None:
    for number in range(30):
        put_message(shop, number)
    put_message(shop, 30, user="other")
    done = delete(shop, [message(shop, number) for number in range(33)])
    assert done.outcomes == Counter({DELETED: 30, FOREIGN: 1, ABSENT: 2})
    assert [item["userId"]["S"] for item in shop.items("ai-agent-messages")] == ["other"]
    assert "SECRET" not in repr(done)
    assert done.units >= 33


@pytest.mark.engine
def test_an_item_without_the_owners_attribute_is_not_the_users(shop: Shop) -> None:
    shop.put("ai-agent-messages", id="m1", sessionId="s")
    assert delete(shop, [message(shop, 1)]).outcomes == Counter({FOREIGN: 1})
    assert shop.items("ai-agent-messages")


OWN: Mapping[str, Any] = {"userId": "u", "sessionId": "s", "tenantId": "t", "meta": {"owner": "u"}}
GUARD = Guard("owner_attribute", (*((name, {"S": OWN[name]}) for name in ("userId", "sessionId", "tenantId")), ("meta.owner", {"S": "u"})))
# One thing of each is not as the guard says it: another value, none, and where no index forbids it NULL and another type.
NOT_MINE: list[dict[str, Any]] = [
    {key: value for key, value in {**OWN, name: other}.items() if value is not ...}
    for name in OWN
    for other in {"meta": ({"owner": "other"}, {}, None, ...), "userId": ("other", None, 7, ...)}.get(name, ("other", ...))
]


def unbatched(client: Any) -> Any:
    """A DynamoDB that takes no batch of statements: then each key is asked for alone."""

    def before(method: str, request: Mapping[str, Any]) -> None:
        if method == "batch_execute_statement":
            raise refused("ValidationException", method)

    return Between(client, before)


@pytest.mark.engine
@pytest.mark.parametrize("wrap", [None, unbatched])
def test_every_condition_of_a_guard_is_asked_in_a_batch_and_alone(shop: Shop, wrap: Callable[[Any], Any] | None) -> None:
    """F15: an item that shares the conversation, the tenant or the user, and not all of them, stays."""
    rows = [*NOT_MINE, dict(OWN)]
    for number, row in enumerate(rows):
        shop.put("ai-agent-messages", id=f"m{number}", content="SECRET WORDS", **row)
    keys = [replace(message(shop, number), guard=GUARD) for number in range(len(rows))]
    with listening() as heard:
        done = delete(shop, keys, wrap)
    assert done.outcomes == Counter({FOREIGN: len(NOT_MINE), DELETED: 1})
    assert {item["id"]["S"] for item in shop.items("ai-agent-messages")} == {f"m{number}" for number in range(len(NOT_MINE))}
    assert "SECRET" not in repr(done) + heard.getvalue()


@pytest.mark.engine
def test_every_condition_of_a_guard_is_asked_of_the_conversation(shop: Shop) -> None:
    rows = [*NOT_MINE, dict(OWN)]
    keys: list[FrozenKey] = []
    for number, row in enumerate(rows):
        shop.put("ai4ai-chat-sessions", user_id="u", session_id=f"s{number}", title="SECRET WORDS", **row)
        shop.put("ai4ai-chat-messages", session_id=f"s{number}", timestamp=1, content="SECRET WORDS")
        parent = (shop.name("ai4ai-chat-sessions"), {"user_id": {"S": "u"}, "session_id": {"S": f"s{number}"}})
        key = {"session_id": {"S": f"s{number}"}, "timestamp": {"N": "1"}}
        keys.append(replace(said(shop, 1), key=key, guard=Guard("parent_check", GUARD.conditions, parent)))
    with listening() as heard:
        done = delete(shop, keys)
    assert done.outcomes == Counter({FOREIGN: len(NOT_MINE), DELETED: 1})
    assert len(shop.items("ai4ai-chat-messages")) == len(NOT_MINE)
    assert "SECRET" not in repr(done) + heard.getvalue()


@pytest.mark.engine
def test_the_owner_in_the_key_is_a_guard(shop: Shop) -> None:
    shop.put("remo-user-data", user_id="u", data_type="todo_data")
    shop.put("remo-user-data", user_id="U", data_type="todo_data")
    table = shop.name("remo-user-data")
    keys = [
        FrozenKey("remo", table, {"user_id": {"S": "u"}, "data_type": {"S": kind}}, Guard("owner_in_key"), 0, 50)
        for kind in ("todo_data", "x")
    ]
    assert delete(shop, keys).outcomes == Counter({DELETED: 1, ABSENT: 1})
    assert [item["user_id"]["S"] for item in shop.items("remo-user-data")] == ["U"]


@pytest.mark.engine
def test_keys_that_come_twice_and_odd_names_and_values(shop: Shop) -> None:
    odd = "o'd\"d ünïcode \u200b"
    shop.put("ai-agent-messages", id=odd, sessionId="s", userId=odd, metadata={"who": {"deep": odd}, "n": 12})
    guard = Guard("owner_attribute", (("userId", {"S": odd}), ("metadata.who.deep", {"S": odd}), ("metadata.n", {"N": "12"})))
    key = FrozenKey("ai_agent", shop.name("ai-agent-messages"), {"id": {"S": odd}}, guard, 0, 100)
    assert delete(shop, [key, key]).outcomes == Counter({DELETED: 1, ABSENT: 1})


@pytest.mark.engine
def test_messages_beside_a_check_on_their_conversation(shop: Shop) -> None:
    shop.put("ai4ai-chat-sessions", user_id="u", session_id="s")
    for number in range(150):
        shop.put("ai4ai-chat-messages", session_id="s", timestamp=number, content="x")
    done = delete(shop, [said(shop, number) for number in range(153)])
    assert done.outcomes == Counter({DELETED: 150, ABSENT: 3})
    assert done.units >= 300


@pytest.mark.engine
def test_messages_whose_conversation_is_gone_go_unless_it_was_begun_again(shop: Shop) -> None:
    for number in range(3):
        shop.put("ai4ai-chat-messages", session_id="s", timestamp=number, content="x")
    assert delete(shop, [said(shop, 0), said(shop, 7)]).outcomes == Counter({DELETED: 1, ABSENT: 1})
    shop.put("ai4ai-chat-sessions", user_id="u", session_id="s", owner="somebody else")
    parent = said(shop, 1).guard.parent
    guarded = replace(said(shop, 1), guard=Guard("parent_check", (("owner", {"S": "u"}),), parent))
    assert delete(shop, [guarded]).outcomes == Counter({FOREIGN: 1})
    assert len(shop.items("ai4ai-chat-messages")) == 2


@pytest.mark.engine
def test_a_conversation_that_is_begun_again_between_two_requests_keeps_its_messages(shop: Shop) -> None:
    """Gone when it was checked, there again when its messages are to go without it: then they may be anybody's."""
    shop.put("ai4ai-chat-messages", session_id="s", timestamp=1, content="x")
    asked: list[str] = []

    def begin_again(method: str, request: Mapping[str, Any]) -> None:
        asked.append(method)
        if len(asked) == 2:
            shop.put("ai4ai-chat-sessions", user_id="u", session_id="s")

    done = delete(shop, [said(shop, 1)], lambda client: Between(client, begin_again))
    assert asked == ["transact_write_items"] * 2
    assert done.outcomes == Counter({FOREIGN: 1})
    assert len(shop.items("ai4ai-chat-messages")) == 1


@pytest.mark.engine
def test_an_item_that_must_name_nobody(shop: Shop) -> None:
    table = shop.name("ai-agent-sessions")
    key = {"id": {"S": "s"}, "tenantId": {"S": "t"}}
    guard = Guard("owner_attribute", (("userId", NOBODY), ("updatedAt", {"S": "now"})))
    frozen = FrozenKey("ai_agent", table, key, guard, 9, 50, "s")
    shop.put("ai-agent-sessions", id="s", tenantId="t", userId="other", updatedAt="now")
    assert delete(shop, [frozen]).outcomes == Counter({FOREIGN: 1})
    shop.put("ai-agent-sessions", id="s", tenantId="t", updatedAt="now")
    assert delete(shop, [frozen]).outcomes == Counter({DELETED: 1})
    assert delete(shop, [frozen]).outcomes == Counter({ABSENT: 1})


@pytest.mark.engine
def test_what_is_gone_after_an_interruption_was_deleted(shop: Shop) -> None:
    put_message(shop, 1)
    assert delete(shop, [message(shop, 1), message(shop, 2)], begun=True).outcomes == Counter({DELETED: 2})
    assert delete(shop, [said(shop, 1)], begun=True).outcomes == Counter({DELETED: 1})


@pytest.mark.engine
def test_an_answer_that_was_lost_counts_once(shop: Shop) -> None:
    for number in range(3):
        put_message(shop, number)
    lost: list[int] = []

    def after(method: str, request: Mapping[str, Any], answer: Any) -> Any:
        if not lost:
            lost.append(1)
            raise refused("InternalServerError", method, 500)
        return answer

    keys = [message(shop, number) for number in range(3)]
    put_message(shop, 9)
    warm = message(shop, 9)

    def wrap(client: Any) -> Any:
        return Between(client, after=after)

    found = shop.with_client(wrap)
    deleter = Deleter(Sending(found.workshop.sources, Pace(None), stop=threading.Event(), patience=5, clock=SWIFT))
    lost.append(1)
    assert deleter.delete(next(batches([warm]))).outcomes == Counter({DELETED: 1})
    lost.clear()
    assert deleter.delete(next(batches(keys))).outcomes == Counter({DELETED: 3})


@pytest.mark.engine
def test_what_a_request_cost_more_than_was_taken_for_it_is_paid_before_the_next(shop: Shop) -> None:
    """A table says that it counted ten units: its own, without those of its indexes, are waited for."""
    put_message(shop, 1)
    settled: list[float] = []

    class Noting(Pace):
        def settle(self, units: float) -> None:
            settled.append(units)

    def dear(method: str, request: Mapping[str, Any], answer: Any) -> Any:
        consumed = {"CapacityUnits": 14.0, "Table": {"CapacityUnits": 10.0}, "GlobalSecondaryIndexes": {"i": {"CapacityUnits": 4.0}}}
        return answer | {"ConsumedCapacity": [consumed]}

    found = shop.with_client(lambda client: Between(client, after=dear))
    sending = Sending(found.workshop.sources, Noting(None), stop=threading.Event(), patience=5, clock=SWIFT)
    done = Deleter(sending).delete(next(batches([message(shop, 1)])))
    assert (done.outcomes, done.units, settled) == (Counter({DELETED: 1}), 14.0, [9.0])


@pytest.mark.engine
def test_throttled_statements_alone_are_sent_again(shop: Shop) -> None:
    for number in range(10):
        put_message(shop, number)
    sizes: list[int] = []

    def after(method: str, request: Mapping[str, Any], answer: Any) -> Any:
        sizes.append(len(request["Statements"]))
        if len(sizes) < 3:
            # The engine has done it; DynamoDB would not have. What matters is what is asked again.
            busy = {"Error": {"Code": "ProvisionedThroughputExceeded", "Message": "SECRET"}}
            return answer | {"Responses": [busy if number % 2 else one for number, one in enumerate(answer["Responses"])]}
        return answer

    done = delete(shop, [message(shop, number) for number in range(10)], lambda client: Between(client, after=after))
    assert sizes == [10, 5, 2]
    assert done.outcomes.total() == 10
    assert not done.untried


@pytest.mark.engine
def test_a_table_that_never_has_capacity_ends_patience(shop: Shop) -> None:
    time = [0.0]

    def wait(stop: threading.Event, seconds: float) -> None:
        time[0] += seconds

    def before(method: str, request: Mapping[str, Any]) -> None:
        raise refused("ThrottlingException", method)

    found = shop.with_client(lambda client: Between(client, before))
    sending = Sending(found.workshop.sources, Pace(None), stop=threading.Event(), patience=60, clock=Clock(now=lambda: time[0], wait=wait))
    with pytest.raises(Throttled):
        Deleter(sending).delete(next(batches([message(shop, 1)])))
    assert 60 <= time[0] < 80


@pytest.mark.engine
def test_no_permission_is_told_and_not_raised(shop: Shop) -> None:
    shop.put("ai4ai-chat-sessions", user_id="u", session_id="s")
    shop.put("ai4ai-chat-messages", session_id="s", timestamp=1)
    put_message(shop, 1)

    def before(method: str, request: Mapping[str, Any]) -> None:
        raise refused("AccessDeniedException", method)

    for key in (message(shop, 1), said(shop, 1)):
        done = delete(shop, [key], lambda client: Between(client, before))
        assert done.outcomes == Counter({ERROR: 1})
        assert done.stuck == {"s"}
        assert done.refusal is not None
        assert key.table in done.refusal.sentence
        assert "SECRET" not in str(done.refusal)


@pytest.mark.engine
def test_a_stop_leaves_keys_untried(shop: Shop) -> None:
    put_message(shop, 1)
    stop = threading.Event()
    stop.set()
    deleter = Deleter(Sending(shop.workshop.sources, Pace(None), stop=stop, patience=5))
    done = deleter.delete(next(batches([message(shop, 1)])))
    assert (done.untried, done.outcomes.total()) == (1, 0)
    assert shop.items("ai-agent-messages")


def test_single_deletes_where_no_batch_is_understood(moto_endpoint: str, tmp_path: Path, pauses: list[float]) -> None:
    with shop_at(moto_endpoint, tmp_path) as shop:
        for number in range(4):
            put_message(shop, number)
        put_message(shop, 4, user="other")
        done = delete(shop, [message(shop, number) for number in range(6)])
        assert done.outcomes == Counter({DELETED: 4, FOREIGN: 1, ABSENT: 1})
        assert len(shop.items("ai-agent-messages")) == 1
        shop.put("ai4ai-chat-sessions", user_id="u", session_id="s")
        shop.put("ai4ai-chat-messages", session_id="s", timestamp=1)
        assert delete(shop, [said(shop, 1), said(shop, 2)]).outcomes == Counter({DELETED: 1, ABSENT: 1})
        assert "SECRET" not in repr(done)


def test_batches_are_as_large_as_dynamodb_takes_them(tmp_path: Path) -> None:
    shop: Any = type("Named", (), {"name": staticmethod(lambda table: table)})
    assert [len(batch.keys) for batch in batches(message(shop, number) for number in range(60))] == [25, 25, 10]
    assert [len(batch.keys) for batch in batches(said(shop, number) for number in range(100))] == [99, 1]
    assert [len(batch.keys) for batch in batches(message(shop, number, size=400_000) for number in range(12))] == [10, 2]
    apart = [said(shop, number, parent=f"u{number % 2}") for number in range(4)]
    assert sorted(len(batch.keys) for batch in batches(apart)) == [2, 2]
    assert [len(batch.keys) for batch in batches([message(shop, 1), message(shop, 1)])] == [1, 1]


def test_no_request_is_made_for_a_key_without_a_guard() -> None:
    bare = FrozenKey("cg", "t", {"id": {"S": "1"}}, Guard("owner_attribute"), 0, 1)
    beside = replace(bare, guard=Guard("parent_check"))
    for make in (statement, single, lambda key: transaction([key], "t")):
        for key in (bare, beside):
            with pytest.raises(ErasureError):
                make(key)
    with pytest.raises(ErasureError):
        statement(replace(bare, guard=Guard("parent_check", (), ("t", {"id": {"S": "1"}}))))


def test_names_are_quoted_and_values_are_parameters() -> None:
    key = FrozenKey("x", "my-table", {'i"d': {"S": "'; --"}}, Guard("owner_attribute", (("a.b", {"S": "u"}),)), 0, 1)
    asked = statement(key)
    assert asked["Statement"] == 'DELETE FROM "my-table" WHERE "i""d" = ? AND "a"."b" = ? RETURNING ALL OLD *'
    assert asked["Parameters"] == [{"S": "'; --"}, {"S": "u"}]
