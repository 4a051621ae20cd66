"""Liveness and readiness: who asks is answered soon, DynamoDB is asked rarely, and the answer names nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest
from starlette.routing import Router
from starlette.types import ASGIApp

from data_access.dynamo import reach
from data_access.dynamo.aws import Source, open_sources
from data_access.dynamo.reach import Reach
from data_access.errors import AccessDenied, Throttled, Unreachable
from data_access.local.engine import Engine
from data_access.settings import Settings, load_settings
from data_access.systems.create import create_tables
from server import health
from server.health import HEALTH, Readiness
from tests.server.asking import ask

HERE: ASGIApp = Router(HEALTH)


@pytest.mark.parametrize("found, status, body", [(True, 200, "ready"), (False, 503, "not ready")])
def test_the_answers_say_yes_or_no(monkeypatch: pytest.MonkeyPatch, found: bool, status: int, body: str) -> None:
    monkeypatch.setattr(health, "readiness", Readiness(lambda: found))
    answer = ask(HERE, "/readyz")
    assert (answer.status, answer.body, answer.headers["cache-control"]) == (status, body, "no-store")
    alive = ask(HERE, "/healthz")
    assert (alive.status, alive.body, alive.headers["cache-control"]) == (200, "ok", "no-store")
    assert ask(HERE, "/readyz", "POST").status == 405


def test_many_ask_at_once_and_dynamodb_is_asked_once() -> None:
    asked: list[int] = []

    def answer() -> bool:
        asked.append(1)
        return True

    async def crowd() -> list[bool]:
        one = Readiness(answer, keep=1_000)
        found = await asyncio.gather(*(one.now() for _ in range(50)))
        return [*found, await one.now()]

    assert asyncio.run(crowd()) == [True] * 51
    assert len(asked) == 1


def test_what_was_found_is_forgotten() -> None:
    answers = iter((True, False, True))

    async def again() -> list[bool]:
        one = Readiness(lambda: next(answers), keep=0)
        return [await one.now() for _ in range(3)]

    assert asyncio.run(again()) == [True, False, True]


def test_a_question_that_hangs_is_asked_once_and_answers_later() -> None:
    going, asked = threading.Event(), []

    def answer() -> bool:
        asked.append(1)
        return going.wait(60)

    async def wait() -> tuple[list[bool], bool]:
        one = Readiness(answer, keep=1_000, wait=0.05)
        early = [await one.now() for _ in range(3)]
        going.set()
        while not await one.now():
            pass
        return early, await one.now()

    assert asyncio.run(asyncio.wait_for(wait(), 60)) == ([False, False, False], True)
    assert len(asked) == 1


def test_a_failure_of_the_question_is_not_kept() -> None:
    answers = iter((RuntimeError("no"), True))

    def answer() -> bool:
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return found

    async def twice() -> bool:
        one = Readiness(answer)
        with pytest.raises(RuntimeError):
            await one.now()
        return await one.now()

    assert asyncio.run(twice())


@pytest.fixture
def local(tmp_path: Path, moto_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(reach.engine, "status", lambda _: Engine("moto", moto_endpoint, 1, persistent=False, notice=None))
    return load_settings({"DYNASCOPE_STATE": str(tmp_path)}, tmp_path)


def test_the_local_engine_answers_with_and_without_tables(local: Settings, moto_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Reach(local)
    assert one.answers()
    for source in open_sources(local, moto_endpoint).values():
        create_tables(source)
    assert one.answers()
    monkeypatch.setattr(reach.engine, "status", lambda _: None)
    assert not one.answers()
    one.close()


def test_no_engine_at_its_address_is_no_answer(local: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach.engine, "status", lambda _: Engine("moto", "http://127.0.0.1:9", 1, persistent=False, notice=None))
    one = Reach(local)
    assert not one.answers()
    one.close()


@pytest.mark.parametrize("failures, found", [(0, True), (3, True), (4, False)])
def test_one_account_that_answers_is_enough(local: Settings, monkeypatch: pytest.MonkeyPatch, failures: int, found: bool) -> None:
    asked: list[str] = []

    def describe(source: Source, _name: str) -> Mapping[str, object]:
        asked.append(source.id)
        if len(asked) <= failures:
            raise (Unreachable, AccessDenied, Throttled)[len(asked) % 3]("No.")
        return {}

    monkeypatch.setattr(reach, "describe", describe)
    one = Reach(local)
    assert one.answers() is found
    assert len(asked) == min(failures + 1, 4)
    one.close()


def test_without_a_system_there_is_nothing_to_wait_for(tmp_path: Path) -> None:
    (tmp_path / "dynascope.toml").write_text(
        'mode = "aws"\n' + "".join(f"[systems.{one}]\nenabled = false\n" for one in ("remo", "ai_agent", "ai4ai", "cg"))
    )
    assert Reach(load_settings({}, tmp_path)).answers()
