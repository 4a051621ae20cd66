"""Models and plain data with their texts masked. What holds no find comes back as the very same object."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
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
# Deeper than DynamoDB and than JSON in a text is followed (items/values.py); deeper still, nothing is shown.
_LEVELS = 150
_DEEP = "[masked]"
# Shorter numbers are no phone number, and longer ones are nothing that is looked for.
_LONG_NUMBERS = (10**6, 10**40)


class Texts(Protocol):
    """What masks a text: a Masker."""

    def text(self, text: str) -> str: ...


def masked_value(value: T, texts: Texts, kept: frozenset[str] = KEPT) -> T:
    """The value itself where nothing is found in it. A number that is masked is a text then. Never raises.

    `kept` are the fields of models that are left as they are.
    """
    return cast("T", _Walk(texts, kept).masked(value, 0))


@dataclass(frozen=True, slots=True)
class _Walk:
    texts: Texts
    kept: frozenset[str]

    def masked(self, value: Any, level: int) -> Any:
        if isinstance(value, str):
            return value if isinstance(value, Enum) else self.texts.text(value)
        if value is None or isinstance(value, bool | float | date | Enum):
            return value
        if isinstance(value, int | Decimal):
            return self._number(value)
        if level > _LEVELS:
            return _DEEP
        if isinstance(value, Mapping):
            return self._mapping(cast("Mapping[Any, Any]", value), level)
        if isinstance(value, list | tuple | set | frozenset):
            return self._several(cast("Collection[Any]", value), level)
        if isinstance(value, bytes):
            return self._bytes(value)
        return self._model(value, level) if is_dataclass(cast("object", value)) and not isinstance(value, type) else value

    def _number(self, value: int | Decimal) -> Any:
        if isinstance(value, Decimal) and not value.is_finite():
            return value
        if not _LONG_NUMBERS[0] <= abs(value) < _LONG_NUMBERS[1]:
            return value
        said = f"{value:f}" if isinstance(value, Decimal) else str(value)
        found = self.texts.text(said)
        return value if found == said else found

    def _bytes(self, value: bytes) -> bytes:
        """Binary that is text underneath is masked as text."""
        try:
            said = value.decode()
        except UnicodeDecodeError:
            return value
        found = self.texts.text(said)
        return value if found == said else found.encode()

    def _mapping(self, value: Mapping[Any, Any], level: int) -> Any:
        made: dict[Any, Any] = {}
        same = True
        for name, part in value.items():
            shown, found = self.masked(name, level + 1), self.masked(part, level + 1)
            same = same and shown is name and found is part
            made[shown if shown is name else _free(str(shown), made, value)] = found
        return value if same else made

    def _several(self, value: Collection[Any], level: int) -> Any:
        made = [self.masked(part, level + 1) for part in value]
        if all(new is old for new, old in zip(made, value, strict=True)):
            return value
        kind = cast("Callable[[list[Any]], Any]", value.__class__)
        return getattr(kind, "_make", kind)(made)

    def _model(self, value: Any, level: int) -> Any:
        changed: dict[str, Any] = {}
        for name in _names(cast("type[Any]", value.__class__)):
            if name not in self.kept:
                old = getattr(value, name)
                new = self.masked(old, level + 1)
                if new is not old:
                    changed[name] = new
        return replace(value, **changed) if changed else value


def _free(name: str, *taken: Mapping[Any, Any]) -> str:
    """Two names that are masked alike stay two."""
    free, number = name, 1
    while any(free in names for names in taken):
        number += 1
        free = f"{name} ({number})"
    return free


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    """The fields of a model. Cached by class: no value is in it."""
    return tuple(item.name for item in fields(kind) if item.init)
