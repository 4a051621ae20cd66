"""Standard or Standard-IA, by the prices of the Region's own price list: storage against reads and writes, indexes included.

Standard-IA stores for less and reads and writes for more; a table's indexes are of its class. It has no free tier and no
reserved capacity. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithTables.tableclasses.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from data_access.costs.advice import commands
from data_access.costs.advice.model import Advice, Fine, Unjudged, weigh
from data_access.costs.advice.subject import Subject, all_resources, check_readable, length_factor, words
from data_access.costs.advice.wording import usd
from data_access.costs.observed import Line, ResourceCosts, What
from data_access.costs.prices import Rates, TableClass

MARGIN = 0.1
_NAMES: Mapping[TableClass, str] = {"STANDARD": "Standard", "STANDARD_INFREQUENT_ACCESS": "Standard-IA"}
_STORAGE: What = "storage"


def judge_class(subject: Subject) -> Iterator[Advice]:
    """The other class, where it is clearly cheaper. Raises Unjudged, and Fine."""
    here = subject.rates
    other: TableClass = "STANDARD_INFREQUENT_ACCESS" if subject.own.table_class == "STANDARD" else "STANDARD"
    there = subject.priced.rates(other)
    readable = check_readable(subject)
    now, then = {"storage": 0.0, "traffic": 0.0}, {"storage": 0.0, "traffic": 0.0}
    for resource in all_resources(subject):
        for line in resource.lines:
            if line.what in ("point-in-time recovery", "backups"):
                continue  # one price for both classes
            kind = "storage" if line.what == _STORAGE else "traffic"
            usd_now = _month(resource, line)
            now[kind] += usd_now
            then[kind] += usd_now * _ratio(subject, resource, line, here, there) if usd_now else 0.0
    saving = sum(now.values()) - sum(then.values())
    compared = f"{_costs(other, then)} {_costs(subject.own.table_class, now)}"
    if saving <= MARGIN * sum(now.values()) or not saving:
        raise Fine(f"{_NAMES[subject.own.table_class]} is right. {compared}")
    estimated = any(
        line.source in ("estimate", "snapshot") for one in all_resources(subject) for line in one.lines if line.what == _STORAGE
    )
    factors = [(0.9, "the same use at other prices"), length_factor(subject)]
    if readable < 1:
        factors.append((readable, "what CloudWatch could tell"))
    if estimated:
        factors.append((0.8, "sizes are not DynamoDB's own"))
    if saving < 0.25 * sum(now.values()):
        factors.append((0.8, "less than a quarter saved"))
    confidence, weighed = weigh(*factors)
    sources = sorted({line.source for one in all_resources(subject) for line in one.lines if line.what == _STORAGE})
    yield Advice(
        rule="table class",
        system=subject.system,
        table=subject.table,
        index=None,
        title=f"Make {subject.table} a table of the class {_NAMES[other]}",
        why=f"{compared} Its indexes are counted in.",
        action="Change the class. It can be changed twice in 30 days, without the table being away."
        + (" Standard-IA has no free tier and no reserved capacity." if other != "STANDARD" else ""),
        command=commands.to_class(subject.region, subject.table, other),
        saving_usd=saving,
        risk_usd=None,
        stands_on=(
            f"Reads and writes: CloudWatch, {words(subject)}, as a month.",
            f"Storage: {', '.join(sources)}, as it is now, with the 100 bytes that are billed for each item.",
            subject.dated,
        ),
        confidence=confidence,
        weighed=weighed,
        risk="More reads and writes than now make it the dearer class." if other != "STANDARD" else "",
    )


def _costs(table_class: TableClass, usd_by: Mapping[str, float]) -> str:
    whole = usd(sum(usd_by.values()))
    return f"{_NAMES[table_class]} is {whole} a month: {usd(usd_by['storage'])} for storage, {usd(usd_by['traffic'])} for reads and writes."


def _month(resource: ResourceCosts, line: Line) -> float:
    if line.month_usd is None:
        raise Unjudged(f"{line.what.capitalize()} of {resource.index or 'the table'}: {line.note or 'not known.'}")
    return line.month_usd


def _ratio(subject: Subject, resource: ResourceCosts, line: Line, here: Rates, there: Rates) -> float:
    """The other class's price by this one's. Raises Unjudged: one of the two is not known."""
    replicated = resource.index is None and bool(subject.own.replicas)
    names: Mapping[What, str] = {
        "storage": "storage_gb_month",
        "reads": "read_unit",
        "writes": "replicated_write_unit" if replicated else "write_unit",
        "read capacity": "read_capacity_hour",
        "write capacity": "replicated_write_capacity_hour" if replicated else "write_capacity_hour",
    }
    old: float | None = getattr(here, names[line.what])
    new: float | None = getattr(there, names[line.what])
    if not old or new is None:
        raise Unjudged(f"The other class's price of {line.what} is not known in this Region.")
    return new / old
