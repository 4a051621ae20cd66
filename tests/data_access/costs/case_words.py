"""The words that cases of several kinds share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Input = Mapping[str, Any]
Answer = Any  # a number, or every figure that is known of the case by name, the one that a plain number means first
_MISSING = object()


def pick(given: Input, *names: str, default: Any = _MISSING) -> Any:
    """The first of these that the case gives."""
    for name in names:
        if given.get(name) is not None:
            return given[name]
    if default is _MISSING:
        raise KeyError(f"none of {', '.join(names)}")
    return default


def unfold(value: Any) -> Any:
    """{"$repeat": ["x", 3]} is "xxx", and {"B_utf8": "x"} the raw bytes of a text."""
    if isinstance(value, Mapping):
        if "$repeat" in value:
            text, times = value["$repeat"]
            return text * times
        if "B_utf8" in value:
            return {"B": unfold(value["B_utf8"]).encode()}
        return {name: unfold(inner) for name, inner in value.items()}
    return [unfold(inner) for inner in value] if isinstance(value, list) else value


def read_how(given: Input) -> dict[str, bool]:
    """Consistency as the rules take it."""
    said = str(given.get("consistency", "")).lower()
    transactional = said.startswith("trans") or bool(given.get("transactional")) or "transact" in str(given.get("op", "")).lower()
    strong = said.startswith("strong") or said == "consistent" or bool(pick(given, "consistent", "consistent_read", default=False))
    return {"consistent": strong, "transactional": transactional}


def read_share(given: Input, *names: str, default: float = 1.0) -> float:
    """A share of 1, which a case may give in percent."""
    value = float(pick(given, *names, default=default))
    return value / 100 if value > 1 or any("percent" in name and given.get(name) is not None for name in names) else value
