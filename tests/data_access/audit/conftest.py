"""An audit in a control table of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from data_access.audit import Audit
from data_access.erasure.control import Control
from tests.data_access.erasure.making import opened, settings_for

OpenAudit = Callable[..., Audit]


@pytest.fixture
def open_audit(endpoint: str, tmp_path: Path) -> Iterator[OpenAudit]:
    """`open_audit(anchor=path)`: the same table every time in one test, unless it is named."""
    begun: list[Control] = []

    def begin(state: Path | None = None, **own: Any) -> Audit:
        begun.append(opened(settings_for(state or tmp_path, **({"control_table": "control"} | own)), endpoint))
        return Audit(begun[-1])

    yield begin
    for control in begun:
        control.close()


@pytest.fixture
def audit(open_audit: OpenAudit) -> Audit:
    return open_audit()
