"""The receipt: the same for the same job, refused after any change, and without the user unless asked."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from pydantic import ValidationError

from data_access.audit.chain import Head
from data_access.erasure.keys import Keys
from data_access.erasure.model import Copy, Job, Progress, State, TableCount, due_date
from data_access.erasure.receipt import Receipt, contents, file_of, make_receipt, named, signed_text
from data_access.erasure.receipt_check import cleared, verify_receipt
from data_access.erasure.receipt_words import COPIES, as_markdown, sections
from data_access.erasure.signing import key_id, public_key, sign
from data_access.erasure.verification import Found, Leftovers, Residual, Seen, Sweep, Unread, Verification
from data_access.errors import NotConfirmed, UsageError
from tests.data_access.erasure.making import NOW, USER, plan_of

KEYS = Keys(b"h" * 32, b"s" * 32)
OTHER = Keys(b"h" * 32, b"t" * 32)
PUBLIC = public_key(KEYS.seed)
TABLE = "ai-agent-messages"
HEAD = Head(12, "ab" * 32)
APPROVED = NOW + timedelta(seconds=30)


def a_job(**more: Any) -> Job:
    plan = plan_of(100)
    own: dict[str, Any] = {
        "plan": replace(plan, plan_id="01JD0000000000000000000000", write_units=110.0, seconds=2.5, usd=0.02),
        "state": State.VERIFYING,
        "received_at": NOW - timedelta(days=2),
        "due_at": due_date(NOW - timedelta(days=2)),
        "approved_by": "ann",
        "approved_at": APPROVED,
        "started_at": NOW + timedelta(minutes=1),
        "ended_at": None,
        "cutoff": NOW + timedelta(minutes=1),
        "progress": (Progress("ai_agent", TABLE, 100, deleted=98, absent=2, write_units=99.0),),
        "message": "",
        "token": 3,
        "subject": KEYS.subject(USER),
    }
    return Job(**(own | more))


def a_sweep(at: datetime = NOW + timedelta(minutes=2), *, clean: bool = True, left: int = 0, new: int = 0) -> Sweep:
    return Sweep(at, 100, (Found("ai_agent", TABLE, left, new),), (TABLE,), 12.5, 0.000003, 0.75, clean)


def a_check(**more: Any) -> Verification:
    own: dict[str, Any] = {"sweeps": (a_sweep(), a_sweep(NOW + timedelta(minutes=3))), "residuals": (), "new_activity": (), "unread": ()}
    return Verification(**(own | {"leftovers": Leftovers(), "clean": True} | more))


DIRTY = a_check(
    sweeps=(a_sweep(clean=False, left=2, new=3),),
    residuals=(Residual("ai_agent", TABLE, 2, "Still there; found by a Scan alone.", Seen.LEFTOVER),),
    new_activity=(Found("ai_agent", TABLE, 2, 3),),
    unread=(Unread("cg", "cg-chatbot-conversations", "no_permission", "AWS did not permit Scan on the table."),),
    clean=False,
    index_lag=1.5,
)


def receipt(**more: Any) -> Receipt:
    return make_receipt(a_job(), a_check(), HEAD, KEYS, **more)


def test_it_says_what_happened() -> None:
    made = receipt().content
    assert made.state is State.COMPLETED
    assert (made.requested_by, made.approved_by, made.approved_at) == ("sam", "ann", APPROVED)
    assert (made.planned, made.total("deleted"), made.total("already_absent"), made.total("residual")) == (100, 98, 2, 0)
    assert made.ended_at == NOW + timedelta(minutes=3, seconds=0.75)
    assert made.spent.write_units == 99.0
    assert made.spent.write_usd == pytest.approx(99 * 0.01 / 100)
    assert made.spent.read_units == 25.0
    assert made.spent.read_usd == pytest.approx(0.000006)
    assert made.spent.seconds == pytest.approx(120.75)
    assert (made.audit.rows, made.audit.hash) == (12, "ab" * 32)
    assert made.not_performed == ("Logs.",)
    dirty = make_receipt(a_job(), DIRTY, HEAD, KEYS).content
    assert dirty.state is State.RESIDUALS
    assert (dirty.total("residual"), dirty.total("new_activity")) == (2, 3)
    assert dirty.unread == DIRTY.unread


def test_the_list_of_what_is_not_performed_is_never_empty() -> None:
    job = a_job()
    assert make_receipt(replace(job, plan=replace(job.plan, not_performed=())), a_check(), HEAD, KEYS).content.not_performed
    with pytest.raises(ValidationError):
        contents().validate_json(orjson.dumps(orjson.loads(receipt().json)["receipt"] | {"not_performed": []}))


def test_what_cannot_be_priced_is_not_known() -> None:
    job = a_job(progress=(Progress("ai_agent", TABLE, 1, 1, write_units=1), Progress("cg", "other", 1, 1, write_units=1)))
    assert make_receipt(job, a_check(), HEAD, KEYS).content.spent.write_usd is None
    count = TableCount("cg", "other", 1, 10, "by key", 2.0, 0.5)
    priced = replace(job, plan=replace(job.plan, counts=(*job.plan.counts, count)))
    assert make_receipt(priced, a_check(), HEAD, KEYS).content.spent.write_usd == pytest.approx(0.01 / 100 + 0.25)


def test_a_job_has_one_receipt() -> None:
    """F3: made again after a crash it is the same file, byte for byte, at any time of any day."""
    first = receipt()
    assert receipt().json == first.json
    assert receipt().digest == first.digest
    assert receipt().markdown == first.markdown
    assert contents().validate_json(orjson.dumps(orjson.loads(first.json)["receipt"])) == first.content


def test_the_user_is_a_keyed_hash_unless_asked_for() -> None:
    made = receipt()
    for text in (made.json.decode(), orjson.loads(made.json), made.markdown):
        assert USER not in str(text)
    told = receipt(with_user_id=True)
    assert told.content.user_id == USER
    assert named(made, USER, KEYS).json == told.json
    assert verify_receipt(told.json, PUBLIC).ok
    for wrong in ("", USER.lower(), USER + " "):
        with pytest.raises(NotConfirmed) as said:
            named(made, wrong, KEYS)
        assert wrong == "" or wrong not in str(said.value)
    job = a_job()
    blank = replace(job, plan=replace(job.plan, scope=replace(job.plan.scope, user_id="")))
    assert make_receipt(blank, a_check(), HEAD, KEYS).json == made.json
    with pytest.raises(NotConfirmed):
        make_receipt(blank, a_check(), HEAD, KEYS, with_user_id=True)


def test_any_byte_that_is_changed_is_seen() -> None:
    data = make_receipt(a_job(), DIRTY, HEAD, KEYS).json
    assert verify_receipt(data, PUBLIC).ok
    for place in range(len(data)):
        for change in (0x01, 0x20):
            assert not verify_receipt(data[:place] + bytes([data[place] ^ change]) + data[place + 1 :]).ok, place
    for place in range(0, len(data), 7):
        assert not verify_receipt(data[:place] + data[place + 1 :]).ok, place
    for more in (b"\n", b" ", b"{}"):
        assert not verify_receipt(data + more).ok
        assert not verify_receipt(more + data).ok


ANY = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=10) | st.just([]) | st.just({})


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=100), ANY, ANY, ANY)
def test_what_is_no_receipt_is_refused_and_never_raises(data: bytes, one: Any, two: Any, three: Any) -> None:
    told = orjson.loads(receipt().json)
    signature: dict[str, Any] = told["signature"]
    broken = [one, {"receipt": one, "signature": two}, told | {"receipt": one}, told | {"signature": one}]
    broken += [told | {"receipt": told["receipt"] | {"version": one, "tables": two}}]
    broken += [told | {"signature": signature | {"public_key": one, "value": two, "key_id": three}}]
    for each in (data, *(orjson.dumps(each, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2) + b"\n" for each in broken)):
        assert not verify_receipt(each).ok


def test_formatting_it_anew_is_a_change_too() -> None:
    told = orjson.loads(receipt().json)
    assert not verify_receipt(orjson.dumps(told)).ok
    assert not verify_receipt(receipt().json.replace(b"\n", b"\r\n")).ok
    assert "version" in verify_receipt(orjson.dumps(told | {"receipt": told["receipt"] | {"version": 2}})).reason
    twice = receipt().json.replace(b'"receipt": {', b'"receipt": {},\n  "receipt": {', 1)
    assert not verify_receipt(twice).ok


def test_whose_key_it_is_has_to_be_known() -> None:
    made = receipt()
    assert verify_receipt(made.json, PUBLIC).known
    assert verify_receipt(made.json, PUBLIC.hex()).known
    assert verify_receipt(made.json, known={PUBLIC}).known
    unknown = verify_receipt(made.json)
    assert (unknown.ok, unknown.known) == (True, False)
    assert "does not know" in unknown.reason
    assert unknown.key_id == key_id(PUBLIC) == made.key_id
    # Somebody who changes it and signs it with a key of their own is found out by the key alone.
    forged = make_receipt(a_job(approved_by="nobody"), a_check(), HEAD, OTHER)
    assert verify_receipt(forged.json).ok
    assert not verify_receipt(forged.json, known={PUBLIC}).known
    assert not verify_receipt(forged.json, PUBLIC).ok
    with pytest.raises(UsageError):
        verify_receipt(made.json, "not a key")


def test_a_key_cannot_be_given_another_ones_name() -> None:
    """Signed as it should be, with the name of our key beside theirs: people tell keys by the name."""
    told: dict[str, Any] = orjson.loads(make_receipt(a_job(), a_check(), HEAD, OTHER).json)
    named_as_ours = told["signature"] | {"key_id": key_id(PUBLIC)}
    value = sign(OTHER.seed, signed_text(told["receipt"], named_as_ours)).hex()
    assert not verify_receipt(file_of(told["receipt"], named_as_ours | {"value": value})).ok


def test_what_is_signed_begins_with_what_it_is() -> None:
    """A signature of the same key on the same text, made for something else, is none of a receipt."""
    told: dict[str, Any] = orjson.loads(receipt().json)
    signature = {name: text for name, text in told["signature"].items() if name != "value"}
    value = sign(KEYS.seed, file_of(told["receipt"], signature)).hex()
    assert not verify_receipt(file_of(told["receipt"], signature | {"value": value})).ok


def test_what_was_verified_tells_its_counts() -> None:
    seen = verify_receipt(receipt().json).receipt
    assert seen is not None
    assert seen.content.total("deleted") == 98
    assert seen.content.sweeps[0].scanned == (TABLE,)
    assert seen.markdown == receipt().markdown


def test_a_job_that_was_not_checked_does_not_say_that_nothing_is_left() -> None:
    made = make_receipt(a_job(ended_at=NOW), a_check(sweeps=(), clean=False), HEAD, KEYS, state=State.CANCELLED)
    assert made.content.state is State.CANCELLED
    assert "Nothing that the check could find." not in made.markdown
    assert "There was none" in made.markdown
    assert verify_receipt(made.json, PUBLIC).ok


def test_it_can_be_read_and_printed() -> None:
    text = make_receipt(a_job(), DIRTY, HEAD, KEYS).markdown
    html = MarkdownIt("commonmark").enable("table").render(text)
    for word in (
        "Completed with residuals.",
        "Head of the audit",
        f"{APPROVED:%Y-%m-%d %H:%M:%S} UTC",
        "no end date",
        "ai-agent-messages",
        "2026-11-20 08:00:00 UTC",
    ):
        assert word in html
    tables = [line for line in text.split("\n") if line.startswith("| ")]
    assert len(tables) > 30
    assert all(len(line) <= 100 for line in text.split("\n") if line not in tables)
    done = receipt().markdown
    assert "Nothing that the check could find." in done
    assert "New activity" not in done
    assert [section.title for section in sections(receipt().content)][:3] == ["Result", "Request", "Tables"]
    for section in sections(make_receipt(a_job(), DIRTY, HEAD, KEYS).content):
        assert all(len(row) == len(section.columns) for row in section.rows)


def test_what_nobody_could_be_asked_about_is_not_said_to_have_no_end() -> None:
    copies = (DAX, BACKUP, PITR, replace(PITR, state="not known", last_possible=None))
    (section,) = [one for one in sections(receipt(copies=copies).content) if one.title == COPIES]
    last = section.columns.index("Last possible")
    assert [row[last] for row in section.rows] == ["not known", "no end date", f"{PITR.last_possible:%Y-%m-%d %H:%M:%S} UTC", "not known"]


def test_every_sweep_has_its_read_units() -> None:
    (section,) = [one for one in sections(receipt().content) if one.title == "Independent check"]
    assert section.columns[-1] == "Read units"
    assert [row[-1] for row in section.rows] == ["12.5", "12.5"]


TAG = re.compile(r"<[^>]*>")
MARKS = [
    "<b>x</b>",
    "[a](http://x)",
    "# x",
    "1. x",
    "12) x",
    "- x",
    "+",
    "===",
    "a|b",
    "`",
    "&lt;",
    "\\",
    "_a_",
    "**b**",
    "word " * 40 + "- x",
]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30).filter(str.strip) | st.sampled_from(MARKS))
def test_whatever_a_name_is_it_stays_text(name: str) -> None:
    content = receipt().content

    def tags(text: str) -> list[str]:
        told = as_markdown(replace(content, requested_by=text, not_performed=(text,)))
        return TAG.findall(MarkdownIt("commonmark", {"html": True}).enable("table").render(told))

    assert tags(name) == tags("x")


def at(**copies: Copy) -> Receipt:
    return receipt(copies=tuple(copies.values()))


END = receipt().content.ended_at
PITR = Copy(TABLE, "point-in-time recovery", "on, 35 days", END + timedelta(days=35), "")
DAX = Copy(TABLE, "DAX cache", "not known", None, "")
BACKUP = Copy(TABLE, "on-demand backup nightly", "available, made …", None, "It is kept until somebody deletes it.")
DATED = Copy(TABLE, "backup of AWS Backup b", "available, made …", END + timedelta(days=60), "")
NONE = Copy(TABLE, "backups", "none", None, "")


def later(copy: Copy, now: datetime, days: int = 35) -> Copy:
    return replace(copy, last_possible=now + timedelta(days=days))


def test_the_plans_windows_count_from_the_end() -> None:
    job = a_job()
    plan = replace(job.plan, copies=(later(PITR, job.plan.created_at), replace(DATED)))
    made = make_receipt(replace(job, plan=plan), a_check(), HEAD, KEYS).content.copies
    assert [copy.last_possible for copy in made] == [END + timedelta(days=35), END + timedelta(days=60)]


def test_the_second_stage_comes_when_the_last_copy_has_ended() -> None:
    """Idea 4."""
    made = at(pitr=PITR, dax=DAX, none=NONE)
    for days, state in ((1, "waiting"), (35, "waiting"), (36, "cleared")):
        now = END + timedelta(days=days)
        seen = cleared(made, (later(PITR, now), DAX, NONE), now)
        assert seen.state == state
        assert seen.until == END + timedelta(days=35)
        assert seen.not_told == (DAX,)
    assert "CloudTrail" in seen.sentence


def test_a_backup_without_an_end_is_named() -> None:
    made, now = at(pitr=PITR, backup=BACKUP), END + timedelta(days=99)
    seen = cleared(made, (later(PITR, now), BACKUP), now)
    assert seen.state == "no_end"
    assert seen.holding == (BACKUP,)
    assert "on-demand backup nightly" in seen.sentence
    assert cleared(made, (later(PITR, now), NONE), now).state == "cleared"
    # A list that could not be read is no proof that it is gone, and neither is a table that nobody asked about.
    assert cleared(made, (later(PITR, now), replace(NONE, state="not known")), now).state == "no_end"
    assert cleared(made, (), now).state == "no_end"


def test_a_window_that_was_made_longer_is_waited_for() -> None:
    made = at(pitr=replace(PITR, state="on, 7 days", last_possible=END + timedelta(days=7)))
    now = END + timedelta(days=10)
    assert cleared(made, (later(PITR, now, 35),), now).until == END + timedelta(days=35)
    assert cleared(made, (later(PITR, now, 7),), now).state == "cleared"
    assert cleared(made, (replace(PITR, state="off", last_possible=None),), now).state == "cleared"
    assert cleared(made, (replace(PITR, state="not known", last_possible=None),), now).state == "no_end"


def test_a_dated_backup_can_be_kept_longer_or_go_sooner() -> None:
    made = at(dated=DATED)
    now = END + timedelta(days=61)
    assert cleared(made, (DATED,), now).state == "cleared"
    assert cleared(made, (replace(DATED, last_possible=now + timedelta(days=1)),), now).state == "waiting"
    assert cleared(made, (replace(DATED, last_possible=None),), now).state == "no_end"
    assert cleared(made, (NONE,), END + timedelta(days=1)).state == "cleared"
    assert cleared(at(none=NONE), (NONE,), END).state == "cleared"


def test_times_are_told_in_utc() -> None:
    assert receipt().content.ended_at.tzinfo is UTC
