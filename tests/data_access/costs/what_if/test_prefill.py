"""Scenarios filled in from the snapshot: the means of what is stored, and a month of traffic."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from data_access.costs.what_if import Scenario, prefill
from data_access.costs.what_if.items import overhead_bytes
from data_access.snapshot.hot import Hot
from tests.data_access import asked
from tests.data_access.asked import NOW, message
from tests.data_access.costs.what_if.strategies import SYSTEMS

DAY = timedelta(days=1)


def talk(name: str, user: str, began: datetime, messages: int, size: int) -> list[asked.Row]:
    return [
        message(at, "user" if at % 2 else "assistant", began + at * timedelta(minutes=1), conversation_id=name, user_id=user, bytes=size)
        for at in range(1, messages + 1)
    ]


def snapshot(*talks: list[asked.Row], system: str = "cg") -> Hot:
    said = [row for rows in talks for row in rows]
    conversations = [
        {"system": system, "conversation_id": rows[0]["conversation_id"], "user_id": rows[0]["user_id"], "tenant_id": None, "bytes": 500}
        | {"message_count": len(rows), "started_at": rows[0]["sent_at"], "has_session": True, "problems": 0}
        for rows in talks
    ]
    return asked.hot({"messages": said, "conversations": conversations})


def test_a_month_of_traffic_and_the_means() -> None:
    recent = [talk(f"c{n}", f"u{n % 2}", NOW - n * DAY, 4, 400) for n in range(6)]
    old = [talk(f"o{n}", "u9", NOW - (60 + n) * DAY, 10, 800) for n in range(3)]
    found = prefill(snapshot(*recent, *old), Scenario(SYSTEMS["cg"], reads=9))
    assert found is not None
    assert found.scenario.conversations == 6
    assert found.hours == 730
    assert found.scenario.messages == 6  # (6 × 4 + 3 × 10) / 9
    mean = (24 * 400 + 30 * 800) / 54
    assert found.bytes.mean == pytest.approx(mean)
    assert found.scenario.message_bytes == round(mean - overhead_bytes(SYSTEMS["cg"]))
    assert found.uneven == pytest.approx((6 * 16 + 3 * 100) / 9 / 6**2)
    assert found.scenario.reads == 9
    assert found.scenario.per_user == 1  # only where a user has one conversation at a time
    other = Scenario(SYSTEMS["cg"], months=3, layout="guide")
    assert found.onto(other).scenario == replace(found.scenario, months=3, reads=other.reads)


def test_conversations_a_user_where_one_is_kept() -> None:
    rows = [[row | {"system": "remo"} for row in talk(f"c{n}", f"u{n % 2}", NOW - n * DAY, 4, 400)] for n in range(6)]
    found = prefill(snapshot(*rows, system="remo"), Scenario(SYSTEMS["remo"]))
    assert found is not None
    assert found.one_a_user
    assert found.scenario.per_user == 3


def test_younger_data_is_taken_to_a_month() -> None:
    found = prefill(snapshot(*(talk(f"c{n}", "u", NOW - n * DAY, 2, 300) for n in range(10))), Scenario(SYSTEMS["cg"]))
    assert found is not None
    assert found.hours == pytest.approx(9 * 24, abs=1)
    assert found.scenario.conversations == pytest.approx(10 * 730 / found.hours, abs=1)


def test_messages_without_text_are_one_byte() -> None:
    found = prefill(snapshot(talk("c", "u", NOW, 2, 5)), Scenario(SYSTEMS["cg"]))
    assert found is not None
    assert found.scenario.message_bytes == 1
    found.scenario.check()


def test_nothing_known_is_nothing() -> None:
    assert prefill(snapshot(), Scenario(SYSTEMS["cg"])) is None
    assert prefill(snapshot(talk("c", "u", NOW, 2, 300)), Scenario(SYSTEMS["remo"])) is None
