"""R11 where a job is worked on: a worker that lost its job cannot prolong or give back the next one's lease, and there is one receipt."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_access.erasure import holding_on
from data_access.erasure.holding_on import Hold
from data_access.erasure.lease import Lease
from data_access.erasure.model import Job, State
from data_access.erasure.pace import Waiting
from data_access.errors import LeaseLost
from tests.data_access.erasure.shops import Shop, shop_at

pytestmark = pytest.mark.engine


@pytest.fixture
def shop(engine_endpoint: str, tmp_path: Path) -> Iterator[Shop]:
    with shop_at(engine_endpoint, tmp_path, "cg") as found:
        yield found


def overtaken(shop: Shop) -> tuple[Hold, Lease, Job]:
    """A worker that was paused for longer than its lease, and the one that has the job now."""
    plan_id = shop.confirmed("cg").plan_id
    stale = shop.control.acquire(plan_id, "paused")
    assert stale is not None
    shop.control.renew(stale, -1)
    fresh = shop.control.acquire(plan_id, "next")
    assert fresh is not None
    return Hold(shop.control, stale, Waiting(), beat_seconds=0.0), fresh, shop.jobs.status(plan_id)


def test_a_paused_worker_cannot_prolong_the_next_ones_lease(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    hold, fresh, now = overtaken(shop)
    with pytest.raises(LeaseLost):
        hold.beat()
    monkeypatch.setattr(holding_on, "_UNSURE_AFTER", 0.0)
    with pytest.raises(LeaseLost):
        hold.check()
    assert shop.jobs.status(now.plan_id) == now
    assert now.lease_until == fresh.until


def test_a_paused_worker_cannot_give_the_next_ones_lease_back(shop: Shop) -> None:
    hold, fresh, now = overtaken(shop)
    hold.release()
    assert shop.jobs.status(now.plan_id) == now
    assert shop.control.acquire(now.plan_id, "third") is None
    shop.control.release(fresh)
    assert shop.control.acquire(now.plan_id, "third") is not None


def test_a_paused_worker_says_nothing_in_the_next_ones_job(shop: Shop) -> None:
    hold, _, now = overtaken(shop)
    hold.tell("Waiting for capacity.")
    assert shop.jobs.status(now.plan_id) == now


def test_a_worker_that_does_not_see_the_receipt_does_not_replace_it(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between the receipt and the end; the next one read before the write was there, and makes a receipt of its own."""
    job = shop.confirmed("cg")
    shop.killed_at_the_end(job.plan_id)
    first = shop.control.receipt(job.plan_id)
    assert first is not None
    made: list[bytes] = []
    keep = shop.control.keep_receipt

    def note(held: Lease, receipt: bytes) -> bytes:
        made.append(receipt)
        return keep(held, receipt)

    with monkeypatch.context() as patch:
        patch.setattr(shop.control, "receipt", lambda _: None)
        patch.setattr(shop.control, "keep_receipt", note)
        ended = shop.work(job.plan_id)
    assert ended.state is State.COMPLETED
    assert made
    assert made != [first], "it has other sweeps in it"
    assert shop.control.receipt(job.plan_id) == first
    entries = shop.workshop.audit.entries(plan_id=job.plan_id)
    assert {entry.fields["digest"] for entry in entries if entry.event == "receipted"} == {hashlib.sha256(first).hexdigest()}
