"""Capacity page: every state of CloudWatch and of the tables, the way from a spike to its conversations, files, wrong links."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
import streamlit as st
from botocore.exceptions import ClientError
from streamlit.testing.v1 import AppTest

from data_access.access.permissions import Role
from data_access.access.viewer import NOBODY
from data_access.capacity.cloudwatch import CloudWatch
from data_access.capacity.report import CapacityReport
from data_access.capacity.series import Metric, Series
from data_access.dynamo.aws import Source
from data_access.errors import EngineError, SnapshotOff, UsageError
from data_access.snapshot.sync import sync
from data_access.usage import Cell, UsageFilter, conversations_behind
from pages.ui import (
    access,
    capacity_filters,
    capacity_periods,
    capacity_throttles,
    capacity_view,
    charts,
    charts_time,
    load,
    load_costs,
    load_snapshot,
    usage_link,
)
from pages.ui.capacity_periods import Periods
from pages.ui.capacity_rows import SeriesRows
from pages.ui.usage_files import as_csv
from tests.pages.conftest import APP
from tests.pages.signed_in import AUTH, of, to_aws

Run = Callable[..., AppTest]
PAGE = "pages/insights/capacity.py"
FILE = Path(__file__).resolve().parents[3] / PAGE
PARTS = ("Tables and indexes", "Latency", "Errors", "Unused indexes", "Account limits", "Alarms")
CG, INDEX = "cg-chatbot-conversations", "user_id-created_at-index"
# Two days ago at a full minute; the conversation of alice was active then, that of bob an hour before.
MINUTE = (datetime.now(UTC) - timedelta(days=2)).replace(second=0, microsecond=0)
Points = Mapping[datetime, float]
Play = Callable[[str, str | None, str | None, str | None], Points]


class Played:
    """GetMetricData of a client: `points(metric, table, index, operation)`, each call with the status; or a refusal."""

    def __init__(self, points: Play, *, status: str = "Complete", refuse: str | None = None) -> None:
        self.points, self.status, self.refuse, self.asked = points, status, refuse, 0

    def get_metric_data(self, **request: Any) -> dict[str, Any]:
        self.asked += len(request["MetricDataQueries"])
        if self.refuse is not None:
            raise ClientError({"Error": {"Code": self.refuse, "Message": "account 123456789012"}}, "GetMetricData")
        return {"MetricDataResults": [self._one(query, request) for query in request["MetricDataQueries"]]}

    def _one(self, query: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
        asked = query["MetricStat"]["Metric"]
        named = {one["Name"]: one["Value"] for one in asked["Dimensions"]} if "Dimensions" in asked else {}
        found = self.points(asked["MetricName"], named.get("TableName"), named.get("GlobalSecondaryIndexName"), named.get("Operation"))
        within = {at: value for at, value in found.items() if request["StartTime"] <= at < request["EndTime"]}
        return {"Id": query["Id"], "Timestamps": list(within), "Values": list(within.values()), "StatusCode": self.status}


def nothing(*_: str | None) -> Points:
    return {}


def busy(metric: str, table: str | None, index: str | None, operation: str | None) -> Points:
    """CG: reads and writes of the table, writes alone of its index, a spike, calls; nothing of any other table."""
    five = MINUTE.replace(minute=MINUTE.minute // 5 * 5)
    if table is None:
        return {"UserErrors": {five: 4.0}, "AccountMaxReads": {five: 80_000.0}}.get(metric, {})
    if table != CG:
        return {}
    if index is not None:
        return {"ConsumedWriteCapacityUnits": {MINUTE: 600.0}, "WriteThrottleEvents": {MINUTE: 7.0}}.get(metric, {})
    of_operation = {
        ("SuccessfulRequestLatency", "GetItem"): 4.5,
        ("SystemErrors", "GetItem"): 2.0,
        ("ThrottledRequests", "PutItem"): 3.0,
    }
    return {
        "ConsumedReadCapacityUnits": {MINUTE: 0.0, MINUTE + timedelta(minutes=3): 300.0},
        "ConsumedWriteCapacityUnits": {MINUTE: 1_200.0},
        "WriteThrottleEvents": {MINUTE: 9.0},
        "WriteKeyRangeThroughputThrottleEvents": {MINUTE: 5.0},
        "TimeToLiveDeletedItemCount": {five: 11.0},
        "ProvisionedReadCapacityUnits": {five: 10.0, five + timedelta(minutes=5): 10.0},
    }.get(metric, {five: value} if (value := of_operation.get((metric, operation or ""))) else {})


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Played]:
    """Let every system have this CloudWatch."""

    def begin(points: Play = nothing, **how: Any) -> Played:
        client = Played(points, **how)
        opened = CloudWatch(client, sample=False)
        monkeypatch.setattr(load_costs, "cloudwatch", lambda _: opened)
        return client

    return begin


@pytest.fixture
def visit(run: Run) -> Run:
    def opened(**address: str) -> AppTest:
        app = run(zone=address.pop("zone", "UTC"))
        for name, value in address.items():
            app.query_params[name] = value
        return app.switch_page(PAGE).run()

    return opened


@pytest.fixture
def talked(empty: Mapping[str, Source]) -> Mapping[str, Source]:
    """Two conversations of CG, one active in MINUTE, read into the snapshot."""
    for number, at in enumerate((MINUTE, MINUTE - timedelta(hours=1))):
        said = at + timedelta(seconds=12)
        empty["cg"].client.put_item(
            TableName=CG,
            Item={
                "conversation_id": {"S": f"conversation-{number}"},
                "user_id": {"S": "alice"},
                "messages": {"L": [{"M": {"role": {"S": "user"}, "content": {"S": "Hi"}, "timestamp": {"S": said.isoformat()}}}]},
                "created_at": {"S": said.isoformat()},
                "updated_at": {"S": said.isoformat()},
                "message_count": {"N": "1"},
            },
        )
    sync(empty["cg"], load_snapshot.store())
    return empty


def words(app: AppTest) -> str:
    return "\n".join(str(element.value) for element in (*app.markdown, *app.caption, *app.text))


def tiles(app: AppTest) -> dict[str, str]:
    return {tile.label: str(tile.value) for tile in app.metric}


def at(app: AppTest, part: str) -> AppTest:
    app.session_state["capacity_part"] = part
    return app.run()


def table(app: AppTest, column: str) -> dict[str, list[Any]]:
    """The first table that has this column."""
    found = next(one.value for one in app.dataframe if column in one.value.columns)
    return {name: [None if pd.isna(value) else value for value in found[name].tolist()] for name in found.columns}


def test_every_part_of_busy_tables(talked: Mapping[str, Source], play: Callable[..., Played], visit: Run) -> None:
    play(busy)
    app = visit(system="cg")
    assert not app.exception
    shown = tiles(app)
    assert shown["Throttled events"] == "16"
    assert shown["Busiest reads"] == "5.00 /s"
    assert shown["Busiest writes"] == "20.0 /s"
    assert shown["Slowest p99"] == "4.5 ms"
    assert shown["System errors"] == "2"
    assert shown["User errors"] == "4"
    assert "metrics of GetMetricData" in words(app)
    assert "hides bursts inside it" in words(app)
    spikes = table(app, "Why")
    assert spikes["Index"] == ["the table itself", INDEX]
    assert spikes["Why"] == ["5 × one partition (hot key), 4 × reason not reported", "7 × reason not reported"]
    assert spikes["Conversations"] == ["1 ›", "1 ›"]
    listed = table(app, "Busiest reads")
    assert listed["Index"] == ["the table itself", INDEX]
    assert listed["Busiest reads"] == [5.0, None]
    assert listed["Throttled"] == [9, 7]
    assert "Provisioned reads" not in listed
    for part in PARTS:
        assert not at(app, part).exception, part
    assert "What this dashboard itself costs" in words(app)


def test_parts_say_what_is_known(talked: Mapping[str, Source], play: Callable[..., Played], visit: Run) -> None:
    play(busy)
    app = at(visit(system="cg"), "Errors")
    found = table(app, "What")
    assert list(zip(found["What"], found["Count"], strict=True)) == [("System errors", 2), ("Deleted by ttl", 11), ("User errors", 4)]
    assert "Failures of DynamoDB itself" in words(app)
    app.session_state["capacity_kind"] = "Transaction conflicts"
    assert "None reported in this time" in words(app.run())
    calls = table(at(app, "Latency"), "Operation")
    assert calls["Operation"] == ["GetItem"]
    assert calls["System errors"] == [2]
    assert calls["Throttled"] == [None]
    app.session_state["capacity_latency"] = "Average"
    assert "the average of all calls" in words(app.run())
    unused = table(at(app, "Unused indexes"), "What is known")
    assert (unused["Index"], unused["What is known"], unused["Write units"]) == ([INDEX], ["written, never read"], [600])
    limits = table(at(app, "Account limits"), "Limit")
    assert limits["Units a second"] == [80_000, None, None, None]
    assert limits["In use at most"] == [None] * 4
    assert "cannot say whose they are" in words(app)


def test_commands_of_alarms(talked: Mapping[str, Source], play: Callable[..., Played], visit: Run) -> None:
    play(busy)
    app = at(visit(system="cg"), "Alarms")
    assert "No action is set" in words(app)
    offered = app.selectbox(key="capacity_alarms_of").options
    assert [name.partition(":")[0] for name in offered] == [CG, f"{CG} · {INDEX}", "The account in us-east-1"]
    assert all(code.value.startswith("aws cloudwatch put-metric-alarm --region us-east-1 ") for code in app.code)
    app.selectbox(key="capacity_alarms_of").select_index(1).run()
    assert all(f"Name=GlobalSecondaryIndexName,Value={INDEX}" in code.value for code in app.code)
    app.selectbox(key="capacity_alarms_of").select_index(2).run()
    assert not any("TableName" in code.value for code in app.code)


def test_a_row_of_a_spike_opens_as_many_conversations_as_it_says(
    talked: Mapping[str, Source], play: Callable[..., Played], visit: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(busy)
    app = visit(system="cg")
    said = table(app, "Why")["Conversations"][0]
    wanted = UsageFilter("cg", since=MINUTE, until=MINUTE + timedelta(minutes=1))
    state: dict[str, Any] = {"click": type("Row", (), {"row": 0})}
    monkeypatch.setattr(st, "session_state", state)
    capacity_throttles.pick_row("click", "UTC", (wanted, None))
    monkeypatch.undo()
    opened = state["usage_opening"]
    assert opened["system"] == "cg"
    assert usage_link.read(opened) == usage_link.Question(wanted, Cell())
    assert len(conversations_behind(load_snapshot.hot(), wanted, Cell())) == int(said.removesuffix(" ›")) == 1
    # The next run leaves for the list, which has as many.
    app.session_state["usage_opening"] = opened
    app.run()
    assert not app.exception
    assert app.title[0].value == "Conversations behind a number"
    assert "**1 conversation** of CG Production Assistant active" in words(app)
    assert [link.proto.label for link in app.get("page_link")][:1] == ["Capacity"]


@pytest.mark.parametrize("role, said", [(Role.ANALYST, [1, 1]), (Role.ADMIN, ["1 ›", "1 ›"])])
def test_who_may_not_list_conversations_is_not_offered_those_of_a_spike(
    talked: Mapping[str, Source],
    moto_endpoint: str,
    play: Callable[..., Played],
    monkeypatch: pytest.MonkeyPatch,
    role: Role,
    said: list[Any],
) -> None:
    play(busy)
    to_aws(monkeypatch)
    for name, value in (("AWS_ENDPOINT_URL", moto_endpoint), ("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local")):
        monkeypatch.setenv(name, value)
    app = AppTest.from_file(APP, default_timeout=120)
    app.user, app.secrets = of(role), AUTH
    app.run().query_params["system"] = "cg"
    app.switch_page(PAGE).run()
    assert not app.exception
    assert table(app, "Why")["Conversations"] == said
    may = role is Role.ADMIN
    assert ("Click one to open" in words(app)) is may
    charts_to_click = [chart for chart in app.get("plotly_chart") if chart.proto.selection_mode]
    assert len(charts_to_click) == may


def test_a_click_on_the_chart_is_looked_at_before_it_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = UsageFilter("cg", since=MINUTE, until=MINUTE + timedelta(minutes=1))
    points: list[dict[str, Any]] = []
    state: dict[str, Any] = {capacity_throttles.CHART: {"selection": {"points": points}}}
    monkeypatch.setattr(st, "session_state", state)
    for sent in ([], [{}], [{"point_index": 5}], [{"point_index": -1}], [{"point_index": "0"}], [{"point_index": 1}]):
        points[:] = sent
        capacity_throttles.pick("UTC", (wanted, None))
        assert "usage_opening" not in state
    points[:] = [{"point_index": 0}]
    capacity_throttles.pick("Europe/Berlin", (wanted, None))
    assert state["usage_opening"]["clock"] == "Europe/Berlin"
    assert usage_link.read(state["usage_opening"]).filter == replace(wanted, zone="Europe/Berlin")


def test_a_spike_without_a_snapshot(empty: Mapping[str, Source], play: Callable[..., Played], visit: Run, monkeypatch: Any) -> None:
    play(busy)
    app = visit(system="cg")
    assert not app.exception
    assert "There is no snapshot yet" in words(app)
    assert "Conversations" not in table(app, "Why")

    def off() -> None:
        raise SnapshotOff("The snapshot is turned off.", "Turn it on.")

    monkeypatch.setattr(load_snapshot, "coverage", off)
    assert "The snapshot is turned off, so" in words(app.run())


def test_a_spike_after_the_snapshot_was_read(talked: Mapping[str, Source], play: Callable[..., Played], visit: Run) -> None:
    after = (datetime.now(UTC) + timedelta(minutes=1)).replace(second=0, microsecond=0)
    now = capacity_filters.window("1h", (), ZoneInfo("UTC"), datetime.now(UTC))
    assert now is not None
    known = capacity_throttles._known([moment("cg", MINUTE), moment("cg", after), moment("remo", MINUTE)])
    assert (known.moments, known.off, known.total) == ({0}, None, 3)


def moment(system: str, when: datetime) -> capacity_throttles.Moment:
    from data_access.capacity.report import Spike

    return capacity_throttles.Moment(system, Spike(when, 60, CG, None, 1, 1, ()), ((capacity_throttles.UNKNOWN_REASON, 2.0),))


def test_a_period_longer_than_a_minute_is_the_window(talked: Mapping[str, Source], play: Callable[..., Played], visit: Run) -> None:
    """What CloudWatch keeps of months ago is by the hour, and so is the spike."""
    old = (datetime.now(UTC) - timedelta(days=100)).replace(minute=0, second=0, microsecond=0)
    play(lambda metric, table, index, operation: {old: 3.0} if metric == "ReadThrottleEvents" and table == CG and not index else {})
    app = visit(system="cg", range="custom")
    app.date_input(key="days").set_value((old.date(), old.date() + timedelta(days=1))).run()
    assert not app.exception
    assert "Throttled events of each hour" in words(app)
    assert table(app, "Why")["Reads"] == [3]
    assert moment("cg", old).filter.until == old + timedelta(minutes=1)


REFUSALS = {
    "AccessDeniedException": ("AWS did not permit GetMetricData", "not permitted"),
    "Throttling": ("throttled GetMetricData", "CloudWatch was busy"),
    "SomethingElse": ("refused GetMetricData (SomethingElse)", "not known"),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_cloudwatch_refuses(empty: Mapping[str, Source], play: Callable[..., Played], visit: Run, code: str) -> None:
    client = play(busy, refuse=code)
    app = visit(system="cg")
    assert not app.exception
    for sentence in REFUSALS[code]:
        assert sentence in words(app)
    assert "123456789012" not in words(app)
    assert set(tiles(app).values()) == {"–"}
    assert table(app, "Busiest reads")["Table"] == [CG, CG]
    for part in PARTS:
        assert not at(app, part).exception, part
    assert all("put-metric-alarm" in code.value for code in app.code)
    asked = client.asked
    client.refuse = None
    app.button(key="capacity_again").click().run()
    assert client.asked > asked
    assert tiles(app)["Throttled events"] == "16"


def test_half_an_answer(empty: Mapping[str, Source], play: Callable[..., Played], visit: Run) -> None:
    play(busy, status="PartialData")
    app = visit(system="cg")
    assert not app.exception
    assert tiles(app)["Throttled events"] == "16 or more"
    assert table(app, "Busiest reads")["Average reads"] == [None, None]
    assert "incomplete" in words(app)
    assert "Nothing follows for them" in words(at(app, "Unused indexes"))


def test_nothing_reported_is_not_zero(empty: Mapping[str, Source], play: Callable[..., Played], visit: Run) -> None:
    play(nothing)
    app = visit()
    assert not app.exception
    assert tiles(app)["Busiest reads"] == "–"
    assert tiles(app)["Throttled events"] == "None"
    assert "CloudWatch has no data point of reads in this time. That is not a zero" in words(app)
    assert "No throttled request was reported" in words(app)
    for part in PARTS:
        assert not at(app, part).exception, part
    assert "nor of its table: nothing follows" in str(table(at(app, "Unused indexes"), "What is known"))


def test_a_table_that_is_gone(empty: Mapping[str, Source], play: Callable[..., Played], visit: Run) -> None:
    play(busy)
    empty["ai_agent"].client.delete_table(TableName="ai-agent-messages")
    app = visit()
    assert not app.exception
    assert "The table ai-agent-messages does not exist." in words(app)
    assert "ai-agent-sessions" in table(app, "Busiest reads")["Table"]
    assert tiles(app)["Throttled events"] == "16"
    empty["cg"].client.delete_table(TableName=CG)
    st.cache_resource.clear()
    app = visit(system="cg")
    assert not app.exception
    assert f"The table {CG} does not exist." in words(app)
    assert not app.metric


def test_one_system_that_fails_leaves_the_others(
    empty: Mapping[str, Source], play: Callable[..., Played], visit: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(busy)
    real = load_costs.capacity

    def some(system: str, since: datetime, until: datetime) -> CapacityReport:
        if system == "remo":
            raise UsageError("There is no such role.", "Check role_arn.")
        return real(system, since, until)

    monkeypatch.setattr(load_costs, "capacity", some)
    app = visit()
    assert not app.exception
    assert "There is no such role." in words(app)
    assert tiles(app)["Throttled events"] == "16"


def test_a_provisioned_table_with_twenty_indexes(empty: Mapping[str, Source], play: Callable[..., Played], visit: Run) -> None:
    client = empty["cg"].client
    client.delete_table(TableName=CG)
    names = [f"index-{number:02}" for number in range(20)]
    capacity = {"ReadCapacityUnits": 10, "WriteCapacityUnits": 40}
    client.create_table(
        TableName=CG,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("conversation_id", *names)],  # pyright: ignore[reportArgumentType]
        KeySchema=[{"AttributeName": "conversation_id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": name,
                "KeySchema": [{"AttributeName": name, "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
                "ProvisionedThroughput": capacity,
            }
            for name in names
        ],  # pyright: ignore[reportArgumentType]
        ProvisionedThroughput=capacity,  # pyright: ignore[reportArgumentType]
    )
    play(busy)
    app = visit(system="cg")
    assert not app.exception
    listed = table(app, "Busiest reads")
    assert listed["Index"] == ["the table itself", *names]
    assert listed["Provisioned reads"] == [10] * 21
    # 300 units of ten minutes of ten a second, and all of them in one minute.
    assert listed["Used reads"][0] == pytest.approx(300 / 6_000)
    assert listed["Used reads, most"][0] == pytest.approx(0.5)
    assert listed["Used reads"][1] is None
    app.selectbox(key="capacity_resource").set_value(CG).run()
    assert "Used 5.0 % of what is provisioned on average, 50 % in the busiest minute." in words(app)
    assert "0.2 % of the 3,000 read units a second that one partition can do" in words(app)
    app.session_state["capacity_side"] = "Writes"
    assert "the utilisation is not known" in words(app.run())
    for part in PARTS:
        assert not at(app, part).exception, part


def test_on_demand_has_no_utilisation(empty: Mapping[str, Source], play: Callable[..., Played], visit: Run) -> None:
    play(busy)
    app = visit(system="cg")
    app.selectbox(key="capacity_resource").set_value(CG).run()
    assert not app.exception
    assert "On demand: nothing is provisioned, so there is no utilisation." in words(app)
    app.selectbox(key="capacity_resource").set_value(f"{CG} · {INDEX}").run()
    assert "CloudWatch has no data point of reads" in words(app)


def test_sample_data_is_labelled(empty: Mapping[str, Source], visit: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = CloudWatch(Played(busy), sample=True)
    monkeypatch.setattr(load_costs, "cloudwatch", lambda _: opened)
    app = visit(system="cg")
    assert not app.exception
    assert "sample data" in words(app)
    assert "nothing for sample data" in words(app)


def test_links_that_name_what_is_not_here(empty: Mapping[str, Source], play: Callable[..., Played], visit: Run) -> None:
    play(busy)
    app = visit(system="<b>none</b>", range="<i>", table="**x**", other="1")
    assert not app.exception
    assert "The link names a system that is not here" in words(app)
    assert "The link names a time range that is not here" in words(app)
    app = visit(system="remo", table=CG)
    assert "The link names a table that is not here" in words(app)
    assert "of another system" not in words(app)


def test_one_table(empty: Mapping[str, Source], play: Callable[..., Played], visit: Run) -> None:
    play(busy)
    app = visit(table="ai-agent-sessions")
    assert not app.exception
    assert tiles(app)["Throttled events"] == "None"
    assert set(table(app, "Busiest reads")["Table"]) == {"ai-agent-sessions"}
    assert app.query_params["table"] == "ai-agent-sessions"


def test_days_that_have_not_come(empty: Mapping[str, Source], play: Callable[..., Played], visit: Run) -> None:
    client = play(busy)
    app = visit(range="custom")
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    app.date_input(key="days").set_value((tomorrow, tomorrow + timedelta(days=3))).run()
    assert not app.exception
    assert "No time is chosen." in words(app)
    before = client.asked
    app.date_input(key="days").set_value((date(2020, 1, 1), date(2020, 1, 3))).run()
    assert not app.exception
    assert client.asked > before
    assert tiles(app)["Busiest reads"] == "–"


def test_a_start_that_fails(visit: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise EngineError("The local engine was not ready.", "Its log is engine.log.")

    monkeypatch.setattr(load, "prepare", fail)
    app = visit()
    assert not app.exception
    assert "The local engine was not ready." in words(app)


def test_no_system_is_enabled(sources: Mapping[str, Source], visit: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "sources", dict)
    app = visit()
    assert not app.exception
    assert "No system is enabled." in words(app)


def test_without_the_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "viewer", lambda: NOBODY)
    app = AppTest.from_file(FILE, default_timeout=120).run()
    assert not app.exception
    assert "Your role does not open this page" in app.warning[0].value
    assert not app.title


# ---- windows, periods, clocks


def test_windows_stay_the_same_for_minutes() -> None:
    zone = ZoneInfo("Europe/Berlin")
    now = datetime(2026, 11, 20, 7, 43, 21, tzinfo=UTC)
    later = datetime(2026, 11, 20, 7, 44, 59, tzinfo=UTC)
    for preset, length in capacity_filters.LENGTHS.items():
        found = capacity_filters.window(preset, (), zone, now)
        assert found == (datetime(2026, 11, 20, 7, 40, tzinfo=UTC) - length, datetime(2026, 11, 20, 7, 40, tzinfo=UTC))
        assert found == capacity_filters.window(preset, (), zone, later)
    days = (date(2026, 10, 25), date(2026, 10, 25))
    assert capacity_filters.window("custom", days, zone, now) == (
        datetime(2026, 10, 24, 22, tzinfo=UTC),
        datetime(2026, 10, 25, 23, tzinfo=UTC),
    )
    assert capacity_filters.window("custom", (date(2026, 11, 20), date(9999, 12, 31)), zone, now) is None
    assert capacity_filters.window("custom", days[:1], zone, now) is None


@pytest.mark.parametrize(
    "hours, least, seconds",
    [(1, 60, 60), (24, 60, 60), (7 * 24, 60, 900), (14 * 24, 60, 900), (1, 300, 300), (24 * 60, 300, 3_600), (24 * 455, 3_600, 43_200)],
)
def test_no_line_has_more_points_than_a_browser_draws_well(hours: int, least: int, seconds: int) -> None:
    until = datetime(2026, 11, 20, 7, 40, tzinfo=UTC)
    found = Periods.of(until - timedelta(hours=hours), until, least=least)
    assert found.seconds == seconds
    assert len(found.starts) <= capacity_periods.MOST_PERIODS + 1
    assert found.length_of(found.starts[0]) <= seconds
    assert sum(map(found.length_of, found.starts)) == hours * 3_600


def series(values: Mapping[int, float], *, status: Any = "complete", period: int = 60, name: str = "ConsumedReadCapacityUnits") -> Series:
    start = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
    times = tuple(start + timedelta(minutes=minute) for minute in values)
    return Series(Metric(name, "Sum", period, CG), start, start + timedelta(minutes=30), times, tuple(values.values()), status)


def test_values_of_periods() -> None:
    start = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
    found = Periods(start, start + timedelta(minutes=30), 900, (start, start + timedelta(minutes=15)))
    sparse = series({0: 60.0, 4: 600.0})
    assert found.sums(sparse) == [660.0, None]
    assert found.highest_rate(sparse) == [10.0, None]
    assert found.average_rate(sparse) == [660 / 900, None]
    assert found.average_rate(series({0: 60.0}, status="partial")) == [None, None]
    assert found.highest_rate(series({0: 0.0})) == [0.0, None]
    assert found.levels(series({0: 5.0, 5: 7.0, 20: 9.0}, period=300)) == [6.0, 9.0]
    minutes = Periods.of(start, start + timedelta(minutes=30))
    assert minutes.levels(series({5: 7.0}, period=300))[4:11] == [None, 7.0, 7.0, 7.0, 7.0, 7.0, None]
    average, calls = series({0: 2.0, 5: 8.0}, period=300), series({0: 3.0, 5: 1.0}, period=300)
    assert found.weighted(average, calls) == [3.5, None]
    assert capacity_periods.added([[1.0, None], [2.0, None]]) == [3.0, None]


def test_a_chart_over_a_change_of_clocks_is_in_utc() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    change = datetime(2026, 10, 25, 1, tzinfo=UTC)
    assert capacity_periods.chart_clock(berlin, change - timedelta(days=3), change + timedelta(days=3)) is UTC
    assert capacity_periods.chart_clock(berlin, change, change + timedelta(days=3)) is berlin
    assert capacity_periods.chart_clock(berlin, change - timedelta(days=3), change - timedelta(minutes=5)) is berlin


def test_ticks_are_round_and_few() -> None:
    until = datetime(2026, 11, 20, 7, 40)  # noqa: DTZ001 - as charts take them
    for hours in (1, 3, 24, 7 * 24, 14 * 24, 400 * 24):
        found = charts_time.ticks(until - timedelta(hours=hours), until)
        assert 2 <= len(found) <= charts_time.MOST_TICKS + 1
        assert all(at.minute % 5 == 0 for at in found)


@pytest.mark.parametrize("value, text", [(None, "–"), (0, "0"), (0.001, "under 0.01"), (0.5, "0.50"), (12.34, "12.3"), (1_234.5, "1,234")])
def test_rates_in_words(value: float | None, text: str) -> None:
    assert capacity_view.rate(value) == text


def test_series_as_a_file() -> None:
    rows = SeriesRows.of([("cg", series({0: 60.0, 4: 600.0})), ("cg", series({}))])
    assert len(rows) == 2
    assert rows[0]["value"] == 60.0
    assert rows[-1]["time"] == datetime(2026, 11, 20, 7, 4, tzinfo=UTC)
    assert [row["value"] for row in rows[0:2]] == [60.0, 600.0]
    with pytest.raises(IndexError):
        rows[2]
    found = list(csv.DictReader(io.StringIO(as_csv(rows, ZoneInfo("UTC")).decode("utf-8-sig"))))
    assert found[1]["metric"] == "ConsumedReadCapacityUnits"
    assert found[1]["period_seconds"] == "60"
    assert not SeriesRows.of([("cg", series({}))])


def test_more_spikes_than_a_chart_has_room_for(empty: Mapping[str, Source], play: Callable[..., Played], visit: Run) -> None:
    minutes = {MINUTE - timedelta(minutes=place): float(1 + place % 7) for place in range(charts.MOST_POINTS + 50)}
    play(lambda metric, name, index, operation: minutes if metric == "ReadThrottleEvents" and name == CG and not index else {})
    app = visit(system="cg")
    assert not app.exception
    assert f"The {charts.MOST_POINTS:,} spikes with most events, of {len(minutes):,}" in words(app)
    assert tiles(app)["Throttled events"] == f"{sum(minutes.values()):,.0f}"
    assert len(table(app, "Why")["Reads"]) == capacity_throttles.PAGE_ROWS


def test_names_in_charts_are_never_markup() -> None:
    evil = '<b>bold</b><a href="https://evil.example">x</a>'
    times = [datetime(2026, 11, 20, 7), datetime(2026, 11, 20, 8)]  # noqa: DTZ001 - as charts take them
    window = (times[0], times[1])
    for figure in (
        charts_time.lines(times, [charts_time.Line(evil, [1, None])], window=window, unit="ms"),
        charts_time.counts(times, {evil: [1, 2]}, seconds=3_600, window=window),
        charts_time.stems(times, {evil: [1, None]}, [evil, evil], window=window),
    ):
        drawn = figure.to_json()
        assert "evil.example" in drawn
        assert "<b>" not in drawn.replace("\\u003c", "<")
        assert "<a" not in drawn.replace("\\u003c", "<")
    with pytest.raises(AssertionError, match="points in a trace"):
        charts_time.stems(times * charts.MOST_POINTS, {}, [], window=window)
