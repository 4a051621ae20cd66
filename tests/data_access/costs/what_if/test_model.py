"""What a scenario refuses, each with one sentence."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from data_access.costs.prices import PriceBook
from data_access.costs.what_if import BOUNDS, IndexChoice, Scenario, estimate, prices_of
from data_access.costs.what_if.model import names
from data_access.errors import UsageError
from tests.data_access.costs.what_if.strategies import SYSTEMS, scenarios

USUAL = Scenario(SYSTEMS["ai_agent"])


@given(scenarios())
@settings(deadline=None)
def test_what_can_be_is_taken(scenario: Scenario) -> None:
    scenario.check()


@pytest.mark.parametrize("field", BOUNDS)
@pytest.mark.parametrize("value", [-1, math.nan, math.inf, -math.inf, 1e18, "20", None, True])
def test_what_cannot_be_is_one_sentence(field: str, value: Any) -> None:
    wrong = replace(USUAL, **{field: value})
    with pytest.raises(UsageError) as raised:
        wrong.check()
    assert raised.value.sentence.startswith(BOUNDS[field][2])
    assert raised.value.sentence.endswith(".")
    assert ". " not in raised.value.sentence
    with pytest.raises(UsageError):
        prices_of(wrong, PriceBook(None))


@pytest.mark.parametrize("field", ["messages", "message_bytes", "replicas"])
def test_whole_numbers_only(field: str) -> None:
    with pytest.raises(UsageError, match="whole"):
        replace(USUAL, **{field: 2.5}).check()


@pytest.mark.parametrize(
    "field, value",
    [
        ("layout", "other"),
        ("table_class", "GLACIER"),
        ("billing", "free"),
        ("reserved_years", 2),
        ("prices", "cheap"),
        ("read_at", "never"),
        ("region", "Frankfurt"),
        ("region", "us-east-1; DROP"),
        ("region", ""),
    ],
)
def test_unknown_words(field: str, value: Any) -> None:
    with pytest.raises(UsageError):
        replace(USUAL, **{field: value}).check()


def test_a_region_that_nobody_knows() -> None:
    with pytest.raises(UsageError, match="xx-nowhere-9"):
        prices_of(replace(USUAL, region="xx-nowhere-9"), PriceBook(None))
    assert prices_of(replace(USUAL, region="eu-central-1"), PriceBook(None)).region == "eu-central-1"


@pytest.mark.parametrize(
    "choice",
    [
        IndexChoice("messages", "NoSuchIndex", None),
        IndexChoice("nowhere", "TenantUserIndex", None),
        IndexChoice("messages", "TenantUserIndex", None),
        IndexChoice("sessions", "TenantUserIndex", "SOME"),  # pyright: ignore[reportArgumentType]
        IndexChoice("sessions", "TenantUserIndex", "INCLUDE"),
        IndexChoice("sessions", "TenantUserIndex", "ALL", ("title",)),
        IndexChoice("sessions", "TenantUserIndex", "INCLUDE", ("password",)),
    ],
)
def test_unknown_indexes(choice: IndexChoice) -> None:
    with pytest.raises(UsageError):
        estimate(replace(USUAL, indexes=(choice,)), PriceBook(None).prices("us-east-1"))


def test_an_index_is_chosen_once() -> None:
    choice = IndexChoice("sessions", "TenantUserIndex", None)
    with pytest.raises(UsageError, match="twice"):
        replace(USUAL, indexes=(choice, choice)).check()


def test_a_system_without_indexes_says_so() -> None:
    with pytest.raises(UsageError, match="none"):
        Scenario(SYSTEMS["remo"], indexes=(IndexChoice("user_data", "any", None),)).check()
    assert list(names(SYSTEMS["ai_agent"])) == [
        "sessions/TenantUserIndex",
        "messages/SessionTimestampIndex",
        "messages/TenantTimestampIndex",
    ]
