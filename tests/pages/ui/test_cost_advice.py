"""The advice part of the costs page: what is said, what is folded, what could not be judged, what fails; hostile names."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from streamlit.testing.v1 import AppTest

from data_access.costs.advice import Advice, Advised, Share, Skipped
from data_access.dynamo.aws import Source
from data_access.errors import AccessDenied, DataAccessError
from pages.ui import cost_advice, load_costs, usage_files
from tests.data_access.costs.advice.subjects import INDEX, TABLE, resource, seen
from tests.pages.conftest import HOSTILE

Run = Callable[..., AppTest]
PAGE = "pages/insights/costs.py"
SHARE = Share(None, "write", 70.0, 80.0, 90.0, 100.0, 1, 200, 50, 0.0, 0.7, 0.289, 300.0, 200.0, 300.0)
MODE = Advice(
    rule="billing mode",
    system="ai_agent",
    table=TABLE,
    index=None,
    title=f"Make {TABLE} provisioned, with autoscaling",
    why="On demand it costs $300.00 a month.",
    action="Set the capacity.",
    command="aws dynamodb update-table --region us-east-1 --table-name ai-agent-sessions --billing-mode PROVISIONED",
    saving_usd=100.0,
    risk_usd=None,
    stands_on=("CloudWatch, 14.0 days.", "Prices: by hand of 2026-11-20 (us-east-1)."),
    confidence=0.9,
    weighed="0.9 (because) = 0.90",
    risk="A rise within two minutes is throttled.",
    shares=(SHARE,),
)
UNUSED = replace(MODE, rule="unused index", index=INDEX, title=f"Remove {INDEX}", saving_usd=30.0, confidence=0.5, shares=())
RECOVERY = replace(MODE, rule="recovery", title="Turn on recovery", saving_usd=None, costs_usd=0.25, shares=())
LARGE = replace(
    MODE, rule="large items", system="cg", table="cg-chatbot-conversations", saving_usd=None, command=None, shares=(), confidence=0.2
)
SKIPPED = (
    Skipped("projection", TABLE, INDEX, "It holds all attributes.", "ai_agent"),
    Skipped("table class", TABLE, None, "Standard is right. $2 and $3.", "ai_agent", fine=True),
)


def advised(
    *advice: Advice, skipped: tuple[Skipped, ...] = SKIPPED, problems: tuple[DataAccessError, ...] = (), own_usd: float = 0.0
) -> Advised:
    return Advised(advice or (MODE, UNUSED, RECOVERY, LARGE), skipped, seen(resource()), problems, own_usd)


@pytest.fixture
def visit(run: Run, empty: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Open the part with this advice, or with what is raised."""

    def opened(found: Advised | DataAccessError, **address: str) -> AppTest:
        def answer() -> Advised:
            if isinstance(found, DataAccessError):
                raise found
            return found

        monkeypatch.setattr(load_costs, "cost_advice", answer)
        monkeypatch.setattr(load_costs, "costs_observed", lambda *_, **__: seen(resource()))
        app = run(zone="UTC")
        for name, value in {"cost_part": "Advice", **address}.items():
            app.query_params[name] = value
        return app.switch_page(PAGE).run()

    return opened


def words(app: AppTest) -> str:
    return "\n".join(str(element.value) for element in (*app.markdown, *app.caption, *app.text))


def tiles(app: AppTest) -> dict[str, str]:
    return {tile.label: str(tile.value) for tile in app.metric}


def test_the_most_comes_first_and_alternatives_are_not_added_up(visit: Run) -> None:
    app = visit(advised(own_usd=0.0021))
    assert not app.exception
    said = words(app)
    rules = [said.index(f"· {rule}") for rule in ("billing mode", "unused index", "recovery", "large items")]
    assert rules == sorted(rules)
    assert tiles(app)["Could be saved a month"] == "$100.00"
    assert tiles(app)["Advice"] == "4"
    assert tiles(app)["Not judged"] == "1"
    assert "\\$100.00 less a month" in said
    assert "costs \\$0.25 a month" in said
    assert "a risk, no number" in said
    assert "2 with a saving, 2 without; recovery would cost \\$0.25 a month" in said
    assert "cost \\$0.0021" in said
    for confidence in ("High confidence, 0.90", "Medium confidence, 0.50", "Low confidence, 0.20"):
        assert confidence in said


def test_the_command_is_folded(visit: Run) -> None:
    app = visit(advised())
    assert not app.code
    app.session_state["cost_advice_0"] = True
    app.run()
    assert not app.exception
    assert [one.value for one in app.code] == [MODE.command]
    assert "14.0 days" in words(app)
    assert "0.9 (because)" in words(app).replace("\\", "")
    shares = next(one.value for one in app.dataframe if "Break-even" in one.value.columns)
    assert list(shares["Break-even"]) == ["28.9%"]
    assert list(shares["Used"]) == ["70.0%"]


def test_what_was_not_judged_has_its_reason(visit: Run) -> None:
    app = visit(advised())
    assert "It holds all attributes" not in words(app)
    for name in ("cost_not-judged", "cost_nothing-to-gain"):
        app.session_state[name] = True
    app.run()
    assert not app.exception
    assert "It holds all attributes." in words(app)
    assert "Standard is right. \\$2 and \\$3." in words(app)


def test_one_system_alone(visit: Run) -> None:
    app = visit(advised(), system="cg")
    assert not app.exception
    assert tiles(app)["Advice"] == "1"
    assert tiles(app)["Could be saved a month"] == "unknown"
    assert "Remove" not in words(app)


def test_many_are_folded_and_none_is_said(visit: Run) -> None:
    many = [replace(UNUSED, index=f"index-{number}", title=f"Remove index-{number}") for number in range(20)]
    app = visit(advised(*many))
    assert not app.exception
    assert tiles(app)["Could be saved a month"] == "$600.00"
    assert [one.label for one in app.expander if one.label.endswith("more")] == ["8 more"]
    app = visit(replace(advised(), advice=()))
    assert not app.exception
    assert "Nothing is to be done" in words(app)
    app = visit(replace(advised(), advice=(), skipped=SKIPPED[:1]))
    assert "Nothing could be judged." in words(app)


def test_a_failure_is_one_sentence_and_the_rest_of_the_page_stands(visit: Run) -> None:
    app = visit(AccessDenied("AWS did not permit it.", "Ask for it."))
    assert not app.exception
    assert "AWS did not permit it." in "\n".join(str(one.value) for one in (*app.error, *app.warning, *app.markdown, *app.text))
    assert "This month so far" in tiles(app)


def test_what_failed_on_the_way_is_said(visit: Run) -> None:
    app = visit(advised(problems=(AccessDenied("AWS did not permit GetMetricData.", "Give it."),)))
    assert not app.exception
    assert "AWS did not permit GetMetricData. Give it." in words(app)


def test_a_hostile_name_is_only_text(visit: Run) -> None:
    app = visit(
        advised(replace(MODE, title=HOSTILE, why=HOSTILE, risk=HOSTILE), skipped=(replace(SKIPPED[0], reason=HOSTILE, table=HOSTILE),))
    )
    app.session_state["cost_advice_0"] = True
    app.session_state["cost_not-judged"] = True
    app.run()
    assert not app.exception
    said = words(app)
    assert "![tracking](" not in said
    assert "**bold**" not in said


def test_the_file_has_every_field_in_plain_words() -> None:
    rows: list[dict[str, Any]] = [cost_advice.row(one) for one in (MODE, RECOVERY)]
    found = list(csv.DictReader(io.StringIO(usage_files.as_csv(rows, ZoneInfo("UTC")).decode("utf-8-sig"))))
    assert [(one["rule"], one["saving_usd_a_month"], one["costs_usd_a_month"]) for one in found] == [
        ("billing mode", "100.0", ""),
        ("recovery", "", "0.25"),
    ]
    assert found[0]["command"] == MODE.command
    assert "14.0 days" in found[0]["stands_on"]


def test_of_real_tables_without_a_snapshot(empty: Mapping[str, Source], run: Run) -> None:
    """On the tables themselves, with nothing played for them: what cannot be known is not judged, and nothing fails."""
    app = run(zone="UTC")
    app.query_params["cost_part"] = "Advice"
    app.switch_page(PAGE).run()
    assert not app.exception
    assert int(tiles(app)["Not judged"]) > 10
    assert {one.rule for one in load_costs.cost_advice().advice} <= {"recovery"}
