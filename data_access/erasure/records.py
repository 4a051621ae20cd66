"""The control table as rows: what is sent to DynamoDB for it, and what a refusal means.

Two text keys, `pk` and `sk`. Reads are consistent. A condition that fails is `ConditionFailed`, with the rows as they are
stored; a transaction that met another one is sent again after a random pause.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from data_access.aws_errors import from_aws
from data_access.dynamo.aws import Source, open_client
from data_access.dynamo.codec import continue_key, decode_item, encode
from data_access.errors import DataAccessError, TableMissing, Throttled
from data_access.settings import Place, Settings
from data_access.systems.create import Created, create_tables
from data_access.systems.spec import Attribute, System, Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Row = dict[str, Any]
MOST_BYTES = 100_000  # of one row; DynamoDB itself takes 400 KB
_ATTEMPTS = 10
_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 2.0
_BATCH_GET = 100
_PASSING = frozenset(
    "TransactionConflict TransactionConflictException TransactionInProgressException ThrottlingError ProvisionedThroughputExceeded".split()
)
_TEXT = {"pk": Attribute("S"), "sk": Attribute("S")}


class ConditionFailed(Exception):
    """Inside this package only. `stored` has for each action of the write the row that refused it, {} where there is none,
    and None for an action that was not refused."""

    def __init__(self, stored: Sequence[Row | None]) -> None:
        super().__init__("a condition did not hold")
        self.stored = tuple(stored)

    @property
    def first(self) -> Row:
        for row in self.stored:
            if row is not None:
                return row
        return {}


@dataclass(frozen=True, slots=True)
class Action:
    """One write. `operation` is Put, Update, Delete or ConditionCheck, as a transaction calls it.

    `values` are :name to value for `expression` and `condition`; names in them are written #name.
    """

    operation: str
    pk: str
    sk: str
    row: Mapping[str, Any] = field(default_factory=dict[str, Any])
    expression: str = ""
    condition: str = ""
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def request(self, table: str) -> dict[str, Any]:
        key = {"pk": {"S": self.pk}, "sk": {"S": self.sk}}
        asked: dict[str, Any] = {"TableName": table}
        if self.operation == "Put":
            asked["Item"] = key | to_wire(self.row)
        else:
            asked["Key"] = key
        if self.expression:
            asked["UpdateExpression"] = self.expression
        if self.condition:
            asked |= {"ConditionExpression": self.condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        names = {word for word in _words(f"{self.expression} {self.condition}") if word[0] == "#"}
        if names:
            asked["ExpressionAttributeNames"] = {name: name[1:] for name in sorted(names)}
        if self.values:
            asked["ExpressionAttributeValues"] = to_wire(self.values)
        return asked


def to_wire(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row for a request; what is None is left out."""
    return {name: _wire(value) for name, value in row.items() if value is not None}


def _wire(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"N": repr(value)} if isinstance(value, float) else encode(value)


def _words(text: str) -> Iterable[str]:
    return "".join(letter if letter.isalnum() or letter in "#_" else " " for letter in text).split()


def control_source(settings: Settings, endpoint: str | None = None) -> Source:
    """A client of its own for the control table, in its own Region and with its own profile. Raises AwsError."""
    own = settings.erasure
    system = System("control", "Dynascope's control table", {"control": Table(own.control_table, "pk", _TEXT, "sk")})
    place = Place(system, {"control": own.control_table}, own.control_region, own.control_profile, own.control_role_arn)
    return Source(place, open_client("dynamodb", place, settings, endpoint))


def create_control(settings: Settings, endpoint: str | None = None) -> Created:
    """Make the control table where there is none, and wait until it can be used. Raises AwsError."""
    source = control_source(settings, endpoint)
    try:
        return create_tables(source)[0]
    finally:
        source.client.close()


class Records:
    """The rows of one control table. Every method raises AwsError; the writes raise ConditionFailed too."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self.client = client
        self.table = table

    def get(self, pk: str, sk: str) -> Row | None:
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        found = self._send("get_item", {"TableName": self.table, "Key": key, "ConsistentRead": True}).get("Item")
        return None if found is None else decode_item(found)

    def many(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Row]:
        """The rows of these keys that are there."""
        found: dict[tuple[str, str], Row] = {}
        for start in range(0, len(keys), _BATCH_GET):
            wanted = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys[start : start + _BATCH_GET]]
            for attempt in range(_ATTEMPTS):
                answer = self._send("batch_get_item", {"RequestItems": {self.table: {"Keys": wanted, "ConsistentRead": True}}})
                for item in answer.get("Responses", {}).get(self.table, ()):
                    row = decode_item(item)
                    found[row["pk"], row["sk"]] = row
                wanted = answer.get("UnprocessedKeys", {}).get(self.table, {}).get("Keys", [])
                if not wanted:
                    break
                _pause(attempt)
            if wanted:
                raise self._throttled("BatchGetItem")
        return found

    def rows(self, pk: str, first: str = " ", last: str = "~", *, newest: bool = False, names: Sequence[str] = ()) -> Iterator[Row]:
        """The rows of a partition whose `sk` is from `first` to `last`, page by page. `names`: only these attributes."""
        asked: dict[str, Any] = {
            "TableName": self.table,
            "KeyConditionExpression": "#pk = :pk AND #sk BETWEEN :first AND :last",
            "ExpressionAttributeNames": {"#pk": "pk", "#sk": "sk"} | {f"#{name}": name for name in names},
            "ExpressionAttributeValues": to_wire({":pk": pk, ":first": first, ":last": last}),
            "ConsistentRead": True,
            "ScanIndexForward": not newest,
        }
        if names:
            asked["ProjectionExpression"] = ", ".join(f"#{name}" for name in names)
        while True:
            answer = self._send("query", asked)
            for item in answer.get("Items", ()):
                yield decode_item(item)
            if not (after := answer.get("LastEvaluatedKey")):
                return
            asked["ExclusiveStartKey"] = continue_key(after)

    def write(self, *actions: Action) -> None:
        """All of the actions or none; one alone is not billed as a transaction."""
        if len(actions) == 1 and actions[0].operation != "ConditionCheck":
            self._send(f"{actions[0].operation.lower()}_item", actions[0].request(self.table))
        else:
            self._send("transact_write_items", {"TransactItems": [{one.operation: one.request(self.table)} for one in actions]})

    def put(self, pk: str, sk: str, row: Mapping[str, Any]) -> None:
        self.write(Action("Put", pk, sk, row))

    def remove(self, pk: str, sks: Iterable[str]) -> None:
        """Each alone and only in this partition; one that is gone already is not missed."""
        for sk in sks:
            try:
                self.write(Action("Delete", pk, sk, condition="#pk = :pk", values={":pk": pk}))
            except ConditionFailed:
                continue

    def _send(self, method: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        operation = "".join(part.title() for part in method.split("_"))
        for attempt in range(_ATTEMPTS):
            try:
                answer: Mapping[str, Any] = getattr(self.client, method)(**request)
                return answer
            except ClientError as error:
                code = str(error.response.get("Error", {}).get("Code", "")).rpartition("#")[2]
                refusal: dict[str, Any] = dict(error.response)
                if code == "ConditionalCheckFailedException":
                    raise ConditionFailed([decode_item(refusal.get("Item") or {})]) from None
                reasons: list[dict[str, Any]] = refusal.get("CancellationReasons") or []
                codes = {str(reason.get("Code")) for reason in reasons} | {code}
                # One that met another transaction says nothing of its own condition: that is asked again.
                if not codes & _PASSING:
                    if "ConditionalCheckFailed" in codes:
                        raise ConditionFailed([_refused(reason) for reason in reasons]) from None
                    raise self._said(error, operation) from None
            except BotoCoreError as error:
                raise self._said(error, operation) from None
            if attempt + 1 < _ATTEMPTS:
                _pause(attempt)
        raise self._throttled(operation)

    def _said(self, error: ClientError | BotoCoreError, operation: str) -> DataAccessError:
        said = from_aws(error, operation=operation, table=self.table)
        if isinstance(said, TableMissing):
            return TableMissing(said.sentence, "Make it: python -m data_access tables create --control.", table=self.table)
        return said

    def _throttled(self, operation: str) -> Throttled:
        return Throttled(f"{operation} on the table {self.table} did not get through, after several retries.", "Try again in a minute.")


def _refused(reason: Mapping[str, Any]) -> Row | None:
    return decode_item(reason.get("Item") or {}) if reason.get("Code") == "ConditionalCheckFailed" else None


def _pause(attempt: int) -> None:
    # Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    time.sleep(random.uniform(0, min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**attempt)))
