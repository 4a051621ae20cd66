"""Lists of conversations and one of them, live or from the snapshot, as far as there is anything for who asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from data_access import conversations as reader
from data_access.access.permissions import Action
from data_access.actions.asking import Asking, action, check_tenant
from data_access.actions.limits import masker, source_of, tenants_of, within
from data_access.conversations import Listing, Replay
from data_access.dynamo.aws import Source
from data_access.dynamo.meter import added
from data_access.dynamo.plan import Plan
from data_access.dynamo.sizes import Sizes
from data_access.errors import Ambiguous
from data_access.models import Conversation, Filter
from data_access.settings import Settings
from data_access.snapshot.estimates import stored_sizes
from data_access.snapshot.hot import ConversationKey, Hot
from data_access.snapshot.listed import listed
from data_access.snapshot.store import Store
from data_access.usage import Cell, UsageFilter
from data_access.usage import conversations_behind as behind


@action(Action.LIST)
def plan_list(by: Asking, settings: Settings, sources: Mapping[str, Source], wanted: Filter) -> Plan:
    """How a list would be read, and what that is likely to cost. Reads no item. Raises UsageError, Denied (a tenant), AwsError."""
    source, sizes = source_of(by, sources, wanted.system), stored_sizes(settings, wanted.system)
    asked = _narrowed(by, source, wanted, sizes)
    return _together([reader.plan_list(source, one, sizes) for one in asked])


@action(Action.LIST)
def list_conversations(
    by: Asking, settings: Settings, sources: Mapping[str, Source], wanted: Filter, *, allow_scan: bool = False
) -> Listing:
    """The conversations of a filter, newest activity first. Raises UsageError, Denied (a tenant), ScanRefused, AwsError."""
    source, sizes = source_of(by, sources, wanted.system), stored_sizes(settings, wanted.system)
    tenants = tenants_of(by, source)
    asked = _narrowed(by, source, wanted, sizes)
    read = [reader.list_conversations(source, one, allow_scan=allow_scan, sizes=sizes, tenants=tenants) for one in asked]
    found = read[0] if len(read) == 1 else _joined(read)
    hide = masker(by, settings)
    return found if hide is None else hide.value(found)


@action(Action.REPLAY)
def replay(by: Asking, settings: Settings, sources: Mapping[str, Source], wanted: Filter, *, allow_scan: bool = False) -> Replay:
    """One conversation with its messages and stored items. Of another tenant it is not found, as if it were not there.

    Raises UsageError, NotFound, Ambiguous, ScanRefused, AwsError.
    """
    hide = masker(by, settings)
    try:
        found = read_replay(by, settings, sources, wanted, allow_scan=allow_scan)
    except Ambiguous as error:
        if hide is not None:
            error.candidates = hide.value(error.candidates)
        raise
    return found if hide is None else hide.value(found)


def read_replay(by: Asking, settings: Settings, sources: Mapping[str, Source], wanted: Filter, *, allow_scan: bool) -> Replay:
    """Within the viewer's limits, and without masks: for the actions that mask it, or may show it. Raises as `replay`."""
    source, sizes = source_of(by, sources, wanted.system), stored_sizes(settings, wanted.system)
    tenants = tenants_of(by, source)
    if tenants is not None:
        if wanted.tenant_id is None and len(tenants) == 1:
            wanted = replace(wanted, tenant_id=next(iter(tenants)))
        elif not tenants or (wanted.tenant_id is not None and wanted.tenant_id not in tenants):
            raise reader.not_found(source, wanted)
    return reader.replay(source, wanted, allow_scan=allow_scan, sizes=sizes, tenants=tenants)


@action(Action.LIST)
def conversations_behind(
    by: Asking, settings: Settings, hot: Hot, wanted: UsageFilter, cell: Cell, *, now: datetime | None = None
) -> tuple[ConversationKey, ...]:
    """The conversations that a number of usage counted, latest activity first. Raises UsageError, SnapshotError."""
    return tuple(behind(hot, replace(wanted, within=within(by, settings)), cell, now=now))


@action(Action.LIST)
def conversations_of(by: Asking, settings: Settings, store: Store, keys: Sequence[ConversationKey]) -> tuple[Conversation, ...]:
    """Conversations by their keys, as the snapshot has them, in the same order; without those that there are not for who asks.

    Raises SnapshotError.
    """
    part = within(by, settings)
    found = listed(store, [key for key in keys if part is None or part.holds(key)])
    hide = masker(by, settings)
    return found if hide is None else hide.value(found)


def _narrowed(by: Asking, source: Source, wanted: Filter, sizes: Sizes | None) -> tuple[Filter, ...]:
    """The questions that bring what there is for who asks: one, or one a tenant where keys lead to each tenant's."""
    tenants = tenants_of(by, source)
    if tenants is None:
        return (wanted,)
    if wanted.tenant_id is not None:
        check_tenant(by, source, wanted.tenant_id)
        return (wanted,)
    each = tuple(replace(wanted, tenant_id=tenant) for tenant in sorted(tenants))
    if each and not any(reader.plan_list(source, one, sizes).scans for one in each):
        return each
    # A Scan for each would read everything several times: once, and what is not theirs is left out.
    return (wanted,)


def _together(plans: Sequence[Plan]) -> Plan:
    if len(plans) == 1:
        return plans[0]
    known = [plan.sized_at for plan in plans if plan.sized_at is not None]
    return Plan(tuple(step for plan in plans for step in plan.steps), min(known, default=None))


def _joined(read: Sequence[Listing]) -> Listing:
    """Lists of one system's tenants as one. They were read one after the other."""
    return Listing(
        reader.newest_first(one for listing in read for one in listing.conversations),
        _together([listing.plan for listing in read]),
        added([listing.measured for listing in read]),
        tuple(problem for listing in read for problem in listing.problems),
    )
