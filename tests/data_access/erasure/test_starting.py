"""The look before the first delete: what has no index, and came in numbers, stops the job before anything is gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from data_access.erasure import starting
from data_access.erasure.holding_on import CancelAsked
from data_access.erasure.model import Job, Scope, State
from tests.data_access.erasure.shops import ME, SUBJECTS, Shop, shop_at

pytestmark = pytest.mark.engine
USER = SUBJECTS["ai_agent"]
MANY = 120  # more than may come since a plan, see DRIFT_ALWAYS


@pytest.fixture
def shop(engine_endpoint: str, tmp_path: Path) -> Iterator[Shop]:
    with shop_at(engine_endpoint, tmp_path, "ai_agent") as found:
        yield found


def write_unindexed(shop: Shop) -> None:
    """Messages without a timestamp: in no index of their conversation."""
    for number in range(MANY):
        message = {"sessionId": "elsewhere", "tenantId": "acme", "userId": USER, "content": "x", "role": "user"}
        shop.put("ai-agent-messages", id=f"unseen-{number}", **message)


def confirmed(shop: Shop, *, allow_scan: bool = True) -> Job:
    plan = shop.jobs.plan(Scope(USER, ("ai_agent",)), ME, allow_scan=allow_scan)
    return shop.jobs.confirm(plan.plan_id, USER, ME)


def test_what_a_plan_without_scans_did_not_look_for_is_not_erased_unseen(shop: Shop) -> None:
    write_unindexed(shop)
    job, before = confirmed(shop, allow_scan=False), shop.left("ai_agent")
    ended = shop.work(job.plan_id)
    assert ended.state is State.BLOCKED
    assert "nothing was deleted" in ended.message
    assert shop.left("ai_agent") == before
    assert sum(item["id"]["S"].startswith("unseen-") for item in shop.items("ai-agent-messages")) == MANY


def test_a_plan_that_has_waited_is_looked_at_from_end_to_end(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second person may take days: what came meanwhile is bounded too, whatever the indexes show of it."""
    job, before = confirmed(shop), shop.left("ai_agent")
    write_unindexed(shop)
    monkeypatch.setattr(starting, "FRESH", timedelta())
    ended = shop.work(job.plan_id)
    assert ended.state is State.BLOCKED
    assert "nothing was deleted" in ended.message
    assert shop.left("ai_agent") == before


def test_another_users_message_that_no_index_has_blocks_a_plan_that_has_waited(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    job, before = confirmed(shop), shop.left("ai_agent")
    mine = next(item for item in shop.items("ai-agent-sessions") if item["userId"]["S"] == USER)
    where = {"sessionId": mine["id"]["S"], "tenantId": mine["tenantId"]["S"]}
    shop.put("ai-agent-messages", id="theirs", userId="user-77", content="x", role="user", **where)
    monkeypatch.setattr(starting, "FRESH", timedelta())
    ended = shop.work(job.plan_id)
    assert ended.state is State.BLOCKED
    assert "names another user" in ended.message
    assert shop.left("ai_agent") == before


@pytest.mark.parametrize("fresh", [True, False])
def test_a_look_that_finds_nothing_new_keeps_its_lease_and_hears_a_cancel(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, *, fresh: bool
) -> None:
    """It is asked at each page, since there may be a thousand of them without anything in them that the plan does not have."""
    if not fresh:
        monkeypatch.setattr(starting, "FRESH", timedelta())
    job, beats = confirmed(shop), list[None]()
    control, sources = shop.control, shop.workshop.sources
    drift = starting.look_again(control, sources, job, None, lambda: beats.append(None))
    assert drift == starting.Drift()
    talks = {key.conversation for chunk in control.chunks(job.plan_id) for key in chunk.keys}
    assert len(beats) > (len(talks) if fresh else 1)

    def cancel() -> None:
        raise CancelAsked

    with pytest.raises(CancelAsked):
        starting.look_again(control, sources, job, None, cancel)
