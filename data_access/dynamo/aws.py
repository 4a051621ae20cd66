"""Clients, one a system, and the fast way from DynamoDB's JSON to Python.

botocore checks each attribute value of a response against its model, which costs more than everything else in a
large read. The parser here hands over what orjson made of the body, in DynamoDB's own wire format; signing, retries,
endpoints, checksums and errors stay botocore's.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Literal, cast

import botocore.session
import orjson
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, HTTPClientError, NoCredentialsError
from botocore.loaders import Loader, create_loader
from botocore.parsers import JSONParser, ResponseParserFactory

from data_access.aws_errors import from_aws
from data_access.errors import AwsError
from data_access.settings import Place, Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# How many requests a read has under way at once. DynamoDB serves far more; a chatbot's own traffic comes first.
CONCURRENCY = 8
Service = Literal["dynamodb", "cloudwatch", "pricing"]
# A session makes one client at a time.
_making = threading.Lock()
# Where botocore would look for a profile and its files: nowhere.
_NOBODY = {name: (None, None, default, None) for name, default in (("profile", None), ("config_file", ""), ("credentials_file", ""))}
_RAW_OUTPUTS = frozenset({"QueryOutput", "ScanOutput", "GetItemOutput", "BatchGetItemOutput", "BatchExecuteStatementOutput"})


@dataclass(frozen=True, slots=True)
class Source:
    """One system and the client that reads it. `scan_budget` in read units, `scan_rate` in read units a second."""

    place: Place
    client: DynamoDBClient
    scan_budget: float = 1_000
    scan_rate: float | None = None

    @property
    def id(self) -> str:
        return self.place.system.id

    @property
    def title(self) -> str:
        return self.place.system.title


def open_sources(settings: Settings, endpoint: str | None = None) -> Mapping[str, Source]:
    """A source for each enabled system. `endpoint` is the local engine's, None for AWS. Raises AwsError.

    Clients can be used from any thread; nothing is sent yet.
    """
    return {
        name: Source(place, open_client("dynamodb", place, settings, endpoint), settings.scan_budget, settings.scan_rate)
        for name, place in settings.places.items()
    }


def open_client(
    service: Service,
    place: Place,
    settings: Settings,
    endpoint: str | None = None,
    *,
    region: str | None = None,
) -> Any:
    """A client of one of AWS's services with a system's own profile and role. Raises AwsError.

    `endpoint` is a local server's, None for AWS. `region` is the system's, unless the service is in few Regions only.
    """
    local: dict[str, Any] = {}
    if settings.mode == "local":
        core = _local_session(service)
        local = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "endpoint_url": endpoint}
    else:
        core = _prepared(botocore.session.Session(profile=place.profile), service)
    try:
        if place.role_arn is not None and settings.mode == "aws":
            _assume(core, place.role_arn, place.region)
        with _making:
            return core.create_client(service, region_name=region or place.region, config=_config(settings), **local)
    except BotoCoreError as error:
        raise from_aws(error, operation="opening a client") from None
    except ValueError:
        # botocore's own class for an endpoint that is no URL.
        raise AwsError("The endpoint of DynamoDB is not a URL.", "Correct AWS_ENDPOINT_URL_DYNAMODB or AWS_ENDPOINT_URL.") from None


@cache
def _local_session(service: Service) -> botocore.session.Session:
    """One for all local clients of a service: to begin one costs more than a client.

    Nothing of the person's own AWS set-up is used or even read: it may be broken, and the engine checks no credentials.
    """
    return _prepared(botocore.session.Session(_NOBODY), service)


def _prepared(core: botocore.session.Session, service: Service) -> botocore.session.Session:
    if service == "dynamodb":
        core.register_component("response_parser_factory", _Factory())
    # The model of DynamoDB is a large file: read once, the next client costs a tenth.
    core.register_component("data_loader", _loader())
    return core


@cache
def _loader() -> Loader:
    return create_loader()


def _config(settings: Settings) -> Config:
    # "standard" retries throttling and passing faults with exponential back-off and full jitter.
    attempts = 8 if settings.mode == "aws" else 4
    return Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        # A proxy is for the world outside. None at all (not {}) means: as the environment says.
        proxies={} if settings.mode == "local" else None,
        connect_timeout=3,
        read_timeout=20,
        max_pool_connections=2 * CONCURRENCY,
    )


def _assume(core: botocore.session.Session, role_arn: str, region: str) -> None:
    """Give the session credentials of the role, fetched at the first request and renewed before they end."""
    own = core.get_credentials()
    if own is None:
        raise NoCredentialsError
    # STS is asked in the system's Region: there may be no other one.
    fetcher = AssumeRoleCredentialFetcher(partial(core.create_client, region_name=region), own, role_arn)
    renewed = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
    core._credentials = renewed  # pyright: ignore[reportAttributeAccessIssue, reportPrivateUsage]


class _Factory(ResponseParserFactory):
    def create_parser(self, protocol_name: str) -> Any:
        if protocol_name == "json":
            defaults: dict[str, Any] = getattr(self, "_defaults", {})
            return _WireParser(**defaults)
        return super().create_parser(protocol_name)


class _WireParser(JSONParser):
    """Leaves the outputs of reads, and of batches of deletes, as they came: {"S": …}, binary as base64 text, numbers as their digits."""

    def _do_parse(self, response: Any, shape: Any) -> Any:
        try:
            body: Any = orjson.loads(response["body"] or b"{}")
        except orjson.JSONDecodeError:
            body = None
        if not isinstance(body, dict):
            # A proxy, a portal or another server answers there. botocore would take it for an empty result.
            raise HTTPClientError(error=ValueError("the answer is not DynamoDB's"))
        if shape is None or shape.name not in _RAW_OUTPUTS:
            own = super()._do_parse(response, shape)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]
            return cast("Any", own)
        self._inject_response_metadata(body, response["headers"])  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
        return cast("Any", body)
