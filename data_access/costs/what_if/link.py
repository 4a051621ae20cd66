"""A scenario as the parameters of an address and back, and a result as rows for a file.

Only what is not the default is written. What comes from an address is never trusted: a value that is broken, out of bounds or
unknown becomes the default, and is named in a notice by its parameter, never repeated.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, get_args

from data_access.costs.what_if.estimate import Result
from data_access.costs.what_if.model import CHOICES, IndexChoice, Projection, Scenario
from data_access.errors import UsageError
from data_access.systems.spec import System

MOST_CHARACTERS = 2_000  # of one parameter
# Field to parameter, of numbers and of choices; the system and the indexes have words of their own.
NUMBERS: Mapping[str, str] = {
    "conversations": "n",
    "messages": "len",
    "message_bytes": "b",
    "reads": "r",
    "months": "keep",
    "per_user": "pu",
    "target": "util",
    "peak": "peak",
    "replicas": "rep",
}
WORDS: Mapping[str, str] = {
    "layout": "as",
    "read_at": "at",
    "table_class": "class",
    "billing": "pay",
    "reserved_years": "res",
    "prices": "usd",
}
FLAGS: Mapping[str, str] = {"consistent": "strong", "recovery": "pitr"}
SYSTEM, REGION, INDEXES = "sys", "reg", "ix"
PARAMETERS = frozenset({*NUMBERS.values(), *WORDS.values(), *FLAGS.values(), SYSTEM, REGION, INDEXES})
# What a choice is called in an address, where its own name is long.
_SHORT = {"STANDARD_INFREQUENT_ACCESS": "ia", "STANDARD": "std", "on-demand": "od", "provisioned": "prov", "growing": "grow"}
_PROJECTIONS: Mapping[str, Projection | None] = {"off": None, "all": "ALL", "keys": "KEYS_ONLY", "some": "INCLUDE"}
_NUMBER = re.compile(r"\d{1,15}(\.\d{1,6})?")


def to_parameters(scenario: Scenario, prefix: str = "") -> dict[str, str]:
    """What of a scenario is not the default, by short names. The system is always there."""
    usual = Scenario(scenario.system)
    found = {SYSTEM: scenario.system.id}
    for field, name in NUMBERS.items():
        if getattr(scenario, field) != getattr(usual, field):
            found[name] = _digits(getattr(scenario, field))
    for field, name in WORDS.items():
        if getattr(scenario, field) != getattr(usual, field):
            found[name] = _short(getattr(scenario, field))
    for field, name in FLAGS.items():
        if getattr(scenario, field) != getattr(usual, field):
            found[name] = "1"
    if scenario.region != usual.region:
        found[REGION] = scenario.region
    if scenario.indexes:
        found[INDEXES] = ";".join(_written(choice) for choice in scenario.indexes)
    return {prefix + name: value for name, value in found.items()}


@dataclass(frozen=True, slots=True)
class Linked:
    """The scenario of an address; `dropped` are the parameters whose values were not taken."""

    scenario: Scenario
    dropped: tuple[str, ...]

    @property
    def notice(self) -> str | None:
        """A sentence for the page, None where all was taken."""
        if not self.dropped:
            return None
        return f"The link has values that cannot be used ({', '.join(self.dropped)}): the usual ones are taken instead."


def from_parameters(
    given: Mapping[str, str], systems: Mapping[str, System], *, usual: str, regions: Collection[str] = (), prefix: str = ""
) -> Linked:
    """The scenario that an address names; `usual` is the system's id where it names none. Parameters that are not ours are left alone.

    `regions` are those with prices; where none are given, any is taken that is written like one.
    """
    own = {name: given[prefix + name] for name in PARAMETERS if prefix + name in given}
    dropped = [name for name, text in own.items() if len(text) > MOST_CHARACTERS]
    for name in dropped:
        del own[name]
    asked = own.pop(SYSTEM, usual)
    if asked not in systems:
        dropped.append(SYSTEM)
    scenario = Scenario(systems.get(asked, systems[usual]))
    for field, name in NUMBERS.items():
        scenario = _with(scenario, field, name, own, dropped, _number)
    for field, name in WORDS.items():
        scenario = _with(scenario, field, name, own, dropped, partial(_word, field))
    for field, name in FLAGS.items():
        scenario = _with(scenario, field, name, own, dropped, _flag)
    scenario = _with(scenario, "region", REGION, own, dropped, partial(_region, regions))
    scenario = _with(scenario, "indexes", INDEXES, own, dropped, _indexes)
    return Linked(scenario, tuple(prefix + name for name in sorted(dropped)))


def _with(scenario: Scenario, field: str, name: str, own: Mapping[str, str], dropped: list[str], read: Any) -> Scenario:
    """The scenario with one value of the address, where that makes one that can be estimated."""
    if name not in own:
        return scenario
    try:
        value = read(own[name])
        changed = replace(scenario, **{field: value})
        changed.check()
    except (ValueError, UsageError):
        dropped.append(name)
        return scenario
    return changed


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text) or not text.isascii():
        raise ValueError
    value = float(text)
    return int(value) if value.is_integer() else value


def _digits(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _word(field: str, text: str) -> Any:
    for value in get_args(CHOICES[field]):
        if _short(value) == text:
            return value
    raise ValueError


def _short(value: object) -> str:
    return _SHORT.get(str(value), str(value))


def _region(regions: Collection[str], text: str) -> str:
    if regions and text not in regions:
        raise ValueError
    return text


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError
    return text == "1"


def _written(choice: IndexChoice) -> str:
    word = next(word for word, projection in _PROJECTIONS.items() if projection == choice.projection)
    return ":".join((f"{choice.table}/{choice.index}", word, *([",".join(choice.included)] if choice.included else [])))


def _indexes(text: str) -> tuple[IndexChoice, ...]:
    found: list[IndexChoice] = []
    for part in text.split(";"):
        place, _, rest = part.partition(":")
        table, _, index = place.partition("/")
        word, _, included = rest.partition(":")
        if word not in _PROJECTIONS:
            raise ValueError
        found.append(IndexChoice(table, index, _PROJECTIONS[word], tuple(included.split(",")) if included else ()))
    return tuple(found)


# ---- rows for a file


def rows(result: Result, name: str) -> list[dict[str, object]]:
    """The lines of a result, one row each, for CSV: what is not known is None, never 0. `name` tells scenarios apart."""
    scenario = result.scenario
    return [
        {
            "scenario": name,
            "system": scenario.system.id,
            "table": line.table,
            "index": line.index,
            "what": line.what,
            "quantity": line.quantity,
            "unit": line.unit,
            "usd_a_month": None if line.usd is None else round(line.usd, 10),
            "note": line.note,
            "region": scenario.region,
            "prices": f"{result.prices.source}, {result.prices.dated}",
            "parameters": "&".join(f"{key}={value}" for key, value in to_parameters(scenario).items()),
        }
        for line in result.lines
    ]
