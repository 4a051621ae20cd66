"""What DynamoDB's refusals of a write mean: not now, not here, not understood, not this item.

Codes: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchStatementError.html,
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CancellationReason.html and
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from data_access.aws_errors import from_aws
from data_access.errors import AwsError, Throttled, Unreachable

# As statements of a batch say it, as actions of a transaction do, and as whole requests.
REFUSED = frozenset(("ConditionalCheckFailed", "ConditionalCheckFailedException"))
BUSY = frozenset(
    (
        "ThrottlingError",
        "ThrottlingException",
        "RequestLimitExceeded",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
        "InternalServerError",
        "ServiceUnavailable",
    )
)
DENIED = frozenset(("AccessDenied", "AccessDeniedException"))
_NOT_UNDERSTOOD = frozenset(("ValidationError", "ValidationException", "UnknownOperationException", "NotImplemented"))
_SERVER_FAULT = 500


def code(error: Exception) -> str:
    return str(error.response.get("Error", {}).get("Code", "")).rpartition("#")[2] if isinstance(error, ClientError) else ""


def reasons(error: Exception) -> list[Mapping[str, Any]]:
    """Of a cancelled transaction, one for each of its actions; empty for anything else."""
    answer: Mapping[str, Any] = error.response if isinstance(error, ClientError) else {}
    return list(answer.get("CancellationReasons") or [])


def was_refused(error: Exception) -> bool:
    """A condition did not hold. Where anything else is said beside it that passes, that comes first: it may not have been asked."""
    codes = _codes(error)
    return bool(codes & REFUSED) and not codes & BUSY


def is_not_understood(error: Exception) -> bool:
    return bool(_codes(error) & _NOT_UNDERSTOOD)


def is_fault(error: Exception) -> bool:
    """The service itself failed at it."""
    if not isinstance(error, ClientError):
        return False
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= _SERVER_FAULT or code(error) == "InternalServerError"


def is_denied(error: Exception) -> bool:
    return bool(_codes(error) & DENIED)


def passes(error: Exception, said: AwsError) -> bool:
    """Whether the same request can succeed later."""
    return isinstance(said, Throttled | Unreachable) or is_fault(error) or bool(_codes(error) & BUSY)


def denied(table: str) -> AwsError:
    refusal = ClientError({"Error": {"Code": "AccessDeniedException"}}, "BatchExecuteStatement")
    return from_aws(refusal, operation="PartiQLDelete", table=table)


def no_capacity(operation: str, table: str) -> Throttled:
    return Throttled(f"The table {table} had no capacity for {operation} for too long.", "It goes on from here: resume it.", table=table)


def _codes(error: Exception) -> set[str]:
    return {code(error), *(str(reason.get("Code")) for reason in reasons(error))}
