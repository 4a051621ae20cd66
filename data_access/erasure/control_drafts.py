"""Making a job: its keys are stored while they are found, in constant memory, and count only when the plan is finished."""

from __future__ import annotations

import contextlib
import secrets
import time
from datetime import datetime
from types import TracebackType
from typing import Self

from data_access.erasure import chunks, control_ending
from data_access.erasure.chunks import Packer
from data_access.erasure.control_rows import LIST, job_key, now_text, pack_plan, pack_planned, time_text
from data_access.erasure.keys import Keys
from data_access.erasure.model import FrozenKey, Plan, State, due_date
from data_access.erasure.records import Action, ConditionFailed, Records, Row
from data_access.errors import DataAccessError, PlanChanged
from data_access.settings import ErasureSettings

# Named as a chunk of a round that no job has: what is left of it by a process that was killed goes with the rest of its draft.
_PROBE = "99#99-999999#none#none"
_PROBES = 25


class Draft:
    """A plan being made: `add` its keys as they are found, then `finish` with what they come to. Broken off, it leaves nothing."""

    def __init__(self, settings: ErasureSettings, records: Records, keys: Keys, plan_id: str) -> None:
        self.plan_id = plan_id
        self._settings, self._records, self._keys = settings, records, keys
        self._finished = False
        pk = job_key(plan_id)
        # Listed before its first key is stored: sweep finds what a process that was killed has left.
        records.put(LIST, plan_id, {"begun_at": now_text()})
        self._packer = Packer(lambda name, row: records.put(pk, chunks.PREFIX + name, row))

    def add(self, key: FrozenKey) -> None:
        """Raises TooMuch."""
        self._packer.add(key)

    def keys_digest(self) -> str:
        """SHA-256 (hex) of the keys so far, in the order of the deletes. Every key is stored by then."""
        self._packer.close()
        return self._packer.digest

    def commit_seconds(self) -> float:
        """What one small write takes here and now, by those of this draft's own: put and removed again, and no part of the plan.

        For an engine that writes each item to the disk by itself, one after the other. Raises AwsError.
        """
        pk, names = job_key(self.plan_id), [f"{chunks.PREFIX}{_PROBE}#{number:06d}" for number in range(_PROBES)]
        began = time.perf_counter()
        for name in names:
            self._records.put(pk, name, {})
        written = time.perf_counter()
        for name in names:
            self._records.get(pk, name)
        # What a request takes that writes nothing is no part of it.
        seconds = max(0.0, (written - began) - (time.perf_counter() - written))
        self._records.remove(pk, names)
        return seconds / _PROBES

    def finish(self, plan: Plan, *, received_at: datetime | None = None) -> None:
        """Raises PlanChanged when the plan does not count the keys that were added, TooMuch."""
        self._packer.close()
        settings = self._settings
        if plan.plan_id != self.plan_id or plan.keys != sum(self._packer.planned.values()):
            raise PlanChanged("The plan does not count the keys that were found.", "Make a new plan.")
        received = received_at or plan.created_at
        pk, nonce = job_key(plan.plan_id), secrets.token_hex(8)
        row: Row = {
            "state": State.DRAFT.value,
            "change": nonce,
            "digest": plan.digest,
            "requested_by": plan.requested_by,
            "needs_approval": settings.approval or plan.keys > settings.most_items,
            "received_at": time_text(received),
            "due_at": time_text(due_date(received)),
            "subject": self._keys.subject(plan.scope.user_id),
            "planned": pack_planned(self._packer.planned),
            "rounds": f'["{chunks.FIRST_ROUND}"]',
        }
        try:
            self._records.write(put_once(pk, "job", row), Action("Put", pk, "plan", {"body": pack_plan(plan)}))
        except ConditionFailed as failed:
            if failed.first.get("change") != nonce:
                self._finished = True  # its keys are the other job's
                raise PlanChanged("There is a plan with this id already.", "Make a new plan.") from None
        self._finished = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if not self._finished:
            # What cannot be taken away now, sweep takes away later.
            with contextlib.suppress(DataAccessError):
                control_ending.discard(self._records, self.plan_id)


def put_once(pk: str, sk: str, row: Row) -> Action:
    return Action("Put", pk, sk, row, condition="attribute_not_exists(#pk)")
