"""Everything about one person, system by system, several at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

from data_access.dynamo.aws import Source
from data_access.dynamo.collector import rare_collections
from data_access.dynamo.paths import known_parts
from data_access.errors import UsageError
from data_access.models import Filter
from data_access.people.counting import Counter
from data_access.people.finding import Finder, Wanted
from data_access.people.model import Person, SystemData
from data_access.snapshot.store import Store

_AT_ONCE = 4


def everything(
    sources: Mapping[str, Source],
    user_id: str,
    systems: Sequence[str] | None = None,
    *,
    store: Store | None = None,
    allow_scan: bool = False,
    tenants: Sequence[str] | None = None,
) -> Person:
    """What these systems (all of them if not given) keep of the person with exactly this id; nothing at all is an answer too.

    `store` is the snapshot, for what no key leads to and a Scan is too dear for. `tenants` narrows it to some tenants. What cannot
    be read is in `Person.unread`, a Scan above the budget too; the rest is there. Raises UsageError.
    """
    wanted = checked(user_id, allow_scan=allow_scan, tenants=tenants)
    asked = chosen(sources, systems)
    began = datetime.now(UTC)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="person") as pool, rare_collections():
        found = list(pool.map(partial(_count, wanted, store), asked))
    return Person(user_id, began, tuple(found), wanted.tenants)


def chosen(sources: Mapping[str, Source], systems: Sequence[str] | None) -> tuple[Source, ...]:
    """The systems that are asked, each once. Raises UsageError for one that is not here."""
    for name in systems or ():
        if name not in sources:
            raise UsageError("There is no such system here.", f"The systems are: {', '.join(sources) or 'none'}.")
    return tuple(sources[name] for name in dict.fromkeys(systems or sources))


def checked(user_id: str, *, allow_scan: bool = False, tenants: Sequence[str] | None = None) -> Wanted:
    """Raises UsageError for an id that no key can hold."""
    known_parts(Filter("", user_id=user_id))
    for tenant in tenants or ():
        known_parts(Filter("", tenant_id=tenant))
    return Wanted(user_id, None if tenants is None else tuple(dict.fromkeys(tenants)), allow_scan)


def _count(wanted: Wanted, store: Store | None, source: Source) -> SystemData:
    finder = Finder(source, wanted, store)
    counter = Counter(finder, source.place.tables)
    for found in finder.items():
        counter.add(found)
    return counter.data(source.title)
