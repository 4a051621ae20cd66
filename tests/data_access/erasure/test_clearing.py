"""The second stage of a receipt: the copies are asked about again, and the words say what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from data_access.erasure.clearing import CopiesNow, SecondStage, copies_now, second_stage
from data_access.erasure.model import Copy, Scope, State
from data_access.erasure.receipt import Receipt, make_receipt
from data_access.erasure.receipt_words import SECOND_STAGE, as_markdown, sections
from data_access.systems.spec import built_in
from tests.data_access.conftest import refusal
from tests.data_access.erasure.test_receipt import HEAD, KEYS, a_check, a_job
from tests.data_access.erasure.world import opened, settings_for

TABLE = "cg-chatbot-conversations"
PITR = {"PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": 35}
OFF: dict[str, Any] = {
    "DescribeTable": {"Table": {"TableName": TABLE, "TableArn": f"arn:aws:dynamodb:us-east-1:123456789012:table/{TABLE}"}},
    "DescribeContinuousBackups": {"ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": PITR}},
    "ListBackups": {},
    "ListExports": {},
    "DescribeKinesisStreamingDestination": {},
    "DescribeContributorInsights": {"ContributorInsightsStatus": "DISABLED"},
}
BACKUP = {
    "TableName": TABLE,
    "BackupArn": "a" * 40,
    "BackupName": "by-hand",
    "BackupStatus": "AVAILABLE",
    "BackupType": "USER",
    "BackupCreationDateTime": datetime(2026, 5, 1, tzinfo=UTC).timestamp(),
}
Scripts = Callable[..., Any]


def asked(scripted: Scripts, folder: Path, now: datetime, said: dict[str, Any]) -> CopiesNow:
    def answer(operation: str, _request: dict[str, Any], _number: int) -> Any:
        found = said.get(operation, refusal("UnknownOperationException"))
        return found if isinstance(found, tuple) else (200, {}, json.dumps(found).encode())

    local = settings_for(folder, systems={"cg": built_in()["cg"]})
    with opened(local, scripted(answer).endpoint, create=False) as sources:
        return copies_now(replace(local, mode="aws"), sources, ("cg", "switched_off"), now)


def receipt(copies: tuple[Copy, ...], state: State = State.COMPLETED) -> Receipt:
    job = a_job()
    plan = replace(job.plan, scope=Scope("", ("cg",)), copies=copies)
    return make_receipt(replace(job, plan=plan), a_check(), HEAD, KEYS, state=state, copies=copies)


def stage(scripted: Scripts, folder: Path, days: float, said: dict[str, Any] | None = None, state: State = State.COMPLETED) -> SecondStage:
    """Of an erasure with 35 days of recovery and a backup beside it, so many days later."""
    ended = receipt(()).content.ended_at
    then = asked(scripted, folder, ended, OFF | {"ListBackups": {"BackupSummaries": [BACKUP]}})
    made = receipt(then.copies, state)
    return second_stage(made.content, asked(scripted, folder, ended + timedelta(days=days), OFF | (said or {})))


def test_it_is_cleared_when_the_last_date_has_passed(scripted: Scripts, tmp_path: Path) -> None:
    assert "Not cleared yet" in stage(scripted, tmp_path, 1).sentence
    assert stage(scripted, tmp_path, 36).sentence.startswith("Cleared: no copy")


def test_a_backup_that_is_kept_is_named(scripted: Scripts, tmp_path: Path) -> None:
    seen = stage(scripted, tmp_path, 400, {"ListBackups": {"BackupSummaries": [BACKUP]}})
    assert f"on-demand backup by-hand of {TABLE} has no end date" in seen.sentence


@pytest.mark.parametrize("operation", ["DescribeTable", "ListBackups", "DescribeContinuousBackups"])
def test_what_may_not_be_asked_is_never_cleared(scripted: Scripts, tmp_path: Path, operation: str) -> None:
    seen = stage(scripted, tmp_path, 400, {operation: refusal("AccessDeniedException")})
    assert seen.clearance is not None
    assert seen.clearance.state == "no_end"
    assert "Not cleared" in seen.sentence
    assert "SECRET" not in seen.sentence
    if operation == "DescribeContinuousBackups":
        assert f"point-in-time recovery of {TABLE} could not be asked about" in seen.sentence


@pytest.mark.parametrize("state", [State.RESIDUALS, State.PARTIAL, State.CANCELLED, State.BLOCKED, State.FAILED])
def test_there_is_none_where_something_may_be_left_in_the_tables(scripted: Scripts, tmp_path: Path, state: State) -> None:
    seen = stage(scripted, tmp_path, 400, state=state)
    assert seen.clearance is None
    assert "did not end as completed" in seen.sentence


def test_the_words_have_it_beside_the_signed_part(scripted: Scripts, tmp_path: Path) -> None:
    made = receipt(())
    seen = stage(scripted, tmp_path, 400, {"ListBackups": {"BackupSummaries": [BACKUP]}})
    titles = [one.title for one in sections(made.content, stage=seen)]
    assert titles[titles.index(SECOND_STAGE) - 1] == "Copies that this does not reach"
    text = as_markdown(made.content, stage=seen)
    assert f"## {SECOND_STAGE}" in text
    assert "by-hand" in text
    assert "not part of the signed file" in text
    assert SECOND_STAGE not in made.markdown
