"""What is new, changed, expired or deleted appears or disappears as the method says, at an update or at the next full read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from data_access.dynamo.aws import Source
from data_access.snapshot import news
from data_access.snapshot.store import Store
from data_access.snapshot.sync import estimate, sync
from tests.data_access.conftest import OpenSource, Sent
from tests.data_access.layouts import SYSTEMS, Talk, Turn, create, items, put, talks
from tests.data_access.snapshot.conftest import load_lasting
from tests.data_access.snapshot.test_rows import agree

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.usefixtures("always_update")
Put = Callable[[Talk], None]
ROUTES = {"ai_agent": news.Way.TENANTS, "ai4ai": news.Way.SESSIONS, "cg": news.Way.USERS, "remo": None}


@pytest.fixture
def write(dynamodb: DynamoDBClient) -> Put:
    def begin(talk: Talk) -> None:
        put(dynamodb, [(table, item | ({"ttl": 4_102_444_800} if "ttl" in item else {})) for table, item in items(talk)])

    return begin


def went_on(talk: Talk) -> Talk:
    """The same conversation with two more turns."""
    at = talk.last_activity_at + timedelta(seconds=90)
    more = (Turn("user", "one more question", at), Turn("assistant", "one more answer", at + timedelta(seconds=4)))
    return replace(talk, turns=talk.turns + more)


def another(talk: Talk) -> Talk:
    """A new conversation of the same person, after all others."""
    turns = tuple(replace(turn, sent_at=turn.sent_at + timedelta(days=30)) for turn in talk.turns)
    return replace(talk, conversation_id=f"{talk.conversation_id}-again", turns=turns)


def newest(known: list[Talk]) -> Talk:
    return max(known, key=lambda talk: talk.last_activity_at)


@pytest.mark.parametrize("system", SYSTEMS)
def test_new_messages_and_conversations_appear(
    dynamodb: DynamoDBClient, open_source: OpenSource, store: Store, write: Put, system: str
) -> None:
    known = load_lasting(dynamodb, system)
    source = open_source(system)
    first = sync(source, store)
    longer = went_on(newest(known))
    write(longer)
    added = 2
    if system != "remo":  # It keeps one conversation a user.
        new = another(newest(known))
        write(new)
        added += len(new.turns)
    state = store.states()[system]
    route = news.plan(source, state, partial(store.ask, state))
    assert (route.way if route else None) == ROUTES[system]
    again = sync(source, store)
    assert (again.full, again.new_rows, again.removed_rows) == (route is None, added, 0)
    assert again.messages == first.messages + added
    assert bool(again.blind_spots) == (not again.full)
    assert agree(source, store) == again.conversations
    still = sync(source, store)
    assert (still.new_rows, still.removed_rows, still.messages) == (0, 0, again.messages)
    assert agree(source, store) == again.conversations


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_update_and_a_full_read_leave_the_same_rows(
    dynamodb: DynamoDBClient, open_source: OpenSource, store: Store, write: Put, system: str
) -> None:
    known = load_lasting(dynamodb, system)
    source = open_source(system)
    sync(source, store)
    write(went_on(newest(known)))
    if system != "remo":
        write(another(newest(known)))
    sync(source, store)
    updated = {table: rows(store, table) for table in ("conversations", "messages", "tool_calls", "user_records")}
    sync(source, store, full=True)
    assert updated == {table: rows(store, table) for table in updated}


@pytest.mark.parametrize("system", ["ai_agent", "ai4ai", "cg"])
def test_an_update_that_brings_much_is_the_same(
    dynamodb: DynamoDBClient, open_source: OpenSource, store: Store, write: Put, system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every page goes into the tables by itself, as if it had been a large one."""
    monkeypatch.setattr("data_access.snapshot.work._WAITING_BYTES", 0)
    known = load_lasting(dynamodb, system)
    source = open_source(system)
    sync(source, store)
    write(went_on(newest(known)))
    write(another(newest(known)))
    assert sync(source, store).new_rows == 2 + len(newest(known).turns)
    assert agree(source, store) == len(known) + 1


def rows(store: Store, table: str) -> list[str]:
    return sorted(map(repr, store.arrow(table).to_pylist()))


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_full_read_finds_what_was_changed_or_deleted(
    dynamodb: DynamoDBClient, open_source: OpenSource, store: Store, write: Put, system: str
) -> None:
    known = load_lasting(dynamodb, system)
    source = open_source(system)
    sync(source, store)
    changed = replace(known[0], turns=(replace(known[0].turns[0], content="said otherwise"), *known[0].turns[1:]))
    write(changed)
    gone = known[1]
    delete(dynamodb, source, gone)
    synced = sync(source, store, full=True)
    assert synced.full
    assert synced.removed_rows == len(gone.turns)
    assert agree(source, store) == len(known) - 1
    assert "said otherwise" in store.arrow("messages")["content"].to_pylist()


def delete(client: DynamoDBClient, source: Source, talk: Talk) -> None:
    for table, item in items(talk):
        keys = next(known.keys for key, known in source.place.system.tables.items() if source.place.tables[key] == table)
        key: dict[str, Any] = {name: {"N": str(item[name])} if isinstance(item[name], int) else {"S": item[name]} for name in keys}
        client.delete_item(TableName=table, Key=key)


def test_a_session_that_was_deleted_is_seen_where_sessions_are_read_first(
    dynamodb: DynamoDBClient, open_source: OpenSource, store: Store
) -> None:
    known = load_lasting(dynamodb, "ai4ai")
    source = open_source("ai4ai")
    sync(source, store)
    delete(dynamodb, source, known[0])
    synced = sync(source, store)
    assert not synced.full
    assert synced.removed_rows == len(known[0].turns)
    assert agree(source, store) == len(known) - 1


def test_blind_spots_are_as_stated(dynamodb: DynamoDBClient, open_source: OpenSource, store: Store, write: Put) -> None:
    known = load_lasting(dynamodb, "ai_agent")
    source = open_source("ai_agent")
    sync(source, store)
    strange = replace(another(known[0]), tenant_id="a-tenant-nobody-knows")
    write(replace(strange, conversation_id="strange"))
    delete(dynamodb, source, known[0])
    unseen = sync(source, store)
    assert (unseen.new_rows, unseen.removed_rows) == (0, 0)
    assert any("tenants that the snapshot does not know" in spot for spot in unseen.blind_spots)
    assert any("deleted" in spot for spot in store.coverage()["ai_agent"].blind_spots)
    sync(source, store, full=True)
    assert store.coverage()["ai_agent"].blind_spots == ()
    assert agree(source, store) == len(known)


def test_what_has_expired_is_gone_at_once(dynamodb: DynamoDBClient, open_source: OpenSource, store: Store) -> None:
    known = load_lasting(dynamodb, "remo")
    source = open_source("remo")
    soon, past = int(datetime.now(UTC).timestamp()) + 3600, int(datetime.now(UTC).timestamp()) - 60
    talk = known[0]
    put(dynamodb, [(table, item | {"ttl": past}) for table, item in items(talk)])
    synced = sync(source, store)
    assert synced.conversations == len(known) - 1
    assert talk.user_id not in store.arrow("user_records")["user_id"].to_pylist()
    put(dynamodb, [(table, item | {"ttl": soon}) for table, item in items(known[1])])
    sync(source, store)
    with store.connection() as database:
        assert database.execute("SELECT count(*) FROM conversations").fetchall() == [(len(known) - 1,)]
        expires = "SELECT count(*) FROM messages WHERE expires_at < now() AT TIME ZONE 'UTC' + INTERVAL 2 HOURS"
        assert database.execute(expires).fetchall() == [(len(known[1].turns),)]


def test_the_price_is_known_before_and_measured_after(dynamodb: DynamoDBClient, open_source: OpenSource, store: Store, sent: Sent) -> None:
    load_lasting(dynamodb, "ai_agent")
    source = open_source("ai_agent")
    before = estimate(source, store)
    assert before.full
    assert before.units > 0
    assert before.usd is not None
    recorded = sent.of(source)
    synced = sync(source, store)
    assert synced.units == recorded.units > 0
    assert synced.usd == pytest.approx(synced.units * 0.125e-6)
    assert not estimate(source, store).full
    assert estimate(source, store, full=True).full
    assert estimate(source, store).blind_spots
    recorded.clear()
    again = sync(source, store)
    assert again.units == recorded.units


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("begun", ["nothing", "conversations without messages"])
def test_tables_that_fill_after_the_first_sync(
    dynamodb: DynamoDBClient, open_source: OpenSource, store: Store, system: str, begun: str
) -> None:
    create(dynamodb, system)
    rows = [(table, item | ({"ttl": 4_102_444_800} if "ttl" in item else {})) for talk in talks(system) for table, item in items(talk)]
    source = open_source(system)
    messages = source.place.system.messages
    if begun != "nothing" and messages is not None:
        put(dynamodb, [row for row in rows if row[0] != messages.name])
    assert sync(source, store).messages == 0
    put(dynamodb, rows)
    sync(source, store)
    agree(source, store)


def test_an_update_goes_on_from_what_the_last_sync_left(
    dynamodb: DynamoDBClient, open_source: OpenSource, store: Store, write: Put
) -> None:
    """The newest time of each tenant is kept, moves on with what comes, and is what the rows themselves say."""
    known = load_lasting(dynamodb, "ai_agent")
    source = open_source("ai_agent")

    def in_rows() -> dict[str, datetime]:
        state = store.states()["ai_agent"]
        found = store.ask(
            state,
            "messages",
            "SELECT tenant_id, epoch_us(max(sent_at)) FROM {rows} WHERE tenant_id IS NOT NULL AND sent_at IS NOT NULL GROUP BY 1",
        )
        return {tenant: datetime.fromtimestamp(at / 1e6, UTC) for tenant, at in found}

    sync(source, store)
    before = in_rows()
    assert store.states()["ai_agent"].latest == before
    longer = went_on(newest(known))
    write(longer)
    assert not sync(source, store).full
    after = store.states()["ai_agent"].latest
    assert after == in_rows()
    assert after is not None
    assert after[longer.tenant_id or ""] > before[longer.tenant_id or ""]
    assert sync(source, store).new_rows == 0
    assert store.states()["ai_agent"].latest == after


def test_a_state_that_kept_no_times_is_asked_for_its_rows(
    dynamodb: DynamoDBClient, open_source: OpenSource, store: Store, write: Put
) -> None:
    """That of an earlier version: no tenant is left out, and the next full read keeps the times."""
    known = load_lasting(dynamodb, "ai_agent")
    source = open_source("ai_agent")
    sync(source, store)
    state = store.states()["ai_agent"]
    store.save(replace(state, latest=None))
    longer = went_on(newest(known))
    write(longer)
    again = sync(source, store)
    assert (again.full, again.new_rows) == (False, 2)
    assert store.states()["ai_agent"].latest is None
    sync(source, store, full=True)
    assert store.states()["ai_agent"].latest is not None
