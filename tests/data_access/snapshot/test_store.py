"""What the store keeps, for whom, and what it does with what it cannot read."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from data_access.errors import SnapshotError
from data_access.snapshot.schema import TABLES
from data_access.snapshot.store import Store
from data_access.snapshot.sync import sync
from tests.data_access.conftest import OpenSource
from tests.data_access.snapshot.conftest import load_lasting

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def test_an_empty_one_has_every_column(store: Store) -> None:
    assert store.coverage() == {}
    with store.connection() as database:
        for name, schema in TABLES.items():
            assert database.execute(f"SELECT * FROM {name}").fetchall() == []
            assert [column[0] for column in database.description or ()] == schema.names
            assert store.arrow(name).schema.equals(schema)


def test_files_and_log_are_the_tables_that_anybody_can_read(dynamodb: DynamoDBClient, open_source: OpenSource, store: Store) -> None:
    for system in ("ai_agent", "remo"):
        load_lasting(dynamodb, system)
        sync(open_source(system), store)
    with store.connection() as database:
        for name, schema in TABLES.items():
            delta = DeltaTable(store.files.uri(name))
            assert delta.metadata().description == "dynascope schema 1"
            assert delta.metadata().partition_columns == ["system"]
            ours = store.arrow(name)
            assert ours.schema.equals(schema)
            theirs = pa.table(delta.to_pyarrow_table()).select(schema.names).cast(schema)
            assert sorted(map(repr, theirs.to_pylist())) == sorted(map(repr, ours.to_pylist()))
            assert database.execute(f"SELECT count(*) FROM {name}").fetchall() == [(ours.num_rows,)]


def test_only_its_owner_can_look_into_it(dynamodb: DynamoDBClient, open_source: OpenSource, store: Store) -> None:
    load_lasting(dynamodb, "cg")
    sync(open_source("cg"), store)
    paths = [store.state, Path(store.place), *Path(store.place).rglob("*")]
    assert [str(path) for path in paths if path.stat().st_mode & 0o077] == []


def test_coverage_says_how_much_and_how_old(dynamodb: DynamoDBClient, open_source: OpenSource, store: Store) -> None:
    known = load_lasting(dynamodb, "ai_agent")
    synced = sync(open_source("ai_agent"), store)
    found = store.coverage()["ai_agent"]
    assert (found.conversations, found.messages) == (len(known), sum(len(talk.turns) for talk in known))
    assert found.first_at == min(talk.started_at for talk in known)
    assert found.last_at == max(talk.last_activity_at for talk in known)
    assert (found.bad_items, found.unplaced) == (0, 0)
    assert found.began_at <= found.synced_at
    assert (found.units, found.method) == (synced.units, synced.method)
    assert "Scan of ai-agent-sessions" in found.method


def test_readers_go_on_while_it_is_written(dynamodb: DynamoDBClient, open_source: OpenSource, store: Store) -> None:
    load_lasting(dynamodb, "cg")
    source = open_source("cg")
    sync(source, store)
    counts: set[tuple[int, int]] = set()
    failed: list[Exception] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                with Store(store.place).connection() as database:
                    counts.add(
                        database.execute("SELECT (SELECT count(*) FROM conversations), (SELECT count(*) FROM messages)").fetchall()[0]
                    )
            except Exception as error:
                failed.append(error)
                return

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for _ in range(4):
            sync(source, store, full=True)
    finally:
        stop.set()
        reader.join()
    assert failed == []
    assert len(counts) == 1


@pytest.mark.parametrize("damage", ["version", "state", "log", "file", "table"])
def test_what_cannot_be_used_is_set_aside_and_built_again(
    dynamodb: DynamoDBClient, open_source: OpenSource, store: Store, damage: str
) -> None:
    load_lasting(dynamodb, "cg")
    source = open_source("cg")
    first = sync(source, store)
    root = Path(store.place)
    if damage == "version":
        path = root / "state" / "cg.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 99}))
    elif damage == "state":
        (root / "state" / "cg.json").write_text("{torn")
    elif damage == "log":
        next((root / "messages" / "_delta_log").glob("*.json")).write_text("{torn")
    elif damage == "file":
        next((root / "messages").rglob("*.parquet")).unlink()
    else:
        (root / "conversations").rename(root / "gone")
    again = sync(source, store)
    assert again.notice is not None
    assert "set aside, and is built again" in again.notice
    assert (again.messages, again.conversations, again.full) == (first.messages, first.conversations, True)
    assert list((root / "set-aside").glob("*/state/cg.json"))
    assert sync(source, store, full=True).notice is None


def test_a_file_that_is_missing_is_one_sentence(dynamodb: DynamoDBClient, open_source: OpenSource, store: Store) -> None:
    load_lasting(dynamodb, "cg")
    sync(open_source("cg"), store)
    next((Path(store.place) / "messages").rglob("*.parquet")).unlink()
    with pytest.raises(SnapshotError, match="The snapshot cannot be read"):
        store.arrow("messages")


def test_its_version_is_another_one_when_anything_is(dynamodb: DynamoDBClient, open_source: OpenSource, store: Store) -> None:
    load_lasting(dynamodb, "cg")
    source = open_source("cg")
    versions = {store.version()}
    sync(source, store)
    assert store.version() == Store(store.place).version()
    versions.add(store.version())
    sync(source, store, full=True)
    versions.add(store.version())
    assert len(versions) == 3
