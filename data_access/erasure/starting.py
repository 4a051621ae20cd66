"""Before the first delete: the plan is still what was approved, and what came since is looked for once more.

Conversations that were begun after the plan belong to the erasure too. More of them than a bound, and it is not the erasure that
somebody confirmed any more: then nothing is deleted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import orjson

from data_access.dynamo.aws import Source
from data_access.erasure.control import Control
from data_access.erasure.discovery import Discovery, Known
from data_access.erasure.known import known
from data_access.erasure.live import live_tables
from data_access.erasure.model import FrozenKey, Job
from data_access.erasure.plan import digest_of, specs_digest
from data_access.errors import AccessDenied, PlanChanged, SnapshotError
from data_access.snapshot.store import Store

# What may have come since the plan: this share of it (but always so many), and never more than so many.
DRIFT_SHARE = 0.25
DRIFT_ALWAYS = 100
DRIFT_MOST = 5_000


@dataclass(frozen=True, slots=True)
class Drift:
    """Items that the plan does not have, and sentences on what could not be looked through."""

    keys: tuple[FrozenKey, ...] = ()
    troubles: tuple[str, ...] = ()


def check_digest(control: Control, sources: Mapping[str, Source], job: Job) -> None:
    """What was confirmed is what is stored, keys and systems' files with it. Raises PlanChanged."""
    missing = [name for name in job.plan.scope.systems if name not in sources]
    if missing:
        raise PlanChanged("A system of this plan is not in the configuration any more.", "Make a new plan.")
    specs = specs_digest(sources[name].place.system for name in job.plan.scope.systems)
    if digest_of(job.plan, control.keys_digest(job.plan_id), specs) != job.plan.digest:
        raise PlanChanged("The plan, its keys or the systems' files are not what was confirmed.", "Make a new plan.")


def look_again(control: Control, sources: Mapping[str, Source], job: Job, snapshot: Store | None, beat: Callable[[], object]) -> Drift:
    """Find everything of the user once more. Raises PlanChanged for more than may have come since, SchemaDrift, AwsError."""
    scope, most = job.plan.scope, min(DRIFT_MOST, max(DRIFT_ALWAYS, int(job.plan.keys * DRIFT_SHARE)))
    frozen = {_digest(key) for chunk in control.chunks(job.plan_id) for key in chunk.keys}
    fresh: list[FrozenKey] = []
    troubles: list[str] = []
    for name in scope.systems:
        source = sources[name]
        try:
            look = Discovery(source, scope, live_tables(source), known=_known(snapshot, name, scope.user_id))
            for key in look.find():
                if _digest(key) not in frozen:
                    fresh.append(key)
                    if len(fresh) > most:
                        raise PlanChanged(
                            f"More than {most:,} items came since this plan was made, so nothing was deleted.", "Make a new plan."
                        )
                beat()
        except AccessDenied as error:
            # The planned keys are tried all the same: other tables do not wait for this one.
            troubles.append(error.sentence)
            continue
        if blocked := tuple(look.findings.blocked()):
            raise PlanChanged(f"Since the plan was made something stands against it: {blocked[0]}", "Make a new plan.")
    return Drift(tuple(fresh), tuple(troubles))


def _known(snapshot: Store | None, system: str, user_id: str) -> Known | None:
    try:
        return None if snapshot is None else known(snapshot, system, user_id)
    except SnapshotError:
        return None  # it adds conversations that no table tells of; the plan has said so


def _digest(key: FrozenKey) -> bytes:
    """16 bytes for a key: what a hundred thousand of them can be held in."""
    plain = [(name, *(str(part) for part in next(iter(key.key[name].items())))) for name in sorted(key.key)]
    return hashlib.blake2b(orjson.dumps((key.system, key.table, plain)), digest_size=16).digest()
