"""Cases of the Price List: what a case keeps of its products, as GetProducts says them, and which price is wanted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from data_access.costs.prices import price_list
from tests.data_access.costs.case_words import Answer, Input

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
