"""CloudWatch and backups of local mode: moto's protocol, the sample's series, nobody else's moto."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from data_access.capacity.backups import open_backups, read_backups
from data_access.capacity.cloudwatch import SPENT, CloudWatch, open_cloudwatch
from data_access.capacity.metrics import account_metrics, table_metrics, throughput_metrics
from data_access.capacity.series import Metric
from data_access.dynamo.aws import open_sources
from data_access.local import played, telemetry
from data_access.local.sample import traffic
from data_access.local.sample.traffic import Points, Signal
from data_access.settings import Settings, load_settings

UNTIL = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
WRITES = Metric("ConsumedWriteCapacityUnits", "Sum", 60, "ai-agent-messages")
DAY = timedelta(days=1)


def settings_in(folder: Path, mark: dict[str, Any] | None) -> Settings:
    (folder / "state").mkdir()
    if mark is not None:
        (folder / "state" / "sample.json").write_text(json.dumps(mark))
    return load_settings({"DYNASCOPE_STATE": str(folder / "state")}, folder)


@pytest.fixture
def filled(tmp_path: Path) -> Settings:
    return settings_in(tmp_path, {"until": UNTIL.isoformat(), "done": True})


def cloudwatch(settings: Settings, system: str = "ai_agent") -> CloudWatch:
    return open_cloudwatch(settings, settings.place(system))


def test_the_answer_is_the_samples_and_says_so_and_costs_nothing(filled: Settings) -> None:
    before = SPENT.asked
    answer = cloudwatch(filled).read([WRITES], UNTIL - 3 * DAY, UNTIL)
    series, points = answer.series[WRITES], traffic(UNTIL)[Signal(WRITES.name, WRITES.table)]
    expected = sum(value for at, value in zip(*points, strict=True) if at >= (UNTIL - 3 * DAY).timestamp())
    assert series.status == "complete"
    assert series.total == expected > 100
    assert all(at.second == 0 for at in series.times)
    assert (answer.sample, answer.asked, answer.usd, SPENT.asked - before) == (True, 1, 0.0, 0)


@pytest.mark.parametrize("mark", [None, {"until": UNTIL.isoformat(), "done": False}, {"unreadable": 1}])
def test_without_the_sample_there_is_no_traffic(tmp_path: Path, mark: dict[str, Any] | None) -> None:
    answer = cloudwatch(settings_in(tmp_path, mark)).read([WRITES], UNTIL - DAY, UNTIL)
    assert answer.series[WRITES].total is None
    assert answer.sample


def test_tables_have_the_names_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "dynascope.toml").write_text('[systems.ai_agent.tables]\nmessages = "renamed"\n')
    settings = settings_in(tmp_path, {"until": UNTIL.isoformat(), "done": True})
    renamed = Metric(WRITES.name, "Sum", 60, "renamed")
    answer = cloudwatch(settings).read([WRITES, renamed], UNTIL - 2 * DAY, UNTIL)
    assert answer.series[WRITES].total is None
    assert (answer.series[renamed].total or 0) > 50


def test_three_hundred_metrics_of_a_day_and_two_weeks_of_minutes(filled: Settings) -> None:
    wanted = list(account_metrics())
    for place in filled.places.values():
        for key, name in place.tables.items():
            wanted += table_metrics(name, period=60)
            for index in (None, *place.system.tables[key].indexes):
                wanted += throughput_metrics(name, index, provisioned=True)
    assert len(wanted) > 300
    answer = cloudwatch(filled).read(wanted, UNTIL - DAY, UNTIL)
    assert {series.status for series in answer.series.values()} == {"complete"}
    consumed = [metric for metric in wanted if metric.name.startswith("Consumed")]
    weeks = cloudwatch(filled).read(consumed, UNTIL - 14 * DAY, UNTIL)
    assert {series.metric.period for series in weeks.series.values()} == {60}
    assert sum(series.total or 0 for series in weeks.series.values()) > 10_000


def test_every_period_gives_the_same_total(filled: Settings) -> None:
    totals: list[float | None] = []
    for period in (60, 300, 3600):
        metric = Metric(WRITES.name, "Sum", period, WRITES.table)
        totals.append(cloudwatch(filled).read([metric], UNTIL - 10 * DAY, UNTIL).series[metric].total)
    assert totals[0] == totals[1] == totals[2] is not None


def test_as_in_cloudwatch_old_minutes_are_gone(filled: Settings) -> None:
    client = telemetry.sample_client("cloudwatch", filled, filled.place("ai_agent"))

    def count(period: int) -> int:
        dimensions = [{"Name": "TableName", "Value": "ai-agent-messages"}]
        metric = {"Namespace": "AWS/DynamoDB", "MetricName": WRITES.name, "Dimensions": dimensions}
        query = {"Id": "m", "MetricStat": {"Metric": metric, "Period": period, "Stat": "Sum"}}
        said = client.get_metric_data(MetricDataQueries=[query], StartTime=UNTIL - 40 * DAY, EndTime=UNTIL - 20 * DAY)
        [found] = said["MetricDataResults"]
        # Newest first, unless it is asked for otherwise.
        assert found["Timestamps"] == sorted(found["Timestamps"], reverse=True)
        return len(found["Values"])

    assert count(60) == 0
    assert count(300) > count(3600) > 0
    client.close()


def test_what_it_is_played_from_is_made_once_for_a_state_folder(filled: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not telemetry.is_ready(filled)
    telemetry.make_ready(filled)
    assert telemetry.is_ready(filled)
    file = filled.state / played.FILE
    assert file.stat().st_mode & 0o777 == 0o600
    made = played.played(filled.state.resolve(), UNTIL)

    def fail(*_: object) -> None:
        raise AssertionError

    # Another process finds the file.
    monkeypatch.setattr(played, "_known", {})
    with monkeypatch.context() as unable:
        unable.setattr(played, "play", fail)
        assert telemetry.is_ready(filled)
        assert played.played(filled.state.resolve(), UNTIL) == made
    assert [path.name for path in filled.state.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("what", ["other code", "other end", "no file of ours", "cut off"])
def test_a_file_of_something_else_is_made_anew(filled: Settings, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    folder = filled.state.resolve()
    good = played.played(folder, UNTIL)
    monkeypatch.setattr(played, "_known", {})
    file, until = folder / played.FILE, UNTIL
    match what:
        case "other code":
            monkeypatch.setattr(played, "_code", lambda: "another")
        case "other end":
            until = UNTIL - timedelta(hours=1)
        case "cut off":
            file.write_bytes(file.read_bytes()[:1000])
        case _:
            file.write_bytes(b"nothing that is known")
    before = file.read_bytes()
    assert (played.played(folder, until) == good) == (until == UNTIL)
    assert file.read_bytes() != before


def test_a_folder_that_cannot_be_written_is_no_failure(filled: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr(played.os, "open", full)
    assert played.played(filled.state.resolve(), UNTIL).traffic == traffic(UNTIL)


def test_statistics_of_a_period() -> None:
    at = UNTIL.timestamp()
    points = Points((at, at + 1, at + 59, at + 60, at + 3600), (1.0, 3.0, 2.0, 10.0, 7.0))

    def of(stat: str) -> list[float]:
        return telemetry.summed_up(points, 60, stat, UNTIL, UNTIL + timedelta(minutes=60))[1]

    assert [of(stat) for stat in ("Sum", "SampleCount", "Average", "Maximum", "Minimum", "p99", "p50")] == [
        [6, 10],
        [3, 1],
        [2, 10],
        [3, 10],
        [1, 10],
        [3, 10],
        [2, 10],
    ]
    assert telemetry.summed_up(points, 60, "Sum", UNTIL + timedelta(seconds=1), UNTIL + timedelta(minutes=2))[1] == [10]


def test_other_users_of_moto_in_this_process_keep_their_own_metrics(filled: Settings, moto_endpoint: str) -> None:
    cloudwatch(filled).read([WRITES], UNTIL - DAY, UNTIL)
    other: Any = botocore.session.get_session().create_client(
        "cloudwatch", endpoint_url=moto_endpoint, region_name="us-east-1", aws_access_key_id="local", aws_secret_access_key="local"
    )
    datum: Any = {
        "MetricName": WRITES.name,
        "Dimensions": [{"Name": "TableName", "Value": "ai-agent-messages"}],
        "Timestamp": UNTIL,
        "Value": 5,
    }
    other.put_metric_data(Namespace="AWS/DynamoDB", MetricData=[datum])
    metric: Any = {"Namespace": "AWS/DynamoDB", "MetricName": WRITES.name, "Dimensions": datum["Dimensions"]}
    query: Any = {"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
    said = other.get_metric_data(MetricDataQueries=[query], StartTime=UNTIL - DAY, EndTime=UNTIL + timedelta(minutes=1))
    assert said["MetricDataResults"][0]["Values"] == [5]
    other.close()


@pytest.fixture
def sources(filled: Settings) -> Iterator[Any]:
    opened = open_sources(filled, "http://127.0.0.1:9")
    yield opened
    for source in opened.values():
        source.client.close()


def test_recovery_is_on_for_one_table_and_another_has_a_backup(filled: Settings, sources: Any) -> None:
    found = {name: read_backups(open_backups(filled, source), name) for source in sources.values() for name in source.place.tables.values()}
    assert [name for name, one in found.items() if one.recovery] == ["ai-agent-messages"]
    assert [name for name, one in found.items() if one.backups] == ["cg-chatbot-conversations"]
    assert {name for name, one in found.items() if one.problems} == set()
    assert 100_000 < (found["cg-chatbot-conversations"].bytes or 0) < 20_000_000
    # Asked for again, it is not made again.
    again = read_backups(open_backups(filled, sources["cg"]), "cg-chatbot-conversations")
    assert again == found["cg-chatbot-conversations"]
