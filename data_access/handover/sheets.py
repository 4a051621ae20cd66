"""CSV for spreadsheets: every cell quoted, none that a spreadsheet would run, and none longer than it can hold.

https://owasp.org/www-community/attacks/CSV_Injection; ASVS 5.0, 1.2.10: text that begins with = + - @ TAB CR LF NUL or a full-width form
of them, also behind spaces or a byte order mark, gets an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal

from data_access.items.values import iso

_FORMULA = "=+-@\uff1d\uff0b\uff0d\uff20"
# At the beginning they are enough by themselves.
_CONTROLS = "\t\r\n\0"
# What a spreadsheet, or the reader before it, may strip before it looks at the first letter: spaces, controls, marks without width.
_SKIPPED = re.compile("[\\s\0-\x1f\x7f-\xa0\xad\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\u3000\ufeff]*")
_BLANKS = " \ufeff"
MARK = "\ufeff"
# In UTF-16. What is longer goes on in cells of its own in some programs, and there it would be the beginning of one.
# https://support.microsoft.com/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3
MOST_UNITS = 32_767
CUT = " … (cut: a cell holds no more)"


def safe_cell(value: str) -> str:
    """The text, with an apostrophe before it if a spreadsheet would take it for a formula."""
    first = _SKIPPED.match(value)
    letter = value[first.end() :][:1] if first else ""
    control = value.lstrip(_BLANKS)[:1]
    return f"'{value}" if (letter and letter in _FORMULA) or (control and control in _CONTROLS) else value


def short_cell(value: str) -> str:
    """The text as far as a spreadsheet's cell can hold it."""
    if 2 * len(value) <= MOST_UNITS:
        return value
    units = value.encode("utf-16-le", "surrogatepass")
    if len(units) <= 2 * MOST_UNITS:
        return value
    # Half a pair at the end goes, too.
    return units[: 2 * (MOST_UNITS - len(CUT))].decode("utf-16-le", "ignore") + CUT


class Sheet:
    """Rows to lines of CSV (RFC 4180). Times are ISO 8601, in UTC unless a zone is given, numbers as they are, None an empty cell.

    Text that is longer than a cell can be is cut, and says so.
    """

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._zone = zone
        self._line = io.StringIO()
        self._writer = csv.writer(self._line, quoting=csv.QUOTE_ALL)

    def header(self, names: Sequence[str]) -> bytes:
        """The first line, behind the mark by which spreadsheets know UTF-8."""
        return MARK.encode() + (self.row(names) if names else b"")

    def row(self, cells: Iterable[object]) -> bytes:
        self._line.seek(0)
        self._line.truncate()
        self._writer.writerow([_cell(cell, self._zone) for cell in cells])
        return self._line.getvalue().encode("utf-8", "replace")


def _cell(value: object, zone: tzinfo | None) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return iso(value) if zone is None else value.astimezone(zone).isoformat()
    # A number stays one, also below zero; whatever else is told in words is text.
    return str(value) if isinstance(value, int | float | Decimal) else short_cell(safe_cell(str(value)))
