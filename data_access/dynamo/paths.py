"""Which key or index serves a question: the choice between GetItem, Query and Scan, from the system's file alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from data_access.dynamo.plan import Term
from data_access.dynamo.sizes import Span
from data_access.errors import UsageError
from data_access.items.values import EPOCH, iso
from data_access.models import Filter
from data_access.systems.spec import Table

# How well a part narrows a read down: one conversation is less than one user's, which is less than a tenant's.
_NARROWS: Mapping[str, int] = {"conversation_id": 9, "user_id": 4, "kind": 2, "tenant_id": 1}
_TIMES = frozenset({"sent_at", "started_at", "last_activity_at"})
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
_PARTITION_KEY_BYTES, _SORT_KEY_BYTES = 2_048, 1_024
# Local time runs from UTC-12 to UTC+14, and a time kept as text with an offset sorts by its local digits.
_WEST, _EAST = timedelta(hours=12), timedelta(hours=14)
# Digits of seconds that sort before the text "20…" and have ten of them: from September 2001 to May 2033.
_TEN_DIGITS, _TWENTY = 1_000_000_000, 2_000_000_000
_LAST_SECONDS = 99_999_999_999  # a larger number is milliseconds: see items/values.py
_WORDS = {"conversation_id": "conversation id", "user_id": "user id", "tenant_id": "tenant id", "kind": "type of data"}


_Road = tuple[str | None, str, str | None]  # index (None: the table itself), partition key, sort key


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open range of time on the parts that are times. A start has no lower bound: a conversation may have begun earlier."""

    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Access:
    """A way to the items. `ranges` are sort key ranges to query one after the other; (None,) where there is no range.

    `complete` says that the key names at most one item. `parts`, `present`, `timed` and `span` say the same of the items that a
    Query evaluates in the terms of sizes.Extent.
    """

    index: str | None
    keys: tuple[Term, ...]
    ranges: tuple[Term | None, ...]
    filters: tuple[Term, ...]
    complete: bool
    narrows: int
    parts: Mapping[str, str]
    present: frozenset[str]
    timed: str | None
    span: Span | None


def known_parts(wanted: Filter) -> dict[str, str]:
    """The parts that the filter fixes. Raises UsageError for an id that no key can hold."""
    given = {"conversation_id": wanted.conversation_id, "user_id": wanted.user_id, "tenant_id": wanted.tenant_id}
    known = {part: value for part, value in given.items() if value is not None}
    for part, value in known.items():
        if not value:
            raise UsageError(f"The {_WORDS[part]} is empty.", "Give one, or leave it out.")
        try:
            size = len(value.encode())
        except UnicodeEncodeError:
            raise UsageError(f"The {_WORDS[part]} is not valid Unicode.", "It holds half of a surrogate pair.") from None
        if size > _PARTITION_KEY_BYTES:
            raise UsageError(f"The {_WORDS[part]} has {size:,} bytes; a key of DynamoDB has at most {_PARTITION_KEY_BYTES:,}.")
    return known


def best_access(
    table: Table, known: Mapping[str, str], window: Window, kind: str | None = None, indexes: Collection[str] = ()
) -> Access | None:
    """The key or index that narrows the read down most; None where only a Scan serves. `indexes` are those that can be used."""
    roads: list[_Road] = [(None, table.partition_key, table.sort_key)]
    roads += [(name, index.partition_key, index.sort_key) for name, index in table.indexes.items() if name in indexes]
    found = [access for road in roads if (access := _access(table, road, known, window, kind)) is not None]
    return max(found, key=lambda access: (access.narrows, access.complete, access.index is None), default=None)


def fan_out(table: Table, indexes: Collection[str]) -> Access | None:
    """The key or index by which one conversation's messages are read; its value is filled in later."""
    return best_access(table, {"conversation_id": ""}, Window(None, None), None, indexes)


def equal_filters(table: Table, known: Mapping[str, str], kind: str | None = None, but: frozenset[str] = frozenset()) -> tuple[Term, ...]:
    """Equality on each known part that the keys do not fix. Ids only: times differ in form and are compared after reading."""
    names = table.parts(kind)
    return tuple(_equal(names[part], part, value) for part, value in known.items() if part in names and names[part] not in but)


def _access(table: Table, road: _Road, known: Mapping[str, str], window: Window, kind: str | None) -> Access | None:
    index, pk, sk = road
    names = {attribute: part for part, attribute in table.parts(kind).items()}
    part = names.get(pk)
    if part is None or part not in known or table.attributes[pk].type != "S":
        return None
    keys = [_equal(pk, part, known[part])]
    parts = {part: known[part]}
    span: Span | None = None
    narrows = 10 * _NARROWS[part]
    extents: tuple[Term | None, ...] = (None,)
    sort_part = names.get(sk) if sk else None
    if sk is not None and sort_part is not None and sort_part in known and table.attributes[sk].type == "S":
        if len(known[sort_part].encode()) > _SORT_KEY_BYTES:
            raise UsageError(f"The {_WORDS[sort_part]} is longer than the {_SORT_KEY_BYTES:,} bytes that a sort key of DynamoDB has.")
        keys.append(_equal(sk, sort_part, known[sort_part]))
        parts[sort_part] = known[sort_part]
        narrows += 10 * _NARROWS[sort_part]
    elif sk is not None and sort_part in _TIMES:
        reached = window if sort_part == "sent_at" else Window(None, window.until)
        found = ranges(table, sk, reached)
        extents, narrows = (found or (None,)), narrows + bool(found)
        span = _span(table, sk, reached) if found else None
    used = frozenset(term.attribute for term in keys)
    complete = index is None and len(keys) == len(table.keys)
    # Only in an index is an item missing that has no sort key.
    present = frozenset({sort_part} if index is not None and sort_part is not None else ())
    timed = sort_part if span is not None else None
    return Access(index, tuple(keys), extents, equal_filters(table, known, kind, used), complete, narrows, parts, present, timed, span)


def _equal(attribute: str, part: str, value: str) -> Term:
    return Term(attribute, "=", (value,) if value else (), f":{part}")


def ranges(table: Table, attribute: str, window: Window) -> tuple[Term, ...]:
    """The sort key ranges that hold every form in which a time of the window can be stored under this key."""
    if window.since is None and window.until is None:
        return ()
    if table.attributes[attribute].type == "N":
        return _number_ranges(attribute, window)
    return _text_ranges(attribute, window, utc=table.attributes[attribute].utc)


def _span(table: Table, attribute: str, window: Window) -> Span:
    """The times that the ranges hold of those kept as they mostly are: in UTC with a T, or as numbers."""
    key = table.attributes[attribute]
    exact = key.type == "N" or key.utc
    west, east = (timedelta(), timedelta()) if exact else (_WEST, _EAST)
    try:
        since = None if window.since is None else window.since.astimezone(UTC).replace(microsecond=0) - west
        if since is not None and not exact:
            since = since.replace(hour=0, minute=0, second=0)  # The T sorts after the space that the range begins with.
        # What a tilde, or the next second, closes in: the whole of the last second.
        until = None if window.until is None else window.until.astimezone(UTC).replace(microsecond=0) + east + timedelta(seconds=1)
    except OverflowError:
        return Span(window.since, window.until)
    return Span(since, until)


def _number_ranges(attribute: str, window: Window) -> tuple[Term, ...]:
    """Milliseconds as the guide says, and seconds, since some writers store those."""
    low, high = _epoch(window.since), _epoch(window.until)
    # From the beginning on, and as good as, the smaller seconds lie in the same range: two would bring them twice.
    low = None if low is None or low * 1000 <= _LAST_SECONDS else low
    milliseconds = _range(attribute, None if low is None else low * 1000, None if high is None else (high + 1) * 1000)
    if low is None or low >= _LAST_SECONDS:
        return (milliseconds,) if low is not None or high is not None else ()
    return (milliseconds, _range(attribute, low, _LAST_SECONDS if high is None else min(high + 1, _LAST_SECONDS)))


def _text_ranges(attribute: str, window: Window, *, utc: bool) -> tuple[Term, ...]:
    """ISO 8601 in any offset, and the digits of seconds or milliseconds.

    Texts compare letter by letter, so the bounds are cut to whole seconds: "…:00Z" sorts after "…:00.5Z". A tilde sorts
    after everything that can follow.
    """
    west, east = (timedelta(), timedelta()) if utc else (_WEST, _EAST)
    # A space between date and time sorts before the T.
    low = None if window.since is None else _second(window.since, -west).replace("T", "T" if utc else " ")
    high = None if window.until is None else _second(window.until, east) + "~"
    first, last = _epoch(window.since), _epoch(window.until)
    if first is not None and first < _TEN_DIGITS:
        low = None  # Before the seconds had ten digits there were no chatbots: from the beginning on.
    if low is None and high is None:
        return ()
    texts = _range(attribute, low, high)
    # "1764…" sorts before "20…": from the beginning on, one range holds both.
    if low is None or first is None or first >= _TWENTY:
        return (texts,)
    return (texts, _range(attribute, str(first), f"{min(last, _TWENTY - 1) if last is not None else _TWENTY - 1}~"))


def _range(attribute: str, low: str | int | None, high: str | int | None) -> Term:
    if low is not None and high is not None:
        return Term(attribute, "BETWEEN", (low, high), f"{_show(low)} AND {_show(high)}")
    if low is not None:
        return Term(attribute, ">=", (low,), _show(low))
    return Term(attribute, "<=", (high,), _show(high))


def _show(bound: str | int | None) -> str:
    return str(bound) if isinstance(bound, int) else f"'{bound}'"


def _second(when: datetime, shift: timedelta) -> str:
    try:
        shifted = when.astimezone(UTC) + shift
    except OverflowError:
        shifted = when.astimezone(UTC)
    return iso(shifted.replace(microsecond=0)).removesuffix("Z")


def _epoch(when: datetime | None) -> int | None:
    return None if when is None else int((when - EPOCH).total_seconds())
