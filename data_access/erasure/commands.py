"""What `erase …` does. The user's id is in what a person types, and in nothing that is printed but a plan's look-alikes."""

from __future__ import annotations

import argparse
import getpass
import re
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from data_access.audit.chain import Audit
from data_access.dynamo.aws import Source
from data_access.erasure import signing
from data_access.erasure.clearing import copies_now, second_stage
from data_access.erasure.control import Control
from data_access.erasure.jobs import OPEN, Actor, Jobs, is_overdue, is_worked_on
from data_access.erasure.model import Job, Reason, Scope, State
from data_access.erasure.receipt import named
from data_access.erasure.receipt_check import verify_receipt
from data_access.erasure.worker import follow, is_held, watcher
from data_access.erasure.working import Workshop
from data_access.errors import DataAccessError, LeaseLost, NotFound, SnapshotOff, UsageError, WrongState
from data_access.output import say, show
from data_access.settings import Settings
from data_access.snapshot.store import open_store

_REPORT_SECONDS = 1.0
_MOST_RECEIPT_BYTES = 50_000_000
# The session's name that botocore gives to an assumed role where none is configured: the same person has another one in each command,
# and would be their own second person. Without it the role is who acts.
_NEW_EACH_TIME = re.compile(r"/botocore-session-\d+\Z")


class Session(Protocol):
    """What a command opens."""

    @property
    def settings(self) -> Settings: ...

    def sources(self) -> Mapping[str, Source]: ...

    def endpoint(self) -> str | None: ...


def plan(options: argparse.Namespace, session: Session) -> int:
    with _opened(session) as (jobs, shop):
        systems = tuple(options.system or shop.sources)
        tenants = tuple(options.tenant) if options.tenant else None
        scope = Scope(options.user, systems, tenants, options.data_type, options.conversation)
        if options.received is not None and options.received > datetime.now(UTC):
            raise UsageError("A request that is still to come has no due date.", "Say when it came in, or leave --received out: now.")
        made = jobs.plan(scope, actor(session.settings), received_at=options.received, allow_scan=not options.no_scan)
        counts: dict[str, int] = {}
        for row in made.counts:
            counts[row.table] = counts.get(row.table, 0) + row.items
        told = {
            "plan_id": made.plan_id,
            "digest": made.digest,
            "counts": counts,
            "items": made.keys,
            "bytes": sum(row.bytes for row in made.counts),
            "write_units": made.write_units,
            "usd": made.usd,
            "seconds": made.seconds,
            "needs_approval": jobs.status(made.plan_id).needs_approval,
            "blocked": made.blocked,
            "neighbours": made.neighbours,
            "out_of_scope": made.out_of_scope,
            "scanned": made.scanned,
            "copies": made.copies,
            "not_performed": made.not_performed,
        }
        show(told)
    return 0


def run(options: argparse.Namespace, session: Session) -> int:
    with _opened(session) as (jobs, shop):
        me = actor(session.settings)
        job = jobs.confirm(options.plan, options.confirm, me)
        if job.state is State.AWAITING:
            say("It waits for a second person: python -m data_access erase approve PLAN --digest D.")
            show(described(job))
            return 1
        return _told(follow(shop, options.plan, me.name, report=_Reporter(job)))


def approve(options: argparse.Namespace, session: Session) -> int:
    with _opened(session) as (jobs, _):
        show(described(jobs.approve(options.plan, options.digest, actor(session.settings))))
    return 0


def status(options: argparse.Namespace, session: Session) -> int:
    with _opened(session) as (jobs, _):
        for job in (jobs.status(options.plan),) if options.plan else jobs.list():
            show(described(job))
    return 0


def resume(options: argparse.Namespace, session: Session) -> int:
    with _opened(session) as (jobs, shop):
        me = actor(session.settings)
        if options.plan is not None:
            return _told(follow(shop, options.plan, me.name, report=_Reporter(jobs.resume(options.plan))))
        ids = [job.plan_id for job in shop.control.open_jobs() if job.state in OPEN]
        if not ids:
            say("There is nothing to resume.")
        code, held, problem = 0, 0, None
        for plan_id in ids:
            try:
                # What a living worker has goes on there: one of these commands a minute does not pile up behind it.
                if is_held(shop, plan_id):
                    held += 1
                else:
                    code = max(code, _told(follow(shop, plan_id, me.name, report=_Reporter(jobs.resume(plan_id)))))
            except (LeaseLost, WrongState):
                continue  # another worker has it, or it has ended: both are well
            except DataAccessError as error:
                say(f"{plan_id}: {error}")
                problem = problem or error  # the others, and the looks that are due, do not wait for this one
        if held:
            say(f"With another worker, and left to it: {held:,}.")
        if jobs.off() is None:
            shop.control.tidy()
            if looked := watcher(shop, me.name).run():
                say(f"Looks after the end that were due: {looked:,}.")
        if problem is not None:
            raise problem
    return code


def cancel(options: argparse.Namespace, session: Session) -> int:
    with _opened(session) as (jobs, _):
        job = jobs.cancel(options.plan, actor(session.settings))
        if job.state in OPEN and is_worked_on(job):
            say("Its worker ends it before the next batch.")
        show(described(job))
    return 0


def extend(options: argparse.Namespace, session: Session) -> int:
    with _opened(session) as (jobs, _):
        job = jobs.extend(options.plan, Reason(options.reason), actor(session.settings))
        say(f"It is due {job.due_at:%Y-%m-%d} now. Tell the person before the month is over, and why.")
        show(described(job))
    return 0


def receipt(options: argparse.Namespace, session: Session) -> int:
    if options.verify is not None:
        return _verify(options.verify, options.key, session.settings)
    if options.plan is None:
        raise UsageError("Which receipt?", "Name the plan, or a file with --verify.")
    with _opened(session) as (jobs, shop):
        checked = verify_receipt(jobs.receipt(options.plan), known=signing.known_keys(session.settings))
        if checked.receipt is None or not checked.ok:
            raise NotFound("The receipt that is kept is not what was signed.", checked.reason)
        found = checked.receipt
        if options.with_user_id is not None:
            found = named(found, options.with_user_id, shop.control.keys)
        stage = second_stage(found.content, copies_now(session.settings, shop.sources, found.content.scope.systems))
        if options.format == "json":
            say(f"Second stage, which is not in the file: {stage.sentence}")
        sys.stdout.write(found.json.decode() if options.format == "json" else found.told(stage))
    return 0


RUN: Mapping[str, Callable[[argparse.Namespace, Session], int]] = {
    "plan": plan,
    "run": run,
    "approve": approve,
    "status": status,
    "resume": resume,
    "cancel": cancel,
    "extend": extend,
    "receipt": receipt,
}


def described(job: Job) -> dict[str, Any]:
    """A job as scripts read it: nobody is named in it."""
    return {
        "plan_id": job.plan_id,
        "state": job.state,
        "message": job.message,
        "digest": job.plan.digest,
        "systems": job.plan.scope.systems,
        "items": job.plan.keys,
        "requested_by": job.plan.requested_by,
        "approved_by": job.approved_by,
        "approved_at": job.approved_at,
        "received_at": job.received_at,
        "due_at": job.due_at,
        "extended": job.extension and job.extension.reason,
        "overdue": is_overdue(job),
        "started_at": job.started_at,
        "ended_at": job.ended_at,
        "worked_on": is_worked_on(job),
        "progress": job.progress,
        "looks": job.looks,
        "next_look": job.next_look,
    }


def actor(settings: Settings) -> Actor:
    """Who runs this command: the caller as AWS knows it, or the system's user name where there is none."""
    if settings.mode == "aws":
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.session import Session as Core

        with suppress(BotoCoreError, ClientError):
            core = Core(profile=settings.erasure.control_profile)
            client: Any = core.create_client("sts", region_name=settings.erasure.control_region)
            return Actor.of(_NEW_EACH_TIME.sub("", str(client.get_caller_identity()["Arn"])))
    try:
        return Actor.of(getpass.getuser())
    except (KeyError, OSError):  # a container's user without a name
        return Actor.of("unknown")


@contextmanager
def _opened(session: Session) -> Generator[tuple[Jobs, Workshop], None, None]:
    sources = session.sources()
    settings = session.settings
    control = Control.open(settings, session.endpoint())
    try:
        try:
            snapshot = open_store(settings)
        except SnapshotOff:
            snapshot = None
        shop = Workshop(settings, sources, control, Audit(control), snapshot)
        yield Jobs(shop), shop
    finally:
        control.close()


def _told(job: Job) -> int:
    show(described(job))
    return 0 if job.state is State.COMPLETED else 1


def _verify(path: Path, key: str | None, settings: Settings) -> int:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_RECEIPT_BYTES)
    except OSError as error:
        raise UsageError(f"The file cannot be read ({error.strerror}).") from None
    checked = verify_receipt(data, key, known=signing.known_keys(settings))
    content = checked.receipt.content if checked.receipt is not None and checked.ok else None
    show(
        {
            "ok": checked.ok,
            "known_key": checked.known,
            "reason": checked.reason,
            "key_id": checked.key_id,
            "plan_id": content and content.plan_id,
            "state": content and content.state,
            "ended_at": content and content.ended_at,
        }
    )
    return 0 if checked.ok else 1


class _Reporter:
    """How many items are deleted, not more than once a second."""

    def __init__(self, job: Job) -> None:
        self._planned = max(job.plan.keys, sum(row.planned for row in job.progress))
        self._before = sum(row.deleted for row in job.progress)
        self._at = float("-inf")
        say(f"Erasing {self._planned:,} items, at {datetime.now(UTC):%H:%M:%S} UTC.")

    def __call__(self, deleted: int) -> None:
        if time.monotonic() - self._at >= _REPORT_SECONDS:
            self._at = time.monotonic()
            say(f"{self._before + deleted:,} of {self._planned:,} items are deleted.")
