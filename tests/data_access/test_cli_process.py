"""The command line as a process of its own, and the local engine by it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from data_access import cli
from data_access.local import engine
from data_access.local.binary import choose
from tests.data_access.layouts import create, items, put, talks

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REPOSITORY = Path(__file__).resolve().parents[2]


def account(endpoint: str, state: Path) -> dict[str, str]:
    return {
        "DYNASCOPE_MODE": "aws",
        "DYNASCOPE_STATE": str(state),
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "AWS_ACCESS_KEY_ID": "A",
        "AWS_SECRET_ACCESS_KEY": "s",
    }


def start(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "data_access", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
        timeout=300,
        check=False,
    )


def test_a_process_writes_utf8_and_closes_what_it_opened(dynamodb: DynamoDBClient, endpoint: str, tmp_path: Path) -> None:
    create(dynamodb, "cg")
    talk = talks("cg")[0]
    put(dynamodb, list(items(talk)))
    there = account(endpoint, tmp_path)
    said = start("conversations", "--system", "cg", "--user", talk.user_id, PYTHONIOENCODING="latin-1", **there)
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout)["first_user_message"] == talk.turns[0].content
    said = start("conversations", "--system", "cg", "--user", "\udcff\udcfe", **there)
    assert (said.returncode, said.stdout) == (2, b"")
    assert json.loads(said.stderr)["error"]["code"] == "usage"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes")
def test_a_reader_that_has_enough_is_no_error(dynamodb: DynamoDBClient, endpoint: str, tmp_path: Path) -> None:
    create(dynamodb, "cg")
    put(dynamodb, [row for talk in talks("cg") for row in items(talk)])
    reading, writing = os.pipe()
    os.close(reading)
    try:
        said = subprocess.run(
            [sys.executable, "-m", "data_access", "conversations", "--system", "cg"],
            cwd=REPOSITORY,
            env={**os.environ, **account(endpoint, tmp_path)},
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=300,
            check=False,
        )
    finally:
        os.close(writing)
    assert said.returncode == 0, said.stderr
    assert b"BrokenPipe" not in said.stderr


# The local engine


@pytest.fixture(params=["moto", pytest.param("engine", marks=pytest.mark.engine)])
def state(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: Callable[[str], Any]) -> Iterator[Path]:
    """Local mode in a folder of its own, with moto's server or the real engine."""
    if request.param == "moto":
        monkeypatch.setenv("DYNASCOPE_ENGINE", "moto")
    elif choose().path is None:
        missing("ENGINE TESTS SKIPPED: no dynoxide binary (npm install brings it)")
    folder = tmp_path / "state"
    monkeypatch.setenv("DYNASCOPE_STATE", str(folder))
    yield folder
    engine.stop(folder)


Command = Callable[..., list[Any]]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    def run(*arguments: str) -> list[Any]:
        capsys.readouterr()
        code = cli.main(arguments)
        wrote = capsys.readouterr()
        assert code == 0, wrote.err
        return [json.loads(line) for line in wrote.out.splitlines()]

    return run


def test_the_engine_is_started_seeded_read_and_stopped(state: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    talk = talks("cg")[0]

    def sample(client: Any, **_: Any) -> dict[str, int]:
        put(client, list(items(talk)))
        return {"cg-chatbot-conversations": 1}

    monkeypatch.setattr("data_access.local.sample.fill", sample)
    assert command("local", "status") == [{"running": False}]
    (started,) = command("local", "start")
    assert command("local", "start") == [started]
    assert command("local", "status") == [{"running": True} | started]
    assert command("local", "seed") == [{"filled": True, "tables": {"cg-chatbot-conversations": 1}}]
    assert command("local", "seed") == [{"filled": False, "tables": {}}]
    (found,) = command("conversations", "--system", "cg", "--user", talk.user_id)
    assert found["conversation_id"] == talk.conversation_id
    assert len(command("messages", "--system", "cg", "--conversation", talk.conversation_id)) == len(talk.turns)
    assert command("tables", "create", "--system", "cg") == [{"key": "conversations", "name": "cg-chatbot-conversations", "created": False}]
    assert command("local", "stop") == [{"stopped": True}]
    assert command("local", "stop") == [{"stopped": False}]
    assert command("local", "status") == [{"running": False}]


@pytest.mark.parametrize("action", ["start", "status", "seed", "stop"])
def test_there_is_no_engine_in_aws_mode(action: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DYNASCOPE_MODE", "aws")
    assert cli.main(["local", action]) == 2
    wrote = capsys.readouterr()
    assert wrote.out == ""
    assert "no local engine in aws mode" in json.loads(wrote.err)["error"]["message"]


def test_an_engine_that_does_not_start_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNASCOPE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("DYNASCOPE_ENGINE", str(tmp_path / "nothing"))
    assert cli.main(["conversations", "--system", "cg"]) == 1
    wrote = capsys.readouterr()
    assert (wrote.out, json.loads(wrote.err)["error"]["code"]) == ("", "engine")
