"""Cases of money and of throughput, turned into arguments of the rules."""

from __future__ import annotations

import re
from typing import Any

from data_access.costs import amounts, size, throughput, units
from tests.data_access.costs.case_words import Answer, Input, pick, read_how, read_share


def monthly_cost(given: Input, _: Input) -> Answer:
    lines = given.get("lines") or [given]
    charges = [amounts.Charge(_quantity(line), _unit_usd(line), pick(line, "free_quantity", "free", default=0)) for line in lines]
    return {"usd": amounts.total_usd(charges), "lines": [charge.usd for charge in charges]}


def _quantity(line: Input) -> float:
    if "quantity" in line:
        return line["quantity"]
    if "rps" in line:
        seconds = pick(line, "seconds_per_month", default=None)
        hours = line.get("hours_per_month", amounts.HOURS) if seconds is None else seconds / amounts.SECONDS_AN_HOUR
        return throughput.request_units(line["rps"], line.get("units_per_request", 1), hours=hours)
    if "item_count" in line:
        return storage_gb(line, {})["gb"]
    return pick(line, "wcu", "rcu", "units") * pick(line, "hours", "hours_per_month", default=amounts.HOURS)


def _unit_usd(line: Input) -> float | None:
    return line["unit_price_usd"] if "unit_price_usd" in line else line["usd_per_million"] / 1_000_000


def hourly_cost(given: Input, _: Input) -> Answer:
    usd: dict[str, float] = {}
    for name, value in given.items():
        # A price for a block of units: price_per_10_wcu_hour.
        if found := re.fullmatch(r"price_per_(?:(\d+)_)?(wcu|rcu)_hour(?:_usd)?", name) or re.fullmatch(r"()(wcu|rcu)_hour_usd", name):
            usd[found[2]] = value / int(found[1] or 1)
    return {"usd": amounts.hourly_usd(given.get("wcu", 0), given.get("rcu", 0), usd.get("wcu", 0.0), usd.get("rcu", 0.0))}


def storage_gb(given: Input, _: Input) -> Any:
    count = given.get("item_count", 0)
    total = pick(given, "total_bytes", "table_bytes", default=None)
    gb = amounts.storage_gb(
        count,
        count * pick(given, "item_bytes", "avg_item_bytes", "entry_bytes") if total is None else total,
        extra=given.get("overhead_bytes", size.STORED_EXTRA),
        replicated=bool(pick(given, "replicated", "global_table", "replica", default=False)),
        gb=amounts.GB if given.get("gib", True) else amounts.DECIMAL_GB,
    )
    return {"gb": gb, "gib": gb}


def breakeven_utilisation(given: Input, _: Input) -> Answer:
    share = amounts.break_even(given["provisioned_hour_usd"], given["on_demand_per_million_usd"] / 1_000_000)
    return {"percent": share and share * 100, "share": share}


def reserved_discount(given: Input, _: Input) -> Answer:
    hour = amounts.reserved_hour_usd(
        given["upfront_usd"],
        given["hourly_usd_per_block"],
        given["term_years"],
        block=given.get("block", amounts.RESERVED_BLOCK),
        hours_a_year=given.get("hours_per_year", amounts.HOURS_A_YEAR),
    )
    share = amounts.reserved_saving(hour, given["on_demand_hour_usd_per_unit"])
    assert share is not None
    percent = share * 100
    return {
        "discount_percent": percent,
        "discount_percent_rounded": round(percent),
        "effective_hour_usd": hour,
        "effective_hourly_usd_per_unit": hour,
    }


def table_class(given: Input, _: Input) -> Answer:
    current = given["current"]
    saving = amounts.class_saving(
        current,
        given["throughput_usd"],
        given["storage_usd"],
        throughput_ratio=given.get("throughput_ratio_ia_over_std") or _ratio(given, 1.25),
        storage_ratio=given.get("storage_ratio_ia_over_std", 0.4),
    )
    other = "ia" if current == "STANDARD" else "std"
    return {
        "saving": saving.saving_usd,
        f"{other}_throughput": saving.throughput_usd,
        f"{other}_storage": saving.storage_usd,
        f"{other}_total": saving.total_usd,
        "current_total": given["throughput_usd"] + given["storage_usd"],
        "recommended": saving.other if saving.saving_usd > 0 else current,
    }


def _ratio(given: Input, usual: float) -> float:
    """The two prices of a ratio as a case writes them: "on-demand reads 0.155/0.125"."""
    found = re.search(r"([\d.]+)\s*/\s*([\d.]+)", str(given.get("price_ratio_source", "")))
    return float(found[1]) / float(found[2]) if found else usual


def table_class_delta(given: Input, _: Input) -> Answer:
    quantity = next(value for name, value in given.items() if "price" not in name and isinstance(value, int | float))
    usd = amounts.extra_usd(quantity, given["std_price"], given["ia_price"])
    assert usd is not None
    return {"extra_usd": usd, "saving_usd": -usd}


def contributor_insights_cost(given: Input, _: Input) -> Answer:
    return {"usd": amounts.insights_usd(given["rules"], given["events"], given["rule_usd"], given["per_million_events_usd"])}


def contributor_insights_events(given: Input, _: Input) -> Answer:
    return {"events": amounts.insights_events([(operation, items) for operation, items in given["calls"]], sort_key=given["has_sort_key"])}


# Throughput


def _each(given: Input) -> dict[str, tuple[float, float]]:
    """Rate and units of one operation, by the name of their capacity unit: "r" and "w"."""
    how = read_how(given)
    found: dict[str, tuple[float, float]] = {}
    if (rate := pick(given, "reads_per_s", "reads_per_second", default=None)) is not None:
        found["r"] = rate, units.get_units(pick(given, "read_item_bytes", "item_bytes"), **how)
    if (rate := pick(given, "writes_per_s", "writes_per_second", default=None)) is not None:
        found["w"] = rate, units.write_units(pick(given, "write_item_bytes", "item_bytes"), transactional=how["transactional"])
    return found


def provisioned_capacity(given: Input, _: Input) -> Answer:
    share = read_share(given, "utilisation_percent", "target_percent", "utilisation", "target")
    return {f"{kind}cu": throughput.capacity_for(rate, each, utilisation=share) for kind, (rate, each) in _each(given).items()}


def request_units(given: Input, _: Input) -> Answer:
    hours = pick(given, "hours", "hours_per_month", default=None)
    if hours is None:
        seconds = pick(given, "seconds", "seconds_per_month", default=None)
        hours = given.get("days", 30) * 24 if seconds is None else seconds / amounts.SECONDS_AN_HOUR
    return {f"{kind}ru": throughput.request_units(rate, each, hours=hours) for kind, (rate, each) in _each(given).items()}


def alarm_threshold(given: Input, _: Input) -> Answer:
    return {"sum_threshold": throughput.alarm_sum(given["provisioned"], given["percent"] / 100, given["period_s"])}


def autoscaling_target(given: Input, _: Input) -> Answer:
    bounds = {"least": pick(given, "min", "minimum", default=1), "most": pick(given, "max", "maximum", default=None)}
    return {"new_provisioned": throughput.scaled_capacity(given["consumed"], given["target_percent"] / 100, **bounds)}


def global_table_rwcu(given: Input, _: Input) -> Answer:
    each = units.write_units(given.get("item_bytes", 1), transactional=bool(given.get("transactional")))
    rates = {region: rate * each for region, rate in given["writes_per_s_by_region"].items()}
    region = throughput.replicated_write_units(rates)
    return {"per_region": region, "total": region * len(rates)}


def metric_math(given: Input, _: Input) -> Answer:
    value, period = given["value"], pick(given, "period_s", "period")
    total = value * pick(given, "sample_count", "samples", default=1) if given.get("stat") == "Average" else value
    rate = throughput.per_second(total, period)
    share = throughput.utilisation(rate, given.get("provisioned", 0))
    percent = None if share is None else share * 100
    return {"per_second": rate, "utilisation": share, "utilisation_percent": percent, "utilization_percent": percent, "percent": percent}


def scan_duration(given: Input, _: Input) -> Answer:
    strong = str(given.get("consistency", "strong")).startswith("strong")
    seconds = throughput.scan_seconds(given["bytes"], given["rcu"], consistent=strong)
    assert seconds is not None
    each = {"bytes_per_second": throughput.read_bytes_a_second(given["rcu"], consistent=strong)}
    return {**each, "seconds": round(seconds), "minutes": seconds / 60, "hours": seconds / amounts.SECONDS_AN_HOUR}


def bytes_a_second(given: Input, _: Input) -> Answer:
    how = read_how(given)
    if "wcu" in given:
        moved = throughput.written_bytes_a_second(given["wcu"], transactional=how["transactional"])
    else:
        moved = throughput.read_bytes_a_second(given["rcu"], **how)
    return {"bytes_per_second": moved, "kb_per_second": moved / size.KB}
