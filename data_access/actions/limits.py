"""What one viewer can see of everything: their systems, their tenants, texts masked or not.

A system that is not open to them is as if it did not exist. Of a system that keeps tenants, rows of other tenants are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from data_access.access.permissions import Action
from data_access.actions.asking import Asking, Guarded, action, keeps_tenants, open_to
from data_access.dynamo.aws import Source
from data_access.errors import UsageError
from data_access.masking.masker import Masker, masker_for
from data_access.settings import Place, Settings
from data_access.snapshot.within import Within


@dataclass(frozen=True, slots=True)
class Sight:
    """What makes two viewers see the same: part of the key of whatever is remembered of an answer. It names nobody.

    `systems` and `tenants` are in their order, None for all.
    """

    systems: tuple[str, ...] | None
    tenants: tuple[str, ...] | None
    masked: bool


def sight(by: Asking, name: Action, settings: Settings) -> Sight:
    """For one who may do this; asked at every question, since an answer may have been remembered. Raises Denied, audited."""
    _CHECKS[name](by)
    limits = by.viewer.limits
    return Sight(
        None if limits.systems is None else tuple(sorted(limits.systems)),
        None if limits.tenants is None else tuple(sorted(limits.tenants)),
        masker(by, settings) is not None,
    )


def _nothing(by: Asking) -> None:
    """The check alone."""


_CHECKS: Mapping[Action, Guarded[[], None]] = {
    name: action(name)(_nothing)
    for name in (
        *(Action.LIST, Action.REPLAY, Action.SEARCH, Action.USAGE, Action.COSTS, Action.CAPACITY),
        *(Action.SNAPSHOT, Action.SYNC, Action.TABLES),
    )
}


def masker(by: Asking, settings: Settings) -> Masker | None:
    """What hides what must not be read; None where nothing must."""
    return masker_for(by.viewer, settings)


def source_of(by: Asking, sources: Mapping[str, Source], system: str) -> Source:
    """One system. Raises UsageError where there is none for who asks."""
    there = open_to(by, sources)
    if system not in there:
        raise UsageError("There is no such system here.", f"The systems are: {', '.join(there) or 'none'}.")
    return there[system]


def tenants_of(by: Asking, source: Source) -> frozenset[str] | None:
    """The tenants of this system that there are for who asks; None for all, and where it keeps none."""
    return by.viewer.limits.tenants if keeps_tenants(source.place) else None


def places_of(by: Asking, settings: Settings) -> dict[str, Place]:
    """The systems that are open to who asks, as the settings have them: no table is opened for it."""
    limits = by.viewer.limits
    return {name: place for name, place in settings.places.items() if limits.allows_system(name, keeps_tenants=keeps_tenants(place))}


def within(by: Asking, settings: Settings) -> Within | None:
    """The part of the snapshot that there is for who asks; None for all of it.

    A system that is in the snapshot and no longer in the settings is seen by those without a limit alone: nobody knows any more
    whether it keeps tenants.
    """
    limits = by.viewer.limits
    if limits.systems is None and limits.tenants is None:
        return None
    there = places_of(by, settings)
    shared = frozenset(name for name, place in there.items() if limits.tenants is not None and keeps_tenants(place))
    return Within(frozenset(there) - shared, shared, limits.tenants or frozenset())
