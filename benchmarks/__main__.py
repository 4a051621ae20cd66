"""Run every benchmark on the local engine, in a state folder of its own, and end with 1 when a figure misses its bound."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import asking, costs_page, data, erasing, reading, replaying, sizing, syncing, usage_page
from benchmarks.figures import Figure
from data_access.dynamo.aws import open_sources
from data_access.local import engine
from data_access.settings import load_settings
from data_access.systems.create import create_tables


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="dynascope-bench-") as folder, engine.attach(Path(folder)) as attachment:
        endpoint = attachment.engine.endpoint
        # The page reads its settings from the environment: it is to find this engine.
        os.environ.update(DYNASCOPE_MODE="local", DYNASCOPE_STATE=folder)
        settings = load_settings()
        sources = open_sources(settings, endpoint)
        for source in sources.values():
            create_tables(source)
        began = time.perf_counter()
        data.load(sources["ai_agent"].client)
        print(f"{data.MESSAGES:,} messages loaded into {attachment.engine.name} in {time.perf_counter() - began:.1f} s\n")
        figures: list[Figure] = []
        for measure in (
            reading.whole_table,
            reading.one_user,
            replaying.first_screen,
            syncing.whole_table,
            syncing.memory,
            erasing.one_small_user,  # from here on: they write; this one while the table has the size that is printed above
            syncing.one_percent,
            erasing.one_large_user,
        ):
            for figure in measure(sources, endpoint):
                print(figure, flush=True)
                figures.append(figure)
        for measure in (sizing.figures, usage_page.figures, costs_page.figures, asking.figures):
            for figure in measure():
                print(figure, flush=True)
                figures.append(figure)
    return 0 if all(figure.good for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
