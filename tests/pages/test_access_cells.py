"""Every page for every role, and for everybody who has none: as the table of permissions says, in app.py and by the page alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from data_access.access.permissions import PERMISSIONS, PERSONAL, Role
from data_access.dynamo.aws import Source
from pages.ui.registry import FIND, PAGES, PageSpec
from tests.pages.conftest import APP
from tests.pages.signed_in import ACCESS, AUTH, claims, door, of, to_aws

OUTSIDE: Mapping[str, dict[str, Any]] = {
    "nobody": {},
    "logged_out": {"is_logged_in": False},
    "no_role": claims("somebody", "another-team"),
    "by_email": claims("somebody", email="admin@example.com", email_verified=True, name="admin", preferred_username="admin"),
    "unsigned_word": {"is_logged_in": "true", **{name: value for name, value in of(Role.ADMIN).items() if name != "is_logged_in"}},
    "expired": of(Role.ADMIN) | {"exp": 1_700_000_000},
    "nine_hours": of(Role.ADMIN) | {"iat": of(Role.ADMIN)["iat"] - 9 * 3_600},
    "without_issuer": {name: value for name, value in of(Role.ADMIN).items() if name != "iss"},
}
DOORS = {"nobody": "sign in", "logged_out": "sign in", "unsigned_word": "sign in", "no_role": "no role", "by_email": "no role"}


def opened(user: Mapping[str, Any], file: str) -> AppTest:
    app = AppTest.from_file(file, default_timeout=120)
    app.user, app.secrets = dict(user), AUTH
    return app.run()


def shown(spec: PageSpec, role: Role) -> bool:
    return spec.action is None or role in PERMISSIONS[spec.action]


@pytest.mark.parametrize("role", Role)
def test_a_role_opens_what_the_table_says(empty: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch, role: Role) -> None:
    to_aws(monkeypatch)
    app = opened(of(role), str(APP))
    seen, led_to = {}, set[str]()
    for spec in PAGES:
        app.switch_page(spec.path).run()
        assert not app.exception, spec.url_path
        seen[spec] = door(app) == "page" and (spec is not FIND or app.title[0].value == FIND.title)
        led_to |= {link.proto.page for link in app.get("page_link")}
    assert seen == {spec: shown(spec, role) for spec in PAGES}
    # No page leads anybody to a refusal.
    assert led_to <= {spec.url_path for spec in PAGES if shown(spec, role)} | {""}
    assert led_to or role in (Role.APPROVER, Role.SUPPORT)


@pytest.mark.parametrize("spec", PAGES, ids=lambda spec: spec.url_path)
def test_a_page_by_itself_refuses_who_may_not(sources: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch, spec: PageSpec) -> None:
    """As if app.py had not asked."""
    to_aws(monkeypatch)
    for user in (*OUTSIDE.values(), *(of(role) for role in Role if not shown(spec, role))):
        app = opened(user, str(spec.file))
        assert not app.exception
        assert door(app) == "refusal"
        assert not app.title
        assert not app.button


@pytest.mark.parametrize("who", OUTSIDE)
def test_who_has_no_role_gets_the_way_in_and_nothing_else(sources: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch, who: str) -> None:
    to_aws(monkeypatch)
    app = opened(OUTSIDE[who], str(APP))
    assert not app.exception
    assert door(app) == DOORS.get(who, "signed out")
    assert {button.label for button in app.button} == ({"Sign out"} if door(app) == "no role" else {"Sign in"})
    assert not app.selectbox
    assert not app.sidebar.caption


def test_without_a_sign_in_one_can_read_where_that_is_allowed(empty: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch) -> None:
    to_aws(monkeypatch, replace(ACCESS, anonymous=True))
    app = opened({}, str(APP))
    assert "Nobody is signed in" in app.main.markdown[0].value
    seen = {}
    for spec in PAGES:
        app.switch_page(spec.path).run()
        assert not app.exception, spec.url_path
        seen[spec.url_path] = door(app) == "page"
    reads = {Role.REVIEWER, Role.ANALYST}
    assert seen == {
        spec.url_path: spec.action is None or (spec.action not in PERSONAL and bool(PERMISSIONS[spec.action] & reads)) for spec in PAGES
    }
    assert not seen["user"]
    assert not seen["erasures"]
