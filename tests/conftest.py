"""Fixtures for every test: a clean environment, and DynamoDB twice (moto, and the real local engine)."""

from __future__ import annotations

import gc
import os
import urllib.request
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NoReturn

import botocore.session
import pytest
from _pytest.nodeid import NodeId

from data_access.access.refusals import Refusals
from data_access.actions import asking
from data_access.local.binary import choose
from data_access.local.engine import attach
from tests import bytecode

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter
    from mypy_boto3_dynamodb import DynamoDBClient

REGION = "us-east-1"
NO_ENGINE = "ENGINE TESTS SKIPPED: no dynoxide binary (npm install brings it)"
NO_BROWSER = "BROWSER TESTS SKIPPED: no Chromium on PATH"

bytecode.keep()


def pytest_configure() -> None:
    """How long a case takes says how loaded a machine is. CI=true has no deadline by itself, and keeps the rest of its own profile."""
    from hypothesis import settings  # here, so that what pytest makes of it is kept

    settings.register_profile("without a clock", settings.default, deadline=None)
    settings.load_profile("without a clock")


def pytest_sessionstart(session: pytest.Session) -> None:
    bytecode.rewrite_a_share(session.config)


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """One loud line for each kind of test that this machine could not run."""
    reasons = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", ())]
    for line in (NO_ENGINE, NO_BROWSER):
        if skipped := sum(line in reason for reason in reasons):
            terminalreporter.write_line(f"{line} ({skipped} tests)", red=True, bold=True)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Hand over the groups of xdist 3.8, which writes them where pytest 9.2 does not look any more: no group was kept together."""
    for item in items:
        if (named := vars(item).get("_nodeid")) is not None:
            item._id = NodeId.parse(named)  # pyright: ignore[reportPrivateUsage]


def pytest_collection_finish() -> None:
    """What is imported by now stays: nobody needs to look through all of it again and again for something to give back."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def _outside_environment() -> Iterator[None]:
    """Nothing of the person's own AWS or Dynascope settings reaches a test, nor a session fixture."""
    with pytest.MonkeyPatch.context() as patch:
        _isolate(patch)
        yield


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same again for each test, whatever the one before it left behind."""
    _isolate(monkeypatch)


@pytest.fixture(autouse=True)
def _every_refusal_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """People of the same name are in many tests: no minute of one test is another's. test_refusals has the minutes."""
    monkeypatch.setattr(asking, "REFUSALS", Refusals(every_seconds=0.0))


def _isolate(patch: pytest.MonkeyPatch) -> None:
    for name in [
        name for name in os.environ if name.startswith(("AWS_", "DYNAMODB_", "DYNASCOPE_", "MOTO_")) or name == "DEFAULT_AWS_REGION"
    ]:
        patch.delenv(name)
    patch.setenv("AWS_CONFIG_FILE", os.devnull)
    patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="session")
def missing() -> Callable[[str], NoReturn]:
    """What a test says when this machine lacks something: a skip, and with CI=true a failure."""

    def say(reason: str) -> NoReturn:
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(f"{reason}: with CI set, that is a failure", pytrace=False)
        pytest.skip(reason)

    return say


def _real_engine(tmp_path_factory: pytest.TempPathFactory, missing: Callable[[str], NoReturn]) -> Iterator[str]:
    if choose().path is None:
        missing(NO_ENGINE)
    with attach(tmp_path_factory.mktemp("engine")) as attachment:
        yield attachment.engine.endpoint


@pytest.fixture(scope="session")
def engine_endpoint(tmp_path_factory: pytest.TempPathFactory, missing: Callable[[str], NoReturn]) -> Iterator[str]:
    """The real engine, one for all tests: its tables stay until the last test. Take other table names than the next test."""
    yield from _real_engine(tmp_path_factory, missing)


@pytest.fixture(scope="session")
def _swept_engine(tmp_path_factory: pytest.TempPathFactory, missing: Callable[[str], NoReturn]) -> Iterator[str]:
    """A second real engine, the one that `endpoint` empties after each test."""
    yield from _real_engine(tmp_path_factory, missing)


@pytest.fixture(scope="session")
def _moto_server() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def moto_endpoint(_moto_server: str) -> Iterator[str]:
    """moto's server in this process, empty before and after each test."""
    _reset(_moto_server)
    yield _moto_server
    _reset(_moto_server)


def _reset(moto: str) -> None:
    with urllib.request.urlopen(urllib.request.Request(f"{moto}/moto-api/reset", method="POST"), timeout=60) as response:
        response.read()


@pytest.fixture(params=["moto", pytest.param("engine", marks=pytest.mark.engine)])
def endpoint(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run the test twice, on moto and on the real engine, each without a table in it."""
    if request.param == "moto":
        yield request.getfixturevalue("moto_endpoint")
        return
    url: str = request.getfixturevalue("_swept_engine")
    yield url
    client = _client(url)
    for page in client.get_paginator("list_tables").paginate():
        for table in page.get("TableNames", []):
            if client.describe_table(TableName=table)["Table"].get("DeletionProtectionEnabled"):
                client.update_table(TableName=table, DeletionProtectionEnabled=False)
            client.delete_table(TableName=table)


@pytest.fixture
def dynamodb(endpoint: str) -> Iterator[DynamoDBClient]:
    """A plain client for `endpoint`."""
    client = _client(endpoint)
    yield client
    client.close()


_session = botocore.session.Session()  # its loader keeps the service model: the second client costs a few milliseconds


def _client(endpoint: str) -> DynamoDBClient:
    return _session.create_client(  # pyright: ignore[reportReturnType]
        "dynamodb", endpoint_url=endpoint, region_name=REGION, aws_access_key_id="local", aws_secret_access_key="local"
    )
