"""Which part of the snapshot a question is about, for who may not see all of it: whole systems, and of others some tenants.

It is part of the filters of usage and search, so that whatever is remembered by a filter is remembered for this part alone.
"""

# ruff: noqa: S608 - what goes into statements is written here or is a whole number

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import duckdb

from data_access.snapshot.hot import ConversationKey, Hot, rows, utc
from data_access.snapshot.state import Coverage
from data_access.snapshot.store import Store
from data_access.snapshot.trouble import trouble


@dataclass(frozen=True, slots=True)
class Within:
    """All rows of the systems in `whole`, and of those in `shared` the rows of these tenants. All other rows are as if they were not there.

    A row without a tenant is nobody's: of a system in `shared` it is not seen.
    """

    whole: frozenset[str]
    shared: frozenset[str] = frozenset()
    tenants: frozenset[str] = frozenset()

    @property
    def systems(self) -> frozenset[str]:
        return self.whole | self.shared

    def holds(self, key: ConversationKey) -> bool:
        return key.system in self.whole or (key.system in self.shared and key.tenant_id in self.tenants)

    def condition(self) -> tuple[str, list[list[str]]]:
        """SQL for tables with the columns `system` and `tenant_id`, and its three values in their order."""
        values = [sorted(self.whole), sorted(self.shared), sorted(self.tenants)]
        return f"({_in('system')} OR ({_in('system')} AND {_in('tenant_id')}))", values

    def numbered(self, cursor: duckdb.DuckDBPyConnection) -> str:
        """SQL for tables of Hot, with the numbers `system_id` and `tenant`: a number of a tenant is of one system."""
        whole = rows(cursor, f"SELECT system_id FROM systems WHERE {_in('system')}", [sorted(self.whole)])
        tenants = rows(
            cursor,
            f"SELECT tenant FROM tenants JOIN systems USING (system_id) WHERE {_in('system')} AND {_in('tenant_id')}",
            [sorted(self.shared), sorted(self.tenants)],
        )
        return f"({_one_of('system_id', whole)} OR coalesce({_one_of('tenant', tenants)}, false))"


def covered(store: Store, within: Within) -> Mapping[str, Coverage]:
    """What the snapshot holds of this part, as if there were no other rows. Raises SnapshotError.

    Of a system of which some tenants are seen nothing is said of how it was read: that tells of all of its tables.
    """
    known = {name: one for name, one in store.coverage().items() if name in within.systems}
    if not known.keys() & within.shared:
        return known
    connection = store.connection(expired=True)
    try:
        with trouble("The snapshot cannot be read", store.place):
            return {name: _counted(connection, one, within.tenants) if name in within.shared else one for name, one in known.items()}
    finally:
        connection.close()


def _counted(connection: duckdb.DuckDBPyConnection, whole: Coverage, tenants: frozenset[str]) -> Coverage:
    own = f"system = ? AND {_in('tenant_id')}"
    given: list[Any] = [whole.system, sorted(tenants)]
    questions = (
        f"SELECT count(*), count(*) FILTER (problems > 0) FROM conversations WHERE {own}",
        f"SELECT count(*), count(*) FILTER (problems > 0), min(sent_at), max(sent_at) FROM messages WHERE {own}",
        f"SELECT count(*) FROM tool_calls WHERE {own}",
        f"SELECT count(*) FROM user_records WHERE {own}",
    )
    (conversations, odd), (messages, odd_messages, first, last), (calls,), (records,) = (
        rows(connection, question, given)[0] for question in questions
    )
    return replace(
        whole,
        conversations=conversations,
        messages=messages,
        tool_calls=calls,
        user_records=records,
        first_at=utc(first),
        last_at=utc(last),
        bad_items=odd + odd_messages,
        unplaced=0,
        method="",
        blind_spots=(),
        items=0,
        units=0.0,
        usd=None,
        seconds=0.0,
    )


def read_at(hot: Hot, system: str | None, within: Within | None) -> datetime | None:
    """When the snapshot was read: of one system, or of the one of this part that was read longest ago."""
    if within is None:
        return hot.as_of(system)
    wanted = within.systems if system is None else within.systems & {system}
    return min((at for name, at in hot.synced.items() if name in wanted), default=None)


def first_message_at(hot: Hot, cursor: duckdb.DuckDBPyConnection, there: str) -> datetime | None:
    """The time of the first message; `there` is what `numbered` made, "true" for all of the snapshot."""
    if there == "true":
        return hot.coverage.since
    return utc(rows(cursor, f"SELECT min(sent_at) FROM messages WHERE {there}")[0][0])


def _in(column: str) -> str:
    """Whether it is in a list that is bound. Nothing is in no list."""
    return f"coalesce(list_contains(?::VARCHAR[], {column}), false)"


def _one_of(column: str, numbers: Sequence[tuple[int, ...]]) -> str:
    return f"{column} IN ({', '.join(str(int(number)) for (number,) in numbers)})" if numbers else "false"
