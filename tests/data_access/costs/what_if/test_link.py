"""Scenarios in an address: there and back, and whatever somebody writes into it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_access.costs.prices import PriceBook
from data_access.costs.what_if import IndexChoice, Scenario, estimate
from data_access.costs.what_if.link import PARAMETERS, from_parameters, rows, to_parameters
from tests.data_access.costs.what_if.strategies import SYSTEMS, scenarios

HOSTILE = ["", " ", "-1", "nan", "inf", "1e9", "٣", "<script>", "=cmd()", "9" * 400, "9" * 5_000, "1;2", "a/b:c:d", "\x00", "None", "0x10"]


@given(scenarios(), st.sampled_from(["", "a_", "b_"]))
@settings(deadline=None)
def test_there_and_back(scenario: Scenario, prefix: str) -> None:
    given_ = to_parameters(scenario, prefix)
    found = from_parameters(given_, SYSTEMS, usual="remo", prefix=prefix)
    assert found.scenario == scenario
    assert found.dropped == ()
    assert found.notice is None
    assert all(len(name) <= 8 for name in given_)


def test_only_what_is_not_usual_is_written() -> None:
    assert to_parameters(Scenario(SYSTEMS["cg"])) == {"sys": "cg"}
    changed = Scenario(SYSTEMS["ai_agent"], conversations=2_500, indexes=(IndexChoice("sessions", "TenantUserIndex", None),))
    assert to_parameters(changed) == {"sys": "ai_agent", "n": "2500", "ix": "sessions/TenantUserIndex:off"}


@pytest.mark.parametrize("name", sorted(PARAMETERS))
@pytest.mark.parametrize("text", HOSTILE)
def test_what_cannot_be_used_is_the_usual_and_is_said(name: str, text: str) -> None:
    found = from_parameters({"sys": "ai_agent", name: text}, SYSTEMS, usual="cg", regions=["us-east-1"])
    assert found.scenario in (Scenario(SYSTEMS["ai_agent"]), Scenario(SYSTEMS["cg"]))
    assert found.dropped == (name,)
    assert found.notice is not None
    assert name in found.notice
    if len(text) > 5:
        assert text not in found.notice


def test_one_broken_value_does_not_take_the_others_along() -> None:
    found = from_parameters({"a_sys": "cg", "a_n": "5000", "a_len": "many", "system": "all", "n": "1"}, SYSTEMS, usual="remo", prefix="a_")
    assert found.scenario == Scenario(SYSTEMS["cg"], conversations=5_000)
    assert found.dropped == ("a_len",)


@given(st.dictionaries(st.sampled_from(sorted(PARAMETERS)), st.text(max_size=30)))
@settings(max_examples=200, deadline=None)
def test_any_text_makes_a_scenario(texts: dict[str, str]) -> None:
    found = from_parameters(texts, SYSTEMS, usual="cg")
    found.scenario.check()
    assert set(found.dropped) <= set(texts)
    assert from_parameters(to_parameters(found.scenario), SYSTEMS, usual="cg").scenario == found.scenario


def test_an_index_of_another_system_is_not_taken() -> None:
    found = from_parameters({"sys": "cg", "ix": "sessions/TenantUserIndex:off"}, SYSTEMS, usual="cg")
    assert found.dropped == ("ix",)


def test_a_region_without_prices_is_not_taken() -> None:
    assert from_parameters({"reg": "xx-far-1"}, SYSTEMS, usual="cg", regions=["us-east-1"]).dropped == ("reg",)
    assert from_parameters({"reg": "xx-far-1"}, SYSTEMS, usual="cg").scenario.region == "xx-far-1"


def test_rows_for_a_file() -> None:
    scenario = Scenario(SYSTEMS["ai_agent"], indexes=(IndexChoice("messages", "SessionTimestampIndex", None),))
    result = estimate(scenario, PriceBook(None).prices("us-east-1"))
    found = rows(result, "A")
    assert len(found) == len(result.lines)
    assert {row["scenario"] for row in found} == {"A"}
    assert [row["usd_a_month"] for row in found if row["what"] == "reads" and row["table"] == "ai-agent-messages"] == [None]
    assert found[0]["parameters"] == "sys=ai_agent&ix=messages/SessionTimestampIndex:off"
    assert sum(row["usd_a_month"] or 0 for row in found) == pytest.approx(result.total)  # pyright: ignore[reportCallIssue, reportArgumentType]


def test_numbers_keep_their_digits() -> None:
    scenario = replace(Scenario(SYSTEMS["cg"]), target=0.35, peak=2.75, conversations=1_234_567.5, months=0.25)
    assert from_parameters(to_parameters(scenario), SYSTEMS, usual="cg").scenario == scenario
