"""F5, F6, F7, F22 (R6, R15): the chatbots go on writing while a job runs, and the store expires items by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from data_access.counts import some
from data_access.erasure.model import State
from tests.data_access.erasure.faults.faulty import on, once, writing
from tests.data_access.erasure.faults.site import LONG_AGO, Site, some_of, talk, wire

Open = Callable[..., Site]
SUBJECT, LIKE = "did:privy:subject", "did:privy:Subject"
SPLIT = {"ai_agent": ("ai-agent-sessions", "ai-agent-messages"), "ai4ai": ("ai4ai-chat-sessions", "ai4ai-chat-messages")}
STATEMENTS = ("batch_execute_statement",)  # the deletes of conversations; transactions only check them
LATER = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=2)  # after any cut-off of this run

pytestmark = pytest.mark.engine


def seen(site: Site, plan_id: str) -> int:
    """How many items the audit's sweeps found that were left."""
    return sum(int(fields["residuals"]) for event, fields in site.events(plan_id) if event == "swept")


@pytest.fixture
def filled(site: Site) -> tuple[Site, dict[tuple[str, str], str]]:
    site.put(some_of(LIKE, "like"))
    site.put(some_of(SUBJECT, "mine"))
    return site, site.sums(site.of(SUBJECT))


def test_what_is_written_before_the_start_is_erased_and_told(filled: tuple[Site, dict[tuple[str, str], str]]) -> None:
    """F5, between plan and start: a message in each old conversation, and a new conversation."""
    site, others = filled
    plan_id = site.confirmed(SUBJECT)
    for system in SPLIT:
        site.put([row for row in talk(system, SUBJECT, f"mine-{system}-0", turns=6) if row[0] == SPLIT[system][1]])
        site.put(talk(system, SUBJECT, f"new-{system}"))
    site.put(talk("cg", SUBJECT, "new-cg"))
    job = site.work(plan_id)
    site.check(job)
    assert site.sums() == others
    assert "13 items came since the plan was made" in job.message
    assert sum(row.deleted for row in job.progress) == 53


@pytest.mark.parametrize("system", list(SPLIT))
def test_messages_that_come_during_the_deletes(filled: tuple[Site, dict[tuple[str, str], str]], system: str) -> None:
    """F5, with times before the cut-off: written behind the look at the start, found by a sweep, erased, told."""
    site, others = filled
    rows = [row for row in talk(system, SUBJECT, f"mine-{system}-0", turns=9) if row[0] == SPLIT[system][1]][6:]
    site.script.faults.append(once(writing(*site.tables), lambda: site.put(rows)))
    plan_id = site.confirmed(SUBJECT)
    job = site.work(plan_id)
    site.check(job)
    assert site.sums() == others
    assert seen(site, plan_id) >= len(rows)
    assert sum(row.deleted for row in job.progress) == 40 + len(rows)


@pytest.mark.parametrize("system", ["ai_agent", "ai4ai"])
def test_new_activity_stays_and_is_told(filled: tuple[Site, dict[tuple[str, str], str]], system: str) -> None:
    """F5, R15: a conversation that is begun after the cut-off is nobody's request."""
    site, others = filled
    rows = talk(system, SUBJECT, f"later-{system}", at=LATER)
    site.script.faults.append(once(writing(*site.tables), lambda: site.put(rows)))
    job = site.erase(SUBJECT)
    site.check(job)
    left = site.sums()
    assert {spot: left[spot] for spot in others} == others
    assert len(left) == len(others) + len(rows)
    assert sum(one["new_activity"] for one in site.receipt(job)["new_activity"]) == len(rows)
    assert f"{some(len(rows), 'item')} newer than the erasure" in job.message


@pytest.mark.parametrize("system,late", [("ai_agent", True), ("ai4ai", False), ("ai4ai", True), ("cg", True)])
def test_a_zombie_upsert(filled: tuple[Site, dict[tuple[str, str], str]], system: str, late: bool) -> None:
    """F6: UpdateItem without a condition makes the conversation's item again: keys and a time, which no index has."""
    site, others = filled
    table = {"cg": "cg-chatbot-conversations"}.get(system) or SPLIT[system][0]
    item = next(item for name, item in talk(system, SUBJECT, f"mine-{system}-0") if name == table)
    when = (LATER if late else LONG_AGO).isoformat()

    def upsert() -> None:
        site.client.update_item(
            TableName=site.name(table),
            Key=site.key(table, item),
            UpdateExpression="SET #at = :at",
            ExpressionAttributeNames={"#at": "updatedAt" if system == "ai_agent" else "updated_at"},
            ExpressionAttributeValues=wire({":at": when}),
        )

    site.script.faults.append(once(on(site.name(table), methods=STATEMENTS), upsert, after=True))
    job = site.erase(SUBJECT)
    site.check(job)
    assert site.sums() == others
    assert seen(site, job.plan_id) >= 1
    assert sum(row.deleted for row in job.progress) == 41


@pytest.mark.parametrize("system", list(SPLIT))
def test_a_late_orphan(filled: tuple[Site, dict[tuple[str, str], str]], system: str) -> None:
    """F7: five minutes after the cut-off a message arrives in a conversation that is gone."""
    site, others = filled
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=5)
    rows = [row for row in talk(system, SUBJECT, f"mine-{system}-1", turns=1, at=at) if row[0] == SPLIT[system][1]]
    site.script.faults.append(once(on(site.name(SPLIT[system][0]), methods=STATEMENTS), lambda: site.put(rows), after=True))
    job = site.erase(SUBJECT)
    site.check(job)
    assert site.sums() == others
    assert seen(site, job.plan_id) >= 1


@pytest.mark.parametrize("system", list(SPLIT))
def test_a_conversation_waits_for_the_last_of_its_messages(site: Site, system: str) -> None:
    """F2: messages are slow and their conversations are not. When the first conversation's delete is sent, no message is left."""
    sessions, messages = (site.name(table) for table in SPLIT[system])
    site.put(row for n in range(3) for row in talk(system, SUBJECT, f"mine-{n}", turns=40))
    left: list[int] = []

    def slow(call: Any, send: Any) -> Any:
        if call.writes and messages in call.tables:
            time.sleep(0.3)
        return send(call.request)

    count = once(on(sessions, methods=STATEMENTS), lambda: left.append(len(site.stored()[messages])))
    site.script.faults += [slow, count]
    site.check(site.erase(SUBJECT, [system]))
    assert left == [0]
    assert not site.sums()


def test_a_writer_that_never_stops(open_site: Open) -> None:
    """Each sweep finds another one: it ends with residuals, in a bounded number of sweeps, and says so."""
    site = open_site()
    site.put(talk("ai4ai", SUBJECT, "mine"))
    state = {"n": 100}

    def write_another() -> None:
        state["n"] += 1
        site.put([("ai4ai-chat-messages", {"session_id": "mine", "timestamp": 1_000 + state["n"], "role": "user", "content": "more"})])

    def fault(call: Any, send: Any) -> Any:
        answer = send(call.request)
        if call.writes and call.tables & set(site.tables):
            write_another()
        return answer

    site.script.faults.append(fault)
    job = site.erase(SUBJECT, ["ai4ai"])
    site.check(job, State.RESIDUALS)
    assert len(site.receipt(job)["sweeps"]) <= 8
    assert "ai4ai-chat-messages" in job.message
    assert site.sums().keys() != set()


def test_expiry_meets_delete(filled: tuple[Site, dict[tuple[str, str], str]]) -> None:
    """F22: items expire between the plan and their delete, before anything was sent: absent, and the totals add up."""
    site, others = filled
    site.shop_settings["threads"] = 1  # another thread's delete could be on its way already
    gone = [row for row in some_of(SUBJECT, "mine") if row[0] in ("remo-user-data", "cg-chatbot-conversations")][::3]
    site.script.faults.append(once(writing(*site.tables), lambda: site.remove(gone)))
    job = site.erase(SUBJECT)
    site.check(job)
    assert site.sums() == others
    assert sum(row.absent for row in job.progress) == len(gone)
    assert sum(row.deleted + row.absent for row in job.progress) == 40
    said = site.receipt(job)["tables"]
    assert all(one["planned"] == one["deleted"] + one["already_absent"] + one["residual"] for one in said)


def test_everything_expired_before_the_first_delete(site: Site) -> None:
    """Nothing was deleted by us, so it is not called completed (R4)."""
    site.put(some_of(SUBJECT, "mine"))
    site.shop_settings["threads"] = 1
    site.script.faults.append(once(writing(*site.tables), lambda: site.remove(some_of(SUBJECT, "mine"))))
    job = site.erase(SUBJECT)
    site.check(job, State.NO_DATA)
    assert sum(row.deleted for row in job.progress) == 0


def test_expired_items_are_erased_too(site: Site) -> None:
    """Past its `ttl` an item stays readable for days: it counts."""
    rows = [(table, item | {"ttl": 1_000_000_000}) for table, item in some_of(SUBJECT, "mine", ["remo"])]
    site.put(rows)
    job = site.erase(SUBJECT, ["remo"])
    site.check(job)
    assert not site.sums()
    assert sum(row.deleted for row in job.progress) == 10


def test_an_item_that_becomes_another_users_in_the_last_moment_stays(site: Site) -> None:
    """Written over between the plan and its delete, in the two layouts in which the key does not name the user."""
    site.put(talk("ai_agent", SUBJECT, "mine", turns=30))
    other = [(table, item | {"userId": LIKE, "content": "SECRET-OF-ANOTHER"}) for table, item in talk("ai_agent", SUBJECT, "mine")[1:2]]
    site.script.faults.append(once(on(site.name("ai-agent-messages"), methods=STATEMENTS), lambda: site.put(other)))
    plan_id = site.confirmed(SUBJECT, ["ai_agent"])
    job = site.work(plan_id)
    site.check(job, State.BLOCKED)
    assert sum(row.foreign for row in job.progress) == 1
    assert len(site.of(LIKE)) == 1
