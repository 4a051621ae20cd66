"""Who has which role, and for how long a sign-in holds: [access] of dynascope.toml, read strictly.

Whoever is in neither `groups` nor `people` has no role. A name that is only nearly right gives nothing: nothing is trimmed or folded.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from pydantic import ConfigDict, StrictFloat, StrictInt, with_config

from data_access.access.permissions import Role
from data_access.access.viewer import Limits
from data_access.errors import SettingsError

MOST_SESSION_HOURS = 24  # so long this process remembers which sign-ins were ended (sessions.py)
_strict = with_config(ConfigDict(extra="forbid", frozen=True))
# Between the issuer and the subject of a person: an address has none, and a subject may have one ("auth0|123").
MARK = "|"


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """The roles that a sign-in gives. `claim` is a dotted path into the signed claims, whose value is a text or a list of texts.

    `groups` are the values of that claim, `people` are "ISSUER|SUBJECT", byte for byte; `limits` is by either. `anonymous`: who
    did not sign in reads with masks.
    """

    anonymous: bool = False
    claim: str = "groups"
    groups: Mapping[str, frozenset[Role]] = field(default_factory=dict[str, frozenset[Role]])
    people: Mapping[str, frozenset[Role]] = field(default_factory=dict[str, frozenset[Role]])
    limits: Mapping[str, Limits] = field(default_factory=dict[str, Limits])
    session_hours: float = 8
    idle_minutes: float = 30
    fresh_minutes: float = 10
    lookups_per_hour: int = 50


@_strict
@dataclass(frozen=True, slots=True)
class LimitsSaid:
    """[access.limits.NAME] as it is written."""

    systems: list[str] | None = None
    tenants: list[str] | None = None


@_strict
@dataclass(frozen=True, slots=True)
class AccessSaid:
    """[access] as it is written."""

    claim: str = "groups"
    groups: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    people: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    limits: dict[str, LimitsSaid] = field(default_factory=dict[str, LimitsSaid])
    session_hours: StrictFloat = 8
    idle_minutes: StrictFloat = 30
    fresh_minutes: StrictFloat = 10
    lookups_per_hour: StrictInt = 50


def read_access(said: AccessSaid, anonymous: bool, systems: Collection[str], file: str) -> AccessSettings:
    """`systems` are the ids of all systems, `file` is the name for a message. Raises SettingsError."""
    if not all(said.claim.split(".")):
        raise SettingsError(f"{file}: access.claim is no path of names.", 'It is "groups", or "realm_access.roles".')
    for name in ("session_hours", "idle_minutes", "fresh_minutes", "lookups_per_hour"):
        number: float = getattr(said, name)
        if not (math.isfinite(number) and number > 0):
            raise SettingsError(f"{file}: access.{name} is above zero, and has an end.")
    if said.session_hours > MOST_SESSION_HOURS:
        raise SettingsError(f"{file}: access.session_hours is above {MOST_SESSION_HOURS}.", "Let people sign in again each day.")
    groups = {name: _roles(f"groups.{name}", roles, file) for name, roles in said.groups.items()}
    people = {name: _roles(f"people.{name}", roles, file) for name, roles in said.people.items()}
    if "" in groups:
        raise SettingsError(f"{file}: access.groups: one name is empty.")
    if not all(all(name.partition(MARK)[::2]) for name in people):
        raise SettingsError(f"{file}: access.people: one of them is not ISSUER|SUBJECT.", "An e-mail address is not enough.")
    return AccessSettings(
        anonymous,
        said.claim,
        groups,
        people,
        {name: _limits(name, one, {*groups, *people}, systems, file) for name, one in said.limits.items()},
        said.session_hours,
        said.idle_minutes,
        said.fresh_minutes,
        said.lookups_per_hour,
    )


def _roles(where: str, names: list[str], file: str) -> frozenset[Role]:
    for name in names:
        if name not in list(Role):
            raise SettingsError(f"{file}: access.{where}: there is no role {name!r}.", f"The roles are: {', '.join(Role)}.")
    return frozenset(Role(name) for name in names)


def _limits(name: str, said: LimitsSaid, known: Collection[str], systems: Collection[str], file: str) -> Limits:
    where = f"{file}: access.limits.{name}"
    if name not in known:  # A limit that nobody has would be taken for one that somebody has.
        raise SettingsError(f"{where}: access.groups and access.people have no such name.", "Write it as it stands there.")
    if not said.systems and not said.tenants:
        raise SettingsError(f"{where} limits nothing.", "Give it systems, tenants or both.")
    if said.systems == [] or said.tenants == [] or not all(said.tenants or ["-"]):
        raise SettingsError(f"{where}: one of its lists or names is empty.", "Leave a list out for no limit.")
    for system in said.systems or ():
        if system not in systems:
            raise SettingsError(f"{where}: there is no system {system!r}.", f"The systems are: {', '.join(systems)}.")
    return Limits(
        None if said.systems is None else frozenset(said.systems),
        None if said.tenants is None else frozenset(said.tenants),
    )
