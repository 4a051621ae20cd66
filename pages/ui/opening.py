"""What most pages begin with: the tables opened, and the system that a link names. Where there is nothing to show, the page ends here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import streamlit as st

from data_access.dynamo.aws import Source
from data_access.errors import DataAccessError
from pages.ui import load, notices, snapshot_line


def sources() -> Mapping[str, Source]:
    """The enabled systems with their tables open, at least one. Else the page says why not, and ends."""
    try:
        found = load.sources()
        notices.engine(load.engine())
    except DataAccessError as error:
        notices.show(error, again=load.reopen)
        st.stop()
    _some(found)
    return found


def titles() -> Mapping[str, str]:
    """The enabled systems, for a page that opens no table. Else the page says why not, and ends."""
    try:
        found = snapshot_line.titles()
    except DataAccessError as error:
        notices.show(error, again=load.reopen)
        st.stop()
    _some(found)
    return found


def _some(found: Mapping[str, object]) -> None:
    if not found:
        notices.empty("No system is enabled.", "Enable one in dynascope.toml.", icon="settings")
        st.stop()


def look_at_link(known: Mapping[str, str], *, others: Iterable[str] = ()) -> None:
    """Say so where the address names a system that is not here. `known` are titles by name, `others` what else may stand there."""
    given = st.query_params.get("system")
    if given and given not in known and given not in others:
        notices.unknown_system(given, list(known.values()))
