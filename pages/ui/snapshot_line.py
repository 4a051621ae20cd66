"""How old the snapshot is and what it holds, in one line; and what stands there when it cannot answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from data_access.errors import DataAccessError, SnapshotError, SnapshotOff
from data_access.snapshot.state import Coverage
from pages.ui import access, load, load_snapshot, notices, reading, registry, times
from pages.ui.untrusted import escape


def show(zone: ZoneInfo, *, system: str | None = None) -> None:
    """One calm line: age, coverage and source of the numbers on a page, for one system or for all. Raises SnapshotError."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(words(load_snapshot.coverage(), titles(), zone, system=system), width="content")
        access.link(registry.SNAPSHOT, "Snapshot", registry.SNAPSHOT.icon)


def words(coverage: Mapping[str, Coverage], known: Mapping[str, str], zone: ZoneInfo, *, system: str | None = None) -> str:
    """`known` are the titles of the enabled systems: one that was never read is named."""
    wanted = [one for name, one in coverage.items() if system in (None, name)]
    missing = [escape(title) for name, title in known.items() if name not in coverage and system in (None, name)]
    if not wanted:
        return "Nothing was read into it yet." if system is None else f"{escape(known.get(system, system))} is not in the snapshot yet."
    conversations, messages = sum(one.conversations for one in wanted), sum(one.messages for one in wanted)
    parts = [f"{conversations:,} conversations", f"{messages:,} messages"]
    dates = span(wanted, zone)
    odd = sum(one.bad_items for one in wanted)
    said = f"{age([one.synced_at for one in wanted])}: {', '.join([*parts, *([dates] if dates else [])])}"
    said += f"; {odd:,} odd" if odd else ""
    return f"{said}; without {', '.join(missing)}, never read." if missing else f"{said}."


def age(read: list[datetime]) -> str:
    """The oldest reading counts; where another is much newer, both are said."""
    oldest, newest = times.ago(min(read)), times.ago(max(read))
    return f"From the snapshot of {oldest}" if oldest == newest else f"From the snapshot, read {oldest} to {newest}"


def span(wanted: list[Coverage], zone: ZoneInfo) -> str:
    """The days of the first and the last message."""
    first = min((one.first_at for one in wanted if one.first_at is not None), default=None)
    last = max((one.last_at for one in wanted if one.last_at is not None), default=None)
    return "" if first is None or last is None else f"{first.astimezone(zone):%Y-%m-%d} to {last.astimezone(zone):%Y-%m-%d}"


def titles() -> dict[str, str]:
    """The systems that are open to the viewer, from the settings alone: no table is opened for them."""
    return {name: place.system.title for name, place in load.places().items()}


def ready(what: str) -> bool:
    """Whether questions can be asked. Where not, why not is on the page: `what` is the page in a sentence, "Search" for one."""
    try:
        if load_snapshot.coverage():
            return True
    except SnapshotOff as error:
        off(error, what)
        return False
    except SnapshotError as error:
        with st.container(border=True, gap="xsmall"):
            notices.say(error)
            _to_snapshot()
        return False
    with st.container(border=True, gap="xsmall"):
        st.markdown(f":gray[:material/photo_camera:] **{what} needs a snapshot, and there is none yet**")
        st.caption(f"It is answered from a copy of the tables that is read once and then kept up to date. {_price()}")
        _to_snapshot()
    return False


def off(error: DataAccessError, what: str) -> None:
    with st.container(border=True, gap="xsmall"):
        notices.say(error)
        st.caption(f"{what} is answered from it. Finding a conversation by user, tenant or time, and replaying it, work without.")


def _price() -> str:
    """What the first reading of everything costs, as far as the tables say."""
    try:
        plans = [load_snapshot.estimate(name, True, None) for name in titles()]
    except DataAccessError:
        return "The snapshot page says what that costs."
    prices = [one.usd for one in plans]
    usd = None if None in prices else sum(price or 0 for price in prices)
    money = reading.money(usd).replace("$", "\\$")
    return f"Reading everything once takes about {reading.units(sum(one.units for one in plans))} read units, {money}."


def _to_snapshot() -> None:
    access.link(registry.SNAPSHOT, "Open the snapshot page", registry.SNAPSHOT.icon)
