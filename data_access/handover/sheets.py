"""CSV for spreadsheets: every cell quoted, and none that a spreadsheet would run.

https://owasp.org/www-community/attacks/CSV_Injection; ASVS 5.0, 1.2.10: text that begins with = + - @ TAB CR LF NUL or a full-width form
of them, also behind spaces or a byte order mark, gets an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime

from data_access.items.values import iso

_FORMULA = "=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20"
# What a spreadsheet, or the reader before it, strips before it looks at the first letter.
_SKIPPED = " \ufeff\u200b\u00a0\u3000"
MARK = "\ufeff"


def safe_cell(value: str) -> str:
    """The text, with an apostrophe before it if a spreadsheet would take it for a formula."""
    return f"'{value}" if value.lstrip(_SKIPPED)[:1] in _FORMULA and value.lstrip(_SKIPPED) else value


class Sheet:
    """Rows to lines of CSV (RFC 4180). Times are ISO 8601 in UTC, numbers as they are, None an empty cell."""

    def __init__(self) -> None:
        self._line = io.StringIO()
        self._writer = csv.writer(self._line, quoting=csv.QUOTE_ALL)

    def header(self, names: Sequence[str]) -> bytes:
        """The first line, behind the mark by which spreadsheets know UTF-8."""
        return MARK.encode() + self.row(names)

    def row(self, cells: Sequence[str | int | float | datetime | None]) -> bytes:
        self._line.seek(0)
        self._line.truncate()
        self._writer.writerow([_cell(cell) for cell in cells])
        return self._line.getvalue().encode("utf-8", "replace")


def _cell(value: str | float | datetime | None) -> str:
    if isinstance(value, str):
        return safe_cell(value)
    if value is None:
        return ""
    return iso(value) if isinstance(value, datetime) else str(value)
