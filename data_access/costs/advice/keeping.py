"""What is kept: for how long, whether it can be brought back, and items that are about to be too large."""

from __future__ import annotations

from collections.abc import Iterator

from data_access.costs.advice import commands
from data_access.costs.advice.model import Advice, Fine, Unjudged, weigh
from data_access.costs.advice.snapshot import NEAR, NEAR_BYTES
from data_access.costs.advice.subject import Subject
from data_access.costs.advice.wording import count, size, usd
from data_access.costs.amounts import GB
from data_access.costs.observed import TableGrowth
from data_access.costs.size import MOST_ITEM_BYTES
from data_access.systems.spec import Attribute, Table

# What a time to live is worked out for where the layout has none; the others are said beside it.
DAYS, OTHERS = 90, (30, 365)
# Less than this share of a table is not worth a promise to keep nothing longer.
LEAST_SHARE = 0.05
USUAL_NAME = "expires_at"


def judge_expiry(subject: Subject) -> Iterator[Advice]:
    """A time to live that is off, or that the layout has not. Raises Unjudged, and Fine.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html: deleting by it writes nothing that is billed, in the
    Region itself.
    """
    if subject.health is None or subject.health.expiry.state == "not known":
        raise Unjudged("Whether its time to live is on is not known.")
    if subject.health.expiry.state == "on":
        raise Fine("Its time to live is on.")
    if subject.growth is None:
        raise Unjudged("How it grows is not known without a snapshot of it.")
    attribute = None if subject.layout is None else _expiry_attribute(subject.layout)
    yield _switch_on(subject, subject.growth, *attribute) if attribute else _introduce(subject, subject.growth)


def _expiry_attribute(layout: Table) -> tuple[str, Attribute] | None:
    """The attribute that says when an item may go. One inside another is none that DynamoDB looks at."""
    for kind in (None, *layout.kinds):
        name = layout.parts(kind).get("expires_at")
        if name is not None and "." not in name:
            own = layout.kinds[kind].attributes.get(name) if kind is not None else None
            return name, own or layout.attributes[name]
    return None


def _switch_on(subject: Subject, growth: TableGrowth, name: str, attribute: Attribute) -> Advice:
    if growth.month_usd is None or not growth.bytes:
        raise Unjudged("What its storage costs is not known.")
    number = attribute.type == "N"
    saving = growth.month_usd * growth.expiring_bytes / growth.bytes
    confidence, weighed = weigh(
        (0.8, "items say themselves when they may go") if number else (0.4, "the attribute is no number: the chatbot has to write another"),
        *_aged(growth),
        *_contradicted(subject),
    )
    return Advice(
        rule="time to live",
        system=subject.system,
        table=subject.table,
        index=None,
        title=f"Turn on the time to live of {subject.table}",
        why=f"Its items have {name}, and nothing is deleted by it: the time to live is off. {size(growth.expiring_bytes)} would go in the"
        " next 30 days, and the rest when its time comes.",
        action=f"Turn it on for {name}."
        if number
        else f"DynamoDB takes a number of seconds, and {name} is not one: write one, then turn it on.",
        command=commands.expire(subject.region, subject.table, name),
        saving_usd=saving if saving > 0 else None,
        risk_usd=None,
        stands_on=_grown(subject, growth),
        confidence=confidence,
        weighed=weighed,
        risk="What has expired is deleted within a few days, and cannot be brought back without point-in-time recovery.",
    )


def _introduce(subject: Subject, growth: TableGrowth) -> Advice:
    if growth.bytes_a_month is None:
        raise Unjudged("How fast it grows is not known: the snapshot has less than two weeks to go by.")
    if growth.bytes_a_month <= 0:
        raise Fine("It does not grow.")
    found = growth.saving(DAYS)
    if not found.items:
        raise Fine(f"Nothing in it is older than {DAYS} days.")
    if found.bytes < LEAST_SHARE * growth.bytes:
        raise Fine(f"Only {size(found.bytes)} of {size(growth.bytes)} are older than {DAYS} days.")
    if found.usd_a_month is None:
        raise Unjudged("What its storage costs is not known.")
    others = ", ".join(f"after {days} days {usd(growth.saving(days).usd_a_month or 0.0)}" for days in OTHERS)
    confidence, weighed = weigh((0.4, "whether old items may go is for their owner to say"), *_aged(growth))
    return Advice(
        rule="time to live",
        system=subject.system,
        table=subject.table,
        index=None,
        title=f"Let items of {subject.table} expire",
        why=f"Nothing in it ever expires, and it grows by {size(growth.bytes_a_month)} a month."
        f" {count(found.items, 'item is', 'items are')} older than {DAYS} days: {size(found.bytes)},"
        f" {usd(found.usd_a_month)} a month with indexes and recovery ({others}).",
        action=f"Let the chatbot write an attribute with the second at which an item may go, such as {USUAL_NAME}, and then turn the time"
        " to live on. Items without it stay.",
        command=commands.expire(subject.region, subject.table, USUAL_NAME),
        saving_usd=found.usd_a_month if found.usd_a_month > 0 else None,
        risk_usd=None,
        stands_on=_grown(subject, growth),
        confidence=confidence,
        weighed=weighed,
        risk="Old conversations are gone then, here and for their users. In the other Regions of a global table such a deletion is a"
        " write.",
    )


def _aged(growth: TableGrowth) -> list[tuple[float, str]]:
    if not growth.bytes or not growth.undated_bytes:
        return []
    share = 1 - growth.undated_bytes / growth.bytes
    return [(share, f"{share:.0%} of the bytes have a time")]


def _contradicted(subject: Subject) -> list[tuple[float, str]]:
    """Deletions by a time to live that is said to be off: it was on at the time."""
    deleted = None if subject.capacity is None else subject.capacity.ttl_deletions.total
    return [(0.6, f"CloudWatch counted {count(deleted, 'deletion', 'deletions')} by it in the window")] if deleted else []


def _grown(subject: Subject, growth: TableGrowth) -> tuple[str, ...]:
    held = None if subject.held is None else subject.held.as_of
    when = "" if held is None else f" of {held.day} {held:%b %Y %H:%M} UTC"
    return (
        f"The snapshot{when}: {count(growth.items, 'item', 'items')}, {size(growth.bytes)}, by the real ages of items.",
        "A month of storage and recovery, the indexes' too, which are taken to shrink with their table.",
        subject.dated,
    )


def judge_recovery(subject: Subject) -> Iterator[Advice]:
    """Point-in-time recovery that is off: no saving, a risk, and what turning it on costs. Raises Unjudged, and Fine."""
    if subject.own.recovery is None:
        raise Unjudged("Whether point-in-time recovery is on is not known.")
    if subject.own.recovery:
        raise Fine("Point-in-time recovery is on.")
    price = subject.priced.recovery_gb_month
    if price is None:
        raise Unjudged("The price of point-in-time recovery is not known in this Region.")
    if subject.own.bytes is None:
        raise Unjudged("The size of the table is not known.")
    local = sum(one.bytes or 0 for one in subject.counted.live.indexes if one.local)
    costs = (subject.own.bytes + local) / GB * price
    line = subject.own.line("storage")
    source = "not known" if line is None else line.source
    confidence, weighed = weigh(
        (0.95, "DynamoDB says that it is off"), *([(0.9, "its size is not DynamoDB's own")] if source != "DescribeTable" else [])
    )
    yield Advice(
        rule="recovery",
        system=subject.system,
        table=subject.table,
        index=None,
        title=f"Turn on point-in-time recovery of {subject.table}",
        why=f"It is off. Turning it on would cost {usd(costs)} a month for {size(subject.own.bytes + local)}.",
        action="Turn it on. The price does not depend on how many days are kept, up to 35.",
        command=commands.recover(subject.region, subject.table),
        saving_usd=None,
        risk_usd=None,
        stands_on=(f"DescribeContinuousBackups; size: {source}, with local indexes and without global ones.", subject.dated),
        confidence=confidence,
        weighed=weighed,
        risk="What a faulty release or a person overwrites or deletes is gone: there is no moment to go back to, unless a backup was made.",
        costs_usd=costs,
    )


def judge_large(subject: Subject) -> Iterator[Advice]:
    """Items near DynamoDB's limit of 400 KB. Raises Unjudged, and Fine."""
    held = subject.held
    if held is None or held.large is None or not held.large.items:
        raise Unjudged("The snapshot has no size of an item of this table.")
    large = held.large
    if not large.near:
        raise Fine(f"The largest item has {size(large.most)}, {large.most / MOST_ITEM_BYTES:.1%} of what an item may have.")
    embedded = subject.layout is not None and any("messages" in subject.layout.parts(kind) for kind in (None, *subject.layout.kinds))
    confidence, weighed = weigh((0.95, "sizes of the items themselves"))
    what = "the next messages of these conversations are refused" if embedded else "what would make them larger is refused"
    yield Advice(
        rule="large items",
        system=subject.system,
        table=subject.table,
        index=None,
        title=f"{count(large.near, 'item', 'items')} of {subject.table} {'is' if large.near == 1 else 'are'} near the limit of 400 KB",
        why=f"{count(large.near, 'item has', 'items have')} {size(NEAR_BYTES)} or more, {NEAR:.0%} of the limit;"
        f" the largest has {size(large.most)}.",
        action="Keep messages as items of their own, begin a new item after so many messages, or take large results of tools out of it."
        if embedded
        else "Keep large contents elsewhere, in S3 for instance, and their place in the item.",
        command=None,
        saving_usd=None,
        risk_usd=None,
        stands_on=(f"The snapshot: {count(large.items, 'item', 'items')} whose size is known, by DynamoDB's rule.",),
        confidence=confidence,
        weighed=weighed,
        risk=f"At 400 KB DynamoDB refuses the write: {what}."
        + (" Each message writes the whole item again, so these are the dearest ones, too." if embedded else ""),
    )
