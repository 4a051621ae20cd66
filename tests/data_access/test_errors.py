"""Every failure of AWS is one of ours: the right class, one sentence, and nothing that AWS said itself."""

from __future__ import annotations

from typing import Any

import botocore.exceptions as aws
import pytest

from data_access import errors
from data_access.aws_errors import from_aws
from data_access.errors import AccessDenied, AwsError, CredentialsMissing, DataAccessError, TableMissing, Throttled, Unreachable

SECRET = "arn:aws:iam::123456789012:user/jane key=did:privy:abc AKIAXYZ"


def refused(code: str, operation: str = "Query") -> aws.ClientError:
    return aws.ClientError({"Error": {"Code": code, "Message": SECRET}}, operation)


@pytest.mark.parametrize(
    "code, kind",
    [
        ("ResourceNotFoundException", TableMissing),
        ("com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", TableMissing),
        ("AccessDeniedException", AccessDenied),
        ("KMSAccessDeniedException", AccessDenied),
        ("ProvisionedThroughputExceededException", Throttled),
        ("ThrottlingException", Throttled),
        ("RequestLimitExceeded", Throttled),
        ("ExpiredTokenException", CredentialsMissing),
        ("ExpiredToken", CredentialsMissing),
        ("UnrecognizedClientException", CredentialsMissing),
        ("InvalidSignatureException", CredentialsMissing),
        ("MissingAuthenticationTokenException", CredentialsMissing),
        ("ValidationException", AwsError),
        ("InternalServerError", AwsError),
        ("", AwsError),
    ],
)
def test_a_refusal_has_its_class(code: str, kind: type[AwsError]) -> None:
    error = from_aws(refused(code), operation="Query", table="chats", index="ByUser")
    assert type(error) is kind
    assert (error.table, error.index) == ("chats", "ByUser")
    assert_is_a_sentence(error)


@pytest.mark.parametrize(
    "raised, kind",
    [
        (aws.NoCredentialsError(), CredentialsMissing),
        (aws.PartialCredentialsError(provider=SECRET, cred_var="x"), CredentialsMissing),
        (aws.ProfileNotFound(profile=SECRET), CredentialsMissing),
        (aws.TokenRetrievalError(provider=SECRET, error_msg=SECRET), CredentialsMissing),
        (aws.UnauthorizedSSOTokenError(), CredentialsMissing),
        (aws.EndpointConnectionError(endpoint_url=SECRET), Unreachable),
        (aws.ConnectTimeoutError(endpoint_url=SECRET), Unreachable),
        (aws.ReadTimeoutError(endpoint_url=SECRET), Unreachable),
        (aws.SSLError(endpoint_url=SECRET, error=OSError(SECRET)), Unreachable),
        (aws.ProxyConnectionError(proxy_url=SECRET), Unreachable),
        (aws.HTTPClientError(error=SECRET), Unreachable),
        (aws.NoRegionError(), AwsError),
        (aws.ConfigParseError(path=SECRET), AwsError),
    ],
)
def test_a_way_that_fails_has_its_class(raised: aws.BotoCoreError, kind: type[AwsError]) -> None:
    error = from_aws(raised, operation="Scan", table="chats")
    assert type(error) is kind
    assert_is_a_sentence(error)


def assert_is_a_sentence(error: DataAccessError) -> None:
    for text in (error.sentence, error.remedy):
        assert text[0].isupper()
        assert text.endswith(".")
        assert "\n" not in text
    for word in ("arn:", "AKIA", "did:privy", "123456789012", "jane"):
        assert word not in str(error)


def test_a_role_that_cannot_be_taken_on_is_not_a_table_that_cannot_be_read() -> None:
    error = from_aws(refused("AccessDenied", "AssumeRole"), operation="Query", table="chats")
    assert isinstance(error, AccessDenied)
    assert "role" in error.sentence
    assert "dynamodb:" not in str(error)
    assert_is_a_sentence(error)


def test_the_sentence_names_the_place_and_what_was_tried() -> None:
    error = from_aws(refused("AccessDeniedException"), operation="Query", table="chats", index="ByUser")
    assert str(error) == (
        "AWS did not permit Query on the index ByUser of the table chats. "
        "Give this identity dynamodb:Query on it: the README has the policy."
    )
    assert from_aws(refused("ResourceNotFoundException"), operation="Scan", table="chats").sentence == "The table chats does not exist."
    assert_is_a_sentence(from_aws(aws.NoRegionError(), operation="opening a client"))


def classes(kind: type[DataAccessError]) -> list[type[DataAccessError]]:
    return [kind, *(deeper for direct in kind.__subclasses__() for deeper in classes(direct))]


@pytest.mark.parametrize(
    "raised", [refused("ThrottlingException"), refused("ValidationException"), aws.EndpointConnectionError(endpoint_url=SECRET)]
)
@pytest.mark.parametrize("service", ["DynamoDB", "CloudWatch", "the Price List"])
def test_the_error_knows_which_service_failed(raised: Any, service: str) -> None:
    error = from_aws(raised, operation="GetProducts", service=service)
    assert error.service == service
    assert error.sentence.startswith(f"{service[0].upper()}{service[1:]} ")
    assert_is_a_sentence(error)


def test_each_class_has_its_own_code() -> None:
    codes: dict[str, Any] = {kind.code: kind for kind in classes(DataAccessError)}
    assert len(codes) == len(classes(DataAccessError))
    assert codes["scan_refused"] is errors.ScanRefused
