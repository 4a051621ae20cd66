"""What pages read of one person, cached: for one session, for a short time, in small number.

The control table and the audit of this process are opened here too. Nothing here is kept on disk.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import streamlit as st

from data_access.audit import Audit
from data_access.audit.events import LookedUp
from data_access.erasure import clearing
from data_access.erasure.clearing import CopiesNow
from data_access.erasure.control import Control
from data_access.erasure.known import meet_all
from data_access.erasure.model import Neighbour, Scope
from data_access.erasure.neighbours import Radar
from data_access.erasure.plan import ExpectedScan, expected_scans
from data_access.errors import DataAccessError, SnapshotError, SnapshotOff
from data_access.people import Person, everything
from data_access.snapshot.store import Store, open_store
from pages.ui import load

PERSON_TTL = "5m"
PERSON_ENTRIES = 2


@dataclass(frozen=True, slots=True)
class Looked:
    """A person as they were read; `unaudited` is why the look-up is not in the audit."""

    person: Person
    unaudited: DataAccessError | None


@dataclass(frozen=True, slots=True)
class Nearby:
    """Ids that look like one. `systems` are those whose ids the snapshot has; `trouble` is why there is none to ask."""

    neighbours: tuple[Neighbour, ...]
    count: int
    systems: frozenset[str]
    trouble: SnapshotError | None = None


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


@st.cache_resource(ttl=PERSON_TTL, max_entries=PERSON_ENTRIES, show_spinner=False, scope="session")
def person(user_id: str, systems: tuple[str, ...], allow_scan: bool, actor: str) -> Looked:
    """Everything of the person with exactly this id, and the look-up in the audit. Raises UsageError."""
    found = everything(load.sources(), user_id, systems, store=snapshot(), allow_scan=allow_scan)
    try:
        book = audit()
        book.write(LookedUp(book.keys.subject(user_id), actor, "viewer", systems, found.items))
    except DataAccessError as error:
        return Looked(found, error)
    return Looked(found, None)


@st.cache_resource(ttl=PERSON_TTL, max_entries=PERSON_ENTRIES, show_spinner=False, scope="session")
def nearby(user_id: str) -> Nearby:
    """Ids that look like this one, of every user that the snapshot knows."""
    radar = Radar.on(user_id)
    try:
        known = meet_all(open_store(load.settings()), radar)
    except SnapshotError as error:
        return Nearby((), 0, frozenset(), error)
    return Nearby(radar.neighbours, radar.count, known)


@st.cache_resource(ttl="1m", max_entries=4, show_spinner=False, scope="session")
def scans(scope: Scope) -> tuple[ExpectedScan, ...]:
    """The Scans that a plan of this scope would make. Reads no item. Raises UsageError, AwsError, SchemaDrift."""
    return expected_scans(load.sources(), scope)


@st.cache_resource(ttl="5m", max_entries=4, show_spinner=False, scope="session")
def copies_now(systems: tuple[str, ...]) -> CopiesNow:
    """The copies of these systems' tables as they are now: settings and dates, nothing of anybody. Raises SettingsError, AwsError."""
    return clearing.copies_now(load.settings(), load.sources(), systems)


def forget_control() -> None:
    """Open the control table again at the next question."""
    _control.clear()


def forget_person() -> None:
    """Read the person again at the next question."""
    person.clear()
    nearby.clear()
    scans.clear()
