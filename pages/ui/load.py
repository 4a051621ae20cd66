"""What pages read, cached: the settings, the tables, lists and replays. load_snapshot has the snapshot, load_costs the dollars.

These three are the only places with Streamlit's caches. What belongs to people is kept for one session, for a short time and
in small number; what belongs to the process is shared. Nothing here is kept on disk. What the readers return is frozen, so it
is kept as it is (`cache_resource`): a copy at every rerun, which is what `cache_data` makes, would cost more than drawing the
page.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from data_access import conversations as reader
from data_access.conversations import Listing, Replay
from data_access.dynamo.aws import Source, open_sources
from data_access.dynamo.plan import Plan
from data_access.errors import UsageError
from data_access.local import prepare
from data_access.local.engine import Attachment, Engine, status
from data_access.models import Filter
from data_access.settings import Settings, load_settings
from data_access.snapshot.estimates import stored_sizes
from data_access.systems.check import TableHealth, check
from pages.ui import own_cost

# A list that somebody works through should not change under them; a minute or two later it may be read again.
LIST_TTL = "5m"
LIST_ENTRIES = 8
REPLAY_ENTRIES = 4


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


def forget_lists() -> None:
    """Read lists of this session again at the next question."""
    plan.clear()
    conversations.clear()


@st.cache_resource(show_spinner=False)
def generation() -> str:
    """Another one after each erasure: forget_everybody empties this cache with all the others."""
    return secrets.token_hex(8)


def forget_everybody() -> None:
    """After an erasure: nothing of anybody stays in this process, in no session. The tables are opened again."""
    st.cache_resource.clear()


def reopen() -> None:
    """Read the settings and open the tables again, after a start that failed."""
    settings.clear()
    _open.clear()


def forget_health() -> None:
    health.clear()
