"""Live tables against their layouts, in words: on moto and on the real engine, and where AWS says no."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from data_access.dynamo.aws import Source
from data_access.systems.check import Setting, TableHealth, check
from data_access.systems.create import create_tables, wire_definition
from data_access.systems.spec import built_in

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

OpenSource = Callable[..., Source]


def texts(table: TableHealth) -> list[str]:
    return [str(difference) for difference in table.differences]


@pytest.mark.parametrize("system", built_in())
def test_what_the_guide_makes_is_as_its_layout_says(system: str, open_source: OpenSource) -> None:
    source = open_source(system)
    create_tables(source)
    tables = check(source)
    assert [table.name for table in tables] == list(source.place.tables.values())
    for table, wanted in zip(tables, source.place.system.tables.values(), strict=True):
        assert table.readable
        assert [d for d in table.differences if d.breaks] == []
        assert table.keys == wanted.keys
        assert table.status == "ACTIVE"
        assert table.billing == "on demand"
        assert table.items == 0
        assert str(table.protection) == "off"
        assert {index.name for index in table.indexes} == set(wanted.indexes)
        assert all(index.status == "ACTIVE" and index.expected for index in table.indexes)


def test_an_expiry_that_is_off_is_worth_knowing(open_source: OpenSource, dynamodb: DynamoDBClient) -> None:
    source = open_source("remo")
    create_tables(source)
    (table,) = check(source)
    assert texts(table) == ["The layout has an expiry time in ttl, but expiry (TTL) is off: DynamoDB deletes nothing."]
    assert table.readable
    dynamodb.update_time_to_live(TableName=table.name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})
    (table,) = check(source)
    assert texts(table) == []
    assert str(table.expiry) == "on (by ttl)"


def test_a_missing_table(open_source: OpenSource) -> None:
    (table,) = check(open_source("cg"))
    assert table.found is False
    assert not table.readable
    assert texts(table) == ["The table cg-chatbot-conversations does not exist."]


def test_other_keys_and_types_and_indexes(open_source: OpenSource, dynamodb: DynamoDBClient) -> None:
    source = open_source("ai_agent")
    layout = source.place.system.tables
    sessions = wire_definition(layout["sessions"], "ai-agent-sessions")
    sessions["KeySchema"] = [{"AttributeName": "tenantId", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}]
    sessions["GlobalSecondaryIndexes"][0]["Projection"] = {"ProjectionType": "KEYS_ONLY"}
    dynamodb.create_table(**sessions)
    messages = wire_definition(layout["messages"], "ai-agent-messages")
    for definition in messages["AttributeDefinitions"]:
        if definition["AttributeName"] == "timestamp":
            definition["AttributeType"] = "N"
    first, second = messages["GlobalSecondaryIndexes"]
    second |= {"IndexName": "ByTenant"}
    first["KeySchema"] = [{"AttributeName": "sessionId", "KeyType": "HASH"}]
    dynamodb.create_table(**messages)

    one, other = check(source)
    assert texts(one) == [
        "Its key is tenantId and id; the layout says id and tenantId.",
        "The index TenantUserIndex projects KEYS_ONLY; the layout says ALL.",
    ]
    assert set(texts(other)) == {
        "The key attribute timestamp is a Number; the layout says String.",
        "The key of the index SessionTimestampIndex is sessionId; the layout says sessionId and timestamp.",
        "The index TenantTimestampIndex (tenantId and timestamp) is missing.",
        "There is one more index, ByTenant (tenantId and timestamp). It is not used.",
    }
    assert not one.readable
    assert not other.readable
    by_name = {index.name: index for index in other.indexes}
    assert by_name["TenantTimestampIndex"].status is None
    assert not by_name["ByTenant"].expected


def test_provisioned_and_protected(open_source: OpenSource, dynamodb: DynamoDBClient) -> None:
    source = open_source("remo")
    wire = wire_definition(source.place.system.tables["user_data"], "remo-user-data")
    wire |= {"BillingMode": "PROVISIONED", "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 7}}
    dynamodb.create_table(**wire, DeletionProtectionEnabled=True)
    (table,) = check(source)
    assert table.billing == "provisioned, 5 read and 7 write units"
    assert table.protection == Setting("on")


class Stub:
    """A client whose DescribeTable answers, and whose other calls fail as told."""

    def __init__(self, live: dict[str, Any] | Exception, failure: Exception) -> None:
        self.live = live
        self.failure = failure

    def describe_table(self, TableName: str) -> dict[str, Any]:  # noqa: N803 - boto3's own name
        if isinstance(self.live, Exception):
            raise self.live
        return {"Table": self.live}

    def describe_time_to_live(self, **_: str) -> dict[str, Any]:
        raise self.failure

    describe_continuous_backups = describe_time_to_live


def stubbed(source: Source, stub: Stub) -> Source:
    return Source(source.place, stub)  # pyright: ignore[reportArgumentType]


def client_error(code: str, operation: str = "DescribeTimeToLive") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "secret-account-id"}}, operation)


@pytest.mark.parametrize(
    "failure, why",
    [
        (client_error("AccessDeniedException"), "this identity may not ask: dynamodb:DescribeTimeToLive"),
        (client_error("UnknownOperationException"), "the local engine does not keep it"),
        (EndpointConnectionError(endpoint_url="http://x"), "DynamoDB did not answer DescribeTimeToLive on the table remo-user-data"),
    ],
)
def test_a_setting_that_nobody_tells_takes_nothing_with_it(sources_at: OpenSource, failure: Exception, why: str) -> None:
    source = sources_at("http://127.0.0.1:9", "remo")
    live = {
        "TableName": "remo-user-data",
        "TableStatus": "ACTIVE",
        "KeySchema": [{"AttributeName": "data_type", "KeyType": "RANGE"}, {"AttributeName": "user_id", "KeyType": "HASH"}],
        "TableClassSummary": {"TableClass": "STANDARD_INFREQUENT_ACCESS"},
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
        "ItemCount": 7,
        "TableSizeBytes": 900,
    }
    (table,) = check(stubbed(source, Stub(live, failure)))
    assert table.readable
    assert table.expiry == Setting("not known", why)
    assert table.recovery.state == "not known"
    assert (table.items, table.bytes, table.table_class) == (7, 900, "standard, infrequent access")


def test_states_that_cannot_be_read_yet(sources_at: OpenSource) -> None:
    source = sources_at("http://127.0.0.1:9", "cg")
    live = {
        "TableStatus": "CREATING",
        "KeySchema": [{"AttributeName": "conversation_id", "KeyType": "HASH"}, {"AttributeName": "user_id", "KeyType": "RANGE"}],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "user_id-created_at-index",
                "KeySchema": [{"AttributeName": "user_id", "KeyType": "HASH"}, {"AttributeName": "created_at", "KeyType": "RANGE"}],
                "Projection": {"ProjectionType": "ALL"},
                "IndexStatus": "CREATING",
            }
        ],
        "LocalSecondaryIndexes": [{"IndexName": "mine", "KeySchema": [{"AttributeName": "conversation_id", "KeyType": "HASH"}]}],
    }
    (table,) = check(stubbed(source, Stub(live, client_error("AccessDeniedException"))))
    assert texts(table) == [
        "The table is CREATING, not ACTIVE.",
        "The index user_id-created_at-index is CREATING, not ACTIVE: it cannot be read yet.",
        "There is a local index, mine (conversation_id). It is not used.",
    ]
    assert not table.readable


def test_a_denied_table_is_not_a_missing_one(sources_at: OpenSource) -> None:
    source = sources_at("http://127.0.0.1:9", "cg")
    denied = client_error("AccessDeniedException", "DescribeTable")
    (table,) = check(stubbed(source, Stub(denied, denied)))
    assert table.found is None
    assert table.code == "no_permission"
    assert "dynamodb:DescribeTable" in texts(table)[0]
    assert "secret-account-id" not in texts(table)[0]
