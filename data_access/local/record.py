"""What the supervisor writes down for its users: `<state>/engine.json`, mode 0600.

The file is only a hint where to knock. A crash or a reboot leaves it behind, and by then its port may belong to another
program: so both ends prove that they know the file's token, and a pid is never trusted.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

VERSION = 1
BUSY = 75  # exit code of a supervisor that found another one at work
IN_MEMORY = "Tables are kept in memory: they are gone when the last user leaves."


@dataclass(frozen=True, slots=True)
class Record:
    """A running engine. `control` is the supervisor's TCP port on 127.0.0.1."""

    name: str
    endpoint: str
    pid: int
    persistent: bool
    notice: str | None
    control: int
    token: str
    version: int = VERSION

    # The words differ by direction, so neither end learns the other's word, nor the token, by listening on a port.
    def user_word(self) -> str:
        return self._word("user")

    def supervisor_word(self) -> str:
        return self._word("supervisor")

    def _word(self, side: str) -> str:
        return hmac.new(self.token.encode(), side.encode(), hashlib.sha256).hexdigest()


def record_file(state: Path) -> Path:
    return state / "engine.json"


def log_file(state: Path) -> Path:
    return state / "engine.log"


def database_file(state: Path) -> Path:
    return state / "dynamodb.db"


def read(state: Path) -> Record | None:
    """The record in this state folder. None where there is none, or not one that this version can read."""
    try:
        record = Record(**json.loads(record_file(state).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    return record if record.version == VERSION else None


def write(state: Path, record: Record) -> None:
    """Replace the record in one step: a reader sees the old one or the new one, never half of one."""
    draft = state / f"engine.json.{record.pid}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(asdict(record), file)
    draft.replace(record_file(state))


def remove(state: Path) -> None:
    with contextlib.suppress(OSError):
        record_file(state).unlink()
