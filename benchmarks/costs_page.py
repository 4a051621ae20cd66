"""The costs page over a million messages: what a reader waits for on the server when they change a filter.

`python -m benchmarks.costs_page` runs this alone. What was observed is made up, so what AWS takes to answer is in neither: a page
asks it once in five minutes. Every run has another window, so dollars are split by the snapshot anew. The peer is pandas: the
sums that they are split by and those of growth, from the same rows with their ids as whole numbers already.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pandas as pd
from streamlit.testing.v1 import AppTest

from benchmarks import rows
from benchmarks.figures import Figure, wall_seconds
from data_access.costs.observed import Line, Observed, ResourceCosts, attribute
from data_access.costs.prices import PriceBook
from data_access.snapshot.hot import Hot
from data_access.snapshot.state import Coverage
from pages.ui import load_costs, load_snapshot

ROOT = Path(__file__).resolve().parents[1]
MESSAGES = 1_000_000
LIMIT_MS = 300.0
_ROUNDS = 9
_FIRST = rows.SINCE.date() + timedelta(days=5)
_SYSTEMS = ("ai4ai", "ai_agent", "cg", "remo")


def figures() -> Iterator[Figure]:
    hot = Hot.from_arrow(rows.tables(MESSAGES), "benchmark", synced=dict.fromkeys(_SYSTEMS, datetime.now(UTC)), texts=False)
    frame = _frame(hot)
    theirs = _pandas(frame, rows.SINCE, rows.UNTIL)
    ours = attribute(hot, replace(_observed(), since=rows.SINCE, until=rows.UNTIL))
    assert sum(one.messages for one in ours.systems) == theirs, "both count the same messages"
    peer = 1000 * wall_seconds(lambda: _pandas(frame, rows.SINCE, rows.UNTIL), rounds=3)
    with ExitStack() as patches:
        patches.enter_context(patch.object(load_snapshot, "hot", lambda: hot))
        patches.enter_context(patch.object(load_snapshot, "coverage", lambda: dict.fromkeys(_SYSTEMS, _coverage(hot))))
        patches.enter_context(patch.object(load_costs, "costs_observed", _observed))
        app = _open()
        changed = {part: _median(lambda n: _window(app, 60 + n), app, part) for part in ("Now", "By conversation", "Growth")}
        again = _median(lambda _: _window(app, 60), app, "By conversation")
        what_if = _median(lambda n: _scenario(app, 2_000 + n), app, "What if")
    hot.close()
    name, bound = f"costs page, {MESSAGES:,} messages (server):", f"under {LIMIT_MS:.0f} ms"
    sums = "pandas, the same sums"
    for part, seconds in changed.items():
        yield Figure(f"{name} {part.lower()}", seconds * 1000, sums, peer, "ms", LIMIT_MS, bound)
    yield Figure("  what if, a field changed", what_if * 1000, sums, peer, "ms", LIMIT_MS, bound)
    yield Figure("  by conversation, the same window again", again * 1000, sums, peer, "ms", None, "for information")


def _observed(since: datetime | None = None, until: datetime | None = None, **_: object) -> Observed:
    """A table and an index of each system, as all rows say that they lie in one table."""
    prices = PriceBook(None).prices("us-east-1")
    made = tuple(_resource(system, index) for system in _SYSTEMS for index in (None, "an-index"))
    total = sum(one.usd or 0.0 for one in made)
    until = until or datetime.now(UTC)
    return Observed(
        since or until - timedelta(days=19), until, made, 1.0, total, total, 2 * total, {"us-east-1": prices}, (), 0.0, sample=False
    )


def _resource(system: str, index: str | None) -> ResourceCosts:
    lines = (
        Line("storage", 1.5, "GB-months", 12.5, "DescribeTable", month_usd=12.5),
        Line("reads", 1e7, "units", 1.25, "CloudWatch", 0.8, month_usd=1.25),
        Line("writes", 1e7, "units", 6.25, "CloudWatch", 0.8, month_usd=6.25),
    )
    return ResourceCosts(
        system, "table", index, "STANDARD", "on-demand", 250_000, 75_000_000, lines, "us-east-1", "ALL" if index else "", 1e6, 1e6
    )


def _frame(hot: Hot) -> pd.DataFrame:
    with hot.cursor() as cursor:
        return cursor.execute("SELECT conv, system_id, tenant, person, role, sent_at, item_table, bytes FROM messages").df()


def _pandas(frame: pd.DataFrame, since: datetime, until: datetime) -> int:
    """What dollars are split by and what growth is made of, as somebody at home in pandas would write it."""
    sent: Any = frame.sent_at
    inside = frame[(sent >= pd.Timestamp(since.replace(tzinfo=None))) & (sent < pd.Timestamp(until.replace(tzinfo=None)))]
    # What lies in each table of a conversation, and was written to it; read are its bytes once for each message.
    stored = frame.groupby(["conv", "item_table"]).agg(tenant=("tenant", "first"), items=("bytes", "size"), bytes=("bytes", "sum"))
    written = inside.groupby(["conv", "item_table"]).bytes.sum()
    messages = inside.groupby("conv").size()
    whole = stored.join(written.rename("written")).join(messages.rename("messages"), on="conv").fillna({"written": 0, "messages": 0})
    whole["read"] = whole.bytes * whole.messages
    whole.groupby(["item_table", "tenant"], dropna=False)[["bytes", "items", "written", "read"]].sum()
    talks = inside.groupby(["system_id", "tenant"], dropna=False).agg(messages=("conv", "size"), conversations=("conv", "nunique"))
    inside[inside.role == 0].groupby(["system_id", "tenant"], dropna=False).person.nunique()
    # By the day of writing, and by age.
    frame.groupby(["item_table", sent.dt.normalize()]).bytes.agg(["size", "sum"])
    frame.groupby(["item_table", (pd.Timestamp(until.replace(tzinfo=None)) - sent).dt.days]).bytes.agg(["size", "sum"])
    return int(talks.messages.sum())


def _open() -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.run()
    app.query_params["window"] = "custom"
    app.switch_page("pages/insights/costs.py").run()
    return app


def _median(change: Callable[[int], float], app: AppTest, part: str) -> float:
    app.query_params["cost_part"] = part
    app.run()
    change(_ROUNDS)
    return statistics.median(change(number) for number in range(_ROUNDS))


def _window(app: AppTest, length: int) -> float:
    last = _FIRST + timedelta(days=length)
    app.date_input(key="days").set_value((_FIRST, last))
    took = _run(app)
    assert _day(app) == last, "the filter did not change"
    # The head's four and, where a part has tiles, its own.
    assert len(app.metric) == (4 if app.session_state["cost_part"] == "Now" else 8), "the costs page has no numbers"
    return took


def _day(app: AppTest) -> date:
    days: Any = app.date_input(key="days").value
    return days[1]


def _scenario(app: AppTest, conversations: int) -> float:
    app.number_input(key="what_if_a_conversations").set_value(conversations)
    return _run(app)


def _run(app: AppTest) -> float:
    began = time.perf_counter()
    app.run()
    took = time.perf_counter() - began
    assert not app.exception, "the costs page failed"
    return took


def _coverage(hot: Hot) -> Coverage:
    of, now = hot.coverage, datetime.now(UTC)
    counts = (of.conversations, of.messages, of.tool_calls, of.records)
    return Coverage("cg", *counts, of.since, of.until, 0, 0, now, now, now, "made up", (), 0, 0.0, 0.0, 0.0)


def main() -> int:
    found = list(figures())
    print(*found, sep="\n")
    return 0 if all(figure.good for figure in found) else 1


if __name__ == "__main__":
    sys.exit(main())
