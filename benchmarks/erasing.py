"""Erasing one user with very much, and one with little: time beside boto3's batch_writer, estimate, write units, memory, state."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3

from benchmarks import data
from benchmarks.figures import Figure
from data_access.audit import Audit
from data_access.costs.size import item_bytes
from data_access.dynamo.aws import Source, open_sources
from data_access.erasure.control import Control
from data_access.erasure.jobs import Actor, Jobs
from data_access.erasure.model import Scope, State
from data_access.erasure.receipt_check import verify_receipt
from data_access.erasure.working import Workshop, work
from data_access.settings import Settings, load_settings
from data_access.systems.create import create_tables

LARGE, SMALL = (2_000, 50), (20, 20)  # sessions, and messages in each
_USER, _TENANT, _ME = "bench-erased", "bench-tenant", Actor("bench")
_MEGABYTES, _STATE_BYTES, _CLICK_SECONDS = 300.0, 100_000.0, 3.0
_OURS, _PEER = "erased-", "written-"
ROOT = Path(__file__).resolve().parents[1]
_KEYS = {"ai-agent-messages": ("id",), "ai-agent-sessions": ("id", "tenantId")}


def one_large_user(_sources: Mapping[str, Source], endpoint: str) -> list[Figure]:
    """100,000 messages in 2,000 sessions, each deleted with a guard, beside the same keys deleted without one."""
    for prefix in (_OURS, _PEER):
        sources = open_sources(_settings(prefix), endpoint)
        create_tables(sources["ai_agent"])
        data.load(sources["ai_agent"].client, ((prefix + table, item) for table, item in _items(*LARGE)))
    peer_seconds, peer_units = _written(endpoint)
    with tempfile.TemporaryDirectory() as folder:
        # A process of its own: its memory is the worker's alone.
        command = [sys.executable, "-m", "benchmarks.erasing", endpoint, folder]
        told = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=1_800, cwd=ROOT).stdout)
    count = _count(*LARGE)
    off = abs(told["seconds"] - told["estimated"])
    return [
        Figure(
            f"guarded deletes of {count:,} items",
            told["deleting"],
            "boto3 batch_writer, no guard",
            peer_seconds,
            "s",
            peer_seconds,
            "no slower",
        ),
        Figure("  the same, write units", told["units"], "boto3 batch_writer", peer_units, "WCU", peer_units, "no more"),
        Figure(
            "  the whole run, off its estimate by",
            off,
            "the estimate",
            told["estimated"],
            "s",
            0.25 * told["estimated"],
            "at most a quarter",
        ),
        Figure("  memory above idle", told["memory"], "the bound", _MEGABYTES, "MB", _MEGABYTES, "at most 300 MB"),
        Figure("  the largest row of the state", told["row"], "the bound", _STATE_BYTES, "B", _STATE_BYTES, "at most 100 KB"),
        Figure("  the plan", told["planning"], "the whole run", told["seconds"], "s", None, "for information"),
    ]


def one_small_user(sources: Mapping[str, Source], endpoint: str) -> list[Figure]:
    """From the click to the receipt: 20 conversations with 400 messages, among everybody else's. The tables are then as before."""
    data.load(sources["ai_agent"].client, _items(*SMALL))
    with tempfile.TemporaryDirectory() as folder:
        shop = _shop(replace(load_settings(), state=Path(folder)), sources, endpoint)
        jobs = Jobs(shop)
        plan = jobs.plan(Scope(_USER, ("ai_agent",), (_TENANT,)), _ME)
        began = time.perf_counter()
        jobs.confirm(plan.plan_id, _USER, _ME)
        job = work(shop, plan.plan_id, "bench")
        assert job is not None
        assert job.state is State.COMPLETED, f"{job.state}: {job.message}"
        assert verify_receipt(jobs.receipt(plan.plan_id)).ok
        seconds = time.perf_counter() - began
        shop.control.close()
    name = f"a user with {plan.keys} items in {SMALL[0]} conversations, click to receipt"
    return [Figure(name, seconds, "the bound", _CLICK_SECONDS, "s", _CLICK_SECONDS, "under 3 s")]


def _count(sessions: int, each: int) -> int:
    return sessions * (each + 1)


def _items(sessions: int, each: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """The user's items, about 350 bytes each."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(sessions):
        session, at = f"{number:08x}-1c2d-4e3f-9a5b-{number:012x}", start + timedelta(minutes=40 * number)
        own = {"tenantId": {"S": _TENANT}, "userId": {"S": _USER}}
        yield "ai-agent-sessions", own | {"id": {"S": session}, "createdAt": {"S": _iso(at)}, "updatedAt": {"S": _iso(at)}}
        for turn in range(each):
            key = number * each + turn
            yield (
                "ai-agent-messages",
                own
                | {
                    "id": {"S": f"{key * 2654435761 % 2**32:08x}-7a6b-4c5d-8e9f-{key:012x}"},
                    "sessionId": {"S": session},
                    "timestamp": {"S": _iso(at + timedelta(seconds=30 * turn))},
                    "role": {"S": "user" if turn % 2 == 0 else "agent"},
                    "content": {"S": "where is my order, it was to arrive on Monday and nobody called " * 2},
                },
            )


def _iso(when: datetime) -> str:
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _written(endpoint: str) -> tuple[float, float]:
    """Seconds and write units of batch_writer for all keys, messages first."""
    resource = boto3.resource(
        "dynamodb", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="local", aws_secret_access_key="local"
    )
    units: list[float] = []
    events = resource.meta.client.meta.events
    events.register("before-parameter-build.dynamodb.BatchWriteItem", lambda params, **_: params.update(ReturnConsumedCapacity="TOTAL"))
    events.register(
        "after-call.dynamodb.BatchWriteItem",
        lambda parsed, **_: units.extend(float(row["CapacityUnits"]) for row in parsed.get("ConsumedCapacity", ())),
    )
    keys: dict[str, list[dict[str, str]]] = {name: [] for name in _KEYS}
    for table, item in _items(*LARGE):
        keys[table].append({name: item[name]["S"] for name in _KEYS[table]})
    began = time.perf_counter()
    for table, some in keys.items():
        with resource.Table(_PEER + table).batch_writer() as writer:
            for key in some:
                writer.delete_item(Key=key)
    return time.perf_counter() - began, sum(units)


def _settings(prefix: str) -> Settings:
    settings = load_settings()
    place = settings.place("ai_agent")
    names = {key: prefix + table.name for key, table in place.system.tables.items()}
    erasure = replace(settings.erasure, control_table=f"{prefix}control")
    return replace(settings, places={"ai_agent": replace(place, tables=names)}, erasure=erasure)


def _shop(settings: Settings, sources: Mapping[str, Source], endpoint: str) -> Workshop:
    control = Control.open(settings, endpoint)
    return Workshop(settings, sources, control, Audit(control))


def _memory(field: str) -> float:
    """Megabytes, as Linux counts them."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) / 1024


def _largest_row(shop: Workshop) -> float:
    pages = shop.control.records.client.get_paginator("scan").paginate(TableName=shop.control.records.table)
    return float(max(item_bytes(item) for page in pages for item in page["Items"]))  # pyright: ignore[reportArgumentType]


def main(endpoint: str, folder: str) -> None:
    """The worker's own process: plans, erases, and prints what it measured as JSON."""
    settings = replace(_settings(_OURS), state=Path(folder))
    shop = _shop(settings, open_sources(settings, endpoint), endpoint)
    jobs = Jobs(shop)
    jobs.list()
    idle = _memory("VmRSS")
    began = time.perf_counter()
    plan = jobs.plan(Scope(_USER, ("ai_agent",)), _ME)
    planned = time.perf_counter()
    assert plan.keys == _count(*LARGE), f"{plan.keys} keys"
    row = _largest_row(shop)
    clicked = time.perf_counter()
    jobs.confirm(plan.plan_id, _USER, _ME)
    job = work(shop, plan.plan_id, "bench")
    ended = time.perf_counter()
    assert job is not None
    assert job.state is State.COMPLETED, f"{job.state}: {job.message}"
    assert sum(one.deleted for one in job.progress) == plan.keys
    checked = verify_receipt(jobs.receipt(plan.plan_id)).receipt
    assert checked is not None
    assert job.cutoff is not None
    told = {
        "planning": planned - began,
        "seconds": ended - clicked,
        "estimated": plan.seconds,
        # From the cut-off, which is set before the first delete, to the first look of the independent reader.
        "deleting": (checked.content.sweeps[0].at - job.cutoff).total_seconds(),
        "units": sum(one.write_units for one in job.progress),
        "memory": _memory("VmHWM") - idle,
        "row": row,
        "sweeps": [sweep.seconds for sweep in checked.content.sweeps],
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
