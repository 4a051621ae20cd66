"""Reserved capacity: blocks of 100 capacity units of provisioned tables of the Standard class, for one or three years.

Not for on-demand tables, Standard-IA, or replicated writes. Terms come from the price list where it gives them, else from
the two Regions below. Source: awslabs/amazon-dynamodb-tools, archived `reco` configuration; its terms come to 54 % and
77 % off, as https://aws.amazon.com/dynamodb/reserved-capacity/ says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Literal, cast

from data_access.costs.prices.model import Reserved, ReservedKind

BLOCK = 100  # capacity units
_HOURS_A_YEAR = 8_760
_YEARS: Mapping[str, Literal[1, 3]] = {"1yr": 1, "3yr": 3}
# What a reserved unit can cost, as a share of one that is not. Outside it the terms are not of the unit that was taken.
_LEAST, _MOST = 0.05, 0.95

_KNOWN: Mapping[str, Mapping[ReservedKind, Reserved]] = {
    "us-east-1": {
        ("read", 1): Reserved(30, 0.0025, 1),
        ("read", 3): Reserved(36, 0.0016, 3),
        ("write", 1): Reserved(150, 0.0128, 1),
        ("write", 3): Reserved(180, 0.0081, 3),
    },
    "ap-southeast-2": {
        ("read", 1): Reserved(34.2, 0.0029, 1),
        ("read", 3): Reserved(41.04, 0.0018, 3),
        ("write", 1): Reserved(171, 0.0146, 1),
        ("write", 3): Reserved(205.2, 0.0093, 3),
    },
}


def known_blocks(region: str) -> Mapping[ReservedKind, Reserved]:
    """The terms of a Region; empty where they are not known."""
    return MappingProxyType(dict(_KNOWN.get(region, {})))


def read_terms(terms: Iterable[Any], kind: Literal["read", "write"], capacity_hour: float | None) -> dict[ReservedKind, Reserved]:
    """Blocks from the `Reserved` terms of one product of the price list, whose unit-hour costs `capacity_hour` otherwise.

    The list does not say whether an amount is for a unit or for a block of 100: the one that makes a discount is taken,
    and terms that make none either way are left out.
    """
    found: dict[ReservedKind, Reserved] = {}
    for term in terms:
        if not isinstance(term, Mapping):
            continue
        fields = cast("Mapping[str, Any]", term)
        years = _YEARS.get(str(_mapping(fields.get("termAttributes")).get("LeaseContractLength")))
        if years is None or capacity_hour is None:
            continue
        amounts = _amounts(_mapping(fields.get("priceDimensions")).values())
        if amounts is None:
            continue
        upfront, hour = amounts
        share = (upfront / (years * _HOURS_A_YEAR) + hour) / capacity_hour
        if _LEAST <= share <= _MOST:
            found[kind, years] = Reserved(upfront * BLOCK, hour * BLOCK, years)
        elif _LEAST <= share / BLOCK <= _MOST:
            found[kind, years] = Reserved(upfront, hour, years)
    return found


def _amounts(dimensions: Iterable[Any]) -> tuple[float, float] | None:
    """What is paid at once (unit "Quantity") and for every hour; None where one of the two is not told in US dollars."""
    upfront = hour = None
    for dimension in dimensions:
        fields = _mapping(dimension)
        try:
            usd = float(_mapping(fields.get("pricePerUnit"))["USD"])
        except (KeyError, TypeError, ValueError):
            return None
        if fields.get("unit") == "Quantity":
            upfront = usd
        elif str(fields.get("unit", "")).endswith("Hrs"):
            hour = usd
    return None if upfront is None or hour is None else (upfront, hour)


def _mapping(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
