"""Every failure that a person can meet, as one sentence and what to do about it.

    DataAccessError             the one class that pages and the command line catch
    ├── UsageError              the question itself is wrong: exit 2 on the command line
    ├── SpecError               a system's TOML file is wrong
    ├── SettingsError           dynascope.toml or an environment variable is wrong
    ├── NotFound                nothing is stored under that id
    ├── Ambiguous               several conversations have that id
    ├── ScanRefused             a Scan above the budget that nobody confirmed
    ├── EngineError             the local engine does not start, or is gone
    ├── SnapshotError           the snapshot cannot be read or written
    │   ├── SnapshotOff         the configuration turned it off
    │   ├── SyncRunning         another sync is at work here
    │   ├── SyncStopped         somebody stopped the sync
    │   └── SyncConflict        another replica wrote at the same moment
    ├── KeyFileError            a key of this installation is missing, broken or open to others
    ├── ErasureError            an erasure cannot be planned, or cannot go on
    │   ├── ErasureOff          the configuration does not allow it here
    │   ├── NotConfirmed        the typed id is not the plan's, or a second person has not approved
    │   ├── PlanChanged         what was approved is not what is stored
    │   ├── WrongState          the job is not where this step starts
    │   ├── SubjectBusy         another open job has this subject
    │   ├── LeaseLost           another worker took the job over
    │   ├── ForeignOwner        an item of the plan is somebody else's
    │   ├── SchemaDrift         a live table is not laid out as its system says
    │   └── TooMuch             more than this installation allows at once, or than can be kept
    ├── AuditError              the audit cannot be written: nothing is done without it
    │   └── AuditBroken         the audit was changed by somebody else
    └── AwsError                DynamoDB or the way to it refused
        ├── TableMissing
        ├── AccessDenied
        ├── Throttled
        ├── Unreachable
        └── CredentialsMissing

A message names tables and indexes, never a key, a user id or a text of a conversation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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


class DataAccessError(Exception):
    """A failure that is shown to a person: `sentence` says what failed, `remedy` what to do.

    `service` is the one of AWS that failed: DynamoDB, CloudWatch, the Price List. For other failures it says nothing.
    """

    code = "failed"

    def __init__(
        self, sentence: str, remedy: str = "", *, table: str | None = None, index: str | None = None, service: str = "DynamoDB"
    ) -> None:
        super().__init__(sentence)
        self.service = service
        self.sentence = sentence
        self.remedy = remedy
        self.table = table
        self.index = index

    def __str__(self) -> str:
        return f"{self.sentence} {self.remedy}".strip()


class UsageError(DataAccessError):
    code = "usage"


class SpecError(DataAccessError):
    code = "bad_spec"


class SettingsError(DataAccessError):
    code = "bad_settings"


class NotFound(DataAccessError):
    code = "not_found"


class Ambiguous(DataAccessError):
    """Several users' conversations share an id: `candidates` are the conversations to choose from."""

    code = "ambiguous"

    def __init__(self, sentence: str, remedy: str = "", *, candidates: Sequence[Any] = ()) -> None:
        super().__init__(sentence, remedy)
        self.candidates = tuple(candidates)


class ScanRefused(DataAccessError):
    """A Scan would read more than the budget, and nobody said that it may."""

    code = "scan_refused"

    def __init__(self, sentence: str, remedy: str = "", *, estimated_units: float | None, budget: float, table: str | None = None) -> None:
        super().__init__(sentence, remedy, table=table)
        self.estimated_units = estimated_units
        self.budget = budget


class EngineError(DataAccessError):
    code = "engine"


class SnapshotError(DataAccessError):
    code = "snapshot"


class SnapshotOff(SnapshotError):
    code = "snapshot_off"


class SyncRunning(SnapshotError):
    code = "sync_running"


class SyncStopped(SnapshotError):
    code = "sync_stopped"


class SyncConflict(SnapshotError):
    code = "sync_conflict"


class KeyFileError(DataAccessError):
    code = "key_file"


class ErasureError(DataAccessError):
    code = "erasure"


class ErasureOff(ErasureError):
    code = "erasure_off"


class NotConfirmed(ErasureError):
    code = "not_confirmed"


class PlanChanged(ErasureError):
    code = "plan_changed"


class WrongState(ErasureError):
    code = "wrong_state"


class SubjectBusy(ErasureError):
    """`plan_id` is the open job that has the subject already."""

    code = "subject_busy"

    def __init__(self, sentence: str, remedy: str = "", *, plan_id: str) -> None:
        super().__init__(sentence, remedy)
        self.plan_id = plan_id


class LeaseLost(ErasureError):
    code = "lease_lost"


class ForeignOwner(ErasureError):
    code = "foreign_owner"


class SchemaDrift(ErasureError):
    code = "schema_drift"


class TooMuch(ErasureError):
    code = "too_much"


class AuditError(DataAccessError):
    code = "audit"


class AuditBroken(AuditError):
    code = "audit_broken"


class AwsError(DataAccessError):
    code = "aws"


class TableMissing(AwsError):
    code = "no_table"


class AccessDenied(AwsError):
    code = "no_permission"


class Throttled(AwsError):
    code = "throttled"


class Unreachable(AwsError):
    code = "no_network"


class CredentialsMissing(AwsError):
    code = "no_credentials"


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
