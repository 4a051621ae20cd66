"""Jobs in the control table: made once, moved as allowed, worked on by one, counted once, forgotten at the end."""

from __future__ import annotations

import contextlib
import json
import random
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from data_access.erasure import records as records_module
from data_access.erasure.chunks import MOST_KEYS
from data_access.erasure.control import Control
from data_access.erasure.lease import Lease
from data_access.erasure.model import ENDED, FrozenKey, Guard, Job, Outcome, Progress, Scope, State
from data_access.errors import (
    ErasureOff,
    LeaseLost,
    NotConfirmed,
    NotFound,
    PlanChanged,
    SubjectBusy,
    TableMissing,
    Throttled,
    TooMuch,
    WrongState,
)
from tests.data_access.conftest import refusal
from tests.data_access.erasure.making import (
    DIGEST,
    NOW,
    USER,
    made,
    message,
    opened,
    plan_of,
    session,
    settings_for,
    some_keys,
    stored_rows,
)

Open = Callable[..., Control]
Shared = Callable[[], Control]


@pytest.fixture
def open_control(endpoint: str, tmp_path: Path) -> Iterator[Open]:
    """`open_control(approval=True)`: a control table of its own."""
    begun: list[Control] = []

    def begin(**own: Any) -> Control:
        begun.append(opened(settings_for(tmp_path, **own), endpoint))
        return begun[-1]

    yield begin
    for control in begun:
        control.close()


@pytest.fixture
def control(open_control: Open) -> Control:
    return open_control()


@pytest.fixture
def raced(engine_endpoint: str, tmp_path: Path) -> Iterator[Control]:
    """On the real engine: two requests at once are not kept apart by moto."""
    control = opened(settings_for(tmp_path, control_table=f"control-raced-{tmp_path.name}"), engine_endpoint)
    yield control
    control.close()


def running(control: Control, keys: list[FrozenKey] | None = None, **plan: Any) -> tuple[Job, Lease]:
    """A job that a worker has begun."""
    job = control.submit(made(control, keys, **plan).plan_id)
    lease = control.acquire(job.plan_id, "worker-1")
    assert lease is not None
    return control.move(job.plan_id, State.APPROVED, State.RUNNING, lease=lease, started_at=NOW, cutoff=NOW), lease


# Making


def test_a_job_comes_back_as_it_was_made(control: Control) -> None:
    plan = plan_of(7)
    job = control.create(plan, some_keys(), received_at=NOW - timedelta(days=3))
    assert job == control.job(plan.plan_id)
    assert (job.plan, job.state, job.token, job.message) == (plan, State.DRAFT, 0, "")
    assert (job.received_at, job.due_at) == (NOW - timedelta(days=3), datetime(2026, 12, 17, 8, 0, 0, 123456, tzinfo=UTC))
    assert job.progress == (Progress("ai_agent", "ai-agent-messages", 5), Progress("ai_agent", "ai-agent-sessions", 2))
    assert job.subject == control.keys.subject(USER)
    assert not job.needs_approval


def test_the_same_plan_twice_is_one_job(control: Control) -> None:
    job = made(control)

    def never() -> Iterator[FrozenKey]:
        raise AssertionError("the keys are stored already")
        yield message(0)

    assert control.create(job.plan, never()) == job
    assert control.jobs() == (job,)
    with pytest.raises(PlanChanged):
        control.create(replace(job.plan, digest="e" * 64), never())


def test_jobs_are_newest_first_and_limited(control: Control) -> None:
    plans = [made(control, plan_id=f"0000000000000000000000000{letter}").plan_id for letter in "1AZ"]
    assert [job.plan_id for job in control.jobs()] == plans[::-1]
    assert [job.plan_id for job in control.jobs(2)] == plans[:0:-1]
    assert control.open_jobs() == ()


def test_what_is_not_there_is_not_found(control: Control) -> None:
    for ask in (
        control.job,
        control.submit,
        control.cancel,
        lambda plan_id: control.acquire(plan_id, "w"),
        lambda plan_id: control.approve(plan_id, "kim", DIGEST),
        lambda plan_id: control.move(plan_id, State.APPROVED, State.BLOCKED),
    ):
        with pytest.raises(NotFound, match="no such erasure"):
            ask("0" * 26)
    assert control.receipt("0" * 26) is None
    assert list(control.chunks("0" * 26)) == []


def test_a_plan_that_counts_other_keys_is_refused_and_leaves_nothing(control: Control) -> None:
    with pytest.raises(PlanChanged):
        control.create(plan_of(3), some_keys())
    assert list(stored_rows(control)) == []


def test_a_plan_broken_off_leaves_nothing(control: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data_access.erasure.chunks._WAITING_BYTES", 500_000)

    def breaks() -> Iterator[FrozenKey]:
        yield from some_keys(2_000)
        yield from _long_keys(300)
        assert any(row["sk"]["S"].startswith("keys#") for row in stored_rows(control))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        control.create(plan_of(2_302), breaks())
    assert list(stored_rows(control)) == []


def test_counts_may_be_known_at_the_end(control: Control) -> None:
    plan = plan_of(7)
    with control.begin(plan.plan_id) as draft:
        for key in some_keys():
            draft.add(key)
        digest = draft.keys_digest()
        draft.finish(plan)
    assert control.keys_digest(plan.plan_id) == digest
    assert len(digest) == 64


# Chunks


def test_keys_come_back_exactly_and_in_the_order_of_the_deletes(control: Control) -> None:
    odd = FrozenKey(
        "remo",
        "odd.Table_1-x",
        {"pk": {"B": b"\x00\xff#\n"}, "sk": {"N": "-1E-130"}},
        Guard(
            "parent_check",
            (
                ("a", {"M": {"b": {"L": [{"B": b"\xfe"}, {"NULL": True}, {"BOOL": False}]}}}),
                ("s", {"SS": ["x", "y"]}),
                ("t", {"BS": [b"\x01"]}),
            ),
            ("ai4ai-chat-sessions", {"user_id": {"S": "\u200bа\t"}, "session_id": {"S": "s"}}),
        ),
        4,
        0,
    )
    job = made(control, [*some_keys(), odd])
    chunks = list(control.chunks(job.plan_id))
    assert [(chunk.rank, chunk.table) for chunk in chunks] == [(0, "ai-agent-messages"), (4, "odd.Table_1-x"), (9, "ai-agent-sessions")]
    assert [key for chunk in chunks for key in chunk.keys] == [*map(message, range(5)), odd, *map(session, range(2))]
    assert not any(chunk.done for chunk in chunks)
    assert all(USER not in chunk.name and "session-" not in chunk.name for chunk in chunks)


def test_no_row_is_above_100_kb_even_when_nothing_compresses(control: Control) -> None:
    job = control.create(plan_of(200), _long_keys(200))
    sizes = [len(json.dumps(row)) for row in stored_rows(control)]
    assert max(len(row.get("body", {}).get("B", "")) * 3 // 4 for row in stored_rows(control)) <= 100_000
    assert max(sizes) < 140_000  # base64 of the above
    assert [key.bytes for chunk in control.chunks(job.plan_id) for key in chunk.keys] == list(range(200))


def _long_keys(count: int) -> Iterator[FrozenKey]:
    """Keys that do not compress."""
    chance = random.Random(5)
    for number in range(count):
        key = {"pk": {"B": chance.randbytes(2_048)}, "sk": {"B": chance.randbytes(1_024)}}
        yield FrozenKey("cg", "cg-chatbot-conversations", key, Guard("owner_in_key"), 9, number)


def test_a_key_that_fits_no_row_is_refused(control: Control) -> None:
    with pytest.raises(TooMuch):
        made(control, [replace(message(0), guard=Guard("owner_attribute", (("x", {"S": "y" * 100_000}),)))])
    with pytest.raises(ValueError, match="rank"):
        made(control, [replace(message(0), rank=100)])


def test_a_plan_that_fits_no_row_is_refused(control: Control) -> None:
    chance = random.Random(1)
    with pytest.raises(TooMuch, match="plan is too long"):
        control.create(replace(plan_of(1), not_performed=(chance.randbytes(120_000).hex(),)), [message(0)])
    assert list(stored_rows(control)) == []


@pytest.mark.engine
def test_100_000_keys_are_streamed_in_and_out(engine_endpoint: str, tmp_path: Path) -> None:
    control = opened(settings_for(tmp_path, control_table="control-of-100000"), engine_endpoint)
    control.jobs()  # the client has loaded what it needs
    tracemalloc.start()
    try:
        every = 100_000
        job = control.create(plan_of(every), (session(n - 98_000) if n >= 98_000 else message(n) for n in range(every)))
        _, peak = tracemalloc.get_traced_memory()
        assert peak < 12_000_000  # what waits to be put in order, and a chunk; the keys alone would be above 100 MB
        tracemalloc.reset_peak()
        held, number = tracemalloc.get_traced_memory()[0], 0
        for chunk in control.chunks(job.plan_id):
            number += len(chunk.keys)
            assert len(chunk.keys) <= MOST_KEYS
        assert number == every
        # A page of the table, as it came and as it is read, and one chunk; all of them would be above 200 MB.
        assert tracemalloc.get_traced_memory()[1] - held < 30_000_000
    finally:
        tracemalloc.stop()
    assert [one.planned for one in job.progress] == [98_000, 2_000]
    control.close()


def test_keys_that_were_changed_are_noticed(control: Control) -> None:
    job = made(control)
    digest = control.keys_digest(job.plan_id)
    (name,) = {chunk.name for chunk in control.chunks(job.plan_id) if chunk.rank == 0}
    own = {"pk": {"S": f"job#{job.plan_id}"}, "sk": {"S": f"keys#{name}"}}
    row = control.records.get(own["pk"]["S"], own["sk"]["S"])
    assert row is not None
    other = made(control, [message(7)])
    theirs = next(control.records.rows(f"job#{other.plan_id}", "keys#", "keys#~"))
    control.records.put(own["pk"]["S"], own["sk"]["S"], {"body": theirs["body"], "count": 1, "sha256": row["sha256"]})
    with pytest.raises(PlanChanged):
        list(control.chunks(job.plan_id))
    control.records.put(own["pk"]["S"], own["sk"]["S"], {"body": theirs["body"], "count": 1, "sha256": theirs["sha256"]})
    assert control.keys_digest(job.plan_id) != digest


# Deciding


def test_without_approval_a_submitted_job_waits_for_a_worker(control: Control) -> None:
    job = control.submit(made(control).plan_id)
    assert job.state is State.APPROVED
    assert control.open_jobs() == (job,)


@pytest.mark.engine
def test_a_second_click_finds_the_same_job(raced: Control) -> None:
    job = made(raced)
    with ThreadPoolExecutor(8) as pool:
        states = {done.state for done in pool.map(lambda _: raced.submit(job.plan_id), range(8))}
    assert states == {State.APPROVED}
    assert len(raced.open_jobs()) == 1


def test_one_open_job_for_a_subject_in_a_system(control: Control) -> None:
    first = control.submit(made(control, systems=("ai_agent", "cg")).plan_id)
    second = made(control, systems=("cg", "remo"))
    with pytest.raises(SubjectBusy) as caught:
        control.submit(second.plan_id)
    assert caught.value.plan_id == first.plan_id
    assert USER not in str(caught.value)
    assert control.job(second.plan_id).state is State.DRAFT
    # What does not overlap, and somebody else, is another job.
    control.submit(made(control, systems=("remo",)).plan_id)
    control.submit(made(control, systems=("cg",), user=f"{USER} ").plan_id)
    control.cancel(first.plan_id)
    with pytest.raises(SubjectBusy):
        control.submit(second.plan_id)  # remo is still taken
    assert len(control.open_jobs()) == 2


@pytest.mark.engine
def test_two_plans_at_once_for_one_subject_are_one_job(raced: Control) -> None:
    plans = [made(raced).plan_id for _ in range(6)]
    barrier = threading.Barrier(6)

    def click(plan_id: str) -> bool:
        barrier.wait()
        try:
            raced.submit(plan_id)
        except SubjectBusy:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(click, plans)) == 1


def test_a_second_person_approves_what_was_shown(open_control: Open) -> None:
    control = open_control(approval=True)
    job = control.submit(made(control).plan_id)
    assert (job.state, job.needs_approval) == (State.AWAITING, True)
    with pytest.raises(NotConfirmed, match="cannot approve"):
        control.approve(job.plan_id, "sam", DIGEST)
    with pytest.raises(PlanChanged):
        control.approve(job.plan_id, "kim", "e" * 64)
    assert control.job(job.plan_id).state is State.AWAITING
    with pytest.raises(WrongState):
        control.acquire(job.plan_id, "w")
    approved = control.approve(job.plan_id, "kim", DIGEST)
    assert (approved.state, approved.approved_by) == (State.APPROVED, "kim")
    assert approved.approved_at is not None
    assert approved.approved_at.tzinfo is not None
    assert control.approve(job.plan_id, "kim", DIGEST) == approved
    with pytest.raises(WrongState, match="approved cannot be approved"):
        control.approve(job.plan_id, "lee", DIGEST)


def test_the_store_itself_refuses_the_requesters_approval(open_control: Open) -> None:
    """The condition that is sent, not only what the program looks at first."""
    control = open_control(approval=True)
    job = control.submit(made(control).plan_id)
    sent: list[dict[str, Any]] = []
    control.records.client.meta.events.register("before-parameter-build.dynamodb.UpdateItem", lambda params, **_: sent.append(dict(params)))
    with pytest.raises(NotConfirmed):
        control.approve(job.plan_id, "sam", DIGEST)
    assert sent[0]["ConditionExpression"] == "#requested_by <> :approver AND #state = :awaiting AND #digest = :digest"
    with pytest.raises(ClientError, match="conditional request failed"):
        control.records.client.update_item(**sent[0])


def test_a_draft_is_not_approved(open_control: Open) -> None:
    control = open_control(approval=True)
    with pytest.raises(WrongState):
        control.approve(made(control).plan_id, "kim", DIGEST)


def test_many_items_need_a_second_person(open_control: Open) -> None:
    control = open_control(most_items=6)
    assert control.submit(made(control).plan_id).state is State.AWAITING
    assert control.submit(made(control, some_keys(4), user="other").plan_id).state is State.APPROVED


def test_switched_off_nothing_starts(open_control: Open) -> None:
    control = open_control(enabled=False)
    job = made(control)
    with pytest.raises(ErasureOff, match="not switched on"):
        control.submit(job.plan_id)
    with pytest.raises(ErasureOff):
        control.acquire(job.plan_id, "w")


# Moving


@pytest.mark.parametrize("to", [State.COMPLETED, State.RUNNING, State.AWAITING, State.APPROVED, State.DRAFT])
def test_a_draft_does_not_jump(control: Control, to: State) -> None:
    job = made(control)
    with pytest.raises(WrongState):
        control.move(job.plan_id, State.DRAFT, to)
    assert control.job(job.plan_id) == job


def test_completed_comes_after_verifying_alone(control: Control) -> None:
    job, lease = running(control)
    with pytest.raises(WrongState):
        control.finish(job.plan_id, State.RUNNING, State.COMPLETED, lease=lease)
    with pytest.raises(WrongState, match="Only the worker"):
        control.move(job.plan_id, State.RUNNING, State.VERIFYING)
    with pytest.raises(WrongState, match="running cannot be made completed"):
        control.finish(job.plan_id, State.VERIFYING, State.COMPLETED, lease=lease)
    with pytest.raises(ValueError, match="no subject"):
        control.move(job.plan_id, State.RUNNING, State.VERIFYING, lease=lease, subject="x")
    verifying = control.move(job.plan_id, State.RUNNING, State.VERIFYING, lease=lease, message="Waiting for the index.")
    assert (verifying.state, verifying.message, verifying.started_at, verifying.cutoff) == (
        State.VERIFYING,
        "Waiting for the index.",
        NOW,
        NOW,
    )
    assert control.finish(job.plan_id, State.VERIFYING, State.COMPLETED, lease=lease).state is State.COMPLETED


def test_an_ended_job_stays_as_it_is(control: Control) -> None:
    job = control.cancel(made(control).plan_id)
    assert job.state is State.CANCELLED
    assert job.state in ENDED
    for again in (
        lambda: control.submit(job.plan_id),
        lambda: control.acquire(job.plan_id, "w"),
        lambda: control.move(job.plan_id, State.CANCELLED, State.RUNNING),
        lambda: control.finish(job.plan_id, State.DRAFT, State.CANCELLED),
    ):
        with pytest.raises(WrongState):
            again()
    assert control.cancel(job.plan_id) == job


def test_cancel_before_the_start_ends_and_during_it_asks(control: Control) -> None:
    waiting = control.submit(made(control).plan_id)
    assert control.cancel(waiting.plan_id).state is State.CANCELLED
    assert control.open_jobs() == ()
    job, lease = running(control)
    assert not control.renew(lease).cancel_asked
    asked = control.cancel(job.plan_id)
    assert (asked.state, asked.cancel_asked) == (State.RUNNING, True)
    assert control.renew(lease).cancel_asked
    assert control.finish(job.plan_id, State.RUNNING, State.CANCELLED, lease=lease, message="Cancelled.").state is State.CANCELLED


def test_a_cancelled_job_does_not_start(control: Control) -> None:
    job = control.submit(made(control).plan_id)
    lease = control.acquire(job.plan_id, "w")
    control.cancel(job.plan_id)
    with pytest.raises(WrongState):
        control.move(job.plan_id, State.APPROVED, State.RUNNING, lease=lease)


# Leases


@pytest.mark.engine
def test_one_worker_at_a_time_and_tokens_grow(raced: Control) -> None:
    job = raced.submit(made(raced).plan_id)
    with ThreadPoolExecutor(8) as pool:
        won = [lease for lease in pool.map(lambda n: raced.acquire(job.plan_id, f"w{n}"), range(8)) if lease]
    assert [lease.token for lease in won] == [1]
    raced.release(won[0])
    second = raced.acquire(job.plan_id, "next")
    assert second is not None
    assert second.token == 2
    assert raced.job(job.plan_id).token == 2
    raced.release(won[0])  # it has nothing to give back any more
    assert raced.acquire(job.plan_id, "third") is None


def test_a_worker_that_wakes_too_late_writes_nothing(control: Control) -> None:
    job, stale = running(control)
    chunk = next(control.chunks(job.plan_id))
    control.renew(stale, -1)
    fresh = control.acquire(job.plan_id, "worker-2")
    assert fresh is not None
    before = [row for row in stored_rows(control) if not row["sk"]["S"].startswith("keys#")]
    for late in (
        lambda: control.checkpoint(stale, chunk, {Outcome.DELETED: 5}, 5),
        lambda: control.renew(stale),
        lambda: control.extend(stale, [message(99)]),
        lambda: control.keep_receipt(stale, b"{}"),
        lambda: control.move(job.plan_id, State.RUNNING, State.VERIFYING, lease=stale),
        lambda: control.finish(job.plan_id, State.RUNNING, State.FAILED, lease=stale),
    ):
        with pytest.raises(LeaseLost):
            late()
    assert [row for row in stored_rows(control) if not row["sk"]["S"].startswith("keys#")] == before
    assert control.checkpoint(fresh, chunk, {Outcome.DELETED: 5}, 5)
    assert len(list(control.chunks(job.plan_id))) == 2


# Counting


@pytest.mark.engine
def test_a_chunk_counts_once(raced: Control) -> None:
    job, lease = running(raced)
    messages, sessions = raced.chunks(job.plan_id)
    with pytest.raises(ValueError, match="one outcome"):
        raced.checkpoint(lease, messages, {Outcome.DELETED: 4}, 4)
    counts = {Outcome.DELETED: 2, Outcome.ABSENT: 1, Outcome.THROTTLED: 1, Outcome.ERROR: 1}
    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(lambda _: raced.checkpoint(lease, messages, counts, 3.5), range(6))) == 1
    raced.release(lease)
    again = raced.acquire(job.plan_id, "worker-2")
    assert again is not None
    assert not raced.checkpoint(again, messages, {Outcome.ABSENT: 5}, 9)
    assert [chunk.name for chunk in raced.chunks(job.plan_id, undone=True)] == [sessions.name]
    assert [chunk.done for chunk in raced.chunks(job.plan_id)] == [True, False]
    assert raced.job(job.plan_id).progress == (
        Progress("ai_agent", "ai-agent-messages", 5, 2, 1, 0, 2, 3.5),
        Progress("ai_agent", "ai-agent-sessions", 2),
    )


@pytest.mark.engine
def test_chunks_are_counted_from_several_threads(raced: Control) -> None:
    keys = [message(number) for number in range(13_000)]
    job, lease = running(raced, keys)
    chunks = list(raced.chunks(job.plan_id))
    assert len(chunks) > 5
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda one: raced.checkpoint(lease, one, {Outcome.DELETED: len(one.keys)}, len(one.keys)), chunks))
    (progress,) = raced.job(job.plan_id).progress
    assert (progress.planned, progress.deleted, progress.write_units) == (13_000, 13_000, 13_000)


def test_what_is_found_later_is_a_round_more(control: Control) -> None:
    job, lease = running(control)
    digest = control.keys_digest(job.plan_id)
    assert control.extend(lease, []) == 0
    assert control.extend(lease, [session(8), message(400)]) == 2
    assert control.extend(lease, [message(401)]) == 1
    assert [(chunk.rank, len(chunk.keys)) for chunk in control.chunks(job.plan_id)] == [(0, 5), (0, 1), (0, 1), (9, 2), (9, 1)]
    assert [one.planned for one in control.job(job.plan_id).progress] == [7, 3]
    assert control.keys_digest(job.plan_id) == digest  # what was approved is still there, unchanged


def test_a_round_that_was_broken_off_is_no_part_of_the_job(control: Control) -> None:
    job, lease = running(control)

    def breaks() -> Iterator[FrozenKey]:
        yield from (message(number) for number in range(2_000, 4_000))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        control.extend(lease, breaks())
    assert len(list(control.chunks(job.plan_id))) == 2
    control.release(lease)
    again = control.acquire(job.plan_id, "worker-2")
    assert again is not None
    assert control.extend(again, [message(2_000)]) == 1
    chunks = list(control.chunks(job.plan_id))
    assert [len(chunk.keys) for chunk in chunks] == [5, 1, 2]
    assert sum(row["sk"]["S"].startswith("keys#") for row in stored_rows(control)) == 3


# The receipt and the end


def test_one_receipt(control: Control) -> None:
    job, lease = running(control)
    assert control.receipt(job.plan_id) is None
    assert control.keep_receipt(lease, b"first") == b"first"
    assert control.keep_receipt(lease, b"second") == b"first"
    control.finish(job.plan_id, State.RUNNING, State.FAILED, lease=lease)
    assert control.receipt(job.plan_id) == b"first"


def test_at_the_end_nothing_names_the_user(control: Control) -> None:
    job, lease = running(control)
    for chunk in control.chunks(job.plan_id):
        control.checkpoint(lease, chunk, {Outcome.DELETED: len(chunk.keys)}, 1.5)
    before = control.job(job.plan_id)
    control.keep_receipt(lease, b"{}")
    control.move(job.plan_id, State.RUNNING, State.VERIFYING, lease=lease)
    ended = control.finish(job.plan_id, State.VERIFYING, State.COMPLETED, lease=lease, message="Done.")
    assert (ended.state, ended.message, ended.progress, ended.subject) == (State.COMPLETED, "Done.", before.progress, before.subject)
    assert ended.ended_at is not None
    assert ended.plan.scope == Scope("", ("ai_agent",), ("acme", "birch"))
    assert ended.plan.digest == DIGEST
    assert control.jobs() == (ended,)
    assert control.open_jobs() == ()
    assert list(control.chunks(job.plan_id)) == []
    # What is compressed is opened by the calls above; here is all of the rest.
    rows = list(stored_rows(control))
    assert {row["sk"]["S"] for row in rows} == {"job", "plan", "receipt", job.plan_id}
    for word in (USER, USER.upper(), "session-", "blanking", "lease_owner"):
        assert word not in json.dumps(rows, ensure_ascii=False)
    control.submit(made(control).plan_id)  # the claim is free


class Killed(BaseException):
    """As SIGKILL: nothing of ours catches it."""


def stop_at(control: Control, call: int, *, after: bool) -> Callable[[], None]:
    """Every write of `control` ends the process at the given one, before or after it reached the table."""
    client, seen = control.records.client, [0]

    def before(**_: Any) -> None:
        seen[0] += 1
        if seen[0] == call and not after:
            raise Killed

    def reached(**_: Any) -> None:
        if seen[0] == call and after:
            raise Killed

    def leave() -> None:
        client.meta.events.unregister("before-call.dynamodb", before)
        client.meta.events.unregister("after-call.dynamodb", reached)

    client.meta.events.register("before-call.dynamodb", before)
    client.meta.events.register("after-call.dynamodb", reached)
    return leave


def go_on(control: Control, plan: Any, keys: list[FrozenKey], seconds: float = -1) -> Job:
    """What a worker does with a job, from wherever the last one stopped."""
    control.create(plan, keys)
    job = control.submit(plan.plan_id) if control.job(plan.plan_id).state not in ENDED else control.job(plan.plan_id)
    if job.state in ENDED:
        control.sweep()
        return control.job(plan.plan_id)
    lease = control.acquire(plan.plan_id, "w", seconds)  # a killed worker's lease is over by the next round
    assert lease is not None
    if job.state is State.APPROVED:
        control.move(plan.plan_id, State.APPROVED, State.RUNNING, lease=lease, started_at=NOW)
    if len(list(control.chunks(plan.plan_id))) == 2:
        control.extend(lease, [message(77)])
    for chunk in control.chunks(plan.plan_id, undone=True):
        control.checkpoint(lease, chunk, {Outcome.DELETED: len(chunk.keys)}, 1.0)
    if control.job(plan.plan_id).state is State.RUNNING:
        control.move(plan.plan_id, State.RUNNING, State.VERIFYING, lease=lease)
    control.keep_receipt(lease, str(lease.token).encode())
    return control.finish(plan.plan_id, State.VERIFYING, State.COMPLETED, lease=lease)


@pytest.mark.engine
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_call_and_gone_on_the_outcome_is_the_same(engine_endpoint: str, tmp_path: Path, after: bool) -> None:
    control = opened(settings_for(tmp_path, control_table=f"control-killed-{after}"), engine_endpoint)
    keys = some_keys()
    call = 0
    while True:
        call += 1
        plan = plan_of(len(keys), user=f"user {call}")
        leave = stop_at(control, call, after=after)
        try:
            go_on(control, plan, keys)
            done = True
        except Killed:
            done = False
        finally:
            leave()
        if done:
            break
        job = go_on(control, plan, keys)
        assert job.state is State.COMPLETED, call
        assert [(one.planned, one.deleted, one.write_units) for one in job.progress] == [(6, 6, 2.0), (2, 2, 1.0)], call
        rows = list(control.records.rows(f"job#{plan.plan_id}"))
        assert {row["sk"] for row in rows} == {"job", "plan", "receipt"}, call
        assert not rows[0].get("blanking"), call
    assert call > 25
    assert control.open_jobs() == ()
    assert not [row for row in stored_rows(control) if row["pk"]["S"].startswith("subject#")]
    control.close()


def test_an_answer_that_was_lost_is_not_counted_twice(control: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore sends again what may have arrived; here every write arrives twice, and without the token that makes it one."""
    monkeypatch.setattr(control.records, "client", _Twice(control.records.client))
    job = go_on(control, plan_of(7), some_keys(), 60)
    assert job.state is State.COMPLETED
    assert [(one.planned, one.deleted) for one in job.progress] == [(6, 6), (2, 2)]
    assert control.job(job.plan_id).token == 1


class _Twice:
    """Sends each conditional write once unseen, and then as its caller does."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)

        def twice(**request: Any) -> Any:
            if name in ("put_item", "update_item", "delete_item", "transact_write_items"):
                with contextlib.suppress(ClientError):
                    call(**request)
            return call(**request)

        return twice


def test_sweep_takes_old_drafts_and_what_was_never_finished(control: Control) -> None:
    draft, started = made(control), control.submit(made(control, user="other").plan_id)
    unfinished = plan_of(1)
    control.begin(unfinished.plan_id).add(message(1))
    half = control.begin(plan_of(2).plan_id)
    half.add(message(1))
    half.keys_digest()
    control.sweep()
    assert [job.state for job in control.jobs()] == [State.APPROVED, State.DRAFT]
    control.sweep(datetime.now(UTC) + timedelta(hours=25))
    assert control.job(draft.plan_id).state is State.CANCELLED
    assert control.job(started.plan_id) == started
    left = {row["pk"]["S"] for row in stored_rows(control) if row["sk"]["S"].startswith("keys#")}
    assert left == {f"job#{started.plan_id}"}
    assert {row["sk"]["S"] for row in stored_rows(control) if row["pk"]["S"] == "jobs"} == {draft.plan_id, started.plan_id}


# What DynamoDB refuses


def test_in_aws_mode_a_table_that_is_not_there_says_how_to_make_it(endpoint: str, tmp_path: Path) -> None:
    control = opened(settings_for(tmp_path, control_table="made-by-nobody"), endpoint)
    control.records.client.delete_table(TableName="made-by-nobody")
    with pytest.raises(TableMissing, match="tables create --control"):
        control.jobs()
    control.close()


@pytest.mark.parametrize(
    "code, reasons",
    [
        ("ThrottlingException", None),
        ("ProvisionedThroughputExceededException", None),
        ("TransactionConflictException", None),
        ("TransactionCanceledException", ["None", "TransactionConflict"]),
        ("TransactionCanceledException", ["ThrottlingError", "None"]),
        ("TransactionCanceledException", ["ConditionalCheckFailed", "TransactionConflict"]),
    ],
)
def test_a_passing_refusal_is_tried_again_and_then_said(
    scripted: Any, tmp_path: Path, pauses: list[float], monkeypatch: pytest.MonkeyPatch, code: str, reasons: list[str] | None
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(records_module, "time", SimpleNamespace(sleep=waited.append))

    def answer(operation: str, request: dict[str, Any], number: int) -> Any:
        status, headers, body = refusal(code)
        if reasons:
            body = json.dumps(json.loads(body) | {"CancellationReasons": [{"Code": reason} for reason in reasons]}).encode()
        return status, headers, body

    server = scripted(answer)
    settings = settings_for(tmp_path)
    control = Control(settings, records_module.Records(records_module.control_source(settings, server.endpoint).client, "t"), None)  # type: ignore[arg-type]
    with pytest.raises(Throttled) as caught:
        control.records.write(records_module.Action("Put", "a", "b"), records_module.Action("Put", "a", "c"))
    assert "SECRET" not in str(caught.value)
    assert len(server.asked) > 3
    assert len(waited) + len(pauses) + 1 >= len(server.asked)
    assert all(0 <= pause <= 20 for pause in (*waited, *pauses))
    control.close()
