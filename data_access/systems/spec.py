"""What one chatbot stores, as data: its tables, keys, indexes, and which attribute plays which part.

A system is one TOML file in this folder, or in the folder that `specs` names in dynascope.toml. No code
names an attribute of a system: it asks for a part. A wrong file is refused when it is loaded, with the
file, the key and the reason (`SpecError`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from data_access.errors import SpecError

Holds = Literal["conversation", "message", "record"]
KeyType = Literal["S", "N", "B"]
AttributeType = Literal["S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"]
_Shape = TypeVar("_Shape")

# The parts that an attribute can play, by what the item holds.
PARTS: Mapping[str, frozenset[str]] = {
    "conversation": frozenset(
        "conversation_id user_id tenant_id kind title started_at last_activity_at updated_at message_count is_active "
        "expires_at metadata messages data".split()
    ),
    "message": frozenset("conversation_id user_id tenant_id message_id role content sent_at tool_calls metadata expires_at".split()),
    "record": frozenset("user_id tenant_id kind data updated_at expires_at metadata".split()),
    "embedded message": frozenset("message_id role content sent_at tool_calls metadata".split()),
    "tool call": frozenset("name arguments result status error".split()),
}
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "conversation": ("conversation_id",),
    "message": ("conversation_id", "role", "content"),
    "record": ("user_id",),
}
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
_NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}")

_strict = with_config(ConfigDict(extra="forbid", frozen=True))


@_strict
@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: its type on the wire, the part that it plays, and what the guide says of it.

    `utc` promises that a time kept as text is always in UTC; without it a range on it is read 14 hours wider.
    """

    type: AttributeType
    part: str | None = None
    about: str = ""
    utc: bool = False


@_strict
@dataclass(frozen=True, slots=True)
class Index:
    """A global secondary index."""

    partition_key: str
    sort_key: str | None = None
    projection: Literal["ALL", "KEYS_ONLY", "INCLUDE"] = "ALL"
    included: tuple[str, ...] = ()


@_strict
@dataclass(frozen=True, slots=True)
class Kind:
    """What an item is whose `kind` attribute has one value, where a table holds several kinds.

    `topic` says what a record is about, where usage counts it. `list` is the path of a record's list, such as its reminders,
    and `done` the attribute of an entry that says that it is done: for counting open and done ones.
    """

    holds: Holds
    attributes: Mapping[str, Attribute] = field(default_factory=dict[str, Attribute])
    topic: Literal["preferences", "reminders", "todos"] | None = None
    list: str | None = None
    done: str | None = None


@_strict
@dataclass(frozen=True, slots=True)
class Table:
    """One table of a system. `typical_bytes` is the size of an item where nothing better is known."""

    name: str
    partition_key: str
    attributes: Mapping[str, Attribute]
    sort_key: str | None = None
    holds: Holds | None = None
    kinds: Mapping[str, Kind] = field(default_factory=dict[str, Kind])
    indexes: Mapping[str, Index] = field(default_factory=dict[str, Index])
    environment: str | None = None
    typical_bytes: int = 1_000
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def keys(self) -> tuple[str, ...]:
        """The key attributes of the table itself, partition key first."""
        return (self.partition_key,) if self.sort_key is None else (self.partition_key, self.sort_key)

    def parts(self, kind: str | None = None) -> dict[str, str]:
        """Part to attribute name (dotted where nested), for items of one kind."""
        own = {a.part: name for name, a in self.attributes.items() if a.part}
        if kind is not None and kind in self.kinds:
            own |= {a.part: name for name, a in self.kinds[kind].attributes.items() if a.part}
        return own

    def part_of(self, attribute: str) -> str | None:
        known = self.attributes.get(attribute)
        return known.part if known else None

    def kinds_holding(self, holds: Holds) -> tuple[str | None, ...]:
        """The kinds of item that hold this; (None,) where all the table's items do."""
        if self.holds == holds:
            return (None,)
        return tuple(name for name, kind in self.kinds.items() if kind.holds == holds)


@_strict
@dataclass(frozen=True, slots=True)
class System:
    """One chatbot's layout. `tables` maps a name of ours (`sessions`) to the table."""

    id: str
    title: str
    tables: Mapping[str, Table]
    message: Mapping[str, Attribute] = field(default_factory=dict[str, Attribute])
    tool_call: Mapping[str, Attribute] = field(default_factory=dict[str, Attribute])
    region: str | None = None
    region_environment: str | None = None

    def table_holding(self, holds: Holds) -> Table | None:
        return next((t for t in self.tables.values() if t.kinds_holding(holds)), None)

    def has_part(self, part: str) -> bool:
        """Whether any item of the system names this part: a system without it has no tenants, say."""
        return any(part in table.parts(kind) for table in self.tables.values() for kind in (None, *table.kinds))

    @property
    def conversations(self) -> Table:
        table = self.table_holding("conversation")
        assert table is not None, "checked when the file was loaded"
        return table

    @property
    def messages(self) -> Table | None:
        """The table of messages; None where a conversation's item carries them."""
        return self.table_holding("message")


@_strict
@dataclass(frozen=True, slots=True)
class Drift:
    """Names and words that live tables use where the guides use others (drift.toml)."""

    roles: Mapping[str, tuple[str, ...]]
    message: Mapping[str, tuple[str, ...]]
    tool_call: Mapping[str, tuple[str, ...]]
    statuses: Mapping[str, tuple[str, ...]]
    tokens: Mapping[str, tuple[str, ...]]
    seconds: Mapping[str, tuple[str, ...]]


def load(path: Path) -> System:
    """Read one system's file. Raises SpecError with file, line or key, and reason."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SpecError(f"{path.name}: this is not UTF-8: {error}.") from None
    except OSError as error:
        raise SpecError(f"{path.name} cannot be read: {error.strerror}.") from None
    return parse(text, path.name)


def parse(text: str, file: str) -> System:
    system = _read(text, file, TypeAdapter(System))
    for name, table in system.tables.items():
        _check_table(f"{file}: tables.{name}", table)
    _check_parts(f"{file}: message", system.message, "embedded message")
    _check_parts(f"{file}: tool_call", system.tool_call, "tool call")
    _check_system(file, system)
    return system


@cache
def drift() -> Drift:
    path = Path(__file__).with_name("drift.toml")
    return _read(path.read_text(encoding="utf-8"), path.name, TypeAdapter(Drift))


@cache
def load_folder(folder: Path) -> Mapping[str, System]:
    """Every system of a folder by its id. Two files with one id are refused."""
    found: dict[str, System] = {}
    for path in sorted(folder.glob("*.toml")):
        if path.name == "drift.toml":
            continue
        system = load(path)
        if system.id in found:
            raise SpecError(f"{path.name}: id: another file has the id {system.id} already.")
        found[system.id] = system
    return found


def built_in() -> Mapping[str, System]:
    return load_folder(Path(__file__).parent)


def _read(text: str, file: str, shape: TypeAdapter[_Shape]) -> _Shape:
    try:
        return shape.validate_python(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{file}: this is not valid TOML: {error}.") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        key = ".".join(str(step) for step in first["loc"])
        raise SpecError(f"{file}: {key}: {_reason(first['type'], first['msg'])}.") from None


def _reason(kind: str, text: str) -> str:
    return {"unexpected_keyword_argument": "there is no such key", "missing": "this key is missing"}.get(kind, text)


def _check_table(place: str, table: Table) -> None:
    if not _NAME.fullmatch(table.name):
        raise SpecError(f"{place}.name: {table.name!r} is not a valid table name.")
    if (table.holds is None) == (not table.kinds):
        raise SpecError(f"{place}: give either holds or kinds.")
    _check_key(f"{place}.partition_key", table, table.partition_key)
    if table.sort_key is not None:
        _check_key(f"{place}.sort_key", table, table.sort_key)
    for name, index in table.indexes.items():
        _check_key(f"{place}.indexes.{name}.partition_key", table, index.partition_key)
        if index.sort_key is not None:
            _check_key(f"{place}.indexes.{name}.sort_key", table, index.sort_key)
    if table.holds is not None:
        _check_parts(f"{place}.attributes", table.attributes, table.holds)
        _check_needed(place, table, None, table.holds)
        return
    if "kind" not in table.parts():
        raise SpecError(f"{place}: kinds needs an attribute with the part kind.")
    allowed = frozenset[str]().union(*(PARTS[kind.holds] for kind in table.kinds.values()))
    _check_parts(f"{place}.attributes", table.attributes, "item of these kinds", allowed)
    for name, kind in table.kinds.items():
        _check_parts(f"{place}.kinds.{name}.attributes", kind.attributes, kind.holds)
        _check_needed(f"{place}.kinds.{name}", table, name, kind.holds)
        if kind.topic is not None and kind.holds != "record":
            raise SpecError(f"{place}.kinds.{name}.topic: only a record has a topic.")
        if kind.list is not None and kind.holds != "record":
            raise SpecError(f"{place}.kinds.{name}.list: only a record has a list that is counted.")
        if kind.done is not None and kind.list is None:
            raise SpecError(f"{place}.kinds.{name}.done: there is no list whose entries could be done.")
        if kind.list is not None and kind.list.partition(".")[0] not in table.attributes:
            raise SpecError(f"{place}.kinds.{name}.list: the attribute {kind.list.partition('.')[0]} is not among the table's attributes.")


def _check_key(place: str, table: Table, attribute: str) -> None:
    known = table.attributes.get(attribute)
    if known is None:
        raise SpecError(f"{place}: the attribute {attribute} is not among the table's attributes.")
    if known.type not in ("S", "N", "B"):
        raise SpecError(f"{place}: {attribute} has the type {known.type}; a key is S, N or B.")


def _check_parts(place: str, attributes: Mapping[str, Attribute], holds: str, allowed: frozenset[str] | None = None) -> None:
    allowed = PARTS[holds] if allowed is None else allowed
    seen: dict[str, str] = {}
    for name, attribute in attributes.items():
        if attribute.part is None:
            continue
        if attribute.part not in allowed:
            one = f"an {holds}" if holds[0] in "aeiou" else f"a {holds}"
            raise SpecError(f"{place}.{name}: {attribute.part} is not a part of {one}; the parts are {', '.join(sorted(allowed))}.")
        if attribute.part in seen:
            raise SpecError(f"{place}.{name}: the part {attribute.part} is played by {seen[attribute.part]} already.")
        seen[attribute.part] = name


def _check_needed(place: str, table: Table, kind: str | None, holds: Holds) -> None:
    for part in _NEEDED[holds]:
        if part not in table.parts(kind):
            raise SpecError(f"{place}: no attribute has the part {part}, which a {holds} needs.")


def _check_system(file: str, system: System) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,31}", system.id):
        raise SpecError(f"{file}: id: {system.id!r} is not made of small letters, digits and underscores.")
    table = system.table_holding("conversation")
    if table is None:
        raise SpecError(f"{file}: tables: none of them holds conversations.")
    for holds in ("conversation", "message"):
        both = [name for name, one in system.tables.items() if one.kinds_holding(holds)]
        if len(both) > 1:
            raise SpecError(f"{file}: tables: {' and '.join(both)} both hold {holds}s; only one of them would be read.")
    embedded = any("messages" in table.parts(kind) for kind in table.kinds_holding("conversation"))
    if embedded == (system.messages is not None):
        raise SpecError(f"{file}: messages are either in a table of their own or in a conversation's attribute with the part messages.")
    if embedded:
        missing = {"role", "content"} - {a.part for a in system.message.values()}
        if missing:
            raise SpecError(f"{file}: message: no attribute has the part {min(missing)}.")
