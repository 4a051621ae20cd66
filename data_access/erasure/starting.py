"""Before the first delete: the plan is still what was approved, and what came since is looked for once more.

Conversations that were begun after the plan belong to the erasure too. More of them than a bound, and it is not the erasure that
somebody confirmed any more: then nothing is deleted.

Where an index leads to a user's items it is followed, and the table is not read from end to end for what the index may miss: the
independent reader does that after the deletes, and does not end before it found nothing. What that reader finds has no bound, so
this holds only for what can have come in a short time: of a plan that has waited, or that was made without Scans, whole tables are
read before anything is deleted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import orjson

from data_access.dynamo.aws import Source
from data_access.dynamo.codec import decode
from data_access.erasure.control import Control
from data_access.erasure.discovery import Discovery, Known
from data_access.erasure.known import known
from data_access.erasure.live import live_tables
from data_access.erasure.model import FrozenKey, Job, Plan, Scope
from data_access.erasure.plan import digest_of, specs_digest
from data_access.erasure.targets import layout
from data_access.errors import AccessDenied, PlanChanged, ScanRefused, SnapshotError
from data_access.snapshot.store import Store
from data_access.systems.spec import System

# What may have come since the plan: this share of it (but always so many), and never more than so many.
DRIFT_SHARE = 0.25
DRIFT_ALWAYS = 100
DRIFT_MOST = 5_000
# How long after a plan that read whole tables nothing but the indexes is looked at.
FRESH = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Drift:
    """Items that the plan does not have, and sentences on what could not be looked through."""

    keys: tuple[FrozenKey, ...] = ()
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Planned:
    """What the plan has: 16 bytes for each key, and by system the tenants that its keys and guards name."""

    keys: set[bytes] = field(default_factory=set[bytes])
    tenants: dict[str, set[str]] = field(default_factory=dict[str, set[str]])

    def has(self, system: str, table: str, key: Mapping[str, Any]) -> bool:
        return _digest(system, table, key) in self.keys


def check_digest(control: Control, sources: Mapping[str, Source], job: Job) -> None:
    """What was confirmed is what is stored, keys and systems' files with it. Raises PlanChanged."""
    missing = [name for name in job.plan.scope.systems if name not in sources]
    if missing:
        raise PlanChanged("A system of this plan is not in the configuration any more.", "Make a new plan.")
    specs = specs_digest(sources[name].place.system for name in job.plan.scope.systems)
    if digest_of(job.plan, control.keys_digest(job.plan_id), specs) != job.plan.digest:
        raise PlanChanged("The plan, its keys or the systems' files are not what was confirmed.", "Make a new plan.")


def look_again(control: Control, sources: Mapping[str, Source], job: Job, snapshot: Store | None, beat: Callable[[], object]) -> Drift:
    """Find what the user has by now and the plan does not. Raises PlanChanged for more than may have come, SchemaDrift, AwsError."""
    scope, most = job.plan.scope, min(DRIFT_MOST, max(DRIFT_ALWAYS, int(job.plan.keys * DRIFT_SHARE)))
    planned = _planned(control, sources, job)
    fresh: list[FrozenKey] = []
    troubles: list[str] = []
    for name in scope.systems:
        source = sources[name]
        try:
            before = _known(snapshot, name, scope.user_id)
            look = _look(source, scope, before, planned, beat, allow_scan=not _is_enough(job.plan, source))
            for key in look.find():
                if not planned.has(name, key.table, key.key):
                    fresh.append(key)
                    if len(fresh) > most:
                        raise PlanChanged(
                            f"More than {most:,} items came since this plan was made, so nothing was deleted.", "Make a new plan."
                        )
        except AccessDenied as error:
            # The planned keys are tried all the same: other tables do not wait for this one.
            troubles.append(error.sentence)
            continue
        if blocked := tuple(look.findings.blocked()):
            raise PlanChanged(f"Since the plan was made something stands against it: {blocked[0]}", "Make a new plan.")
    return Drift(tuple(fresh), tuple(troubles))


def _planned(control: Control, sources: Mapping[str, Source], job: Job) -> _Planned:
    named = {name: _tenant_attributes(sources[name].place.system) for name in job.plan.scope.systems}
    planned = _Planned()
    for key in (key for chunk in control.chunks(job.plan_id) for key in chunk.keys):
        planned.keys.add(_digest(key.system, key.table, key.key))
        stored = {**dict(key.guard.conditions), **key.key}
        planned.tenants.setdefault(key.system, set()).update(str(decode(stored[one])) for one in named[key.system] if one in stored)
    return planned


def _tenant_attributes(system: System) -> frozenset[str]:
    return frozenset(name for table in system.tables.values() if (name := table.parts().get("tenant_id")) is not None)


def _is_enough(plan: Plan, source: Source) -> bool:
    """Whether what the indexes show tells all that can have come: the plan is new, and a Scan was made for it wherever one is due."""
    if datetime.now(UTC) - plan.created_at > FRESH:
        return False
    found_by = {row.table: row.found_by for row in plan.counts if row.system == source.id}
    return all(
        target.road.operation != "Scan" or found_by.get(target.name) == target.road.words
        for target in layout(source.place, plan.scope).targets
    )


def _look(source: Source, scope: Scope, before: Known, planned: _Planned, beat: Callable[[], object], *, allow_scan: bool) -> Discovery:
    before = replace(before, tenants=(*before.tenants, *sorted(planned.tenants.get(source.id, ()))))
    begin = partial(Discovery, source, scope, live_tables(source), known=before, held=partial(planned.has, source.id), beat=beat)
    try:
        return begin(allow_scan=allow_scan)
    except ScanRefused:  # a table that no index leads into
        return begin()


def _known(snapshot: Store | None, system: str, user_id: str) -> Known:
    try:
        return Known() if snapshot is None else known(snapshot, system, user_id)
    except SnapshotError:
        return Known()  # it adds conversations that no table tells of; the plan has said so


def _digest(system: str, table: str, key: Mapping[str, Any]) -> bytes:
    """16 bytes for a key: what a hundred thousand of them can be held in."""
    plain = [(name, *(str(part) for part in next(iter(key[name].items())))) for name in sorted(key)]
    return hashlib.blake2b(orjson.dumps((system, table, plain)), digest_size=16).digest()
