"""Planning an erasure: what would go, what it costs, what stays. Nothing is written but the plan itself, in the control table."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from data_access.audit.chain import Audit
from data_access.audit.events import Planned, Role
from data_access.costs.prices import PriceBook, Prices
from data_access.costs.units import query_units
from data_access.dynamo.aws import Source
from data_access.dynamo.facts import table_class, table_facts
from data_access.erasure.asked import check_scope
from data_access.erasure.chunks import MOST_KEYS
from data_access.erasure.control import Control
from data_access.erasure.copies import copies
from data_access.erasure.discovery import Discovery, Known
from data_access.erasure.known import known, meet_all
from data_access.erasure.live import live_tables
from data_access.erasure.model import Copy, Plan, Scope, TableCount, new_plan_id
from data_access.erasure.neighbours import MOST_SHOWN, Radar
from data_access.erasure.targets import layout
from data_access.erasure.verify import SETTLE_SECONDS
from data_access.errors import SnapshotError, UsageError
from data_access.settings import Settings
from data_access.snapshot.store import Store
from data_access.systems.spec import System

VERSION = 1  # of how plans are made: another one is another digest
# What an erasure never reaches, whoever runs it. A team's own sentences come after these: [erasure] not_performed.
STANDING = (
    "Logs of the chatbots and of the services around them, such as CloudWatch Logs, traces and error reports.",
    "What language models and their providers have kept or learned: prompts in their logs, tuned models, vector stores and memories.",
    "What third parties were given: the services behind the chatbots' tools, analytics, support desks, mail.",
    "Tables, buckets, caches and databases that are not in this configuration.",
    "CloudTrail data events keep the keys of requests: where a key names the user, the deletes themselves are written there.",
    "Backups, exports, streams and replicas of the tables: those that could be found are listed as copies.",
    "Files that somebody exported or downloaded before.",
)
# DynamoDB, items a second without a limit of one's own: 8 requests at once, 25 deletes in about 20 ms or 99 beside a check in 40 ms.
_BATCHED, _CHECKED = 8 * 25 / 0.020, 8 * 99 / 0.040
# The local engine does one item after the other: a commit, as long as the draft measured it, and the entries of its indexes. An entry
# is the processor's work, as reading an item is, and takes about so many times as long (measured with two indexes and items of 350 B).
_ENTRY_READS = 1.2
_LONGEST_READ_SECONDS = 0.001  # an item; what was read in one small request says nothing of many
# What a run reads, in times of what its plan read: all of it once, in the sweep that reads whole tables, and of the user's own items
# three times as much again, in the look at the start and in two sweeps (measured with a user who is all of a table, and with one who
# is a hundredth of it).
_OWN_READS = 3.0
# One request to the control table. Of each chunk there are two after the deletes: its rows are taken away at the end.
_REQUEST_SECONDS, _LOCAL_REQUEST_SECONDS = 0.010, 0.002
_STEPS, _CHUNK_STEPS = 25, 2
_SMALL_BYTES = 20_000_000  # of conversations: a few seconds
_Live = Mapping[str, Mapping[str, Any]]  # DescribeTable's answer by table


@dataclass(frozen=True, slots=True)
class ExpectedScan:
    """A Scan that a plan would make, from the size that AWS last counted: `units` None where no size is known."""

    system: str
    table: str
    units: float | None
    usd: float | None


def expected_scans(sources: Mapping[str, Source], scope: Scope) -> tuple[ExpectedScan, ...]:
    """What would be read from end to end, before anything is read. Raises UsageError, AwsError, SchemaDrift."""
    check_scope(sources, scope)
    found: list[ExpectedScan] = []
    for source in (sources[name] for name in scope.systems):
        live, whole = live_tables(source), layout(source.place, scope)
        for target in whole.targets:
            proof = target is whole.talks and whole.messages is not None and not whole.one_owner
            if target.road.operation == "Scan" or proof:
                facts = table_facts(live[target.name], target.table, source.place.region)
                units = query_units(facts.total_bytes, consistent=True) if facts.item_count else None
                found.append(ExpectedScan(source.id, target.name, units, None if units is None else facts.usd(units)))
    return tuple(found)


def make_plan(
    settings: Settings,
    sources: Mapping[str, Source],
    scope: Scope,
    *,
    requested_by: str,
    control: Control,
    audit: Audit,
    snapshot: Store | None = None,
    now: datetime | None = None,
    received_at: datetime | None = None,
    role: Role = "requester",
    allow_scan: bool = True,
    prices: PriceBook | None = None,
) -> Plan:
    """Find everything of the user in the scope, freeze it, and say what it is. The job is then a draft in the control table.

    Found nothing, it is a plan of no keys. `now` is when it is made, `received_at` when the person asked for it. Without
    `allow_scan` items that no index has are not looked for, and the plan says so. `usd` of the plan is its deletes and twice the
    reads: those that made it, and those of the check afterwards.

    Raises UsageError, SchemaDrift, AwsError, ScanRefused, TooMuch, AuditError: then nothing is left of it.
    """
    check_scope(sources, scope)
    scope = replace(scope, systems=tuple(dict.fromkeys(scope.systems)))
    when = (now or datetime.now(UTC)).astimezone(UTC)
    chosen = [sources[name] for name in scope.systems]
    live = {source.id: live_tables(source) for source in chosen}
    radar, remarks = Radar.on(scope.user_id), list[str]()
    ages, seen = _look_up(snapshot, scope, radar, remarks)
    looks: list[Discovery] = []
    plan_id = new_plan_id(when)
    with control.begin(plan_id) as draft:
        count = 0
        for source in chosen:
            meets = allow_scan and (source.id not in ages or _is_small(source, scope, live[source.id]))
            meet = _Meeting(radar, source.id) if meets else None
            look = Discovery(source, scope, live[source.id], allow_scan=allow_scan, known=seen.get(source.id), met=meet)
            looks.append(look)
            if not (meets and _meets_all(look)):
                remarks.append(_met_where(source.title, ages.get(source.id)))
            for key in look.find():
                draft.add(key)
                count += 1
        book = prices or PriceBook.of(settings)
        counts = tuple(row for source, look in zip(chosen, looks, strict=True) for row in _counts(source, look, live[source.id], book))
        if radar.count > MOST_SHOWN:
            remarks.append(f"{radar.count:,} ids look like this one; {MOST_SHOWN} of them are shown.")
        plan = Plan(
            plan_id=plan_id,
            scope=scope,
            created_at=when,
            requested_by=requested_by,
            counts=counts,
            keys=count,
            digest="",
            write_units=_sum(row.write_units for row in counts),
            usd=_sum([*(row.usd for row in counts), *(None if look.read_usd is None else 2 * look.read_usd for look in looks)]),
            seconds=_seconds(settings, looks, count, draft.commit_seconds() if settings.mode == "local" else None),
            out_of_scope=tuple(said for look in looks for said in look.findings.out_of_scope()),
            neighbours=radar.neighbours,
            copies=_copies(settings, chosen, live, when),
            not_performed=(
                *(said for look in looks for said in look.findings.not_performed()),
                *remarks,
                *STANDING,
                *settings.erasure.not_performed,
            ),
            scanned=tuple(said for look in looks for said in look.findings.scanned()),
            blocked=tuple(said for look in looks for said in look.findings.blocked()),
        )
        specs = specs_digest(source.place.system for source in chosen)
        plan = replace(plan, digest=digest_of(plan, draft.keys_digest(), specs))
        subject = control.keys.subject(scope.user_id)
        audit.write(Planned(plan_id, subject, requested_by, role, scope.systems, count, plan.digest, specs, str(VERSION)))
        draft.finish(plan, received_at=received_at)
    return plan


def digest_of(plan: Plan, keys_digest: str, specs: str) -> str:
    """SHA-256 (hex) over everything that the plan says, its frozen keys, the systems' files and the version of planning."""
    told = {"plan": replace(plan, digest=""), "keys": keys_digest, "specs": specs, "version": VERSION}
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()


def specs_digest(systems: Iterable[System]) -> str:
    """SHA-256 (hex) over the systems' files as they were understood."""
    told = {system.id: system for system in systems}
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()


@dataclass(frozen=True, slots=True)
class _Meeting:
    """Shows the radar the users that a Scan of one system comes across."""

    radar: Radar
    system: str

    def __call__(self, user_id: str) -> None:
        self.radar.meet(user_id, self.system)


def _look_up(snapshot: Store | None, scope: Scope, radar: Radar, remarks: list[str]) -> tuple[Mapping[str, datetime], Mapping[str, Known]]:
    """How old the snapshot is, and what it knows, by system; the radar has then seen all of its users."""
    if snapshot is None:
        return {}, {}
    try:
        there = meet_all(snapshot, radar)
        ages = {name: one.full_at for name, one in snapshot.coverage().items() if name in there}
        return ages, {name: known(snapshot, name, scope.user_id) for name in scope.systems if name in there}
    except SnapshotError as error:
        remarks.append(f"The snapshot was not asked: {error.sentence}")
        return {}, {}


def _met_where(title: str, full_at: datetime | None) -> str:
    """What is not known of ids that look alike. A sync in between reads what is new, by indexes that do not have everybody."""
    if full_at is None:
        return f"Ids like this one were not looked for in {title}: the snapshot does not have it."
    when = f"{full_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"Ids like this one were looked for in the snapshot of {title}, which was read whole at {when}: it may miss who came since."


def _is_small(source: Source, scope: Scope, live: _Live) -> bool:
    """Whether the Scan of the conversations may bring all of them, to meet their users: with a filter it brings the user's own alone."""
    talks = layout(source.place, scope).talks
    if talks is None:
        return False
    facts = table_facts(live[talks.name], talks.table, source.place.region)
    return facts.item_count > 0 and facts.total_bytes <= _SMALL_BYTES


def _meets_all(look: Discovery) -> bool:
    """Whether a Scan goes through all conversations, and so through all users."""
    talks = look.layout.talks
    return talks is not None and (talks.road.operation == "Scan" or (look.layout.messages is not None and not look.layout.one_owner))


def _copies(settings: Settings, chosen: Iterable[Source], live: Mapping[str, _Live], now: datetime) -> tuple[Copy, ...]:
    return tuple(copy for source in chosen for copy in copies(settings, source, live[source.id], now))


def _counts(source: Source, look: Discovery, live: _Live, book: PriceBook) -> Iterator[TableCount]:
    found, whole = look.findings, look.layout
    try:
        prices: Prices | None = book.prices(source.place.region)
    except UsageError:
        prices = None
    for target in whole.targets:
        tally = found.tables.get(target.name)
        units = (tally.units if tally else 0.0) + (found.check_units if target is whole.talks else 0.0)
        price = None if prices is None else prices.rates(table_class(live[target.name])).write_unit
        usd = None if price is None else units * price
        items, size = (tally.items, tally.bytes) if tally else (0, 0)
        yield TableCount(source.id, target.name, items, size, target.road.words, units, usd)


def _seconds(settings: Settings, looks: Sequence[Discovery], count: int, commit: float | None) -> float:
    """How long the run takes: what it reads, as its plan took for it; its deletes, at the rate that is allowed; and its own rows.

    `commit` is the seconds of a small write to the local engine, None for DynamoDB. With a rate the deletes take at least as long as
    their items need at it.
    """
    reading = sum(look.seconds * (1 + _OWN_READS * _own_share(look)) for look in looks) + SETTLE_SECONDS
    if commit is None:
        checked, request = sum(look.checked for look in looks), _REQUEST_SECONDS
        deleting = (count - checked) / _BATCHED + checked / _CHECKED
    else:
        request = _LOCAL_REQUEST_SECONDS + commit
        deleting = count * commit + sum(look.index_entries * _ENTRY_READS * _read_seconds(look) for look in looks)
    if (rate := settings.erasure.rate) is not None:
        deleting = max(deleting, count / rate)
    return reading + deleting + request * (_STEPS + _CHUNK_STEPS * math.ceil(count / MOST_KEYS))


def _own_share(look: Discovery) -> float:
    return min(1.0, look.items / max(1, look.items_read))


def _read_seconds(look: Discovery) -> float:
    return min(_LONGEST_READ_SECONDS, look.seconds / max(1, look.items_read))


def _sum(values: Iterable[float | None]) -> float | None:
    """None where one of them is not known."""
    found = list(values)
    return None if None in found else sum(value for value in found if value is not None)
