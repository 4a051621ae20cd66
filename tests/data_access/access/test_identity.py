"""Signed claims as a viewer: what is proven gives roles, what is missing, wrong or over gives none."""

from __future__ import annotations

import string
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_access.access.identity import anonymous, merged, viewer_of
from data_access.access.permissions import PERSONAL, Action, Role
from data_access.access.settings import AccessSettings
from data_access.access.viewer import Limits, Viewer
from data_access.errors import SignInEnded

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ISSUER, SUBJECT = "https://login.example.com/tenant/v2.0", "auth0|5f7c8ec7c33c6c004bbafe82"
SETTINGS = AccessSettings(
    groups={"support-team": frozenset({Role.SUPPORT}), "quality": frozenset({Role.REVIEWER, Role.ANALYST}), "nothing": frozenset()},
    people={f"{ISSUER}|{SUBJECT}": frozenset({Role.APPROVER}), "https://login.example.com|root": frozenset({Role.ADMIN})},
)


def at(**delta: float) -> int:
    return int((NOW + timedelta(**delta)).timestamp())


def claims(**own: Any) -> dict[str, Any]:
    """A sign-in of a minute ago, of somebody without a role; None takes a claim away."""
    made: dict[str, Any] = {
        "iss": ISSUER,
        "sub": "somebody",
        "iat": at(minutes=-1),
        "exp": at(minutes=59),
        "email": "ana@example.com",
        "preferred_username": "ana",
    }
    return {name: value for name, value in (made | own).items() if value is not None}


def roles(said: Mapping[str, Any], **settings: Any) -> frozenset[Role]:
    own = {name: getattr(SETTINGS, name) for name in ("groups", "people", "claim", "limits")} | settings
    return viewer_of(said, AccessSettings(**own), NOW).roles


def test_somebody_with_no_entry_has_no_role() -> None:
    found = viewer_of(claims(), SETTINGS, NOW)
    assert (found.name, found.origin, found.roles, found.limits) == ("ana", "signed_in", frozenset(), Limits())
    assert not any(found.may(action) for action in Action)


# When it is over


@pytest.mark.parametrize(
    "own",
    [
        {"exp": at()},
        {"exp": at(seconds=-1)},
        {"iat": at(hours=-8)},
        {"iat": at(days=-3), "exp": at(days=3)},
        {"iat": at(minutes=6), "exp": at(hours=2)},
        {"auth_time": at(minutes=6)},
        {"exp": None},
        {"iat": None},
        {"iss": None},
        {"sub": None},
        {"iss": ""},
        {"sub": ""},
        {"sub": 7},
        {"iss": ["https://login.example.com"]},
        {"exp": "4102444800"},
        {"exp": True},
        {"iat": float("nan")},
        {"exp": float("inf")},
        {"exp": 10**30},
        {"iat": -(10**30)},
        {"auth_time": "now"},
    ],
)
def test_a_sign_in_that_is_over_or_says_too_little_is_none(own: dict[str, Any]) -> None:
    with pytest.raises(SignInEnded) as refused:
        viewer_of(claims(groups=["support-team"]) | own if None not in own.values() else claims(**own), SETTINGS, NOW)
    assert "ana" not in str(refused.value)
    assert "somebody" not in str(refused.value)


def test_clocks_may_differ_by_minutes() -> None:
    assert viewer_of(claims(iat=at(minutes=5), exp=at(hours=1)), SETTINGS, NOW).name == "ana"
    assert viewer_of(claims(exp=at(seconds=1)), SETTINGS, NOW).name == "ana"


def test_the_own_limit_counts_beside_the_providers() -> None:
    short = AccessSettings(session_hours=0.5)
    with pytest.raises(SignInEnded, match="expired"):
        viewer_of(claims(iat=at(minutes=-30), exp=at(hours=9)), short, NOW)
    assert viewer_of(claims(iat=at(minutes=-29), exp=at(hours=9)), short, NOW).origin == "signed_in"


def test_how_fresh_it_is_is_when_somebody_proved_who_they_are() -> None:
    """A provider that still knows the browser signs in without asking: auth_time is older then than the token."""
    assert viewer_of(claims(), SETTINGS, NOW).is_fresh(NOW)
    assert not viewer_of(claims(auth_time=at(hours=-2)), SETTINGS, NOW).is_fresh(NOW)
    assert viewer_of(claims(auth_time=at(minutes=-2)), SETTINGS, NOW).is_fresh(NOW)
    assert not viewer_of(claims(iat=at(minutes=-11)), SETTINGS, NOW).is_fresh(NOW)


# Roles


@pytest.mark.parametrize(
    "said, found",
    [
        ("support-team", {Role.SUPPORT}),
        (["support-team"], {Role.SUPPORT}),
        (["quality", "support-team", "others"], {Role.SUPPORT, Role.REVIEWER, Role.ANALYST}),
        (("quality",), {Role.REVIEWER, Role.ANALYST}),
        ("support-team quality", set[Role]()),
        ("support-team,quality", set[Role]()),
        ([["support-team"]], set[Role]()),
        ([{"name": "support-team"}, 7, None], set[Role]()),
        ({"support-team": True}, set[Role]()),
        ("Support-Team", set[Role]()),
        ("support-team ", set[Role]()),
        ("support\u2010team", set[Role]()),
        (["nothing"], set[Role]()),
        ("", set[Role]()),
        (7, set[Role]()),
        (True, set[Role]()),
        ([], set[Role]()),
    ],
)
def test_groups_are_compared_byte_for_byte(said: Any, found: set[Role]) -> None:
    assert roles(claims(groups=said)) == found


@pytest.mark.parametrize(
    "path, own",
    [
        ("cognito:groups", {"cognito:groups": ["quality"]}),
        ("realm_access.roles", {"realm_access": {"roles": ["quality"]}}),
        ("https://dynascope.example.com/groups", {"https://dynascope.example.com/groups": ["quality"]}),
        ("a.b.c", {"a": {"b": {"c": "quality"}}}),
    ],
)
def test_a_claim_lies_where_the_path_says(path: str, own: dict[str, Any]) -> None:
    assert roles(claims(**own), claim=path) == {Role.REVIEWER, Role.ANALYST}
    assert roles(claims(groups=["quality"]), claim=path) == frozenset()


@pytest.mark.parametrize("own", [{"a": "b"}, {"a": ["b"]}, {"a": {"c": 1}}, {"a": {"b": {}}}, {"a": None}, {}])
def test_a_path_that_leads_nowhere_gives_no_role(own: dict[str, Any]) -> None:
    assert roles(claims(**own), claim="a.b") == frozenset()


def test_a_person_is_issuer_and_subject() -> None:
    assert roles(claims(sub=SUBJECT)) == {Role.APPROVER}
    assert roles(claims(sub=SUBJECT, groups="support-team")) == {Role.APPROVER, Role.SUPPORT}


@pytest.mark.parametrize(
    "issuer, subject",
    [
        ("https://login.example.com", SUBJECT),
        (f"{ISSUER}/", SUBJECT),
        (ISSUER.upper(), SUBJECT),
        (ISSUER, SUBJECT.upper()),
        (ISSUER, f"{SUBJECT} "),
        (ISSUER, "auth0\uff5c5f7c8ec7c33c6c004bbafe82"),
        ("https://evil.example.org", "root"),
        ("https://login.example.com|root", "root"),
        (f"{ISSUER}|auth0", "5f7c8ec7c33c6c004bbafe82x"),
    ],
)
def test_another_issuer_or_subject_is_somebody_else(issuer: str, subject: str) -> None:
    assert roles(claims(iss=issuer, sub=subject)) == frozenset()


def test_an_e_mail_address_gives_nothing_whatever_it_looks_like() -> None:
    """Who runs a provider can let people choose theirs; and one that is verified is still no key of ours."""
    named = {"ana@example.com": frozenset({Role.ADMIN}), "ana": frozenset({Role.ADMIN})}
    for own in ({"email": "ana@example.com", "email_verified": True}, {"email": "аna@example.com"}, {"preferred_username": "ana"}):
        assert roles(claims(**own), groups=named) == frozenset()
        assert roles(claims(**own), people={f"{ISSUER}|ana@example.com": frozenset({Role.ADMIN})}) == frozenset()


# Names


def test_two_people_with_one_name_are_two_and_one_with_two_names_is_one() -> None:
    def actor(**own: Any) -> str:
        return viewer_of(claims(**own), SETTINGS, NOW).actor

    assert actor() == actor()
    assert actor() != actor(sub="another")
    assert actor() != actor(iss="https://other.example.com")
    assert actor(preferred_username="kim").rpartition("|")[2] == actor().rpartition("|")[2]
    assert actor(iss="ab", sub="c").rpartition("|")[2] != actor(iss="a", sub="bc").rpartition("|")[2]


@pytest.mark.parametrize("said, name", [(None, "auth0|5f…"), ("", "auth0|5f…"), (7, "auth0|5f…"), ("kim", "kim")])
def test_a_name_is_the_user_name_or_the_beginning_of_the_subject(said: Any, name: str) -> None:
    assert viewer_of(claims(sub=SUBJECT, preferred_username=said), SETTINGS, NOW).name == name


def test_each_sign_in_has_a_session_of_its_own() -> None:
    def session(**own: Any) -> str:
        return viewer_of(claims(**own), SETTINGS, NOW).session

    assert session() == session(email="other@example.com", groups=["quality"])
    different = [session(), session(sub="b"), session(iat=at(minutes=-2)), session(nonce="1"), session(nonce="2"), session(sid="1")]
    assert len(set(different)) == len(different)
    found = viewer_of(claims(), SETTINGS, NOW)
    assert found.session not in repr(found)


# Limits

A, B = frozenset({"ai_agent"}), frozenset({"remo"})
ACME, BIRCH = frozenset({"acme"}), frozenset({"birch"})


@pytest.mark.parametrize(
    "given, left",
    [
        ([], Limits()),
        ([Limits(A, ACME)], Limits(A, ACME)),
        ([Limits(A, ACME), Limits()], Limits()),
        ([Limits(A), Limits(B)], Limits(A | B)),
        ([Limits(A, ACME), Limits(A, BIRCH)], Limits(A, ACME | BIRCH)),
        ([Limits(None, ACME), Limits(None, BIRCH)], Limits(None, ACME | BIRCH)),
        ([Limits(A, ACME), Limits(B, ACME)], Limits(A | B, ACME)),
        ([Limits(A | B), Limits(A, ACME)], Limits(A | B)),
        ([Limits(A, ACME), Limits(B, BIRCH)], Limits(frozenset(), frozenset())),
        ([Limits(A), Limits(None, ACME)], Limits(A, ACME)),
    ],
)
def test_limits_of_several_entries(given: list[Limits], left: Limits) -> None:
    assert merged(given) == left
    assert merged(reversed(given)) == left


_NAMES = st.none() | st.frozensets(st.sampled_from("abc"), min_size=1)


@given(st.lists(st.builds(Limits, _NAMES, _NAMES), min_size=1, max_size=4))
def test_together_they_never_open_what_none_of_them_does(given: list[Limits]) -> None:
    together = merged(given)
    for system in "abc":
        for keeps in (True, False):
            for tenant in "abc":
                if together.allows_system(system, keeps_tenants=keeps) and together.allows_tenant(tenant, keeps_tenants=keeps):
                    assert any(
                        one.allows_system(system, keeps_tenants=keeps) and one.allows_tenant(tenant, keeps_tenants=keeps) for one in given
                    )


def test_a_limit_counts_only_if_every_entry_that_gives_a_role_has_one() -> None:
    limited = {"support-team": Limits(A, ACME)}

    def limits(**own: Any) -> Limits:
        settings = AccessSettings(groups=SETTINGS.groups, people=SETTINGS.people, limits=limited)
        return viewer_of(claims(**own), settings, NOW).limits

    assert limits(groups=["support-team"]) == Limits(A, ACME)
    assert limits(groups=["support-team", "nothing", "unknown"]) == Limits(A, ACME)
    assert limits(groups=["support-team", "quality"]) == Limits()
    assert limits(groups=["support-team"], sub=SUBJECT) == Limits()


# Whoever did not sign in


def test_who_did_not_sign_in_is_nobody_unless_the_settings_say_so() -> None:
    assert anonymous(AccessSettings()) == Viewer("nobody")
    found = anonymous(AccessSettings(anonymous=True))
    assert (found.origin, found.roles) == ("anonymous", frozenset({Role.REVIEWER, Role.ANALYST}))
    assert not any(found.may(action) for action in PERSONAL)
    assert found.may(Action.REPLAY)
    assert found.may(Action.USAGE)
    assert not found.may(Action.TABLES)


# Whatever a provider sends

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(string.printable, max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["groups", "a", "roles", "sub"]), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["iss", "sub", "iat", "exp", "groups", "auth_time", "nonce", "preferred_username"]), _JSON))
def test_whatever_the_claims_are_it_is_a_viewer_without_a_role_or_no_sign_in(said: dict[str, Any]) -> None:
    for path in ("groups", "groups.a.roles"):
        try:
            found = viewer_of(claims() | said, AccessSettings(claim=path, groups={"unlikely-name": frozenset(Role)}), NOW)
        except SignInEnded:
            continue
        assert found.roles == frozenset()
