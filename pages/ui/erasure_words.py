"""The words for an erasure: its state and what to do about it, its dates, its scope. Tables and tenants by name, never a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from data_access.erasure.holding_on import WAITING
from data_access.erasure.jobs import OPEN, is_worked_on
from data_access.erasure.model import ENDED, Job, Reason, Scope, State
from pages.ui import times
from pages.ui.untrusted import code, escape

Colour = Literal["red", "orange", "blue", "green", "violet", "gray"]
SHORT_ID = 10


@dataclass(frozen=True, slots=True)
class Word:
    """How a state is shown. `about` is a sentence on what it means and what to do."""

    label: str
    colour: Colour
    icon: str
    about: str

    @property
    def badge(self) -> str:
        return f":{self.colour}-badge[:material/{self.icon}: {self.label}]"


_AGAIN = "Make a new plan for the same user: what is gone already is counted as gone before."
WORDS: Mapping[State, Word] = {
    State.DRAFT: Word(
        "not confirmed",
        "gray",
        "edit_note",
        "A plan that nobody has confirmed. It is confirmed on the person's page, by typing the user's id; after a day it is dropped.",
    ),
    State.AWAITING: Word(
        "awaiting approval", "orange", "how_to_reg", "Nothing is deleted before a second, different person approves this very plan."
    ),
    State.APPROVED: Word("approved", "blue", "hourglass_top", "It waits for a worker, which begins it by itself."),
    State.RUNNING: Word("erasing", "blue", "delete_sweep", "Messages and records go first, conversations last. This page may be closed."),
    State.VERIFYING: Word(
        "checking",
        "violet",
        "fact_check",
        "A reader that shares no code with the deleter looks again. What it finds is erased, and looked for again.",
    ),
    State.COMPLETED: Word(
        "completed", "green", "check_circle", "Everything that was found was erased, and an independent check found nothing left."
    ),
    State.RESIDUALS: Word(
        "completed with residuals",
        "orange",
        "report",
        f"Something is left, or could not be looked at: it stands under What is left. {_AGAIN}",
    ),
    State.NO_DATA: Word(
        "no data found",
        "gray",
        "search_off",
        "There was nothing of this user. An id must be exact, capital letters and spaces too: compare it with the request.",
    ),
    State.PARTIAL: Word("partial", "orange", "incomplete_circle", f"Not everything was tried or checked: this proves nothing. {_AGAIN}"),
    State.BLOCKED: Word(
        "blocked", "red", "block", "Something stands against it, and nothing more was deleted. Clear that up, then make a new plan."
    ),
    State.CANCELLED: Word("cancelled", "gray", "cancel", "Somebody ended it. What was deleted before stays deleted."),
    State.FAILED: Word(
        "failed", "red", "error", "Nothing was deleted. See what was refused, and what the worker's role permits; then make a new plan."
    ),
}
_CAPACITY = Word(
    "waiting for capacity",
    "orange",
    "speed",
    "The tables are throttled, or do not answer. The worker tries again by itself, ever more slowly.",
)
_CANCELLING = Word("cancelling", "orange", "stop_circle", "It ends before the next batch. What was deleted stays deleted.")
BACK = Word(
    "completed, came back",
    "orange",
    "undo",
    "Everything was erased and checked, and a look after the end found something there again. Make a new plan for the same user.",
)
_INTERRUPTED = Word(
    "interrupted", "orange", "pause_circle", "No worker has it at the moment. What was done is kept: it goes on from there."
)


def word(job: Job) -> Word:
    """The state of a job as somebody sees it now."""
    if job.state in (State.RUNNING, State.VERIFYING):
        if job.cancel_asked:
            return _CANCELLING
        if not is_worked_on(job):
            return _INTERRUPTED
        if job.message == WAITING:
            return _CAPACITY
    if job.state is State.COMPLETED and job.looks and job.looks[-1].items:
        return BACK
    return WORDS[job.state]


def is_open(job: Job) -> bool:
    """Whether a worker has it, or has to."""
    return job.state in OPEN


REASONS: Mapping[Reason, str] = {
    Reason.COMPLEXITY: "the request is complex",
    Reason.NUMBER: "the number of requests",
}


def due_day(job: Job, zone: ZoneInfo) -> str:
    """The due date alone, and whether it was moved."""
    return f"{job.due_at.astimezone(zone):%Y-%m-%d}{', extended' if job.extension else ''}"


def due(job: Job, zone: ZoneInfo, now: datetime | None = None) -> str:
    """The due date, as Markdown: one month after the request came in, whatever was done meanwhile; three where it was extended."""
    day = due_day(job, zone)
    if job.state in ENDED:
        late = job.ended_at is not None and job.ended_at > job.due_at
        return f":red[{day}, ended late]" if late else day
    moment = now or times.now()
    if moment > job.due_at:
        return f":red[:material/alarm: {day}, overdue by {times.duration((moment - job.due_at).total_seconds())}]"
    return f"{day}, {times.ago(job.due_at, moment)}"


def due_plain(job: Job, now: datetime | None = None) -> str:
    """The same for a cell of a table."""
    if job.state in ENDED:
        return "ended late" if job.ended_at is not None and job.ended_at > job.due_at else ""
    moment = now or times.now()
    return f"overdue by {times.duration((moment - job.due_at).total_seconds())}" if moment > job.due_at else times.ago(job.due_at, moment)


def scope(scope: Scope, titles: Mapping[str, str]) -> str:
    """What it is about, as Markdown, without whom."""
    parts = [", ".join(escape(titles.get(name, name)) for name in scope.systems)]
    if scope.tenants is not None:
        parts.append(f"tenant{'' if len(scope.tenants) == 1 else 's'} {', '.join(code(tenant) for tenant in scope.tenants)}")
    if scope.data_type is not None:
        parts.append(f"only {code(scope.data_type)}")
    if scope.conversation_id is not None:
        parts.append("one conversation")
    return "; ".join(parts)


def short(plan_id: str) -> str:
    """Enough of a plan's id to tell it from others: its end, which is random."""
    return f"…{plan_id[-SHORT_ID:]}"
