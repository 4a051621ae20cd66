"""Which key or index serves a question, and the ranges that hold every form of a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from data_access.dynamo.paths import Access, Window, best_access, equal_filters, fan_out, known_parts
from data_access.dynamo.plan import Term
from data_access.errors import UsageError
from data_access.items.values import iso
from data_access.models import Filter
from data_access.systems.spec import Attribute, Index, Table, built_in

SYSTEMS = built_in()
NO_WINDOW = Window(None, None)
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
CG = SYSTEMS["cg"].conversations
SESSIONS, MESSAGES = SYSTEMS["ai_agent"].tables["sessions"], SYSTEMS["ai_agent"].tables["messages"]
CHATS, SAID = SYSTEMS["ai4ai"].tables["sessions"], SYSTEMS["ai4ai"].tables["messages"]
USER, TENANT, TALK = {"user_id": "u"}, {"tenant_id": "t"}, {"conversation_id": "c"}


def taken(access: Access | None) -> tuple[str | None, str, bool] | None:
    return None if access is None else (access.index, " AND ".join(map(str, access.keys)), access.complete)


@pytest.mark.parametrize(
    "table, known, window, expected",
    [
        (CG, USER, NO_WINDOW, ("user_id-created_at-index", "user_id = :user_id", False)),
        (CG, TALK, NO_WINDOW, (None, "conversation_id = :conversation_id", False)),
        (CG, USER | TALK, NO_WINDOW, (None, "conversation_id = :conversation_id AND user_id = :user_id", True)),
        (CG, {}, Window(NOON, None), None),
        (SESSIONS, USER, NO_WINDOW, None),
        (SESSIONS, TENANT, NO_WINDOW, ("TenantUserIndex", "tenantId = :tenant_id", False)),
        (SESSIONS, TENANT | USER, NO_WINDOW, ("TenantUserIndex", "tenantId = :tenant_id AND userId = :user_id", False)),
        (SESSIONS, TALK, NO_WINDOW, (None, "id = :conversation_id", False)),
        (SESSIONS, TALK | TENANT | USER, NO_WINDOW, (None, "id = :conversation_id AND tenantId = :tenant_id", True)),
        (MESSAGES, TALK | TENANT, NO_WINDOW, ("SessionTimestampIndex", "sessionId = :conversation_id", False)),
        (MESSAGES, TENANT | USER, Window(NOON, None), ("TenantTimestampIndex", "tenantId = :tenant_id", False)),
        (CHATS, USER, NO_WINDOW, (None, "user_id = :user_id", False)),
        (CHATS, TALK, NO_WINDOW, None),
        (SAID, TALK, Window(NOON, None), (None, "session_id = :conversation_id", False)),
    ],
)
def test_the_key_that_narrows_most(table: Table, known: dict[str, str], window: Window, expected: Any) -> None:
    assert taken(best_access(table, known, window, None, table.indexes)) == expected


def test_an_index_that_cannot_be_used_is_not() -> None:
    assert best_access(CG, USER, NO_WINDOW) is None
    assert best_access(MESSAGES, TALK, NO_WINDOW, None, {"TenantTimestampIndex"}) is None
    assert fan_out(MESSAGES, {"TenantTimestampIndex"}) is None
    assert fan_out(SAID, ()) is not None


def test_what_the_key_does_not_fix_is_filtered() -> None:
    access = best_access(SESSIONS, TALK | TENANT | USER, NO_WINDOW, None, SESSIONS.indexes)
    assert access is not None
    assert [str(term) for term in access.filters] == ["userId = :user_id"]
    assert [str(term) for term in equal_filters(CG, USER | TENANT)] == ["user_id = :user_id"]


def test_a_kind_is_a_sort_key_and_its_parts_are_nested() -> None:
    table = SYSTEMS["remo"].conversations
    access = best_access(table, USER | TALK | {"kind": "conversation_memory"}, NO_WINDOW, "conversation_memory")
    assert taken(access) == (None, "user_id = :user_id AND data_type = :kind", True)
    assert access is not None
    assert [term.attribute for term in access.filters] == ["data.conversation_id"]


def test_a_start_has_no_lower_bound() -> None:
    """A conversation that overlaps the window may have begun long before it."""
    access = best_access(CG, USER, Window(NOON, NOON + timedelta(hours=1)), None, CG.indexes)
    assert access is not None
    assert [str(term) for term in access.ranges if term] == ["created_at <= '2026-05-05T03:00:00~'"]
    only_since = best_access(CG, USER, Window(NOON, None), None, CG.indexes)
    assert only_since is not None
    assert only_since.ranges == (None,)


@pytest.mark.parametrize(
    "value, reason", [("", "empty"), ("\ud800", "not valid Unicode"), ("x" * 2_049, "2,049 bytes"), ("é" * 1_025, "2,050")]
)
@pytest.mark.parametrize("part", ["user_id", "tenant_id", "conversation_id"])
def test_ids_that_no_key_can_hold_are_refused(part: str, value: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        known_parts(replace(Filter("cg"), **{part: value}))
    assert part.replace("_", " ") in caught.value.sentence


def test_ids_of_the_largest_size_pass() -> None:
    assert known_parts(Filter("cg", conversation_id="x" * 2_048)) == {"conversation_id": "x" * 2_048}


def test_a_sort_key_holds_half_as_much() -> None:
    with pytest.raises(UsageError, match="1,024"):
        best_access(SESSIONS, TENANT | {"user_id": "x" * 1_025}, NO_WINDOW, None, SESSIONS.indexes)


# Ranges of times


def table(type_: Any, *, utc: bool = False) -> Table:
    attributes = {"id": Attribute("S", "conversation_id"), "at": Attribute(type_, "sent_at", utc=utc)}
    return Table("chats", "id", attributes, sort_key="at", holds="message", indexes={"other": Index("id")})


def ranges(type_: Any, since: datetime | None, until: datetime | None) -> list[Term]:
    access = best_access(table(type_), TALK, Window(since, until))
    assert access is not None
    return [term for term in access.ranges if term is not None]


def in_ranges(stored: Any, terms: list[Term]) -> int:
    """How many of the ranges hold a stored value, as DynamoDB compares: numbers as such, text by its bytes."""

    def order(value: Any) -> Any:
        return value.encode() if isinstance(value, str) else value

    def holds(term: Term) -> bool:
        low = order(term.values[0]) if term.operator in ("BETWEEN", ">=") else None
        high = order(term.values[-1]) if term.operator in ("BETWEEN", "<=") else None
        assert low is None or high is None or low <= high, "DynamoDB refuses a range that ends before it starts"
        return (low is None or order(stored) >= low) and (high is None or order(stored) <= high)

    return sum(holds(term) for term in terms) if terms else 1


TIMES = st.datetimes(datetime(2001, 9, 10), datetime(2033, 5, 1), timezones=st.just(UTC))  # noqa: DTZ001
BOUNDS = st.none() | TIMES | st.sampled_from([datetime(y, 1, 1, tzinfo=UTC) for y in (1, 1970, 1995, 2000, 2001, 2034, 2050, 9999)])
OFFSETS = st.integers(-12 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))


def texts(when: datetime, zone: timezone) -> list[str]:
    local, seconds = when.astimezone(zone), int(when.timestamp())
    naive = when.replace(tzinfo=None)
    return [
        iso(when),
        naive.isoformat(),
        naive.isoformat(" "),
        local.isoformat(),
        local.isoformat(timespec="seconds"),
        naive.isoformat(timespec="microseconds") + "789Z",
        str(seconds),
        str(seconds * 1000 + when.microsecond // 1000),
        f"{seconds}.{when.microsecond:06}",
    ]


@settings(max_examples=400, deadline=None)
@given(TIMES, BOUNDS, BOUNDS, OFFSETS)
def test_each_form_of_a_time_in_the_window_is_in_one_range_of_text(
    when: datetime, since: datetime | None, until: datetime | None, zone: timezone
) -> None:
    assume((since is None or since <= when) and (until is None or when < until))
    terms = ranges("S", since, until)
    assert {text: in_ranges(text, terms) for text in texts(when, zone)} == dict.fromkeys(texts(when, zone), 1)


@settings(max_examples=400, deadline=None)
@given(TIMES, BOUNDS, BOUNDS)
def test_each_form_of_a_time_in_the_window_is_in_one_range_of_numbers(
    when: datetime, since: datetime | None, until: datetime | None
) -> None:
    assume((since is None or since <= when) and (until is None or when < until))
    seconds = int(when.timestamp())
    numbers = [seconds, seconds * 1000 + when.microsecond // 1000]
    terms = ranges("N", since, until)
    assert [in_ranges(number, terms) for number in numbers] == [1, 1]


@settings(max_examples=200, deadline=None)
@given(BOUNDS, BOUNDS, st.sampled_from(["S", "N"]))
def test_no_range_ends_before_it_starts(since: datetime | None, until: datetime | None, type_: str) -> None:
    assume(since is None or until is None or since < until)
    in_ranges("2026" if type_ == "S" else 1, ranges(type_, since, until))


def test_a_range_leaves_out_what_is_days_away() -> None:
    terms = ranges("S", NOON, NOON + timedelta(hours=1))
    for days in (-3, 3):
        assert not any(in_ranges(text, terms) for text in texts(NOON + timedelta(days=days), timezone(timedelta(hours=2))))
    terms = ranges("N", NOON, NOON + timedelta(hours=1))
    seconds = int(NOON.timestamp())
    assert not any(in_ranges(n, terms) for n in (seconds - 2, seconds * 1000 - 2_000, seconds + 3_602, (seconds + 3_602) * 1000))


def test_a_layout_that_promises_utc_is_read_no_wider() -> None:
    access = best_access(table("S", utc=True), TALK, Window(NOON, NOON + timedelta(hours=1)))
    assert access is not None
    assert str(access.ranges[0]) == "at BETWEEN '2026-05-04T12:00:00' AND '2026-05-04T13:00:00~'"
