"""The witness outside of DynamoDB: a file to which each head of the audit is added, one line `<sequence> <hash> <time>`.

Whoever can change the table can make a shorter audit that fits together. They cannot take lines out of a file that they do not
reach: put it on a disk of another account, on write-once storage, or commit it daily.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from data_access.erasure.control_rows import time_text
from data_access.errors import AuditError

_LINE = re.compile(r"([1-9][0-9]{0,11}) ([0-9a-f]{64}) (\S{20,40})")


@dataclass(frozen=True, slots=True)
class Witnessed:
    """One line. `line` counts from 1."""

    sequence: int
    hash: str
    line: int


class Anchor:
    """An append-only file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, sequence: int, row_hash: str, when: datetime) -> None:
        """On disk when it returns. Raises AuditError."""
        line = f"{sequence} {row_hash} {time_text(when)}\n".encode()
        try:
            # O_APPEND: the lines of two processes come one after the other.
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                if os.write(handle, line) != len(line):
                    raise AuditError("The anchor of the audit took only a part of a line.", "Make room on its disk.")
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise AuditError(
                f"The anchor of the audit cannot be written ({error.strerror}).", "Correct erasure.anchor in dynascope.toml, or its folder."
            ) from None

    def lines(self) -> Iterator[Witnessed | int]:
        """The lines as they were written; the number of one that is none. Raises AuditError."""
        try:
            with self._path.open(encoding="ascii", errors="replace") as file:
                for number, text in enumerate(file, start=1):
                    found = _LINE.fullmatch(text.rstrip("\n"))
                    yield Witnessed(int(found[1]), found[2], number) if found and text.endswith("\n") else number
        except FileNotFoundError:
            return
        except OSError as error:
            raise AuditError(
                f"The anchor of the audit cannot be read ({error.strerror}).", "Check erasure.anchor in dynascope.toml."
            ) from None
