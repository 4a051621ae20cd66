"""Prices of a Region from the documents of the AWS Price List (GetProducts, format aws_v1): one JSON text for each product.

Products are known by their usage type, in AWS's own words: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-understanding-billing.html
What is not known here is named in the notices and breaks nothing. What is not told, or told as zero, is None.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import orjson

from data_access.costs.prices.model import Prices, Rates, Reserved, ReservedKind
from data_access.costs.prices.reserved import read_terms

SOURCE = "AWS Price List"

_REQUESTS = re.compile(r"((read|write|repl(icated)?write)request(unit)?s?)|requests?|count")
_CAPACITY = re.compile(r"((read|write|repl(icated)?write)capacityunit)?(hrs?|hours?)")
_GB_MONTHS = re.compile(r"gbmo(nth)?s?")
_GB = re.compile(r"gb")
_STREAM_READS = re.compile(r"(streams?)?(read)?requests?(units?)?|count")

# Usage type without the Region -> the field that it fills and the units that its price may be of. Standard first.
_RATES = {
    "WriteRequestUnits": ("write_unit", _REQUESTS),
    "ReadRequestUnits": ("read_unit", _REQUESTS),
    "ReplWriteRequestUnits": ("replicated_write_unit", _REQUESTS),
    "WriteCapacityUnit-Hrs": ("write_capacity_hour", _CAPACITY),
    "ReadCapacityUnit-Hrs": ("read_capacity_hour", _CAPACITY),
    "ReplWriteCapacityUnit-Hrs": ("replicated_write_capacity_hour", _CAPACITY),
    "TimedStorage-ByteHrs": ("storage_gb_month", _GB_MONTHS),
}
_OTHERS = {
    "TimedPITRStorage-ByteHrs": ("recovery_gb_month", _GB_MONTHS),
    "TimedBackupStorage-ByteHrs": ("backup_gb_month", _GB_MONTHS),
    "RestoreDataSize-Bytes": ("restore_gb", _GB),
    "ExportDataSize-Bytes": ("export_gb", _GB),
    "ImportDataSize-Bytes": ("import_gb", _GB),
    "Streams-Requests": ("stream_read", _STREAM_READS),
}
_INFREQUENT = "IA-"
_UNITS = {
    **{name: units for name, (_, units) in (_RATES | _OTHERS).items()},
    **{_INFREQUENT + name: units for name, (_, units) in _RATES.items()},
}
_RESERVED: Mapping[str, Literal["read", "write"]] = {
    "ReadCapacityUnit-Hrs": "read",
    "HeavyUsage:dynamodb.read": "read",
    "WriteCapacityUnit-Hrs": "write",
    "HeavyUsage:dynamodb.write": "write",
}
# Known, but nothing that an estimate here counts.
_UNUSED = re.compile(
    r"HeavyUsage:dynamodb\.(read|write)|IncrementalExportDataSize-Bytes|ChangeDataCaptureUnits-Kinesis|.*Vector.*|.*DataTransfer.*|.*-(In|Out)-Bytes"
)
# APS2-, EU-, EUW1-, USE1-, UGW1- …; us-east-1 has one for a few usage types only. "IA-" looks like one and is none.
_REGION_PREFIX = re.compile(r"(?!IA-)[A-Z]{2,4}\d{0,2}-")
_MOST_NAMED = 6


@dataclass(slots=True)
class _Found:
    """What the documents said so far: by usage type the prices and the free amounts, and the trouble by kind."""

    products: int = 0
    unreadable: int = 0
    published: str = ""
    prices: dict[str, set[float]] = field(default_factory=dict[str, set[float]])
    free: dict[str, float] = field(default_factory=dict[str, float])
    reserved: list[tuple[Literal["read", "write"], Any]] = field(default_factory=list[tuple[Literal["read", "write"], Any]])
    unknown: dict[str, None] = field(default_factory=dict[str, None])
    units: dict[str, None] = field(default_factory=dict[str, None])
    currencies: dict[str, None] = field(default_factory=dict[str, None])
    odd: dict[str, None] = field(default_factory=dict[str, None])
    steps: dict[str, None] = field(default_factory=dict[str, None])


@dataclass(frozen=True, slots=True)
class Reading:
    """`products` counts the documents that were of DynamoDB in this Region, whether or not they had a price."""

    prices: Prices
    products: int


def parse(documents: Iterable[str], region: str, dated: str | None = None) -> Prices:
    """The prices that the documents tell of a Region. Raises nothing: see `notices`. `dated` is else the day of publication."""
    return read(documents, region, dated).prices


def read(documents: Iterable[str], region: str, dated: str | None = None) -> Reading:
    """As `parse`, with how much there was to read."""
    found = _Found()
    for document in documents:
        _take(document, region, found)
    usd = {name: next(iter(prices)) for name, prices in found.prices.items() if len(prices) == 1}
    standard = Rates(**{column: usd.get(name) for name, (column, _) in _RATES.items()})
    free_hours = [found.free.get(name, 0.0) for name in ("ReadCapacityUnit-Hrs", "WriteCapacityUnit-Hrs") if name in usd]
    reserved: dict[ReservedKind, Reserved] = {}
    for kind, terms in found.reserved:
        reserved |= read_terms(terms, kind, standard.read_capacity_hour if kind == "read" else standard.write_capacity_hour)
    prices = Prices(
        region=region,
        standard=standard,
        infrequent=Rates(**{column: usd.get(_INFREQUENT + name) for name, (column, _) in _RATES.items()}),
        **{column: usd.get(name) for name, (column, _) in _OTHERS.items()},
        free_storage_gb=found.free.get("TimedStorage-ByteHrs", 0.0),
        free_capacity_hours=min(free_hours, default=0.0),
        reserved=reserved,
        source=SOURCE,
        dated=found.published if dated is None else dated,
        notices=tuple(_notices(found, usd)),
    )
    return Reading(prices, found.products)


def _take(document: str, region: str, found: _Found) -> None:
    try:
        whole = _mapping(orjson.loads(document))
    except orjson.JSONDecodeError:
        found.unreadable += 1
        return
    attributes = _mapping(_mapping(whole.get("product")).get("attributes"))
    used = attributes.get("usagetype")
    if not isinstance(used, str) or not used:
        found.unreadable += 1
        return
    # A filter that was not understood answers with every Region, and Local Zones are not the Region.
    if attributes.get("regionCode", region) != region:
        return
    found.products += 1
    published = str(whole.get("publicationDate", ""))[:10]
    if re.fullmatch(r"\d{4}-\d\d-\d\d", published):
        found.published = max(found.published, published)
    name = _without_region(used)
    terms = _mapping(whole.get("terms"))
    if name in _RESERVED:
        found.reserved.append((_RESERVED[name], list(_mapping(terms.get("Reserved")).values())))
    if name in _UNITS:
        for term in _mapping(terms.get("OnDemand")).values():
            _take_term(name, _mapping(term), found)
    elif not _UNUSED.fullmatch(name):
        found.unknown[_printable(name)] = None


def _without_region(used: str) -> str:
    """A usage type without the Region in front, so that it can be compared as a whole: "Repl…" and "IA-…" end alike."""
    prefix = None if used in _UNITS or used in _RESERVED else _REGION_PREFIX.match(used)
    name = used[prefix.end() :] if prefix else used
    # Bills call it so; the list has been seen with the unit behind it.
    return "Streams-Requests" if name in {"Streams-Requests[Count]", "Streams-RequestsCount"} else name


def _take_term(name: str, term: Mapping[str, Any], found: _Found) -> None:
    """The first step that is not free is the price; a free step before it is the free tier, with its limit kept."""
    steps = sorted(_steps(name, term, found))
    paid = [usd for _, _, usd in steps if usd > 0]
    for begin, end, usd in steps:
        if usd == 0 and begin == 0 and math.isfinite(end):
            found.free[name] = end
    if paid:
        found.prices.setdefault(name, set()).add(paid[0])
        if len(set(paid)) > 1:
            found.steps[name] = None
    elif steps:
        found.odd[name] = None


def _steps(name: str, term: Mapping[str, Any], found: _Found) -> Iterator[tuple[float, float, float]]:
    """From, to and US dollars a unit, of each price dimension that can be understood."""
    for value in _mapping(term.get("priceDimensions")).values():
        dimension = _mapping(value)
        unit = str(dimension.get("unit") or "")
        if unit and not _UNITS[name].fullmatch(re.sub(r"[^a-z0-9]", "", unit.lower())):
            found.units[f"{name} ({_printable(unit)})"] = None
            continue
        amounts = _mapping(dimension.get("pricePerUnit"))
        if "USD" not in amounts:
            found.currencies |= dict.fromkeys(map(_printable, amounts))
            continue
        usd, begin, end = (_number(part) for part in (amounts["USD"], dimension.get("beginRange", "0"), dimension.get("endRange", "Inf")))
        if usd is None or usd < 0 or not math.isfinite(usd) or begin is None or end is None:
            found.odd[name] = None
            continue
        yield begin, end, usd


def _notices(found: _Found, usd: Mapping[str, float]) -> Iterator[str]:
    if found.unreadable:
        yield f"Products of the price list that could not be read: {found.unreadable:,}."
    if found.currencies:
        yield f"The price list of this Region is in {_listed(found.currencies)}: what it does not tell in US dollars is unknown."
    if found.units:
        yield f"The price list counts by a unit that is not known here, so this is unknown: {_listed(found.units)}."
    if doubtful := [name for name, prices in found.prices.items() if len(prices) > 1]:
        yield f"The price list has several prices for the same thing, so this is unknown: {_listed(doubtful)}."
    if odd := [name for name in found.odd if name not in usd]:
        yield f"The price list has no price above zero, so this is unknown: {_listed(odd)}."
    if found.steps:
        yield f"The price list has lower prices for large amounts, which are not counted: {_listed(found.steps)}."
    explained = set(found.prices) | set(found.odd) | {text.partition(" ")[0] for text in found.units}
    if not found.currencies and (missing := [name for name in _UNITS if name not in explained]):
        yield f"The price list does not have: {_listed(missing)}."
    if found.unknown:
        yield f"The price list has kinds of use that are not known here: {_listed(found.unknown)}."


def _listed(names: Iterable[str]) -> str:
    named = list(names)
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    return ", ".join(named[:_MOST_NAMED]) + more


def _printable(text: str) -> str:
    """What came from outside, short and without anything that a page could take for markup."""
    return re.sub(r"[^\w.: /-]", "?", text, flags=re.ASCII)[:60]


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return None if math.isnan(number) else number


def _mapping(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
