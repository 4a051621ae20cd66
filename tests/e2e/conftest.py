"""The whole dashboard in a real browser: a server of its own, and Chromium from PATH driven by Playwright."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from data_access.local import engine, prepare
from data_access.local.binary import choose
from data_access.settings import load_settings

if TYPE_CHECKING:
    from tests.e2e.signing_in import Provider

RUN = ("streamlit", "run", "asgi.py", "--server.port")
HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
START_SECONDS = 240.0  # the first start fills the tables
STOP_SECONDS = 60.0
DONE = "copy-me"
PATIENCE_MS = 60_000  # a loaded machine draws slowly; what never comes still fails
# Debian's headless shell is the same browser without what draws its windows, which nobody sees here: a page costs it a quarter less.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Threads of its own for compiling and collecting are more work in all, where no processor is free for them.
    "--js-flags=--single-threaded",
)


expect.set_options(timeout=PATIENCE_MS)


# First: xdist reads the groups in the same hook (tests/conftest.py hands them over).
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and {"browser", "page"} & set(item.fixturenames):
            item.add_marker("browser")
        if item.path.is_relative_to(HERE):
            # Tests share servers, a provider and a browser: in one process, or each process starts its own.
            shared = isinstance(item, pytest.Function) and "sampled" in item.fixturenames
            item.add_marker(pytest.mark.xdist_group("sampled" if shared else item.path.stem))


# Playwright's loop runs in this thread as long as the browser is open: no longer than the browser tests of one module, so
# that a test elsewhere can run a loop of its own.
@pytest.fixture(scope="module")
def browser(missing: Callable[[str], NoReturn]) -> Iterator[Browser]:
    """Chromium, as Debian and others install it. Playwright's own download is not used."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        missing("BROWSER TESTS SKIPPED: no Chromium on PATH")
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=[*ARGUMENTS, *(["--no-sandbox"] if as_root else [])])
        yield chromium
        chromium.close()


@contextmanager
def profile(browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile of its own, in English and UTC. Nothing moves for show: a spinner costs as much as the page behind it."""
    with browser.new_context(
        viewport={"width": 1440, "height": 960}, locale="en-GB", timezone_id="UTC", reduced_motion="reduce"
    ) as context:
        context.set_default_timeout(PATIENCE_MS)
        yield context


@pytest.fixture(scope="module")
def kept(browser: Browser) -> Iterator[BrowserContext]:
    """The profile of `page`."""
    with profile(browser) as context:
        yield context


@pytest.fixture
def page(kept: BrowserContext) -> Iterator[Page]:
    """A page in a profile that is as new, but for the files that are for any browser: those of a page that was seen already need
    not be fetched and compiled again, which is half of the work of opening it."""
    opened = kept.new_page()
    devtools = kept.new_cdp_session(opened)
    devtools.send("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "all"})
    devtools.detach()
    kept.clear_cookies()
    yield opened
    for one in kept.pages:
        one.close()


@pytest.fixture(scope="session")
def fill(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Make a state folder with the sample data in it, which was made once in this run by whoever came first."""

    def copied() -> Path:
        state = tmp_path_factory.mktemp("browser") / "state"
        if choose().path is None:
            return state  # then tables are in memory, and nothing of them can be copied
        base = tmp_path_factory.getbasetemp()
        made = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "sample"
        with FileLock(made.with_suffix(".lock")):
            if not (made / DONE).exists():
                attachment = prepare(load_settings({"DYNASCOPE_STATE": str(made)}, made.parent))
                assert attachment is not None
                attachment.close()
                engine.stop(made)
                (made / DONE).touch()
        shutil.copytree(made, state, ignore=shutil.ignore_patterns(DONE, "engine.*", "*.lock"))
        return state

    return copied


@pytest.fixture(scope="session")
def filled(fill: Callable[[], Path]) -> Path:
    """One such folder for all browser tests of this process. Two servers at once that end apart have one each."""
    return fill()


# What signs people in is made of what is here: it is looked for when a test needs it.
@pytest.fixture(scope="module")
def idp() -> Iterator[Provider]:
    """An OpenID provider with somebody for each role."""
    from tests.e2e import signing_in

    with signing_in.provider() as found:
        yield found


@pytest.fixture(scope="module")
def endpoint(filled: Path) -> Iterator[str]:
    """The local engine with the sample data, for servers that are in aws mode."""
    from tests.e2e import signing_in

    with signing_in.engine(filled) as found:
        yield found


@dataclass(frozen=True, slots=True)
class Server:
    """A running dashboard. `log` is what it printed."""

    url: str
    pid: int
    state: Path
    log: Path


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start `asgi.py` on a free port: `serve(state, NAME="value of an environment variable")`. Ended after the test."""
    yield from serving(tmp_path)


@pytest.fixture(scope="module")
def serve_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """The same, for all tests of one module."""
    yield from serving(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="session")
def serve_long(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """The same, for all tests of this process."""
    yield from serving(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="session")
def sampled(serve_long: Callable[..., Server], fill: Callable[[], Path], tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server with a snapshot, read while it runs, as cron would: for the tests of several files, which only look at it."""
    config = snapshot_of_its_own(tmp_path_factory.mktemp("sampled"))
    server = serve_long(fill(), DYNASCOPE_CONFIG=str(config))
    sync(server, config)
    return server


def snapshot_of_its_own(folder: Path, first: str = "") -> Path:
    """A configuration for a server or a command line."""
    config = folder / "dynascope.toml"
    config.write_text(f'{first}[snapshot]\nplace = "snapshot"\n')
    return config


def sync(server: Server, config: Path) -> None:
    """What cron does, beside the running dashboard."""
    place = os.environ | {"DYNASCOPE_STATE": str(server.state), "DYNASCOPE_CONFIG": str(config)}
    subprocess.run([sys.executable, "-m", "data_access", "sync"], cwd=REPOSITORY, env=place, check=True, capture_output=True, timeout=300)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serving(folder: Path) -> Iterator[Callable[..., Server]]:
    """What `serve` is; logs, and state where none is given, are in the folder. `port` where it has to be known before,
    `run` where another command serves: the port is its last word.

    Ctrl-C must end it within STOP_SECONDS and leave nothing: no process of its group, and no engine unless another uses it.
    """
    started: list[tuple[subprocess.Popen[bytes], Server]] = []

    def start(state: Path | None = None, port: int | None = None, run: tuple[str, ...] = RUN, **environment: str) -> Server:
        port = port or free_port()
        log = folder / f"server-{port}.log"
        state = state or folder / "state"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *run, str(port)],
                cwd=REPOSITORY,
                env=os.environ | {"DYNASCOPE_STATE": str(state)} | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        server = Server(f"http://127.0.0.1:{port}", process.pid, state, log)
        started.append((process, server))
        _wait_ready(process, port, log)
        return server

    yield start
    for process, _ in started:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
    failures: list[str] = []
    for process, server in started:
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            failures.append(f"the server did not end within {STOP_SECONDS:.0f} seconds of Ctrl-C")
        if _group_lives(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
            failures.append("the server left a process behind")
        deadline = time.monotonic() + STOP_SECONDS
        while engine.status(server.state) and time.monotonic() < deadline:
            time.sleep(0.05)
        if engine.stop(server.state):
            failures.append("the server left the local engine behind")
    assert not failures, failures


def _wait_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"the server ended with {process.returncode}:\n{log.read_text()[-4000:]}")
        if _health(port) == b"ok":  # unknown paths answer 200 as well: only the body tells
            return
        time.sleep(0.05)
    pytest.fail(f"the server was not ready within {START_SECONDS:.0f} seconds:\n{log.read_text()[-4000:]}")


def _health(port: int) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().read(64)
    except (OSError, http.client.HTTPException):
        return b""
    finally:
        connection.close()


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
