"""Tables as the setup guides make them: exact, once, and waited for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from data_access.dynamo.aws import Source
from data_access.errors import AccessDenied, AwsError
from data_access.systems.create import Created, create_tables, wire_definition
from data_access.systems.spec import built_in

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

OpenSource = Callable[..., Source]
TABLES = [(system, key) for system, layout in built_in().items() for key in layout.tables]


def schema(partition_key: str, sort_key: str | None = None) -> list[dict[str, str]]:
    found = [{"AttributeName": partition_key, "KeyType": "HASH"}]
    return found if sort_key is None else [*found, {"AttributeName": sort_key, "KeyType": "RANGE"}]


def index(name: str, partition_key: str, sort_key: str) -> dict[str, Any]:
    return {"IndexName": name, "KeySchema": schema(partition_key, sort_key), "Projection": {"ProjectionType": "ALL"}}


# The CreateTable calls of the four setup guides, written out.
GUIDES: dict[str, dict[str, Any]] = {
    "remo-user-data": {"KeySchema": schema("user_id", "data_type"), "Types": {"user_id": "S", "data_type": "S"}},
    "ai-agent-sessions": {
        "KeySchema": schema("id", "tenantId"),
        "Types": {"id": "S", "tenantId": "S", "userId": "S"},
        "GlobalSecondaryIndexes": [index("TenantUserIndex", "tenantId", "userId")],
    },
    "ai-agent-messages": {
        "KeySchema": schema("id"),
        "Types": {"id": "S", "sessionId": "S", "timestamp": "S", "tenantId": "S"},
        "GlobalSecondaryIndexes": [
            index("SessionTimestampIndex", "sessionId", "timestamp"),
            index("TenantTimestampIndex", "tenantId", "timestamp"),
        ],
    },
    "ai4ai-chat-sessions": {"KeySchema": schema("user_id", "session_id"), "Types": {"user_id": "S", "session_id": "S"}},
    "ai4ai-chat-messages": {"KeySchema": schema("session_id", "timestamp"), "Types": {"session_id": "S", "timestamp": "N"}},
    "cg-chatbot-conversations": {
        "KeySchema": schema("conversation_id", "user_id"),
        "Types": {"conversation_id": "S", "user_id": "S", "created_at": "S"},
        "GlobalSecondaryIndexes": [index("user_id-created_at-index", "user_id", "created_at")],
        "Tags": [{"Key": "Project", "Value": "CG-Production-Assistant"}],
    },
}


@pytest.mark.parametrize("system, key", TABLES)
def test_the_request_is_the_guides(system: str, key: str) -> None:
    table = built_in()[system].tables[key]
    guide = dict(GUIDES[table.name])
    request = wire_definition(table, table.name)
    assert request.pop("TableName") == table.name
    assert request.pop("BillingMode") == "PAY_PER_REQUEST"
    assert {d["AttributeName"]: d["AttributeType"] for d in request.pop("AttributeDefinitions")} == guide.pop("Types")
    assert request == guide


@pytest.mark.parametrize("system", built_in())
def test_created_once_and_active(system: str, open_source: OpenSource, dynamodb: DynamoDBClient) -> None:
    source = open_source(system)
    said: list[str] = []
    made = create_tables(source, report=said.append)
    assert made == tuple(Created(key, name, True) for key, name in source.place.tables.items())
    for name in source.place.tables.values():
        live = dynamodb.describe_table(TableName=name)["Table"]
        assert live.get("TableStatus") == "ACTIVE"
        assert all(i.get("IndexStatus", "ACTIVE") == "ACTIVE" for i in live.get("GlobalSecondaryIndexes", ()))
        assert f"{name}: ready" in said
    assert create_tables(source) == tuple(Created(key, name, False) for key, name in source.place.tables.items())


def test_an_existing_table_is_left_alone(open_source: OpenSource, dynamodb: DynamoDBClient) -> None:
    source = open_source("ai4ai")
    wire = wire_definition(source.place.system.tables["messages"], "ai4ai-chat-messages")
    wire |= {"KeySchema": schema("session_id"), "AttributeDefinitions": [{"AttributeName": "session_id", "AttributeType": "S"}]}
    dynamodb.create_table(**wire)
    assert [made.created for made in create_tables(source)] == [True, False]
    assert dynamodb.describe_table(TableName="ai4ai-chat-messages")["Table"].get("KeySchema") == schema("session_id")


class Slow:
    """A client whose new table gets ready at the given look, first the table and then its index."""

    def __init__(self, ready_at: int, *, raced: bool = False) -> None:
        self.looks = 0
        self.ready_at = ready_at
        self.raced = raced

    def describe_table(self, TableName: str) -> dict[str, Any]:  # noqa: N803 - boto3's own name
        self.looks += 1
        if self.looks <= 2:  # once before CreateTable, once after: DescribeTable is eventually consistent
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": ""}}, "DescribeTable")
        return {
            "Table": {
                "TableStatus": "ACTIVE" if self.looks >= self.ready_at - 1 else "CREATING",
                "GlobalSecondaryIndexes": [{"IndexName": "i", "IndexStatus": "ACTIVE" if self.looks >= self.ready_at else "CREATING"}],
            }
        }

    def create_table(self, **_: Any) -> None:
        if self.raced:
            raise ClientError({"Error": {"Code": "ResourceInUseException", "Message": ""}}, "CreateTable")


def slow(sources_at: OpenSource, client: object) -> Source:
    return Source(sources_at("http://127.0.0.1:9", "cg").place, client)  # pyright: ignore[reportArgumentType]


def test_waits_for_the_table_and_its_indexes(sources_at: OpenSource) -> None:
    client = Slow(ready_at=6)
    assert create_tables(slow(sources_at, client), wait_seconds=10)[0].created
    assert client.looks == 6


def test_somebody_else_made_it_meanwhile(sources_at: OpenSource) -> None:
    assert not create_tables(slow(sources_at, Slow(ready_at=4, raced=True)), wait_seconds=10)[0].created


def test_the_wait_ends(sources_at: OpenSource) -> None:
    with pytest.raises(AwsError, match="cg-chatbot-conversations is not ACTIVE yet") as caught:
        create_tables(slow(sources_at, Slow(ready_at=1_000)), wait_seconds=0.1)
    assert "look again" in caught.value.remedy


def test_a_refusal_is_one_sentence(sources_at: OpenSource) -> None:
    class Denied(Slow):
        def create_table(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "arn:aws:iam::123:user/x"}}, "CreateTable")

    with pytest.raises(AccessDenied, match="CreateTable on the table cg-chatbot-conversations") as caught:
        create_tables(slow(sources_at, Denied(ready_at=3)))
    assert "123" not in str(caught.value)
