"""The report of a system: which series make which figure, and what stands when something is missing."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from data_access.capacity.alarms import SHARE, suggest
from data_access.capacity.cloudwatch import CloudWatch
from data_access.capacity.limits import share
from data_access.capacity.report import CapacityReport, Latency, report
from data_access.capacity.series import Metric, Series
from data_access.capacity.tables import read_table
from data_access.capacity.utilisation import utilisation
from data_access.costs.throughput import alarm_sum
from data_access.dynamo.aws import Source
from data_access.errors import AccessDenied, TableMissing
from data_access.settings import DEFAULT_REGION, Place
from data_access.systems.spec import built_in

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SINCE = NOW - timedelta(hours=1)
Key = tuple[str, ...]


class Told:
    """CloudWatch that knows some series by metric, stat and dimensions: minutes since the start, and values."""

    def __init__(self, known: Mapping[Key, Mapping[int, float]], forbidden: frozenset[str] = frozenset()) -> None:
        self.known, self.forbidden = known, forbidden

    def get_metric_data(self, **request: Any) -> dict[str, Any]:
        found: list[dict[str, Any]] = []
        for query in request["MetricDataQueries"]:
            metric = query["MetricStat"]["Metric"]
            points = self.known.get((metric["MetricName"], query["MetricStat"]["Stat"], *(d["Value"] for d in metric["Dimensions"])), {})
            times = [SINCE + timedelta(minutes=minute) for minute in points]
            status = "Forbidden" if metric["MetricName"] in self.forbidden else "Complete"
            values = list(points.values()) if status == "Complete" else []
            found.append({"Id": query["Id"], "Timestamps": times[: len(values)], "Values": values, "StatusCode": status})
        return {"MetricDataResults": found}


def described(name: str, indexes: int = 0, provisioned: tuple[int, int] | None = None, **more: Any) -> dict[str, Any]:
    capacity = {"ReadCapacityUnits": provisioned[0], "WriteCapacityUnits": provisioned[1]} if provisioned else {}
    none = {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
    schema = [{"AttributeName": "id", "KeyType": "HASH"}]
    return {
        "TableName": name,
        "TableStatus": "ACTIVE",
        "KeySchema": schema,
        "ProvisionedThroughput": capacity or none,
        "BillingModeSummary": {"BillingMode": "PROVISIONED" if provisioned else "PAY_PER_REQUEST"},
        "ItemCount": 10,
        "TableSizeBytes": 5_000,
        "CreationDateTime": NOW - timedelta(days=100),
        "GlobalSecondaryIndexes": [
            {
                "IndexName": f"index{n}",
                "KeySchema": schema,
                "Projection": {"ProjectionType": "ALL"},
                "ProvisionedThroughput": capacity or none,
                "ItemCount": 10,
                "IndexSizeBytes": 5_000,
            }
            for n in range(indexes)
        ],
        **more,
    }


def source(tables: Mapping[str, dict[str, Any] | str]) -> Source:
    def describe_table(**request: str) -> dict[str, Any]:
        said = tables[request["TableName"]]
        if isinstance(said, str):
            raise ClientError({"Error": {"Code": said, "Message": "SECRET"}}, "DescribeTable")
        return {"Table": said}

    place = Place(built_in()["ai_agent"], dict(zip(("sessions", "messages"), tables, strict=False)), DEFAULT_REGION)
    return Source(place, cast("Any", SimpleNamespace(describe_table=describe_table)))


def read(
    tables: Mapping[str, dict[str, Any] | str], known: Mapping[Key, Mapping[int, float]], forbidden: frozenset[str] = frozenset()
) -> CapacityReport:
    return report(source(tables), CloudWatch(Told(known, forbidden), now=lambda: NOW), SINCE, NOW)


def test_an_index_is_beside_its_table_never_in_it() -> None:
    found = read(
        {"chat": described("chat", 1)},
        {("ConsumedWriteCapacityUnits", "Sum", "chat"): {0: 60, 1: 120}, ("ConsumedWriteCapacityUnits", "Sum", "chat", "index0"): {0: 30}},
    )
    [table] = found.tables
    assert (table.writes.consumed.total, table.indexes[0].writes.consumed.total) == (180, 30)
    assert (table.writes.peak, table.writes.partition_share) == (2.0, 0.002)
    assert table.reads.consumed.total is None
    assert table.reads.peak is None


def test_an_on_demand_table_has_no_utilisation_and_nothing_is_divided() -> None:
    # What is provisioned is said to be 0 on demand, in DescribeTable and in CloudWatch.
    zero = {("ProvisionedReadCapacityUnits", "Average", "chat"): {0: 0.0}, ("ConsumedReadCapacityUnits", "Sum", "chat"): {0: 60.0}}
    [table] = read({"chat": described("chat")}, zero).tables
    assert table.live.billing == "on-demand"
    assert (table.live.provisioned_reads, table.reads.provisioned, table.reads.utilisation) == (None, None, None)
    [switched] = read({"chat": described("chat", provisioned=(5, 5))}, zero).tables
    assert switched.reads.utilisation is None


def test_utilisation_is_the_rate_over_what_was_provisioned_then() -> None:
    known = {
        ("ProvisionedReadCapacityUnits", "Average", "chat"): {0: 10.0, 5: 20.0},
        ("ConsumedReadCapacityUnits", "Sum", "chat"): {1: 300.0, 6: 300.0, 11: 999.0},
    }
    [table] = read({"chat": described("chat", provisioned=(20, 5))}, known).tables
    used = table.reads.utilisation
    assert used is not None
    # 300 in a minute are 5 a second. Nobody knows what was provisioned in the eleventh minute.
    assert used.values == (0.5, 0.25)
    assert used.peak == 0.5
    assert used.average == pytest.approx(600 / (30 * 300))


def test_utilisation_of_half_an_answer_has_no_average() -> None:
    def series(name: str, period: int, status: Any) -> Series:
        return Series(Metric(name, "Sum", period, "chat"), SINCE, NOW, (SINCE,), (60.0,), status)

    used = utilisation(series("ConsumedReadCapacityUnits", 60, "partial"), series("ProvisionedReadCapacityUnits", 300, "complete"))
    assert used is not None
    assert used.average is None
    assert share(None, 5) is share(5, None) is share(5, 0) is None


def test_spikes_have_their_minute_place_and_reason() -> None:
    known = {
        ("WriteThrottleEvents", "Sum", "chat"): {30: 4},
        ("ReadThrottleEvents", "Sum", "chat", "index0"): {30: 7, 31: 0},
        ("WriteThrottleEvents", "Sum", "chat", "index0"): {31: 2},
        ("ReadKeyRangeThroughputThrottleEvents", "Sum", "chat", "index0"): {30: 7},
        ("WriteProvisionedThroughputThrottleEvents", "Sum", "chat", "index0"): {31: 2},
    }
    spikes = read({"chat": described("chat", 1)}, known).spikes
    assert [(int((s.minute - SINCE) / timedelta(minutes=1)), s.index, s.reads, s.writes, s.count, s.reasons) for s in spikes] == [
        (30, None, 0, 4, 4, ()),
        (30, "index0", 7, 0, 7, ("KeyRangeThroughput",)),
        (31, "index0", 0, 2, 2, ("ProvisionedThroughput",)),
    ]


def test_user_errors_are_the_accounts() -> None:
    found = read({"chat": described("chat")}, {("UserErrors", "Sum"): {0: 3}, ("AccountMaxReads", "Maximum"): {0: 80_000}})
    assert found.account.user_errors.total == 3
    assert found.account.limits["AccountMaxReads"].peak == 80_000
    assert found.account.utilisation["AccountProvisionedReadCapacityUtilization"].total is None


def test_latency_by_operation_is_weighted_by_calls() -> None:
    latency = "SuccessfulRequestLatency"
    known = {
        (latency, "Average", "chat", "Query"): {0: 4.0, 5: 10.0},
        (latency, "p99", "chat", "Query"): {0: 9.0, 5: 40.0},
        (latency, "SampleCount", "chat", "Query"): {0: 30, 5: 10},
        ("SystemErrors", "Sum", "chat", "Query"): {5: 1},
        ("ConditionalCheckFailedRequests", "Sum", "chat"): {0: 2},
        ("TimeToLiveDeletedItemCount", "Sum", "chat"): {0: 5},
    }
    [table] = read({"chat": described("chat")}, known).tables
    assert set(table.latency) == {"Query"}
    query: Latency = table.latency["Query"]
    assert (query.mean, query.worst_p99, query.calls.total) == (5.5, 40.0, 40)
    assert (table.system_errors["Query"].total, table.conditional_failures.total, table.ttl_deletions.total) == (1, 2, 5)


@pytest.mark.parametrize(
    "known, evidence",
    [
        ({("ConsumedWriteCapacityUnits", "Sum", "chat", "index0"): {0: 5}}, "written"),
        ({("ConsumedReadCapacityUnits", "Sum", "chat", "index0"): {0: 0, 1: 0}}, "zero"),
        ({("ConsumedReadCapacityUnits", "Sum", "chat"): {0: 5}}, "table in use"),
        ({}, "no traffic"),
    ],
)
def test_an_index_that_nobody_reads_and_what_that_stands_on(known: Mapping[Key, Mapping[int, float]], evidence: str) -> None:
    [unused] = read({"chat": described("chat", 1)}, known).unused
    assert (unused.index, unused.evidence, unused.since) == ("index0", evidence, SINCE)
    assert unused.coverage == pytest.approx(len(next(iter(known.values()), {})) / 60)


def test_an_index_is_not_unused_because_nobody_may_look() -> None:
    assert read({"chat": described("chat", 1)}, {}, frozenset({"ConsumedReadCapacityUnits"})).unused == ()
    read_once = {("ConsumedReadCapacityUnits", "Sum", "chat", "index0"): {0: 0.5}}
    assert read({"chat": described("chat", 1)}, read_once).unused == ()


def test_a_young_table_says_from_when_it_counts() -> None:
    young = described("chat", 1) | {"CreationDateTime": NOW - timedelta(minutes=20)}
    [unused] = read({"chat": young}, {}).unused
    assert unused.since == NOW - timedelta(minutes=20)


def test_a_table_that_is_gone_takes_nothing_else_with_it() -> None:
    found = read({"gone": "ResourceNotFoundException", "chat": described("chat")}, {("ConsumedReadCapacityUnits", "Sum", "chat"): {0: 1}})
    assert [table.live.name for table in found.tables] == ["chat"]
    assert found.tables[0].reads.consumed.total == 1
    assert [(type(problem), problem.table) for problem in found.problems] == [(TableMissing, "gone")]


def test_cloudwatch_denied_leaves_the_tables() -> None:
    def refuse(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "SECRET"}}, "GetMetricData")

    asked = CloudWatch(SimpleNamespace(get_metric_data=refuse), now=lambda: NOW)
    found = report(source({"chat": described("chat", 2)}), asked, SINCE, NOW)
    [table] = found.tables
    assert (table.reads.consumed.status, table.reads.consumed.total) == ("denied", None)
    assert len(table.indexes) == 2
    assert (found.unused, found.spikes) == ((), ())
    assert [type(problem) for problem in found.problems] == [AccessDenied]


def test_twenty_indexes_and_more() -> None:
    found = read(
        {"chat": described("chat", 25)}, {("ConsumedReadCapacityUnits", "Sum", "chat", f"index{n}"): {0: n + 1.0} for n in range(25)}
    )
    assert [index.reads.consumed.total for index in found.tables[0].indexes] == [n + 1.0 for n in range(25)]
    assert found.unused == ()


def test_what_describe_table_says() -> None:
    local = {"IndexName": "by_time", "KeySchema": [], "Projection": {"ProjectionType": "KEYS_ONLY"}, "IndexSizeBytes": 7, "ItemCount": 1}
    live = described("chat", 1, (5, 7), TableClassSummary={"TableClass": "STANDARD_INFREQUENT_ACCESS"}, LocalSecondaryIndexes=[local])
    live |= {"Replicas": [{"RegionName": "eu-west-1"}, {"RegionName": DEFAULT_REGION}]}
    table = read_table("ai_agent", "sessions", "chat", DEFAULT_REGION, live, ("index0",))
    assert (table.billing, table.table_class, table.provisioned_reads, table.provisioned_writes) == (
        "provisioned",
        "STANDARD_INFREQUENT_ACCESS",
        5,
        7,
    )
    assert table.replicas == ("eu-west-1",)
    assert [(index.name, index.local, index.in_layout, index.provisioned_writes) for index in table.indexes] == [
        ("index0", False, True, 7),
        ("by_time", True, False, None),
    ]
    assert [index.name for index in table.global_indexes] == ["index0"]
    # A table that was provisioned from the start has no summary, and a local engine may keep no size.
    bare = read_table("cg", "conversations", "chat", DEFAULT_REGION, {"ProvisionedThroughput": {"ReadCapacityUnits": 1}, "ItemCount": 3})
    assert (bare.billing, bare.bytes, bare.items) == ("provisioned", None, 3)


# ---- alarms


def words(found: CapacityReport) -> Iterator[list[str]]:
    for alarm in suggest(found, DEFAULT_REGION):
        yield shlex.split(alarm.command)


def option(command: list[str], name: str) -> str:
    return command[command.index(name) + 1]


def test_a_threshold_is_a_sum_over_its_period() -> None:
    assert alarm_sum(5, SHARE, 60) == 240
    found = read({"chat": described("chat", 1, (5, 10))}, {})
    capacity = [c for c in words(found) if option(c, "--metric-name").startswith("Consumed")]
    assert [(option(c, "--metric-name"), option(c, "--threshold"), option(c, "--period"), option(c, "--statistic")) for c in capacity] == [
        ("ConsumedReadCapacityUnits", "240", "60", "Sum"),
        ("ConsumedWriteCapacityUnits", "480", "60", "Sum"),
    ] * 2
    assert [len(c[c.index("--dimensions") + 1 : c.index("--evaluation-periods")]) for c in capacity] == [1, 1, 2, 2]


def test_alarms_have_the_dimensions_that_exist() -> None:
    known = {("SuccessfulRequestLatency", stat, "chat", "Query"): {0: 30.0} for stat in ("Average", "p99", "SampleCount")}
    for command in words(read({"chat": described("chat", 1)}, known)):
        assert command[:3] == ["aws", "cloudwatch", "put-metric-alarm"]
        name = option(command, "--metric-name")
        dimensions = command[command.index("--dimensions") + 1 : command.index("--evaluation-periods")] if "--dimensions" in command else []
        named = {word.split(",")[0].removeprefix("Name=") for word in dimensions}
        if name == "UserErrors" or "Utilization" in name:
            assert not named
        elif name in ("SystemErrors", "SuccessfulRequestLatency"):
            assert named == {"TableName", "Operation"}
        else:
            assert "TableName" in named
        # On demand there is no provisioned capacity to use up.
        assert not name.startswith("Consumed")
        if name == "SuccessfulRequestLatency":
            assert option(command, "--extended-statistic") == "p99"
            assert option(command, "--threshold") == "60"


def test_alarm_names_are_one_word_to_a_shell_and_each_is_its_own() -> None:
    found = suggest(read({"chat": described("chat", 2, (5, 5))}, {}), DEFAULT_REGION)
    names = [alarm.name for alarm in found]
    assert len(set(names)) == len(names)
    assert all(option(shlex.split(alarm.command), "--alarm-name") == alarm.name for alarm in found)


def test_the_command_is_one_that_the_aws_api_takes() -> None:
    """Every option is a parameter of PutMetricAlarm, so the command cannot be refused for its form."""
    import botocore.session

    shape = botocore.session.get_session().get_service_model("cloudwatch").operation_model("PutMetricAlarm").input_shape
    assert shape is not None
    known = {"".join(f"-{c.lower()}" if c.isupper() else c for c in name) for name in shape.members}
    for command in words(read({"chat": described("chat", 1, (5, 5))}, {})):
        options = {word[1:] for word in command if word.startswith("--")}
        assert options - {"-region"} <= known
