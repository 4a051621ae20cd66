"""What pages read of one person, cached: for one session, for a short time, in small number, and for what its viewer may see.

The control table and the audit of this process are opened here too. Nothing here is kept on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import streamlit as st

from data_access.actions import erasures, people
from data_access.actions.asking import Asking
from data_access.actions.people import Looked, Nearby
from data_access.audit import Audit
from data_access.erasure.clearing import CopiesNow
from data_access.erasure.control import Control
from data_access.erasure.model import Scope
from data_access.erasure.plan import ExpectedScan
from data_access.errors import SnapshotOff
from data_access.snapshot.store import Store, open_store
from pages.ui import load

PERSON_TTL = "5m"
PERSON_ENTRIES = 2
# What is kept is for this viewer with these roles and limits: with others it is asked again, and refused.
BY: dict[str | type[Any], Callable[[Any], Any]] = {Asking: lambda by: by.key}


@st.cache_resource(show_spinner=False, on_release=Control.close)
def _control(endpoint: str | None) -> Control:
    return Control.open(load.settings(), endpoint)


def control() -> Control:
    """The control table of this process. Raises AwsError, KeyFileError."""
    engine = load.engine()
    return _control(None if engine is None else engine.endpoint)


def audit() -> Audit:
    """Raises AwsError, KeyFileError."""
    return Audit(control())


def snapshot() -> Store | None:
    """Where the snapshot is, None where none is kept. Raises SettingsError."""
    with suppress(SnapshotOff):
        return open_store(load.settings())
    return None


def subject(user_id: str) -> str:
    """The keyed hash of a user's id. Raises AwsError, KeyFileError."""
    return audit().keys.subject(user_id)


@st.cache_resource(ttl=PERSON_TTL, max_entries=PERSON_ENTRIES, show_spinner=False, scope="session", hash_funcs=BY)
def person(by: Asking, user_id: str, systems: tuple[str, ...], allow_scan: bool) -> Looked:
    """Everything of the person with exactly this id, and the look-up in the audit. Raises Denied, UsageError."""
    return people.look_up(by, load.settings(), load.opened(), user_id, systems, subject=subject, store=snapshot(), allow_scan=allow_scan)


@st.cache_resource(ttl=PERSON_TTL, max_entries=PERSON_ENTRIES, show_spinner=False, scope="session", hash_funcs=BY)
def nearby(by: Asking, user_id: str) -> Nearby:
    """Ids that look like this one, of every user that the snapshot knows. Raises Denied."""
    return people.nearby(by, load.settings(), load.opened(), user_id)


@st.cache_resource(ttl="1m", max_entries=4, show_spinner=False, scope="session", hash_funcs=BY)
def scans(by: Asking, scope: Scope) -> tuple[ExpectedScan, ...]:
    """The Scans that a plan of this scope would make. Reads no item. Raises Denied, UsageError, AwsError, SchemaDrift."""
    return erasures.scans(by, load.opened(), scope)


@st.cache_resource(ttl="5m", max_entries=4, show_spinner=False, scope="session", hash_funcs=BY)
def copies_now(by: Asking, systems: tuple[str, ...]) -> CopiesNow:
    """The copies of these systems' tables as they are now: nothing of anybody. Raises Denied, SettingsError, AwsError."""
    return erasures.copies_now(by, load.settings(), load.opened(), systems)


def forget_control() -> None:
    """Open the control table again at the next question."""
    _control.clear()


def forget_person() -> None:
    """Read the person again at the next question."""
    person.clear()
    nearby.clear()
    scans.clear()
