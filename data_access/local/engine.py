"""The embedded DynamoDB of local mode: one engine a state folder, started by its first user, ended with its last.

A user is a process that holds an Attachment: one open TCP connection to the engine's supervisor (supervisor.py). The
kernel closes it however the process ends, so a user that is killed is a user that has left. `start` pins the engine:
then it stays until `stop`.

Works on Linux and macOS. On Windows it is written to work, and not tested.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from data_access.errors import EngineError
from data_access.local import record as records
from data_access.local.binary import PROJECT, Choice, choose
from data_access.local.record import Record

START_SECONDS = 30.0
STOP_SECONDS = 20.0
REPLY_SECONDS = 5.0

_open: set[Attachment] = set()  # an attachment that nobody closes lasts as long as its process, not as its last reference


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine. `notice` is one sentence for the page when data does not outlive it."""

    name: str
    endpoint: str
    pid: int
    persistent: bool
    notice: str | None


class Attachment:
    """Keeps the engine alive until close(), or until this process ends."""

    def __init__(self, engine: Engine, connection: socket.socket) -> None:
        self.engine = engine
        self._connection = connection
        _open.add(self)

    def close(self) -> None:
        """Leave. The engine ends about a second after its last user left, unless it is pinned."""
        _open.discard(self)
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def attach(state: Path) -> Attachment:
    """Join the engine of this state folder, or start it.

    Raises EngineError when no engine can be started, or none gets ready within START_SECONDS.
    """
    state = _folder(state)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if joined := _join(state):
            return joined
        if not _launch(state, choose()):
            # Someone else is starting or ending it. Wait for that, then look again.
            patience = min(deadline, time.monotonic() + 0.5)
            while time.monotonic() < patience:
                if joined := _join(state):
                    return joined
                time.sleep(0.02)
    raise EngineError(f"The local engine was not ready within {START_SECONDS:.0f} seconds.", f"Its log is {records.log_file(state)}.")


def status(state: Path) -> Engine | None:
    """The engine that runs for this state folder, or None. Never starts one."""
    record = records.read(state)
    connection = _ask(record, "status") if record else None
    if record is None or connection is None:
        return None
    connection.close()
    return _engine(record)


def start(state: Path) -> Engine:
    """Join or start the engine and pin it: it stays until stop(), without users too. Raises EngineError."""
    with attach(state) as attachment:
        record = records.read(state)
        connection = _ask(record, "pin") if record else None
        if connection is None:
            raise EngineError("The local engine ended while it was being started.", f"Its log is {records.log_file(state)}.")
        connection.close()
        return attachment.engine


def stop(state: Path) -> bool:
    """End the engine, whoever uses it, and wait until it is gone. False when none ran.

    Raises EngineError when it is still there after STOP_SECONDS.
    """
    record = records.read(state)
    connection = _ask(record, "stop") if record else None
    if record is None or connection is None:
        return False
    with connection:
        connection.settimeout(STOP_SECONDS)
        try:
            while connection.recv(64):
                pass
        except TimeoutError:
            raise EngineError(
                "The local engine did not stop.", f"End the process {record.pid}; its log is {records.log_file(state)}."
            ) from None
        except ConnectionError:
            pass  # it is gone, without a goodbye
    return True


def _folder(state: Path) -> Path:
    """The state folder, made for this user alone. One that exists keeps the mode that its owner gave it."""
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = state.resolve(strict=True)
    except OSError as error:
        raise EngineError(
            f"The state folder {state} cannot be made ({error.strerror}).", "Set DYNASCOPE_STATE to a folder that you can write to."
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise EngineError(f"The state folder {state} cannot be written to.", "Set DYNASCOPE_STATE to a folder that you can write to.")
    return folder


def _join(state: Path) -> Attachment | None:
    record = records.read(state)
    connection = _ask(record, "attach") if record else None
    return Attachment(_engine(record), connection) if record and connection else None


def _engine(record: Record) -> Engine:
    return Engine(record.name, record.endpoint, record.pid, record.persistent, record.notice)


def _ask(record: Record, command: str) -> socket.socket | None:
    """Give the supervisor a command. None when nobody answers there, or someone who does not know the token."""
    connection = None
    try:
        connection = socket.create_connection(("127.0.0.1", record.control), timeout=REPLY_SECONDS)
        connection.sendall(f"{record.user_word()} {command}\n".encode())
        expected = f"{record.supervisor_word()}\n".encode()
        reply = b""
        while len(reply) < len(expected) and (data := connection.recv(128)):
            reply += data
        if reply == expected:
            connection.settimeout(None)
            return connection
    except (OSError, OverflowError):
        pass
    if connection:
        connection.close()
    return None


def _launch(state: Path, choice: Choice) -> bool:
    """Start a supervisor. True when its engine is ready, False when another supervisor is at work here."""
    command = [sys.executable, "-m", "data_access.local.supervisor", "--state", str(state)]
    if choice.path:
        command += ["--binary", str(choice.path)]
    # The engine needs no AWS credentials, so it gets none.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DYNAMODB_"))}
    options: dict[str, Any] = {"creationflags": 0x00000208} if sys.platform == "win32" else {"start_new_session": True}
    with (
        os.fdopen(os.open(records.log_file(state), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as log,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, cwd=PROJECT, env=environment, **options
        ) as process,
    ):
        # On POSIX this process only forks the supervisor and ends, so there is no child of ours to wait for later. The
        # supervisor says one line, ready or why not, and closes the pipe.
        line = process.stdout.readline() if process.stdout else b""
        if sys.platform == "win32":
            process.returncode = 0  # it runs on: leaving the block must not wait for it
    answer: dict[str, str] = {}
    with contextlib.suppress(ValueError):
        answer = json.loads(line)
    if "ready" in answer:
        return True
    if "busy" in answer:
        return False
    raise EngineError(
        answer.get("failed") or "The local engine's supervisor ended before it was ready.",
        f"Its log is {records.log_file(state)}. If its data is damaged, move {records.database_file(state)} away for an empty start; "
        "DYNASCOPE_ENGINE=moto runs without it, in memory.",
    )
