"""What the command line prints: JSON on stdout, words for people on stderr."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from data_access.errors import UsageError
from data_access.export import plain
from data_access.items.values import to_json

__all__ = ["plain", "say", "show", "utf8"]


def say(text: str) -> None:
    print(text, file=sys.stderr)


def show(value: Any) -> None:
    print(to_json(plain(value)))


def utf8(arguments: Sequence[str]) -> Sequence[str]:
    """The arguments. Bytes that are no UTF-8 come as halves of surrogate pairs: nothing that is stored can be equal to them."""
    for place, argument in enumerate(arguments, 1):
        try:
            argument.encode()
        except UnicodeEncodeError:
            raise UsageError(f"Argument {place} is not valid Unicode.", "Set the terminal to UTF-8.") from None
    return arguments
