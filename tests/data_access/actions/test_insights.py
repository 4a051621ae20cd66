"""Questions about everything within limits: equal to what they are over a snapshot that has nothing else in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from data_access.access.permissions import Role
from data_access.access.viewer import Limits
from data_access.actions import insights
from data_access.actions.conversations import conversations_behind, conversations_of
from data_access.actions.limits import within
from data_access.costs.observed import Line, Observed, ResourceCosts
from data_access.costs.what_if import Scenario
from data_access.dynamo.aws import open_sources
from data_access.errors import Denied, UsageError
from data_access.snapshot.hot import ConversationKey, Hot
from data_access.snapshot.search import Found, SearchFilter
from data_access.systems.spec import built_in
from data_access.usage import Cell, UsageFilter
from tests.data_access import asked
from tests.data_access.actions.viewers import EVERYTHING, SYSTEM, SYSTEMS, asks, settings_of
from tests.data_access.asked import BEGIN, END, NOW, Rows

LIMITS = (
    Limits(None, frozenset({"t1"})),
    Limits(None, frozenset({"t0", "t2"})),
    Limits(frozenset({"ai_agent", "cg"}), frozenset({"t1"})),
    Limits(frozenset({"cg", "remo"}), None),
    Limits(frozenset({"remo"}), frozenset({"t1"})),
    Limits(None, frozenset()),
    Limits(frozenset(), None),
)
READ_AT = {"ai_agent": NOW - timedelta(hours=1), "cg": NOW - timedelta(hours=3), "remo": NOW - timedelta(hours=5)}
NAMES = ("conversation_id", "tenant_id", "user_id")


@pytest.fixture(scope="module")
def rows() -> Rows:
    """Every special case, with records about users of a chatbot that keeps tenants, and words of its own in each tenant."""
    made = {name: list(found) for name, found in asked.invented(11, 130).items()}
    rng = Random(5)
    for number in range(40):
        made["user_records"].append(
            {
                "system": "ai_agent",
                "user_id": f"u{number % 30}",
                "tenant_id": rng.choice((None, "t0", "t1", "t2", "t3")),
                "kind": "user_preferences",
                "topic": "preferences",
                "open": None,
                "done": None,
            }
        )
    for row in (*made["messages"], *made["conversations"]):
        row |= {"item_table": f"{row['system']}-table", "bytes": 200}
    for row in made["messages"]:
        row["content"] = f"hello from {row['tenant_id'] or row['system']}, said {row['position']}"
    return made


@pytest.fixture(scope="module")
def whole(rows: Rows) -> Hot:
    return asked.hot(rows, texts=True, synced=READ_AT)


def part_of(rows: Rows, limits: Limits) -> Hot:
    """A snapshot in which there is only what there is for somebody, put together without the code under test."""

    def there(row: Any) -> bool:
        keeps = row["system"] == "ai_agent"
        return limits.allows_system(row["system"], keeps_tenants=keeps) and limits.allows_tenant(row["tenant_id"], keeps_tenants=keeps)

    kept = {name: [row for row in found if there(row)] for name, found in rows.items()}
    read = {name: at for name, at in READ_AT.items() if limits.allows_system(name, keeps_tenants=name == "ai_agent")}
    return asked.hot(kept, texts=True, synced=read)


def windows() -> list[UsageFilter]:
    ragged = BEGIN + timedelta(days=9, minutes=7, seconds=3)
    return [
        UsageFilter(),
        UsageFilter(since=BEGIN, until=END, zone="Europe/Berlin"),
        UsageFilter(since=ragged, until=ragged + timedelta(days=21), zone="America/New_York"),
        UsageFilter("ai_agent"),
        UsageFilter("ai_agent", "t1", since=BEGIN, until=END),
        UsageFilter(None, "t0"),
        UsageFilter("cg", None, "u3"),
        UsageFilter(None, None, "u7", since=BEGIN, until=END),
        UsageFilter("remo"),
        UsageFilter("gone"),
    ]


CELLS = (
    Cell(),
    Cell(of="listed"),
    Cell(of="started"),
    Cell(of="empty"),
    Cell(tool="find"),
    Cell(failed=True),
    Cell(weekday=2, hour=9),
    Cell(length=(3, 5)),
    Cell(tenant="t1"),
    Cell(tenant="t0"),
    Cell(system="ai_agent", user="u3"),
)


@pytest.mark.parametrize("limits", LIMITS)
def test_usage_is_what_it_is_over_their_own_rows(rows: Rows, whole: Hot, limits: Limits, tmp_path: Path) -> None:
    own, by, settings = part_of(rows, limits), asks(limits), settings_of(tmp_path)
    for wanted in windows():
        found = insights.usage(by, settings, whole, wanted, now=NOW)
        expected = insights.usage(asks(), settings, own, wanted, now=NOW)
        assert found == expected, wanted
    own.close()


@pytest.mark.parametrize("limits", LIMITS)
def test_the_conversations_behind_a_number_are_those_of_their_own_rows(rows: Rows, whole: Hot, limits: Limits, tmp_path: Path) -> None:
    own, by, settings = part_of(rows, limits), asks(limits), settings_of(tmp_path)
    for wanted in windows():
        for cell in CELLS:
            found = conversations_behind(by, settings, whole, wanted, cell, now=NOW)
            assert found == conversations_behind(asks(), settings, own, wanted, cell, now=NOW), (wanted, cell)
    own.close()


def bare(found: Found) -> Any:
    """Hits of one moment come in any order, and the time it took is another every time."""
    return sorted(found.hits, key=str), found.searched_conversations, found.searched_messages, found.stopped_early, found.as_of


@pytest.mark.parametrize("limits", LIMITS)
def test_a_search_is_what_it_is_over_their_own_rows(rows: Rows, whole: Hot, limits: Limits, tmp_path: Path) -> None:
    own, by, settings = part_of(rows, limits), asks(limits), settings_of(tmp_path)
    for text in ("hello", '"from t1"', "from t0", "said -t2", "t3 hello", "cg"):
        for given in (
            SearchFilter(limit=1_000),
            SearchFilter(order="best", limit=1_000),
            SearchFilter("ai_agent", limit=1_000),
            SearchFilter(None, "t0", limit=1_000),
            SearchFilter(None, None, "u3", limit=1_000),
            SearchFilter(since=BEGIN, until=END, limit=1_000),
        ):
            found = insights.search(by, settings, whole, text, given, now=NOW)
            expected = insights.search(asks(), settings, own, text, given, now=NOW)
            assert bare(found) == bare(expected), (text, given)
            few = insights.search(by, settings, whole, text, replace(given, limit=3), now=NOW)
            part = within(by, settings)
            assert part is not None
            assert all(part.holds(hit.key) for hit in few.hits)
    own.close()


def test_a_filter_cannot_widen_what_there_is(whole: Hot, tmp_path: Path) -> None:
    """What a page puts into a filter is replaced, whatever it is."""
    narrow, wide = asks(LIMITS[0]), asks(Limits(None, frozenset({"t0", "t1", "t2", "t3"})))
    settings = settings_of(tmp_path)
    part = within(wide, settings)
    forged = UsageFilter(within=part)
    assert insights.usage(narrow, settings, whole, forged, now=NOW) == insights.usage(narrow, settings, whole, UsageFilter(), now=NOW)
    assert conversations_behind(narrow, settings, whole, forged, Cell(), now=NOW) == conversations_behind(
        narrow, settings, whole, UsageFilter(), Cell(), now=NOW
    )
    given = SearchFilter(limit=1_000)
    found = insights.search(narrow, settings, whole, "hello", replace(given, within=part), now=NOW)
    assert bare(found) == bare(insights.search(narrow, settings, whole, "hello", given, now=NOW))


def test_without_limits_nothing_is_asked_in_another_way(whole: Hot, tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    assert within(asks(EVERYTHING), settings) is None
    # Tenants narrow nothing of a system that keeps none, and it is closed but for those who are given it by name.
    part = within(asks(Limits(frozenset({"cg"}), frozenset({"t1"}))), settings)
    assert part is not None
    assert (part.whole, part.shared) == (frozenset({"cg"}), frozenset())


class Keys:
    """A store with one conversation, whoever's it is."""

    def __init__(self, rows: Rows) -> None:
        self._tables = asked.arrow(rows)

    def arrow(self, table: str, columns: Any = None, systems: Any = None) -> Any:
        return self._tables[table].select(list(columns))


def test_keys_of_others_bring_nothing(rows: Rows, tmp_path: Path) -> None:
    settings, store = settings_of(tmp_path), Keys(rows)
    keys = [ConversationKey(row["system"], *(row[name] for name in NAMES)) for row in rows["conversations"]]
    for limits in LIMITS:
        by = asks(limits)
        found = conversations_of(by, settings, store, keys)  # type: ignore[arg-type]
        part = within(by, settings)
        assert part is not None
        assert [(one.system, one.conversation_id, one.tenant_id, one.user_id) for one in found] == [
            (key.system, key.conversation_id, key.tenant_id, key.user_id) for key in keys if part.holds(key)
        ]
    assert len(conversations_of(asks(), settings, store, keys)) == len(keys)  # type: ignore[arg-type]


def test_a_snippet_is_cut_out_of_what_is_masked_already(tmp_path: Path) -> None:
    """An address that the edge of a snippet would cut in two is hidden as a whole, and nothing is marked in its place."""
    secret = "anna.example@example.org"
    said = [
        asked.message(1, "user", BEGIN, content=f"{'word ' * 34}please write to {secret} about the refund and then {secret}"),
        asked.message(2, "assistant", BEGIN + timedelta(minutes=1), content="", arguments=f'mail {{"to": "{secret}", "about": "parcel"}}'),
    ]
    hot = asked.hot(asked.talk(said, title=f"Ask {secret}"), texts=True, synced=READ_AT)
    settings, by = settings_of(tmp_path), asks(origin="signed_in")
    for text in ("refund", "word", "parcel", secret, "example.org"):
        plain = insights.search(asks(), settings, hot, text, SearchFilter(), now=NOW)
        masked = insights.search(by, settings, hot, text, SearchFilter(), now=NOW)
        assert len(masked.hits) == len(plain.hits) == 1
        hit = masked.hits[0]
        shown = f"{hit.title} {[turn.snippet for turn in hit.turns]}"
        assert "anna" not in shown
        assert "example" not in shown
        for turn in hit.turns:
            assert all(0 <= low < high <= len(turn.snippet) for low, high in turn.marks)
            if "@" in text or text == "example.org":
                assert turn.marks == ()
    hot.close()


def test_who_may_not_ask_is_denied(whole: Hot, tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    for ask, role in (
        (lambda by: insights.search(by, settings, whole, "hello", SearchFilter()), Role.ANALYST),
        (lambda by: insights.usage(by, settings, whole, UsageFilter()), Role.REVIEWER),
        (lambda by: insights.count_active(by, settings, whole, [UsageFilter()]), Role.REVIEWER),
        (lambda by: conversations_behind(by, settings, whole, UsageFilter(), Cell()), Role.ANALYST),
        (lambda by: insights.prefill(by, {}, whole, None), Role.SUPPORT),  # type: ignore[arg-type]
        (lambda by: insights.grow(by, {}, whole, None), Role.SUPPORT),
    ):
        written: list[Any] = []
        with pytest.raises(Denied):
            ask(asks(EVERYTHING, role, audit=written))
        assert len(written) == 1
    # What is of whole tables is closed to who sees some tenants, whatever their role.
    for ask in (
        lambda by: insights.grow(by, {}, whole, None),
        lambda by: insights.count_active(by, settings, whole, [UsageFilter()]),
    ):
        with pytest.raises(Denied):
            ask(asks(LIMITS[0]))


def test_growth_is_of_the_systems_that_are_open(rows: Rows, whole: Hot, tmp_path: Path) -> None:
    sources, only_cg = open_sources(settings_of(tmp_path), "http://127.0.0.1:9"), asks(SYSTEM)
    tables = {one.system: one for one in insights.grow(asks(), sources, whole, None, now=NOW).tables}
    assert set(tables) == set(SYSTEMS)
    assert insights.grow(only_cg, sources, whole, None, now=NOW).tables == (tables["cg"],)
    assert insights.prefill(only_cg, sources, whole, Scenario(built_in()["cg"])) is not None
    with pytest.raises(UsageError):
        insights.prefill(only_cg, sources, whole, Scenario(built_in()["remo"]))
    with pytest.raises(UsageError):
        insights.capacity(only_cg, sources, None, "remo", BEGIN, END)  # type: ignore[arg-type]


def test_dollars_are_split_over_the_systems_that_are_open(whole: Hot, tmp_path: Path) -> None:
    """Also where a page hands in what was observed of all of them."""
    sources, everything = open_sources(settings_of(tmp_path), "http://127.0.0.1:9"), _observed()
    found = insights.attribute_costs(asks(), sources, whole, everything)
    assert {one.system for one in found.systems} == set(SYSTEMS)
    limited = insights.attribute_costs(asks(SYSTEM), sources, whole, everything)
    assert limited.systems == tuple(one for one in found.systems if one.system == "cg")


def _observed() -> Observed:
    def of(system: str) -> ResourceCosts:
        line = Line("storage", 1.5, "GB-months", 12.5, "DescribeTable", month_usd=12.5)
        return ResourceCosts(system, f"{system}-table", None, "STANDARD", "on-demand", 250, 75_000, (line,), "us-east-1")

    return Observed(BEGIN, END, tuple(map(of, SYSTEMS)), 0.0, 37.5, None, None, {}, (), 0.0, sample=False)
