"""The copy in memory: where it comes from, what it holds, who can ask it at once, and when it is loaded again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import duckdb
import pyarrow.parquet as pq
import pytest

from data_access.errors import SnapshotError, UsageError
from data_access.snapshot.hot import Hot, Keeper, SnapshotTooLarge, rows
from data_access.snapshot.schema import TABLES
from data_access.snapshot.search import SearchFilter, search
from data_access.snapshot.store import Store
from data_access.usage import UsageFilter, usage
from tests.data_access.asked import BEGIN, END, NOW, arrow, hot, invented, message, talk

ROWS = invented(7)
WANTED = UsageFilter(since=BEGIN, until=END)


def test_tables_readers_and_parquet_files_are_the_same(tmp_path: Path) -> None:
    tables = arrow(ROWS)
    for name, table in tables.items():
        pq.write_table(table.slice(0, 50), tmp_path / f"{name}-1.parquet")
        pq.write_table(table.slice(50), tmp_path / f"{name}-2.parquet")
    sources: list[dict[str, Any]] = [
        tables,
        {name: table.to_reader(7) for name, table in tables.items()},
        {name: [str(tmp_path / f"{name}-{n}.parquet") for n in (1, 2)] for name in tables},
    ]
    copies = [Hot.from_arrow(source, "1") for source in sources]
    answers = [usage(copy, WANTED, now=NOW) for copy in copies]
    assert answers[0].metrics == answers[1].metrics == answers[2].metrics
    found = [[hit.key for hit in search(copy, "user 1", SearchFilter(limit=9), now=NOW).hits] for copy in copies]
    assert found[0]
    assert sorted(map(str, found[0])) == sorted(map(str, found[1])) == sorted(map(str, found[2]))


def test_small_batches_and_many_segments_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def answers() -> list[Any]:
        copy = hot(ROWS, texts=True)
        found = [search(copy, asked, SearchFilter(limit=1_000), now=NOW) for asked in ("user", "assistant 2", "user -1", "r 1")]
        matching = [({hit.key: hit.matching for hit in one.hits}, one.searched_messages) for one in found]
        return [usage(copy, WANTED, now=NOW).metrics, matching]

    whole = answers()
    monkeypatch.setattr("data_access.snapshot.loading._CHUNK", 13)
    for module in ("texts", "loading"):
        monkeypatch.setattr(f"data_access.snapshot.{module}.SEGMENT", 8)
    assert answers() == whole


def test_coverage_and_memory() -> None:
    copy = hot(ROWS, texts=True)
    covered = copy.coverage
    times = [row["sent_at"] for row in ROWS["messages"] if row["sent_at"]]
    assert (covered.conversations, covered.messages) == (len(ROWS["conversations"]), len(ROWS["messages"]))
    assert (covered.tool_calls, covered.records) == (len(ROWS["tool_calls"]), len(ROWS["user_records"]))
    assert covered.undated_messages == len(ROWS["messages"]) - len(times)
    assert (covered.since, covered.until) == (min(times), max(times))
    assert copy.texts is not None
    assert copy.bytes > copy.texts.bytes > sum(len(row["content"]) for row in ROWS["messages"])
    light = hot(ROWS)
    assert light.texts is None
    assert light.bytes < copy.bytes


def test_an_empty_snapshot_is_loaded() -> None:
    copy = hot({}, texts=True)
    assert copy.coverage.messages == 0
    assert search(copy, "word", SearchFilter()).hits == ()
    assert (copy.as_of(), copy.as_of("cg")) == (None, None)


def test_many_threads_ask_at_once_and_get_what_one_gets() -> None:
    copy = hot(ROWS, texts=True)
    systems = ("cg", "remo", "ai_agent", None)
    alone = {system: usage(copy, UsageFilter(system, since=BEGIN, until=END), now=NOW) for system in systems}

    def ask(number: int) -> bool:
        system = systems[number % 4]
        same = usage(copy, UsageFilter(system, since=BEGIN, until=END), now=NOW).metrics == alone[system].metrics
        return same and bool(search(copy, "user", SearchFilter(system=system), now=NOW).hits)

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(ask, range(24)))


def test_a_question_leaves_nothing_behind() -> None:
    copy = hot(ROWS)
    usage(copy, WANTED)
    with copy.cursor() as cursor:
        names = {row[0] for row in rows(cursor, "SELECT table_name FROM duckdb_tables()")}
    numbered = {"systems", "tenants", "people", "tools", "item_tables"}
    assert names == numbered | {"messages", "activity", "responses", "tool_calls", "conversations", "records"}


def test_what_does_not_fit_is_said_in_a_sentence() -> None:
    many = talk([message(n, "user", BEGIN, content="word " * 2_000) for n in range(1, 3_000)])
    with pytest.raises(SnapshotTooLarge, match="does not fit into the memory"):
        Hot.from_arrow(arrow(many), "1", memory_limit="4MB")
    with pytest.raises(UsageError, match="not a size"):
        Hot.from_arrow({}, "1", memory_limit="4MB'; DROP TABLE x")


def test_nothing_of_a_text_is_spilled_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    hot(ROWS, texts=True)
    assert list(tmp_path.iterdir()) == []


class _Store:
    """A store that is changed by the test, with what Keeper needs of a real one."""

    place = "nowhere"

    def __init__(self) -> None:
        self.rows: Any = ROWS
        self.made = 0
        self.synced: dict[str, datetime] = {"cg": NOW}

    def version(self) -> str:
        return str(id(self.rows))

    def coverage(self) -> Any:
        return {system: SimpleNamespace(synced_at=when) for system, when in self.synced.items()}

    def connection(self, *, expired: bool) -> duckdb.DuckDBPyConnection:
        assert expired, "what expires is left out when a question is asked"
        self.made += 1
        connection = duckdb.connect()
        for name, table in arrow(self.rows).items():
            connection.register(name, table)
        return connection


def test_a_keeper_loads_again_when_the_snapshot_has_changed() -> None:
    store = _Store()
    keeper = Keeper(cast("Store", store))
    first = keeper.hot()
    assert keeper.hot() is first
    assert (store.made, first.as_of()) == (1, NOW)
    store.rows = talk([message(1, "user", BEGIN)])
    store.synced = {"cg": NOW + timedelta(hours=1)}
    second = keeper.hot()
    assert (store.made, second.coverage.messages, second.as_of("cg")) == (2, 1, NOW + timedelta(hours=1))
    assert usage(first, WANTED, now=NOW).metrics["messages"] not in (0, 1), "who still asks the old copy can finish"


def test_threads_that_ask_first_load_once() -> None:
    store = _Store()
    keeper = Keeper(cast("Store", store))
    with ThreadPoolExecutor(4) as pool:
        copies = set(pool.map(lambda _: keeper.hot(), range(8)))
    assert (len(copies), store.made) == (1, 1)


def _vacuumed(folder: Path) -> duckdb.DuckDBPyConnection:
    """What a store opened before the files that it names were taken away."""
    connection = duckdb.connect()
    for name, table in arrow(ROWS).items():
        file = folder / f"{name}.parquet"
        pq.write_table(table, file)
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{file}')")
        file.unlink()
    return connection


def test_a_file_that_goes_while_it_is_read_is_read_from_the_newer_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    store = _Store()
    whole = store.connection

    def first(*, expired: bool) -> duckdb.DuckDBPyConnection:
        store.rows = talk([message(1, "user", BEGIN)])
        monkeypatch.setattr(store, "connection", whole)
        return _vacuumed(tmp_path)

    monkeypatch.setattr(store, "connection", first)
    assert Keeper(cast("Store", store)).hot().coverage.messages == 1


def test_a_snapshot_that_cannot_be_read_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    store = _Store()
    monkeypatch.setattr(store, "connection", lambda expired: _vacuumed(tmp_path))
    with pytest.raises(SnapshotError, match="The snapshot cannot be read"):
        Keeper(cast("Store", store)).hot()


def test_no_snapshot_yet_is_said(store: Store) -> None:
    with pytest.raises(SnapshotError, match="There is no snapshot yet"):
        Keeper(store).hot()


def test_all_needed_columns_are_in_the_schema() -> None:
    from data_access.snapshot.loading import questions

    for name, question in questions(texts=True):
        columns = question.removeprefix("SELECT ").removesuffix(f" FROM {name}").split(", ")
        assert set(columns) <= set(TABLES[name].names)


def test_ids_are_apart_by_system_tenant_and_user() -> None:
    keys = [(system, tenant, user) for system in ("cg", "remo") for tenant in ("t", None) for user in ("u", None)]
    messages = [
        message(1, "user", datetime(2026, 3, 1, tzinfo=UTC), system=system, tenant_id=tenant, user_id=user) for system, tenant, user in keys
    ]
    found = usage(hot({"messages": messages}), UsageFilter()).metrics
    assert (found["conversations_active"], found["active_users"], found["messages"]) == (8, 2, 8)
