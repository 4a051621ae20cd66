"""From a case of each kind to the rules that it is about: only the words of a case are turned into arguments here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from data_access.costs import amounts, size, throughput, units
from data_access.costs.index_writes import IndexShape, TableShape, WriteUnits, entry_bytes, sum_units, write_units

Input = Mapping[str, Any]
Answer = Any
_MISSING = object()


def pick(given: Input, *names: str, default: Any = _MISSING) -> Any:
    """The first of these that the case gives."""
    for name in names:
        if given.get(name) is not None:
            return given[name]
    if default is _MISSING:
        raise KeyError(f"none of {', '.join(names)}")
    return default


def unfold(value: Any) -> Any:
    """{"$repeat": ["x", 3]} is "xxx", and {"B_utf8": "x"} the raw bytes of a text."""
    if isinstance(value, Mapping):
        if "$repeat" in value:
            text, times = value["$repeat"]
            return text * times
        if "B_utf8" in value:
            return {"B": unfold(value["B_utf8"]).encode()}
        return {name: unfold(inner) for name, inner in value.items()}
    return [unfold(inner) for inner in value] if isinstance(value, list) else value


def _how(given: Input) -> dict[str, bool]:
    """Consistency as the rules take it."""
    said = str(given.get("consistency", "")).lower()
    transactional = said.startswith("trans") or bool(given.get("transactional")) or "transact" in str(given.get("op", "")).lower()
    strong = said.startswith("strong") or said == "consistent" or bool(pick(given, "consistent", "consistent_read", default=False))
    return {"consistent": strong, "transactional": transactional}


def _share(given: Input, *names: str, default: float = 1.0) -> float:
    """A share of 1, which a case may give in percent."""
    value = float(pick(given, *names, default=default))
    return value / 100 if value > 1 or any("percent" in name and given.get(name) is not None for name in names) else value


# Sizes and units


def item_size(given: Input, _: Input) -> Answer:
    if "value_only" in given:
        return size.value_bytes(unfold(given["value_only"]))
    item = unfold(pick(given, "item", "attributes"))
    if table := given.get("table"):
        return entry_bytes(_shape(table), given["index"], item)
    return size.item_bytes(item) + given.get("overhead_bytes", 0)


def number_size(given: Input, _: Input) -> Answer:
    digits = pick(given, "N", "number", "value")
    return size.number_bytes(digits if isinstance(digits, str) else str(digits))


_BINARY = {"B": 1, "KB": size.KB, "MB": size.KB**2, "GB": size.KB**3}


def max_item_size(given: Input, _: Input) -> Answer:
    if "update" in f"{given.get('op', '')} {given.get('quota', '')}".lower():
        # Without a word on the key it is the measured one: "pk" with one letter.
        key = size.item_bytes(unfold(given.get("key", {"pk": {"S": "k"}})))
        return size.most_updated_bytes(given.get("key_bytes", key), sets=given.get("sets", 1))
    # The quota is the product's; a case that names another size says what it is in.
    number, unit = re.findall(r"([\d.,]+)\s*([KMG]?i?B)", str(given.get("quota", "400 KB")))[0]
    asked = float(number.replace(",", "")) * _BINARY[unit.replace("i", "")]
    return size.MOST_ITEM_BYTES if asked == 400 * size.KB else asked


def rcu(given: Input, _: Input) -> Answer:
    operation, how = str(given.get("op", "Query")).lower(), _how(given)
    if "write" in operation or _replayed(given):
        return sum(units.replayed_units(*_images(item)) for item in given.get("items", [given]))
    entries, fetched = _evaluated(given)
    if "get" in operation:
        return units.batch_get_units(entries, **how)
    sizes, consistent = [entry or 0 for entry in entries], how["consistent"]
    if fetched:
        return units.local_index_units(sum(sizes), fetched, consistent=consistent)
    if "scan" in operation and given.get("segments"):
        return units.scan_units(sum(sizes), consistent=consistent, segments=given["segments"])
    return units.paged_units(sizes, consistent=consistent) if len(sizes) > 1 else units.query_units(sum(sizes), consistent=consistent)


def _evaluated(given: Input) -> tuple[list[float | None], list[float]]:
    """Sizes of what is evaluated, and of the table's items that a local index fetches besides."""
    sizes = given.get("item_sizes_bytes")
    flat = (
        {**{name: value for name, value in given.items() if name != "item_sizes_bytes"}, **sizes} if isinstance(sizes, Mapping) else given
    )
    local = "lsi" in str(given.get("index", "")).lower() or any("index" in name for name in flat if name != "index")
    fetching = re.compile("fetch|base|table" if local else "fetch|base")
    counted = {
        name: value
        for name, value in flat.items()
        if not isinstance(value, str | bool) and not re.match("returned|limit|page|segment|filter|matched", name)
    }
    entries = _sizes({name: value for name, value in counted.items() if not fetching.search(name)}, 1)
    fetched = {name: value for name, value in counted.items() if fetching.search(name)}
    return entries, [entry or 0 for entry in _sizes(fetched, len(entries))] if fetched else []


def _sizes(fields: Input, count: int) -> list[float | None]:
    each: float | None = None
    for name, value in fields.items():
        if isinstance(value, Sequence):
            return list(value)
        if isinstance(value, Mapping):
            return _sizes(value, count)
        if re.search("byte|size", name):
            if "total" in name:
                return [value]
            each = value
        elif value is not None:
            count = int(value)
    return [each] * count


def _replayed(given: Input) -> bool:
    return any("replay" in name and value for name, value in given.items()) or "replay" in str(given.get("op", "")).lower()


def _images(given: Input) -> tuple[float | None, float | None]:
    old = pick(given, "old_size_bytes", "before_size_bytes", "old_bytes", "existing_size_bytes", "existing_bytes", default=None)
    new = pick(given, "new_size_bytes", "after_size_bytes", "new_bytes", "item_size_bytes", "size_bytes", "item_bytes", default=None)
    return old, new


def wcu(given: Input, case: Input) -> Answer:
    if _replayed(given):
        return rcu(given, case)
    transactional = _how(given)["transactional"]
    if "items" in given:
        whole = {name: value for name, value in given.items() if name not in {"items", "op"}}
        return sum(_written({**whole, "transactional": transactional, **item}, case) for item in given["items"])
    return _written({**given, "transactional": transactional}, case)


def _written(given: Input, case: Input) -> int:
    (old, new), transactional = _images(given), bool(given["transactional"])
    operation = str(given.get("op", "")).lower()
    if "check" in operation or any("check" in name and value for name, value in given.items()):
        return units.condition_check_units(new if old is None else old)
    if given.get("condition_failed"):
        return units.failed_condition_units(_existing(old, new, given, case), transactional=transactional)
    if "delete" in operation or given.get("delete") or new is None:
        return units.delete_units(old, transactional=transactional)
    if "update" in operation:
        return units.update_units(old, new, transactional=transactional)
    return units.put_units(new, old, transactional=transactional)


def _existing(old: float | None, new: float | None, given: Input, case: Input) -> float | None:
    """The item that a failed condition looked at. Where a case gives one size alone, its note says whether that is of the item there."""
    there = pick(given, "item_exists", "existing", "exists", default=None)
    if there is None and "existing item" in str(case.get("note", "")).lower():
        there = True
    return new if old is None and there else old if there is not False else None


# Indexes


def _shape(table: Input) -> TableShape:
    def indexes(name: str) -> dict[str, IndexShape]:
        return {
            index: IndexShape(
                tuple(shape["key"]),
                str(shape.get("projection", "ALL")).upper(),  # pyright: ignore[reportArgumentType]
                tuple(pick(shape, "non_key", "included", "NonKeyAttributes", default=())),
            )
            for index, shape in (table.get(name) or {}).items()
        }

    return TableShape(tuple(table["key"]), indexes("gsis"), indexes("lsis"))


def _change(given: Input) -> WriteUnits:
    shape, before, after = _shape(given["table"]), unfold(given.get("before")), unfold(given.get("after"))
    operation, transactional = (
        str(given.get("op", "")).lower(),
        bool(given.get("transactional")) or "transact" in str(given.get("op", "")).lower(),
    )
    if "check" in operation or given.get("condition_check") or given.get("condition_failed"):
        # Nothing is written, so no index is; the item that is there is charged.
        after, transactional = before, transactional or not given.get("condition_failed")
    return write_units(shape, before, after, transactional)


def _parts(write: WriteUnits) -> Answer:
    by_index = {**write.gsis, **write.lsis}
    sums = {"total": write.total, "table": write.table, "gsi": sum(write.gsis.values()), "lsi": sum(write.lsis.values())}
    return {**sums, "gsis": write.gsis, "lsis": write.lsis, "indexes": by_index, **by_index}


def index_write(given: Input, _: Input) -> Answer:
    return _parts(_change(given))


def index_write_batch(given: Input, _: Input) -> Answer:
    whole = {name: value for name, value in given.items() if name != "items"}
    return _parts(sum_units(_change({**whole, **item}) for item in given["items"]))


# Money


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
    how = _how(given)
    found: dict[str, tuple[float, float]] = {}
    if (rate := pick(given, "reads_per_s", "reads_per_second", default=None)) is not None:
        found["r"] = rate, units.get_units(pick(given, "read_item_bytes", "item_bytes"), **how)
    if (rate := pick(given, "writes_per_s", "writes_per_second", default=None)) is not None:
        found["w"] = rate, units.write_units(pick(given, "write_item_bytes", "item_bytes"), transactional=how["transactional"])
    return found


def provisioned_capacity(given: Input, _: Input) -> Answer:
    share = _share(given, "utilisation_percent", "target_percent", "utilisation", "target")
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
    how = _how(given)
    if "wcu" in given:
        moved = throughput.written_bytes_a_second(given["wcu"], transactional=how["transactional"])
    else:
        moved = throughput.read_bytes_a_second(given["rcu"], **how)
    return {"bytes_per_second": moved, "kb_per_second": moved / size.KB}


# Prices

_REGIONS = {
    "": "us-east-1",
    "USE1": "us-east-1",
    "USE2": "us-east-2",
    "USW1": "us-west-1",
    "USW2": "us-west-2",
    "CAN1": "ca-central-1",
    "EU": "eu-west-1",
    "EUW1": "eu-west-1",
    "EUW2": "eu-west-2",
    "EUW3": "eu-west-3",
    "EUC1": "eu-central-1",
    "EUN1": "eu-north-1",
    "EUS1": "eu-south-1",
    "APN1": "ap-northeast-1",
    "APN2": "ap-northeast-2",
    "APN3": "ap-northeast-3",
    "APS1": "ap-southeast-1",
    "APS2": "ap-southeast-2",
    "APS3": "ap-south-1",
    "APE1": "ap-east-1",
    "SAE1": "sa-east-1",
    "MES1": "me-south-1",
    "AFS1": "af-south-1",
}
# Usage type without prefix: product family, and what else GetProducts says of such a product.
_FAMILIES: tuple[tuple[str, str, dict[str, str], str], ...] = (
    (r"(IA-)?ReadRequestUnits", "Amazon DynamoDB PayPerRequest Throughput", {"group": "DDB-ReadUnits"}, "ReadRequestUnits"),
    (r"(IA-)?WriteRequestUnits", "Amazon DynamoDB PayPerRequest Throughput", {"group": "DDB-WriteUnits"}, "WriteRequestUnits"),
    (
        r"(IA-)?ReplWriteRequestUnits",
        "Amazon DynamoDB PayPerRequest Throughput",
        {"group": "DDB-ReplicatedWriteUnits"},
        "ReplicatedWriteRequestUnits",
    ),
    (r"(IA-)?ReadCapacityUnit-Hrs", "Provisioned IOPS", {"group": "DDB-ReadUnits"}, "ReadCapacityUnit-Hrs"),
    (r"(IA-)?WriteCapacityUnit-Hrs", "Provisioned IOPS", {"group": "DDB-WriteUnits"}, "WriteCapacityUnit-Hrs"),
    (
        r"(IA-)?ReplWriteCapacityUnit-Hrs",
        "DDB-Operation-ReplicatedWrite",
        {"group": "DDB-ReplicatedWriteUnits"},
        "ReplicatedWriteCapacityUnit-Hrs",
    ),
    (r"TimedStorage-ByteHrs", "Database Storage", {"volumeType": "Amazon DynamoDB - Indexed DataStore"}, "GB-Mo"),
    (r"IA-TimedStorage-ByteHrs", "Database Storage", {"volumeType": "Amazon DynamoDB - Indexed DataStore - IA"}, "GB-Mo"),
    (
        r"TimedPITRStorage-ByteHrs",
        "Database Storage",
        {"volumeType": "Amazon DynamoDB - Point-In-Time-Restore (PITR) Backup Storage"},
        "GB-Mo",
    ),
    (r"TimedBackupStorage-ByteHrs", "Amazon DynamoDB On-Demand Backup Storage", {}, "GB-Mo"),
    (r"RestoreDataSize-Bytes", "Amazon DynamoDB Restore Data Size", {"volumeType": "Amazon DynamoDB - Backup Restore Size"}, "GB"),
    (r"ExportDataSize-Bytes", "Amazon DynamoDB Export Data Size", {"volumeType": "Amazon DynamoDB - Export Size"}, "GB"),
    (r"ImportDataSize-Bytes", "Amazon DynamoDB Import Data Size", {"volumeType": "Amazon DynamoDB - Import Size"}, "GB"),
    (r"Streams-Requests", "API Request", {"group": "DDB-StreamsReadRequests", "operation": "GetRecords"}, "Requests"),
)


def _prefix(usage: str) -> str:
    found = re.match(r"([A-Z]{2,4}\d?)-(?!Mo)", usage)
    return found[1] if found and found[1] in _REGIONS else ""


def _document(number: int, product: Input) -> str:
    """One entry of GetProducts' PriceList, from what a case keeps of it."""
    if "terms" in product:
        return json.dumps(product)
    usage: str = product["usagetype"]
    prefix = _prefix(usage)
    bare = usage.removeprefix(f"{prefix}-") if prefix else usage
    family, attributes, unit = next(
        ((family, attributes, unit) for pattern, family, attributes, unit in _FAMILIES if re.fullmatch(pattern, bare)), ("", {}, "")
    )
    if "group" in attributes and bare.startswith("IA-"):
        attributes = {**attributes, "group": attributes["group"] + "IA"}
    own = {name: value for name, value in product.items() if isinstance(value, str) and name != "productFamily"}
    dimensions = product["priceDimensions"]
    dimensions = list(dimensions.values()) if isinstance(dimensions, Mapping) else dimensions
    sku = f"SKU{number:013d}"
    operation = (
        "CommittedThroughput" if bare.endswith("CapacityUnit-Hrs") else "PayPerRequestThroughput" if bare.endswith("RequestUnits") else ""
    )
    return json.dumps(
        {
            "product": {
                "sku": sku,
                "productFamily": product.get("productFamily", family),
                "attributes": {
                    "servicecode": "AmazonDynamoDB",
                    "regionCode": _REGIONS[prefix],
                    "locationType": "AWS Region",
                    "operation": operation,
                    **attributes,
                    **own,
                },
            },
            "serviceCode": "AmazonDynamoDB",
            "terms": {
                "OnDemand": {
                    f"{sku}.JRTCKXETXF": {
                        "sku": sku,
                        "offerTermCode": "JRTCKXETXF",
                        "effectiveDate": "2026-09-01T00:00:00Z",
                        "priceDimensions": {
                            f"{sku}.JRTCKXETXF.{place}": {"rateCode": f"{sku}.JRTCKXETXF.{place}", "unit": unit, **dimension}
                            for place, dimension in enumerate(dimensions)
                        },
                    }
                }
            },
            "version": "20260901000000",
            "publicationDate": "2026-09-01T00:00:00Z",
        }
    )


# What a case wants, in the words of cases: the first that fits.
_WANTED: tuple[tuple[str, str], ...] = (
    (r"rwcu|repl\w*[- ]?(wcu|write[- ]?capacity)", "replicated_write_capacity_hour"),
    (r"rwru|repl\w*[- ]?(wru|write)", "replicated_write_unit"),
    (r"wcu|write[- ]?capacity", "write_capacity_hour"),
    (r"rcu|read[- ]?capacity", "read_capacity_hour"),
    (r"wru|write", "write_unit"),
    (r"pitr|point|recovery|continuous", "recovery_gb_month"),
    (r"backup", "backup_gb_month"),
    (r"restore", "restore_gb"),
    (r"export", "export_gb"),
    (r"import", "import_gb"),
    (r"stream", "stream_read"),
    (r"rru|read", "read_unit"),
    (r"storage|gb", "storage_gb_month"),
)


def price_list_parse(given: Input, case: Input) -> Answer:
    from data_access.costs.prices import price_list

    products = given["products"]
    usages = [product["usagetype"] for product in products if "usagetype" in product]
    region = given.get("region") or next((_REGIONS[_prefix(usage)] for usage in usages if _prefix(usage)), "us-east-1")
    prices = price_list.parse([_document(number, product) for number, product in enumerate(products)], region)
    want = str(given["want"]).lower()
    field = next(field for pattern, field in _WANTED if re.search(pattern, want))
    rates = prices.rates("STANDARD_INFREQUENT_ACCESS" if re.search(r"\bia\b|infrequent", want) else "STANDARD")
    usd = getattr(rates, field) if hasattr(rates, field) else getattr(prices, field)
    if usd is not None and re.search(r"per (million|1m|m\b)", want):
        usd *= 1_000_000
    # What is free is said under several names: free_gb, free_hours, free_units.
    free = prices.free_storage_gb if field == "storage_gb_month" else prices.free_capacity_hours
    named = case["expected"] if isinstance(case["expected"], Mapping) else {}
    return {"usd": usd, **{name: prices.free_storage_gb if name.endswith("gb") else free for name in named if name.startswith("free")}}


KINDS: dict[str, Callable[[Input, Input], Answer]] = {
    "alarm_threshold": alarm_threshold,
    "autoscaling_target": autoscaling_target,
    "breakeven_utilisation": breakeven_utilisation,
    "contributor_insights_cost": contributor_insights_cost,
    "contributor_insights_events": contributor_insights_events,
    "global_table_rwcu": global_table_rwcu,
    "hourly_cost": hourly_cost,
    "index_write": index_write,
    "index_write_batch": index_write_batch,
    "item_size": item_size,
    "max_item_size": max_item_size,
    "metric_math": metric_math,
    "monthly_cost": monthly_cost,
    "number_size": number_size,
    "price_list_parse": price_list_parse,
    "provisioned_capacity": provisioned_capacity,
    "rcu": rcu,
    "request_units": request_units,
    "reserved_discount": reserved_discount,
    "scan_duration": scan_duration,
    "storage_gb": storage_gb,
    "table_class": table_class,
    "table_class_delta": table_class_delta,
    "throughput": bytes_a_second,
    "wcu": wcu,
}
