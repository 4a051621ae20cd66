"""What went wrong or is not there, in a sentence, with what to do about it. Never a traceback, never Markdown of data.

A sentence can repeat what somebody typed into the address bar, so sentences are plain text and only the headlines,
which are written here, are Markdown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from data_access.errors import DataAccessError, ScanRefused
from data_access.local.engine import Engine
from data_access.models import Filter, Problem
from pages.ui import access, sign_in, untrusted
from pages.ui.registry import TABLES
from pages.ui.untrusted import escape

# Error code to icon, colour and headline.
_HEADLINES: dict[str, tuple[str, str, str]] = {
    "usage": ("edit", "orange", "This question cannot be asked"),
    "bad_spec": ("settings_alert", "red", "A system's file is wrong"),
    "bad_settings": ("settings_alert", "red", "The configuration is wrong"),
    "not_found": ("search_off", "orange", "Nothing is stored under that id"),
    "scan_refused": ("payments", "orange", "This read was not started: it is above the budget"),
    "denied": ("lock", "orange", "This was not done: your role does not allow it"),
    "sign_in_again": ("lock_clock", "orange", "This was not done: sign in again first"),
    "engine": ("power_off", "red", "The local engine is not running"),
    "no_table": ("table_view", "orange", "The table does not exist"),
    "no_permission": ("lock", "red", "AWS did not permit this read"),
    "throttled": ("speed", "orange", "The table is busy"),
    "no_network": ("cloud_off", "red", "DynamoDB cannot be reached"),
    "snapshot": ("photo_camera", "red", "The snapshot is not in order"),
    "snapshot_off": ("photo_camera", "orange", "The snapshot is turned off"),
    "snapshot_too_large": ("memory", "orange", "The snapshot is too large for this process"),
    "sync_running": ("sync_lock", "orange", "A sync is running already"),
    "sync_stopped": ("stop_circle", "orange", "The sync was stopped"),
    "no_credentials": ("key_off", "red", "There are no AWS credentials"),
}
_FALLBACK = ("error", "red", "This could not be read")
PROBLEMS_SHOWN = 200


def show(error: DataAccessError, *, again: Callable[[], None] | None = None, key: str = "again") -> None:
    """One failure: headline, sentence, remedy. `again` adds a button that asks once more."""
    with st.container(border=True, gap="xsmall"):
        say(error)
        if error.code == "sign_in_again":
            sign_in.again(f"{key}_sign_in")
        elif again is not None:
            st.button("Try again", icon=":material/refresh:", key=key, on_click=again)


def say(error: DataAccessError) -> None:
    icon, colour, headline = _headline(error)
    st.markdown(f":{colour}[:material/{icon}:] **{headline}**")
    untrusted.text(error.sentence)
    if error.remedy:
        untrusted.text(error.remedy)
    if error.code == "no_table":
        to_tables()


def _headline(error: DataAccessError) -> tuple[str, str, str]:
    """Tables are DynamoDB's: of another service, the headline names the service."""
    icon, colour, headline = _HEADLINES.get(error.code, _FALLBACK)
    said = {"throttled": "is busy", "no_network": "cannot be reached"}.get(error.code)
    if error.service != "DynamoDB" and said is not None:
        headline = f"{escape(error.service[0].upper() + error.service[1:])} {said}"
    return icon, colour, headline


def to_tables() -> None:
    """The way to the page that says what is there and makes what is not, for whoever may open it."""
    access.link(TABLES, "Open the tables page", TABLES.icon)


def scan_refused(error: ScanRefused, *, allow: Callable[[], None], key: str, price: str | None = None) -> None:
    """A Scan above the budget, and the button that reads it all the same, for its price."""
    with st.container(border=True, gap="xsmall"):
        say(error)
        label = "Read it anyway" if price is None else f"Read it anyway, {price}".replace("$", "\\$")
        st.button(label, icon=":material/payments:", key=key, on_click=allow)


def engine(running: Engine | None) -> None:
    """What a viewer of local mode has to know about where the data is kept; nothing when it is kept on disk."""
    if running is not None and running.notice:
        with st.container(horizontal=True, gap="xsmall"):
            st.markdown(":orange[:material/memory:]", width="content")
            untrusted.text(running.notice)


def empty(headline: str, *remedies: str, icon: str = "search_off") -> None:
    """Nothing to show, which is an answer too. The texts are ours, never data."""
    with st.container(border=True, gap="xsmall"):
        st.markdown(f":gray[:material/{icon}:] **{headline}**")
        for remedy in remedies:
            st.caption(remedy)


def ways_out(wanted: Filter) -> tuple[str, ...]:
    """What to try when a filter finds nothing. Speaks of the filter's fields, never of their values."""
    ways = []
    if wanted.user_id is not None:
        ways.append("A user id must be exact: capital letters and spaces count.")
    if wanted.tenant_id is not None:
        ways.append("Leave the tenant out, or check it: it must be exact too.")
    if wanted.since is not None:
        ways.append("Choose a longer time range.")
    return tuple(ways) or ("There is nothing in it: the tables page says what is there.",)


def unknown_system(given: str, titles: Sequence[str]) -> None:
    """A link names a system that is not here; `given` comes from the address bar."""
    with st.container(border=True, gap="xsmall"):
        st.markdown(":orange[:material/link_off:] **The link names a system that is not here**")
        untrusted.text(f"There is no system {given[:80]!r}. The systems are {', '.join(titles)}.")


def problems(found: Sequence[Problem], names: Callable[[str], str], *, key: str) -> None:
    """Items that could not be read fully: where they lie, folded. A count of zero shows nothing. `names`: how keys are shown."""
    if not found:
        return
    count = len(found)
    label = f"{count:,} item{'' if count == 1 else 's'} could not be read fully"
    with st.expander(label, icon=":material/report:", on_change="rerun", key=key) as folded:
        if not folded.open:
            return
        untrusted.table(
            {
                "Problem": [problem.text for problem in found[:PROBLEMS_SHOWN]],
                "Table": [problem.address.table if problem.address else "" for problem in found[:PROBLEMS_SHOWN]],
                "Key": [names(_key(problem)) for problem in found[:PROBLEMS_SHOWN]],
            },
            hide_index=True,
            alt="Items that could not be read fully",
        )
        if count > PROBLEMS_SHOWN:
            st.caption(f"The first {PROBLEMS_SHOWN} of {count:,}.")


def _key(problem: Problem) -> str:
    if problem.address is None:
        return ""
    return ", ".join(f"{name} = {value}" for name, value in problem.address.key.items())
