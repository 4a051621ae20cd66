"""What DynamoDB charges in one Region: US dollars for one single unit, None where a price is not known (never 0)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

TableClass = Literal["STANDARD", "STANDARD_INFREQUENT_ACCESS"]
ReservedKind = tuple[Literal["read", "write"], Literal[1, 3]]

# Always free, for each payer and Region, in tables of the Standard class: 25 GB-months of storage, and 25 read and 25 write
# capacity units through a month of 744 hours. Source: https://aws.amazon.com/dynamodb/pricing/provisioned/
FREE_STORAGE_GB = 25.0
FREE_CAPACITY_HOURS = 18_600.0


@dataclass(frozen=True, slots=True)
class ReadPrice:
    """US dollars for one read request unit of an on-demand table, and when that was the price."""

    usd_per_unit: float
    dated: str


@dataclass(frozen=True, slots=True)
class Rates:
    """Prices of one table class. `…_unit` is one request unit, `…_capacity_hour` one capacity unit for an hour."""

    write_unit: float | None = None
    read_unit: float | None = None
    replicated_write_unit: float | None = None
    write_capacity_hour: float | None = None
    read_capacity_hour: float | None = None
    replicated_write_capacity_hour: float | None = None
    storage_gb_month: float | None = None


@dataclass(frozen=True, slots=True)
class Reserved:
    """A block of 100 capacity units for one or three years: paid at once, and for every hour of the term."""

    upfront_usd: float
    hour_usd: float
    years: Literal[1, 3]


@dataclass(frozen=True, slots=True)
class Prices:
    """All prices of a Region.

    `recovery_gb_month` is point-in-time recovery; `stream_read` is one GetRecords call. `free_storage_gb` and
    `free_capacity_hours` (as many for reads as for writes) are of the whole account and Region, once, Standard class only.
    `reserved` is empty where it is not known. `source` and `dated` are for the page; `notices` are sentences on what was not
    found or not understood.
    """

    region: str
    standard: Rates
    infrequent: Rates
    recovery_gb_month: float | None = None
    backup_gb_month: float | None = None
    restore_gb: float | None = None
    export_gb: float | None = None
    import_gb: float | None = None
    stream_read: float | None = None
    free_storage_gb: float = FREE_STORAGE_GB
    free_capacity_hours: float = FREE_CAPACITY_HOURS
    reserved: Mapping[ReservedKind, Reserved] = field(default_factory=lambda: MappingProxyType({}))
    source: str = ""
    dated: str = ""
    notices: tuple[str, ...] = ()

    def rates(self, table_class: TableClass) -> Rates:
        return self.standard if table_class == "STANDARD" else self.infrequent
