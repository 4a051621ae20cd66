"""Costs page: no snapshot, turned off, unknown amounts, free tier, each failure, no role; every part; words for money and windows."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from streamlit.testing.v1 import AppTest

from data_access.access.viewer import NOBODY
from data_access.capacity.cloudwatch import CloudWatch
from data_access.costs.observed import Line, Observed, ResourceCosts, SystemAttribution, What, attribute, here
from data_access.costs.observed.attribution import Each
from data_access.costs.prices import PriceBook
from data_access.dynamo.aws import Source
from data_access.dynamo.meter import Measured
from data_access.errors import AccessDenied, DataAccessError, EngineError, SnapshotError, TableMissing, UsageError
from data_access.settings import SnapshotSettings
from data_access.snapshot.hot import Hot
from data_access.snapshot.sync import sync
from pages.ui import access, cost_filters, cost_now, cost_talks, cost_words, load, load_costs, load_snapshot, own_cost, usage_files
from pages.ui.load import settings as cached_settings
from tests.data_access import asked

Run = Callable[..., AppTest]
PAGE = "pages/insights/costs.py"
FILE = Path(__file__).resolve().parents[3] / PAGE
PARTS = ("Now", "By conversation", "Growth", "Advice", "What if")
SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 20, 7, 20, tzinfo=UTC)


def words(app: AppTest) -> str:
    return "\n".join(str(element.value) for element in (*app.markdown, *app.caption, *app.text))


def tiles(app: AppTest) -> dict[str, str]:
    return {tile.label: str(tile.value) for tile in app.metric}


def table(app: AppTest, name: str) -> dict[str, list[Any]]:
    """The table that has a column of this name."""
    found = next(one.value for one in app.dataframe if name in one.value.columns)
    return {str(column): list(found[column]) for column in found.columns}


@pytest.fixture
def visit(run: Run) -> Run:
    """Open the page by its address: the entry script runs on the first page before."""

    def opened(part: str = "Now", **address: str) -> AppTest:
        app = run(zone="UTC")
        for name, value in {"cost_part": part, **address}.items():
            app.query_params[name] = value
        return app.switch_page(PAGE).run()

    return opened


# ---- what was observed, made up


def line(what: What, usd: float | None, *, month: float | None = None, quantity: float | None = 10.0, note: str = "") -> Line:
    source = "CloudWatch" if what in ("reads", "writes") else "DescribeTable"
    unit = "units" if source == "CloudWatch" else "GB-months"
    coverage = 0.5 if source == "CloudWatch" and quantity is not None else None
    return Line(what, quantity, unit, usd, source, coverage, note, month if month is not None or usd is None else 2 * usd)


def resource(system: str, name: str, index: str | None, *lines: Line, **more: Any) -> ResourceCosts:
    how: dict[str, Any] = {"region": "us-east-1", "reads": 10.0, "writes": 10.0} | more
    return ResourceCosts(system, name, index, "STANDARD", "on-demand", 1_000, 5_000_000, lines, **how)


CG = "cg-chatbot-conversations"
PRICES = PriceBook(None).prices("us-east-1")
UNTOLD = line("reads", None, quantity=None, note="CloudWatch may not be asked by this identity.")
KNOWN = (
    resource("cg", CG, None, line("storage", 10.0), line("reads", 2.0), line("writes", 8.0), line("backups", 1.5)),
    resource("cg", CG, "user_id-created_at-index", line("storage", 5.0), line("reads", 0.0, quantity=0), line("writes", 7.0), reads=0.0),
    resource("remo", "remo-user-data", None, line("storage", 0.5), line("reads", 0.25), line("writes", 0.75)),
)


def observed(*resources: ResourceCosts, **more: Any) -> Observed:
    made = resources or KNOWN
    total = sum(one.usd or 0.0 for one in made)
    off = 4.0
    how: dict[str, Any] = {
        "free_tier_usd": off,
        "total_usd": total - off,
        "month_to_date_usd": total - off,
        "projected_usd": 2 * total - off,
        "prices": {"us-east-1": replace(PRICES, source="AWS Price List", dated="2026-11-20")},
        "problems": (),
        "own_usd": 0.0,
        "sample": False,
        "free_tier": True,
    }
    return Observed(SINCE, UNTIL, made, **(how | more))


Told = Callable[..., list[tuple[datetime | None, datetime | None]]]


@pytest.fixture
def told(empty: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch) -> Told:
    """`told(observed)`: what the page is told of every window, or what is raised. Returns the windows that it asks for."""

    def tell(said: Observed | DataAccessError) -> list[tuple[datetime | None, datetime | None]]:
        windows: list[tuple[datetime | None, datetime | None]] = []

        def answer(since: datetime | None = None, until: datetime | None = None, **_: object) -> Observed:
            windows.append((since, until))
            if isinstance(said, DataAccessError):
                raise said
            return said if since is None else replace(said, since=since, until=until or UNTIL)

        monkeypatch.setattr(load_costs, "costs_observed", answer)
        return windows

    return tell


# ---- numbers


def test_the_head_has_this_month_and_the_last(told: Told, visit: Run) -> None:
    windows = told(observed())
    app = visit()
    assert not app.exception
    assert tiles(app) == {"This month so far": "$35.00", "This month, projected": "$70.00", "Last month": "$35.00"}
    assert "AWS Price List of 2026" in words(app)
    assert "CloudWatch: 6 of 6 series known, with data points in 50% of their hours" in words(app)
    assert "Sample data" not in words(app)
    assert windows == [(None, None), cost_filters.last_month(datetime.now(UTC))]


def test_the_free_tier_is_taken_off_once(told: Told, visit: Run) -> None:
    told(observed())
    app = visit(free_tier="true")
    assert not app.exception
    assert tiles(app) == {"This month so far": "$31.00", "This month, projected": "$66.00", "Last month": "$31.00"}
    assert "It takes \\$4.00 off this month so far." in words(app)
    app = visit(free_tier="true", system="cg")
    assert tiles(app)["This month so far"] == "$33.50"
    assert "it is not taken off one system" in words(app)


def test_by_system_and_by_table(told: Told, visit: Run) -> None:
    told(observed())
    app = visit()
    by_system = table(app, "A month at this rate")
    assert by_system["System"] == ["CG Production Assistant", "Remo"]
    assert by_system["In the window"] == [33.5, 1.5]
    by_table = table(app, "Write units")
    assert by_table["Table or index"] == [CG, "\u2003↳ user_id-created_at-index", "remo-user-data"]
    assert by_table["All"] == [21.5, 12.0, 1.5]
    assert by_table["Backups"] == ["$1.50", "–", "–"]
    assert by_table["Reads"] == [2.0, 0.0, 0.25]
    unused = table(app, "All known")
    assert unused["Index"] == ["user_id-created_at-index"]
    assert unused["A month"] == [24.0]
    app = visit(system="remo")
    assert table(app, "Write units")["Table or index"] == ["remo-user-data"]
    assert "Every index whose reads are known was read" in words(app)


def test_what_drives_it_has_every_dollar() -> None:
    names, parts = cost_now.drivers(KNOWN)
    assert names == [CG, "remo-user-data"]
    assert parts["Index writes"] == [7.0, None]
    assert "Capacity" not in parts
    assert sum(amount or 0.0 for values in parts.values() for amount in values) == pytest.approx(35.0)


def test_many_tables_are_a_few_bars_and_the_rest() -> None:
    many = [resource("cg", f"table-{number:02}", None, line("storage", float(number))) for number in range(1, 31)]
    names, parts = cost_now.drivers(many)
    assert len(names) == cost_now.MOST_BARS
    assert names[0] == "table-30"
    assert names[-1] == cost_now.OTHERS
    assert sum(amount or 0.0 for amount in parts["Storage"]) == sum(range(1, 31))


def test_twenty_indexes(told: Told, visit: Run) -> None:
    indexes = [resource("cg", CG, f"an-index-with-a-rather-long-name-{number}", line("writes", 1.0)) for number in range(20)]
    told(observed(KNOWN[0], *indexes))
    app = visit()
    assert not app.exception
    assert len(table(app, "Write units")["All"]) == 21
    app.session_state["cost_lines_open"] = True
    app.run()
    assert not app.exception
    assert len(table(app, "Note")["What"]) == 24


def test_every_number_is_the_one_that_was_observed(seeded: Mapping[str, Source], visit: Run) -> None:
    sync(seeded["cg"], load_snapshot.store())
    app = visit()
    assert not app.exception
    found = load_costs.costs_observed(free_tier=True)
    assert tiles(app)["This month so far"] == cost_words.brief(cost_words.window_usd(found.resources))
    assert "built-in table of" in words(app)
    assert "Sample data" in words(app)
    assert "the snapshot of just now" in words(app)
    assert len(table(app, "Write units")["All"]) == len(found.resources)


# ---- what is not known


def test_what_is_unknown_is_not_zero(told: Told, visit: Run) -> None:
    told(observed(resource("cg", CG, None, line("storage", 10.0), UNTOLD, line("writes", 8.0), reads=None)))
    app = visit()
    assert not app.exception
    assert tiles(app)["This month so far"] == "$18.00"
    assert "At least: 1 amount is unknown." in words(app)
    assert [math.isnan(usd) for usd in table(app, "Write units")["Reads"]] == [True], "said as unknown by the table"
    assert "CloudWatch: 1 of 2 series known" in words(app)
    app.session_state["cost_lines_open"] = True
    app.run()
    assert "CloudWatch may not be asked by this identity." in table(app, "Note")["Note"]
    told(observed(resource("cg", CG, None, UNTOLD, reads=None), total_usd=None, month_to_date_usd=None, projected_usd=None))
    app = visit(free_tier="true")
    assert set(tiles(app).values()) == {"unknown"}
    assert "No amount is known." in words(app)


def test_cloudwatch_is_denied(seeded: Mapping[str, Source], visit: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(**_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "arn:aws:iam::123456789012:user/x"}}, "GetMetricData")

    watch = CloudWatch(SimpleNamespace(get_metric_data=deny))
    monkeypatch.setattr(here, "open_cloudwatch", lambda *_: watch)
    sync(seeded["cg"], load_snapshot.store())
    app = visit()
    assert not app.exception
    assert "AWS did not permit GetMetricData" in words(app)
    assert "cloudwatch:GetMetricData" in words(app)
    assert "123456789012" not in words(app)
    assert "CloudWatch: nothing known." in words(app)
    found = table(app, "Write units")
    assert all(math.isnan(usd) for usd in (*found["Reads"], *found["Writes"]))
    assert not math.isnan(found["Storage"][0])


def test_a_table_that_vanished(seeded: Mapping[str, Source], visit: Run) -> None:
    client = seeded["remo"].client
    client.delete_table(TableName="remo-user-data")
    app = visit()
    assert not app.exception
    assert "The table remo-user-data does not exist." in words(app)
    assert "Open the tables page" in [link.proto.label for link in app.get("page_link")]
    assert CG in table(app, "Write units")["Table or index"]


def test_no_table_at_all(sources: Mapping[str, Source], visit: Run) -> None:
    app = visit()
    assert not app.exception
    assert "No table could be read, so what it costs is unknown." in words(app)
    assert "Some of this is not known" in words(app)
    assert not app.metric
    assert not at(app, "What if").exception
    assert app.metric


def at(app: AppTest, part: str) -> AppTest:
    app.query_params["cost_part"] = part
    return app.run()


def test_the_month_has_just_begun(told: Told, visit: Run) -> None:
    young = resource("cg", CG, None, line("storage", 0.001), Line("reads", 1.0, "units", 0.001, "CloudWatch"))
    told(observed(young, projected_usd=None))
    assert tiles(visit())["This month, projected"] == "unknown"
    assert tiles(visit(free_tier="true"))["This month, projected"] == "unknown"


def test_what_the_prices_lack_is_said(told: Told, visit: Run) -> None:
    lacking = replace(PRICES, notices=("The price list has a new unit, [x](http://evil.example).",))
    told(observed(prices={"us-east-1": lacking}))
    app = visit()
    assert "has a new unit" in words(app)
    assert "](http" not in words(app)


# ---- windows


@pytest.mark.parametrize("window", ["last-month", "7d", "30d", "90d", "custom"])
def test_other_windows(told: Told, visit: Run, window: str) -> None:
    windows = told(observed())
    app = visit(window=window)
    assert not app.exception
    assert len(windows) == (2 if window == "last-month" else 3)
    assert "Last month" in tiles(app)
    assert len(tiles(app)) == (3 if window == "last-month" else 4)


def test_windows_are_half_open_in_utc() -> None:
    now = datetime(2026, 3, 1, 0, 30, tzinfo=ZoneInfo("Asia/Tokyo"))  # still February in UTC
    assert cost_filters.span("month", now) == (None, None)
    assert cost_filters.span("last-month", now) == (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
    assert cost_filters.span("7d", now) == (datetime(2026, 2, 21, 15, tzinfo=UTC), None)
    assert cost_filters.last_month(datetime(2026, 1, 31, 23, 59, tzinfo=UTC))[0] == datetime(2025, 12, 1, tzinfo=UTC)
    assert cost_filters.words(SINCE, UNTIL) == "1 Nov 2026 to 20 Nov 2026 07:20 UTC"


def test_a_window_that_has_not_begun(empty: Mapping[str, Source], visit: Run) -> None:
    app = visit(window="custom")
    after = datetime.now(UTC).date() + timedelta(days=400)
    app.date_input(key="days").set_value((after, after + timedelta(days=1))).run()
    assert not app.exception
    assert "The window has not begun yet." in words(app)
    assert "Unknown: see above." in words(app)


def test_a_link_to_a_system_or_a_window_that_is_not_here(told: Told, visit: Run) -> None:
    told(observed())
    app = visit(system="<b>none</b>", window="=cmd()")
    assert not app.exception
    assert "The link names a system that is not here" in words(app)
    assert tiles(app)["This month so far"] == "$35.00"


# ---- the other parts


def test_without_a_snapshot_the_rest_stands(told: Told, visit: Run) -> None:
    told(observed())
    app = visit("By conversation")
    assert not app.exception
    assert "The cost of a conversation needs a snapshot, and there is none yet" in words(app)
    assert tiles(app)["This month so far"] == "$35.00"
    assert "The growth of what is stored needs a snapshot" in words(at(app, "Growth"))
    assert not at(app, "What if").exception


def test_the_snapshot_is_turned_off(told: Told, visit: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    real = load.settings()
    cached_settings.clear()
    monkeypatch.setattr(load, "load_settings", lambda: replace(real, snapshot=SnapshotSettings(on=False)))
    told(observed())
    app = visit("Growth")
    assert not app.exception
    assert "The snapshot is turned off" in words(app)
    assert tiles(app)["This month so far"] == "$35.00"
    assert not at(app, "What if").exception


def test_by_conversation(seeded: Mapping[str, Source], told: Told, visit: Run) -> None:
    sync(seeded["cg"], load_snapshot.store())
    told(observed())
    app = visit("By conversation", system="cg")
    assert not app.exception
    found = attribute(load_snapshot.hot(), observed())
    one = next(part for part in found.systems if part.system == "cg")
    assert one.total_usd == pytest.approx(33.5)
    shown = tiles(app)
    assert one.conversations
    assert shown["1,000 conversations"] == cost_words.brief(1_000 * one.of_conversations_usd / one.conversations)
    assert shown["Attributed"] == f"{one.attributed_usd / one.total_usd:.0%}"
    assert "From the snapshot of just now" in words(app)
    assert table(app, "A conversation")["Conversations"] == [one.conversations]
    assert "**Writes**: By the bytes written in the window" in words(app)
    for text in found.how.values():
        assert text in words(app)


def test_a_system_that_is_not_in_the_snapshot_is_all_shared(seeded: Mapping[str, Source], told: Told, visit: Run) -> None:
    sync(seeded["cg"], load_snapshot.store())
    told(observed())
    app = visit("By conversation")
    assert not app.exception
    assert "Not in the snapshot, so all shared: Remo." in words(app)


def test_nobody_divides_by_nothing() -> None:
    none = SystemAttribution("cg", None, 0, 0, 0, 0.0, 0.0, {}, Each(None, None), Each(None, None), Each(None, None), (), complete=True)
    row = cost_talks.row(none)
    assert row["conversation_usd"] is None
    assert row["attributed_usd"] is None


def test_growth(seeded: Mapping[str, Source], told: Told, visit: Run) -> None:
    sync(seeded["cg"], load_snapshot.store())
    told(observed())
    app = visit("Growth", system="cg", ttl_days="3")
    assert not app.exception
    whole = load_costs.growth(observed()).of("cg")
    assert whole is not None
    assert tiles(app)["Stored"] == cost_words.size(whole.bytes)
    assert app.number_input(key="ttl_days").value == 3
    saving = whole.saving(3)
    assert f"**{saving.items:,}** of {whole.items:,} items are older" in words(app)
    app.number_input(key="ttl_days").set_value(3_000).run()
    assert "**0** of" in words(app)
    app = visit("Growth", system="remo")
    assert "The snapshot has nothing of this system." in words(app)


@pytest.mark.parametrize("part", PARTS)
def test_a_snapshot_with_every_special_case(invented: Hot, told: Told, visit: Run, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    monkeypatch.setattr(load_snapshot, "last_sync", lambda: None)
    told(observed())
    assert not visit(part).exception


def test_hostile_names_are_never_markdown(empty: Mapping[str, Source], told: Told, visit: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    evil = "![x](https://evil.example/p.png) <b>=cmd()</b>"
    said = [asked.message(1, "user", datetime(2026, 11, 3, tzinfo=UTC), system="ai_agent", user_id=evil, tenant_id=evil)]
    copy = asked.hot(asked.talk(said), synced={"ai_agent": datetime.now(UTC)})
    sync(empty["ai_agent"], load_snapshot.store())
    monkeypatch.setattr(load_snapshot, "hot", lambda: copy)
    told(observed(resource("ai_agent", "ai-agent-messages", None, line("storage", 1.0), line("writes", 2.0))))
    app = visit("By conversation")
    assert not app.exception
    assert "evil.example" not in words(app)
    assert any("cmd()</b>" in str(one.value) for one in app.dataframe)


@pytest.mark.parametrize("part", ["By conversation", "Growth"])
def test_a_snapshot_that_cannot_be_read(invented: Hot, told: Told, visit: Run, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    def fail(_: object) -> None:
        raise SnapshotError("A file of the snapshot is missing.", "Run a full sync.")

    monkeypatch.setattr(load_snapshot, "last_sync", lambda: None)
    monkeypatch.setattr(load_costs, "cost_attribution", fail)
    monkeypatch.setattr(load_costs, "growth", fail)
    told(observed())
    app = visit(part)
    assert not app.exception
    assert "A file of the snapshot is missing." in words(app)
    assert tiles(app)["This month so far"] == "$35.00"


def test_a_link_with_a_scenario_opens_what_if(told: Told, run: Run) -> None:
    told(observed())
    app = run(zone="UTC")
    app.query_params["a_n"] = "777"
    app.switch_page(PAGE).run()
    assert not app.exception
    assert app.session_state["cost_part"] == "What if"
    assert 777 in [field.value for field in app.number_input]


# ---- failures


@pytest.mark.parametrize(
    "error, again",
    [
        (AccessDenied("AWS did not permit DescribeTable on DynamoDB.", "Give this identity the right."), True),
        (TableMissing("The table x does not exist.", "Create it."), True),
        (UsageError("There is no price for the Region mars-1.", "Choose another."), False),
    ],
)
def test_what_cannot_be_asked(told: Told, visit: Run, error: DataAccessError, again: bool) -> None:
    told(error)
    app = visit()
    assert not app.exception
    assert error.sentence in words(app)
    assert ("cost_again" in [button.key for button in app.button]) is again
    assert "Unknown: see above." in words(app)
    assert not app.metric
    assert not at(app, "What if").exception


def test_the_last_month_cannot_be_asked(empty: Mapping[str, Source], visit: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(since: datetime | None = None, *_: object, **__: object) -> Observed:
        if since is not None:
            raise AccessDenied("AWS did not permit this.", "Ask.")
        return observed()

    monkeypatch.setattr(load_costs, "costs_observed", answer)
    app = visit()
    assert not app.exception
    assert tiles(app)["Last month"] == "unknown"
    assert "AWS did not permit this." in words(app)


def test_a_start_that_fails(visit: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise EngineError("The local engine was not ready.", "Its log is engine.log.")

    monkeypatch.setattr(load, "prepare", fail)
    app = visit()
    assert not app.exception
    assert "The local engine was not ready." in words(app)


def test_no_system(empty: Mapping[str, Source], visit: Run, monkeypatch: pytest.MonkeyPatch) -> None:
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


# ---- what the dashboard costs


def test_a_scan_of_this_session_is_counted(seeded: Mapping[str, Source], told: Told, visit: Run) -> None:
    told(observed())
    # The first page of a visit lists a system by the best way there is, which without a filter is a Scan.
    app = visit()
    before = app.session_state["own_scans"]
    assert f"{before.count} Scan" in words(app)
    app.switch_page("pages/conversations/find.py").run()
    app.selectbox(key="system").set_value("cg").run()
    app.switch_page(PAGE).run()
    assert not app.exception
    after = app.session_state["own_scans"]
    assert after.count == before.count + 1
    assert after.units > before.units
    assert f"{after.count} Scans in this session" in words(app)


def test_own_costs_in_words() -> None:
    nothing = own_cost.words(0, 0, 0.0, own_cost.Scans(), None)
    assert "nothing was asked of CloudWatch that costs" in nothing
    scanned = own_cost.Scans().add(200.0, 0.00002).add(10.0, None)
    said = own_cost.words(1_500, 3, 0.015, scanned, None)
    assert "GetMetricData was asked for 1,500 metrics in 3 requests since the program started, $0.0150 at most" in said
    assert "2 Scans in this session, 210 read units, price not known" in said
    assert Measured(1.0, None, 1, 1, 0.1).usd is None


# ---- words


@pytest.mark.parametrize(
    "amount, said",
    [
        (None, "unknown"),
        (0, "$0"),
        (0.02875, "$0.0288"),
        (0.0000034, "$0.00000340"),
        (1e-12, "under $0.000000001"),
        (1.005, "$1.00"),
        (1234.5, "$1,234.50"),
        (123_456.7, "$123,457"),
        (-2.5, "−$2.50"),
    ],
)
def test_money_in_words(amount: float | None, said: str) -> None:
    assert cost_words.usd(amount) == said


def test_more_words() -> None:
    assert cost_words.brief(0.00386) == "$0.0039"
    assert cost_words.brief(None) == "unknown"
    assert cost_words.tick(0.0025) == "$0.0025"
    assert cost_words.tick(20.0) == "$20"
    assert cost_words.tick(0.0) == "$0"
    assert cost_words.decimals([None, 0.0]) == 2
    assert cost_words.decimals([12.0, 0.0001]) == 2
    assert cost_words.decimals([0.02, 0.0004]) == 5
    assert cost_words.size(None) == "unknown"
    assert cost_words.size(262) == "262 B"
    assert cost_words.size(5_000_000) == "4.8 MiB"
    assert cost_words.scale_of(3_500_000, least=10) == (1024, "KiB")
    assert cost_words.short("a-table-with-a-very-long-name-indeed") == "a-table-with…g-name-indeed"
    assert len(cost_words.short("x" * 300)) == cost_words.NAME_CHARACTERS


def test_files_have_every_column() -> None:
    rows = [{"table": "=cmd()", "usd": None, "month": date(2026, 11, 1)}]
    assert b"'=cmd()" in usage_files.as_csv(rows, ZoneInfo("UTC"))
    found: Any = pq.read_table(io.BytesIO(usage_files.as_parquet(rows, ZoneInfo("UTC"))))
    assert found.to_pylist() == rows
