"""Reads and writes of a table and of every index: what is consumed by minute, what is paid, and what autoscaling would have held."""

from __future__ import annotations

from dataclasses import dataclass

from data_access.capacity.report import Flow
from data_access.costs.advice.model import Share, Unjudged
from data_access.costs.advice.scaling import cheapest
from data_access.costs.advice.subject import Minutes, Subject, minutes_of
from data_access.costs.amounts import HOURS, SECONDS_AN_HOUR, break_even
from data_access.costs.prices import Rates


@dataclass(frozen=True, slots=True)
class Side:
    index: str | None
    flow: Flow
    minutes: Minutes
    unit_usd: float
    hour_usd: float
    now_units: float | None

    @property
    def on_demand_usd(self) -> float:
        return self.minutes.mean * SECONDS_AN_HOUR * HOURS * self.unit_usd

    @property
    def now_usd(self) -> float:
        """A month as it is paid now."""
        return self.on_demand_usd if self.now_units is None else self.now_units * HOURS * self.hour_usd


def sides_of(subject: Subject) -> list[Side]:
    """Reads and writes of the table and of every index. Raises Unjudged: one of them is not known, or has no price."""
    rates, found = subject.rates, list[Side]()
    for index in (None, *(one.index for one in subject.indexes)):
        reads, writes = subject.flows(index)
        for flow in (reads, writes):
            unit, hour = _prices(rates, flow, replicated=index is None and bool(subject.own.replicas))
            if unit is None or hour is None:
                raise Unjudged(
                    f"A price of {flow.side}s is not known: {subject.priced.source} of {subject.priced.dated} ({subject.priced.region})."
                )
            found.append(Side(index, flow, minutes_of(subject, flow.consumed), unit, hour, _now_units(subject, index, flow)))
    return found


def _prices(rates: Rates, flow: Flow, *, replicated: bool) -> tuple[float | None, float | None]:
    if flow.side == "read":
        return rates.read_unit, rates.read_capacity_hour
    if replicated:
        return rates.replicated_write_unit, rates.replicated_write_capacity_hour
    return rates.write_unit, rates.write_capacity_hour


def _now_units(subject: Subject, index: str | None, flow: Flow) -> float | None:
    """What is provisioned, averaged over the window; None on demand. Where CloudWatch does not say, what is set now."""
    if subject.own.billing != "provisioned":
        return None
    values = () if flow.provisioned is None else tuple(value for value in flow.provisioned.values if value > 0)
    if values:
        return sum(values) / len(values)
    live = subject.counted.live
    place = live if index is None else next(one for one in live.indexes if one.name == index)
    units = place.provisioned_reads if flow.side == "read" else place.provisioned_writes
    if units is None:
        raise Unjudged("What capacity is set is not known.")
    return float(units)


def share_of(subject: Subject, one: Side) -> Share:
    begins = subject.begins
    plan = cheapest(one.minutes.rates, begins=begins.hour * 60 + begins.minute)
    return Share(
        index=one.index,
        side=one.flow.side,
        mean=one.minutes.mean,
        p99=one.minutes.percentile(0.99),
        most=one.minutes.most,
        capacity=plan.average,
        least=plan.least,
        highest=plan.highest,
        always=min(plan.capacity),
        unserved=plan.unserved_share,
        used=one.minutes.mean / plan.average,
        break_even=break_even(one.hour_usd, one.unit_usd),
        on_demand_usd=one.on_demand_usd,
        provisioned_usd=plan.average * HOURS * one.hour_usd,
        now_usd=one.now_usd,
    )
