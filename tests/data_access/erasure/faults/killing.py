"""A process that has everything imported and forks one child for each worker that is to die, and one for the worker after it.

    python -m tests.data_access.erasure.faults.killing '{"endpoint": …, "folder": …, "prefix": …, "lane": 0, "lanes": 2, "all": false}'

Prints one JSON line a case: what it was, and what was wrong afterwards. It has no thread of its own, so a child is a clean start.
Before each case all tables are put back as they were when the job was confirmed.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from data_access.audit.checking import verify as verify_audit
from data_access.erasure.control_rows import claim_key, job_key
from data_access.erasure.model import ENDED, State
from data_access.erasure.receipt_check import verify_receipt
from data_access.erasure.working import work
from tests.data_access import layouts
from tests.data_access.erasure.faults.faulty import killed
from tests.data_access.erasure.faults.site import Site, opened, some_of, talk

SUBJECT, LIKE = "did:privy:subject", "did:privy:Subject"
EVERY_READ = 12  # of the calls that write nothing: what is stored is the same before each of them and after the write before it


@dataclass
class Case:
    number: int
    after: bool
    again: int | None = None  # the worker that goes on is killed too, before this call of its own


class Lane:
    """`outside` looks and puts back; `inside` is used by children alone, so that no connection is shared with one that dies."""

    def __init__(self, outside: Site, inside: Site, anchor: Path) -> None:
        self.outside, self.inside, self.anchor = outside, inside, anchor
        self.mine = some_of(SUBJECT, "mine")
        assert len(self.mine) == 40
        outside.put(some_of(LIKE, "like"))
        outside.put(talk("ai_agent", LIKE, "mine-ai_agent-0", tenant="birch"))  # one session id in two tenants
        outside.put(self.mine[3:])
        self.others = outside.sums(outside.of(SUBJECT))
        self.plan_id = outside.confirmed(SUBJECT)
        self.rows = outside.control_rows()
        self.lines = anchor.read_bytes()
        self.wanted: Any = None

    def restore(self) -> None:
        """As it was when the job was confirmed; three of the items came after that."""
        site = self.outside
        table, first = site.settings.erasure.control_table, {(row["pk"]["S"], row["sk"]["S"]) for row in self.rows}
        gone = [row for row in site.control_rows() if (row["pk"]["S"], row["sk"]["S"]) not in first]
        layouts.write(site.client, [(table, {"DeleteRequest": {"Key": {"pk": row["pk"], "sk": row["sk"]}}}) for row in gone])
        layouts.write(site.client, [(table, {"PutRequest": {"Item": row}}) for row in self.rows])
        site.put(self.mine)
        self.anchor.write_bytes(self.lines)

    def run(self, *faults: Any, note: Path | None = None) -> int:
        """One worker in a process of its own. Returns how it ended: -9, or 0."""

        def worker() -> None:
            site = self.inside
            site.script.faults[:] = faults
            if site.control.job(self.plan_id).state in ENDED:
                site.control.sweep()  # what every worker does first
            else:
                site.script.calls.clear()
                work(site.shop, self.plan_id, "worker:killed")
            if note is not None:
                note.write_text(json.dumps([call.writes for call in site.script.calls]))

        return forked(worker)

    def case(self, one: Case) -> list[str]:
        self.restore()
        ended = self.run(killed(one.number, after=one.after))
        kept = self._receipt()
        self.outside.end_lease(self.plan_id)
        if one.again is not None:
            self.run(killed(one.again, after=False))
            kept = kept or self._receipt()
            self.outside.end_lease(self.plan_id)
        problems = [] if ended in (-signal.SIGKILL, 0) else [f"the first worker ended with {ended}"]
        if (second := self.run()) != 0:
            problems.append(f"the second worker ended with {second}")
        return problems + self.look(kept)

    def look(self, kept: bytes | None) -> list[str]:
        """What is not as it must be after any worker that was killed anywhere."""
        site, wrong = self.outside, list[str]()
        job = site.control.job(self.plan_id)
        if job.state is not State.COMPLETED:
            wrong.append(f"the state is {job.state.value}: {job.message}")
        if site.sums() != self.others:
            wrong.append("the tables are not those of the others alone")
        found = sorted((row.table, row.planned, row.deleted, row.absent, row.foreign, row.errors) for row in job.progress)
        if sum(row[1] for row in found) != len(self.mine) or any(row[1] != row[2] or any(row[3:]) for row in found):
            wrong.append(f"the totals are {found}")
        receipt = self._receipt()
        events = site.events(self.plan_id)
        digests = {fields["digest"] for event, fields in events if event == "receipted"}
        if receipt is None or digests != {hashlib.sha256(receipt).hexdigest()}:
            wrong.append(f"{len(digests)} receipts are in the audit")
        if receipt is not None:
            if kept is not None and kept != receipt:
                wrong.append("there was another receipt before")
            if not verify_receipt(receipt).ok:
                wrong.append("the receipt is not what was signed")
            said = json.loads(receipt)["receipt"]
            lines = [(one["table"], one["planned"], one["deleted"], one["residual"]) for one in said["tables"]]
            self.wanted = self.wanted or (lines, said["digest"])
            if (lines, said["digest"]) != self.wanted:
                wrong.append(f"the receipt says {lines}")
        if sum(event == "deleting" for event, _ in events) < len(found):
            wrong.append("something was deleted that the audit was not told of before")
        verdict = verify_audit(site.audit)
        if verdict.state != "valid":
            wrong.append(f"the audit is {verdict.state}: {verdict.first_problem}")
        rows = site.control_rows()
        if SUBJECT in site.control_text():
            wrong.append("the id is still in the control table")
        spots = {(row["pk"]["S"], row["sk"]["S"].split("#")[0]) for row in rows}
        left = [spot for spot in spots if spot[0] in (claim_key(job.subject), "open") or spot == (job_key(self.plan_id), "keys")]
        return wrong + [f"{spot[1]} rows are left" for spot in left]

    def _receipt(self) -> bytes | None:
        return self.outside.control.receipt(self.plan_id)


def forked(act: Callable[[], object]) -> int:
    """`act` in a child. Returns its exit code, minus the signal that ended it; 70 when it raised."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 70
        try:
            act()
            code = 0
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def cases(writes: Sequence[bool], lane: int, lanes: int, *, every: bool) -> list[Case]:
    """Before the first call, after each write (which is before whatever comes next), before some of the reads; all, where asked."""
    numbers = range(1, len(writes) + 1)
    if every:
        found = [Case(number, after) for number in numbers for after in (False, True)]
    else:
        found = [Case(1, after=False), *(Case(number, after=True) for number in numbers if writes[number - 1])]
        found += [Case(number, after=False) for number in numbers if not writes[number - 1]][::EVERY_READ]
        found += [Case(number, after=True, again=2 * number % 61 + 5) for number in numbers if writes[number - 1]][5::32]
    return found[lane::lanes]


def main(asked: dict[str, Any]) -> None:
    folder = Path(asked["folder"])
    anchor = folder / "anchor"
    with ExitStack() as stack:
        outside, inside = (
            stack.enter_context(opened(asked["endpoint"], folder, asked["prefix"], create=create, anchor=anchor))
            for create in (True, False)
        )
        lane = Lane(outside, inside, anchor)
        note = folder / "calls.json"
        # A child finds what a worker imports late, and its collector leaves the parent's objects, and so their pages, alone.
        import_module("cryptography.hazmat.primitives.ciphers.aead")
        gc.collect()
        gc.freeze()
        lane.restore()
        first = lane.run(note=note)
        writes: list[bool] = json.loads(note.read_text())
        print(json.dumps({"case": "none", "calls": len(writes), "ended": first, "wrong": lane.look(None)}), flush=True)
        for one in cases(writes, asked["lane"], asked["lanes"], every=asked["all"]):
            said = {"case": [one.number, one.after, one.again], "wrong": lane.case(one)}
            print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
