"""Jobs from the confirmation to the receipt, on the real engine: what goes, what stays, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from data_access.audit import verify as verify_audit
from data_access.erasure.model import Job, Outcome, Scope, State
from data_access.erasure.receipt_check import verify_receipt
from data_access.erasure.working import work
from data_access.errors import AuditError, Throttled
from tests.data_access.erasure.making import stored_rows
from tests.data_access.erasure.shops import ME, SUBJECTS, Between, Shop, refused, shop_at

pytestmark = pytest.mark.engine
SYSTEMS = ("remo", "ai_agent", "ai4ai", "cg")
DELETES = ("batch_execute_statement", "transact_write_items", "delete_item")
LATER = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@pytest.fixture
def shop(engine_endpoint: str, tmp_path: Path) -> Iterator[Shop]:
    with shop_at(engine_endpoint, tmp_path, *SYSTEMS) as found:
        yield found


def sums(job: Job) -> dict[str, int]:
    return {name: sum(getattr(row, name) for row in job.progress) for name in ("planned", "deleted", "absent", "foreign", "errors")}


def events(shop: Shop, plan_id: str) -> list[str]:
    return [entry.event for entry in shop.workshop.audit.entries(plan_id=plan_id)]


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_user_is_erased_and_nobody_else(shop: Shop, system: str) -> None:
    before, there = shop.others(), shop.left(system)
    job = shop.work(shop.confirmed(system).plan_id)
    assert job.state is State.COMPLETED
    assert there > 0
    assert shop.left(system) == 0
    assert shop.others() == before
    assert sums(job) == {"planned": there, "deleted": there, "absent": 0, "foreign": 0, "errors": 0}
    assert all(row.write_units > 0 for row in job.progress if row.deleted)
    assert job.plan.scope.user_id == ""
    receipt = shop.jobs.receipt(job.plan_id)
    checked = verify_receipt(receipt)
    assert checked.ok
    assert checked.receipt is not None
    assert checked.receipt.content.state is State.COMPLETED
    assert SUBJECTS[system].encode() not in receipt
    assert verify_audit(shop.workshop.audit).state == "unwitnessed"
    told = events(shop, job.plan_id)
    assert told[:3] == ["planned", "submitted", "started"]
    assert told[-2:] == ["ended", "receipted"]
    assert "deleting" in told
    rest = json.dumps([row for row in stored_rows(shop.control) if row["pk"]["S"] != "audit"], default=str)
    assert SUBJECTS[system] not in rest


def test_an_unknown_user_has_no_data_and_is_never_completed(shop: Shop) -> None:
    plan = shop.jobs.plan(Scope("nobody", SYSTEMS), ME)
    shop.jobs.confirm(plan.plan_id, "nobody", ME)
    job = shop.work(plan.plan_id)
    assert job.state is State.NO_DATA
    assert sums(job)["planned"] == 0


def test_messages_go_before_their_conversations(shop: Shop) -> None:
    sent: list[str] = []

    def note(method: str, request: Mapping[str, Any]) -> None:
        if method in DELETES:
            sent.append(json.dumps(request))

    job = shop.confirmed("ai_agent")
    shop.with_client(lambda client: Between(client, note), "ai_agent").work(job.plan_id)
    sessions = [number for number, one in enumerate(sent) if "ai-agent-sessions" in one]
    messages = [number for number, one in enumerate(sent) if "ai-agent-messages" in one]
    assert messages
    assert sessions
    assert max(messages) < min(sessions)


def test_what_came_between_plan_and_start_is_erased_and_told(shop: Shop) -> None:
    job = shop.confirmed("ai_agent")
    shop.put("ai-agent-sessions", id="new-talk", tenantId="acme", userId="user-1", createdAt="2026-06-01T00:00:00.000Z")
    message = {"sessionId": "new-talk", "tenantId": "acme", "userId": "user-1", "content": "x", "role": "user"}
    shop.put("ai-agent-messages", id="new-m", timestamp="2026-06-01T00:00:00.000Z", **message)
    ended = shop.work(job.plan_id)
    assert ended.state is State.COMPLETED
    assert "2 items came since" in ended.message
    assert sums(ended)["planned"] == job.plan.keys + 2
    assert not [item for item in shop.items("ai-agent-messages") if item["id"]["S"] == "new-m"]


def test_what_came_since_and_is_in_no_index_is_found_by_the_check_erased_and_told(shop: Shop) -> None:
    """The look at the start follows indexes; a message without its index key is seen by the Scan of the check alone."""
    job = shop.confirmed("ai_agent")
    shop.put("ai-agent-messages", id="new-m", sessionId="new-talk", tenantId="acme", userId="user-1", content="x", role="user")
    ended = shop.work(job.plan_id)
    assert ended.state is State.COMPLETED
    assert "came since" not in ended.message
    assert "The check after the deletes found 1 item more: erased too." in ended.message
    assert sums(ended)["planned"] == job.plan.keys + 1
    assert not [item for item in shop.items("ai-agent-messages") if item["id"]["S"] == "new-m"]


def test_the_look_at_the_start_reads_no_table_of_messages_from_end_to_end(shop: Shop) -> None:
    asked: list[str] = []

    def note(operation: str, request: Mapping[str, Any]) -> None:
        asked.append(f"{operation} {json.dumps(request, default=str)}")

    job = shop.confirmed("ai_agent")
    shop.with_client(lambda client: Between(client, note), "ai_agent").work(job.plan_id)
    first = next(number for number, one in enumerate(asked) if "ai-agent" in one and one.split()[0] in DELETES)
    assert any("SessionTimestampIndex" in one for one in asked[:first])
    assert not [one for one in asked[:first] if one.startswith("scan") and "ai-agent" in one]
    assert [one for one in asked[first:] if one.startswith("scan") and "ai-agent-messages" in one]


def test_what_came_while_it_was_looked_once_more_is_before_the_cut_off(shop: Shop) -> None:
    """Written behind the look's back, and begun after the worker started: neither missed nor called new activity."""
    job, came = shop.confirmed("cg"), list[str]()

    def write(method: str, request: Mapping[str, Any], answer: Any) -> Any:
        if method == "query" and "IndexName" in request and not came:
            came.append(datetime.now(UTC).isoformat())
            shop.put("cg-chatbot-conversations", conversation_id="meanwhile", user_id="demo", created_at=came[0], updated_at=came[0])
        return answer

    ended = shop.with_client(lambda client: Between(client, after=write), "cg").work(job.plan_id)
    assert ended.started_at is not None
    assert ended.cutoff is not None
    assert ended.started_at < datetime.fromisoformat(came[0]) < ended.cutoff
    assert ended.state is State.COMPLETED
    assert "newer than the erasure" not in ended.message
    assert not [item for item in shop.items("cg-chatbot-conversations") if item["conversation_id"]["S"] == "meanwhile"]


def test_too_much_that_came_since_blocks_the_job_before_anything_is_deleted(shop: Shop) -> None:
    job, before = shop.confirmed("cg"), shop.left("cg")
    for number in range(120):
        shop.put("cg-chatbot-conversations", conversation_id=f"more-{number}", user_id="demo", created_at="2026-06-01T00:00:00Z")
    ended = shop.work(job.plan_id)
    assert ended.state is State.BLOCKED
    assert "nothing was deleted" in ended.message
    assert shop.left("cg") == before


def test_a_changed_plan_is_not_worked_on(shop: Shop) -> None:
    job = shop.confirmed("cg")
    table = shop.control.records.table
    row = next(row for row in stored_rows(shop.control) if row["sk"]["S"].startswith("keys#"))
    shop.client.delete_item(TableName=table, Key={"pk": row["pk"], "sk": row["sk"]})
    assert shop.work(job.plan_id).state is State.BLOCKED
    assert shop.left("cg") > 0


def test_an_item_that_became_somebody_elses_stops_the_job(shop: Shop) -> None:
    job = shop.confirmed("ai_agent")
    mine = next(item for item in shop.items("ai-agent-messages") if item["userId"]["S"] == "user-1")
    shop.put(
        "ai-agent-messages", id=mine["id"]["S"], sessionId="theirs", tenantId="acme", userId="user-77", content="THEIR WORDS", role="user"
    )
    ended = shop.work(job.plan_id)
    assert ended.state is State.BLOCKED
    assert sums(ended)["foreign"] == 1
    assert [item for item in shop.items("ai-agent-messages") if item["userId"]["S"] == "user-77"]
    kept = json.dumps(list(stored_rows(shop.control)), default=str) + shop.jobs.receipt(job.plan_id).decode()
    assert "THEIR WORDS" not in kept
    assert "user-77" not in kept


def test_a_cancel_ends_it_between_two_batches(shop: Shop) -> None:
    job = shop.confirmed("ai_agent")

    def ask(method: str, request: Mapping[str, Any]) -> None:
        if method in DELETES:
            shop.jobs.cancel(job.plan_id, ME)

    ended = shop.with_client(lambda client: Between(client, ask), "ai_agent").work(job.plan_id)
    assert ended.state is State.CANCELLED
    total = sums(ended)
    assert 0 < total["deleted"] < total["planned"]
    assert [item for item in shop.items("ai-agent-sessions") if item["userId"]["S"] == "user-1"]


def test_a_table_that_may_not_be_written_to_does_not_hold_up_the_others(shop: Shop) -> None:
    for table in ("remo-user-data", "cg-chatbot-conversations"):
        key = {"data_type": "todo_data"} if table == "remo-user-data" else {"conversation_id": "c-x", "created_at": "2026-01-01T00:00:00Z"}
        shop.put(table, user_id="user-1", **key)
    plan = shop.jobs.plan(Scope("user-1", SYSTEMS), ME)
    shop.jobs.confirm(plan.plan_id, "user-1", ME)

    def deny(method: str, request: Mapping[str, Any]) -> None:
        if method in DELETES and "ai-agent-messages" in json.dumps(request):
            raise refused("AccessDeniedException", method)

    ended = shop.with_client(lambda client: Between(client, deny), "ai_agent").work(plan.plan_id)
    assert ended.state is State.RESIDUALS
    assert shop.name("ai-agent-messages") in ended.message
    assert "did not permit" in ended.message
    assert not [item for item in shop.items("cg-chatbot-conversations") if item["user_id"]["S"] == "user-1"]
    # The conversations stay: they are the only way to the messages.
    assert [item for item in shop.items("ai-agent-sessions") if item["userId"]["S"] == "user-1"]


def test_without_an_audit_nothing_is_deleted(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    job, before = shop.confirmed("ai4ai"), shop.left("ai4ai")
    written = shop.workshop.audit.write

    def fail(event: Any) -> Any:
        if type(event).__name__ == "Deleting":
            raise AuditError("The audit cannot be written.")
        return written(event)

    with monkeypatch.context() as patch:
        patch.setattr(shop.workshop.audit, "write", fail)
        with pytest.raises(AuditError):
            shop.work(job.plan_id)
    assert shop.left("ai4ai") == before
    assert "audit" in shop.jobs.status(job.plan_id).message
    assert shop.work(job.plan_id).state is State.COMPLETED


@pytest.mark.parametrize("system", ["ai_agent", "ai4ai"])
def test_killed_between_delete_and_checkpoint_nothing_is_counted_twice(shop: Shop, system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    job = shop.confirmed(system)

    def killed(*_: Any, **__: Any) -> bool:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(shop.control, "checkpoint", killed)
        with pytest.raises(Killed):
            work(shop.workshop, job.plan_id, "worker-1")
    assert shop.jobs.status(job.plan_id).state is State.RUNNING
    ended = shop.work(job.plan_id)
    assert ended.state is State.COMPLETED
    # What was gone when the second worker came was the first one's doing.
    assert sums(ended) == {"planned": job.plan.keys, "deleted": job.plan.keys, "absent": 0, "foreign": 0, "errors": 0}


def test_what_went_by_itself_is_absent(shop: Shop) -> None:
    job = shop.confirmed("ai_agent")
    mine = [item for item in shop.items("ai-agent-messages") if item["userId"]["S"] == "user-1"]
    shop.client.delete_item(TableName=shop.name("ai-agent-messages"), Key={"id": mine[0]["id"]})
    ended = shop.work(job.plan_id)
    assert ended.state is State.COMPLETED
    assert sums(ended) == {"planned": job.plan.keys, "deleted": job.plan.keys - 1, "absent": 1, "foreign": 0, "errors": 0}


@pytest.mark.parametrize("system", ["ai_agent", "ai4ai"])
def test_an_upsert_that_brings_a_conversation_back_is_erased_again(shop: Shop, system: str) -> None:
    job, others = shop.confirmed(system), shop.others()
    table = shop.name("ai-agent-sessions" if system == "ai_agent" else "ai4ai-chat-sessions")
    key = {"id", "tenantId"} if system == "ai_agent" else {"user_id", "session_id"}
    name = "updatedAt" if system == "ai_agent" else "updated_at"
    mine = [item for item in everything_of(shop, table) if SUBJECTS[system] in json.dumps(item)]
    back: list[int] = []

    def upsert(method: str, request: Mapping[str, Any], answer: Any) -> Any:
        if method in DELETES and f'\\"{table}\\"' in json.dumps(request) and not back:
            back.append(1)
            shop.client.update_item(
                TableName=table,
                Key={one: mine[0][one] for one in key},
                UpdateExpression="SET #u = :u",
                ExpressionAttributeNames={"#u": name},
                ExpressionAttributeValues={":u": {"S": "2026-11-20T00:00:00.000Z"}},
            )
        return answer

    ended = shop.with_client(lambda client: Between(client, after=upsert), system).work(job.plan_id)
    assert back
    assert ended.state is State.COMPLETED
    assert shop.left(system) == 0
    assert shop.others() == others


def everything_of(shop: Shop, table: str) -> list[dict[str, Any]]:
    return shop.items(table.removeprefix(shop.prefix))


def test_a_message_that_comes_late_into_an_erased_conversation_goes_too(shop: Shop) -> None:
    job = shop.confirmed("ai4ai")
    talk = next(item for item in shop.items("ai4ai-chat-sessions") if item["user_id"]["S"] == SUBJECTS["ai4ai"])["session_id"]["S"]
    came: list[int] = []

    def write(method: str, request: Mapping[str, Any], answer: Any) -> Any:
        if method in DELETES and "chat-sessions" in json.dumps(request) and method == "batch_execute_statement" and not came:
            came.append(1)
            stamp = int((datetime.now(UTC) + timedelta(seconds=5)).timestamp() * 1000)
            shop.put("ai4ai-chat-messages", session_id=talk, timestamp=stamp, message_id="late", role="user", content="late")
        return answer

    ended = shop.with_client(lambda client: Between(client, after=write), "ai4ai").work(job.plan_id)
    assert came
    assert ended.state is State.COMPLETED
    assert not [item for item in shop.items("ai4ai-chat-messages") if item["session_id"]["S"] == talk]


def test_new_activity_stays_and_is_told(shop: Shop) -> None:
    job = shop.confirmed("cg")

    def write(method: str, request: Mapping[str, Any], answer: Any) -> Any:
        if method in DELETES:
            shop.put("cg-chatbot-conversations", conversation_id="later", user_id="demo", created_at=LATER, updated_at=LATER)
        return answer

    ended = shop.with_client(lambda client: Between(client, after=write), "cg").work(job.plan_id)
    assert ended.state is State.COMPLETED
    assert "newer than the erasure" in ended.message
    assert [item for item in shop.items("cg-chatbot-conversations") if item["conversation_id"]["S"] == "later"]


def test_one_worker_at_a_time(shop: Shop) -> None:
    job = shop.confirmed("cg")
    held = shop.control.acquire(job.plan_id, "first")
    assert held is not None
    assert work(shop.workshop, job.plan_id, "second") is None
    shop.control.release(held)
    assert shop.work(job.plan_id).state is State.COMPLETED


def test_an_outage_is_waited_through_and_a_longer_one_leaves_the_job_resumable(shop: Shop) -> None:
    job = shop.confirmed("cg")
    calls: list[str] = []

    def throttle(method: str, request: Mapping[str, Any]) -> None:
        if method in DELETES:
            calls.append(method)
            if len(calls) <= 3:
                raise refused("ThrottlingException", method)

    ended = shop.with_client(lambda client: Between(client, throttle), "cg").work(job.plan_id)
    assert ended.state is State.COMPLETED
    assert len(calls) >= 4

    job = shop.confirmed("ai4ai")

    def down(method: str, request: Mapping[str, Any]) -> None:
        if method in DELETES:
            raise refused("ThrottlingException", method)

    impatient = shop.with_client(lambda client: Between(client, down), "ai4ai")
    object.__setattr__(impatient.workshop, "patience", 0.2)
    with pytest.raises(Throttled):
        impatient.work(job.plan_id)
    left = shop.jobs.status(job.plan_id)
    assert left.state is State.RUNNING
    assert "throttled" in left.message
    assert shop.work(job.plan_id).state is State.COMPLETED


def test_the_receipt_is_one_whoever_ends_the_job(shop: Shop) -> None:
    job = shop.confirmed("cg")
    shop.killed_at_the_end(job.plan_id)
    receipt = shop.jobs.receipt(job.plan_id)
    ended = shop.work(job.plan_id)
    assert ended.state is State.COMPLETED
    assert shop.jobs.receipt(job.plan_id) == receipt


def test_outcomes_add_up() -> None:
    assert {one.value for one in Outcome} == {"deleted", "already_absent", "foreign_owner", "throttled_retry", "error"}
