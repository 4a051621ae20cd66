"""What pages ask of the snapshot, cached: its copy in memory, syncs, searches, counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import streamlit as st

from data_access.errors import SnapshotError
from data_access.models import Conversation
from data_access.snapshot import sync as syncing
from data_access.snapshot.hot import ConversationKey, Hot, Keeper
from data_access.snapshot.listed import listed
from data_access.snapshot.runner import Run, Runner, runner_of
from data_access.snapshot.search import Found, SearchFilter
from data_access.snapshot.search import search as find_words
from data_access.snapshot.state import Coverage
from data_access.snapshot.store import Store, open_store
from data_access.usage import Cell, Usage, UsageFilter, conversations_behind
from data_access.usage import usage as count
from pages.ui import load
from pages.ui.load import LIST_ENTRIES, LIST_TTL

USAGE_ENTRIES = 12
# What was counted holds for one version of the snapshot.
BY_VERSION: dict[str | type[Any], Callable[[Any], Any]] = {Hot: lambda copy: copy.version}


def store() -> Store:
    """Where the snapshot is. Raises SnapshotOff, SettingsError."""
    return open_store(load.settings())


@st.cache_resource(show_spinner=False)
def keeper() -> Keeper:
    """The one copy of the snapshot in the memory of this process. Raises SnapshotOff."""
    return Keeper(store())


def hot() -> Hot:
    """The snapshot as it is now, loaded when it has changed. Raises SnapshotError, SnapshotOff, SnapshotTooLarge."""
    return keeper().hot()


def coverage() -> Mapping[str, Coverage]:
    """What the snapshot holds of each system, and how old it is; empty before the first sync. Raises SnapshotError, SnapshotOff."""
    return store().coverage()


def runner() -> Runner:
    """The syncs of this process. Raises SnapshotOff."""
    return runner_of(store())


def last_sync() -> Run | None:
    """The sync that is at work in this process, else the last one; None where there was none, or no snapshot is kept."""
    try:
        return runner().now()
    except SnapshotError:
        return None


@st.cache_resource(ttl="1m", max_entries=32, show_spinner=False, scope="session")
def estimate(system: str, full: bool, as_of: datetime | None) -> syncing.Estimate:  # noqa: ARG001 - part of the key
    """What a sync would do and cost; `as_of` is when the system was last read. Raises AwsError, SnapshotError."""
    return syncing.estimate(load.source(system), store(), full=full)


@st.cache_resource(ttl=LIST_TTL, max_entries=LIST_ENTRIES, show_spinner=False, scope="session", hash_funcs=BY_VERSION)
def _search(copy: Hot, text: str, wanted: SearchFilter) -> Found:
    return find_words(copy, text, wanted)


def search(text: str, wanted: SearchFilter) -> Found:
    """Conversations with these words, looked for once for each version of the snapshot. Raises UsageError, SnapshotError."""
    return _search(hot(), text, wanted)


@st.cache_resource(ttl=LIST_TTL, max_entries=USAGE_ENTRIES, show_spinner=False, scope="session", hash_funcs=BY_VERSION)
def _usage(copy: Hot, wanted: UsageFilter) -> Usage:
    return count(copy, wanted)


def usage(wanted: UsageFilter) -> Usage:
    """All metrics and series of a filter, counted once for each version of the snapshot. Raises UsageError, SnapshotError."""
    return _usage(hot(), wanted)


@st.cache_resource(ttl=LIST_TTL, max_entries=LIST_ENTRIES, show_spinner=False, scope="session", hash_funcs=BY_VERSION)
def _behind(copy: Hot, wanted: UsageFilter, cell: Cell) -> tuple[ConversationKey, ...]:
    return tuple(conversations_behind(copy, wanted, cell))


def behind(wanted: UsageFilter, cell: Cell) -> tuple[ConversationKey, ...]:
    """The conversations that a number of `usage` counted, latest activity first. Raises UsageError, SnapshotError."""
    return _behind(hot(), wanted, cell)


@st.cache_resource(ttl=LIST_TTL, max_entries=LIST_ENTRIES, show_spinner=False, scope="session", hash_funcs=BY_VERSION)
def _active(copy: Hot, wanted: tuple[UsageFilter, ...]) -> tuple[int, ...]:
    return tuple(len(conversations_behind(copy, one, Cell())) for one in wanted)


def active_counts(wanted: tuple[UsageFilter, ...]) -> tuple[int, ...]:
    """How many conversations were active in each of some windows, as `behind` lists them. Raises UsageError, SnapshotError."""
    return _active(hot(), wanted)


@st.cache_resource(ttl=LIST_TTL, max_entries=LIST_ENTRIES, show_spinner=False, scope="session")
def from_snapshot(version: str, keys: tuple[ConversationKey, ...]) -> tuple[Conversation, ...]:  # noqa: ARG001 - part of the key
    """These conversations as the snapshot has them, in the same order. Raises SnapshotError."""
    return listed(store(), keys)


def forget_usage() -> None:
    """Count again at the next question."""
    _usage.clear()
    _behind.clear()
    _active.clear()
