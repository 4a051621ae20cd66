"""[access] of dynascope.toml: what is read, and what is refused with the place."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_access.access.permissions import Role
from data_access.access.settings import AccessSettings
from data_access.access.viewer import Limits
from data_access.errors import SettingsError
from data_access.settings import Settings, load_settings

EXAMPLE = Path(__file__).parents[3] / "dynascope.example.toml"


def load(folder: Path, text: str) -> Settings:
    (folder / "dynascope.toml").write_text(text, encoding="utf-8")
    return load_settings({}, folder)


def test_without_a_word_nobody_has_a_role(tmp_path: Path) -> None:
    access = load(tmp_path, "").access
    assert access == AccessSettings()
    assert not access.anonymous
    assert not access.groups
    assert not access.people


def test_every_key(tmp_path: Path) -> None:
    text = """
        allow_anonymous_read = true
        [access]
        claim = "realm_access.roles"
        session_hours = 4.5
        idle_minutes = 15
        fresh_minutes = 5
        lookups_per_hour = 20
        [access.groups]
        support-team = ["support", "support"]
        quality = ["reviewer", "analyst"]
        nobody = []
        [access.people]
        "https://login.example.com|auth0|7" = ["admin", "approver"]
        [access.limits.quality]
        systems = ["ai_agent"]
        [access.limits."https://login.example.com|auth0|7"]
        tenants = ["acme", "birch"]
        """
    people = {"https://login.example.com|auth0|7": frozenset({Role.ADMIN, Role.APPROVER})}
    groups = {"support-team": frozenset({Role.SUPPORT}), "quality": frozenset({Role.REVIEWER, Role.ANALYST}), "nobody": frozenset[Role]()}
    limits = {"quality": Limits(frozenset({"ai_agent"})), next(iter(people)): Limits(None, frozenset({"acme", "birch"}))}
    assert load(tmp_path, text).access == AccessSettings(True, "realm_access.roles", groups, people, limits, 4.5, 15, 5, 20)


def test_the_example_is_a_configuration(tmp_path: Path) -> None:
    commented = EXAMPLE.read_text(encoding="utf-8").partition("# [access]")[2].partition("# Erasing a user's data")[0]
    settings = load(tmp_path, "[access]" + "\n".join(line.removeprefix("# ") for line in commented.splitlines()))
    assert settings.access.groups["support-team"] == {Role.SUPPORT}
    assert list(settings.access.people.values()) == [frozenset({Role.ADMIN})]
    assert settings.access.limits["quality"].tenants == {"acme"}
    assert settings.masking.patterns
    assert load(tmp_path, EXAMPLE.read_text(encoding="utf-8")).access == AccessSettings()


GROUP = '[access.groups]\na = ["support"]\n'


@pytest.mark.parametrize(
    "text, words",
    [
        ('allow_anonymous_read = "yes"', "allow_anonymous_read: "),
        ("allow_anonymous_read = 1", "allow_anonymous_read: "),
        ("[access]\nallow_anonymous_read = true", "access.allow_anonymous_read: there is no such key."),
        ("[access]\nidle = 3", "access.idle: there is no such key."),
        ("access = true", "access: "),
        ('[access]\nclaim = ""', "access.claim is no path of names."),
        ('[access]\nclaim = "a..b"', "access.claim is no path of names."),
        ("[access]\nsession_hours = 0", "access.session_hours is above zero"),
        ("[access]\nsession_hours = inf", "access.session_hours is above zero"),
        ("[access]\nsession_hours = 25", "access.session_hours is above 24."),
        ("[access]\nidle_minutes = nan", "access.idle_minutes is above zero"),
        ("[access]\nfresh_minutes = -1", "access.fresh_minutes is above zero"),
        ("[access]\nlookups_per_hour = 0", "access.lookups_per_hour is above zero"),
        ("[access]\nlookups_per_hour = 2.5", "access.lookups_per_hour: "),
        ('[access]\nidle_minutes = "30"', "access.idle_minutes: "),
        ("[access]\nidle_minutes = true", "access.idle_minutes: "),
        ('[access.groups]\na = ["root"]', "access.groups.a: there is no role 'root'."),
        ('[access.groups]\na = ["Admin"]', "access.groups.a: there is no role 'Admin'."),
        ('[access.groups]\na = "admin"', "access.groups.a: "),
        ("[access.groups]\na = [1]", "access.groups.a.0: "),
        ('[access.groups]\n"" = ["admin"]', "access.groups: one name is empty."),
        ('[access.people]\n"ana@example.com" = ["admin"]', "access.people: one of them is not ISSUER|SUBJECT."),
        ('[access.people]\n"|7" = ["admin"]', "access.people: one of them is not ISSUER|SUBJECT."),
        ('[access.people]\n"https://x|" = ["admin"]', "access.people: one of them is not ISSUER|SUBJECT."),
        ('[access.limits.b]\nsystems = ["cg"]', "access.limits.b: access.groups and access.people have no such name."),
        (f"{GROUP}[access.limits.a]", "access.limits.a limits nothing."),
        (f"{GROUP}[access.limits.a]\nsystems = []", "access.limits.a limits nothing."),
        (f'{GROUP}[access.limits.a]\nsystems = []\ntenants = ["x"]', "access.limits.a: one of its lists or names is empty."),
        (f'{GROUP}[access.limits.a]\ntenants = [""]', "access.limits.a: one of its lists or names is empty."),
        (f'{GROUP}[access.limits.a]\nsystems = ["nope"]', "access.limits.a: there is no system 'nope'."),
        (f'{GROUP}[access.limits.a]\nsystem = ["cg"]', "access.limits.a.system: there is no such key."),
        (f'{GROUP}[access.limits.a]\nsystems = "cg"', "access.limits.a.systems: "),
    ],
)
def test_a_wrong_one_is_refused_with_the_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    assert caught.value.sentence.startswith("dynascope.toml: ")
    assert words in caught.value.sentence
    assert "\n" not in str(caught.value)
