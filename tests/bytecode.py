"""What Python and pytest make of a source file is kept beside it, whatever the environment says, and made once in a run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from _pytest.assertion import rewrite

HERE = Path(__file__).resolve().parent


def keep() -> None:
    """For this process and those it starts: compiling is most of what a worker does before its first test, and more than a start of ours
    costs. An image sets the variable to stay small, which is nothing to a run of the tests."""
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def rewrite_a_share(config: pytest.Config) -> None:
    """Before xdist's workers collect: each rewrites the asserts of some files for all, where each would rewrite all of them."""
    said: dict[str, object] = getattr(config, "workerinput", {})
    if not said or not (state := config.stash.get(rewrite.assertstate_key, None)):
        return
    number, count = int(str(said["workerid"]).removeprefix("gw")), int(str(said["workercount"]))
    asked = [config.invocation_params.dir / argument.partition("::")[0] for argument in config.args]
    found = {file for pattern in ("test_*.py", "conftest.py") for file in HERE.rglob(pattern) if any(map(file.is_relative_to, asked))}
    # By size, so that all shares take about as long.
    files = sorted(found, key=lambda file: (file.stat().st_size, file))
    for file in files[number::count]:
        kept = rewrite.get_cache_dir(file) / f"{file.stem}{rewrite.PYC_TAIL}"
        if rewrite._read_pyc(file, kept) is None and rewrite.try_makedirs(kept.parent):
            source_hash, code = rewrite._rewrite_test(file, config)
            rewrite._write_pyc(state, code, source_hash, kept)
