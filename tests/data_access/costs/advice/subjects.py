"""Tables, minutes and prices by hand, for advice: round prices, so that a saving can be worked out in the head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from data_access.capacity.metrics import REASONS
from data_access.capacity.report import AccountCapacity, CapacityReport, Flow, IndexCapacity, TableCapacity
from data_access.capacity.series import Answer, Metric, Series, Status
from data_access.capacity.tables import LiveIndex, LiveTable
from data_access.costs.advice import Advice, Skipped, advise
from data_access.costs.advice.snapshot import Held
from data_access.costs.observed import Growth, Line, Observed, ResourceCosts
from data_access.costs.prices import Prices, Rates, Reserved
from data_access.settings import Place
from data_access.systems.check import Setting, TableHealth
from data_access.systems.spec import built_in

UNTIL = datetime(2026, 11, 20, 12, tzinfo=UTC)
SINCE = UNTIL - timedelta(days=14)
MINUTES = 14 * 1_440
SYSTEM, TABLE, INDEX = "ai_agent", "ai-agent-sessions", "TenantUserIndex"
# An hour of a unit costs what 1,800 requests do: provisioned pays from half of it used.
PRICES = Prices(
    "us-east-1",
    Rates(1e-3, 1e-4, 2e-3, 1.8, 0.18, 3.6, 1.0),
    Rates(1.25e-3, 1.25e-4, 2.5e-3, 2.25, 0.225, 4.5, 0.4),
    recovery_gb_month=0.5,
    reserved={("read", 1): Reserved(0.0, 9.0, 1), ("write", 1): Reserved(0.0, 90.0, 1)},
    source="by hand",
    dated="2026-11-20",
)
UNPRICED = Prices("us-east-1", Rates(), Rates(), source="by hand", dated="never")


def scaled(prices: Prices, factor: float) -> Prices:
    def rates(one: Rates) -> Rates:
        return Rates(*(None if value is None else factor * value for value in (getattr(one, name) for name in one.__slots__)))

    recovery = None if prices.recovery_gb_month is None else factor * prices.recovery_gb_month
    return replace(prices, standard=rates(prices.standard), infrequent=rates(prices.infrequent), recovery_gb_month=recovery)


def series(
    name: str, values: Sequence[float] = (), *, table: str = TABLE, index: str | None = None, period: int = 60, status: Status = "complete"
) -> Series:
    """Values by period from the start of the window; 0 is no data point, as in CloudWatch."""
    metric = Metric(name, "Average" if name.startswith("Provisioned") else "Sum", period, table, index)
    points = [(SINCE + timedelta(seconds=period * n), float(value)) for n, value in enumerate(values) if value]
    return Series(metric, SINCE, UNTIL, tuple(at for at, _ in points), tuple(value for _, value in points), status)


def flow(
    side: str,
    rates: Sequence[float] = (),
    *,
    table: str = TABLE,
    index: str | None = None,
    provisioned: float | None = None,
    throttled: float = 0,
    hot: float = 0,
    period: int = 60,
    status: Status = "complete",
) -> Flow:
    """`rates` are units a second of each period; the series has their sums, as CloudWatch's do."""
    word = side.capitalize()

    def made(name: str, values: Sequence[float] = (), length: int = 60) -> Series:
        return series(name, values, table=table, index=index, period=length, status=status if name.startswith("Consumed") else "complete")

    return Flow(
        side=side,  # type: ignore[arg-type]
        consumed=made(f"Consumed{word}CapacityUnits", [rate * period for rate in rates], period),
        provisioned=None if provisioned is None else made(f"Provisioned{word}CapacityUnits", [provisioned] * (MINUTES // 5), 300),
        throttles=made(f"{word}ThrottleEvents", [throttled]),
        reasons={reason: made(f"{word}{reason}ThrottleEvents", [hot] if reason == "KeyRangeThroughput" else ()) for reason in REASONS},
    )


def line(what: Any, month_usd: float | None, source: str = "CloudWatch", note: str = "") -> Line:
    return Line(what, None if month_usd is None else 1.0, "units", month_usd, source, note=note, month_usd=month_usd)


def resource(
    index: str | None = None,
    *,
    storage: float | None = 0.01,
    reads: float | None = 0.0,
    writes: float | None = 0.0,
    table: str = TABLE,
    system: str = SYSTEM,
    billing: Any = "on-demand",
    table_class: Any = "STANDARD",
    items: int | None = 1_000,
    size: int | None = 1_000_000,
    recovery: bool | None = True,
    **more: Any,
) -> ResourceCosts:
    lines = (line("storage", storage, "DescribeTable"), line("reads", reads), line("writes", writes))
    known: dict[str, Any] = {"region": "us-east-1", "projection": "" if index is None else "ALL", "recovery": None if index else recovery}
    return ResourceCosts(system, table, index, table_class, billing, items, size, lines, **known | more)


def counted(
    reads: Flow,
    writes: Flow,
    indexes: Mapping[str, tuple[Flow, Flow]] | None = None,
    *,
    table: str = TABLE,
    system: str = SYSTEM,
    billing: Any = "on-demand",
    created_at: datetime | None = None,
    ttl: float = 0,
) -> TableCapacity:
    def live(name: str, flows: tuple[Flow, Flow]) -> LiveIndex:
        units = [None if one.provisioned is None else round(one.provisioned.peak or 0) for one in flows]
        return LiveIndex(name, False, ("tenantId", "userId"), "ALL", units[0], units[1], 1_000, 1_000_000, in_layout=True)

    several = indexes or {}
    own = [None if one.provisioned is None else round(one.provisioned.peak or 0) for one in (reads, writes)]
    described = LiveTable(
        system,
        "sessions",
        table,
        "us-east-1",
        billing,
        "STANDARD",
        own[0],
        own[1],
        1_000,
        1_000_000,
        created_at,
        tuple(live(name, flows) for name, flows in several.items()),
        (),
        "ACTIVE",
    )
    return TableCapacity(
        described,
        reads,
        writes,
        tuple(IndexCapacity(one, *several[one.name]) for one in described.indexes),
        {},
        {},
        {},
        {},
        series("ConditionalCheckFailedRequests"),
        series("TransactionConflict"),
        series("TimeToLiveDeletedItemCount", [ttl]),
    )


def reported(*tables: TableCapacity, system: str = SYSTEM, sample: bool = False) -> CapacityReport:
    answer = Answer({}, 0, 0, 0.0, (), UNTIL, sample)
    return CapacityReport(system, SINCE, UNTIL, tables, AccountCapacity(series("UserErrors"), {}, {}), (), (), (), answer)


def seen(*resources: ResourceCosts, prices: Prices | None = PRICES, problems: Any = ()) -> Observed:
    known = {} if prices is None else {prices.region: prices}
    return Observed(SINCE, UNTIL, resources, None, None, None, None, known, tuple(problems), 0.0, sample=False)


def place(system: str = SYSTEM) -> Mapping[str, Place]:
    spec = built_in()[system]
    return {system: Place(spec, {key: table.name for key, table in spec.tables.items()}, "us-east-1")}


def healthy(expiry: str = "on", table: str = TABLE) -> TableHealth:
    return TableHealth("sessions", table, found=True, expiry=Setting(expiry))  # type: ignore[arg-type]


def judge(
    observed: Observed,
    *tables: TableCapacity,
    system: str = SYSTEM,
    health: Sequence[TableHealth] = (),
    growth: Growth | None = None,
    held: Mapping[tuple[str, str], Held] | None = None,
    sample: bool = False,
) -> tuple[tuple[Advice, ...], tuple[Skipped, ...]]:
    return advise(
        observed,
        {system: reported(*tables, system=system, sample=sample)},
        place(system),
        health={system: health},
        growth=growth,
        held=held,
    )


def of(rule: str, found: tuple[tuple[Advice, ...], tuple[Skipped, ...]], index: str | None = None, table: str = TABLE) -> Advice | Skipped:
    """What one rule said of a table or index: it says exactly one thing."""
    (one,) = [one for one in (*found[0], *found[1]) if (one.rule, one.table, one.index) == (rule, table, index)]
    return one
