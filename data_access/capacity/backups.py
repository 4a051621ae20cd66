"""Point-in-time recovery and on-demand backups of tables, as far as the engine knows them.

An engine that does not know the operation says nothing: that is "not known", neither off nor none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from data_access.aws_errors import from_aws
from data_access.errors import DataAccessError

if TYPE_CHECKING:
    from data_access.dynamo.aws import Source
    from data_access.settings import Settings

_MOST_PAGES = 200


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup. `kind` is USER (made on demand), SYSTEM (of a deleted table, free) or AWS_BACKUP (billed there)."""

    name: str
    kind: str
    status: str
    bytes: int | None
    made_at: datetime | None


@dataclass(frozen=True, slots=True)
class TableBackups:
    """What protects one table. `recovery` is None where it is not known, `backups` too; `problems` say why."""

    table: str
    recovery: bool | None
    recovery_days: int | None
    backups: tuple[Backup, ...] | None
    problems: tuple[DataAccessError, ...] = ()

    @property
    def bytes(self) -> int | None:
        """The size of the on-demand backups that DynamoDB bills; None where one of them, or all, are not known."""
        if self.backups is None:
            return None
        sizes = [one.bytes for one in self.backups if one.kind == "USER" and one.status != "DELETED"]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None


def open_backups(settings: Settings, source: Source) -> Any:
    """The client to ask: the system's own, in local mode that of the sample, since the engine keeps no backups. Raises AwsError."""
    if settings.mode == "aws":
        return source.client
    from data_access.local.telemetry import sample_client

    return sample_client("dynamodb", settings, source.place)


def read_backups(client: Any, table: str) -> TableBackups:
    """Recovery and backups of one live table. Raises nothing of AWS."""
    problems: list[DataAccessError] = []
    recovery, days = _recovery(client, table, problems)
    return TableBackups(table, recovery, days, _backups(client, table, problems), tuple(problems))


def _recovery(client: Any, table: str, problems: list[DataAccessError]) -> tuple[bool | None, int | None]:
    try:
        said = client.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    except (ClientError, BotoCoreError) as error:
        _note(problems, error, "DescribeContinuousBackups", table)
        return None, None
    point = said.get("PointInTimeRecoveryDescription", {})
    return point.get("PointInTimeRecoveryStatus") == "ENABLED", point.get("RecoveryPeriodInDays")


def _backups(client: Any, table: str, problems: list[DataAccessError]) -> tuple[Backup, ...] | None:
    found: list[Backup] = []
    request: dict[str, Any] = {"TableName": table, "BackupType": "ALL"}
    for _ in range(_MOST_PAGES):
        try:
            page = client.list_backups(**request)
        except (ClientError, BotoCoreError) as error:
            # A part of the list would be taken for the whole.
            _note(problems, error, "ListBackups", table)
            return None
        found += [
            Backup(
                name=str(one.get("BackupName", "")),
                kind=str(one.get("BackupType", "USER")),
                status=str(one.get("BackupStatus", "AVAILABLE")),
                bytes=one.get("BackupSizeBytes"),
                made_at=one.get("BackupCreationDateTime"),
            )
            for one in page.get("BackupSummaries", ())
        ]
        # A page may be empty and not be the last.
        if not page.get("LastEvaluatedBackupArn"):
            return tuple(found)
        request["ExclusiveStartBackupArn"] = page["LastEvaluatedBackupArn"]
    return None


def _note(problems: list[DataAccessError], error: ClientError | BotoCoreError, operation: str, table: str) -> None:
    code = str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""
    if "UnknownOperation" not in code:
        problems.append(from_aws(error, operation=operation, table=table))
