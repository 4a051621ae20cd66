"""Handing a person's data over: the ZIP is made in the background and waits for this browser alone, for an hour."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, cast
from zoneinfo import ZoneInfo

import streamlit as st

from data_access.actions import people
from data_access.actions.asking import Asking
from data_access.audit import Audit
from data_access.counts import some
from data_access.dynamo.aws import Source
from data_access.errors import DataAccessError
from data_access.handover import Vault
from data_access.handover.vault import LIFE_SECONDS
from data_access.people import Person
from data_access.settings import Settings
from data_access.snapshot.store import Store
from pages.ui import access, load, load_people, notices, person_held, person_tasks, times, untrusted
from pages.ui.asking import asking
from pages.ui.person_tasks import Task

_KEY = "person_export"
_SIDE_SECONDS = 1.0
_LOOK_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Made:
    """An export that waits: `token` opens it, for the browser that it was made for. Times are in UTC."""

    token: str
    until: datetime
    bytes: int
    items: int
    conversations: int
    files: int
    unread: tuple[tuple[str, str], ...]


class _Counted(io.RawIOBase):
    """Tells a task how much was written, and ends the writing when the task is to stop."""

    def __init__(self, inner: io.RawIOBase, task: Task) -> None:
        self._inner, self._task = inner, task

    def write(self, data: Any, /) -> int:
        self._task.check()
        written = self._inner.write(data) or 0
        self._task.count += written
        return written

    def writable(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Order:
    """All that an export needs, so that its thread asks no page for anything."""

    by: Asking
    settings: Settings
    person: Person
    sources: Mapping[str, Source]
    store: Store | None
    allow_scan: bool
    identity: str
    audit: Audit

    def make(self, task: Task) -> Made:
        """Read all of it again and write it. It is in the audit before anybody can fetch it. Raises DataAccessError, Stopped."""
        subject = self.audit.keys.subject
        with Vault(self.settings.state).put(self.identity, subject(self.person.user_id)) as deposit:
            made = people.export(
                self.by, self.settings, self.sources, self.person, cast("BinaryIO", _Counted(deposit.file, task)),
                subject=subject, store=self.store, allow_scan=self.allow_scan,
            )  # fmt: skip
            size = deposit.file.written
            until = datetime.now(UTC) + timedelta(seconds=LIFE_SECONDS)
        return Made(
            token=deposit.token,
            until=until,
            bytes=size,
            items=made.person.items,
            conversations=sum(len(one.conversations) for one in made.person.systems),
            files=len(made.files) + 1,
            unread=tuple((system, unread.error.sentence) for system, unread in made.person.unread),
        )


def show(person: Person, titles: Mapping[str, str], zone: ZoneInfo, *, allow_scan: bool) -> None:
    st.caption(
        "One ZIP with every stored item as it is (JSON, exact numbers), the same as tables (CSV) and as transcripts to read, and a"
        " manifest with counts and SHA-256. It waits for this browser alone, for an hour, and is gone after the first download."
    )
    identity = access.browser_identity()
    if not access.downloads_are_served() or identity is None:
        notices.empty(
            "This server cannot hand the file over.",
            "Without asgi.py there is no address that gives a file to one browser alone. Start Dynascope with: streamlit run asgi.py."
            if not access.downloads_are_served()
            else "This browser has not taken the cookie by which it is known again. Allow cookies here and load the page again.",
            "On the command line: python -m data_access export --user ID --out FILE.zip",
            icon="no_encryption",
        )
        return
    task = person_tasks.find(st.session_state.get(_KEY))
    if task is not None and task.running:
        _watch(task)
        return
    failed: DataAccessError | None = st.session_state.pop("person_failed", None)
    if failed is not None:
        notices.show(failed)
    if task is not None and task.error is not None:
        notices.show(task.error)
    elif task is not None and task.result is None:
        st.caption(":orange[:material/stop_circle:] The export was stopped. Nothing of it is left.")
    waiting = task is not None and isinstance(task.result, Made) and _offer(task.result, identity, titles, zone)
    st.button(
        "Prepare it again" if waiting or task is not None else "Prepare the export",
        icon=":material/folder_zip:",
        type="secondary" if waiting else "primary",
        key="person_prepare",
        on_click=_begin,
        args=(person, identity, allow_scan),
    )


def _begin(person: Person, identity: str, allow_scan: bool) -> None:
    before = person_tasks.find(st.session_state.get(_KEY))
    if before is not None and before.running:
        return  # a second click
    try:
        audit = load_people.audit()
        by = Asking(asking().viewer, audit.write)  # a thread has no session to ask
        order = Order(by, load.settings(), person, load.opened(), load_people.snapshot(), allow_scan, identity, audit)
    except DataAccessError as error:
        st.session_state["person_failed"] = error
        return
    st.session_state[_KEY] = person_tasks.start(order.make)


def _watch(task: Task) -> None:
    @st.fragment(run_every=_SIDE_SECONDS)
    def watch() -> None:
        if not task.running:
            st.rerun()
        written = "waiting for another export to end" if task.waiting else f"{person_held.size(task.count)} written"
        label = "Stopping" if task.stopping else "Preparing the export"
        with st.status(f"{label}: {written}, {times.duration(round(task.seconds))}", state="running", expanded=True):
            st.caption("It goes on while you look at other parts of this page.")
            st.button("Stop", icon=":material/stop_circle:", key="person_export_stop", disabled=task.stopping, on_click=task.stop)

    watch()


def _offer(made: Made, identity: str, titles: Mapping[str, str], zone: ZoneInfo) -> bool:
    """The link, while the file is there: a click on a link that leads nowhere would open an empty page."""
    if not _is_there(made, identity):
        st.caption(":gray[:material/delete:] The export is gone: it was fetched, its hour is over, or what it was about was erased.")
        return False
    with st.container(border=True, gap="xsmall"):
        st.markdown(
            f":green[:material/check:] **The export is ready** :gray[{person_held.size(made.bytes)},"
            f" {some(made.items, 'item')}, {some(made.conversations, 'conversation')},"
            f" {some(made.files, 'file')}]"
        )
        st.caption(f"It can be fetched once, from this browser, until {times.moment(made.until, zone)} ({times.ago(made.until)}).")
        for system, sentence in made.unread:
            untrusted.text(f"Not complete. {titles.get(system, system)}: {sentence}")
        st.link_button("Download the ZIP", f"/download/{made.token}", type="primary", icon=":material/download:")

    @st.fragment(run_every=_LOOK_SECONDS)
    def look() -> None:
        if not _is_there(made, identity):
            st.rerun()

    look()
    return True


def _is_there(made: Made, identity: str) -> bool:
    there = Vault(load.settings().state).open(made.token, identity)
    if there is None:
        return False
    there.file.close()
    return True
