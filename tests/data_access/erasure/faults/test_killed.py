"""F1, F2, F3 (R5): a worker is killed at its calls in turn, and the next one brings the same job to the same end.

One job of 40 items, ten in each system, three of them newer than the plan, with look-alikes and a session id in two tenants beside
it. Killed before the first call, after every write, before every few reads (between two writes nothing in the store changes), and
some twice. FAULTS=all kills before and after each call: three to five minutes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[4]
LANES = 2

pytestmark = pytest.mark.engine


def test_a_worker_that_is_killed_anywhere_leaves_a_job_that_ends_the_same(engine_endpoint: str, tmp_path: Path) -> None:
    lanes: list[subprocess.Popen[str]] = []
    try:
        for lane in range(LANES):
            folder = tmp_path / str(lane)
            folder.mkdir(mode=0o700)
            asked = {
                "endpoint": engine_endpoint,
                "folder": str(folder),
                "prefix": f"killed{lane}-",
                "lane": lane,
                "lanes": LANES,
                "all": os.environ.get("FAULTS") == "all",
            }
            command = [sys.executable, "-m", "tests.data_access.erasure.faults.killing", json.dumps(asked)]
            with (folder / "errors").open("w") as errors:
                lanes.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True))
        told: list[dict[str, Any]] = []
        for lane, process in enumerate(lanes):
            said, _ = process.communicate()
            assert process.returncode == 0, (tmp_path / str(lane) / "errors").read_text()[-4_000:]
            told += [json.loads(line) for line in said.splitlines()]
    finally:
        for process in lanes:
            if process.poll() is None:
                process.kill()
                process.communicate()
    assert [one for one in told if one["wrong"]] == []
    assert len(told) > 60
