"""Ids that look like the one that was looked up: what a person takes for the same, and DynamoDB does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import streamlit as st

from data_access.counts import some
from data_access.erasure.model import Neighbour
from data_access.errors import DataAccessError, SnapshotError
from pages.ui import access, load_people, notices, person_form, person_held, untrusted
from pages.ui.asking import asking
from pages.ui.registry import SNAPSHOT
from pages.ui.untrusted import escape

_ABOUT = "Another case, blanks, invisible characters, letters of another script or shape: each of these is somebody else."


def warn(user_id: str, *, compare: Callable[[], None]) -> None:
    """One line, before anybody takes the wrong one; nothing where nobody looks alike, or where that is not known."""
    try:
        found = load_people.nearby(asking(), user_id)
    except DataAccessError:
        return  # what it is stands where they are listed
    if not found.count:
        return
    one = found.count == 1
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        who = f"{some(found.count, 'other id')} {'looks' if one else 'look'} like this one"
        st.markdown(f":orange[:material/difference:] **{who}**, and {'is' if one else 'each is'} somebody else.", width="content")
        st.button("Compare byte for byte", key="person_compare", type="tertiary", on_click=compare)


def show(user_id: str, titles: Mapping[str, str]) -> None:
    """What the snapshot knows, or why it is not known."""
    by = asking()
    try:
        with st.spinner("Comparing"):
            found = load_people.nearby(by, user_id)
    except DataAccessError as error:
        notices.show(error)
        return
    if found.trouble is not None:
        if not isinstance(found.trouble, SnapshotError):
            st.caption(escape(str(found.trouble)))
            return
        st.caption(":orange[:material/photo_camera:] Ids like this one were not looked for: that needs the snapshot.")
        untrusted.text(found.trouble.sentence)
        access.link(SNAPSHOT, "Open the snapshot page", SNAPSHOT.icon)
        return
    missing = [title for system, title in titles.items() if system not in found.systems]
    if found.neighbours:
        more = f" {len(found.neighbours):,} of {found.count:,} are shown." if found.count > len(found.neighbours) else ""
        st.caption(f"{_ABOUT}{more}")
        table(found.neighbours, titles, key="person_near", look_up=True)
    else:
        st.caption("No other id looks like this one.")
    if missing:
        st.caption(f"Not looked for in {escape(', '.join(missing))}: the snapshot does not have it.")


def table(neighbours: tuple[Neighbour, ...], titles: Mapping[str, str], *, key: str, look_up: bool) -> None:
    """Ids, in what they differ, their bytes. The button looks one up without its id in any address."""
    ids = tuple(one.user_id for one in neighbours)
    key = f"{key}_{hash(ids) & 0xFFFFFFFF:x}"
    click = f"{key}_open"
    columns: dict[str, tuple[Any, Any]] = {}
    if look_up:
        button = st.column_config.ButtonColumn(
            "", width=76, pinned=True, type="tertiary", key=click, on_click=_pick, args=(click, ids, tuple(titles))
        )
        columns["open"] = (pa.array(["Look up"] * len(ids), pa.string()), button)
    columns |= {
        # Written out, no two of them look the same.
        "User id": (_texts([one.bytes_view.rpartition(" = ")[0] for one in neighbours]), st.column_config.TextColumn(width=215)),
        "Differs in": (_texts([one.differs for one in neighbours]), st.column_config.TextColumn(width=330)),
        "Systems": (
            _texts([", ".join(titles.get(name, name) for name in one.systems) for one in neighbours]),
            st.column_config.TextColumn(width=150),
        ),
        "Byte for byte": (_texts([one.bytes_view.rpartition(" = ")[2] for one in neighbours]), st.column_config.TextColumn(width=480)),
    }
    person_held.table(columns, key=key, alt="Ids that look like this one")


def _pick(click: str, ids: tuple[str, ...], systems: tuple[str, ...]) -> None:
    person_form.look_up(ids[st.session_state[click].row], systems)


def _texts(values: list[str]) -> pa.Array:
    return pa.array([value.encode("utf-8", "backslashreplace").decode() for value in values], pa.string())
