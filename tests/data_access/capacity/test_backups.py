"""Recovery and backups: on, off, and not known."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from data_access.capacity.backups import read_backups
from data_access.dynamo.aws import Source
from data_access.errors import AccessDenied
from data_access.systems.create import create_tables

MADE = datetime(2026, 11, 1, tzinfo=UTC)


def client(pages: list[list[dict[str, Any]]], recovery: dict[str, Any] | None = None) -> Any:
    def list_backups(**request: Any) -> dict[str, Any]:
        n = int(request.get("ExclusiveStartBackupArn", "0"))
        return {"BackupSummaries": pages[n]} | ({"LastEvaluatedBackupArn": str(n + 1)} if n + 1 < len(pages) else {})

    point = recovery or {"PointInTimeRecoveryStatus": "DISABLED"}
    said = {"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": point}}
    return SimpleNamespace(list_backups=list_backups, describe_continuous_backups=lambda **_: said)


def summary(size: int | None, kind: str = "USER", status: str = "AVAILABLE") -> dict[str, Any]:
    known = {} if size is None else {"BackupSizeBytes": size}
    return {"BackupName": "before", "BackupType": kind, "BackupStatus": status, "BackupCreationDateTime": MADE, **known}


def test_all_pages_are_read_also_after_an_empty_one() -> None:
    found = read_backups(client([[summary(5)], [], [summary(7), summary(100, "SYSTEM"), summary(100, status="DELETED")]]), "chat")
    assert found.backups is not None
    assert (len(found.backups), found.bytes, found.recovery, found.problems) == (4, 12, False, ())


def test_recovery_is_on_for_so_many_days() -> None:
    on = {"PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": 14}
    found = read_backups(client([[]], on), "chat")
    assert (found.recovery, found.recovery_days, found.backups, found.bytes) == (True, 14, (), 0)


def test_a_backup_whose_size_is_not_said_is_not_free() -> None:
    assert read_backups(client([[summary(None), summary(5)]]), "chat").bytes is None


@pytest.mark.parametrize("code, problems", [("UnknownOperationException", []), ("AccessDeniedException", [AccessDenied, AccessDenied])])
def test_not_known_is_neither_off_nor_none(code: str, problems: list[type[Exception]]) -> None:
    def refuse(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": code, "Message": "SECRET"}}, "ListBackups")

    found = read_backups(SimpleNamespace(list_backups=refuse, describe_continuous_backups=refuse), "chat")
    assert (found.recovery, found.backups, found.bytes) == (None, None, None)
    assert [type(problem) for problem in found.problems] == problems


def test_on_a_dynamodb(open_source: Any) -> None:
    source: Source = open_source("cg")
    create_tables(source)
    found = read_backups(source.client, source.place.tables["conversations"])
    # moto knows both operations, the local engine says that it does not: never an error.
    assert found.problems == ()
    assert found.recovery in (False, None)
    assert found.backups in ((), None)
