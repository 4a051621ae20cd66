"""The what-if part: fields, results, links, two scenarios; on a page of its own."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from data_access.costs.prices import PriceBook
from data_access.costs.what_if import Scenario, estimate
from data_access.dynamo.aws import Source
from pages.ui import cost_what_if, cost_what_if_results, load, load_snapshot
from tests.data_access.asked import NOW
from tests.data_access.costs.what_if.test_link import HOSTILE
from tests.data_access.costs.what_if.test_prefill import snapshot, talk

pytestmark = pytest.mark.usefixtures("sources")


def without_snapshot() -> None:
    from data_access.costs.prices import PriceBook
    from pages.ui import cost_what_if, load

    cost_what_if.show(load.sources(), PriceBook(None), lambda _: None)


def with_snapshot() -> None:
    from data_access.costs.prices import PriceBook
    from pages.ui import cost_what_if, load, load_costs

    cost_what_if.show(load.sources(), PriceBook(None), load_costs.prefilled)


def run(script: Any = without_snapshot, **address: str) -> AppTest:
    app = AppTest.from_function(script, default_timeout=30)
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def tiles(app: AppTest) -> list[str]:
    return [metric.value for metric in app.metric]


def said(app: AppTest) -> str:
    return "\n".join(str(element.value) for kind in ("caption", "text", "markdown") for element in getattr(app, kind))


def table(app: AppTest, place: int = 0) -> dict[str, list[str]]:
    found = app.dataframe[place].value
    return {str(name): list(found[name]) for name in found.columns}


def address(app: AppTest) -> dict[str, str]:
    return {name: value if isinstance(value, str) else value[-1] for name, value in app.query_params.items()}


def test_one_scenario() -> None:
    app = run()
    assert len(tiles(app)) == 4
    assert tiles(app)[0].startswith("$")
    assert "built-in table of 2025" in said(app)
    assert table(app)["Table or index"][-1] == "Total"
    assert len(app.get("plotly_chart")) == 2
    assert address(app) == {}


@pytest.mark.parametrize(
    "each, tile",
    [
        (0.25, ("A conversation", "$0.250")),
        (0.000_012_3, ("A conversation", "$0.000012")),
        (0.000_001_23, ("1,000 conversations", "$0.0012")),
        (0.000_000_004, ("A million conversations", "$0.0040")),
        (0.0, ("A conversation", "$0")),
        (None, ("A conversation", "unknown")),
    ],
)
def test_the_tile_of_a_conversation_has_room_for_its_dollars(each: float | None, tile: tuple[str, str]) -> None:
    result: Any = SimpleNamespace(per_conversation=each, scenario=SimpleNamespace(conversations=1_000))
    assert cost_what_if_results._each(result) == tile
    assert len(tile[1]) <= 9
    result.scenario.conversations = 0
    assert cost_what_if_results._each(result) == ("A conversation", "–")


def test_the_guides_figure_beside_todays() -> None:
    found = table(run(), -1)
    totals = {title: cells[-1] for title, cells in found.items()}
    assert totals["The guide, its prices of 2024"] == "$0.02875"
    assert totals["The guide, today's prices"] == "$0.026875"
    assert "\\$0.4745, with the read unit \\$0.5694" in said(run())
    app = run(a_sys="cg", a_as="guide", a_n="1000", a_usd="guide-2024", a_keep="1")
    assert "As the guide counts" in said(app)
    assert tiles(app)[0] == "$0.0288"
    assert app.number_input(key="what_if_a_messages").disabled


def test_the_fields_make_the_address_and_the_address_the_fields() -> None:
    app = run()
    app.number_input(key="what_if_a_conversations").set_value(250_000).run()
    app.selectbox(key="what_if_a_system").set_value("ai_agent").run()
    app.selectbox(key="what_if_a_ix_ai_agent_messages_TenantTimestampIndex").set_value("off").run()
    app.selectbox(key="what_if_a_billing").set_value("provisioned").run()
    app.number_input(key="what_if_a_target").set_value(60).run()
    app.selectbox(key="what_if_a_reserved_years").set_value(3).run()
    app.toggle(key="what_if_a_recovery").set_value(True).run()
    assert not app.exception
    written = address(app)
    assert written == {
        "a_sys": "ai_agent",
        "a_n": "250000",
        "a_ix": "messages/TenantTimestampIndex:off",
        "a_pay": "prov",
        "a_util": "0.6",
        "a_res": "3",
        "a_pitr": "1",
    }
    again = run(**written)
    assert address(again) == written
    assert tiles(again) == tiles(app)
    assert table(again) == table(app)
    assert "units" in table(again)["Capacity"][0]


def test_the_estimate_is_the_one_of_the_fields(sources: Mapping[str, Source]) -> None:
    app = run(a_sys="ai_agent", a_n="3000000", a_len="40", a_b="1200", a_reg="eu-central-1")
    scenario = Scenario(sources["ai_agent"].place.system, conversations=3_000_000, messages=40, message_bytes=1_200, region="eu-central-1")
    usd = estimate(scenario, PriceBook(None).prices("eu-central-1")).total
    assert tiles(app)[0] == f"${usd:,.2f}"


@pytest.mark.parametrize("text", HOSTILE)
def test_any_link_opens(text: str) -> None:
    names = (
        "sys",
        "n",
        "len",
        "b",
        "r",
        "keep",
        "util",
        "peak",
        "rep",
        "as",
        "at",
        "class",
        "pay",
        "res",
        "usd",
        "strong",
        "pitr",
        "reg",
        "ix",
    )
    app = run(**{f"{slot}_{name}": text for slot in "ab" for name in names})
    assert "The link has values that cannot be used" in said(app)
    assert len(app.dataframe) == 3
    assert "<script>" not in said(app)


def test_what_is_said_of_a_link_goes_with_the_next_change() -> None:
    app = run(a_sys="cg", a_n="-5")
    assert "a_n" in said(app)
    assert app.number_input(key="what_if_a_conversations").value == 1_000
    app.number_input(key="what_if_a_conversations").set_value(2_000).run().run()
    assert "The link has values" not in said(app)
    assert address(app) == {"a_sys": "cg", "a_n": "2000"}


def test_other_parameters_are_left_alone() -> None:
    app = run(system="cg", range="7d", a_sys="remo", a_n="77")
    app.number_input(key="what_if_a_conversations").set_value(78).run()
    assert address(app) == {"system": "cg", "range": "7d", "a_sys": "remo", "a_n": "78"}


def test_a_second_scenario_begins_as_the_first() -> None:
    app = run(a_sys="cg", a_n="5000")
    app.toggle(key="what_if_beside").set_value(True).run()
    assert not app.exception
    assert tiles(app)[0] == tiles(app)[1]
    assert tiles(app)[2:] == ["$0", "1.00 × A"]
    app.number_input(key="what_if_b_messages").set_value(80).run()
    assert tiles(app)[2].startswith("+$")
    assert address(app) == {"a_sys": "cg", "a_n": "5000", "b_sys": "cg", "b_n": "5000", "b_len": "80"}
    assert len(app.dataframe) == 3
    app.toggle(key="what_if_beside").set_value(False).run()
    assert address(app) == {"a_sys": "cg", "a_n": "5000"}


def test_embedded_layouts_show_how_they_grow() -> None:
    app = run(a_sys="cg", a_len="100")
    assert len(app.get("plotly_chart")) == 4
    assert "The item meets 400 KB (409,600 bytes) at message" in said(app)
    assert len(run(a_sys="ai4ai").get("plotly_chart")) == 2
    assert len(run(a_sys="cg", b_sys="remo").get("plotly_chart")) == 4


def test_past_400_kb_is_said() -> None:
    app = run(a_sys="cg", a_len="2000")
    assert "DynamoDB refuses the messages" in said(app)
    app = run(a_sys="cg", a_b="409600")
    assert "DynamoDB refuses" in said(app)
    assert not app.exception
    assert "refuses messages of this size" in said(run(a_sys="ai4ai", a_b="409600"))


def test_what_is_not_known_is_not_zero() -> None:
    app = run(a_sys="ai_agent", a_ix="messages/SessionTimestampIndex:off")
    assert "needs a Scan" in table(app)["Reads"]
    assert table(app)["Reads"][-1] == "unknown"
    assert table(app)["Total"][-1].startswith("≥ $")
    app = run(a_sys="ai4ai", a_reg="eu-central-1", a_pitr="1", a_rep="1")
    assert table(app)["Point-in-time recovery"][0] == "unknown"
    assert "Not known, and not in the total" in said(app)


def test_a_region_without_a_price_for_anything_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the Price List refuses a Region that is listed here."""
    monkeypatch.setattr(cost_what_if, "regions", lambda: ("us-east-1", "xx-far-1"))
    app = run(a_sys="cg", a_reg="xx-far-1", b_sys="cg")
    assert "xx-far-1" in said(app)
    assert len(tiles(app)) == 4  # the other scenario stands, alone
    assert not app.exception


def test_index_projections_with_attributes() -> None:
    app = run(a_sys="ai_agent")
    place = "what_if_a_ix_ai_agent_messages_SessionTimestampIndex"
    app.selectbox(key=place).set_value("INCLUDE").run()
    assert address(app)["a_ix"] == "messages/SessionTimestampIndex:keys"
    app.multiselect(key=f"{place}_some").set_value(["role", "content"]).run()
    assert address(app)["a_ix"] == "messages/SessionTimestampIndex:some:role,content"
    assert run(**address(app)).multiselect(key=f"{place}_some").value == ["role", "content"]
    assert not app.exception


def test_reserved_capacity_is_paid_at_once() -> None:
    app = run(a_sys="ai4ai", a_n="100000000", a_pay="prov", a_res="1")
    assert "is paid at once" in said(app)
    assert "reserved" in table(app)["Capacity"][0]


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot with six conversations of CG in a month, each of four messages."""
    copy = snapshot(*(talk(f"c{n}", "u", NOW - timedelta(days=n), 4, 400) for n in range(6)))
    monkeypatch.setattr(load_snapshot, "hot", lambda: copy)


@pytest.mark.usefixtures("real")
def test_filled_in_from_the_snapshot() -> None:
    app = run(with_snapshot, a_sys="cg", a_n="5", a_keep="3")
    assert "In the snapshot, CG Production Assistant: 36 conversations a month, 4.0 messages each" in said(app)
    app.button(key="what_if_a_fill").click().run()
    assert not app.exception
    assert app.number_input(key="what_if_a_conversations").value == 36
    assert app.number_input(key="what_if_a_months").value == 3
    assert app.button(key="what_if_a_fill").disabled


@pytest.mark.usefixtures("real")
def test_the_usual_scenario_is_the_snapshots(sources: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "sources", lambda: {"cg": sources["cg"]})
    app = run(with_snapshot)
    assert address(app) == {}
    assert app.number_input(key="what_if_a_messages").value == 4
    assert app.button(key="what_if_a_fill").disabled
    app.number_input(key="what_if_a_messages").set_value(5).run()
    assert address(app)["a_len"] == "5"


def test_a_file_to_take_away(sources: Mapping[str, Source]) -> None:
    scenario = Scenario(sources["ai_agent"].place.system)
    made = cost_what_if.csv_of({"A": estimate(scenario, PriceBook(None).prices("us-east-1"))}).decode("utf-8-sig")
    head, *lines = csv.reader(io.StringIO(made))
    assert head[:8] == ["scenario", "system", "table", "index", "what", "quantity", "unit", "usd_a_month"]
    assert len(lines) == len(estimate(scenario, PriceBook(None).prices("us-east-1")).lines)
    assert not any(cell.startswith(("=", "+", "-", "@")) for line in lines for cell in line)
