"""Addresses that nobody would write: every reader of parameters answers or refuses, and every page shows itself."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from data_access.costs.what_if import Scenario
from data_access.costs.what_if.link import PARAMETERS, from_parameters, to_parameters
from data_access.errors import UsageError
from data_access.systems.spec import built_in
from pages.ui import address, at, behind_words, capacity_filters, cost_what_if_link, erasure_list, filters, registry, usage_link
from pages.ui.registry import PAGES

ADDRESSES = 10_000
VISITS = 25
OF_THE_STORE = {registry.COSTS.path, registry.CAPACITY.path, registry.SNAPSHOT.path}
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
NAMES = (
    *("system", "conversation", "tenant", "message", "page", "list", "range", "days", "sort", "order", "tool", "not_tool", "failed_tool"),
    *("failed", "messages_from", "messages_to", "minutes_from", "minutes_to", "zone", "plan", "from", "only_tenant", "since", "until"),
    *("clock", "of", "day", "week", "month", "weekday", "hour", "called", "failing", "in_system", "in_tenant", "least", "most", "person"),
    *("role", "by", "window", "table", "cost_part", "usage_part", "capacity_part", "erasures_part", "search_text", "free_tier", "other"),
    *(f"{slot}_{name}" for slot in "ab" for name in PARAMETERS),
)
VALUES = (
    *("cg", "remo", "ai_agent", "ai4ai", "other", "", " ", "all", "custom", "7d", "30d", "24h", "0", "1", "-1", "2", "9" * 400, "1e308"),
    *("1.5", "nan", "inf", "-inf", "1e999", "٣", "²", "0x10", "1_000", "true", "yes", "True", "null", "None", "[]", "{}", "[1,2]", '"a"'),
    *("2026-11-20", "2026-11-20,2026-11-21", "2026-11-21,2026-11-20", "9999-12-31", "9999-12-31,9999-12-31", "0001-01-01,9999-12-31"),
    *("2026-11-20T08:00:00Z", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "2026-02-30", "20261120", "1700000000", "2026-W01"),
    *("UTC", "Europe/Madrid", "../../etc/passwd", "/etc/localtime", "America", "a\0b", "\0", "active", "listed", "empty", "user", "newest"),
    *("Now", "What if", "Audit", "conversation-1", "00000000-0000-0000-0000-000000000000", "x" * 3_000, "%00", "%", "a%2", "&", "a=b", "+"),
    *(
        "<img src=x onerror=alert(1)>",
        "![a](https://e.example)",
        "$x$",
        ":red[x]",
        "\u202ealice",
        "😀",
        "é",
        "a\nb",
        "a\r\nSet-Cookie: b",
    ),
    *("us-east-1", "on-demand", "provisioned", "moon-1", "spec", "guide", "INCLUDE", "KEYS_ONLY:a:b", "{0.__class__}", "%s", "' OR 1=1 --"),
)


class Given(dict[str, str]):
    """What Streamlit gives of an address, as far as the readers use it."""

    def to_dict(self) -> dict[str, str]:
        return dict(self)

    def get_all(self, name: str) -> list[str]:
        return [self[name]] if name in self else []


def made(chance: random.Random, *needed: str) -> Given:
    """Parameters by chance; one in two has what makes a reader look at the rest."""
    names = [chance.choice(NAMES) for _ in range(chance.choice((0, 1, 2, 3, 5, 9)))]
    names += needed if chance.random() < 0.5 else ()
    return Given({name: _value(chance) for name in names})


def _value(chance: random.Random) -> str:
    value = chance.choice(VALUES)
    return value if chance.random() < 0.9 else value + chance.choice(VALUES)


def test_every_reader_answers_or_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    systems = built_in()
    usual = Scenario(systems["cg"])
    chance = random.Random(20261120)
    understood = refused = 0
    for _ in range(ADDRESSES):
        given = made(chance, "clock", "system", "conversation", "since", "of")
        if chance.random() < 0.3:
            given |= {"clock": "Europe/Madrid", "of": chance.choice(("active", "listed", "empty"))}
        held: dict[str, Any] = {}
        monkeypatch.setattr(st, "query_params", given)
        monkeypatch.setattr(st, "session_state", held)
        try:
            asked = usage_link.read(given)
        except UsageError:
            refused += 1
        else:
            understood += 1
            zone = ZoneInfo(asked.filter.zone)
            usage_link.words(asked.cell)
            behind_words.live(asked, zone)
            assert usage_link.read(usage_link.parameters(asked)) == asked, given
        assert usage_link.came_from(given) in (registry.USAGE, registry.CAPACITY)
        linked = from_parameters(given, systems, usual="cg", regions=("us-east-1",), prefix="a_")
        assert from_parameters(to_parameters(linked.scenario, "a_"), systems, usual="cg", prefix="a_").scenario == linked.scenario
        cost_what_if_link.is_linked()
        cost_what_if_link.read(systems, ("us-east-1",), usual)
        here = at.read_url()
        if here is not None:
            assert here.message is None or here.message > 0
            at.arrive(here, 40)
        assert erasure_list.chosen() is None or len(given["plan"]) < 5_000
        usage_link.tidy()
        address.enter("page")
    assert understood > 0.02 * ADDRESSES
    assert refused > 0.5 * ADDRESSES


def test_every_range_of_days_is_a_window_or_none() -> None:
    """The days come from a widget, which has looked at them; its own bounds are wide."""
    chance = random.Random(3)
    for _ in range(2_000):
        zone = ZoneInfo(chance.choice(("UTC", "Europe/Madrid", "Pacific/Apia", "America/New_York")))
        days = sorted(date.fromordinal(chance.randint(2, date.max.toordinal() - 2)) for _ in range(chance.choice((0, 1, 2))))
        for page, presets in ((filters, filters.RANGES), (capacity_filters, capacity_filters.RANGES)):
            found = page.window(chance.choice(("custom", *presets)), days, zone, NOW)
            assert found is None or len(found) == 2


@pytest.mark.parametrize("page", [spec.path for spec in PAGES])
def test_every_page_shows_itself(page: str, request: pytest.FixtureRequest, run: Callable[..., AppTest]) -> None:
    # These ask the snapshot itself; the others answer from its rows.
    request.getfixturevalue("seeded" if page in OF_THE_STORE else "invented")
    chance = random.Random(page)
    for _ in range(VISITS):
        given = made(chance, "system", "conversation", "clock", "of", "range", "days", "plan")
        app = run()
        for name, value in given.items():
            app.query_params[name] = value
        app.switch_page(page).run()
        assert not app.exception, given
