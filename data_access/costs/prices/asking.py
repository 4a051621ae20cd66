"""Asking the AWS Price List: GetProducts of DynamoDB for one Region, paged.

It needs `pricing:GetProducts` and no right on the bill, and is free of charge. The service itself is in few Regions:
https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from data_access.aws_errors import from_aws
from data_access.dynamo.aws import open_client
from data_access.errors import AccessDenied, AwsError, CredentialsMissing
from data_access.settings import Place, Settings

_HOME, _CHINA = "us-east-1", "cn-northwest-1"
# A Region's DynamoDB is about fifty products, which fit into one page.
_MOST_PAGES = 50


def asker(settings: Settings) -> Callable[[str], Iterable[str]] | None:
    """Asks with the identity of a system; None where AWS is not to be asked: in local mode, and without any system."""
    places = tuple(settings.places.values())
    if settings.mode == "local" or not places:
        return None

    def ask(region: str) -> Iterable[str]:
        # A system of that Region first; another identity only where the one before it is not allowed to ask.
        identities: dict[tuple[str | None, str | None], Place] = {}
        for place in sorted(places, key=lambda place: place.region != region):
            identities.setdefault((place.profile, place.role_arn), place)
        refused: AwsError | None = None
        for place in identities.values():
            try:
                return _ask_as(place, settings, region)
            except (AccessDenied, CredentialsMissing) as error:
                refused = refused or error
        assert refused is not None
        raise refused

    return ask


def _ask_as(place: Place, settings: Settings, region: str) -> list[str]:
    client = open_client("pricing", place, settings, region=_CHINA if region.startswith("cn-") else _HOME)
    try:
        return read_documents(client, region)
    finally:
        client.close()


def read_documents(client: Any, region: str) -> list[str]:
    """Every product of a Region, each as the JSON text that AWS sends. Raises AwsError."""
    documents: list[str] = []
    pages = client.get_paginator("get_products").paginate(
        ServiceCode="AmazonDynamoDB",
        FormatVersion="aws_v1",
        # Field and value are compared as they are written, upper and lower case too.
        Filters=[{"Type": "TERM_MATCH", "Field": "regionCode", "Value": region}],
    )
    try:
        for number, page in enumerate(pages):
            if number == _MOST_PAGES:
                raise AwsError("The Price List does not come to an end.", "Try again later.")
            if "PriceList" not in page and "FormatVersion" not in page:
                # botocore takes a text that is no JSON for an empty answer.
                raise AwsError("What answered is not the Price List.", "A proxy or a portal may stand in between: check the network.")
            documents += page.get("PriceList", ())
    except (ClientError, BotoCoreError) as error:
        raise from_aws(error, operation="GetProducts", service="the Price List") from None
    return documents
