"""Clients: what they read is what botocore reads, and each failure on the way is one sentence."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from boto3.dynamodb.types import TypeDeserializer

from data_access.dynamo.aws import open_sources
from data_access.dynamo.codec import continue_key, decode_item
from data_access.dynamo.facts import describe
from data_access.errors import AwsError, CredentialsMissing, DataAccessError, TableMissing, Throttled, Unreachable
from data_access.settings import load_settings
from tests.data_access.conftest import OpenSource, Scripted, page, refusal
from tests.data_access.layouts import create

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NINES = "9" * 38
ODD: dict[str, Any] = {
    "conversation_id": {"S": "c-☃"},
    "user_id": {"S": "u"},
    "created_at": {"S": "2026-05-04T08:00:00Z"},
    "n": {"N": NINES},
    "small": {"N": "1E-130"},
    "bin": {"B": b"\x00\xff"},
    "bins": {"BS": [b"\x01", b"\x02"]},
    "words": {"SS": ["a", "b"]},
    "numbers": {"NS": ["1", "2.5"]},
    "none": {"NULL": True},
    "yes": {"BOOL": True},
    "empty": {"S": ""},
    "map": {"M": {"list": {"L": [{"N": "1"}, {"M": {}}, {"L": []}]}, "B": {"B": b"x"}}},
}


def as_wire(value: Any) -> Any:
    """What botocore parsed, as it was on the wire: binary as base64."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: as_wire(inner) for name, inner in value.items()}
    return [as_wire(inner) for inner in value] if isinstance(value, list) else value


def without_metadata(response: Any) -> Any:
    return {name: value for name, value in response.items() if name != "ResponseMetadata"}


@pytest.mark.parametrize("operation", ["get_item", "query", "scan", "batch_get_item"])
def test_reads_give_what_botocore_gives(dynamodb: DynamoDBClient, open_source: OpenSource, operation: str) -> None:
    create(dynamodb, "cg")
    name = "cg-chatbot-conversations"
    for n in range(3):
        dynamodb.put_item(TableName=name, Item=ODD | {"conversation_id": {"S": f"c{n}"}})
    key = {"conversation_id": {"S": "c1"}, "user_id": {"S": "u"}}
    request: dict[str, Any] = {
        "get_item": {"TableName": name, "Key": key},
        "query": {
            "TableName": name,
            "IndexName": "user_id-created_at-index",
            "KeyConditionExpression": "user_id = :u",
            "ExpressionAttributeValues": {":u": {"S": "u"}},
            "Limit": 2,
        },
        "scan": {"TableName": name, "Limit": 2},
        "batch_get_item": {"RequestItems": {name: {"Keys": [key]}}},
    }[operation]
    request["ReturnConsumedCapacity"] = "INDEXES"
    client = open_source("cg").client
    ours, theirs = getattr(client, operation)(**request), getattr(dynamodb, operation)(**request)
    assert without_metadata(ours) == as_wire(without_metadata(theirs))
    assert ours["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert ours["ResponseMetadata"].keys() == theirs["ResponseMetadata"].keys()
    for item in ours.get("Items", []):
        plain = {n: TypeDeserializer().deserialize(v) for n, v in ODD.items()}
        read = decode_item(item)
        assert read["n"] == int(NINES) == plain["n"]
        assert read["small"] == plain["small"]
        assert read["bin"] == plain["bin"].value
        assert sorted(read["bins"]) == sorted(b.value for b in plain["bins"])
        assert (set(read["words"]), set(read["numbers"])) == (plain["words"], plain["numbers"])
        assert read["map"] == {"list": [1, {}, []], "B": b"x"}


def test_paging_goes_on_behind_a_binary_key(dynamodb: DynamoDBClient, open_source: OpenSource) -> None:
    keys: Any = [{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "b", "KeyType": "RANGE"}]
    types: Any = [{"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "b", "AttributeType": "B"}]
    dynamodb.create_table(TableName="binary", KeySchema=keys, AttributeDefinitions=types, BillingMode="PAY_PER_REQUEST")
    for n in range(5):
        dynamodb.put_item(TableName="binary", Item={"p": {"S": "p"}, "b": {"B": bytes([255 - n, 0, n])}})
    client, found = open_source("cg").client, []
    request: Any = {"TableName": "binary", "Limit": 2}
    while True:
        response = client.scan(**request)
        found += [decode_item(item)["b"] for item in response["Items"]]
        last = response.get("LastEvaluatedKey")
        if last is None:
            break
        request["ExclusiveStartKey"] = continue_key(last)
    assert sorted(found) == sorted(bytes([255 - n, 0, n]) for n in range(5))


def test_one_client_serves_many_threads(dynamodb: DynamoDBClient, open_source: OpenSource) -> None:
    create(dynamodb, "cg")
    dynamodb.put_item(TableName="cg-chatbot-conversations", Item=ODD)
    client = open_source("cg").client
    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(lambda _: client.scan(TableName="cg-chatbot-conversations")["Count"], range(40)))
    assert counts == [1] * 40


def test_an_answer_with_a_wrong_checksum_is_asked_for_again(
    scripted: Callable[..., Scripted], sources_at: OpenSource, pauses: list[float]
) -> None:
    def answer(_: str, __: Any, number: int) -> Any:
        status, _, body = page([{"id": {"S": "x"}}])
        good = zlib.crc32(body) & 0xFFFFFFFF
        return status, {"x-amz-crc32": str(good if number > 2 else good ^ 1)}, body

    server = scripted(answer)
    response = sources_at(server.endpoint, "cg").client.scan(TableName="t")
    assert response["Items"] == [{"id": {"S": "x"}}]
    assert len(server.asked) == 3
    assert len(pauses) == 2


@pytest.mark.parametrize("code", ["ProvisionedThroughputExceededException", "ThrottlingException"])
def test_throttling_is_retried_with_longer_and_longer_random_pauses(
    scripted: Callable[..., Scripted], sources_at: OpenSource, pauses: list[float], code: str
) -> None:
    server = scripted(lambda _, __, number: refusal(code) if number < 4 else page([]))
    assert sources_at(server.endpoint, "cg").client.scan(TableName="t")["Items"] == []
    assert len(server.asked) == 4
    assert len(set(pauses)) == 3
    assert all(0 <= pause <= longest for pause, longest in zip(pauses, (1, 2, 4), strict=True))


def test_throttling_without_end_is_said(scripted: Callable[..., Scripted], sources_at: OpenSource, pauses: list[float]) -> None:
    server = scripted(lambda *_: refusal("ThrottlingException"))
    with pytest.raises(Throttled, match="throttled DescribeTable on the table t, after several retries"):
        describe(sources_at(server.endpoint, "cg"), "t")
    assert len(server.asked) > 2


@pytest.mark.parametrize(
    "answer, kind",
    [
        (refusal("AccessDeniedException"), "no_permission"),
        (refusal("ResourceNotFoundException"), "no_table"),
        (refusal("ExpiredTokenException"), "no_credentials"),
        (refusal("ValidationException"), "aws"),
        (refusal("InternalServerError", 500), "aws"),
        ((200, {"Content-Type": "text/html"}, b"<html>Sign in to the network</html>"), "no_network"),
        ((503, {"Content-Type": "text/html"}, b"<html>Bad gateway SECRET</html>"), "aws"),
        ((200, {}, b'{"Table": '), "no_network"),
        ((200, {}, b"[]"), "no_network"),
    ],
)
def test_what_dynamodb_or_a_stranger_answers_is_one_sentence(
    scripted: Callable[..., Scripted], sources_at: OpenSource, pauses: list[float], answer: Any, kind: str
) -> None:
    source = sources_at(scripted(lambda *_: answer).endpoint, "cg")
    with pytest.raises(AwsError) as caught:
        describe(source, "chats")
    assert caught.value.code == kind
    assert "SECRET" not in str(caught.value)


def test_a_closed_port_is_no_network(sources_at: OpenSource, pauses: list[float], closed_port: str) -> None:
    with pytest.raises(Unreachable, match="did not answer DescribeTable"):
        describe(sources_at(closed_port, "cg"), "chats")


# Modes and the environment


@pytest.fixture
def aws_mode(endpoint: str) -> Iterator[pytest.MonkeyPatch]:
    settings = {"DYNASCOPE_MODE": "aws", "AWS_ENDPOINT_URL_DYNAMODB": endpoint, "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        yield patch


def first_failure(endpoint: str | None = None) -> DataAccessError:
    """Opens every source and asks the first about a table that is not there."""
    sources = {}
    try:
        sources = open_sources(load_settings(folder=Path("nowhere")), endpoint)
        describe(sources["cg"], "missing")
    except DataAccessError as error:
        return error
    finally:
        for source in sources.values():
            source.client.close()
    raise AssertionError("there is such a table")


def test_the_standard_endpoint_variables_work(aws_mode: pytest.MonkeyPatch) -> None:
    assert isinstance(first_failure(), TableMissing)


def test_without_credentials_it_says_so(aws_mode: pytest.MonkeyPatch) -> None:
    aws_mode.delenv("AWS_ACCESS_KEY_ID")
    aws_mode.delenv("AWS_SECRET_ACCESS_KEY")
    assert isinstance(first_failure(), CredentialsMissing)


def test_a_profile_that_is_not_there_says_so(aws_mode: pytest.MonkeyPatch) -> None:
    aws_mode.setenv("AWS_PROFILE", "gone")
    assert isinstance(first_failure(), CredentialsMissing)


def test_an_endpoint_that_is_no_url_says_so(aws_mode: pytest.MonkeyPatch) -> None:
    aws_mode.setenv("AWS_ENDPOINT_URL_DYNAMODB", "not a url")
    assert "endpoint" in first_failure().sentence


def test_a_broken_aws_configuration_says_so(aws_mode: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[[[\nbroken")
    aws_mode.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert isinstance(first_failure(), AwsError)


def test_local_mode_uses_nothing_of_the_persons_aws(aws_mode: pytest.MonkeyPatch, endpoint: str, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[[[\nbroken")
    aws_mode.delenv("DYNASCOPE_MODE")
    for name, value in {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_PROFILE": "gone",
        "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:1",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "http_proxy": "http://127.0.0.1:1",
    }.items():
        aws_mode.setenv(name, value)
    assert isinstance(first_failure(endpoint), TableMissing)


def test_a_system_has_its_own_profile_region_and_role(aws_mode: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text("[audit]\naws_access_key_id = AUDIT\naws_secret_access_key = s\n")
    aws_mode.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    (tmp_path / "dynascope.toml").write_text(
        '[systems.cg]\nprofile = "audit"\nregion = "eu-west-1"\n[systems.remo]\nrole_arn = "arn:aws:iam::123456789012:role/read"\n'
    )
    sources = open_sources(load_settings(folder=tmp_path))
    keys = {}
    for name in ("cg", "ai_agent"):
        sources[name].client.meta.events.register(
            "before-send.dynamodb.*", lambda request, name=name, **_: keys.update({name: request.headers["Authorization"].decode()})
        )
        with pytest.raises(TableMissing):
            describe(sources[name], "missing")
    assert "Credential=AUDIT/" in keys["cg"]
    assert "/eu-west-1/dynamodb" in keys["cg"]
    assert "Credential=A/" in keys["ai_agent"]
    assert sources["ai4ai"].client.meta.region_name == "ap-southeast-2"
    for source in sources.values():
        source.client.close()


def test_a_role_is_taken_on_with_the_own_credentials(aws_mode: pytest.MonkeyPatch, tmp_path: Path, moto_endpoint: str) -> None:
    (tmp_path / "dynascope.toml").write_text('[systems.remo]\nrole_arn = "arn:aws:iam::123456789012:role/read"\n')
    aws_mode.setenv("AWS_ENDPOINT_URL_STS", moto_endpoint)
    source = open_sources(load_settings(folder=tmp_path))["remo"]
    seen: list[str] = []
    source.client.meta.events.register("before-send.dynamodb.*", lambda request, **_: seen.append(json.dumps(str(request.headers))))
    with pytest.raises(TableMissing):
        describe(source, "missing")
    source.client.close()
    assert "Credential=ASIA" in seen[0]
