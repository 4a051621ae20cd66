"""What DynamoDB charges, from a dated table that comes with Dynascope.

Source: aws-samples/aws-dynamodb-examples, the "DynamoDB Cost Template" workbook, sheet Data, prices of 2025
(region_prices.json). It is a fallback: a Region that is not in it has no price, never the price zero.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

PRICE_DATE = "2025"

TableClass = Literal["STANDARD", "STANDARD_INFREQUENT_ACCESS"]


@dataclass(frozen=True, slots=True)
class ReadPrice:
    """US dollars for one read request unit of an on-demand table, and when that was the price."""

    usd_per_unit: float
    dated: str


@cache
def _regions() -> dict[str, dict[str, Any]]:
    path = Path(__file__).with_name("region_prices.json")
    return {row["region"]: row for row in json.loads(path.read_text(encoding="utf-8"))["regions"]}


def read_price(region: str, table_class: TableClass = "STANDARD") -> ReadPrice | None:
    """The price of a read request unit in a Region; None where it is not known."""
    row = _regions().get(region)
    if row is None:
        return None
    column = "rru_per_million" if table_class == "STANDARD" else "ia_rru_per_million"
    return ReadPrice(row[column] / 1_000_000, PRICE_DATE)
