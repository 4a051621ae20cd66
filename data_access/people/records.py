"""One record, readable: the entries of its list, and everything else field by field. The system's file says which list, and when done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from data_access.items.values import dig, flag, identifier, is_list, is_map, opened, time
from data_access.models import Address, UserRecord
from data_access.people.belonging import Shape
from data_access.people.model import Entry, RecordView
from data_access.systems.spec import Kind, Table, drift

_LEVELS = 4


@dataclass(frozen=True, slots=True)
class Record:
    """A record and what its kind says of it."""

    stored: UserRecord
    topic: str | None
    view: RecordView
    open: int | None
    done: int | None


def read(shape: Shape, table: Table, name: str, item: Mapping[str, Any]) -> Record:
    kind = identifier(shape.part(table, item, "kind"))
    known = table.kinds.get(kind) if kind is not None else None
    address = Address(name, {key: item.get(key) for key in table.keys})
    data, trouble = opened(shape.part(table, item, "data"))
    stored = UserRecord(
        system=shape.system.id,
        kind=kind or table.name,
        updated_at=time(shape.part(table, item, "updated_at")),
        expires_at=expiry(shape.part(table, item, "expires_at")),
        data=data,
        address=address,
    )
    entries, path = _entries(known, item)
    view = RecordView(
        kind=stored.kind,
        topic=known.topic if known else None,
        updated_at=stored.updated_at,
        expires_at=stored.expires_at,
        fields=tuple(_fields(data, path)),
        entries=entries,
        address=address,
        problem=trouble and f"the data cannot be read: {trouble}",
    )
    done = None if entries is None else sum(1 for entry in entries if entry.done)
    return Record(stored, view.topic, view, None if entries is None or done is None else len(entries) - done, done)


def expiry(stored: Any) -> datetime | None:
    """A time to live; one of zero or less is none."""
    found = time(stored)
    return None if found is None or found.timestamp() <= 0 else found


def _entries(known: Kind | None, item: Mapping[str, Any]) -> tuple[tuple[Entry, ...] | None, str | None]:
    """The entries of the list, and the list's path within the data; None where this kind has no list, or the list cannot be read."""
    if known is None or known.list is None:
        return None, None
    stored = opened(dig(item, tuple(known.list.split("."))))[0]
    if not is_list(stored):
        return (), None
    words = frozenset(drift().statuses["ok"])
    found: list[Entry] = []
    for entry in stored:
        values: Mapping[str, Any] = entry if is_map(entry) else {"": entry}
        found.append(Entry(values, None if known.done is None else _is_done(values.get(known.done), words)))
    return tuple(found), known.list.partition(".")[2]


def _is_done(said: Any, words: frozenset[str]) -> bool:
    return flag(said) is True or (isinstance(said, str) and said.lower() in words)


def _fields(data: Any, but: str | None, path: str = "", level: int = 0) -> Iterator[tuple[str, Any]]:
    """Each value by its dotted name, a few levels deep; what lies deeper is one value."""
    if not is_map(data) or (level and not data) or level == _LEVELS:
        if data is not None or path:
            yield path, data
        return
    for name, value in data.items():
        inner = f"{path}.{name}" if path else str(name)
        if inner != but:
            yield from _fields(value, but, inner, level + 1)
