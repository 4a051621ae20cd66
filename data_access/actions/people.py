"""What can be asked about one person: everything that is kept of them, ids that look like theirs, a file of it all.

Each is counted for whoever asks (access/lookups.py) and is in the audit before anybody sees it. Limits of the viewer narrow what is
read, not what is shown of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from data_access.access.lookups import LOOKUPS
from data_access.access.permissions import Action
from data_access.actions.asking import Asking, action, check_systems, open_to
from data_access.audit.events import Exported, LookedUp
from data_access.dynamo.aws import Source
from data_access.erasure.known import meet_all
from data_access.erasure.model import Neighbour
from data_access.erasure.neighbours import Radar
from data_access.errors import DataAccessError, Denied, SnapshotError, UsageError
from data_access.handover.archive import Manifest, write_archive
from data_access.handover.vault import Waiting
from data_access.people import Person, everything
from data_access.settings import Settings
from data_access.snapshot.store import Store, open_store

# The keyed hash of a user's id (Keys.subject). The keys are opened when it is called: raises KeyFileError, AwsError.
Subject = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Looked:
    """A person as they were read; `unaudited` is why the look-up is not in the audit, which only this machine's own data allows."""

    person: Person
    unaudited: DataAccessError | None


@dataclass(frozen=True, slots=True)
class Nearby:
    """Ids that look like one. `systems` are those whose ids the snapshot has; `trouble` is why nothing was looked for."""

    neighbours: tuple[Neighbour, ...]
    count: int
    systems: frozenset[str]
    trouble: DataAccessError | None = None


@action(Action.LOOK_UP)
def look_up(
    by: Asking,
    settings: Settings,
    sources: Mapping[str, Source],
    user_id: str,
    systems: Sequence[str],
    *,
    subject: Subject,
    store: Store | None = None,
    allow_scan: bool = False,
) -> Looked:
    """Everything of the person with exactly this id in these systems, and the look-up in the audit. No system is every system.

    Raises Denied, UsageError, and where it cannot be audited the audit's own errors, unless nobody signs in here.
    """
    LOOKUPS.count(by.viewer, "look_up", settings.access.lookups_per_hour)
    check_systems(by, sources, systems)
    trouble: DataAccessError | None = None
    hashed = ""
    try:
        hashed = subject(user_id)
    except DataAccessError as error:
        trouble = _forgiven(by, error)
    tenants = by.viewer.limits.tenants
    found = everything(
        open_to(by, sources),
        user_id,
        systems,
        store=store,
        allow_scan=allow_scan,
        tenants=None if tenants is None else sorted(tenants),
    )
    if trouble is None:
        try:
            by.audit(LookedUp(hashed, by.viewer.actor, "viewer", tuple(one.system for one in found.systems), found.items))
        except DataAccessError as error:
            trouble = _forgiven(by, error)
    return Looked(found, trouble)


@action(Action.LOOK_UP)
def nearby(by: Asking, settings: Settings, sources: Mapping[str, Source], user_id: str) -> Nearby:
    """Ids that look like this one, of every user that the snapshot knows in the systems that are open to the viewer."""
    if by.viewer.limits.tenants is not None:
        # Ids of other tenants' people are not the viewer's to see, and an id alone does not tell its tenant.
        trouble = UsageError("You see some tenants only, so ids like this one are not looked for.", "Ask somebody who sees all of them.")
        return Nearby((), 0, frozenset(), trouble)
    LOOKUPS.count(by.viewer, "nearby", settings.access.lookups_per_hour)
    seen = frozenset(open_to(by, sources))
    radar = Radar.on(user_id)
    try:
        known = meet_all(open_store(settings), radar, seen)
    except SnapshotError as error:
        return Nearby((), 0, frozenset(), error)
    if not known:
        nothing = SnapshotError("The snapshot holds none of these systems yet.", "Refresh it: that reads every user once.")
        return Nearby((), 0, known, nothing)
    return Nearby(radar.neighbours, radar.count, known)


@action(Action.EXPORT)
def export(
    by: Asking,
    settings: Settings,
    sources: Mapping[str, Source],
    person: Person,
    target: BinaryIO,
    *,
    subject: Subject,
    store: Store | None = None,
    allow_scan: bool = False,
) -> Manifest:
    """Read all of a person who was looked up again, as a ZIP. It is in the audit when this returns, and not to be used before.

    Raises Denied, UsageError, OSError of the file, and where it cannot be audited the audit's own errors.
    """
    LOOKUPS.count(by.viewer, "export", settings.access.lookups_per_hour)
    check_systems(by, sources, [one.system for one in person.systems])
    tenants = by.viewer.limits.tenants
    if tenants is not None and not (person.tenants is not None and tenants.issuperset(person.tenants)):
        raise Denied("This person was looked up in tenants that are not open to you.", "Look them up again.")
    made = write_archive(open_to(by, sources), person, target, store=store, allow_scan=allow_scan)
    systems = tuple(one.system for one in made.person.systems)
    by.audit(Exported(subject(person.user_id), by.viewer.actor, "viewer", systems, made.person.items, _digest(made)))
    return made


def _forgiven(by: Asking, error: DataAccessError) -> DataAccessError:
    """Nobody else's data is on this machine: there it is said, and the person is shown all the same."""
    if by.viewer.origin != "local":
        raise error
    return error


@action(Action.EXPORT)
def hand_over(by: Asking, waiting: Waiting) -> Waiting:  # noqa: ARG001 - the guard asks them
    """An export that waits for this browser, for somebody who may have it when they fetch it, too."""
    return waiting


def _digest(made: Manifest) -> str:
    """One SHA-256 over every file's name and SHA-256, as the manifest has them."""
    return hashlib.sha256("".join(f"{file.sha256}  {file.name}\n" for file in made.files).encode()).hexdigest()
