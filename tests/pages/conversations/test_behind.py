"""Conversations behind a number: counts agree for every kind of cell; links of others, bad links, no role; the way back to live."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from data_access.access.viewer import NOBODY
from data_access.dynamo.aws import Source
from data_access.errors import SnapshotError, UsageError
from data_access.snapshot.hot import Hot
from data_access.usage import Cell, UsageFilter, conversations_behind, usage
from pages.ui import access, behind_words, load_snapshot, registry, usage_link
from pages.ui.opened import OpenedList
from pages.ui.usage_link import Question

Run = Callable[..., AppTest]
PAGE = "pages/conversations/behind.py"
FILE = Path(__file__).resolve().parents[3] / PAGE
WANTED = UsageFilter(since=datetime(2026, 3, 1, 5, tzinfo=UTC), until=datetime(2026, 3, 30, 4, tzinfo=UTC), zone="America/New_York")
SYSTEM = "ai_agent"


def words(app: AppTest) -> str:
    return "\n".join(str(element.value) for element in (*app.markdown, *app.caption, *app.text))


def visit(run: Run, asked: Question, people: tuple[str | None, str | None] | None = None) -> AppTest:
    app = run()
    app.query_params.clear()
    if people is not None:
        app.session_state["usage_people"] = {"mark": people}
    bare = Question(replace(asked.filter, user=None), replace(asked.cell, user=None))
    for name, value in (usage_link.parameters(bare) | ({"person": "mark"} if people else {})).items():
        app.query_params[name] = value
    return app.switch_page(PAGE).run()


def counted(app: AppTest) -> int:
    found = re.match(r"\*\*([\d,]+) conversation", app.markdown[0].value if "**" in app.markdown[0].value else words(app))
    found = found or re.search(r"\*\*([\d,]+) conversation", words(app))
    assert found is not None, words(app)
    return int(found[1].replace(",", ""))


# A cell of each kind, with the number that the usage page shows for it.
KINDS: dict[str, Callable[[Mapping[str, Any]], tuple[Cell, int]]] = {
    "days": lambda row: (Cell(day=row["day"]), row["conversations_active"]),
    "weeks": lambda row: (Cell(week=row["from"]), row["conversations_active"]),
    "months": lambda row: (Cell(month=row["from"]), row["conversations_active"]),
    "heatmap": lambda row: (Cell(weekday=row["weekday"], hour=row["hour"]), row["conversations"]),
    "lengths": lambda row: (Cell(length=(row["low"], row["high"])), row["conversations"]),
    "tools": lambda row: (Cell(tool=row["tool"]), row["conversations"]),
    "failed tools": lambda row: (Cell(tool=row["tool"], failed=True), row["failed_conversations"]),
    "tenants": lambda row: (Cell(system=row["system"], tenant=row["tenant_id"]), row["conversations"]),
    "users": lambda row: (Cell(system=row["system"], user=row["user_id"]), row["conversations"]),
    "systems": lambda row: (Cell(system=row["system"]), row["conversations"]),
    "started": lambda row: (Cell(of="started", day=row["day"]), row["conversations_started"]),
}
SERIES = {"failed tools": "tools", "started": "days"}


@pytest.mark.parametrize("kind", KINDS)
def test_as_many_as_the_number_said(kind: str, invented: Hot, run: Run) -> None:
    cells = [KINDS[kind](row) for row in usage(invented, WANTED).series[SERIES.get(kind, kind)]]
    cell, number = max(cells, key=lambda pair: pair[1])
    assert number > 1
    people = (None, cell.user) if cell.user is not None else None
    app = visit(run, Question(WANTED, cell), people)
    assert not app.exception
    assert counted(app) == number
    assert len(app.dataframe[0].value) == number
    opened: OpenedList = app.session_state["opened"]
    keys = conversations_behind(invented, WANTED, cell)
    assert [(row.system, row.conversation_id, row.user_id, row.tenant_id) for row in opened.rows] == [
        (key.system, key.conversation_id, key.user_id, key.tenant_id) for key in keys
    ]
    assert list(app.dataframe[0].value["conversation"]) == [key.conversation_id for key in keys]
    assert cell.user is None or cell.user not in str(app.query_params)


@pytest.mark.parametrize("of", ["active", "started", "listed", "empty"])
def test_the_numbers_of_tiles(of: Any, invented: Hot, run: Run) -> None:
    metrics = usage(invented, WANTED).metrics
    number = metrics["empty_sessions" if of == "empty" else f"conversations_{of}"]
    assert counted(visit(run, Question(WANTED, Cell(of=of)))) == number


def test_the_page_says_what_when_and_from_where(invented: Hot, run: Run) -> None:
    app = visit(run, Question(replace(WANTED, system=SYSTEM, tenant="t1"), Cell(weekday=1, hour=9)))
    said = words(app)
    assert "active on Tuesdays between 09:00 and 10:00" in said
    assert "From 01 Mar 2026 to 30 Mar 2026." in said
    assert "Days and hours of this number are in America/New_York" in said
    assert "From the snapshot of 7 minutes ago" in said


def test_a_row_opens_the_replay(invented: Hot, run: Run) -> None:
    app = visit(run, Question(WANTED, Cell(of="active")))
    app.session_state["behind_opening"] = app.session_state["opened"].rows[0]
    app.run()
    assert app.query_params["conversation"] in (
        [app.session_state["opened"].rows[0].conversation_id],
        app.session_state["opened"].rows[0].conversation_id,
    )


@pytest.mark.parametrize("given, label", [(None, "Usage"), ("usage", "Usage"), ("capacity", "Capacity"), ("https://evil.example", "Usage")])
def test_the_way_back_is_the_page_with_the_number(invented: Hot, run: Run, given: str | None, label: str) -> None:
    app = run()
    for name, value in (usage_link.parameters(Question(WANTED, Cell())) | ({} if given is None else {"from": given})).items():
        app.query_params[name] = value
    app.switch_page(PAGE).run()
    assert not app.exception
    back = app.get("page_link")[0].proto
    assert (back.label, back.query_string) == (label, "")
    opened: OpenedList = app.session_state["opened"]
    assert opened.page == registry.BEHIND
    assert dict(opened.address).get("from") == given
    assert usage_link.read(dict(opened.address)) == Question(WANTED, Cell())


def test_a_users_number_is_the_sessions_own(invented: Hot, run: Run) -> None:
    app = run()
    app.query_params["clock"] = "UTC"
    app.query_params["person"] = "somebody-elses"
    app.switch_page(PAGE).run()
    assert not app.exception
    assert "This address is about one user, whose id is not in it." in words(app)
    assert not app.dataframe


@pytest.mark.parametrize(
    "name, value",
    [
        ("clock", "Mars/Olympus"),
        ("since", "yesterday"),
        ("since", "2026-03-30T04:00:00Z"),
        ("since", "2026-04-30T04:00:00Z"),
        ("since", "2026-03-01T00:00:00"),
        ("weekday", "7"),
        ("hour", "-1"),
        ("day", "2026-02-30"),
        ("of", "everything"),
        ("least", "9" * 40),
    ],
)
def test_an_address_that_says_nothing(invented: Hot, run: Run, name: str, value: str) -> None:
    app = run()
    for key, given in (usage_link.parameters(Question(WANTED, Cell())) | {name: value}).items():
        app.query_params[key] = given
    app.switch_page(PAGE).run()
    assert not app.exception
    assert "This question cannot be asked" in words(app)
    assert not app.dataframe


def test_without_an_address(invented: Hot, run: Run) -> None:
    app = run(PAGE)
    assert not app.exception
    assert "No number is open." in words(app)


def test_nothing_behind_it(invented: Hot, run: Run) -> None:
    app = visit(run, Question(WANTED, Cell(tool="no such tool")))
    assert not app.exception
    assert "No conversation is behind this number." in words(app)


def test_no_snapshot_yet(empty: Mapping[str, Source], run: Run) -> None:
    app = visit(run, Question(WANTED, Cell()))
    assert not app.exception
    assert "needs a snapshot, and there is none yet" in words(app)


def test_what_cannot_be_read(invented: Hot, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise SnapshotError("A file of the snapshot is missing.", "Run a full sync.")

    monkeypatch.setattr(load_snapshot, "from_snapshot", fail)
    app = visit(run, Question(WANTED, Cell()))
    assert not app.exception
    assert "A file of the snapshot is missing." in words(app)


def test_without_the_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "viewer", lambda: NOBODY)
    app = AppTest.from_file(FILE, default_timeout=120).run()
    assert not app.exception
    assert "Your role does not open this page" in app.warning[0].value
    assert not app.title


def test_hostile_names_are_text(invented: Hot, run: Run) -> None:
    evil = "![x](https://evil.example/p.png)<b>"
    app = visit(run, Question(replace(WANTED, tenant=evil), Cell(tool=evil)))
    assert not app.exception
    for element in app.markdown:
        assert "![x](https" not in re.sub(r"`[^`]*`", "", str(element.value))


def test_an_address_is_read_as_it_was_written() -> None:
    day = date(2026, 3, 8)
    for cell in (
        Cell(),
        Cell(of="started", day=day),
        Cell(week=day),
        Cell(month=day),
        Cell(weekday=0, hour=0),
        Cell(tool="", failed=True),
        Cell(failed=True),
        Cell(system="cg", tenant="t & ü/%"),
        Cell(length=(101, None)),
        Cell(length=(3, 5)),
    ):
        for wanted in (WANTED, UsageFilter(), UsageFilter(system="cg", tenant="=t")):
            asked = Question(wanted, cell)
            assert usage_link.read(usage_link.parameters(asked)) == asked


def test_a_user_is_a_mark_in_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    session: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", session)
    asked = Question(replace(WANTED, user="alice@example.com"), Cell(user="bob"))
    found = usage_link.parameters(asked)
    assert "alice" not in str(found)
    assert "bob" not in str(found)
    assert usage_link.read(found) == asked
    assert usage_link.parameters(asked) == found
    session.clear()
    with pytest.raises(UsageError, match="one user"):
        usage_link.read(found)


def test_a_click_is_looked_at_before_it_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    session: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", session)
    cells = (Cell(hour=1), Cell(hour=2))
    for points in ([], [{}], [{"point_index": 2}], [{"point_index": -1}], [{"point_index": "1"}]):
        session["chart"] = {"selection": {"points": points}}
        usage_link.pick("chart", WANTED, cells)
        assert usage_link._OPENING not in session
    session["chart"] = {"selection": {"points": [{"point_index": 1}]}}
    usage_link.pick("chart", WANTED, cells)
    assert session[usage_link._OPENING]["hour"] == "2"


UTC_ZONE = ZoneInfo("UTC")
DAYS = UsageFilter(system="cg", since=datetime(2026, 3, 1, tzinfo=UTC), until=datetime(2026, 3, 8, tzinfo=UTC))
ALL = UsageFilter(system="cg")


@pytest.mark.parametrize(
    "wanted, cell, address",
    [
        (DAYS, Cell(of="listed"), {"system": "cg", "range": "custom", "days": "2026-03-01,2026-03-07"}),
        (ALL, Cell(of="listed"), {"system": "cg", "range": "all"}),
        (ALL, Cell(tool="find"), {"system": "cg", "range": "all", "tool": "find"}),
        (ALL, Cell(tool="find", failed=True), {"system": "cg", "range": "all", "failed_tool": "find"}),
        (replace(ALL, tenant="t"), Cell(of="listed"), {"system": "cg", "range": "all", "tenant": "t"}),
        # What the list takes is more than what these numbers count.
        (DAYS, Cell(tool="find"), None),
        (ALL, Cell(), None),
        (ALL, Cell(hour=3), None),
        (ALL, Cell(of="listed", day=date(2026, 3, 1)), None),
        (UsageFilter(), Cell(of="listed"), None),
        (ALL, Cell(of="listed", system="remo"), None),
        (replace(ALL, tenant="t"), Cell(of="listed", tenant="other"), None),
        (replace(DAYS, until=datetime(2026, 3, 8, 1, tzinfo=UTC)), Cell(of="listed"), None),
    ],
)
def test_the_live_list_where_it_means_the_same(wanted: UsageFilter, cell: Cell, address: dict[str, str] | None) -> None:
    assert behind_words.live(Question(wanted, cell), UTC_ZONE) == address
