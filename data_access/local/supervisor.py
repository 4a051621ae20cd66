"""The process that owns the local engine of one state folder. Started by engine.attach, never by hand.

It holds an exclusive lock on `<state>/engine.lock` as long as it lives, runs the engine, writes `<state>/engine.json` and
counts the connections on its control port. When none is left for a second, and nobody pinned the engine, it ends it.

    control protocol    user: "<user word> <attach|pin|status|stop>\\n"    supervisor: "<supervisor word>\\n"

It prints one line of JSON to its starter, `{"ready": …}`, `{"busy": …}` or `{"failed": sentence}`, and closes stdout.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import hmac
import http.client
import json
import os
import secrets
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType

from data_access.local import record as records
from data_access.local.record import Record

GRACE_SECONDS = 1.0  # without a user
FIRST_USER_SECONDS = 10.0  # a starter that was suspended meanwhile is still expected
HEALTHY_SECONDS = 15.0
TERMINATE_SECONDS = 5.0
STRANGER_SECONDS = 5.0  # a connection that has not said its word by then is closed


class Failure(Exception):
    """The engine does not start. Its text is a sentence for a person."""


@dataclass(slots=True)
class Caller:
    since: float
    said: bytes = b""


@dataclass(slots=True)
class Desk:
    """The control port: who is attached, and whether the engine is to stay."""

    listener: socket.socket
    record: Record
    alive: Callable[[], bool]
    users: set[socket.socket] = field(default_factory=set[socket.socket])
    callers: dict[socket.socket, Caller] = field(default_factory=dict[socket.socket, Caller])
    pinned: bool = False
    stopping: bool = False

    def serve(self) -> None:
        """Return when the last user has left, someone asked for the end, or the engine ended by itself."""
        idle_at = time.monotonic() + FIRST_USER_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(self.listener, selectors.EVENT_READ)
            while not self.stopping and self.alive():
                for key, _ in selector.select(timeout=0.2):
                    sock = key.fileobj
                    assert isinstance(sock, socket.socket)
                    if sock is self.listener:
                        with contextlib.suppress(OSError):
                            caller, _ = sock.accept()
                            caller.setblocking(False)
                            self.callers[caller] = Caller(time.monotonic())
                            selector.register(caller, selectors.EVENT_READ)
                    elif not self._hear(sock):
                        selector.unregister(sock)
                        self._drop(sock)
                now = time.monotonic()
                for sock in [sock for sock, caller in self.callers.items() if now - caller.since > STRANGER_SECONDS]:
                    selector.unregister(sock)
                    self._drop(sock)
                if self.users or self.pinned:
                    idle_at = now + GRACE_SECONDS
                elif now > idle_at:
                    return

    def _drop(self, sock: socket.socket) -> None:
        self.users.discard(sock)
        self.callers.pop(sock, None)
        sock.close()

    def _hear(self, sock: socket.socket) -> bool:
        """Read what this connection says. False when it is to be closed."""
        try:
            data = sock.recv(256)
        except OSError:
            return False
        caller = self.callers.get(sock)
        if not data:
            return False
        if caller is None:  # a user has nothing more to say
            return True
        caller.said += data
        if b"\n" not in caller.said:
            return len(caller.said) < 256
        word, _, command = caller.said.partition(b"\n")[0].partition(b" ")
        if not hmac.compare_digest(word, self.record.user_word().encode()):
            return False
        match command:
            case b"attach":
                del self.callers[sock]
                self.users.add(sock)
            case b"pin":
                self.pinned = True
            case b"stop":
                # Kept open until this process is gone: that is how the one who asked learns that it is.
                del self.callers[sock]
                self.users.add(sock)
                self.stopping = True
            case b"status":
                pass
            case _:
                return False
        with contextlib.suppress(OSError):
            sock.send(f"{self.record.supervisor_word()}\n".encode())
        return True


def take_lock(state: Path) -> int | None:
    """The descriptor that holds this folder's lock until the process ends, or None when another supervisor has it."""
    descriptor = os.open(state / "engine.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tell_starter(**answer: str) -> None:
    """The one line that the starter waits for. It may be dead by now, which is no failure."""
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(answer).encode() + b"\n")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)


def _dies_with_parent() -> Callable[[], None] | None:
    """On Linux, what a child calls before exec so that the kernel ends it with this process, kill -9 included."""
    if sys.platform != "linux":
        return None
    try:
        prctl = ctypes.CDLL(None, use_errno=True).prctl
    except (OSError, AttributeError):
        return None
    parent = os.getpid()

    def before_exec() -> None:
        prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return before_exec


@contextlib.contextmanager
def _guard(child: int) -> Generator[None]:
    """Where the kernel cannot tie the engine to us: a shell that waits for our end of a pipe to close, then ends it."""
    if sys.platform in {"linux", "win32"}:
        yield
        return
    with subprocess.Popen(["/bin/sh", "-c", f"read _ ; kill -9 {child} 2>/dev/null"], stdin=subprocess.PIPE) as shell:
        try:
            yield
        finally:
            shell.kill()


def _healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _wait_healthy(process: subprocess.Popen[bytes], port: int) -> bool:
    """True when it answers, False when it ended instead."""
    deadline = time.monotonic() + HEALTHY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        if _healthy(port):
            # Another program may have been faster on this port: then ours ends within a moment.
            return process.poll() is None
        time.sleep(0.004)
    raise Failure(f"The local engine did not answer within {HEALTHY_SECONDS:.0f} seconds.")


def _runs(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is None


def _terminate(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(TERMINATE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def dynoxide(binary: Path, state: Path) -> Generator[tuple[str, Callable[[], bool]]]:
    """Run the binary on the state folder's database: its endpoint, and a question whether it is still alive."""
    for _ in range(5):
        port = free_port()
        command = [str(binary), "serve", "--host", "127.0.0.1", "--port", str(port), "--db-path", str(records.database_file(state))]
        try:
            # The log is this process's stderr. One thread runs here, so preexec_fn is safe.
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=2, stderr=2, preexec_fn=_dies_with_parent())  # noqa: PLW1509
        except OSError as error:
            raise Failure(f"The local engine {binary} cannot be run ({error.strerror}).") from None
        try:
            if _wait_healthy(process, port):
                with _guard(process.pid):
                    yield f"http://127.0.0.1:{port}", partial(_runs, process)
                return
        finally:
            if process.poll() is None:
                _terminate(process)
        if b"already in use" not in records.log_file(state).read_bytes()[-2000:]:
            raise Failure(f"The local engine stopped while it was starting (exit code {process.returncode}).")
    raise Failure("The local engine found no free port.")


@contextlib.contextmanager
def moto() -> Generator[tuple[str, Callable[[], bool]]]:
    """Run moto's server in this process: everything in memory."""
    import logging

    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # not a line a request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}", lambda: True


def _end(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def supervise(state: Path, binary: Path | None) -> None:
    """Run the engine until its last user has left. Raises Failure when it does not start."""
    with dynoxide(binary, state) if binary else moto() as (endpoint, alive), socket.create_server(("127.0.0.1", 0)) as listener:
        record = Record(
            name="dynoxide" if binary else "moto",
            endpoint=endpoint,
            pid=os.getpid(),
            persistent=binary is not None,
            notice=None if binary else records.IN_MEMORY,
            control=listener.getsockname()[1],
            token=secrets.token_hex(32),
        )
        # Named, because it holds the connections: they close when this function is left, after the engine is gone.
        desk = Desk(listener, record, alive)
        records.write(state, record)
        try:
            tell_starter(ready=endpoint)
            desk.serve()
        finally:
            records.remove(state)
            listener.close()
            print(f"supervisor: {'ending the engine' if alive() else 'the engine ended by itself'}", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="supervisor")
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--binary", type=Path)
    options = parser.parse_args()
    if sys.platform != "win32" and os.fork():
        os._exit(0)  # the starter waits for this half only
    lock = take_lock(options.state)
    if lock is None:
        tell_starter(busy="another supervisor is at work")
        return records.BUSY
    os.umask(0o077)
    with contextlib.suppress(OSError):
        os.ftruncate(2, 0)  # the log tells of one engine at a time
    records.remove(options.state)  # left behind by a crash: its port may be anybody's by now
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    try:
        supervise(options.state, options.binary)
    except Failure as failure:
        print(f"supervisor: {failure}", file=sys.stderr, flush=True)
        tell_starter(failed=str(failure))
        return 1
    return 0


if __name__ == "__main__":
    # Not sys.exit: moto's server threads are not waited for, and nothing is left to flush.
    os._exit(main())
