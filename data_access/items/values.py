"""One stored value to one of the model: times, text, flags. Each says what was odd, in words."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeGuard

import simplejson

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Above this a number is milliseconds, below it seconds: as seconds it is the year 5138, as milliseconds 1973.
_MILLISECONDS_FROM = 100_000_000_000
_DIGITS = re.compile(r"-?\d{9,16}(\.\d+)?")
_LONG_FRACTION = re.compile(r"(\.\d{6})\d+")
# An escape in JSON that may be half of a surrogate pair, which no output can encode.
_HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")
_LEVELS = 100


def is_map(value: Any) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def time(value: Any) -> datetime | None:
    """ISO 8601 with or without zone (without: UTC), or seconds or milliseconds since 1970, as text or number.

    None where it is none of these, or outside the years that a datetime can hold.
    """
    if isinstance(value, str):
        try:
            parsed = datetime.fromisoformat(value)
        except ValueError:
            return _odd_text_time(value.strip())
        zone = parsed.tzinfo
        if zone is UTC:
            return parsed
        # "1712123100123" is milliseconds, and would pass for 01:23 on the last day of 1712.
        return _in_utc(parsed) if zone is not None or value[4:5] == "-" else _odd_text_time(value.strip())
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return _epoch(value)
    return None


def _odd_text_time(text: str) -> datetime | None:
    if _DIGITS.fullmatch(text):
        try:
            return _epoch(Decimal(text))
        except InvalidOperation:
            return None
    try:
        return _in_utc(datetime.fromisoformat(_LONG_FRACTION.sub(r"\1", text)))
    except ValueError:
        return None


def _in_utc(when: datetime) -> datetime | None:
    try:
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except OverflowError:
        return None


def _epoch(value: int | Decimal) -> datetime | None:
    try:
        if abs(value) >= _MILLISECONDS_FROM:
            return EPOCH + timedelta(milliseconds=float(value)) if isinstance(value, Decimal) else EPOCH + timedelta(milliseconds=value)
        return EPOCH + timedelta(seconds=float(value))
    except (OverflowError, ValueError):
        return None


def text(value: Any) -> tuple[str, str | None]:
    """Text of a message and what was odd about it.

    A list is joined from its text parts, as the chat APIs of several vendors store it; everything else becomes JSON.
    """
    if isinstance(value, str):
        return value, None
    if value is None:
        return "", "there is no content"
    if is_list(value):
        return "\n\n".join(_part(part) for part in value), "the content is a list"
    if is_map(value) and isinstance(value.get("text"), str):
        return str(value["text"]), "the content is a map"
    kind = "a number" if isinstance(value, int | Decimal) and not isinstance(value, bool) else f"of the type {type(value).__name__}"
    return to_json(value), f"the content is {kind}"


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if is_map(part) and isinstance(part.get("text"), str):
        return str(part["text"])
    return to_json(part)


def flag(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return bool(value) if isinstance(value, int | Decimal) and value in (0, 1) else None


def identifier(value: Any) -> str | None:
    """An id as text; a number is its digits. None where there is none."""
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


def opened(value: Any) -> tuple[Any, str | None]:
    """A Map as it is; JSON text as what it says; broken JSON as the text itself, with a problem."""
    if not isinstance(value, str):
        return value, None
    try:
        said: Any = simplejson.loads(value, use_decimal=True)
        if _HALF_PAIR.search(value):
            whole = to_json(said).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            said = simplejson.loads(whole, use_decimal=True)
    except ValueError:
        return value, "it is broken JSON"
    except RecursionError:
        return value, "it is nested too deeply"
    return (value, "it is nested too deeply") if _is_deep(value, said) else (said, None)


def _is_deep(text: str, said: Any) -> bool:
    """Deeper than what is done with it, level by level, can follow. DynamoDB itself allows 32 levels."""
    if text.count("[") + text.count("{") <= _LEVELS:
        return False
    level: list[Any] = [said]
    for _ in range(_LEVELS):
        level = [inner for value in level for inner in (value.values() if is_map(value) else value if is_list(value) else ())]
        if not level:
            return False
    return True


def dig(item: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """What lies at a path of an item, through Maps and through Maps kept as JSON text. None where nothing does."""
    value: Any = item
    for depth, step in enumerate(path):
        if depth and isinstance(value, str):
            value = opened(value)[0]
        if not is_map(value):
            return None
        value = value.get(step)
    return value


def to_json(value: Any, *, indent: int | None = None) -> str:
    """JSON with every digit of a Decimal, and bytes as base64."""
    return simplejson.dumps(value, use_decimal=True, ensure_ascii=False, indent=indent, default=_plain, encoding=None)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return iso(value)
    if is_map(value):
        return dict(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def iso(when: datetime) -> str:
    """ISO 8601 in UTC with Z; milliseconds only where there are any, microseconds likewise."""
    when = when.astimezone(UTC)
    fine = "seconds" if when.microsecond == 0 else "milliseconds" if when.microsecond % 1000 == 0 else "microseconds"
    return when.isoformat(timespec=fine).replace("+00:00", "Z")
