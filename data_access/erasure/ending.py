"""How a job ends, from what was deleted and what the independent reader saw. Nothing is called completed on the deleter's word."""

from __future__ import annotations

from collections.abc import Iterable

from data_access.erasure.model import Progress, State
from data_access.erasure.verification import Verification


def decide(progress: Iterable[Progress], verification: Verification | None, planned: int) -> State:
    """The state that the evidence allows. `planned` counts the frozen keys, those found later with them.

    completed: something was deleted, every key is accounted for, and the reader found nothing and could read everything.
    no_data_found: the reader found nothing either, and nothing was deleted: it was not there, or gone by itself.
    completed_with_residuals: every key was tried, and something is left, refused, or could not be looked at.
    partial: keys were not tried, an item was somebody else's (which stops a job), or nobody has verified.
    failed: there was something to delete, and nothing of it went.
    """
    rows = tuple(progress)
    deleted, absent = sum(row.deleted for row in rows), sum(row.absent for row in rows)
    foreign, errors = sum(row.foreign for row in rows), sum(row.errors for row in rows)
    gone = deleted + absent
    if verification is None or foreign or gone + errors < max(planned, sum(row.planned for row in rows)):
        return State.PARTIAL
    if verification.clean:
        # A delete that failed may have been tried again in a later round: that nothing is left is the reader's to say.
        return State.COMPLETED if deleted else State.NO_DATA
    if planned and not gone:
        return State.FAILED
    return State.RESIDUALS if gone or verification.residuals else State.PARTIAL
