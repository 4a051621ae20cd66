"""The one extension of a due date: kept in the job's row by a write that the table itself takes only once, and only in time."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, tzinfo

from data_access.erasure.control_rows import job_key, time_text
from data_access.erasure.lease import wrong_state
from data_access.erasure.model import ENDED, Job, Reason, State, due_date
from data_access.erasure.records import Action, ConditionFailed, Records
from data_access.errors import NotFound, WrongState

OPEN_STATES = tuple(state for state in State if state not in ENDED and state is not State.DRAFT)


def extended_due(job: Job, zone: tzinfo) -> datetime:
    """When it would be due: three months after the day on which it came in, by the calendar of `zone`."""
    return due_date(job.received_at.astimezone(zone), extended=True).astimezone(UTC)


def extend_due(records: Records, job: Job, reason: Reason, by: str, now: datetime | None = None, zone: tzinfo = UTC) -> None:
    """Two further months, to be told to whoever asked within the first: https://gdpr-info.eu/art-12-gdpr/ (3).

    A second click of the same person with the same reason finds it done, and that is right. Raises WrongState, NotFound.
    """
    nonce = secrets.token_hex(8)
    moment = now or datetime.now(UTC)
    states = {f":state{number}": state.value for number, state in enumerate(OPEN_STATES)}
    try:
        records.write(
            Action(
                "Update",
                job_key(job.plan_id),
                "job",
                expression=(
                    "SET #due_at = :due, #extended_at = :now, #extended_for = :reason, #extended_by = :by, #extended_change = :nonce"
                ),
                # Times are stored in UTC with all their digits, so that they compare as text.
                condition=f"attribute_not_exists(#extended_at) AND #due_at >= :now AND #state IN ({', '.join(states)})",
                values={
                    ":due": time_text(extended_due(job, zone)),
                    ":now": time_text(moment),
                    ":reason": reason.value,
                    ":by": by,
                    ":nonce": nonce,
                    **states,
                },
            )
        )
    except ConditionFailed as failed:
        row = failed.first
        if not row:
            raise NotFound("There is no such erasure.", "List them with: python -m data_access erase status.") from None
        if row.get("extended_change") == nonce or (row.get("extended_for"), row.get("extended_by")) == (reason.value, by):
            return
        if "extended_at" in row:
            raise WrongState("The due date was extended before.", "The law allows it once.") from None
        if (state := State(row["state"])) is State.DRAFT:
            raise WrongState("An erasure that nobody has confirmed has no due date to extend.", "Confirm it first.") from None
        if state in ENDED:
            raise wrong_state(state, "extended") from None
        raise WrongState(
            "The month is over: an extension has to be told to whoever asked within it.", "End the erasure as soon as you can."
        ) from None
