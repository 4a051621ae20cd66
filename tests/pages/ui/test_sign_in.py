"""The way in and out, as it is drawn and as it acts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from data_access.access import sessions
from data_access.access.permissions import Role
from data_access.access.places import PLACES, Place
from data_access.access.sessions import Sessions
from data_access.access.settings import AccessSettings
from data_access.dynamo.aws import Source
from data_access.errors import SettingsError
from data_access.handover.browser import new_browser
from data_access.settings import load_settings
from pages.ui import access, rules, sign_in
from tests.pages.conftest import APP
from tests.pages.signed_in import ACCESS, AUTH, ISSUER, claims, door, of, to_aws

ENTRA = {"client_id": "b", "client_kwargs": {"prompt": "consent"}}
PROVIDERS = {"auth": AUTH["auth"] | {"keycloak": {"client_id": "a"}, "entra-id": ENTRA}}


@pytest.fixture(autouse=True)
def _sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign-ins that one test ends are not ended in the next."""
    fresh = Sessions()
    monkeypatch.setattr(sessions, "SESSIONS", fresh)
    monkeypatch.setattr(sign_in, "SESSIONS", fresh)


def opened(user: Mapping[str, object], secrets: dict[str, Any] = AUTH) -> AppTest:
    app = AppTest.from_file(APP, default_timeout=120)
    app.user, app.secrets = dict(user), secrets
    return app.run()


def texts(app: AppTest) -> list[str]:
    return [str(one.value) for one in app.text]


def test_who_has_no_role_is_told_the_line_that_gives_one(sources: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch) -> None:
    to_aws(monkeypatch)
    app = opened(claims('o"dd|sub', "elsewhere"))
    assert f'"{ISSUER}|o\\"dd|sub" = ["reviewer"]' in app.code[0].value
    assert not app.sidebar.selectbox


def test_the_line_gives_the_role(empty: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch) -> None:
    to_aws(monkeypatch, AccessSettings(people={f"{ISSUER}|me": frozenset({Role.REVIEWER})}))
    assert door(opened(claims("me"))) == "page"
    assert door(opened(claims("me", iss=f"{ISSUER}/"))) == "no role"


def test_each_provider_has_a_button(sources: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch) -> None:
    to_aws(monkeypatch)
    app = opened({}, PROVIDERS)
    assert [button.label for button in app.button] == ["Sign in with Default", "Sign in with Keycloak", "Sign in with Entra id"]


def test_a_provider_that_is_half_set_up_is_said(sources: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit looks at its own copy of the secrets, which is empty here."""
    to_aws(monkeypatch)
    monkeypatch.setattr(access, "browser_identity", lambda: None)
    app = opened({})
    app.button(key="sign_in_default").click().run()
    assert not app.exception
    assert "not set up completely" in app.caption[0].value


@pytest.mark.parametrize("provider, ended, prompt", [("keycloak", False, None), ("keycloak", True, "login"), ("entra-id", True, None)])
def test_the_place_is_kept_for_this_browser(
    sources: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch, provider: str, ended: bool, prompt: str | None
) -> None:
    """With the prompt where the sign-in has to be a new one, unless secrets.toml has a word of its own about that."""
    to_aws(monkeypatch)
    monkeypatch.setattr("streamlit.login", lambda _name: None)
    browser = new_browser()
    monkeypatch.setattr(access, "browser_identity", lambda: browser)
    app = AppTest.from_file(APP, default_timeout=120)
    app.user, app.secrets = (of(Role.ADMIN) | {"exp": 1_700_000_000}) if ended else {}, PROVIDERS
    app.query_params["system"] = ["cg", "a&b"]
    app.run()
    app.button(key=f"sign_in_{provider}").click().run()
    now = datetime.now(UTC)
    assert PLACES.take(browser, now) == Place("", "system=cg&system=a%26b", prompt)
    assert PLACES.take(browser, now) is None


def test_signing_out_ends_it_in_every_tab(empty: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch) -> None:
    to_aws(monkeypatch)
    support = of(Role.SUPPORT)
    one, other = opened(support), opened(support)
    another = opened(of(Role.ADMIN))
    assert door(one) == door(other) == "page"
    one.button(key="sign_out").click().run()
    assert door(one) == "sign in"
    assert door(other.run()) == "signed out"
    assert "You were signed out." in texts(other)
    assert door(another.run()) == "page"


def test_an_idle_sign_in_ends(empty: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock(datetime):
        later = timedelta()

        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime.now(UTC) + cls.later

    to_aws(monkeypatch)
    monkeypatch.setattr(access, "datetime", Clock)
    later = int(time.time()) + 6 * 3_600
    app = opened(of(Role.ADMIN) | {"exp": later})
    Clock.later = timedelta(minutes=29)
    assert door(app.run()) == "page"
    Clock.later = timedelta(minutes=58)
    assert door(app.run()) == "page", "every click begins the time anew"
    Clock.later = timedelta(minutes=89)
    assert door(app.run()) == "signed out"
    assert "Nothing was done here for too long, so you were signed out." in texts(app)


def test_local_mode_says_so(empty: Mapping[str, Source], run: Callable[..., AppTest]) -> None:
    app = run()
    assert "Local mode: nobody signs in; this machine only" in app.main.markdown[0].value
    assert not [button for button in app.button if (button.key or "").startswith("sign")]


def test_a_server_that_must_not_start_shows_why_and_nothing_else(sources: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch) -> None:
    """`streamlit run app.py` has nobody who refuses to start."""
    to_aws(monkeypatch, refused=("One reason.", "Another one."))
    app = opened(of(Role.ADMIN))
    assert door(app) == "wrong"
    assert texts(app) == ["One reason.", "Another one."]


def test_roles_are_read_again_when_the_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "dynascope.toml"
    monkeypatch.setenv("DYNASCOPE_CONFIG", str(file))
    monkeypatch.setattr(rules, "EVERY_SECONDS", 0.0)
    monkeypatch.setattr(rules, "refused", lambda _: ())
    file.write_text('[access.groups]\nteam = ["admin"]\n')
    settings, checked = load_settings(), rules._Rules()  # pyright: ignore[reportPrivateUsage]
    assert checked.check(settings).groups == {"team": frozenset({Role.ADMIN})}
    file.write_text('[access.groups]\nteam = ["analyst", "reviewer"]\n')
    assert checked.check(settings).groups == {"team": frozenset({Role.ANALYST, Role.REVIEWER})}
    file.write_text('[access.groups]\nteam = ["emperor"]\n')
    for _ in range(2):
        with pytest.raises(SettingsError, match="wrong now"):
            checked.check(settings)
    file.unlink()
    with pytest.raises(SettingsError):
        checked.check(settings)
    file.write_text("")
    assert checked.check(settings).groups == {}
    assert checked.check(replace(settings, access=ACCESS)).groups == ACCESS.groups


def test_a_process_stays_in_its_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings are read again after an erasure: without the file they would say local mode, where everybody may do everything."""
    monkeypatch.setattr(rules, "refused", lambda _: ())
    checked, local = rules._Rules(), load_settings({}, tmp_path)  # pyright: ignore[reportPrivateUsage]
    checked.check(replace(local, mode="aws"))
    with pytest.raises(SettingsError, match="another mode"):
        checked.check(local)
    assert checked.check(replace(local, mode="aws")).groups == {}
