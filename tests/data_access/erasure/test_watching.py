"""F6 and F7 after the end: what comes back minutes or hours later is found and told, nothing of it is touched, and then all is dropped."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from data_access.audit import verify as verify_audit
from data_access.erasure import watching
from data_access.erasure.keys import Keys
from data_access.erasure.model import Job, Scope, State
from data_access.erasure.watching import LOOKS, Watcher
from data_access.erasure.worker import Worker, watcher
from data_access.errors import AuditError, KeyFileError, LeaseLost
from tests.data_access.erasure.making import stored_rows
from tests.data_access.erasure.shops import ME, SUBJECTS, Between, Shop, refused, shop_at

pytestmark = pytest.mark.engine
SYSTEMS = ("remo", "ai_agent", "ai4ai", "cg")
READS = ("get_item", "batch_get_item", "query", "scan", "describe_table")


class Clock:
    """The time as a watcher sees it."""

    def __init__(self) -> None:
        self.later = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.later


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shop(engine_endpoint: str, tmp_path: Path) -> Iterator[Shop]:
    with shop_at(engine_endpoint, tmp_path, *SYSTEMS) as found:
        yield found


def look(shop: Shop, clock: Clock, minutes: float, name: str = "worker-2") -> int:
    """Another process, so many minutes after the end: nothing but the tables is left of the one that erased."""
    clock.later = timedelta(minutes=minutes)
    return replace(watcher(shop.workshop, name), clock=clock).run()


def sealed(shop: Shop) -> list[dict[str, Any]]:
    rows = stored_rows(shop.control)
    return [row for row in rows if row["pk"]["S"] == "watch" or row["sk"]["S"].startswith("watch")]


def ended(shop: Shop, system: str) -> Job:
    job = shop.work(shop.confirmed(system).plan_id)
    assert job.state is State.COMPLETED
    return job


def talks(shop: Shop, system: str) -> list[dict[str, Any]]:
    table = {"ai_agent": "ai-agent-sessions", "ai4ai": "ai4ai-chat-sessions"}[system]
    return [item for item in shop.items(table) if SUBJECTS[system] in json.dumps(item)]


def events(shop: Shop, plan_id: str) -> list[Mapping[str, Any]]:
    return [entry.fields for entry in shop.workshop.audit.entries(plan_id=plan_id) if entry.event == "lookedagain"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_nothing_came_back_and_nothing_is_kept(shop: Shop, clock: Clock, system: str) -> None:
    job = ended(shop, system)
    assert job.next_look is not None
    assert job.ended_at is not None
    assert abs(job.next_look - job.ended_at - LOOKS[0]) < timedelta(minutes=1)
    assert look(shop, clock, 1) == 0, "not yet"
    assert look(shop, clock, 16) == 1
    assert look(shop, clock, 17) == 0, "once"
    between = shop.jobs.status(job.plan_id)
    assert [(one.left, one.new_activity, one.unread) for one in between.looks] == [((), 0, 0)]
    assert between.next_look == job.ended_at + LOOKS[1]
    assert sealed(shop)
    assert look(shop, clock, 24 * 60 + 1) == 1
    last = shop.jobs.status(job.plan_id)
    assert (len(last.looks), last.next_look, last.state) == (2, None, State.COMPLETED)
    assert sealed(shop) == []
    assert [(one["look"], one["residuals"]) for one in events(shop, job.plan_id)] == [(1, 0), (2, 0)]
    assert verify_audit(shop.workshop.audit).state == "unwitnessed"


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_is_kept_names_nobody(shop: Shop, system: str) -> None:
    """The id and the conversations are there for the looks, and nobody who has the table alone can read them."""
    before = {str(next(iter(value.values()))) for item in _all(shop, system) for value in item.values()}
    job = ended(shop, system)
    rows = sealed(shop)
    assert len(rows) >= 3 or system == "remo"
    text = json.dumps(list(stored_rows(shop.control)), default=str)
    assert SUBJECTS[system] not in text
    assert job.plan.scope.user_id == ""
    opened = b"".join(_unsealed(shop, row) for row in rows if row["pk"]["S"] != "watch")
    assert SUBJECTS[system].encode() in opened
    for value in before:
        if len(value) > 12:
            assert value not in json.dumps(rows, default=str)


def _all(shop: Shop, system: str) -> list[dict[str, Any]]:
    return talks(shop, system) if system in ("ai_agent", "ai4ai") else []


def _unsealed(shop: Shop, row: Mapping[str, Any]) -> bytes:
    name = row["sk"]["S"].removeprefix("watch").removeprefix("#")
    body = base64.b64decode(row["body"]["B"])  # a read's bytes are not decoded here
    return shop.control.keys.unseal(body, f"watch#{row['pk']['S'].removeprefix('job#')}#{name}")


@pytest.mark.parametrize("system", ["ai_agent", "ai4ai"])
def test_a_late_message_in_an_erased_conversation_is_found(shop: Shop, clock: Clock, system: str) -> None:
    """F7: five minutes after the end, into the partition of a conversation that is not there any more."""
    talk = talks(shop, system)[0]
    job = ended(shop, system)
    assert job.cutoff is not None
    when = job.cutoff + timedelta(minutes=5)
    if system == "ai4ai":
        late: dict[str, Any] = {"session_id": talk["session_id"]["S"], "timestamp": int(when.timestamp() * 1000), "content": "late"}
        table = "ai4ai-chat-messages"
    else:
        stamp = when.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        late = {"id": "late", "sessionId": talk["id"]["S"], "tenantId": talk["tenantId"]["S"], "timestamp": stamp, "content": "late"}
        table = "ai-agent-messages"
    shop.put(table, **late)
    before, others = shop.items(table), shop.others()
    assert look(shop, clock, 16) == 1
    (seen,) = shop.jobs.status(job.plan_id).looks
    assert seen.left == ((shop.name(table), "late_write", 1),)
    assert shop.items(table) == before, "it is told, not touched"
    assert shop.others() == others
    assert events(shop, job.plan_id)[0]["residuals"] == 1
    # It is still there a day later, and somebody has to decide.
    assert look(shop, clock, 24 * 60 + 1) == 1
    assert shop.jobs.status(job.plan_id).looks[-1].items == 1
    assert sealed(shop) == []


@pytest.mark.parametrize("system", ["ai_agent", "ai4ai"])
def test_an_upsert_after_the_end_is_found_without_a_scan(shop: Shop, clock: Clock, system: str) -> None:
    """F6: an update that was under way makes the item anew, of nothing but its key and the time."""
    talk = talks(shop, system)[0]
    job = ended(shop, system)
    table, name = ("ai-agent-sessions", "updatedAt") if system == "ai_agent" else ("ai4ai-chat-sessions", "updated_at")
    keys = ("id", "tenantId") if system == "ai_agent" else ("user_id", "session_id")
    shop.client.update_item(
        TableName=shop.name(table),
        Key={one: talk[one] for one in keys},
        UpdateExpression="SET #u = :u",
        ExpressionAttributeNames={"#u": name},
        ExpressionAttributeValues={":u": {"S": "2026-11-20T00:00:00.000Z"}},
    )
    asked: list[str] = []
    looking = shop.with_client(lambda client: Between(client, lambda method, _: asked.append(method)), system)
    assert look(looking, clock, 16) == 1
    (seen,) = shop.jobs.status(job.plan_id).looks
    assert seen.left == ((shop.name(table), "upsert_stub", 1),)
    assert set(asked) <= set(READS) - {"scan"}
    assert talks(shop, "ai4ai") if system == "ai4ai" else shop.items(table)


def test_somebody_who_came_back_is_new_activity(shop: Shop, clock: Clock) -> None:
    job = ended(shop, "ai_agent")
    assert job.cutoff is not None
    stamp = (job.cutoff + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    shop.put("ai-agent-sessions", id="again", tenantId="acme", userId="user-1", createdAt=stamp, updatedAt=stamp)
    shop.put("ai-agent-messages", id="again-1", sessionId="again", tenantId="acme", userId="user-1", timestamp=stamp, content="hello")
    assert look(shop, clock, 24 * 60 + 1) == 1
    (seen,) = shop.jobs.status(job.plan_id).looks
    assert (seen.left, seen.new_activity) == ((), 2)
    assert [item for item in shop.items("ai-agent-messages") if item["id"]["S"] == "again-1"]


def test_a_worker_that_was_away_looks_once_and_drops_what_was_kept(shop: Shop, clock: Clock) -> None:
    job = ended(shop, "cg")
    assert look(shop, clock, 9 * 24 * 60) == 1
    assert len(shop.jobs.status(job.plan_id).looks) == 1
    assert sealed(shop) == []


def test_one_process_looks_at_a_time(shop: Shop, clock: Clock) -> None:
    job = ended(shop, "cg")
    clock.later = timedelta(minutes=16)
    first, second = (replace(watcher(shop.workshop, name), clock=clock) for name in ("one", "two"))
    met: list[bool] = []

    def meanwhile(method: str, _: Mapping[str, Any]) -> None:
        if not met:
            met.append(second.look(job.plan_id))
            assert second.due() == ()

    looking = shop.with_client(lambda client: Between(client, meanwhile), "cg")
    assert replace(first, sources=looking.workshop.sources).look(job.plan_id)
    assert met == [False]
    assert len(shop.jobs.status(job.plan_id).looks) == 1


def test_one_that_was_paused_cannot_note_what_it_saw(shop: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    job = ended(shop, "cg")
    clock.later = timedelta(minutes=16)
    second = replace(watcher(shop.workshop, "two"), clock=clock)
    monkeypatch.setattr(watching._Turn, "renew", lambda _: None)  # pyright: ignore[reportPrivateUsage]

    def meanwhile(method: str, _: Mapping[str, Any]) -> None:
        if clock.later < timedelta(minutes=18):
            clock.later = timedelta(minutes=18)  # the first one's lease is over
            assert second.look(job.plan_id)

    looking = shop.with_client(lambda client: Between(client, meanwhile), "cg")
    with pytest.raises(LeaseLost):
        replace(watcher(looking.workshop, "one"), clock=clock).look(job.plan_id)
    assert len(shop.jobs.status(job.plan_id).looks) == 1


@pytest.mark.parametrize("step", ["_told", "_drop"])
def test_killed_in_a_look_the_next_one_goes_on(shop: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    job = ended(shop, "cg")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(watching if step == "_told" else Watcher, step, killed)
        patch.setattr(watching._Turn, "give_back", lambda _: None)  # pyright: ignore[reportPrivateUsage]
        with pytest.raises(KeyboardInterrupt):
            look(shop, clock, 24 * 60 + 1)
    assert sealed(shop)
    assert look(shop, clock, 24 * 60 + 1) == 0, "its lease lasts a minute"
    assert look(shop, clock, 24 * 60 + 3) == 1
    assert len(shop.jobs.status(job.plan_id).looks) == 1
    assert sealed(shop) == []


def test_a_table_that_does_not_answer_is_told(shop: Shop, clock: Clock) -> None:
    job = ended(shop, "cg")

    def deny(method: str, _: Mapping[str, Any]) -> None:
        raise refused("AccessDeniedException", method)

    assert look(shop.with_client(lambda client: Between(client, deny), "cg"), clock, 16) == 1
    assert shop.jobs.status(job.plan_id).looks[0].unread > 0


def test_without_an_audit_it_is_looked_at_again_later(shop: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    job = ended(shop, "cg")

    def fail(_: object) -> None:
        raise AuditError("The audit cannot be written.")

    with monkeypatch.context() as patch:
        patch.setattr(shop.workshop.audit, "write", fail)
        with pytest.raises(AuditError):
            look(shop, clock, 16)
    assert shop.jobs.status(job.plan_id).looks == ()
    assert look(shop, clock, 16) == 1


def test_with_another_hash_key_nothing_is_seen_and_nothing_stays(shop: Shop, clock: Clock) -> None:
    job = ended(shop, "cg")
    clock.later = timedelta(minutes=16)
    control = type(shop.control)(shop.control.settings, shop.control.records, Keys(b"x" * 32, b"y" * 32))
    # The audit keeps its own key: its head is not what is asked about here.
    assert replace(watcher(shop.workshop, "other"), control=control, clock=clock).run() == 1
    (seen,) = shop.jobs.status(job.plan_id).looks
    assert (seen.left, seen.unread) == ((), 1)
    assert look(shop, clock, 24 * 60 + 1) == 1
    assert sealed(shop) == []


def test_a_seal_is_for_its_place_alone(shop: Shop) -> None:
    keys = shop.control.keys
    one = keys.seal(b"alice", "watch#A#")
    assert keys.unseal(one, "watch#A#") == b"alice"
    assert keys.seal(b"alice", "watch#A#") != one
    changed = one[:-1] + bytes([one[-1] ^ 1])
    for sealed_, place in ((one, "watch#B#"), (changed, "watch#A#"), (b"", "watch#A#"), (one[:8], "watch#A#")):
        with pytest.raises(KeyFileError):
            keys.unseal(sealed_, place)


def test_what_did_not_complete_is_not_watched(shop: Shop) -> None:
    job = shop.confirmed("cg")
    shop.jobs.cancel(job.plan_id, ME)
    assert sealed(shop) == []
    assert shop.jobs.status(job.plan_id).next_look is None


def test_what_ended_otherwise_after_a_check_is_not_watched_either(shop: Shop) -> None:
    """Nothing was there, or something is left: no id and no key is kept for it."""
    plan = shop.jobs.plan(Scope("nobody", SYSTEMS), ME)
    shop.jobs.confirm(plan.plan_id, "nobody", ME)
    assert shop.work(plan.plan_id).state is State.NO_DATA

    def deny(method: str, request: Mapping[str, Any]) -> None:
        if method in ("batch_execute_statement", "transact_write_items", "delete_item") and "ai-agent-messages" in json.dumps(request):
            raise refused("AccessDeniedException", method)

    denied = shop.with_client(lambda client: Between(client, deny), "ai_agent")
    refused_all = denied.work(denied.confirmed("ai_agent").plan_id)
    assert refused_all.state in (State.RESIDUALS, State.FAILED)
    assert [refused_all.next_look, sealed(shop)] == [None, []]


def test_a_worker_killed_before_the_end_leaves_the_look_to_wait_for_it(shop: Shop, clock: Clock) -> None:
    job = shop.confirmed("cg")
    shop.killed_at_the_end(job.plan_id)
    assert sealed(shop)
    assert look(shop, clock, 16) == 0
    assert shop.work(job.plan_id).state is State.COMPLETED
    assert look(shop, clock, 33) == 1
    assert look(shop, clock, 25 * 60) == 1
    assert sealed(shop) == []


def test_the_worker_looks_by_itself(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    object.__setattr__(shop.workshop, "looks", (timedelta(0), timedelta(milliseconds=1)))
    job = ended(shop, "cg")
    one = shop.workshop
    worker = Worker(one.settings, one.sources, one.control, one.audit)
    worker.shop = one
    monkeypatch.setattr("data_access.erasure.worker._LOOK_SECONDS", 0.0)
    worker.start()
    try:
        for _ in range(1_200):
            if shop.jobs.status(job.plan_id).looks:
                break
            worker.wake()
            one.control.records.get("job#", "job")  # a round trip is a wait
    finally:
        worker.stop()
    assert len(shop.jobs.status(job.plan_id).looks) == 1
    assert sealed(shop) == []
