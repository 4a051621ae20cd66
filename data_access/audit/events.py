"""Everything that the audit can say: a closed set of events without free text.

An id of a user is in none of them. `subject` is the keyed hash of Keys.subject; `actor` is a member of staff or the name of a
program. What a field may hold is its type: a value that does not fit is refused, and never repeated in the refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Literal, get_type_hints

import orjson
from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from data_access.erasure.model import Reason, State
from data_access.errors import AuditError

PlanId = Annotated[str, StringConstraints(pattern=r"^[0-9A-HJKMNP-TV-Z]{26}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
KeyId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16,64}$")]
SystemId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,64}$")]
TableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{3,255}$")]
ChunkName = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}#[0-9]{2}-[0-9]{6}#[a-z0-9_]{1,64}#[A-Za-z0-9_.-]{3,255}#[0-9]{6}$")]
Actor = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9@._:/+=,|-]{1,256}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]
Version = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z.+-]{1,40}$")]
Day = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Count = Annotated[int, Field(ge=0)]
Times = Annotated[int, Field(ge=1)]
Role = Literal["viewer", "requester", "approver", "admin", "operator", "system"]


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan was made. `digest` stands for what it says, `spec` for the systems' files that it was made with."""

    plan_id: PlanId
    subject: Digest
    actor: Actor
    role: Role
    systems: tuple[SystemId, ...]
    items: Count
    digest: Digest
    spec: Digest | None = None
    version: Version | None = None


@dataclass(frozen=True, slots=True)
class Submitted:
    """Somebody typed the id and started it."""

    plan_id: PlanId
    subject: Digest
    actor: Actor
    role: Role
    digest: Digest
    needs_approval: bool


@dataclass(frozen=True, slots=True)
class Approved:
    plan_id: PlanId
    actor: Actor
    role: Role
    digest: Digest


@dataclass(frozen=True, slots=True)
class Refused:
    """A step was asked for and not allowed: `code` is the error's."""

    plan_id: PlanId
    actor: Actor
    role: Role
    code: Code


@dataclass(frozen=True, slots=True)
class CancelAsked:
    plan_id: PlanId
    actor: Actor
    role: Role


@dataclass(frozen=True, slots=True)
class Resumed:
    """Somebody had a worker go on with it, or begin."""

    plan_id: PlanId
    actor: Actor
    role: Role


@dataclass(frozen=True, slots=True)
class Extended:
    """The due date was moved, once, to the day `due` (UTC), for one of the two reasons that the law knows."""

    plan_id: PlanId
    actor: Actor
    role: Role
    reason: Reason
    due: Day


@dataclass(frozen=True, slots=True)
class Started:
    """A worker took the job: `token` is 1 for the first, more for one that goes on where another stopped."""

    plan_id: PlanId
    actor: Actor
    token: Count


@dataclass(frozen=True, slots=True)
class Deleting:
    """Written before the deletes of a chunk are sent."""

    plan_id: PlanId
    chunk: ChunkName
    items: Count
    token: Count


@dataclass(frozen=True, slots=True)
class Deleted:
    """What became of one table, or of one chunk of it."""

    plan_id: PlanId
    system: SystemId
    table: TableName
    deleted: Count
    absent: Count
    foreign: Count
    errors: Count
    chunk: ChunkName | None = None


@dataclass(frozen=True, slots=True)
class Swept:
    """The independent reader went through one table."""

    plan_id: PlanId
    sweep: Count
    system: SystemId
    table: TableName
    residuals: Count
    new_activity: Count


@dataclass(frozen=True, slots=True)
class LookedAgain:
    """A look after the end, the first being 1: what is there again, what is new, and how many reads failed."""

    plan_id: PlanId
    actor: Actor
    look: Count
    residuals: Count
    new_activity: Count
    unread: Count


@dataclass(frozen=True, slots=True)
class Ended:
    plan_id: PlanId
    state: State
    deleted: Count
    absent: Count
    residuals: Count


@dataclass(frozen=True, slots=True)
class Receipted:
    """A receipt was signed: `key_id` names the public key."""

    plan_id: PlanId
    digest: Digest
    key_id: KeyId


@dataclass(frozen=True, slots=True)
class LookedUp:
    """Somebody looked at everything that a user has."""

    subject: Digest
    actor: Actor
    role: Role
    systems: tuple[SystemId, ...]
    items: Count


@dataclass(frozen=True, slots=True)
class Exported:
    """Somebody made a file of everything that a user has."""

    subject: Digest
    actor: Actor
    role: Role
    systems: tuple[SystemId, ...]
    items: Count
    digest: Digest


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The snapshot and the exports hold nothing of the subject any more."""

    plan_id: PlanId
    subject: Digest
    rows: Count
    exports: Count


@dataclass(frozen=True, slots=True)
class Denied:
    """Somebody asked for what their roles or limits do not allow. `action` is a name of the table of permissions.

    `times`: this row stands for so many, those since the last row among them. A row without it is an older one, of one refusal.
    """

    actor: Actor
    action: Code
    times: Times = 1


@dataclass(frozen=True, slots=True)
class Revealed:
    """Somebody saw one conversation without masks. `conversation` is a keyed hash, `reason` one of a closed list."""

    actor: Actor
    system: SystemId
    conversation: Digest
    reason: Code


Event = (
    Planned
    | Submitted
    | Approved
    | Refused
    | CancelAsked
    | Resumed
    | Extended
    | Started
    | Deleting
    | Deleted
    | Swept
    | LookedAgain
    | Ended
    | Receipted
    | LookedUp
    | Exported
    | Forgotten
    | Denied
    | Revealed
)
EVENTS: Mapping[str, type[Any]] = {kind.__name__.lower(): kind for kind in Event.__args__}


def checked(event: Event) -> tuple[str, dict[str, Any]]:
    """The name of an event and its fields as plain values. Raises AuditError for what the audit must not hold."""
    name = type(event).__name__.lower()
    if EVENTS.get(name) is not type(event) or not is_dataclass(event):
        raise AuditError("The audit has no such event.", "This is a fault of the program: report it.")
    given = {item.name: getattr(event, item.name) for item in fields(event)}
    try:
        for field, adapter in _adapters(name).items():
            adapter.validate_python(given[field], strict=True)
        plain: dict[str, Any] = orjson.loads(orjson.dumps({key: value for key, value in given.items() if value is not None}))
    except (ValidationError, TypeError):
        raise AuditError(
            f"A value of the event {name} is not one that the audit may hold.", "This is a fault of the program: report it."
        ) from None
    return name, plain


@cache
def _adapters(name: str) -> Mapping[str, TypeAdapter[Any]]:
    # Field by field: pydantic does not look into a dataclass that exists already.
    return {field: TypeAdapter(hint) for field, hint in get_type_hints(EVENTS[name], include_extras=True).items()}
