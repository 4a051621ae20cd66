"""F18, F19, F23, F24, F26 and R11: clocks that are wrong, clicks that come twice, workers that wake late, an audit that is out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from data_access.audit.chain import Audit
from data_access.audit.checking import verify as verify_audit
from data_access.audit.events import Started
from data_access.erasure import working
from data_access.erasure.model import Job, State
from data_access.erasure.working import work
from data_access.errors import DataAccessError, LeaseLost, SchemaDrift, WrongState
from tests.data_access.erasure.faults.faulty import Call, Send, error, once, refused, writing
from tests.data_access.erasure.faults.site import BY, Site, some_of, talk

Open = Callable[..., Site]
SUBJECT, LIKE = "did:privy:subject", "did:privy:Subject"

pytestmark = pytest.mark.engine


@pytest.fixture
def filled(site: Site) -> tuple[Site, dict[tuple[str, str], str]]:
    site.put(some_of(LIKE, "like"))
    site.put(some_of(SUBJECT, "mine"))
    return site, site.sums(site.of(SUBJECT))


def shift(monkeypatch: pytest.MonkeyPatch, minutes: int) -> None:
    """The worker's clock is off by this much."""

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(minutes=minutes)

    monkeypatch.setattr(working, "datetime", Wrong)


# F18


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_worker_whose_clock_is_off(
    filled: tuple[Site, dict[tuple[str, str], str]], monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    """One stored instant parts leftovers from new activity. What was frozen goes whatever the clock says; only what the chatbots
    begin within those ten minutes is told the other way."""
    site, others = filled
    plan_id = site.confirmed(SUBJECT)
    shift(monkeypatch, minutes)
    now = datetime.now(UTC).replace(microsecond=0)
    early, late = now - timedelta(hours=1), now + timedelta(hours=1)
    zombie = next(item for table, item in some_of(SUBJECT, "mine") if table == "ai4ai-chat-sessions")

    def write() -> None:
        site.put(talk("cg", SUBJECT, "early", at=early))
        site.put(talk("cg", SUBJECT, "late", at=late))
        site.put([("ai4ai-chat-messages", {"session_id": zombie["session_id"], "timestamp": int(late.timestamp()) * 1000, "content": "x"})])

    site.script.faults.append(once(writing(site.name("ai4ai-chat-sessions")), write))
    job = site.work(plan_id)
    site.check(job)
    assert job.cutoff is not None
    assert abs(job.cutoff - now - timedelta(minutes=minutes)) < timedelta(minutes=9)
    left = site.sums()
    assert {spot: left[spot] for spot in others} == others
    assert [key for _, key in left.keys() - others.keys()] == ['{"conversation_id": {"S": "late"}, "user_id": {"S": "%s"}}' % SUBJECT]  # noqa: UP031


def test_the_cut_off_is_one_instant_for_every_worker(
    filled: tuple[Site, dict[tuple[str, str], str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next worker's clock is ten minutes behind: the first one's cut-off stays."""
    site, others = filled
    plan_id = site.confirmed(SUBJECT)
    site.script.faults.append(once(writing(*site.tables), _stop, number=3))
    with pytest.raises(KeyboardInterrupt):
        site.work(plan_id)
    cutoff = site.jobs.status(plan_id).cutoff
    assert cutoff is not None
    site.script.faults.clear()
    shift(monkeypatch, -10)
    job = site.work(plan_id)
    site.check(job)
    assert job.cutoff == cutoff
    assert site.sums() == others


def _stop() -> None:
    raise KeyboardInterrupt


# F19


def together(*acts: Callable[[], Any]) -> list[Any]:
    """All at once; a result, or the error that came."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        gate.wait(60)
        try:
            return act()
        except DataAccessError as failed:
            return failed

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_two_clicks_at_once_are_one_job(filled: tuple[Site, dict[tuple[str, str], str]]) -> None:
    site, others = filled
    plan = site.plan(SUBJECT)
    clicks = together(*[lambda: site.jobs.confirm(plan.plan_id, SUBJECT, BY)] * 4)
    assert all(isinstance(one, Job) and one.state is State.APPROVED for one in clicks), clicks
    ended = together(*[lambda: work(site.shop, plan.plan_id, "worker:test")] * 3)
    jobs = [one for one in ended if isinstance(one, Job)]
    assert len(jobs) == 1, ended
    site.check(jobs[0])
    assert site.sums() == others
    assert sum(row.deleted for row in jobs[0].progress) == 40
    assert len([1 for event, _ in site.events(plan.plan_id) if event == "started"]) == 1


def test_two_tabs_with_a_plan_each_are_one_job(filled: tuple[Site, dict[tuple[str, str], str]]) -> None:
    """Each has a plan of the same user: one begins, the other is told of it. A stale page later finds its plan ended with the user,
    whose id it had in it, and a new plan finds nothing to do."""
    site, others = filled
    plans = together(lambda: site.plan(SUBJECT), lambda: site.plan(SUBJECT))
    said = together(*[lambda plan=plan: site.jobs.confirm(plan.plan_id, SUBJECT, BY) for plan in plans])
    begun = [one for one in said if isinstance(one, Job)]
    busy = [one for one in said if isinstance(one, DataAccessError)]
    assert (len(begun), [one.code for one in busy]) == (1, ["subject_busy"])
    site.check(site.work(begun[0].plan_id))
    assert site.sums() == others
    stale = next(plan for plan in plans if plan.plan_id != begun[0].plan_id)
    with pytest.raises(WrongState):
        site.jobs.confirm(stale.plan_id, SUBJECT, BY)
    assert SUBJECT not in site.control_text()
    site.check(site.erase(SUBJECT), State.NO_DATA)
    assert site.sums() == others


# R11


@pytest.mark.parametrize("number", [1, 4])
def test_a_worker_that_was_paused_and_wakes_when_another_has_the_job(open_site: Open, number: int) -> None:
    """It stops at a write to the data; its lease ends, another worker finishes. What it then writes is refused or changes nothing."""
    site = open_site()
    site.put(some_of(LIKE, "like"))
    site.put(some_of(SUBJECT, "mine"))
    others = site.sums(site.of(SUBJECT))
    plan_id = site.confirmed(SUBJECT)
    asleep, awake = threading.Event(), threading.Event()

    def pause() -> None:
        asleep.set()
        assert awake.wait(300)

    site.script.faults.append(once(writing(*site.tables), pause, number=number))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(work, site.shop, plan_id, "worker:paused")
        try:
            assert asleep.wait(300)
            site.end_lease(plan_id)
            job = site.work(plan_id)
        finally:
            awake.set()
        with pytest.raises(LeaseLost):
            first.result()
    site.check(site.jobs.status(plan_id))
    assert job.token == 2
    assert site.sums() == others
    assert sum(row.deleted for row in job.progress) == 40


# F23


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException"])
def test_without_an_audit_no_batch_is_sent(filled: tuple[Site, dict[tuple[str, str], str]], code: str) -> None:
    """The write that says what is about to be deleted fails: nothing is, and the job goes on when the audit is back."""
    site, others = filled
    everything = site.sums()
    plan_id = site.confirmed(SUBJECT)

    def tells_of_deletes(call: Call) -> bool:
        return any(
            '"event":"deleting"' in repr(one.get("Put", {}).get("Item", {}).get("body")) for one in call.request.get("TransactItems", ())
        )

    site.script.faults.append(refused(tells_of_deletes, code))
    site.script.calls.clear()
    with pytest.raises(DataAccessError):
        site.work(plan_id)
    assert site.script.of(writing(*site.tables)) == []
    assert site.sums() == everything
    assert site.jobs.status(plan_id).state is State.RUNNING
    site.script.faults.clear()
    site.check(site.work(plan_id))
    assert site.sums() == others


def test_an_audit_that_goes_out_in_the_middle(filled: tuple[Site, dict[tuple[str, str], str]]) -> None:
    """Every delete that was sent is one that the audit was told of before."""
    site, others = filled
    plan_id = site.confirmed(SUBJECT)
    state = {"told": 0, "out": False}

    def fault(call: Call, send: Send) -> Any:
        events = [repr(one.get("Put", {}).get("Item", {}).get("body")) for one in call.request.get("TransactItems", ())]
        if any('"event":' in one for one in events):
            state["told"] += any('"event":"deleting"' in one for one in events)
            state["out"] |= state["told"] == 4
            if state["out"]:
                raise error("InternalServerError", call.method, 500)
        return send(call.request)

    site.script.faults.append(fault)
    site.script.calls.clear()
    with pytest.raises(DataAccessError):
        site.work(plan_id)
    sent = {table for call in site.script.of(writing(*site.tables)) for table in call.tables}
    told = {str(fields["chunk"]).split("#")[3] for event, fields in site.events(plan_id) if event == "deleting"}
    assert len(told) == 3
    assert sent - {site.name("ai4ai-chat-sessions")} <= told | {site.name("ai4ai-chat-sessions")}
    site.script.faults.clear()
    site.check(site.work(plan_id))
    assert site.sums() == others


# F24


def test_writers_of_the_audit_at_once_make_one_chain(site: Site) -> None:
    """Each with an Audit of its own, as in several processes."""
    writers = [Audit(site.control) for _ in range(4)]

    def write(number: int) -> Callable[[], None]:
        def act() -> None:
            for turn in range(6):
                writers[number].write(Started(f"{number}{turn}".zfill(26), f"worker:{number}", 1))

        return act

    assert together(*[write(number) for number in range(4)]) == [None] * 4
    assert [one.sequence for one in site.audit.entries()] == list(range(1, 25))
    assert len({(one.fields["plan_id"], one.fields["actor"]) for one in site.audit.entries()}) == 24
    verdict = verify_audit(site.audit)
    assert (verdict.state, verdict.rows) == ("unwitnessed", 24)


# F26


def test_a_table_that_is_laid_out_otherwise_is_not_planned(site: Site) -> None:
    """The live table has a text where the file says a number, and another sort key: named, and nothing is written anywhere."""
    table = site.name("ai4ai-chat-messages")
    site.put(some_of(SUBJECT, "mine", ["ai_agent", "cg", "remo"]))
    site.client.delete_table(TableName=table)
    site.client.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "session_id", "KeyType": "HASH"}, {"AttributeName": "created_at", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("session_id", "created_at")],
        BillingMode="PAY_PER_REQUEST",
    )
    site.script.calls.clear()
    with pytest.raises(SchemaDrift) as caught:
        site.plan(SUBJECT)
    assert table in str(caught.value)
    assert "created_at" in str(caught.value) or "timestamp" in str(caught.value)
    assert site.script.of(writing(*site.tables)) == []
    assert site.jobs.list() == ()


def test_a_table_that_changes_after_the_plan_stops_the_job(site: Site) -> None:
    site.put(some_of(SUBJECT, "mine"))
    plan_id = site.confirmed(SUBJECT)
    table = site.name("ai4ai-chat-messages")
    site.client.delete_table(TableName=table)
    site.client.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "session_id", "KeyType": "HASH"}, {"AttributeName": "created_at", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("session_id", "created_at")],
        BillingMode="PAY_PER_REQUEST",
    )
    others = site.client.scan(TableName=site.name("cg-chatbot-conversations"))["Count"]
    site.script.calls.clear()
    with pytest.raises(DataAccessError) as caught:
        site.work(plan_id)
    assert table in str(caught.value)
    assert site.script.of(writing(*site.tables)) == []
    assert site.client.scan(TableName=site.name("cg-chatbot-conversations"))["Count"] == others
