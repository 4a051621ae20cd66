"""`erase …` as a script meets it, on the local engine: plan, confirm, run, look, the receipt and its check."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from data_access.cli import main
from data_access.dynamo.aws import open_sources
from data_access.erasure import control_ending
from data_access.erasure.watching import Watcher
from data_access.local import engine
from data_access.local.binary import choose
from data_access.settings import load_settings
from data_access.systems.create import create_tables
from tests.data_access import layouts

pytestmark = pytest.mark.engine
USER = "demo"


class Said:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def one(self) -> dict[str, Any]:
        return json.loads(self.out)

    @property
    def error(self) -> str:
        return json.loads(self.err.splitlines()[-1])["error"]["code"]


class Line:
    """The command line in a folder of its own, with an engine that stays, and cg's conversations in it."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str) -> Said:
        self._capsys.readouterr()
        code = main(words)
        wrote = self._capsys.readouterr()
        assert "Traceback" not in wrote.err
        return Said(code, wrote.out, wrote.err)

    def plan(self, user: str = USER, *more: str) -> str:
        said = self("erase", "plan", "--user", user, "--system", "cg", *more)
        assert said.code == 0, said.err
        return said.one["plan_id"]


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missing: Any) -> Iterator[Line]:
    if choose().path is None:
        missing("ENGINE TESTS SKIPPED: no dynoxide binary (npm install brings it)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DYNASCOPE_STATE", str(tmp_path / "state"))
    with engine.attach(tmp_path / "state") as attachment:
        sources = open_sources(load_settings(), attachment.engine.endpoint)
        for source in sources.values():
            create_tables(source)
        client = sources["cg"].client
        layouts.put(client, [row for talk in layouts.talks("cg") for row in layouts.items(talk)])
        yield Line(capsys)
        for source in sources.values():
            source.client.close()


def test_nobody_works_on_what_has_ended(line: Line) -> None:
    ended = line("erase", "run", line.plan(), "--confirm", USER).one
    assert (ended["state"], ended["worked_on"]) == ("completed", False)


def test_from_the_plan_to_the_receipt(line: Line, tmp_path: Path) -> None:
    wanted = sum(talk.user_id == USER for talk in layouts.talks("cg"))
    planned = line("erase", "plan", "--user", USER, "--system", "cg")
    assert planned.code == 0
    plan = planned.one
    assert plan["counts"] == {"cg-chatbot-conversations": wanted}
    assert len(plan["digest"]) == 64
    assert plan["not_performed"]
    assert plan["blocked"] == []

    wrong = line("erase", "run", plan["plan_id"], "--confirm", "Demo")
    assert (wrong.code, wrong.error) == (1, "not_confirmed")
    assert line("erase", "status", plan["plan_id"]).one["state"] == "draft"
    assert line("erase", "receipt", plan["plan_id"]).error == "not_found"

    done = line("erase", "run", plan["plan_id"], "--confirm", USER)
    assert done.code == 0, done.err
    assert done.one["state"] == "completed"
    assert [(row["planned"], row["deleted"]) for row in done.one["progress"]] == [(wanted, wanted)]
    assert "items" in done.err
    assert f'"{USER}"' not in done.out

    (listed,) = [json.loads(row) for row in line("erase", "status").out.splitlines()]
    assert (listed["plan_id"], listed["state"]) == (plan["plan_id"], "completed")
    assert line("user", "--user", USER, "--system", "cg").code == 1
    assert line("audit", "verify").one["state"] == "unwitnessed"

    file = tmp_path / "receipt.json"
    receipt = line("erase", "receipt", plan["plan_id"])
    assert "Second stage, which is not in the file: Not cleared" in receipt.err
    file.write_bytes(receipt.out.encode())
    checked = line("erase", "receipt", "--verify", str(file))
    assert (checked.code, checked.one["ok"], checked.one["known_key"], checked.one["state"]) == (0, True, True, "completed")
    file.write_bytes(receipt.out.encode().replace(b"completed", b"comploted", 1))
    assert line("erase", "receipt", "--verify", str(file)).code == 1
    printed = line("erase", "receipt", plan["plan_id"], "--format", "markdown").out
    assert "Completed" in printed
    assert "## Second stage: the copies today\n\nNot cleared" in printed
    assert f'"{USER}"' in line("erase", "receipt", plan["plan_id"], "--with-user-id", USER).out
    assert line("erase", "receipt", plan["plan_id"], "--with-user-id", "demo2").error == "not_confirmed"


def test_resume_does_the_later_looks_that_are_due(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    plan_id = line.plan()
    done = line("erase", "run", plan_id, "--confirm", USER).one
    assert done["looks"] == []
    assert done["next_look"] > done["ended_at"]
    assert "Looks after the end" not in line("erase", "resume").err
    monkeypatch.setattr(Watcher, "due", lambda _: (plan_id,))
    monkeypatch.setenv("DYNASCOPE_ERASURE", "off")
    assert "Looks after the end" not in line("erase", "resume").err
    monkeypatch.setenv("DYNASCOPE_ERASURE", "on")
    assert "Looks after the end that were due: 1." in line("erase", "resume").err
    (look,) = line("erase", "status", plan_id).one["looks"]
    assert (look["left"], look["unread"]) == ([], 0)


def test_an_unknown_user_is_not_completed(line: Line) -> None:
    plan_id = line.plan("nobody")
    done = line("erase", "run", plan_id, "--confirm", "nobody")
    assert (done.code, done.one["state"]) == (1, "no_data_found")


def test_cancel_and_resume(line: Line) -> None:
    plan_id = line.plan()
    assert line("erase", "resume", plan_id).error == "wrong_state"
    assert line("erase", "cancel", plan_id).one["state"] == "cancelled"
    assert line("erase", "run", plan_id, "--confirm", USER).error == "wrong_state"
    nothing = line("erase", "resume")
    assert (nothing.code, nothing.out) == (0, "")


def test_a_second_person_where_it_is_configured(line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dynascope.toml").write_text("[erasure]\napproval = true\n")
    plan = line("erase", "plan", "--user", USER, "--system", "cg").one
    assert plan["needs_approval"] is True
    waits = line("erase", "run", plan["plan_id"], "--confirm", USER)
    assert (waits.code, waits.one["state"]) == (1, "awaiting_approval")
    before = line("erase", "status", plan["plan_id"]).one
    assert (before["extended"], before["overdue"]) == (None, False)
    extended = line("erase", "extend", plan["plan_id"], "--reason", "number_of_requests").one
    assert extended["extended"] == "number_of_requests"
    assert extended["due_at"] > before["due_at"]
    assert line("erase", "extend", plan["plan_id"], "--reason", "complexity").error == "wrong_state"
    assert line("erase", "approve", plan["plan_id"], "--digest", plan["digest"]).error == "not_confirmed"
    monkeypatch.setattr("getpass.getuser", lambda: "kim")
    assert line("erase", "approve", plan["plan_id"], "--digest", "0" * 64).error == "plan_changed"
    assert line("erase", "approve", plan["plan_id"], "--digest", plan["digest"]).one["approved_by"] == "kim"
    assert line("erase", "resume", plan["plan_id"]).one["state"] == "completed"


def test_a_due_date_that_cannot_be_extended(line: Line) -> None:
    assert line("erase", "extend", line.plan(), "--reason", "complexity").error == "wrong_state"
    assert line("erase", "extend", line.plan("demo2"), "--reason", "we are busy").code == 2
    assert line("erase", "extend", "0" * 26, "--reason", "complexity").error == "not_found"


def test_when_the_request_came_in(line: Line) -> None:
    plan_id = line.plan(USER, "--received", "2026-01-31")
    said = line("erase", "status", plan_id).one
    assert (said["received_at"][:10], said["due_at"][:10], said["overdue"]) == ("2026-01-31", "2026-02-28", True)
    assert line("erase", "plan", "--user", USER, "--received", "yesterday").code == 2
    still_to_come = line("erase", "plan", "--user", USER, "--received", "2999-01-01")
    assert (still_to_come.code, still_to_come.error) == (2, "usage")


def test_resume_drops_plans_that_nobody_confirmed_for_a_day(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no server runs, the command that cron runs each minute is the only one who can; it looks once an hour."""
    plan_id = line.plan()
    swept: list[datetime] = []
    later = datetime.now(UTC) + timedelta(hours=25)
    real = control_ending.sweep

    def sweep(records: Any, cancel: Any, now: datetime | None = None) -> None:
        swept.append(now or datetime.now(UTC))
        real(records, cancel, later)

    monkeypatch.setattr(control_ending, "sweep", sweep)
    for _ in range(2):
        assert line("erase", "resume").code == 0
    assert len(swept) == 1
    assert line("erase", "status", plan_id).one["state"] == "cancelled"


def test_switched_off(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    plan_id = line.plan()
    monkeypatch.setenv("DYNASCOPE_ERASURE", "off")
    assert line("erase", "plan", "--user", USER).error == "erasure_off"
    assert line("erase", "run", plan_id, "--confirm", USER).error == "erasure_off"
    assert line("erase", "status", plan_id).one["state"] == "draft"


def test_wrong_usage(line: Line, tmp_path: Path) -> None:
    assert line("erase", "plan", "--user", "", "--system", "cg").code == 2
    assert line("erase", "plan", "--user", "x" * 2_049, "--system", "cg").code == 2
    assert line("erase", "plan", "--user", USER, "--system", "nothing").code == 2
    assert line("erase", "receipt").code == 2
    assert line("erase", "receipt", "--verify", str(tmp_path / "nothing")).code == 2
    assert line("erase", "status", "0" * 26).error == "not_found"
