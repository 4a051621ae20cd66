"""What stands in the way of erasing from here, and what went wrong with a step: said where it is seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from data_access.errors import DataAccessError
from data_access.settings import Settings
from pages.ui import erasure_desk, notices, untrusted
from pages.ui.asking import asking

_FAILED = "erasures_failed"
RUN = "python -m data_access erase resume"
CREATE = "python -m data_access tables create --control"
# Error code to icon, colour and headline, for steps of an erasure; the others are those of every page.
_HEADLINES: dict[str, tuple[str, str, str]] = {
    "erasure_off": ("power_settings_new", "orange", "Erasing is off here"),
    "not_confirmed": ("person_off", "orange", "This was not accepted"),
    "plan_changed": ("difference", "orange", "The plan is not what was shown"),
    "wrong_state": ("update", "orange", "The erasure has moved on"),
    "subject_busy": ("group", "orange", "Another erasure of this user is open"),
    "lease_lost": ("swap_horiz", "orange", "Another worker has it"),
    "foreign_owner": ("block", "red", "An item is not the user's any more"),
    "schema_drift": ("rule", "red", "A table is not laid out as expected"),
    "too_much": ("data_thresholding", "orange", "That is too much at once"),
    "audit": ("history_edu", "red", "The audit cannot be written, so nothing was done"),
    "audit_broken": ("gpp_bad", "red", "The audit is broken, so nothing was done"),
    "key_file": ("key_off", "red", "A key of this installation is not in order"),
    "erasure": ("error", "red", "This step was not done"),
}


def attempt(step: Callable[..., object], *arguments: Any) -> None:
    """A step, from a callback: what it raises is said on the run that follows.

    Its first argument is who asks at this moment: a browser can send any click, so the step asks again whether they may.
    """
    try:
        step(asking(), *arguments)
    except DataAccessError as error:
        st.session_state[_FAILED] = error


def failed() -> None:
    """What the last step came to, if it failed. Once."""
    error: DataAccessError | None = st.session_state.pop(_FAILED, None)
    if error is not None:
        show(error)


def show(error: DataAccessError, *, again: Callable[[], None] | None = None) -> None:
    if error.code == "no_table":
        no_table(error)
        return
    if error.code not in _HEADLINES:
        notices.show(error, again=again)
        return
    icon, colour, headline = _HEADLINES[error.code]
    with st.container(border=True, gap="xsmall"):
        st.markdown(f":{colour}[:material/{icon}:] **{headline}**")
        untrusted.text(error.sentence)
        if error.remedy:
            untrusted.text(error.remedy)
        if again is not None:
            st.button("Try again", icon=":material/refresh:", key="again", on_click=again)


def no_table(error: DataAccessError) -> None:
    """Jobs and the audit have a table of their own, which Dynascope makes when somebody says so."""
    with st.container(border=True, gap="xsmall"):
        st.markdown(":orange[:material/table_view:] **There is no control table yet**")
        untrusted.text(error.sentence)
        st.caption(
            "Erasures and the audit are kept in a table of their own, never in the chatbots' tables. Once, whoever may create tables runs:"
        )
        st.code(CREATE, language=None)


def off(settings: Settings) -> bool:
    """What is missing before anything can be erased from this page. True when something is."""
    lacking: list[str] = []
    if not settings.erasure.enabled:
        lacking.append("**The setting**: `enabled = true` under `[erasure]` in `dynascope.toml`, or `DYNASCOPE_ERASURE=on`.")
        lacking.append(
            "**The worker's role**: one that may delete from the chatbots' tables. `docs/iam-erase.json` is the smallest policy."
        )
    if lacking:
        with st.container(border=True, gap="xsmall"):
            st.markdown(":orange[:material/lock:] **Nothing can be erased from this page**  \nWhat there is can be read. Missing:")
            st.markdown("\n".join(f"- {one}" for one in lacking))
    return bool(lacking)


def no_worker(settings: Settings) -> None:
    """Jobs wait, and this process has nobody who works on them."""
    worker = erasure_desk.worker()
    if not settings.erasure.enabled:
        return
    if worker is None:
        with st.container(border=True, gap="xsmall"):
            st.markdown(":orange[:material/engineering:] **No worker runs in this process**")
            st.caption("`streamlit run asgi.py` (`make run`) has one. Elsewhere, this works on all that waits, then ends:")
            st.code(RUN, language=None)
    elif worker.last_error is not None:
        with st.container(border=True, gap="xsmall"):
            st.markdown(":orange[:material/engineering:] **The worker of this process could not go on, and tries again**")
            untrusted.text(worker.last_error.sentence)
            if worker.last_error.remedy:
                untrusted.text(worker.last_error.remedy)


def unknown_plan() -> None:
    """The address names an erasure that is not here."""
    notices.empty(
        "There is no such erasure",
        "The link is wrong, or the plan was never finished. What has ended stays in the list.",
        icon="link_off",
    )
