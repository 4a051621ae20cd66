"""Erasures: every job with its state, due date, progress and receipt, and the audit of what was done. A job opens by its plan's id."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from data_access.access.permissions import Action
from data_access.errors import DataAccessError
from pages.ui import (
    access,
    erasure_audit,
    erasure_desk,
    erasure_job,
    erasure_list,
    erasure_receipt,
    erasure_states,
    load,
    load_people,
    notices,
    registry,
    times,
)

viewer = access.require(registry.ERASURES.action)
zone = times.zone()
plan_id = erasure_list.chosen()

st.title("Erasure" if plan_id is not None else registry.ERASURES.title)
try:
    settings, sources = load.settings(), load.sources()
    notices.engine(load.engine())
except DataAccessError as error:
    notices.show(error, again=load.reopen)
    st.stop()
titles = {name: source.title for name, source in sources.items()}
erasure_states.off(settings)
try:
    desk = erasure_desk.desk()
    if plan_id is not None:
        erasure_job.show(desk, plan_id, titles, zone)
        st.stop()
    erasure_states.failed()
    parts: dict[str, Callable[[], None]] = {"Erasures": partial(erasure_list.show, desk, titles, zone)}
    if viewer.may(Action.AUDIT):
        parts["Audit"] = partial(erasure_audit.show, desk, zone)
    parts["Check a receipt"] = partial(erasure_receipt.check, settings)
    for tab, draw in zip(st.tabs(list(parts), on_change="rerun", key="erasures_part"), parts.values(), strict=True):
        if tab.open:
            with tab:
                draw()
except DataAccessError as error:
    erasure_states.show(error, again=load_people.forget_control)
