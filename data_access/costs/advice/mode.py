"""On demand or provisioned, and how much: by the minutes of a table and of every index of it.

How a table is paid for, its indexes are paid for too: the question has one answer for all of them, and the sides of each are
counted by themselves. On demand costs what is consumed; provisioned what autoscaling would have held (scaling.py), by the hour.
https://aws.amazon.com/dynamodb/pricing/
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from data_access.costs.advice import commands
from data_access.costs.advice.commands import Setting
from data_access.costs.advice.model import Advice, Fine, Share, weigh
from data_access.costs.advice.scaling import LEAST_UNITS, TARGET
from data_access.costs.advice.sides import Side, share_of, sides_of
from data_access.costs.advice.subject import Subject, length_factor, seen
from data_access.costs.advice.wording import count, listed, units, usd
from data_access.costs.amounts import HOURS, RESERVED_BLOCK, break_even, reserved_hour_usd
from data_access.costs.prices import Prices

# A smaller saving than this share of what is paid is within what two weeks can say.
MARGIN = 0.1
ROOM = 2  # the highest capacity that autoscaling may set, by the busiest minute's
_BEFORE = "A table can be made on-demand four times a day, and provisioned at any time."


def judge_mode(subject: Subject) -> Iterator[Advice]:
    """The better way to pay for a table with its indexes. Raises Unjudged, and Fine where the present way is the better one."""
    sides = sides_of(subject)
    now = sum(one.now_usd for one in sides)
    on_demand = sum(one.on_demand_usd for one in sides)
    if subject.own.billing == "provisioned":
        if _pays(now, on_demand):
            shares = tuple(share_of(subject, one) for one in sides)
            yield _to_on_demand(subject, sides, shares, now, on_demand)
            return
        raise Fine(f"Provisioned is right: it costs {usd(now)} a month, on demand would be {usd(on_demand)}.")
    floor = sum(LEAST_UNITS * HOURS * one.hour_usd for one in sides)
    if not _pays(now, floor):
        whole = f"the table and its {count(len(subject.indexes), 'index', 'indexes')}" if subject.indexes else "the table"
        raise Fine(
            f"On demand is right: it costs {usd(now)} a month, and the least capacity, one unit each for {whole}, would cost"
            f" {usd(floor)}. {_even(sides)}"
        )
    shares = tuple(share_of(subject, one) for one in sides)
    provisioned = sum(one.provisioned_usd for one in shares)
    if not _pays(now, provisioned):
        raise Fine(
            f"On demand is right: it costs {usd(now)} a month, provisioned with autoscaling {usd(provisioned)}: {_used(shares)} of it would"
            f" be used. {_even(sides)}"
        )
    yield _to_provisioned(subject, sides, shares, now, provisioned)


def judge_size(subject: Subject) -> Iterator[Advice]:
    """Another capacity for a provisioned table and those of its indexes that have too much. Raises Unjudged, and Fine."""
    if subject.own.billing != "provisioned":
        return
    sides = sides_of(subject)
    shares = tuple(share_of(subject, one) for one in sides)
    places = [place for place in (None, *(index.index for index in subject.indexes)) if _oversized(place, shares)]
    wanted = tuple(one for one in shares if one.index in places)
    now, then = sum(one.now_usd for one in wanted), sum(one.provisioned_usd for one in wanted)
    if not _pays(now, then):
        raise Fine(
            f"Its capacity is right: {_used_now(sides)} of it was used, and autoscaling at {TARGET:.0%} would not cost clearly less."
        )
    names = [place or "the table itself" for place in places]
    confidence, weighed = _confidence(subject, sides, wanted, now, then)
    yield Advice(
        rule="right size",
        system=subject.system,
        table=subject.table,
        index=None,
        title=f"Set a smaller capacity for {subject.table}",
        why=f"{_used_now(sides)} of what is provisioned was used. With autoscaling at {TARGET:.0%} the capacity of {listed(names)}"
        f" would have cost {usd(then)} a month instead of {usd(now)}.{_reserved(subject.priced, subject, wanted)}",
        action=f"Set the capacity of {listed(names)} to what its minutes need, and let autoscaling move it.",
        command=commands.resize(subject.region, subject.table, _settings(wanted)),
        saving_usd=now - then,
        risk_usd=None,
        stands_on=_stands_on(subject, sides),
        confidence=confidence,
        weighed=weighed,
        risk=_risk(subject, wanted),
        shares=wanted,
    )


def _to_provisioned(subject: Subject, sides: list[Side], shares: tuple[Share, ...], now: float, then: float) -> Advice:
    confidence, weighed = _confidence(subject, sides, shares, now, then)
    with_indexes = f" and its {count(len(subject.indexes), 'index', 'indexes')}" if subject.indexes else ""
    return Advice(
        rule="billing mode",
        system=subject.system,
        table=subject.table,
        index=None,
        title=f"Make {subject.table} provisioned, with autoscaling",
        why=f"On demand the table{with_indexes} cost {usd(now)} a month; provisioned at {TARGET:.0%} with autoscaling it would have"
        f" been {usd(then)}: {_used(shares)} of it used. {_even(sides)}"
        f"{_reserved(subject.priced, subject, shares)}",
        action="Set the capacity of the table and of every index, and let autoscaling move it.",
        command=commands.to_provisioned(subject.region, subject.table, _settings(shares)),
        saving_usd=now - then,
        risk_usd=None,
        stands_on=_stands_on(subject, sides),
        confidence=confidence,
        weighed=weighed,
        risk=_risk(subject, shares),
        shares=shares,
    )


def _to_on_demand(subject: Subject, sides: list[Side], shares: tuple[Share, ...], now: float, then: float) -> Advice:
    confidence, weighed = _confidence(subject, sides, (), now, then)
    scaled = sum(one.provisioned_usd for one in shares)
    better = f" A smaller capacity with autoscaling would cost {usd(scaled)}." if scaled < then else ""
    return Advice(
        rule="billing mode",
        system=subject.system,
        table=subject.table,
        index=None,
        title=f"Make {subject.table} on-demand",
        why=f"{_used_now(sides)} of what is provisioned was used: it costs {usd(now)} a month, and the same requests on demand"
        f" {usd(then)}. {_even(sides)}{better}",
        action=f"Pay by request. {_BEFORE}",
        command=commands.to_on_demand(subject.region, subject.table),
        saving_usd=now - then,
        risk_usd=None,
        stands_on=_stands_on(subject, sides),
        confidence=confidence,
        weighed=weighed,
        risk="Reserved capacity that was bought would be paid without being used; whether there is any is not known here.",
        shares=shares,
    )


def _pays(now: float, then: float) -> bool:
    """Whether it is clearly less."""
    return now - then > MARGIN * now and now > 0


def _oversized(place: str | None, shares: tuple[Share, ...]) -> bool:
    here = [one for one in shares if one.index == place]
    return _pays(sum(one.now_usd for one in here), sum(one.provisioned_usd for one in here))


def _settings(shares: tuple[Share, ...]) -> list[Setting]:
    """Begin with what 99 of 100 minutes need; autoscaling may go to twice the busiest minute's."""
    made: list[Setting] = []
    for reads, writes in zip(shares[::2], shares[1::2], strict=True):
        begin = [min(one.highest, max(one.least, ceil(round(one.p99 / TARGET, 6)))) for one in (reads, writes)]
        bounds = [(one.least, max(one.least, one.highest * ROOM)) for one in (reads, writes)]
        made.append(Setting(reads.index, begin[0], begin[1], bounds[0], bounds[1]))
    return made


def _confidence(subject: Subject, sides: list[Side], shares: tuple[Share, ...], now: float, then: float) -> tuple[float, str]:
    factors = [(0.95, "two ways of paying for the same units"), length_factor(subject)]
    readable = min(one.minutes.readable for one in sides)
    if readable < 1:
        factors.append((readable, "what CloudWatch could tell"))
    if any(one.minutes.period > 60 for one in sides):
        factors.append((0.8, "no single minutes"))
    throttled = subject.throttled
    if throttled is None:
        factors.append((0.8, "throttled requests not known"))
    elif throttled:
        factors.append((0.5, "throttled requests are missing in the consumption"))
    if now - then < 0.25 * now:
        factors.append((0.8, "less than a quarter saved"))
    if any(one.unserved > 0 for one in shares):
        factors.append((0.9, "a few requests would have waited"))
    return weigh(*factors)


def _stands_on(subject: Subject, sides: list[Side]) -> tuple[str, ...]:
    peaks = max(sides, key=lambda one: one.minutes.most)
    where = subject.table if peaks.index is None else peaks.index
    said = [
        seen(subject, [one.minutes for one in sides]),
        (
            f"Busiest minute: {units(peaks.minutes.most)} {peaks.flow.side} units a second ({where}), 99 of 100 minutes not above"
            f" {units(peaks.minutes.percentile(0.99))}."
        ),
        subject.dated,
        f"A month of {HOURS} hours; no other use than in the window.",
    ]
    throttled = subject.throttled
    if throttled:
        said.append(f"{throttled:,.0f} requests were throttled: more was wanted than was consumed.")
    elif throttled is None:
        said.append("How many requests were throttled is not known.")
    return tuple(said)


def _risk(subject: Subject, shares: tuple[Share, ...]) -> str:
    late = max(shares, key=lambda one: one.unserved)
    said = "A rise within two minutes is throttled once the unused capacity of the last five is spent; on demand it mostly is not."
    if late.unserved > 0:
        said += f" In the window that would have been {late.unserved:.3%} of the {late.side} units of {late.index or subject.table}."
    return said


def _reserved(prices: Prices, subject: Subject, shares: tuple[Share, ...]) -> str:
    """What reserved capacity would take off besides, of the capacity that is always there."""
    if subject.own.table_class != "STANDARD":
        return " Reserved capacity is not for Standard-IA."
    if not prices.reserved:
        return " What reserved capacity would save is not known for this Region."
    off: dict[int, float] = {}
    for one in shares:
        if one.side == "write" and one.index is None and subject.own.replicas:
            continue  # not for replicated writes
        hour = prices.standard.read_capacity_hour if one.side == "read" else prices.standard.write_capacity_hour
        blocks = one.always // RESERVED_BLOCK * RESERVED_BLOCK
        for years in (1, 3):
            terms = prices.reserved.get((one.side, years))
            if blocks and terms is not None and hour is not None:
                each = hour - reserved_hour_usd(terms.upfront_usd, terms.hour_usd, terms.years)
                off[years] = off.get(years, 0.0) + blocks * HOURS * each
    if not off:
        return f" Reserved capacity comes in blocks of {RESERVED_BLOCK} units: less than that is needed at all times."
    said = [f"for {'one year' if years == 1 else 'three years'} {usd(amount)}" for years, amount in off.items()]
    return f" Reserved capacity would take off more: {listed(said)} a month."


def _used(shares: tuple[Share, ...]) -> str:
    """The mean use of what would be provisioned, weighed by dollars: what break-even is about."""
    paid = sum(one.provisioned_usd for one in shares)
    return f"{sum(one.used * one.provisioned_usd for one in shares) / paid:.1%}" if paid else "nothing"


def _used_now(sides: list[Side]) -> str:
    paid = sum(one.now_usd for one in sides)
    used = sum(one.minutes.mean / one.now_units * one.now_usd for one in sides if one.now_units)
    return f"{used / paid:.1%}" if paid else "Nothing"


def _even(sides: list[Side]) -> str:
    shares = [share for one in sides if (share := break_even(one.hour_usd, one.unit_usd)) is not None]
    if not shares:
        return ""
    low, high = f"{min(shares):.1%}", f"{max(shares):.1%}"
    return f"Provisioned capacity pays from {low if low == high else f'{low} to {high}'} of average use."
