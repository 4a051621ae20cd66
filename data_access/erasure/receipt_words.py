"""A receipt in words: for a data protection officer, on a page and on paper. What the file holds and nothing else."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from data_access.counts import some
from data_access.erasure.clearing import SecondStage
from data_access.erasure.copies import remains, without_date
from data_access.erasure.model import Copy, State
from data_access.erasure.receipt import Content, Spent
from data_access.erasure.verification import Seen

_ENDED: dict[State, str] = {
    State.COMPLETED: "Completed. Everything that was found was erased, and an independent check found nothing left.",
    State.RESIDUALS: "Completed with residuals. Something is left, or could not be looked at: see what is left.",
    State.NO_DATA: "No data found. There was nothing of this user to erase, and an independent check found nothing.",
    State.PARTIAL: "Partial. Not everything was tried or checked: this is no proof that the data is gone.",
    State.BLOCKED: "Blocked. It was stopped before it was done: this is no proof that the data is gone.",
    State.CANCELLED: "Cancelled. Somebody stopped it: what was erased before that is counted below.",
    State.FAILED: "Failed. Nothing was erased.",
}
CLASSES: dict[Seen, str] = {
    Seen.LEFTOVER: "left over",
    Seen.STUB: "made again by an update",
    Seen.LATE: "written late",
    Seen.INDEX: "still in an index",
    Seen.NEW: "new activity",
}
# What Markdown would take for a mark anywhere, and what it takes for one at the beginning of a line.
_MARKS = re.compile(r"[\\`*\[\]<>|~&$]|(?<![^\W_])_|_(?![^\W_])")
_FIRST = re.compile(r"^(?:[#+=-]|(\d+)(?=[.)](?:\s|$)))")
COPIES, SECOND_STAGE = "Copies that this does not reach", "Second stage: the copies today"
_LINE = 96  # letters: what a sheet of paper holds


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the receipt: sentences, then a table, either of which may be empty. All plain text, no marks.

    `listed`: each sentence is a point of a list.
    """

    title: str
    sentences: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    listed: bool = False


def sections(content: Content, public_key: str = "", file_digest: str = "", stage: SecondStage | None = None) -> tuple[Section, ...]:
    """The whole receipt in the order in which it is read, with the second stage where it was asked about."""
    return tuple(_sections(content, public_key, file_digest, stage))


def as_markdown(content: Content, public_key: str = "", file_digest: str = "", stage: SecondStage | None = None) -> str:
    """For reading and printing; only the JSON file is signed."""
    lines = ["# Receipt of an erasure", ""]
    for section in sections(content, public_key, file_digest, stage):
        lines += [f"## {section.title}", ""]
        for sentence in section.sentences:
            lines += [*_wrapped(sentence, "- " if section.listed else ""), *([] if section.listed else [""])]
        if section.listed:
            lines.append("")
        if section.rows:
            lines += [_row(section.columns), _row(["---"] * len(section.columns), plain=False)]
            lines += [*(_row(row) for row in section.rows), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _sections(content: Content, public_key: str, file_digest: str, stage: SecondStage | None) -> Iterator[Section]:
    yield Section("Result", (_ENDED.get(content.state, content.state.value), *_counted(content)))
    yield Section("Request", (), ("What", ""), tuple(_request(content)))
    yield Section("Tables", (), _TABLE_COLUMNS, tuple(_tables(content)))
    if content.residuals or content.unread:
        yield Section("What is left", (), ("Table", "Items", "Class", "Why"), tuple(_left(content)))
    else:
        said = "Nothing that the check could find." if content.sweeps else "Not known: it ended before the independent check."
        yield Section("What is left", (said,))
    if content.new_activity:
        yield Section(
            "New activity",
            ("These items began after the cut-off. They were not asked for and not erased; a new request would erase them.",),
            ("System", "Table", "Items"),
            tuple((one.system, one.table, f"{one.new_activity:,}") for one in content.new_activity),
        )
    yield Section("Independent check", tuple(_checked(content)), _SWEEP_COLUMNS, tuple(_sweeps(content)))
    yield Section("Cost", (), ("", "Estimated", "Measured"), tuple(_cost(content.spent)))
    yield Section(COPIES, *_copies(content.copies))
    if stage is not None:
        yield _second_stage(stage)
    yield Section("Not erased by this", (*content.out_of_scope, *content.not_performed), listed=True)
    if content.scanned:
        yield Section("How the plan was made", content.scanned, listed=True)
    yield Section("Evidence", (), ("What", ""), tuple(_evidence(content, public_key, file_digest)))


def _counted(content: Content) -> Iterator[str]:
    total = content.total
    yield (
        f"Planned {some(content.planned, 'item')}: {total('deleted'):,} deleted, {total('already_absent'):,} already gone, "
        f"{total('errors'):,} failed, {total('foreign_owner'):,} refused because they belong to somebody else."
    )
    late = content.ended_at > content.due_at
    yield f"It ended {_time(content.ended_at)}, {'after' if late else 'before'} the due date {content.due_at:%Y-%m-%d}."


def _request(content: Content) -> Iterator[tuple[str, str]]:
    yield ("User", "told only as a keyed hash") if content.user_id is None else ("User id", content.user_id)
    yield from _hash("Keyed hash of the user id", content.subject)
    yield "Asked for by", content.requested_by
    yield "Approved by", content.approved_by or "nobody: no second person was needed"
    if content.approved_by is not None:
        yield "Approved", _time(content.approved_at)
    yield "Received", _time(content.received_at)
    yield "Due", _time(content.due_at) + (f", extended: {content.extended.value.replace('_', ' ')}" if content.extended else "")
    yield "Planned", _time(content.planned_at)
    yield "Started", _time(content.started_at)
    yield "Cut-off", _time(content.cutoff)
    yield "Ended", _time(content.ended_at)
    yield "Systems", ", ".join(content.scope.systems)
    yield "Tenants", "every tenant" if content.scope.tenants is None else ", ".join(content.scope.tenants)
    yield "Type of data", content.scope.data_type or "every type"
    yield "Conversations", "one conversation" if content.scope.one_conversation else "all"


_TABLE_COLUMNS = ("System", "Table", "Planned", "Deleted", "Gone before", "Failed", "Left", "New")


def _tables(content: Content) -> Iterator[tuple[str, ...]]:
    for one in content.tables:
        numbers = (one.planned, one.deleted, one.already_absent, one.errors + one.foreign_owner, one.residual, one.new_activity)
        yield (one.system, one.table, *(f"{number:,}" for number in numbers))


def _left(content: Content) -> Iterator[tuple[str, ...]]:
    for one in content.residuals:
        yield one.table, f"{one.count:,}", CLASSES[one.kind], one.why
    for unread in content.unread:
        yield unread.table or unread.system, "not known", "could not be read", unread.why


def _checked(content: Content) -> Iterator[str]:
    if not content.sweeps:
        yield "There was none: nothing here shows that the data is gone."
        return
    yield (
        "A reader that shares no code with what finds and deletes looked again: at every planned key, at the user's partitions "
        "and indexes, and through whole tables where an index could have missed an item."
    )
    if content.index_lag:
        yield f"An index went on showing erased items for up to {content.index_lag:,.1f} s."


_SWEEP_COLUMNS = ("Started", "Keys", "Scanned", "Left", "New", "Read units")


def _sweeps(content: Content) -> Iterator[tuple[str, ...]]:
    for one in content.sweeps:
        left, new = sum(found.residuals for found in one.found), sum(found.new_activity for found in one.found)
        scanned = ", ".join(one.scanned) or "none"
        yield _time(one.at), f"{one.checked_keys:,}", scanned, f"{left:,}", f"{new:,}", f"{one.read_units:,.1f}"


def _cost(spent: Spent) -> Iterator[tuple[str, str, str]]:
    yield "Write units", _number(spent.estimated_write_units), _number(spent.write_units)
    yield "Read units of the check", "", _number(spent.read_units)
    measured = None if spent.write_usd is None or spent.read_usd is None else spent.write_usd + spent.read_usd
    yield "US dollars", _dollars(spent.estimated_usd), _dollars(measured)
    yield "Seconds", _number(spent.estimated_seconds), _number(spent.seconds)


def _copies(copies: Iterable[Copy]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[tuple[str, ...], ...]]:
    left = [copy for copy in copies if remains(copy)]
    if not left:
        return ("None was found.",), (), ()
    rows = tuple((one.table, one.what, one.state, _time(one.last_possible, without_date(one)), one.note) for one in left)
    return (), ("Table", "Copy", "State", "Last possible", "Note"), rows


def _second_stage(stage: SecondStage) -> Section:
    asked = f"Asked about {_time(stage.at)}. This is not part of the signed file, which tells of the copies at the end of the erasure."
    holding = () if stage.clearance is None else stage.clearance.holding
    rows = tuple((one.table, one.what, one.state, one.note) for one in holding)
    return Section(SECOND_STAGE, (stage.sentence, asked), ("Table", "Copy", "State", "Note") if rows else (), rows)


def _evidence(content: Content, public_key: str, file_digest: str) -> Iterator[tuple[str, str]]:
    yield "Plan", content.plan_id
    yield from _hash("Digest of the plan", content.digest)
    yield "Rows of the audit", f"{content.audit.rows:,}"
    yield from _hash("Head of the audit", content.audit.hash)
    yield "Key of the user's hash", content.subject_key
    if public_key:
        yield from _hash("Public key (Ed25519)", public_key)
    if file_digest:
        yield from _hash("SHA-256 of the signed file", file_digest)
    yield "Version of the receipt", str(content.version)


def _hash(name: str, text: str) -> Iterator[tuple[str, str]]:
    """On two lines: 64 digits are wider than a column of paper."""
    half = (len(text) + 1) // 2
    yield name, text[:half]
    if text[half:]:
        yield "", text[half:]


def _time(when: datetime | None, otherwise: str = "not told") -> str:
    return otherwise if when is None else f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _number(value: float | None) -> str:
    return "not known" if value is None else f"{value:,.1f}"


def _dollars(value: float | None) -> str:
    return "not known" if value is None else f"{value:,.6f}".rstrip("0").rstrip(".")


def _row(cells: Sequence[str], *, plain: bool = True) -> str:
    return f"| {' | '.join(_plain(cell) if plain else cell for cell in cells)} |"


def _wrapped(text: str, mark: str) -> Iterator[str]:
    before = mark
    for line in textwrap.wrap(_visible(text), _LINE, break_long_words=False, break_on_hyphens=False):
        yield before + _FIRST.sub(_at_first, _MARKS.sub(r"\\\g<0>", line))
        before = " " * len(mark)


def _plain(text: str) -> str:
    return _MARKS.sub(r"\\\g<0>", _visible(text))


def _visible(text: str) -> str:
    """One line in which every letter can be seen, whatever was in it."""
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" if letter not in "\r\n\t" else " " for letter in text)


def _at_first(found: re.Match[str]) -> str:
    """A number cannot be escaped itself: its last digit becomes a reference."""
    text = found.group()
    return f"{text[:-1]}&#{ord(text[-1])};" if text[-1].isdigit() else f"\\{text}"
