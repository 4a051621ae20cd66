"""Answers of GetMetricData with every trap that is documented, through AWS's own client."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from data_access.capacity import calls, cloudwatch
from data_access.capacity.cloudwatch import CloudWatch
from data_access.capacity.series import Metric
from data_access.errors import AccessDenied, Throttled, Unreachable, UsageError
from tests.data_access.capacity.conftest import Stage, client_at, result, results
from tests.data_access.conftest import refusal

Script = Callable[[Callable[[dict[str, Any], int], Any]], Stage]

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SINCE, UNTIL = NOW - timedelta(hours=1), NOW
READS = Metric("ConsumedReadCapacityUnits", "Sum", 60, "chat")
WRITES = Metric("ConsumedWriteCapacityUnits", "Sum", 60, "chat")


def minutes(*values: float | None, since: datetime = SINCE, step: int = 60) -> dict[datetime, float]:
    return {since + timedelta(seconds=step * n): value for n, value in enumerate(values) if value is not None}


def now() -> datetime:
    return NOW


def test_a_metric_is_asked_for_with_its_dimensions_alone(stage: Script) -> None:
    server = stage(lambda request, _: results(request, lambda _: {}))
    asked = [
        READS,
        Metric("ConsumedReadCapacityUnits", "Sum", 60, "chat", "by_user"),
        Metric("SystemErrors", "Sum", 60, "chat", operation="Query"),
        Metric("UserErrors", "Sum", 60),
    ]
    server.open(now=now).read(asked, SINCE, UNTIL)
    [request] = server.asked
    dimensions = [{d["Name"]: d["Value"] for d in q["MetricStat"]["Metric"]["Dimensions"]} for q in request["MetricDataQueries"]]
    assert dimensions == [
        {"TableName": "chat"},
        {"TableName": "chat", "GlobalSecondaryIndexName": "by_user"},
        {"TableName": "chat", "Operation": "Query"},
        {},
    ]
    assert {q["MetricStat"]["Metric"]["Namespace"] for q in request["MetricDataQueries"]} == {"AWS/DynamoDB"}
    assert (request["StartTime"], request["EndTime"]) == (SINCE.timestamp(), UNTIL.timestamp())


def test_missing_points_stay_missing(stage: Script) -> None:
    server = stage(lambda request, _: results(request, lambda _: minutes(6, None, 12, None)))
    series = server.open(now=now).read([READS], SINCE, UNTIL).series[READS]
    assert (series.values, series.total, series.expected) == ((6.0, 12.0), 18.0, 60)
    assert series.coverage == pytest.approx(2 / 60)
    assert series.rates() == (0.1, 0.2)
    assert series.status == "complete"


def test_no_data_point_is_not_zero(stage: Script) -> None:
    series = stage(lambda request, _: results(request, lambda _: {})).open(now=now).read([READS], SINCE, UNTIL).series[READS]
    assert (series.total, series.peak, series.latest, series.coverage) == (None, None, None, 0.0)


def test_a_descending_answer_is_put_in_order(stage: Script) -> None:
    backwards = dict(reversed(minutes(1, 2, 3).items()))
    series = stage(lambda request, _: results(request, lambda _: backwards)).open(now=now).read([READS], SINCE, UNTIL).series[READS]
    assert series.values == (1, 2, 3)
    assert list(series.times) == sorted(series.times)


def test_pages_are_followed_and_what_they_share_counts_once(stage: Script) -> None:
    def answer(request: dict[str, Any], number: int) -> Any:
        [query] = request["MetricDataQueries"]
        if number == 1:
            assert "NextToken" not in request
            return {"MetricDataResults": [result(query, minutes(1, 2, 3), "PartialData")], "NextToken": "two"}
        if number == 2:
            # A page may be empty and not be the last.
            assert request["NextToken"] == "two"
            return {"MetricDataResults": [], "NextToken": "three"}
        return {"MetricDataResults": [result(query, minutes(None, None, 3, 4))]}

    server = stage(answer)
    answered = server.open(now=now).read([READS], SINCE, UNTIL)
    series = answered.series[READS]
    assert (series.values, series.status) == ((1, 2, 3, 4), "complete")
    assert (answered.requests, answered.problems) == (3, ())


def test_a_page_that_comes_again_and_again_ends(stage: Script) -> None:
    server = stage(lambda request, _: results(request, lambda _: minutes(1)) | {"NextToken": "same"})
    answered = server.open(now=now).read([READS], SINCE, UNTIL)
    assert len(server.asked) == 2
    assert answered.series[READS].status == "partial"
    assert answered.series[READS].total == 1


def test_one_metric_partial_one_forbidden_one_broken_and_one_well(stage: Script) -> None:
    errors = Metric("UserErrors", "Sum", 60)
    ttl = Metric("TimeToLiveDeletedItemCount", "Sum", 60, "chat")
    status = {READS.name: "PartialData", WRITES.name: "Forbidden", errors.name: "InternalError", ttl.name: "Complete"}

    def answer(request: dict[str, Any], _: int) -> Any:
        queries = request["MetricDataQueries"]
        return {"MetricDataResults": [result(q, minutes(5), status[q["MetricStat"]["Metric"]["MetricName"]]) for q in queries]}

    server = stage(answer)
    answered = server.open(now=now).read([READS, WRITES, errors, ttl], SINCE, UNTIL)
    assert [answered.series[metric].status for metric in (READS, WRITES, errors, ttl)] == ["partial", "denied", "failed", "complete"]
    assert any(isinstance(problem, AccessDenied) for problem in answered.problems)
    assert len(answered.problems) == 3
    # The one that broke is asked for once more, alone.
    assert [len(request["MetricDataQueries"]) for request in server.asked] == [4, 1]


def test_a_broken_metric_that_comes_back_is_complete(stage: Script) -> None:
    server = stage(lambda request, number: results(request, lambda _: minutes(5), status="Complete" if number > 1 else "InternalError"))
    answered = server.open(now=now).read([READS], SINCE, UNTIL)
    assert (answered.series[READS].status, answered.problems) == ("complete", ())


def test_a_metric_that_the_answer_leaves_out_has_failed(stage: Script) -> None:
    answered = stage(lambda *_: {"MetricDataResults": []}).open(now=now).read([READS], SINCE, UNTIL)
    assert answered.series[READS].status == "failed"
    assert answered.series[READS].total is None
    assert len(answered.problems) == 1


def test_a_message_makes_the_answer_partial_and_is_not_repeated(stage: Script) -> None:
    message = [{"Code": "MaxMetricsExceeded", "Value": "SECRET 123456789012"}]
    whole = stage(lambda request, _: results(request, lambda _: minutes(5)) | {"Messages": message}).open(now=now)
    one = stage(lambda request, _: results(request, lambda _: minutes(5), Messages=message)).open(now=now)
    for asked in (whole, one):
        answered = asked.read([READS], SINCE, UNTIL)
        assert answered.series[READS].status == "partial"
        assert "SECRET" not in " ".join(map(str, answered.problems))


@pytest.mark.parametrize(
    "code, status, kind",
    [("Throttling", "throttled", Throttled), ("ThrottlingException", "throttled", Throttled), ("AccessDenied", "denied", AccessDenied)],
)
def test_a_refused_call_is_a_status(stage: Script, pauses: list[float], code: str, status: str, kind: type[Exception]) -> None:
    server = stage(lambda *_: refusal(code))
    answered = server.open(now=now).read([READS, WRITES], SINCE, UNTIL)
    assert {series.status for series in answered.series.values()} == {status}
    assert [type(problem) for problem in answered.problems] == [kind]
    assert "SECRET" not in str(answered.problems[0])
    assert "CloudWatch" in str(answered.problems[0])
    assert answered.usd == 0


def test_a_later_page_that_is_refused_keeps_what_came_before(stage: Script, pauses: list[float]) -> None:
    def answer(request: dict[str, Any], number: int) -> Any:
        return results(request, lambda _: minutes(1, 2)) | {"NextToken": "two"} if number == 1 else refusal("Throttling")

    series = stage(answer).open(now=now).read([READS], SINCE, UNTIL).series[READS]
    assert (series.values, series.status) == ((1, 2), "throttled")


def test_after_a_denial_no_further_batch_is_sent(stage: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloudwatch, "CONCURRENT_CALLS", 1)
    monkeypatch.setattr(calls, "MOST_METRICS", 2)
    server = stage(lambda *_: refusal("AccessDenied"))
    many = [Metric("SystemErrors", "Sum", 60, "chat", operation=f"op{n}") for n in range(10)]
    answered = server.open(now=now).read(many, SINCE, UNTIL)
    assert len(server.asked) == 1
    assert {series.status for series in answered.series.values()} == {"denied"}


def test_nobody_answers(closed_port: str, pauses: list[float]) -> None:
    client = client_at(closed_port)
    answered = CloudWatch(client, now=now).read([READS], SINCE, UNTIL)
    client.close()
    assert answered.series[READS].status == "failed"
    assert [type(problem) for problem in answered.problems] == [Unreachable]


def test_501_metrics_are_two_calls_and_cost_what_they_cost(stage: Script) -> None:
    many = [Metric("SystemErrors", "Sum", 60, f"table{n}", operation="Query") for n in range(501)]
    names = {f"table{n}": float(n) for n in range(501)}

    def points(query: dict[str, Any]) -> dict[datetime, float]:
        [table] = [d["Value"] for d in query["MetricStat"]["Metric"]["Dimensions"] if d["Name"] == "TableName"]
        return minutes(names[table])

    server = stage(lambda request, _: results(request, points))
    before = cloudwatch.SPENT.asked
    answered = server.open(now=now).read(many, SINCE, UNTIL)
    assert sorted(len(request["MetricDataQueries"]) for request in server.asked) == [1, 500]
    assert [answered.series[metric].total for metric in many] == [float(n) for n in range(501)]
    assert (answered.asked, answered.requests) == (501, 2)
    assert answered.usd == pytest.approx(0.00501)
    assert cloudwatch.SPENT.asked - before == 501


def test_no_call_asks_for_more_points_than_are_allowed(stage: Script) -> None:
    many = [Metric("SystemErrors", "Sum", 60, f"table{n}", operation="Query") for n in range(11)]
    server = stage(lambda request, _: results(request, lambda _: {}))
    server.open(now=now).read(many, NOW - timedelta(days=14), NOW)
    assert sorted(len(request["MetricDataQueries"]) for request in server.asked) == [1, 5, 5]


def test_a_window_too_long_for_one_call_is_read_in_pieces(stage: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "MOST_POINTS", 25)

    def answer(request: dict[str, Any], _: int) -> Any:
        start, end = (int(request[name]) for name in ("StartTime", "EndTime"))
        assert (end - start) // 60 <= 25
        return results(request, lambda _: {datetime.fromtimestamp(at, UTC): 1.0 for at in range(start, end, 60)})

    series = stage(answer).open(now=now).read([READS], SINCE, UNTIL).series[READS]
    assert (series.total, series.coverage) == (60, 1.0)


def test_the_same_question_costs_nothing_for_five_minutes(stage: Script) -> None:
    clock = [0.0]
    server = stage(lambda request, number: results(request, lambda _: minutes(number)))
    asked = server.open(now=now, clock=lambda: clock[0])
    first, second = asked.read([READS], SINCE, UNTIL), asked.read([READS], SINCE, UNTIL)
    assert (first.asked, second.asked, second.requests, second.usd) == (1, 0, 0, 0.0)
    assert second.series == first.series
    both = asked.read([READS, WRITES], SINCE, UNTIL)
    assert (both.asked, len(server.asked)) == (1, 2)
    clock[0] = 301
    assert asked.read([READS], SINCE, UNTIL).asked == 1
    asked.forget()
    assert asked.read([READS], SINCE, UNTIL).asked == 1


def test_a_throttled_answer_is_not_kept(stage: Script, pauses: list[float]) -> None:
    throttled = [True]
    server = stage(lambda request, _: refusal("Throttling") if throttled[0] else results(request, lambda _: minutes(7)))
    asked = server.open(now=now)
    assert asked.read([READS], SINCE, UNTIL).series[READS].status == "throttled"
    throttled[0] = False
    answered = asked.read([READS], SINCE, UNTIL)
    assert (answered.series[READS].total, answered.problems) == (7, ())


@pytest.mark.parametrize("days, period", [(1, 60), (15, 60), (16, 300), (63, 300), (64, 3600), (400, 3600)])
def test_the_period_is_one_that_is_still_kept(stage: Script, days: int, period: int) -> None:
    server = stage(lambda request, _: results(request, lambda _: {}))
    series = server.open(now=now).read([READS], NOW - timedelta(days=days), NOW).series[READS]
    assert series.metric.period == period
    assert series.expected == days * 86_400 // period
    assert {query["MetricStat"]["Period"] for request in server.asked for query in request["MetricDataQueries"]} == {period}


def test_a_rate_is_of_the_rows_own_period(stage: Script) -> None:
    since = NOW - timedelta(days=30)
    server = stage(lambda request, _: results(request, lambda _: minutes(600, since=since, step=300)))
    assert server.open(now=now).read([READS], since, NOW).series[READS].rates() == (2.0,)


def test_what_is_provisioned_is_never_asked_by_the_minute(stage: Script) -> None:
    metric = Metric("ProvisionedReadCapacityUnits", "Average", 60, "chat")
    server = stage(lambda request, _: results(request, lambda _: {}))
    assert server.open(now=now).read([metric], SINCE, UNTIL).series[metric].metric.period == 300


def test_points_outside_of_the_window_are_left_out(stage: Script) -> None:
    # CloudWatch may round the start down.
    early = minutes(9, 1, 2, since=SINCE - timedelta(minutes=1))
    series = stage(lambda request, _: results(request, lambda _: early)).open(now=now).read([READS], SINCE, UNTIL).series[READS]
    assert series.values == (1, 2)


def test_a_window_in_another_time_zone_across_a_change_of_clocks(stage: Script) -> None:
    # In New York the clocks went back on 1 November 2026 at 06:00 UTC: one day of 25 hours there, 25 hours here.
    summer, winter = timezone(timedelta(hours=-4)), timezone(timedelta(hours=-5))
    since, until = datetime(2026, 11, 1, tzinfo=summer), datetime(2026, 11, 2, tzinfo=winter)
    server = stage(lambda request, _: results(request, lambda _: {}))
    series = server.open(now=lambda: datetime(2026, 11, 2, 6, tzinfo=UTC)).read([READS], since, until).series[READS]
    assert series.expected == 25 * 60
    assert series.since == datetime(2026, 11, 1, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    "since, until, hours",
    [
        (datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC), 28 * 24),
        (datetime(2024, 2, 1, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC), 29 * 24),
        (datetime(2025, 12, 31, 23, tzinfo=UTC), datetime(2026, 1, 1, 1, tzinfo=UTC), 2),
    ],
)
def test_the_ends_of_months(stage: Script, since: datetime, until: datetime, hours: int) -> None:
    metric = Metric("ConsumedReadCapacityUnits", "Sum", 3600, "chat")
    server = stage(lambda request, _: results(request, lambda _: {}))
    assert server.open(now=lambda: until).read([metric], since, until).series[metric].expected == hours


def test_a_window_between_two_periods_holds_none(stage: Script) -> None:
    server = stage(lambda request, _: results(request, lambda _: {}))
    series = server.open(now=now).read([READS], SINCE + timedelta(seconds=5), SINCE + timedelta(seconds=50)).series[READS]
    assert (series.expected, series.coverage, series.status, server.asked) == (0, 0.0, "complete", [])


@pytest.mark.parametrize("since, until", [(UNTIL, SINCE), (SINCE, SINCE), (SINCE.replace(tzinfo=None), UNTIL)])
def test_a_wrong_window_is_refused(stage: Script, since: datetime, until: datetime) -> None:
    with pytest.raises(UsageError):
        stage(lambda request, _: results(request, lambda _: {})).open(now=now).read([READS], since, until)
