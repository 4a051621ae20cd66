"""`costs` on the command line: what the tables cost, as one JSON object."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from data_access.costs.advice import Advised, Skipped, advise_here
from data_access.costs.observed import Attribution, Growth, Observed, ResourceCosts, TableGrowth, attribute, grow, observe_here
from data_access.costs.prices import PriceBook, Prices, Rates
from data_access.dynamo.aws import Source
from data_access.errors import AwsError, SnapshotError
from data_access.output import plain, show
from data_access.settings import Settings
from data_access.snapshot.hot import Hot, load
from data_access.snapshot.store import open_store


def show_costs(options: argparse.Namespace, settings: Settings, sources: Mapping[str, Source], *, now: datetime | None = None) -> None:
    """This month so far in UTC. Raises UsageError (a Region that is not known) and, where nothing at all was found, AwsError."""
    book = PriceBook.of(settings)
    if options.region is not None:
        book.prices(options.region)  # A Region that is not known is said before anything is asked.
    hot, absent = _snapshot(settings)
    try:
        observed = observe_here(settings, sources, book, hot, now=now, free_tier=options.free_tier, region=options.region)
        failed = next((problem for problem in observed.problems if isinstance(problem, AwsError)), None)
        if not observed.resources and failed is not None:
            raise failed
        advised = advise_here(settings, sources, book, hot, now=now, region=options.region)
        show(
            {
                **_observed(observed),
                "own_usd": observed.own_usd + advised.own_usd,
                "attribution": None if hot is None else _attribution(attribute(hot, observed)),
                **_advice(advised),
                "growth": None if hot is None else _growth(grow(hot, observed, now=now), sources),
                "unknown": [*unknown(observed), *([absent] if absent else [])],
                "problems": [{"code": problem.code, "message": str(problem)} for problem in observed.problems],
            }
        )
    finally:
        if hot is not None:
            hot.close()


def unknown(observed: Observed) -> list[str]:
    """A sentence for each amount that is missing."""
    return [
        f"{place(resource)}: {line.what}: {line.note or 'not known.'}"
        for resource in observed.resources
        for line in resource.lines
        if line.usd is None
    ]


def place(resource: ResourceCosts) -> str:
    return resource.table if resource.index is None else f"{resource.table}, index {resource.index}"


def _snapshot(settings: Settings) -> tuple[Hot | None, str]:
    """What the costs are split by, or why they cannot be."""
    try:
        return load(open_store(settings), texts=False), ""
    except SnapshotError as error:
        return None, f"Costs a conversation and growth: {error}"


def _observed(observed: Observed) -> dict[str, Any]:
    names = ("since", "until", "sample", "month_to_date_usd", "projected_usd", "total_usd", "free_tier", "free_tier_usd", "own_usd")
    return {
        **{name: plain(getattr(observed, name)) for name in names},
        "complete": observed.complete,
        "systems": plain(observed.totals()),
        "resources": [plain(one) | {"usd": one.usd, "month_usd": one.month_usd, "complete": one.complete} for one in observed.resources],
        "prices": {region: _prices(prices) for region, prices in observed.prices.items()},
    }


def _prices(prices: Prices) -> dict[str, Any]:
    """Source and date first; every price is for one single unit."""
    left_out = {"region", "standard", "infrequent", "reserved", "source", "dated", "notices"}
    others = {field.name: plain(getattr(prices, field.name)) for field in fields(prices) if field.name not in left_out}
    return {
        "source": prices.source,
        "dated": prices.dated,
        "notices": plain(prices.notices),
        "standard": _rates(prices.standard),
        "infrequent_access": _rates(prices.infrequent),
        **others,
    }


def _rates(rates: Rates) -> dict[str, float | None]:
    return {field.name: getattr(rates, field.name) for field in fields(rates)}


def _attribution(found: Attribution) -> dict[str, Any]:
    return {
        "how": plain(found.how),
        "systems": [
            plain(one) | {"attributed_usd": one.attributed_usd, "shared_usd": one.shared_usd, "total_usd": one.total_usd}
            for one in found.systems
        ],
        "unused_indexes": plain(found.unused),
    }


def _advice(found: Advised) -> dict[str, Any]:
    """By the last two weeks, whatever the window; `nothing_to_gain` was judged, `not_judged` could not be."""
    return {
        "advice": [plain(one) for one in found.advice],
        "possible_saving_usd": found.possible_usd,
        "nothing_to_gain": [_skipped(one) for one in found.skipped if one.fine],
        "not_judged": [_skipped(one) for one in found.skipped if not one.fine],
    }


def _skipped(one: Skipped) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("rule", "system", "table", "index", "reason")}


def _growth(found: Growth, sources: Mapping[str, Source]) -> dict[str, Any]:
    tables = [table for table in found.tables if table.system in sources]
    return {"as_of": plain(found.as_of), "tables": [_table(table) for table in tables]}


def _table(table: TableGrowth) -> dict[str, Any]:
    names = ("system", "table", "items", "bytes", "undated_bytes", "expiring_bytes", "bytes_a_month", "doubling_months", "month_usd")
    return {
        **{name: getattr(table, name) for name in names},
        "months": plain(table.months),
        "time_to_live": plain(table.curve()),
    }
