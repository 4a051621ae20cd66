"""The model: ids that say nothing, due dates by the calendar, what is left of a plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_access.erasure.model import ENDED, Scope, State, blanked, due_date, new_plan_id
from data_access.items.values import EPOCH
from tests.data_access.erasure.making import NOW, USER, plan_of


@given(st.integers(0, 10**14), st.integers(1, 10**13))
@settings(deadline=None)
def test_plan_ids_sort_by_time_and_are_26_characters(milliseconds: int, later: int) -> None:
    first, second = (new_plan_id(EPOCH + timedelta(milliseconds=after)) for after in (milliseconds, milliseconds + later))
    assert len(first) == len(second) == 26
    assert set(first + second) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    assert first < second


def test_two_plans_of_one_moment_are_two() -> None:
    assert len({new_plan_id(NOW) for _ in range(1_000)}) == 1_000


@pytest.mark.parametrize(
    "received, due",
    [
        ((2026, 11, 20), (2026, 12, 20)),
        ((2026, 12, 31), (2027, 1, 31)),
        ((2026, 1, 31), (2026, 2, 28)),
        ((2028, 1, 30), (2028, 2, 29)),
        ((2026, 3, 31), (2026, 4, 30)),
    ],
)
def test_due_is_one_month_later(received: tuple[int, int, int], due: tuple[int, int, int]) -> None:
    assert due_date(datetime(*received, 9, 30, tzinfo=UTC)) == datetime(*due, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "received, due",
    [
        ((2026, 11, 20), (2027, 2, 20)),
        ((2026, 11, 30), (2027, 2, 28)),
        ((2027, 11, 30), (2028, 2, 29)),
        ((2026, 1, 31), (2026, 4, 30)),
        ((2026, 12, 31), (2027, 3, 31)),
        ((2026, 9, 30), (2026, 12, 30)),
    ],
)
def test_extended_it_is_three_months_later(received: tuple[int, int, int], due: tuple[int, int, int]) -> None:
    assert due_date(datetime(*received, 9, 30, tzinfo=UTC), extended=True) == datetime(*due, 9, 30, tzinfo=UTC)


def test_a_plan_that_is_over_names_nobody() -> None:
    plan = plan_of(3)
    left = blanked(replace(plan, scope=Scope(USER, ("cg",), ("acme",), "user_todos", "conversation-1")))
    assert left.scope == Scope("", ("cg",), ("acme",), "user_todos", None)
    assert left.neighbours == ()
    assert (left.counts, left.digest, left.copies) == (plan.counts, plan.digest, plan.copies)


def test_ended_is_every_end() -> None:
    assert {state for state in State if state not in ENDED} == {"draft", "awaiting_approval", "approved", "running", "verifying"}
