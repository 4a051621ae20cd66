"""The usage page over a million messages: what a reader waits for on the server when they change a filter.

`python -m benchmarks.usage_page` runs this alone. Every run of the page has another time range, so nothing is taken from its
cache; the period before is counted too, and the figures are built. The peer is pandas: the answers alone, of one period.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from streamlit.testing.v1 import AppTest

from benchmarks import asking, rows
from benchmarks.figures import Figure, wall_seconds
from data_access.snapshot.hot import Hot
from data_access.snapshot.state import Coverage
from pages.ui import load_snapshot

ROOT = Path(__file__).resolve().parents[1]
MESSAGES = 1_000_000
LIMIT_MS = 400.0
_ROUNDS = 9
_FIRST = rows.SINCE.date() + timedelta(days=5)


def figures() -> Iterator[Figure]:
    hot = Hot.from_arrow(rows.tables(MESSAGES), "benchmark", synced={"cg": datetime.now(UTC)}, texts=False)
    frame, calls = asking._frames(hot)
    peer = wall_seconds(lambda: asking._pandas(frame, calls), rounds=1)
    with ExitStack() as patches:
        patches.enter_context(patch.object(load_snapshot, "hot", lambda: hot))
        patches.enter_context(patch.object(load_snapshot, "coverage", lambda: {"cg": _coverage(hot)}))
        app = _open()
        changed = statistics.median(_rerun(app, length) for length in range(75, 75 + _ROUNDS))
        again = statistics.median(_rerun(app, 75 + _ROUNDS - 1) for _ in range(_ROUNDS))
    hot.close()
    name = f"usage page after a filter change, {MESSAGES:,} messages (server)"
    answers = "pandas, most of the answers"
    yield Figure(name, changed * 1000, answers, peer * 1000, "ms", LIMIT_MS, f"under {LIMIT_MS:.0f} ms")
    yield Figure("  the same filter again, nothing counted", again * 1000, answers, peer * 1000, "ms", None, "for information")


def _open() -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.run()
    app.query_params["range"] = "custom"
    app.query_params["zone"] = asking.ZONE
    app.switch_page("pages/insights/usage.py").run()
    return app


def _rerun(app: AppTest, length: int) -> float:
    app.date_input(key="days").set_value((_FIRST, _FIRST + timedelta(days=length)))
    began = time.perf_counter()
    app.run()
    took = time.perf_counter() - began
    assert not app.exception, "the usage page failed"
    assert _day(app) == _FIRST + timedelta(days=length), "the filter did not change"
    assert len(app.metric) > 8, "the usage page has no numbers"
    return took


def _day(app: AppTest) -> date:
    days: Any = app.date_input(key="days").value
    return days[1]


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
