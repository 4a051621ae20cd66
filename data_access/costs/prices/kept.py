"""Documents of the price list, kept in a folder: a file for each Region, for its owner alone, replaced in one step."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import orjson

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """What AWS answered for a Region, as it came, and when."""

    asked_at: datetime
    documents: tuple[str, ...]


class Broken(Exception):
    """There is a file, but it is not what was written there."""


def load(folder: Path, region: str) -> Kept | None:
    """What was kept of a Region; None where nothing was. Raises Broken."""
    try:
        data = _file(folder, region).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Broken from error
    try:
        found: Any = orjson.loads(data)
        if not isinstance(found, dict):
            raise Broken
        fields = cast("dict[str, Any]", found)
        if fields["format"] != _FORMAT or fields["region"] != region:
            raise Broken
        asked_at = datetime.fromisoformat(fields["asked_at"])
        documents = tuple(fields["documents"])
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise Broken from error
    if asked_at.tzinfo is None or not all(isinstance(document, str) for document in documents):
        raise Broken
    return Kept(asked_at.astimezone(UTC), documents)


def save(folder: Path, region: str, kept: Kept) -> None:
    """Replace what was kept of a Region. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = _file(folder, region)
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    data = orjson.dumps({"format": _FORMAT, "region": region, "asked_at": kept.asked_at.isoformat(), "documents": kept.documents})
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _file(folder: Path, region: str) -> Path:
    return folder / f"{region}.json"
