"""Reading a whole table, and listing one user's conversations, beside boto3 and awswrangler."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3.session
from botocore.config import Config

from benchmarks import data
from benchmarks.figures import Figure, cpu_seconds, paired_wall_seconds
from data_access.conversations import list_conversations
from data_access.dynamo.aws import CONCURRENCY, Source
from data_access.dynamo.codec import decode_item
from data_access.dynamo.collector import rare_collections
from data_access.dynamo.planner import plan_list
from data_access.dynamo.read import Reader
from data_access.items.messages import Draft, MessageReader
from data_access.models import Address, Filter, Message

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_LOCAL: dict[str, Any] = {"region_name": "us-east-1", "aws_access_key_id": "local", "aws_secret_access_key": "local"}


def whole_table(sources: Mapping[str, Source], endpoint: str) -> list[Figure]:
    """CPU seconds of this process to have every item of ai-agent-messages as an object."""
    source = sources["ai_agent"]
    found = _all_messages(source)
    assert len(found) == data.MESSAGES, f"{len(found)} messages were read, not {data.MESSAGES}"
    ours = cpu_seconds(lambda: _all_messages(source))
    wrangler = cpu_seconds(lambda: _wrangler(endpoint))
    resource = cpu_seconds(lambda: _resource_scan(endpoint))
    name = f"read {data.MESSAGES:,} messages into Message objects (CPU)"
    return [
        Figure(name, ours, "awswrangler dynamodb.read_items", wrangler, "s", 0.4 * wrangler, "at most 0.4 of the peer"),
        Figure(name, ours, "boto3 resource Scan into dicts", resource, "s", 0.55 * resource, "at most 0.55 of the peer"),
    ]


def one_user(sources: Mapping[str, Source], endpoint: str) -> list[Figure]:
    """Wall time to list one user's conversations, beside the same Queries sent with a bare boto3 client."""
    client = _client(endpoint)
    apart = Filter("ai_agent", user_id=data.BUSY_USER, tenant_id=data.BUSY_TENANT)
    inside = Filter("cg", user_id=data.BUSY_USER)
    for wanted in (apart, inside):
        assert len(list_conversations(sources[wanted.system], wanted).conversations) == data.BUSY_CONVERSATIONS
    name = f"list a user's {data.BUSY_CONVERSATIONS} conversations"
    several = paired_wall_seconds(lambda: list_conversations(sources["ai_agent"], apart), lambda: _bare_list(client), rounds=40)
    single = paired_wall_seconds(lambda: list_conversations(sources["cg"], inside), lambda: _bare_embedded(client), rounds=40)
    return [
        _beside(f"{name}, messages apart (wall)", f"the same {data.BUSY_CONVERSATIONS + 1} Queries by boto3", several),
        _beside(f"{name}, messages inside (wall)", "the same Query by boto3", single),
    ]


def _beside(name: str, peer_name: str, seconds: tuple[float, float]) -> Figure:
    ours, peer = (1000 * value for value in seconds)
    return Figure(name, ours, peer_name, peer, "ms", 1.3 * peer + 15, "at most 1.3 of it + 15 ms")


def _all_messages(source: Source) -> list[Message]:
    """What a list of everything does with the message table: pages, items, and messages in the order of each conversation."""
    step = plan_list(source, Filter("ai_agent")).steps[-1]
    reader = MessageReader(source.place.system)
    drafts: dict[str, list[Draft]] = {}
    with rare_collections():
        for page in Reader(source, None).pages(step):
            for wire in page.items:
                item = decode_item(wire)
                drafts.setdefault(reader.conversation_id(item) or "", []).append(
                    reader.draft(item, Address(step.table, {"id": item["id"]}))
                )
        return [message for several in drafts.values() for message in reader.sequence(several)]


def _wrangler(endpoint: str) -> int:
    import awswrangler

    awswrangler.config.dynamodb_endpoint_url = endpoint
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame: Any = awswrangler.dynamodb.read_items(
            "ai-agent-messages", allow_full_scan=True, boto3_session=boto3.session.Session(**_LOCAL)
        )
    assert len(frame) == data.MESSAGES
    return len(frame)


def _resource_scan(endpoint: str) -> int:
    table = boto3.session.Session(**_LOCAL).resource("dynamodb", endpoint_url=endpoint).Table("ai-agent-messages")
    items: list[dict[str, Any]] = []
    after: dict[str, Any] = {}
    while True:
        page = table.scan(**after)
        items += page["Items"]
        if "LastEvaluatedKey" not in page:
            break
        after = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    assert len(items) == data.MESSAGES
    return len(items)


def _client(endpoint: str) -> DynamoDBClient:
    # As many connections as Dynascope keeps, so that neither waits for one.
    return boto3.session.Session(**_LOCAL).client("dynamodb", endpoint_url=endpoint, config=Config(max_pool_connections=2 * CONCURRENCY))


def _bare_query(client: DynamoDBClient) -> list[dict[str, Any]]:
    answer = client.query(
        TableName="ai-agent-sessions",
        IndexName="TenantUserIndex",
        KeyConditionExpression="tenantId = :t AND userId = :u",
        ExpressionAttributeValues={":t": {"S": data.BUSY_TENANT}, ":u": {"S": data.BUSY_USER}},
        ReturnConsumedCapacity="INDEXES",
    )
    return [dict(item) for item in answer["Items"]]


def _bare_embedded(client: DynamoDBClient) -> list[dict[str, Any]]:
    answer = client.query(
        TableName="cg-chatbot-conversations",
        IndexName="user_id-created_at-index",
        KeyConditionExpression="user_id = :u",
        ExpressionAttributeValues={":u": {"S": data.BUSY_USER}},
        ReturnConsumedCapacity="INDEXES",
    )
    return [dict(item) for item in answer["Items"]]


def _bare_list(client: DynamoDBClient) -> int:
    def messages(session: str) -> int:
        answer = client.query(
            TableName="ai-agent-messages",
            IndexName="SessionTimestampIndex",
            KeyConditionExpression="sessionId = :s",
            ExpressionAttributeValues={":s": {"S": session}},
            ReturnConsumedCapacity="INDEXES",
        )
        return len(answer["Items"])

    with ThreadPoolExecutor(CONCURRENCY) as pool:
        return sum(pool.map(messages, [item["id"]["S"] for item in _bare_query(client)]))
