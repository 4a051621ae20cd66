"""A job as rows of the control table, and back.

`job#<plan_id>` holds: `job` (state, lease, who and when), `plan` (compressed), `keys#<chunk>`, `progress#<chunk>` (the outcomes
of a chunk, written once), `receipt`, and for a day `watch` and `watch#<chunk>` (what the later looks need, sealed). `jobs` lists the
plans, `open` those that a worker may have to take on, `watch` those that are to be looked at again, and `subject#<keyed hash>` has a
claim for each system that an open job of this subject is about.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
from pydantic import TypeAdapter

from data_access.erasure.model import Extension, Job, LaterLook, Outcome, Plan, Progress, Reason, State
from data_access.erasure.records import MOST_BYTES, Row
from data_access.errors import TooMuch

LIST = "jobs"
OPEN = "open"
Planned = Mapping[tuple[str, str], int]


def job_key(plan_id: str) -> str:
    return f"job#{plan_id}"


def claim_key(subject: str) -> str:
    return f"subject#{subject}"


def now_text() -> str:
    return time_text(datetime.now(UTC))


def time_text(when: datetime) -> str:
    """ISO 8601 in UTC with six digits: sorts as text."""
    return when.astimezone(UTC).isoformat(timespec="microseconds")


def squeeze(data: bytes, what: str) -> bytes:
    """Compressed for one row. Raises TooMuch."""
    packed = zlib.compress(data)
    if len(packed) > MOST_BYTES - 1_000:
        raise TooMuch(f"The {what} is too long for one row of the control table.", "Erase in parts: one system, or some tenants.")
    return packed


def pack_plan(plan: Plan) -> bytes:
    return squeeze(_plans().dump_json(plan), "plan")


def unpack_plan(row: Row) -> Plan:
    return _plans().validate_json(zlib.decompress(row["body"]))


def pack_planned(planned: Planned) -> str:
    return orjson.dumps([(*spot, count) for spot, count in sorted(planned.items())]).decode()


def unpack_planned(text: str) -> dict[tuple[str, str], int]:
    return {(system, table): count for system, table, count in orjson.loads(text)}


def pack_looks(looks: tuple[LaterLook, ...]) -> str:
    return _looks().dump_json(looks).decode()


def pack_totals(progress: tuple[Progress, ...]) -> str:
    return _totals().dump_json(progress).decode()


def outcome_row(counts: Mapping[Outcome, int], write_units: float) -> Row:
    """The row of a chunk that is done. What was throttled to the end is an error."""
    return {
        "deleted": counts.get(Outcome.DELETED, 0),
        "absent": counts.get(Outcome.ABSENT, 0),
        "foreign": counts.get(Outcome.FOREIGN, 0),
        "errors": counts.get(Outcome.ERROR, 0) + counts.get(Outcome.THROTTLED, 0),
        "units": float(write_units),
    }


def add_up(planned: Planned, rows: Iterable[Row]) -> tuple[Progress, ...]:
    """Progress by table, from the rows of the chunks that are done."""
    sums: dict[tuple[str, str], dict[str, Any]] = {
        spot: {"deleted": 0, "absent": 0, "foreign": 0, "errors": 0, "units": 0.0} for spot in planned
    }
    for row in rows:
        _, _, _, system, table, _ = str(row["sk"]).split("#")
        for name, so_far in sums[system, table].items():
            sums[system, table][name] = so_far + type(so_far)(row[name])
    return tuple(
        Progress(*spot, planned[spot], one["deleted"], one["absent"], one["foreign"], one["errors"], one["units"])
        for spot, one in sums.items()
    )


def read_job(row: Row, plan: Plan, progress: Iterable[Row]) -> Job:
    """The job of its `job` row; `progress` is asked only while it is open."""
    totals = row.get("totals")
    return Job(
        plan=plan,
        state=State(row["state"]),
        received_at=datetime.fromisoformat(row["received_at"]),
        due_at=datetime.fromisoformat(row["due_at"]),
        approved_by=row.get("approved_by"),
        started_at=_time(row, "started_at"),
        ended_at=_time(row, "ended_at"),
        cutoff=_time(row, "cutoff"),
        progress=_totals().validate_json(totals) if totals else add_up(unpack_planned(row["planned"]), progress),
        message=row.get("message", ""),
        token=int(row.get("lease_token", 0)),
        subject=row["subject"],
        needs_approval=row["needs_approval"],
        cancel_asked=row.get("cancel", False),
        lease_until=_time(row, "lease_until"),
        extension=_extension(row),
        looks=_looks().validate_json(row["looks"]) if "looks" in row else (),
        next_look=_time(row, "next_look"),
        approved_at=_time(row, "approved_at"),
    )


def _extension(row: Row) -> Extension | None:
    at = _time(row, "extended_at")
    return None if at is None else Extension(at, Reason(row["extended_for"]), row["extended_by"])


def _time(row: Row, name: str) -> datetime | None:
    return datetime.fromisoformat(row[name]) if row.get(name) else None


@cache
def _plans() -> TypeAdapter[Plan]:
    return TypeAdapter(Plan)


@cache
def _looks() -> TypeAdapter[tuple[LaterLook, ...]]:
    return TypeAdapter(tuple[LaterLook, ...])


@cache
def _totals() -> TypeAdapter[tuple[Progress, ...]]:
    return TypeAdapter(tuple[Progress, ...])
