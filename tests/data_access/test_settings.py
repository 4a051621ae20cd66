"""dynascope.toml and the environment: what wins, what is refused, and where it says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from data_access.errors import SettingsError, SpecError, UsageError
from data_access.settings import ErasureSettings, Place, Settings, load_settings
from data_access.systems.spec import built_in
from tests.data_access.layouts import SYSTEMS

AWS = {"DYNASCOPE_MODE": "aws"}
Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def read(text: str | None = None, environment: Mapping[str, str] | None = None) -> Settings:
        if text is not None:
            (tmp_path / "dynascope.toml").write_text(text, encoding="utf-8")
        return load_settings(environment or {}, tmp_path)

    return read


def test_without_anything_it_is_local(load: Load, tmp_path: Path) -> None:
    settings = load()
    assert (settings.mode, settings.state, settings.scan_budget, settings.scan_rate) == ("local", tmp_path / ".local", 1_000, None)
    assert set(settings.places) == set(SYSTEMS)
    assert settings.places["cg"] == Place(built_in()["cg"], {"conversations": "cg-chatbot-conversations"}, "us-east-1")


def test_every_key_of_the_file(load: Load, tmp_path: Path) -> None:
    settings = load("""
        mode = "aws"
        state = "kept"
        scan_budget = 50
        scan_rate = 12.5
        pause_minutes = 2
        [systems.cg]
        region = "eu-west-1"
        profile = "audit"
        role_arn = "arn:aws:iam::1:role/r"
        tables = { conversations = "mine" }
        [systems.ai_agent]
        tenants = ["a", "b", "a"]
        [systems.remo]
        enabled = false
        """)
    assert (settings.mode, settings.state) == ("aws", tmp_path / "kept")
    assert (settings.scan_budget, settings.scan_rate, settings.pause_minutes) == (50, 12.5, 2)
    assert settings.place("cg") == Place(built_in()["cg"], {"conversations": "mine"}, "eu-west-1", "audit", "arn:aws:iam::1:role/r")
    assert settings.place("ai_agent").tenants == ("a", "b")
    assert set(settings.places) == {"ai_agent", "ai4ai", "cg"}


@pytest.mark.parametrize(
    "environment, text, mode",
    [
        ({}, 'mode = "aws"', "aws"),
        ({"DYNASCOPE_MODE": "local"}, 'mode = "aws"', "local"),
        (AWS, "", "aws"),
        ({"DYNASCOPE_MODE": ""}, 'mode = "aws"', "aws"),
    ],
)
def test_the_mode(load: Load, environment: dict[str, str], text: str, mode: str) -> None:
    assert load(text, environment).mode == mode


@pytest.mark.parametrize(
    "environment, text, folder",
    [({}, 'state = "a"', "a"), ({"DYNASCOPE_STATE": "b"}, 'state = "a"', "b"), ({"DYNASCOPE_STATE": ""}, "", ".local")],
)
def test_the_state_folder(load: Load, tmp_path: Path, environment: dict[str, str], text: str, folder: str) -> None:
    assert load(text, environment).state == tmp_path / folder


def test_an_absolute_state_folder_stays_where_it_is(load: Load, tmp_path: Path) -> None:
    assert load("", {"DYNASCOPE_STATE": str(tmp_path / "else")}).state == tmp_path / "else"


# Regions: the file, the chatbot's own variable, the standard ones, the profile's, the system's file, the default


ORDER = [
    ("ai4ai", '[systems.ai4ai]\nregion = "r1"', {"DEFAULT_AWS_REGION": "r2", "AWS_REGION": "r3"}, "r1"),
    ("ai4ai", "", {"DEFAULT_AWS_REGION": "r2", "AWS_REGION": "r3", "AWS_DEFAULT_REGION": "r4"}, "r2"),
    ("ai4ai", "", {"AWS_REGION": "r3", "AWS_DEFAULT_REGION": "r4"}, "r3"),
    ("ai4ai", "", {"AWS_DEFAULT_REGION": "r4"}, "r4"),
    ("ai4ai", '[systems.ai4ai]\nprofile = "own"', {"AWS_PROFILE": "other"}, "of-own"),
    ("ai4ai", "", {"AWS_PROFILE": "other"}, "of-other"),
    ("ai4ai", "", {"AWS_PROFILE": "gone"}, "ap-southeast-2"),
    ("ai4ai", "", {}, "ap-southeast-2"),
    ("cg", "", {"DEFAULT_AWS_REGION": "r2"}, "us-east-1"),
    ("cg", "", {}, "us-east-1"),
]


@pytest.mark.parametrize("system, text, environment, region", ORDER)
def test_the_region(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str, text: str, environment: dict[str, str], region: str
) -> None:
    (tmp_path / "config").write_text("[profile own]\nregion = of-own\n[profile other]\nregion = of-other\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert load(text, AWS | environment).place(system).region == region


def test_a_broken_aws_configuration_is_left_to_the_client(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text("[[[\nbroken")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert load("", AWS).place("cg").region == "us-east-1"


# Table names


GUIDES = {
    "DYNAMODB_SESSIONS_TABLE": ("ai_agent", "sessions"),
    "DYNAMODB_MESSAGES_TABLE": ("ai_agent", "messages"),
    "DYNAMODB_CHAT_SESSIONS_TABLE": ("ai4ai", "sessions"),
    "DYNAMODB_CHAT_MESSAGES_TABLE": ("ai4ai", "messages"),
}


@pytest.mark.parametrize("variable, place", GUIDES.items())
def test_the_guides_variables_name_tables_in_aws_mode_only(load: Load, variable: str, place: tuple[str, str]) -> None:
    system, table = place
    assert load("", AWS | {variable: "theirs"}).place(system).tables[table] == "theirs"
    assert load("", {variable: "theirs"}).place(system).tables[table] == built_in()[system].tables[table].name
    own = f'[systems.{system}]\ntables = {{ {table} = "mine" }}'
    assert load(own, AWS | {variable: "theirs"}).place(system).tables[table] == "mine"
    assert load(own, {}).place(system).tables[table] == "mine"


def test_a_variable_that_two_systems_read_needs_names(load: Load) -> None:
    environment = AWS | {"DYNAMODB_TABLE_NAME": "shared"}
    with pytest.raises(SettingsError, match="would both read the table shared") as caught:
        load("", environment)
    assert "DYNAMODB_TABLE_NAME is read by both" in caught.value.remedy
    one = load('[systems.cg]\ntables = { conversations = "chats" }', environment)
    assert (one.place("cg").tables, one.place("remo").tables) == ({"conversations": "chats"}, {"user_data": "shared"})
    assert load("[systems.cg]\nenabled = false", environment).place("remo").tables == {"user_data": "shared"}
    assert load("", {"DYNAMODB_TABLE_NAME": "shared"}).place("cg").tables == {"conversations": "cg-chatbot-conversations"}


def test_one_name_in_two_regions_or_accounts_is_two_tables(load: Load) -> None:
    environment = AWS | {"DYNAMODB_TABLE_NAME": "shared"}
    assert load('[systems.cg]\nregion = "eu-west-1"', environment).place("cg").tables == {"conversations": "shared"}
    assert load('[systems.cg]\nrole_arn = "r"', environment).place("cg").tables == {"conversations": "shared"}


def test_an_unknown_system_is_refused_by_name(load: Load) -> None:
    with pytest.raises(UsageError, match="no system 'nope' here"):
        load().place("nope")
    with pytest.raises(UsageError, match="no system 'cg'"):
        load("[systems.cg]\nenabled = false").place("cg")


# Erasing


@pytest.mark.parametrize(
    "environment, text, enabled",
    [
        ({}, "", True),
        ({}, "[erasure]\nenabled = false", False),
        ({"DYNASCOPE_ERASURE": "off"}, "", False),
        (AWS, "", False),
        (AWS, "[erasure]\napproval = true", False),
        (AWS, "[erasure]\nenabled = true", True),
        (AWS | {"DYNASCOPE_ERASURE": "on"}, "", True),
        (AWS | {"DYNASCOPE_ERASURE": ""}, "", False),
        (AWS | {"DYNASCOPE_ERASURE": "off"}, "[erasure]\nenabled = true", False),
    ],
)
def test_who_may_erase(load: Load, environment: dict[str, str], text: str, enabled: bool) -> None:
    assert load(text, environment).erasure.enabled is enabled


def test_a_word_that_is_neither_on_nor_off_is_refused(load: Load) -> None:
    with pytest.raises(SettingsError, match="DYNASCOPE_ERASURE is 'yes'"):
        load("", {"DYNASCOPE_ERASURE": "yes"})


def test_every_key_of_erasure(load: Load, tmp_path: Path) -> None:
    text = """
        [erasure]
        enabled = true
        approval = true
        control_table = "state"
        control_region = "eu-west-1"
        control_profile = "p"
        control_role_arn = "arn:aws:iam::1:role/r"
        rate = 50
        most_items = 7
        not_performed = ["The warehouse."]
        anchor = "witness.log"
        keys = "secrets"
        worker = false
        """
    files = {"anchor": tmp_path / "witness.log", "keys": tmp_path / "secrets"}
    said = ErasureSettings(
        True, True, "state", "eu-west-1", "p", "arn:aws:iam::1:role/r", 50, 7, ("The warehouse.",), worker=False, **files
    )
    assert load(text, AWS).erasure == said
    local = load(text, {}).erasure
    assert (local.control_region, local.control_profile, local.control_role_arn) == ("us-east-1", None, None)
    assert load("", AWS | {"AWS_REGION": "r3"}).erasure.control_region == "r3"
    assert load("", AWS).erasure == ErasureSettings()


def test_the_example_is_a_configuration(load: Load) -> None:
    example = (Path(__file__).parents[2] / "dynascope.example.toml").read_text(encoding="utf-8")
    commented = example.replace("# [erasure]", "[erasure]").split("# Remo and CG")
    own = "\n".join(line.removeprefix("# ") for line in commented[0].split("[erasure]")[1].splitlines())
    assert load(f"[erasure]{own}", AWS).erasure.approval
    assert not load(example).erasure.enabled


# Refused


@pytest.mark.parametrize(
    "text, words",
    [
        ("x = ", "dynascope.toml is not valid TOML"),
        ('mode = "cloud"', "dynascope.toml: mode: "),
        ('modus = "aws"', "dynascope.toml: modus: there is no such key."),
        ('scan_budget = "many"', "dynascope.toml: scan_budget: "),
        ("scan_budget = 0", "above zero"),
        ("scan_budget = nan", "above zero"),
        ("scan_rate = -1", "above zero"),
        ("pause_minutes = 0", "above zero"),
        ('[systems.cg]\nregon = "x"', "dynascope.toml: systems.cg.regon: there is no such key."),
        ("[systems.nope]", "dynascope.toml: systems.nope: there is no such system."),
        ('[systems.cg]\ntables = { chats = "x" }', "dynascope.toml: systems.cg.tables.chats: "),
        ("[systems.cg]\ntables = { conversations = 7 }", "dynascope.toml: systems.cg.tables.conversations: "),
        ('[systems.cg]\ntenants = "acme"', "dynascope.toml: systems.cg.tenants: "),
        ('[systems.ai_agent]\ntenants = ["a", ""]', "dynascope.toml: systems.ai_agent.tenants: one of them is empty."),
        ("[systems]\ncg = 1", "dynascope.toml: systems.cg: "),
        ("erasure = true", "dynascope.toml: erasure: "),
        ("[erasure]\napprove = true", "dynascope.toml: erasure.approve: there is no such key."),
        ('[erasure]\napproval = "yes please"', "dynascope.toml: erasure.approval: "),
        ("[erasure]\nrate = 0", "erasure.rate and erasure.most_items are above zero"),
        ("[erasure]\nrate = nan", "erasure.rate and erasure.most_items are above zero"),
        ("[erasure]\nmost_items = 0", "erasure.rate and erasure.most_items are above zero"),
        ('[erasure]\ncontrol_table = "a b"', "erasure.control_table is not a name"),
        ('[erasure]\ncontrol_table = "cg-chatbot-conversations"', "erasure.control_table is a chatbot's own table."),
        ('[erasure]\nnot_performed = ["Logs.", " "]', "erasure.not_performed: one of them is empty."),
        ('[erasure]\nnot_performed = "Logs."', "dynascope.toml: erasure.not_performed: "),
        ('[erasure]\nanchor = ""', "erasure.anchor is empty."),
        ('specs = "nowhere"', "dynascope.toml: specs: there is no folder nowhere."),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(load: Load, text: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(text)
    assert words in caught.value.sentence
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_utf8_is_refused(load: Load, tmp_path: Path) -> None:
    (tmp_path / "dynascope.toml").write_bytes(b'state = "caf\xe9"')
    with pytest.raises(SettingsError, match="not valid TOML"):
        load()


def test_a_mode_that_is_none_is_refused(load: Load) -> None:
    with pytest.raises(SettingsError, match="DYNASCOPE_MODE is 'cloud'"):
        load("", {"DYNASCOPE_MODE": "cloud"})


def test_a_named_file_must_be_there(load: Load, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"configuration file other\.toml does not exist"):
        load(None, {"DYNASCOPE_CONFIG": "other.toml"})
    (tmp_path / "other.toml").write_text("scan_budget = 5")
    assert load("scan_budget = 6", {"DYNASCOPE_CONFIG": "other.toml"}).scan_budget == 5
    assert load("scan_budget = 6", {"DYNASCOPE_CONFIG": str(tmp_path / "other.toml")}).scan_budget == 5
    assert load("scan_budget = 6", {"DYNASCOPE_CONFIG": ""}).scan_budget == 6


def test_a_file_that_may_not_be_read_is_refused(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> str:
        raise PermissionError(13, "Permission denied")

    load("")
    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(SettingsError, match=r"dynascope\.toml cannot be read: Permission denied"):
        load()


# Systems of one's own


FIFTH = """
id = "fifth"
title = "Fifth"
[tables.chats]
name = "fifth-chats"
holds = "conversation"
partition_key = "id"
attributes = { id = { type = "S", part = "conversation_id" }, log = { type = "L", part = "messages" } }
[message]
who = { type = "S", part = "role" }
said = { type = "S", part = "content" }
"""


def test_a_folder_of_specs_adds_systems_and_replaces_ours(load: Load, tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "fifth.toml").write_text(FIFTH)
    (tmp_path / "specs" / "cg.toml").write_text(FIFTH.replace('"fifth"', '"cg"').replace("fifth-chats", "cg-chats"))
    settings = load('specs = "specs"\n[systems.fifth]\ntables = { chats = "live" }')
    assert set(settings.places) == {*SYSTEMS, "fifth"}
    assert settings.place("fifth").tables == {"chats": "live"}
    assert settings.place("cg").tables == {"chats": "cg-chats"}


@pytest.mark.parametrize("files", [{"a.toml": "id = "}, {"a.toml": FIFTH, "b.toml": FIFTH}])
def test_a_wrong_spec_in_the_folder_is_refused(load: Load, tmp_path: Path, files: dict[str, Any]) -> None:
    (tmp_path / "specs").mkdir()
    for name, text in files.items():
        (tmp_path / "specs" / name).write_text(text)
    with pytest.raises(SpecError, match=r"^[ab].toml: "):
        load('specs = "specs"')
