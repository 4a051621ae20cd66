"""People who ask for something, and an audit that remembers what it was told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from data_access.access.permissions import Role
from data_access.access.viewer import Limits, Viewer
from data_access.actions.asking import Asking
from data_access.audit.events import checked


class Book:
    """`broken` is raised instead of writing."""

    def __init__(self, broken: Exception | None = None) -> None:
        self.events: list[Any] = []
        self.broken = broken

    def write(self, event: Any) -> None:
        if self.broken is not None:
            raise self.broken
        checked(event)
        self.events.append(event)


def viewer(*roles: Role, name: str = "sam", person: str = "a" * 16, minutes: float = 0, limits: Limits | None = None) -> Viewer:
    """Somebody who signed in so many minutes ago."""
    when = datetime.now(UTC) - timedelta(minutes=minutes)
    return Viewer(name, frozenset(roles), limits or Limits(), "signed_in", when, "session", person=person)


def asking(book: Book | Any, *roles: Role, **own: Any) -> Asking:
    return Asking(viewer(*roles, **own), book.write)


def names(*given: str) -> frozenset[str]:
    return frozenset(given)


def kinds(events: Iterable[Any]) -> list[str]:
    return [type(event).__name__ for event in events]
