"""Erasures page: off, no table, AWS in the way, each state of an erasure, what can be done about it, receipt, audit, the worker here."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from data_access.access.permissions import Role
from data_access.access.viewer import Viewer
from data_access.dynamo.aws import Source
from data_access.erasure.control import Control
from data_access.erasure.control_rows import pack_looks
from data_access.erasure.holding_on import WAITING
from data_access.erasure.jobs import Actor, Jobs
from data_access.erasure.lease import Lease
from data_access.erasure.model import ENDED, Job, LaterLook, Outcome, Plan, Reason, Scope, State
from data_access.erasure.records import Action
from data_access.erasure.worker import follow
from data_access.erasure.working import Workshop
from data_access.errors import AccessDenied, KeyFileError, Throttled
from pages.ui import access, erasure_audit, erasure_desk, erasure_list, load, load_people
from pages.ui.erasure_desk import Desk

PageRun = Callable[..., AppTest]
PAGE = "pages/people/erasures.py"
APPROVER = Viewer("second", frozenset({Role.APPROVER}), origin="signed_in")
ME, AMINA = Actor.of("local"), Actor.of("amina@example.org")
SECONDS = 120.0
NOBODY = "01M7W19NRHHJSJSD2A7YP0XX6J"


@pytest.fixture
def desk(seeded: Mapping[str, Source]) -> Desk:
    assert seeded
    return erasure_desk.desk()


@pytest.fixture(autouse=True)
def _no_worker() -> Iterator[None]:
    yield
    erasure_desk.stop_worker()


def jobs_of(desk: Desk, *, approval: bool = False) -> Jobs:
    """The actions, as another session or the command line has them."""
    settings = replace(desk.settings, erasure=replace(desk.settings.erasure, approval=approval))
    control = Control(settings, desk.control.records, desk.control.keys)
    return Jobs(Workshop(settings, load.sources(), control, desk.audit, settle_seconds=0.0))


def planned(desk: Desk, user: str = "alice", *, by: Actor = ME, approval: bool = False, days: float = 0) -> Plan:
    received = datetime.now(UTC) - timedelta(days=days)
    return jobs_of(desk, approval=approval).plan(Scope(user, ("cg",)), by, received_at=received)


def confirmed(desk: Desk, user: str = "alice", *, by: Actor = ME, approval: bool = False, days: float = 0) -> Job:
    plan = planned(desk, user, by=by, approval=approval, days=days)
    return jobs_of(desk, approval=approval).confirm(plan.plan_id, user, by)


def worked(desk: Desk, user: str = "alice") -> Job:
    """An erasure from its plan to its end."""
    settings = desk.settings
    return follow(Workshop(settings, load.sources(), desk.control, desk.audit, settle_seconds=0.0), confirmed(desk, user).plan_id, "test")


def begun(desk: Desk) -> tuple[Job, Lease]:
    """An erasure that a worker has, before its first delete."""
    job = confirmed(desk)
    held = desk.control.acquire(job.plan_id, "another process")
    assert held is not None
    now = datetime.now(UTC)
    return desk.control.move(job.plan_id, State.APPROVED, State.RUNNING, lease=held, started_at=now, cutoff=now), held


def words(app: AppTest) -> str:
    parts = [*app.title, *app.subheader, *app.markdown, *app.caption, *app.text, *app.code]
    return "\n".join(str(element.value) for element in parts).replace("\\", "")


def keys(app: AppTest) -> list[str]:
    return [str(button.key) for button in app.button]


def part(run: PageRun, name: str) -> AppTest:
    app = run(PAGE)
    app.session_state["erasures_part"] = name
    app.run()
    assert not app.exception
    return app


# What stands in the way


def test_nobody_has_asked_yet(seeded: Mapping[str, Source], run: PageRun) -> None:
    assert seeded
    app = run(PAGE)
    assert not app.exception
    assert "Nobody has asked for an erasure yet" in words(app)
    assert "Nothing can be erased" not in words(app)


def test_erasure_is_off(desk: Desk, run: PageRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """What there is can be read, and the page says which setting and which role are missing."""
    job = confirmed(desk)
    off = replace(desk.settings, erasure=replace(desk.settings.erasure, enabled=False))
    monkeypatch.setattr(load, "load_settings", lambda: off)
    load.settings.clear()
    app = run(PAGE, plan=job.plan_id)
    assert not app.exception
    assert "Nothing can be erased from this page" in words(app)
    assert "**The setting**: `enabled = true`" in words(app)
    assert "docs/iam-erase.json" in words(app)
    assert app.button(key="erasure_resume").disabled
    assert not app.button(key="erasure_cancel").disabled, "to end one is always allowed"


def test_who_only_approves_does_nothing_else(desk: Desk, run: PageRun, monkeypatch: pytest.MonkeyPatch) -> None:
    job = confirmed(desk)
    monkeypatch.setattr(access, "viewer", lambda: APPROVER)
    app = run(PAGE, plan=job.plan_id)
    assert not app.exception
    assert app.button(key="erasure_resume").disabled
    assert not app.button(key="erasure_cancel").disabled
    assert "alice" not in words(app), "who it is about is for those who may look people up"


def test_a_click_that_the_role_does_not_allow_does_nothing(desk: Desk, run: PageRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """The button was drawn while it was allowed."""
    job = confirmed(desk)
    app = run(PAGE, plan=job.plan_id)
    app.radio(key="erasure_reason").set_value(Reason.NUMBER).run()
    monkeypatch.setattr(access, "viewer", lambda: APPROVER)
    app.button(key="erasure_extend_now").click().run()
    assert not app.exception
    assert "You may not do this here." in words(app)
    assert desk.jobs.status(job.plan_id).extension is None


def test_there_is_no_control_table(desk: Desk, run: PageRun) -> None:
    desk.control.records.client.delete_table(TableName="dynascope-control")
    app = run(PAGE)
    assert not app.exception
    assert "There is no control table yet" in words(app)
    assert "python -m data_access tables create --control" in words(app)


def test_aws_says_no(desk: Desk, run: PageRun, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AccessDenied("AWS did not permit Query on the table dynascope-control.", "Give this identity dynamodb:Query on it.")

    assert desk
    monkeypatch.setattr(Control, "jobs", refuse)
    app = run(PAGE)
    assert not app.exception
    assert "AWS did not permit this read" in words(app)
    assert "Give this identity dynamodb:Query on it." in words(app)


def test_a_key_file_is_not_in_order(seeded: Mapping[str, Source], run: PageRun, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise KeyFileError("The key file hash.key can be read by others.", "Make it its owner's alone: chmod 600.")

    assert seeded
    monkeypatch.setattr(load_people, "control", refuse)
    app = run(PAGE)
    assert not app.exception
    assert "A key of this installation is not in order" in words(app)


@pytest.mark.parametrize("given", ["nonsense", NOBODY, "../../etc"])
def test_the_address_names_no_erasure(desk: Desk, run: PageRun, given: str) -> None:
    assert desk
    app = run(PAGE, plan=given)
    assert not app.exception
    assert "There is no such erasure" in words(app)
    assert given not in words(app)


# Each state


def test_the_list_has_every_erasure(desk: Desk, run: PageRun) -> None:
    waiting = confirmed(desk, "alice", approval=True, days=40)
    draft = planned(desk, "bob")
    ended = desk.jobs.cancel(planned(desk, "carol").plan_id, ME)
    app = run(PAGE)
    assert not app.exception
    assert "awaiting approval" in words(app)
    assert "overdue by" in words(app)
    (table,) = app.dataframe
    assert list(table.value["open"]) == [f"{erasure_list.short(one)} ›" for one in (ended.plan_id, draft.plan_id)]
    assert [list(one) for one in table.value["state"]] == [["cancelled"], ["not confirmed"]]
    assert {"alice", "bob", "carol"}.isdisjoint(words(app).split())
    app.button(key=f"erasures_open_{waiting.plan_id}").click().run()
    assert not app.exception
    assert app.title[0].value == "Erasure"
    assert waiting.plan_id in app.query_params["plan"]


def test_a_draft_can_be_dropped(desk: Desk, run: PageRun) -> None:
    plan = planned(desk)
    app = run(PAGE, plan=plan.plan_id)
    assert not app.exception
    assert "not confirmed" in words(app)
    assert plan.digest in words(app)
    assert app.dataframe[0].value["Items"].tolist() == [1]
    assert "Not erased by this" in words(app)
    assert "Copies that this does not reach" in words(app)
    app.button(key="erasure_cancel").click().run()
    assert not app.exception
    assert desk.jobs.status(plan.plan_id).state is State.CANCELLED
    assert "cancelled" in words(app)
    assert keys(app) == ["erasure_back"]


def test_back_to_the_list(desk: Desk, run: PageRun) -> None:
    app = run(PAGE, plan=planned(desk).plan_id)
    assert app.title[0].value == "Erasure"
    app.button(key="erasure_back").click().run()
    assert not app.exception
    assert app.title[0].value == "Erasures"
    assert "plan" not in app.query_params


def test_who_asked_cannot_approve(desk: Desk, run: PageRun) -> None:
    job = confirmed(desk, approval=True)
    app = run(PAGE, plan=job.plan_id)
    assert not app.exception
    assert "awaiting approval" in words(app)
    assert "erasure_approve" not in keys(app)
    assert f"python -m data_access erase approve {job.plan_id} --digest {job.plan.digest}" in words(app)


def test_a_second_person_approves(desk: Desk, run: PageRun) -> None:
    job = confirmed(desk, by=AMINA, approval=True)
    app = run(PAGE, plan=job.plan_id)
    app.button(key="erasure_approve").click().run()
    assert not app.exception
    found = desk.jobs.status(job.plan_id)
    assert (found.state, found.approved_by) == (State.APPROVED, "local")
    assert "approved" in words(app)


def test_an_approval_is_of_what_was_shown(desk: Desk, run: PageRun) -> None:
    """Somebody changed the plan in the store after the page was drawn."""
    job = confirmed(desk, by=AMINA, approval=True)
    app = run(PAGE, plan=job.plan_id)
    desk.control.records.write(
        Action("Update", f"job#{job.plan_id}", "job", expression="SET #digest = :other", values={":other": "0" * 64})
    )
    app.button(key="erasure_approve").click().run()
    assert not app.exception
    assert "The plan is not what was shown" in words(app)
    assert desk.jobs.status(job.plan_id).state is State.AWAITING


def test_it_waits_for_a_worker_that_is_not_here(desk: Desk, run: PageRun) -> None:
    job = confirmed(desk)
    app = run(PAGE, plan=job.plan_id)
    assert not app.exception
    assert "No worker runs in this process" in words(app)
    assert "python -m data_access erase resume" in words(app)
    assert app.button(key="erasure_resume").disabled
    assert "No worker runs in this process" in words(run(PAGE))


class Idle:
    """A worker that does nothing but hear."""

    def __init__(self, error: Throttled | None = None) -> None:
        self.last_error = error
        self.woken = threading.Event()

    def wake(self) -> None:
        self.woken.set()


def test_an_interrupted_one_is_resumed(desk: Desk, run: PageRun, monkeypatch: pytest.MonkeyPatch) -> None:
    job, held = begun(desk)
    desk.control.release(held)
    worker = Idle(Throttled("The table was throttled.", "It goes on by itself."))
    monkeypatch.setattr(erasure_desk, "worker", lambda: worker)
    monkeypatch.setattr(erasure_desk, "wake", worker.wake)
    app = run(PAGE, plan=job.plan_id)
    assert not app.exception
    assert "interrupted" in words(app)
    assert "The table was throttled." in words(app)
    assert not worker.woken.is_set()
    app.button(key="erasure_resume").click().run()
    assert not app.exception
    assert worker.woken.is_set()


def test_progress_is_seen_from_any_session(desk: Desk, run: PageRun) -> None:
    job, held = begun(desk)
    for _ in range(2):
        app = run(PAGE, plan=job.plan_id)
        assert not app.exception
        assert app.get("progress")[0].proto.text.startswith("Erasing: 0 of 1 item")
    (chunk,) = desk.control.chunks(job.plan_id)
    desk.control.checkpoint(held, chunk, {Outcome.DELETED: 1}, 2.0)
    app.run()
    assert app.get("progress")[0].proto.text.startswith("Erasing: 1 of 1 item")
    assert app.dataframe[0].value["Deleted"].tolist() == [1]
    listed = run(PAGE)
    assert listed.get("progress")[0].proto.text.startswith("Erasing: 1 of 1 item")
    desk.control.move(job.plan_id, State.RUNNING, State.VERIFYING, lease=held)
    app.run()
    assert "checking" in words(app)
    assert app.get("progress")[0].proto.value == 100


def test_a_running_one_is_asked_to_end(desk: Desk, run: PageRun) -> None:
    job, _ = begun(desk)
    app = run(PAGE, plan=job.plan_id)
    assert app.button(key="erasure_cancel").label == "Cancel after this batch"
    assert "erasure_resume" not in keys(app)
    app.button(key="erasure_cancel").click().run()
    assert not app.exception
    assert desk.jobs.status(job.plan_id).cancel_asked
    assert "cancelling" in words(app)
    assert app.button(key="erasure_cancel").disabled


def test_it_waits_for_capacity(desk: Desk, run: PageRun) -> None:
    job, _ = begun(desk)
    desk.control.records.write(Action("Update", f"job#{job.plan_id}", "job", expression="SET #message = :said", values={":said": WAITING}))
    app = run(PAGE, plan=job.plan_id)
    assert not app.exception
    assert "waiting for capacity" in words(app)


@pytest.mark.parametrize(
    "state, label, advice",
    [
        (State.RESIDUALS, "completed with residuals", "Make a new plan"),
        (State.PARTIAL, "partial", "Make a new plan"),
        (State.BLOCKED, "blocked", "Clear that up, then make a new plan."),
        (State.FAILED, "failed", "what the worker's role permits"),
        (State.CANCELLED, "cancelled", "What was deleted before stays deleted."),
        (State.NO_DATA, "no data found", "An id must be exact"),
    ],
)
def test_how_it_ended_and_what_to_do(desk: Desk, run: PageRun, state: State, label: str, advice: str) -> None:
    job, held = begun(desk)
    (chunk,) = desk.control.chunks(job.plan_id)
    desk.control.checkpoint(held, chunk, {Outcome.ERROR: 1}, 0.0)
    desk.control.move(job.plan_id, State.RUNNING, State.VERIFYING, lease=held)
    desk.control.finish(job.plan_id, State.VERIFYING, state, lease=held, message="The table said no.")
    app = run(PAGE, plan=job.plan_id)
    assert not app.exception
    assert label in words(app)
    assert advice in words(app)
    assert "The table said no." in words(app)
    assert app.dataframe[0].value["Failed"].tolist() == [1]
    assert keys(app) == ["erasure_back"]
    assert [list(one) for one in run(PAGE).dataframe[0].value["state"]] == [[label]]


def test_a_late_end_is_said(desk: Desk, run: PageRun) -> None:
    job = confirmed(desk, approval=True, days=45)
    desk.jobs.cancel(job.plan_id, ME)
    assert "ended late" in words(run(PAGE, plan=job.plan_id))
    assert run(PAGE).dataframe[0].value["late"].tolist() == ["ended late"]


def test_the_due_date_is_extended_once(desk: Desk, run: PageRun) -> None:
    job = confirmed(desk, approval=True, days=10)
    app = run(PAGE, plan=job.plan_id)
    assert "by two further months" in words(app)
    assert app.button(key="erasure_extend_now").disabled, "without a reason it is not extended"
    app.radio(key="erasure_reason").set_value(Reason.NUMBER).run()
    app.button(key="erasure_extend_now").click().run()
    assert not app.exception
    found = desk.jobs.status(job.plan_id)
    assert found.extension is not None
    assert found.extension.reason is Reason.NUMBER
    assert f"{found.due_at:%Y-%m-%d}, extended, in" in words(app)
    assert "the number of requests" in words(app)
    assert "erasure_extend_now" not in keys(app)
    assert f"due {found.due_at:%Y-%m-%d}, extended" in words(run(PAGE))
    desk.jobs.cancel(job.plan_id, ME)
    assert run(PAGE).dataframe[0].value["due"].tolist() == [f"{found.due_at:%Y-%m-%d}, extended"]
    assert "Due date extended" in part(run, "Audit").dataframe[0].value["What"].tolist()


def test_an_overdue_one_cannot_be_extended(desk: Desk, run: PageRun) -> None:
    app = run(PAGE, plan=confirmed(desk, approval=True, days=40).plan_id)
    assert "overdue by" in words(app)
    assert "erasure_extend_now" not in keys(app)


# The receipt


def test_a_completed_one_has_a_receipt(desk: Desk, run: PageRun) -> None:
    job = worked(desk)
    assert job.state is State.COMPLETED
    app = run(PAGE, plan=job.plan_id)
    assert not app.exception
    said = words(app)
    for what in ("Result", "Request", "Tables", "What is left", "Independent check", "Cost", "Copies that this does not reach"):
        assert what in said
    assert "Second stage: the copies today" in said
    assert "Not cleared" in said
    assert "Not erased by this" in said
    assert "signed with key" in said
    cells = " ".join(str(table.value.to_dict()) for table in app.dataframe)
    assert job.plan.digest[:32] in cells
    assert "alice" not in said + cells
    downloads = [button.proto for button in app.get("download_button")]
    assert [one.label for one in downloads] == ["JSON, signed", "Markdown, to print"]
    assert all(one.deferred_file_id and not one.url for one in downloads), "no file has an address before somebody clicks"


def test_a_receipt_that_was_changed_in_the_store_is_not_shown(desk: Desk, run: PageRun, monkeypatch: pytest.MonkeyPatch) -> None:
    job = worked(desk)
    kept = desk.control.receipt(job.plan_id)
    assert kept is not None
    monkeypatch.setattr(Control, "receipt", lambda *_: kept.replace(b'"planned": 1', b'"planned": 9'))
    app = run(PAGE, plan=job.plan_id)
    assert not app.exception
    assert "The receipt that is kept here is not what was signed" in words(app)
    assert "Independent check" not in words(app)


def test_what_came_back_after_the_end_is_said(desk: Desk, run: PageRun) -> None:
    job = worked(desk)
    said = words(run(PAGE, plan=job.plan_id))
    assert "Looked at again after the end" in said
    assert "The next look is" in said
    assert "sealed with the key of this installation" in said
    now = datetime.now(UTC)
    clean = LaterLook(now, (), 0, 0)
    looks = (clean, LaterLook(now, (("cg-chatbot-conversations", "upsert_stub", 2),), 1, 1))

    def seen(*found: LaterLook) -> AppTest:
        desk.control.records.write(
            Action(
                "Update",
                f"job#{job.plan_id}",
                "job",
                expression="SET #looks = :looks REMOVE #next_look",
                values={":looks": pack_looks(found)},
            )
        )
        app = run(PAGE, plan=job.plan_id)
        assert not app.exception
        return app

    assert "nothing came back" in words(seen(clean))
    assert "completed, came back" not in words(seen(clean))
    said = words(seen(*looks))
    assert "completed, came back" in said
    assert "2 items in `cg-chatbot-conversations`, made again by an update; 1 item newer than the erasure" in said
    assert "something could not be read" in said
    assert "It is as it was found" in said
    assert "The next look is" not in said
    assert [list(one) for one in run(PAGE).dataframe[0].value["state"]] == [["completed, came back"]]


@pytest.mark.parametrize("end", ["", "\n", "\r\n "])
def test_a_receipt_that_somebody_brings(desk: Desk, run: PageRun, end: str) -> None:
    kept = desk.control.receipt(worked(desk).plan_id)
    assert kept is not None
    app = part(run, "Check a receipt")
    app.text_area(key="erasure_check_text").set_value(kept.decode().rstrip("\n") + end).run()
    assert not app.exception
    assert "It is what was signed" in words(app)
    assert "with a key of this installation" in words(app)
    app.text_area(key="erasure_check_text").set_value(kept.decode().replace("completed", "Completed", 1)).run()
    assert "It is not a receipt as it was signed" in words(app)
    app.text_area(key="erasure_check_text").set_value("{").run()
    assert not app.exception
    assert "It is not a receipt as it was signed" in words(app)


# The audit


def test_the_audit_is_empty(seeded: Mapping[str, Source], run: PageRun) -> None:
    assert seeded
    app = part(run, "Audit")
    assert "**Empty**" in words(app)


def test_the_audit_without_a_witness(desk: Desk, run: PageRun) -> None:
    job = worked(desk)
    app = part(run, "Audit")
    assert "**Unwitnessed**" in words(app)
    rows = app.dataframe[0].value
    assert rows["What"].tolist()[-1] == "Plan made"
    assert {"Deletes sent", "Checked", "Ended", "Receipt signed", "Forgotten elsewhere"} <= set(rows["What"])
    assert "alice" not in str(rows.to_dict())
    own = run(PAGE, plan=job.plan_id)
    own.session_state["erasure_rows"] = True
    own.run()
    assert not own.exception
    assert len(own.dataframe[-1].value) == len(rows)


def test_a_witnessed_audit_is_valid(desk: Desk, run: PageRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    witnessed = replace(desk.settings, erasure=replace(desk.settings.erasure, anchor=tmp_path / "anchor.log"))
    monkeypatch.setattr(load, "load_settings", lambda: witnessed)
    load.forget_everybody()
    worked(erasure_desk.desk())
    assert "**Valid**" in words(part(run, "Audit"))


def test_a_broken_audit_is_said_with_its_first_problem(desk: Desk, run: PageRun) -> None:
    worked(desk)
    app = part(run, "Audit")
    desk.control.records.write(
        Action(
            "Update", "audit", "000000000002", expression="SET #body = :other", values={":other": "{}"}, condition="attribute_exists(#pk)"
        )
    )
    app.button(key="audit_verify").click().run()
    assert not app.exception
    assert "**Broken**" in words(app)
    assert "Row 2 was edited." in words(app)


def test_a_long_audit_is_verified_when_somebody_asks(desk: Desk, run: PageRun, monkeypatch: pytest.MonkeyPatch) -> None:
    planned(desk)
    monkeypatch.setattr(erasure_audit, "VERIFIED_AT_ONCE", 0)
    app = part(run, "Audit")
    assert "**Not verified yet**: 1 rows" in words(app)
    app.button(key="audit_verify").click().run()
    assert "**Unwitnessed**: 1 row" in words(app)


# The worker of this process


def test_the_worker_of_this_process_erases_and_everybody_is_forgotten(
    desk: Desk, run: PageRun, monkeypatch: pytest.MonkeyPatch, moto_endpoint: str
) -> None:
    settings = desk.settings
    monkeypatch.setattr(erasure_desk, "load_settings", lambda: settings)
    before = load.generation()
    erasure_desk.start_worker(moto_endpoint)
    assert erasure_desk.worker() is not None
    job = confirmed(desk)
    erasure_desk.wake()
    deadline = time.monotonic() + SECONDS
    while (now := desk.control.job(job.plan_id)).state not in ENDED and time.monotonic() < deadline:
        time.sleep(0.1)
    assert now.state is State.COMPLETED, now.message
    assert load.generation() != before
    assert "No worker runs" not in words(run(PAGE))
    erasure_desk.stop_worker()
    assert erasure_desk.worker() is None


def test_no_worker_where_erasing_is_off(desk: Desk, monkeypatch: pytest.MonkeyPatch, moto_endpoint: str) -> None:
    off = replace(desk.settings, erasure=replace(desk.settings.erasure, enabled=False))
    monkeypatch.setattr(erasure_desk, "load_settings", lambda: off)
    erasure_desk.start_worker(moto_endpoint)
    assert erasure_desk.worker() is None


def test_no_worker_where_another_process_is_the_one(desk: Desk, run: PageRun, monkeypatch: pytest.MonkeyPatch, moto_endpoint: str) -> None:
    """`worker = false`: what is confirmed here waits, and nothing of this process deletes."""
    apart = replace(desk.settings, erasure=replace(desk.settings.erasure, worker=False))
    monkeypatch.setattr(erasure_desk, "load_settings", lambda: apart)
    erasure_desk.start_worker(moto_endpoint)
    assert erasure_desk.worker() is None
    job = confirmed(desk)
    assert "No worker runs in this process" in words(run(PAGE))
    assert desk.control.job(job.plan_id).state is State.APPROVED


def test_a_worker_that_cannot_start_says_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, moto_endpoint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise KeyFileError("The key file hash.key can be read by others.", "Make it its owner's alone: chmod 600.")

    monkeypatch.setattr(erasure_desk, "load_settings", lambda: desk.settings)
    monkeypatch.setattr(Control, "open", refuse)
    erasure_desk.start_worker(moto_endpoint)
    assert erasure_desk.worker() is None
    assert "No erasure is worked on here: The key file hash.key can be read by others." in capsys.readouterr().err


def test_the_worker_follows_an_engine_that_was_started_anew(desk: Desk, monkeypatch: pytest.MonkeyPatch, moto_endpoint: str) -> None:
    monkeypatch.setattr(erasure_desk, "load_settings", lambda: desk.settings)
    erasure_desk.start_worker(moto_endpoint.replace("127.0.0.1", "localhost"))
    first = erasure_desk.worker()
    erasure_desk.desk()
    assert erasure_desk.worker() is not None
    assert erasure_desk.worker() is not first


# What the worker's role has to permit


def test_the_policy_of_the_worker_is_what_it_asks_for(desk: Desk, seeded: Mapping[str, Source]) -> None:
    """No action too few on the chatbots' tables and on the control table, and none too many that writes."""
    client = seeded["ai4ai"].client
    client.put_item(TableName="ai4ai-chat-sessions", Item={"user_id": {"S": "alice"}, "session_id": {"S": "s-1"}})
    client.put_item(
        TableName="ai4ai-chat-messages",
        Item={"session_id": {"S": "s-1"}, "timestamp": {"N": "1762000000000"}, "content": {"S": "Hi"}},
    )
    asked: dict[str, set[str]] = {"tables": set(), "control": set()}
    own = desk.settings.erasure.control_table

    def hear(params: dict[str, Any], model: Any, **_: object) -> None:
        place = "control" if own in str(params.get("TableName", params)) else "tables"
        if model.name == "TransactWriteItems":
            kinds = {kind for action in params["TransactItems"] for kind in action}
            asked[place] |= {"ConditionCheckItem" if kind == "ConditionCheck" else f"{kind}Item" for kind in kinds}
        else:
            asked[place].add("PartiQLDelete" if model.name == "BatchExecuteStatement" else model.name)

    sources = load.sources()
    for one in (desk.control.records.client, *(source.client for source in sources.values())):
        one.meta.events.register("before-parameter-build.dynamodb", hear)
    shop = Workshop(desk.settings, sources, desk.control, desk.audit, settle_seconds=0.0)
    plan = Jobs(shop).plan(Scope("alice", ("cg", "ai4ai")), ME)
    Jobs(shop).confirm(plan.plan_id, "alice", ME)
    assert follow(shop, plan.plan_id, "test").state is State.COMPLETED
    policy = json.loads((Path(__file__).parents[3] / "docs" / "iam-erase.json").read_text())
    allowed = {
        one["Sid"]: {name.removeprefix("dynamodb:") for name in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])}
        for one in policy["Statement"]
    }
    writes = allowed["DeleteWithAGuard"] | allowed["GuardAMessageByItsConversation"]
    assert asked["control"] <= allowed["KeepJobsAndTheAudit"]
    assert asked["tables"] <= allowed["FindAndCheckAgain"] | writes | allowed["FindCopiesOfTheTables"]
    assert writes <= asked["tables"]
