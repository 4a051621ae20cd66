"""What the command line prints: JSON on stdout, words for people on stderr."""

from __future__ import annotations

import sys
from typing import Any

from data_access.export import plain
from data_access.items.values import to_json

__all__ = ["plain", "say", "show"]


def say(text: str) -> None:
    print(text, file=sys.stderr)


def show(value: Any) -> None:
    print(to_json(plain(value)))
