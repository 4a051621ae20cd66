"""The snapshot's sync: client CPU beside awswrangler, what an update costs beside a full read, and memory at a million messages."""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import uuid
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import boto3.session

from benchmarks import data
from benchmarks.figures import Figure, cpu_seconds
from data_access.dynamo.aws import Source
from data_access.snapshot.store import Store
from data_access.snapshot.sync import sync
from data_access.systems.spec import built_in

_LOCAL: dict[str, Any] = {"region_name": "us-east-1", "aws_access_key_id": "local", "aws_secret_access_key": "local"}
_MILLION = 1_000_000
_PAGE_ITEMS = 2_000
_MEGABYTES = 600.0
_ROUNDS = 5
ROOT = Path(__file__).resolve().parents[1]


def whole_table(sources: Mapping[str, Source], endpoint: str) -> list[Figure]:
    """CPU seconds of this process to have all tables of AI Agent Server as files that can be queried."""
    source = sources["ai_agent"]
    with tempfile.TemporaryDirectory() as folder:
        numbers = iter(range(100))

        def ours() -> None:
            synced = sync(source, Store(f"{folder}/{next(numbers)}/snapshot"))
            assert synced.messages >= data.MESSAGES, f"{synced.messages} messages are in the snapshot"

        mine = cpu_seconds(ours)
        peer = cpu_seconds(lambda: _wrangler(endpoint, Path(folder)))
    return [
        Figure(
            f"full sync of {data.MESSAGES:,} messages (CPU)",
            mine,
            "awswrangler read_items + to_parquet",
            peer,
            "s",
            0.6 * peer,
            "at most 0.6 of the peer",
        )
    ]


def one_percent(sources: Mapping[str, Source], _endpoint: str) -> list[Figure]:
    """Read units and time of a sync after 1 % new messages, beside the full read.

    Measured at two sizes: an update has a fixed part of nearly a fifth of a second, which weighs most in the smaller one.
    """
    source = sources["ai_agent"]
    few = _update(source, data.MESSAGES // 100, day=1)
    for seed in (21, 22):
        data.load(source.client, data.sessions_and_messages(seed))
    many = _update(source, 3 * data.MESSAGES // 100, day=10)
    return [
        Figure(f"{few.name} (read units)", few.units, "the full read", few.all_units, "units", 0.05 * few.all_units, "at most 0.05 of it"),
        Figure(f"{few.name} (wall)", few.seconds, "the full read", few.all_seconds, "s", 0.1 * few.all_seconds, "at most 0.1 of it"),
        Figure(
            f"{many.name} (read units)", many.units, "the full read", many.all_units, "units", 0.05 * many.all_units, "at most 0.05 of it"
        ),
        Figure(f"{many.name} (wall)", many.seconds, "the full read", many.all_seconds, "s", 0.1 * many.all_seconds, "at most 0.1 of it"),
    ]


@dataclass(frozen=True, slots=True)
class _Update:
    name: str
    units: float
    seconds: float
    all_units: float
    all_seconds: float


def _update(source: Source, more: int, *, day: int) -> _Update:
    with tempfile.TemporaryDirectory() as folder:
        # The best of some rounds of each, as everywhere: only disturbance adds to a time.
        wholes = [sync(source, Store(f"{folder}/{number}/snapshot")) for number in range(_ROUNDS)]
        count = _more(source, more, day)
        updates = [sync(source, Store(f"{folder}/{number}/snapshot")) for number in range(_ROUNDS)]
    assert all(update.new_rows == count for update in updates), f"{[update.new_rows for update in updates]} of {count} were found"
    whole, news = min(wholes, key=lambda one: one.seconds), min(updates, key=lambda one: one.seconds)
    return _Update(f"sync after {count:,} new of {whole.messages:,} messages", news.units, news.seconds, whole.units, whole.seconds)


def memory(_sources: Mapping[str, Source], _endpoint: str) -> list[Figure]:
    """The most memory that a process takes that brings a million messages from pages to tables."""
    with tempfile.TemporaryDirectory() as folder:
        # A process of its own, and not a fork: pages that ran in this one have left their memory, and another main module.
        command = [sys.executable, "-m", "benchmarks.syncing", folder]
        peak, seconds, disk = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=600, cwd=ROOT).stdout)
    return [
        Figure(f"memory to sync {_MILLION:,} messages", peak, "the bound", _MEGABYTES, "MB", _MEGABYTES, "at most 600 MB"),
        Figure("  the same, time from pages to tables", seconds, "size of the tables in MB", disk, "", None, "for information"),
    ]


def _wrangler(endpoint: str, folder: Path) -> None:
    import awswrangler

    awswrangler.config.dynamodb_endpoint_url = endpoint
    session = boto3.session.Session(**_LOCAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for table in ("ai-agent-sessions", "ai-agent-messages"):
            frame: Any = awswrangler.dynamodb.read_items(table, allow_full_scan=True, boto3_session=session)
            # Without the nested metadata, which pandas holds as dicts of Decimals that no Parquet column takes.
            frame.drop(columns=["metadata"], errors="ignore").to_parquet(folder / f"{table}.parquet")


def _more(source: Source, count: int, day: int) -> int:
    """New messages from some days after the last one on: half in new sessions, half in sessions that are there."""
    rng = random.Random(day)
    rows = list(islice(data.sessions_and_messages(), 40_000))
    sessions = [item for table, item in rows if table == "ai-agent-sessions"]
    last = max(item["timestamp"]["S"] for table, item in data.sessions_and_messages() if table == "ai-agent-messages")
    now = datetime.fromisoformat(last) + timedelta(days=day)
    batches: list[tuple[str, dict[str, Any]]] = []
    made = 0
    while made < count:
        session = dict(rng.choice(sessions))
        if made % 2:
            session["id"] = {"S": str(uuid.UUID(int=rng.getrandbits(128), version=4))}
        length = min(count - made, 2 * rng.randint(4, 12))
        for turn in range(length):
            at = (now + timedelta(seconds=30 * turn)).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            item = {"id": {"S": str(uuid.UUID(int=rng.getrandbits(128), version=4))}, "sessionId": session["id"], "timestamp": {"S": at}}
            item |= {"tenantId": session["tenantId"], "userId": session["userId"], "role": {"S": "user" if turn % 2 == 0 else "agent"}}
            batches.append(("ai-agent-messages", item | {"content": {"S": "one more " * rng.randint(4, 40)}}))
        session["updatedAt"] = {"S": at}
        batches.append(("ai-agent-sessions", session))
        made, now = made + length, now + timedelta(minutes=3)
    rows = iter(batches)
    while batch := list(islice(rows, 25)):
        requests: dict[str, Any] = {}
        for table, item in {(t, i["id"]["S"]): (t, i) for t, i in batch}.values():
            requests.setdefault(table, []).append({"PutRequest": {"Item": item}})
        while requests:
            requests = source.client.batch_write_item(RequestItems=requests)["UnprocessedItems"]
    return made


def _pages() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A million messages in pages of one table each, made as they are needed: sessions and messages as a Scan brings them."""
    made, seed = 0, 100
    waiting: dict[str, list[dict[str, Any]]] = {"ai-agent-sessions": [], "ai-agent-messages": []}
    while made < _MILLION:
        for table, item in data.sessions_and_messages(seed):
            waiting[table].append(item)
            if len(waiting[table]) == _PAGE_ITEMS:
                yield table, waiting[table]
                waiting[table] = []
        made, seed = made + data.MESSAGES, seed + 1
    for table, items in waiting.items():
        if items:
            yield table, items


def _measure(folder: str) -> None:
    from data_access.settings import Place
    from data_access.snapshot import build, staging
    from data_access.snapshot.rows import RowReader

    system = built_in()["ai_agent"]
    names = {key: table.name for key, table in system.tables.items()}
    source = Source(Place(system, names, "us-east-1"), None)  # type: ignore[arg-type]
    store = Store(f"{folder}/snapshot")
    store.prepare()
    staged = staging.Staging(Path(folder) / "staging", "bench")
    reader = RowReader(system, names)
    spent = 0.0
    for number, (name, items) in enumerate(_pages()):
        began = time.perf_counter()
        key = "sessions" if name == "ai-agent-sessions" else "messages"
        staged.segments(key, 1)
        batch = reader.read(system.tables[key], items, number << 32)
        staged.add(key, 0, batch, after={"id": {"S": "next"}}, items=len(items), units=0)
        spent += time.perf_counter() - began
    began = time.perf_counter()
    state, _, _ = build.finish_read(source, store, None, staged, "bench")
    spent += time.perf_counter() - began
    assert state.coverage.messages == _MILLION, f"{state.coverage.messages} messages are in the snapshot"
    staged.clear()
    disk = sum(path.stat().st_size for path in Path(folder).rglob("*.parquet")) / 1e6
    print(json.dumps([_peak(), spent, disk]))


def _peak() -> float:
    """The most memory of this program, in MB. Linux counts its parent's into ru_maxrss, from before exec."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    _measure(sys.argv[1])
