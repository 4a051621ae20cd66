"""What is asked of CloudWatch: the metrics of namespace AWS/DynamoDB with their dimensions, statistics and least periods.

Sources: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html and, for the reasons of
throttling, https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TroubleshootingThrottling-cloudwatch.html.

A series of a table leaves the table's indexes out; each index has its own. UserErrors has no table at all.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from data_access.capacity.series import Metric

NAMESPACE = "AWS/DynamoDB"

Scope = Literal["table and index", "table", "operation", "account"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A metric as documented: what it exists for, the statistics that mean something, its own period in seconds."""

    scope: Scope
    stats: tuple[str, ...]
    period: int = 60
    unit: str = "Count"
    operations: tuple[str, ...] = ()


OPERATIONS = (
    "GetItem",
    "BatchGetItem",
    "Query",
    "Scan",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "BatchWriteItem",
    "TransactGetItems",
    "TransactWriteItems",
)
CONSUMED = ("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits")
PROVISIONED = ("ProvisionedReadCapacityUnits", "ProvisionedWriteCapacityUnits")
THROTTLES = ("ReadThrottleEvents", "WriteThrottleEvents")
# Why a request was throttled, and what the word means. The metric is Read<reason>ThrottleEvents or Write<reason>ThrottleEvents.
REASONS: Mapping[str, str] = {
    "ProvisionedThroughput": "more than the provisioned capacity",
    "KeyRangeThroughput": "more than one partition can do: a hot key",
    "AccountLimit": "more than the account's limit for a table",
    "MaxOnDemandThroughput": "more than the maximum that was set for on-demand use",
}
ACCOUNT_LIMITS = ("AccountMaxReads", "AccountMaxWrites", "AccountMaxTableLevelReads", "AccountMaxTableLevelWrites")
ACCOUNT_UTILISATION = (
    "AccountProvisionedReadCapacityUtilization",
    "AccountProvisionedWriteCapacityUtilization",
    "MaxProvisionedTableReadCapacityUtilization",
    "MaxProvisionedTableWriteCapacityUtilization",
)


def reason_metric(side: Literal["Read", "Write"], reason: str) -> str:
    """The metric of throttled reads or writes for one reason."""
    return f"{side}{reason}ThrottleEvents"


CATALOGUE: Mapping[str, Kind] = {
    **{name: Kind("table and index", ("Sum",)) for name in CONSUMED},
    **{name: Kind("table and index", ("Average", "Maximum"), 300) for name in PROVISIONED},
    **{name: Kind("table and index", ("Sum",)) for name in THROTTLES},
    **{reason_metric(side, reason): Kind("table and index", ("Sum",)) for side in ("Read", "Write") for reason in REASONS},
    "ThrottledRequests": Kind("operation", ("Sum",), operations=OPERATIONS),
    "SuccessfulRequestLatency": Kind("operation", ("Average", "p99", "SampleCount"), unit="Milliseconds", operations=OPERATIONS),
    "SystemErrors": Kind("operation", ("Sum",), operations=OPERATIONS),
    "ReturnedItemCount": Kind("operation", ("Sum",), operations=("Query", "Scan")),
    "ConditionalCheckFailedRequests": Kind("table", ("Sum",)),
    "TransactionConflict": Kind("table", ("Sum",)),
    "TimeToLiveDeletedItemCount": Kind("table", ("Sum",)),
    "UserErrors": Kind("account", ("Sum",)),
    **{name: Kind("account", ("Maximum",), 300) for name in ACCOUNT_LIMITS},
    **{name: Kind("account", ("Maximum",), 300, "Percent") for name in ACCOUNT_UTILISATION},
}

# How long CloudWatch keeps data points of a period.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
RETENTION: Mapping[int, timedelta] = {60: timedelta(days=15), 300: timedelta(days=63), 3600: timedelta(days=455)}


def kept_period(since: datetime, now: datetime, wanted: int = 60) -> int:
    """The wanted period in seconds, or the next one that CloudWatch still has data points of at `since`."""
    for period, kept in RETENTION.items():
        if since >= now - kept:
            return next_period(wanted, period)
    return next_period(wanted, 3600)


def next_period(wanted: int, least: int) -> int:
    """The smallest multiple of `least` that is not below `wanted`: 60 of 300 is 300, 400 of 300 is 600."""
    return -(-wanted // least) * least


def dimensions(metric: Metric) -> list[dict[str, str]]:
    """The dimensions that name exactly this series."""
    named = {"TableName": metric.table, "GlobalSecondaryIndexName": metric.index, "Operation": metric.operation}
    return [{"Name": name, "Value": value} for name, value in named.items() if value is not None]


def throughput_metrics(table: str, index: str | None, *, period: int = 60, provisioned: bool) -> Iterator[Metric]:
    """Consumed, throttles with their reasons, and for a provisioned table what is provisioned: of a table alone, or of one index."""
    for name, kind in CATALOGUE.items():
        if kind.scope == "table and index" and (provisioned or name not in PROVISIONED):
            # Two statistics of what is provisioned differ only while it is changed; the average is what was there.
            yield Metric(name, kind.stats[0], max(period, kind.period), table, index)


def table_metrics(table: str, *, period: int = 300, operations: Sequence[str] = OPERATIONS) -> Iterator[Metric]:
    """What exists for a table as a whole, and for each operation on it."""
    for name, kind in CATALOGUE.items():
        if kind.scope == "table":
            yield from _each(name, kind, Metric(name, "", period, table))
        elif kind.scope == "operation":
            for operation in kind.operations:
                if operation in operations:
                    yield from _each(name, kind, Metric(name, "", period, table, operation=operation))


def account_metrics(*, period: int = 300) -> Iterator[Metric]:
    """What exists once for the account and Region."""
    for name, kind in CATALOGUE.items():
        if kind.scope == "account":
            yield from _each(name, kind, Metric(name, "", period))


def _each(name: str, kind: Kind, blank: Metric) -> Iterator[Metric]:
    for stat in kind.stats:
        yield replace(blank, name=name, stat=stat, period=max(blank.period, kind.period))
