"""Snapshot page: nothing read yet, read, refreshed, a sync at work (here, elsewhere), stopped, damaged, turned off, AWS in the way."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from data_access.access.viewer import NOBODY
from data_access.dynamo.aws import Source
from data_access.errors import AccessDenied, SnapshotError, SyncStopped
from data_access.settings import SnapshotSettings
from data_access.snapshot.full import fingerprint
from data_access.snapshot.locking import lock
from data_access.snapshot.runner import Run, Runner
from data_access.snapshot.sync import Progress
from pages.ui import access, load, load_snapshot
from pages.ui.load import settings as cached_settings

PageRun = Callable[..., AppTest]
PAGE = "pages/setup/snapshot.py"
FILE = Path(__file__).resolve().parents[3] / PAGE
SECONDS = 120.0


@pytest.fixture
def runner(sources: Mapping[str, Source]) -> Iterator[Runner]:
    """The page's own runner, for this test's folder."""
    made = load_snapshot.runner()
    yield made
    made.stop()
    made.wait(SECONDS)


def wait(runner: Runner) -> Run:
    runner.wait(SECONDS)
    run = runner.now()
    assert run is not None
    assert not run.running
    return run


def words(app: AppTest) -> str:
    return "\n".join(str(element.value) for element in (*app.markdown, *app.caption, *app.text))


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def test_nothing_was_read_yet(seeded: Mapping[str, Source], run: PageRun) -> None:
    app = run(PAGE)
    assert not app.exception
    assert [header.value for header in app.subheader] == [source.title for source in seeded.values()]
    assert words(app).count("Never read") == 4
    assert [label for label in labels(app) if label.startswith("Read everything · ")]
    assert all("units, " in label and "\\$" in label for label in labels(app))


def test_a_sync_is_begun_on_the_page(seeded: Mapping[str, Source], run: PageRun, runner: Runner) -> None:
    app = run(PAGE)
    app.button(key="snapshot_all").click().run()
    assert not app.exception
    done = wait(runner)
    assert {task.system for task in done.tasks} == set(seeded)
    app.run()
    assert not app.exception
    assert "The snapshot was refreshed" in words(app)
    assert "Never read" not in words(app)
    assert "**Read by** a Scan of cg-chatbot-conversations: 3 items" in words(app)
    assert ":gray[:small[Odd]]  \n:orange[1]" in words(app)
    assert "3 conversations, 4 messages, 2026-11-10 to 2026-11-11; 1 odd." in words(app)
    assert app.button(key="snapshot_all").label.startswith("Refresh all · ")


def test_one_system_is_read_again(seeded: Mapping[str, Source], run: PageRun, runner: Runner) -> None:
    app = run(PAGE)
    app.button(key="snapshot_full_cg").click().run()
    done = wait(runner)
    assert [(task.system, done.full) for task in done.tasks] == [("cg", True)]
    app.run()
    assert "Everything was read again" in words(app)
    assert "without" in words(app)
    assert words(app).count("Never read") == 3


def test_a_sync_at_work_is_shown_to_every_session(
    seeded: Mapping[str, Source], run: PageRun, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, stopped = threading.Event(), threading.Event()

    def slow(source: Source, *_: Any, progress: Callable[[Progress], None], cancelled: Callable[[], bool], **__: Any) -> Any:
        progress(Progress(source.id, "reading", 1_200, 60.5, 0.4))
        reading.set()
        while not cancelled():
            stopped.wait(0.01)
        raise SyncStopped("The sync was stopped.", "What was read is kept for a day.")

    monkeypatch.setattr("data_access.snapshot.sync.sync", slow)
    runner.start([seeded["cg"]], full=True)
    assert reading.wait(SECONDS)
    for _ in range(2):
        app = run(PAGE)
        assert not app.exception
        assert app.get("progress")[0].proto.text == "Reading everything: CG Production Assistant, reading, 40%"
        assert "1,200 items, 60.5 read units" in words(app)
        assert all(button.disabled for button in app.button if button.key != "snapshot_stop")
    app.button(key="snapshot_stop").click().run()
    wait(runner)
    app.run()
    assert not app.exception
    assert "The last sync was stopped" in words(app)
    assert "What was read is kept for a day." in words(app)
    assert not app.button(key="snapshot_all").disabled


def test_a_sync_of_another_process_is_shown(seeded: Mapping[str, Source], run: PageRun) -> None:
    store = load_snapshot.store()
    (store.state / "staging" / "cg").mkdir(parents=True)
    read = {"items": 7, "units": 3.5, "began_at": "2999-01-01T00:00:00+00:00", "fingerprint": fingerprint(seeded["cg"])}
    (store.state / "staging" / "cg" / "checkpoint.json").write_text(json.dumps(read))
    with lock(store):
        app = run(PAGE)
        assert not app.exception
        assert "Another process is syncing" in words(app)
        assert "7 items, 3.5 read units" in words(app)
        assert all(button.disabled for button in app.button)
    app = run(PAGE)
    assert "A full read was cut off after 7 items and 3.5 units" in words(app)
    assert app.button(key="snapshot_full_cg").label.startswith("Go on reading everything · ")


def test_each_failure_is_said_once(seeded: Mapping[str, Source], run: PageRun, runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise SnapshotError("The snapshot cannot be written: the disk is full.", "Make room.")

    monkeypatch.setattr("data_access.snapshot.sync.sync", fail)
    app = run(PAGE)
    app.button(key="snapshot_all").click().run()
    wait(runner)
    app.run()
    assert not app.exception
    assert [text.value for text in app.text].count("The snapshot cannot be written: the disk is full.") == 1


def test_a_damaged_snapshot_can_be_built_again(seeded: Mapping[str, Source], run: PageRun, runner: Runner) -> None:
    load_snapshot.store().files.write("state/cg.json", b"broken")
    app = run(PAGE)
    assert not app.exception
    assert "made by another version, or is damaged" in words(app)
    app.button(key="snapshot_all").click().run()
    done = wait(runner)
    assert done.full
    app.run()
    assert "it was set aside, and is built again" in words(app)
    assert "damaged." not in words(app)


def test_tables_that_cannot_be_described(seeded: Mapping[str, Source], run: PageRun, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AccessDenied("AWS did not permit DescribeTable.", "Give this identity dynamodb:DescribeTable.")

    monkeypatch.setattr(load_snapshot, "estimate", refuse)
    app = run(PAGE)
    assert not app.exception
    assert "AWS did not permit DescribeTable." in words(app)
    assert not app.button


def test_turned_off(sources: Mapping[str, Source], run: PageRun, monkeypatch: pytest.MonkeyPatch) -> None:
    off = replace(load.settings(), snapshot=SnapshotSettings(on=False))
    cached_settings.clear()
    monkeypatch.setattr(load, "load_settings", lambda: off)
    app = run(PAGE)
    assert not app.exception
    assert "The snapshot is turned off." in words(app)
    assert "Search and usage" in words(app)
    assert not app.button


def test_no_system(sources: Mapping[str, Source], run: PageRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "sources", dict)
    app = run(PAGE)
    assert not app.exception
    assert "No system is enabled." in words(app)


def test_without_the_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "viewer", lambda: NOBODY)
    app = AppTest.from_file(FILE, default_timeout=120).run()
    assert not app.exception
    assert "Your role does not open this page" in app.warning[0].value
    assert not app.title
