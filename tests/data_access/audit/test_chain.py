"""The audit's chain: rows that follow each other, and everything that can be done to them without the key."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from data_access.audit import Audit, verify
from data_access.audit.chain import PARTITION, START, Head, canonical, hash_of, sequence_key
from data_access.audit.events import Approved, Deleting, Denied, Started
from data_access.erasure.records import Row
from data_access.errors import AuditBroken, AuditError, TableMissing
from tests.data_access.audit.conftest import OpenAudit
from tests.data_access.erasure.making import opened, settings_for

PLAN = "01JD4Z8V0K3M5N7P9Q1R3S5T7V"
OTHER = "01JD4Z8V0K3M5N7P9Q1R3S5T7W"


def started(token: int = 1, plan_id: str = PLAN) -> Started:
    return Started(plan_id, "worker@host-1", token)


def filled(audit: Audit, rows: int = 5) -> None:
    for token in range(1, rows + 1):
        audit.write(started(token))


def row(audit: Audit, sequence: int) -> Row:
    found = audit.records.get(PARTITION, sequence_key(sequence))
    assert found is not None
    return {name: value for name, value in found.items() if name not in ("pk", "sk")}


def put(audit: Audit, sequence: int, what: Row) -> None:
    audit.records.put(PARTITION, sequence_key(sequence), what)


def test_rows_follow_each_other(audit: Audit) -> None:
    assert audit.head() == Head(0, START)
    first = audit.write(started(1))
    second = audit.write(Approved(PLAN, "kim@example.org", "approver", "a" * 64))
    assert list(audit.entries()) == [first, second]
    assert list(audit.entries(newest=True)) == [second, first]
    assert (first.sequence, second.sequence, second.event) == (1, 2, "approved")
    assert second.fields == {"plan_id": PLAN, "actor": "kim@example.org", "role": "approver", "digest": "a" * 64}
    assert audit.head() == Head(2, second.hash)
    said = json.loads(row(audit, 2)["body"])
    assert (said["previous"], said["sequence"]) == (first.hash, 2)
    assert row(audit, 2)["body"] == canonical(said)
    assert hashlib.sha256(row(audit, 2)["body"].encode()).hexdigest() == second.hash
    assert audit.records.get(PARTITION, "000000000002") is not None


def test_rows_of_refusals_from_before_they_were_counted_still_fit(audit: Audit) -> None:
    """What is hashed is the text that is stored: an event that got a field since does not change it."""
    assert audit._add("denied", {"actor": "nobody", "action": "search"})  # pyright: ignore[reportPrivateUsage] # as it was written then
    audit.write(Denied("nobody", "search"))
    audit.write(Denied("nobody", "search", 41))
    assert [entry.fields.get("times") for entry in audit.entries()] == [None, 1, 41]
    verdict = verify(audit)
    assert (verdict.state, verdict.rows, verdict.first_problem) == ("unwitnessed", 3, None)
    body = json.loads(row(audit, 1)["body"])
    body["fields"]["times"] = 1
    put(audit, 1, {"body": canonical(body), "hash": row(audit, 1)["hash"]})
    assert verify(audit).first_problem == "Row 1 was edited."


def test_entries_of_one_plan(audit: Audit) -> None:
    audit.write(started(1))
    audit.write(started(2, OTHER))
    assert [entry.fields["token"] for entry in audit.entries(plan_id=OTHER)] == [2]


def test_an_empty_audit_and_one_without_a_witness_are_unwitnessed(audit: Audit) -> None:
    verdict = verify(audit)
    assert (verdict.state, verdict.rows, verdict.head, verdict.first_problem) == ("unwitnessed", 0, None, None)
    filled(audit)
    verdict = verify(audit)
    assert (verdict.state, verdict.rows, verdict.head) == ("unwitnessed", 5, audit.head().hash)


@pytest.mark.engine
def test_writers_at_once_make_one_chain(engine_endpoint: str, tmp_path: Path) -> None:
    controls = [opened(settings_for(tmp_path, control_table="control-of-writers"), engine_endpoint) for _ in range(4)]
    writers = [Audit(control) for control in controls]
    barrier = threading.Barrier(8)

    def write(number: int) -> list[int]:
        barrier.wait()
        return [writers[number % 4].write(started(number * 10 + turn)).sequence for turn in range(4)]

    with ThreadPoolExecutor(8) as pool:
        sequences = [sequence for part in pool.map(write, range(8)) for sequence in part]
    assert sorted(sequences) == list(range(1, 33))
    assert verify(writers[0]).rows == 32
    assert verify(writers[0]).state == "unwitnessed"
    assert sorted(entry.fields["token"] for entry in writers[0].entries()) == [n * 10 + turn for n in range(8) for turn in range(4)]
    for control in controls:
        control.close()


def test_a_writer_that_read_an_old_head_writes_again(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(audit, 2)
    heads = [Head(0, START), Head(1, row(audit, 1)["hash"])]
    real = Audit.head
    # The loser looks again before it says that something is wrong.
    monkeypatch.setattr(Audit, "head", lambda self: heads.pop(0) if len(heads) in (1, 2) and not asked.pop() else real(self))
    asked = [False, True, False, True]
    assert audit.write(started(3)).sequence == 3
    assert verify(audit).rows == 3


def test_an_answer_that_was_lost_is_one_row(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    write = audit.records.write

    def twice(*actions: Any) -> None:
        write(*actions)
        write(*actions)

    monkeypatch.setattr(audit.records, "write", twice)
    filled(audit, 3)
    assert [entry.sequence for entry in audit.entries()] == [1, 2, 3]


def test_without_the_table_nothing_is_written(audit: Audit) -> None:
    audit.records.client.delete_table(TableName="control")
    with pytest.raises(TableMissing):
        audit.write(started())


# Everything that verify finds


def edit(audit: Audit) -> None:
    put(audit, 3, row(audit, 3) | {"body": row(audit, 3)["body"].replace("host-1", "host-2")})


def edit_with_its_hash(audit: Audit) -> None:
    body = row(audit, 3)["body"].replace("host-1", "host-2")
    put(audit, 3, {"body": body, "hash": hash_of(body)})


def edit_the_last_with_its_hash(audit: Audit) -> None:
    body = row(audit, 5)["body"].replace("host-1", "host-2")
    put(audit, 5, {"body": body, "hash": hash_of(body)})


def remove_the_first(audit: Audit) -> None:
    audit.records.remove(PARTITION, [sequence_key(1)])


def remove_one(audit: Audit) -> None:
    audit.records.remove(PARTITION, [sequence_key(3)])


def remove_the_last(audit: Audit) -> None:
    audit.records.remove(PARTITION, [sequence_key(5)])


def remove_all(audit: Audit) -> None:
    audit.records.remove(PARTITION, [sequence_key(number) for number in range(1, 6)])


def swap(audit: Audit) -> None:
    second, third = row(audit, 2), row(audit, 3)
    put(audit, 2, third)
    put(audit, 3, second)


def repeat(audit: Audit) -> None:
    put(audit, 6, row(audit, 5))


def add_behind(audit: Audit) -> None:
    said = json.loads(row(audit, 5)["body"]) | {"sequence": 6, "previous": row(audit, 5)["hash"]}
    put(audit, 6, {"body": canonical(said), "hash": hash_of(canonical(said))})


def add_an_attribute(audit: Audit) -> None:
    put(audit, 3, row(audit, 3) | {"note": "a text"})


def make_it_something_else(audit: Audit) -> None:
    put(audit, 3, {"body": 7, "hash": True})


def shorten_with_an_own_head(audit: Audit) -> None:
    remove_the_last(audit)
    head = audit.records.get(PARTITION, "head")
    assert head is not None
    audit.records.put(PARTITION, "head", {"count": 4, "hash": row(audit, 4)["hash"], "mac": head["mac"], "key_id": head["key_id"]})


def change_the_count(audit: Audit, to: int = 6) -> None:
    head = audit.records.get(PARTITION, "head")
    assert head is not None
    audit.records.put(PARTITION, "head", {name: head[name] for name in ("hash", "mac", "key_id")} | {"count": to})


def remove_the_head(audit: Audit) -> None:
    audit.records.remove(PARTITION, ["head"])


def break_the_head(audit: Audit) -> None:
    audit.records.put(PARTITION, "head", {"count": 5})


def start_anew(audit: Audit) -> None:
    """The whole chain made again around an edited row, with the head that there was."""
    previous = START
    for number in range(1, 6):
        said = json.loads(row(audit, number)["body"]) | {"previous": previous}
        if number == 2:
            said["fields"]["actor"] = "nobody"
        put(audit, number, {"body": canonical(said), "hash": hash_of(canonical(said))})
        previous = hash_of(canonical(said))


FINDINGS: list[tuple[Callable[[Audit], None], str, int]] = [
    (edit, "Row 3 was edited.", 2),
    (edit_with_its_hash, "Row 4 does not follow the row before it.", 3),
    (edit_the_last_with_its_hash, "Row 5 is not the one that the head names.", 5),
    (remove_the_first, "Row 1 is missing.", 0),
    (remove_one, "Row 3 is missing.", 2),
    (remove_the_last, "Row 5 is missing: there were 5.", 4),
    (remove_all, "Row 1 is missing: there were 5.", 0),
    (swap, "Row 2 is not the one that was written there.", 1),
    (repeat, "Row 6 is not the one that was written there.", 5),
    (add_behind, "Row 6 lies behind the head.", 6),
    (add_an_attribute, "Row 3 has something beside what was written.", 2),
    (make_it_something_else, "Row 3 was edited.", 2),
    (shorten_with_an_own_head, "The head of the audit was changed by somebody without its key.", 4),
    (change_the_count, "The head of the audit was changed by somebody without its key.", 5),
    (remove_the_head, "The head is missing.", 5),
    (break_the_head, "The head of the audit cannot be read.", 5),
    (start_anew, "Row 5 is not the one that the head names.", 5),
]


@pytest.mark.parametrize("harm, problem, rows", FINDINGS, ids=[harm.__name__ for harm, _, _ in FINDINGS])
def test_what_was_done_to_it_is_found(audit: Audit, harm: Callable[[Audit], None], problem: str, rows: int) -> None:
    filled(audit)
    assert verify(audit).state == "unwitnessed"
    harm(audit)
    verdict = verify(audit)
    assert (verdict.state, verdict.first_problem, verdict.rows) == ("broken", problem, rows)


@pytest.mark.parametrize("harm", [shorten_with_an_own_head, change_the_count, remove_the_head, break_the_head, add_behind])
def test_nothing_is_added_to_a_broken_audit(audit: Audit, harm: Callable[[Audit], None]) -> None:
    filled(audit)
    harm(audit)
    with pytest.raises(AuditBroken):
        audit.write(started())


def test_another_key_is_named(open_audit: OpenAudit, audit: Audit, tmp_path: Path) -> None:
    filled(audit)
    other = open_audit(tmp_path / "other")
    assert verify(other).first_problem == "The audit was written with another key than this installation's."
    with pytest.raises(AuditBroken, match=r"erasure\.keys"):
        other.write(started())


def test_unreadable_rows_are_said(audit: Audit) -> None:
    filled(audit, 1)
    put(audit, 1, {"body": "{}"})
    with pytest.raises(AuditBroken, match="audit verify"):
        list(audit.entries())


# The witness


def roll_back(audit: Audit, to: int) -> None:
    """What somebody with the key, or an old copy of the head, can do: a shorter audit that fits together."""
    audit.records.remove(PARTITION, [sequence_key(number) for number in range(to + 1, 6)])
    last = row(audit, to)["hash"]
    audit.records.put(PARTITION, "head", {"count": to, "hash": last, "mac": audit.keys.head(to, last), "key_id": audit.keys.key_id})


def test_the_anchor_makes_it_valid(open_audit: OpenAudit, tmp_path: Path) -> None:
    audit = open_audit(anchor=tmp_path / "anchor.log")
    assert verify(audit).state == "unwitnessed"  # of nothing
    filled(audit)
    assert verify(audit).state == "valid"
    lines = (tmp_path / "anchor.log").read_text().splitlines()
    assert [line.split()[:2] for line in lines] == [[str(entry.sequence), entry.hash] for entry in audit.entries()]
    assert (tmp_path / "anchor.log").stat().st_mode & 0o777 == 0o600


def test_a_shorter_audit_that_fits_together_is_found_by_the_anchor_alone(open_audit: OpenAudit, tmp_path: Path) -> None:
    audit = open_audit(anchor=tmp_path / "anchor.log")
    filled(audit)
    roll_back(audit, 3)
    verdict = verify(audit)
    assert (verdict.state, verdict.first_problem) == ("broken", "Row 4 is missing: the anchor saw row 4.")
    assert verify(open_audit()).state == "unwitnessed"
    audit.write(started(9))
    assert verify(audit).first_problem == "Row 4 is not the one that the anchor saw."


def test_a_row_that_the_anchor_did_not_see_is_unwitnessed(open_audit: OpenAudit, tmp_path: Path) -> None:
    anchored = open_audit(anchor=tmp_path / "anchor.log")
    filled(anchored, 2)
    open_audit().write(started(3))
    assert verify(anchored).state == "unwitnessed"
    anchored.write(started(4))
    assert verify(anchored).state == "valid"


@pytest.mark.parametrize("text", ["nonsense\n", f"5 {'a' * 64}", f"0 {'a' * 64} 2026-11-20T08:00:00+00:00\n", "\xff\n"])
def test_a_line_that_nobody_wrote_is_found(open_audit: OpenAudit, tmp_path: Path, text: str) -> None:
    audit = open_audit(anchor=tmp_path / "anchor.log")
    filled(audit, 2)
    with (tmp_path / "anchor.log").open("ab") as file:
        file.write(text.encode("latin-1"))
    verdict = verify(audit)
    assert (verdict.state, verdict.first_problem) == ("broken", "Line 3 of the anchor is not one that was written.")


def test_an_anchor_that_cannot_be_written_stops_what_was_to_be_done(open_audit: OpenAudit, tmp_path: Path) -> None:
    audit = open_audit(anchor=tmp_path / "no folder" / "anchor.log")
    with pytest.raises(AuditError, match="cannot be written"):
        audit.write(Deleting(PLAN, "00#00-000000#ai_agent#ai-agent-messages#000000", 5, 1))
    (tmp_path / "is a folder").mkdir()
    with pytest.raises(AuditError, match="cannot be read"):
        verify(open_audit(anchor=tmp_path / "is a folder", control_table="control"))
