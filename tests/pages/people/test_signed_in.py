"""The pages about people for those who signed in: limits, a sign-in that is not fresh, the rate of look-ups, a role that was taken away."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from data_access.access import lookups
from data_access.access.lookups import Lookups
from data_access.access.permissions import Role
from data_access.access.settings import AccessSettings
from data_access.access.viewer import Limits
from data_access.actions import people
from data_access.dynamo.aws import Source
from data_access.erasure.model import State
from pages.ui import load, load_people, person_tasks
from tests.pages.signed_in import ACCESS, AUTH, of, to_aws

ROOT = Path(__file__).resolve().parents[3]
USER, ERASURES = str(ROOT / "pages/people/user.py"), str(ROOT / "pages/people/erasures.py")
SECONDS = 120.0
Person = dict[str, Any]


@pytest.fixture(autouse=True)
def _nothing_was_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "LOOKUPS", made := Lookups())
    monkeypatch.setattr(people, "LOOKUPS", made)


@pytest.fixture
def aws(seeded: Mapping[str, Source], moto_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """The tables of the test, as an account that is reached by the usual variables."""
    assert seeded
    load_people.control()  # local mode makes its table
    load_people.forget_control()
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_endpoint)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")

    def at(**access: Any) -> None:
        to_aws(monkeypatch, replace(ACCESS, **access))

    return at


def opened(user: Person, file: str = USER, **address: str) -> AppTest:
    app = AppTest.from_file(file, default_timeout=120)
    app.user, app.secrets = user, AUTH
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def look_up(app: AppTest, user_id: str) -> AppTest:
    app.text_input(key="person_id").set_value(user_id)
    next(button for button in app.button if button.label == "Look up").click().run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    parts = (*app.markdown, *app.caption, *app.text, *app.warning)
    return "\n".join(str(element.value) for element in parts).replace("\\", "")


def events() -> list[str]:
    return [entry.event for entry in load_people.audit().entries()]


def signed_in(role: Role, **own: Any) -> Person:
    return of(role) | own


def planned(app: AppTest) -> AppTest:
    app.session_state["person_part"] = "Erase"
    app.run()
    app.button(key="person_make_plan").click().run()
    end = time.monotonic() + SECONDS
    while (task := person_tasks.find(app.session_state["person_planning"])) is not None and task.running:
        assert time.monotonic() < end, "the plan never came"
        time.sleep(0.05)
    app.run()
    assert not app.exception
    return app


def test_support_looks_up_and_is_named_in_the_audit(aws: Callable[..., None]) -> None:
    aws()
    app = look_up(opened(signed_in(Role.SUPPORT)), "alice")
    assert "Read " in words(app)
    (entry,) = load_people.audit().entries()
    assert entry.event == "lookedup"
    assert entry.fields["actor"].startswith("support.person|")


def test_who_sees_one_system_is_offered_no_other(aws: Callable[..., None]) -> None:
    aws(limits={"support-team": Limits(frozenset({"remo"}))})
    app = look_up(opened(signed_in(Role.SUPPORT)), "alice")
    assert "Nothing is stored under that id." in words(app)
    assert app.multiselect(key="person_systems").options == ["Remo"]
    aws(limits={"support-team": Limits(frozenset({"cg"}))})
    app = look_up(opened(signed_in(Role.SUPPORT)), "alice")
    assert [str(tile.value) for tile in app.metric if tile.label == "Items"] == ["1"]


def test_a_list_of_ids_is_stopped_and_it_is_said(aws: Callable[..., None]) -> None:
    aws(lookups_per_hour=2)
    app = opened(signed_in(Role.SUPPORT))
    for user_id in ("alice", "bob", "carol"):
        look_up(app, user_id)
    assert "limit of 2 people an hour" in words(app)
    assert not app.metric
    assert events() == ["lookedup", "lookedup", "denied"]


def test_a_stale_sign_in_makes_a_plan_and_starts_nothing(aws: Callable[..., None]) -> None:
    aws(fresh_minutes=10)
    old = int(time.time()) - 11 * 60
    app = planned(look_up(opened(signed_in(Role.SUPPORT, iat=old)), "alice"))
    plan_id = app.session_state["person_plan"]
    app.text_input(key="person_typed").set_value("alice").run()
    app.button(key="person_erase").click().run()
    assert not app.exception
    assert "sign in again" in words(app).lower()
    assert load_people.control().job(plan_id).state is State.DRAFT
    assert events() == ["lookedup", "planned", "denied"]


def test_a_role_that_was_taken_away_reads_nothing_more_of_what_was_kept(aws: Callable[..., None]) -> None:
    aws()
    app = look_up(opened(signed_in(Role.SUPPORT)), "alice")
    assert app.metric
    aws(groups={})
    app.run()
    assert not app.exception
    assert not app.metric
    assert "alice" not in words(app)


def test_an_approver_is_no_second_person_for_their_own(aws: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    both = AccessSettings(groups={"both": frozenset({Role.SUPPORT, Role.APPROVER})})
    aws(groups=both.groups)
    settings = load.settings()
    monkeypatch.setattr(load, "load_settings", lambda: replace(settings, erasure=replace(settings.erasure, approval=True)))
    load.settings.clear()
    me = signed_in(Role.SUPPORT, groups=["both"])
    app = planned(look_up(opened(me), "alice"))
    plan_id = app.session_state["person_plan"]
    app.text_input(key="person_typed").set_value("alice").run()
    app.button(key="person_erase").click().run()
    assert load_people.control().job(plan_id).state is State.AWAITING
    renamed = opened(me | {"preferred_username": "Another Name"}, ERASURES, plan=plan_id)
    assert not renamed.exception
    assert "Somebody else approves it." in words(renamed)
    assert "erasure_approve" not in [button.key for button in renamed.button]
    other = opened(signed_in(Role.APPROVER, groups=["both"]), ERASURES, plan=plan_id)
    other.button(key="erasure_approve").click().run()
    assert not other.exception
    assert load_people.control().job(plan_id).state is State.APPROVED


@pytest.mark.parametrize("role, there", [(Role.SUPPORT, False), (Role.APPROVER, False), (Role.ADMIN, True)])
def test_the_whole_audit_is_for_admins(aws: Callable[..., None], role: Role, there: bool) -> None:
    aws()
    app = opened(signed_in(role), ERASURES)
    assert not app.exception
    assert ("Audit" in [tab.label for tab in app.tabs]) is there
    app.session_state["erasures_part"] = "Audit"
    app.run()
    assert ("Verify now" in [button.label for button in app.button]) is there
