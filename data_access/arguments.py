"""How the command line is read: its parser, and the kinds of values that have one form."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Any, NoReturn

from data_access.errors import UsageError


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are ours: one JSON object, exit 2."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[0].upper()}{message[1:]}.".replace("..", "."), f"{self.prog} --help shows what there is.")

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        """`--user=--` is about the user "--": argparse of Python 3.11 makes it an empty list."""
        if action.option_strings and action.nargs is None and arg_strings == ["--"]:
            value = self._get_value(action, "--")
            self._check_value(action, value)
            return value
        return super()._get_values(action, arg_strings)


def time(text: str) -> datetime:
    try:
        if text.isdigit() and len(text) != len("20261120"):
            raise ValueError  # Seconds or milliseconds, which Python may take for a day of the year 1712.
        parsed = datetime.fromisoformat(text)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text!r} is not a time in ISO 8601, such as 2026-11-20T08:00:00Z") from None


def positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above zero")
    return int(text)
