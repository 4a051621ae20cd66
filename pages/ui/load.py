"""What pages read, cached: the settings, the tables, lists and replays.

load_snapshot has the snapshot, load_costs the dollars, load_people what is about one person, load_revealed what was revealed.
These five are the only places with Streamlit's caches. Who asks is looked at on every call, before the cache: what was read
for somebody stays where it is when their role is taken away, and is not theirs any more. What is kept is kept for what a viewer
can see (`Sight`), never for their name. What belongs to people is kept for one session, for a short time and in small number;
what belongs to the process is shared, and holds no row that limits could hide. Nothing here is kept on disk. What the readers
return is frozen, so it is kept as it is (`cache_resource`): a copy at every rerun, which is what `cache_data` makes, would cost
more than drawing the page.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from data_access.access.permissions import Action
from data_access.actions import conversations as actions
from data_access.actions import setup
from data_access.actions.asking import Asking, open_to
from data_access.actions.limits import Sight, places_of, sight, source_of
from data_access.conversations import Listing, Replay
from data_access.dynamo.aws import Source, open_sources
from data_access.dynamo.plan import Plan
from data_access.local import prepare
from data_access.local.engine import Attachment, Engine, status
from data_access.models import Filter
from data_access.settings import Place, Settings, load_settings
from data_access.systems.check import TableHealth
from pages.ui import asking, own_cost

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


def asked(name: Action) -> tuple[Asking, Sight]:
    """Who asks, and may do this, with what they can see: what every loader begins with. Raises Denied, SettingsError."""
    by = asking.asking()
    return by, sight(by, name, settings())


def opened() -> Mapping[str, Source]:
    """A source for each enabled system, whoever asks: for loaders alone, which hand them to actions. Raises DataAccessError."""
    return _open().sources


def sources() -> Mapping[str, Source]:
    """A source for each system that is open to the viewer; in local mode the engine runs afterwards. Raises DataAccessError."""
    return open_to(asking.asking(), opened())


def places() -> Mapping[str, Place]:
    """The systems that are open to the viewer, from the settings alone: no table is opened for them. Raises SettingsError."""
    return places_of(asking.asking(), settings())


def engine() -> Engine | None:
    """The local engine, None in aws mode. Raises DataAccessError."""
    attachment = _open().attachment
    return None if attachment is None else attachment.engine


def source(system: str) -> Source:
    """One system's source. Raises UsageError when it is not enabled here, or not open to the viewer."""
    return source_of(asking.asking(), opened(), system)


def plan(wanted: Filter) -> Plan:
    """How a list would be read, and what that is likely to cost. Reads no item."""
    return _plan(*asked(Action.LIST), wanted)


@st.cache_resource(ttl="1m", max_entries=32, show_spinner=False, scope="session")
def _plan(_by: Asking, seen: Sight, wanted: Filter) -> Plan:  # noqa: ARG001 - part of the key
    return actions.plan_list(_by, settings(), opened(), wanted)


def conversations(wanted: Filter, allow_scan: bool = False) -> Listing:
    """The conversations of a filter. Raises ScanRefused and the other errors of data_access."""
    return _conversations(*asked(Action.LIST), wanted, allow_scan)


@st.cache_resource(ttl=LIST_TTL, max_entries=LIST_ENTRIES, show_spinner=False, scope="session")
def _conversations(_by: Asking, seen: Sight, wanted: Filter, allow_scan: bool) -> Listing:  # noqa: ARG001 - part of the key
    return own_cost.noted(actions.list_conversations(_by, settings(), opened(), wanted, allow_scan=allow_scan))


def replay(wanted: Filter, allow_scan: bool = False) -> Replay:
    """One conversation with its messages and stored items. Raises NotFound, Ambiguous, ScanRefused and the others."""
    return _replay(*asked(Action.REPLAY), wanted, allow_scan)


@st.cache_resource(ttl=LIST_TTL, max_entries=REPLAY_ENTRIES, show_spinner=False, scope="session")
def _replay(_by: Asking, seen: Sight, wanted: Filter, allow_scan: bool) -> Replay:  # noqa: ARG001 - part of the key
    return own_cost.noted(actions.replay(_by, settings(), opened(), wanted, allow_scan=allow_scan))


def health(system: str) -> tuple[TableHealth, ...]:
    """The tables of a system against its layout. Raises UsageError."""
    by, _ = asked(Action.TABLES)
    return _health(by, source(system).id)


@st.cache_resource(ttl="1m", max_entries=16, show_spinner=False)
def _health(_by: Asking, system: str) -> tuple[TableHealth, ...]:
    """Holds no item, so everybody to whom the system is open shares it."""
    return setup.table_health(_by, opened(), system)


def make_tables(system: str) -> None:
    """Make the tables of a system that are missing. Raises SettingsError, UsageError, AwsError."""
    setup.make_tables(asking.asking(), settings(), opened(), system)


def forget_lists() -> None:
    """Read lists of this session again at the next question."""
    _plan.clear()
    _conversations.clear()


def forget_replays() -> None:
    """Read the open conversation of this session again at the next question."""
    _replay.clear()


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
    _health.clear()
