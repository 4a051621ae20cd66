"""What is left of a job when it has ended: states, counts, hashes. The plain user id, the keys and the neighbours go."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta

from data_access.erasure.control_rows import LIST, job_key, pack_plan, time_text, unpack_plan
from data_access.erasure.model import State, blanked
from data_access.erasure.records import Action, ConditionFailed, Records

# A draft holds a user's keys: it is not kept for longer than somebody needs to read it.
DRAFT_HOURS = 24.0
_UNFINISHED_HOURS = 1.0
_TIDIED, _TIDY_HOURS = "tidied", 1.0
_PAGE = 100


def blank(records: Records, plan_id: str) -> None:
    """Take what names a person out of a job that has ended. Stopped anywhere, it can be done again."""
    pk = job_key(plan_id)
    row = records.get(pk, "job")
    if row is None or not row.get("blanking"):
        return
    stored = records.get(pk, "plan")
    if stored is not None:
        records.put(pk, "plan", {"body": pack_plan(blanked(unpack_plan(stored)))})
    for prefix in ("keys#", "progress#"):
        remove(records, pk, prefix)
    try:
        records.write(Action("Update", pk, "job", expression="REMOVE #blanking, #lease_owner", condition="attribute_exists(#pk)"))
    except ConditionFailed:
        return


def remove(records: Records, pk: str, prefix: str) -> None:
    records.remove(pk, [str(row["sk"]) for row in records.rows(pk, prefix, f"{prefix}~", names=("sk",))])


def sweep(records: Records, cancel: Callable[[str], object], now: datetime | None = None) -> None:
    """Finish what was broken off: plans that were never finished, drafts that nobody started, endings that were interrupted."""
    now = now or datetime.now(UTC)
    old_draft, unfinished = (time_text(now - timedelta(hours=hours)) for hours in (DRAFT_HOURS, _UNFINISHED_HOURS))
    listed = {str(row["sk"]): str(row["begun_at"]) for row in records.rows(LIST)}
    ids = list(listed)
    for start in range(0, len(ids), _PAGE):
        page = ids[start : start + _PAGE]
        found = records.many([(job_key(plan_id), "job") for plan_id in page])
        for plan_id in page:
            row = found.get((job_key(plan_id), "job"))
            if row is None:
                if listed[plan_id] < unfinished:
                    discard(records, plan_id)
            elif row.get("blanking"):
                blank(records, plan_id)
            elif row["state"] == State.DRAFT and listed[plan_id] < old_draft:
                cancel(plan_id)


def drop_drafts(records: Records, cancel: Callable[[str], object], subject: str, systems: Collection[str]) -> None:
    """End the plans of this subject that nobody confirmed, of no other system than these: each has the plain id and keys in it.

    While an erasure of the subject in these systems is open none of them can be begun.
    """
    pages = [str(row["sk"]) for row in records.rows(LIST, newest=True)]
    for start in range(0, len(pages), _PAGE):
        found = records.many([(job_key(plan_id), "job") for plan_id in pages[start : start + _PAGE]])
        for plan_id in pages[start : start + _PAGE]:
            row = found.get((job_key(plan_id), "job"))
            if row is None or row["state"] != State.DRAFT or row["subject"] != subject:
                continue
            stored = records.get(job_key(plan_id), "plan")
            if stored is not None and set(unpack_plan(stored).scope.systems) <= set(systems):
                cancel(plan_id)


def is_time(records: Records, now: datetime | None = None) -> bool:
    """Whether nobody has asked this for an hour, whoever it was: what reads every job is not done each minute."""
    now = now or datetime.now(UTC)
    values = {":now": time_text(now), ":before": time_text(now - timedelta(hours=_TIDY_HOURS))}
    condition = "attribute_not_exists(#at) OR #at <= :before"
    try:
        records.write(Action("Update", _TIDIED, _TIDIED, expression="SET #at = :now", condition=condition, values=values))
    except ConditionFailed:
        return False
    return True


def discard(records: Records, plan_id: str) -> None:
    """All of a plan that has no job. One that has, after an answer that was lost, keeps what it needs."""
    if records.get(job_key(plan_id), "job") is not None:
        return
    remove(records, job_key(plan_id), "keys#")
    records.remove(LIST, [plan_id])
