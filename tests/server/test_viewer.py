"""Who is behind a request: the signed cookie of the sign-in, with the roles of this moment."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from data_access.access.permissions import Action, Role
from data_access.access.sessions import SESSIONS
from data_access.access.viewer import LOCAL, NOBODY
from data_access.errors import SettingsError
from data_access.settings import Settings, load_settings
from pages.ui import rules
from server import start
from server.viewer import viewer_behind
from tests.pages.signed_in import ACCESS, claims, of

SECRET = "vK3x8Qm1ZrT6wYb0Hs9LcN4pJd7fGa2EuIo5"


@pytest.fixture(autouse=True)
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """aws mode with a group for each role."""
    settings = replace(load_settings({"DYNASCOPE_STATE": str(tmp_path)}, tmp_path), mode="aws", access=ACCESS)
    monkeypatch.setattr(start, "settings", lambda: settings)
    monkeypatch.setattr(rules, "RULES", rules._Rules())  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(rules, "refused", lambda _: ())
    monkeypatch.setattr(rules, "auth", lambda: {"cookie_secret": SECRET})
    return settings


def cookie(said: Any, secret: str = SECRET, name: str = USER_COOKIE_NAME) -> dict[str, str]:
    return {USER_COOKIE_NAME: create_signed_value(secret, name, json.dumps(said)).decode()}


@pytest.mark.parametrize("role", Role)
def test_a_sign_in_has_the_roles_of_this_moment(role: Role, served: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    held = cookie(of(role) | {"origin": "http://127.0.0.1"})
    assert viewer_behind(held).roles == {role}
    assert viewer_behind(held).may(Action.EXPORT) == (role in (Role.SUPPORT, Role.ADMIN))
    fewer = replace(served, access=replace(ACCESS, groups={}))
    monkeypatch.setattr(start, "settings", lambda: fewer)
    assert not viewer_behind(held).roles


def test_nobody_without_a_cookie_that_this_server_signed() -> None:
    admin = of(Role.ADMIN)
    held = cookie(admin)[USER_COOKIE_NAME]
    forged = (
        {},
        {USER_COOKIE_NAME: ""},
        {USER_COOKIE_NAME: json.dumps(admin)},
        {USER_COOKIE_NAME: held[:-4] + "AAAA"},
        {USER_COOKIE_NAME: "\u202e" + held},
        {"other": held},
        cookie(admin, "another secret of 32 letters or so"),
        cookie(admin, name="_streamlit_other"),
        cookie([admin]),
        cookie("admin"),
        cookie(admin | {"is_logged_in": "true"}),
        cookie(admin | {"exp": 1_700_000_000}),
    )
    for cookies in forged:
        assert not viewer_behind(cookies).roles, cookies


def test_a_sign_in_that_was_ended_is_nobody() -> None:
    held = cookie(claims("ended.person", "support-team"))
    found = viewer_behind(held)
    assert found.may(Action.EXPORT)
    SESSIONS.end(found.session, datetime.now(UTC))
    assert viewer_behind(held) is NOBODY


def test_a_wrong_configuration_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong() -> Settings:
        raise SettingsError("dynascope.toml: accces: there is no such key.")

    monkeypatch.setattr(start, "settings", wrong)
    assert viewer_behind(cookie(of(Role.ADMIN))) is NOBODY


def test_without_a_secret_nothing_is_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "auth", lambda: None)
    assert not viewer_behind(cookie(of(Role.ADMIN), "")).roles


def test_in_local_mode_it_is_whoever_sits_here(served: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    local = replace(served, mode="local")
    monkeypatch.setattr(start, "settings", lambda: local)
    assert viewer_behind({}) is LOCAL
