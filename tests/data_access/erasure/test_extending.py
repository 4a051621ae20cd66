"""The due date: extended once, in time, for one of two reasons, kept by the table itself and told by the audit and the receipt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from data_access.erasure import control_dates
from data_access.erasure.control_dates import extend_due
from data_access.erasure.jobs import is_overdue
from data_access.erasure.model import Job, Reason, Scope, State
from data_access.erasure.receipt_check import verify_receipt
from data_access.errors import AuditError, NotFound, WrongState
from tests.data_access.erasure.shops import ME, OTHER, SUBJECTS, Shop, shop_at

pytestmark = pytest.mark.engine
USER = SUBJECTS["cg"]
RECEIVED = datetime.now(UTC).replace(microsecond=0) - timedelta(days=20)


@pytest.fixture
def shop(engine_endpoint: str, tmp_path: Path) -> Iterator[Shop]:
    with shop_at(engine_endpoint, tmp_path, "cg", settings={"approval": True}) as found:
        yield found


def waiting(shop: Shop, received: datetime = RECEIVED) -> Job:
    plan_id = shop.jobs.plan(Scope(USER, ("cg",)), ME, received_at=received).plan_id
    return shop.jobs.confirm(plan_id, USER, ME)


def told(shop: Shop, plan_id: str) -> list[tuple[str, str | None]]:
    return [(entry.event, entry.fields.get("due")) for entry in shop.workshop.audit.entries(plan_id=plan_id)]


def test_two_further_months_for_a_reason(shop: Shop) -> None:
    job = waiting(shop)
    assert job.extension is None
    moved = shop.jobs.extend(job.plan_id, Reason.COMPLEXITY, OTHER)
    assert moved.extension is not None
    assert (moved.extension.reason, moved.extension.by) == (Reason.COMPLEXITY, OTHER.name)
    assert 88 <= (moved.due_at - RECEIVED).days <= 92
    assert (moved.received_at, moved.state) == (job.received_at, State.AWAITING)
    assert told(shop, job.plan_id)[-1] == ("extended", f"{moved.due_at:%Y-%m-%d}")
    assert shop.control.jobs()[0].extension == moved.extension
    assert is_overdue(moved, RECEIVED + timedelta(days=40)) is False
    assert is_overdue(moved, RECEIVED + timedelta(days=93)) is True


def test_three_months_are_those_of_the_calendar_where_it_came_in(shop: Shop) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    job = waiting(shop, datetime(2026, 1, 31, tzinfo=berlin))  # in UTC it is the 30th still
    assert job.due_at.astimezone(berlin).date() == date(2026, 2, 28)
    moved = shop.jobs.extend(job.plan_id, Reason.COMPLEXITY, OTHER, now=datetime(2026, 2, 10, tzinfo=UTC), zone=berlin)
    assert moved.due_at.astimezone(berlin).date() == date(2026, 4, 30)
    assert told(shop, job.plan_id)[-1] == ("extended", "2026-04-30")


def test_once_only(shop: Shop) -> None:
    job = waiting(shop)
    first = shop.jobs.extend(job.plan_id, Reason.NUMBER, ME)
    assert shop.jobs.extend(job.plan_id, Reason.NUMBER, ME) == first, "a second click"
    for by, reason in ((OTHER, Reason.NUMBER), (ME, Reason.COMPLEXITY)):
        with pytest.raises(WrongState, match="extended before"):
            shop.jobs.extend(job.plan_id, reason, by)
    assert shop.jobs.status(job.plan_id) == first
    assert [event for event, _ in told(shop, job.plan_id)][-3:] == ["extended", "refused", "refused"]
    # The table refuses it by itself, whatever the caller believes.
    with pytest.raises(WrongState, match="extended before"):
        extend_due(shop.control.records, job, Reason.COMPLEXITY, OTHER.name)
    assert shop.jobs.status(job.plan_id).extension == first.extension


def test_a_lost_answer_is_not_a_second_extension(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The write is sent again by the client below: the row has this very write's mark by then."""
    job = waiting(shop)
    monkeypatch.setattr(control_dates.secrets, "token_hex", lambda _: "same")
    extend_due(shop.control.records, job, Reason.COMPLEXITY, ME.name)
    extend_due(shop.control.records, job, Reason.COMPLEXITY, ME.name)
    assert shop.jobs.status(job.plan_id).extension is not None


def test_not_after_the_month(shop: Shop) -> None:
    job = waiting(shop, RECEIVED - timedelta(days=20))
    assert is_overdue(job)
    with pytest.raises(WrongState, match="month is over"):
        shop.jobs.extend(job.plan_id, Reason.COMPLEXITY, ME)
    late = shop.jobs.status(job.plan_id)
    assert (late.due_at, late.extension) == (job.due_at, None)
    assert told(shop, job.plan_id)[-1] == ("refused", None)


def test_not_of_what_nobody_confirmed_and_not_of_what_has_ended(shop: Shop) -> None:
    draft = shop.jobs.plan(Scope(USER, ("cg",)), ME).plan_id
    with pytest.raises(WrongState, match="nobody has confirmed"):
        shop.jobs.extend(draft, Reason.COMPLEXITY, ME)
    shop.jobs.cancel(draft, ME)
    with pytest.raises(WrongState, match="cancelled"):
        shop.jobs.extend(draft, Reason.COMPLEXITY, ME)
    with pytest.raises(NotFound):
        shop.jobs.extend("0" * 26, Reason.COMPLEXITY, ME)


def test_without_an_audit_nothing_is_extended(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    job = waiting(shop)

    def fail(_: object) -> None:
        raise AuditError("The audit cannot be written.")

    with monkeypatch.context() as patch:
        patch.setattr(shop.workshop.audit, "write", fail)
        with pytest.raises(AuditError):
            shop.jobs.extend(job.plan_id, Reason.COMPLEXITY, ME)
    assert shop.jobs.status(job.plan_id) == job


def test_the_receipt_says_so(shop: Shop) -> None:
    job = waiting(shop)
    moved = shop.jobs.extend(job.plan_id, Reason.COMPLEXITY, ME)
    shop.jobs.approve(job.plan_id, job.plan.digest, OTHER)
    ended = shop.work(job.plan_id)
    assert (ended.state, ended.extension, ended.due_at) == (State.COMPLETED, moved.extension, moved.due_at)
    kept = shop.jobs.receipt(job.plan_id)
    assert json.loads(kept)["receipt"]["extended"] == "complexity"
    checked = verify_receipt(kept)
    assert checked.ok
    assert checked.receipt is not None
    assert "extended: complexity" in checked.receipt.markdown
