"""What CloudWatch would have seen of the sample's conversations: capacity, latency, throttles and errors.

Made from the sample items themselves. Each message costs the write that its layout takes, with its indexes; each message of
a user costs the reads of a chatbot that loads the history before it answers. As in CloudWatch, a table's series leave its
indexes out, and where nothing happened there is no data point.

    remo        the item of the memory is read and written whole with every message, and so is the context
    ai_agent    a message is put, its session updated; the history is a Query of SessionTimestampIndex
    ai4ai       the same without indexes; the history is a Query of the table
    cg          the conversation's item is read and written whole with every message, its index entry too

Three things are made up: a spike of throttling two days ago, a few errors, and deletions by ttl. TenantUserIndex is never read.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import ceil
from random import Random
from typing import Any, NamedTuple, cast

from data_access.local.sample.said import Said, by_conversation, growing, size_of, time_of
from data_access.local.sample.store import items
from data_access.local.sample.times import DAYS

HISTORY = 50  # messages that a chatbot loads before it answers
LISTED = 20  # conversations, or a tenant's messages, that somebody sees at first
PAGE_BYTES = 1_048_576
SPIKE_INDEX = "SessionTimestampIndex"
SPIKE_TABLE = "ai-agent-messages"
NEVER_READ = "TenantUserIndex"
BACKED_UP = "cg-chatbot-conversations"  # the one table with an on-demand backup
BACKUP_AGE = timedelta(days=9)  # before the end of the sample
_LIMITS = {"AccountMaxReads": 80_000, "AccountMaxWrites": 80_000, "AccountMaxTableLevelReads": 40_000, "AccountMaxTableLevelWrites": 40_000}
# Typical milliseconds of one call, and how many more for each read or write unit.
_LATENCY = {"GetItem": (2.4, 0.25), "Query": (3.9, 0.35), "PutItem": (4.1, 0.3), "UpdateItem": (4.8, 0.3)}


@dataclass(frozen=True, slots=True)
class Signal:
    """One series: the metric and its dimensions. `table` is the default name of a table."""

    name: str
    table: str | None = None
    index: str | None = None
    operation: str | None = None


class Points(NamedTuple):
    """Seconds since 1970, ascending, and what was reported then, call by call."""

    times: tuple[float, ...]
    values: tuple[float, ...]


Traffic = Mapping[Signal, Points]


@dataclass(frozen=True, slots=True)
class Played:
    """Every series, and the bytes of the one backup."""

    traffic: Traffic
    backup_bytes: int


def traffic(until: datetime, seed: int = 7) -> Traffic:
    """Every series of the sample that `items` makes for the same end and seed; the same each time."""
    return play(until, seed).traffic


@lru_cache(maxsize=4)
def play(until: datetime, seed: int = 7) -> Played:
    """The series and the backup of the sample that `items` makes for the same end and seed; the same each time."""
    until = until.astimezone(UTC)
    tables: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for table, item in items(until=until, seed=seed):
        tables[table].append(item)
    seen = _Seen(Random(f"{seed} traffic"), until)
    _remo(seen, tables["remo-user-data"])
    _ai_agent(seen, tables["ai-agent-sessions"], tables["ai-agent-messages"])
    _ai4ai(seen, tables["ai4ai-chat-sessions"], tables["ai4ai-chat-messages"])
    _cg(seen, tables["cg-chatbot-conversations"])
    _spike(seen, tables["ai-agent-messages"])
    _expiries(seen)
    _account(seen)
    taken = (until - BACKUP_AGE).isoformat()
    return Played(seen.points(), sum(size_of(item) for item in tables[BACKED_UP] if str(item.get("created_at")) < taken))


class _Seen:
    """Collects what is reported, call by call."""

    def __init__(self, rng: Random, until: datetime) -> None:
        self.rng, self.until = rng, until
        self.since = until - timedelta(days=DAYS)
        self._points: dict[Signal, list[tuple[float, float]]] = defaultdict(list)

    def report(
        self, at: datetime, value: float, name: str, table: str | None = None, index: str | None = None, op: str | None = None
    ) -> None:
        if self.since <= at < self.until:
            self._points[Signal(name, table, index, op)].append((at.timestamp(), float(value)))

    def report_steadily(self, step: timedelta, value: float, name: str) -> None:
        """The same value all the time."""
        every, since = step.total_seconds(), self.since.timestamp()
        count = int((self.until - self.since) / step)
        self._points[Signal(name)] = [(since + every * n, float(value)) for n in range(count)]

    def call(self, at: datetime, operation: str, table: str, units: float) -> None:
        """One successful call: how long it took, and now and then an error beside it."""
        typical, more = _LATENCY[operation]
        slow = 6.0 if self.rng.random() < 0.008 else 1.0
        self.report(
            at, (typical + more * units) * self.rng.lognormvariate(0, 0.28) * slow, "SuccessfulRequestLatency", table, None, operation
        )
        if self.rng.random() < 0.000_15:
            self.report(at, 1, "SystemErrors", table, None, operation)
        if self.rng.random() < 0.000_6:
            self.report(at, 1, "UserErrors")

    def write(self, at: datetime, operation: str, table: str, size: int, indexes: Iterable[str] = ()) -> None:
        """A write of an item of this size, and of its entry in these indexes, which have all of the item."""
        units = units_of(size, 1_024)
        self.report(at, units, "ConsumedWriteCapacityUnits", table)
        for index in indexes:
            self.report(at, units, "ConsumedWriteCapacityUnits", table, index)
        self.call(at, operation, table, units)

    def refused(self, at: datetime, table: str, size: int) -> None:
        """A write whose condition did not hold: it costs what the item that is there would have cost, in no index."""
        self.report(at, units_of(size, 1_024), "ConsumedWriteCapacityUnits", table)
        self.report(at, 1, "ConditionalCheckFailedRequests", table)

    def read(self, at: datetime, operation: str, table: str, size: int, index: str | None = None, items: int | None = None) -> None:
        """An eventually consistent read of so many bytes, by an index or of the table itself."""
        units = units_of(size, 4_096) / 2
        self.report(at, units, "ConsumedReadCapacityUnits", table, index)
        if items is not None:
            self.report(at, items, "ReturnedItemCount", table, None, operation)
        self.call(at, operation, table, units)

    def points(self) -> Traffic:
        ordered = {signal: sorted(found) for signal, found in sorted(self._points.items(), key=lambda pair: str(pair[0]))}
        return {signal: Points(tuple(at for at, _ in found), tuple(value for _, value in found)) for signal, found in ordered.items()}


def units_of(size: int, unit: int) -> int:
    """Units for so many bytes; an item that is not there costs one."""
    return max(1, ceil(size / unit))


def _remo(seen: _Seen, rows: Sequence[Mapping[str, Any]]) -> None:
    table = "remo-user-data"
    others: dict[str, dict[str, int]] = defaultdict(dict)
    for row in rows:
        others[row["user_id"]][str(row["data_type"])] = size_of(row)
    for row in rows:
        if row["data_type"] != "conversation_memory" or not isinstance(row.get("data"), dict):
            continue
        data = cast("dict[str, Any]", row["data"])
        own = others[row["user_id"]]
        context = own.get("conversation_context", 0)
        for n, (one, size) in enumerate(growing(size_of(row), data.get("messages"))):
            at = one.at
            if one.by_user:
                for read in (size - one.bytes, context, own.get("user_preferences", 0)):
                    seen.read(at - timedelta(milliseconds=40), "GetItem", table, read)
            seen.write(at, "PutItem", table, size)
            seen.write(at + timedelta(milliseconds=15), "PutItem", table, context)
            if n == 0:
                for kind in ("user_preferences", "reminder_data", "todo_data"):
                    seen.write(at + timedelta(milliseconds=30), "PutItem", table, own.get(kind, 0))


def _ai_agent(seen: _Seen, sessions: Sequence[Mapping[str, Any]], messages: Sequence[Mapping[str, Any]]) -> None:
    table, entries = "ai-agent-messages", ("SessionTimestampIndex", "TenantTimestampIndex")
    newest: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for message in messages:
        if (at := time_of(message.get("timestamp"))) is not None:
            newest[str(message.get("tenantId"))].append((at, size_of(message)))
    for said in newest.values():
        said.sort()
    tenants = {message.get("sessionId"): str(message.get("tenantId")) for message in messages}
    sizes = {session.get("id"): size_of(session) for session in sessions}
    for key, said in by_conversation(messages, "sessionId", "timestamp").items():
        # What is new in the tenant, for the list that an agent sees first.
        told, first = newest[tenants[key]], said[0].at
        end = bisect_left(told, (first, 0))
        shown = told[max(0, end - LISTED) : end]
        seen.read(first - timedelta(milliseconds=300), "Query", table, sum(size for _, size in shown), entries[1], len(shown))
        _talk(seen, said, "ai-agent-sessions", sizes.get(key), (NEVER_READ,), table, entries, SPIKE_INDEX)


def _ai4ai(seen: _Seen, sessions: Sequence[Mapping[str, Any]], messages: Sequence[Mapping[str, Any]]) -> None:
    sizes = {session.get("session_id"): size_of(session) for session in sessions}
    for key, said in by_conversation(messages, "session_id", "timestamp").items():
        _talk(seen, said, "ai4ai-chat-sessions", sizes.get(key), (), "ai4ai-chat-messages", (), None)


def _talk(
    seen: _Seen,
    said: Sequence[Said],
    sessions: str,
    session: int | None,
    session_indexes: Sequence[str],
    messages: str,
    indexes: Sequence[str],
    history: str | None,
) -> None:
    """A conversation whose messages are items, with a session item beside them if `session` has its size."""
    if session is not None:
        seen.write(said[0].at - timedelta(milliseconds=200), "PutItem", sessions, session, session_indexes)
    for n, one in enumerate(said):
        if one.by_user:
            before = said[max(0, n - HISTORY) : n]
            at = one.at - timedelta(milliseconds=40)
            seen.read(at, "GetItem", sessions, session or 0)
            seen.read(at, "Query", messages, min(PAGE_BYTES, sum(other.bytes for other in before)), history, len(before))
        seen.write(one.at, "PutItem", messages, one.bytes, indexes)
        if session is not None:
            after = one.at + timedelta(milliseconds=20)
            if seen.rng.random() < 0.004:
                # Two browser windows of one person: the second update comes too late.
                seen.refused(after, sessions, session)
            seen.write(after, "UpdateItem", sessions, session, session_indexes)


def _cg(seen: _Seen, rows: Sequence[Mapping[str, Any]]) -> None:
    table, index = "cg-chatbot-conversations", "user_id-created_at-index"
    stored: dict[str, list[int]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: str(row.get("created_at"))):
        size, owner = size_of(row), str(row.get("user_id"))
        listed = stored[owner]
        for n, (one, grown) in enumerate(growing(size, row.get("messages"))):
            if n == 0:
                at = one.at - timedelta(milliseconds=300)
                shown = listed[-LISTED:]
                seen.read(at, "Query", table, min(PAGE_BYTES, sum(shown)), index, len(shown))
            elif one.by_user:
                seen.read(one.at - timedelta(milliseconds=40), "GetItem", table, grown - one.bytes)
            seen.write(one.at, "UpdateItem" if n else "PutItem", table, grown, (index,))
        listed.append(size)


def spike_minute(until: datetime, times: Iterable[datetime]) -> datetime | None:
    """The busiest minute between 60 and 36 hours before `until`; None where nobody talked."""
    minutes: dict[datetime, int] = defaultdict(int)
    for at in times:
        if until - timedelta(hours=60) <= at < until - timedelta(hours=36):
            minutes[at.replace(second=0, microsecond=0)] += 1
    return max(minutes, key=lambda minute: (minutes[minute], minute), default=None)


def _spike(seen: _Seen, messages: Sequence[Mapping[str, Any]]) -> None:
    """A hot session: its index cannot take the writes of one partition, and then the table's writes wait, too."""
    times = (time_of(message.get("timestamp")) for message in messages)
    minute = spike_minute(seen.until, (at for at in times if at is not None))
    if minute is None:
        return
    for offset, reads, writes in ((0, 12, 46), (1, 3, 9)):
        at = minute + timedelta(minutes=offset, seconds=20)
        for side, count in (("Read", reads), ("Write", writes)):
            seen.report(at, count, f"{side}ThrottleEvents", SPIKE_TABLE, SPIKE_INDEX)
            seen.report(at, count, f"{side}KeyRangeThroughputThrottleEvents", SPIKE_TABLE, SPIKE_INDEX)
        seen.report(at, writes // 2, "WriteThrottleEvents", SPIKE_TABLE)
        seen.report(at, writes // 2, "WriteKeyRangeThroughputThrottleEvents", SPIKE_TABLE)
        seen.report(at, reads, "ThrottledRequests", SPIKE_TABLE, None, "Query")
        seen.report(at, writes, "ThrottledRequests", SPIKE_TABLE, None, "PutItem")


def _expiries(seen: _Seen) -> None:
    """Items of people who left before the sample begins, deleted in small groups."""
    at = seen.since + timedelta(hours=5)
    while at < seen.until:
        seen.report(at, seen.rng.choice((1, 1, 2, 5)), "TimeToLiveDeletedItemCount", "remo-user-data")
        at += timedelta(hours=seen.rng.uniform(9, 60))


def _account(seen: _Seen) -> None:
    """The limits, every five minutes."""
    for name, limit in _LIMITS.items():
        seen.report_steadily(timedelta(minutes=5), limit, name)
