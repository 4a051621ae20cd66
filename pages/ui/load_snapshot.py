"""What pages ask of the snapshot, cached: its copy in memory, syncs, searches, counts.

The copy and the store hold rows of everybody: they are for the loaders, which hand them to actions, and for no page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

import streamlit as st

from data_access.access.permissions import Action
from data_access.actions import conversations as lists
from data_access.actions import insights, setup
from data_access.actions.asking import Asking
from data_access.actions.limits import Sight
from data_access.errors import SnapshotError
from data_access.models import Conversation
from data_access.snapshot.holding import Holding, Left, busy
from data_access.snapshot.hot import ConversationKey, Hot, Keeper
from data_access.snapshot.runner import Run, Runner, runner_of
from data_access.snapshot.search import Found, SearchFilter
from data_access.snapshot.state import Coverage
from data_access.snapshot.store import Store, open_store
from data_access.snapshot.sync import Estimate
from data_access.usage import Cell, Usage, UsageFilter
from pages.ui import asking, load
from pages.ui.load import LIST_ENTRIES, LIST_TTL

USAGE_ENTRIES = 12
# What was counted holds for one version of the snapshot.
BY_VERSION: dict[str | type[Any], Callable[[Any], Any]] = {Hot: lambda copy: copy.version}


def store() -> Store:
    """Where the snapshot is, with all rows: for loaders alone. Raises SnapshotOff, SettingsError."""
    return open_store(load.settings())


@st.cache_resource(show_spinner=False)
def keeper() -> Keeper:
    """The one copy of the snapshot in the memory of this process: for loaders alone. Raises SnapshotOff."""
    return Keeper(store())


def hot() -> Hot:
    """The snapshot as it is now, with all rows: for loaders alone. Raises SnapshotError, SnapshotOff, SnapshotTooLarge."""
    return keeper().hot()


def runner() -> Runner:
    """The syncs of this process: for loaders alone. Raises SnapshotOff."""
    return runner_of(store())


def coverage() -> Mapping[str, Coverage]:
    """What the snapshot holds of each system, and how old it is; empty before the first sync. Raises SnapshotError, SnapshotOff."""
    return setup.cover(asking.asking(), load.settings(), store())


def holding() -> Holding:
    """What lies at the snapshot's place. Raises SnapshotError, SnapshotOff."""
    return setup.look_at_snapshot(asking.asking(), load.settings(), load.opened(), store())


def left_half_way() -> Mapping[str, Left]:
    """Full reads that did not come to their end, or are at work in another process. Raises SnapshotError, SnapshotOff."""
    return setup.look_at_snapshot(asking.asking(), load.settings(), None, store()).left


def sync_now() -> Run | None:
    """The sync that is at work in this process, else the last one. Raises SnapshotOff."""
    return setup.follow_sync(asking.asking(), load.opened(), runner())


def last_sync() -> Run | None:
    """The same for pages that say what this dashboard costs; None also where no snapshot is kept."""
    try:
        return setup.last_sync(asking.asking(), load.opened(), runner())
    except SnapshotError:
        return None


def busy_elsewhere() -> bool:
    """Whether another process is syncing. Raises SnapshotOff."""
    load.asked(Action.SNAPSHOT)
    return busy(store())


def start_sync(systems: tuple[str, ...], full: bool) -> None:
    """Begin in the background. Raises UsageError, SnapshotOff."""
    setup.start_sync(asking.asking(), load.opened(), runner(), systems, full=full)


def stop_sync() -> None:
    """End the sync of this process after the page that it is at."""
    setup.stop_sync(asking.asking(), runner())


def estimate(system: str, full: bool, as_of: datetime | None) -> Estimate:
    """What a sync would do and cost; `as_of` is when the system was last read. Raises AwsError, SnapshotError."""
    return _estimate(*load.asked(Action.SYNC), system, full, as_of)


@st.cache_resource(ttl="1m", max_entries=32, show_spinner=False, scope="session")
def _estimate(_by: Asking, seen: Sight, system: str, full: bool, as_of: datetime | None) -> Estimate:  # noqa: ARG001 - part of the key
    return setup.estimate_sync(_by, load.opened(), store(), system, full=full)


def search(text: str, wanted: SearchFilter) -> Found:
    """Conversations with these words, looked for once for each version of the snapshot. Raises UsageError, SnapshotError."""
    return _search(*load.asked(Action.SEARCH), hot(), text, wanted)


@st.cache_resource(ttl=LIST_TTL, max_entries=LIST_ENTRIES, show_spinner=False, scope="session", hash_funcs=BY_VERSION)
def _search(_by: Asking, seen: Sight, copy: Hot, text: str, wanted: SearchFilter) -> Found:  # noqa: ARG001 - part of the key
    return insights.search(_by, load.settings(), copy, text, wanted)


def usage(wanted: UsageFilter) -> Usage:
    """All metrics and series of a filter, counted once for each version of the snapshot. Raises UsageError, SnapshotError."""
    return _usage(*load.asked(Action.USAGE), hot(), wanted)


@st.cache_resource(ttl=LIST_TTL, max_entries=USAGE_ENTRIES, show_spinner=False, scope="session", hash_funcs=BY_VERSION)
def _usage(_by: Asking, seen: Sight, copy: Hot, wanted: UsageFilter) -> Usage:  # noqa: ARG001 - part of the key
    return insights.usage(_by, load.settings(), copy, wanted)


def behind(wanted: UsageFilter, cell: Cell) -> tuple[ConversationKey, ...]:
    """The conversations that a number of `usage` counted, latest activity first. Raises UsageError, SnapshotError."""
    return _behind(*load.asked(Action.LIST), hot(), wanted, cell)


@st.cache_resource(ttl=LIST_TTL, max_entries=LIST_ENTRIES, show_spinner=False, scope="session", hash_funcs=BY_VERSION)
def _behind(
    _by: Asking,
    seen: Sight,  # noqa: ARG001 - part of the key
    copy: Hot,
    wanted: UsageFilter,
    cell: Cell,
) -> tuple[ConversationKey, ...]:
    return lists.conversations_behind(_by, load.settings(), copy, wanted, cell)


def active_counts(wanted: tuple[UsageFilter, ...]) -> tuple[int, ...]:
    """How many conversations were active in each of some windows, as `behind` lists them. Raises UsageError, SnapshotError."""
    return _active(*load.asked(Action.CAPACITY), hot(), wanted)


@st.cache_resource(ttl=LIST_TTL, max_entries=LIST_ENTRIES, show_spinner=False, scope="session", hash_funcs=BY_VERSION)
def _active(_by: Asking, seen: Sight, copy: Hot, wanted: tuple[UsageFilter, ...]) -> tuple[int, ...]:  # noqa: ARG001 - part of the key
    return insights.count_active(_by, load.settings(), copy, wanted)


def from_snapshot(keys: tuple[ConversationKey, ...]) -> tuple[Conversation, ...]:
    """These conversations as the snapshot has them, in the same order. Raises SnapshotError."""
    return _from_snapshot(*load.asked(Action.LIST), hot().version, keys)


@st.cache_resource(ttl=LIST_TTL, max_entries=LIST_ENTRIES, show_spinner=False, scope="session")
def _from_snapshot(
    _by: Asking,
    seen: Sight,  # noqa: ARG001 - part of the key
    version: str,  # noqa: ARG001 - part of the key
    keys: tuple[ConversationKey, ...],
) -> tuple[Conversation, ...]:
    return lists.conversations_of(_by, load.settings(), store(), keys)


def later(keys: tuple[ConversationKey, ...]) -> Callable[[], tuple[Conversation, ...]]:
    """The same for a file that is made when it is asked for, in another thread: for whoever asked for the page, as they were then."""
    return partial(lists.conversations_of, asking.asking(), load.settings(), store(), keys)


def forget_copy() -> None:
    """Load the snapshot again at the next question."""
    keeper.clear()


def forget_usage() -> None:
    """Count again at the next question."""
    _usage.clear()
    _behind.clear()
    _active.clear()
