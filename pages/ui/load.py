"""What pages read, cached. The only place with Streamlit's caches.

What belongs to people is kept for one session, for a short time and in small number; what belongs to the process is
shared. Nothing here is kept on disk. What the readers return is frozen, so it is kept as it is (`cache_resource`): a
copy at every rerun, which is what `cache_data` makes, would cost more than drawing the page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import streamlit as st

from data_access import conversations as reader
from data_access.capacity.cloudwatch import CloudWatch, open_cloudwatch
from data_access.capacity.report import CapacityReport, report
from data_access.conversations import Listing, Replay
from data_access.costs.advice import Advised, advise_here
from data_access.costs.observed import Attribution, Growth, Observed, attribute, grow, observe_here, this_time
from data_access.costs.prices import PriceBook
from data_access.dynamo.aws import Source, open_sources
from data_access.dynamo.plan import Plan
from data_access.errors import SnapshotError, UsageError
from data_access.local import prepare
from data_access.local.engine import Attachment, Engine, status
from data_access.models import Conversation, Filter
from data_access.settings import Settings, load_settings
from data_access.snapshot import sync as syncing
from data_access.snapshot.estimates import stored_sizes
from data_access.snapshot.hot import ConversationKey, Hot, Keeper
from data_access.snapshot.listed import listed
from data_access.snapshot.runner import Run, Runner, runner_of
from data_access.snapshot.search import Found, SearchFilter
from data_access.snapshot.search import search as find_words
from data_access.snapshot.state import Coverage
from data_access.snapshot.store import Store, open_store
from data_access.systems.check import TableHealth, check
from data_access.usage import Cell, Usage, UsageFilter, conversations_behind
from data_access.usage import usage as count
from pages.ui import own_cost

# A list that somebody works through should not change under them; a minute or two later it may be read again.
LIST_TTL = "5m"
LIST_ENTRIES = 8
REPLAY_ENTRIES = 4
USAGE_ENTRIES = 12
# What was counted holds for one version of the snapshot.
_BY_VERSION: dict[str | type[Any], Callable[[Any], Any]] = {Hot: lambda copy: copy.version}
_BY_OBSERVED: dict[str | type[Any], Callable[[Any], Any]] = {
    **_BY_VERSION,
    Observed: lambda said: (said.since, said.until, hash(said.resources)),
}


@dataclass(frozen=True, slots=True)
class _Opened:
    attachment: Attachment | None
    sources: Mapping[str, Source]


@st.cache_resource(show_spinner=False)
def settings() -> Settings:
    """The settings of this process, read once. Raises SettingsError, SpecError."""
    return load_settings()


def _still_there(opened: _Opened) -> bool:
    """False once the local engine ended or moved: then the next reader joins it, or starts it, again."""
    if opened.attachment is None:
        return True
    running = status(settings().state)
    return running is not None and running.endpoint == opened.attachment.engine.endpoint


def _leave(opened: _Opened) -> None:
    if opened.attachment is not None:
        opened.attachment.close()


@st.cache_resource(show_spinner="Opening the tables", validate=_still_there, on_release=_leave)
def _open() -> _Opened:
    attachment = prepare(settings())
    endpoint = attachment.engine.endpoint if attachment is not None else None
    return _Opened(attachment, open_sources(settings(), endpoint))


def sources() -> Mapping[str, Source]:
    """A source for each enabled system; in local mode the engine runs afterwards. Raises DataAccessError."""
    return _open().sources


def engine() -> Engine | None:
    """The local engine, None in aws mode. Raises DataAccessError."""
    attachment = _open().attachment
    return None if attachment is None else attachment.engine


def source(system: str) -> Source:
    """One system's source. Raises UsageError when it is not enabled here."""
    found = sources().get(system)
    if found is None:
        raise UsageError("There is no such system here.", f"The systems are: {', '.join(sources()) or 'none'}.")
    return found


@st.cache_resource(ttl="1m", max_entries=32, show_spinner=False, scope="session")
def plan(wanted: Filter) -> Plan:
    """How a list would be read, and what that is likely to cost. Reads no item."""
    return reader.plan_list(source(wanted.system), wanted, stored_sizes(settings(), wanted.system))


@st.cache_resource(ttl=LIST_TTL, max_entries=LIST_ENTRIES, show_spinner=False, scope="session")
def conversations(wanted: Filter, allow_scan: bool = False) -> Listing:
    """The conversations of a filter. Raises ScanRefused and the other errors of data_access."""
    sizes = stored_sizes(settings(), wanted.system)
    return own_cost.noted(reader.list_conversations(source(wanted.system), wanted, allow_scan=allow_scan, sizes=sizes))


@st.cache_resource(ttl=LIST_TTL, max_entries=REPLAY_ENTRIES, show_spinner=False, scope="session")
def replay(wanted: Filter, allow_scan: bool = False) -> Replay:
    """One conversation with its messages and stored items. Raises NotFound, Ambiguous, ScanRefused and the others."""
    sizes = stored_sizes(settings(), wanted.system)
    return own_cost.noted(reader.replay(source(wanted.system), wanted, allow_scan=allow_scan, sizes=sizes))


@st.cache_resource(ttl="1m", max_entries=16, show_spinner=False)
def health(system: str) -> tuple[TableHealth, ...]:
    """The tables of a system against its layout. Holds no item, so everybody shares it."""
    return check(source(system))


def store() -> Store:
    """Where the snapshot is. Raises SnapshotOff, SettingsError."""
    return open_store(settings())


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
    return syncing.estimate(source(system), store(), full=full)


@st.cache_resource(ttl=LIST_TTL, max_entries=LIST_ENTRIES, show_spinner=False, scope="session", hash_funcs=_BY_VERSION)
def _search(copy: Hot, text: str, wanted: SearchFilter) -> Found:
    return find_words(copy, text, wanted)


def search(text: str, wanted: SearchFilter) -> Found:
    """Conversations with these words, looked for once for each version of the snapshot. Raises UsageError, SnapshotError."""
    return _search(hot(), text, wanted)


@st.cache_resource(ttl=LIST_TTL, max_entries=USAGE_ENTRIES, show_spinner=False, scope="session", hash_funcs=_BY_VERSION)
def _usage(copy: Hot, wanted: UsageFilter) -> Usage:
    return count(copy, wanted)


def usage(wanted: UsageFilter) -> Usage:
    """All metrics and series of a filter, counted once for each version of the snapshot. Raises UsageError, SnapshotError."""
    return _usage(hot(), wanted)


@st.cache_resource(ttl=LIST_TTL, max_entries=LIST_ENTRIES, show_spinner=False, scope="session", hash_funcs=_BY_VERSION)
def _behind(copy: Hot, wanted: UsageFilter, cell: Cell) -> tuple[ConversationKey, ...]:
    return tuple(conversations_behind(copy, wanted, cell))


def behind(wanted: UsageFilter, cell: Cell) -> tuple[ConversationKey, ...]:
    """The conversations that a number of `usage` counted, latest activity first. Raises UsageError, SnapshotError."""
    return _behind(hot(), wanted, cell)


@st.cache_resource(ttl=LIST_TTL, max_entries=LIST_ENTRIES, show_spinner=False, scope="session", hash_funcs=_BY_VERSION)
def _active(copy: Hot, wanted: tuple[UsageFilter, ...]) -> tuple[int, ...]:
    return tuple(len(conversations_behind(copy, one, Cell())) for one in wanted)


def active_counts(wanted: tuple[UsageFilter, ...]) -> tuple[int, ...]:
    """How many conversations were active in each of some windows, as `behind` lists them. Raises UsageError, SnapshotError."""
    return _active(hot(), wanted)


@st.cache_resource(ttl=LIST_TTL, max_entries=LIST_ENTRIES, show_spinner=False, scope="session")
def from_snapshot(version: str, keys: tuple[ConversationKey, ...]) -> tuple[Conversation, ...]:  # noqa: ARG001 - part of the key
    """These conversations as the snapshot has them, in the same order. Raises SnapshotError."""
    return listed(store(), keys)


@st.cache_resource(show_spinner=False)
def price_book() -> PriceBook:
    """What DynamoDB charges, by Region: read once a day. Raises DataAccessError."""
    return PriceBook.of(settings())


def cloudwatch(system: str) -> CloudWatch:
    """A system's CloudWatch, the same for everybody: it remembers what it said. Raises UsageError, AwsError."""
    return open_cloudwatch(settings(), source(system).place)


def _copy() -> Hot | None:
    """The snapshot, None where there is none: costs stand without it."""
    try:
        return hot()
    except SnapshotError:
        return None


@st.cache_resource(ttl=LIST_TTL, max_entries=16, show_spinner="Asking CloudWatch", hash_funcs=_BY_VERSION)
def _observed(
    copy: Hot | None, since: datetime | None, until: datetime | None, now: datetime, free_tier: bool, region: str | None
) -> Observed:
    return observe_here(settings(), sources(), price_book(), copy, since=since, until=until, now=now, free_tier=free_tier, region=region)


def costs_observed(
    since: datetime | None = None, until: datetime | None = None, *, free_tier: bool = False, region: str | None = None
) -> Observed:
    """What all tables cost in a window, by default this month so far, asked for once in five minutes. It holds nothing of people.

    `region` prices everything as in that Region. Raises UsageError (a wrong window, a Region that is not known), AwsError.
    """
    return _observed(_copy(), since, until, this_time(), free_tier, region)


@st.cache_resource(ttl=LIST_TTL, max_entries=USAGE_ENTRIES, show_spinner=False, scope="session", hash_funcs=_BY_OBSERVED)
def _attribution(copy: Hot, observed: Observed) -> Attribution:
    return attribute(copy, observed)


def cost_attribution(observed: Observed) -> Attribution:
    """What a conversation, a message, a user and a tenant cost, of what was observed. It names tenants.

    Raises SnapshotError: without a snapshot nothing can be split.
    """
    return _attribution(hot(), observed)


@st.cache_resource(ttl=LIST_TTL, max_entries=USAGE_ENTRIES, show_spinner=False, hash_funcs=_BY_OBSERVED)
def _growth(copy: Hot, observed: Observed | None, now: datetime) -> Growth:
    return grow(copy, observed, now=now)


def growth(observed: Observed | None = None) -> Growth:
    """How what is stored grows, by table, with dollars where `observed` has them. Raises SnapshotError."""
    return _growth(hot(), observed, this_time())


@st.cache_resource(ttl=LIST_TTL, max_entries=16, show_spinner="Asking CloudWatch")
def capacity(system: str, since: datetime, until: datetime) -> CapacityReport:
    """A system's capacity in a window; let it end at `this_time()`. Raises UsageError, AwsError."""
    return report(source(system), cloudwatch(system), since, until)


@st.cache_resource(ttl=LIST_TTL, max_entries=4, show_spinner="Looking at two weeks of minutes", hash_funcs=_BY_VERSION)
def _advice(copy: Hot | None, now: datetime) -> Advised:
    return advise_here(settings(), sources(), price_book(), copy, now=now)


def cost_advice() -> Advised:
    """What could be done about costs and risks, by the last two weeks. It holds nothing of people. Raises UsageError, AwsError."""
    return _advice(_copy(), this_time())


def forget_costs() -> None:
    """Ask DynamoDB and CloudWatch again at the next question; prices stay for their day."""
    for system in sources():
        cloudwatch(system).forget()
    for cached in (_observed, _attribution, _growth, _advice, capacity):
        cached.clear()


def forget_usage() -> None:
    """Count again at the next question."""
    _usage.clear()
    _behind.clear()
    _active.clear()


def forget_lists() -> None:
    """Read lists of this session again at the next question."""
    plan.clear()
    conversations.clear()


def forget_everybody() -> None:
    """After an erasure: nothing of anybody stays in this process, in no session. The tables are opened again."""
    st.cache_resource.clear()


def reopen() -> None:
    """Read the settings and open the tables again, after a start that failed."""
    settings.clear()
    _open.clear()


def forget_health() -> None:
    health.clear()
