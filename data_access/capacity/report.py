"""All that the capacity page shows of one system: by table and index, for the account, and the spikes of throttling."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from data_access.capacity.cloudwatch import CloudWatch
from data_access.capacity.limits import PARTITION_UNITS, TABLE_UNITS, Side, share
from data_access.capacity.metrics import (
    ACCOUNT_LIMITS,
    ACCOUNT_UTILISATION,
    CONSUMED,
    OPERATIONS,
    PROVISIONED,
    REASONS,
    THROTTLES,
    account_metrics,
    reason_metric,
    table_metrics,
    throughput_metrics,
)
from data_access.capacity.series import Answer, Metric, Series
from data_access.capacity.tables import LiveIndex, LiveTable, describe_tables
from data_access.capacity.utilisation import Utilisation, utilisation
from data_access.dynamo.aws import Source
from data_access.errors import DataAccessError


@dataclass(frozen=True, slots=True)
class Flow:
    """Reads or writes of a table alone, or of one index. `provisioned` is None on demand: there is nothing to divide by."""

    side: Side
    consumed: Series
    provisioned: Series | None
    throttles: Series
    reasons: Mapping[str, Series]

    @property
    def utilisation(self) -> Utilisation | None:
        """Consumed of provisioned; None on demand and where CloudWatch does not say what is provisioned."""
        return None if self.provisioned is None else utilisation(self.consumed, self.provisioned)

    @property
    def peak(self) -> float | None:
        """The highest consumption of a period, in units a second of that period's average. A burst inside it is not seen."""
        return max(self.consumed.rates(), default=None)

    @property
    def partition_share(self) -> float | None:
        """The peak as a share of what a single partition can do: above 1, one hot key would be throttled."""
        return share(self.peak, PARTITION_UNITS[self.side])

    @property
    def table_share(self) -> float | None:
        """The peak as a share of a table's default quota."""
        return share(self.peak, TABLE_UNITS[self.side])


@dataclass(frozen=True, slots=True)
class Latency:
    """One operation on a table, in milliseconds. A percentile cannot be put together from those of shorter periods."""

    average: Series
    p99: Series
    calls: Series

    @property
    def mean(self) -> float | None:
        """The average over the window, weighted by calls; None without a call, or if a part is not known."""
        calls = dict(zip(self.calls.times, self.calls.values, strict=True))
        known = [(value, calls[at]) for at, value in zip(self.average.times, self.average.values, strict=True) if calls.get(at)]
        weight = sum(count for _, count in known)
        return sum(value * count for value, count in known) / weight if weight else None

    @property
    def worst_p99(self) -> float | None:
        """The highest p99 of any period."""
        return self.p99.peak


@dataclass(frozen=True, slots=True)
class IndexCapacity:
    live: LiveIndex
    reads: Flow
    writes: Flow


@dataclass(frozen=True, slots=True)
class TableCapacity:
    """One table; `reads` and `writes` leave its indexes out. What is by operation has only operations with a data point."""

    live: LiveTable
    reads: Flow
    writes: Flow
    indexes: tuple[IndexCapacity, ...]
    latency: Mapping[str, Latency]
    throttled_requests: Mapping[str, Series]
    system_errors: Mapping[str, Series]
    returned_items: Mapping[str, Series]
    conditional_failures: Series
    transaction_conflicts: Series
    ttl_deletions: Series

    def flows(self) -> Iterator[tuple[str | None, Flow]]:
        """Reads and writes of the table and of each index, with the index's name."""
        for name, one in ((None, self), *((index.live.name, index) for index in self.indexes)):
            yield name, one.reads
            yield name, one.writes


@dataclass(frozen=True, slots=True)
class AccountCapacity:
    """The account in the system's Region, all tables of everybody: user errors have no table."""

    user_errors: Series
    limits: Mapping[str, Series]
    utilisation: Mapping[str, Series]


@dataclass(frozen=True, slots=True)
class Spike:
    """Throttled requests of one period, of the table itself or of one index. `seconds` is the length of the period."""

    minute: datetime
    seconds: int
    table: str
    index: str | None
    reads: int
    writes: int
    reasons: tuple[str, ...]

    @property
    def count(self) -> int:
        return self.reads + self.writes


@dataclass(frozen=True, slots=True)
class UnusedIndex:
    """An index without a read in the window.

    `evidence`: "written" (it has writes and no reads), "zero" (CloudWatch reported reads of zero), "table in use" (the index
    has no data point, its table has), "no traffic" (the whole table has no data point, so nothing follows for the index).
    `since` is the start of the window, or later where the table is younger; `coverage` the share of its periods in which
    CloudWatch reported anything of the table or its indexes.
    """

    table: str
    index: str
    evidence: Literal["written", "zero", "table in use", "no traffic"]
    since: datetime
    coverage: float
    writes: float | None


@dataclass(frozen=True, slots=True)
class CapacityReport:
    system: str
    since: datetime
    until: datetime
    tables: tuple[TableCapacity, ...]
    account: AccountCapacity
    spikes: tuple[Spike, ...]
    unused: tuple[UnusedIndex, ...]
    problems: tuple[DataAccessError, ...]
    answer: Answer

    @property
    def sample(self) -> bool:
        return self.answer.sample


def report(source: Source, cloudwatch: CloudWatch, since: datetime, until: datetime) -> CapacityReport:
    """What CloudWatch knows of a system's tables in `[since, until)`, finest where it matters: capacity and throttles by minute.

    A table that is gone, or that nobody may describe, is a problem and the others stand. Raises UsageError for a wrong window.
    """
    tables, problems = describe_tables(source)
    wanted = list(account_metrics())
    for table in tables:
        wanted += table_metrics(table.name)
        for index in (None, *(one.name for one in table.global_indexes)):
            wanted += throughput_metrics(table.name, index, provisioned=table.billing == "provisioned")
    answer = cloudwatch.read(wanted, since, until)
    found = tuple(_table(table, answer) for table in tables)
    return CapacityReport(
        system=source.id,
        since=since,
        until=until,
        tables=found,
        account=AccountCapacity(
            user_errors=_one(answer, "UserErrors", "Sum"),
            limits={name: _one(answer, name, "Maximum") for name in ACCOUNT_LIMITS},
            utilisation={name: _one(answer, name, "Maximum") for name in ACCOUNT_UTILISATION},
        ),
        spikes=tuple(
            sorted((spike for table in found for spike in _spikes(table)), key=lambda one: (one.minute, one.table, one.index or ""))
        ),
        unused=tuple(index for table in found for index in _unused(table, since, sample=answer.sample)),
        problems=(*problems, *answer.problems),
        answer=answer,
    )


def _one(answer: Answer, name: str, stat: str, table: str | None = None) -> Series:
    return answer.series[Metric(name, stat, 300, table)]


def _table(table: LiveTable, answer: Answer) -> TableCapacity:
    def by_operation(name: str, stat: str) -> dict[str, Series]:
        every = {op: answer.series.get(Metric(name, stat, 300, table.name, None, op)) for op in OPERATIONS}
        return {op: series for op, series in every.items() if series is not None and series.times}

    average, p99, calls = (by_operation("SuccessfulRequestLatency", stat) for stat in ("Average", "p99", "SampleCount"))
    return TableCapacity(
        live=table,
        reads=_flow(answer, "read", table, None),
        writes=_flow(answer, "write", table, None),
        indexes=tuple(
            IndexCapacity(index, _flow(answer, "read", table, index.name), _flow(answer, "write", table, index.name))
            for index in table.global_indexes
        ),
        latency={op: Latency(average[op], p99[op], calls[op]) for op in calls if op in average and op in p99},
        throttled_requests=by_operation("ThrottledRequests", "Sum"),
        system_errors=by_operation("SystemErrors", "Sum"),
        returned_items=by_operation("ReturnedItemCount", "Sum"),
        conditional_failures=_one(answer, "ConditionalCheckFailedRequests", "Sum", table.name),
        transaction_conflicts=_one(answer, "TransactionConflict", "Sum", table.name),
        ttl_deletions=_one(answer, "TimeToLiveDeletedItemCount", "Sum", table.name),
    )


def _flow(answer: Answer, side: Side, table: LiveTable, index: str | None) -> Flow:
    n, word = (0, "Read") if side == "read" else (1, "Write")

    def series(name: str, stat: str, period: int) -> Series:
        return answer.series[Metric(name, stat, period, table.name, index)]

    return Flow(
        side=side,
        consumed=series(CONSUMED[n], "Sum", 60),
        provisioned=series(PROVISIONED[n], "Average", 300) if table.billing == "provisioned" else None,
        throttles=series(THROTTLES[n], "Sum", 60),
        reasons={reason: series(reason_metric(word, reason), "Sum", 60) for reason in REASONS},
    )


def _spikes(table: TableCapacity) -> Iterator[Spike]:
    """Every period in which a request to the table or an index was throttled."""
    for index, reads, writes in ((None, table.reads, table.writes), *((one.live.name, one.reads, one.writes) for one in table.indexes)):
        counts = {"read": _counts(reads.throttles), "write": _counts(writes.throttles)}
        for at in sorted(counts["read"].keys() | counts["write"].keys()):
            reasons = {reason for flow in (reads, writes) for reason, series in flow.reasons.items() if _counts(series).get(at)}
            yield Spike(
                minute=at,
                seconds=reads.throttles.metric.period,
                table=table.live.name,
                index=index,
                reads=round(counts["read"].get(at, 0)),
                writes=round(counts["write"].get(at, 0)),
                reasons=tuple(sorted(reasons)),
            )


def _counts(series: Series) -> dict[datetime, float]:
    return {at: value for at, value in zip(series.times, series.values, strict=True) if value > 0}


def _unused(table: TableCapacity, since: datetime, *, sample: bool) -> Iterator[UnusedIndex]:
    """Only indexes whose reads are known in full: a refused or half answer proves nothing."""
    every = [flow.consumed for _, flow in table.flows()]
    times = {at for series in every for at in series.times}
    expected = table.reads.consumed.expected
    for index in table.indexes:
        reads, writes = index.reads.consumed, index.writes.consumed
        if reads.status != "complete" or reads.total:
            continue
        # The sample is older than the local table that it lies in.
        created = None if sample else table.live.created_at
        yield UnusedIndex(
            table=table.live.name,
            index=index.live.name,
            evidence="zero" if reads.times else "written" if writes.total else "table in use" if times else "no traffic",
            since=max(since, created) if created else since,
            coverage=min(1.0, len(times) / expected) if expected else 0.0,
            writes=writes.total,
        )
