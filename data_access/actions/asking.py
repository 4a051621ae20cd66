"""How a page asks for something: who asks, the one check of the table of permissions, and the audit of every refusal.

    @action(Action.REPLAY)
    def replay(by: Asking, source: Source, conversation_id: str) -> Replay: ...

The function is called as it is written. Before anything else it asks whether `by.viewer` may, and it is in ACTIONS[Action.REPLAY].
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from data_access.access.permissions import Action
from data_access.access.refusals import REFUSALS
from data_access.access.viewer import Viewer
from data_access.audit import events
from data_access.audit.events import Event
from data_access.dynamo.aws import Source
from data_access.errors import DataAccessError, Denied
from data_access.settings import Place

P = ParamSpec("P")
R = TypeVar("R")
_log = logging.getLogger("dynascope.access")


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks. `audit` writes one event; it opens the audit when it is called, and raises DataAccessError where it cannot be written."""

    viewer: Viewer
    audit: Callable[[Event], object]

    @property
    def key(self) -> str:
        """What an answer that is kept depends on: who it was for, and what they could do and see then."""
        limits = self.viewer.limits
        open_for_them = [None if names is None else sorted(names) for names in (limits.systems, limits.tenants)]
        return repr((self.viewer.origin, self.viewer.actor, sorted(self.viewer.roles), open_for_them))


class Guarded(Generic[P, R]):
    """A function that is done for those alone who may. Raises Denied, and SignInAgain where a destructive step needs a fresh sign-in."""

    def __init__(self, name: Action, body: Callable[Concatenate[Asking, P], R]) -> None:
        functools.update_wrapper(self, body)
        self.action = name
        self.body = body

    def __call__(self, by: Asking, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            by.viewer.require(self.action)
            return self.body(by, *args, **kwargs)
        except Denied as error:
            _tell(by, self.action, error)
            raise


# Every function of this package by what it needs. What is in no list cannot be asked for from a page.
ACTIONS: dict[Action, list[Guarded[..., Any]]] = {name: [] for name in Action}


def action(name: Action) -> Callable[[Callable[Concatenate[Asking, P], R]], Guarded[P, R]]:
    """The function below is for those who may do this. Its first parameter is `by: Asking`."""

    def guard(body: Callable[Concatenate[Asking, P], R]) -> Guarded[P, R]:
        guarded = Guarded(name, body)
        ACTIONS[name].append(guarded)
        return guarded

    return guard


def check_system(by: Asking, source: Source) -> None:
    """In an action, which audits it. Raises Denied for a system that the viewer's limits leave out."""
    if not _sees(by, source):
        raise Denied("This system is not open to you.", "Ask whoever runs Dynascope to open it.")


def check_systems(by: Asking, sources: Mapping[str, Source], systems: Sequence[str]) -> None:
    """The same for several. One that is not here is no secret, and said by who reads."""
    for name in systems:
        if name in sources:
            check_system(by, sources[name])


def check_tenant(by: Asking, source: Source, tenant: str | None) -> None:
    """In an action, which audits it. Raises Denied for a tenant of this system that the viewer's limits leave out."""
    if not by.viewer.limits.allows_tenant(tenant, keeps_tenants=keeps_tenants(source.place)):
        raise Denied("This tenant is not open to you.", "Ask whoever runs Dynascope to open it.")


def open_to(by: Asking, sources: Mapping[str, Source]) -> dict[str, Source]:
    """The systems that the viewer may see."""
    return {name: source for name, source in sources.items() if _sees(by, source)}


def keeps_tenants(place: Place) -> bool:
    return place.system.has_part("tenant_id")


def _sees(by: Asking, source: Source) -> bool:
    return by.viewer.limits.allows_system(source.id, keeps_tenants=keeps_tenants(source.place))


def _tell(by: Asking, name: Action, error: Denied) -> None:
    """Once, whoever catches it on the way; in one row a minute. What cannot be audited is in the log, with no word about who or whom."""
    if error.audited:
        return
    error.action = name.value
    error.audited = True
    who = by.viewer.actor
    times = REFUSALS.count(who, name.value)
    if not times:
        return
    try:
        by.audit(events.Denied(who, name.value, times))
    except DataAccessError as trouble:
        REFUSALS.not_written(who, name.value, times)
        _log.warning("A refusal of %s could not be written to the audit (%s).", name.value, trouble.code)
