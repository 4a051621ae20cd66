"""Time ranges: half-open, by overlap, over every form of a time, and alike by every access path."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from data_access.conversations import list_conversations, replay
from data_access.dynamo.aws import Source
from data_access.items.conversations import in_window
from data_access.models import Conversation, Filter
from tests.data_access.conftest import OpenSource
from tests.data_access.layouts import BASE, SYSTEMS, Item, create, empty, iso, items, load, put, talks

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

HOUR = timedelta(hours=1)


def ids(found: Iterable[Conversation]) -> list[str]:
    return sorted(one.conversation_id for one in found)


def listed(source: Source, **wanted: Any) -> list[str]:
    return ids(list_conversations(source, replace(Filter(source.id), **wanted)).conversations)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_window_has_its_start_in_it_and_not_its_end(dynamodb: DynamoDBClient, open_source: OpenSource, system: str) -> None:
    known = load(dynamodb, system)[system]
    source, tick = open_source(system), timedelta(seconds=1)
    talk = max(known, key=lambda one: len(one.turns))
    first, last = talk.started_at, talk.last_activity_at
    for who in ({}, {"user_id": talk.user_id}, {"user_id": talk.user_id, "tenant_id": talk.tenant_id} if talk.tenant_id else {}):
        assert listed(source, since=last, until=last + tick, **who) == [talk.conversation_id]
        assert listed(source, since=last + tick, until=last + 2 * tick, **who) == []
        assert listed(source, since=first - tick, until=first, **who) == []
        assert listed(source, since=first - tick, until=first + tick, **who) == [talk.conversation_id]


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_replay_of_a_window_shows_only_its_messages(dynamodb: DynamoDBClient, open_source: OpenSource, system: str) -> None:
    talk = max(load(dynamodb, system)[system], key=lambda one: len(one.turns))
    since, until = talk.turns[2].sent_at, talk.turns[5].sent_at
    wanted = Filter(system, talk.user_id, since=since, until=until, conversation_id=talk.conversation_id)
    assert [m.content for m in replay(open_source(system), wanted).messages] == [t.content for t in talk.turns[2:5]]


# Forms of a time under a sort key


FORMS: dict[str, Callable[[datetime], str]] = {
    "zulu": iso,
    "naive": lambda when: iso(when, ""),
    "space": lambda when: iso(when, "").replace("T", " "),
    "milliseconds": lambda when: iso(when, ".000Z"),
    "nanoseconds": lambda when: iso(when, ".000000000Z"),
    "east": lambda when: iso(when + 14 * HOUR, "+14:00"),
    "berlin": lambda when: iso(when + 2 * HOUR, "+02:00"),
    "west": lambda when: iso(when - 12 * HOUR, "-12:00"),
    "epoch": lambda when: str(int(when.timestamp())),
    "epoch ms": lambda when: str(int(when.timestamp()) * 1000),
}
WINDOWS = [(BASE, BASE + HOUR), (BASE, None), (None, BASE + HOUR), (datetime(2000, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC))]


def within(when: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or when >= since) and (until is None or when < until)


MOMENTS = [
    BASE - HOUR,
    BASE - timedelta(seconds=1),
    BASE,
    BASE + HOUR / 2,
    BASE + HOUR - timedelta(seconds=1),
    BASE + HOUR,
    BASE + 40 * HOUR,
]


def test_text_times_of_every_form_are_found_in_a_window(dynamodb: DynamoDBClient, open_source: OpenSource) -> None:
    create(dynamodb, "ai_agent")
    rows: list[tuple[str, Item]] = []
    for form, write in FORMS.items():
        for n, when in enumerate(MOMENTS):
            own = {"tenantId": "t", "userId": "u", "role": "user", "timestamp": write(when), "content": form}
            rows.append(("ai-agent-messages", own | {"id": f"{form}{n}", "sessionId": "all"}))
            rows.append(("ai-agent-messages", own | {"id": f"{form}{n}-own", "sessionId": f"{form}{n}"}))
            rows.append(("ai-agent-sessions", {"id": f"{form}{n}", "tenantId": "t", "userId": "u"}))
    put(dynamodb, rows)
    source = open_source("ai_agent")
    for since, until in WINDOWS:
        hits = [n for n, when in enumerate(MOMENTS) if within(when, since, until)]
        found = replay(source, Filter("ai_agent", conversation_id="all", since=since, until=until)).messages
        assert sorted(str(m.message_id) for m in found) == sorted(f"{form}{n}" for form in FORMS for n in hits)
        in_list = listed(source, tenant_id="t", since=since, until=until)
        assert [one for one in in_list if one != "all"] == sorted(f"{form}{n}" for form in FORMS for n in hits)


def test_number_times_in_seconds_and_milliseconds_are_found_in_a_window(dynamodb: DynamoDBClient, open_source: OpenSource) -> None:
    create(dynamodb, "ai4ai")
    for n, when in enumerate(MOMENTS):
        seconds = int(when.timestamp())
        for form, stored in (("s", seconds), ("ms", seconds * 1000), ("fine", Decimal(f"{seconds}.5"))):
            put(dynamodb, [("ai4ai-chat-messages", {"session_id": "c", "timestamp": stored, "content": f"{form}{n}", "role": "user"})])
    for since, until in WINDOWS:
        found = replay(open_source("ai4ai"), Filter("ai4ai", conversation_id="c", since=since, until=until)).messages
        expected = [f"{f}{n}" for n, when in enumerate(MOMENTS) for f in ("s", "ms") if within(when, since, until)]
        expected += [f"fine{n}" for n, when in enumerate(MOMENTS) if within(when + timedelta(seconds=0.5), since, until)]
        assert sorted(m.content for m in found) == sorted(expected)


# Alike by every access path


def test_a_conversation_that_spans_the_window_is_in_it(dynamodb: DynamoDBClient, open_source: OpenSource) -> None:
    for system in SYSTEMS:
        create(dynamodb, system)
        one = talks(system)[0]
        long = replace(one, turns=tuple(replace(one.turns[0], sent_at=BASE + n * 100 * HOUR, content=str(n)) for n in range(2)))
        put(dynamodb, list(items(long)))
        source, window = open_source(system), {"since": BASE + 50 * HOUR, "until": BASE + 51 * HOUR}
        for who in ({}, {"user_id": long.user_id}, {"tenant_id": long.tenant_id} if long.tenant_id else {}):
            assert listed(source, **window, **who) == [long.conversation_id]
            found = list_conversations(source, replace(Filter(system), **window, **who)).conversations[0]
            assert (found.message_count, found.last_assistant_message, found.first_user_message) == (2, None, "0")


@pytest.mark.parametrize("system, table", [("ai_agent", "ai-agent-sessions"), ("ai4ai", "ai4ai-chat-sessions")])
def test_a_last_activity_that_nobody_wrote_hides_no_conversation(
    dynamodb: DynamoDBClient, open_source: OpenSource, system: str, table: str
) -> None:
    """The session says that it ended when it began; its messages know better."""
    create(dynamodb, system)
    one = talks(system)[0]
    long = replace(one, turns=tuple(replace(one.turns[0], sent_at=BASE + n * 10 * HOUR, content=str(n)) for n in range(5)))
    stale = {"updatedAt": iso(BASE)} if system == "ai_agent" else {"updated_at": iso(BASE)}
    put(dynamodb, [(t, i | stale if t == table else i) for t, i in items(long)])
    source = open_source(system)
    for window in ({"since": BASE + 15 * HOUR}, {"since": BASE + 15 * HOUR, "until": BASE + 25 * HOUR}):
        for who in ({}, {"user_id": long.user_id}, {"tenant_id": long.tenant_id} if long.tenant_id else {}):
            assert listed(source, **window, **who) == [long.conversation_id], (window, who)


TENANTS, PEOPLE = ("t1", "t2"), ("u1", "u2")
MINUTES = st.integers(0, 120)
STORIES = st.lists(
    st.tuples(st.sampled_from(TENANTS), st.sampled_from(PEOPLE), st.lists(MINUTES, min_size=0, max_size=5), st.sampled_from([*FORMS])),
    max_size=6,
)


@pytest.fixture
def source(open_source: OpenSource) -> Source:
    return open_source("ai_agent")


def minute(n: int) -> datetime:
    return BASE + timedelta(minutes=n)


@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example(stories=[("t1", "u1", [5, 5, 5, 5, 5], "zulu"), ("t1", "u1", [], "zulu")], low=None, high=None)
@example(stories=[("t1", "u1", [0, 120], "east"), ("t2", "u1", [0, 60], "west")], low=60, high=61)
@given(stories=STORIES, low=st.none() | MINUTES, high=st.none() | MINUTES)
def test_every_access_path_lists_the_same(
    dynamodb: DynamoDBClient, source: Source, stories: Any, low: int | None, high: int | None
) -> None:
    """The list for a tenant, a user or both, in a window, is the list of everything narrowed in Python."""
    empty(dynamodb, "ai_agent")
    if low is not None and high is not None and low >= high:
        low, high = high, low + 1
    rows: list[tuple[str, Item]] = []
    for n, (tenant, user, minutes, form) in enumerate(stories):
        session: Item = {"id": f"s{n}", "tenantId": tenant, "userId": user}
        if minutes:
            session |= {"createdAt": iso(minute(min(minutes))), "updatedAt": iso(minute(max(minutes)))}
        rows.append(("ai-agent-sessions", session))
        for m, when in enumerate(minutes):
            own = {"sessionId": f"s{n}", "tenantId": tenant, "userId": user, "role": "user", "content": f"{m}"}
            rows.append(("ai-agent-messages", own | {"id": f"s{n}m{m}", "timestamp": FORMS[form](minute(when))}))
    put(dynamodb, rows)
    everything = list_conversations(source, Filter("ai_agent")).conversations
    assert len(everything) == len(stories)
    window = {"since": None if low is None else minute(low), "until": None if high is None else minute(high)}
    key = attrgetter("conversation_id")
    for who in ({}, {"tenant_id": "t1"}, {"user_id": "u1"}, {"user_id": "u1", "tenant_id": "t1"}):
        wanted = replace(Filter("ai_agent"), **who, **window)
        expected = [one for one in everything if in_window(one, wanted) and all(getattr(one, k) == v for k, v in who.items())]
        found = list_conversations(source, wanted).conversations
        assert [without_address(one) for one in sorted(found, key=key)] == [without_address(one) for one in sorted(expected, key=key)]


def without_address(one: Conversation) -> Conversation:
    """An item has the same address by whatever index it was read, but for the index."""
    return replace(one, address=None)
