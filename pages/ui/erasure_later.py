"""Looks after the end of an erasure: what came back, which nobody has touched, and when the next one is."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import streamlit as st

from data_access.counts import some
from data_access.erasure.model import Job, LaterLook
from data_access.erasure.receipt_words import CLASSES
from data_access.erasure.verification import Seen
from pages.ui import times
from pages.ui.untrusted import code


def show(job: Job, zone: ZoneInfo) -> None:
    """Nothing where it is not looked at again."""
    if not job.looks and job.next_look is None:
        return
    with st.container(border=True, gap="xsmall"):
        st.markdown("**Looked at again after the end**")
        for look in job.looks:
            st.markdown(_line(look, zone))
        if job.looks and job.looks[-1].items:
            st.caption("It is as it was found: it may be what the person has written since. A new plan says what it is, and erases it.")
        if job.next_look is not None:
            st.caption(
                f"The next look is {times.moment(job.next_look, zone)}. Until the last one, a day after the end, the user's id and the "
                "keys of the conversations are kept for it, sealed with the key of this installation."
            )


def _line(look: LaterLook, zone: ZoneInfo) -> str:
    parts = [f"{some(count, 'item')} in {code(table)}, {CLASSES[Seen(kind)]}" for table, kind, count in look.left]
    if look.new_activity:
        parts.append(f"{some(look.new_activity, 'item')} newer than the erasure, which nobody asked for")
    if look.unread:
        parts.append("something could not be read")
    icon = ":orange[:material/undo:]" if look.items else ":orange[:material/help:]" if look.unread else ":green[:material/check:]"
    return f"{icon} {times.moment(look.at, zone)}: {'; '.join(parts) or 'nothing came back'}"
