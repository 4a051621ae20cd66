"""What the independent reader found left, as frozen keys again: each item is read once more, and gets a guard of its own.

An item that an update made again after its delete names nobody. It is in one of the user's own conversations or under a planned key,
says the reader; its guard is that it still names nobody, and still is as it was seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from data_access.costs.size import item_bytes
from data_access.dynamo.aws import Source
from data_access.dynamo.codec import Item, encode
from data_access.erasure.model import FrozenKey, Guard, Scope
from data_access.erasure.reading import Reading
from data_access.erasure.statements import NOBODY
from data_access.erasure.targets import FIRST, LAST, Layout, Talk, Target, guard, layout, typed, value_at
from data_access.erasure.verification import Leftover

_MOST_SEEN = 8  # attributes of an item that names nobody, by which it is told to be the one that was seen
_LONGEST_SEEN = 1_000
_PAGE = 100


def refreeze(sources: Mapping[str, Source], scope: Scope, leftovers: Iterable[Leftover]) -> tuple[list[FrozenKey], int]:
    """A key for each leftover that is still there and not another's by now, and how many were gone. Raises AwsError."""
    found: list[FrozenKey] = []
    gone = 0
    apart: dict[tuple[str, str], list[Leftover]] = {}
    for one in leftovers:
        apart.setdefault((one.system, one.table), []).append(one)
    for (system, table), some in apart.items():
        source = sources[system]
        whole, reading = layout(source.place, scope), Reading(source)
        target = next((target for target in whole.targets if target.name == table), None)
        if target is None:
            continue
        talks = {tuple(_plain(one.key)): one.conversation for one in some}
        keys = [one.key for one in some]
        for start in range(0, len(keys), _PAGE):
            page = keys[start : start + _PAGE]
            items = reading.get(table, page)
            gone += len(page) - len(items)
            for item in items:
                frozen = _freeze(whole, target, item, scope, talks.get(tuple(_plain(target.own_key(item)))))
                if frozen is not None:
                    found.append(frozen)
    return found, gone


def _freeze(whole: Layout, target: Target, item: Item, scope: Scope, conversation: str | None) -> FrozenKey | None:
    kind = target.kind(item)
    names, holds = target.parts(kind), target.holds(kind)
    owners = [value for name in target.owners if (value := value_at(item, name)) not in (None, "")]
    if any(str(owner) != scope.user_id for owner in owners):
        return None
    talk = _talk(whole, names, item, scope, conversation) if holds == "message" else None
    found = guard(target, item, kind, scope.user_id, talk, whole, owned=bool(owners))
    own = found[0] if found is not None else _as_seen(target, item)
    if own is None:
        return None
    rank = LAST if holds == "conversation" else FIRST
    return FrozenKey(whole.place.system.id, target.name, target.own_key(item), own, rank, item_bytes(item), conversation)


def _talk(whole: Layout, names: Mapping[str, str], item: Item, scope: Scope, conversation: str | None) -> Talk | None:
    """The user's conversation that a message belongs to, by the key that it has or had: it may be gone."""
    if whole.talks is None or conversation is None:
        return None
    tenant = value_at(item, names["tenant_id"]) if "tenant_id" in names else None
    texts = {"user_id": scope.user_id, "conversation_id": conversation, "tenant_id": tenant}
    table, key = whole.talks.table, dict[str, Any]()
    for name in table.keys:
        text = texts.get(table.part_of(name) or "")
        wire = typed(table, name, text) if isinstance(text, str) else None if text is None else encode(text)
        if wire is None:
            return None
        key[name] = wire
    return Talk(conversation, tenant, key, 0)


def _as_seen(target: Target, item: Item) -> Guard | None:
    """That it names nobody, and what else it says: somebody who takes the key over meanwhile writes something else."""
    if not target.owners or any(owner in target.table.keys for owner in target.owners):
        return None
    seen = [
        (name, dict(wire))
        for name, wire in sorted(item.items())
        if name not in target.table.keys and "." not in name and name not in target.owners and _is_short(wire)
    ]
    return Guard("owner_attribute", (*((owner, NOBODY) for owner in target.owners), *seen[:_MOST_SEEN]))


def _is_short(wire: Mapping[str, Any]) -> bool:
    ((tag, content),) = wire.items()
    return tag in ("S", "N") and len(content) <= _LONGEST_SEEN


def _plain(key: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    return ((name, *next(iter(key[name].items()))) for name in sorted(key))
