"""Alarms worth having, each with the command that makes it.

A threshold on a Sum is a sum over the alarm's period: 80 % of 5 provisioned units in 60 seconds is 5 × 60 × 0.8 = 240.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Monitoring-metrics-with-Amazon-CloudWatch.html
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from statistics import median

from data_access.capacity.metrics import ACCOUNT_UTILISATION, CONSUMED, NAMESPACE, PROVISIONED, THROTTLES, dimensions
from data_access.capacity.report import CapacityReport, Flow, TableCapacity
from data_access.capacity.series import Metric
from data_access.costs.throughput import alarm_sum

SHARE = 0.8
# Where nothing was measured in the window, no threshold can be suggested; this is the least one.
LEAST_LATENCY_MS = 20


@dataclass(frozen=True, slots=True)
class Alarm:
    """One suggestion. It tells nobody until it is given an action: `--alarm-actions` and the ARN of an SNS topic."""

    name: str
    why: str
    metric: Metric
    threshold: float
    evaluations: int
    region: str

    @property
    def command(self) -> str:
        """The exact command, quoted for a POSIX shell."""
        metric = self.metric
        stat = ["--extended-statistic", metric.stat] if metric.stat.startswith("p") else ["--statistic", metric.stat]
        named = [f"Name={one['Name']},Value={one['Value']}" for one in dimensions(metric)]
        words = ["aws", "cloudwatch", "put-metric-alarm", "--region", self.region, "--alarm-name", self.name]
        words += ["--namespace", NAMESPACE, "--metric-name", metric.name, *stat, "--period", str(metric.period)]
        words += ["--dimensions", *named] if named else []
        words += [
            "--evaluation-periods",
            str(self.evaluations),
            "--threshold",
            f"{self.threshold:g}" if self.threshold < 1e6 else str(round(self.threshold)),
        ]
        words += ["--comparison-operator", "GreaterThanOrEqualToThreshold", "--treat-missing-data", "notBreaching"]
        return shlex.join(words)


def suggest(report: CapacityReport, region: str) -> tuple[Alarm, ...]:
    """Alarms for every table and index of a report, and for the account in the Region."""
    alarms = [alarm for table in report.tables for alarm in _of_table(table, region)]
    return (*alarms, *_of_account(region))


def _of_table(table: TableCapacity, region: str) -> Iterator[Alarm]:
    name = table.live.name
    for index, flow in table.flows():
        yield from _of_flow(table, index, flow, region)
    operations = sorted(table.latency) or ["GetItem", "PutItem", "Query"]
    for operation in operations:
        yield Alarm(
            f"{name} {operation} system errors",
            "DynamoDB itself failed. A single one is retried; several in a minute are its trouble.",
            Metric("SystemErrors", "Sum", 60, name, operation=operation),
            1,
            2,
            region,
        )
    for operation, latency in sorted(table.latency.items()):
        # Twice what is usual, and round, so that an alarm means something.
        usual = median(latency.p99.values)
        yield Alarm(
            f"{name} {operation} latency",
            f"The slowest hundredth of the calls took {usual:,.0f} ms in a usual period; this is about twice as long.",
            Metric("SuccessfulRequestLatency", "p99", 300, name, operation=operation),
            max(LEAST_LATENCY_MS, ceil(2 * usual / 10) * 10),
            3,
            region,
        )


def _of_flow(table: TableCapacity, index: str | None, flow: Flow, region: str) -> Iterator[Alarm]:
    n = 0 if flow.side == "read" else 1
    place = f"{table.live.name} {index}" if index else table.live.name
    yield Alarm(
        f"{place} {flow.side} throttles",
        "A request was refused for want of capacity.",
        Metric(THROTTLES[n], "Sum", 60, table.live.name, index),
        1,
        1,
        region,
    )
    live = next((one for one in table.indexes if one.live.name == index), None)
    described = table.live if live is None else live.live
    provisioned = described.provisioned_reads if flow.side == "read" else described.provisioned_writes
    if provisioned:
        yield Alarm(
            f"{place} {flow.side} capacity",
            f"{SHARE:.0%} of the {provisioned:,} units a second of {PROVISIONED[n]} are used for five minutes.",
            Metric(CONSUMED[n], "Sum", 60, table.live.name, index),
            alarm_sum(provisioned, SHARE, 60),
            5,
            region,
        )


def _of_account(region: str) -> Iterator[Alarm]:
    yield Alarm(
        "DynamoDB user errors",
        "Requests of somebody in this account are wrong. The metric has no table: look at the clients' own logs.",
        Metric("UserErrors", "Sum", 300),
        10,
        1,
        region,
    )
    for name in ACCOUNT_UTILISATION:
        yield Alarm(
            f"DynamoDB {name}",
            "80 % of the account's quota for provisioned capacity is in use: ask for more before it is needed.",
            Metric(name, "Maximum", 300),
            80,
            1,
            region,
        )
