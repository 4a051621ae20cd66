"""Records about one person, readable: reminders, todos, preferences, the context of a conversation. Stored text is in cells only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import streamlit as st

from data_access.items.values import to_json
from data_access.people import Entry, Person, RecordView
from pages.ui import person_held, tables, times, untrusted
from pages.ui.untrusted import escape

MOST_ENTRIES = 500
CELL_CHARACTERS = 2_000


def show(person: Person, titles: Mapping[str, str], zone: ZoneInfo) -> None:
    views = [(one.system, view) for one in person.systems for view in one.views]
    if not views:
        st.caption("No record is stored: preferences, reminders, todos and the like.")
        return
    several = len({system for system, _ in views}) > 1
    for place, (system, view) in enumerate(views):
        with st.container(border=True, gap="small"):
            _record(view, titles.get(system, system) if several else None, zone, f"person_record_{place}")
    left = sum(kind.items for one in person.systems for kind in one.records) - len(views)
    if left > 0:
        st.caption(f"{left:,} more are in the export.")


def _record(view: RecordView, title: str | None, zone: ZoneInfo, key: str) -> None:
    name = tables.preview((view.topic or view.kind).replace("_", " "))
    said = [] if title is None else [escape(title)]
    said.append(f"updated {times.moment(view.updated_at, zone)}" if view.updated_at else "no time of update")
    if view.expires_at:
        said.append(f"{'expired' if view.expires_at <= times.now() else 'expires'} {times.moment(view.expires_at, zone)}")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{escape(name[:1].upper() + name[1:])}**", width="content")
        st.caption(", ".join(said), width="content")
    if view.problem is not None:
        untrusted.text(f"{view.problem[:1].upper()}{view.problem[1:]}.")
    if view.entries is not None:
        _entries(view.entries, f"{key}_entries")
    if view.fields:
        fields = sorted(view.fields, key=lambda field: field[0])
        names, values = [name for name, _ in fields], [_cell(value) for _, value in fields]
        columns = {
            "Field": (pa.array(names, pa.string()), st.column_config.TextColumn(width=190)),
            "Value": (pa.array(values, pa.string()), st.column_config.TextColumn(width="large")),
        }
        person_held.table(columns, key=f"{key}_fields", alt="Fields of this record")
    elif not view.entries and view.entries is None:
        st.caption("It is empty.")


def _entries(entries: tuple[Entry, ...], key: str) -> None:
    if not entries:
        st.caption("The list is empty.")
        return
    some = entries[:MOST_ENTRIES]
    names = sorted({str(name) for entry in some for name in entry.values})
    columns: dict[str, tuple[Any, Any]] = {}
    if any(entry.done is not None for entry in some):
        # A column of ours: no field of an entry has a blank for its name.
        words = {True: "done", False: "open", None: None}
        columns[" "] = (pa.array([words[entry.done] for entry in some], pa.string()), st.column_config.TextColumn("State", width=70))
    for name in names:
        values = [_cell(entry.values.get(name)) if name in entry.values else None for entry in some]
        columns[name or "Value"] = (pa.array(values, pa.string()), None)
    person_held.table(columns, key=key, alt="Entries of this record")
    if len(entries) > MOST_ENTRIES:
        st.caption(f"The first {MOST_ENTRIES} of {len(entries):,}; all are in the export.")


def _cell(value: Any) -> str:
    text = value if isinstance(value, str) else to_json(value)
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= CELL_CHARACTERS else f"{text[:CELL_CHARACTERS]}…"
