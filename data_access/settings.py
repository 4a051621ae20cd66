"""Where Dynascope runs and what it may read: dynascope.toml and the environment, read once.

Order, the first that speaks wins: dynascope.toml (or the file that DYNASCOPE_CONFIG names), the chatbots' own variables,
the standard AWS ones, the system's file. Local mode needs none of them and reads only DYNASCOPE_* variables.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, StrictBool, TypeAdapter, ValidationError, with_config

from data_access.access.settings import AccessSaid, AccessSettings, read_access
from data_access.errors import SettingsError, UsageError
from data_access.masking.settings import MaskingSettings, checked_masking
from data_access.systems.spec import System, built_in, load_folder

Mode = Literal["local", "aws"]
DEFAULT_REGION = "us-east-1"
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
TABLE_NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}")

_strict = with_config(ConfigDict(extra="forbid", frozen=True))


@_strict
@dataclass(frozen=True, slots=True)
class SystemSettings:
    """One system in dynascope.toml. `tenants` are the tenants that are known to exist, all of them."""

    enabled: bool = True
    region: str | None = None
    profile: str | None = None
    role_arn: str | None = None
    tables: Mapping[str, str] = field(default_factory=dict[str, str])
    tenants: tuple[str, ...] = ()


@_strict
@dataclass(frozen=True, slots=True)
class SnapshotSettings:
    """Whether there is a snapshot, and where: a folder or s3://bucket/prefix; None is `snapshot` in the state folder."""

    on: bool = True
    place: str | None = None


@dataclass(frozen=True, slots=True)
class ErasureSettings:
    """Who may erase from here, and where its state is kept.

    `rate` is in writes a second (None: no limit). A plan of more than `most_items` needs a second person even where `approval`
    is off. `anchor` is the file outside of DynamoDB that witnesses the audit; `keys` the folder of this installation's keys,
    None for `keys` in the state folder. `not_performed` are sentences of the team's own about what an erasure does not reach.
    `worker`: whether the server works on erasures itself. Without it another process does, which alone may delete.
    """

    enabled: bool = False
    approval: bool = False
    control_table: str = "dynascope-control"
    control_region: str = DEFAULT_REGION
    control_profile: str | None = None
    control_role_arn: str | None = None
    rate: float | None = None
    most_items: int = 1_000_000
    not_performed: tuple[str, ...] = ()
    anchor: Path | None = None
    keys: Path | None = None
    worker: bool = True


@_strict
@dataclass(frozen=True, slots=True)
class _Erasure:
    """[erasure] as it is written. `enabled` None: in local mode."""

    enabled: bool | None = None
    approval: bool = False
    control_table: str = "dynascope-control"
    control_region: str | None = None
    control_profile: str | None = None
    control_role_arn: str | None = None
    rate: float | None = None
    most_items: int = 1_000_000
    not_performed: tuple[str, ...] = ()
    anchor: str | None = None
    keys: str | None = None
    worker: bool = True


@_strict
@dataclass(frozen=True, slots=True)
class _File:
    """dynascope.toml as it is written."""

    mode: Mode = "local"
    state: str | None = None
    specs: str | None = None
    scan_budget: float = 1_000
    scan_rate: float | None = None
    pause_minutes: float = 5
    snapshot: bool | SnapshotSettings = True
    erasure: _Erasure = _Erasure()
    allow_anonymous_read: StrictBool = False
    access: AccessSaid = AccessSaid()
    masking: MaskingSettings = MaskingSettings()
    systems: Mapping[str, SystemSettings] = field(default_factory=dict[str, SystemSettings])


@dataclass(frozen=True, slots=True)
class Place:
    """One enabled system with all that is needed to reach it. `tables` maps our table names to the live ones."""

    system: System
    tables: Mapping[str, str]
    region: str
    profile: str | None = None
    role_arn: str | None = None
    tenants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it. `scan_budget` is in read request units, `scan_rate` in units a second (None: no limit)."""

    mode: Mode
    state: Path
    places: Mapping[str, Place]
    scan_budget: float = 1_000
    scan_rate: float | None = None
    pause_minutes: float = 5
    snapshot: SnapshotSettings = SnapshotSettings()
    erasure: ErasureSettings = ErasureSettings()
    access: AccessSettings = AccessSettings()
    masking: MaskingSettings = MaskingSettings()

    def place(self, system: str) -> Place:
        """The enabled system with this id. Raises UsageError."""
        try:
            return self.places[system]
        except KeyError:
            known = ", ".join(self.places) or "none"
            raise UsageError(f"There is no system {system!r} here.", f"The systems are: {known}.") from None


def load_settings(environment: Mapping[str, str] | None = None, folder: Path | None = None) -> Settings:
    """Read dynascope.toml in `folder` (default: the current one) and the environment. Raises SettingsError, SpecError."""
    env = os.environ if environment is None else environment
    path = (folder or Path()) / (env.get("DYNASCOPE_CONFIG") or "dynascope.toml")
    file = _read(path, must_exist=bool(env.get("DYNASCOPE_CONFIG")))
    mode = env.get("DYNASCOPE_MODE") or file.mode
    if mode not in ("local", "aws"):
        raise SettingsError(f"DYNASCOPE_MODE is {mode!r}.", "It is local or aws.")
    if not all(number is None or number > 0 for number in (file.scan_budget, file.scan_rate, file.pause_minutes)):
        raise SettingsError(f"{path.name}: scan_budget, scan_rate and pause_minutes are above zero.")
    systems = dict(built_in())
    if file.specs is not None:
        own = path.parent / file.specs
        if not own.is_dir():
            raise SettingsError(f"{path.name}: specs: there is no folder {file.specs}.", "It is looked for beside the configuration file.")
        systems |= load_folder(own)
    for name in file.systems:
        if name not in systems:
            raise SettingsError(f"{path.name}: systems.{name}: there is no such system.", f"The systems are: {', '.join(systems)}.")
    enabled = {name: system for name, system in systems.items() if file.systems.get(name, SystemSettings()).enabled}
    places = {name: _place(system, file.systems.get(name, SystemSettings()), mode, env, path.name) for name, system in enabled.items()}
    _check_names(places, path.name)
    state = Path(env.get("DYNASCOPE_STATE") or file.state or ".local")
    return Settings(
        mode=mode,
        state=(folder or Path()) / state,
        places=places,
        scan_budget=file.scan_budget,
        scan_rate=file.scan_rate,
        pause_minutes=file.pause_minutes,
        snapshot=_snapshot(file.snapshot, path),
        erasure=_erasure(file.erasure, mode, env, path, places),
        access=read_access(file.access, file.allow_anonymous_read, systems, path.name),
        masking=checked_masking(file.masking, path.name),
    )


def _read(path: Path, *, must_exist: bool) -> _File:
    if not path.is_file():
        if must_exist:
            raise SettingsError(f"The configuration file {path.name} does not exist.", "Correct DYNASCOPE_CONFIG, or unset it.")
        return _File()
    try:
        raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return TypeAdapter(_File).validate_python(raw)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path.name} is not valid TOML: {error}.") from None
    except OSError as error:
        raise SettingsError(f"{path.name} cannot be read: {error.strerror}.") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        reason = "there is no such key" if first["type"] == "unexpected_keyword_argument" else first["msg"]
        raise SettingsError(f"{path.name}: {'.'.join(str(step) for step in first['loc'])}: {reason}.") from None


def _snapshot(said: bool | SnapshotSettings, file: Path) -> SnapshotSettings:
    """A folder is meant from where the file lies."""
    if isinstance(said, bool):
        return SnapshotSettings(on=said)
    if said.place is None:
        return said
    scheme, mark, rest = said.place.partition("://")
    if not mark:
        return SnapshotSettings(said.on, str(file.parent / said.place))
    if scheme != "s3" or not rest.strip("/"):
        raise SettingsError(f"{file.name}: snapshot.place is neither a folder nor s3://bucket/prefix.")
    return said


def _erasure(said: _Erasure, mode: str, env: Mapping[str, str], file: Path, places: Mapping[str, Place]) -> ErasureSettings:
    """On in local mode, off elsewhere, unless it is said. Files are meant from where dynascope.toml lies."""
    word = env.get("DYNASCOPE_ERASURE") or ""
    if word not in ("", "on", "off"):
        raise SettingsError(f"DYNASCOPE_ERASURE is {word!r}.", "It is on or off.")
    if not TABLE_NAME.fullmatch(said.control_table):
        raise SettingsError(f"{file.name}: erasure.control_table is not a name that a DynamoDB table can have.")
    if any(said.control_table in place.tables.values() for place in places.values()):
        raise SettingsError(f"{file.name}: erasure.control_table is a chatbot's own table.", "Give the control table a name of its own.")
    if (said.rate is not None and not said.rate > 0) or said.most_items < 1:
        raise SettingsError(f"{file.name}: erasure.rate and erasure.most_items are above zero.")
    if not all(sentence.strip() for sentence in said.not_performed):
        raise SettingsError(f"{file.name}: erasure.not_performed: one of them is empty.")
    for name, text in (("control_region", said.control_region), ("anchor", said.anchor), ("keys", said.keys)):
        if text == "":
            raise SettingsError(f"{file.name}: erasure.{name} is empty.", "Leave it out instead.")
    local = mode == "local"
    return ErasureSettings(
        enabled=word == "on" if word else local if said.enabled is None else said.enabled,
        approval=said.approval,
        control_table=said.control_table,
        control_region=DEFAULT_REGION if local else said.control_region or _standard_region(env, said.control_profile) or DEFAULT_REGION,
        control_profile=None if local else said.control_profile,
        control_role_arn=None if local else said.control_role_arn,
        rate=said.rate,
        most_items=said.most_items,
        not_performed=said.not_performed,
        anchor=None if said.anchor is None else file.parent / said.anchor,
        keys=None if said.keys is None else file.parent / said.keys,
        worker=said.worker,
    )


def _place(system: System, own: SystemSettings, mode: str, env: Mapping[str, str], file: str) -> Place:
    for name in own.tables:
        if name not in system.tables:
            raise SettingsError(f"{file}: systems.{system.id}.tables.{name}: {system.title} has the tables {', '.join(system.tables)}.")
    if not all(own.tenants):
        raise SettingsError(f"{file}: systems.{system.id}.tenants: one of them is empty.")
    tenants = tuple(dict.fromkeys(own.tenants))  # One that is named twice would be read twice.
    if mode == "local":
        names = {key: own.tables.get(key) or table.name for key, table in system.tables.items()}
        return Place(system, names, DEFAULT_REGION, tenants=tenants)
    names = {key: own.tables.get(key) or env.get(table.environment or "") or table.name for key, table in system.tables.items()}
    region = own.region or env.get(system.region_environment or "") or _standard_region(env, own.profile) or system.region or DEFAULT_REGION
    return Place(system, names, region, own.profile, own.role_arn, tenants)


def _standard_region(env: Mapping[str, str], profile: str | None) -> str | None:
    return env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or _profile_region(profile or env.get("AWS_PROFILE"))


def _profile_region(profile: str | None) -> str | None:
    import botocore.session
    from botocore.exceptions import BotoCoreError

    try:
        return botocore.session.Session(profile=profile).get_config_variable("region")
    except BotoCoreError:  # A profile that is not there, a file that is broken: opening the client says so.
        return None


def _check_names(places: Mapping[str, Place], file: str) -> None:
    """Two systems that read one table would each take the other's items for bad ones."""
    owners: dict[tuple[str, str | None, str | None, str], str] = {}
    for place in places.values():
        for key, name in place.tables.items():
            spot = (place.region, place.profile, place.role_arn, name)
            if spot in owners:
                variable = place.system.tables[key].environment
                raise SettingsError(
                    f"{owners[spot]} and {place.system.title} would both read the table {name}.",
                    f"Give each its own name under systems.{place.system.id}.tables in {file}"
                    + (f", since {variable} is read by both." if variable else "."),
                )
            owners[spot] = place.system.title
