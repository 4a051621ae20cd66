"""F8, F9, F10: indexes that are late, that lie, and that never have an item. What counts is the table, read consistently."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from data_access.erasure.model import Scope, State
from tests.data_access.erasure.faults.clock import Clock
from tests.data_access.erasure.faults.faulty import Call, Lag, blind, on, once, shows, writing
from tests.data_access.erasure.faults.site import BY, KEYS, Site, some_of, talk

Open = Callable[..., Site]
SUBJECT, LIKE = "did:privy:subject", "did:privy:Subject"

pytestmark = pytest.mark.engine


def lag_of(site: Site, clock: Clock, seconds: float) -> Lag:
    return Lag(clock, seconds, site.stored(), {site.name(table): keys for table, keys in KEYS.items()})


@pytest.mark.parametrize("seconds", [0.0, 2.0, 30.0])
def test_an_index_that_is_late(open_site: Open, clock: Clock, seconds: float) -> None:
    """F8: deleted items are shown and new ones are not, for so long. Nothing is called completed before the lag is over."""
    site = open_site()
    site.put(some_of(LIKE, "like"))
    site.put(some_of(SUBJECT, "mine"))
    others = site.sums(site.of(SUBJECT))
    site.shop_settings |= {"settle_seconds": 1.0}
    lag = lag_of(site, clock, seconds)
    new = talk("ai_agent", SUBJECT, "new") + talk("cg", SUBJECT, "new")

    def arrive() -> None:
        site.put(new)
        for table, item in new:
            lag.put(site.name(table), site.key(table, item))

    began = clock.now()
    site.script.faults += [lag, once(writing(*site.tables), arrive)]
    job = site.erase(SUBJECT)
    site.check(job)
    assert site.sums() == others
    receipt = site.receipt(job)
    assert len(receipt["sweeps"]) >= 2
    if seconds:
        assert clock.now() >= began + seconds
        assert receipt["index_lag"] > 0
    assert [sweep["clean"] for sweep in receipt["sweeps"]][-2:] == [True, True]


def test_an_index_that_never_catches_up(open_site: Open, clock: Clock) -> None:
    """The item is gone, and an index shows it for hours: residual, and no end without an end of sweeps."""
    site = open_site()
    site.put(some_of(SUBJECT, "mine"))
    site.shop_settings |= {"settle_seconds": 1.0}
    site.script.faults.append(lag_of(site, clock, 1e9))
    job = site.erase(SUBJECT)
    site.check(job, State.RESIDUALS)
    assert not site.sums()
    assert {one["kind"] for one in site.receipt(job)["residuals"]} == {"index_entry"}


def test_entries_of_an_index_that_are_not_true(open_site: Open) -> None:
    """F9: an entry whose item is gone, and one whose item is another's by now. Neither is ever deleted by it."""
    site = open_site()
    site.put(some_of(LIKE, "like"))
    site.put(some_of(SUBJECT, "mine"))
    others = site.sums(site.of(SUBJECT))
    sessions, messages, chats = (site.name(name) for name in ("ai-agent-sessions", "ai-agent-messages", "cg-chatbot-conversations"))
    foreign = {
        table: [site.key(name, item) for name, item in some_of(LIKE, "like") if site.name(name) == table]
        for table in (sessions, messages, chats)
    }
    gone = {
        sessions: {"id": {"S": "no-such"}, "tenantId": {"S": "acme"}},
        messages: {"id": {"S": "no-such"}},
        chats: {"conversation_id": {"S": "no-such"}, "user_id": {"S": SUBJECT}},
    }
    site.script.faults += [shows(on(table), [*foreign[table], gone[table]]) for table in (sessions, messages, chats)]
    job = site.erase(SUBJECT)
    assert site.sums() == others
    assert sum(row.deleted for row in job.progress) == 40
    assert sum(row.foreign for row in job.progress) == 0
    site.check(job, State.RESIDUALS)  # an index that shows what is not there is told, and not called clean
    assert {one["kind"] for one in site.receipt(job)["residuals"]} == {"index_entry"}


def test_a_false_entry_alone_is_not_planned_without_a_scan(open_site: Open) -> None:
    """Where no Scan is allowed the index is the only way: each of its entries is read from the table before it is frozen."""
    site = open_site()
    site.put(some_of(LIKE, "like"))
    site.put(some_of(SUBJECT, "mine"))
    others = site.sums(site.of(SUBJECT))
    chats = site.name("cg-chatbot-conversations")
    foreign = [site.key(name, item) for name, item in some_of(LIKE, "like", ["cg"])]
    site.script.faults.append(shows(on(chats), [*foreign, {"conversation_id": {"S": "no-such"}, "user_id": {"S": SUBJECT}}]))
    plan = site.jobs.plan(Scope(SUBJECT, ("cg",)), BY, allow_scan=False)
    assert plan.keys == 10
    site.jobs.confirm(plan.plan_id, SUBJECT, BY)
    site.work(plan.plan_id)
    left = site.sums()
    assert {spot: left[spot] for spot in others} == others


def drifted(user: str) -> list[tuple[str, dict[str, Any]]]:
    """Items that no index has, one of each kind."""
    return [
        ("cg-chatbot-conversations", {"conversation_id": "sparse", "user_id": user, "title": "no time"}),
        ("ai-agent-sessions", {"id": "odd-session", "tenantId": "acme", "userId": user}),
        ("ai-agent-messages", {"id": "no-time", "sessionId": "odd-session", "tenantId": "acme", "userId": user, "content": "x"}),
        (
            "ai-agent-messages",
            {"id": "no-session", "tenantId": "acme", "userId": user, "content": "x", "timestamp": "2026-05-04T08:00:00Z"},
        ),
        ("ai-agent-messages", {"id": "bare", "userId": user}),
        ("ai-agent-messages", {"id": "no-user", "sessionId": "odd-session", "tenantId": "acme", "content": "x"}),
        ("ai-agent-messages", {"id": "gone-session", "sessionId": "gone", "tenantId": "acme", "userId": user}),
    ]


def test_what_no_index_ever_has(open_site: Open) -> None:
    """F10: found by the plan's Scan, and by the verifier's."""
    site = open_site()
    site.put(some_of(LIKE, "like"))
    names = ("id", "conversation_id", "sessionId")
    site.put((table, item | {name: f"like-{item[name]}" for name in names if name in item}) for table, item in drifted(LIKE))
    site.put(drifted(SUBJECT))
    others = site.sums(site.of(SUBJECT))
    job = site.erase(SUBJECT)
    site.check(job)
    assert site.sums() == others
    assert sum(row.deleted for row in job.progress) == 7


def test_what_no_index_has_and_came_during_the_job(open_site: Open) -> None:
    site = open_site()
    site.put(some_of(SUBJECT, "mine"))
    site.script.faults.append(once(writing(*site.tables), lambda: site.put(drifted(SUBJECT))))
    job = site.erase(SUBJECT)
    site.check(job)
    assert not site.sums()
    assert sum(row.deleted for row in job.progress) == 47


def test_indexes_that_show_nothing_at_all(open_site: Open) -> None:
    site = open_site()
    site.put(some_of(LIKE, "like"))
    site.put(some_of(SUBJECT, "mine"))
    others = site.sums(site.of(SUBJECT))
    site.script.faults.append(blind(lambda _: True))
    job = site.erase(SUBJECT)
    site.check(job)
    assert site.sums() == others


def test_empty_pages_with_more_behind_them(open_site: Open) -> None:
    """R13: a page may be empty and not be the last one."""
    site = open_site()
    site.put(some_of(LIKE, "like"))
    site.put(some_of(SUBJECT, "mine"))
    others = site.sums(site.of(SUBJECT))

    def one_by_one(call: Call, send: Any) -> Any:
        data = call.tables & set(site.tables)
        return send(call.request | {"Limit": 2}) if data and call.method in ("query", "scan") else send(call.request)

    site.script.faults.append(one_by_one)
    job = site.erase(SUBJECT)
    site.check(job)
    assert site.sums() == others
