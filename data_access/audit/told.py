"""`audit verify` on the command line: one JSON object, exit 1 when the audit is broken."""

from __future__ import annotations

import argparse

from data_access.audit.chain import Audit
from data_access.audit.checking import verify
from data_access.erasure.control import Control
from data_access.output import show
from data_access.settings import Settings


def show_verdict(_: argparse.Namespace, settings: Settings, endpoint: str | None) -> int:
    """Raises DataAccessError where it cannot be read at all."""
    control = Control.open(settings, endpoint)
    try:
        verdict = verify(Audit(control))
    finally:
        control.close()
    show(verdict)
    return 1 if verdict.state == "broken" else 0
