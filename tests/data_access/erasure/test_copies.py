"""Copies that an erasure does not reach: what is known of them, until when they last, and what could not be asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from data_access.erasure.copies import copies, remains
from data_access.erasure.model import Copy
from data_access.systems.spec import built_in
from tests.data_access.conftest import refusal
from tests.data_access.erasure.world import live_of, opened, settings_for

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MADE, ENDS = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 5, tzinfo=UTC)
TABLE = "cg-chatbot-conversations"
LIVE = {"TableArn": f"arn:aws:dynamodb:us-east-1:123456789012:table/{TABLE}"}


def answers(said: dict[str, Any]) -> Callable[..., Any]:
    def answer(operation: str, request: dict[str, Any], number: int) -> Any:
        found = said.get(operation)
        found = found(request) if callable(found) else found
        return (
            refusal("UnknownOperationException")
            if found is None
            else found
            if isinstance(found, tuple)
            else (200, {}, json.dumps(found).encode())
        )

    return answer


def found(scripted: Callable[..., Any], tmp_path: Path, said: dict[str, Any], live: dict[str, Any] | None = None) -> dict[str, Copy]:
    server = scripted(answers(said))
    settings = replace(settings_for(tmp_path, systems={"cg": built_in()["cg"]}), mode="aws")
    with opened(replace(settings, mode="local"), server.endpoint, create=False) as sources:
        source = sources["cg"]
        rows = copies(settings, source, {TABLE: LIVE | (live or {})}, NOW, backups=source.client)
    assert {row.table for row in rows} == {TABLE}
    return {row.what: row for row in rows}


def test_everything_that_is_on_is_listed_with_its_last_day(scripted: Callable[..., Any], tmp_path: Path) -> None:
    def backups(request: dict[str, Any]) -> Any:
        one = {"TableName": TABLE, "BackupArn": "a" * 40, "BackupStatus": "AVAILABLE", "BackupCreationDateTime": MADE.timestamp()}
        first = [
            one | {"BackupName": "before-import", "BackupType": "USER"},
            one | {"BackupName": "gone", "BackupType": "USER", "BackupStatus": "DELETED"},
        ]
        second = [one | {"BackupName": "old", "BackupType": "SYSTEM", "BackupExpiryDateTime": ENDS.timestamp()}]
        second.append(one | {"BackupName": "vault", "BackupType": "AWS_BACKUP"})
        if "ExclusiveStartBackupArn" in request:
            return {"BackupSummaries": second}
        return {"BackupSummaries": first, "LastEvaluatedBackupArn": "a" * 40}

    def exports(request: dict[str, Any]) -> Any:
        if "NextToken" in request:
            return {"ExportSummaries": [{"ExportArn": "x" * 40, "ExportStatus": "COMPLETED"}]}
        return {"ExportSummaries": [{"ExportArn": "x" * 40, "ExportStatus": "FAILED"}], "NextToken": "n"}

    point = {"PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": 7}
    rows = found(
        scripted,
        tmp_path,
        {
            "DescribeContinuousBackups": {
                "ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": point}
            },
            "ListBackups": backups,
            "ListExports": exports,
            "DescribeKinesisStreamingDestination": {"KinesisDataStreamDestinations": [{"DestinationStatus": "ACTIVE"}]},
            "DescribeContributorInsights": {"ContributorInsightsStatus": "ENABLED"},
        },
        {
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
            "Replicas": [{"RegionName": "eu-west-1", "ReplicaStatus": "ACTIVE"}],
        },
    )
    assert rows["point-in-time recovery"].last_possible == NOW + timedelta(days=7)
    assert rows["on-demand backup before-import"].last_possible is None
    assert "2026-05-01" in rows["on-demand backup before-import"].state
    assert rows["backup of a deleted table old"].last_possible == ENDS
    assert rows["backup of AWS Backup vault"].last_possible is None
    assert not any("gone" in what for what in rows)
    assert rows["exports to S3"].state == "1 in 90 days"
    assert rows["stream"].last_possible == NOW + timedelta(hours=24)
    assert "erased item itself" in rows["stream"].note
    assert rows["Kinesis data streams"].state == "1 on"
    assert rows["replica in eu-west-1"].state == "active"
    assert rows["CloudWatch Contributor Insights"].state == "on"
    assert (rows["DAX cache"].state, rows["CloudTrail data events"].state) == ("not known", "not known")
    assert "names the user" in rows["CloudTrail data events"].note
    assert all(remains(row) for row in rows.values())


def test_what_is_off_is_said_to_be_off_and_does_not_remain(scripted: Callable[..., Any], tmp_path: Path) -> None:
    rows = found(
        scripted,
        tmp_path,
        {
            "DescribeContinuousBackups": {"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED"}},
            "ListBackups": {},
            "ListExports": {},
            "DescribeKinesisStreamingDestination": {},
            "DescribeContributorInsights": {"ContributorInsightsStatus": "DISABLED"},
        },
    )
    assert {row.what for row in rows.values() if remains(row)} == {"DAX cache", "CloudTrail data events"}


@pytest.mark.parametrize(
    "code, note", [("AccessDeniedException", "may not ask: dynamodb:"), ("UnknownOperationException", "engine does not tell")]
)
def test_what_cannot_be_asked_is_not_known_and_listed(scripted: Callable[..., Any], tmp_path: Path, code: str, note: str) -> None:
    asked = "DescribeContinuousBackups ListBackups ListExports DescribeKinesisStreamingDestination DescribeContributorInsights".split()
    rows = found(scripted, tmp_path, dict.fromkeys(asked, refusal(code)))
    unknown = {row.what for row in rows.values() if row.state == "not known" and note in row.note}
    assert unknown == {
        "point-in-time recovery",
        "backups",
        "exports to S3",
        "Kinesis data streams",
        "CloudWatch Contributor Insights",
    }
    assert not any("SECRET" in row.note for row in rows.values())


def test_a_list_that_breaks_off_is_not_known(scripted: Callable[..., Any], tmp_path: Path) -> None:
    def backups(request: dict[str, Any]) -> Any:
        if "ExclusiveStartBackupArn" in request:
            return refusal("AccessDeniedException")
        return {"BackupSummaries": [], "LastEvaluatedBackupArn": "a" * 40}

    assert found(scripted, tmp_path, {"ListBackups": backups})["backups"].state == "not known"


@pytest.mark.engine
def test_local_mode_plays_the_copies_of_the_sample(engine_endpoint: str, tmp_path: Path) -> None:
    (tmp_path / "sample.json").write_text(json.dumps({"until": "2026-06-01T00:00:00+00:00", "done": True}))
    settings = settings_for(tmp_path, "copied-", {"ai_agent": built_in()["ai_agent"]})
    with opened(settings, engine_endpoint) as sources:
        rows = copies(settings, sources["ai_agent"], live_of(sources)["ai_agent"], NOW)
    own = {row.what: row for row in rows if row.table == "copied-ai-agent-messages"}
    assert own["point-in-time recovery"].state == "on, 35 days"
    assert own["point-in-time recovery"].last_possible == NOW + timedelta(days=35)
    assert own["backups"].state == "none"
    assert own["stream"].state == "off"
    assert own["Kinesis data streams"].state == "not known"
