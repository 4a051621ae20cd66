"""The audit: whether it is what was written, and its newest rows. It holds no personal data, and so neither does this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import streamlit as st

from data_access.actions import erasures
from data_access.actions.erasures import Desk
from data_access.audit import Entry, Verdict
from data_access.audit.chain import Head
from data_access.errors import AuditBroken
from pages.ui import erasure_states, times, untrusted
from pages.ui.asking import asking
from pages.ui.erasure_words import short
from pages.ui.untrusted import code

VERIFY = "python -m data_access audit verify"
ROWS_SHOWN = 200
# A long chain is gone through when somebody asks: a thousand rows are a few hundred kilobytes to read.
VERIFIED_AT_ONCE = 2_000
# Of the newest rows, how far back those of one erasure are looked for.
LOOKED_THROUGH = 20_000
_VERDICT = "erasures_verdict"
_HASH = 64
_WORDS: Mapping[str, str] = {
    "planned": "Plan made",
    "submitted": "Confirmed",
    "approved": "Approved",
    "refused": "Refused",
    "cancelasked": "Cancel asked for",
    "resumed": "Resumed",
    "extended": "Due date extended",
    "started": "Worker began",
    "deleting": "Deletes sent",
    "deleted": "Deletes counted",
    "swept": "Checked",
    "ended": "Ended",
    "lookedagain": "Looked again",
    "receipted": "Receipt signed",
    "lookedup": "Person looked up",
    "exported": "Person exported",
    "forgotten": "Forgotten elsewhere",
    "denied": "Denied",
    "revealed": "Shown without masks",
}
_OWN_COLUMNS = frozenset(("plan_id", "actor", "table", "system"))


@dataclass(frozen=True, slots=True)
class _Checked:
    """A verdict of this session, the head that it was about, and when it was."""

    verdict: Verdict
    head: Head
    at: datetime


def show(desk: Desk, zone: ZoneInfo) -> None:
    """Raises DataAccessError."""
    try:
        head = erasures.head(asking(), desk)
    except AuditBroken:
        head = None  # what is wrong with it is the verdict's to say
    asked = st.button("Verify now", icon=":material/verified_user:", key="audit_verify")
    before: _Checked | None = st.session_state.get(_VERDICT)
    if asked or head is None or (head.count <= VERIFIED_AT_ONCE and (before is None or before.head != head)):
        with st.spinner("Going through the audit"):
            before = _Checked(erasures.verdict(asking(), desk), head or Head(), times.now())
        st.session_state[_VERDICT] = before
    _verdict(before, head, desk)
    if head is None or head.count:
        rows(desk, zone)
    st.caption(f"On the command line: `{VERIFY}`.")


def _verdict(checked: _Checked | None, head: Head | None, desk: Desk) -> None:
    with st.container(border=True, gap="xsmall"):
        if checked is None:
            st.markdown(f":gray[:material/help:] **Not verified yet**: {head.count if head else 0:,} rows, which takes a moment.")
            return
        said = checked.verdict
        count = f"{said.rows:,} row{'' if said.rows == 1 else 's'}"
        match said.state:
            case "broken":
                st.markdown(f":red[:material/gpp_bad:] **Broken** after {count}")
                untrusted.text(said.first_problem or "")
                st.caption("Nothing is erased while the end of it does not fit. Keep the table as it is, and find out who writes to it.")
            case "valid":
                st.markdown(
                    f":green[:material/verified_user:] **Valid**: {count}, each follows the one before, and the anchor has seen them all"
                )
            case _ if not said.rows:
                st.markdown(":gray[:material/verified_user:] **Empty**: nothing was looked up, exported or erased yet")
            case _:
                st.markdown(f":orange[:material/shield:] **Unwitnessed**: {count}, each follows the one before")
                st.caption(_unwitnessed(desk))
        late = "" if head is None or checked.head == head else f" {head.count - checked.head.count:,} rows were written since."
        st.caption(f"Verified {times.ago(checked.at)}.{late}" + (f" Head {code(said.head[:16])}…" if said.head else ""))


def _unwitnessed(desk: Desk) -> str:
    if desk.settings.erasure.anchor is None:
        return (
            "Whoever can change the table could write a shorter audit that fits together. `anchor` under `[erasure]` names a file "
            "outside of DynamoDB that witnesses each row; without it this is as good as it gets."
        )
    return "The anchor has not seen the newest row: another process may write without it."


def rows(desk: Desk, zone: ZoneInfo, *, plan_id: str | None = None) -> None:
    """The newest rows, as they are stored; of one erasure, or of all."""
    try:
        by = asking()
        found = erasures.rows(by, desk, ROWS_SHOWN) if plan_id is None else erasures.rows_of(by, desk, plan_id, ROWS_SHOWN, LOOKED_THROUGH)
    except AuditBroken as error:
        erasure_states.show(error)
        return
    if not found:
        st.caption("There is no row of it among the newest.")
        return
    texts = pa.string()
    shown: dict[str, Any] = {
        "Row": pa.array([entry.sequence for entry in found], pa.int64()),
        "Time": pa.array([entry.written_at for entry in found], pa.timestamp("us", tz="UTC")),
        "What": pa.array([_WORDS.get(entry.event, entry.event) for entry in found], texts),
        "By": pa.array([entry.fields.get("actor") for entry in found], texts),
        "Erasure": pa.array([_short(entry) for entry in found], texts),
        "Table": pa.array([entry.fields.get("table") for entry in found], texts),
        "Said": pa.array([_said(entry) for entry in found], texts),
        "Hash": pa.array([entry.hash[:16] for entry in found], texts),
    }
    looks: dict[str, Any] = {
        "Row": st.column_config.NumberColumn(width=64, format="localized"),
        "Time": st.column_config.DatetimeColumn(width=150, format="YYYY-MM-DD HH:mm:ss", timezone=zone.key),
        "What": st.column_config.TextColumn(width=140),
        "By": st.column_config.TextColumn(width=150),
        "Erasure": st.column_config.TextColumn(width=110),
        "Table": st.column_config.TextColumn(width=190),
        "Said": st.column_config.TextColumn(width=420),
        "Hash": st.column_config.TextColumn(width=150),
    }
    if plan_id is not None:
        del shown["Erasure"], looks["Erasure"]
    untrusted.table(shown, column_config=looks, hide_index=True, placeholder="–", alt="Rows of the audit, newest first")
    if len(found) == ROWS_SHOWN:
        st.caption(f"The {ROWS_SHOWN} newest.")


def _short(entry: Entry) -> str | None:
    plan_id = entry.fields.get("plan_id")
    return short(plan_id) if isinstance(plan_id, str) else None


def _said(entry: Entry) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {_plain(value)}" for name, value in entry.fields.items() if name not in _OWN_COLUMNS)


def _plain(value: object) -> str:
    if isinstance(value, list):
        return " and ".join(str(one) for one in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = f"{value:,}" if isinstance(value, int) else str(value)
    return f"{text[:12]}…" if len(text) == _HASH else text
