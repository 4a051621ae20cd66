"""Copies of a table that an erasure does not reach, each with the last day on which something erased may still be in it.

Every question stands for itself: one that is denied, or that the local engine does not know, is a copy that is not known, never a
copy that is not there. Times and settings are DynamoDB's own: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/
Point-in-time-recovery.html, Streams.html, backuprestore_HowItWorks.html, S3DataExport.HowItWorks.html.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from data_access.aws_errors import from_aws
from data_access.capacity.backups import open_backups
from data_access.dynamo.aws import Source
from data_access.erasure.model import Copy
from data_access.errors import AccessDenied, DataAccessError
from data_access.settings import Settings
from data_access.systems.spec import Table

MOST_DAYS = 35  # the longest window of point-in-time recovery, and what it was before it could be chosen
_STREAM = timedelta(hours=24)
_MOST_PAGES = 200
_BACKUPS = {"USER": "on-demand backup", "SYSTEM": "backup of a deleted table", "AWS_BACKUP": "backup of AWS Backup"}
_AT_WORK = ("ACTIVE", "ENABLING", "UPDATING")
NOT_KNOWN = "not known"
_NO_EXPORT = "none in 90 days"
_ABSENT = frozenset(("off", "none", _NO_EXPORT))
_Ask = Callable[[Any, str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One table: `client` answers for the table itself, `backups` for what is kept of it."""

    settings: Settings
    client: Any
    backups: Any
    table: str
    live: Mapping[str, Any]
    now: datetime


def copies(
    settings: Settings, source: Source, live: Mapping[str, Mapping[str, Any]], now: datetime, backups: Any = None
) -> tuple[Copy, ...]:
    """Every copy of a system's tables. `live` is DescribeTable's answer for each; `now` the time from which windows are counted.

    `backups` is the client that answers for backups; None: the system's own, in local mode the sample's. Raises nothing of AWS.
    """
    own = backups is None
    try:
        client = open_backups(settings, source) if own else backups
    except DataAccessError:
        client = None
    try:
        found: list[Copy] = []
        for key, table in source.place.system.tables.items():
            name = source.place.tables[key]
            if name in live:
                found += _of(_Asked(settings, source.client, client, name, live[name], now), table)
        return tuple(found)
    finally:
        if own and client is not None and client is not source.client:
            client.close()


def remains(copy: Copy) -> bool:
    """Whether there is such a copy, or may be: an answer of "off" or "none" is listed too, and has no date."""
    return copy.state not in _ABSENT


def without_date(copy: Copy) -> str:
    """In words, of a copy that has no last date. Of one that nobody could be asked about it is not said that it has none."""
    return NOT_KNOWN if copy.state == NOT_KNOWN else "no end date"


def _of(asked: _Asked, table: Table) -> Iterator[Copy]:
    yield _recovery(asked)
    yield from _backups(asked)
    yield from _exports(asked)
    yield _stream(asked)
    yield _kinesis(asked)
    yield from _replicas(asked)
    yield _insights(asked)
    name = asked.table
    note = "A DAX cluster in front of the table goes on serving an item until its time there is over. DynamoDB does not tell of one."
    yield Copy(name, "DAX cache", NOT_KNOWN, None, note)
    if any(table.part_of(key) in ("user_id", "conversation_id") for key in table.keys):
        note = "A trail with data events keeps the key of every request, and a key of this table names the user or a conversation."
    else:
        note = "A trail with data events keeps the key of every request; a key of this table names neither user nor conversation."
    yield Copy(name, "CloudTrail data events", NOT_KNOWN, None, note)


def _recovery(asked: _Asked) -> Copy:
    what = "point-in-time recovery"
    said = _ask(asked, what, "DescribeContinuousBackups", lambda client, name: client.describe_continuous_backups(TableName=name))
    if isinstance(said, Copy):
        return said
    point = said.get("ContinuousBackupsDescription", {}).get("PointInTimeRecoveryDescription", {})
    if point.get("PointInTimeRecoveryStatus") != "ENABLED":
        note = "Where it was on until lately and the table was deleted, a backup of 35 days stays: see the backups."
        return Copy(asked.table, what, "off", None, note)
    days = int(point.get("RecoveryPeriodInDays") or MOST_DAYS)
    note = f"What is erased can be restored, to a new table, for {days} days after it was erased."
    return Copy(asked.table, what, f"on, {days} days", asked.now + timedelta(days=days), note)


def _backups(asked: _Asked) -> Iterator[Copy]:
    said = _listed(asked, "backups", "ListBackups", "BackupSummaries", _page_of_backups)
    if isinstance(said, Copy):
        yield said
        return
    if not said:
        yield Copy(asked.table, "backups", "none", None, "")
    for one in said:
        ends = one.get("BackupExpiryDateTime")
        kind, status = str(one.get("BackupType", "USER")), str(one.get("BackupStatus", "AVAILABLE"))
        if status == "DELETED":
            continue
        what = f"{_BACKUPS.get(kind, 'backup')} {one.get('BackupName', '')}".strip()
        made = one.get("BackupCreationDateTime")
        since = f"made {made.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if isinstance(made, datetime) else "time not known"
        note = "It is kept until somebody deletes it." if ends is None else "It is deleted at that time."
        if kind == "AWS_BACKUP" and ends is None:
            note = "The plan of AWS Backup that made it says how long it is kept; DynamoDB does not."
        yield Copy(asked.table, what, f"{status.lower()}, {since}", ends, note)


def _exports(asked: _Asked) -> Iterator[Copy]:
    said = _listed(asked, "exports to S3", "ListExports", "ExportSummaries", _page_of_exports)
    if isinstance(said, Copy):
        yield said
        return
    done = [one for one in said if one.get("ExportStatus") != "FAILED"]
    # Exports are listed for 90 days; what they wrote stays in its bucket.
    older = "DynamoDB lists those of the last 90 days; files of older ones may still be in their buckets."
    if not done:
        yield Copy(asked.table, "exports to S3", _NO_EXPORT, None, older)
    else:
        yield Copy(
            asked.table, "exports to S3", f"{len(done):,} in 90 days", None, f"Their files are in a bucket until it lets them go. {older}"
        )


def _stream(asked: _Asked) -> Copy:
    said: Mapping[str, Any] = asked.live.get("StreamSpecification") or {}
    if not said.get("StreamEnabled"):
        return Copy(asked.table, "stream", "off", None, "")
    view = str(said.get("StreamViewType", ""))
    old = "with the erased item itself" if view in ("OLD_IMAGE", "NEW_AND_OLD_IMAGES") else "with its key"
    note = f"Every delete is in it, {old}, for 24 hours. What reads the stream may keep it longer."
    return Copy(asked.table, "stream", f"on, {view}", asked.now + _STREAM, note)


def _kinesis(asked: _Asked) -> Copy:
    what, operation = "Kinesis data streams", "DescribeKinesisStreamingDestination"
    said = _ask(asked, what, operation, lambda client, name: client.describe_kinesis_streaming_destination(TableName=name), table_own=True)
    if isinstance(said, Copy):
        return said
    active = [
        one for one in said.get("KinesisDataStreamDestinations", ()) if one.get("DestinationStatus") in ("ACTIVE", "ENABLING", "UPDATING")
    ]
    if not active:
        return Copy(asked.table, what, "none", None, "")
    note = (
        "Every delete is in it with the erased item. A data stream keeps records for 1 to 365 days, and its readers as long as they like."
    )
    return Copy(asked.table, what, f"{len(active):,} on", None, note)


def _replicas(asked: _Asked) -> Iterator[Copy]:
    found: list[Mapping[str, Any]] = list(asked.live.get("Replicas") or ())
    if not found:
        yield Copy(asked.table, "replicas in other Regions", "none", None, "")
    for one in found:
        region, status = str(one.get("RegionName", "not known")), str(one.get("ReplicaStatus", NOT_KNOWN)).lower()
        note = "Deletes follow there, mostly within a second. Its own recovery, backups, exports and streams are not looked at here."
        yield Copy(asked.table, f"replica in {region}", status, None, note)


def _insights(asked: _Asked) -> Copy:
    what, operation = "CloudWatch Contributor Insights", "DescribeContributorInsights"
    said = _ask(asked, what, operation, lambda client, name: client.describe_contributor_insights(TableName=name), table_own=True)
    if isinstance(said, Copy):
        return said
    if said.get("ContributorInsightsStatus") not in ("ENABLED", "ENABLING"):
        return Copy(asked.table, what, "off", None, "")
    note = "It keeps the keys that are asked for most, as they are, for 15 days."
    return Copy(asked.table, what, "on", asked.now + timedelta(days=15), note)


def _ask(asked: _Asked, what: str, operation: str, ask: _Ask, *, table_own: bool = False) -> Mapping[str, Any] | Copy:
    """The answer, or the copy that is not known."""
    client = asked.client if table_own else asked.backups
    if client is None:
        return Copy(asked.table, what, NOT_KNOWN, None, "The local sample of backups could not be opened.")
    try:
        return ask(client, asked.table)
    except (ClientError, BotoCoreError) as error:
        return _not_known(error, asked.table, what, operation)


def _listed(
    asked: _Asked, what: str, operation: str, member: str, page: Callable[[_Asked, str | None], tuple[Mapping[str, Any], str | None]]
) -> list[Mapping[str, Any]] | Copy:
    """All pages of a list: a part of it would be taken for the whole."""
    if asked.backups is None:
        return Copy(asked.table, what, NOT_KNOWN, None, "The local sample of backups could not be opened.")
    found: list[Mapping[str, Any]] = []
    after: str | None = None
    for _ in range(_MOST_PAGES):
        try:
            said, after = page(asked, after)
        except (ClientError, BotoCoreError) as error:
            return _not_known(error, asked.table, what, operation)
        found += said.get(member, ())
        if after is None:
            return found
    return Copy(asked.table, what, NOT_KNOWN, None, f"The list has more than {_MOST_PAGES} pages.")


def _page_of_backups(asked: _Asked, after: str | None) -> tuple[Mapping[str, Any], str | None]:
    more = {"ExclusiveStartBackupArn": after} if after else {}
    said: Mapping[str, Any] = asked.backups.list_backups(TableName=asked.table, BackupType="ALL", **more)
    return said, said.get("LastEvaluatedBackupArn")


def _page_of_exports(asked: _Asked, after: str | None) -> tuple[Mapping[str, Any], str | None]:
    arn = asked.live.get("TableArn")
    if asked.settings.mode == "local":
        arn = asked.backups.describe_table(TableName=asked.table)["Table"]["TableArn"]
    said: Mapping[str, Any] = asked.backups.list_exports(TableArn=arn, **({"NextToken": after} if after else {}))
    return said, said.get("NextToken")


def _not_known(error: ClientError | BotoCoreError, table: str, what: str, operation: str) -> Copy:
    code = str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""
    if "UnknownOperation" in code or code in ("500", "501", "NotImplemented"):
        return Copy(table, what, NOT_KNOWN, None, "The local engine does not tell.")
    said = from_aws(error, operation=operation, table=table)
    if isinstance(said, AccessDenied):
        return Copy(table, what, NOT_KNOWN, None, f"This identity may not ask: dynamodb:{operation}.")
    return Copy(table, what, NOT_KNOWN, None, said.sentence)
