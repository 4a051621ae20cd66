"""Who has most: tenants, users and systems, by the messages of the active conversations."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import duckdb
import numpy as np

from data_access.snapshot.hot import Hot, rows
from data_access.usage.presence import Ints, Talks
from data_access.windows import EPOCH

Row = dict[str, Any]


class Leaders:
    """Leaderboards over the active conversations."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, hot: Hot, talks: Talks) -> None:
        self._cursor = cursor
        self._talks = talks
        system, tenant, person = hot.owners()
        self._system: Ints = system[talks.conv]
        self._tenant: Ints = tenant[talks.conv]
        self._person: Ints = person[talks.conv]

    def tenants(self, top: int) -> list[Row]:
        names = _names(self._cursor, "SELECT tenant, system, tenant_id FROM tenants JOIN systems USING (system_id)")
        return [
            {"system": names[tenant][0], "tenant_id": names[tenant][1], **counts, "users": self._users(self._tenant == tenant)}
            for tenant, counts in self._most(self._tenant, top)
        ]

    def users(self, top: int) -> list[Row]:
        best = self._most(self._person, top)
        found = rows(
            self._cursor,
            "SELECT person, system, user_id FROM people JOIN systems USING (system_id) WHERE person IN (SELECT unnest(?::INTEGER[]))",
            [[person for person, _ in best]],
        )
        names = {person: (system, user) for person, system, user in found}
        # Only of these the last message is looked up.
        among = np.flatnonzero(np.isin(self._person, [person for person, _ in best]))
        last: dict[int, int] = {}
        for person, at in zip(self._person[among].tolist(), self._talks.last_at[among].tolist(), strict=True):
            last[person] = max(at, last.get(person, at))
        return [
            {
                "system": names[person][0],
                "user_id": names[person][1],
                **counts,
                "last_message_at": EPOCH + timedelta(microseconds=last[person]),
            }
            for person, counts in best
        ]

    def systems(self) -> list[Row]:
        names = _names(self._cursor, "SELECT system_id, system, NULL FROM systems")
        return [
            {"system": names[system][0], **counts, "users": self._users(self._system == system)}
            for system, counts in self._most(self._system, len(names))
        ]

    def _most(self, owner: Ints, top: int) -> list[tuple[int, Row]]:
        named = owner >= 0
        if not named.any():
            return []
        messages = np.bincount(owner[named], self._talks.length[named]).astype(np.int64)
        conversations = np.bincount(owner[named])
        best = np.lexsort((np.arange(len(messages)), -messages))[:top]
        return [
            (int(who), {"messages": int(messages[who]), "conversations": int(conversations[who])}) for who in best if conversations[who]
        ]

    def _users(self, own: np.ndarray[Any, np.dtype[np.bool_]]) -> int:
        people = self._person[own]
        there = np.zeros(int(self._person.max()) + 2, np.bool_)
        there[people] = True
        # The last place is that of -1: nobody.
        return int(np.count_nonzero(there[:-1]))


def _names(cursor: duckdb.DuckDBPyConnection, question: str) -> dict[int, tuple[str, str]]:
    return {number: (first, second) for number, first, second in rows(cursor, question)}
