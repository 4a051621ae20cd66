"""The price of a read, for estimates: at once and without the network."""

from __future__ import annotations

import threading

from data_access.costs.prices.built_in import built_in_prices
from data_access.costs.prices.model import Prices, ReadPrice, TableClass

# What the process's price book has loaded. The built-in table answers for the other Regions.
_loaded: dict[str, Prices] = {}
_lock = threading.Lock()


def read_price(region: str, table_class: TableClass = "STANDARD") -> ReadPrice | None:
    """The price of a read request unit in a Region, of what the price book has loaded or else built in; None where unknown."""
    with _lock:
        prices = _loaded.get(region)
    prices = prices or built_in_prices(region)
    usd = None if prices is None else prices.rates(table_class).read_unit
    return None if prices is None or usd is None else ReadPrice(usd, prices.dated)


def use_for_estimates(prices: Prices) -> None:
    """From now on `read_price` answers with these for their Region."""
    with _lock:
        _loaded[prices.region] = prices


def forget_loaded() -> None:
    """Back to the built-in table."""
    with _lock:
        _loaded.clear()
