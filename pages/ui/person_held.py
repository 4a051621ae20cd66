"""What the systems keep of one person: how much, where, from when to when, and how it was looked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import streamlit as st

from data_access.counts import some
from data_access.errors import ScanRefused
from data_access.people import Person, SystemData
from pages.ui import reading, times, untrusted
from pages.ui.untrusted import escape

ROW_PIXELS = 35
VISIBLE_ROWS = 12
TENANTS_SHOWN = 20
_KB = 1_000


def size(count: float) -> str:
    """Bytes in the unit in which they are read best."""
    if count < _KB:
        return f"{count:,.0f} B"
    for unit in ("KB", "MB"):
        count /= _KB
        if count < _KB:
            return f"{count:,.1f} {unit}"
    return f"{count / _KB:,.1f} GB"


def dollars(usd: float | None) -> str:
    """For Markdown, where a dollar sign begins a formula."""
    return reading.money(usd).replace("$", "\\$")


def tiles(person: Person, zone: ZoneInfo, *, again: Callable[[], None]) -> None:
    """All systems at a glance."""
    times_of = [when for one in person.systems for table in one.tables.values() for when in (table.oldest, table.newest) if when]
    records = sum(kind.items for one in person.systems for kind in one.records)
    shown = {
        "Items": f"{person.items:,}",
        "Stored": size(person.bytes),
        "Conversations": f"{sum(len(one.conversations) for one in person.systems):,}",
        "Records": f"{records:,}",
    }
    grid = st.grid("auto", min_column_width=130, gap=("xsmall", "medium"))
    for name, value in shown.items():
        with grid.cell():
            st.metric(name, value)
    span = f"From {times.moment(min(times_of), zone)} to {times.moment(max(times_of), zone)}. " if times_of else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"{span}Read {times.moment(person.read_at, zone, seconds=True)}. Times are in {zone.key}.", width="content")
        st.button("Read again", icon=":material/refresh:", key="person_refresh", type="tertiary", on_click=again)
    tenants = sorted({tenant for one in person.systems for tenant in one.tenants})
    if tenants:
        more = f" and {len(tenants) - TENANTS_SHOWN:,} more" if len(tenants) > TENANTS_SHOWN else ""
        untrusted.text(f"Tenants: {', '.join(tenants[:TENANTS_SHOWN])}{more}")


def show(person: Person, zone: ZoneInfo) -> None:
    """Tables, kinds of records, how it was looked for."""
    held = [(one, table) for one in person.systems for table in one.tables.values() if table.items]
    if held:
        hidden = any(table.hidden for _, table in held)
        columns: dict[str, tuple[pa.Array, Any]] = {
            "Table": (_texts([table.table for _, table in held]), _text(200)),
            "Items": (_numbers([table.items for _, table in held]), _count()),
            "Stored": (_texts([size(table.bytes) for _, table in held]), _text(80)),
            "System": (_texts([one.title for one, _ in held]), _text(175)),
            "Oldest": (_moments([table.oldest for _, table in held]), _clock(zone)),
            "Newest": (_moments([table.newest for _, table in held]), _clock(zone)),
        }
        if any(table.last_expiry for _, table in held):
            columns["First expires"] = (_moments([table.first_expiry for _, table in held]), _clock(zone))
            columns["Last expires"] = (_moments([table.last_expiry for _, table in held]), _clock(zone))
        if hidden:
            look = _count(
                help="Items that the index does not hold by which a person's items are found: only a Scan or the snapshot sees them."
            )
            columns["In no index"] = (_numbers([table.hidden for _, table in held]), look)
        st.subheader("Tables", anchor=False)
        table(columns, key="person_tables", alt="What is stored, by table")
    _kinds(person, zone)
    st.subheader("How it was looked for", anchor=False)
    for one in person.systems:
        _found_by(one, zone)


def _kinds(person: Person, zone: ZoneInfo) -> None:
    kinds = [(one, kind) for one in person.systems for kind in one.records]
    if not kinds:
        return
    columns: dict[str, tuple[pa.Array, Any]] = {
        "Kind": (_texts([kind.kind for _, kind in kinds]), _text(200)),
        "Records": (_numbers([kind.items for _, kind in kinds]), _count()),
        "Open": (_numbers([kind.open for _, kind in kinds]), _count()),
        "Done": (_numbers([kind.done for _, kind in kinds]), _count()),
        "Stored": (_texts([size(kind.bytes) for _, kind in kinds]), _text(80)),
        "Updated": (_moments([kind.updated_at for _, kind in kinds]), _clock(zone)),
        "Last expires": (_moments([kind.expires_at for _, kind in kinds]), _clock(zone)),
        "System": (_texts([one.title for one, _ in kinds]), _text(175)),
    }
    st.subheader("Records by kind", anchor=False, help="Preferences, reminders, todos and the like, beside conversations.")
    table(columns, key="person_kinds", alt="Records by kind")


def _found_by(one: SystemData, zone: ZoneInfo) -> None:
    sweep = one.sweep
    tables = " and ".join(sweep.tables)
    how = {
        "key": "by key" if one.notes else "by key, which leads to everything",
        "scan": f"by key, and by a Scan of {tables}, for what no key can tell",
        "snapshot": f"by key, and by the snapshot of {times.moment(sweep.as_of, zone)}, for what no key can tell",
        "nothing": f"by key alone: what no key can tell needs a Scan of {tables}",
    }[sweep.by]
    least = "at least " if one.measured.unmetered else ""
    units = f"{least}{reading.units(one.measured.units)} read units, {dollars(one.measured.usd)}"
    st.markdown(f"**{escape(one.title)}** {some(one.items, 'item')}, {escape(how)} :gray[· {units}]")
    odd: list[str] = []
    if one.orphans:
        odd.append(orphaned(one.orphans))
    if one.loose:
        odd.append(in_none(one.loose))
    if one.hidden:
        odd.append(f"{some(one.hidden, 'item')} that no index has.")
    for sentence in (*odd, *one.notes):
        st.caption(escape(sentence))


def orphaned(count: int) -> str:
    return f"{some(count, 'conversation')} without an item of {'its' if count == 1 else 'their'} own: only messages are left."


def in_none(count: int) -> str:
    return f"{some(count, 'message')} that {'names' if count == 1 else 'name'} no conversation: in the export, in no list."


def unread(person: Person, titles: dict[str, str], *, allow: Callable[[], None], again: Callable[[], None]) -> None:
    """What could not be read, each once; the others are shown all the same. A Scan above the budget has a button with its price."""
    refused = [one for one in person.systems if any(isinstance(unread.error, ScanRefused) for unread in one.unread)]
    failed = [(system, unread) for system, unread in person.unread if not isinstance(unread.error, ScanRefused)]
    if failed:
        with st.container(border=True, gap="xsmall"):
            st.markdown(":red[:material/report:] **Not everything could be read: what is below is not all**")
            for system, one in failed:
                where = f", {one.table}" if one.table else ""
                untrusted.text(f"{titles.get(system, system)}{where}: {one.error.sentence}")
                if one.error.remedy:
                    st.caption(escape(one.error.remedy))
            st.button("Try again", icon=":material/refresh:", key="person_again", on_click=again)
    if refused:
        price, units = price_of(refused)
        with st.container(border=True, gap="xsmall"):
            st.markdown(":orange[:material/payments:] **What no key leads to was not looked for: the read is above the budget**")
            for one in refused:
                untrusted.text(
                    f"{one.title}: a Scan of {' and '.join(one.sweep.tables)}, about {reading.units(one.sweep.estimated_units)} read units"
                )
            st.caption("A synced snapshot answers the same without a Scan.")
            label = f"Read them, {price} ({reading.units(units)} read units)"
            st.button(label, icon=":material/payments:", key="person_scan", on_click=allow)


def price_of(refused: Sequence[SystemData]) -> tuple[str, float]:
    """Dollars in words, for a label, and read units of the Scans that were refused."""
    prices = [one.sweep.estimated_usd for one in refused]
    usd = None if None in prices else sum(price for price in prices if price is not None)
    return dollars(usd), sum(one.sweep.estimated_units for one in refused)


def table(columns: dict[str, tuple[Any, Any]], *, key: str, alt: str, rows: int | None = None) -> None:
    """A table of columns: name to values and how they look. Stored text is in canvas cells only."""
    shown = pa.table({name: values for name, (values, _) in columns.items()})
    untrusted.table(
        shown,
        column_config={name: look for name, (_, look) in columns.items() if look is not None},
        hide_index=True,
        height=ROW_PIXELS * (min(rows or shown.num_rows, VISIBLE_ROWS) + 1) + 3,
        row_height=ROW_PIXELS,
        placeholder="–",
        key=key,
        alt=alt,
    )


def _texts(values: Sequence[str | None]) -> pa.Array:
    return pa.array(list(values), pa.string())


def _numbers(values: Sequence[int | None]) -> pa.Array:
    return pa.array(list(values), pa.int64())


def _moments(values: Sequence[datetime | None]) -> pa.Array:
    return pa.array(list(values), pa.timestamp("us", tz="UTC"))


def _text(width: int) -> Any:
    return st.column_config.TextColumn(width=width)


def _count(help: str | None = None) -> Any:  # noqa: A002 - Streamlit's own word
    return st.column_config.NumberColumn(format="localized", width=72, help=help)


def _clock(zone: ZoneInfo) -> Any:
    return st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm", timezone=zone.key, width=128)
