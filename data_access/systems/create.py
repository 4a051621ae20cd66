"""Make a system's tables exactly as its setup guide does, and wait until they and their indexes can be used."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from data_access.aws_errors import from_aws
from data_access.dynamo.aws import Source
from data_access.errors import AwsError, TableMissing
from data_access.systems.spec import Index, Table

# DynamoDB makes an empty table with two indexes in about ten seconds; five minutes is far more than it ever took.
WAIT_SECONDS = 300.0
FIRST_PAUSE_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Created:
    """One table of the system; `created` is False when it was there before."""

    key: str
    name: str
    created: bool


def wire_definition(table: Table, name: str) -> dict[str, Any]:
    """The CreateTable request of the setup guides for this table, under the given name."""
    keys = {*table.keys, *(k for i in table.indexes.values() for k in (i.partition_key, i.sort_key) if k)}
    request: dict[str, Any] = {
        "TableName": name,
        "KeySchema": _key_schema(table.partition_key, table.sort_key),
        "AttributeDefinitions": [{"AttributeName": a, "AttributeType": d.type} for a, d in table.attributes.items() if a in keys],
        "BillingMode": "PAY_PER_REQUEST",
    }
    if table.indexes:
        request["GlobalSecondaryIndexes"] = [
            {"IndexName": index_name, "KeySchema": _key_schema(index.partition_key, index.sort_key), "Projection": _projection(index)}
            for index_name, index in table.indexes.items()
        ]
    if table.tags:
        request["Tags"] = [{"Key": key, "Value": value} for key, value in table.tags.items()]
    return request


def _key_schema(partition_key: str, sort_key: str | None) -> list[dict[str, str]]:
    schema = [{"AttributeName": partition_key, "KeyType": "HASH"}]
    return schema if sort_key is None else [*schema, {"AttributeName": sort_key, "KeyType": "RANGE"}]


def _projection(index: Index) -> dict[str, Any]:
    projection: dict[str, Any] = {"ProjectionType": index.projection}
    return projection | {"NonKeyAttributes": list(index.included)} if index.included else projection


def create_tables(
    source: Source,
    *,
    wait_seconds: float = WAIT_SECONDS,
    report: Callable[[str], None] | None = None,
) -> tuple[Created, ...]:
    """Make every table of a system that is not there yet, then wait until all of them can be used.

    A table that exists is left alone, whatever it looks like: the tables page says where it differs. All are asked for
    first and waited for together. Raises AwsError, also when one is not ACTIVE after `wait_seconds`.
    """
    say = report or _silent
    until = time.monotonic() + wait_seconds
    made: list[Created] = []
    for key, table in source.place.system.tables.items():
        name = source.place.tables[key]
        created = _describe(source, name) is None and _create(source, wire_definition(table, name))
        say(f"{name}: {'created' if created else 'exists already'}")
        made.append(Created(key, name, created))
    for one in made:
        _wait(source, one, until, wait_seconds)
        say(f"{one.name}: ready")
    return tuple(made)


def _silent(_: str) -> None:
    return


def _create(source: Source, request: dict[str, Any]) -> bool:
    """False when somebody else made it in the meantime."""
    name = str(request["TableName"])
    try:
        source.client.create_table(**request)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("ResourceInUseException", "TableAlreadyExistsException"):
            return False
        raise from_aws(error, operation="CreateTable", table=name) from None
    except BotoCoreError as error:
        raise from_aws(error, operation="CreateTable", table=name) from None
    return True


def _describe(source: Source, name: str) -> Mapping[str, Any] | None:
    """None when there is no such table."""
    try:
        return source.client.describe_table(TableName=name)["Table"]
    except (ClientError, BotoCoreError) as error:
        said = from_aws(error, operation="DescribeTable", table=name)
        if isinstance(said, TableMissing):
            return None
        raise said from None


def _wait(source: Source, made: Created, until: float, wait_seconds: float) -> None:
    pause = FIRST_PAUSE_SECONDS
    while True:
        # A table can be made and not yet be found: DescribeTable is only eventually consistent.
        live = _describe(source, made.name)
        waiting = ["the table"] if live is None else _not_ready(live, new=made.created)
        if not waiting:
            return
        if time.monotonic() + pause > until:
            raise AwsError(
                f"After {wait_seconds:,.0f} seconds {' and '.join(waiting)} of {made.name} is not ACTIVE yet.",
                "It goes on by itself: look again on the tables page, or run the same command once more.",
                table=made.name,
            )
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def _not_ready(live: Mapping[str, Any], *, new: bool) -> list[str]:
    """What cannot be used yet. Of a table that was there before only its creation is waited for, not a change of it."""
    waiting = ["the table"] if live.get("TableStatus") == "CREATING" or (new and live.get("TableStatus") != "ACTIVE") else []
    indexes = live.get("GlobalSecondaryIndexes") or ()
    return waiting + [f"the index {i['IndexName']}" for i in indexes if new and i.get("IndexStatus", "ACTIVE") != "ACTIVE"]
