"""`erase resume` as cron runs it: everything that is open and nobody is at, whatever becomes of one of them."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from data_access.dynamo.aws import Source
from data_access.erasure import commands
from data_access.erasure.model import State
from data_access.erasure.watching import Watcher
from data_access.errors import CredentialsMissing
from data_access.settings import Settings
from tests.data_access.erasure.shops import Between, Shop, refused, shop_at

pytestmark = pytest.mark.engine


class Session:
    """What a command opens."""

    def __init__(self, shop: Shop, endpoint: str) -> None:
        self.shop, self._endpoint = shop, endpoint

    @property
    def settings(self) -> Settings:
        return self.shop.workshop.settings

    def sources(self) -> Mapping[str, Source]:
        return self.shop.workshop.sources

    def endpoint(self) -> str:
        return self._endpoint


@pytest.fixture
def session(engine_endpoint: str, tmp_path: Path) -> Iterator[Session]:
    with shop_at(engine_endpoint, tmp_path, "cg", "remo") as shop:
        yield Session(shop, engine_endpoint)


def resume(session: Session, plan: str | None = None) -> int:
    return commands.resume(argparse.Namespace(plan=plan), session)


def test_one_that_cannot_go_on_does_not_hold_up_the_others(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = session.shop.confirmed("cg"), session.shop.confirmed("remo")
    looked: list[int] = []

    def run(self: Watcher) -> int:
        looked.append(1)
        return 0

    def expired(method: str, request: Mapping[str, Any]) -> None:
        if method == "batch_execute_statement":
            raise refused("ExpiredTokenException", method)

    monkeypatch.setattr(Watcher, "run", run)
    stuck = Session(session.shop.with_client(lambda client: Between(client, expired), "cg"), session.endpoint())
    with pytest.raises(CredentialsMissing):
        resume(stuck)
    status = session.shop.jobs.status
    assert [status(job.plan_id).state for job in (first, second)] == [State.RUNNING, State.COMPLETED]
    assert looked
    assert resume(session) == 0
    assert status(first.plan_id).state is State.COMPLETED


def test_what_another_worker_has_is_left_to_it(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    """Each minute another command: they would pile up behind a long job."""
    job, control = session.shop.confirmed("cg"), session.shop.control
    held = control.acquire(job.plan_id, "the server's worker")
    assert held is not None
    done = threading.Event()

    def live() -> None:
        while not done.wait(0.05):
            control.renew(held)

    worker = threading.Thread(target=live)
    worker.start()
    try:
        assert resume(session) == 0
    finally:
        done.set()
        worker.join()
    said = capsys.readouterr().err
    assert "With another worker, and left to it: 1." in said
    assert "nothing to resume" not in said
    assert session.shop.jobs.status(job.plan_id).state is State.APPROVED


def test_what_a_killed_worker_had_is_taken_over_when_its_lease_ends(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    job = session.shop.confirmed("cg")
    assert session.shop.control.acquire(job.plan_id, "killed", seconds=2.0) is not None
    assert resume(session) == 0
    assert "With another worker" not in capsys.readouterr().err
    assert session.shop.jobs.status(job.plan_id).state is State.COMPLETED
