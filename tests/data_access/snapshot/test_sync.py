"""A sync that is killed, stopped, refused or locked out: what it leaves, and how it goes on."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from data_access import cli
from data_access.dynamo.aws import Source
from data_access.errors import AccessDenied, SnapshotError, SnapshotOff, SyncRunning, SyncStopped
from data_access.settings import SnapshotSettings, load_settings
from data_access.snapshot.locking import lock
from data_access.snapshot.store import Store, open_store
from data_access.snapshot.sync import Progress, sync
from tests.data_access.conftest import OpenSource, Scripted, refusal
from tests.data_access.layouts import SYSTEMS, put
from tests.data_access.snapshot.conftest import load_lasting

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Serve = Callable[[Any], Scripted]
ROOT = Path(__file__).parents[3]
PAGES, PAGE_ITEMS = 6, 5


class Tables:
    """DynamoDB with a message table in pages, which counts what it has answered and ends a client when it is told to."""

    def __init__(self, segments: int) -> None:
        self.segments = segments
        self.answered: Counter[tuple[str, int, str]] = Counter()
        self.kill_at: int | None = None
        self.client: subprocess.Popen[str] | None = None
        self.refuse_at: int | None = None

    def answer(self, operation: str, request: dict[str, Any], number: int) -> tuple[int, dict[str, str], bytes]:
        table = request["TableName"]
        if operation == "DescribeTable":
            size = self.segments * 1_048_576
            described = {"TableName": table, "ItemCount": 100, "TableSizeBytes": size if "messages" in table else 100}
            return 200, {}, json.dumps({"Table": described}).encode()
        if len(self.answered) == self.kill_at and self.client is not None:
            self.kill_at = None
            os.kill(self.client.pid, signal.SIGKILL)
            self.client.wait()
            return refusal("InternalServerError")  # to nobody
        if len(self.answered) == self.refuse_at:
            return refusal("AccessDeniedException")
        segment, after = request["Segment"], request.get("ExclusiveStartKey", {}).get("id", {}).get("S", "")
        self.answered[table, segment, after] += 1
        return 200, {}, json.dumps(self.page(table, segment, int(after.rpartition("-")[2]) + 1 if after else 0)).encode()

    def page(self, table: str, segment: int, page: int) -> dict[str, Any]:
        if "sessions" in table:
            items = [{"id": {"S": "session"}, "tenantId": {"S": "acme"}, "userId": {"S": "user"}}]
            return {"Items": items, "ScannedCount": 1, "ConsumedCapacity": {"TableName": table, "CapacityUnits": 0.5}}
        items = [
            {
                "id": {"S": f"m-{segment}-{page}-{n}"},
                "tenantId": {"S": "acme"},
                "sessionId": {"S": "session"},
                "role": {"S": "user"},
                "content": {"S": f"message {segment} {page} {n}"},
                "timestamp": {"S": f"2026-05-04T08:{page:02d}:{n:02d}.{segment:03d}Z"},
            }
            for n in range(PAGE_ITEMS)
        ]
        body = {"Items": items, "ScannedCount": PAGE_ITEMS, "ConsumedCapacity": {"TableName": table, "CapacityUnits": 2.0}}
        return body | ({"LastEvaluatedKey": {"id": {"S": f"k-{page}"}}} if page + 1 < PAGES else {})


_CHILD = """
import sys
from pathlib import Path
from data_access.dynamo.aws import open_sources
from data_access.settings import Place, Settings
from data_access.snapshot.store import Store
from data_access.snapshot.sync import sync
from data_access.systems.spec import built_in
system = built_in()["ai_agent"]
place = Place(system, {key: table.name for key, table in system.tables.items()}, "us-east-1")
source = open_sources(Settings("local", Path("unused"), {system.id: place}), sys.argv[1])["ai_agent"]
sync(source, Store(sys.argv[2]))
"""


@pytest.mark.parametrize("segments", [1, 4])
def test_a_killed_sync_goes_on_where_it_was(
    scripted: Serve, sources_at: Callable[..., Source], store: Store, tmp_path: Path, segments: int
) -> None:
    tables = Tables(segments)
    server = scripted(tables.answer)
    tables.kill_at = 1 + segments * PAGES // 2
    with subprocess.Popen([sys.executable, "-c", _CHILD, server.endpoint, store.place], cwd=ROOT, text=True) as child:
        tables.client = child
        child.wait()
    assert child.returncode == -signal.SIGKILL
    assert store.coverage() == {}
    read_before = sum(tables.answered.values())
    assert 0 < read_before < 1 + segments * PAGES
    synced = sync(sources_at(server.endpoint, "ai_agent"), store)
    twice = sum(count - 1 for count in tables.answered.values())
    # A page is staged before its segment reads on: only what was on its way when the process died is asked for again.
    assert twice <= segments - 1
    assert len(tables.answered) == 1 + segments * PAGES
    assert synced.messages == synced.new_rows == segments * PAGES * PAGE_ITEMS
    assert synced.items == 1 + synced.messages
    assert synced.units == 0.5 + 2.0 * segments * PAGES
    fresh = Store(str(tmp_path / "fresh" / "snapshot"))
    sync(sources_at(server.endpoint, "ai_agent"), fresh)
    for table in ("conversations", "messages"):
        assert rows(store, table) == rows(fresh, table)
    assert not list((store.state / "staging").rglob("*.parquet"))


def rows(store: Store, table: str) -> list[str]:
    return sorted(map(repr, store.arrow(table).to_pylist()))


def test_a_refusal_half_way_keeps_what_was_read_and_what_was_valid(
    scripted: Serve, sources_at: Callable[..., Source], store: Store
) -> None:
    tables = Tables(1)
    server = scripted(tables.answer)
    source = sources_at(server.endpoint, "ai_agent")
    sync(source, store)
    before = rows(store, "messages")
    tables.answered.clear()
    tables.refuse_at = 3
    with pytest.raises(AccessDenied):
        sync(source, store, full=True)
    assert rows(store, "messages") == before
    tables.refuse_at = None
    sync(source, store, full=True)
    assert max(tables.answered.values()) == 1


def test_a_stopped_sync_says_so_and_goes_on(scripted: Serve, sources_at: Callable[..., Source], store: Store) -> None:
    tables = Tables(1)
    source = sources_at(scripted(tables.answer).endpoint, "ai_agent")
    seen: list[Progress] = []
    with pytest.raises(SyncStopped, match="the next sync goes on from there"):
        sync(source, store, progress=seen.append, cancelled=lambda: len(seen) > 2)
    assert store.coverage() == {}
    assert [one.stage for one in seen] == ["reading"] * len(seen)
    synced = sync(source, store)
    assert max(tables.answered.values()) == 1
    assert synced.messages == PAGES * PAGE_ITEMS


def test_two_at_once(scripted: Serve, sources_at: Callable[..., Source], store: Store) -> None:
    source = sources_at(scripted(Tables(1).answer).endpoint, "ai_agent")
    with lock(store), pytest.raises(SyncRunning, match=r"Another sync is running here. Wait until it is done"):
        sync(source, store)
    sync(source, store)


@pytest.mark.parametrize("failing", ["commit", "save"])
def test_a_failure_while_writing_leaves_the_last_good_state(
    dynamodb: DynamoDBClient, open_source: OpenSource, store: Store, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    known = load_lasting(dynamodb, "cg")
    source = open_source("cg")
    sync(source, store)
    before = {table: rows(store, table) for table in ("conversations", "messages", "tool_calls")}
    version = store.version()
    item = {"conversation_id": "new", "user_id": "somebody", "created_at": "2026-05-04T08:00:00Z", "messages": []}
    put(dynamodb, [("cg-chatbot-conversations", item)])
    calls: list[str] = []
    commit = store._commit

    def fail(table: str, *rest: Any) -> None:
        calls.append(table)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        commit(table, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(store, "_commit" if failing == "commit" else "save", fail if failing == "commit" else _full)
        with pytest.raises(SnapshotError, match=r"the disk is full. Make room under .* nothing is lost"):
            sync(source, store, full=True)
    assert {table: rows(store, table) for table in before} == before
    assert store.version() == version
    synced = sync(source, store, full=True)
    assert (synced.conversations, synced.new_rows) == (len(known) + 1, 0)


def _full(*_: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_that_is_full_while_reading(
    scripted: Serve, sources_at: Callable[..., Source], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = Tables(1)
    source = sources_at(scripted(tables.answer).endpoint, "ai_agent")
    with monkeypatch.context() as patch:
        patch.setattr("data_access.snapshot.staging._write", _full)
        with pytest.raises(SnapshotError, match="What is read cannot be kept: the disk is full"):
            sync(source, store)
    assert sync(source, store).messages == PAGES * PAGE_ITEMS


def test_a_folder_that_cannot_be_written(scripted: Serve, sources_at: Callable[..., Source], tmp_path: Path) -> None:
    source = sources_at(scripted(Tables(1).answer).endpoint, "ai_agent")
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(SnapshotError, match=r"cannot be written to. Give it to this user, or set snapshot.place"):
        sync(source, Store(str(tmp_path / "file" / "snapshot"), tmp_path))


def test_the_rate_limit_holds_for_a_sync_too(
    scripted: Serve, sources_at: Callable[..., Source], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("data_access.dynamo.meter.Pace.wait", lambda pace, stop: waited.append(pace._free_at))
    sync(sources_at(scripted(Tables(1).answer).endpoint, "ai_agent", scan_rate=10.0), store)
    # What the session and each page cost, one after the other: 0.05 s and 0.2 s a page.
    assert waited[-1] - waited[0] >= 0.2 * (PAGES - 1)


def test_turned_off(tmp_path: Path) -> None:
    (tmp_path / "dynascope.toml").write_text("snapshot = false\n")
    settings = load_settings({}, tmp_path)
    assert settings.snapshot == SnapshotSettings(on=False)
    with pytest.raises(SnapshotOff, match=r"The snapshot is turned off. Remove `snapshot = false`"):
        open_store(settings)


def test_another_place(tmp_path: Path) -> None:
    (tmp_path / "dynascope.toml").write_text('[snapshot]\nplace = "elsewhere/snapshot"\n')
    store = open_store(load_settings({}, tmp_path))
    assert store.place == str(tmp_path / "elsewhere" / "snapshot")
    assert store.state == tmp_path / ".local"


@pytest.mark.engine
def test_the_command_is_a_json_line_for_each_system(
    dynamodb: DynamoDBClient,
    endpoint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for system in SYSTEMS:
        load_lasting(dynamodb, system)
    for name, value in {"AWS_ENDPOINT_URL_DYNAMODB": endpoint, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DYNASCOPE_MODE", "aws")
    monkeypatch.setenv("DYNASCOPE_STATE", str(tmp_path))
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    (tmp_path / "dynascope.toml").write_text('[systems.ai4ai]\nregion = "us-east-1"\n')
    monkeypatch.chdir(tmp_path)
    assert cli.main(["sync"]) == 0
    out, err = capsys.readouterr()
    lines = [json.loads(line) for line in out.splitlines()]
    assert sorted(line["system"] for line in lines) == sorted(SYSTEMS)
    assert all(line["items"] > 0 and line["units"] > 0 and line["seconds"] > 0 for line in lines)
    assert "about" in err
    assert "reading" in err
    assert cli.main(["sync", "--system", "cg", "--full"]) == 0
    assert json.loads(capsys.readouterr().out)["full"] is True
    assert cli.main(["sync", "--system", "nothing"]) == 2
    assert "There is no system 'nothing' here" in capsys.readouterr().err
