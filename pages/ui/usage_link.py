"""A number of the usage page and its address: the filter, and the cell that was clicked.

The window is written out as two moments, so a link opens what was counted, whatever time it is by then. A user's id is never
in the address: there is a mark for it, and the session knows what the mark stands for.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import get_args, get_type_hints

import streamlit as st

from data_access.errors import UsageError
from data_access.usage import Cell, UsageFilter
from pages.ui import registry
from pages.ui.registry import PageSpec

_OPENING = "usage_opening"
_PEOPLE = "usage_people"
# There is a day before and after every one of these, whatever the zone.
_YEARS = (2, 9998)
_MOST_PEOPLE = 200
_NAMES = frozenset(
    {
        *("only_tenant", "since", "until", "clock", "of", "day", "week", "month", "weekday", "hour", "called", "failing"),
        *("in_system", "in_tenant", "least", "most", "person", "from"),
    }
)
_OF = get_args(get_type_hints(Cell)["of"])
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Question:
    """Which conversations: those that `filter` counts in `cell`."""

    filter: UsageFilter
    cell: Cell


def pick(chart: str, wanted: UsageFilter, cells: Sequence[Cell]) -> None:
    """Open what was clicked in a chart whose points stand for these cells. For callbacks: the page leaves on its next run."""
    points = st.session_state[chart]["selection"]["points"]
    place = points[0].get("point_index") if points else None
    # What a browser sends is not to be trusted, nor is a click that arrives after the chart has changed.
    if isinstance(place, int) and 0 <= place < len(cells):
        open_later(Question(wanted, cells[place]))


def pick_row(click: str, wanted: UsageFilter, cells: Sequence[Cell]) -> None:
    """Open the number that was clicked in a table."""
    open_later(Question(wanted, cells[st.session_state[click].row]))


def open_later(asked: Question) -> None:
    st.session_state[_OPENING] = parameters(asked)


def leave_if_asked(page: PageSpec) -> None:
    """Go to the conversations behind a number of this page, when a click asked for it. The first thing on a page with numbers."""
    found = st.session_state.pop(_OPENING, None)
    if found is not None:
        st.switch_page(registry.BEHIND.file, query_params=found | {"from": page.url_path})


def came_from(given: Mapping[str, str]) -> PageSpec:
    """The page whose number an address is of."""
    return registry.CAPACITY if given.get("from") == registry.CAPACITY.url_path else registry.USAGE


def parameters(asked: Question) -> dict[str, str]:
    """The address of a question. No name is one that a list binds to a filter of its own."""
    wanted, cell = asked.filter, asked.cell
    low, high = cell.length or (None, None)
    found = {
        "system": wanted.system,
        "only_tenant": wanted.tenant,
        "since": _moment(wanted.since),
        "until": _moment(wanted.until),
        "clock": wanted.zone,
        "of": cell.of if cell.of != "active" else None,
        "day": cell.day and cell.day.isoformat(),
        "week": cell.week and cell.week.isoformat(),
        "month": cell.month and cell.month.isoformat(),
        "weekday": cell.weekday,
        "hour": cell.hour,
        "called": cell.tool,
        "failing": "yes" if cell.failed else None,
        "in_system": cell.system,
        "in_tenant": cell.tenant,
        "least": low,
        "most": high,
        "person": _mark(wanted.user, cell.user),
    }
    return {name: str(value) for name, value in found.items() if value is not None}


def tidy() -> None:
    """Coming back from a number by the browser's button, its parameters are still in the address."""
    for name in _NAMES & set(st.query_params):
        del st.query_params[name]


def read(given: Mapping[str, str]) -> Question:
    """The question of an address. Raises UsageError."""
    in_filter, in_cell = _people(given.get("person"))
    try:
        wanted = UsageFilter(
            given.get("system"), given.get("only_tenant"), in_filter, _time(given.get("since")), _time(given.get("until")), given["clock"]
        )
        cell = Cell(
            of=given.get("of", "active"),  # pyright: ignore[reportArgumentType] # looked at below
            day=_day(given.get("day")),
            week=_day(given.get("week")),
            month=_day(given.get("month")),
            weekday=_number(given.get("weekday"), 6),
            hour=_number(given.get("hour"), 23),
            tool=given.get("called"),
            failed=given.get("failing") == "yes",
            system=given.get("in_system"),
            tenant=given.get("in_tenant"),
            user=in_cell,
        )
        if cell.of not in _OF:
            raise ValueError
        least = _number(given.get("least"))
        if least is not None:
            cell = replace(cell, length=(least, _number(given.get("most"))))
    except (ValueError, KeyError, OverflowError):
        raise UsageError("The address does not name a number of a page here.", "Open the number there again.") from None
    wanted.check()
    return Question(wanted, cell)


def _moment(when: datetime | None) -> str | None:
    return None if when is None else when.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    found = datetime.fromisoformat(text)
    if found.tzinfo is None or not _YEARS[0] <= found.year <= _YEARS[1]:
        raise ValueError
    return found


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    found = date.fromisoformat(text)
    if not _YEARS[0] <= found.year <= _YEARS[1]:
        raise ValueError
    return found


def _number(text: str | None, most: int = 1_000_000_000) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 11 and int(text) <= most):
        raise ValueError
    return int(text)


def _mark(in_filter: str | None, in_cell: str | None) -> str | None:
    if in_filter is None and in_cell is None:
        return None
    known: dict[str, tuple[str | None, str | None]] = st.session_state.setdefault(_PEOPLE, {})
    for mark, people in known.items():
        if people == (in_filter, in_cell):
            return mark
    while len(known) >= _MOST_PEOPLE:
        del known[next(iter(known))]
    mark = secrets.token_hex(4)
    known[mark] = (in_filter, in_cell)
    return mark


def _people(mark: str | None) -> tuple[str | None, str | None]:
    if mark is None:
        return None, None
    known: dict[str, tuple[str | None, str | None]] = st.session_state.get(_PEOPLE, {})
    if mark not in known:
        raise UsageError(
            "This address is about one user, whose id is not in it.", "Open the number on the usage page again: only its own session knows."
        )
    return known[mark]


def words(cell: Cell) -> tuple[str, ...]:
    """When and how long, in parts."""
    parts: list[str] = []
    if cell.day is not None:
        parts.append(f"on {cell.day:%A %d %B %Y}")
    if cell.week is not None:
        parts.append(f"in the week from {cell.week:%A %d %B %Y}")
    if cell.month is not None:
        parts.append(f"in {cell.month:%B %Y}")
    if cell.weekday is not None:
        parts.append(f"on {WEEKDAYS[cell.weekday]}s")
    if cell.hour is not None:
        parts.append(f"between {cell.hour:02d}:00 and {(cell.hour + 1) % 24:02d}:00")
    if cell.length is not None:
        parts.append(f"with {length(*cell.length)}")
    return tuple(parts)


def length(low: int, high: int | None) -> str:
    if high is None:
        return f"{low:,} messages or more"
    if low == high:
        return f"{low:,} message{'' if low == 1 else 's'}"
    return f"{low:,} to {high:,} messages"
