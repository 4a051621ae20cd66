"""What pages ask of prices, CloudWatch and the tables' descriptions, cached: costs, capacity, advice.

What is of whole tables is shared by all to whom the same systems are open.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import streamlit as st

from data_access.access.permissions import Action
from data_access.actions import insights
from data_access.actions.asking import Asking
from data_access.actions.limits import Sight
from data_access.capacity.cloudwatch import CloudWatch, open_cloudwatch
from data_access.capacity.report import CapacityReport
from data_access.costs.advice import Advised, window
from data_access.costs.observed import Attribution, Growth, Observed, this_time
from data_access.costs.prices import PriceBook
from data_access.costs.what_if import Prefilled, Scenario
from data_access.errors import DataAccessError, SnapshotError
from data_access.local import telemetry
from data_access.snapshot.hot import Hot
from pages.ui import load, load_snapshot
from pages.ui.load import LIST_TTL
from pages.ui.load_snapshot import BY_VERSION, USAGE_ENTRIES

_BY_OBSERVED: dict[str | type[Any], Callable[[Any], Any]] = {
    **BY_VERSION,
    Observed: lambda said: (said.since, said.until, hash(said.resources)),
}


@st.cache_resource(show_spinner=False)
def price_book() -> PriceBook:
    """What DynamoDB charges, by Region: read once a day. Raises DataAccessError."""
    return PriceBook.of(load.settings())


def cloudwatch(system: str) -> CloudWatch:
    """A system's CloudWatch, the same for everybody to whom the system is open: it remembers what it said. Raises UsageError, AwsError."""
    return open_cloudwatch(load.settings(), load.source(system).place)


def _play() -> None:
    """In local mode, have what CloudWatch is played from. It takes seconds, once for a state folder, and the page says so."""
    if not telemetry.is_ready(load.settings()):
        with st.spinner("Making the sample's CloudWatch series, once", show_time=True):
            telemetry.make_ready(load.settings())


def _copy() -> Hot | None:
    """The snapshot, None where there is none: costs stand without it."""
    try:
        return load_snapshot.hot()
    except SnapshotError:
        return None


def _systems() -> tuple[str, ...]:
    """What is open to the viewer: the part of a key that numbers of whole tables depend on."""
    return tuple(load.sources())


@st.cache_resource(ttl=LIST_TTL, max_entries=16, show_spinner="Asking CloudWatch", hash_funcs=BY_VERSION)
def _observed(
    _by: Asking,
    systems: tuple[str, ...],  # noqa: ARG001 - part of the key
    copy: Hot | None,
    since: datetime | None,
    until: datetime | None,
    now: datetime,
    free_tier: bool,
    region: str | None,
) -> Observed:
    return insights.observe_costs(
        _by,
        load.settings(),
        load.opened(),
        price_book(),
        copy,
        since=since,
        until=until,
        now=now,
        free_tier=free_tier,
        region=region,
    )


def costs_observed(
    since: datetime | None = None, until: datetime | None = None, *, free_tier: bool = False, region: str | None = None
) -> Observed:
    """What all tables cost in a window, by default this month so far, asked for once in five minutes. It holds nothing of people.

    `region` prices everything as in that Region. Raises UsageError (a wrong window, a Region that is not known), AwsError.
    """
    by, _ = load.asked(Action.COSTS)
    _play()
    return _observed(by, _systems(), _copy(), since, until, this_time(), free_tier, region)


@st.cache_resource(ttl=LIST_TTL, max_entries=USAGE_ENTRIES, show_spinner=False, scope="session", hash_funcs=_BY_OBSERVED)
def _attribution(_by: Asking, seen: Sight, copy: Hot, observed: Observed) -> Attribution:  # noqa: ARG001 - part of the key
    return insights.attribute_costs(_by, load.opened(), copy, observed)


def cost_attribution(observed: Observed) -> Attribution:
    """What a conversation, a message, a user and a tenant cost, of what was observed. It names tenants.

    Raises SnapshotError: without a snapshot nothing can be split.
    """
    return _attribution(*load.asked(Action.COSTS), load_snapshot.hot(), observed)


@st.cache_resource(ttl=LIST_TTL, max_entries=USAGE_ENTRIES, show_spinner=False, hash_funcs=_BY_OBSERVED)
def _growth(
    _by: Asking,
    systems: tuple[str, ...],  # noqa: ARG001 - part of the key
    copy: Hot,
    observed: Observed | None,
    now: datetime,
) -> Growth:
    return insights.grow(_by, load.opened(), copy, observed, now=now)


def growth(observed: Observed | None = None) -> Growth:
    """How what is stored grows, by table, with dollars where `observed` has them. Raises SnapshotError."""
    by, _ = load.asked(Action.COSTS)
    return _growth(by, _systems(), load_snapshot.hot(), observed, this_time())


@st.cache_resource(ttl=LIST_TTL, max_entries=16, show_spinner="Asking CloudWatch")
def _capacity(_by: Asking, system: str, since: datetime, until: datetime) -> CapacityReport:
    return insights.capacity(_by, load.opened(), cloudwatch(system), system, since, until)


def capacity(system: str, since: datetime, until: datetime) -> CapacityReport:
    """A system's capacity in a window; let it end at `this_time()`. Raises UsageError, AwsError."""
    by, _ = load.asked(Action.CAPACITY)
    found = load.source(system)
    _play()
    return _capacity(by, found.id, since, until)


@st.cache_resource(ttl="1h", max_entries=4, show_spinner="Looking at two weeks of minutes", hash_funcs=BY_VERSION)
def _advice(_by: Asking, systems: tuple[str, ...], copy: Hot | None, until: datetime) -> Advised:  # noqa: ARG001 - part of the key
    return insights.advise(_by, load.settings(), load.opened(), price_book(), copy, now=until)


def cost_advice() -> Advised:
    """What could be done about costs and risks, by the last two weeks, asked for once an hour. It holds nothing of people.

    Raises UsageError, AwsError.
    """
    by, _ = load.asked(Action.COSTS)
    _play()
    return _advice(by, _systems(), _copy(), window()[1])


def prefilled(scenario: Scenario) -> Prefilled | None:
    """What the snapshot knows of how a scenario's system is used, with this scenario's other fields; None where it knows nothing.

    It is asked once for each version of the snapshot.
    """
    by, _ = load.asked(Action.COSTS)
    try:
        known = _prefilled(by, load.source(scenario.system.id).id, load_snapshot.hot())
    except DataAccessError:
        return None
    return None if known is None else known.onto(scenario)


@st.cache_resource(ttl=LIST_TTL, max_entries=16, show_spinner=False, hash_funcs=BY_VERSION)
def _prefilled(_by: Asking, system: str, copy: Hot) -> Prefilled | None:
    return insights.prefill(_by, load.opened(), copy, Scenario(load.opened()[system].place.system))


def forget_costs() -> None:
    """Ask DynamoDB and CloudWatch again at the next question; prices stay for their day."""
    for system in load.sources():
        cloudwatch(system).forget()
    for cached in (_observed, _attribution, _growth, _advice, _capacity):
        cached.clear()
