"""Whether a server may start: each thing that must not be so, alone, is one sentence; what is right is none."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from data_access.access.settings import AccessSettings
from data_access.access.start import is_loopback, own_hosts, refusals
from data_access.settings import Settings, load_settings

RIGHT: Mapping[str, Any] = {
    "server.address": "127.0.0.1",
    "server.allowedHosts": ["localhost", "127.0.0.1", "::1"],
    "server.enableXsrfProtection": True,
    "server.enableCORS": True,
    "server.enableAgentApi": False,
    "server.enableStaticServing": False,
    "server.scriptHealthCheckEnabled": False,
    "server.xsrfCookieSameSite": "lax",
    "server.trustedUserHeaders": {},
    "global.developmentMode": False,
    "client.showErrorDetails": "none",
    "logger.level": "info",
    "logger.enableRich": False,
}
SERVED: Mapping[str, Any] = {"server.address": "0.0.0.0", "server.allowedHosts": ["dash.example.com", "*.internal.example"]}
AUTH = {"redirect_uri": "https://dash.example.com/oauth2callback", "cookie_secret": "q7Vd0-3kXz81JmWb_Tn5RfYuLe29HsGaCpoI6xE4"}
Refused = Callable[..., list[str]]


@pytest.fixture
def local(tmp_path: Path) -> Refused:
    settings = load_settings({}, tmp_path)
    return lambda auth=None, **other: refused(settings, auth, other)


@pytest.fixture
def aws(tmp_path: Path) -> Refused:
    settings = load_settings({"DYNASCOPE_MODE": "aws"}, tmp_path)

    def ask(auth: Mapping[str, Any] | None = AUTH, anonymous: bool = False, **other: Any) -> list[str]:
        return refused(replace(settings, access=AccessSettings(anonymous=anonymous)), auth, {**SERVED, **other})

    return ask


def refused(settings: Settings, auth: Mapping[str, Any] | None, other: Mapping[str, Any]) -> list[str]:
    options = {**RIGHT, **{name.replace("__", "."): value for name, value in other.items()}}
    found = refusals(settings, options.__getitem__, auth)
    assert all(sentence.endswith((".", "))'")) and "\n" not in sentence for sentence in found)
    return found


def test_what_is_right_starts(local: Refused, aws: Refused) -> None:
    assert local() == []
    assert aws() == []
    assert aws(auth=None, anonymous=True) == []
    assert (
        aws(
            auth={**AUTH, "redirect_uri": "http://localhost:8501/oauth2callback"}, server__allowedHosts=["localhost"], server__address="::1"
        )
        == []
    )


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "10.0.0.7", "dash.example.com", None, "", "2001:db8::1", "127.0.0.1.nip.io", "0"])
def test_local_mode_listens_on_this_machine_alone(local: Refused, address: str | None) -> None:
    (sentence,) = local(server__address=address)
    assert "server.address must be 127.0.0.1" in sentence


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.10", "::1", "localhost", "[::1]"])
def test_this_machine_has_several_addresses(local: Refused, address: str) -> None:
    assert local(server__address=address) == []
    assert is_loopback(address)


@pytest.mark.parametrize("names", [["evil.example"], ["*"], ["localhost", "dash.example.com"]])
def test_local_mode_answers_to_this_machines_names_alone(local: Refused, names: list[str]) -> None:
    (sentence,) = local(server__allowedHosts=names)
    assert "server.allowedHosts" in sentence


@pytest.mark.parametrize(
    "option, value",
    [
        ("server__enableXsrfProtection", False),
        ("server__enableCORS", False),
        ("server__enableAgentApi", True),
        ("server__enableStaticServing", True),
        ("server__scriptHealthCheckEnabled", True),
        ("server__xsrfCookieSameSite", "none"),
        ("server__trustedUserHeaders", {"X-User": "sub"}),
        ("global__developmentMode", True),
    ],
)
def test_no_door_is_open_in_either_mode(local: Refused, aws: Refused, option: str, value: object) -> None:
    for ask in (local, aws):
        (sentence,) = ask(**{option: value})
        assert sentence.startswith(option.replace("__", "."))


@pytest.mark.parametrize(
    "option, value",
    [("client__showErrorDetails", "full"), ("client__showErrorDetails", True), ("logger__level", "debug"), ("logger__enableRich", True)],
)
def test_what_tells_too_much_is_refused_in_aws_mode(local: Refused, aws: Refused, option: str, value: object) -> None:
    assert local(**{option: value}) == []
    (sentence,) = aws(**{option: value})
    assert sentence.startswith(option.replace("__", "."))
    assert aws(logger__level="warning") == []


def test_somebody_has_to_sign_in(aws: Refused) -> None:
    (sentence,) = aws(auth=None)
    assert "secrets.toml has no [auth]" in sentence
    assert "allow_anonymous_read" in sentence


@pytest.mark.parametrize("names", [[], None, ["*"], ["dash.example.com", "*"], ["", " "]])
def test_the_names_have_to_be_said(aws: Refused, names: list[str] | None) -> None:
    assert any("must name the addresses that people use" in sentence for sentence in aws(server__allowedHosts=names))


def test_names_that_cannot_be(aws: Refused) -> None:
    assert any("a * stands only" in one for one in aws(server__allowedHosts=["dash.example.com", "da*sh.example.com"]))
    assert any("names this machine only" in one for one in aws(server__allowedHosts=["localhost"], auth=None, anonymous=True))


@pytest.mark.parametrize(
    "secret",
    [
        None,
        "",
        12345678901234567890123456789012345,
        "short-1A2b3C4d5E6f7G8h9",
        "x" * 64,
        "ab" * 32,
        "q7Vd0-3k" * 8,
        "0123456789abcdefghijklmnopqrstuvwxyz",
        "zyxwvutsrqponmlkjihgfedcba9876543210",
        "aaaabbbbccccddddeeeeffffgggghhhhiiii",
        "REPLACE-ME-q7Vd03kXz81JmWbTn5RfYuLe29",
        "change_this_to_a_long_random_string_42",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "your-cookie-secret-goes-in-here-1234567",
        "q7Vd03kXz81JmWbTn5RfYuLe29-Example-value",
    ],
)
def test_a_weak_secret_is_refused_and_never_repeated(aws: Refused, secret: object) -> None:
    (sentence,) = aws(auth={**AUTH, "cookie_secret": secret})
    assert "cookie_secret" in sentence
    assert not isinstance(secret, str) or not secret or secret not in sentence


def test_random_secrets_are_taken(aws: Refused) -> None:
    chance = Random(1)
    for _ in range(300):
        data = chance.randbytes(36)
        for secret in (data[:16].hex(), data.hex(), urlsafe_b64encode(data).decode()):
            assert aws(auth={**AUTH, "cookie_secret": secret}) == []


@pytest.mark.parametrize(
    "address, word",
    [
        (None, "ending in /oauth2callback"),
        ("", "ending in /oauth2callback"),
        ("/oauth2callback", "ending in /oauth2callback"),
        ("https://dash.example.com/", "ending in /oauth2callback"),
        ("https://[dash/oauth2callback", "ending in /oauth2callback"),
        ("https://dash.example.com:port/oauth2callback", "ending in /oauth2callback"),
        ("http://dash.example.com/oauth2callback", "must begin with https://"),
        ("ftp://dash.example.com/oauth2callback", "must begin with https://"),
        ("https://other.example/oauth2callback", "does not name other.example"),
        ("https://dash.example.com.other.example/oauth2callback", "does not name"),
        ("http://localhost:8501/oauth2callback", "does not name localhost"),
    ],
)
def test_the_sign_in_leads_back_here(aws: Refused, address: str | None, word: str) -> None:
    (sentence,) = aws(auth={**AUTH, "redirect_uri": address})
    assert word in sentence


def test_it_may_be_below_another_root_or_name(aws: Refused) -> None:
    for address in ("https://dash.example.com/tools/oauth2callback", "https://Team.Internal.Example:8443/oauth2callback"):
        assert aws(auth={**AUTH, "redirect_uri": address}) == []


def test_own_hosts(tmp_path: Path) -> None:
    options = {"server.allowedHosts": ["Dash.Example.com.", "[::1]", " "]}.__getitem__
    assert own_hosts(load_settings({"DYNASCOPE_MODE": "aws"}, tmp_path), options) == ("dash.example.com", "::1")
    assert own_hosts(load_settings({}, tmp_path), options) == ("localhost", "127.0.0.1", "::1")
