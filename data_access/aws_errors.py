"""Errors of botocore as ours: which of our classes it is, in a sentence, with what to do about it."""

from __future__ import annotations

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own name
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from data_access.errors import AccessDenied, AwsError, CredentialsMissing, TableMissing, Throttled, Unreachable

# What an IAM policy calls the services.
_ACTIONS = {"DynamoDB": "dynamodb", "CloudWatch": "cloudwatch", "the Price List": "pricing"}
_DENIED = {
    "AccessDeniedException",
    "AccessDenied",
    "KMSAccessDeniedException",
    "KmsAccessDeniedException",
}
_NOT_ACCEPTED = {
    "ExpiredTokenException",
    "ExpiredToken",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "IncompleteSignatureException",
    "MissingAuthenticationTokenException",
}
_THROTTLED = {
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "Throttling",
    "RequestThrottled",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "LimitExceededException",
}
_MISSING = {"ResourceNotFoundException", "TableNotFoundException"}
_NO_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    ProfileNotFound,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)


def from_aws(
    error: ClientError | BotoCoreError, *, operation: str, table: str | None = None, index: str | None = None, service: str = "DynamoDB"
) -> AwsError:
    """Turn an error of botocore into ours. AWS's own text is left out: it can carry keys and account ids.

    `service` is the one that was asked: DynamoDB, CloudWatch, the Price List.
    """
    place = " of ".join(part for part in (f"the index {index}" if index else "", f"the table {table}" if table else "") if part)
    on = f" on {place}" if place else ""
    place = place or service
    begin = f"{service[0].upper()}{service[1:]}"
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", "")).rpartition("#")[2]
        if code in _MISSING:
            return TableMissing(
                f"{place[0].upper()}{place[1:]} does not exist.",
                "Check the table name and the Region in dynascope.toml, or create it on the tables page.",
                table=table,
                index=index,
                service=service,
            )
        if code in _NOT_ACCEPTED:
            return CredentialsMissing(
                "AWS did not accept the credentials: they have expired, or are not valid.",
                "Sign in again, or set AWS_PROFILE or the usual AWS variables; see also that this machine's clock is right.",
                table=table,
                index=index,
                service=service,
            )
        if code in _DENIED and error.operation_name.startswith("Assume"):
            return AccessDenied(
                f"AWS did not permit the role of this system to be taken on ({error.operation_name}).",
                "Check role_arn in dynascope.toml, and that the role trusts this identity.",
                table=table,
                index=index,
                service=service,
            )
        if code in _DENIED:
            return AccessDenied(
                f"AWS did not permit {operation} on {place}.",
                f"Give this identity {_ACTIONS[service]}:{operation}{' on it' if table else ''}: the README has the policy.",
                table=table,
                index=index,
                service=service,
            )
        if code in _THROTTLED:
            return Throttled(
                f"{begin} throttled {operation}{on}, after several retries.",
                "Wait a minute, or lower the rate of the read." if service == "DynamoDB" else "Wait a minute and ask again.",
                table=table,
                index=index,
                service=service,
            )
        return AwsError(
            f"{begin} refused {operation}{on} ({code or 'no code'}).",
            "Check the table against its system on the tables page." if table else "Check the Region and the rights of this identity.",
            table=table,
            index=index,
            service=service,
        )
    if isinstance(error, _NO_CREDENTIALS):
        return CredentialsMissing(
            "There are no valid AWS credentials here.",
            "Set AWS_PROFILE or the usual AWS variables, or use local mode.",
            table=table,
            index=index,
            service=service,
        )
    if isinstance(error, HTTPClientError | ConnectionError):
        return Unreachable(
            f"{begin} did not answer {operation}{on}.",
            "Check the network, the Region and the endpoint variables.",
            table=table,
            index=index,
            service=service,
        )
    return AwsError(
        f"{operation[0].upper()}{operation[1:]} on {place} failed before it reached {service} ({type(error).__name__}).",
        "Check the Region and the AWS configuration.",
        table=table,
        index=index,
        service=service,
    )
