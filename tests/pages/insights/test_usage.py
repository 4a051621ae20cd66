"""Usage page: no snapshot, turned off, nothing in it, numbers, other filters, each failure, no role; files to take away."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

from data_access.access.permissions import Role
from data_access.access.viewer import NOBODY
from data_access.dynamo.aws import Source
from data_access.errors import EngineError, SnapshotError
from data_access.settings import SnapshotSettings
from data_access.snapshot.hot import Hot
from data_access.snapshot.sync import sync
from data_access.usage import METRICS, Usage, UsageFilter, Window, usage
from pages.ui import access, load, load_snapshot, metrics, usage_files, usage_filters, usage_states, usage_time
from pages.ui.load import settings as cached_settings
from tests.data_access import asked
from tests.pages.conftest import APP
from tests.pages.signed_in import AUTH, of, to_aws

Run = Callable[..., AppTest]
PAGE = "pages/insights/usage.py"
FILE = Path(__file__).resolve().parents[3] / PAGE
PARTS = ("People", "Conversations", "Responses", "Tools", "Leaders", "Kept now")


def words(app: AppTest) -> str:
    return "\n".join(str(element.value) for element in (*app.markdown, *app.caption, *app.text))


def tiles(app: AppTest) -> dict[str, str]:
    return {tile.label: str(tile.value) for tile in app.metric}


@pytest.fixture
def visit(run: Run) -> Run:
    """Open the page by its address: the entry script runs on the first page before."""

    def opened(**address: str) -> AppTest:
        app = run(zone=address.pop("zone", "UTC"))
        for name, value in address.items():
            app.query_params[name] = value
        return app.switch_page(PAGE).run()

    return opened


def at(app: AppTest, part: str) -> AppTest:
    app.session_state["usage_part"] = part
    return app.run()


def test_no_snapshot_yet(seeded: Mapping[str, Source], visit: Run) -> None:
    app = visit()
    assert not app.exception
    assert "Usage needs a snapshot, and there is none yet" in words(app)
    assert "read units, " in words(app)
    assert "python -m data_access sync" in [code.value for code in app.code]
    assert "Open the snapshot page" in [link.proto.label for link in app.get("page_link")]
    assert not app.metric


def test_turned_off(sources: Mapping[str, Source], visit: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    real = load.settings()
    cached_settings.clear()
    monkeypatch.setattr(load, "load_settings", lambda: replace(real, snapshot=SnapshotSettings(on=False)))
    app = visit()
    assert not app.exception
    assert "The snapshot is turned off" in words(app)
    assert "Usage is answered from it." in words(app)
    assert not app.code
    assert not app.metric


def test_a_snapshot_with_nothing_in_it(empty: Mapping[str, Source], visit: Run) -> None:
    sync(empty["cg"], load_snapshot.store())
    app = visit(range="all")
    assert not app.exception
    assert "Nothing happened here in this time range." in words(app)


def test_seeded(seeded: Mapping[str, Source], visit: Run) -> None:
    sync(seeded["cg"], load_snapshot.store())
    app = visit(range="all", system="cg")
    assert not app.exception
    assert tiles(app)["Conversations started"] == "3"
    assert tiles(app)["Messages"] == "4"
    assert tiles(app)["Tool failure rate"] == "50.0%"
    assert "3 conversations" in words(app)
    assert "From the snapshot of just now" in words(app)
    for part in PARTS:
        assert not at(app, part).exception, part


WINDOWS = {
    "all time": ({"range": "all"}, UsageFilter()),
    "one system": ({"range": "all", "system": "ai_agent"}, UsageFilter(system="ai_agent")),
    "one tenant": ({"range": "all", "tenant": "t1"}, UsageFilter(tenant="t1")),
    "two days of New York": (
        {"range": "custom", "zone": "America/New_York"},
        UsageFilter(since=datetime(2026, 3, 7, 5, tzinfo=UTC), until=datetime(2026, 3, 9, 4, tzinfo=UTC), zone="America/New_York"),
    ),
}


@pytest.mark.parametrize("name", WINDOWS)
def test_every_number_is_the_one_of_usage(name: str, invented: Hot, visit: Run) -> None:
    address, wanted = WINDOWS[name]
    app = visit(**address)
    if address["range"] == "custom":
        # The clocks change on the second day: it has 23 hours.
        app.date_input(key="days").set_value((date(2026, 3, 7), date(2026, 3, 8))).run()
    assert not app.exception
    truth = usage(invented, wanted)
    shown: dict[str, str] = {}
    for part in PARTS:
        shown |= tiles(at(app, part))
    said = {METRICS[metric].title: metrics.written(METRICS[metric], value) for metric, value in truth.metrics.items()}
    missing = {name for name in METRICS if METRICS[name].title not in shown}
    assert missing == ({*OF_RECORDS} if not truth.series["records"] else set())
    assert {title: said[title] for title in shown} == shown


OF_RECORDS = ("preferences_adoption", "reminders_open", "reminders_done", "todos_open", "todos_done")


def test_each_change_is_from_the_period_before(invented: Hot, visit: Run) -> None:
    app = visit(range="custom")
    app.date_input(key="days").set_value((date(2026, 3, 9), date(2026, 3, 22))).run()
    assert not app.exception
    assert "compared with the same length before it, from 23 Feb 2026" in words(app)
    found = usage(invented, UsageFilter(since=datetime(2026, 3, 9, tzinfo=UTC), until=datetime(2026, 3, 23, tzinfo=UTC)))
    tile = next(tile for tile in app.metric if tile.label == "Messages")
    change, before = metrics.delta(METRICS["messages"], found.metrics["messages"], found.previous["messages"])
    assert tile.delta == str(change)
    assert tile.proto.delta_description == before == f"from {found.previous['messages']:,}"


def test_a_period_before_the_first_message_is_no_period(invented: Hot, visit: Run) -> None:
    app = visit(range="custom")
    app.date_input(key="days").set_value((date(2026, 2, 1), date(2026, 4, 30))).run()
    assert not app.exception
    assert "so there is no period to compare with" in words(app)
    assert not any(tile.delta for tile in app.metric)


def test_a_filter_that_matches_nothing(invented: Hot, visit: Run) -> None:
    app = visit(range="all", tenant="nobody")
    app.text_input(key="usage_user").set_value("nobody ").run()
    assert not app.exception
    assert "Nothing happened here in this time range." in words(app)
    assert "A user id must be exact" in words(app)
    assert "ends with a space" in words(app)
    assert not app.metric


def test_a_user_id_is_not_in_the_address(invented: Hot, visit: Run) -> None:
    app = visit(range="all")
    app.text_input(key="usage_user").set_value("u8").run()
    assert not app.exception
    assert tiles(app)["Active users"] == "3"  # one a system
    assert "u8" not in str(app.query_params)


def test_a_link_to_a_system_that_is_not_here(invented: Hot, visit: Run) -> None:
    app = visit(system="<b>none</b>")
    assert not app.exception
    assert "The link names a system that is not here" in words(app)


@pytest.mark.parametrize("show", [usage_time.ACTIVE, usage_time.STARTED, usage_time.MESSAGES, usage_time.USERS, usage_time.RESPONSES])
@pytest.mark.parametrize("by", [usage_time.DAY, usage_time.OF_WEEK, usage_time.OF_MONTH])
def test_every_chart_over_time(invented: Hot, visit: Run, show: str, by: str) -> None:
    app = visit(range="all")
    app.session_state["usage_show"], app.session_state["usage_by"] = show, by
    assert not app.run().exception
    found = usage(invented, UsageFilter())
    by = by if show != usage_time.RESPONSES else usage_time.DAY
    drawn = usage_time.points(found.series, show, by)
    assert len(drawn.days) == len(drawn.cells) == len(set(drawn.days))
    for values in drawn.traces.values():
        assert len(values) == len(drawn.days)
    if show == usage_time.MESSAGES:
        assert sum(map(sum, drawn.traces.values())) == found.metrics["messages"]
    if show == usage_time.STARTED:
        assert sum(drawn.traces["Conversations"]) == found.metrics["conversations_started"]
    if show == usage_time.USERS:
        assert sum(drawn.traces["New"]) == found.metrics["new_users"]
        assert min(drawn.traces["Returning"]) >= 0


def test_a_zone_that_does_not_exist_is_the_browsers(invented: Hot, visit: Run) -> None:
    app = visit(zone="Mars/Olympus")
    assert not app.exception
    assert app.metric or "Nothing happened" in words(app)


@pytest.mark.parametrize(
    "error", [SnapshotError("A file of the snapshot is missing.", "Run a full sync."), EngineError("The engine is gone.", "Start it.")]
)
def test_what_cannot_be_read(invented: Hot, visit: Run, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(_: UsageFilter) -> Usage:
        raise error

    monkeypatch.setattr(load_snapshot, "usage", fail)
    app = visit()
    assert not app.exception
    assert str(error).partition(".")[0] in words(app)
    assert "usage_again" in [button.key for button in app.button]


def test_a_start_that_fails(visit: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise EngineError("The local engine was not ready.", "Its log is engine.log.")

    monkeypatch.setattr(load, "prepare", fail)
    app = visit()
    assert not app.exception
    assert "The local engine was not ready." in words(app)


def test_without_the_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "viewer", lambda: NOBODY)
    app = AppTest.from_file(FILE, default_timeout=120).run()
    assert not app.exception
    assert "Your role does not open this page" in app.warning[0].value
    assert not app.title


def opens(app: AppTest) -> dict[str, int]:
    """How many things on the page as it is now lead to the conversations behind a number, or say so."""
    values = [str(cell) for table in app.dataframe for name in table.value for cell in table.value[name]]
    helps = [str(title.proto.help) for title in app.subheader]
    return {
        "buttons": sum(str(button.key).startswith("usage_open_") for button in app.button),
        "charts": sum(bool(chart.proto.selection_mode) for chart in app.get("plotly_chart")),
        "cells": sum("›" in value for value in values),
        "columns": sum(table.proto.columns.count("Open these conversations") for table in app.dataframe),
        "words": words(app).count("Click to open") + sum("opens exactly" in text for text in helps),
    }


def numbers(app: AppTest) -> list[list[int]]:
    """What the columns of conversations say, whatever they look like."""
    columns = [table.value[name] for table in app.dataframe for name in ("Conversations", "With a failure") if name in table.value]
    return [[int(str(cell).removesuffix(" ›").replace(",", "")) if pd.notna(cell) else 0 for cell in column] for column in columns]


def test_who_may_not_list_conversations_sees_the_numbers_and_no_way_to_open_them(
    invented: Hot, sources: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    to_aws(monkeypatch)
    found: dict[Role, Mapping[str, tuple[dict[str, int], dict[str, str], list[list[int]]]]] = {}
    for role in (Role.ANALYST, Role.ADMIN):
        app = AppTest.from_file(APP, default_timeout=120)
        app.user, app.secrets = of(role), AUTH
        app.run().query_params["range"] = "all"
        app.switch_page(PAGE).run()
        parts: dict[str, tuple[dict[str, int], dict[str, str], list[list[int]]]] = {}
        for part in PARTS:
            assert not at(app, part).exception, part
            parts[part] = (opens(app), tiles(app), numbers(app))
        found[role] = parts
    for part in PARTS:
        analyst, admin = found[Role.ANALYST][part], found[Role.ADMIN][part]
        assert set(analyst[0].values()) == {0}, part
        assert admin[0]["charts"] >= 2, part
        assert admin[0]["words"] >= 1, part
        assert analyst[1:] == admin[1:], "the numbers are the same"
    assert found[Role.ADMIN]["Conversations"][0]["buttons"] == 3
    assert found[Role.ADMIN]["Kept now"][0]["buttons"] == 1
    for part in ("Tools", "Leaders"):
        assert found[Role.ADMIN][part][0]["cells"] > 0
        assert found[Role.ADMIN][part][0]["columns"] > 0
        assert any(map(any, found[Role.ANALYST][part][2]))


def test_hostile_names_are_never_markdown(empty: Mapping[str, Source], visit: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    evil = "![x](https://evil.example/p.png) <b>=cmd()</b>"
    said = [asked.message(1, "user", datetime(2026, 3, 3, tzinfo=UTC), system="ai_agent", user_id=evil, tenant_id=evil)]
    copy = asked.hot(asked.talk(said), synced={"ai_agent": datetime.now(UTC)})
    sync(empty["ai_agent"], load_snapshot.store())
    monkeypatch.setattr(load_snapshot, "hot", lambda: copy)
    app = at(visit(range="all"), "Leaders")
    assert not app.exception
    assert "evil.example" not in words(app)
    assert any("cmd()</b>" in str(table.value) for table in app.dataframe)


def test_changes_that_are_none_are_the_number_zero() -> None:
    messages, rate = METRICS["messages"], METRICS["tool_failure_rate"]
    assert metrics.delta(messages, 7, 7) == (0, "from 7")
    assert metrics.delta(messages, 100_001, 100_000)[0] == 0
    assert metrics.delta(messages, 0, 0) == (0, "from 0")
    assert metrics.delta(messages, 5, 0) == ("+5", "from 0")
    assert metrics.delta(messages, 0, 5) == ("-100%", "from 5")
    assert metrics.delta(messages, 2_000, 2) == ("+1,998", "from 2")
    assert metrics.delta(rate, 0.1, 0.1) == (0, "from 10.0%")
    assert metrics.delta(rate, 0.125, 0.1) == ("+2.5 pp", "from 10.0%")
    assert metrics.delta(rate, None, 0.1) == (None, None)


ROWS = [
    {"user_id": "=cmd()", "messages": 3, "last_message_at": datetime(2026, 1, 1, 23, 30, tzinfo=UTC), "day": date(2026, 1, 1)},
    {"user_id": "@SUM(A1)", "messages": 1, "last_message_at": None, "day": date(2026, 1, 2)},
]


def test_a_spreadsheet_runs_nothing_of_the_csv() -> None:
    data = usage_files.as_csv(ROWS, ZoneInfo("Asia/Tokyo"))
    assert data.startswith(b"\xef\xbb\xbf")
    found = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert [row["user_id"] for row in found] == ["'=cmd()", "'@SUM(A1)"]
    assert found[0]["last_message_at"] == "2026-01-02T08:30:00+09:00"
    assert found[0]["day"] == "2026-01-01"
    assert usage_files.as_csv([], ZoneInfo("UTC")) == b"\xef\xbb\xbf"


def test_parquet_keeps_values_and_types() -> None:
    table: Any = pq.read_table(io.BytesIO(usage_files.as_parquet(ROWS, ZoneInfo("UTC"))))
    assert table.to_pylist() == ROWS
    assert pq.read_table(io.BytesIO(usage_files.as_parquet([], ZoneInfo("UTC")))).num_rows == 0


def test_windows_in_words() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert usage_filters.window_words(Window(None, None), berlin) == "all time"
    midnight = Window(datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC))
    assert usage_filters.window_words(midnight, berlin) == "29 Mar 2026 to 30 Mar 2026"
    assert usage_states.COMMAND == "python -m data_access sync"
