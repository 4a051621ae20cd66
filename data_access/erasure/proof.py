"""Proof that a conversation id is one user's alone, where a message tells of nothing but that id.

Two users can each have a conversation with the same id where the key of a conversation is the user and the id. Their messages then
lie in one partition, and nothing tells whose they are. Only a look at every conversation's key shows that it is not so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from data_access.dynamo.codec import Item, encode
from data_access.erasure.model import Scope
from data_access.erasure.reading import MOST_LISTED, Reading, Where
from data_access.erasure.targets import Target, value_at


@dataclass(frozen=True, slots=True)
class Proof:
    """`shared` are ids of the user that somebody else's conversation has too; `orphans` those that no conversation has any more."""

    shared: frozenset[Any] = frozenset()
    orphans: frozenset[str] = frozenset()


def prove(
    reading: Reading,
    target: Target,
    scope: Scope,
    mine: Collection[Any],
    orphans: frozenset[str],
    items: int | None,
    met: Callable[[str], None] | None,
    beat: Callable[[], object],
) -> Proof:
    """A consistent Scan of the conversations, keys and owners only. Raises AwsError."""
    shared: set[Any] = set()
    there: set[Any] = set()
    where = Where()
    attributes = {names[part] for names in target.names.values() for part in ("conversation_id", "user_id", "tenant_id") if part in names}
    wanted = {*mine, *orphans}
    ids = {names["conversation_id"] for names in target.names.values() if "conversation_id" in names}
    listed = met is None and len(wanted) <= MOST_LISTED and len(ids) == 1
    filters = where.among(next(iter(ids)), [encode(one) for one in wanted]) if listed else []
    kinds = [target.names[None]["kind"]] if "kind" in target.names[None] else []

    def rows(page: Sequence[Item]) -> list[tuple[Any, Any, Any]]:
        return list(_rows(target, page))

    for page in reading.scan(target.name, filters, where, items, rows, only=sorted({*attributes, *kinds})):
        beat()
        for conversation, owner, tenant in page:
            own = str(owner) == scope.user_id and (scope.tenants is None or tenant in scope.tenants)
            if conversation in wanted:
                there.add(conversation)
                if not own:
                    shared.add(conversation)
            if met is not None and not own and isinstance(owner, str):
                met(owner)
    return Proof(frozenset(shared & set(mine)), orphans - there)


def _rows(target: Target, page: Sequence[Item]) -> Iterator[tuple[Any, Any, Any]]:
    for item in page:
        names = target.parts(target.kind(item))
        if "conversation_id" in names:
            conversation = value_at(item, names["conversation_id"])
            owner, tenant = (value_at(item, names[part]) if part in names else None for part in ("user_id", "tenant_id"))
            yield conversation, owner, tenant
