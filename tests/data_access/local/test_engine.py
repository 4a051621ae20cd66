"""The embedded engine as its users meet it: separate processes that come, go and are killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import botocore.session
import pytest

from data_access.errors import EngineError
from data_access.local import binary, engine, record
from data_access.local.supervisor import take_lock

REPOSITORY = Path(__file__).resolve().parents[3]
USER = "import sys; from pathlib import Path; from data_access.local import engine; a = engine.attach(Path(sys.argv[1])); "
ASK = USER + "print(a.engine.endpoint, a.engine.pid, flush=True); sys.stdin.read()"
PATIENCE_SECONDS = 60.0  # a loaded machine is slow; what never comes still fails
posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "state"
    yield folder
    engine.stop(folder)


@pytest.fixture
def real(missing: Callable[[str], NoReturn]) -> Path:
    path = binary.choose().path
    if path is None:
        missing("ENGINE TESTS SKIPPED: no dynoxide binary (npm install brings it)")
    return path


@pytest.fixture
def user(state: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts another process that attaches, prints endpoint and supervisor, and stays."""
    started: list[subprocess.Popen[str]] = []

    def begin() -> subprocess.Popen[str]:
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", ASK, str(state)], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        )
        return started[-1]

    yield begin
    for process in started:
        with process:
            process.kill()


def said(process: subprocess.Popen[str]) -> tuple[str, int]:
    assert process.stdout
    endpoint, pid = process.stdout.readline().split()
    return endpoint, int(pid)


def answers(endpoint: str) -> bool:
    place = urlsplit(endpoint)
    try:
        socket.create_connection((place.hostname or "", place.port or 0), timeout=30).close()
    except OSError:
        return False
    return True


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def lock_is_free(state: Path) -> bool:
    descriptor = take_lock(state)
    if descriptor is None:
        return False
    os.close(descriptor)
    return True


def gone(state: Path, endpoint: str) -> bool:
    """No engine, no record, no supervisor."""
    return eventually(lambda: not answers(endpoint) and not record.record_file(state).exists() and lock_is_free(state))


def client_of(endpoint: str) -> Any:
    return botocore.session.Session().create_client(
        "dynamodb", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="local", aws_secret_access_key="local"
    )


def put(endpoint: str, name: str) -> None:
    with closing(client_of(endpoint)) as client:
        client.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        client.put_item(TableName=name, Item={"id": {"S": "a"}})


def holds(endpoint: str, name: str) -> bool:
    with closing(client_of(endpoint)) as client:
        return name in client.list_tables()["TableNames"] and "Item" in client.get_item(TableName=name, Key={"id": {"S": "a"}})


@pytest.mark.engine
def test_starts_is_joined_and_ends_with_its_last_user(state: Path, real: Path, user: Callable[[], subprocess.Popen[str]]) -> None:
    assert engine.status(state) is None
    first = engine.attach(state)
    assert (first.engine.name, first.engine.persistent, first.engine.notice) == ("dynoxide", True, None)
    assert engine.status(state) == first.engine
    other = user()
    assert said(other) == (first.engine.endpoint, first.engine.pid)
    first.close()
    time.sleep(1.5)  # longer than the grace: the other one keeps it
    assert answers(first.engine.endpoint)
    assert other.stdin
    other.stdin.close()
    other.wait()
    assert gone(state, first.engine.endpoint)
    assert engine.status(state) is None


@pytest.mark.engine
@posix
def test_files_are_for_their_owner_alone(state: Path, real: Path) -> None:
    with engine.attach(state):
        assert state.stat().st_mode & 0o777 == 0o700
        for name in ("engine.json", "engine.log", "engine.lock", "dynamodb.db"):
            assert (state / name).stat().st_mode & 0o077 == 0, name


@pytest.mark.engine
@posix
def test_a_killed_user_has_left(state: Path, real: Path, user: Callable[[], subprocess.Popen[str]]) -> None:
    process = user()
    endpoint, _ = said(process)
    process.kill()
    assert gone(state, endpoint)


@pytest.mark.engine
@posix
def test_a_killed_supervisor_takes_the_engine_along_and_the_next_user_starts_anew(state: Path, real: Path) -> None:
    with engine.attach(state) as first:
        put(first.engine.endpoint, "kept")
        os.kill(first.engine.pid, signal.SIGKILL)
        assert eventually(lambda: not answers(first.engine.endpoint))
        assert record.record_file(state).exists()  # stale
        assert engine.status(state) is None
        with engine.attach(state) as second:
            assert second.engine.pid != first.engine.pid
            assert holds(second.engine.endpoint, "kept")


@pytest.mark.engine
@posix
def test_where_the_kernel_does_not_tie_them_a_guard_does(state: Path, real: Path) -> None:
    """macOS has no parent-death signal: the other way, on whatever this runs on."""
    state.mkdir()
    as_macos = (
        "import ctypes, subprocess, sys; sys.platform = 'darwin'; from data_access.local import supervisor; sys.exit(supervisor.main())"
    )
    subprocess.run(
        [sys.executable, "-c", as_macos, "--state", str(state), "--binary", str(real)],
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    assert eventually(lambda: engine.status(state) is not None)
    running = engine.status(state)
    assert running
    assert answers(running.endpoint)
    os.kill(running.pid, signal.SIGKILL)
    assert eventually(lambda: not answers(running.endpoint))


@pytest.mark.engine
def test_data_survives_the_last_user(state: Path, real: Path) -> None:
    with engine.attach(state) as attachment:
        put(attachment.engine.endpoint, "kept")
    assert engine.stop(state)
    with engine.attach(state) as attachment:
        assert holds(attachment.engine.endpoint, "kept")


@pytest.mark.engine
def test_of_many_that_start_at_once_one_starts(state: Path, real: Path, user: Callable[[], subprocess.Popen[str]]) -> None:
    processes = [user() for _ in range(5)]
    assert len({said(process) for process in processes}) == 1


@pytest.mark.engine
def test_coming_while_it_ends_finds_an_engine(state: Path, real: Path) -> None:
    """The last user leaves and another comes, at every moment of the second that the engine waits, and after it."""
    for wait in (0.0, 0.9, 0.98, 1.0, 1.02):
        with engine.attach(state) as attachment:
            assert answers(attachment.engine.endpoint)
        time.sleep(wait)
    with engine.attach(state) as attachment:
        assert answers(attachment.engine.endpoint)


@pytest.mark.engine
def test_start_pins_and_stop_ends_it(state: Path, real: Path) -> None:
    started = engine.start(state)
    time.sleep(1.5)
    assert engine.status(state) == started
    assert engine.start(state) == started
    assert engine.stop(state)
    assert not answers(started.endpoint)
    assert not record.record_file(state).exists()
    assert not engine.stop(state)


@pytest.mark.engine
def test_stop_ends_it_while_it_is_used(state: Path, real: Path) -> None:
    with engine.attach(state) as attachment:
        assert engine.stop(state)
        assert not answers(attachment.engine.endpoint)


@pytest.mark.engine
@posix
def test_supervisor_ends_cleanly_on_sigterm(state: Path, real: Path) -> None:
    with engine.attach(state) as attachment:
        os.kill(attachment.engine.pid, signal.SIGTERM)
        assert gone(state, attachment.engine.endpoint)


@pytest.mark.engine
def test_a_stranger_can_neither_stop_it_nor_keep_it(state: Path, real: Path) -> None:
    with engine.attach(state) as attachment:
        known = record.read(state)
        assert known
        for words in (b"stop\n", b"0 stop\n", known.supervisor_word().encode() + b" stop\n", b"x" * 5000, b"\xff\n"):
            with socket.create_connection(("127.0.0.1", known.control), timeout=30) as stranger:
                try:
                    stranger.sendall(words)
                    assert stranger.recv(100) == b""
                except ConnectionError:
                    pass  # refused as rudely as possible
        assert engine.status(state) == attachment.engine
    # There always is one that says nothing, so if these could keep it, it would stay.
    with ExitStack() as silent:

        def forgotten() -> bool:
            with suppress(OSError):
                silent.enter_context(socket.create_connection(("127.0.0.1", known.control), timeout=30))
            time.sleep(0.2)
            return not answers(attachment.engine.endpoint)

        assert eventually(forgotten)
        assert gone(state, attachment.engine.endpoint)


@pytest.mark.engine
def test_a_stale_record_whose_port_is_another_programs_now(state: Path, real: Path) -> None:
    state.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as squatter:

        def answer_anything() -> None:
            while True:
                try:
                    connection, _ = squatter.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(200)
                    connection.sendall(b"ok\n" * 30)

        threading.Thread(target=answer_anything, daemon=True).start()
        port = squatter.getsockname()[1]
        record.write(state, record.Record("dynoxide", f"http://127.0.0.1:{port}", 1, True, None, port, "old"))
        assert engine.status(state) is None
        assert not engine.stop(state)
        with engine.attach(state) as attachment:
            assert not attachment.engine.endpoint.endswith(f":{port}")
        squatter.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"version": 1}', json.dumps({"version": 99})])
def test_a_broken_record_is_no_record(state: Path, text: str) -> None:
    state.mkdir()
    record.record_file(state).write_text(text)
    assert record.read(state) is None
    assert engine.status(state) is None


@pytest.mark.engine
def test_a_damaged_database_is_one_sentence(state: Path, real: Path) -> None:
    state.mkdir()
    record.database_file(state).write_bytes(b"not a database, not at all" * 400)
    with pytest.raises(EngineError, match="stopped while it was starting") as caught:
        engine.attach(state)
    assert str(record.log_file(state)) in caught.value.remedy
    assert str(record.database_file(state)) in caught.value.remedy
    assert b"SQLite" in record.log_file(state).read_bytes()
    assert eventually(lambda: lock_is_free(state))


@posix
def test_a_binary_that_does_not_run_is_one_sentence(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "dynoxide"
    broken.write_bytes(b"\x7fELF nothing")
    broken.chmod(0o755)
    monkeypatch.setenv("DYNASCOPE_ENGINE", str(broken))
    with pytest.raises(EngineError, match="cannot be run"):
        engine.attach(state)
    broken.write_text("#!/bin/sh\necho broken >&2; exit 3\n")
    with pytest.raises(EngineError, match="exit code 3"):
        engine.attach(state)


def test_moto_is_the_engine_where_there_is_no_binary(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DYNASCOPE_ENGINE", "moto")
    with engine.attach(state) as attachment:
        assert attachment.engine.name == "moto"
        assert not attachment.engine.persistent
        assert "memory" in (attachment.engine.notice or "")
        put(attachment.engine.endpoint, "lost")
        with engine.attach(state) as again:
            assert holds(again.engine.endpoint, "lost")
    assert engine.stop(state)
    with engine.attach(state) as attachment:
        assert not holds(attachment.engine.endpoint, "lost")


def test_an_engine_that_is_not_there(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DYNASCOPE_ENGINE", str(tmp_path / "nothing"))
    with pytest.raises(EngineError, match="not a file"):
        engine.attach(state)
    (tmp_path / "nothing").write_text("")
    with pytest.raises(EngineError, match="not executable"):
        engine.attach(state)


def test_a_state_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineError, match="state folder"):
        engine.attach(tmp_path / "file" / "state")


def test_choice_without_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert binary.choose(tmp_path).path is None
    on_path = _executable(tmp_path / "bin" / "dynoxide")
    assert binary.choose(tmp_path).path == on_path
    package = binary.npm_package()
    if package and sys.platform != "win32":
        beside = _executable(tmp_path / "node_modules" / "@dynoxide" / package / "dynoxide")
        assert binary.choose(tmp_path).path == beside


def _executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path.resolve()
