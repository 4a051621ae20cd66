"""What tables and indexes cost: each line worked out by hand, and what stays unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from data_access.costs.observed import Observed, ResourceCosts, observe
from data_access.costs.prices import Prices, Rates
from data_access.errors import AccessDenied, UsageError
from data_access.snapshot.sizes import Stored
from data_access.systems.create import create_tables
from tests.data_access.conftest import Answer, Scripted
from tests.data_access.costs.observed.played import (
    BEGIN,
    GB,
    INDEX,
    NOW,
    PRICES,
    TABLE,
    Book,
    Played,
    backup,
    capacity,
    consumed,
    described,
    hourly,
    indexed,
    priced,
    replies,
    sources,
)

Look = Callable[..., Observed]


@pytest.fixture
def look(scripted: Callable[[Answer], Scripted]) -> Look:
    """Observes CG's table as it is described: `look(described(), Played(...))`."""

    def begin(
        table: Mapping[str, Any] | str,
        cloudwatch: Played | None = None,
        *,
        book: Book | None = None,
        recovery: str = "DISABLED",
        backups: Any = (),
        now: datetime = NOW,
        **how: Any,
    ) -> Observed:
        endpoint = scripted(replies({TABLE: table}, recovery=recovery, backups=backups)).endpoint
        opened = sources(endpoint)
        try:
            watched = {} if cloudwatch is None else {"cg": cloudwatch}
            return observe(opened, watched, book or Book(), now=now, **how)
        finally:
            for source in opened.values():
                source.client.close()

    return begin


def usd(resource: ResourceCosts) -> dict[str, float | None]:
    return {line.what: line.usd if line.usd is None else round(line.usd, 9) for line in resource.lines}


def month(resource: ResourceCosts) -> dict[str, float | None]:
    return {line.what: line.month_usd if line.month_usd is None else round(line.month_usd, 9) for line in resource.lines}


def test_an_on_demand_table_and_its_index(look: Look) -> None:
    cloudwatch = Played(consumed(reads=hourly(10), writes=hourly(2)) | consumed(INDEX, reads=hourly(1, hours=36), writes=hourly(3)))
    found = look(described(indexes=[indexed()]), cloudwatch)
    table, index = found.resources
    assert (table.table, table.index, index.index, index.projection) == (TABLE, None, INDEX, "ALL")
    # Half a month of 1 GB; 3,600 reads at $0.0001; 720 writes at $0.001.
    assert usd(table) == {"storage": 0.5, "reads": 0.36, "writes": 0.72}
    assert usd(index) == {"storage": 0.5, "reads": 0.0036, "writes": 1.08}
    assert month(table) == {"storage": 1.0, "reads": 0.72, "writes": 1.44}
    reads = index.line("reads")
    assert reads is not None
    assert (reads.quantity, reads.unit, reads.coverage, reads.source) == (36.0, "units", 0.1, "CloudWatch")
    assert found.total_usd == found.month_to_date_usd == pytest.approx(0.5 + 0.36 + 0.72 + 0.5 + 0.0036 + 1.08)
    assert found.projected_usd == pytest.approx(2 * (found.total_usd or 0))
    assert found.complete
    assert (found.since, found.until, found.own_usd, found.sample) == (BEGIN, NOW, pytest.approx(4e-5), False)
    assert found.prices == {"us-east-1": PRICES}
    (total,) = found.totals()
    assert (total.system, total.usd, total.by["storage"], total.complete) == ("cg", found.total_usd, 1.0, True)


def test_every_index_is_asked_for_by_its_own_name(look: Look) -> None:
    names = [f"index-{n}" for n in range(20)]
    cloudwatch = Played(
        consumed(writes=hourly(1)) | {key: said for name in names for key, said in consumed(name, writes=hourly(1)).items()}
    )
    found = look(described(indexes=[indexed(name) for name in names]), cloudwatch)
    assert [resource.index for resource in found.resources] == [None, *names]
    assert {(metric.index, metric.name) for metric in cloudwatch.asked} == {
        (name, f"Consumed{side}CapacityUnits") for name in (None, *names) for side in ("Read", "Write")
    }
    assert {metric.stat for metric in cloudwatch.asked} == {"Sum"}
    assert found.total_usd == pytest.approx(21 * (0.5 + 0.36))


def test_no_data_point_is_zero_only_where_the_table_has_some(look: Look) -> None:
    found = look(described(indexes=[indexed()]), Played(consumed(writes=hourly(1))))
    table, index = found.resources
    assert (table.reads, index.reads, index.writes) == (0.0, 0.0, 0.0)
    line = table.line("reads")
    assert line is not None
    assert (line.usd, line.coverage, line.note) == (0.0, 0.0, "No traffic recorded.")
    silent = look(described(indexes=[indexed()]), Played({}))
    for resource in silent.resources:
        assert (resource.reads, resource.writes, resource.complete) == (None, None, False)
        line = resource.line("writes")
        assert line is not None
        assert (line.usd, line.quantity, line.coverage) == (None, None, None)
        assert "nothing of this table" in line.note
    # What is known is added up, and said to be not all.
    assert silent.total_usd == 1.0
    assert not silent.complete


@pytest.mark.parametrize("status, words", [("denied", "may not be asked"), ("throttled", "too often"), ("failed", "did not answer")])
def test_what_cloudwatch_does_not_tell_is_unknown(look: Look, status: Any, words: str) -> None:
    problem = AccessDenied("AWS did not permit GetMetricData on CloudWatch.")
    found = look(described(), Played({}, status, problem))
    (table,) = found.resources
    assert usd(table) == {"storage": 0.5, "reads": None, "writes": None}
    line = table.line("reads")
    assert line is not None
    assert words in line.note
    assert found.problems == (problem,)
    assert found.total_usd == 0.5


def test_a_half_answer_counts_and_says_so(look: Look) -> None:
    found = look(described(), Played(consumed(reads=hourly(1, hours=36)), "partial"))
    (table,) = found.resources
    reads, writes = table.line("reads"), table.line("writes")
    assert reads is not None
    assert writes is not None
    assert (reads.quantity, reads.coverage) == (36.0, 0.1)
    assert "in full" in reads.note
    assert writes.usd is None


def test_without_cloudwatch_storage_stands(look: Look) -> None:
    found = look(described())
    assert usd(found.resources[0]) == {"storage": 0.5, "reads": None, "writes": None}
    assert found.own_usd == 0


# Provisioned capacity


def provisioned(read: int = 5, write: int = 2, **other: Any) -> dict[str, Any]:
    set_ = {"ReadCapacityUnits": read, "WriteCapacityUnits": write}
    return described(BillingModeSummary={"BillingMode": "PROVISIONED"}, ProvisionedThroughput=set_, **other)


def test_provisioned_capacity_is_paid_by_the_hour_used_or_not(look: Look) -> None:
    own = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    found = look(
        provisioned(indexes=[indexed(ProvisionedThroughput=own)]),
        Played(
            consumed(reads=hourly(7))
            | capacity(reads=hourly(5), writes=hourly(2))
            | capacity(INDEX, reads=hourly(1), writes=hourly(1, hours=180))
        ),
    )
    table, index = found.resources
    # 360 hours at $0.001 for a read unit and $0.01 for a write unit.
    assert usd(table) == {"storage": 0.5, "reads": 0.0, "read capacity": 1.8, "writes": 0.0, "write capacity": 7.2}
    assert (table.reads, table.billing) == (2_520.0, "provisioned")
    assert usd(index) == {"storage": 0.5, "reads": 0.0, "read capacity": 0.36, "writes": 0.0, "write capacity": 1.8}
    line = index.line("write capacity")
    assert line is not None
    assert (line.quantity, line.unit, line.coverage, line.source) == (180.0, "unit-hours", 0.5, "CloudWatch")
    assert month(table)["write capacity"] == 14.4


def test_the_last_hour_counts_as_far_as_it_has_gone(look: Look) -> None:
    now = datetime(2026, 11, 1, 1, 15, tzinfo=UTC)
    found = look(provisioned(), Played(capacity(reads=hourly(4, hours=2), writes=hourly(4, hours=2))), now=now)
    line = found.resources[0].line("read capacity")
    assert line is not None
    assert line.quantity == pytest.approx(5.0)


def test_capacity_that_cloudwatch_does_not_tell_is_as_it_is_set_now(look: Look) -> None:
    for cloudwatch in (None, Played({}), Played({}, "denied")):
        (table,) = look(provisioned(), cloudwatch).resources
        assert usd(table) == {"storage": 0.5, "reads": 0.0, "read capacity": 1.8, "writes": 0.0, "write capacity": 7.2}
        assert month(table)["read capacity"] == 3.6
        line = table.line("read capacity")
        assert line is not None
        assert (line.source, line.coverage) == ("DescribeTable", None)
        assert "As it is set now" in line.note
        assert table.reads is None


def test_a_table_without_a_summary_of_its_mode_is_provisioned_if_it_has_capacity(look: Look) -> None:
    live = provisioned()
    del live["BillingModeSummary"]
    assert look(live).resources[0].billing == "provisioned"


@pytest.mark.parametrize("summary", [{"BillingMode": "PAY_PER_REQUEST"}, {}])
def test_on_demand_with_no_capacity_set_divides_by_nothing(look: Look, summary: Any) -> None:
    cloudwatch = Played(consumed(reads=hourly(1)) | capacity(reads=hourly(0), writes=hourly(0)))
    (table,) = look(described(BillingModeSummary=summary), cloudwatch).resources
    assert table.billing == "on-demand"
    assert usd(table) == {"storage": 0.5, "reads": 0.036, "writes": 0.0}
    # Capacity costs a question each: it is asked for only where some may have been set.
    assert not any("Provisioned" in metric.name for metric in cloudwatch.asked)


def test_a_table_that_was_made_on_demand_within_the_window_pays_both_ways(look: Look) -> None:
    changed = BEGIN + timedelta(hours=100)
    live = described(BillingModeSummary={"BillingMode": "PAY_PER_REQUEST", "LastUpdateToPayPerRequestDateTime": changed.timestamp()})
    before, after = hourly(5, hours=100), hourly(0, changed, 260)
    (table,) = look(live, Played(consumed(reads=hourly(10)) | capacity(reads={**before, **after}))).resources
    assert usd(table) == {"storage": 0.5, "reads": 0.26, "read capacity": 0.5, "writes": 0.0}
    line = table.line("read capacity")
    assert line is not None
    assert "before it was made on-demand" in line.note


def test_a_table_that_was_made_provisioned_within_the_window_pays_both_ways(look: Look) -> None:
    changed = BEGIN + timedelta(hours=100)
    set_ = {**hourly(0, hours=100), **hourly(5, changed, 260)}
    (table,) = look(provisioned(), Played(consumed(reads=hourly(10)) | capacity(reads=set_, writes=set_))).resources
    assert usd(table)["reads"] == 0.1
    assert usd(table)["read capacity"] == 1.3


# Classes, replicas, recovery, backups


def test_infrequent_access_has_its_own_prices(look: Look) -> None:
    live = described(TableClassSummary={"TableClass": "STANDARD_INFREQUENT_ACCESS"}, indexes=[indexed()])
    table, index = look(live, Played(consumed(reads=hourly(10), writes=hourly(2))), free_tier=True).resources
    assert usd(table) == {"storage": 0.2, "reads": 0.432, "writes": 0.864}
    assert usd(index)["storage"] == 0.2
    assert table.table_class == index.table_class == "STANDARD_INFREQUENT_ACCESS"


def test_a_global_table_pays_replicated_writes_and_48_bytes_more(look: Look) -> None:
    items = 1_000_000
    live = described(items=items, size=0, Replicas=[{"RegionName": "eu-west-1"}], indexes=[indexed(items=items, size=0)])
    live["TableSizeBytes"] = GB - items * 148
    table, index = look(live, Played(consumed(writes=hourly(2)) | consumed(INDEX, writes=hourly(2)))).resources
    assert usd(table) == {"storage": 0.5, "reads": 0.0, "writes": 1.44}
    assert usd(index)["writes"] == 0.72  # An index pays ordinary writes.
    assert table.replicas == ("eu-west-1",)
    assert "eu-west-1" in (table.lines[0].note)


def test_local_indexes_are_stored_and_recovered_with_their_table(look: Look) -> None:
    local = {"IndexName": "l", "KeySchema": [], "Projection": {}, "IndexSizeBytes": GB - 100_000, "ItemCount": 1_000}
    (table,) = look(described(LocalSecondaryIndexes=[local]), Played({}), recovery="ENABLED").resources
    assert usd(table)["storage"] == 1.0
    recovery = table.line("point-in-time recovery")
    assert recovery is not None
    assert recovery.quantity == pytest.approx((2 * GB - 200_000) / GB / 2)
    assert table.recovery is True


def test_recovery_is_of_the_table_and_not_of_its_global_indexes(look: Look) -> None:
    table, index = look(described(size=2 * GB, indexes=[indexed()]), Played({}), recovery="ENABLED").resources
    line = table.line("point-in-time recovery")
    assert line is not None
    assert (line.usd, line.month_usd) == (0.5, 1.0)
    assert index.line("point-in-time recovery") is None
    assert (index.recovery, look(described()).resources[0].recovery) == (None, False)
    assert look(described()).resources[0].line("point-in-time recovery") is None


def test_backups_are_paid_from_their_creation_on(look: Look) -> None:
    kept = [
        backup(GB, datetime(2026, 3, 4, tzinfo=UTC)),
        backup(GB, datetime(2026, 11, 13, tzinfo=UTC)),  # three of thirty days
        backup(9 * GB, BEGIN, BackupType="AWS_BACKUP"),
        backup(9 * GB, BEGIN, BackupType="SYSTEM"),
        backup(9 * GB, BEGIN, BackupStatus="DELETED"),
    ]
    line = look(described(), Played({}), backups=kept).resources[0].line("backups")
    assert line is not None
    assert (line.quantity, line.usd, line.month_usd) == (pytest.approx(0.6), pytest.approx(0.15), pytest.approx(0.5))
    assert look(described(), Played({})).resources[0].line("backups") is None


def test_what_nobody_may_ask_about_is_unknown_and_said(look: Look) -> None:
    found = look(described(), Played(consumed(reads=hourly(1))), recovery="AccessDeniedException", backups="AccessDeniedException")
    (table,) = found.resources
    assert usd(table) == {"storage": 0.5, "reads": 0.036, "writes": 0.0, "point-in-time recovery": None, "backups": None}
    assert len(found.problems) == 2
    assert all("SECRET" not in str(problem) for problem in found.problems)
    assert not found.complete


def test_an_engine_without_backups_has_no_line_for_them(look: Look) -> None:
    found = look(described(), Played({}), recovery="UnknownOperationException", backups="UnknownOperationException")
    assert set(usd(found.resources[0])) == {"storage", "reads", "writes"}
    assert found.problems == ()


# Sizes


def test_where_describe_table_has_no_size_the_snapshot_has(look: Look) -> None:
    live = described(items=1_000, size=0, indexes=[indexed(items=0, size=0), indexed("few", items=0, size=0, projection="KEYS_ONLY")])
    stored = {"cg": {TABLE: Stored(2_000, 2 * GB - 200_000)}}
    table, index, keys = look(live, Played({}), stored=stored).resources
    assert (table.items, table.bytes, table.lines[0].source, table.lines[0].usd) == (2_000, 2 * GB - 200_000, "snapshot", 1.0)
    assert (index.bytes, index.lines[0].source, index.lines[0].usd) == (table.bytes, "estimate", 1.0)
    assert "At most" in index.lines[0].note
    assert (keys.bytes, keys.lines[0].usd) == (None, None)
    # Without either, nothing is known; an empty table is known to be empty.
    nothing, *_ = look(live, Played({})).resources
    assert (nothing.items, nothing.bytes, nothing.lines[0].usd) == (1_000, None, None)
    (empty,) = look(described(items=0, size=0), Played({})).resources
    assert (empty.bytes, empty.lines[0].usd, empty.lines[0].source) == (0, 0.0, "DescribeTable")


def test_a_sparse_index_is_as_small_as_it_is(look: Look) -> None:
    _, index = look(described(indexes=[indexed(items=0, size=0)]), Played({})).resources
    assert (index.bytes, index.lines[0].usd) == (0, 0.0)


# What fails


def test_a_table_that_vanished_takes_nothing_else_with_it(scripted: Callable[[Answer], Scripted]) -> None:
    there = described(TableName="ai-agent-messages")
    opened = sources(scripted(replies({"ai-agent-messages": there, TABLE: described()})).endpoint, "ai_agent", "cg")
    found = observe(opened, {}, Book(), now=NOW)
    assert [(one.system, one.table) for one in found.resources] == [("ai_agent", "ai-agent-messages"), ("cg", TABLE)]
    assert [problem.code for problem in found.problems] == ["no_table"]
    assert found.total_usd == 1.0
    assert not found.complete


def test_a_price_that_is_not_known_makes_no_amount(look: Look) -> None:
    prices = priced(standard=Rates(read_unit=0.0001), recovery_gb_month=None)
    cloudwatch = Played(consumed(reads=hourly(10), writes=hourly(2)))
    found = look(described(), cloudwatch, book=Book(prices), recovery="ENABLED", free_tier=True)
    (table,) = found.resources
    assert usd(table) == {"storage": None, "reads": 0.36, "writes": None, "point-in-time recovery": None}
    line = table.line("writes")
    assert line is not None
    assert (line.quantity, line.note) == (720.0, "The price is not known.")
    assert (table.usd, table.complete, found.total_usd) == (pytest.approx(0.36), False, pytest.approx(0.36))
    assert found.free_tier_usd is None


def test_a_region_without_prices_is_a_problem_and_quantities_stand(look: Look) -> None:
    found = look(described(), Played(consumed(reads=hourly(1))), book=Book(priced(region="eu-west-1")))
    (table,) = found.resources
    assert set(usd(table).values()) == {None}
    assert table.reads == 360.0
    assert (found.total_usd, found.projected_usd, found.month_to_date_usd) == (None, None, None)
    assert [problem.code for problem in found.problems] == ["usage"]


def test_prices_of_another_region(look: Look) -> None:
    there = Prices("eu-west-1", Rates(storage_gb_month=2.0, read_unit=0.1, write_unit=0.1), Rates())
    found = look(described(), Played({}), book=Book(PRICES, there), region="eu-west-1")
    assert found.total_usd == 1.0
    assert set(found.prices) == {"eu-west-1"}
    assert found.resources[0].region == "us-east-1"  # It is still where it is.
    with pytest.raises(UsageError):
        look(described(), Played({}), region="mars-west-1")


# Windows and the free tier


def test_the_first_moment_and_the_first_day_of_a_month(look: Look) -> None:
    first = look(described(), Played(consumed(reads=hourly(1)), sample=True), now=BEGIN)
    assert first.sample
    assert usd(first.resources[0]) == {"storage": 0.0, "reads": None, "writes": None}
    assert month(first.resources[0]) == {"storage": 1.0, "reads": None, "writes": None}
    morning = look(described(), Played(consumed(reads=hourly(1))), now=BEGIN + timedelta(hours=23, minutes=59))
    assert morning.total_usd is not None
    assert morning.month_to_date_usd == morning.total_usd
    assert morning.projected_usd is None
    evening = look(described(), Played(consumed(reads=hourly(1, hours=24))), now=BEGIN + timedelta(hours=24))
    assert evening.projected_usd == pytest.approx(1.0 + 24 * 0.0001 * 30)


def test_a_window_of_the_past_has_no_month_to_date(look: Look) -> None:
    since = datetime(2026, 10, 1, tzinfo=UTC)
    found = look(described(), Played(consumed(reads=hourly(1, since, 744))), since=since, until=BEGIN)
    assert found.total_usd == pytest.approx(1.0 + 0.0744)
    assert found.month_to_date_usd is None
    assert found.projected_usd == pytest.approx(found.total_usd)


def test_the_parts_of_a_window_add_up(look: Look) -> None:
    rng = Random(2)
    points = {BEGIN + timedelta(hours=n): float(rng.randrange(9)) for n in range(-800, 360) if rng.random() < 0.7}
    cloudwatch = Played(consumed(reads=points, writes=points) | capacity(reads=points, writes=points))
    kept = [backup(GB, BEGIN - timedelta(hours=300)), backup(GB, BEGIN + timedelta(hours=30))]
    how: dict[str, Any] = {"recovery": "ENABLED", "backups": kept}
    for live in (described(), provisioned()):
        since = BEGIN - timedelta(hours=700)
        whole = look(live, cloudwatch, since=since, until=NOW, **how)
        cuts = sorted({since, NOW, *(since + timedelta(hours=rng.randrange(1, 1_059)) for _ in range(4))})
        parts = [look(live, cloudwatch, since=a, until=b, **how) for a, b in pairwise(cuts)]
        assert whole.total_usd == pytest.approx(sum(part.total_usd or 0 for part in parts))
        for line in whole.resources[0].lines:
            parts_of = [part.resources[0].line(line.what) for part in parts]
            assert line.usd == pytest.approx(sum((one.usd or 0) if one is not None else 0 for one in parts_of))


def test_the_free_tier_is_taken_off_once(scripted: Callable[[Answer], Scripted]) -> None:
    tables = {
        "ai-agent-messages": described(size=20 * GB, items=0, indexes=[indexed(size=20 * GB, items=0)]),
        "ai-agent-sessions": provisioned(30, 1, size=GB, items=0),
        TABLE: described(size=GB, items=0, TableClassSummary={"TableClass": "STANDARD_INFREQUENT_ACCESS"}),
    }
    endpoint = scripted(replies(tables)).endpoint
    plain = observe(sources(endpoint, "ai_agent", "cg"), {}, Book(), now=NOW)
    found = observe(sources(endpoint, "ai_agent", "cg"), {}, Book(), now=NOW, free_tier=True)
    assert plain.free_tier_usd is None
    # Half a month: 12.5 GB-months of storage; of 10,800 read unit-hours at most 9,300, of 360 write unit-hours all.
    assert found.free_tier_usd == pytest.approx(12.5 * 1.0 + 9_300 * 0.001 + 360 * 0.01)
    assert found.total_usd == pytest.approx((plain.total_usd or 0) - (found.free_tier_usd or 0))
    assert found.projected_usd == pytest.approx((plain.projected_usd or 0) - 2 * (found.free_tier_usd or 0))
    # Lines stay as they are: no table has a free tier of its own.
    assert found.resources == plain.resources


def test_two_regions_have_a_free_tier_each_and_two_systems_of_one_share_it(scripted: Callable[[Answer], Scripted]) -> None:
    small = described(size=GB, items=0)
    tables = {"ai4ai-chat-sessions": small, "ai4ai-chat-messages": small, TABLE: small}
    endpoint = scripted(replies(tables)).endpoint
    book = Book(priced(free_storage_gb=2.0), priced(region="eu-west-1", free_storage_gb=2.0))
    same = observe(sources(endpoint, "ai4ai", "cg"), {}, book, now=NOW, free_tier=True)
    assert (same.free_tier_usd, same.total_usd) == (1.0, 0.5)
    apart = observe(sources(endpoint, "ai4ai") | sources(endpoint, "cg", region="eu-west-1"), {}, book, now=NOW, free_tier=True)
    assert (apart.free_tier_usd, apart.total_usd) == (1.5, 0.0)


def test_without_systems_there_is_nothing() -> None:
    found = observe({}, {}, Book(), now=NOW)
    assert (found.resources, found.total_usd, found.totals()) == ((), None, ())


def test_tables_of_a_whole_system_as_moto_has_them(moto_endpoint: str) -> None:
    """The clients in between are AWS's own: pages, times and errors as botocore reads them."""
    opened = sources(moto_endpoint, "ai_agent")
    source = opened["ai_agent"]
    create_tables(source)
    source.client.update_continuous_backups(
        TableName="ai-agent-messages", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    source.client.create_backup(TableName="ai-agent-sessions", BackupName="one")
    source.client.put_item(TableName="ai-agent-messages", Item={"id": {"S": "m"}, "content": {"S": "x" * 500}})
    found = observe(opened, {"ai_agent": Played(consumed(writes=hourly(1), table="ai-agent-messages"))}, Book(), now=NOW)
    assert found.problems == ()
    assert [(one.table, one.index) for one in found.resources] == [
        ("ai-agent-sessions", None),
        ("ai-agent-sessions", "TenantUserIndex"),
        ("ai-agent-messages", None),
        ("ai-agent-messages", "SessionTimestampIndex"),
        ("ai-agent-messages", "TenantTimestampIndex"),
    ]
    sessions, _, messages, *_ = found.resources
    assert (sessions.recovery, messages.recovery) == (False, True)
    assert sessions.line("backups") is not None
    assert messages.line("point-in-time recovery") is not None
    assert (sessions.reads, messages.reads, messages.writes) == (None, 0.0, 360.0)
