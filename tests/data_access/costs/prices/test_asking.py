"""GetProducts over the wire, from a server that answers as AWS documents it, and as it should not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data_access.costs.prices.asking import asker
from data_access.errors import AccessDenied, AwsError, CredentialsMissing, DataAccessError, Throttled, Unreachable
from data_access.settings import Place, Settings
from data_access.systems.spec import built_in
from tests.data_access.conftest import Answer, Scripted, refusal
from tests.data_access.costs.prices.conftest import documents

Serve = Callable[[Answer], Scripted]


def place(system: str = "cg", region: str = "us-east-1", **identity: Any) -> Place:
    known = built_in()[system]
    return Place(known, {key: table.name for key, table in known.tables.items()}, region, **identity)


def settings(*places: Place) -> Settings:
    return Settings("aws", Path("unused"), {one.system.id: one for one in places})


@pytest.fixture(autouse=True)
def _an_identity(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAONE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def ask(scripted: Serve, monkeypatch: pytest.MonkeyPatch) -> Callable[[Answer], tuple[Scripted, Callable[[str], Any]]]:
    """The product's own way of asking, led to a server of the test."""

    def begin(answer: Answer) -> tuple[Scripted, Callable[[str], Any]]:
        server = scripted(answer)
        monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", server.endpoint)
        asking = asker(settings(place()))
        assert asking is not None
        return server, asking

    return begin


def paged(name: str, size: int) -> Answer:
    """A recorded answer in pages of `size`; the token is where the next one begins."""
    whole = documents(name)

    def answer(operation: str, request: dict[str, Any], number: int) -> tuple[int, dict[str, str], bytes]:
        assert operation == "GetProducts"
        begin = int(request.get("NextToken", 0))
        body: dict[str, Any] = {"FormatVersion": "aws_v1", "PriceList": whole[begin : begin + size]}
        return 200, {}, json.dumps(body | ({"NextToken": str(begin + size)} if begin + size < len(whole) else {})).encode()

    return answer


def test_pages_are_followed_to_the_last(ask: Any) -> None:
    server, asking = ask(paged("us-east-1", 5))
    assert list(asking("us-east-1")) == documents("us-east-1")
    assert len(server.asked) == 5
    for _, request in server.asked:
        assert request["ServiceCode"] == "AmazonDynamoDB"
        assert request["FormatVersion"] == "aws_v1"
        assert request["Filters"] == [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": "us-east-1"}]


def test_an_empty_answer_is_an_answer(ask: Any) -> None:
    _, asking = ask(lambda *_: (200, {}, b'{"FormatVersion": "aws_v1", "PriceList": []}'))
    assert list(asking("xx-nowhere-1")) == []


@pytest.mark.parametrize(
    "answer, error, asked",
    [
        (refusal("AccessDeniedException"), AccessDenied, 1),
        (refusal("ThrottlingException"), Throttled, 8),
        (refusal("UnrecognizedClientException"), CredentialsMissing, 1),
        (refusal("InvalidParameterException"), AwsError, 1),
        (refusal("InternalErrorException", 500), AwsError, 8),
        ((200, {}, b"<html>Sign in</html>"), AwsError, 1),
        ((200, {}, b"{}"), AwsError, 1),
        ((503, {}, b"<html>down</html>"), AwsError, 8),
    ],
)
def test_a_refusal_is_one_of_our_errors_and_repeats_nothing_of_the_answer(
    ask: Any, pauses: list[float], answer: Any, error: type[AwsError], asked: int
) -> None:
    server, asking = ask(lambda *_: answer)
    with pytest.raises(error) as caught:
        asking("us-east-1")
    assert "Price List" in str(caught.value) or error is CredentialsMissing
    assert "SECRET" not in str(caught.value)
    assert "html" not in str(caught.value)
    assert len(server.asked) == asked
    assert len(pauses) == asked - 1


def test_a_throttle_that_passes_is_not_seen(ask: Any, pauses: list[float]) -> None:
    whole = paged("us-east-1", 100)
    _, asking = ask(lambda operation, request, number: refusal("ThrottlingException") if number < 3 else whole(operation, request, number))
    assert len(asking("us-east-1")) == 24
    assert len(pauses) == 2


def test_nobody_there(monkeypatch: pytest.MonkeyPatch, closed_port: str, pauses: list[float]) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", closed_port)
    asking = asker(settings(place()))
    assert asking is not None
    with pytest.raises(Unreachable):
        asking("us-east-1")


def test_pages_without_an_end_are_given_up(ask: Any) -> None:
    def answer(operation: str, request: dict[str, Any], number: int) -> tuple[int, dict[str, str], bytes]:
        return 200, {}, json.dumps({"FormatVersion": "aws_v1", "PriceList": [], "NextToken": str(number)}).encode()

    server, asking = ask(answer)
    with pytest.raises(AwsError, match="does not come to an end"):
        asking("us-east-1")
    assert len(server.asked) == 51


def test_a_token_that_comes_twice_is_given_up(ask: Any) -> None:
    _, asking = ask(lambda *_: (200, {}, b'{"FormatVersion": "aws_v1", "PriceList": [], "NextToken": "again"}'))
    with pytest.raises(AwsError):
        asking("us-east-1")


class TestIdentities:
    """Systems may each have their own: one that may not ask is no reason to have no prices."""

    @pytest.fixture(autouse=True)
    def _profiles(self, tmp_path: Path) -> None:
        (tmp_path / "config").write_text("[profile one]\n[profile two]\n", encoding="utf-8")
        keys = "".join(f"[{name}]\naws_access_key_id = AKIA{name.upper()}\naws_secret_access_key = x\n" for name in ("one", "two"))
        (tmp_path / "credentials").write_text(keys, encoding="utf-8")

    def test_the_next_is_asked_where_the_first_is_refused(self, ask: Any) -> None:
        whole = paged("eu-west-1", 100)
        server, _ = ask(
            lambda operation, request, number: refusal("AccessDeniedException") if number == 1 else whole(operation, request, number)
        )
        asking = asker(settings(place("cg", profile="one"), place("remo", "eu-west-1", profile="two")))
        assert asking is not None
        assert len(list(asking("eu-west-1"))) == 24
        assert len(server.asked) == 2

    def test_the_same_identity_is_asked_once(self, ask: Any) -> None:
        server, _ = ask(lambda *_: refusal("AccessDeniedException"))
        asking = asker(settings(place("cg", profile="one"), place("remo", "eu-west-1", profile="one")))
        assert asking is not None
        with pytest.raises(AccessDenied):
            asking("us-east-1")
        assert len(server.asked) == 1

    def test_a_profile_that_is_not_there(self) -> None:
        asking = asker(settings(place(profile="three")))
        assert asking is not None
        with pytest.raises(CredentialsMissing):
            asking("us-east-1")


def test_local_mode_has_nobody_to_ask() -> None:
    assert asker(Settings("local", Path("unused"), {"cg": place()})) is None
    assert asker(settings()) is None


def test_the_price_list_of_china_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str | None] = []

    def open_client(*_: Any, region: str | None = None) -> Any:
        opened.append(region)
        raise AwsError("No.")

    monkeypatch.setattr("data_access.costs.prices.asking.open_client", open_client)
    asking = asker(settings(place()))
    assert asking is not None
    for region in ("cn-north-1", "eu-west-1"):
        with pytest.raises(DataAccessError):
            asking(region)
    assert opened == ["cn-northwest-1", "us-east-1"]
