"""Tables, CloudWatch and prices by hand, for accounts of costs: what each says is in the test."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from data_access.capacity.series import Answer, Metric, Series, Status
from data_access.costs.prices import Prices, Rates
from data_access.dynamo.aws import Source, open_sources
from data_access.errors import DataAccessError, UsageError
from data_access.settings import Place, Settings
from data_access.systems.spec import built_in
from tests.data_access.conftest import Answer as Reply
from tests.data_access.conftest import refusal

NOW = datetime(2026, 11, 16, tzinfo=UTC)  # Half of November: 360 of 720 hours.
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
GB = 1024**3
TABLE, INDEX = "cg-chatbot-conversations", "user_id-created_at-index"
# Round numbers, so that a line can be worked out in the head.
PRICES = Prices(
    "us-east-1",
    Rates(0.001, 0.0001, 0.002, 0.01, 0.001, 0.02, 1.0),
    Rates(0.0012, 0.00012, 0.0024, 0.012, 0.0012, None, 0.4),
    recovery_gb_month=0.5,
    backup_gb_month=0.25,
    source="by hand",
    dated="2026-11-20",
)


class Book:
    """Prices of Regions that the test names."""

    def __init__(self, *known: Prices) -> None:
        self._known = {prices.region: prices for prices in known or (PRICES,)}

    def prices(self, region: str) -> Prices:
        if region not in self._known:
            raise UsageError(f"There are no DynamoDB prices for the Region {region}.")
        return self._known[region]


Points = Mapping[datetime, float]


@dataclass
class Played:
    """CloudWatch with these data points, by metric, table and index. `asked` keeps what it was asked for."""

    points: Mapping[tuple[str, str, str | None], Points]
    status: Status = "complete"
    problem: DataAccessError | None = None
    asked: list[Metric] = field(default_factory=list[Metric])
    sample: bool = False

    def read(self, metrics: Sequence[Metric], since: datetime, until: datetime) -> Answer:
        assert since < until
        self.asked += metrics
        found: dict[Metric, Series] = {}
        for metric in metrics:
            said = self.points.get((metric.name, str(metric.table), metric.index), {})
            known = sorted((at, value) for at, value in said.items() if since <= at < until)
            times, values = tuple(at for at, _ in known), tuple(value for _, value in known)
            found[metric] = Series(metric, since, until, times, values, self.status)
        problems = () if self.problem is None else (self.problem,)
        return Answer(found, len(metrics), 1, len(metrics) * 1e-5, problems, NOW, self.sample)


def hourly(value: float, since: datetime = BEGIN, hours: int = 360) -> Points:
    return {since + timedelta(hours=n): value for n in range(hours)}


def consumed(index: str | None = None, *, reads: Points | None = None, writes: Points | None = None, table: str = TABLE) -> Any:
    return {
        ("ConsumedReadCapacityUnits", table, index): reads or {},
        ("ConsumedWriteCapacityUnits", table, index): writes or {},
    }


def capacity(index: str | None = None, *, reads: Points | None = None, writes: Points | None = None, table: str = TABLE) -> Any:
    return {
        ("ProvisionedReadCapacityUnits", table, index): reads or {},
        ("ProvisionedWriteCapacityUnits", table, index): writes or {},
    }


def described(*, items: int = 1_000, size: int = GB - 100_000, indexes: Sequence[Mapping[str, Any]] = (), **other: Any) -> dict[str, Any]:
    """A table as DescribeTable says it, on demand; by default 1 GB with the 100 bytes an item."""
    return {
        "TableName": TABLE,
        "TableArn": f"arn:aws:dynamodb:us-east-1:111122223333:table/{TABLE}",
        "TableStatus": "ACTIVE",
        "ItemCount": items,
        "TableSizeBytes": size,
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
        "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
        "GlobalSecondaryIndexes": list(indexes),
    } | other


def indexed(name: str = INDEX, *, items: int = 1_000, size: int = GB - 100_000, projection: str = "ALL", **other: Any) -> dict[str, Any]:
    return {
        "IndexName": name,
        "KeySchema": [{"AttributeName": "user_id", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": projection},
        "IndexStatus": "ACTIVE",
        "IndexSizeBytes": size,
        "ItemCount": items,
        "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
    } | other


def replies(tables: Mapping[str, Mapping[str, Any] | str], *, recovery: Any = "DISABLED", backups: Any = ()) -> Reply:
    """DynamoDB that knows these tables; a text is the code of a refusal, also of `recovery` and `backups`."""

    def said(body: Any) -> Any:
        return 200, {}, json.dumps(body).encode()

    def answer(operation: str, request: Mapping[str, Any], _: int) -> Any:
        if operation == "DescribeTable":
            live = tables.get(str(request["TableName"]), "ResourceNotFoundException")
            return refusal(live) if isinstance(live, str) else said({"Table": dict(live)})
        if operation == "DescribeContinuousBackups":
            if recovery.endswith("Exception"):
                return refusal(recovery)
            point = {"PointInTimeRecoveryStatus": recovery}
            return said({"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": point}})
        if operation == "DescribeTimeToLive":
            return refusal("AccessDeniedException")
        assert operation == "ListBackups"
        if isinstance(backups, str):
            return refusal(backups)
        # A page for each, as AWS may.
        number = int(request.get("ExclusiveStartBackupArn", "arn:aws:dynamodb:us-east-1:111122223333:table/t/backup/0").rpartition("/")[2])
        last = f"arn:aws:dynamodb:us-east-1:111122223333:table/t/backup/{number + 1}"
        more = {"LastEvaluatedBackupArn": last} if number + 1 < len(backups) else {}
        return said({"BackupSummaries": list(backups[number : number + 1])} | more)

    return answer


def backup(size: int, at: datetime, **other: Any) -> dict[str, Any]:
    return {
        "BackupName": "one",
        "BackupType": "USER",
        "BackupStatus": "AVAILABLE",
        "BackupSizeBytes": size,
        "BackupCreationDateTime": at.timestamp(),
    } | other


def sources(endpoint: str, *systems: str, region: str = "us-east-1") -> dict[str, Source]:
    """Sources of built-in systems, all at one endpoint."""
    places = {
        name: Place(built_in()[name], {key: table.name for key, table in built_in()[name].tables.items()}, region)
        for name in systems or ("cg",)
    }
    return dict(open_sources(Settings("local", Path("unused"), places), endpoint))


def priced(**other: Any) -> Prices:
    return replace(PRICES, **other)
