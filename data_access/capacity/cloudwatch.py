"""Questions to CloudWatch: GetMetricData in batches, all its pages, kept in memory, with what each question cost.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from data_access.capacity.calls import Refusal, batches, call, worst
from data_access.capacity.metrics import CATALOGUE, kept_period
from data_access.capacity.series import Answer, Metric, Series, ceil_time
from data_access.errors import DataAccessError, UsageError

if TYPE_CHECKING:
    from data_access.settings import Place, Settings

# $0.01 for 1,000 metrics requested, not in the free tier: https://aws.amazon.com/cloudwatch/pricing/
USD_A_METRIC = 0.01 / 1_000
KEPT_SECONDS = 300.0
# A refusal may be put right, and a half answer be completed, before five minutes are over.
TROUBLE_KEPT_SECONDS = 60.0
MOST_KEPT_POINTS = 5_000_000
CONCURRENT_CALLS = 4

_Key = tuple[Metric, datetime, datetime]


@dataclass(frozen=True, slots=True)
class _Kept:
    series: Series
    problem: DataAccessError | None
    read_at: datetime
    expires: float


@dataclass(slots=True)
class Spending:
    """What questions to CloudWatch cost this process since it started."""

    asked: int = 0
    requests: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def usd(self) -> float:
        return self.asked * USD_A_METRIC

    def add(self, asked: int, requests: int) -> None:
        with self._lock:
            self.asked += asked
            self.requests += requests


SPENT = Spending()


class CloudWatch:
    """CloudWatch of one account and Region. May be used from any thread.

    An answer is kept for `kept_seconds`. The same metrics for the same window cost nothing in that time, so ask for windows
    that end at a full minute or five, not at this very moment. Every metric of every call and page is counted as a metric
    requested: AWS never charges more than that. Sample data costs nothing.
    """

    def __init__(
        self,
        client: Any,
        *,
        sample: bool = False,
        kept_seconds: float = KEPT_SECONDS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sample = sample
        self._client = client
        self._kept_seconds = kept_seconds
        self._now = now
        self._clock = clock
        self._kept: dict[_Key, _Kept] = {}
        self._lock = threading.Lock()

    def read(self, metrics: Sequence[Metric], since: datetime, until: datetime) -> Answer:
        """A series for each metric, of the periods that begin in `[since, until)`.

        A period that CloudWatch no longer keeps at `since` becomes the next one that it does: look at the `metric` of the
        series for the period that its values stand for. What AWS refuses is a status and a problem, and the rest stands.
        Raises UsageError for a window that is empty or whose times are not aware.
        """
        if since.tzinfo is None or until.tzinfo is None:
            raise UsageError("A window of time needs times with a time zone.")
        if since >= until:
            raise UsageError("The window of time ends before it begins.")
        since, until = since.astimezone(UTC), until.astimezone(UTC)
        now = self._now()
        real = {metric: _kept(metric, since, now) for metric in metrics}
        wanted = {metric: _key(metric, since, until) for metric in dict.fromkeys(real.values())}
        known = self._remembered(wanted.values())
        fresh, asked, requests = self._ask([metric for metric, key in wanted.items() if key not in known], wanted, now)
        known |= fresh
        self._remember(fresh)
        if not self.sample:
            SPENT.add(asked, requests)
        found = [known[key] for key in wanted.values()]
        return Answer(
            # A window is kept by its periods; the answer says the window that was asked for.
            series={one: replace(known[wanted[metric]].series, since=since, until=until) for one, metric in real.items()},
            asked=asked,
            requests=requests,
            usd=0.0 if self.sample else asked * USD_A_METRIC,
            problems=_distinct(one.problem for one in found),
            as_of=min((one.read_at for one in found), default=now),
            sample=self.sample,
        )

    def forget(self) -> None:
        """Ask anew next time, whatever is known."""
        with self._lock:
            self._kept.clear()

    def _remembered(self, keys: Iterable[_Key]) -> dict[_Key, _Kept]:
        with self._lock:
            now = self._clock()
            return {key: self._kept[key] for key in keys if key in self._kept and self._kept[key].expires > now}

    def _remember(self, fresh: Mapping[_Key, _Kept]) -> None:
        with self._lock:
            now = self._clock()
            kept = {key: one for key, one in self._kept.items() if one.expires > now}
            kept |= {key: one for key, one in fresh.items() if one.expires > now}
            points = sum(len(one.series.times) + 1 for one in kept.values())
            for key in list(kept):
                if points <= MOST_KEPT_POINTS:
                    break
                points -= len(kept.pop(key).series.times) + 1
            self._kept = kept

    def _ask(self, metrics: Sequence[Metric], wanted: Mapping[Metric, _Key], now: datetime) -> tuple[dict[_Key, _Kept], int, int]:
        windows = [(metric, *wanted[metric][1:]) for metric in metrics]
        refused = Refusal()
        with ThreadPoolExecutor(CONCURRENT_CALLS) as pool:
            brought = list(pool.map(partial(call, self._client, refused), batches(windows)))
        clock = self._clock()
        found: dict[_Key, _Kept] = {}
        for metric in metrics:
            key = wanted[metric]
            parts = [one for one in brought if metric in one.status]
            points = {at: value for one in parts for at, value in one.points.get(metric, {}).items() if key[1] <= at < key[2]}
            status = worst([one.status[metric] for one in parts])
            problem = next((one.problems[metric] for one in parts if metric in one.problems), None)
            times = sorted(points)
            series = Series(metric, key[1], key[2], tuple(times), tuple(points[at] for at in times), status)
            seconds = {"complete": self._kept_seconds, "partial": TROUBLE_KEPT_SECONDS, "denied": TROUBLE_KEPT_SECONDS}.get(status, 0.0)
            found[key] = _Kept(series, problem, now, clock + min(seconds, self._kept_seconds))
        return found, sum(one.asked for one in brought), sum(one.requests for one in brought)


def open_cloudwatch(settings: Settings, place: Place) -> CloudWatch:
    """CloudWatch for a system: AWS's own, or in local mode the one that plays the sample. Raises AwsError.

    The same one for the same place, so that what is known is known to every page.
    """
    local = settings.mode == "local"
    key = (
        str(settings.state.resolve()) if local else "",
        place.region,
        place.profile,
        place.role_arn,
        tuple(place.tables.values()) * local,
    )
    with _opening:
        if key not in _opened:
            _opened[key] = _open(settings, place)
        return _opened[key]


_opening = threading.Lock()
_opened: dict[tuple[Any, ...], CloudWatch] = {}


def _open(settings: Settings, place: Place) -> CloudWatch:
    if settings.mode == "local":
        from data_access.local.telemetry import sample_client

        return CloudWatch(sample_client("cloudwatch", settings, place), sample=True)
    from data_access.dynamo.aws import open_client

    return CloudWatch(open_client("cloudwatch", place, settings))


def _kept(metric: Metric, since: datetime, now: datetime) -> Metric:
    known = CATALOGUE.get(metric.name)
    return replace(metric, period=kept_period(since, now, max(metric.period, known.period if known else 60)))


def _key(metric: Metric, since: datetime, until: datetime) -> _Key:
    return metric, ceil_time(since, metric.period), ceil_time(until, metric.period)


def _distinct(problems: Iterator[DataAccessError | None]) -> tuple[DataAccessError, ...]:
    return tuple({str(one): one for one in problems if one is not None}.values())
