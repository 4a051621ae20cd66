"""CloudWatch, backups and point-in-time recovery of local mode: sample data, played by moto inside this process.

The local engine plays DynamoDB alone. What CloudWatch would have seen of the sample's conversations is made from the sample
(sample/traffic.py) the first time somebody asks, and kept (played.py). moto keeps the protocol; its own search through all data
points for each period of each metric takes hours for two weeks of minutes, so sorted series stand before it.

The series are of the sample, also where the tables hold something else by now. A state folder that was never filled with the
sample has none. Each state folder is an account of its own in moto, so nothing else in this process that uses moto is touched,
and no client of boto is.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    from data_access.local.sample.traffic import Played, Points, Traffic
    from data_access.settings import Place, Settings

RECOVERED = "ai-agent-messages"  # the one table with point-in-time recovery
BACKUP_NAME = "before-import"
_MARK = "sample.json"
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Stage:
    """One state folder. `names` are the default names of its tables by the live ones."""

    mark: Path
    names: Mapping[str, str]

    def until(self) -> datetime | None:
        """The end of the sample that is in the tables; None where there is none."""
        try:
            mark = json.loads(self.mark.read_text())
            return datetime.fromisoformat(mark["until"]) if mark["done"] else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def played(self) -> Played | None:
        from data_access.local.played import played

        until = self.until()
        return None if until is None else played(self.mark.parent, until)


_stages: dict[str, _Stage] = {}


def sample_client(service: Literal["cloudwatch", "dynamodb"], settings: Settings, place: Place) -> Any:
    """A client of the sample's CloudWatch, or of its backups (DescribeContinuousBackups, ListBackups). Raises AwsError.

    Starts moto's server in this process the first time, on 127.0.0.1 alone.
    """
    from data_access.dynamo.aws import open_client

    names = {one.tables[key]: table.name for one in settings.places.values() for key, table in one.system.tables.items()}
    mark = settings.state.resolve() / _MARK
    digest = hashlib.sha256(f"{mark} {sorted(names.items())}".encode()).hexdigest()
    account = f"9{int(digest, 16) % 10**11:011d}"
    with _lock:
        _stages[account] = _Stage(mark, names)
        endpoint = _server()
    client = open_client(service, place, settings, endpoint)
    client.meta.events.register("before-call", _for_account(account))
    if service == "cloudwatch":
        # Made here, in the caller's time: the request itself would run out of its own.
        client.meta.events.register("before-call", _playing(_stages[account]))
    if service == "dynamodb":
        _set_backups(client, account, place, _stages[account])
    return client


def _for_account(account: str) -> Any:
    def add(params: dict[str, Any], **_: Any) -> None:
        params["headers"]["x-moto-account-id"] = account

    return add


def _playing(stage: _Stage) -> Any:
    def make(**_: Any) -> None:
        stage.played()

    return make


def is_ready(settings: Settings) -> bool:
    """False where the first question is going to take seconds: then `make_ready`, and say so meanwhile. True in aws mode."""
    if settings.mode == "aws":
        return True
    from data_access.local.played import is_ready

    stage = _Stage(settings.state.resolve() / _MARK, {})
    until = stage.until()
    return until is None or is_ready(stage.mark.parent, until)


def make_ready(settings: Settings) -> None:
    """Make what CloudWatch is played from, once for a state folder."""
    _Stage(settings.state.resolve() / _MARK, {}).played()


@cache
def _server() -> str:
    """moto's server and its CloudWatch with our series before it; ends with the process."""
    from moto.cloudwatch.models import CloudWatchBackend
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # not a line a request
    original = CloudWatchBackend.get_metric_data

    def get_metric_data(
        self: CloudWatchBackend,
        queries: list[dict[str, Any]],
        start_time: datetime,
        end_time: datetime,
        scan_by: str = "TimestampAscending",
    ) -> list[dict[str, Any]]:
        stage = _stages.get(self.account_id)
        if stage is None:
            return original(self, queries, start_time, end_time, scan_by)
        original(self, [], start_time, end_time, scan_by)  # its validation
        return _answer(stage, queries, _aware(start_time), _aware(end_time), descending=scan_by == "TimestampDescending")

    CloudWatchBackend.get_metric_data = get_metric_data
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _answer(
    stage: _Stage, queries: Sequence[dict[str, Any]], since: datetime, until: datetime, *, descending: bool
) -> list[dict[str, Any]]:
    """What GetMetricData says of these metrics; one that has no data point has empty lists, as in CloudWatch."""
    from data_access.local.sample.traffic import Signal

    played, now, found = stage.played(), datetime.now(UTC), list[dict[str, Any]]()
    known: Traffic = {} if played is None else played.traffic
    for query in queries:
        asked = query["MetricStat"]
        named = {one["Name"]: one["Value"] for one in asked["Metric"].get("Dimensions", ())}
        table = named.get("TableName")
        signal = Signal(
            asked["Metric"]["MetricName"],
            stage.names.get(table, "") if table is not None else None,
            named.get("GlobalSecondaryIndexName"),
            named.get("Operation"),
        )
        period = int(asked["Period"])
        points = known.get(signal) if asked["Metric"]["Namespace"] == "AWS/DynamoDB" else None
        times, values = summed_up(points, period, asked["Stat"], max(since, _kept_since(period, now)), until) if points else ([], [])
        if descending:
            times.reverse()
            values.reverse()
        said = {"id": query["Id"], "label": query.get("Label") or signal.name, "status_code": "Complete"}
        if query.get("ReturnData", True):
            found.append(said | {"timestamps": times, "values": values})
    return found


def _kept_since(period: int, now: datetime) -> datetime:
    """CloudWatch keeps minutes for 15 days, five minutes for 63, hours for 455."""
    return now - timedelta(days=15 if period < 300 else 63 if period < 3_600 else 455)


def summed_up(points: Points, period: int, stat: str, since: datetime, until: datetime) -> tuple[list[datetime], list[float]]:
    """One value for each period that has something in it, ascending. Periods are counted from the epoch, as CloudWatch does."""
    times, values = points
    step = bisect_left(
        times, since.timestamp() // period * period if since.timestamp() % period == 0 else ceil(since.timestamp() / period) * period
    )
    end = bisect_left(times, until.timestamp())
    starts, found = list[datetime](), list[float]()
    while step < end:
        start = times[step] // period * period
        following = bisect_left(times, start + period, step, end)
        starts.append(datetime.fromtimestamp(start, UTC))
        found.append(_statistic(stat, values[step:following]))
        step = following
    return starts, found


def _statistic(stat: str, values: Sequence[float]) -> float:
    match stat:
        case "Sum":
            return sum(values)
        case "SampleCount":
            return float(len(values))
        case "Average":
            return sum(values) / len(values)
        case "Maximum":
            return max(values)
        case "Minimum":
            return min(values)
        case _:
            # p99: the smallest value that is not below 99 % of them.
            return sorted(values)[max(0, ceil(float(stat.removeprefix("p")) / 100 * len(values)) - 1)]


def _set_backups(client: Any, account: str, place: Place, stage: _Stage) -> None:
    """The tables of a system, empty, in moto's DynamoDB: recovery is on for one of them, another has a backup."""
    from botocore.exceptions import BotoCoreError, ClientError

    from data_access.aws_errors import from_aws
    from data_access.dynamo.aws import Source
    from data_access.local.sample.traffic import BACKED_UP, BACKUP_AGE
    from data_access.systems.create import create_tables

    until, played = stage.until(), stage.played()
    try:
        made = create_tables(Source(place, client))
        for one in made:
            default = place.system.tables[one.key].name
            if until is None or played is None or not one.created:
                continue
            if default == RECOVERED:
                client.update_continuous_backups(
                    TableName=one.name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 35}
                )
            if default == BACKED_UP:
                details = client.create_backup(TableName=one.name, BackupName=BACKUP_NAME)["BackupDetails"]
                _size_backup(account, place.region, details["BackupArn"], played.backup_bytes, until - BACKUP_AGE)
    except (ClientError, BotoCoreError) as error:
        raise from_aws(error, operation="opening the sample's backups") from None


def _size_backup(account: str, region: str, arn: str, size: int, taken: datetime) -> None:
    """Give the backup the size and the time of the sample's; moto says 123 bytes of each, made now."""
    from moto.dynamodb.models import dynamodb_backends
    from moto.dynamodb.models.table import Backup

    class Sized(Backup):
        @property
        def summary(self) -> dict[str, Any]:
            return super().summary | {"BackupSizeBytes": size}

        @property
        def details(self) -> dict[str, Any]:
            return super().details | {"BackupSizeBytes": size}

    backup = cast("Any", dynamodb_backends)[account][region].backups[arn]
    backup.__class__ = Sized
    backup.creation_date_time = taken.replace(tzinfo=None)
