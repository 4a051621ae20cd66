"""Models and plain data with their texts masked. What holds no find comes back as the very same object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, Protocol, TypeVar, cast

T = TypeVar("T")

# Fields of models that name things: what is looked up with them must be what is stored. Pages show them with `shown`.
# A tool and a kind of record are names that a system gives; a plan and its figures hold no text of anybody.
KEPT = frozenset(
    {
        "system", "conversation_id", "user_id", "tenant_id", "message_id", "key", "address", "table", "index", "kind", "tools",
        "failed_tools", "plan", "measured",
    }
)  # fmt: skip
# Deeper than DynamoDB and than JSON in a text is followed (items/values.py); deeper still, nothing can be said of it.
_LEVELS = 150
_DEEP = "[masked]"
# Shorter numbers are no phone number, and longer ones are nothing that is looked for.
_LONG_NUMBERS = (10**6, 10**40)


class Texts(Protocol):
    """What masks a text, and a marked piece of one: a Masker."""

    def text(self, text: str) -> str: ...

    def marked(self, text: str, marks: Sequence[tuple[int, int]], cut: tuple[bool, bool]) -> tuple[str, tuple[tuple[int, int], ...]]: ...


def masked_value(value: T, texts: Texts) -> T:
    """The value itself where nothing is found in it. A number that is masked is a text then. Never raises."""
    return cast("T", _masked(value, texts, 0))


def _masked(value: Any, texts: Texts, level: int) -> Any:
    if isinstance(value, str):
        return value if isinstance(value, Enum) else texts.text(value)
    if value is None or isinstance(value, bool | float | date | Enum):
        return value
    if isinstance(value, int | Decimal):
        return _number(value, texts)
    if level > _LEVELS:
        return _DEEP
    if isinstance(value, Mapping):
        return _mapping(cast("Mapping[Any, Any]", value), texts, level)
    if isinstance(value, list | tuple | set | frozenset):
        return _several(cast("Sequence[Any]", value), texts, level)
    if isinstance(value, bytes):
        return _bytes(value, texts)
    if is_dataclass(value) and not isinstance(value, type):
        return _model(value, texts, level)
    return value


def _number(value: int | Decimal, texts: Texts) -> Any:
    if isinstance(value, Decimal) and not value.is_finite():
        return value
    if not _LONG_NUMBERS[0] <= abs(value) < _LONG_NUMBERS[1]:
        return value
    said = f"{value:f}"
    found = texts.text(said)
    return value if found == said else found


def _bytes(value: bytes, texts: Texts) -> Any:
    """Binary that is text underneath is masked as text; what is none cannot be read by anybody here either."""
    try:
        said = value.decode()
    except UnicodeDecodeError:
        return value
    found = texts.text(said)
    return value if found == said else found.encode()


def _mapping(value: Mapping[Any, Any], texts: Texts, level: int) -> Any:
    made: dict[Any, Any] = {}
    same = True
    for name, part in value.items():
        shown, found = _masked(name, texts, level + 1) if isinstance(name, str) else name, _masked(part, texts, level + 1)
        same = same and shown is name and found is part
        if shown is not name:
            shown = _free(made, value, str(shown))
        made[shown] = found
    return value if same else made


def _free(made: Mapping[Any, Any], value: Mapping[Any, Any], name: str) -> str:
    """Two names that are masked alike stay two."""
    free, number = name, 1
    while free in made or free in value:
        number += 1
        free = f"{name} ({number})"
    return free


def _several(value: Sequence[Any], texts: Texts, level: int) -> Any:
    made = [_masked(part, texts, level + 1) for part in value]
    if all(new is old for new, old in zip(made, value, strict=True)):
        return value
    kind: Any = type(cast("Any", value))
    return kind._make(made) if hasattr(kind, "_make") else kind(made)


def _model(value: Any, texts: Texts, level: int) -> Any:
    names = _names(type(value))
    changed: dict[str, Any] = {}
    if "snippet" in names and "marks" in names:
        snippet, marks = texts.marked(value.snippet, value.marks, getattr(value, "cut", (False, False)))
        if snippet != value.snippet:
            changed = {"snippet": snippet, "marks": marks}
    for name in names:
        old = getattr(value, name)
        if name not in ("snippet", "marks") and (new := _masked(old, texts, level + 1)) is not old:
            changed[name] = new
    return replace(value, **changed) if changed else value


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    """The fields of a model that may hold texts. Cached by class: no value is in it."""
    return tuple(item.name for item in fields(kind) if item.init and item.name not in KEPT)
