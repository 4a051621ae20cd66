"""Syncs in the background: one at a time, seen from everywhere, stopped between pages, gone on with after they were cut off."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from data_access.dynamo.aws import Source
from data_access.errors import Throttled
from data_access.snapshot.holding import look
from data_access.snapshot.locking import lock
from data_access.snapshot.runner import Run, Runner, Stage, runner_of, stop_all
from data_access.snapshot.store import Store
from data_access.snapshot.sync import Progress, sync
from tests.data_access.conftest import OpenSource
from tests.data_access.snapshot.conftest import load_lasting

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SECONDS = 120.0
Syncing = Callable[..., Any]


class Slow:
    """Stands for `sync`: reads a page whenever it is told to, until it is told that this is all."""

    def __init__(self) -> None:
        self.page, self.read, self.last = threading.Semaphore(0), threading.Semaphore(0), False
        self.asked: list[tuple[str, bool]] = []

    def __call__(
        self, source: Source, store: Store, *, full: bool, progress: Callable[[Progress], None], cancelled: Callable[[], bool]
    ) -> Any:
        from data_access.errors import SyncStopped

        self.asked.append((source.id, full))
        items = 0
        while True:
            assert self.page.acquire(timeout=SECONDS)
            items += 10
            progress(Progress(source.id, "reading", items, items / 2, items / 100))
            if self.last:
                return SimpleNamespace(items=items, units=items / 2)
            self.read.release()
            if cancelled():
                raise SyncStopped("The sync was stopped.")

    def pages(self, count: int = 1) -> None:
        for _ in range(count):
            self.page.release()
            assert self.read.acquire(timeout=SECONDS)

    def end(self) -> None:
        self.last = True
        self.page.release()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    made = Slow()
    monkeypatch.setattr("data_access.snapshot.sync.sync", made)
    return made


@pytest.fixture
def runner(store: Store) -> Iterator[Runner]:
    made = runner_of(store)
    yield made
    made.stop()
    made.wait(SECONDS)


def named(*systems: str) -> list[Source]:
    return [cast("Source", SimpleNamespace(id=system)) for system in systems]


def ended(runner: Runner) -> Run:
    runner.wait(SECONDS)
    run = runner.now()
    assert run is not None
    assert not run.running
    return run


def test_progress_is_seen_by_everybody_and_a_second_start_finds_it(runner: Runner, store: Store, slow: Slow) -> None:
    assert runner.now() is None
    assert runner.start(named("cg", "remo"), full=True)
    slow.pages(3)
    watched = runner_of(store).now()
    assert watched is not None
    assert watched.running
    assert [task.stage for task in watched.tasks] == [Stage.READING, Stage.WAITING]
    assert (watched.tasks[0].items, watched.tasks[0].units, watched.tasks[0].share) == (30, 15, 0.3)
    assert not runner_of(store).start(named("cg"), full=False)
    slow.end()
    slow.page.release()
    run = ended(runner)
    assert [task.stage for task in run.tasks] == [Stage.DONE, Stage.DONE]
    assert slow.asked == [("cg", True), ("remo", True)]
    assert watched.tasks[0].items == 30  # what was seen does not change behind the back of who saw it


def test_another_place_has_another_runner(store: Store, tmp_path: Any) -> None:
    assert runner_of(store) is runner_of(Store(store.place))
    assert runner_of(store) is not runner_of(Store(str(tmp_path / "elsewhere" / "snapshot")))


def test_nothing_to_sync_is_no_run(runner: Runner) -> None:
    assert not runner.start([], full=False)
    assert runner.now() is None


def test_a_stop_ends_what_runs_and_what_waits(runner: Runner, slow: Slow) -> None:
    runner.start(named("cg", "remo"), full=False)
    slow.pages()
    runner.stop()
    stopping = runner.now()
    assert stopping is not None
    assert stopping.stopping
    slow.page.release()
    run = ended(runner)
    assert [task.stage for task in run.tasks] == [Stage.STOPPED, Stage.STOPPED]
    assert slow.asked == [("cg", False)]
    # The stop was for that run alone.
    assert runner.start(named("cg"), full=False)
    slow.end()
    again = ended(runner)
    assert again.number == run.number + 1
    assert again.tasks[0].stage is Stage.DONE


def test_the_end_of_the_process_waits_for_what_runs(runner: Runner, slow: Slow) -> None:
    runner.start(named("cg"), full=False)
    slow.pages()
    slow.page.release()
    stop_all(SECONDS)
    assert ended(runner).tasks[0].stage is Stage.STOPPED


def test_what_fails_takes_nothing_with_it(runner: Runner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    said = "the text of a stranger"

    def fail(source: Source, *_: Any, **__: Any) -> Any:
        if source.id == "cg":
            raise Throttled("DynamoDB throttled Scan.", "Wait a minute.")
        if source.id == "remo":
            raise KeyError(said)
        return SimpleNamespace(items=1, units=0.5)

    monkeypatch.setattr("data_access.snapshot.sync.sync", fail)
    with caplog.at_level(logging.ERROR):
        runner.start(named("cg", "remo", "ai4ai"), full=False)
        run = ended(runner)
    assert [task.stage for task in run.tasks] == [Stage.FAILED, Stage.FAILED, Stage.DONE]
    assert isinstance(run.tasks[0].error, Throttled)
    assert run.tasks[1].error is not None
    assert "not foreseen (KeyError)" in run.tasks[1].error.sentence
    assert "test_runner.py" in caplog.text
    assert "stranger" not in caplog.text


def test_a_sync_of_another_process_is_said(open_source: OpenSource, dynamodb: DynamoDBClient, runner: Runner, store: Store) -> None:
    load_lasting(dynamodb, "cg")
    (store.state / "staging" / "remo").mkdir(parents=True)
    assert not look(store).elsewhere
    with lock(store):
        assert look(store).elsewhere
        runner.start([open_source("cg")], full=False)
        run = ended(runner)
    assert run.tasks[0].stage is Stage.FAILED
    assert run.tasks[0].error is not None
    assert run.tasks[0].error.code == "sync_running"
    assert not look(store).elsewhere


def test_what_was_cut_off_is_known_and_gone_on_with(
    open_source: OpenSource, dynamodb: DynamoDBClient, runner: Runner, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_lasting(dynamodb, "ai_agent")
    source = open_source("ai_agent")
    assert look(store).coverage == {}

    def cut_off(*given: Any, cancelled: Any, **more: Any) -> Any:
        return sync(*given, **more, cancelled=lambda: True)

    monkeypatch.setattr("data_access.snapshot.sync.sync", cut_off)
    runner.start([source], full=True)
    assert ended(runner).tasks[0].stage is Stage.STOPPED
    left = look(store).left["ai_agent"]
    assert left.items > 0
    assert left.units > 0
    assert look(store).coverage == {}

    monkeypatch.setattr("data_access.snapshot.sync.sync", sync)
    runner.start([source], full=True)
    run = ended(runner)
    assert run.tasks[0].stage is Stage.DONE, run.tasks[0].error
    found = look(store)
    assert found.left == {}
    assert found.coverage["ai_agent"].messages > 0
    assert found.bytes["ai_agent"] > 0
    # The pages before the cut are in the sum, and were not asked for again.
    assert run.tasks[0].items > left.items


def test_a_damaged_snapshot_is_said_and_not_touched(store: Store) -> None:
    store.files.write("state/cg.json", b"{}")
    found = look(store)
    assert found.broken is not None
    assert "another version" in found.broken.sentence
    assert found.coverage == {}
    assert store.files.read("state/cg.json") == b"{}"
