"""A site for each test, on the real engine."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.data_access.erasure.faults.clock import Clock
from tests.data_access.erasure.faults.listening import listening
from tests.data_access.erasure.faults.site import Site, opened

_number = itertools.count()
Open = Callable[..., Site]


@pytest.fixture
def open_site(engine_endpoint: str, tmp_path: Path) -> Iterator[Open]:
    """`open_site(fault, …, rate=…)`: empty tables with a prefix of their own."""
    with ExitStack() as stack:

        def begin(*faults: Any, **how: Any) -> Site:
            return stack.enter_context(opened(engine_endpoint, tmp_path, f"f{next(_number)}-", *faults, **how))

        yield begin


@pytest.fixture
def site(open_site: Open) -> Site:
    return open_site()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    found.install(monkeypatch)
    return found


@pytest.fixture
def logs() -> Iterator[io.StringIO]:
    with listening() as stream:
        yield stream
