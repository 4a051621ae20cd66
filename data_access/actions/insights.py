"""Questions about everything, as far as there is anything for who asks: search, usage, costs, capacity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from data_access.access.permissions import Action
from data_access.actions.asking import Asking, action, open_to
from data_access.actions.limits import masker, source_of, within
from data_access.capacity import report as capacities
from data_access.capacity.cloudwatch import CloudWatch
from data_access.capacity.report import CapacityReport
from data_access.costs import observed as observing
from data_access.costs.advice import Advised, advise_here
from data_access.costs.observed import Attribution, Growth, Observed, attribute
from data_access.costs.observed.reading import PriceSource
from data_access.costs.what_if import Prefilled, Scenario
from data_access.costs.what_if import prefill as fill_in
from data_access.dynamo.aws import Source
from data_access.settings import Settings
from data_access.snapshot.hot import Hot
from data_access.snapshot.search import Found, SearchFilter
from data_access.snapshot.search import search as find_words
from data_access.usage import Cell, Usage, UsageFilter, conversations_behind
from data_access.usage import usage as count


@action(Action.SEARCH)
def search(by: Asking, settings: Settings, hot: Hot, text: str, wanted: SearchFilter, *, now: datetime | None = None) -> Found:
    """Conversations with these words. Raises UsageError, SnapshotError."""
    hide = masker(by, settings)
    return find_words(hot, text, replace(wanted, within=within(by, settings)), now=now, mask=None if hide is None else hide.text)


@action(Action.USAGE)
def usage(by: Asking, settings: Settings, hot: Hot, wanted: UsageFilter, *, now: datetime | None = None) -> Usage:
    """All metrics and series of a filter. Raises UsageError, SnapshotError."""
    return count(hot, replace(wanted, within=within(by, settings)), now=now)


@action(Action.CAPACITY)
def count_active(by: Asking, settings: Settings, hot: Hot, wanted: Sequence[UsageFilter]) -> tuple[int, ...]:
    """How many conversations were active in each of some windows. Raises UsageError, SnapshotError."""
    part = within(by, settings)
    return tuple(len(conversations_behind(hot, replace(one, within=part), Cell())) for one in wanted)


@action(Action.COSTS)
def observe_costs(
    by: Asking,
    settings: Settings,
    sources: Mapping[str, Source],
    book: PriceSource,
    hot: Hot | None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    now: datetime | None = None,
    free_tier: bool = False,
    region: str | None = None,
) -> Observed:
    """What the tables cost in a window; as data_access.costs.observed.observe_here. Raises UsageError, AwsError."""
    there = open_to(by, sources)
    return observing.observe_here(settings, there, book, hot, since=since, until=until, now=now, free_tier=free_tier, region=region)


@action(Action.COSTS)
def attribute_costs(by: Asking, sources: Mapping[str, Source], hot: Hot, observed: Observed) -> Attribution:
    """What a conversation, a message, a user and a tenant cost, of what was observed. It names tenants."""
    there = open_to(by, sources)
    resources = tuple(one for one in observed.resources if one.system in there)
    return attribute(hot, observed if resources == observed.resources else replace(observed, resources=resources))


@action(Action.COSTS)
def grow(by: Asking, sources: Mapping[str, Source], hot: Hot, observed: Observed | None, *, now: datetime | None = None) -> Growth:
    """How what is stored grows, by table, with dollars where `observed` has them."""
    there = open_to(by, sources)
    found = observing.grow(hot, observed, now=now)
    tables = tuple(one for one in found.tables if one.system in there)
    return found if by.viewer.limits.systems is None else replace(found, tables=tables)


@action(Action.COSTS)
def advise(
    by: Asking, settings: Settings, sources: Mapping[str, Source], book: PriceSource, hot: Hot | None, *, now: datetime | None = None
) -> Advised:
    """What could be done about costs and risks, by the last two weeks. Raises UsageError, AwsError."""
    return advise_here(settings, open_to(by, sources), book, hot, now=now)


@action(Action.COSTS)
def prefill(by: Asking, sources: Mapping[str, Source], hot: Hot, scenario: Scenario) -> Prefilled | None:
    """A scenario as its system is used now; None where the snapshot has nothing of it. Raises UsageError, SnapshotError."""
    source_of(by, sources, scenario.system.id)
    return fill_in(hot, scenario)


@action(Action.CAPACITY)
def capacity(
    by: Asking, sources: Mapping[str, Source], cloudwatch: CloudWatch, system: str, since: datetime, until: datetime
) -> CapacityReport:
    """A system's capacity in a window. Raises UsageError, AwsError."""
    return capacities.report(source_of(by, sources, system), cloudwatch, since, until)
