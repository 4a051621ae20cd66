"""Hot partitions: one partition takes 1,000 write units and 3,000 read units a second, whatever the table has.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html. What is judged by, in this order:
requests that were refused for a hot key; the busiest minute, as if all of it were for one key; and what the snapshot's
messages wrote to the busiest key. Within a minute it may have been more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from data_access.capacity.limits import PARTITION_UNITS
from data_access.capacity.report import REASONS, Flow
from data_access.costs.advice.model import Advice, Fine, Unjudged, weigh
from data_access.costs.advice.snapshot import Busy, Owner
from data_access.costs.advice.subject import Subject, check_readable, length_factor, words
from data_access.costs.advice.wording import count, times, units
from data_access.systems.spec import Table

# From here on four times the traffic would be throttled.
NEAR = 0.25
_HOT = "KeyRangeThroughput"
_OWNERS: Mapping[str, Owner] = {"conversation_id": "conversation", "tenant_id": "tenant", "user_id": "user"}
_SPREAD = "give the key more values, with a few digits or the day behind it, and read it with as many Queries."
_ACTIONS: Mapping[Owner, str] = {
    "conversation": f"Let the chatbot write less often to one conversation, or {_SPREAD}",
    "tenant": f"Take the conversation as partition key where it is known, or {_SPREAD}",
    "user": f"Take the conversation as partition key where it is known, or {_SPREAD}",
}

assert _HOT in REASONS


def judge_table_partitions(subject: Subject) -> Iterator[Advice]:
    yield _judge(subject, None)


def judge_index_partitions(subject: Subject, index: str) -> Iterator[Advice]:
    yield _judge(subject, index)


def _judge(subject: Subject, index: str | None) -> Advice:
    check_readable(subject)
    reads, writes = subject.flows(index)
    where = f"{index} of {subject.table}" if index else subject.table
    refused = _refused(reads) + _refused(writes)
    parts = _key_parts(subject.layout, index)
    if refused and index is None and "message_id" in parts and any(_refused(flow) for name, flow in subject.counted.flows() if name):
        raise Fine(f"{count(refused, 'request', 'requests')} had to wait for an index whose partition was too hot: see there.")
    if refused:
        return _hot(subject, index, where, refused)
    shares = {flow.side: (flow.peak or 0.0) / PARTITION_UNITS[flow.side] for flow in (reads, writes)}
    if max(shares.values()) < NEAR:
        raise Fine(
            f"Its busiest minute, as if all of it were for one key, takes {shares['write']:.2%} of what a partition can write and"
            f" {shares['read']:.2%} of what it can read."
        )
    if "message_id" in parts:
        raise Fine("Each item has a partition key of its own.")
    if (owner := _owner(parts)) is None:
        raise Unjudged("Whose its partition key is, no system's file says, so how much of the traffic is for one key is not known.")
    busy = None if subject.held is None else subject.held.busy.get(owner)
    if busy is None:
        raise Unjudged(f"How much of the traffic is of one {owner} is not known: the snapshot has no sizes for it.")
    writes_share = busy.peak / PARTITION_UNITS["write"]
    reads_share = shares["read"] * busy.share
    if max(writes_share, reads_share) < NEAR:
        raise Fine(
            f"One {owner} wrote at most {units(busy.peak)} units a second, {writes_share:.2%} of what a partition takes, and"
            f" {busy.share:.1%} of all that was written."
        )
    return _near(subject, index, where, owner, busy, max(writes_share, reads_share))


def _hot(subject: Subject, index: str | None, where: str, refused: float) -> Advice:
    confidence, weighed = weigh((0.95, "DynamoDB says why it refused"), length_factor(subject))
    owner = _owner(_key_parts(subject.layout, index))
    key = "" if owner is None else f" Its partition key is the {owner}."
    return Advice(
        rule="hot partition",
        system=subject.system,
        table=subject.table,
        index=index,
        title=f"A partition of {where} was too hot",
        why=f"{count(refused, 'request was', 'requests were')} refused because one key range was asked for more than a partition can do."
        f"{key}{_share_words(subject, owner)}",
        action=_SPREAD.capitalize() if owner is None else _ACTIONS[owner],
        command=None,
        saving_usd=None,
        risk_usd=None,
        stands_on=(f"CloudWatch, {words(subject)}: throttled requests with the reason key range throughput.",),
        confidence=confidence,
        weighed=weighed,
        risk="Requests for that key are refused while others pass"
        + (", and writes to the table wait for the index." if index else ", and more capacity or on-demand does not help."),
    )


def _near(subject: Subject, index: str | None, where: str, owner: Owner, busy: Busy, share: float) -> Advice:
    confidence, weighed = weigh((0.6, "counted from messages by minute; within a minute it may be more"), length_factor(subject))
    return Advice(
        rule="hot partition",
        system=subject.system,
        table=subject.table,
        index=index,
        title=f"One {owner} comes near what a partition of {where} can do",
        why=f"The busiest {owner} of {busy.owners:,} took {share:.0%} of it in a minute, and {busy.share:.0%} of all that was written in"
        " the window.",
        action=_ACTIONS[owner],
        command=None,
        saving_usd=None,
        risk_usd=None,
        stands_on=(
            f"CloudWatch, {words(subject)}, and the snapshot's messages in it; reads are taken to be spread as writes are.",
            "A partition does 1,000 write units and 3,000 read units a second.",
        ),
        confidence=confidence,
        weighed=weighed,
        risk=f"At {times(1 / share)} that traffic, requests of this {owner} are refused, whatever the table's capacity."
        if share < 1
        else f"Requests of this {owner} can be refused, whatever the table's capacity.",
    )


def _refused(flow: Flow) -> float:
    series = flow.reasons.get(_HOT)
    return 0.0 if series is None else series.total or 0.0


def _key_parts(layout: Table | None, index: str | None) -> frozenset[str]:
    """The parts that a partition key plays in its items; empty where no system's file says."""
    if layout is None or (index is not None and index not in layout.indexes):
        return frozenset()
    key = layout.partition_key if index is None else layout.indexes[index].partition_key
    return frozenset(part for kind in (None, *layout.kinds) for part, name in layout.parts(kind).items() if name == key)


def _owner(parts: frozenset[str]) -> Owner | None:
    """Whose all items of a partition are."""
    return next((owner for part, owner in _OWNERS.items() if part in parts), None)


def _share_words(subject: Subject, owner: Owner | None) -> str:
    busy = None if subject.held is None or owner is None else subject.held.busy.get(owner)
    return "" if busy is None else f" One {owner} of {busy.owners:,} wrote {busy.share:.0%} of the units in the window."
