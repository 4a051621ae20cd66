"""A forgotten user is gone from every byte of the folder, and does not come back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from data_access.errors import SnapshotError, SyncRunning
from data_access.snapshot.forget import forget
from data_access.snapshot.locking import lock
from data_access.snapshot.store import Store
from data_access.snapshot.sync import sync
from tests.data_access.conftest import OpenSource
from tests.data_access.layouts import SYSTEMS, USERS, Talk, create, items, put, talks
from tests.data_access.snapshot.conftest import load_lasting

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def holding(folder: Path, *words: str) -> list[str]:
    """Files below the folder that hold one of the words, in their bytes or in what the bytes are of."""
    found: list[str] = []
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            text = repr(pq.read_table(path, partitioning=None).to_pylist()).encode() if path.suffix == ".parquet" else b""
            if any(word.encode() in data or word.encode() in text for word in words):
                found.append(str(path))
    return found


def rows(store: Store, table: str, system: str) -> list[dict[str, Any]]:
    return store.arrow(table, systems=[system]).to_pylist()


def words_of(user: str, known: list[Talk]) -> list[str]:
    """What tells of a user: long enough not to be anybody else's."""
    mine = [talk for talk in known if talk.user_id == user]
    return [*(talk.conversation_id for talk in mine), *(turn.content[:18] for talk in mine for turn in talk.turns)]


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_byte_of_a_user_is_gone_and_stays_gone(dynamodb: DynamoDBClient, open_source: OpenSource, store: Store, system: str) -> None:
    known = load_lasting(dynamodb, system)
    user, other = USERS[system][0], USERS[system][1]
    source = open_source(system)
    sync(source, store)
    before = rows(store, "messages", system)
    words = words_of(user, known)
    assert holding(store.state, *words)
    removed = forget(store, user)
    assert removed.rows["messages"] == sum(len(talk.turns) for talk in known if talk.user_id == user) > 0
    assert holding(store.state, *words) == []
    left = rows(store, "messages", system)
    assert {row["user_id"] for row in left} == {row["user_id"] for row in before} - {user}
    assert other in {row["user_id"] for row in rows(store, "conversations", system)}
    assert store.coverage()[system].messages == len(rows(store, "messages", system))
    # The items are still there, and all of them are older than the erasure.
    for full in (False, True):
        sync(source, store, full=full)
        assert holding(store.state, *words) == []
        assert user not in {
            row["user_id"] for table in ("conversations", "messages", "tool_calls", "user_records") for row in rows(store, table, system)
        }


def test_what_is_newer_comes_back_as_new(dynamodb: DynamoDBClient, open_source: OpenSource, store: Store) -> None:
    known = load_lasting(dynamodb, "ai_agent")
    user = known[0].user_id
    source = open_source("ai_agent")
    sync(source, store)
    middle = sorted(talk.started_at for talk in known if talk.user_id == user)[1]
    forget(store, user, "ai_agent", at=middle - timedelta(seconds=1))
    assert user not in {row["user_id"] for row in rows(store, "conversations", "ai_agent")}
    sync(source, store, full=True)
    back = {row["conversation_id"] for row in rows(store, "conversations", "ai_agent") if row["user_id"] == user}
    assert back == {talk.conversation_id for talk in known if talk.user_id == user and talk.started_at >= middle}


def test_messages_that_name_nobody_do_not_come_back_without_their_session(
    dynamodb: DynamoDBClient, open_source: OpenSource, store: Store
) -> None:
    known = load_lasting(dynamodb, "ai4ai")
    user = known[0].user_id
    source = open_source("ai4ai")
    sync(source, store)
    forget(store, user)
    for talk in known:
        if talk.user_id == user:
            dynamodb.delete_item(TableName="ai4ai-chat-sessions", Key={"user_id": {"S": user}, "session_id": {"S": talk.conversation_id}})
    sync(source, store, full=True)
    assert holding(store.state, *words_of(user, known)) == []


def test_hostile_ids_are_values_and_nothing_else(dynamodb: DynamoDBClient, open_source: OpenSource, store: Store) -> None:
    from dataclasses import replace

    create(dynamodb, "cg")
    base = talks("cg")
    ids = ["' OR '1'='1", "o'brien", 'say "hi"', "back\\slash", "x; DROP TABLE messages; --", "世界 \u202e😀", "%", "_", "plain", "plain "]
    for n, user in enumerate(ids):
        put(dynamodb, list(items(replace(base[0], user_id=user, conversation_id=f"hostile-{n}"))))
    source = open_source("cg")
    sync(source, store)
    left = set(ids)
    for user in ids[:-1]:
        forget(store, user)
        left.discard(user)
        assert {row["user_id"] for row in rows(store, "conversations", "cg")} == left


def test_another_replica_keeps_to_it(dynamodb: DynamoDBClient, open_source: OpenSource, store: Store, tmp_path: Path) -> None:
    known = load_lasting(dynamodb, "cg")
    source = open_source("cg")
    sync(source, store)
    replica = Store(store.place, tmp_path / "other machine")
    user = known[0].user_id
    forget(store, user)
    sync(source, replica, full=True)
    assert user not in {row["user_id"] for row in rows(replica, "conversations", "cg")}


def test_what_a_sync_left_half_way_goes_too(dynamodb: DynamoDBClient, open_source: OpenSource, store: Store) -> None:
    known = load_lasting(dynamodb, "cg")
    source = open_source("cg")
    user = known[0].user_id

    def fail(_: Any) -> None:
        raise OSError(28, "No space left on device")

    save, store.save = store.save, fail  # type: ignore[method-assign]
    with pytest.raises(SnapshotError, match="the disk is full"):
        sync(source, store)
    store.save = save  # type: ignore[method-assign]
    assert holding(store.state, *words_of(user, known))
    forget(store, user)
    assert holding(store.state, *words_of(user, known)) == []


def test_a_sync_that_does_not_end_is_said_and_the_erasure_holds(dynamodb: DynamoDBClient, open_source: OpenSource, store: Store) -> None:
    known = load_lasting(dynamodb, "cg")
    source = open_source("cg")
    user = known[0].user_id
    with lock(store), pytest.raises(SyncRunning, match="Another sync is running here"):
        forget(store, user, wait_seconds=0)
    sync(source, store)
    assert user not in {row["user_id"] for row in rows(store, "conversations", "cg")}


def test_it_can_be_repeated_and_says_nothing_of_who(store: Store) -> None:
    at = datetime(2026, 5, 4, tzinfo=UTC)
    for _ in range(2):
        assert sum(forget(store, "nobody@example.org", at=at).rows.values()) == 0
    assert holding(store.state, "nobody@example.org") == []
    assert all(path.stat().st_mode & 0o077 == 0 for path in Path(store.place).rglob("*"))
