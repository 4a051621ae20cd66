"""The receipt of an erasure: what was asked, what went, what is left, what it cost, what it does not reach. Signed.

A file of JSON in one exact form: sorted names, two spaces, the public key and the signature inside. One byte that is changed is
seen. The user is in it as a keyed hash; the plain id only in a copy that somebody asked for. Every time comes from the job and the
sweeps, so that the same job and the same sweeps are the same file, byte for byte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
from pydantic import ConfigDict, Field, TypeAdapter, with_config

from data_access.audit.chain import Head
from data_access.erasure import signing
from data_access.erasure.ending import decide
from data_access.erasure.keys import Keys
from data_access.erasure.model import Copy, Job, Reason, State
from data_access.erasure.verification import Found, Residual, Sweep, Unread, Verification
from data_access.errors import NotConfirmed

if TYPE_CHECKING:
    from data_access.erasure.clearing import SecondStage

VERSION = 1
# What is always true, should a plan say nothing: a receipt without this list would claim too much.
_AT_LEAST = ("Everything that is not named here: other tables, logs, files, what models have learned, what third parties were given.",)
# Signed before the file's own text: a signature of this key on anything else can never be taken for a receipt's.
_CONTEXT = b"dynascope erasure receipt\0"

_strict = with_config(ConfigDict(extra="forbid", frozen=True))


@_strict
@dataclass(frozen=True, slots=True)
class Asked:
    """What the erasure was about. `tenants` None: every tenant. `one_conversation`: only one, whose id is not told."""

    systems: tuple[str, ...]
    tenants: tuple[str, ...] | None
    data_type: str | None
    one_conversation: bool


@_strict
@dataclass(frozen=True, slots=True)
class Line:
    """One table: the plan, what became of it, and what the independent reader saw last. `bytes` as planned."""

    system: str
    table: str
    found_by: str
    bytes: int
    planned: int
    deleted: int
    already_absent: int
    foreign_owner: int
    errors: int
    residual: int
    new_activity: int
    write_units: float


@_strict
@dataclass(frozen=True, slots=True)
class Spent:
    """Measured beside estimated: request units, US dollars, seconds. None where it is not known.

    The estimate in dollars is of the deletes and all reads; `write_usd` is at the prices of the plan.
    """

    estimated_write_units: float | None
    write_units: float
    read_units: float
    estimated_usd: float | None
    write_usd: float | None
    read_usd: float | None
    estimated_seconds: float | None
    seconds: float | None


@_strict
@dataclass(frozen=True, slots=True)
class AuditHead:
    """The last row of the audit when the receipt was made: what a later chain must still contain."""

    rows: int
    hash: str


@_strict
@dataclass(frozen=True, slots=True)
class Content:
    """All that a receipt says. `digest` is the plan's, which was approved; `subject` the keyed hash of the user id."""

    plan_id: str
    state: State
    subject: str
    subject_key: str
    user_id: str | None
    requested_by: str
    approved_by: str | None
    received_at: datetime
    due_at: datetime
    planned_at: datetime
    started_at: datetime | None
    cutoff: datetime | None
    ended_at: datetime
    scope: Asked
    planned: int
    tables: tuple[Line, ...]
    residuals: tuple[Residual, ...]
    new_activity: tuple[Found, ...]
    unread: tuple[Unread, ...]
    sweeps: tuple[Sweep, ...]
    index_lag: float
    spent: Spent
    copies: tuple[Copy, ...]
    out_of_scope: tuple[str, ...]
    scanned: tuple[str, ...]
    audit: AuditHead
    digest: str
    not_performed: Annotated[tuple[str, ...], Field(min_length=1)]
    extended: Reason | None = None  # why the due date was moved, where it was
    approved_at: datetime | None = None  # receipts of before have none
    version: Literal[1] = VERSION

    def total(self, what: Literal["planned", "deleted", "already_absent", "foreign_owner", "errors", "residual", "new_activity"]) -> int:
        return sum(int(getattr(line, what)) for line in self.tables)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt and its file. `key_id` names the public key that it is signed with."""

    content: Content
    json: bytes
    key_id: str

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the file: what the audit notes."""
        return hashlib.sha256(self.json).hexdigest()

    @property
    def markdown(self) -> str:
        return self.told()

    def told(self, stage: SecondStage | None = None) -> str:
        """In words, as Markdown; with the second stage where somebody asked about it."""
        from data_access.erasure.receipt_words import as_markdown

        return as_markdown(self.content, self.public_key, self.digest, stage)

    @property
    def public_key(self) -> str:
        return str(orjson.loads(self.json)["signature"]["public_key"])


def make_receipt(
    job: Job,
    verification: Verification,
    audit_head: Head,
    keys: Keys,
    *,
    state: State | None = None,
    copies: Iterable[Copy] | None = None,
    with_user_id: bool = False,
) -> Receipt:
    """The signed receipt of a job that was verified. The same job, sweeps and head give the same bytes.

    `state` None: what the evidence allows. `copies` as they were read again at the end; without them the plan's, whose windows
    count from the end and not from the plan. Raises NotConfirmed when the plain id is asked for and the job has none any more.
    """
    plan = job.plan
    ended = job.ended_at or _end(verification, job.cutoff or plan.created_at)
    user_id = None
    if with_user_id:
        user_id = _checked(plan.scope.user_id, job.subject, keys)
    planned = max(plan.keys, sum(one.planned for one in job.progress))
    content = Content(
        plan_id=plan.plan_id,
        state=state or decide(job.progress, verification, planned),
        subject=job.subject,
        subject_key=keys.key_id,
        user_id=user_id,
        requested_by=plan.requested_by,
        approved_by=job.approved_by,
        received_at=job.received_at,
        due_at=job.due_at,
        planned_at=plan.created_at,
        started_at=job.started_at,
        cutoff=job.cutoff,
        ended_at=ended,
        scope=Asked(plan.scope.systems, plan.scope.tenants, plan.scope.data_type, plan.scope.conversation_id is not None),
        planned=planned,
        tables=_lines(job, verification),
        residuals=verification.residuals,
        new_activity=verification.new_activity,
        unread=verification.unread,
        sweeps=verification.sweeps,
        index_lag=verification.index_lag,
        spent=_spent(job, verification, ended),
        copies=tuple(copies) if copies is not None else tuple(_from_the_end(copy, ended - plan.created_at) for copy in plan.copies),
        out_of_scope=plan.out_of_scope,
        scanned=plan.scanned,
        audit=AuditHead(audit_head.count, audit_head.hash),
        digest=plan.digest,
        not_performed=plan.not_performed or _AT_LEAST,
        extended=job.extension and job.extension.reason,
        approved_at=job.approved_at,
    )
    return _signed(content, keys)


def named(receipt: Receipt, user_id: str, keys: Keys) -> Receipt:
    """The same receipt with the plain id in it, signed anew: for the person whom it is about. Raises NotConfirmed."""
    return _signed(replace(receipt.content, user_id=_checked(user_id, receipt.content.subject, keys)), keys)


def is_rolling(copy: Copy) -> bool:
    """Whether the copy's last date counts from the erasure, as a window does; a backup's is a date of its own."""
    return copy.last_possible is not None and "backup" not in copy.what


def file_of(content: Mapping[str, Any], signature: Mapping[str, Any]) -> bytes:
    """The only form that a receipt's file has."""
    told = {"receipt": content, "signature": signature}
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def signed_text(content: Mapping[str, Any], signature: Mapping[str, Any]) -> bytes:
    """What is signed: everything in the file but the signature's own value."""
    return _CONTEXT + file_of(content, {name: value for name, value in signature.items() if name != "value"})


@cache
def contents() -> TypeAdapter[Content]:
    """Reads and writes the content of a receipt, and refuses one that says nothing of what was not performed."""
    return TypeAdapter(Content)


def _signed(content: Content, keys: Keys) -> Receipt:
    public = signing.public_key(keys.seed)
    name = signing.key_id(public)
    told: dict[str, Any] = contents().dump_python(content, mode="json")
    # Read back at once: what cannot be read again later must not be signed.
    contents().validate_json(orjson.dumps(told))
    signature = {"algorithm": signing.ALGORITHM, "key_id": name, "public_key": public.hex()}
    value = signing.sign(keys.seed, signed_text(told, signature)).hex()
    return Receipt(content, file_of(told, signature | {"value": value}), name)


def _checked(user_id: str, subject: str, keys: Keys) -> str:
    if not user_id or keys.subject(user_id) != subject:
        raise NotConfirmed(
            "That is not the user whom this erasure was about.", "Give the exact id: only its keyed hash is kept when a job has ended."
        )
    return user_id


def _end(verification: Verification, otherwise: datetime) -> datetime:
    if not verification.sweeps:
        return otherwise
    last = verification.sweeps[-1]
    return (last.at + timedelta(seconds=last.seconds)).astimezone(UTC)


def _from_the_end(copy: Copy, later: timedelta) -> Copy:
    if copy.last_possible is None or not is_rolling(copy):
        return copy
    return replace(copy, last_possible=copy.last_possible + later)


def _lines(job: Job, verification: Verification) -> tuple[Line, ...]:
    counts = {(one.system, one.table): one for one in job.plan.counts}
    progress = {(one.system, one.table): one for one in job.progress}
    found = {(one.system, one.table): one for one in verification.sweeps[-1].found} if verification.sweeps else {}
    lines: list[Line] = []
    for spot in dict.fromkeys((*counts, *progress, *found)):
        count, done, seen = counts.get(spot), progress.get(spot), found.get(spot)
        lines.append(
            Line(
                *spot,
                found_by=count.found_by if count else "",
                bytes=count.bytes if count else 0,
                planned=done.planned if done else count.items if count else 0,
                deleted=done.deleted if done else 0,
                already_absent=done.absent if done else 0,
                foreign_owner=done.foreign if done else 0,
                errors=done.errors if done else 0,
                residual=seen.residuals if seen else 0,
                new_activity=seen.new_activity if seen else 0,
                write_units=done.write_units if done else 0.0,
            )
        )
    return tuple(lines)


def _spent(job: Job, verification: Verification, ended: datetime) -> Spent:
    prices = {(one.system, one.table): one.usd / one.write_units for one in job.plan.counts if one.usd is not None and one.write_units}
    dollars = [one.write_units * prices[one.system, one.table] for one in job.progress if (one.system, one.table) in prices]
    unknown = any(one.write_units and (one.system, one.table) not in prices for one in job.progress)
    return Spent(
        estimated_write_units=job.plan.write_units,
        write_units=sum(one.write_units for one in job.progress),
        read_units=verification.read_units,
        estimated_usd=job.plan.usd,
        write_usd=None if unknown else sum(dollars),
        read_usd=verification.usd,
        estimated_seconds=job.plan.seconds,
        seconds=None if job.started_at is None else max(0.0, (ended - job.started_at).total_seconds()),
    )
