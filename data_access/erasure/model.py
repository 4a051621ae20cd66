"""What an erasure is made of: its scope, its frozen keys, its plan, its job.

Times are aware and in UTC, sizes in bytes, money in US dollars, units in write request units. Everything is frozen.
"""

from __future__ import annotations

import calendar
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from data_access.items.values import EPOCH

# Crockford's base 32, as in https://github.com/ulid/spec: no letter that can be read as a digit.
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS = 80
HIGHEST_RANK = 99
_PERSON = re.compile(r"\|[0-9a-f]{16}\Z")


class State(StrEnum):
    """Where a job stands. What is in ENDED stays as it is: its keys are gone."""

    DRAFT = "draft"
    AWAITING = "awaiting_approval"
    APPROVED = "approved"
    RUNNING = "running"
    VERIFYING = "verifying"
    COMPLETED = "completed"
    RESIDUALS = "completed_with_residuals"
    NO_DATA = "no_data_found"
    PARTIAL = "partial"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"
    FAILED = "failed"


ENDED: frozenset[State] = frozenset(
    (State.COMPLETED, State.RESIDUALS, State.NO_DATA, State.PARTIAL, State.BLOCKED, State.CANCELLED, State.FAILED)
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose data, and which of it. `tenants` None means every tenant.

    `data_type` is one kind of a table that holds several kinds; `conversation_id` one conversation alone.
    """

    user_id: str
    systems: tuple[str, ...]
    tenants: tuple[str, ...] | None = None
    data_type: str | None = None
    conversation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """What makes one delete safe.

    owner_in_key: the key itself names the owner. owner_attribute: `conditions` are (attribute, wire value) that the stored
    item must have. parent_check: `parent` is (table, wire key) of the conversation's item, which must exist and be the
    user's; its own `conditions` are checked on that parent.
    """

    kind: Literal["owner_in_key", "owner_attribute", "parent_check"]
    conditions: tuple[tuple[str, Any], ...] = ()
    parent: tuple[str, Mapping[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class FrozenKey:
    """One item to delete. `table` is the live table's name; `key` is what boto3 takes: {"pk": {"S": "…"}}, binary as bytes.

    `rank` orders the deletes, 0 (messages, records) before 9 (conversations); `bytes` is the size of the item.
    """

    system: str
    table: str
    key: Mapping[str, Any]
    guard: Guard
    rank: int
    bytes: int
    conversation: str | None = None


class Reason(StrEnum):
    """Why an erasure may take longer than a month: https://gdpr-info.eu/art-12-gdpr/ (3) knows these two."""

    COMPLEXITY = "complexity"
    NUMBER = "number_of_requests"


class Outcome(StrEnum):
    """What became of one key."""

    DELETED = "deleted"
    ABSENT = "already_absent"
    FOREIGN = "foreign_owner"
    THROTTLED = "throttled_retry"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class TableCount:
    """What the plan found in one table. `found_by` says how, in words; None where an estimate is not possible."""

    system: str
    table: str
    items: int
    bytes: int
    found_by: str
    write_units: float | None
    usd: float | None


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy that the erasure does not reach. `last_possible` None: it has no end date."""

    table: str
    what: str
    state: str
    last_possible: datetime | None
    note: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another user whose id looks like the subject's. `differs` says in what, `bytes_view` shows the id byte for byte."""

    user_id: str
    systems: tuple[str, ...]
    differs: str
    bytes_view: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be erased, frozen. `digest` is the SHA-256 (hex) of what was shown; `seconds` an estimate of the run."""

    plan_id: str
    scope: Scope
    created_at: datetime
    requested_by: str
    counts: tuple[TableCount, ...]
    keys: int
    digest: str
    write_units: float | None
    usd: float | None
    seconds: float | None
    out_of_scope: tuple[str, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    copies: tuple[Copy, ...] = ()
    not_performed: tuple[str, ...] = ()
    scanned: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one table is. `planned` counts the frozen keys, those found later with them."""

    system: str
    table: str
    planned: int
    deleted: int = 0
    absent: int = 0
    foreign: int = 0
    errors: int = 0
    write_units: float = 0


@dataclass(frozen=True, slots=True)
class Extension:
    """That the due date was moved, once: when, why, and by which member of staff."""

    at: datetime
    reason: Reason
    by: str


@dataclass(frozen=True, slots=True)
class LaterLook:
    """A look after the end. `left` is (table, class, items) of what is there again, `unread` how many reads failed."""

    at: datetime
    left: tuple[tuple[str, str, int], ...]
    new_activity: int
    unread: int

    @property
    def items(self) -> int:
        return sum(count for _, _, count in self.left)


@dataclass(frozen=True, slots=True)
class Job:
    """What the control table holds of an erasure.

    `token` is the fencing token of the last lease, 0 before the first. `subject` is the keyed hash of the user id: the plan's
    scope loses the plain one when the job has ended. `lease_until` is past or None when no worker is at it. `due_at` is the later
    date where there was an `extension`. `looks` are those after the end, `next_look` is when the next one is due.
    """

    plan: Plan
    state: State
    received_at: datetime
    due_at: datetime
    approved_by: str | None
    started_at: datetime | None
    ended_at: datetime | None
    cutoff: datetime | None
    progress: tuple[Progress, ...]
    message: str
    token: int
    subject: str
    needs_approval: bool = False
    cancel_asked: bool = False
    lease_until: datetime | None = None
    extension: Extension | None = None
    looks: tuple[LaterLook, ...] = ()
    next_look: datetime | None = None
    approved_at: datetime | None = None

    @property
    def plan_id(self) -> str:
        return self.plan.plan_id


def new_plan_id(now: datetime) -> str:
    """26 characters that sort by time to the millisecond and say nothing else."""
    number = (int((now - EPOCH).total_seconds() * 1000) << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
    return "".join(_LETTERS[(number >> 5 * place) & 31] for place in range(25, -1, -1))


def person_of(actor: str) -> str | None:
    """Which person an actor is, with its bar: what a sign-in proves (access/viewer.py). None for one who did not sign in."""
    found = _PERSON.search(actor)
    return None if found is None else found.group()


def is_same_person(one: str, other: str) -> bool:
    """Whether two actors are the same: the same person whatever they are called, or, without a sign-in, the same name."""
    return one == other or (person_of(one) is not None and person_of(one) == person_of(other))


def due_date(received_at: datetime, *, extended: bool = False) -> datetime:
    """One month after the request, three where it was extended by two further months; the last day of a shorter month.

    https://gdpr-info.eu/art-12-gdpr/ (3)
    """
    years, month = divmod(received_at.month - 1 + (3 if extended else 1), 12)
    year, month = received_at.year + years, month + 1
    return received_at.replace(year=year, month=month, day=min(received_at.day, calendar.monthrange(year, month)[1]))


def blanked(plan: Plan) -> Plan:
    """The plan without what names a person: what is kept of a job that has ended."""
    return replace(plan, scope=replace(plan.scope, user_id="", conversation_id=None), neighbours=())
