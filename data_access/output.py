"""What the command line prints: JSON on stdout, words for people on stderr."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any, cast

from data_access.items.values import is_list, is_map, iso, to_json


def say(text: str) -> None:
    print(text, file=sys.stderr)


def show(value: Any) -> None:
    print(to_json(plain(value)))


def plain(value: Any) -> Any:
    """A dataclass as a dict, times as ISO 8601 in UTC; what JSON knows stays as it is."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if is_map(value):
        return {str(key): plain(item) for key, item in value.items()}
    if is_list(value) or isinstance(value, tuple):
        return [plain(item) for item in cast("Sequence[Any]", value)]
    return value
