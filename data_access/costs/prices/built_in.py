"""Prices that come with Dynascope, for when the AWS Price List cannot be asked. They are dated, and the page says so.

Source of the table (region_prices.json): aws-samples/aws-dynamodb-examples, the "DynamoDB Cost Template" workbook, sheet Data,
prices of 2025. Two of its cells do not fit the ratio of all others and are taken as unknown. It has no backups, streams and
replicated writes: those are known for us-east-1 alone, from https://aws.amazon.com/dynamodb/pricing/.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from data_access.costs.prices.model import FREE_CAPACITY_HOURS, FREE_STORAGE_GB, Prices, Rates
from data_access.costs.prices.reserved import known_blocks

SOURCE = "built-in table"
PRICE_DATE = "2025"

_MILLION = 1_000_000
_SUSPICIOUS = {("il-central-1", "ia_rru_per_million"), ("af-south-1", "ia_wcu_hr")}

# What the setup guides of the chatbots count with: us-east-1 before November 2024, without a word on anything else.
GUIDE_2024 = Prices(
    region="us-east-1",
    standard=Rates(
        write_unit=1.25e-6,
        read_unit=0.25e-6,
        write_capacity_hour=0.00065,
        read_capacity_hour=0.00013,
        storage_gb_month=0.25,
    ),
    infrequent=Rates(),
    source="guide prices 2024",
    dated="2024, before November",
    notices=("The setup guides give no price for Standard-IA, replicas, backups and reserved capacity.",),
)


def regions() -> tuple[str, ...]:
    """The Regions of the table."""
    return tuple(_rows())


def built_in_prices(region: str) -> Prices | None:
    """The prices of a Region as they were in PRICE_DATE; None for a Region that is not in the table."""
    row = _rows().get(region)
    if row is None:
        return None
    home = region == "us-east-1"
    write_unit = _usd(row, "wru_per_million", _MILLION)
    # The free tier is not offered in GovCloud: https://aws.amazon.com/free/free-tier-faqs/
    free = not region.startswith("us-gov-")
    return Prices(
        region=region,
        standard=Rates(
            write_unit=write_unit,
            read_unit=_usd(row, "rru_per_million", _MILLION),
            # The same as a write since November 2024: https://aws.amazon.com/blogs/database/new-amazon-dynamodb-lowers-pricing-for-on-demand-throughput-and-global-tables/
            replicated_write_unit=write_unit if home else None,
            write_capacity_hour=_usd(row, "wcu_hr"),
            read_capacity_hour=_usd(row, "rcu_hr"),
            storage_gb_month=_usd(row, "storage_std"),
        ),
        infrequent=Rates(
            write_unit=_usd(row, "ia_wru_per_million", _MILLION),
            read_unit=_usd(row, "ia_rru_per_million", _MILLION),
            write_capacity_hour=_usd(row, "ia_wcu_hr"),
            read_capacity_hour=_usd(row, "ia_rcu_hr"),
            storage_gb_month=_usd(row, "storage_ia"),
        ),
        recovery_gb_month=0.20 if home else None,
        backup_gb_month=0.10 if home else None,
        restore_gb=0.15 if home else None,
        stream_read=2e-7 if home else None,
        free_storage_gb=FREE_STORAGE_GB if free else 0.0,
        free_capacity_hours=FREE_CAPACITY_HOURS if free else 0.0,
        reserved=known_blocks(region),
        source=SOURCE,
        dated=PRICE_DATE,
        notices=_notices(region, home=home),
    )


def _notices(region: str, *, home: bool) -> tuple[str, ...]:
    said: list[str] = []
    if not home:
        said.append("The built-in table has no prices for backups, recovery, streams and replicated writes of this Region.")
    if any(place == region for place, _ in _SUSPICIOUS):
        said.append("One Standard-IA price of this Region looks wrong in the built-in table and is taken as unknown.")
    return tuple(said)


@cache
def _rows() -> Mapping[str, Mapping[str, Any]]:
    path = Path(__file__).with_name("region_prices.json")
    return {row["region"]: row for row in json.loads(path.read_text(encoding="utf-8"))["regions"]}


def _usd(row: Mapping[str, Any], column: str, units: int = 1) -> float | None:
    """The price of one unit where the column is of `units` of them. A cell that is missing, zero or suspicious is unknown."""
    value = row.get(column)
    if not value or (row["region"], column) in _SUSPICIOUS:
        return None
    return float(value) / units
