"""Calls of GetMetricData: what goes into one, all its pages, and what they brought.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from data_access.aws_errors import from_aws
from data_access.capacity.metrics import NAMESPACE, dimensions
from data_access.capacity.series import Metric, Status, periods_within
from data_access.errors import AccessDenied, AwsError, DataAccessError, Throttled

MOST_METRICS = 500
MOST_POINTS = 100_800
MOST_PAGES = 1_000


@dataclass(slots=True)
class Batch:
    """Metrics of one period and one stretch of the window that go into one call."""

    metrics: tuple[Metric, ...]
    since: datetime
    until: datetime


@dataclass(slots=True)
class Got:
    """What a batch brought so far. `points` are by metric and time, so pages that overlap do not count twice."""

    points: dict[Metric, dict[datetime, float]] = field(default_factory=dict[Metric, dict[datetime, float]])
    status: dict[Metric, Status] = field(default_factory=dict[Metric, Status])
    problems: dict[Metric, DataAccessError] = field(default_factory=dict[Metric, DataAccessError])
    asked: int = 0
    requests: int = 0


@dataclass(slots=True)
class Refusal:
    """The first refusal: what is denied or throttled once is not asked for in the batches after it."""

    error: AwsError | None = None


def batches(wanted: Iterable[tuple[Metric, datetime, datetime]]) -> Iterator[Batch]:
    """Calls that stay below CloudWatch's limits: metrics of one window together, a window too long for one call in pieces.

    Each metric comes with its own window, which begins and ends where its periods do.
    """
    windows: dict[tuple[int, datetime, datetime], list[Metric]] = {}
    for metric, since, until in wanted:
        windows.setdefault((metric.period, since, until), []).append(metric)
    for (period, since, until), alike in windows.items():
        begin = since
        while begin < until:
            end = min(until, begin + timedelta(seconds=period * MOST_POINTS))
            many = min(MOST_METRICS, MOST_POINTS // periods_within(begin, end, period))
            for n in range(0, len(alike), many):
                yield Batch(tuple(alike[n : n + many]), begin, end)
            begin = end


def call(client: Any, refused: Refusal, batch: Batch) -> Got:
    """Ask for a batch, all its pages. Never raises what AWS refuses: each metric of the batch has a status afterwards."""
    got = Got()
    _pages(client, batch, got, refused)
    again = tuple(metric for metric in batch.metrics if got.status.get(metric) == "failed" and metric not in got.problems)
    if again and not refused.error:
        # CloudWatch's own advice for InternalError: ask once more.
        _pages(client, replace(batch, metrics=again), got, refused)
    for metric in batch.metrics:
        if got.status.setdefault(metric, "failed") == "failed":
            got.problems.setdefault(
                metric, AwsError(f"CloudWatch could not read {metric.name}.", "Ask again in a minute.", table=metric.table)
            )
    return got


def _pages(client: Any, batch: Batch, got: Got, refused: Refusal) -> None:
    """All pages of one call. What a broken call had brought before stays."""
    ids = {f"m{n}": metric for n, metric in enumerate(batch.metrics)}
    request = _request(ids, batch)
    seen: set[str] = set()
    notice: DataAccessError | None = None
    while True:
        if refused.error is not None:
            _give_up(got, batch.metrics, refused.error)
            return
        try:
            page = client.get_metric_data(**request)
        except (ClientError, BotoCoreError) as error:
            refused.error = from_aws(error, operation="GetMetricData", service="CloudWatch")
            got.requests += 1
            continue
        got.requests += 1
        got.asked += len(ids)
        for one in page.get("MetricDataResults", ()):
            if (metric := ids.get(one.get("Id", ""))) is not None:
                _take(got, metric, one)
        if page.get("Messages"):
            # Its text can hold names that are nobody's business; that there is one means that something is missing.
            notice = AwsError("CloudWatch says that its answer is not complete.", "Ask for a shorter window, or for fewer tables.")
        token = page.get("NextToken")
        if not token or token in seen or len(seen) >= MOST_PAGES:
            if token:
                notice = AwsError("CloudWatch repeated a page instead of the next one.", "Ask again in a minute.")
            break
        seen.add(token)
        request["NextToken"] = token
    if notice is not None:
        for metric in batch.metrics:
            if got.status.get(metric) == "complete":
                got.status[metric] = "partial"
            got.problems.setdefault(metric, notice)


def _request(ids: Mapping[str, Metric], batch: Batch) -> dict[str, Any]:
    queries = [
        {
            "Id": name,
            "MetricStat": {
                "Metric": {"Namespace": NAMESPACE, "MetricName": metric.name, "Dimensions": dimensions(metric)},
                "Period": metric.period,
                "Stat": metric.stat,
            },
            "ReturnData": True,
        }
        for name, metric in ids.items()
    ]
    return {"MetricDataQueries": queries, "StartTime": batch.since, "EndTime": batch.until, "ScanBy": "TimestampAscending"}


_STATUS: Mapping[str, Status] = {"Complete": "complete", "PartialData": "partial", "Forbidden": "denied", "InternalError": "failed"}


def _take(got: Got, metric: Metric, result: Mapping[str, Any]) -> None:
    """One metric of one page. The last page's status counts: PartialData before it only announces that page."""
    points = got.points.setdefault(metric, {})
    for at, value in zip(result.get("Timestamps", ()), result.get("Values", ()), strict=False):
        points[at.astimezone(UTC)] = float(value)
    status = _STATUS.get(str(result.get("StatusCode", "Complete")), "failed")
    if status == "complete" and result.get("Messages"):
        status = "partial"
    got.status[metric] = status
    got.problems.pop(metric, None)
    if status == "denied":
        got.problems[metric] = AccessDenied(
            "AWS did not permit GetMetricData on CloudWatch for some of the metrics.",
            "Give this identity cloudwatch:GetMetricData: the README has the policy.",
        )
    elif status == "partial":
        got.problems[metric] = AwsError(
            f"CloudWatch gave only a part of {metric.name}.", "Ask again in a minute, or for a shorter window.", table=metric.table
        )


def _give_up(got: Got, metrics: Sequence[Metric], error: AwsError) -> None:
    status: Status = "denied" if isinstance(error, AccessDenied) else "throttled" if isinstance(error, Throttled) else "failed"
    for metric in metrics:
        got.status[metric] = status
        got.problems[metric] = error


_ORDER: tuple[Status, ...] = ("complete", "partial", "throttled", "failed", "denied")


def worst(found: Sequence[Status]) -> Status:
    """The status of a series that came in pieces; complete without any piece, where the window holds no period."""
    return max(found, key=_ORDER.index) if found else "complete"
