"""Which part of the snapshot a question is about, for who may not see all of it: whole systems, and of others some tenants.

It is part of the filters of usage and search, so that whatever is remembered by a filter is remembered for this part alone.
"""

# ruff: noqa: S608 - what goes into statements is written here or is a whole number

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from data_access.snapshot.hot import ConversationKey, Hot, rows, utc


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
        return "(list_contains(?::VARCHAR[], system) OR (list_contains(?::VARCHAR[], system) AND coalesce(list_contains(?::VARCHAR[], tenant_id), false)))", values

    def numbered(self, cursor: duckdb.DuckDBPyConnection) -> str:
        """SQL for tables of Hot, with the numbers `system_id` and `tenant`: a number of a tenant is of one system."""
        whole = rows(cursor, "SELECT system_id FROM systems WHERE list_contains(?::VARCHAR[], system)", [sorted(self.whole)])
        tenants = rows(
            cursor,
            "SELECT tenant FROM tenants JOIN systems USING (system_id) WHERE list_contains(?::VARCHAR[], system) AND list_contains(?::VARCHAR[], tenant_id)",
            [sorted(self.shared), sorted(self.tenants)],
        )
        return f"({_one_of('system_id', whole)} OR coalesce({_one_of('tenant', tenants)}, false))"


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


def _one_of(column: str, numbers: Sequence[tuple[int, ...]]) -> str:
    return f"{column} IN ({', '.join(str(int(number)) for (number,) in numbers)})" if numbers else "false"
