"""Time to live, recovery, large items, hot partitions; what vanished; how advice is ordered and added up."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from data_access.costs.advice import Advice, Skipped, advise, advise_from, window
from data_access.costs.advice.model import ordered, possible_usd, weigh
from data_access.costs.advice.snapshot import NEAR_BYTES, Busy, Held, Large, hold
from data_access.costs.observed import Growth, TableGrowth, grow
from data_access.errors import TableMissing
from data_access.windows import EPOCH
from tests.data_access.asked import conversation, hot, message
from tests.data_access.costs.advice.subjects import (
    INDEX,
    PRICES,
    SINCE,
    SYSTEM,
    TABLE,
    UNTIL,
    counted,
    flow,
    healthy,
    judge,
    of,
    place,
    reported,
    resource,
    seen,
)

BUSY = (flow("read", [1.0] * 50), flow("write", [1.0] * 50))
REMO = "remo-user-data"


def growth(days: Sequence[int], *, table: str = TABLE, system: str = SYSTEM, month_usd: float | None = 100.0, expiring: int = 0) -> Growth:
    """A thousand bytes on each of these days ago."""
    ages = tuple((day, 1, 1_000) for day in sorted(days))
    size = 1_000 * len(days)
    one = TableGrowth(system, table, len(days), size, 0, ((date(2026, 1, 1), len(days), size),), expiring, 500.0, month_usd, ages)
    return Growth(UNTIL, UNTIL, (one,))


def fine(said: Advice | Skipped) -> bool:
    assert isinstance(said, Skipped)
    return said.fine


# ---- time to live


def test_what_ninety_days_would_save_where_there_is_no_time_to_live() -> None:
    advice = of("time to live", judge(seen(resource()), counted(*BUSY), health=[healthy("off")], growth=growth([1, 50, 100, 400])))
    assert isinstance(advice, Advice)
    assert advice.saving_usd == pytest.approx(50)
    assert "after 30 days $75.00, after 365 days $25.00" in advice.why
    assert advice.word == "low"
    assert "--time-to-live-specification" in (advice.command or "")


def test_a_layout_that_has_an_expiry_only_needs_it_turned_on() -> None:
    own = resource(table=REMO, system="remo")
    capacity = counted(*BUSY, table=REMO, system="remo", ttl=12)
    grown = growth([1, 2, 3, 4], table=REMO, system="remo", expiring=1_000)
    said = of("time to live", judge(seen(own), capacity, system="remo", health=[healthy("off", REMO)], growth=grown), table=REMO)
    assert isinstance(said, Advice)
    assert said.saving_usd == pytest.approx(25)
    assert shlex.split(said.command or "")[-1] == '{"Enabled":true,"AttributeName":"ttl"}'
    # CloudWatch says that something was deleted by it: so it was on.
    assert "12 deletions" in said.weighed


@pytest.mark.parametrize(
    "health, grown, right",
    [
        ("on", [100], True),
        ("not known", [100], False),
        ("off", None, False),
        ("off", [1, 2], True),
        ("off", [*range(80), 100], True),  # hardly any of it is old
    ],
)
def test_no_time_to_live_is_advised_without_need_or_data(health: str, grown: list[int] | None, right: bool) -> None:
    found = judge(seen(resource()), counted(*BUSY), health=[healthy(health)], growth=None if grown is None else growth(grown))
    assert fine(of("time to live", found)) is right


def test_without_dollars_there_is_no_advice_on_a_time_to_live() -> None:
    found = judge(seen(resource()), counted(*BUSY), health=[healthy("off")], growth=growth([100], month_usd=None))
    assert not fine(of("time to live", found))


# ---- recovery


def test_recovery_that_is_off_is_a_risk_with_its_price() -> None:
    advice = of("recovery", judge(seen(resource(recovery=False, size=2 * 1024**3)), counted(*BUSY)))
    assert isinstance(advice, Advice)
    assert (advice.saving_usd, advice.risk_usd) == (None, None)
    assert advice.costs_usd == pytest.approx(1.0)
    assert advice.risk
    assert shlex.split(advice.command or "")[-1] == "PointInTimeRecoveryEnabled=true"


@pytest.mark.parametrize(
    "own, prices, right",
    [
        (resource(recovery=True), PRICES, True),
        (resource(recovery=None), PRICES, False),
        (resource(recovery=False, size=None), PRICES, False),
        (resource(recovery=False), replace(PRICES, recovery_gb_month=None), False),
    ],
)
def test_no_recovery_is_advised_without_need_or_data(own: Any, prices: Any, right: bool) -> None:
    assert fine(of("recovery", judge(seen(own, prices=prices), counted(*BUSY)))) is right


# ---- items near the limit, hot partitions


def test_items_near_the_limit() -> None:
    held = {(SYSTEM, TABLE): Held(UNTIL, Large(10, 2, 400_000), {})}
    advice = of("large items", judge(seen(resource()), counted(*BUSY), held=held))
    assert isinstance(advice, Advice)
    assert (advice.saving_usd, advice.command) == (None, None)
    assert "2 items" in advice.title
    small = {(SYSTEM, TABLE): Held(UNTIL, Large(10, 0, NEAR_BYTES - 1), {})}
    assert fine(of("large items", judge(seen(resource()), counted(*BUSY), held=small)))
    assert not fine(of("large items", judge(seen(resource()), counted(*BUSY))))


def test_a_key_range_that_was_refused_is_a_hot_partition() -> None:
    flows = {INDEX: (flow("read", [1.0], index=INDEX), flow("write", [1.0], index=INDEX, hot=7))}
    advice = of("hot partition", judge(seen(resource(), resource(INDEX)), counted(*BUSY, flows)), INDEX)
    assert isinstance(advice, Advice)
    assert advice.why.startswith("7 requests were refused")
    assert "the tenant" in advice.why
    assert advice.risk


def test_one_busy_tenant_comes_near_what_a_partition_can_do() -> None:
    flows = {INDEX: (flow("read", [1.0], index=INDEX), flow("write", [900.0] * 50, index=INDEX))}
    held = {(SYSTEM, TABLE): Held(UNTIL, None, {"tenant": Busy(500.0, 0.8, 12)})}
    found = judge(seen(resource(), resource(INDEX)), counted(*BUSY, flows), held=held)
    advice = of("hot partition", found, INDEX)
    assert isinstance(advice, Advice)
    assert "80%" in advice.why
    assert "2.0 times" in advice.risk
    # As much traffic of many tenants is none, and without a snapshot it is not known.
    spread = {(SYSTEM, TABLE): Held(UNTIL, None, {"tenant": Busy(5.0, 0.01, 900)})}
    assert fine(of("hot partition", judge(seen(resource(), resource(INDEX)), counted(*BUSY, flows), held=spread), INDEX))
    assert not fine(of("hot partition", judge(seen(resource(), resource(INDEX)), counted(*BUSY, flows)), INDEX))


def test_little_traffic_is_no_hot_partition_whosever_it_is() -> None:
    assert fine(of("hot partition", judge(seen(resource()), counted(*BUSY))))


# ---- what the snapshot holds


def test_what_the_snapshot_holds_is_counted_by_minute_and_owner() -> None:
    begin = SINCE + timedelta(days=1)
    first: dict[str, Any] = {"system": SYSTEM, "tenant_id": "t1", "bytes": 3_000, "item_table": "ai-agent-messages"}
    other: dict[str, Any] = first | {"tenant_id": "t2", "conversation_id": "other", "bytes": 100}
    said = [
        *(message(n, "user", begin + timedelta(seconds=n), **first) for n in range(1, 21)),
        *(message(n, "user", begin + timedelta(minutes=n), **other) for n in range(1, 11)),
        message(99, "user", begin - timedelta(days=9), **other | {"bytes": 390_000}),
    ]
    rows = {
        "messages": said,
        "conversations": [
            conversation(said[:20], bytes=60_200, item_table=TABLE, has_session=True),
            conversation(said[20:], bytes=391_200, item_table=TABLE, has_session=True),
        ],
    }
    copy = hot(rows)
    held = hold(copy, SINCE, UNTIL)
    messages = held[SYSTEM, "ai-agent-messages"]
    assert messages.large == Large(31, 1, 390_000)
    # Twenty messages of three units in one minute; the others wrote ten.
    assert messages.busy["tenant"] == Busy(60 / 60, 60 / 70, 2)
    assert messages.busy["conversation"] == Busy(60 / 60, 60 / 70, 2)
    sessions = held[SYSTEM, TABLE]
    assert sessions.large == Large(2, 0, 200)
    assert sessions.busy["tenant"] == Busy(20 / 60, 20 / 30, 2)
    observed = seen(resource(), resource(table="ai-agent-messages"))
    advice, _ = advise_from(observed, {SYSTEM: reported(counted(*BUSY))}, place(), {SYSTEM: [healthy()]}, copy)
    large = next(one for one in advice if one.rule == "large items")
    assert large.table == "ai-agent-messages"
    assert grow(copy, observed, now=UNTIL).tables
    for one in advice:
        assert "t1" not in f"{one}"


# ---- all together


def test_a_table_that_vanished_is_not_judged_and_the_others_are() -> None:
    problem = TableMissing("The table ai-agent-messages does not exist.", "Create it.", table="ai-agent-messages")
    advice, skipped = judge(seen(resource(recovery=False), problems=[problem]), counted(*BUSY))
    assert {one.table for one in advice} == {TABLE}
    (gone,) = [one for one in skipped if one.table == "ai-agent-messages"]
    assert "does not exist" in gone.reason
    assert not gone.fine


def test_without_a_report_only_what_needs_none_is_judged() -> None:
    advice, skipped = advise(seen(resource()), {}, place())
    assert not advice
    assert any("CloudWatch" in one.reason for one in skipped)


def test_advice_is_by_dollars_and_the_rest_by_how_sure_it_is() -> None:
    def made(table: str, index: str | None, saving: float | None, confidence: float = 0.5) -> Advice:
        return Advice("unused index", "s", table, index, "", "", "", None, saving, None, (), confidence)

    found = [made("a", None, None, 0.2), made("a", "i", 1.0), made("b", None, 5.0), made("a", "j", 2.0), made("c", None, None, 0.9)]
    assert [(one.table, one.index) for one in ordered(found)] == [("b", None), ("a", "j"), ("a", "i"), ("c", None), ("a", None)]
    assert possible_usd(found) == 8.0
    # Advice for the whole table takes its indexes in: the larger of the two counts.
    assert possible_usd([*found, made("a", None, 2.5), made("a", None, 2.0)]) == 8.0
    assert possible_usd([*found, made("a", None, 4.0)]) == 9.0
    assert possible_usd([made("a", None, None)]) is None


def test_confidence_is_shown_as_it_is_made() -> None:
    assert weigh((0.5, "half"), (0.5, "another")) == (0.25, "0.5 (half) × 0.5 (another) = 0.25")


def test_the_window_is_two_weeks() -> None:
    since, until = window(EPOCH + timedelta(days=20, minutes=7))
    assert (until - since, until - EPOCH) == (timedelta(days=14), timedelta(days=20))
