"""What the snapshot knows of one person that no key tells: their tenants, and where items lie that no index holds."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import simplejson

from data_access.dynamo.codec import encode
from data_access.dynamo.plan import Operation, Step, Term
from data_access.errors import SnapshotError
from data_access.items.values import is_map
from data_access.people.roads import Place
from data_access.snapshot.store import Store

# More tenants than this are not asked one by one: those of the person are.
_MOST_TENANTS = 200
_PAGE = 500
_KEYS = """
SELECT DISTINCT item_key FROM (
    SELECT system, user_id, item_table, item_key FROM conversations WHERE has_session
    UNION ALL SELECT system, user_id, item_table, item_key FROM messages
    UNION ALL SELECT system, user_id, item_table, item_key FROM user_records
) WHERE system = ? AND user_id = ? AND item_table = ? AND item_key IS NOT NULL
"""
_SHARED = """
SELECT DISTINCT conversation_id, tenant_id FROM conversations
WHERE system = ? AND has_session AND user_id IS DISTINCT FROM ? AND conversation_id IN (
    SELECT conversation_id FROM conversations WHERE system = ? AND user_id = ?)
"""


@dataclass(frozen=True, slots=True)
class Hints:
    """The snapshot, asked about one person in one system. `as_of` is when it was read."""

    store: Store
    system: str
    user_id: str
    as_of: datetime

    def tenants(self) -> tuple[str, ...]:
        """Every tenant of the system where there are not too many, else those of the person. Raises SnapshotError."""
        question = "SELECT DISTINCT tenant_id FROM conversations WHERE system = ? AND tenant_id IS NOT NULL"
        found = self._ask(f"{question} LIMIT {_MOST_TENANTS + 1}", [self.system])
        if len(found) > _MOST_TENANTS:
            found = self._ask(f"{question} AND user_id = ?", [self.system, self.user_id])
        return tuple(sorted(row[0] for row in found))

    def shared(self) -> set[tuple[str, str | None]]:
        """Conversations of others, as id and tenant, whose id one of the person's has too. Raises SnapshotError."""
        found = self._ask(_SHARED, [self.system, self.user_id, self.system, self.user_id])
        return {(row[0], row[1]) for row in found}

    def keys(self, place: Place) -> Iterator[Step]:
        """A GetItem for each item that the snapshot says is the person's. Raises SnapshotError."""
        with self.store.connection(expired=True) as database:
            answer = database.execute(_KEYS, [self.system, self.user_id, place.name])
            while rows := answer.fetchmany(_PAGE):
                for (text,) in rows:
                    if (terms := _terms(place, text)) is not None:
                        yield Step(Operation.GET, "conversations", place.name, None, terms, (), "the snapshot says where it lies", 0.0, 0.0)

    def _ask(self, question: str, values: list[Any]) -> list[tuple[Any, ...]]:
        with self.store.connection(expired=True) as database:
            return database.execute(question, values).fetchall()


def hints(store: Store | None, system: str, user_id: str) -> Hints | None:
    """None where there is no snapshot of this system, or none that can be read."""
    if store is None:
        return None
    try:
        known = store.coverage().get(system)
    except SnapshotError:
        return None
    return None if known is None else Hints(store, system, user_id, known.synced_at)


def _terms(place: Place, text: str) -> tuple[Term, ...] | None:
    """The key as the snapshot wrote it down; None for one that this table cannot have."""
    said: Any = simplejson.loads(text, use_decimal=True)
    if not is_map(said):
        return None
    terms: list[Term] = []
    for name in place.table.keys:
        value = _value(said.get(name), place.table.attributes[name].type)
        if value is None:
            return None
        terms.append(Term(name, "=", (value,), f":{name}"))
    return tuple(terms)


def _value(stored: Any, kind: str) -> str | int | Decimal | bytes | None:
    if kind == "B" and is_map(stored):
        return base64.b64decode(str(stored.get("base64", "")))
    if kind == "N" and isinstance(stored, (int, Decimal)) and not isinstance(stored, bool):
        return stored
    return stored if kind == "S" and isinstance(stored, str) else None


def wire_key(step: Step) -> list[dict[str, Any]]:
    return [encode(term.values[0]) for term in step.keys]
