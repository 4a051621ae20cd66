"""F4 (R12), F17, and answers that are lost: a store that is throttled, out, closed to us in part, or done without a word."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from data_access.erasure import erasing
from data_access.erasure.holding_on import WAITING
from data_access.erasure.model import State
from data_access.errors import AwsError, DataAccessError, LeaseLost, Throttled
from tests.data_access.erasure.faults.clock import Clock
from tests.data_access.erasure.faults.faulty import Call, Outage, Send, denied, in_part, lost, on, once, throttled, writing
from tests.data_access.erasure.faults.site import Site, some_of, talk

Open = Callable[..., Site]
SUBJECT, LIKE = "did:privy:subject", "did:privy:Subject"

pytestmark = pytest.mark.engine


def filled(site: Site) -> dict[tuple[str, str], str]:
    """Two people in it; what must be left after the first is erased."""
    site.put(some_of(LIKE, "like"))
    site.put(some_of(SUBJECT, "mine"))
    return site.sums(site.of(SUBJECT))


def begun(call: Call, state: dict[str, bool]) -> bool:
    """Whether anything was deleted yet."""
    state["on"] |= call.writes and not any(table.endswith("dynascope-control") for table in call.tables)
    return state["on"]


def test_a_third_of_all_calls_is_throttled_and_the_job_completes(open_site: Open, clock: Clock) -> None:
    site = open_site()
    others = filled(site)
    plan_id = site.confirmed(SUBJECT)
    state, tables = {"on": False}, frozenset(site.tables)
    site.script.faults += [
        throttled(0.3, 7, lambda call: begun(call, state) and bool(call.tables & tables)),
        throttled(0.2, 8, lambda call: begun(call, state) and bool(call.tables & tables), "ProvisionedThroughputExceededException"),
        in_part(0.3, 9),
    ]
    site.script.calls.clear()
    job = site.work(plan_id)
    site.check(job)
    assert site.sums() == others
    assert sum(row.deleted for row in job.progress) == 40
    # A call is made again as often as it was refused, and not more often.
    assert len(site.script.calls) < 800


def test_throttling_below_botocores_own_retries(open_site: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every third request of every client, the control table's too, from the plan to the receipt."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    site = open_site()
    others = filled(site)
    count = {"n": 0, "refused": 0}

    def refuse(request: Any, **_: Any) -> Any:
        count["n"] += 1
        if count["n"] % 3:
            return None
        count["refused"] += 1
        body = b'{"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "slower"}'
        raw: Any = SimpleNamespace(stream=lambda *_, **__: iter((body,)), read=lambda *_: body)
        headers: Any = {"Content-Type": "application/x-amz-json-1.0"}
        return AWSResponse(request.url, 400, headers, raw)

    for client in {id(one): one for one in (site.control.records.client, *(source.client for source in site.sources.values()))}.values():
        client.meta.events.register("before-send.dynamodb.*", refuse)
    job = site.erase(SUBJECT)
    site.check(job)
    assert site.sums() == others
    assert count["refused"] > 50


@pytest.mark.parametrize("whole", [False, True])
def test_an_outage_of_a_minute(open_site: Open, clock: Clock, whole: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the chatbots' tables: it is waited through, and said. Of the control table too: the worker stops, the next one goes on."""
    site = open_site()
    others = filled(site)
    site.shop_settings |= {"threads": 1, "beat_seconds": 0.0}
    monkeypatch.setattr(erasing, "_LOOK_SECONDS", 0.001)
    clock.nap = 0.01
    tables = frozenset(site.tables)
    plan_id = site.confirmed(SUBJECT)
    outage = Outage(clock, 60.0, begins=writing(*tables), about=lambda call: whole or bool(call.tables & tables))
    said: set[str] = set()

    def listen(call: Call, send: Send) -> Any:
        answer = send(call.request)
        if call.method == "update_item" and ":message" in call.request.get("ExpressionAttributeValues", {}):
            said.add(call.request["ExpressionAttributeValues"][":message"]["S"])
        return answer

    site.script.faults += [outage, listen]
    job, attempts = None, 0
    while job is None:
        try:
            job = site.work(plan_id)
        except (LeaseLost, AwsError):
            attempts += 1
            assert whole
            assert attempts < 50
            clock.sleep(5.0)
            site.end_lease(plan_id)
    site.check(job)
    assert site.sums() == others
    assert sum(row.deleted for row in job.progress) == 40
    # Pauses grow to ten seconds: a minute is a few dozen calls, not thousands.
    assert 5 < outage.refused < 150
    if not whole:
        assert WAITING in said


def test_patience_ends_and_the_job_can_be_resumed(open_site: Open, clock: Clock) -> None:
    site = open_site()
    others = filled(site)
    site.shop_settings |= {"patience": 30.0, "threads": 1}
    plan_id = site.confirmed(SUBJECT)
    site.script.faults.append(Outage(clock, 3_600.0, begins=writing(*site.tables), about=on(*site.tables)))
    with pytest.raises(AwsError):
        site.work(plan_id)
    job = site.jobs.status(plan_id)
    assert job.state is State.RUNNING
    assert job.message
    site.script.faults.clear()
    site.check(site.work(plan_id))
    assert site.sums() == others


def test_the_rate_is_never_exceeded(open_site: Open, clock: Clock) -> None:
    """In any stretch of time no more write units than its seconds allow, and one second's worth; refused calls count too."""
    rate = 5.0
    site = open_site(rate=rate)
    others = filled(site)
    site.shop_settings |= {"threads": 1}
    plan_id = site.confirmed(SUBJECT)
    spent: list[tuple[float, float]] = []
    tables = frozenset(site.tables)

    def measure(call: Call, send: Send) -> Any:
        if not (call.writes and call.tables & tables):
            return send(call.request)
        at = clock.now()
        # Every item here is below a kilobyte: a unit for each, two for each in a transaction.
        spent.append((at, float(len(call.request.get("Statements", ())) or 2 * (len(call.request["TransactItems"]) - 1))))
        return send(call.request)

    site.script.faults += [measure, throttled(0.3, 3, writing(*tables))]
    started = clock.now()
    job = site.work(plan_id)
    site.check(job)
    assert site.sums() == others
    for first, (since, _) in enumerate(spent):
        for until in range(first, len(spent)):
            units = sum(one for _, one in spent[first : until + 1])
            # The last request is taken whole once there is a second's worth.
            assert units <= rate * (spent[until][0] - since) + rate + spent[until][1]
    assert sum(one for _, one in spent) <= rate * (clock.now() - started) + rate


@pytest.mark.parametrize("closed", ["remo-user-data", "ai-agent-messages", "ai4ai-chat-sessions", "cg-chatbot-conversations"])
def test_one_table_that_says_no_does_not_hold_up_the_others(open_site: Open, closed: str) -> None:
    """F17: the other tables are finished, the table is named, and a conversation stays while its messages do."""
    site = open_site()
    others = filled(site)
    plan_id = site.confirmed(SUBJECT)
    site.script.faults.append(denied(writing(site.name(closed))))
    job = site.work(plan_id)
    site.check(job, State.RESIDUALS)
    left = site.sums()
    assert {spot: left.get(spot) for spot in others} == others
    still = {spot[0].removeprefix(site.prefix) for spot in left.keys() - others.keys()}
    kept = {"ai-agent-messages": "ai-agent-sessions", "ai4ai-chat-messages": "ai4ai-chat-sessions"}
    kept["ai4ai-chat-sessions"] = "ai4ai-chat-messages"  # a message is deleted beside a check on its conversation: refused as well
    assert still == {closed} | ({kept[closed]} if closed in kept else set())
    assert site.name(closed) in job.message
    assert {one["table"] for one in site.receipt(job)["residuals"]} >= {site.name(closed)}
    site.script.faults.clear()
    site.check(site.erase(SUBJECT))  # when it may again
    assert site.sums() == others


def test_a_table_that_may_not_be_read_is_named_too(open_site: Open) -> None:
    site = open_site()
    others = filled(site)
    plan_id = site.confirmed(SUBJECT)
    table = site.name("cg-chatbot-conversations")
    site.script.faults.append(denied(on(table, methods=("query", "scan", "get_item", "batch_get_item"))))
    job = site.work(plan_id)
    site.check(job, State.RESIDUALS)
    assert site.sums() == others  # the planned keys went all the same
    assert {one["table"] for one in site.receipt(job)["unread"]} == {table}


def test_every_answer_to_a_delete_is_lost_once(open_site: Open, clock: Clock) -> None:
    """It was done, and nobody was told: sent again, it is not counted as gone by itself."""
    site = open_site()
    others = filled(site)
    plan_id = site.confirmed(SUBJECT)
    site.script.faults.append(lost(writing(*site.tables)))
    job = site.work(plan_id)
    site.check(job)
    assert site.sums() == others
    assert (sum(row.deleted for row in job.progress), sum(row.absent for row in job.progress)) == (40, 0)


def test_answers_of_the_control_table_are_lost(open_site: Open, clock: Clock) -> None:
    """Every 34th; each time the worker ends. What the write did stays done, once."""
    site = open_site()
    others = filled(site)
    plan_id = site.confirmed(SUBJECT)
    control = site.settings.erasure.control_table
    number = {"n": 0}

    def every_17th(call: Call) -> bool:
        if not (call.writes and control in call.tables):
            return False
        number["n"] += 1
        return number["n"] % 17 == 0  # of which `lost` takes every other one

    fault = lost(lambda _: True)

    def sometimes(call: Call, send: Send) -> Any:
        return fault(call, send) if every_17th(call) else send(call.request)

    site.script.faults.append(sometimes)
    for _ in range(40):
        try:
            job = site.work(plan_id)
        except DataAccessError:
            if site.jobs.status(plan_id).state is State.COMPLETED:
                break
            site.end_lease(plan_id)
        else:
            assert job.state is State.COMPLETED
            break
    site.script.faults.clear()
    site.control.sweep()
    job = site.jobs.status(plan_id)
    site.check(job)
    assert site.sums() == others
    assert sum(row.deleted for row in job.progress) == 40


def test_a_store_that_only_throttles_is_called_a_bounded_number_of_times(open_site: Open, clock: Clock) -> None:
    site = open_site()
    site.put(talk("cg", SUBJECT, "one"))
    plan_id = site.confirmed(SUBJECT, ["cg"])
    site.script.faults.append(throttled(1.0, 1, writing(*site.tables)))
    site.script.calls.clear()
    with pytest.raises(Throttled):
        site.work(plan_id)
    # Ten minutes of patience with pauses of up to ten seconds; a loop without one makes millions.
    assert len(site.script.of(writing(*site.tables))) < 300


def test_the_answer_that_makes_the_receipt_is_lost(open_site: Open) -> None:
    site = open_site()
    filled(site)
    plan_id = site.confirmed(SUBJECT)
    fault = lost(lambda call: "receipt" in repr(call.request.get("TransactItems")))
    site.script.faults += [fault, once(lambda _: False, lambda: None)]
    with pytest.raises(AwsError):
        site.work(plan_id)
    kept = site.control.receipt(plan_id)
    assert kept is not None
    site.end_lease(plan_id)
    job = site.work(plan_id)
    site.check(job)
    assert site.jobs.receipt(plan_id) == kept
