"""Exact commands for the AWS command line, quoted for a POSIX shell. Names of tables and indexes only."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data_access.costs.advice.scaling import TARGET


@dataclass(frozen=True, slots=True)
class Setting:
    """Read and write capacity of a table (`index` None) or an index: now, and between what autoscaling moves it."""

    index: str | None
    read: int
    write: int
    reads: tuple[int, int]
    writes: tuple[int, int]


def to_on_demand(region: str, table: str) -> str:
    return _dynamodb("update-table", region, table, "--billing-mode", "PAY_PER_REQUEST")


def to_provisioned(region: str, table: str, settings: Sequence[Setting]) -> str:
    """Provisioned capacity with autoscaling, for the table and all its indexes: a GSI is paid as its table is."""
    return " &&\n".join([_provision(region, table, settings, mode=True), *_scaling(region, table, settings)])


def resize(region: str, table: str, settings: Sequence[Setting]) -> str:
    """Another capacity with autoscaling, for those of them that are given."""
    return " &&\n".join([_provision(region, table, settings, mode=False), *_scaling(region, table, settings)])


def to_class(region: str, table: str, table_class: str) -> str:
    return _dynamodb("update-table", region, table, "--table-class", table_class)


def drop_index(region: str, table: str, index: str) -> str:
    return _dynamodb("update-table", region, table, "--global-secondary-index-updates", _json([{"Delete": {"IndexName": index}}]))


def expire(region: str, table: str, attribute: str) -> str:
    wanted = _json({"Enabled": True, "AttributeName": attribute})
    return _dynamodb("update-time-to-live", region, table, "--time-to-live-specification", wanted)


def recover(region: str, table: str) -> str:
    wanted = "PointInTimeRecoveryEnabled=true"
    return _dynamodb("update-continuous-backups", region, table, "--point-in-time-recovery-specification", wanted)


def _provision(region: str, table: str, settings: Sequence[Setting], *, mode: bool) -> str:
    words = ["--billing-mode", "PROVISIONED"] if mode else []
    own = next((one for one in settings if one.index is None), None)
    if own is not None:
        words += ["--provisioned-throughput", f"ReadCapacityUnits={own.read},WriteCapacityUnits={own.write}"]
    updates = [
        {
            "Update": {
                "IndexName": one.index,
                "ProvisionedThroughput": {"ReadCapacityUnits": one.read, "WriteCapacityUnits": one.write},
            }
        }
        for one in settings
        if one.index is not None
    ]
    if updates:
        words += ["--global-secondary-index-updates", _json(updates)]
    return _dynamodb("update-table", region, table, *words)


def _scaling(region: str, table: str, settings: Sequence[Setting]) -> list[str]:
    """A target and a policy for each side."""
    made: list[str] = []
    for one in settings:
        for side, (least, highest) in (("Read", one.reads), ("Write", one.writes)):
            kind = "table" if one.index is None else "index"
            resource = f"table/{table}" if one.index is None else f"table/{table}/index/{one.index}"
            named = ["--region", region, "--service-namespace", "dynamodb", "--resource-id", resource]
            named += ["--scalable-dimension", f"dynamodb:{kind}:{side}CapacityUnits"]
            made.append(_scale("register-scalable-target", *named, "--min-capacity", str(least), "--max-capacity", str(highest)))
            policy = {
                "TargetValue": 100 * TARGET,
                "PredefinedMetricSpecification": {"PredefinedMetricType": f"DynamoDB{side}CapacityUtilization"},
            }
            words = ["--policy-name", f"{side.lower()}-{TARGET:.0%}".removesuffix("%"), "--policy-type", "TargetTrackingScaling"]
            made.append(_scale("put-scaling-policy", *named, *words, "--target-tracking-scaling-policy-configuration", _json(policy)))
    return made


def _scale(operation: str, *words: str) -> str:
    return shlex.join(["aws", "application-autoscaling", operation, *words])


def _dynamodb(operation: str, region: str, table: str, *words: str) -> str:
    return shlex.join(["aws", "dynamodb", operation, "--region", region, "--table-name", table, *words])


def _json(value: Sequence[Any] | Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))
