"""One person's conversations: all of them, each opens its replay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import streamlit as st

from data_access.models import Filter
from data_access.people import Person, Summary
from pages.ui import at, opened, person_held, tables
from pages.ui.opened import OpenedList, OpenedRow

PAGE_ROWS = 1_000
_OPENING = "person_opening"
_Row = tuple[str, Summary]


def fulfil() -> None:
    """Leave for the replay that was chosen. At the top of the page."""
    row: OpenedRow | None = st.session_state.pop(_OPENING, None)
    if row is not None:
        at.open_from_list(row)


def show(person: Person, titles: Mapping[str, str], zone: ZoneInfo) -> None:
    talks = [(one.system, talk) for one in person.systems for talk in one.conversations]
    if not talks:
        st.caption("No conversation is stored.")
        return
    talks.sort(key=lambda row: -(row[1].last_activity_at.timestamp() if row[1].last_activity_at else 0.0))
    rows = tuple(OpenedRow(system, talk.conversation_id, person.user_id, talk.tenant_id) for system, talk in talks)
    opened.remember(OpenedList(Filter(person.systems[0].system, user_id=person.user_id), rows))
    pages = -(-len(talks) // PAGE_ROWS)
    number = st.pagination(pages, key="person_talks_page") if pages > 1 else 1
    first = (number - 1) * PAGE_ROWS
    part, part_rows = talks[first : first + PAGE_ROWS], rows[first : first + PAGE_ROWS]
    # The key names the data: a click on one list is never taken for a click on another.
    version = f"{hash((person.user_id, person.read_at, number)) & 0xFFFFFFFF:x}"
    _table(part, part_rows, titles, zone, f"person_talks_{version}")
    orphans = sum(not talk.has_session for _, talk in talks)
    if orphans:
        st.caption(person_held.orphaned(orphans))
    loose = sum(one.loose for one in person.systems)
    if loose:
        st.caption(person_held.in_none(loose))


def _table(talks: list[_Row], rows: tuple[OpenedRow, ...], titles: Mapping[str, str], zone: ZoneInfo, key: str) -> None:
    click = f"{key}_open"
    columns: dict[str, tuple[Any, Any]] = {
        "open": (
            _texts(["Open"] * len(talks)),
            st.column_config.ButtonColumn("", width=64, pinned=True, type="tertiary", key=click, on_click=_open, args=(click, rows)),
        ),
        "Last activity": (_moments([talk.last_activity_at for _, talk in talks]), _clock(zone)),
        "System": (_texts([titles.get(system, system) for system, _ in talks]), st.column_config.TextColumn(width=175)),
        "Title": (_texts([tables.preview(talk.title) for _, talk in talks]), st.column_config.TextColumn(width=225)),
        "Messages": (_numbers([talk.messages for _, talk in talks]), st.column_config.NumberColumn(width=82, format="localized")),
        "Items": (_numbers([talk.items for _, talk in talks]), st.column_config.NumberColumn(width=70, format="localized")),
        "Stored": (_texts([person_held.size(talk.bytes) for _, talk in talks]), st.column_config.TextColumn(width=88)),
        "Started": (_moments([talk.started_at for _, talk in talks]), _clock(zone)),
        "Expires": (_moments([talk.expires_at for _, talk in talks]), _clock(zone)),
        "Tenant": (_texts(tables.short([talk.tenant_id for _, talk in talks])), st.column_config.TextColumn(width=138)),
        "Conversation": (_texts([talk.conversation_id for _, talk in talks]), st.column_config.TextColumn(width=150)),
        "Its own item": (_texts([None if talk.has_session else "gone" for _, talk in talks]), st.column_config.TextColumn(width=100)),
    }
    absent = {
        "Title": all(not talk.title for _, talk in talks),
        "Expires": all(talk.expires_at is None for _, talk in talks),
        "Tenant": all(talk.tenant_id is None for _, talk in talks),
        "Its own item": all(talk.has_session for _, talk in talks),
    }
    shown = {name: column for name, column in columns.items() if not absent.get(name)}
    person_held.table(shown, key=key, alt="This person's conversations")


def _open(click: str, rows: tuple[OpenedRow, ...]) -> None:
    """The clicked row becomes an id at once, from what was on the screen."""
    st.session_state[_OPENING] = rows[st.session_state[click].row]


def _texts(values: list[str] | list[str | None]) -> pa.Array:
    return pa.array(values, pa.string())


def _numbers(values: list[int]) -> pa.Array:
    return pa.array(values, pa.int64())


def _moments(values: list[Any]) -> pa.Array:
    return pa.array(values, pa.timestamp("us", tz="UTC"))


def _clock(zone: ZoneInfo) -> Any:
    return st.column_config.DatetimeColumn(width=128, format="YYYY-MM-DD HH:mm", timezone=zone.key)
