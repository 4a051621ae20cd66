"""What DynamoDB charges: the AWS Price List, kept for a day, with a dated built-in table behind it."""

from __future__ import annotations

from data_access.costs.prices.book import PriceBook
from data_access.costs.prices.built_in import GUIDE_2024, PRICE_DATE, built_in_prices
from data_access.costs.prices.estimates import read_price
from data_access.costs.prices.model import Prices, Rates, ReadPrice, Reserved, ReservedKind, TableClass

__all__ = [
    "GUIDE_2024",
    "PRICE_DATE",
    "PriceBook",
    "Prices",
    "Rates",
    "ReadPrice",
    "Reserved",
    "ReservedKind",
    "TableClass",
    "built_in_prices",
    "read_price",
]
